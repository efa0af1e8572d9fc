//! The service of this host that a command works with: the one that runs on the data folder, or one of its own
//! that ends with the command.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use awshttp::endpoint::ServiceConfig;
use awsproto::sign::Credentials;
use model::ids::BucketName;
use model::manifest::Country;
use model::time::SystemClock;
use objectstore::StoreError;
use objectstore::connect::Store;
use objectstore::s3::S3Bucket;
use objectstore::s3::address::Addressing;
use server::config::{BucketHome, Config, TlsConfig};
use server::data_dir::users::{self, Joined};
use server::data_dir::{self, DataDirError, Endpoints};
use server::service::{RunningService, Service, StartError};
use station::dock::Station;
use tokio::runtime::Runtime;

use crate::exit::{Exit, Failure};
use crate::job::client::Client;
use crate::job::credentials;
use crate::{interrupt, output, own_station, serve};

/// How long to wait for a service that has the data folder and is still starting or stopping.
const OTHER_WITHIN: Duration = Duration::from_secs(10);

/// How often to look for it meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A service to work with, and the key of its first account.
pub(crate) struct LocalService {
    config: Config,
    endpoints: Endpoints,
    credentials: Credentials,
    own: Option<Own>,
    // Held, never read: the other process's service stays for as long.
    _joined: Option<Joined>,
}

/// A service of this process.
struct Own {
    runtime: Runtime,
    service: RunningService,
}

impl LocalService {
    /// Starts a service, or joins the one that has the data folder. A service that another command
    /// started for itself stays until this value is dropped; one that was killed is waited out.
    ///
    /// # Errors
    /// If there is neither, or the first account has no key.
    pub(crate) fn open(mut config: Config) -> Result<Self, Failure> {
        // Nobody but this host comes to what a command starts for itself.
        config.tls = TlsConfig::default();
        let data = config.server.data.clone();
        let begun = Instant::now();
        let (endpoints, own, joined) = loop {
            match start(&config) {
                Ok(own) => break (own.service.endpoints.clone(), Some(own), None),
                Err(StartError::DataDir(DataDirError::InUse { .. }))
                    if begun.elapsed() < OTHER_WITHIN =>
                {
                    if let Some(joined) = join(&data)? {
                        break (joined.endpoints.clone(), None, Some(joined));
                    }
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(error) => return Err(serve::not_started(error)),
            }
        };
        let path = data_dir::credentials_path(&data);
        match credentials::read(&path, "default") {
            Ok(credentials) => Ok(Self {
                config,
                endpoints,
                credentials,
                own,
                _joined: joined,
            }),
            Err(error) => {
                if let Some(own) = own {
                    own.stop(&data);
                }
                Err(Failure::new(Exit::Error, error).hint(format!(
                    "`longshore key create` makes a key; put it into {}",
                    path.display()
                )))
            }
        }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.config.server.data
    }

    /// Whether another process has the service and goes on with it: `longshore serve`, and no command
    /// that started one for itself.
    pub(crate) fn is_served(&self) -> bool {
        let command = format!("/proc/{}/cmdline", self.endpoints.pid);
        let words = std::fs::read(command).unwrap_or_default();
        let mut words = words.split(|byte| *byte == 0);
        self.own.is_none() && words.any(|word| word == b"serve")
    }

    /// URL of the embedded store, if there is one.
    pub(crate) fn s3(&self) -> Option<&str> {
        self.endpoints.s3.as_deref()
    }

    /// Where the embedded store has the files of a bucket; `None` if another store has it.
    pub(crate) fn objects_of(&self, bucket: &BucketName) -> Option<PathBuf> {
        self.is_embedded(bucket)
            .then(|| self.data().join("objects").join(bucket.as_str()))
    }

    /// The customer's way to the API.
    ///
    /// # Errors
    /// If the service says a URL that is none.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let region = &self.config.embedded_store.region;
        Ok(Client::new(
            &self.endpoints.api,
            region,
            self.credentials.clone(),
            &self.config.network.surroundings(),
        )?)
    }

    /// The station of this machine.
    ///
    /// # Errors
    /// If its token cannot be read.
    pub(crate) fn station(&self) -> Result<Station, Failure> {
        own_station::at_service(&self.endpoints, self.data())
    }

