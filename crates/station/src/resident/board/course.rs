//! What follows of what was found and of what became of dockings.

use std::time::Instant;

use model::bay::{BayEvent, BayState};
use model::heartbeat::MendedJob;
use model::hold::Check;
use model::ids::JobId;
use model::readable;
use model::stopped::StopCause;

use super::{Act, Board, Motion, told_of_turn};
use crate::resident::again::{Again, Due};
use crate::resident::bay::{Bay, Now};
use crate::resident::told::{Told, Verdict, of_store_away, stopped};
use crate::resident::visit::{Busy, Condition, Course, Sight, Visit, VisitId, Wish};

impl Board {
    /// A look has ended: the job is asked for, or the server is asked about a device that says nothing.
    pub(super) fn looked(&mut self, id: VisitId, found: Result<Sight, Box<Verdict>>, now: Now) {
        let named = found.as_ref().ok().and_then(|sight| sight.job);
        if self.take_up_sheet(id, named, now) {
            return;
        }
        if named.is_some() {
            self.note_named(id, now);
        }
        let Some(bay) = self.at(id) else {
            return self.acts.push(Act::Close(id));
        };
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        visit.busy = None;
        let is_stopped = visit.wish.stop;
        match found {
            Err(verdict) => self.conclude(id, *verdict, now),
            Ok(_) if is_stopped => {
                visit.is_open = true;
                self.conclude(id, stopped(), now);
            }
            Ok(sight) => {
                visit.is_open = true;
                visit.device = sight.device;
                visit.job = sight.job;
                visit.file_systems = sight.file_systems;
                visit.remarks = sight.remarks;
                visit.is_dirty = sight.is_dirty;
                match sight.job {
                    // Nothing is claimed by it, and the server says best what is missing.
                    None => self.dock(id),
                    Some(_) if sight.is_filled => self.asked(id, Ok(Course::Export), now),
                    Some(job) => {
                        visit.busy = Some(Busy::Asking);
                        self.acts.push(Act::Ask(id, job));
                    }
                }
            }
        }
    }

    /// Counts how long it took to find out whose a device is, the first time that it is known.
    fn note_named(&mut self, id: VisitId, now: Now) {
        let visit = self.at(id).and_then(|bay| bay.visit.as_mut());
        if let Some(since) = visit.and_then(|visit| visit.nameless_since.take()) {
            self.noted.named(now.instant - since);
        }
    }

    /// The server has said what is due.
    pub(super) fn asked(&mut self, id: VisitId, course: Result<Course, Box<Verdict>>, now: Now) {
        if let (Ok(_), Some(job)) = (&course, self.job_of(id)) {
            self.went_on_here(job, now);
        }
        let Some(bay) = self.at(id) else {
            return self.acts.push(Act::Close(id));
        };
        let waits_for = bay.cause();
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        visit.busy = None;
        let waited_for = visit.due.map(|due| due.what);
        let is_over = matches!(waited_for, Some(Again::Server | Again::Reopened));
        if is_over && course.is_ok() {
            visit.due = None;
        }
        let is_shut = !visit.is_open;
        match course {
            Err(verdict) => self.conclude(id, *verdict, now),
            Ok(Course::Export) => self.leave_to_person(id, now),
            // Nothing has changed, and the device need not be listed again to know it.
            Ok(Course::Wait(told)) if is_shut && !is_shown_by_docking(waits_for, told.cause) => {
                let what = waited_for.unwrap_or(Again::Mended);
                visit.due = Some(Due::after(visit.due, what, now.instant));
            }
            // Still nothing.
            Ok(Course::Nothing) if waited_for == Some(Again::Reopened) => {
                visit.due = Some(Due::after(None, Again::Reopened, now.instant));
            }
            Ok(Course::Load | Course::LoadDirty | Course::Nothing | Course::Wait(_)) if is_shut => {
                let act = super::look(bay);
                self.acts.extend(act);
            }
            // The claim is refused, and books that the device is here.
            Ok(Course::Nothing) => self.dock(id),
            Ok(Course::Load) => self.named(id, None, now),
            Ok(Course::LoadDirty) => {
                visit.is_dirty = false;
                self.named(id, None, now);
            }
            // What is in the way may be mended, and then the claim begins to load.
            Ok(Course::Wait(told)) => self.named(id, Some(told), now),
        }
    }

