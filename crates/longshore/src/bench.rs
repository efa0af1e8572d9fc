//! The bays of this host: noticed, and loaded by themselves, as a command of its own and within the service.

mod listener;
mod rereading;
mod restarting;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use model::ids::{BayName, PortId};
use model::metrics_address::MetricsAddress;
use server::config::{BayConfig, BenchConfig, OnDirty, OnFailing};
use station::dock::Station;
use station::heartbeat::{Heartbeats, Origin};
use station::metrics::Observed;
use station::resident::{Bench, BenchError, NamedBay, Rules, STOP_WITHIN};
use station::watch::{HostWatch, Others, STILL_FOR, Watched};
use transfer::stop::{Halt, Stop};

use crate::cli::{InboxArgs, StationRunArgs, VERSION};
use crate::exit::{Exit, Failure};
use crate::systemd::{SignsOfLife, Systemd};
use crate::{interrupt, output, own_station};
use listener::Listener;
pub(crate) use rereading::Rereading;
use restarting::run_again;

/// How long ago all bays may have been looked after at a bench that is well: it is done twice a second.
const LOOKED_AFTER_WITHIN: Duration = Duration::from_secs(30);

/// Runs the bench of this host until SIGTERM or Ctrl-C.
///
/// # Errors
/// Why it is not run.
pub(crate) fn run(args: &StationRunArgs) -> Result<Exit, Failure> {
    let (station, mut began_with, certificate) = own_station::with_settings(&args.server)?;
    add_inboxes(&args.inbox, &mut began_with.0.bench)?;
    let settings = began_with.0.clone();
    let stop = Stop::default();
    let stopping = || Systemd::of_process().stopping(STOP_WITHIN);
    interrupt::stops_and(stop.clone(), stopping).context("could not listen for signals")?;
    output::note(&format!("Station {}: watching its bays.", station.name));
    let mut watch = host(&station, &settings.bench)?;
    let listener = Listener::open(&settings.metrics, certificate.as_ref());
    let told = listener.as_ref().and_then(Listener::told);
    let (origin, bench) = (origin(&station, told), bench(station, &settings.bench));
    bench.watch_by(watch.wanted());
    let (server, inbox) = (args.server.clone(), args.inbox.clone());
    let control = bench.station().control.clone();
    let rereading = Rereading::new(Arc::clone(&bench), began_with, move || {
        let mut read = own_station::settings_again(&server)?;
        add_inboxes(&inbox, &mut read.0.bench)?;
        control.take_token(&own_station::token_again(&server)?);
        Ok(read)
    });
    interrupt::hangs_up(move || rereading.read()).context("could not listen for signals")?;
    let observed = Observed {
        bench: Arc::clone(&bench),
        pulse: Arc::clone(&origin.pulse),
    };
    let beside = || {
        let serving = listener.and_then(|it| it.serve(observed));
        let systemd = Systemd::of_process();
        systemd.ready("Watching the bays");
        let alive = signs_of_life(systemd, &bench);
        (serving, beat(origin, &bench), alive)
    };
    bench.run(&mut watch, &stop, beside).map_err(failure)?;
    Ok(Exit::Ok)
}

/// Lets systemd start a station again whose bays nobody looks after any more.
fn signs_of_life(systemd: Systemd, bench: &Arc<Bench>) -> Option<SignsOfLife> {
    let bench = Arc::clone(bench);
    systemd.watch(move |within| bench.is_turning(within))
}

/// A bench within the service.
pub(crate) struct Running {
    stop: Stop,
    thread: JoinHandle<()>,
    observed: Arc<Observed>,
    /// Whether the bays are watched: another process may have them.
    runs: Arc<AtomicBool>,
}

impl Running {
    /// Begins to watch the bays of a station.
    ///
    /// # Errors
    /// If the system gives no thread, or does not list its devices.
    pub(crate) fn start(station: Station, settings: &BenchConfig) -> Result<Self, Failure> {
        let stop = Stop::default();
        let mut watch = host(&station, settings)?;
        let (origin, stopped) = (origin(&station, None), stop.clone());
        let bench = bench(station, settings);
        bench.watch_by(watch.wanted());
        let runs = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&runs);
        let observed = Arc::new(Observed {
            bench: Arc::clone(&bench),
            pulse: Arc::clone(&origin.pulse),
        });
        let builder = std::thread::Builder::new().name("bench".into());
        let thread = builder.spawn(move || {
            run_again(&stopped, &seen, || {
                let beating = || {
                    seen.store(true, Ordering::Relaxed);
                    beat(origin.clone(), &bench)
                };
                bench.run(&mut watch, &stopped, beating)
            });
        });
        let thread = thread.context("could not start a thread")?;
        Ok(Self {
            stop,
            thread,
            observed,
            runs,
        })
    }

    /// The bench itself.
    pub(crate) fn bench(&self) -> Arc<Bench> {
        Arc::clone(&self.observed.bench)
    }

    /// Its figures.
    pub(crate) fn observed(&self) -> Arc<Observed> {
        Arc::clone(&self.observed)
    }

    /// What says whether its bays are watched, and were looked after lately.
    pub(crate) fn is_well(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let (runs, bench) = (Arc::clone(&self.runs), self.bench());
        move || runs.load(Ordering::Relaxed) && bench.is_turning(LOOKED_AFTER_WITHIN)
    }

    /// Stops it in order.
    pub(crate) fn stop(self) {
        self.stop.halt(Halt::Interrupted);
        // What it panicked with has been printed.
        let _ = self.thread.join();
    }
}