    /// Makes the bucket if the embedded store is to have it. Buckets of other stores are left to
    /// whoever runs them.
    ///
    /// # Errors
    /// If the store refuses or does not answer.
    pub(crate) fn ensure_bucket(&self, bucket: &BucketName) -> Result<(), Failure> {
        let Some(url) = self.s3().filter(|_| self.is_embedded(bucket)) else {
            return Ok(());
        };
        match self.store(url)?.create_bucket(bucket) {
            Ok(()) => Ok(()),
            // Of another account: whether this one may load into it is decided with the job.
            Err(StoreError::Refused(answer)) if answer.code == "BucketAlreadyExists" => Ok(()),
            Err(error) => {
                let exit = if error.may_retry() {
                    Exit::Unavailable
                } else {
                    Exit::Refused
                };
                let context = format!("could not make the bucket `{bucket}`");
                Err(Failure::new(
                    exit,
                    anyhow::Error::new(error).context(context),
                ))
            }
        }
    }

    /// The embedded store under the key of the first account; `None` if there is none.
    ///
    /// # Errors
    /// If the service says a URL that is none.
    pub(crate) fn embedded_store(&self) -> Result<Option<Store>, Failure> {
        self.s3().map(|url| self.store(url)).transpose()
    }

    fn store(&self, url: &str) -> Result<Store, Failure> {
        let region = &self.config.embedded_store.region;
        let config = ServiceConfig::new(url, region, self.credentials.clone());
        let store = Store::connect(&config, Addressing::Path);
        Ok(store.context("could not use the embedded store")?)
    }

    /// The country that the service is in.
    pub(super) fn country(&self) -> &Country {
        &self.config.jobs.facility_country
    }

    /// Ends what was begun: a service of our own, once no other command uses it.
    pub(crate) fn close(self) {
        drop(self);
    }

    /// A bucket of the embedded store; `None` if another store has it.
    ///
    /// # Errors
    /// If the service says a URL that is none.
    pub(super) fn bucket(&self, bucket: &BucketName) -> Result<Option<S3Bucket>, Failure> {
        let url = self.s3().filter(|_| self.is_embedded(bucket));
        let store = url.map(|url| self.store(url)).transpose()?;
        Ok(store.map(|store| store.bucket(bucket)))
    }

    /// Whether the embedded store has a bucket, or is to have it.
    pub(super) fn is_embedded(&self, bucket: &BucketName) -> bool {
        is_embedded(&self.config, bucket)
    }
}

/// Whether the embedded store is where these settings put a bucket.
pub(super) fn is_embedded(config: &Config, bucket: &BucketName) -> bool {
    matches!(config.home_of(bucket), Some(BucketHome::Embedded))
}

impl Drop for LocalService {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            own.stop(self.data());
        }
    }
}

impl Own {
    /// Stops once no other command uses the service, or at Ctrl-C; a second one ends the process.
    fn stop(self, data: &Path) {
        let Self { runtime, service } = self;
        runtime.block_on(async {
            let unused = users::until_unused(data, || {
                output::note(
                    "Another command uses this service; waiting for it to end. Ctrl-C stops the \
                     service at once.",
                );
            });
            // Where nobody can listen, Ctrl-C ends the process.
            let Ok((mut interrupt, mut terminate)) = interrupt::signals() else {
                let _nobody_joins = unused.await;
                return service.stop().await;
            };
            let _nobody_joins = tokio::select! {
                alone = unused => alone,
                () = interrupt::either(&mut interrupt, &mut terminate) => None,
            };
            // Nobody is there to put them beside their reports later.
            let put_away = async {
                service.put_receipts().await;
                service.stop().await;
            };
            tokio::select! {
                () = put_away => {}
                () = interrupt::either(&mut interrupt, &mut terminate) => {
                    std::process::exit(Exit::Interrupted.number().into())
                }
            }
        });
    }
}

fn start(config: &Config) -> Result<Own, StartError> {
    let runtime = serve::runtime()?;
    let service = runtime.block_on(Service::start(config, Arc::new(SystemClock)))?;
    Ok(Own { runtime, service })
}

fn join(data: &Path) -> Result<Option<Joined>, Failure> {
    Ok(Joined::join(data).context("could not find the service that runs")?)
}
