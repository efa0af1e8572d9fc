//! The whole service: opens what it keeps, serves, and stops in order.
//!
//! Nothing here reads the environment or waits for signals: the caller owns the runtime, starts a
//! service and stops it. Several may run in one process on different data folders.

mod own_station;
mod ports;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use custody::installation::InstallationName;
use durable::reserve::is_for_want_of_room;
use hyper_util::service::TowerToHyperService;
use listen::Limits;
use listen::tls::Tls;
use listen::tls::certificate::CertificateError;
use listen::tls::watch::watch;
use localstore::{LocalStore, OpenError};
use model::ids::StationName;
use model::time::Clock;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::app::{Admin, Context};
use crate::background::{Background, put_receipts};
use crate::certain::CertainTime;
use crate::config::{Config, ConnectionsConfig, ConsoleConfig, DatabaseConfig, StationConfig};
use crate::custody_key::{self, CustodyKeyError};
use crate::data_dir::credentials::write_credentials;
use crate::data_dir::{DataDir, DataDirError, Endpoints, room, service_key_path};
use crate::database::{Database, DatabaseClock};
use crate::digests::Digests;
use crate::faces::console::{self, Console};
use crate::faces::http::{self, App};
use crate::jobstore::{JobStore, JobStoreError};
use crate::keyring::{JobStoreKeyring, ServiceKey};
use crate::metrics::Metrics;
use crate::notices::post::{Post, Ways};
use crate::ops::first_start::{FirstKey, first_start};
use crate::ops::{Caller, Refused, sign_ins};
use crate::sealing::{MasterKey, MasterKeyError};
use crate::stores::{EmbeddedAccess, Stores, StoresError, Whence};
use crate::timestamps::Timestamps;
use crate::witnesses::Witnesses;
use crate::work::Work;
use ports::{Doors, Port, Serving};

/// How long the head of a request to the API may take, and an idle connection is kept. Longer than our own
/// clients keep one, so that they close it first.
const API_HEAD: Duration = Duration::from_secs(20);

/// How long an answer of the API may be taken in next to no steps.
const API_STALL: Duration = Duration::from_secs(20);

