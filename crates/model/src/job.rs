//! A job and the one function that changes its state.

mod disposing;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::custody::Custody;
use crate::device::DeviceFacts;
use crate::disposal::{Disposal, EraseWish, Objection};
use crate::event::{Event, WhileRunning};
use crate::hold::Mended;
use crate::ids::{AccountId, JobId, JobType, StationName};
use crate::progress::Progress;
use crate::stopped::{StopCause, Stopped};
use crate::time::Timestamp;
use crate::without::Without;

/// A job: who wants what done, and how far it is.
///
/// Invariants, kept by [`Job::apply`]: `InProgress`, `Finished` and `Aborted` imply that the
/// device was received; `Returned` implies that progress is terminal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// Import or export.
    pub job_type: JobType,
    /// The manifest as last submitted, to the byte.
    #[serde(skip)]
    pub manifest: String,
    /// When `CreateJob` was answered. Part of what the SIGNATURE proves.
    pub created: Timestamp,
    /// Where the device is.
    pub custody: Custody,
    /// What became of the data.
    pub progress: Progress,
    /// That it stands still, where it does: never in a job that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// The hold that it last went on from, as long as it may show that this was in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Stopped>,
    /// That it is to end with what is loaded of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
    /// What its device is loaded in spite of, as a person has said. It is forgotten when another device comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub as_it_is: Vec<StopCause>,
    /// Whether its device is to be erased. Of a job that an earlier release made it is not known: its device goes back
    /// as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase: Option<EraseWish>,
    /// What became of the device.
    #[serde(default, skip_serializing_if = "Disposal::is_kept")]
    pub disposal: Disposal,
    /// That its account objects to an erase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Objection>,
}

/// As it is stored: without the manifest, which may hold a device's password.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Why an event cannot happen to a job as it stands. Maps one to one to AWS's exceptions where the
/// event is an API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The job was canceled.
    #[error("the job was canceled")]
    Canceled,
    /// The job expired.
    #[error("the job expired")]
    Expired,
    /// The transfer runs; the event needs a job that has not begun or is done.
    #[error("the transfer is in progress")]
    InProgress,
    /// The transfer is done or given up.
    #[error("the transfer is over")]
    Over,
    /// The event needs a transfer that runs.
    #[error("the transfer has not started")]
    NotStarted,
    /// The event needs the device here.
    #[error("the device has not been received")]
    NotReceived,
    /// The device is here, so the job cannot expire.
    #[error("the device has been received")]
    Received,
    /// The device has gone back.
    #[error("the device has been returned")]
    Returned,
    /// The event needs a transfer that is over.
    #[error("the transfer is not over")]
    NotOver,
    /// The transfer is over, and every file has its object.
    #[error("nothing failed that could be tried again")]
    NothingFailed,
    /// The event needs a job that is on hold.
    #[error("the job is not on hold")]
    NotOnHold,
    /// The device was never loaded to its end, and is not one that is erased.
    #[error("the device was not loaded to its end")]
    NotLoaded,
    /// The device may not go back as it is.
    #[error("the device is to be erased, and is not")]
    NotErased,
    /// Nobody who may has said that the device can be erased.
    #[error("the device is not released to be erased")]
    NotReleased,
    /// The account does not want its device to be erased.
    #[error("the account objects to the erasing of its device")]
    Objected,
    /// There is no objection that could be taken back.
    #[error("the account does not object to the erasing of its device")]
    NotObjected,
    /// What was on the device is gone, at least in part.
    #[error("the erasing of the device has begun")]
    Erasing,
    /// The event needs an erase that was begun and has not ended.
    #[error("the device is not being erased")]
    NotErasing,
    /// Nothing is on the device any more.
    #[error("the device has been erased")]
    Erased,
    /// The device is no more.
    #[error("the device has been destroyed")]
    Destroyed,
}

impl Job {
    /// A new job: nothing received, nothing begun.
    #[must_use]
    pub fn open(
        id: JobId,
        account: AccountId,
        job_type: JobType,
        manifest: String,
        created: Timestamp,
    ) -> Self {
        let (custody, progress) = (Custody::NotReceived, Progress::Pending);
        let erase = Some(EraseWish::of(job_type, &manifest));
        Self {
            id,
            account,
            job_type,
            manifest,
            created,
            custody,
            progress,
            stopped: None,
            resumed: None,
            without: None,
            as_it_is: Vec::new(),
            erase,
            disposal: Disposal::Kept,
            objection: None,
        }
    }

    /// Whether nothing is another after `event`, where it can happen.
    #[must_use]
    pub fn knows(&self, event: &Event) -> bool {
        self.apply(event, self.created).as_ref() == Ok(self)
    }

    /// What the job is on hold for, if it is.
    #[must_use]
    pub fn hold(&self) -> Option<&Stopped> {
        self.stopped.as_ref().filter(|stopped| stopped.is_held())
    }

