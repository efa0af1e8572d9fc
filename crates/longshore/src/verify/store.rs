//! Finds the store that has the bucket, and the key to read it with.

use std::time::Duration;

use model::ids::BucketName;
use objects::Bucket;
use objects::connect::{Store, StoreConfig};
use objects::retrying::{Policy, RealTime, Retrying};
use station::stop::Stop;

use crate::cli::VerifyArgs;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::import::ground::Ground;
use crate::job::connection::{no_key, no_service, region};
use crate::job::credentials::{self, EndpointFrom};
use crate::settings::{self, Listen};

/// For how long to try again: a store that restarts is waited for, an object that the store cannot
/// read is not.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bucket that can be read.
pub(super) struct Reached {
    /// The bucket.
    pub(super) bucket: Box<dyn Bucket>,
    /// The service whose store has it, if it is the service's own.
    ground: Option<Ground>,
}

impl Reached {
    /// Ends what was begun.
    pub(super) fn close(self) {
        if let Some(ground) = self.ground {
            ground.close();
        }
    }
}

/// Reaches a bucket: at the endpoint that is named, else in the store of the service.
///
/// # Errors
/// If there is no such store, or no key.
pub(super) fn reach(args: &VerifyArgs, name: &BucketName, stop: &Stop) -> Result<Reached, Failure> {
    let environment = Environment::of_process();
    match endpoint(args, &environment) {
        Some(url) => {
            let store = at(url, args, &environment)?;
            let bucket = patient(&store, name, stop);
            let ground = None;
            Ok(Reached { bucket, ground })
        }
        None => of_service(args, &environment, name, stop),
    }
}

fn endpoint<'a>(args: &'a VerifyArgs, environment: &'a Environment) -> Option<&'a str> {
    args.endpoint_url
        .as_deref()
        .or_else(|| environment.text("AWS_ENDPOINT_URL_S3"))
        .or_else(|| environment.text("AWS_ENDPOINT_URL"))
}

fn at(url: &str, args: &VerifyArgs, environment: &Environment) -> Result<Store, Failure> {
    let data = environment.data_folder(args.data.data.as_deref());
    let profile = args.profile.as_deref();
    let key = credentials::find(environment, profile, data.as_deref(), EndpointFrom::User);
    let region = region(args.region.as_deref(), environment);
    let mut config = StoreConfig::new(url, region, key.map_err(no_key)?);
    config.connections = args.parallel.into();
    Store::connect(config).map_err(|error| Failure::new(crate::exit::Exit::Usage, error))
}

/// A data folder that has no key yet is not made for this.
fn of_service(
    args: &VerifyArgs,
    environment: &Environment,
    name: &BucketName,
    stop: &Stop,
) -> Result<Reached, Failure> {
    let data = settings::data_folder(environment, args.data.data.as_deref())?;
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
            bucket: patient(&store, name, stop),
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

fn patient(store: &Store, name: &BucketName, stop: &Stop) -> Box<dyn Bucket> {
    let policy = Policy {
        budget: PATIENCE,
        ..Policy::default()
    };
    let patience = Box::new(RealTime::new(stop.flag()));
    let seed = u64::from(std::process::id());
    Box::new(Retrying::new(store.bucket(name), policy, seed, patience))
}
