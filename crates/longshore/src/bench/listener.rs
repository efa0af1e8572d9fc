//! Where a station that runs by itself serves its figures: `/metrics`, `/ready` and `/health`, and nothing else.
//!
//! Loading does not hang on it: where the address cannot be had, that is told, and the station works unwatched.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::service::TowerToHyperService;
use listen::tls::Tls;
use listen::tls::certificate::CertificateFiles;
use listen::tls::watch::watch;
use listen::{Door, Limits};
use model::metrics_address::MetricsAddress;
use server::config::StationMetrics;
use station::metrics::Observed;
use tokio::sync::{Notify, oneshot};

use crate::interrupt;

/// Connections at a time: some that collect figures and somebody who looks.
const CONNECTIONS: usize = 16;

/// How long requests under way may go on after the stop: a page is made in a moment.
const GRACE: Duration = Duration::from_secs(1);

/// The form of a page (*Exposition formats*, version 0.0.4).
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An address that is listened on, where nobody answers yet.
pub(super) struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
    told: Option<MetricsAddress>,
}

/// The thread that answers, until this is dropped.
pub(super) struct Serving {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens where the settings say, if anywhere, and shows a certificate if there is one.
    pub(super) fn open(
        settings: &StationMetrics,
        certificate: Option<&CertificateFiles>,
    ) -> Option<Self> {
        let address = settings.listen?;
        let tls = certificate.map(Tls::open).transpose();
        let tls = tls.map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%address, error, "the figures of this station are not served");
        });
        match Self::bind(address, settings, tls.ok()?) {
            Ok(listener) => Some(listener),
            Err(error) => {
                tracing::error!(%address, %error, "the figures of this station are not served");
                None
            }
        }
    }

    fn bind(address: SocketAddr, settings: &StationMetrics, tls: Option<Tls>) -> io::Result<Self> {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let bound = socket.local_addr()?;
        let told = settings.address.clone();
        Ok(Self {
            told: told.or_else(|| as_others_reach(bound)),
            socket,
            tls,
        })
    }

    /// Where others reach it, if they do.
    pub(super) fn told(&self) -> Option<MetricsAddress> {
        self.told.clone()
    }

    /// Begins to answer.
    pub(super) fn serve(self, observed: Observed) -> Option<Serving> {
        match self.begin(observed) {
            Ok(serving) => Some(serving),
            Err(error) => {
                tracing::error!(%error, "the figures of this station are not served");
                None
            }
        }
    }

    fn begin(self, observed: Observed) -> io::Result<Serving> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let socket = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(self.socket)?
        };
        let address = socket.local_addr()?;
        let shown = self.tls.iter().cloned().collect();
        let door = Door::new(socket, self.tls);
        let (stop, stopped) = oneshot::channel::<()>();
        let service = TowerToHyperService::new(router(Arc::new(observed)));
        let limits = Limits {
            connections: CONNECTIONS,
            per_address: CONNECTIONS,
            grace: GRACE,
            ..Limits::default()
        };
        let serve = async move {
            // It is stopped by being dropped.
            let stopped = async { drop(stopped.await) };
            tokio::select! {
                () = listen::serve(door, service, |_| false, limits, stopped) => {}
                never = renewed(shown) => match never {},
            }
        };
        let builder = std::thread::Builder::new().name("metrics".into());
        let thread = builder.spawn(move || runtime.block_on(serve))?;
        tracing::info!(%address, "figures are served");
        Ok(Serving {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// Keeps what is shown as its files have it.
async fn renewed(shown: Vec<Tls>) -> Infallible {
    let asked = Arc::new(Notify::new());
    if let Err(error) = interrupt::renews(Arc::clone(&asked)) {
        tracing::error!(%error, "no signal has certificates read again");
    }
    watch(shown, asked).await
}

/// Where others reach a socket: by its address, or by the name of this host if it listens on all of them.
fn as_others_reach(bound: SocketAddr) -> Option<MetricsAddress> {
    if !bound.ip().is_unspecified() {
        return MetricsAddress::of(bound);
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    format!("{}:{}", name.trim(), bound.port()).parse().ok()
}

/// Requests under way are waited for.
impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // What it panicked with has been printed.
            let _ = thread.join();
        }
    }
}

fn router(observed: Arc<Observed>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/ready", get(ready))
        .route("/health", get(|| async { word(StatusCode::OK, "ok") }))
        .with_state(observed)
}

async fn metrics(State(observed): State<Arc<Observed>>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], observed.page()).into_response()
}

/// 503 unless the server has answered a heartbeat lately.
async fn ready(State(observed): State<Arc<Observed>>) -> Response {
    match observed.is_ready() {
        true => word(StatusCode::OK, "ok"),
        false => word(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    }
}

fn word(status: StatusCode, word: &str) -> Response {
    let body = format!("{{\"status\":\"{word}\"}}");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(listen: &str, address: Option<&str>) -> Option<String> {
        let settings = StationMetrics {
            listen: listen.parse().ok(),
            address: address.map(|text| text.parse().unwrap()),
        };
        let listener = Listener::open(&settings, None).unwrap();
        listener.told().map(|told| told.to_string())
    }

    #[test]
    fn what_others_cannot_reach_is_not_told() {
        assert_eq!(told("127.0.0.1:0", None), None);
        let named = Some("dock-1.example.org:4783");
        assert_eq!(told("127.0.0.1:0", named).as_deref(), named);
        if let Some(told) = told("0.0.0.0:0", None) {
            assert!(!told.starts_with("0.0.0.0"), "{told}");
        }
    }

    #[test]
    fn a_station_works_unwatched_where_its_address_is_taken_or_it_has_none() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = StationMetrics {
            listen: taken.local_addr().ok(),
            address: None,
        };
        assert!(Listener::open(&settings, None).is_none());
        let nowhere = StationMetrics {
            listen: None,
            address: None,
        };
        assert!(Listener::open(&nowhere, None).is_none());
    }

    #[test]
    fn a_certificate_that_cannot_be_shown_is_no_reason_to_serve_without() {
        let settings = StationMetrics {
            listen: "127.0.0.1:0".parse().ok(),
            address: None,
        };
        let files = CertificateFiles {
            certificate: "/none/c.pem".into(),
            key: "/none/c.key".into(),
        };
        assert!(Listener::open(&settings, Some(&files)).is_none());
    }
}
