//! What a person wants of a bay.

use model::bay::{BayEvent, BayName, BayState, NotNow};
use model::ids::JobId;
use model::order::OrderVerb;
use model::secret::DeviceSecret;
use model::signature::SignatureFile;

use super::{Act, Board, look};
use crate::resident::bay::Now;
use crate::resident::told::Told;
use crate::resident::visit::{Busy, Sheet, Visit, VisitId, Wish};

/// Why it was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The station has no bay of this name.
    #[error("there is no such bay")]
    NoSuchBay,
    /// It cannot be done in the state of the bay.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// What was scanned names one job, and the device itself another.
    #[error("mixed up? The device in the bay is that of job {0}")]
    MixedUp(JobId),
    /// What was there when it was ordered was taken out since.
    #[error(
        "another disk is in the bay than when that was ordered: say it again if this one is meant"
    )]
    AnotherDisk,
    /// The kernel has let go of it.
    #[error("the device was made safe to take out: take it out and plug it in again")]
    LetGo,
    /// An order to erase says of no device that it is meant.
    #[error(
        "it was not said which device is to be erased: its job and the end of its serial number"
    )]
    NotSaid,
    /// An order to unlock says with what.
    #[error("it was not said with which password")]
    NoSecret,
    /// It has no light.
    #[error("there is no light: what is in the bay is a folder or an image of this host")]
    NoLight,
    /// Its light needs nobody to let it blink.
    #[error("it is being read or written, and its light blinks by itself")]
    BlinksByItself,
    /// This release cannot do it.
    #[error("this release of the station cannot do that")]
    Unable,
    /// The bench is not run any more.
    #[error("the bays are not watched any more")]
    Ended,
}

impl Board {
    /// Does what is wanted, once or twice the same.
    pub(super) fn ordered(
        &mut self,
        name: &BayName,
        verb: OrderVerb,
        now: Now,
    ) -> Result<(), NotDone> {
        let bay = self.bays.iter_mut().find(|bay| bay.name == *name);
        let bay = bay.ok_or(NotDone::NoSuchBay)?;
        let state = bay.state;
        let visit = bay.visit.as_mut().ok_or(NotNow::NothingThere)?;
        let (id, is_let_go) = (visit.id, is_let_go(state, visit));
        tracing::info!(bay = %name, %state, %verb, "ordered");
        match verb {
            OrderVerb::Load if state == BayState::Queued => visit.wish.first = true,
            OrderVerb::Look | OrderVerb::Load if is_let_go => {
                return Err(NotNow::Over.into());
            }
            OrderVerb::Look | OrderVerb::Load if visit.busy.is_some() && visit.wish.stop => {
                visit.wish.anew = true;
                visit.wish.load |= verb == OrderVerb::Load;
                visit.wish.as_it_is |= verb == OrderVerb::Load;
            }
            OrderVerb::Load if visit.busy.is_some() || state.is_at_work() => {
                visit.wish.load = true;
                visit.wish.as_it_is = true;
            }
            OrderVerb::Look if state.is_at_work() => return Err(NotNow::AtWork.into()),
            OrderVerb::Look if visit.busy.is_some() => {}
            OrderVerb::Look => self.look_anew(id, Wish::default(), now),
            OrderVerb::Load => {
                self.put_first(id, now);
                self.look_anew(id, Wish::as_it_is(), now);
            }
            OrderVerb::Stop | OrderVerb::Remove => self.stop(id, verb == OrderVerb::Remove, now),
            OrderVerb::Erase => return Err(NotDone::NotSaid),
            OrderVerb::Unlock => return Err(NotDone::NoSecret),
            OrderVerb::Blink => return self.blink(id),
            OrderVerb::Other => return Err(NotDone::Unable),
        }
        Ok(())
    }

