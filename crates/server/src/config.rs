//! The operator's settings: one TOML file, overridden by the command line.
//!
//! A [`Config`] that exists is valid: every value is in its range and every address parses. All
//! faults of a file are found at once, each with its line and setting. `docs/configuration.md`
//! explains the settings to operators, `docs/longshore.toml` lists them with their defaults; tests
//! hold all three together.

mod bench;
mod check;
mod console;
mod custody;
mod erase;
mod fault;
mod images;
mod keys;
mod metrics;
mod network;
mod notices;
mod raw;
mod tls;
mod values;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use ::custody::installation::InstallationName;
use awsproto::secret::SecretKey;
use listen::Network;
use model::control::StoreAccess;
use model::event::WhileRunning;
use model::ids::{BucketName, StationName};
use model::manifest::Country;
use model::proof::ReadBack;
use objectstore::paced::RateSchedule;
use serde::{Deserialize, Serialize};

pub use bench::{BayConfig, BenchConfig, OnDirty, OnFailing};
pub use console::{ConsoleConfig, ConsoleListen};
pub use custody::{CustodyConfig, WitnessConfig};
pub use erase::EraseConfig;
pub use fault::{ConfigError, ConfigFault};
pub use images::{EbsConfig, GlacierConfig, RegionalAccess, RegionalEndpoint, image_target};
pub use keys::{StoreKeys, StsConfig};
pub use metrics::StationMetrics;
pub use network::{NetworkConfig, Proxy, VARIABLES, Way};
pub use notices::{
    MailAddress, MailConfig, MailLogin, MailSecurity, MailServer, NoticesConfig, Unencrypted,
    WebhooksConfig,
};
pub use tls::TlsConfig;
pub use values::{
    BucketGlob, DatabaseUrl, LogFormat, LogLevel, MetricsFor, ShippingAddress, UnknownWord,
};

/// Where everything lies unless the operator says otherwise, relative to the working folder.
const DATA: &str = "longshore-data";

/// All settings of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[console]`
    pub console: ConsoleConfig,
    /// `[connections]`
    pub connections: ConnectionsConfig,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[embedded_store]`
    pub embedded_store: EmbeddedStoreConfig,
    /// `[[stores]]`, in the order of the file.
    pub stores: Vec<StoreConfig>,
    /// `[network]`
    pub network: NetworkConfig,
    /// `[tls]`
    pub tls: TlsConfig,
    /// `[jobs]`
    pub jobs: JobsConfig,
    /// `[erase]`
    pub erase: EraseConfig,
    /// `[ebs]`; `None` if there is no such API.
    pub ebs: Option<EbsConfig>,
    /// `[glacier]`
    pub glacier: GlacierConfig,
    /// `[custody]`
    pub custody: CustodyConfig,
    /// `[mail]` and `[webhooks]`
    pub notices: NoticesConfig,
    /// `[station]`
    pub station: StationConfig,
    /// `[log]`
    pub log: LogConfig,
    /// The file they come from, as an absolute path.
    pub file: Option<PathBuf>,
}

/// `[server]`: the API and the service as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// `listen`: where the API is served. Port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// `public_url`: the API as clients see it, without a slash at the end. `None` if they see it
    /// as it is served.
    pub public_url: Option<String>,
    /// `data`: the data folder.
    pub data: PathBuf,
    /// `secret_key_file`: the installation's secret key, where several servers share it. It must
    /// exist. `None` is `secret.key` in the data folder, made at the first start.
    pub secret_key_file: Option<PathBuf>,
    /// `installation`: the name under which receipts are signed, for ever. `None`: the host of `public_url`, or a name that
    /// the first start draws.
    pub installation: Option<InstallationName>,
    /// `shutdown_seconds`: how long requests and transfers that run may take to end in order.
    pub shutdown_seconds: u32,
    /// `metrics`: who gets `/metrics`.
    pub metrics: MetricsFor,
}

/// `[connections]`: what connections may take of each port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionsConfig {
    /// `limit`: connections that are served at a time.
    pub limit: u32,
    /// `per_address`: how many of them one address may have.
    pub per_address: u32,
    /// `exempt`: addresses for which that does not hold.
    pub exempt: Vec<Network>,
    /// `trusted_proxies`: proxies that are believed what they say of where requests come from.
    pub trusted_proxies: Vec<Network>,
}

/// `[database]`: where jobs, accounts and keys are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseConfig {
    /// A SQLite file in the data folder.
    Sqlite,
    /// `url` or `url_file`: a PostgreSQL database, which several servers may share.
    Postgres(DatabaseUrl),
}

/// `[embedded_store]`: the S3 store within the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedStoreConfig {
    /// `enabled`: whether there is one. By default there is if no other store is configured.
    pub enabled: bool,
    /// `listen`: where it is served. Port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// `public_url`: the store as stations on other hosts see it, without a slash at the end.
    /// `None` if they see it where it listens.
    pub public_url: Option<String>,
    /// `region`: the region it says it is in.
    pub region: String,
}

/// `[[stores]]`: an S3-compatible store of the operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `name`: what messages call it; unique.
    pub name: String,
    /// `endpoint`: an `http://` or `https://` URL of host and port, without a slash at the end.
    pub endpoint: String,
    /// `region`: the region requests are signed for.
    pub region: String,
    /// `access_key_id`: the key that the service uses there, and stations if they have none of their own.
    pub access_key_id: String,
    /// `secret_access_key` or `secret_access_key_file`: its secret.
    pub secret_access_key: SecretKey,
    /// `credentials`: which key stations have.
    pub keys: StoreKeys,
    /// `path_style`: whether a bucket goes into the path rather than into the host name.
    pub path_style: bool,
    /// `buckets`: the buckets it has.
    pub buckets: Vec<BucketGlob>,
    /// `rate`, `quiet_hours`, `quiet_rate` and `requests_per_second`: how fast all stations together may send and receive, and
    /// how much they may ask.
    pub pace: RateSchedule,
    /// `proxy` and `ca_file`, for this store.
    pub way: Way,
}

