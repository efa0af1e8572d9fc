//! Files of a mounted device become objects.

use model::capabilities::Finding;
use model::control::Tally;
use model::manifest::S3Import;
use model::proof::Attempt;
use model::report::lines::{About, Work};
use model::signature::SignatureFile;

use super::{DockError, Done, Errand, Outcome, Station, signature, source};
use disks::tree::Tree;
use transfer::import::Import;
use transfer::report;
use transfer::settings::{Existing, Settings};

impl Station {
    pub(super) fn import(
        &self,
        errand: &Errand<'_>,
        rules: &S3Import,
        tree: &dyn Tree,
    ) -> Result<Done, DockError> {
        source::must_be_the_same(errand)?;
        let bucket = self.bucket(errand, &rules.bucket)?;
        if let Some(attempt) = self.attempt(errand, &*bucket) {
            self.warn_of_replacing(&attempt);
            let metadata = attempt.store.metadata != Finding::Refused;
            let import = Import {
                job: errand.claim.job,
                attempt: &attempt,
                tree,
                is_signed: is_signed(errand, tree)?,
                bucket: &*bucket,
                rules,
                settings: Settings {
                    // What nobody asked for costs no file.
                    sha256_metadata: self.settings.sha256_metadata && metadata,
                    mtime_metadata: self.settings.mtime_metadata && metadata,
                    ..self.settings
                },
                log: &errand.log,
                logs: &*self.logs,
                clock: &*self.clock,
                progress: errand.progress,
                stop: errand.stop,
            };
            import.run(errand.folder)?;
        }
        let remark = self.sweep(errand, &rules.bucket);
        errand.must_go_on()?;
        let about = About {
            bucket: Some(rules.bucket.clone()),
            prefix: rules.prefix.clone(),
            ..errand.about(Work::Import)
        };
        let report = report::render(errand.folder, &about)?;
        let outcome = Outcome {
            work: Work::Import,
            bucket: Some(rules.bucket.clone()),
            place: format!("bucket {}", rules.bucket),
            errors: report.tally().failed,
            remark: nothing_found(report.tally()).or(remark),
        };
        self.conclude(errand, report, outcome)
    }
}

impl Station {
    /// Says what `--no-replace` cannot keep.
    fn warn_of_replacing(&self, attempt: &Attempt) {
        let store = &attempt.store;
        let keeps = store.put_if_absent.is_honored() && store.complete_if_absent.is_honored();
        if self.settings.existing == Existing::Keep && !keeps {
            tracing::warn!(
                "the store puts objects without regard to what is there (`If-None-Match`): one that somebody \
                 else puts while this runs may be replaced"
            );
        }
    }
}

/// A device without files is loaded in a moment and without an error: somebody should know.
fn nothing_found(tally: Tally) -> Option<String> {
    // The SIGNATURE itself is left out.
    let is_nothing = tally.stored == 0 && tally.failed == 0 && tally.ignored <= 1;
    is_nothing.then(|| "0 files: the device had no files.".to_owned())
}

/// Whether the device has the SIGNATURE of one. It has where the claim was made with it; where that
/// came from elsewhere, a file of this name may be anything.
fn is_signed(errand: &Errand<'_>, tree: &dyn Tree) -> Result<bool, DockError> {
    if errand.docking.signature.is_none() {
        return Ok(true);
    }
    match signature::read(tree, errand.device) {
        Ok(found) => Ok(found.is_some_and(|bytes| SignatureFile::parse(&bytes).is_ok())),
        // A folder or link of this name is like any other.
        Err(DockError::SignatureNoFile { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
