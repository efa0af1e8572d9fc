//! Real sockets against a listener with few places.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod whole;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body as _;
use hyper::service::service_fn;
use listen::{Body, Limits, Peer, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use whole::Whole;

/// What the service under test waits for before it answers `/held`.
type Gate = Arc<Semaphore>;

/// Answers `/refused` without a look at its body, `/big` with four megabytes, `/some` with half a kilobyte, `/held` when the gate is opened, and the rest with how its body
/// ended and who asked.
async fn answer(gate: Gate, request: Request<Body>) -> Result<Response<Whole>, Infallible> {
    let path = request.uri().path().to_owned();
    let Peer(peer) = request.extensions().get().copied().unwrap();
    if path == "/refused" {
        return Ok(Response::new(Whole(Some(Bytes::from("refused")))));
    }
    let mut body = request.into_body();
    let mut ending = "whole".to_owned();
    while let Some(frame) =
        std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await
    {
        if let Err(error) = frame {
            ending = format!("{:?}", error.kind());
            break;
        }
    }
    let text = match path.as_str() {
        "/big" => Bytes::from(vec![b'x'; 4 << 20]),
        "/some" => Bytes::from(vec![b'x'; 512]),
        "/held" => {
            gate.acquire().await.unwrap().forget();
            Bytes::from("held")
        }
        _ => Bytes::from(format!("{ending} {}", peer.ip())),
    };
    Ok(Response::new(Whole(Some(text))))
}

fn limits() -> Limits {
    Limits {
        connections: 4,
        per_address: 100,
        exempt: Vec::new(),
        head: Duration::from_secs(20),
        stall: Duration::from_secs(20),
        grace: Duration::ZERO,
    }
}

async fn start(limits: Limits) -> (SocketAddr, Gate) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gate = Gate::new(Semaphore::new(0));
    let service = {
        let gate = Arc::clone(&gate);
        service_fn(move |request| answer(Arc::clone(&gate), request))
    };
    let is_urgent = |head: &http::request::Parts| head.uri.path() == "/health";
    tokio::spawn(serve(
        listener,
        service,
        is_urgent,
        limits,
        std::future::pending(),
    ));
    (address, gate)
}

async fn ask(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// What comes first of an answer, within ten seconds; empty if the connection is closed.
async fn reply(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes));
    let read = read.await.expect("an answer in time").unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

async fn reply_after(stream: &mut TcpStream, path: &str) -> String {
    ask(stream, path).await;
    reply(stream).await
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    ask(&mut stream, path).await;
    reply(&mut stream).await
}

