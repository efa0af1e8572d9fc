//! One token that ends a run: everything that waits looks at it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imagestore::ServiceError;
use objectstore::StoreError;

use crate::journal::JournalError;
use disks::rescue::RescueError;
use disks::tree::DeviceGone;
use model::handling::Failing;

/// Why a run ended before its last entry. Nothing was lost: the journal knows how far it was.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The operator asked for it.
    #[error("interrupted")]
    Interrupted,
    /// The customer canceled the job.
    #[error("the job was canceled by its owner")]
    Canceled,
    /// The lease went to another attempt.
    #[error("the right to the job went to another attempt")]
    LeaseLost,
    /// A person has put the job on hold.
    #[error("the job was put on hold")]
    OnHold,
    /// The device does not answer.
    #[error(transparent)]
    Device(#[from] DeviceGone),
    /// The device is failing, and is not to be read on before a person says so.
    #[error("the device is failing: {0}")]
    Failing(Failing),
    /// The store does not do its work: nothing that is the file's fault.
    #[error("the store cannot take the files")]
    Store(#[source] StoreError),
    /// The service that takes the image does not do its work.
    #[error("the service cannot take the image")]
    Service(#[source] ServiceError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What is known of the bad places of the device cannot be kept.
    #[error(transparent)]
    Rescue(#[from] RescueError),
}

/// The run is over, and its [`Stop`] knows why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halted;

/// Shared by all threads of a run. The first reason stays.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    reason: Arc<Mutex<Option<Halt>>>,
}

impl Stop {
    /// Asks everybody to stop.
    pub fn halt(&self, why: Halt) {
        self.lock().get_or_insert(why);
        self.flag.store(true, Ordering::SeqCst);
    }

    /// Whether to stop.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Whether the customer canceled the job, so that no attempt will follow.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        matches!(*self.lock(), Some(Halt::Canceled))
    }

    /// The flag alone, for those who only wait. A signal handler may set it without a reason:
    /// that counts as [`Halt::Interrupted`].
    #[must_use]
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Takes the reason out, once everybody has stopped; `None` if nobody asked.
    #[must_use]
    pub fn take_reason(&self) -> Option<Halt> {
        self.is_set()
            .then(|| self.lock().take().unwrap_or(Halt::Interrupted))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Halt>> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
