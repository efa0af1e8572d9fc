//! The whole service: opens what it keeps, serves, and stops in order.
//!
//! Nothing here reads the environment or waits for signals: the caller owns the runtime, starts a
//! service and stops it. Several may run in one process on different data folders.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use durable::reserve::is_for_want_of_room;
use hyper_util::service::TowerToHyperService;
use listen::Limits;
use localstore::{LocalStore, OpenError};
use model::time::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access::BearerToken;
use crate::app::{Admin, Context};
use crate::background::Background;
use crate::certain::CertainTime;
use crate::config::{Config, ConnectionsConfig};
use crate::data_dir::credentials::write_credentials;
use crate::data_dir::{DataDir, DataDirError, Endpoints, room, service_key_path};
use crate::database::Database;
use crate::faces::http::{self, App};
use crate::jobstore::{JobStore, JobStoreError};
use crate::keyring::{JobStoreKeyring, ServiceKey};
use crate::metrics::Metrics;
use crate::ops::first_start::{FirstKey, first_start};
use crate::ops::{Refused, stations};
use crate::sealing::{MasterKey, MasterKeyError};
use crate::stores::{EmbeddedAccess, Stores, StoresError};
use crate::work::Work;

/// How long the head of a request to the API may take, and an idle connection is kept. Longer than our own
/// clients keep one, so that they close it first.
const API_HEAD: Duration = Duration::from_secs(20);

/// How long an answer of the API may be taken in next to no steps.
const API_STALL: Duration = Duration::from_secs(20);

/// As [`API_HEAD`], for the embedded store.
const STORE_HEAD: Duration = Duration::from_secs(30);

/// How long a body or an answer of the embedded store may make next to no progress.
const STORE_STALL: Duration = Duration::from_secs(30);

/// How long requests to the embedded store may go on after the stop.
const STORE_GRACE: Duration = Duration::from_secs(30);