#[tokio::test]
async fn who_idles_makes_room_the_longest_idle_first() {
    let (address, _) = start(limits()).await;
    let mut idle = Vec::new();
    for n in 0..4 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // One has never said anything.
        if n > 0 {
            ask(&mut stream, "/").await;
            assert!(reply(&mut stream).await.starts_with("HTTP/1.1 200"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        idle.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let begun = Instant::now();
    assert!(get(address, "/").await.starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(reply(&mut idle[0]).await, "");
    ask(&mut idle[3], "/").await;
    assert!(reply(&mut idle[3]).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn who_takes_nothing_is_let_go_and_what_is_urgent_has_places_of_its_own() {
    let mut limits = limits();
    limits.stall = Duration::from_secs(4);
    let (address, _) = start(limits).await;
    let mut takers = Vec::new();
    for _ in 0..4 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        ask(&mut stream, "/big").await;
        takers.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    assert!(get(address, "/health").await.starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(3));
    // At the door until those who take nothing are let go.
    assert!(get(address, "/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let mut limits = limits();
    limits.stall = Duration::from_secs(1);
    let (address, _) = start(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    // Drops of a body are next to nothing.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        stream.write_all(b"x").await.unwrap();
    }
    assert!(reply(&mut stream).await.contains("TimedOut"));
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn who_finds_no_place_is_told_so() {
    let (address, gate) = start(limits()).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/held").await;
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let refused = get(address, "/").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("connection: close"), "{refused}");
    assert!(get(address, "/health").await.starts_with("HTTP/1.1 200"));
    // Who was at work keeps its place, and who waits gets the first that comes free.
    let waiting = tokio::spawn(get(address, "/"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    gate.add_permits(4);
    for stream in &mut held {
        assert!(reply(stream).await.contains("held"));
    }
    drop(held);
    assert!(waiting.await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_address_has_its_share_and_no_more() {
    let mut limits = limits();
    limits.per_address = 2;
    let (address, _gate) = start(limits.clone()).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/held").await;
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(address).await.unwrap();
    ask(&mut other, "/").await;
    assert!(reply(&mut other).await.contains("127.0.0.2"));
    assert!(get(address, "/").await.starts_with("HTTP/1.1 503"));

    limits.exempt = vec!["127.0.0.0/8".parse().unwrap()];
    let (address, _gate) = start(limits).await;
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/held").await;
        held.push(stream);
    }
    assert!(get(address, "/").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let mut limits = limits();
    limits.head = Duration::from_secs(1);
    let (address, _) = start(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT")
        .await
        .unwrap();
    assert!(reply(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(reply(&mut stream).await, "");
}

#[tokio::test]
async fn many_at_once_are_all_served() {
    let mut limits = limits();
    limits.exempt = vec!["127.0.0.1".parse().unwrap()];
    let (address, _) = start(limits).await;
    // Four have places, and four wait at the door.
    let clients: Vec<_> = (0..8).map(|_| tokio::spawn(get(address, "/"))).collect();
    for client in clients {
        assert!(client.await.unwrap().starts_with("HTTP/1.1 200"));
    }
}

/// Holds a place by requests that are sent ahead of what is taken of their answers: 1,400 bytes every two
/// seconds, until the connection is closed. So many requests are sent at a time, and again after `pause`.
async fn trickle(address: SocketAddr, requests: usize, pause: Duration) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let (mut taking, mut asking) = socket.connect(address).await.unwrap().into_split();
    let ask = tokio::spawn(async move {
        let requests = "GET /some HTTP/1.1\r\nhost: a\r\n\r\n".repeat(requests);
        while asking.write_all(requests.as_bytes()).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    });
    let mut bytes = [0; 1400];
    while taking.read_exact(&mut bytes).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    ask.abort();
}

/// Six of them against four places, and somebody who wants one.
async fn trickles_hold_no_place(requests: usize, pause: Duration) {
    let mut limits = limits();
    // As behind a proxy: no address tells one from another.
    limits.exempt = vec!["127.0.0.1".parse().unwrap()];
    let (address, _) = start(limits).await;
    let tricklers: Vec<_> = (0..6)
        .map(|_| tokio::spawn(trickle(address, requests, pause)))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    while !get(address, "/").await.starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < Duration::from_secs(15));
    }
    for _ in 0..3 {
        assert!(get(address, "/").await.starts_with("HTTP/1.1 200"));
    }
    for trickler in tricklers {
        trickler.abort();
    }
}

#[tokio::test]
async fn requests_sent_ahead_hold_no_place_against_others() {
    trickles_hold_no_place(20, Duration::ZERO).await;
}

#[tokio::test]
async fn requests_that_drip_hold_no_place_against_others() {
    trickles_hold_no_place(2, Duration::from_millis(700)).await;
}

/// Holds a place by a small request in less than a second, until the connection is closed.
async fn chat(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    while !reply_after(&mut stream, "/").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
}

#[tokio::test]
async fn a_small_request_now_and_then_holds_no_place_against_others() {
    let (address, _) = start(limits()).await;
    let chats: Vec<_> = (0..4).map(|_| tokio::spawn(chat(address))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    while !get(address, "/").await.starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < Duration::from_secs(15));
    }
    for chat in chats {
        chat.abort();
    }
}

#[tokio::test]
async fn who_takes_slowly_is_not_cut_off_while_there_are_places() {
    let (address, _) = start(limits()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    ask(&mut stream, "/big").await;
    let mut bytes = [0; 1400];
    for _ in 0..6 {
        stream.read_exact(&mut bytes).await.unwrap();
        assert!(get(address, "/").await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    // More than the sockets held when it began: the rest comes still.
    for _ in 0..100 {
        stream.read_exact(&mut bytes).await.unwrap();
    }
}

#[tokio::test]
async fn a_thin_line_keeps_its_place_against_others() {
    let (address, gate) = start(limits()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut thin = socket.connect(address).await.unwrap();
    ask(&mut thin, "/big").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream, "/held").await;
        held.push(stream);
    }
    let others = tokio::spawn(async move {
        loop {
            get(address, "/").await;
        }
    });
    let mut bytes = [0; 1400];
    // The floor and half of it: six kilobytes of a second.
    for _ in 0..50 {
        thin.read_exact(&mut bytes).await.unwrap();
        tokio::time::sleep(Duration::from_millis(220)).await;
    }
    others.abort();
    gate.add_permits(3);
}

/// Clients keep a connection of which they are not told that it ends, and the next request would be lost in it.
#[tokio::test]
async fn an_answer_before_the_body_has_come_says_that_it_is_the_last() {
    let (address, _) = start(limits()).await;
    for (path, more, body, is_last) in [
        (
            "/refused",
            "expect: 100-continue\r\ncontent-length: 9\r\n",
            "",
            true,
        ),
        ("/refused", "content-length: 9\r\n", "", true),
        (
            "/refused",
            "transfer-encoding: chunked\r\n",
            "3\r\nabc\r\n",
            true,
        ),
        ("/refused", "", "", false),
        ("/refused", "content-length: 0\r\n", "", false),
        ("/", "content-length: 3\r\n", "abc", false),
        (
            "/",
            "transfer-encoding: chunked\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            false,
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("PUT {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let reply = reply(&mut stream).await;
        assert!(reply.starts_with("HTTP/1.1 200"), "{path} {more}: {reply}");
        let says_so = reply.contains("connection: close\r\n");
        assert_eq!(says_so, is_last, "{path} {more}: {reply}");
        if !is_last {
            assert!(
                reply_after(&mut stream, "/").await.contains("whole"),
                "{more}"
            );
        }
    }
}
