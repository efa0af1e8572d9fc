//! Finds the store that has the buckets a command reads, and the key to read them with.

use std::time::Duration;

use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::sign::Credentials;
use model::ids::BucketName;
use objectstore::connect::Store;
use objectstore::object::ListedBucket;
use objectstore::retrying::Retrying;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket, StoreError};
use server::config::{BucketHome, Config, StoreConfig as ServiceStore};
use server::data_dir;
use transfer::stop::Stop;

use crate::cli::{DataArgs, ReachArgs};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::job::connection::{no_key, no_service, region};
use crate::job::credentials::{self, EndpointFrom};
use crate::local_service::LocalService;
use crate::settings::{self, Listen};

/// For how long to try again: a store that restarts is waited for, an object that the store cannot
/// read is not.
const RETRY_BUDGET: Duration = Duration::from_secs(60);

/// Stores whose buckets can be read.
pub(crate) enum ReachableStore {
    /// One that was named.
    Named(Store),
    /// Those of a service.
    OfService(Box<OfService>),
}

/// The stores of a service.
pub(crate) struct OfService {
    local: LocalService,
    config: Config,
    /// Its own, if it has one.
    embedded: Option<Store>,
    /// Those of its settings, in their order.
    configured: Vec<Store>,
}

impl OfService {
    fn store_of(&self, bucket: &BucketName) -> Option<&Store> {
        let place = |home: &ServiceStore| self.config.stores.iter().position(|s| s == home);
        match self.config.home_of(bucket) {
            Some(BucketHome::Store(home)) => self.configured.get(place(home)?),
            // A store that does not have it says so.
            Some(BucketHome::Embedded) | None => self.embedded.as_ref().or(self.configured.first()),
        }
    }
}

impl ReachableStore {
    /// Reaches a store: at the endpoint that is named, else that of the service.
    ///
    /// # Errors
    /// If there is no such store, or no key.
    pub(crate) fn open(args: &ReachArgs, data: &DataArgs) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        match endpoint(args, &environment) {
            Some(url) if args.config.is_none() => {
                at(url, args, data, &environment).map(Self::Named)
            }
            _ => of_service(args, data, &environment),
        }
    }

    /// One of its buckets. Nothing is asked before its first call.
    ///
    /// # Errors
    /// If no store can have it.
    pub(crate) fn bucket(
        &self,
        name: &BucketName,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, Failure> {
        let store = match self {
            Self::Named(store) => Some(store),
            Self::OfService(service) => service.store_of(name),
        };
        let store = store.ok_or_else(|| {
            let message = format!("no store of the service has the bucket `{name}`");
            Failure::new(Exit::Unavailable, anyhow::Error::msg(message))
                .hint("name the store that has it, --endpoint-url")
        })?;
        let policy = RetryPolicy {
            budget: RETRY_BUDGET,
            ..RetryPolicy::default()
        };
        let seed = u64::from(std::process::id());
        let retry = Retry::new(policy, seed, Box::new(RealTime::new(stop.flag())));
        Ok(Box::new(Retrying::new(store.bucket(name), retry)))
    }

    /// The buckets of the store, or of all stores of the service, each where the service has it.
    ///
    /// # Errors
    /// A store's.
    pub(crate) fn buckets(&self) -> Result<Vec<ListedBucket>, StoreError> {
        let service = match self {
            Self::Named(store) => return store.buckets(),
            Self::OfService(service) => service,
        };
        let mut found = Vec::new();
        for store in service.embedded.iter().chain(&service.configured) {
            let here = |bucket: &ListedBucket| {
                let home = service.store_of(&bucket.name);
                home.is_some_and(|home| std::ptr::eq(home, store))
            };
            found.extend(store.buckets()?.into_iter().filter(here));
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Ends what was begun.
    pub(crate) fn close(self) {
        if let Self::OfService(service) = self {
            service.local.close();
        }
    }
}

fn endpoint<'a>(args: &'a ReachArgs, environment: &'a Environment) -> Option<&'a str> {
    args.endpoint_url
        .as_deref()
        .or_else(|| environment.text("AWS_ENDPOINT_URL_S3"))
        .or_else(|| environment.text("AWS_ENDPOINT_URL"))
}

fn at(
    url: &str,
    args: &ReachArgs,
    data: &DataArgs,
    environment: &Environment,
) -> Result<Store, Failure> {
    let data = environment.data_folder(data.data.as_deref());
    let profile = args.profile.as_deref();
    let key = credentials::find(environment, profile, data.as_deref(), EndpointFrom::User);
    let region = region(args.region.as_deref(), environment);
    let mut config = ServiceConfig::new(url, region, key.map_err(no_key)?);
    config.connections = args.parallel.into();
    config.surroundings = environment.surroundings();
    Store::connect(&config, Addressing::Path).map_err(|error| Failure::new(Exit::Usage, error))
}

/// A data folder that has no key yet is not made for this.
fn of_service(
    args: &ReachArgs,
    data: &DataArgs,
    environment: &Environment,
) -> Result<ReachableStore, Failure> {
    let data = settings::data_folder(environment, data.data.as_deref())?;
    if !data_dir::credentials_path(&data).is_file() {
        return Err(nowhere(&data));
    }
    let listen = Listen::any_port();
    let running = data_dir::read_endpoints(&data).ok().flatten();
    let file = args
        .config
        .clone()
        .or(running.and_then(|running| running.config));
    let config = settings::load(file.as_deref(), Some(&data), listen)?;
    let local = LocalService::open(config.clone())?;
    let stores = local
        .embedded_store()
        .and_then(|embedded| Ok((embedded, configured(&config, args.parallel.into())?)));
    match stores {
        Ok((embedded, configured)) if embedded.is_some() || !configured.is_empty() => {
            Ok(ReachableStore::OfService(Box::new(OfService {
                local,
                config,
                embedded,
                configured,
            })))
        }
        other => {
            local.close();
            Err(other.err().unwrap_or_else(|| nowhere(&data)))
        }
    }
}

/// The stores of the settings. Nothing is sent.
fn configured(config: &Config, connections: usize) -> Result<Vec<Store>, Failure> {
    let surroundings = config.network.surroundings();
    let stores = config.stores.iter().map(|store| {
        let mut access = store.access();
        config.network.add_way(&mut access, &store.way);
        let access_key_id = AccessKeyId::parse(&access.access_key_id)
            .ok_or_else(|| Failure::usage(format!("`{}` is not an access key id", store.name)))?;
        let credentials = Credentials {
            access_key_id,
            secret: store.secret_access_key.clone(),
            session_token: None,
        };
        let mut way = ServiceConfig::new(&*access.endpoint, &*access.region, credentials);
        way.connections = connections;
        let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
        way.surroundings = surroundings.of_service(proxy, certificates);
        let addressing = Addressing::of(store.path_style);
        Store::connect(&way, addressing).map_err(|error| Failure::new(Exit::Usage, error))
    });
    stores.collect()
}

fn nowhere(data: &std::path::Path) -> Failure {
    no_service(Some(data)).hint(
        "name the store that has the bucket, --endpoint-url; or the service's data folder, --data",
    )
}
