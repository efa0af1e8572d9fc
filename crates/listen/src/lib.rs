//! Accepts connections and serves HTTP/1.1 on them until told to stop.
//!
//! It knows no request. What it keeps is the bound of everything that connections take: how many there
//! are, how many of one address, how long one may be silent. As soon as another wants a place, a connection
//! that idles loses its own, and where none idles, the one whose other end takes and brings the least; who
//! finds no place is told so with 503, and never left to wait in silence. Requests for which the service keeps places ([`Rules::is_urgent`])
//! are served even while all others are taken. An answer that is given before the body of its request has come is the
//! last of its connection, and says so: whoever keeps connections would else send the next request into one that ends.
//!
//! A port may speak TLS ([`tls`]). Agreeing on that counts as the head of a first request does: it has as long, and a
//! connection that idles in it has no more right to its place than one that sends no head.

mod answer;
mod body;
mod meter;
mod networks;
mod pace;
mod places;
mod stream;
pub mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub use answer::Answer;
pub use body::Body;
pub use networks::{Network, NotANetwork};

use answer::overloaded;
use places::{Places, Seat};
use stream::Metered;
use tls::Tls;

/// How long to wait when no connection can be accepted (out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections that are told that there is no place for them, a line each, while they are let go.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\n";

/// What connections may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are served at a time. As many again may be at the door: their heads are read,
    /// to let in what is urgent, and the others wait for a place.
    pub connections: usize,
    /// Connections of one address (IPv6: of one network of 64 bits) among them.
    pub per_address: usize,
    /// Addresses that may have all of them: proxies, behind which all customers look alike.
    pub exempt: Vec<Network>,
    /// How long the head of a request may take. A connection that idles longer is closed.
    pub head: Duration,
    /// How long a body or an answer may bring nothing, or next to nothing: less than a kilobyte.
    pub stall: Duration,
    /// How long requests under way may go on after the stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            per_address: 256,
            exempt: Vec::new(),
            head: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            grace: Duration::from_secs(30),
        }
    }
}

/// An error of the service, as the connection takes it.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Which requests have places of their own, by their head.
pub type Urgent = fn(&Parts) -> bool;

/// The other end of the connection a request came on, among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How a request came, among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// As it is.
    Plain,
    /// By TLS.
    Tls,
}

/// Where connections come in, and how they are spoken to.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

impl Door {
    /// With TLS if there is a certificate to show, else without.
    #[must_use]
    pub fn new(listener: TcpListener, tls: Option<Tls>) -> Self {
        Self { listener, tls }
    }
}

/// Without TLS.
impl From<TcpListener> for Door {
    fn from(listener: TcpListener) -> Self {
        Self::new(listener, None)
    }
}

/// Serves until `stop` resolves, then lets requests under way finish.
///
/// An error of the service closes the connection.
pub async fn serve<S, B>(
    door: impl Into<Door>,
    service: S,
    is_urgent: Urgent,
    limits: Limits,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let Door { listener, tls } = door.into();
    let connections = GracefulShutdown::new();
    let stopping = CancellationToken::new();
    let grace = limits.grace;
    let places = Arc::new(Places::new(limits));
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            (stream, peer) = accept(&listener, &places) => {
                let Some(seat) = places.admit(peer.ip()) else {
                    refuse(&stream, tls.is_some());
                    continue;
                };
                let attended = Attended { service: service.clone(), is_urgent, seat, peer };
                let (tls, stopping) = (tls.clone(), stopping.clone());
                tokio::spawn(attended.attend(stream, tls, stopping, connections.watcher()));
            }
        }
    }
    drop(listener);
    stopping.cancel();
    if tokio::time::timeout(grace, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests cut off at shutdown");
    }
}

/// The next connection.
async fn accept(listener: &TcpListener, places: &Places) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Whoever idles gives back what is lacking.
                let freed = places.make_room();
                tracing::warn!(%error, freed, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Tells a connection that there is no place, as far as that goes without waiting for anybody.
fn refuse(stream: &TcpStream, by_tls: bool) {
    let refusal = match by_tls {
        true => tls::REFUSAL,
        false => REFUSAL,
    };
    if let Err(error) = stream.try_write(refusal) {
        tracing::debug!(%error, "refusal not sent");
    }
}

/// A connection, and what answers on it.
struct Attended<S> {
    service: S,
    is_urgent: Urgent,
    seat: Seat,
    peer: SocketAddr,
}

impl<S, B> Attended<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    async fn attend(
        self,
        stream: TcpStream,
        tls: Option<Tls>,
        stopping: CancellationToken,
        watcher: Watcher,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "delay not switched off");
        }
        let stall = self.seat.limits().stall;
        let stream = Metered::new(stream, self.seat.meter(), stall);
        let Some(tls) = tls else {
            return self.answer(stream, Transport::Plain, watcher).await;
        };
        let agreed = tokio::time::timeout(self.seat.limits().head, tls.shake_hands(stream));
        let agreed = tokio::select! {
            agreed = agreed => agreed,
            () = self.seat.lost() => return tracing::debug!("connection let go for another"),
            () = stopping.cancelled() => return,
        };
        match agreed {
            Ok(Ok(Some(stream))) => self.answer(stream, Transport::Tls, watcher).await,
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "no agreement on TLS"),
            Err(_) => tracing::debug!("no agreement on TLS in time"),
        }
    }

    /// Answers what is asked on a connection.
    async fn answer<T>(self, stream: T, transport: Transport, watcher: Watcher)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let limits = self.seat.limits();
        let (head, stall) = (limits.head, limits.stall);
        let seat = self.seat.clone();
        let answer = hyper::service::service_fn(move |request| {
            let (service, seat) = (self.service.clone(), self.seat.clone());
            let (is_urgent, peer) = (self.is_urgent, self.peer);
            async move {
                let (head, body) = request.into_parts();
                if !seat.begin(is_urgent(&head)).await {
                    return Ok(overloaded());
                }
                let body = Body::of_connection(body, seat.meter(), stall);
                let rest = body.rest();
                let mut request = Request::from_parts(head, body);
                request.extensions_mut().insert(Peer(peer));
                request.extensions_mut().insert(transport);
                let answer = service.call(request).await?;
                let mut answer = answer.map(|body| Answer::new(body, seat));
                if rest.is_to_come() {
                    answer::say_last(&mut answer);
                }
                Ok::<_, S::Error>(answer)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .serve_connection(TokioIo::new(stream), answer);
        let connection = watcher.watch(connection);
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%error, "connection ended");
            },
            () = seat.lost() => tracing::debug!("connection let go for another"),
        }
    }
}
