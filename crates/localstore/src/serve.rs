//! Serves a store over HTTP/1.1 until told to stop.

use crate::store::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at a time. Each holds a few buffers and perhaps a file.
const CONNECTIONS: usize = 512;

/// A client that does not finish its request's head in this time is let go; so is one that keeps an
/// idle connection. Longer than our own clients keep one, so that none is cut under their hands.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests under way may go on after the shutdown.
const GRACE: Duration = Duration::from_secs(30);

/// How long to wait when no connection can be accepted (out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `shutdown` resolves, then lets requests under way finish (30 s at most).
///
/// Connections are kept alive and send without delay.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            Some((stream, place)) = accept(&listener, &places) => {
                attend(stream, service.clone(), &connections, place);
            }
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests cut off at shutdown");
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, place)),
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn attend(
    stream: TcpStream,
    service: Service,
    connections: &GracefulShutdown,
    place: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "delay not switched off");
    }
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection ended");
        }
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_head_that_does_not_end_is_not_waited_for() {
        let (_folder, _store, service) = store::tests::service().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        tokio::spawn(serve(listener, service, std::future::pending()));
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT")
            .await
            .unwrap();
        let mut answer = [0; 2048];
        assert!(stream.read(&mut answer).await.unwrap() > 0);
        // From here on time passes as soon as everyone waits.
        tokio::time::pause();
        let end = tokio::time::timeout(
            HEAD_TIMEOUT + Duration::from_secs(2),
            stream.read(&mut answer),
        );
        assert_eq!(end.await.expect("let go").unwrap(), 0);
    }
}
