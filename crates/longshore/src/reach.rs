//! Finds the store that has the buckets a command reads, and the key to read them with.

use std::time::Duration;

use model::ids::BucketName;
use objects::Bucket;
use objects::connect::{Store, StoreConfig};
use objects::retrying::{Policy, RealTime, Retrying};
use station::stop::Stop;

use crate::cli::{DataArgs, ReachArgs};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::import::ground::Ground;
use crate::job::connection::{no_key, no_service, region};
use crate::job::credentials::{self, EndpointFrom};
use crate::settings::{self, Listen};

/// For how long to try again: a store that restarts is waited for, an object that the store cannot
/// read is not.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store whose buckets can be read.
pub(crate) struct Reached {
    store: Store,
    /// The service whose store it is, if it is the service's own.
    ground: Option<Ground>,
}

impl Reached {
    /// Reaches a store: at the endpoint that is named, else that of the service.
    ///
    /// # Errors
    /// If there is no such store, or no key.
    pub(crate) fn open(args: &ReachArgs, data: &DataArgs) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        match endpoint(args, &environment) {
            Some(url) => Ok(Self {
                store: at(url, args, data, &environment)?,
                ground: None,
            }),
            None => of_service(data, &environment),
        }
    }

    /// One of its buckets. Nothing is asked before its first call.
    pub(crate) fn bucket(&self, name: &BucketName, stop: &Stop) -> Box<dyn Bucket> {
        let policy = Policy {
            budget: PATIENCE,
            ..Policy::default()
        };
        let patience = Box::new(RealTime::new(stop.flag()));
        let seed = u64::from(std::process::id());
        Box::new(Retrying::new(
            self.store.bucket(name),
            policy,
            seed,
            patience,
        ))
    }

    /// Ends what was begun.
    pub(crate) fn close(self) {
        if let Some(ground) = self.ground {
            ground.close();
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
    let mut config = StoreConfig::new(url, region, key.map_err(no_key)?);
    config.connections = args.parallel.into();
    Store::connect(config).map_err(|error| Failure::new(crate::exit::Exit::Usage, error))
}

/// A data folder that has no key yet is not made for this.
fn of_service(data: &DataArgs, environment: &Environment) -> Result<Reached, Failure> {
    let data = settings::data_folder(environment, data.data.as_deref())?;
    if !server::data_dir::credentials_path(&data).is_file() {
        return Err(nowhere(&data));
    }
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = Listen {
        api: Some(any_port),
        s3: Some(any_port),
    };
    let ground = Ground::open(settings::load(None, Some(&data), listen)?)?;
    match ground.embedded_store() {
        Ok(Some(store)) => Ok(Reached {
            store,
            ground: Some(ground),
        }),
        other => {
            ground.close();
            Err(other.err().unwrap_or_else(|| nowhere(&data)))
        }
    }
}

fn nowhere(data: &std::path::Path) -> Failure {
    no_service(Some(data)).hint(
        "name the store that has the bucket, --endpoint-url; or the service's data folder, --data",
    )
}
