//! Objects become files of a device.

use std::fs;
use std::io;
use std::path::Path;

use model::capabilities::{Capabilities, Finding};
use model::export::capacity::{Geometry, Room};
use model::handling::EncryptedDevice;
use model::ids::JobType;
use model::manifest::S3Export;
use model::proof::{Attempt, ReadBack};
use model::report::lines::Work;

use super::source::ext_identifier;
use super::{DockError, Done, Errand, Outcome, Station};
use transfer::destination::folder::{foreign_name, have_same_content};
use transfer::destination::mark::DeviceMark;
use transfer::export::plan::{Next, Plan};
use transfer::export::planner::{Cursor, ExportPlanner, PlanStep};
use transfer::export::{Buckets, Export, ExportError, LeftOut};
use transfer::report;

impl Station {
    /// Fills the file system that is mounted at `root`, on the block device or image `backing` where
    /// that is known. `encrypted` says how it is. `put_away` is called when all is on it, the
    /// report too.
    pub(super) fn export(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        (root, backing): (&Path, Option<&Path>),
        encrypted: EncryptedDevice,
        put_away: impl FnOnce() -> Result<(), DockError>,
    ) -> Result<Done, DockError> {
        let job = errand.claim.job;
        let mut remarks = vec![encrypted.to_string()];
        errand.handled.encrypted(encrypted);
        let buckets = self.buckets(errand, rules)?;
        let Some(plan) = self.plan(errand, rules, root, &buckets)? else {
            return Err(errand.interrupted());
        };
        let unwritable = |source| DockError::Device {
            path: root.to_owned(),
            source,
        };
        let opened = self.devices.target(root, job, backing);
        let target = opened.map_err(unwritable)?;
        let export = Export {
            job,
            attempt: &self.export_attempt(errand),
            plan: &plan,
            buckets: &buckets,
            target: &*target,
            settings: self.settings,
            resources: &self.resources,
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
        match report::write_to(&report, &*target, &log_name) {
            // Of a device that is full against all reckoning the log bucket has the report.
            Err(e) if e.kind() == io::ErrorKind::StorageFull => {
                tracing::warn!(error = %e, "no room for the report on the device");
            }
            written => written.map_err(onto)?,
        }
        // All is on it, and nobody goes on with it.
        DeviceMark::take(root, job)
            .and_then(|()| target.sync())
            .map_err(onto)?;
        drop(target);
        put_away()?;
        remarks.extend(left_out.as_ref().map(LeftOut::remark));
        let outcome = Outcome {
            work: Work::Export,
            bucket: None,
            place: format!("device {}", rules.common.device_id),
            errors: report.errors(),
            remark: Some(remarks.join(" ")),
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
        let device = |source| DockError::Device {
            path: root.to_owned(),
            source,
        };
        let begun = Plan::open(&path, job).map_err(ExportError::from)?;
        let is_known = is_known(errand, root).map_err(device)?;
        if let Some(plan) = begun.filter(|_| is_known) {
            errand
                .progress
                .found_before(plan.end().items, plan.end().bytes);
            return Ok(Some(plan));
        }
        if let Some(name) = foreign_name(root, job).map_err(device)? {
            return Err(DockError::NotEmpty {
                path: errand.device.to_owned(),
                name: name.to_string_lossy().into_owned(),
            });
        }
        let unusable = |source| DockError::Folder {
            path: errand.folder.to_owned(),
            source,
        };
        // What was written to another device is not on this one.
        for name in ["plan", "journal", "index"] {
            durable::remove(&errand.folder.join(name)).map_err(unusable)?;
        }
        let mark = DeviceMark::new().map_err(unusable)?;
        let kept = errand.folder.join(DEVICE_ID);
        durable::replace(&kept, mark.as_str().as_bytes()).map_err(unusable)?;
        mark.leave(root, job)
            .map_err(|source| DockError::OntoDevice {
                path: errand.device.to_owned(),
                source,
            })?;
        let planner = ExportPlanner {
            job,
            rules,
            log: &errand.log,
            buckets,
            scratch: &errand.folder.join("names"),
            progress: errand.progress,
            stop: errand.stop,
        };
        let made = planner.make(room(rules, root).map_err(device)?, &path);
        if errand.stop.is_set() {
            return Err(errand.interrupted());
        }
        let made = made?;
        let holds_none = made.as_ref().map(Plan::end).filter(|end| end.items == 0);
        if let Some(next) = holds_none.and_then(|end| end.next.clone()) {
            durable::remove(&path).map_err(unusable)?;
            // It goes as it came.
            DeviceMark::take(root, job).map_err(|source| DockError::OntoDevice {
                path: errand.device.to_owned(),
                source,
            })?;
            return Err(no_room(errand, next));
        }
        Ok(made)
    }

    /// Finds out, before anything on it is lost, that a device of so many bytes would not hold the first
    /// object once it is formatted.
    pub(super) fn must_hold_any(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        bytes: u64,
    ) -> Result<(), DockError> {
        let buckets = self.buckets(errand, rules)?;
        // What is too small for a file system is refused where that is made.
        let Some(geometry) = Geometry::of_new(rules.file_system, bytes) else {
            return Ok(());
        };
        let cursor = Cursor::begin(rules, &buckets, errand.folder, errand.stop);
        let mut cursor = cursor.without(&errand.log);
        let names = errand.folder.join("names");
        cursor.load(&names, Some(errand.claim.job), Room::new(geometry))?;
        match cursor.step()? {
            PlanStep::Full(next) => Err(no_room(errand, next)),
            PlanStep::Stopped => Err(errand.interrupted()),
            PlanStep::Item(_) | PlanStep::Done => Ok(()),
        }
    }

    pub(super) fn buckets(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
    ) -> Result<Buckets, DockError> {
        let mut buckets = Buckets::new();
        for set in &rules.operations {
            let opened = self.bucket(errand, &set.bucket)?;
            buckets.insert(set.bucket.clone(), opened);
        }
        Ok(buckets)
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

fn no_room(errand: &Errand<'_>, next: Next) -> DockError {
    DockError::NoRoom {
        path: errand.device.to_owned(),
        first: next.first,
    }
}

/// The file of a job's folder that says how its device is known again: a mark, or as before there were
/// marks the identifier of an EXT file system.
const DEVICE_ID: &str = "device-id";

/// Whether the device at `root` is the one that the job has begun to fill. What is not known for certain
/// is not known.
fn is_known(errand: &Errand<'_>, root: &Path) -> io::Result<bool> {
    let job = errand.claim.job;
    let Ok(kept) = fs::read_to_string(errand.folder.join(DEVICE_ID)) else {
        return Ok(false);
    };
    let is_same = match DeviceMark::parse(&kept) {
        Some(mark) => DeviceMark::read(root, job)? == Some(mark),
        None => ext_identifier(root)?.as_deref() == Some(&*kept),
    };
    // The mark is gone from a device that has its report, also if nobody was told any more.
    Ok(is_same || has_our_report(errand, root))
}

/// Whether the device has the report that this station rendered for the job.
fn has_our_report(errand: &Errand<'_>, root: &Path) -> bool {
    let log_name = format!("{}{}", JobType::Export.log_name(), errand.claim.job);
    let open = |path: &Path| {
        let is_file = fs::symlink_metadata(path)?.is_file();
        let file = is_file.then(|| fs::File::open(path));
        file.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
    };
    let ours = open(&errand.folder.join("report.csv"));
    let found = open(&root.join(log_name));
    match (ours, found) {
        (Ok(ours), Ok(found)) => have_same_content(&ours, &found).unwrap_or(false),
        _ => false,
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
