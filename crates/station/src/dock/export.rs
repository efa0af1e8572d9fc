//! Objects become files of a device.

use std::io;
use std::path::Path;

use model::capabilities::{Capabilities, Finding};
use model::export::capacity::{Geometry, Room};
use model::ids::JobType;
use model::manifest::S3Export;
use model::proof::{Attempt, ReadBack};
use model::report::lines::Work;

use super::{DockError, Done, Errand, Outcome, Station};
use crate::export::plan::Plan;
use crate::export::planner::Planner;
use crate::export::{Buckets, Export, ExportError, LeftOut};
use crate::report;
use crate::target::folder::{Folder, foreign_name};

impl Station {
    /// Fills the file system that is mounted at `root`. `put_away` is called when all is on it, the
    /// report too.
    pub(super) fn export(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        root: &Path,
        put_away: impl FnOnce() -> Result<(), DockError>,
    ) -> Result<Done, DockError> {
        let job = errand.claim.job;
        let mut buckets = Buckets::new();
        for set in &rules.operations {
            let opened = self.bucket(errand, &set.bucket)?;
            buckets.insert(set.bucket.clone(), opened);
        }
        let Some(plan) = self.plan(errand, rules, root, &buckets)? else {
            return Err(errand.interrupted());
        };
        let unwritable = |source| DockError::Device {
            path: root.to_owned(),
            source,
        };
        let target = Folder::open(root, job).map_err(unwritable)?;
        let export = Export {
            job,
            attempt: &self.export_attempt(errand),
            plan: &plan,
            buckets: &buckets,
            target: &target,
            settings: self.settings,
            logs: &*self.logs,
            clock: &*self.clock,
            progress: errand.progress,
            stop: errand.stop,
        };
        let left_out = export.run(errand.folder)?;
        errand.must_go_on()?;
        let report = report::render(errand.folder, &errand.about(Work::Export))?;
        let onto = |source| DockError::OntoDevice {
            path: errand.device.to_owned(),
            source,
        };
        let log_name = format!("{}{job}", JobType::Export.log_name());
        report::write_to(&report, &target, &log_name).map_err(onto)?;
        drop(target);
        put_away()?;
        let outcome = Outcome {
            work: Work::Export,
            bucket: None,
            place: format!("device {}", rules.common.device_id),
            errors: report.tally().failed,
            remark: left_out.as_ref().map(LeftOut::remark),
        };
        self.conclude(errand, report, outcome)
    }

    /// The plan of the device: an earlier attempt's, or a new one for a device that is empty.
    fn plan(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        root: &Path,
        buckets: &Buckets,
    ) -> Result<Option<Plan>, DockError> {
        let job = errand.claim.job;
        let path = errand.folder.join("plan");
        if let Some(plan) = Plan::open(&path, job).map_err(ExportError::from)? {
            errand
                .progress
                .found_before(plan.end().items, plan.end().bytes);
            return Ok(Some(plan));
        }
        let device = |source| DockError::Device {
            path: root.to_owned(),
            source,
        };
        if let Some(name) = foreign_name(root, job).map_err(device)? {
            return Err(DockError::NotEmpty {
                path: errand.device.to_owned(),
                name: name.to_string_lossy().into_owned(),
            });
        }
        let planner = Planner {
            job,
            rules,
            log: &errand.log,
            buckets,
            scratch: &errand.folder.join("names"),
            progress: errand.progress,
            stop: errand.stop,
        };
        Ok(planner.make(room(rules, root).map_err(device)?, &path)?)
    }

    /// An export asks nothing of a store that would have to be found out; what is written to the
    /// device is always read back.
    fn export_attempt(&self, errand: &Errand<'_>) -> Attempt {
        Attempt {
            number: errand.claim.attempt,
            at: self.clock.now(),
            station: self.name.clone(),
            read_back: ReadBack::Full,
            store: Capabilities::all(Finding::Unknown),
        }
    }
}

/// The room on the file system that is mounted at `root`.
fn room(rules: &S3Export, root: &Path) -> io::Result<Room> {
    let found = rustix::fs::statvfs(root)?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // File systems that do not count them say zero of all.
    let inodes = (found.f_files > 0).then_some(found.f_favail);
    let geometry = Geometry::of_mounted(rules.file_system, found.f_frsize, free, inodes);
    Ok(Room::new(geometry))
}
