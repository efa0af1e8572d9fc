//! Which addresses no request of a webhook may go to: those of the operator's own network, in all their forms.
//!
//! Whoever names a webhook has a request sent from where the service is. What lies behind that, and what nobody else reaches,
//! is not to be had by it. The operator opens what is meant with `[webhooks] allow`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use listen::Network;

/// Why an address is not for webhooks (IANA's registries of special-purpose addresses).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// `0.0.0.0/8`, `::`
    Unspecified,
    /// `127.0.0.0/8`, `::1`
    Loopback,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`, `fec0::/10`
    Private,
    /// `169.254.0.0/16`, where clouds keep secrets; `fe80::/10`
    LinkLocal,
    /// `100.64.0.0/10`
    Shared,
    /// `224.0.0.0/4`, `ff00::/8`
    Multicast,
    /// Documentation, benchmarks, protocols, what is reserved for later.
    Reserved,
}

/// Why an address is forbidden, if it is.
#[must_use]
pub(crate) fn forbidden(address: IpAddr) -> Option<Forbidden> {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

fn of_v4(address: Ipv4Addr) -> Option<Forbidden> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => Forbidden::Unspecified,
        (127, ..) => Forbidden::Loopback,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Forbidden::Private,
        (169, 254, _) => Forbidden::LinkLocal,
        (100, 64..=127, _) => Forbidden::Shared,
        (224..=239, ..) => Forbidden::Multicast,
        // Protocols, 6to4's relays, AS112, documentation, benchmarks, and what is reserved with the broadcast address.
        (192, 0, 0 | 2)
        | (192, 88, 99)
        | (192, 31, 196)
        | (192, 52, 193)
        | (192, 175, 48)
        | (198, 18..=19, _)
        | (198, 51, 100)
        | (203, 0, 113)
        | (240..=255, ..) => Forbidden::Reserved,
        _ => return None,
    })
}

/// Of an address that carries one of IPv4 that is what counts; what carries none that is public is not global at all.
fn of_v6(address: Ipv6Addr) -> Option<Forbidden> {
    if address.is_unspecified() {
        return Some(Forbidden::Unspecified);
    }
    if address.is_loopback() {
        return Some(Forbidden::Loopback);
    }
    let words = address.segments();
    let carried = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        of_v4(Ipv4Addr::from_bits(bits))
    };
    match words {
        // IPv4-mapped, IPv4-compatible, and translated (RFC 2765).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            carried(high, low)
        }
        // NAT64 (RFC 6052); its local prefix (RFC 8215) leads wherever the operator says.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => carried(high, low),
        [0x64, 0xff9b, 1, ..] => Some(Forbidden::Private),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => carried(high, low),
        // Teredo (RFC 4380): the client's address stands inverted at the end, the server's in the middle.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            carried(high, low).or_else(|| carried(!client_high, !client_low))
        }
        // ISATAP (RFC 5214).
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => {
            carried(high, low).or_else(|| of_prefix(words))
        }
        _ => of_prefix(words),
    }
}

fn of_prefix(words: [u16; 8]) -> Option<Forbidden> {
    let first = words[0];
    Some(match first {
        0xfc00..=0xfdff | 0xfec0..=0xfeff => Forbidden::Private,
        0xfe80..=0xfebf => Forbidden::LinkLocal,
        0xff00..=0xffff => Forbidden::Multicast,
        // Protocols with ORCHID and benchmarks; documentation, twice.
        0x2001 if words[1] < 0x200 || words[1] == 0xdb8 => Forbidden::Reserved,
        0x3fff if words[1] < 0x1000 => Forbidden::Reserved,
        // What is given out begins with 001.
        0x2000..=0x3fff => return None,
        _ => Forbidden::Reserved,
    })
}

/// What the operator allows besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Networks that are not forbidden.
    pub(crate) networks: Vec<Network>,
    /// Ports that may be asked.
    pub(crate) ports: Vec<u16>,
}

impl Allowed {
    /// Whether a request may go there.
    #[must_use]
    pub(crate) fn permits(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        let is_open =
            forbidden(ip).is_none() || self.networks.iter().any(|network| network.contains(ip));
        is_open && self.ports.contains(&address.port())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Sixty and more forms in which somebody has tried to reach what is inside.
    pub(crate) const FORBIDDEN: &[(&str, Forbidden)] = &[
        ("0.0.0.0", Forbidden::Unspecified),
        ("0.1.2.3", Forbidden::Unspecified),
        ("127.0.0.1", Forbidden::Loopback),
        ("127.1.2.3", Forbidden::Loopback),
        ("127.255.255.254", Forbidden::Loopback),
        ("10.0.0.1", Forbidden::Private),
        ("10.255.255.255", Forbidden::Private),
        ("172.16.0.1", Forbidden::Private),
        ("172.31.255.255", Forbidden::Private),
        ("192.168.0.1", Forbidden::Private),
        ("192.168.255.1", Forbidden::Private),
        ("169.254.169.254", Forbidden::LinkLocal),
        ("169.254.170.2", Forbidden::LinkLocal),
        ("169.254.0.1", Forbidden::LinkLocal),
        ("100.64.0.1", Forbidden::Shared),
        ("100.100.100.200", Forbidden::Shared),
        ("100.127.255.255", Forbidden::Shared),
        ("224.0.0.1", Forbidden::Multicast),
        ("239.255.255.250", Forbidden::Multicast),
        ("192.0.0.1", Forbidden::Reserved),
        ("192.0.0.192", Forbidden::Reserved),
        ("192.0.2.1", Forbidden::Reserved),
        ("198.51.100.7", Forbidden::Reserved),
        ("203.0.113.9", Forbidden::Reserved),
        ("192.88.99.1", Forbidden::Reserved),
        ("192.31.196.1", Forbidden::Reserved),
        ("192.52.193.1", Forbidden::Reserved),
        ("192.175.48.1", Forbidden::Reserved),
        ("198.18.0.1", Forbidden::Reserved),
        ("198.19.255.255", Forbidden::Reserved),
        ("240.0.0.1", Forbidden::Reserved),
        ("255.255.255.255", Forbidden::Reserved),
        ("::", Forbidden::Unspecified),
        ("::1", Forbidden::Loopback),
        ("0:0:0:0:0:0:0:1", Forbidden::Loopback),
        ("::ffff:127.0.0.1", Forbidden::Loopback),
        ("::ffff:7f00:1", Forbidden::Loopback),
        ("::ffff:10.0.0.1", Forbidden::Private),
        ("::ffff:169.254.169.254", Forbidden::LinkLocal),
        ("::ffff:a9fe:a9fe", Forbidden::LinkLocal),
        ("::ffff:0.0.0.0", Forbidden::Unspecified),
        ("::127.0.0.1", Forbidden::Loopback),
        ("::192.168.1.1", Forbidden::Private),
        ("::ffff:0:127.0.0.1", Forbidden::Loopback),
        ("::ffff:0:10.1.1.1", Forbidden::Private),
        ("64:ff9b::127.0.0.1", Forbidden::Loopback),
        ("64:ff9b::10.0.0.1", Forbidden::Private),
        ("64:ff9b::169.254.169.254", Forbidden::LinkLocal),
        ("64:ff9b:1::1", Forbidden::Private),
        ("64:ff9b:1:a9fe:a9:fe00::", Forbidden::Private),
        ("2002:7f00:1::", Forbidden::Loopback),
        ("2002:a00:1::1", Forbidden::Private),
        ("2002:c0a8:101::", Forbidden::Private),
        ("2002:a9fe:a9fe::1", Forbidden::LinkLocal),
        ("2001:0:7f00:1::", Forbidden::Loopback),
        ("2001:0:808:808::80ff:fffe", Forbidden::Loopback),
        ("2001:0:808:808::5601:5601", Forbidden::LinkLocal),
        ("2001:db8::1", Forbidden::Reserved),
        ("3fff::1", Forbidden::Reserved),
        ("2001:2::1", Forbidden::Reserved),
        ("2001:10::1", Forbidden::Reserved),
        ("2001:20::1", Forbidden::Reserved),
        ("fc00::1", Forbidden::Private),
        ("fd00:ec2::254", Forbidden::Private),
        ("fdff::1", Forbidden::Private),
        ("fec0::1", Forbidden::Private),
        ("fe80::1", Forbidden::LinkLocal),
        ("febf::1", Forbidden::LinkLocal),
        ("ff02::1", Forbidden::Multicast),
        ("ff0e::1", Forbidden::Multicast),
        ("100::1", Forbidden::Reserved),
        ("5f00::1", Forbidden::Reserved),
        ("4000::1", Forbidden::Reserved),
        ("2a00:1450::5efe:10.0.0.1", Forbidden::Private),
    ];

    const OPEN: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.1.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.1.1",
        "192.169.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:1.1.1.1",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2001:0:808:808::f7f7:f7f7",
        "2001:4860:4860::8888",
        "2001:200::1",
        "2606:4700::1111",
        "2a00:1450:4001:82a::200e",
        "3ffe::1",
    ];

    #[test]
    fn no_form_of_an_address_inside_is_let_through() {
        assert!(FORBIDDEN.len() >= 60);
        for (text, expected) in FORBIDDEN {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(forbidden(address), Some(*expected), "{text}");
        }
    }

    #[test]
    fn what_everybody_reaches_is_open() {
        for text in OPEN {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(forbidden(address), None, "{text}");
        }
    }

    #[test]
    fn the_operator_opens_networks_and_ports() {
        let allowed = Allowed {
            networks: vec!["10.1.0.0/16".parse().unwrap()],
            ports: vec![443],
        };
        for (address, expected) in [
            ("10.1.2.3:443", true),
            ("[::ffff:10.1.2.3]:443", true),
            ("10.2.2.3:443", false),
            ("10.1.2.3:22", false),
            ("1.1.1.1:443", true),
            ("1.1.1.1:80", false),
            ("127.0.0.1:443", false),
        ] {
            let parsed: SocketAddr = address.parse().unwrap();
            assert_eq!(allowed.permits(parsed), expected, "{address}");
        }
    }
}
