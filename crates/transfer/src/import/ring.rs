//! The large files that are being read: whoever reads takes the next out, reads a stretch of it and puts
//! it back behind the others.
//!
//! So there are as many on their way as are hashed well together, however few threads read the device.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::import::run::Work;
use crate::import::source::Source;
use crate::import::upload::Large;

/// So many files fill the lanes of two threads that hash; with a part of each, of the usual size, they also
/// fill the usual byte budget.
pub(crate) const FILES: usize = 16;

/// A large file that is open.
pub(crate) struct Open {
    pub(crate) work: Work,
    pub(crate) source: Source,
    pub(crate) part_bytes: u64,
    /// How many parts were read, or need not be.
    pub(crate) parts_read: u64,
    /// Once it was begun.
    pub(crate) upload: Option<Arc<Large>>,
}

impl Open {
    /// Where the next part begins.
    pub(crate) fn offset(&self) -> u64 {
        self.parts_read.saturating_mul(self.part_bytes)
    }

    /// Bytes of the next part.
    pub(crate) fn length(&self) -> u64 {
        let left = self.source.shape.bytes.saturating_sub(self.offset());
        self.part_bytes.min(left)
    }

    /// Whether there is no next part.
    pub(crate) fn is_read(&self) -> bool {
        self.length() == 0
    }
}

/// The open files, in the order of their turns.
pub(crate) struct Ring {
    most: usize,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    idle: VecDeque<Open>,
    /// All of them, those that are being read included.
    open: usize,
}

impl Ring {
    /// For `most` files, or a few more where several readers open one at once.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            files: Mutex::default(),
        }
    }

    /// Whether another file may be opened.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().open < self.most
    }

    /// A file is open, and will be put in.
    pub(crate) fn join(&self) {
        self.lock().open += 1;
    }

    /// A file that was taken out is not put back.
    pub(crate) fn leave(&self) {
        self.lock().open -= 1;
    }

    /// Takes out the file whose turn it is.
    pub(crate) fn next(&self) -> Option<Open> {
        self.lock().idle.pop_front()
    }

    /// Puts a file behind the others.
    pub(crate) fn put_back(&self, open: Open) {
        self.lock().idle.push_back(open);
    }

    fn lock(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