    /// The job after `event`, which happened at `now`.
    ///
    /// # Errors
    /// [`Refusal`] if the event cannot happen to the job as it stands; the job is unchanged.
    pub fn apply(&self, event: &Event, now: Timestamp) -> Result<Self, Refusal> {
        let mut next = self.clone();
        match event {
            Event::Updated { job_type, manifest } => {
                self.must_be_pending()?;
                let wish = self.erase.unwrap_or(EraseWish::No);
                next.erase = Some(wish.after_update(*job_type, manifest));
                next.job_type = *job_type;
                next.manifest.clone_from(manifest);
            }
            Event::Canceled { running, because } => {
                self.must_be_cancelable(*running)?;
                next.progress = Progress::Canceled {
                    at: now,
                    because: because.clone(),
                };
            }
            Event::Expired => {
                self.must_be_pending()?;
                if self.custody != Custody::NotReceived {
                    return Err(Refusal::Received);
                }
                next.progress = Progress::Expired { at: now };
            }
            Event::DeviceArrived {
                station,
                device,
                signature: _,
            } => {
                next.custody = self.arrival(station, device.as_ref(), now)?;
                if self.is_another(device.as_ref()) {
                    next.as_it_is.clear();
                }
            }
            Event::DeviceReturned {
                carrier,
                tracking_number,
                unerased,
            } => {
                self.must_be_returnable()?;
                self.must_let_go(unerased.as_ref())?;
                next.custody = Custody::Returned {
                    carrier: carrier.clone(),
                    tracking_number: tracking_number.clone(),
                    at: now,
                };
            }
            Event::TransferStarted => {
                self.must_be_here()?;
                next.progress = self.started(now)?;
                next.resumed = self.gone_on_from(now);
                next.stopped = None;
            }
            Event::TransferFinished {
                errors,
                log,
                remark,
                ..
            } => {
                self.must_be_running()?;
                next.progress = Progress::Finished {
                    errors: *errors,
                    log: log.clone(),
                    at: now,
                    remark: remark.clone(),
                };
            }
            Event::TransferAborted { reason, because } => {
                self.must_be_here()?;
                self.must_be_open()?;
                next.progress = Progress::Aborted {
                    reason: *reason,
                    at: now,
                    because: because.clone(),
                };
            }
            Event::Stopped {
                cause,
                bucket,
                words,
                untouched,
                detail: _,
            } => {
                self.must_be_open()?;
                // Its customer may still send another manifest, which is what mends it.
                if *untouched && cause.may_be_mended_by_manifest() {
                    next.progress = Progress::Pending;
                }
                let stopped = Stopped {
                    bucket: bucket.clone(),
                    words: words.clone(),
                    ..Stopped::new(now, *cause)
                };
                next.stopped = Some(self.standing_still(stopped));
                next.resumed = None;
                // Who holds a job wants it to go on one day.
                next.without = next.without.filter(|_| !cause.is_by_person());
            }
            Event::Resumed { how } => {
                self.must_be_open()?;
                let mut hold = self.hold().ok_or(Refusal::NotOnHold)?.clone();
                let is_taken = hold.cause.may_be_taken_as_it_is() && *how == Mended::Told;
                if is_taken && !next.as_it_is.contains(&hold.cause) {
                    next.as_it_is.push(hold.cause);
                }
                hold.mended = Some(now);
                hold.in_vain = hold.in_vain.filter(|_| !how.is_by_a_person());
                next.stopped = Some(hold);
            }
            Event::ToFinishWithout { because } => {
                self.must_be_open()?;
                self.must_be_here()?;
                let hold = self.hold().ok_or(Refusal::NotOnHold)?;
                next.without = Some(Without::of(hold, because.clone()));
                next.stopped = Some(Stopped {
                    mended: Some(now),
                    in_vain: None,
                    ..hold.clone()
                });
            }
            Event::Reopened => {
                self.must_be_here()?;
                self.must_have_failures()?;
                self.must_be_untouched()?;
                next.disposal = Disposal::Kept;
                next.progress = Progress::InProgress { since: now };
                next.stopped = Some(Stopped::new(now, StopCause::Retry));
            }
            Event::Released(release) => next.disposal = self.release(release)?,
            Event::Objected { because } => {
                next.objection = Some(self.object(because, now)?);
                next.disposal = Disposal::Kept;
            }
            Event::ObjectionWithdrawn => {
                next.objection.take().ok_or(Refusal::NotObjected)?;
            }
            Event::EraseStarted { grant, .. } => next.disposal = self.begin_erase(grant, now)?,
            Event::EraseEnded { end, .. } => next.disposal = self.end_erase(end, now)?,
            Event::Destroyed(what) => next.disposal = self.destroy(what, now)?,
        }
        if next.progress.is_terminal() {
            (next.stopped, next.resumed, next.without) = (None, None, None);
            next.as_it_is.clear();
        }
        Ok(next)
    }

