//! TLS on a port: the certificate that is shown, and the way into a connection.
//!
//! HTTP/1.1 is all that is offered, by TLS 1.2 and 1.3. The certificate is read from files, and read again when it was
//! renewed: connections that are there keep what they were begun with, and the next one is shown the new. A renewal that cannot be used
//! changes nothing.

pub mod certificate;
pub mod watch;

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::server::TlsStream;

use crate::stream::Metered;
use certificate::{Certificate, CertificateError, CertificateFiles};

/// What every connection by TLS begins with: a record of the kind *handshake* (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Bytes that lie encrypted and were not taken by the socket: as much again as may lie in the socket itself.
const SEALED_BYTES: usize = 32 << 10;

/// What is left of a request that did not belong here is read for so long, so that its answer is not lost.
const LEAVING: Duration = Duration::from_secs(1);

/// And no more of it than this, in bytes.
const LEFT_BYTES: u64 = 64 << 10;

/// The answer to a request without TLS.
const NO_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 54\r\n\
    connection: close\r\n\r\nThis port speaks HTTPS: the address begins with https\n";

/// A connection that is refused for want of a place, in the words of TLS: the fatal alert *internal_error* (RFC 8446, section 6.2).
pub(crate) const REFUSAL: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// The certificate of a port. Clones show the same one.
#[derive(Clone)]
pub struct Tls {
    files: Arc<CertificateFiles>,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
}

/// What looking at the files again has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// They have what is shown already.
    Same,
    /// They have another certificate, which is shown from now on.
    Renewed,
}

/// The certificate that is shown at the moment.
struct Shown(RwLock<Arc<Certificate>>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish()
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
    }
}

impl Shown {
    fn now(&self) -> Arc<Certificate> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shown)
    }

    fn replace(&self, certificate: Certificate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now().key())
    }
}

impl Tls {
    /// Shows the certificate that the files have.
    ///
    /// # Errors
    /// [`CertificateError`] if they have none that can be used.
    pub fn open(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let certificate = Certificate::read(files)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(certificate))));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files: Arc::new(files.clone()),
            shown,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &CertificateFiles {
        &self.files
    }

    /// The certificate that is shown at the moment.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        self.shown.now()
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// [`CertificateError`] if they have none that can be used; the one that was shown is shown further.
    pub fn renew(&self) -> Result<Renewal, CertificateError> {
        let found = Certificate::read(&self.files)?;
        if found.is_same_as(&self.shown.now()) {
            return Ok(Renewal::Same);
        }
        self.shown.replace(found);
        Ok(Renewal::Renewed)
    }

    /// Agrees with the other end of a connection on how to speak. `None` if it does not speak TLS, which it was told, or
    /// has left.
    pub(crate) async fn shake_hands(
        &self,
        stream: Metered,
    ) -> io::Result<Option<TlsStream<Metered>>> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Ok(None);
        }
        if first[0] != HANDSHAKE {
            turn_away(stream).await?;
            return Ok(None);
        }
        let bounded = |connection: &mut tokio_rustls::rustls::ServerConnection| {
            connection.set_buffer_limit(Some(SEALED_BYTES));
        };
        self.acceptor.accept_with(stream, bounded).await.map(Some)
    }
}

/// Tells somebody who speaks plain HTTP what is spoken here.
async fn turn_away(mut stream: Metered) -> io::Result<()> {
    tracing::debug!("no TLS on a port with TLS");
    stream.write_all(NO_TLS).await?;
    stream.shutdown().await?;
    // A connection that is closed over bytes that nobody read is reset, and the answer with it.
    let mut rest = stream.take(LEFT_BYTES);
    let mut nowhere = tokio::io::sink();
    let read = tokio::io::copy(&mut rest, &mut nowhere);
    match tokio::time::timeout(LEAVING, read).await {
        Ok(read) => read.map(drop),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_TLS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("content-length: {}\r\n", body.len());
        assert!(head.contains(&length), "{length}");
    }
}
