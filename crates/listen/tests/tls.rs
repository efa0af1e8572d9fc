//! Real handshakes with a listener that shows a certificate.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod whole;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::service_fn;
use listen::tls::certificate::{Certificate, CertificateError, CertificateFiles};
use listen::tls::{Renewal, Tls};
use listen::{Body, Door, Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use whole::Whole;

const HOST: &str = "import.example.org";

/// Answers `/big` with four megabytes, and the rest with a word.
async fn answer(request: Request<Body>) -> Result<Response<Whole>, Infallible> {
    let body = match request.uri().path() {
        "/big" => Bytes::from(vec![b'x'; 4 << 20]),
        _ => Bytes::from("hello"),
    };
    Ok(Response::new(Whole(Some(body))))
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certificates")
        .join(name)
}

fn files(name: &str) -> CertificateFiles {
    CertificateFiles {
        certificate: file(&format!("{name}.pem")),
        key: file(&format!("{name}.key")),
    }
}

/// A pair in a folder, as a renewal leaves it there.
fn lay_down(folder: &Path, name: &str) -> CertificateFiles {
    let there = CertificateFiles {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    };
    let from = files(name);
    std::fs::copy(from.certificate, &there.certificate).unwrap();
    std::fs::copy(from.key, &there.key).unwrap();
    there
}

fn limits() -> Limits {
    Limits {
        connections: 4,
        per_address: 100,
        grace: Duration::ZERO,
        ..Limits::default()
    }
}

/// A listener that serves until the sender is gone.
async fn start(tls: Tls, limits: Limits) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let door = Door::new(listener, Some(tls));
    let stopped = async { drop(stopped.await) };
    tokio::spawn(serve(door, service_fn(answer), |_| false, limits, stopped));
    (address, stop)
}

/// What a client trusts and asks for.
fn client(authority: &str, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(file(authority)).unwrap();
    roots
        .add(CertificateDer::from_pem_slice(&pem).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
    config.alpn_protocols = protocols.collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    connect_by(&client("ca.pem", &["h2", "http/1.1"]), address).await
}

async fn connect_by(
    client: &TlsConnector,
    address: SocketAddr,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    client
        .connect(ServerName::try_from(HOST).unwrap(), stream)
        .await
}

async fn ask(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = [0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes));
    let read = read.await.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    shown[0].to_vec()
}

fn der(name: &str) -> Vec<u8> {
    let pem = std::fs::read(file(name)).unwrap();
    CertificateDer::from_pem_slice(&pem).unwrap().to_vec()
}

#[tokio::test]
async fn requests_are_answered_by_http_1_1_alone() {
    let (address, _stop) = start(Tls::open(&files("first")).unwrap(), limits()).await;
    let mut stream = connect(address).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    for _ in 0..2 {
        assert!(ask(&mut stream, "/").await.ends_with("hello"));
    }
    let only_h2 = connect_by(&client("ca.pem", &["h2"]), address).await;
    assert!(only_h2.is_err());
    let by_none = connect_by(&client("ca.pem", &[]), address).await;
    assert!(ask(&mut by_none.unwrap(), "/").await.ends_with("hello"));
    // What is large comes whole.
    let mut big = connect(address).await.unwrap();
    let request = "GET /big HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    big.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    big.read_to_end(&mut all).await.unwrap();
    assert!(all.len() > 4 << 20 && all.ends_with(b"xxx"));
}