    /// It can be loaded, or could but for what is told.
    fn named(&mut self, id: VisitId, waits: Option<Told>, now: Now) {
        let auto_load = self.rules.auto_load;
        let hold_dirty = self.rules.hold_dirty;
        let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_ref()) else {
            return;
        };
        let (job, wish) = (visit.job, visit.wish);
        if wish.stop {
            return self.conclude(id, stopped(), now);
        }
        let is_dirty = hold_dirty && visit.is_dirty && !wish.as_it_is;
        if let Some((first, told)) = job.and_then(|job| self.second(id, job)) {
            return self.wait_as_second(id, first, told, now);
        }
        let remark = job.and_then(|job| self.returns.remark(job, now.instant));
        let Some(bay) = self.at(id) else {
            return;
        };
        if let (Some(visit), Some(remark)) = (bay.visit.as_mut(), remark) {
            visit.remarks.push(remark);
        }
        let is_retry = bay.visit.as_ref().is_some_and(|visit| visit.is_retry);
        if is_dirty {
            // The claim is refused, and holds the job.
            self.dock(id);
        } else if is_retry && (auto_load || wish.load) {
            // It goes on when it is its turn, and is as it was until then.
        } else if auto_load || wish.load {
            bay.happen(BayEvent::Queued, told_of_turn(job), now);
        } else if let Some(told) = waits {
            bay.happen(BayEvent::Held, told, now);
            if let Some(visit) = bay.visit.as_mut() {
                visit.is_retry = false;
                visit.due = Some(Due::after(visit.due, Again::Mended, now.instant));
            }
            self.close(id);
        } else {
            if let Some(visit) = bay.visit.as_mut() {
                visit.is_retry = false;
                visit.due = None;
            }
            let told = Told::that("it can be loaded").hint("`longshore bay load` begins it");
            bay.happen(BayEvent::Named, told, now);
            self.close(id);
        }
    }

    /// Jobs are not on hold any more: what is held for one of them is tried at once, and once for each time.
    pub(super) fn mended(&mut self, jobs: &[MendedJob], now: Now) {
        for bay in self
            .bays
            .iter_mut()
            .filter(|bay| bay.state == BayState::Held)
        {
            let Some(visit) = bay.visit.as_mut() else {
                continue;
            };
            let of_it = jobs.iter().find(|mended| Some(mended.job) == visit.job);
            let is_free = visit.busy.is_none() && !visit.is_open && visit.second_to.is_none();
            if let Some(MendedJob { since, .. }) = of_it.filter(|_| is_free)
                && visit.mended.replace(*since) != Some(*since)
            {
                visit.due = Some(Due::now(Again::Mended, now.instant));
            }
        }
    }

    fn job_of(&mut self, id: VisitId) -> Option<JobId> {
        self.at(id)?.visit.as_ref()?.job
    }

    /// A device that had gone from another bay, or this one, is back.
    fn went_on_here(&mut self, job: JobId, now: Now) {
        for bay in &mut self.bays {
            if bay.visit.is_none() && bay.missing == Some(job) {
                bay.missing = None;
                bay.settles_at = None;
                bay.happen(
                    BayEvent::WentOnElsewhere,
                    Told::that("nothing is plugged in"),
                    now,
                );
            }
        }
    }

    /// Whether another device of the same job is there, and what is told of both.
    fn second(&self, id: VisitId, job: JobId) -> Option<(VisitId, Told)> {
        let (first_bay, first) = self.other_of(id, job)?;
        let (_, own) = self.visits().find(|(_, visit)| visit.id == id)?;
        let text = format!(
            "job {job} has another device: {} in bay {}; this one is {}",
            called(first),
            first_bay.name,
            called(own),
        );
        let is_clone = !own.file_systems.is_empty() && own.file_systems == first.file_systems;
        let told = Told::that(&text).hint(match is_clone {
            true => "one is a copy of the other: their file systems have one id; take one of them out",
            false => "two devices with one SIGNATURE: take one of them out, or have this one loaded in place of the other",
        });
        Some((first.id, told))
    }

    fn wait_as_second(&mut self, id: VisitId, first: VisitId, told: Told, now: Now) {
        if let Some(bay) = self.at(id) {
            if let Some(visit) = bay.visit.as_mut() {
                visit.second_to = Some(first);
                visit.is_retry = false;
            }
            bay.happen(BayEvent::Held, told, now);
        }
        self.close(id);
    }

    fn leave_to_person(&mut self, id: VisitId, now: Now) {
        if let Some(bay) = self.at(id) {
            let Verdict { event, told, .. } = Verdict::export();
            bay.happen(event, told, now);
        }
        self.close(id);
    }

    /// Claims and does the job of an open device.
    pub(super) fn dock(&mut self, id: VisitId) {
        if let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_mut()) {
            visit.busy = Some(Busy::Docking);
            visit.is_open = false;
            self.acts.push(Act::Dock(id));
        }
    }

    /// A docking has ended.
    pub(super) fn docked(&mut self, id: VisitId, verdict: Verdict, now: Now) {
        if let Some(job) = self.leaving.remove(&id) {
            if verdict.event == BayEvent::Finished
                && let Some(job) = job
            {
                self.went_on_here(job, now);
            }
            return;
        }
        let Some(bay) = self.at(id) else {
            return;
        };
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        visit.busy = None;
        visit.is_open = false;
        visit.is_loaded |= verdict.event == BayEvent::Finished;
        let is_gone = verdict.told.cause == Some(StopCause::DiskGone);
        // What a person has said of it stands, whether or not it answers.
        if is_gone && bay.state.is_at_work() && !visit.wish.stop {
            // That it was pulled out is perhaps seen in a moment.
            visit.silent_since = Some(now.instant);
            if bay.state == BayState::Reporting {
                let told = told_of_loading(bay.job());
                bay.happen(BayEvent::StoreBack, told, now);
            }
            return;
        }
        self.conclude(id, verdict, now);
    }

    /// The bay becomes what a verdict says.
    pub(super) fn conclude(&mut self, id: VisitId, verdict: Verdict, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        let verdict = match visit.wish.stop {
            true => verdict.once_stopped(),
            false => verdict,
        };
        visit.job = visit.job.or(verdict.job);
        visit.is_retry = false;
        visit.store = verdict.store;
        let again = verdict.again;
        visit.due = again.map(|what| Due::after(visit.due, what, now.instant));
        let (is_open, wish) = (visit.is_open, visit.wish);
        if is_open && again == Some(Again::Server) && bay.state == BayState::Looking {
            // It need not be listed again.
            bay.happen(BayEvent::LookBegun, verdict.told, now);
            return;
        }
        if matches!(verdict.event, BayEvent::Finished | BayEvent::StoreAway) {
            begin(bay, now);
        }
        bay.happen(verdict.event, verdict.told, now);
        if is_open {
            self.close(id);
        }
        if wish.remove || verdict.event == BayEvent::Finished {
            self.free(id);
        } else if wish.anew {
            let again = Wish {
                load: wish.load,
                first: wish.load,
                as_it_is: wish.as_it_is,
                ..Wish::default()
            };
            self.look_anew(id, again, now);
        }
        self.let_second_go_on_after(id);
    }

    /// Whoever waited for a device that is done with is looked at again.
    fn let_second_go_on_after(&mut self, id: VisitId) {
        let is_wanted = self.at(id).is_some_and(|bay| super::is_wanted(bay));
        if !is_wanted {
            self.let_second_go_on(id);
        }
    }

    /// Makes a device safe to be taken out.
    pub(super) fn free(&mut self, id: VisitId) {
        if let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_mut()) {
            visit.busy = Some(Busy::Freeing);
            visit.due = None;
            let act = Act::Free(id, visit.medium.clone());
            self.acts.push(act);
        }
    }

    /// A device is safe.
    pub(super) fn freed(&mut self, id: VisitId, freed: Result<bool, String>, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        if let Some(visit) = bay.visit.as_mut() {
            visit.busy = None;
        }
        match freed {
            Ok(is_detached) => {
                let told = bay.told_of_safe();
                let is_safe = bay.happen(BayEvent::MadeSafe, told, now);
                bay.is_detached = is_detached && is_safe;
            }
            Err(why) => bay.tell_beside(&format!("It cannot be made safe to take out: {why}.")),
        }
    }

    /// It is known how a device is that is docked, or was.
    pub(super) fn examined(&mut self, id: VisitId, condition: Condition) {
        let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_mut()) else {
            return;
        };
        let was_sound = visit.condition.failing.is_none();
        visit.condition.seen_again(condition);
        if let Some(failing) = visit.condition.failing.filter(|_| was_sound) {
            let (job, medium) = (
                visit.job.map(|job| job.to_string()),
                visit.medium.name.clone(),
            );
            tracing::warn!(job, medium, %failing, "a device is failing");
        }
    }

    /// A docking has come further.
    pub(super) fn moved(&mut self, id: VisitId, motion: Motion, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        begin(bay, now);
        if let Some(visit) = bay.visit.as_mut() {
            visit.is_retry = false;
            visit.due = None;
        }
        let job = bay.job();
        match (motion, bay.state) {
            (_, BayState::WaitingForStore) => {
                bay.happen(BayEvent::StoreBack, told_of_loading(job), now);
            }
            (Motion::ReadingBack, BayState::Loading) => {
                let told =
                    Told::that("everything is sent; what is stored is read back and compared");
                bay.happen(BayEvent::ReadBackBegun, told, now);
            }
            (Motion::Reporting, BayState::Loading | BayState::ReadingBack) => {
                let told = Told::that("everything is loaded; the report is made and delivered");
                bay.happen(BayEvent::ReportBegun, told, now);
            }
            _ => {}
        }
    }

    /// The store of a docking answers: what was told of its silence is over, whether or not anything was found yet.
    pub(super) fn store_answers(&mut self, id: VisitId, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let visit = bay.visit.as_ref();
        let is_docking = visit.is_some_and(|visit| visit.busy == Some(Busy::Docking));
        if is_docking && bay.state == BayState::WaitingForStore {
            let told = told_of_loading(bay.job());
            bay.happen(BayEvent::StoreBack, told, now);
        }
    }

    /// The store of a docking gives no answer. It is tried again for as long as that is worth it.
    pub(super) fn store_silent(&mut self, id: VisitId, store: String, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let is_at_work = matches!(
            bay.state,
            BayState::Loading | BayState::ReadingBack | BayState::Reporting
        );
        let Some(visit) = bay.visit.as_mut().filter(|_| is_at_work) else {
            return;
        };
        visit.store = Some(store);
        bay.happen(BayEvent::StoreAway, of_store_away(), now);
    }

    /// Devices that give no answer and are still there: it is not that they were pulled out.
    pub(super) fn give_up_silent(&mut self, grace: std::time::Duration, now: Now) {
        let is_over = |since: &Instant| *since + grace <= now.instant;
        for bay in &mut self.bays {
            let Some(visit) = bay.visit.as_mut() else {
                continue;
            };
            if visit.silent_since.filter(is_over).is_some() {
                visit.silent_since = None;
                let told = Verdict::gone("the device does not answer").told;
                bay.happen(BayEvent::Held, told, now);
            }
        }
    }
}

