//! Files of a mounted device become objects.

use model::capabilities::{Capabilities, Finding};
use model::control::Tally;
use model::entry::{EntryPath, Unloadable};
use model::manifest::S3Import;
use model::plan::SIGNATURE_NAME;
use model::report::lines::{About, Work};
use model::without::Without;

use super::source::{self, Source};
use super::{DockError, Done, Errand, Outcome, Station, signature};
use disks::tree::Tree;
use disks::tree::memory::{Memory, Node};
use transfer::import::Import;
use transfer::report;
use transfer::settings::{Existing, Settings};

/// What is imported from.
pub(super) enum Brought {
    /// The device, by what it is known again.
    Device(Option<Source>),
    /// The journal alone, of what had been begun.
    Journal,
}

impl Station {
    pub(super) fn import(
        &self,
        errand: &Errand<'_>,
        rules: &S3Import,
        tree: &dyn Tree,
        signed: Vec<EntryPath>,
        from: Brought,
    ) -> Result<Done, DockError> {
        let at_hand = matches!(from, Brought::Device(_));
        if let Brought::Device(source) = from {
            source::must_be_the_same(errand, source)?;
        }
        let bucket = self.bucket(errand, &rules.bucket)?;
        let without = errand.claim.without.as_ref();
        let attempt = match without {
            // Nothing is sent, and the store may be what is wrong.
            Some(_) => Some(self.attempt_at(errand, Capabilities::all(Finding::Unknown))),
            None => self.attempt(errand, &*bucket),
        };
        if let Some(attempt) = attempt {
            if let Some(warning) = may_replace(self.settings.existing, &attempt.store) {
                tracing::warn!("{warning}");
            }
            let import = Import {
                job: errand.claim.job,
                attempt: &attempt,
                begun: errand.claim.begun,
                tree,
                signed: &signed,
                bucket: &*bucket,
                rules,
                settings: fitting(self.settings, &attempt.store),
                resources: &self.resources,
                log: &errand.log,
                logs: &*self.logs,
                clock: &*self.clock,
                progress: errand.progress,
                stop: errand.stop,
                without,
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
            errors: report.errors(),
            remark: match without {
                Some(without) => Some(told_of_without(without, at_hand)),
                None => nothing_found(report.tally()).or(remark),
            },
        };
        self.conclude(errand, report, outcome)
    }
}

/// The tree of a job of which this station has the journal alone: nobody can list what had not been begun, and a report that
/// said nothing of it would be one of a job without a fault.
pub(super) fn no_device() -> Memory {
    let why = Unloadable::Unreadable(
        "the device was not at hand: what had not been begun has no line".to_owned(),
    );
    Memory::new([(EntryPath::whole_device().as_bytes(), Node::Bad(why))])
}

/// What the customer reads of a job that was finished without what was not loaded.
fn told_of_without(without: &Without, at_hand: bool) -> String {
    match at_hand {
        true => without.to_string(),
        false => format!(
            "{without} The device was not at hand: what had not been begun has no line in the report."
        ),
    }
}

/// Where a folder has the SIGNATURE of a device. It has where the claim was made with it.
pub(super) fn signed_in_folder(
    errand: &Errand<'_>,
    tree: &dyn Tree,
) -> Result<Vec<EntryPath>, DockError> {
    let places = vec![EntryPath::new(SIGNATURE_NAME)];
    match errand.docking.signature {
        None => Ok(places),
        Some(_) => signature::signed(tree, places, errand.device),
    }
}

/// What `--no-replace` cannot keep at this store.
fn may_replace(existing: Existing, store: &Capabilities) -> Option<&'static str> {
    let keeps = store.put_if_absent.is_honored() && store.complete_if_absent.is_honored();
    (existing == Existing::Keep && !keeps).then_some(
        "the store puts objects without regard to what is there (`If-None-Match`): one that somebody \
         else puts while this runs may be replaced",
    )
}

/// The settings as far as the store takes them: what nobody asked for costs no file.
fn fitting(settings: Settings, store: &Capabilities) -> Settings {
    let metadata = store.metadata != Finding::Refused;
    Settings {
        sha256_metadata: settings.sha256_metadata && metadata,
        mtime_metadata: settings.mtime_metadata && metadata,
        ..settings
    }
}

/// A device without files is loaded in a moment and without an error: somebody should know.
fn nothing_found(tally: Tally) -> Option<String> {
    // The SIGNATURE itself is left out.
    let is_nothing = tally.stored == 0 && tally.failed == 0 && tally.ignored <= 1;
    is_nothing.then(|| "0 files: the device had no files.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_knows_no_condition_is_warned_of_where_objects_are_kept() {
        let knows = Capabilities::all(Finding::Honored);
        let in_parts_alone = Capabilities {
            put_if_absent: Finding::Ignored,
            ..knows.clone()
        };
        assert!(may_replace(Existing::Keep, &in_parts_alone).is_some());
        assert_eq!(may_replace(Existing::Keep, &knows), None);
        assert_eq!(may_replace(Existing::Replace, &in_parts_alone), None);
    }

    #[test]
    fn metadata_of_ours_is_left_out_where_the_store_refuses_it() {
        let settings = Settings::default();
        let takes = Capabilities::all(Finding::Honored);
        assert_eq!(fitting(settings, &takes), settings);
        let refuses = Capabilities::all(Finding::Refused);
        let fitted = fitting(settings, &refuses);
        assert!(!fitted.sha256_metadata && !fitted.mtime_metadata);
    }
}