impl StoreConfig {
    /// How stations reach it, but for what `[network]` says of the way.
    #[must_use]
    pub fn access(&self) -> StoreAccess {
        StoreAccess {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            path_style: self.path_style,
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.expose().to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        }
    }
}

/// `[jobs]`: the rules of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsConfig {
    /// `expire_after_days`: days after which a job expires whose device has not come.
    pub expire_after_days: u32,
    /// `per_day_quota`: jobs an account may create in 24 hours; 0 is no limit. AWS had 50.
    pub per_day_quota: u32,
    /// `cancel_in_progress`: whether `CancelJob` stops a transfer that runs.
    pub cancel_in_progress: WhileRunning,
    /// `strict_manifests`: whether manifests must have all that the last AWS edition demanded.
    pub strict_manifests: bool,
    /// `facility_country`: the country devices are handled in.
    pub facility_country: Country,
    /// `shipping_address`: where customers send their devices.
    pub shipping_address: ShippingAddress,
    /// `lease_seconds`: how long a station that gives no sign of life keeps its job.
    pub lease_seconds: u32,
    /// `artifact_days`: days for which the URL of a label or sheet is good.
    pub artifact_days: u32,
    /// `hold_days`: days after which a job that is on hold is overdue.
    pub hold_days: u32,
    /// `most_bytes`: bytes that a job of an account may load of which nothing else was said; as much as there is without.
    pub most_bytes: Option<u64>,
    /// `give_up_held`: whether the service itself gives up what is overdue.
    pub give_up_held: bool,
    /// `secret_days`: days for which secrets of devices are kept after those went home.
    pub secret_days: u32,
    /// `mask_secrets`: whether a manifest is shown without its secrets.
    pub mask_secrets: bool,
}

/// `[station]`: the station of the service's own host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationConfig {
    /// `name`: its name; every station of an installation has another. By default the host's.
    pub name: StationName,
    /// Whether the settings say so. What does not is called what it was called before.
    #[serde(skip)]
    pub is_named: bool,
    /// `parallel`: most requests to the store at once.
    pub parallel: u32,
    /// `read_threads`: threads that read the device.
    pub read_threads: u32,
    /// `memory_mib`: MiB of file content held in memory at once.
    pub memory_mib: u32,
    /// `multipart_threshold_mib`: MiB from which on a file is sent in parts.
    pub multipart_threshold_mib: u32,
    /// `part_mib`: MiB of one part.
    pub part_mib: u32,
    /// `rate`, `quiet_hours`, `quiet_rate` and `requests_per_second`: how fast to send and receive, and how much to ask.
    pub pace: RateSchedule,
    /// `read_back`: how much of what was stored is read back and compared.
    pub read_back: ReadBack,
    /// `sha256_metadata`: whether objects carry their SHA-256 as metadata.
    pub sha256_metadata: bool,
    /// `mtime_metadata`: whether objects carry the time of their file's last change as metadata.
    #[serde(default = "yes")]
    pub mtime_metadata: bool,
    /// `skip_unchanged`: whether files whose objects are in the bucket already, and the same, are not sent.
    #[serde(default)]
    pub skip_unchanged: bool,
    /// `replace_objects`: whether objects that were in the bucket before are replaced.
    #[serde(default = "yes")]
    pub replace_objects: bool,
    /// `allow_unconfined`: whether raw devices are read also where this host cannot shut in what parses them.
    #[serde(default)]
    pub allow_unconfined: bool,
    /// What the station does by itself with devices that are plugged in.
    #[serde(default)]
    pub bench: BenchConfig,
    /// Where its figures are served.
    #[serde(default)]
    pub metrics: StationMetrics,
}