#[tokio::test]
async fn plain_http_is_told_what_is_spoken_here_and_a_hello_of_tls_is_no_request() {
    let (address, _stop) = start(Tls::open(&files("first")).unwrap(), limits()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = "x".repeat(20_000);
    let request = format!("PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 20000\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    assert!(told.contains("HTTPS"), "{told}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap();
    let never = std::future::pending();
    tokio::spawn(serve(
        listener,
        service_fn(answer),
        |_| false,
        limits(),
        never,
    ));
    let refused = tokio::time::timeout(Duration::from_secs(5), connect(plain));
    assert!(refused.await.expect("an end at once").is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_not_waited_for() {
    let mut limits = limits();
    limits.head = Duration::from_secs(1);
    let (address, _stop) = start(Tls::open(&files("first")).unwrap(), limits).await;
    // One says nothing, and one begins: the head of a record that does not come.
    for begun in [&b""[..], &[22, 3, 1, 2, 0, 1]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest));
        // Closed or reset, and without an answer.
        drop(closed.await.expect("an end in time"));
        assert!(rest.len() < 20, "{rest:?}");
    }
}

#[tokio::test]
async fn handshakes_that_hang_hold_no_place_against_others() {
    let mut limits = limits();
    limits.exempt = vec!["127.0.0.1".parse().unwrap()];
    let (address, _stop) = start(Tls::open(&files("first")).unwrap(), limits).await;
    let mut hung = Vec::new();
    for n in 0..8 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
        }
        hung.push(stream);
    }
    let begun = Instant::now();
    loop {
        // With every place taken, a connection is refused in the words of TLS until one is free.
        if let Ok(mut stream) = connect(address).await {
            assert!(ask(&mut stream, "/").await.ends_with("hello"));
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(15));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes() {
    let mut limits = limits();
    limits.grace = Duration::from_secs(60);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let door = Door::new(listener, Some(Tls::open(&files("first")).unwrap()));
    let stopped = async { drop(stopped.await) };
    let serving = tokio::spawn(serve(door, service_fn(answer), |_| false, limits, stopped));
    let mut hung = TcpStream::connect(address).await.unwrap();
    hung.write_all(&[22, 3, 1]).await.unwrap();
    assert!(
        ask(&mut connect(address).await.unwrap(), "/")
            .await
            .ends_with("hello")
    );
    drop(stop);
    let ended = tokio::time::timeout(Duration::from_secs(10), serving);
    ended.await.expect("an end at once").unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::open(&lay_down(folder.path(), "first")).unwrap();
    let (address, _stop) = start(tls.clone(), limits()).await;
    let mut before = connect(address).await.unwrap();
    assert_eq!(shown(&before), der("first.pem"));
    assert_eq!(tls.renew().unwrap(), Renewal::Same);

    // Half of a renewal: the key is still the old one's.
    std::fs::copy(file("second.pem"), folder.path().join("cert.pem")).unwrap();
    let error = tls.renew().unwrap_err();
    assert!(
        matches!(error, CertificateError::Mismatch { .. }),
        "{error}"
    );
    assert_eq!(shown(&connect(address).await.unwrap()), der("first.pem"));

    lay_down(folder.path(), "second");
    assert_eq!(tls.renew().unwrap(), Renewal::Renewed);
    assert_eq!(shown(&connect(address).await.unwrap()), der("second.pem"));
    // Who was there before goes on.
    assert!(ask(&mut before, "/").await.ends_with("hello"));

    std::fs::remove_file(folder.path().join("cert.pem")).unwrap();
    assert!(tls.renew().is_err());
    assert_eq!(shown(&connect(address).await.unwrap()), der("second.pem"));
}

#[test]
fn what_is_wrong_with_files_is_told_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let torn = "-----BEGIN CERTIFICATE-----\nA*\n-----END CERTIFICATE-----\n";
    let sealed =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let (good, key) = (file("first.pem"), file("first.key"));
    let cases = [
        (
            folder.path().join("none.pem"),
            key.clone(),
            "could not read `",
        ),
        (
            write("hello.pem", "hello"),
            key.clone(),
            "there is no certificate in `",
        ),
        (key.clone(), key.clone(), "there is no certificate in `"),
        (write("garbage.pem", garbage), key.clone(), "cannot be read"),
        (
            write("torn.pem", torn),
            key.clone(),
            "is not PEM as it should be",
        ),
        (good.clone(), good.clone(), "there is no private key in `"),
        (
            good.clone(),
            write("sealed.key", sealed),
            "there is no private key in `",
        ),
        (good.clone(), write("bad.key", bad_key), "cannot be used"),
        (
            good.clone(),
            file("second.key"),
            "does not belong to the first certificate",
        ),
    ];
    for (certificate, key, words) in cases {
        let error = Certificate::read(&CertificateFiles { certificate, key }).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_certificate_says_for_whom_and_until_when_it_is() {
    let first = Certificate::read(&files("first")).unwrap();
    assert_eq!(first.names(), ["import.example.org", "*.s3.example.org"]);
    for host in ["import.example.org", "a.s3.example.org", "127.0.0.1"] {
        assert!(first.is_for(host), "{host}");
    }
    for host in ["example.org", "s3.example.org", "127.0.0.2", "[::1]", "a b"] {
        assert!(!first.is_for(host), "{host}");
    }
    assert!(!first.is_of_authority());
    let past = Certificate::read(&files("past")).unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(past.from(), UNIX_EPOCH + 18_262 * day);
    assert_eq!(past.until(), UNIX_EPOCH + 18_628 * day);
    assert!(Certificate::read(&files("self")).unwrap().is_of_authority());
}