/// Has folders that were named be bays, and only them if no bay has a name yet.
///
/// # Errors
/// If one is none.
pub(crate) fn add_inboxes(args: &InboxArgs, settings: &mut BenchConfig) -> Result<(), Failure> {
    for folder in &args.inbox {
        let name = inbox_name(settings);
        let ports = vec![inbox_port(folder)?];
        settings.bays.push(BayConfig { name, ports });
        settings.enabled = true;
    }
    Ok(())
}

fn inbox_port(folder: &Path) -> Result<PortId, Failure> {
    let path = std::fs::canonicalize(folder);
    let path = path.with_context(|| format!("could not open the folder `{}`", folder.display()))?;
    if !path.is_dir() {
        return Err(Failure::usage(format!(
            "`{}` is no folder",
            folder.display()
        )));
    }
    let text = path.to_str().map(|path| format!("folder:{path}"));
    text.and_then(|text| PortId::new(text).ok()).ok_or_else(|| {
        let message = format!("the name of `{}` cannot be that of a bay", folder.display());
        Failure::usage(message)
    })
}

/// A name that no bay has.
fn inbox_name(settings: &BenchConfig) -> BayName {
    let names = (1_u32..).map(|number| match number {
        1 => "inbox".to_owned(),
        _ => format!("inbox-{number}"),
    });
    let mut names = names.filter_map(|name| BayName::new(name).ok());
    let is_free = |name: &BayName| !settings.bays.iter().any(|bay| bay.name == *name);
    names.find(is_free).expect("numbers do not end")
}

/// The bench of a station, as the settings say.
fn bench(station: Station, settings: &BenchConfig) -> Arc<Bench> {
    Bench::new(Arc::new(station), named_bays(settings), rules(settings))
}

fn named_bays(settings: &BenchConfig) -> Vec<NamedBay> {
    let named = settings.bays.iter().map(|bay| NamedBay {
        name: bay.name.clone(),
        ports: bay.ports.clone(),
    });
    named.collect()
}

fn rules(settings: &BenchConfig) -> Rules {
    Rules {
        auto_load: settings.auto_load,
        loads_at_once: usize::try_from(settings.loads_at_once).unwrap_or(usize::MAX),
        settle: Duration::from_secs(settings.settle_seconds.into()),
        hold_dirty: settings.on_dirty == OnDirty::Hold,
        bad_limit: settings.bad_limit.into(),
        hold_failing: settings.on_failing == OnFailing::Hold,
    }
}

/// Who sends the heartbeats of a station, and where others find its figures.
fn origin(station: &Station, metrics: Option<MetricsAddress>) -> Origin {
    Origin {
        station: station.name.clone(),
        release: VERSION.to_owned(),
        folder: station.folder.clone(),
        control: station.control.clone(),
        clock: Arc::clone(&station.clock),
        metrics,
        pulse: Arc::default(),
        resources: Arc::clone(&station.resources),
    }
}

/// Begins to send heartbeats. A station that cannot goes on loading: nobody sees its bays from afar, and its leases are
/// renewed one by one.
fn beat(origin: Origin, bench: &Arc<Bench>) -> Option<Heartbeats> {
    let heart: Arc<Bench> = Arc::clone(bench);
    let begun = Heartbeats::start(origin, heart);
    let told = |error: std::io::Error| tracing::error!(%error, "no heartbeats are sent");
    begun.map_err(told).ok()
}

/// What watches for devices of this host.
///
/// # Errors
/// If its block devices cannot be listed.
fn host(station: &Station, settings: &BenchConfig) -> Result<HostWatch, Failure> {
    let ports = settings.bays.iter().flat_map(|bay| bay.ports.clone());
    let watch = HostWatch::new(Watched {
        ports: ports.collect(),
        others: match settings.bays.is_empty() {
            true => Others::TakeNew,
            false => Others::LeaveAlone,
        },
        needed: vec![station.folder.clone()],
        still_for: STILL_FOR,
        kept: Some(station.folder.join("taken")),
    });
    Ok(watch.context("could not list the devices of this host")?)
}

/// A bench that is not run, in the user's terms.
fn failure(error: BenchError) -> Failure {
    let (exit, hint) = match &error {
        BenchError::Taken(_) => (
            Exit::Refused,
            "does the service itself watch them (`bench` in `[station]`), or another `longshore station run`?",
        ),
        BenchError::Folder { .. } => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}

#[cfg(test)]
#[path = "bench_tests.rs"]
mod tests;
