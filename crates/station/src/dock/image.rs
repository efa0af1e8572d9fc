//! The image of a device becomes a snapshot, an archive, or objects.

use std::sync::Arc;

use model::control::ImageTarget;
use model::manifest::Manifest;
use model::report::glacier;
use model::report::lines::Work;

use super::{DockError, Done, Errand, Outcome, Station};
use disks::device::Device;
use transfer::image::{Archive, ImageDone, ImageImport, ImageOutcome, What};
use transfer::journal::JournalError;
use transfer::report::{self, Report};

impl Station {
    /// Takes the image of a device that is not mounted.
    pub(super) fn import_image(
        &self,
        errand: &Errand<'_>,
        manifest: &Manifest,
        device: Arc<dyn Device>,
    ) -> Result<Done, DockError> {
        let (what, work) = match manifest {
            Manifest::EbsImport(rules) => (What::Ebs(rules), Work::Snapshot),
            Manifest::GlacierImport(rules) => (What::Glacier(rules), Work::Archive),
            Manifest::S3Import(_) | Manifest::S3Export(_) => return Err(nowhere(errand)),
        };
        let target = errand.claim.image.as_ref().ok_or_else(|| nowhere(errand))?;
        let logs = self.bucket(errand, &errand.log.bucket)?;
        let Some(attempt) = self.attempt(errand, &*logs) else {
            return Err(errand.interrupted());
        };
        let import = ImageImport {
            job: errand.claim.job,
            attempt: &attempt,
            device,
            what,
            target,
            services: &*self.services,
            log_bucket: &*logs,
            log: &errand.log,
            settings: self.settings,
            resources: &self.resources,
            logs: &*self.logs,
            clock: &*self.clock,
            progress: errand.progress,
            stop: errand.stop,
        };
        errand.try_anew()?;
        let ended = import.run(errand.folder)?;
        let _left_in_the_log_bucket = self.sweep(errand, &errand.log.bucket);
        match ended {
            ImageOutcome::Stopped => Err(errand.interrupted()),
            ImageOutcome::WrongCapacity {
                bytes,
                said_over_1tb,
            } => Err(DockError::WrongCapacity {
                job: errand.claim.job,
                bytes,
                said: if said_over_1tb { "yes" } else { "no" },
            }),
            ImageOutcome::Done(done) => {
                errand.must_go_on()?;
                let mut report = report::render(errand.folder, &errand.about(work))?;
                if let What::Glacier(rules) = what {
                    let comment = (rules.vault.as_str(), rules.archive_comment.as_str());
                    glacier_log(errand, &mut report, &done, comment)?;
                }
                let outcome = Outcome {
                    work,
                    bucket: None,
                    place: place(target, &done),
                    errors: done.errors,
                    remark: Some(done.remark),
                };
                self.conclude(errand, report, outcome)
            }
        }
    }
}

/// Puts Glacier's own log in the place of the other.
fn glacier_log(
    errand: &Errand<'_>,
    report: &mut Report,
    done: &ImageDone,
    (vault, comment): (&str, &str),
) -> Result<(), DockError> {
    let location = match &done.archive {
        Some(Archive::Id(id)) => glacier::archive_location(&errand.claim.account, vault, id),
        Some(Archive::Object(object)) => object.clone(),
        None => String::new(),
    };
    let text = glacier::log(done.record.at, vault, &location, comment);
    durable::replace(&report.csv, text.as_bytes()).map_err(|source| JournalError::Io {
        path: report.csv.clone(),
        source,
    })?;
    report.log_type = glacier::CONTENT_TYPE;
    Ok(())
}

fn place(target: &ImageTarget, done: &ImageDone) -> String {
    let key = match &done.record.outcome {
        model::outcome::Outcome::Stored(stored) => stored.key.as_str(),
        _ => "",
    };
    match target {
        ImageTarget::Snapshot(_) => format!("snapshot {key}"),
        ImageTarget::Vault(_) => format!("archive {key}"),
        ImageTarget::Objects { .. } => format!("objects {key}"),
    }
}

fn nowhere(errand: &Errand<'_>) -> DockError {
    DockError::Manifest {
        job: errand.claim.job,
        reason: "the server does not say where its image goes".to_owned(),
    }
}
