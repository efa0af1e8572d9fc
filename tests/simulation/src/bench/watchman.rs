//! A process that watches the sockets of a host, from its start until it is stopped or killed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use disks::sandbox::Launcher;
use model::bay::{BayName, BayStatus};
use model::ids::OrderId;
use model::order::OrderVerb;
use model::signature::SignatureFile;
use model::time::ManualClock;
use station::control::Control;
use station::dock::Station;
use station::heartbeat::{Heartbeats, Origin, Pulse};
use station::resident::{Bench, NotDone, Rules};
use transfer::resources::Resources;
use transfer::stop::{Halt, Stop};

use super::ears::Ears;
use super::sockets::{Doors, Eyes, Slots, Ways};
use crate::attempt::Attempt;
use crate::crash::Logs;
use crate::network::Network;
use crate::services::ServiceLine;
use crate::store::Line;
use crate::trouble::Trouble;
use crate::yard::Yard;

/// How a bench goes about it.
const RULES: Rules = Rules {
    auto_load: true,
    loads_at_once: 2,
    settle: Duration::from_millis(20),
    hold_dirty: false,
    bad_limit: 16,
    hold_failing: false,
};

/// A process.
pub(super) struct Watchman {
    attempt: Arc<Attempt>,
    bench: Arc<Bench>,
    ears: Arc<Ears>,
    network: Network,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    /// Whether it is stopped at the next occasion.
    pub(super) is_to_stop: bool,
}

impl Watchman {
    /// Starts one at a host, with this number and trouble.
    pub(super) fn start(
        yard: &Yard,
        host: usize,
        slots: &Arc<Slots>,
        ways: Ways,
        (number, trouble): (u32, Trouble),
    ) -> Self {
        let attempt = super::attempt(yard, number, trouble);
        let host = &yard.hosts[host];
        attempt.note(format_args!("the bench of {}: {trouble:?}", host.name));
        for sent in ways.values() {
            attempt.rescues_in(host.folder.join("jobs").join(sent.job.as_str()));
        }
        let network = Network::new(Arc::clone(&yard.server), Arc::clone(&attempt));
        let station = Station {
            name: host.name.clone(),
            control: Control::new(&network.url(), &host.token),
            folder: host.folder.clone(),
            settings: yard.settings,
            resources: Arc::new(Resources::new(&yard.settings)),
            clock: Arc::<ManualClock>::clone(&yard.clock),
            stores: Arc::new(Line {
                buckets: yard.stock.buckets.clone(),
                attempt: Arc::clone(&attempt),
            }),
            services: Arc::new(ServiceLine::new(
                yard.stock.services.clone(),
                Arc::clone(&attempt),
            )),
            devices: Arc::new(Doors {
                slots: Arc::clone(slots),
                ways,
                attempt: Arc::clone(&attempt),
            }),
            logs: Arc::new(Logs::new(Arc::clone(&attempt))),
            launcher: Launcher::Thread,
        };
        let bench = Bench::new(Arc::new(station), Vec::new(), RULES);
        let ears = Arc::new(Ears::of(&bench, &attempt));
        let stop = Stop::default();
        let thread = run((&bench, &ears), Arc::clone(slots), &stop, &attempt);
        Self {
            attempt,
            bench,
            ears,
            network,
            stop,
            thread: Some(thread),
            is_to_stop: false,
        }
    }

    /// How its bays are.
    pub(super) fn statuses(&self) -> Vec<BayStatus> {
        self.bench.statuses()
    }

    /// What a person wants of a bay.
    pub(super) fn order(&self, verb: OrderVerb, bay: &BayName) -> Result<(), NotDone> {
        self.bench.order(verb, bay.clone())
    }

    /// The sheet that came with what is in a bay.
    pub(super) fn present(&self, sheet: SignatureFile, bay: &BayName) -> Result<(), NotDone> {
        self.bench.present(sheet, bay.clone())
    }

    /// The orders from afar that it carried out.
    pub(super) fn carried_out(&self) -> BTreeSet<OrderId> {
        self.ears.carried_out()
    }

    /// Whether it was killed, or is to end.
    pub(super) fn is_over(&self) -> bool {
        self.is_to_stop || self.attempt.is_dead() || self.attempt.stop.is_set()
    }

    /// Ends it in order, unless it was killed; says whether it was.
    pub(super) fn end(&mut self) -> bool {
        self.stop.halt(Halt::Interrupted);
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                self.attempt.diary.violation("the bench has panicked");
            }
            self.network.deliver_late();
            self.attempt.forget_what_was_rescued();
        }
        self.attempt.is_dead()
    }
}

/// Runs a bench, which is heard by heartbeats as long as it runs. All hosts of a run are one process: what one of them starts has all open files of the others for a moment,
/// and with them the lock of this one, until it is the program it is to be.
fn run(
    (bench, ears): (&Arc<Bench>, &Arc<Ears>),
    slots: Arc<Slots>,
    stop: &Stop,
    attempt: &Arc<Attempt>,
) -> JoinHandle<()> {
    let (bench, stop, attempt) = (Arc::clone(bench), stop.clone(), Arc::clone(attempt));
    let mut eyes = Eyes::on(slots);
    let (origin, ears) = (origin(bench.station()), Arc::clone(ears));
    thread::spawn(move || {
        let beat = || {
            let ears = Arc::clone(&ears);
            Heartbeats::start(origin.clone(), ears).expect("a thread can be had")
        };
        for _ in 0..100 {
            match bench.run(&mut eyes, &stop, beat) {
                Ok(()) => return,
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
        attempt.diary.violation("the bench cannot be run");
    })
}

fn origin(station: &Station) -> Origin {
    Origin {
        station: station.name.clone(),
        release: "0.0.0".to_owned(),
        folder: station.folder.clone(),
        control: station.control.clone(),
        clock: Arc::clone(&station.clock),
        metrics: None,
        pulse: Arc::new(Pulse::default()),
        resources: Arc::clone(&station.resources),
    }
}
