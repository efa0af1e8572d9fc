//! Where the figures of a station can be fetched, as others reach it.
//!
//! A station says it, and whoever collects figures goes there: so it is a host and a port and nothing else, and no
//! address that means whoever asks, or what stands beside it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest name of a host (RFC 1035, section 2.3.4).
const NAME_CHARS: usize = 253;

/// A host and a port: `dock-1.example.org:4783`, `[2001:db8::7]:4783`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct MetricsAddress(String);

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the host and port of another machine, like `dock-1.example.org:4783`")]
pub struct NotAnAddress(String);

impl MetricsAddress {
    /// The address of a socket that others reach; none if it stands for every address of a host, or for no other host's.
    #[must_use]
    pub fn of(socket: SocketAddr) -> Option<Self> {
        is_elsewhere(socket.ip()).then(|| Self(socket.to_string()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MetricsAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let no = || NotAnAddress(crate::readable::name(text, 80));
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let is_one = socket.port() != 0;
            return Self::of(socket).filter(|_| is_one).ok_or_else(no);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(no)?;
        let has_port = port.parse::<u16>().is_ok_and(|port| port != 0) && !port.starts_with('+');
        match is_name(host) && has_port {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(no()),
        }
    }
}

/// Whether an address is that of one machine, and not of whoever speaks to it or of its own link, where clouds keep what
/// they tell a machine of itself.
fn is_elsewhere(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let is_own_link = match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !is_own_link
}

/// Whether a text is the name of a host: labels of letters, digits and hyphens, and not only digits, which is an address
/// in one of its odder spellings.
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let letters = label.bytes();
        (1..=63).contains(&label.len())
            && letters
                .into_iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= NAME_CHARS
        && host.split('.').all(is_label)
        && last.starts_with(|first: char| first.is_ascii_alphabetic())
        && !last.eq_ignore_ascii_case("localhost")
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MetricsAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_host_and_port_of_another_machine() {
        for good in [
            "dock-1.example.org:4783",
            "dock_1:1",
            "10.0.0.7:65535",
            "[2001:db8::7]:4783",
        ] {
            assert_eq!(good.parse::<MetricsAddress>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "dock-1",
            "dock-1:",
            "dock-1:0",
            "dock-1:65536",
            "dock-1:+5",
            "dock-1:5/metrics",
            "user@dock-1:5",
            "http://dock-1:5",
            "dock 1:5",
            "dock\n1:5",
            "localhost:5",
            "a.localhost:5",
            "127.0.0.1:5",
            "127.1:5",
            "2130706433:5",
            "0x7f000001:5",
            "0.0.0.0:5",
            "169.254.169.254:80",
            "224.0.0.1:5",
            "[::1]:5",
            "[::ffff:127.0.0.1]:5",
            "[fe80::1]:5",
            "10.0.0.7:0",
            &format!("{}:5", "a.".repeat(130)),
        ] {
            assert!(bad.parse::<MetricsAddress>().is_err(), "{bad}");
        }
    }
}