/// How long an answer of the console may be taken in next to no steps: what lives on a page has a line every few seconds.
const CONSOLE_STALL: Duration = Duration::from_secs(10 * 60);

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
    /// A certificate of the settings cannot be shown.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
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
    /// There is no key to sign receipts with, or it is that of an installation with another name.
    #[error("could not open the custody key")]
    CustodyKey(#[from] CustodyKeyError),
    /// The station of this host is to have the name of one that is heard: its token would be void from now on.
    #[error("station `{name}` is heard, and the station of this host is to have the same name")]
    StationName {
        /// The name.
        name: StationName,
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
            | Self::CustodyKey(CustodyKeyError::JobStore(JobStoreError::Unavailable(_)))
            | Self::EmbeddedStore(OpenError::Root { .. } | OpenError::Index { .. })
            | Self::File { .. } => true,
            Self::DataDir(_)
            | Self::MasterKey(_)
            | Self::JobStore(_)
            | Self::FirstAccount(_)
            | Self::CustodyKey(_)
            | Self::EmbeddedStore(_)
            | Self::Stores(_)
            | Self::Listen { .. }
            | Self::Certificate(_)
            | Self::DiskFull { .. }
            | Self::StationName { .. }
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
    /// Where both can be reached from this host, as `endpoints.json` says.
    pub endpoints: Endpoints,
    /// Where others reach them, unless the settings say otherwise.
    pub outside: Outside,
    /// The first account's key; `None` if every key of it was revoked.
    pub first_key: Option<FirstKey>,
    /// The file with the token of the station that goes with this service.
    pub station_token: PathBuf,
    context: Context,
    data: DataDir,
    embedded: Option<LocalStore>,
    api: Serving,
    console: Option<Serving>,
    s3: Option<Serving>,
    /// Certificates as their files have them, and the clock of the database.
    kept_true: Serving,
    renew: Arc<Notify>,
    background: Background,
    database: Database,
}

/// Where others than this host reach a service, as far as it can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// URL of the API.
    pub api: String,
    /// URL of the embedded store, if there is one.
    pub s3: Option<String>,
    /// URL of the console, if there is one.
    pub console: Option<String>,
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
        let kept = Kept::open(config, clock).await?;
        let clock = Arc::clone(&kept.clock);
        let certificate = config.tls.certificate.as_ref();
        let port = Port::open(config.server.listen, certificate).await?;
        let console = console_port(config).await?;
        let embedded = Embedded::open(config, &kept, &clock).await?;
        let (embedded, access) = embedded.unzip();
        let stores = Stores::new(&config.stores, access, &config.network)?;
        let outside = Outside {
            api: port.url(),
            s3: embedded.as_ref().map(|embedded| embedded.port.url()),
            console: console.as_ref().map(|port| {
                let told = config.console.public_url.clone();
                told.unwrap_or_else(|| port.url())
            }),
        };
        let context = kept.context(config, clock, stores, &outside)?;
        let (api_addr, s3_addr) = (port.address, embedded.as_ref().map(Embedded::address));
        let endpoints = endpoints(config, &kept.station, &port, embedded.as_ref(), &outside);
        // Both addresses are taken: who comes from now on waits until the tasks below attend.
        kept.data.write_endpoints(&endpoints)?;
        kept.data.room().settle();

        let grace = Duration::from_secs(config.server.shutdown_seconds.into());
        let limits = limits_of(&config.connections, API_HEAD, API_STALL, grace);
        let doors = port.into_doors();
        let mut shown: Vec<Tls> = doors.tls.iter().cloned().collect();
        let app = App::new(context.clone(), &config.server);
        let api = serve_api(app, doors, &limits);
        let of_console = limits_of(&config.connections, API_HEAD, CONSOLE_STALL, grace);
        let console = console.map(|port| {
            let told = config.console.public_url.as_deref();
            serve_console(&context, port, told, &of_console, &mut shown)
        });
        let store = embedded.as_ref().map(|embedded| &embedded.store);
        let background = Background::start(&context, kept.data.room().reserve(), store);
        let of_store = limits_of(&config.connections, STORE_HEAD, STORE_STALL, STORE_GRACE);
        let serve = |embedded: Embedded| embedded.serve(&of_store, &mut shown);
        let (embedded, s3) = embedded.map(serve).unzip();
        let renew = Arc::new(Notify::new());
        let mut kept_true = keep_renewed(shown, &renew);
        let database_clock = kept.database_clock.clone();
        kept_true.begin(|stop| kept.database.keep_clock(database_clock, stop));
        tokio::spawn(Arc::clone(&context.stores).tell_of_keys());
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
            outside,
            first_key,
            station_token,
            context,
            data,
            embedded,
            api,
            console,
            s3,
            kept_true,
            renew,
            background,
            database,
        })
    }
}

/// Answers by all doors of the API; who comes by that of this host is known by it.
fn serve_api(app: App, doors: Doors, limits: &Limits) -> Serving {
    let mut serving = Serving::default();
    let router = http::router(app);
    let here = router.clone().layer(Extension(Whence::ThisHost));
    let ways = [(Some(doors.all), router), (doors.this_host, here)];
    for (door, router) in ways {
        let (Some(door), limits) = (door, limits.clone()) else {
            continue;
        };
        let service = TowerToHyperService::new(router);
        serving.begin(|stop| {
            listen::serve(
                door,
                service,
                http::is_urgent,
                limits,
                stop.cancelled_owned(),
            )
        });
    }
    serving
}

/// Where the console listens, if there is one. Where nobody said otherwise any port is as good as the usual one.
async fn console_port(config: &Config) -> Result<Option<Port>, StartError> {
    let Some(address) = config.console.listen else {
        return Ok(None);
    };
    let certificate = config.tls.certificate.as_ref();
    match Port::open(address, certificate).await {
        Err(StartError::Listen { source, .. })
            if address == ConsoleConfig::usual() && source.kind() == io::ErrorKind::AddrInUse =>
        {
            let any = SocketAddr::new(address.ip(), 0);
            let port = Port::open(any, certificate).await?;
            tracing::warn!(address = %port.address, "the usual port of the console is taken");
            Ok(Some(port))
        }
        port => Ok(Some(port?)),
    }
}