    /// The hold that a transfer which begins at `now` goes on from. A sign of life that comes back says nothing new of
    /// the one before.
    fn gone_on_from(&self, now: Timestamp) -> Option<Stopped> {
        let hold = self.stopped.as_ref().filter(|s| s.cause.hold().is_some());
        let hold = hold.map(|hold| Stopped {
            mended: hold.mended.or(Some(now)),
            ..hold.clone()
        });
        hold.or_else(|| self.resumed.clone())
    }

    /// How the job stands still that does so for `why`. What a person said stands until that person says otherwise, or
    /// the operator, and what it is on hold for already began when it began.
    fn standing_still(&self, why: Stopped) -> Stopped {
        let before = match &self.stopped {
            Some(held)
                if held.is_held_by_person()
                    && !matches!(why.cause, StopCause::ByOperator)
                    && why.cause != held.cause =>
            {
                return held.clone();
            }
            Some(held) if held.is_held_for(why.cause, why.bucket.as_ref()) => {
                return Stopped {
                    at: held.at,
                    in_vain: held.in_vain,
                    ..why
                };
            }
            stopped => stopped.as_ref().or(self.resumed.as_ref()),
        };
        match before {
            Some(before) => before.followed_by(why),
            None => why,
        }
    }

    /// What stands against any change, for a job that is over.
    fn must_be_open(&self) -> Result<(), Refusal> {
        match self.progress {
            Progress::Pending | Progress::InProgress { .. } => Ok(()),
            Progress::Canceled { .. } => Err(Refusal::Canceled),
            Progress::Expired { .. } => Err(Refusal::Expired),
            Progress::Finished { .. } | Progress::Aborted { .. } => Err(Refusal::Over),
        }
    }

    fn must_be_pending(&self) -> Result<(), Refusal> {
        self.must_be_open()?;
        match self.progress {
            Progress::InProgress { .. } => Err(Refusal::InProgress),
            _ => Ok(()),
        }
    }

    fn must_be_running(&self) -> Result<(), Refusal> {
        self.must_be_open()?;
        match self.progress {
            Progress::Pending => Err(Refusal::NotStarted),
            _ => Ok(()),
        }
    }

    fn must_have_failures(&self) -> Result<(), Refusal> {
        match self.progress {
            Progress::Pending | Progress::InProgress { .. } => Err(Refusal::NotOver),
            Progress::Finished { errors: 0, .. } => Err(Refusal::NothingFailed),
            Progress::Finished { .. } => Ok(()),
            Progress::Aborted { .. } | Progress::Canceled { .. } | Progress::Expired { .. } => {
                self.must_be_open()
            }
        }
    }

    fn must_be_cancelable(&self, running: WhileRunning) -> Result<(), Refusal> {
        match running {
            WhileRunning::Cancel => self.must_be_open(),
            WhileRunning::Refuse => self.must_be_pending(),
        }
    }

    fn must_be_here(&self) -> Result<(), Refusal> {
        match self.custody {
            Custody::NotReceived => Err(Refusal::NotReceived),
            Custody::AtStation { .. } => Ok(()),
            Custody::Returned { .. } => Err(Refusal::Returned),
        }
    }

    /// A device goes back only when nothing more will be read from it.
    fn must_be_returnable(&self) -> Result<(), Refusal> {
        self.must_be_here()?;
        match self.progress {
            Progress::Pending => Err(Refusal::NotStarted),
            Progress::InProgress { .. } => Err(Refusal::InProgress),
            _ => Ok(()),
        }
    }

    /// Arriving where it already is changes at most what is known of it. A device may turn up at another station also
    /// while its job is in progress: which station works on a job is the lease's affair.
    fn arrival(
        &self,
        station: &StationName,
        device: Option<&DeviceFacts>,
        now: Timestamp,
    ) -> Result<Custody, Refusal> {
        let (since, known) = match &self.custody {
            Custody::AtStation {
                station: here,
                since,
                device,
            } if here == station => (*since, device.as_ref()),
            Custody::NotReceived | Custody::AtStation { .. } => (now, None),
            Custody::Returned { .. } => return Err(Refusal::Returned),
        };
        Ok(Custody::AtStation {
            station: station.clone(),
            since,
            device: device.or(known).cloned(),
        })
    }

    /// Whether a device that comes is known to be another than the one that came last.
    pub(crate) fn is_another(&self, device: Option<&DeviceFacts>) -> bool {
        let last = match &self.custody {
            Custody::AtStation { device, .. } => device.as_ref(),
            Custody::NotReceived | Custody::Returned { .. } => None,
        };
        match (last, device) {
            (Some(last), Some(device)) => {
                last.serial != device.serial || last.bytes != device.bytes
            }
            _ => false,
        }
    }

    fn started(&self, now: Timestamp) -> Result<Progress, Refusal> {
        self.must_be_open()?;
        Ok(match self.progress {
            Progress::InProgress { since } => Progress::InProgress { since },
            _ => Progress::InProgress { since: now },
        })
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
pub(crate) mod tests;