/// A service that did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The secret key cannot be had.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The job store cannot be opened.
    #[error("could not open the job store")]
    JobStore(#[from] JobStoreError),
    /// The first account cannot be made.
    #[error("could not make the first account")]
    FirstAccount(#[source] Refused),
    /// The embedded store cannot be opened.
    #[error("could not open the embedded store")]
    EmbeddedStore(#[from] localstore::OpenError),
    /// A configured store cannot be used.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// An address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// Address and port of the setting `listen`.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file of the data folder cannot be read or written.
    #[error("could not use `{}`", path.display())]
    File {
        /// The file that failed.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something cannot be read or written, because the disk is full.
    #[error("the disk of the data folder `{}` is full", data.display())]
    DiskFull {
        /// The data folder.
        data: PathBuf,
        /// What could not be done.
        source: Box<StartError>,
    },
    /// The counters cannot be set up.
    #[error("could not set up the metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

impl StartError {
    /// The same failure by its cause: on a full disk a database fails in several ways.
    fn named(self, data: &Path) -> Self {
        let may_be = match &self {
            Self::DataDir(DataDirError::Io { .. })
            | Self::MasterKey(MasterKeyError::Io { .. })
            | Self::JobStore(JobStoreError::Unavailable(_) | JobStoreError::Migration(_))
            | Self::FirstAccount(Refused::Store(JobStoreError::Unavailable(_)))
            | Self::EmbeddedStore(OpenError::Root { .. } | OpenError::Index { .. })
            | Self::File { .. } => true,
            Self::DataDir(_)
            | Self::MasterKey(_)
            | Self::JobStore(_)
            | Self::FirstAccount(_)
            | Self::EmbeddedStore(_)
            | Self::Stores(_)
            | Self::Listen { .. }
            | Self::DiskFull { .. }
            | Self::Metrics(_) => false,
        };
        if may_be && (room::is_full(data) || is_for_want_of_room(&self)) {
            return Self::DiskFull {
                data: data.to_owned(),
                source: Box::new(self),
            };
        }
        self
    }
}

/// The way to a running service: [`Service::start`].
#[derive(Debug)]
pub struct Service;

/// A service that runs, until it is stopped. One that is dropped goes on until the runtime ends.
pub struct RunningService {
    /// Where the API listens; the real port if the system chose it.
    pub api_addr: SocketAddr,
    /// Where the embedded store listens, if there is one.
    pub s3_addr: Option<SocketAddr>,
    /// Where both can be reached, as `endpoints.json` says.
    pub endpoints: Endpoints,
    /// The first account's key; `None` if every key of it was revoked.
    pub first_key: Option<FirstKey>,
    /// The file with the token of the station that goes with this service.
    pub station_token: PathBuf,
    context: Context,
    data: DataDir,
    embedded: Option<LocalStore>,
    api: Serving,
    s3: Option<Serving>,
    background: Background,
    database: Database,
}

/// A task and how it is told to stop.
struct Serving {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Service {
    /// Starts everything the configuration asks for, and gives it back once it can be reached.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<RunningService, StartError> {
        let started = Self::start_all(config, clock).await;
        started.map_err(|error| error.named(&config.server.data))
    }

    async fn start_all(
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<RunningService, StartError> {
        let kept = Kept::open(config, Arc::clone(&clock)).await?;
        let (listener, api_addr) = bind(config.server.listen).await?;
        let embedded = Embedded::open(config, &kept, &clock).await?;
        let (embedded, access) = embedded.unzip();
        let stores = Stores::new(&config.stores, access, &config.network)?;
        let context = kept.context(config, clock, stores, api_addr)?;
        let s3_addr = embedded.as_ref().map(|embedded| embedded.address);
        let endpoints = endpoints(config, api_addr, s3_addr);
        // Both addresses are taken: who comes from now on waits until the tasks below attend.
        kept.data.write_endpoints(&endpoints)?;
        kept.data.room().settle();

        let grace = Duration::from_secs(config.server.shutdown_seconds.into());
        let router = http::router(App::new(context.clone(), &config.server));
        let limits = limits_of(&config.connections, API_HEAD, API_STALL, grace);
        let service = TowerToHyperService::new(router);
        let api = Serving::start(|stop| {
            listen::serve(
                listener,
                service,
                http::is_urgent,
                limits,
                stop.cancelled_owned(),
            )
        });
        let store = embedded.as_ref().map(|embedded| &embedded.store);
        let background = Background::start(&context, kept.data.room().reserve(), store);
        let of_store = limits_of(&config.connections, STORE_HEAD, STORE_STALL, STORE_GRACE);
        let serve = |embedded: Embedded| embedded.serve(of_store);
        let (embedded, s3) = embedded.map(serve).unzip();
        tracing::info!(api = endpoints.api, s3 = endpoints.s3, "service started");
        let Kept {
            data,
            database,
            first_key,
            station_token,
            ..
        } = kept;
        Ok(RunningService {
            api_addr,
            s3_addr,
            endpoints,
            first_key,
            station_token,
            context,
            data,
            embedded,
            api,
            s3,
            background,
            database,
        })
    }
}

/// What outlives the service: folder, key, job store, and what the first start puts into it.
struct Kept {
    data: DataDir,
    master: MasterKey,
    database: Database,
    jobs: Arc<dyn JobStore>,
    first_key: Option<FirstKey>,
    station_token: PathBuf,
    certain: Arc<CertainTime>,
}

impl Kept {
    async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let data = DataDir::open(&config.server.data)?;
        let master = master_key(config, &data)?;
        let path = data.database();
        let database = Database::open(&config.database, &path, master.sealer()).await?;
        let jobs = database.jobs();
        let admin = Admin {
            jobs: Arc::clone(&jobs),
            clock: Arc::clone(&clock),
        };
        let region = &config.embedded_store.region;
        let first_key = first_key(&admin, &data, region).await?;
        let station_token = register_station(&admin, config, &data).await?;
        // Stations that were at work when the service went down get a whole term to come back.
        let term = i64::from(config.jobs.lease_seconds);
        jobs.extend_leases(clock.now().plus_seconds(term)).await?;
        let certain = CertainTime::from(jobs.latest_time().await?, &*clock);
        Ok(Self {
            data,
            master,
            database,
            jobs,
            first_key,
            station_token,
            certain: Arc::new(certain),
        })
    }

    fn context(
        &self,
        config: &Config,
        clock: Arc<dyn Clock>,
        stores: Stores,
        api: SocketAddr,
    ) -> Result<Context, StartError> {
        let public_url = config.server.public_url.clone();
        let metrics = Metrics::new()?;
        metrics.hold_days(config.jobs.hold_days);
        Ok(Context {
            jobs: Arc::clone(&self.jobs),
            stores: Arc::new(stores),
            signing_key: self.master.signing_key(),
            certain: Arc::clone(&self.certain),
            clock,
            rules: config.jobs.clone(),
            ebs: config.ebs.clone(),
            glacier: config.glacier.clone(),
            work: Work::new(),
            sealer: self.master.sealer(),
            public_url: public_url.unwrap_or_else(|| url(api)),
            metrics: Arc::new(metrics),
        })
    }
}

impl RunningService {
    /// The job store, for commands in the same process.
    #[must_use]
    pub fn jobs(&self) -> Arc<dyn JobStore> {
        Arc::clone(&self.context.jobs)
    }

    /// What operations work with, for commands in the same process.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Lets `/metrics` tell more than the service knows: a page whose names are others than its own. Once.
    pub fn tell_beside(&self, page: impl Fn() -> String + Send + Sync + 'static) {
        self.context.metrics.tell_beside(Box::new(page));
    }

    /// The embedded store, if there is one.
    #[must_use]
    pub fn embedded_store(&self) -> Option<&LocalStore> {
        self.embedded.as_ref()
    }

    /// Stops: takes no more requests, lets those under way finish, closes what is open. The store
    /// goes last, because requests under way may still ask it.
    pub async fn stop(self) {
        if let Err(error) = self.data.remove_endpoints() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "endpoints not removed"
            );
        }
        self.api.stop().await;
        self.background.stop().await;
        if let Some(s3) = self.s3 {
            s3.stop().await;
        }
        if let Some(embedded) = self.embedded {
            embedded.close().await;
        }
        self.database.close().await;
        tracing::info!("service stopped");
    }
}

impl Serving {
    fn start<F: Future<Output = ()> + Send + 'static>(
        run: impl FnOnce(CancellationToken) -> F,
    ) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "task failed");
        }
    }
}

