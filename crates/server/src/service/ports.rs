//! The ports of a service: where each listens, what it shows, and how it is reached.
//!
//! A port that speaks TLS has another beside it, on the loopback address and without: what is on this host (the service
//! itself, its station, commands) comes by that one, so that no certificate stands in its way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use listen::Door;
use listen::tls::Tls;
use listen::tls::certificate::CertificateFiles;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;

/// A port that is listened on, where nobody answers yet.
pub(super) struct Port {
    /// Where it listens; the real port if the system chose it.
    pub(super) address: SocketAddr,
    listener: TcpListener,
    tls: Option<Within>,
}

/// What a port with TLS has.
struct Within {
    tls: Tls,
    beside: TcpListener,
    beside_address: SocketAddr,
}

/// The ways in through a port.
pub(super) struct Doors {
    /// For everybody.
    pub(super) all: Door,
    /// For this host, where there is one of its own.
    pub(super) this_host: Option<Door>,
    /// What is shown.
    pub(super) tls: Option<Tls>,
}

impl Port {
    /// Listens on an address, with the certificate that is named if there is one.
    pub(super) async fn open(
        address: SocketAddr,
        certificate: Option<&CertificateFiles>,
    ) -> Result<Self, StartError> {
        let tls = certificate.map(Tls::open).transpose()?;
        let (listener, address) = bind(address).await?;
        let tls = match tls {
            Some(tls) => {
                let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let (beside, beside_address) = bind(any).await?;
                Some(Within {
                    tls,
                    beside,
                    beside_address,
                })
            }
            None => None,
        };
        Ok(Self {
            address,
            listener,
            tls,
        })
    }

    /// Whether it speaks TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Where it is reached from this host.
    pub(super) fn url_here(&self) -> String {
        let beside = self.tls.as_ref().map(|within| within.beside_address);
        format!("http://{}", reachable(beside.unwrap_or(self.address)))
    }

    /// Where others reach it, as far as can be told: by its address if that is in the certificate, else by the first name there.
    pub(super) fn url(&self) -> String {
        let address = reachable(self.address);
        let Some(within) = &self.tls else {
            return format!("http://{address}");
        };
        let certificate = within.tls.certificate();
        let is_name = |name: &String| !name.contains('*');
        let name = certificate.names().into_iter().find(is_name);
        match name.filter(|_| !certificate.is_for(&address.ip().to_string())) {
            Some(name) => format!("https://{name}:{}", address.port()),
            None => format!("https://{address}"),
        }
    }

    pub(super) fn into_doors(self) -> Doors {
        let Self { listener, tls, .. } = self;
        match tls {
            None => Doors {
                all: listener.into(),
                this_host: None,
                tls: None,
            },
            Some(Within { tls, beside, .. }) => Doors {
                all: Door::new(listener, Some(tls.clone())),
                this_host: Some(beside.into()),
                tls: Some(tls),
            },
        }
    }
}

/// Tasks and how they are told to stop.
#[derive(Default)]
pub(super) struct Serving {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Serving {
    /// Begins another.
    pub(super) fn begin<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        run: impl FnOnce(CancellationToken) -> F,
    ) {
        self.tasks.push(tokio::spawn(run(self.stop.clone())));
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "task failed");
            }
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

/// Where an address that is listened on can be reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(host, address.port())
}
