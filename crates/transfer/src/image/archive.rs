//! An image that becomes one archive in a Glacier vault.
//!
//! A stretch is a part of the upload, of the size that leaves at most 10,000 of them; its sum is its tree
//! hash, by which the service knows it too.

use std::sync::OnceLock;

use imagestore::vaults::{Hashes, UploadId, Vault};
use imagestore::{ServiceError, treehash};

use super::Halted;
use super::target::{Completed, ImageSink, ReadBack, key_of, service};
use super::work::{ImageRun, Stretch};
use crate::journal::records::image::WholeSums;
use crate::journal::records::image::{Sent, Step};

/// Bytes of a part, where the image has not too many of them.
pub(crate) const PART_BYTES: u64 = 8 << 20;

/// Longest description of an archive in characters (`InitiateMultipartUpload`).
const DESCRIPTION: usize = 1024;

/// An archive.
pub(crate) struct ArchiveImage {
    service: Box<dyn Vault>,
    description: String,
    upload: OnceLock<UploadId>,
}

impl ArchiveImage {
    /// An archive that `comment` describes.
    pub(crate) fn new(service: Box<dyn Vault>, comment: &str) -> Self {
        Self {
            service,
            description: description(comment),
            upload: OnceLock::new(),
        }
    }

    fn initiate(&self, work: &ImageRun<'_>) -> Result<UploadId, Halted> {
        let begun = self
            .service
            .initiate(work.begun.stretch_bytes, &self.description);
        let upload = service(work.import.stop, begun)?;
        let name = upload.as_str().to_owned();
        work.ledger.note_now(Step::Named { name })?;
        Ok(upload)
    }

    fn upload(&self) -> Result<&UploadId, Halted> {
        self.upload.get().ok_or(Halted)
    }

    /// Compares what the service has with what the journal says. `false` if it has nothing.
    fn look(&self, work: &ImageRun<'_>, upload: &UploadId) -> Result<bool, Halted> {
        let parts = match self.service.list_parts(upload) {
            // Completing it again soon gives the same archive again.
            Err(ServiceError::NotFound(_)) => return self.was_completed(work, upload),
            other => service(work.import.stop, other)?,
        };
        let held = |stretch: u64, sum: &str| {
            let range = work.begun.range(stretch);
            parts
                .iter()
                .any(|part| part.range == range && hex::encode(part.tree) == sum)
        };
        let lost: Vec<u64> = {
            let state = work.ledger.state();
            let lost = state
                .sent
                .iter()
                .filter(|(stretch, sent)| !held(**stretch, &sent.sum));
            lost.map(|(stretch, _)| *stretch).collect()
        };
        for stretch in lost {
            work.ledger.note(Step::Again { stretch })?;
        }
        Ok(true)
    }

    fn was_completed(&self, work: &ImageRun<'_>, upload: &UploadId) -> Result<bool, Halted> {
        if work.ledger.state().completing.is_none() {
            return Ok(false);
        }
        match self.service.complete(upload, work.begun.bytes, &tree(work)) {
            Ok(_) => Ok(true),
            Err(ServiceError::NotFound(_)) => {
                tracing::warn!(%upload, "it may have become an archive whose id is lost");
                Ok(false)
            }
            Err(error) => service(work.import.stop, Err(error)),
        }
    }
}

/// What a service takes for a description: printable ASCII. Other characters become `?`; the log has
/// them as they are.
fn description(comment: &str) -> String {
    let printable = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    comment.chars().map(printable).take(DESCRIPTION).collect()
}

/// The tree hash of all that was sent.
fn tree(work: &ImageRun<'_>) -> [u8; 32] {
    let state = work.ledger.state();
    let parts = state.sent.values().map(|sent| {
        let mut part = [0; 32];
        // What is no sum makes a wrong one, which the service refuses.
        let _decoded = hex::decode_to_slice(&sent.sum, &mut part);
        part
    });
    treehash::combine(parts)
}

impl ImageSink for ArchiveImage {
    fn kind(&self) -> &'static str {
        "vault"
    }

    fn open(&self, work: &ImageRun<'_>) -> Result<bool, Halted> {
        let name = work.ledger.state().name.clone();
        let upload = match name.as_deref().and_then(UploadId::parse) {
            None => self.initiate(work)?,
            Some(upload) if self.look(work, &upload)? => upload,
            Some(_) => return Ok(false),
        };
        let _first = self.upload.set(upload);
        Ok(true)
    }

    fn prepare(&self, _: &ImageRun<'_>, _: u64, _: bool) -> Result<(), Halted> {
        Ok(())
    }

    fn sum(&self, bytes: &[u8]) -> String {
        hex::encode(treehash::of(bytes))
    }

    fn put(&self, work: &ImageRun<'_>, stretch: &Stretch) -> Result<Sent, Halted> {
        let hashes = Hashes::of(&stretch.bytes);
        let offset = work.begun.range(stretch.index).start;
        let put = self
            .service
            .put_part(self.upload()?, offset, &stretch.bytes, &hashes);
        service(work.import.stop, put)?;
        Ok(Sent {
            sum: hex::encode(hashes.tree),
            puts: 1,
            tag: None,
        })
    }

    fn complete(&self, work: &ImageRun<'_>, _: Option<&WholeSums>) -> Result<Completed, Halted> {
        let tree = tree(work);
        let completed = self
            .service
            .complete(self.upload()?, work.begun.bytes, &tree);
        let archive = service(work.import.stop, completed)?;
        Ok(Completed {
            key: key_of(&archive.id),
            etag: hex::encode(tree),
            parts: work.begun.stretches(),
            remark: format!("The archive is {}.", archive.id),
            archive: Some(archive.id),
            object: None,
        })
    }

    /// An archive can be read only after hours; its tree hash has proved it.
    fn read_back(&self, _: &ImageRun<'_>) -> Result<ReadBack, Halted> {
        Ok(ReadBack::Partly)
    }

    fn abandon(&self, work: &ImageRun<'_>) {
        let name = work.ledger.state().name.clone();
        let Some(upload) = name.as_deref().and_then(UploadId::parse) else {
            return;
        };
        if let Err(error) = self.service.abort(&upload) {
            tracing::warn!(%upload, %error, "upload of an archive left open");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_printable_ascii() {
        assert_eq!(description("disk 1 of 3"), "disk 1 of 3");
        assert_eq!(description("été\n✓"), "?t???");
        assert_eq!(description(&"x".repeat(2000)).len(), 1024);
    }
}
