//! `longshore serve`: runs the whole service until it is told to stop.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use model::time::SystemClock;
use server::config::{Config, ShippingAddress};
use server::data_dir::{self, DataDirError};
use server::jobstore::JobStoreError;
use server::service::{RunningService, Service, StartError};
use station::resident::STOP_WITHIN;
use tokio::runtime::{Handle, Runtime};

use crate::bench::Rereading;
use crate::cli::{LogArgs, ServeArgs};
use crate::exit::{Exit, Failure};
use crate::settings::{self, Listen};
use crate::systemd::{SignsOfLife, Systemd};
use crate::{bench, interrupt, log, output, own_station};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// Why it did not start.
pub(crate) fn run(args: &ServeArgs, log: &LogArgs) -> Result<Exit, Failure> {
    let listen = Listen {
        api: args.listen,
        s3: args.s3_listen,
        console: args.console_listen,
    };
    let (file, data, inbox) = (
        args.config.clone(),
        args.data.data.clone(),
        args.inbox.clone(),
    );
    let read = move || {
        let mut config = settings::load(file.as_deref(), data.as_deref(), listen)?;
        bench::add_inboxes(&inbox, &mut config.station.bench)?;
        Ok(config)
    };
    let config = read()?;
    log::start(log, config.log)?;
    let runtime = runtime().map_err(not_started)?;
    runtime.block_on(serve(&config, read))
}

async fn serve(
    config: &Config,
    read: impl Fn() -> Result<Config, Failure> + Send + 'static,
) -> Result<Exit, Failure> {
    // Before the start, so that no signal finds nobody listening.
    let (mut interrupt, mut terminate) =
        interrupt::signals().context("could not listen for signals")?;
    let service = Service::start(config, Arc::new(SystemClock))
        .await
        .map_err(not_started)?;
    interrupt::renews(service.renewal()).context("could not listen for signals")?;
    let link = match io::stdout().is_terminal() {
        true => service.console_link().await,
        // Nobody else is to find a way in in a log.
        false => None,
    };
    output::data(&places(config, &service, link.as_deref()))?;
    if config.jobs.shipping_address == ShippingAddress::default() {
        output::note(
            "Note: `[jobs] shipping_address` is not set, so labels and packing slips tell customers to ask \
             for it.",
        );
    }
    let bench = match bench_of(config, &service) {
        Ok(bench) => bench,
        Err(failure) => {
            service.stop().await;
            return Err(failure);
        }
    };
    if let Some(bench) = &bench {
        reread(bench, config, read)?;
    }
    let systemd = Systemd::of_process();
    systemd.ready(&format!("Serving at {}", service.outside.api));
    let _alive = signs_of_life(Systemd::of_process(), bench.as_ref());
    interrupt::either(&mut interrupt, &mut terminate).await;
    output::note("Stopping in order; once more stops at once.");
    systemd.stopping(stop_within(config));
    // Its leases are given back while there is somebody to give them to.
    let stop = async {
        if let Some(bench) = bench {
            let _panicked = tokio::task::spawn_blocking(|| bench.stop()).await;
        }
        service.stop().await;
    };
    tokio::select! {
        () = stop => Ok(Exit::Ok),
        () = interrupt::either(&mut interrupt, &mut terminate) => {
            std::process::exit(Exit::Interrupted.number().into())
        }
    }
}

/// Has SIGHUP read the settings of the bench again.
fn reread(
    bench: &bench::Running,
    config: &Config,
    read: impl Fn() -> Result<Config, Failure> + Send + 'static,
) -> Result<(), Failure> {
    let all = |config: Config| (config.station.clone(), Some(config));
    let rereading = Rereading::new(bench.bench(), all(config.clone()), move || read().map(all));
    let begun = interrupt::hangs_up(move || rereading.read());
    Ok(begun.context("could not listen for signals")?)
}

/// Lets systemd start a service again whose threads are all stuck, or whose bays nobody looks after any more.
fn signs_of_life(systemd: Systemd, bench: Option<&bench::Running>) -> Option<SignsOfLife> {
    let runtime = Handle::current();
    let bench = bench.map(bench::Running::bench);
    systemd.watch(move |within| {
        let turned = async { tokio::time::timeout(within, tokio::spawn(async {})).await };
        runtime.block_on(turned).is_ok()
            && bench.as_ref().is_none_or(|bench| bench.is_turning(within))
    })
}

/// How long what runs may take to end: the bench, then the service.
fn stop_within(config: &Config) -> Duration {
    let service = Duration::from_secs(config.server.shutdown_seconds.into());
    match config.station.bench.enabled {
        true => service + STOP_WITHIN,
        false => service,
    }
}

/// The bench of the service's own station, if it has one.
fn bench_of(config: &Config, service: &RunningService) -> Result<Option<bench::Running>, Failure> {
    let settings = &config.station.bench;
    if !settings.enabled {
        return Ok(None);
    }
    let station = own_station::at_service(&service.endpoints, &config.server.data)?;
    let bench = bench::Running::start(station, settings)?;
    let observed = bench.observed();
    service.tell_beside(move || observed.page());
    service.look_at_bench(bench.is_well());
    Ok(Some(bench))
}

/// Where everything is.
fn places(config: &Config, service: &RunningService, link: Option<&str>) -> String {
    let data = &config.server.data;
    let key = data_dir::credentials_path(data);
    let health = format!("{}/health", service.outside.api);
    let key = match service.first_key {
        Some(_) => key.display().to_string(),
        None => "none in force; `longshore key create` makes one".to_owned(),
    };
    output::fields([
        ("Import/Export API", Some(service.outside.api.as_str())),
        ("  for clients", config.server.public_url.as_deref()),
        ("S3 store", service.outside.s3.as_deref()),
        ("Console", service.outside.console.as_deref()),
        ("  let in once", link),
        ("Health", Some(health.as_str())),
        ("Credentials", Some(key.as_str())),
        ("Data folder", Some(data.display().to_string().as_str())),
    ])
}

/// A runtime for a service.
///
/// # Errors
/// If the system gives no threads.
pub(crate) fn runtime() -> Result<Runtime, StartError> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    built.map_err(|source: io::Error| StartError::File {
        path: "/proc/self/task".into(),
        source,
    })
}

/// A service that did not start, in the user's terms.
pub(crate) fn not_started(error: StartError) -> Failure {
    let (exit, hint) = match &error {
        StartError::DataDir(DataDirError::InUse { .. }) => (
            Exit::Error,
            "one service has a data folder at a time; stop it, or name another --data",
        ),
        StartError::Listen { .. } => (
            Exit::Error,
            "is a service running there already? `--listen 127.0.0.1:0` takes any port",
        ),
        StartError::DiskFull { .. } => (
            Exit::Unavailable,
            "make room for some MiB on that disk, and start again",
        ),
        StartError::StationName { .. } => (
            Exit::Error,
            "give this host another name with `name` under `[station]` in its settings; or, if the other is gone, start again in \
             a minute or `longshore station revoke` it at another server",
        ),
        StartError::JobStore(JobStoreError::Unavailable(_)) => (Exit::Unavailable, ""),
        _ => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}
