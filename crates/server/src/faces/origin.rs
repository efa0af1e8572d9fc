//! Where a request comes from, as the audit tells it and conditions of policies ask for it. What a client says of itself counts only where a proxy
//! that the operator trusts says it.

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use listen::{Network, Peer, Transport};

use crate::access::Origin;

/// What proxies say of the client's address (MDN, *X-Forwarded-For*): the nearest stands last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What proxies say of the way of the client to them.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Where a request comes from, with these proxies trusted.
pub(super) fn of(head: &Parts, trusted: &[Network]) -> Origin {
    let peer = head
        .extensions
        .get()
        .map(|Peer(peer)| peer.ip().to_canonical());
    let is_tls = head.extensions.get() == Some(&Transport::Tls);
    let user_agent = head.headers.get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let (address, is_secure) = match peer {
        Some(peer) if is_trusted(peer) => {
            let is_https = is_https(&head.headers).unwrap_or(is_tls);
            (client(&head.headers, peer, is_trusted), is_https)
        }
        peer => (peer, is_tls),
    };
    Origin {
        address,
        is_secure,
        user_agent: user_agent.map(str::to_owned),
    }
}

/// The last address that is no proxy's. `None` if something else stands there: then nothing is known.
fn client(
    headers: &HeaderMap,
    peer: IpAddr,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut client = peer;
    for text in words(headers, FORWARDED_FOR).into_iter().rev() {
        client = address(text?)?.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    Some(client)
}

/// What the nearest proxy says of the way to it, if it says something.
fn is_https(headers: &HeaderMap) -> Option<bool> {
    let last = words(headers, FORWARDED_PROTO).pop()?;
    Some(last.is_some_and(|word| word.eq_ignore_ascii_case("https")))
}

/// All words of a header that may stand there several times; `None` for one that is no text.
fn words<'a>(headers: &'a HeaderMap, name: &str) -> Vec<Option<&'a str>> {
    let mut words = Vec::new();
    for value in headers.get_all(name) {
        match value.to_str() {
            Ok(text) => words.extend(text.split(',').map(|word| Some(word.trim()))),
            Err(_) => words.push(None),
        }
    }
    words
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    bare.or_else(|| {
        text.parse()
            .ok()
            .map(|with_port: SocketAddr| with_port.ip())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn origin(peer: &str, transport: Transport, headers: &[(&str, &str)]) -> (String, bool) {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        let peer: IpAddr = peer.parse().unwrap();
        head.extensions.insert(Peer(SocketAddr::new(peer, 1)));
        head.extensions.insert(transport);
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let Origin {
            address, is_secure, ..
        } = of(&head, &trusted);
        let address = address.map_or_else(|| "?".to_owned(), |address| address.to_string());
        (address, is_secure)
    }

    #[test]
    fn a_stranger_says_nothing_of_itself() {
        let lies = [
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-Proto", "https"),
        ];
        let told = origin("203.0.113.7", Transport::Plain, &lies);
        assert_eq!(told, ("203.0.113.7".to_owned(), false));
        let told = origin("::ffff:203.0.113.7", Transport::Tls, &lies);
        assert_eq!(told, ("203.0.113.7".to_owned(), true));
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_what_stands_before_it_is_not() {
        for (forwarded, address) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["192.0.2.1, 203.0.113.7"], "203.0.113.7"),
            (&["192.0.2.1", "203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            (&["203.0.113.7:4711"], "203.0.113.7"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            (&["192.0.2.1, unknown"], "?"),
            (&["192.0.2.1,"], "?"),
            (&[], "10.0.0.1"),
        ] {
            let headers: Vec<(&str, &str)> = forwarded
                .iter()
                .map(|text| ("x-forwarded-for", *text))
                .collect();
            let (told, _) = origin("10.0.0.1", Transport::Plain, &headers);
            assert_eq!(told, address, "{forwarded:?}");
        }
    }

    #[test]
    fn the_way_to_a_proxy_is_what_it_says() {
        let secure = |transport, headers: &[(&str, &str)]| origin("::1", transport, headers).1;
        let says = |word| [("x-forwarded-proto", word)];
        assert!(secure(Transport::Plain, &says("https")));
        assert!(secure(Transport::Plain, &says("http, HTTPS")));
        assert!(!secure(Transport::Tls, &says("https, http")));
        assert!(secure(Transport::Tls, &[]) && !secure(Transport::Plain, &[]));
    }
}
