//! What all jobs of a run share, and how one device is docked in it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use disks::sandbox::Launcher;
use model::control::{ClaimAnswer, ClaimRequest};
use model::time::ManualClock;
use station::control::Control;
use station::dock::{DockError, Done, Station};
use transfer::resources::Resources;
use transfer::settings::Settings;

use crate::attempt::{Attempt, Meddling};
use crate::chance::Chance;
use crate::consignment::Consignment;
use crate::crash::Logs;
use crate::diary::Diary;
use crate::host::Host;
use crate::network::Network;
use crate::service::{LEASE_SECONDS, Server};
use crate::services::ServiceLine;
use crate::stock::Stock;
use crate::store::Line;
use crate::trouble::Trouble;

/// Times a device is docked whose job's lock seems taken.
const BUSY_TRIES: u32 = 100;

/// Server, hosts and stores.
pub struct Yard {
    /// The seed's.
    pub chance: Chance,
    /// Where all is told.
    pub diary: Arc<Diary>,
    /// What time it is.
    pub clock: Arc<ManualClock>,
    /// The server.
    pub server: Arc<Server>,
    /// The hosts with devices.
    pub hosts: Vec<Arc<Host>>,
    /// How hard stations work.
    pub settings: Settings,
    /// Buckets and services.
    pub stock: Stock,
}

/// How a device is docked.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The number of the attempt, which no other of the run has.
    pub number: u32,
    /// At which host.
    pub host: usize,
    /// Which host takes the job over meanwhile, if one does.
    pub other: usize,
    /// What goes wrong.
    pub trouble: Trouble,
}

/// How an attempt ended.
pub struct Ended {
    /// What the station says.
    pub result: Result<Done, DockError>,
    /// The attempt.
    pub attempt: Arc<Attempt>,
    /// Where it was.
    pub host: usize,
}

impl Yard {
    /// Docks a device. If that is held up and the lease lapses meanwhile, the device is docked elsewhere as
    /// `second`, and then the first goes on.
    #[must_use]
    pub fn dock(&self, consignment: &Consignment, first: Call, second: Call) -> Vec<Ended> {
        if first.trouble.pause.is_none() {
            return vec![self.attempt(consignment, &self.begin(consignment, first))];
        }
        let begun = self.begin(consignment, first);
        thread::scope(|scope| {
            let held_up = scope.spawn(|| {
                let ended = self.attempt(consignment, &begun);
                begun.attempt.gate.open();
                ended
            });
            let mut ended = Vec::new();
            if begun.attempt.gate.until_shut() {
                ended.push(self.take_over(consignment, &begun, second));
            }
            begun.attempt.gate.open();
            ended.push(held_up.join().expect("its panic is told already"));
            ended
        })
    }

    /// Docks a device at another host while the first is held up.
    fn take_over(&self, consignment: &Consignment, first: &Begun, second: Call) -> Ended {
        self.clock.advance(i64::from(LEASE_SECONDS) + 1);
        let is_moved = first.attempt.chance.of("moved").one_in(2);
        if is_moved || !consignment.shipment.is_shared() {
            first.attempt.note("the device is taken elsewhere");
            first.attempt.unplug();
        }
        if first.attempt.chance.of("formatted").one_in(2) {
            consignment.shipment.format();
        }
        self.attempt(consignment, &self.begin(consignment, second))
    }

    fn begin(&self, consignment: &Consignment, call: Call) -> Begun {
        let attempt = Arc::new(Attempt::new(
            call.number,
            consignment.chance.of(("attempt", call.number)),
            call.trouble,
            Arc::clone(&self.diary),
            self.meddler(consignment, call.other),
        ));
        Begun {
            attempt,
            host: call.host,
        }
    }

