//! What an import notes beside the outcomes of entries: how far its uploads are.

use model::outcome::Stored;
use objectstore::upload::{PartNumber, PartReceipt, UploadId};

use crate::import::resume::Unfinished;
use crate::journal::recorder::{Notes, RecorderGone};
use crate::journal::records::import::{ImportRecord, IntentFile, ReceiptRecord};
use crate::pipeline::hash_state::HashCheckpoint;

impl Notes<ImportRecord> {
    /// Notes that an upload was begun, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`], as all of these.
    pub(crate) fn intent(&self, upload: &Unfinished) -> Result<(), RecorderGone> {
        self.note_now(ImportRecord::Intent {
            key: upload.key.clone(),
            upload: upload.upload.as_str().to_owned(),
            file: Some(IntentFile::from(upload)),
        })
    }

    /// Notes that the store confirmed a part.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn part(
        &self,
        upload: &UploadId,
        receipt: &PartReceipt,
    ) -> Result<(), RecorderGone> {
        self.note(ImportRecord::Part {
            upload: upload.as_str().to_owned(),
            receipt: ReceiptRecord::from(receipt),
        })
    }

    /// Notes the state of a whole file's hashes at the end of a part.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn hashed(
        &self,
        upload: &UploadId,
        number: PartNumber,
        checkpoint: HashCheckpoint,
    ) -> Result<(), RecorderGone> {
        self.note(ImportRecord::Hashed {
            upload: upload.as_str().to_owned(),
            number: number.get().into(),
            checkpoint: checkpoint.into(),
        })
    }

    /// Notes what an upload is about to become, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn review(&self, upload: &UploadId, stored: &Stored) -> Result<(), RecorderGone> {
        self.note_now(ImportRecord::Review {
            upload: upload.as_str().to_owned(),
            stored: stored.clone(),
        })
    }
}
