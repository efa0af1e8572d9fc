//! What the server is told of a device while it is here, for the receipt of its job: that it is docked and protected, how it
//! says that it is, before and after, what was found on it, and that it was let go.
//!
//! Nothing of it holds a docking up, and none fails for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use disks::facts;
use model::control::Claim;
use model::device::Connector;
use model::handling::{DeviceHealth, EncryptedDevice, Handling, UnlockedVolume};
use model::proof::Attempt;
use rustix::fs::StatVfsMountFlags;

use super::tellings::Tellings;
use super::vitals::Vitals;
use super::{Docking, Station, View};
use crate::devices::Devices;
use transfer::progress::Progress;
use transfer::stop::Stop;

/// How long a device may take to say how it is once it is loaded.
const HEALTH_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked whether the whole device was walked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long it is waited for what was said before, so that the receipt has it in its order. A server that does not answer
/// is not waited for any longer.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// A device that is here.
pub(super) struct Handled {
    tellings: Tellings,
    /// Where it is mounted, if it is.
    mounted: Option<PathBuf>,
    /// Which device can be asked how it is, and what it said before.
    asked: Option<(Examinee, Receiver<DeviceHealth>)>,
    /// Where it is kept what it says.
    vitals: Arc<Vitals>,
    is_planned: AtomicBool,
}

/// A device that can be asked how it is.
#[derive(Clone)]
struct Examinee {
    devices: Arc<dyn Devices>,
    path: PathBuf,
    connector: Connector,
}

impl Examinee {
    fn of(station: &Station, device: &Path, view: &View<'_>) -> Option<Self> {
        match view {
            View::Raw(_) | View::Fill(_) => {}
            View::Mounted(_) | View::Journal => return None,
        }
        let connector = facts::attached(device)?.connector?;
        (connector != Connector::Image).then(|| Self {
            devices: Arc::clone(&station.devices),
            path: device.to_owned(),
            connector,
        })
    }

    /// Asks on a thread of its own, which is left alone with a device that does not answer; `then` is told what it says.
    /// While it is waited for an answer nothing is asked.
    fn ask(&self, vitals: &Arc<Vitals>, then: impl FnOnce(DeviceHealth) + Send + 'static) {
        if !vitals.may_be_asked() {
            return;
        }
        let (asked, vitals) = (self.clone(), Arc::clone(vitals));
        let begun = std::thread::Builder::new()
            .name("health".into())
            .spawn(move || {
                let health = asked.devices.health(&asked.path, asked.connector);
                vitals.answered(health.clone());
                if let Some(health) = health {
                    then(health);
                }
            });
        if let Err(error) = begun {
            tracing::debug!(%error, "no thread is to be had to ask a device how it is");
        }
    }
}

impl Handled {
    /// Tells that the device is docked, and has it asked how it is meanwhile.
    pub(super) fn begin(
        station: &Station,
        claim: &Claim,
        docking: &Docking,
        (device, view): (&Path, &View<'_>),
        stop: &Stop,
    ) -> Self {
        let (control, bay) = (station.control.clone(), docking.bay.clone());
        let tellings = Tellings::begin(control, claim, bay);
        let read_only = read_only(station, device, view, stop);
        if !matches!(view, View::Journal) {
            tellings.tell(Handling::Docked { read_only });
        }
        let asked = Examinee::of(station, device, view).map(|asked| {
            let (said, before) = bounded(1);
            let (tellings, job) = (tellings.clone(), claim.job);
            asked.ask(&docking.vitals, move |health| {
                if health.passed == Some(false) {
                    tracing::warn!(%job, ?health, "the device says that it is failing");
                }
                tellings.tell(Handling::Examined(health.clone()));
                let _ = said.send(health);
            });
            (asked, before)
        });
        Self {
            tellings,
            mounted: matches!(view, View::Mounted(_)).then(|| device.to_owned()),
            asked,
            vitals: Arc::clone(&docking.vitals),
            is_planned: AtomicBool::new(false),
        }
    }

    /// Tells which volumes were opened.
    pub(super) fn unlocked(&self, volumes: Vec<UnlockedVolume>) {
        self.tellings.tell(Handling::Unlocked { volumes });
    }

    /// Tells by what the device of an export is encrypted.
    pub(super) fn encrypted(&self, how: EncryptedDevice) {
        self.tellings.tell(Handling::Encrypted(how));
    }

    /// Tells what the store was found to do.
    pub(super) fn probed(&self, attempt: &Attempt) {
        self.tellings.tell(Handling::Probed {
            read_back: attempt.read_back,
            store: Box::new(attempt.store.clone()),
        });
    }

    /// Has the device asked once more how it is, for whoever watches; the receipt has how it was before and after.
    pub(super) fn ask_again(&self) {
        if let Some((asked, _)) = &self.asked {
            asked.ask(&self.vitals, |_| {});
        }
    }

    /// Tells what was found as soon as the whole device was walked; until `done` is closed.
    pub(super) fn watch(&self, progress: &Progress, done: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(LOOK_EVERY) {
            if self.planned(progress) {
                return;
            }
        }
    }

    /// Tells what was found, once, if the whole device was walked; whether it was.
    pub(super) fn planned(&self, progress: &Progress) -> bool {
        let snapshot = progress.snapshot();
        if snapshot.found_all && !self.is_planned.swap(true, Ordering::Relaxed) {
            self.tellings.tell(Handling::Planned {
                entries: snapshot.found,
                bytes: snapshot.found_bytes,
            });
        }
        snapshot.found_all
    }

    /// Tells how the device is after all that, and that it was let go. Whoever stops wants it back at once, and it may be
    /// one that gives no answer.
    pub(super) fn end(self, station: &Station, stop: &Stop) {
        // Who has not said how it was before is not waited for.
        if let Some((asked, before)) = &self.asked
            && !stop.is_set()
            && before.try_recv().is_ok()
        {
            let (said, after) = bounded(1);
            asked.ask(&self.vitals, move |health| {
                let _ = said.send(health);
            });
            if let Ok(health) = after.recv_timeout(HEALTH_WITHIN) {
                self.tellings.tell(Handling::Examined(health));
            }
        }
        // Whoever keeps others from a block device has let go of it by now: what was asked for is not told as what was.
        let mounted = self.mounted.as_deref();
        let read_only = mounted.and_then(|at| is_mounted_read_only(station, at, stop));
        self.tellings.tell(Handling::Undocked { read_only });
        self.tellings.end();
    }

    /// Waits a moment until the server has heard what was said, so that what follows stands behind it.
    pub(super) fn settle(&self) {
        self.tellings.settle(SETTLE_WITHIN);
    }
}

/// Whether nobody on this host can write to the device while it is here; nothing of an image or of one that is filled.
fn read_only(station: &Station, device: &Path, view: &View<'_>, stop: &Stop) -> Option<bool> {
    match view {
        View::Raw(raw) => raw.is_read_only(),
        View::Mounted(_) => is_mounted_read_only(station, device, stop),
        View::Fill(_) | View::Journal => None,
    }
}

fn is_mounted_read_only(station: &Station, at: &Path, stop: &Stop) -> Option<bool> {
    let path = at.to_owned();
    let mount = station.aside(at, stop, move || rustix::fs::statvfs(&path));
    let flags = mount.ok()?.ok()?.f_flag;
    Some(flags.contains(StatVfsMountFlags::RDONLY))
}