    fn attempt(&self, consignment: &Consignment, begun: &Begun) -> Ended {
        let (attempt, host) = (&begun.attempt, &self.hosts[begun.host]);
        attempt.note(format_args!(
            "job {} at {}: {:?}",
            consignment.job, host.name, attempt.trouble
        ));
        let network = Network::new(Arc::clone(&self.server), Arc::clone(attempt));
        let station = self.station(consignment, attempt, host, &network);
        let result = dock_patiently(consignment, &station, attempt);
        match &result {
            Ok(done) => attempt.note(format_args!("done: {:?}", done.tally)),
            Err(error) => attempt.note(format_args!("ended: {}", chain(error))),
        }
        attempt.note(format_args!("took {} steps", attempt.steps()));
        if let Ok(done) = &result {
            self.check_lease(consignment, done);
        }
        network.deliver_late();
        Ended {
            result,
            attempt: Arc::clone(attempt),
            host: begun.host,
        }
    }

    fn station(
        &self,
        consignment: &Consignment,
        attempt: &Arc<Attempt>,
        host: &Host,
        network: &Network,
    ) -> Station {
        Station {
            name: host.name.clone(),
            control: Control::new(&network.url(), &host.token),
            folder: host.folder.clone(),
            settings: self.settings,
            resources: Arc::new(Resources::new(&self.settings)),
            clock: Arc::<ManualClock>::clone(&self.clock),
            stores: Arc::new(Line {
                buckets: self.stock.buckets.clone(),
                attempt: Arc::clone(attempt),
            }),
            services: Arc::new(ServiceLine::new(
                self.stock.services.clone(),
                Arc::clone(attempt),
            )),
            devices: consignment.shipment.devices(attempt),
            logs: Arc::new(Logs::new(Arc::clone(attempt))),
            launcher: Launcher::Thread,
        }
    }

    /// Only who holds the lease ends a job: whoever claimed it last.
    fn check_lease(&self, consignment: &Consignment, done: &Done) {
        let lease = self.server.lease(consignment.job);
        let last = lease.map(|lease| lease.attempt);
        if last != Some(done.attempt) {
            self.diary.violation(format_args!(
                "attempt {} of job {} finished it, and {last:?} has its lease",
                done.attempt, consignment.job
            ));
        }
    }

    /// Does what others do in the middle of an attempt.
    fn meddler(
        &self,
        consignment: &Consignment,
        other: usize,
    ) -> impl Fn(Meddling) + Send + Sync + use<> {
        let (server, clock) = (Arc::clone(&self.server), Arc::clone(&self.clock));
        let (host, diary) = (Arc::clone(&self.hosts[other]), Arc::clone(&self.diary));
        let job = consignment.job;
        let signature = STANDARD.encode(&consignment.signature);
        move |meddling| match meddling {
            Meddling::Usurp => {
                clock.advance(i64::from(LEASE_SECONDS) + 1);
                let control = Control::new(&format!("http://{}", server.address()), &host.token);
                let answer = control.claim(&ClaimRequest {
                    signature_file: Some(signature.clone()),
                    ..ClaimRequest::new(host.name.clone(), "/dev/other".to_owned())
                });
                let is_granted = matches!(answer, Ok(ClaimAnswer::Granted(_)));
                diary.note(format_args!("{} usurps the lease: {is_granted}", host.name));
            }
            Meddling::Cancel => {
                let is_canceled = server.cancel(job);
                diary.note(format_args!("the customer cancels: {is_canceled}"));
            }
        }
    }
}

/// Docks a device, again if the station's lock of the job seems taken. All hosts of a run are one process: what
/// one of them starts has all open files of the others for a moment, until it is the program it is to be.
fn dock_patiently(
    consignment: &Consignment,
    station: &Station,
    attempt: &Arc<Attempt>,
) -> Result<Done, DockError> {
    let mut tries = 0;
    loop {
        match consignment.shipment.dock(station, attempt) {
            Err(DockError::Busy(_)) if tries < BUSY_TRIES => {
                tries += 1;
                thread::sleep(Duration::from_millis(20));
            }
            docked => return docked,
        }
    }
}

/// An attempt before its device is docked.
struct Begun {
    attempt: Arc<Attempt>,
    host: usize,
}

/// An error and all that caused it, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
