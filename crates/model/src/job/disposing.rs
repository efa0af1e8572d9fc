//! What happens to the device itself: released, erased, destroyed, or gone back as it is.
//!
//! These are the steps that are possible at all. Whether a device may be erased is asked of the gate before.

use super::{Job, Refusal};
use crate::custody::Custody;
use crate::disposal::{Disposal, EraseWish, GrantId, Objection, Release, Unerased};
use crate::erasure::ErasureEnd;
use crate::ids::JobType;
use crate::manifest::Manifest;
use crate::progress::Progress;
use crate::time::Timestamp;

impl EraseWish {
    /// What a manifest wishes. One that cannot be read wishes nothing.
    #[must_use]
    pub fn of(job_type: JobType, manifest: &str) -> Self {
        if job_type == JobType::Export {
            return Self::No;
        }
        let manifest = Manifest::parse_accepted(manifest, job_type);
        match manifest.is_ok_and(|manifest| manifest.common().erase_device) {
            true => Self::Manifest,
            false => Self::No,
        }
    }

    /// The wish after the manifest was replaced. That every device is erased is no manifest's to say.
    pub(super) fn after_update(self, job_type: JobType, manifest: &str) -> Self {
        match (self, job_type) {
            (Self::Every, JobType::Import) => Self::Every,
            (Self::No | Self::Manifest | Self::Every, _) => Self::of(job_type, manifest),
        }
    }
}

impl Job {
    /// Whether its device is to be erased; not of a job that an earlier release made.
    #[must_use]
    pub fn wants_erase(&self) -> bool {
        self.erase.is_some_and(EraseWish::is_wanted)
    }

    /// Whether its device may not go back as it is, unless somebody answers for that. What a customer took back, or
    /// what came too late, was never begun: it goes as it came.
    #[must_use]
    pub fn owes_erase(&self) -> bool {
        let is_worked_on = match self.progress {
            Progress::Finished { .. } | Progress::Aborted { .. } => true,
            Progress::Pending
            | Progress::InProgress { .. }
            | Progress::Canceled { .. }
            | Progress::Expired { .. } => false,
        };
        self.wants_erase() && is_worked_on && !self.disposal.is_gone()
    }

    /// The device may be erased.
    pub(super) fn release(&self, release: &Release) -> Result<Disposal, Refusal> {
        self.must_be_loaded()?;
        self.must_be_untouched()?;
        self.must_be_unopposed()?;
        Ok(Disposal::Released(release.clone()))
    }

    /// The account objects, and a release is void.
    pub(super) fn object(&self, because: &str, now: Timestamp) -> Result<Objection, Refusal> {
        if matches!(self.custody, Custody::Returned { .. }) {
            return Err(Refusal::Returned);
        }
        self.must_be_untouched()?;
        Ok(Objection {
            at: now,
            because: because.to_owned(),
        })
    }

    /// A station erases the device from now on, for the first time or again.
    pub(super) fn begin_erase(&self, grant: &GrantId, now: Timestamp) -> Result<Disposal, Refusal> {
        self.must_be_loaded()?;
        self.must_be_unopposed()?;
        match &self.disposal {
            Disposal::Kept => return Err(Refusal::NotReleased),
            Disposal::Released(_) | Disposal::Erasing { .. } | Disposal::EraseFailed { .. } => {}
            Disposal::Erased { .. } => return Err(Refusal::Erased),
            Disposal::Destroyed { .. } => return Err(Refusal::Destroyed),
        }
        let station = self.custody.station().ok_or(Refusal::NotReceived)?;
        Ok(Disposal::Erasing {
            grant: grant.clone(),
            station: station.clone(),
            since: now,
        })
    }

    /// An erase has ended. One that failed never counts as done.
    pub(super) fn end_erase(&self, end: &ErasureEnd, now: Timestamp) -> Result<Disposal, Refusal> {
        self.must_be_here()?;
        let Disposal::Erasing { grant, .. } = &self.disposal else {
            return Err(Refusal::NotErasing);
        };
        Ok(match end {
            ErasureEnd::Erased(certificate) => Disposal::Erased {
                method: certificate.method,
                at: now,
            },
            ErasureEnd::Failed(_) => Disposal::EraseFailed {
                grant: grant.clone(),
                at: now,
            },
        })
    }

    /// Somebody has destroyed the device.
    pub(super) fn destroy(&self, what: &Unerased, now: Timestamp) -> Result<Disposal, Refusal> {
        self.must_be_returnable()?;
        self.must_be_unopposed()?;
        if matches!(self.disposal, Disposal::Destroyed { .. }) {
            return Err(Refusal::Destroyed);
        }
        let Unerased { authority, reason } = what.clone();
        Ok(Disposal::Destroyed {
            authority,
            reason,
            at: now,
        })
    }

    /// A device that is to be erased goes back erased or destroyed, or somebody answers for it.
    pub(super) fn must_let_go(&self, unerased: Option<&Unerased>) -> Result<(), Refusal> {
        match (&self.disposal, unerased) {
            (Disposal::Erased { .. }, Some(_)) => Err(Refusal::Erased),
            (Disposal::Destroyed { .. }, Some(_)) => Err(Refusal::Destroyed),
            (_, None) if self.owes_erase() => Err(Refusal::NotErased),
            (Disposal::Erasing { .. } | Disposal::EraseFailed { .. }, None) => {
                Err(Refusal::NotErased)
            }
            (_, Some(_) | None) => Ok(()),
        }
    }

    /// What was loaded of it can still be loaded again: nothing was done to it.
    pub(super) fn must_be_untouched(&self) -> Result<(), Refusal> {
        match &self.disposal {
            Disposal::Kept | Disposal::Released(_) => Ok(()),
            Disposal::Erasing { .. } | Disposal::EraseFailed { .. } => Err(Refusal::Erasing),
            Disposal::Erased { .. } => Err(Refusal::Erased),
            Disposal::Destroyed { .. } => Err(Refusal::Destroyed),
        }
    }

    fn must_be_unopposed(&self) -> Result<(), Refusal> {
        match &self.objection {
            Some(_) => Err(Refusal::Objected),
            None => Ok(()),
        }
    }

    /// The device is here, and was loaded to its end.
    fn must_be_loaded(&self) -> Result<(), Refusal> {
        self.must_be_here()?;
        match (self.job_type, &self.progress) {
            (JobType::Export, _) => Err(Refusal::NotLoaded),
            (JobType::Import, Progress::Finished { .. }) => Ok(()),
            (JobType::Import, Progress::Pending | Progress::InProgress { .. }) => {
                Err(Refusal::NotOver)
            }
            (
                JobType::Import,
                Progress::Aborted { .. } | Progress::Canceled { .. } | Progress::Expired { .. },
            ) => Err(Refusal::NotLoaded),
        }
    }
}

#[cfg(test)]
#[path = "disposing_tests.rs"]
mod tests;
