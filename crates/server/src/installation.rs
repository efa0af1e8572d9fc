//! An installation as its operator opens it on its host, without a service: to look at jobs, and to change accounts,
//! keys, stations and operators. A service may run on it at the same time.
//!
//! Who can read the installation's secret key is its operator: that is the whole proof. Nothing is made
//! here: a key or a job store that were made would look like an installation that nobody has started.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use durable::reserve::is_for_want_of_room;
pub use http::Method;
use model::time::Clock;

use crate::access::Caller;
use crate::app::Admin;
use crate::config::{Config, DatabaseConfig};
use crate::custody_key;
use crate::data_dir;
use crate::data_dir::room::{self, Room};
use crate::database::Database;
use crate::faces::operator::Desk;
pub use crate::faces::operator::{Answered, Inquiry};
use crate::jobstore::JobStoreError;
use crate::keyring::ServiceKey;
use crate::metrics::Metrics;
use crate::notices::post::{Post, Ways};
use crate::sealing::{MasterKey, MasterKeyError};
use crate::stores::{EmbeddedAccess, Stores, StoresError};

/// An installation that is open.
pub struct Installation {
    admin: Admin,
    stores: Arc<Stores>,
    post: Option<Post>,
    console: Option<String>,
    expire_after_days: u32,
    database: Database,
    // Held: gives the database room on a full disk.
    _room: Option<Room>,
}

/// An installation that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// Nobody has started a service on this data folder.
    #[error("there is no installation in the data folder `{}`", .0.display())]
    NoInstallation(PathBuf),
    /// Its secret key cannot be had.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// Its stores are not described well.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// The embedded store's key cannot be read.
    #[error("could not read the key of the embedded store")]
    EmbeddedStore(#[source] io::Error),
    /// Its job store cannot be opened.
    #[error(transparent)]
    JobStore(JobStoreError),
    /// Its job store cannot be opened, because the disk is full.
    #[error("the disk of the data folder `{}` is full", data.display())]
    DiskFull {
        /// The data folder.
        data: PathBuf,
        /// What could not be done.
        source: JobStoreError,
    },
}

impl NotOpened {
    /// A job store's failure by its cause: on a full disk a database fails in several ways.
    fn of(error: JobStoreError, data: &Path) -> Self {
        let may_be = matches!(
            error,
            JobStoreError::Unavailable(_) | JobStoreError::Migration(_)
        );
        if may_be && (room::is_full(data) || is_for_want_of_room(&error)) {
            return Self::DiskFull {
                data: data.to_owned(),
                source: error,
            };
        }
        Self::JobStore(error)
    }
}

impl Installation {
    /// Opens the installation that the settings describe.
    ///
    /// # Errors
    /// [`NotOpened`]; nothing was made then.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, NotOpened> {
        let data = &config.server.data;
        let key = master_key(config, data)?;
        let path = data_dir::database_path(data);
        let room = match config.database {
            DatabaseConfig::Sqlite if !path.is_file() => {
                return Err(NotOpened::NoInstallation(data.clone()));
            }
            DatabaseConfig::Sqlite => Some(Room::make(data)),
            DatabaseConfig::Postgres(_) => None,
        };
        let database = Database::open(&config.database, &path, key.sealer()).await;
        let database = database.map_err(|error| NotOpened::of(error, data))?;
        let clock = database.clock(clock).await;
        let (clock, _) = clock.map_err(|error| NotOpened::of(error, data))?;
        let jobs = database.jobs();
        let admin = Admin {
            jobs,
            clock,
            hold_days: config.jobs.hold_days,
        };
        Ok(Self {
            post: post(config, &admin).await.map_err(NotOpened::JobStore)?,
            console: console(config),
            expire_after_days: config.jobs.expire_after_days,
            admin,
            stores: Arc::new(stores(config)?),
            database,
            _room: room,
        })
    }

    /// What operations on it work with.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Answers what a person who runs the service would ask it for, as whoever is at its host.
    pub async fn ask(&self, asked: &Inquiry<'_>) -> Answered {
        let desk = Desk {
            admin: &self.admin,
            stores: &self.stores,
            service: None,
            post: self.post.as_ref(),
            console: self.console.as_deref(),
            expire_after_days: self.expire_after_days,
            caller: &Caller::Operator,
            address: None,
        };
        desk.answer(asked).await
    }

    /// Closes it.
    pub async fn close(self) {
        self.database.close().await;
    }
}

/// What brings notices; none of an installation that no release has started that has a log of custody.
async fn post(config: &Config, admin: &Admin) -> Result<Option<Post>, JobStoreError> {
    let installation = match custody_key::in_force(&*admin.jobs).await {
        Err(JobStoreError::Missing(_)) => return Ok(None),
        key => key?.installation,
    };
    let Ok(metrics) = Metrics::new() else {
        return Ok(None);
    };
    Ok(Some(Post::new(
        Arc::clone(&admin.jobs),
        Arc::clone(&admin.clock),
        Arc::new(metrics),
        installation,
        &Ways::of(config),
    )))
}

/// Where the console of the service is, as its settings say or as it runs.
fn console(config: &Config) -> Option<String> {
    config.console.listen?;
    let endpoints = data_dir::read_endpoints(&config.server.data).ok().flatten();
    let told = config.console.public_url.clone();
    told.or_else(|| endpoints.and_then(|endpoints| endpoints.console))
}

/// The stores of the settings, and the embedded one as the service that runs has it.
fn stores(config: &Config) -> Result<Stores, NotOpened> {
    let data = &config.server.data;
    let path = data_dir::service_key_path(data);
    let endpoints = data_dir::read_endpoints(data).ok().flatten();
    let embedded = match endpoints.and_then(|endpoints| endpoints.s3) {
        Some(endpoint) if path.is_file() => {
            let key = ServiceKey::load_or_create(&path).map_err(NotOpened::EmbeddedStore)?;
            Some(EmbeddedAccess {
                own: key.access(endpoint, config.embedded_store.region.clone()),
                elsewhere: None,
                keys: key.job_keys(),
            })
        }
        _ => None,
    };
    Ok(Stores::new(&config.stores, embedded, &config.network)?)
}

fn master_key(config: &Config, data: &Path) -> Result<MasterKey, NotOpened> {
    let own = data_dir::secret_key_path(data);
    let key = config.server.secret_key_file.as_deref().unwrap_or(&own);
    if !key.is_file() {
        return Err(NotOpened::NoInstallation(data.to_owned()));
    }
    Ok(MasterKey::load(key)?)
}
