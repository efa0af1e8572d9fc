//! What an export notes beside the outcomes of entries: how far large files are, and where the device is full.

use crate::journal::recorder::{Notes, RecorderGone};
use crate::journal::records::export::ExportRecord;
use crate::pipeline::hash_state::{HashCheckpoint, HashState};

impl Notes<ExportRecord> {
    /// Notes how far the file `ordinal` is on the device.
    ///
    /// # Errors
    /// [`RecorderGone`], as all of these.
    pub(super) fn written(
        &self,
        ordinal: u64,
        etag: &str,
        checkpoint: HashCheckpoint,
    ) -> Result<(), RecorderGone> {
        self.note(written(ordinal, etag, checkpoint))
    }

    /// Notes that nothing of the file `ordinal` is on the device, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(super) fn forget_written(&self, ordinal: u64, etag: &str) -> Result<(), RecorderGone> {
        let nothing = HashState::new(None).and_then(|state| state.checkpoint());
        // Nothing was hashed yet, so no block is open.
        let nothing = nothing.ok_or(RecorderGone)?;
        self.note_now(written(ordinal, etag, nothing))
    }

    /// Notes that the device is full, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(super) fn full(&self, ordinal: u64) -> Result<(), RecorderGone> {
        self.note_now(ExportRecord::Full { ordinal })
    }
}

fn written(ordinal: u64, etag: &str, checkpoint: HashCheckpoint) -> ExportRecord {
    ExportRecord::Written {
        ordinal,
        etag: etag.to_owned(),
        checkpoint: checkpoint.into(),
    }
}