    /// Has what is in a bay loaded as the device of a sheet, unless it says itself whose it is. While it is being found
    /// out what it says, the sheet waits.
    pub(super) fn presented(
        &mut self,
        name: &BayName,
        file: SignatureFile,
        now: Now,
    ) -> Result<(), NotDone> {
        let bay = self.bays.iter_mut().find(|bay| bay.name == *name);
        let bay = bay.ok_or(NotDone::NoSuchBay)?;
        let state = bay.state;
        let visit = bay.visit.as_mut().ok_or(NotNow::NothingThere)?;
        tracing::info!(bay = %name, %state, job = %file.job, "sheet scanned");
        if let Some(other) = visit.job.filter(|job| *job != file.job) {
            return Err(NotDone::MixedUp(other));
        }
        match (state, visit.busy) {
            _ if is_let_go(state, visit) => return Err(NotNow::Over.into()),
            (_, Some(Busy::Looking)) => {
                visit.sheet = Some(Sheet { file, is_new: true });
            }
            (_, Some(Busy::Asking | Busy::Docking | Busy::Erasing | Busy::Freeing)) => {
                return Err(NotNow::AtWork.into());
            }
            (_, None) => {
                let id = visit.id;
                visit.sheet = Some(Sheet { file, is_new: true });
                self.look_anew(id, Wish::load(), now);
            }
        }
        Ok(())
    }

    /// Has what is in a bay opened with a secret, and loaded. It is tried once: whoever has to look at the device again later
    /// does so without it.
    pub(super) fn unlock_wanted(
        &mut self,
        name: &BayName,
        secret: DeviceSecret,
        now: Now,
    ) -> Result<(), NotDone> {
        let bay = self.bays.iter_mut().find(|bay| bay.name == *name);
        let bay = bay.ok_or(NotDone::NoSuchBay)?;
        let state = bay.state;
        let visit = bay.visit.as_ref().ok_or(NotNow::NothingThere)?;
        tracing::info!(bay = %name, %state, "to be unlocked");
        if state == BayState::SafeToRemove {
            return Err(NotNow::Over.into());
        }
        if visit.busy.is_some() || state.is_at_work() {
            return Err(NotNow::AtWork.into());
        }
        let id = visit.id;
        self.look_again(id, (Wish::load(), Some(secret)), now);
        Ok(())
    }

    /// Whether a sheet was scanned while a device was looked at that says nothing itself: it is looked at again then, as
    /// that of the sheet.
    pub(super) fn take_up_sheet(&mut self, id: VisitId, named: Option<JobId>, now: Now) -> bool {
        let visit = self.at(id).and_then(|bay| bay.visit.as_mut());
        let Some(visit) = visit else {
            return false;
        };
        let is_new = visit.sheet.as_ref().is_some_and(|sheet| sheet.is_new);
        if is_new && named.is_some() {
            visit.sheet = None;
        }
        if !is_new || named.is_some() || visit.wish.stop {
            return false;
        }
        visit.busy = None;
        self.look_anew(id, Wish::load(), now);
        true
    }

    /// Looks at a device as if it had just been plugged in.
    pub(super) fn look_anew(&mut self, id: VisitId, wish: Wish, now: Now) {
        self.look_again(id, (wish, None), now);
    }

    /// The same, perhaps with a secret that is tried on what is encrypted.
    fn look_again(&mut self, id: VisitId, (wish, secret): (Wish, Option<DeviceSecret>), now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let told = Told::that("it is being found out whose it is");
        bay.happen(BayEvent::LookBegun, told, now);
        if let Some(visit) = bay.visit.as_mut() {
            visit.wish = wish;
            visit.second_to = None;
            visit.due = None;
        }
        let act = look(bay).map(|act| with_secret(act, secret));
        self.close(id);
        self.acts.extend(act);
    }