/// The embedded store before it serves.
struct Embedded {
    store: LocalStore,
    listener: TcpListener,
    address: SocketAddr,
    keyring: JobStoreKeyring,
}

impl Embedded {
    async fn open(
        config: &Config,
        Kept { data, jobs, .. }: &Kept,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<(Self, EmbeddedAccess)>, StartError> {
        if !config.embedded_store.enabled {
            return Ok(None);
        }
        let (listener, address) = bind(config.embedded_store.listen).await?;
        let path = service_key_path(data.root());
        let key = ServiceKey::load_or_create(&path)
            .map_err(|source| StartError::File { path, source })?;
        let endpoint = config.embedded_store.public_url.clone();
        let endpoint = endpoint.unwrap_or_else(|| url(address));
        let access = EmbeddedAccess {
            own: key.access(endpoint, config.embedded_store.region.clone()),
            keys: key.job_keys(),
        };
        let keyring = JobStoreKeyring::new(Arc::clone(jobs), Arc::clone(clock), key);
        let store = LocalStore::open(&data.objects()).await?;
        let embedded = Self {
            store,
            listener,
            address,
            keyring,
        };
        Ok(Some((embedded, access)))
    }

    fn serve(self, limits: Limits) -> (LocalStore, Serving) {
        let service = self.store.service(self.keyring);
        let serving = Serving::start(|stop| {
            localstore::serve(self.listener, service, limits, stop.cancelled_owned())
        });
        (self.store, serving)
    }
}

fn master_key(config: &Config, data: &DataDir) -> Result<MasterKey, MasterKeyError> {
    match &config.server.secret_key_file {
        Some(shared) => MasterKey::load(shared),
        // A new key would open nothing of a job store that is there: the old one has to come back.
        None if data.database().exists() => MasterKey::load(&data.secret_key()),
        None => MasterKey::load_or_create(&data.secret_key()),
    }
}

/// Makes the first account as needed, and writes its key down for AWS tools.
async fn first_key(
    admin: &Admin,
    data: &DataDir,
    region: &str,
) -> Result<Option<FirstKey>, StartError> {
    let first = first_start(admin).await;
    let first = first.map_err(StartError::FirstAccount)?;
    if let Some(key) = &first {
        let path = data.credentials();
        write_credentials(&path, &key.id, &key.secret, region)
            .map_err(|source| StartError::File { path, source })?;
    }
    Ok(first)
}

/// Registers the station of this machine under the token in its file, making that as needed.
async fn register_station(
    admin: &Admin,
    config: &Config,
    data: &DataDir,
) -> Result<PathBuf, StartError> {
    let path = data.station().join("token");
    let token = station_token(&path).map_err(|source| StartError::File {
        path: path.clone(),
        source,
    })?;
    // Most starts find it registered, and write nothing.
    stations::register(admin, &config.station.name, &token).await?;
    Ok(path)
}

fn station_token(path: &Path) -> io::Result<BearerToken> {
    let bytes = zeroize::Zeroizing::new(durable::read_or_create(path, || {
        zeroize::Zeroizing::new(format!("{}\n", BearerToken::draw().expose()))
    })?);
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok("") | Err(_) => Err(io::ErrorKind::InvalidData.into()),
        Ok(token) => Ok(BearerToken::new(token)),
    }
}

fn limits_of(
    config: &ConnectionsConfig,
    head: Duration,
    stall: Duration,
    grace: Duration,
) -> Limits {
    let places = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Limits {
        connections: places(config.limit),
        per_address: places(config.per_address),
        exempt: config.exempt.clone(),
        head,
        stall,
        grace,
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

fn endpoints(config: &Config, api: SocketAddr, s3: Option<SocketAddr>) -> Endpoints {
    Endpoints {
        api: url(api),
        s3: s3.map(url),
        pid: std::process::id(),
        station: config.station.clone(),
        config: config.file.clone(),
    }
}

/// Where an address that is listened on can be reached from this machine.
fn url(address: SocketAddr) -> String {
    let host: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}