/// `[log]`: what the service tells of itself, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `format`: for people or for machines.
    pub format: LogFormat,
    /// `level`: the least important lines that are written.
    pub level: LogLevel,
}

/// What the command line sets; it outranks the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// In the place of `server.data`.
    pub data: Option<PathBuf>,
    /// In the place of `server.listen`.
    pub listen: Option<SocketAddr>,
    /// In the place of `embedded_store.listen`.
    pub embedded_listen: Option<SocketAddr>,
    /// In the place of `console.listen`.
    pub console_listen: Option<ConsoleListen>,
    /// In the place of `log.format`.
    pub log_format: Option<LogFormat>,
    /// In the place of `log.level`.
    pub log_level: Option<LogLevel>,
    /// The variables of the process that are about the network.
    pub network_variables: Option<BTreeMap<String, String>>,
}

/// The store that has a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketHome<'a> {
    /// One of `[[stores]]`.
    Store(&'a StoreConfig),
    /// The embedded store.
    Embedded,
}

impl Config {
    /// Reads and checks the settings. Without a file every setting has its default.
    ///
    /// Relative paths in the file are relative to the file's folder.
    ///
    /// # Errors
    /// [`ConfigError`] lists everything that is wrong; a file that is not TOML, or has settings of
    /// the wrong type or name, is read to the first such fault only.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let (path, text) = match file {
            Some(path) => (path, read(path)?),
            None => (Path::new(""), String::new()),
        };
        let config = Self::parse(path, &text, overrides)?;
        Ok(Self {
            file: file.map(|file| std::path::absolute(file).unwrap_or(file.to_owned())),
            ..config
        })
    }

    /// Checks the text of the file at `path`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        let source = fault::Source::new(path, text);
        let raw = raw::parse(&source)?;
        check::config(raw, &source, overrides).map_err(ConfigError::Invalid)
    }

    /// The store that has `bucket`: the first of `[[stores]]` that says so, else the embedded one,
    /// if it is enabled.
    #[must_use]
    pub fn home_of(&self, bucket: &BucketName) -> Option<BucketHome<'_>> {
        let has = |store: &&StoreConfig| store.buckets.iter().any(|glob| glob.matches(bucket));
        match self.stores.iter().find(has) {
            Some(store) => Some(BucketHome::Store(store)),
            None => self.embedded_store.enabled.then_some(BucketHome::Embedded),
        }
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: ServerConfig::default(),
            console: ConsoleConfig::default(),
            connections: ConnectionsConfig::default(),
            database: DatabaseConfig::Sqlite,
            embedded_store: EmbeddedStoreConfig::default(),
            stores: Vec::new(),
            network: NetworkConfig::default(),
            tls: TlsConfig::default(),
            jobs: JobsConfig::default(),
            erase: EraseConfig::default(),
            ebs: None,
            glacier: GlacierConfig::default(),
            custody: CustodyConfig::default(),
            notices: NoticesConfig::default(),
            station: StationConfig::default(),
            log: LogConfig::default(),
            file: None,
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4780)),
            public_url: None,
            data: PathBuf::from(DATA),
            secret_key_file: None,
            installation: None,
            shutdown_seconds: 30,
            metrics: MetricsFor::Loopback,
        }
    }
}

impl Default for ConnectionsConfig {
    /// A connection may hold a request of a megabyte and its copy; the loopback address is a proxy's.
    fn default() -> Self {
        let network = |text: &str| text.parse().expect("an address of the loopback interface");
        Self {
            limit: 512,
            per_address: 256,
            exempt: vec![network("127.0.0.0/8"), network("::1/128")],
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for EmbeddedStoreConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4781)),
            public_url: None,
            region: values::DEFAULT_REGION.to_owned(),
        }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            expire_after_days: 30,
            per_day_quota: 0,
            cancel_in_progress: WhileRunning::Refuse,
            strict_manifests: false,
            facility_country: Country::default(),
            shipping_address: ShippingAddress::default(),
            lease_seconds: 60,
            artifact_days: 7,
            hold_days: 14,
            most_bytes: None,
            give_up_held: false,
            secret_days: 30,
            mask_secrets: false,
        }
    }
}

fn yes() -> bool {
    true
}

impl Default for StationConfig {
    /// The name is that of the host.
    fn default() -> Self {
        Self {
            name: values::host_name(),
            is_named: false,
            parallel: 32,
            read_threads: 4,
            memory_mib: 128,
            multipart_threshold_mib: 32,
            part_mib: 8,
            pace: RateSchedule::default(),
            read_back: ReadBack::Off,
            sha256_metadata: true,
            mtime_metadata: true,
            skip_unchanged: false,
            replace_objects: true,
            allow_unconfined: false,
            bench: BenchConfig::default(),
            metrics: StationMetrics::default(),
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: LogLevel::Info,
        }
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "config_docs_tests.rs"]
mod docs_tests;