    /// Lets a disk blink, or not any more if it does.
    fn blink(&mut self, id: VisitId) -> Result<(), NotDone> {
        let Some(bay) = self.at(id) else {
            return Ok(());
        };
        let is_detached = bay.is_detached;
        let Some(visit) = bay.visit.as_mut() else {
            return Ok(());
        };
        if visit.medium.laid.is_some() {
            return Err(NotDone::NoLight);
        }
        if is_detached {
            return Err(NotDone::LetGo);
        }
        match visit.busy {
            Some(Busy::Looking | Busy::Docking | Busy::Erasing) => {
                return Err(NotDone::BlinksByItself);
            }
            Some(Busy::Freeing) => return Err(NotNow::AtWork.into()),
            Some(Busy::Asking) | None => {}
        }
        visit.is_blinking = !visit.is_blinking;
        let act = match visit.is_blinking {
            true => Act::Blink(id, visit.medium.clone()),
            false => Act::Dim(id),
        };
        self.acts.push(act);
        Ok(())
    }

    /// A disk does not blink any more.
    pub(super) fn blinked(&mut self, id: VisitId, blinked: Result<(), String>) {
        let Some(bay) = self.at(id) else {
            return;
        };
        if let Some(visit) = bay.visit.as_mut() {
            visit.is_blinking = false;
        }
        if let Err(why) = blinked {
            bay.tell_beside(&format!("It cannot blink: {why}."));
        }
    }

    /// A person has chosen, of several devices of one job, the one that waited for another: they change places, unless the
    /// other is at work.
    fn put_first(&mut self, id: VisitId, now: Now) {
        let first = self.at(id).and_then(|bay| bay.visit.as_ref()?.second_to);
        let Some(bay) = first.and_then(|first| self.at(first)) else {
            return;
        };
        let Some(visit) = bay.visit.as_mut().filter(|visit| visit.busy.is_none()) else {
            return;
        };
        if bay.state.is_at_work() {
            return;
        }
        visit.second_to = Some(id);
        visit.due = None;
        visit.wish.load = false;
        let told = Told::that("another device of its job was chosen, and is loaded")
            .hint("take it out; or have it loaded, and it is the one");
        bay.happen(BayEvent::Held, told, now);
        if let Some(first) = first {
            self.close(first);
        }
    }

    /// Ends what is done with a device, or its waiting.
    fn stop(&mut self, id: VisitId, remove: bool, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        visit.wish.stop = true;
        visit.wish.anew = false;
        visit.wish.remove |= remove;
        match visit.busy {
            Some(Busy::Docking | Busy::Erasing) => self.acts.push(Act::Stop(id)),
            // Nothing is lost with it, and a device that does not answer may keep who looks for long.
            Some(Busy::Looking | Busy::Asking) => {
                bay.happen(BayEvent::Stopped, told_of_stopped(), now);
                self.acts.push(Act::Stop(id));
            }
            Some(Busy::Freeing) => {}
            None => {
                visit.due = None;
                visit.silent_since = None;
                bay.happen(BayEvent::Stopped, told_of_stopped(), now);
                self.close(id);
                if remove {
                    self.free(id);
                }
            }
        }
    }
}

/// Whether a device is made safe to remove, or will be as soon as it has stopped: whoever wanted that is about to take it
/// out, and nothing is begun with it any more.
fn is_let_go(state: BayState, visit: &Visit) -> bool {
    state == BayState::SafeToRemove || (visit.busy.is_some() && visit.wish.remove)
}

/// A look at a device on which a secret is tried.
fn with_secret(act: Act, secret: Option<DeviceSecret>) -> Act {
    match (act, secret) {
        (Act::Look(id, medium), Some(secret)) => Act::LookUnlocked(id, medium, None, secret),
        (Act::LookAs(id, medium, sheet), Some(secret)) => {
            Act::LookUnlocked(id, medium, Some(sheet), secret)
        }
        (act, _) => act,
    }
}

fn told_of_stopped() -> Told {
    Told::that("it was stopped").hint("have it loaded to go on")
}
