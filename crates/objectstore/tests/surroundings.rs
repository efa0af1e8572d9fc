//! What stands between this host and a store: proxies, and whom to trust.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::error::Error as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awshttp::{NetworkFailure, TransportError};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::ids::BucketName;
use objectstore::StoreError;
use objectstore::connect::Store;
use objectstore::s3::address::Addressing;

/// Answers one connection with `answer`, and gives the first line it was sent.
fn once(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap_or_default();
        // The rest of the head, so that the client is not cut off while it writes; what is no HTTP has
        // none.
        let mut line = String::new();
        while first.ends_with("\r\n") && line != "\r\n" {
            line.clear();
            if lines.read_line(&mut line).unwrap_or_default() == 0 {
                break;
            }
        }
        let _ = stream.write_all(answer.as_bytes());
        first.trim_end().to_owned()
    });
    (address, server)
}

fn ask(endpoint: &str, surroundings: Surroundings) -> Result<bool, StoreError> {
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse("AKIDEXAMPLE").unwrap(),
        secret: SecretKey::new("secret"),
        session_token: None,
    };
    let mut config = ServiceConfig::new(endpoint, "us-east-1", credentials);
    config.surroundings = surroundings;
    let store = Store::connect(&config, Addressing::Path).unwrap();
    store.bucket_exists(&BucketName::new("dock").unwrap())
}

fn variables(name: &'static str, value: String) -> Surroundings {
    Surroundings::of_variables(&move |asked| (asked == name).then(|| value.clone()))
}

const HERE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NOT_LET: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_store_on_this_host_is_spoken_to_directly() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (address, server) = once(HERE);
        let nobody = "http://127.0.0.1:9".to_owned();
        assert!(ask(&format!("http://{address}"), variables(name, nobody)).unwrap());
        assert!(server.join().unwrap().starts_with("HEAD /dock "));
    }
}

#[test]
fn a_store_elsewhere_is_spoken_to_through_the_proxy_which_is_named_where_it_refuses() {
    let (proxy, server) = once(NOT_LET);
    let address = format!("http://user:word@{proxy}");
    let error = ask("http://store.example:9000", variables("ALL_PROXY", address)).unwrap_err();
    assert_eq!(
        server.join().unwrap(),
        "CONNECT store.example:9000 HTTP/1.1"
    );
    let told = error.source().unwrap().to_string();
    assert!(
        told.contains(&format!("through the proxy `http://{proxy}` (ALL_PROXY)")),
        "{told}"
    );
    assert!(told.contains("407") && !told.contains("word"), "{told}");
}

#[test]
fn a_proxy_of_the_stores_own_leads_also_to_this_host_and_none_leads_nowhere() {
    let (proxy, server) = once(NOT_LET);
    let own = Surroundings::default().of_service(Some(&format!("http://{proxy}")), None);
    ask("http://127.0.0.1:9", own).unwrap_err();
    assert_eq!(server.join().unwrap(), "CONNECT 127.0.0.1:9 HTTP/1.1");

    let all = variables("ALL_PROXY", "http://127.0.0.1:9".to_owned());
    assert!(all.proxies.of("http", "store.example").is_some());
    let none = all.of_service(Some("none"), None);
    assert!(none.proxies.of("http", "store.example").is_none());
}

#[test]
fn https_to_a_port_that_speaks_http_is_told_as_that_and_not_tried_again() {
    let (address, server) = once("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let error = ask(&format!("https://{address}"), Surroundings::default()).unwrap_err();
    server.join().unwrap();
    let is_untrusted = matches!(
        &error,
        StoreError::Transport(TransportError::Network {
            failure: NetworkFailure::Untrusted,
            ..
        })
    );
    assert!(is_untrusted && !error.may_retry(), "{error:?}");
    let told = error.source().unwrap().to_string();
    assert!(told.contains("is it an http:// address?"), "{told}");
}