/// Answers by all doors of the console, and adds what they show.
fn serve_console(
    context: &Context,
    port: Port,
    told: Option<&str>,
    limits: &Limits,
    shown: &mut Vec<Tls>,
) -> Serving {
    let mut serving = Serving::default();
    let is_secure = context
        .console
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let doors = port.into_doors();
    shown.extend(doors.tls);
    for door in [Some(doors.all), doors.this_host].into_iter().flatten() {
        let (context, limits) = (context.clone(), limits.clone());
        let told = told.map(str::to_owned);
        serving.begin(move |stop| {
            let console = Console::new(context, told, is_secure, stop.clone());
            let service = TowerToHyperService::new(console::router(console));
            listen::serve(door, service, |_| false, limits, stop.cancelled_owned())
        });
    }
    serving
}

/// The host by which customers know the service, where the settings say that.
fn public_host(config: &Config) -> Option<String> {
    let url = Url::parse(config.server.public_url.as_deref()?).ok()?;
    url.host_str().map(str::to_owned)
}

/// Reads certificates again when they were renewed, and when somebody asks.
fn keep_renewed(shown: Vec<Tls>, asked: &Arc<Notify>) -> Serving {
    let mut serving = Serving::default();
    let asked = Arc::clone(asked);
    serving.begin(|stop| async move {
        // The watch does not end by itself.
        let _stopped = stop.run_until_cancelled(watch(shown, asked)).await;
    });
    serving
}

/// What outlives the service: folder, key, job store, and what the first start puts into it.
struct Kept {
    data: DataDir,
    master: MasterKey,
    database: Database,
    clock: Arc<dyn Clock>,
    database_clock: Option<Arc<DatabaseClock>>,
    jobs: Arc<dyn JobStore>,
    first_key: Option<FirstKey>,
    station_token: PathBuf,
    station: StationName,
    certain: Arc<CertainTime>,
    installation: InstallationName,
}

impl Kept {
    async fn open(config: &Config, host: Arc<dyn Clock>) -> Result<Self, StartError> {
        let data = DataDir::open(&config.server.data)?;
        let master = master_key(config, &data)?;
        let path = data.database();
        let database = Database::open(&config.database, &path, master.sealer()).await?;
        let (clock, database_clock) = database.clock(host).await?;
        let jobs = database.jobs();
        let admin = Admin {
            jobs: Arc::clone(&jobs),
            clock: Arc::clone(&clock),
            hold_days: config.jobs.hold_days,
        };
        let host = public_host(config);
        let named = config.server.installation.as_ref();
        custody_key::ensure(&*jobs, named, host.as_deref(), clock.now()).await?;
        let region = &config.embedded_store.region;
        let first_key = first_key(&admin, &data, region).await?;
        let (station, station_token) = own_station::register(&admin, config, &data).await?;
        // Stations that were at work when the service went down get a whole term to come back.
        let term = i64::from(config.jobs.lease_seconds);
        jobs.extend_leases(clock.now().plus_seconds(term)).await?;
        // Nobody else works with such a file: what was being sent when the service went down is sent again.
        if config.database == DatabaseConfig::Sqlite {
            jobs.release_deliveries().await?;
        }
        let certain = CertainTime::from(jobs.latest_time().await?, &*clock);
        let installation = custody_key::in_force(&*jobs).await?.installation;
        Ok(Self {
            installation,
            data,
            master,
            database,
            clock,
            database_clock,
            jobs,
            first_key,
            station_token,
            station,
            certain: Arc::new(certain),
        })
    }