/// A device that is tried again is at work when it turns out that it can be.
fn begin(bay: &mut Bay, now: Now) {
    if matches!(bay.state, BayState::Held | BayState::Queued) {
        let told = told_of_loading(bay.job());
        bay.happen(BayEvent::Begun, told, now);
    }
}

pub(super) fn told_of_loading(job: Option<JobId>) -> Told {
    match job {
        Some(job) => Told::that(&format!("job {job} is being loaded")),
        None => Told::that("it is being loaded"),
    }
}

/// Whether a docking alone shows whether a job goes on: its bay waits for what its books do not have, as that its station is
/// drained, and what stands in those is over as soon as the device is docked.
fn is_shown_by_docking(bay: Option<StopCause>, job: Option<StopCause>) -> bool {
    let rule = job.and_then(StopCause::hold);
    bay == Some(StopCause::Other) && rule.is_some_and(|rule| rule.check == Check::Docking)
}

/// Most characters of the id of a file system that are told: some tell two devices apart, and all do not fit.
const ID_CHARS: usize = 12;

/// A device, so that it is told from another of its job.
fn called(visit: &Visit) -> String {
    let size = readable::bytes(visit.medium.bytes);
    let name = &visit.medium.name;
    match visit.file_systems.first() {
        Some(id) => format!(
            "`{name}` ({size}, file system {})",
            readable::name(id, ID_CHARS)
        ),
        None => format!("`{name}` ({size})"),
    }
}