    fn context(
        &self,
        config: &Config,
        clock: Arc<dyn Clock>,
        stores: Stores,
        outside: &Outside,
    ) -> Result<Context, StartError> {
        let public_url = config.server.public_url.clone();
        let metrics = Arc::new(Metrics::new()?);
        let post = Post::new(
            Arc::clone(&self.jobs),
            Arc::clone(&clock),
            Arc::clone(&metrics),
            self.installation.clone(),
            &Ways::of(config),
        );
        metrics.hold_days(config.jobs.hold_days);
        let surroundings = config.network.surroundings();
        let timestamps = config.custody.timestamp_url.as_deref();
        let timestamps = timestamps.map(|url| Timestamps::new(url, surroundings.clone()));
        let witnesses = &config.custody.witnesses;
        let witnesses = Witnesses::new(witnesses, surroundings, Arc::clone(&metrics));
        Ok(Context {
            jobs: Arc::clone(&self.jobs),
            stores: Arc::new(stores),
            signing_key: self.master.signing_key(),
            certain: Arc::clone(&self.certain),
            clock,
            database_clock: self.database_clock.clone(),
            bench: Arc::default(),
            rules: config.jobs.clone(),
            ebs: config.ebs.clone(),
            erase: config.erase,
            glacier: config.glacier.clone(),
            work: Work::new(),
            sealer: self.master.sealer(),
            identity: self.master.identity(),
            public_url: public_url.unwrap_or_else(|| outside.api.clone()),
            trusted_proxies: config.connections.trusted_proxies.clone(),
            console: outside.console.clone(),
            cards: self.master.card_key(),
            challenges: self.master.challenge_key(),
            digests: Digests::default(),
            metrics,
            post,
            witnesses,
            timestamps,
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

    /// Has `/ready` say whether the bench of this process is well. Once.
    pub fn look_at_bench(&self, is_well: impl Fn() -> bool + Send + Sync + 'static) {
        let _is_first = self.context.bench.set(Box::new(is_well));
    }

    /// What has the files of certificates read again at once when it is notified. What comes of it is told in the log.
    #[must_use]
    pub fn renewal(&self) -> Arc<Notify> {
        Arc::clone(&self.renew)
    }

    /// The embedded store, if there is one.
    #[must_use]
    pub fn embedded_store(&self) -> Option<&LocalStore> {
        self.embedded.as_ref()
    }

    /// A link that lets whoever is at this host in at the console once, if there is one.
    pub async fn console_link(&self) -> Option<String> {
        let console = self.outside.console.as_deref()?;
        let link = sign_ins::link(&self.context.admin(), &Caller::Operator, None).await;
        let link = link
            .inspect_err(|error| {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "no link to the console made"
                );
            })
            .ok()?;
        Some(format!("{console}/in/{}", link.token.expose()))
    }

    /// Puts the receipts that are due beside the reports of their jobs, for a service that is not there later. What fails
    /// is tried again by the next.
    pub async fn put_receipts(&self) {
        if let Err(error) = put_receipts(&self.context, &CancellationToken::new()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "receipts not put beside their reports");
        }
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
        self.kept_true.stop().await;
        if let Some(console) = self.console {
            console.stop().await;
        }
        self.api.stop().await;
        self.background.stop().await;
        self.context.post.finish().await;
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

/// The embedded store before it serves.
struct Embedded {
    store: LocalStore,
    port: Port,
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
        let port = Port::open(config.embedded_store.listen, config.tls.of_store()).await?;
        let path = service_key_path(data.root());
        let key = ServiceKey::load_or_create(&path)
            .map_err(|source| StartError::File { path, source })?;
        let told = config.embedded_store.public_url.clone();
        let told = told.unwrap_or_else(|| port.url());
        let (own, elsewhere) = match port.is_secure() {
            true => (port.url_here(), Some(told)),
            false => (told, None),
        };
        let access = EmbeddedAccess {
            own: key.access(own, config.embedded_store.region.clone()),
            elsewhere,
            keys: key.job_keys(),
        };
        let keyring = JobStoreKeyring::new(Arc::clone(jobs), Arc::clone(clock), key);
        let store = LocalStore::open(&data.objects()).await?;
        let embedded = Self {
            store,
            port,
            keyring,
        };
        Ok(Some((embedded, access)))
    }

    fn address(&self) -> SocketAddr {
        self.port.address
    }

    /// Answers by all its doors, and adds what they show.
    fn serve(self, limits: &Limits, shown: &mut Vec<Tls>) -> (LocalStore, Serving) {
        let service = self.store.service(self.keyring);
        let mut serving = Serving::default();
        let doors = self.port.into_doors();
        shown.extend(doors.tls);
        for door in [Some(doors.all), doors.this_host].into_iter().flatten() {
            let (service, limits) = (service.clone(), limits.clone());
            serving.begin(|stop| localstore::serve(door, service, limits, stop.cancelled_owned()));
        }
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

fn endpoints(
    config: &Config,
    station: &StationName,
    api: &Port,
    embedded: Option<&Embedded>,
    outside: &Outside,
) -> Endpoints {
    Endpoints {
        api: api.url_here(),
        s3: embedded.map(|embedded| embedded.port.url_here()),
        console: outside.console.clone(),
        pid: std::process::id(),
        station: StationConfig {
            name: station.clone(),
            ..config.station.clone()
        },
        config: config.file.clone(),
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
