//! What happens when a device is docked: find its SIGNATURE, claim its job, load, report, conclude.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{Claim, ClaimAnswer, ClaimRequest, Conclusion, Ending, Tally};
use model::entry::EntryPath;
use model::ids::{BucketName, JobId, StationName};
use model::limits;
use model::manifest::{Manifest, S3Import};
use model::plan::SIGNATURE_NAME;
use model::progress::LogLocation;
use model::proof::Attempt;
use model::report::lines::{About, Work};
use model::signature::SignatureFile;
use model::time::Clock;
use objects::{Bucket, probe};
use rustix::io::Errno;

use crate::control::{Control, ControlError};
use crate::import::Import;
use crate::journal::JournalError;
use crate::lease;
use crate::logfile::LogFiles;
use crate::progress::Progress;
use crate::report::{self, DeliveryError, Report};
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use crate::stores::{NoWayToBucket, Stores};
use crate::tree::folder::Folder;
use crate::tree::{Content, Tree, fill};

/// How long a station tries to tell the server how a job ended.
const CONCLUDE_WITHIN: Duration = Duration::from_secs(300);

/// A station: a host with devices.
pub struct Station {
    /// Its name.
    pub name: StationName,
    /// The way to its server.
    pub control: Control,
    /// Where it keeps journals and reports, one folder for each job.
    pub folder: PathBuf,
    /// How hard it works.
    pub settings: Settings,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The way to the stores.
    pub stores: Arc<dyn Stores>,
    /// Where journals are written.
    pub logs: Arc<dyn LogFiles>,
}

/// How a device comes to be docked.
#[derive(Debug, Clone, Default)]
pub struct Docking {
    /// The job the operator says it belongs to.
    pub job: Option<JobId>,
    /// The content of the SIGNATURE where the device itself has none.
    pub signature: Option<Vec<u8>>,
}

/// A job that was done.
#[derive(Debug, Clone)]
pub struct Done {
    /// The job.
    pub job: JobId,
    /// Which attempt finished it.
    pub attempt: u32,
    /// Where the files went.
    pub bucket: BucketName,
    /// What became of the entries.
    pub tally: Tally,
    /// Where the report lies in the store.
    pub log: LogLocation,
    /// The same report on this station, and what it says.
    pub report: Report,
}

/// A device that was not loaded, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum DockError {
    /// There is no such folder, or it is none.
    #[error("could not open the device `{path}`")]
    Device {
        /// What was given.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A block device that is not mounted.
    #[error("`{0}` is a block device, not a mounted file system")]
    NotMounted(PathBuf),
    /// The server says that it must not be loaded.
    #[error("{message}")]
    Denied {
        /// A stable word.
        code: String,
        /// What is wrong.
        message: String,
        /// What the operator can do.
        hint: String,
        /// The job concerned.
        job: Option<JobId>,
    },
    /// Another process of this station works on the job.
    #[error("job {0} is being loaded by another process of this station")]
    Busy(JobId),
    /// The server cannot be asked or told.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The server sent a job this station cannot read.
    #[error("could not read the manifest of job {job}: {reason}")]
    Manifest {
        /// The job.
        job: JobId,
        /// What is wrong with it.
        reason: String,
    },
    /// The station's own folder cannot be used.
    #[error("could not use the station's folder `{path}`")]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server does not say how to reach a bucket.
    #[error(transparent)]
    Store(#[from] NoWayToBucket),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run ended early. Docking the device again goes on where it stopped.
    #[error("job {job} was stopped")]
    Stopped {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        why: Halt,
    },
    /// Everything is loaded and the report cannot be delivered. Docking again tries again.
    #[error("job {job} is loaded, but its report is not delivered")]
    Undelivered {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        why: DeliveryError,
    },
}

impl Station {
    /// Docks a device and stays with it until its job is done or cannot go on.
    ///
    /// # Errors
    /// [`DockError`]. Whatever happened, nothing went to a bucket the job does not name, and a job
    /// that began can be gone on with.
    pub fn dock(
        &self,
        device: &Path,
        docking: &Docking,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let tree = open_device(device)?;
        self.dock_tree(&tree, device, docking, progress, stop)
    }

    /// Docks a device that is open already; `device` is where the operator sees it.
    ///
    /// # Errors
    /// As [`Station::dock`].
    pub fn dock_tree(
        &self,
        tree: &dyn Tree,
        device: &Path,
        docking: &Docking,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let signature = match &docking.signature {
            Some(given) => Some(given.clone()),
            None => read_signature(tree, device)?,
        };
        // Before the claim: the same station may always claim again, and that would take the lease
        // from a process that is at work.
        let _only_one = match docking.job.or_else(|| job_named_in(signature.as_deref())) {
            Some(job) => Some(lock(&self.job_folder(job)?, job)?),
            None => None,
        };
        let claim = self.claim(device, docking.job, signature)?;
        let folder = self.job_folder(claim.job)?;
        let span = tracing::info_span!("job", job = %claim.job, attempt = claim.attempt);
        let _entered = span.enter();
        tracing::info!(device = %device.display(), "claimed");
        let done = self.work(&claim, tree, &folder, progress, stop);
        if let Err(error) = &done {
            self.release(&claim, chain(error));
        }
        done
    }

    fn claim(
        &self,
        device: &Path,
        job: Option<JobId>,
        signature: Option<Vec<u8>>,
    ) -> Result<Claim, DockError> {
        let request = ClaimRequest {
            station: self.name.clone(),
            signature_file: signature.map(|bytes| STANDARD.encode(bytes)),
            job,
            device: device.display().to_string(),
        };
        match self.control.claim(&request)? {
            ClaimAnswer::Granted(claim) => Ok(*claim),
            ClaimAnswer::Denied {
                code,
                message,
                hint,
                job,
            } => Err(DockError::Denied {
                code,
                message,
                hint,
                job,
            }),
        }
    }

    fn work(
        &self,
        claim: &Claim,
        tree: &dyn Tree,
        folder: &Path,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let (rules, log) = import_rules(claim)?;
        let bucket = self
            .stores
            .open(claim, &rules.bucket, self.settings, stop)?;
        let log_bucket = &rules.common.log_bucket;
        let logs = self.stores.open(claim, log_bucket, self.settings, stop)?;
        // The lease is kept until the report is delivered and the server told: all of this may
        // take long.
        self.while_leased(claim, progress, stop, || {
            if let Some(attempt) = self.attempt(claim, &*bucket, &log, stop) {
                let import = Import {
                    job: claim.job,
                    attempt: &attempt,
                    tree,
                    bucket: &*bucket,
                    rules: &rules,
                    settings: self.settings,
                    log: &log,
                    logs: &*self.logs,
                    clock: &*self.clock,
                    progress,
                    stop,
                };
                import.run(folder)?;
            }
            if let Some(why) = stop.take_reason() {
                let job = claim.job;
                return Err(DockError::Stopped { job, why });
            }
            self.conclude(claim, folder, &rules, &*logs, log.clone())
        })
    }

    /// Finds out what the store does, and how much is to be proved beyond that. `None` if the store
    /// cannot be used: the run is stopped then.
    fn attempt(
        &self,
        claim: &Claim,
        bucket: &dyn Bucket,
        log: &LogLocation,
        stop: &Stop,
    ) -> Option<Attempt> {
        let probed = probe::capabilities(bucket, &log.key);
        let store = probed.map_err(|error| stop.halt(Halt::Store(error))).ok()?;
        Some(Attempt {
            number: claim.attempt,
            at: self.clock.now(),
            station: self.name.clone(),
            read_back: store.needed_read_back(self.settings.read_back),
            store,
        })
    }

    /// Runs `work` with the lease kept alive beside it.
    fn while_leased<T>(
        &self,
        claim: &Claim,
        progress: &Progress,
        stop: &Stop,
        work: impl FnOnce() -> T,
    ) -> T {
        std::thread::scope(|scope| {
            let (running, done) = crossbeam_channel::bounded(0);
            scope.spawn(move || lease::keep(&self.control, claim, progress, stop, &done));
            let result = work();
            drop(running);
            result
        })
    }

    /// Renders and delivers the report, then tells the server.
    fn conclude(
        &self,
        claim: &Claim,
        folder: &Path,
        rules: &S3Import,
        logs: &dyn Bucket,
        log: LogLocation,
    ) -> Result<Done, DockError> {
        let job = claim.job;
        let about = About {
            job,
            account: claim.account.clone(),
            created: claim.created,
            work: Work::Import,
            bucket: Some(rules.bucket.clone()),
            prefix: rules.prefix.clone(),
            log: log.clone(),
        };
        let report = report::render(folder, &about)?;
        report::deliver(&report, logs).map_err(|why| DockError::Undelivered { job, why })?;
        let tally = report.tally();
        let ending = Ending::Finished {
            errors: tally.failed,
            log: log.clone(),
            remark: None,
        };
        self.tell(&Conclusion {
            job,
            lease: claim.lease.clone(),
            ending,
        })?;
        tracing::info!(stored = tally.stored, failed = tally.failed, "finished");
        Ok(Done {
            job,
            attempt: claim.attempt,
            bucket: rules.bucket.clone(),
            tally,
            log,
            report,
        })
    }

    /// Tells the server how a job ended, again and again while it does not answer: the message is
    /// idempotent.
    fn tell(&self, conclusion: &Conclusion) -> Result<(), ControlError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(200);
        loop {
            match self.control.conclude(conclusion) {
                Err(error) if error.may_retry() && begun.elapsed() < CONCLUDE_WITHIN => {
                    tracing::warn!(job = %conclusion.job, %error, "server not told yet");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                told => return told,
            }
        }
    }

    /// Gives the lease back, so that the device can be docked again at once. If that fails the
    /// lease lapses by itself.
    fn release(&self, claim: &Claim, reason: String) {
        let (job, lease) = (claim.job, claim.lease.clone());
        let released = Conclusion {
            job,
            lease,
            ending: Ending::Released { reason },
        };
        if let Err(error) = self.control.conclude(&released) {
            tracing::warn!(%job, %error, "lease not given back");
        }
    }

    fn job_folder(&self, job: JobId) -> Result<PathBuf, DockError> {
        let path = self.folder.join("jobs").join(job.as_str());
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        match made {
            Ok(()) => Ok(path),
            Err(source) => Err(DockError::Folder { path, source }),
        }
    }
}

/// An error and all that caused it, in one line.
fn chain(error: &DockError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Opens a device: today a folder or a mounted file system.
fn open_device(path: &Path) -> Result<Folder, DockError> {
    use std::os::unix::fs::FileTypeExt as _;
    let device = |source| DockError::Device {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path)
        .map_err(device)?
        .file_type()
        .is_block_device()
    {
        return Err(DockError::NotMounted(path.to_owned()));
    }
    Folder::open(path).map_err(device)
}

/// The bytes of the device's SIGNATURE, if it has that name in its root. What is no regular file
/// has none, which is an invalid SIGNATURE; of one that is too long, one byte too many is read.
fn read_signature(tree: &dyn Tree, device: &Path) -> Result<Option<Vec<u8>>, DockError> {
    let read = tree
        .open(&EntryPath::new(SIGNATURE_NAME))
        .and_then(|file| read_head(&*file, limits::SIGNATURE_FILE_BYTES + 1));
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) if is_no_regular_file(&e) => Ok(Some(Vec::new())),
        Err(source) => Err(DockError::Device {
            path: device.join(SIGNATURE_NAME),
            source,
        }),
    }
}

fn is_no_regular_file(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
        || matches!(Errno::from_io_error(error), Some(Errno::LOOP | Errno::NXIO))
}

fn read_head(file: &dyn Content, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(limit).unwrap_or(usize::MAX)];
    let filled = fill(file, 0, &mut bytes).map_err(|bad| bad.source)?;
    bytes.truncate(filled);
    Ok(bytes)
}

fn job_named_in(signature: Option<&[u8]>) -> Option<JobId> {
    SignatureFile::parse(signature?).ok().map(|file| file.job)
}

/// What the manifest says of the import, and where its report is to lie.
fn import_rules(claim: &Claim) -> Result<(S3Import, LogLocation), DockError> {
    let unreadable = |reason| DockError::Manifest {
        job: claim.job,
        reason,
    };
    let parsed = Manifest::parse_accepted(&claim.manifest, claim.job_type)
        .map_err(|faults| unreadable(faults.to_string()))?;
    let log = parsed.log_location(claim.job);
    match parsed {
        Manifest::S3Import(rules) => Ok((rules, log)),
        _ => Err(unreadable("it is not an import into a bucket".to_owned())),
    }
}

/// Makes sure that only one process of this host works on a job: a lease is the station's, not a
/// process's.
fn lock(folder: &Path, job: JobId) -> Result<File, DockError> {
    let path = folder.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(durable::OWNER_ONLY)
        .open(&path);
    let file = file.map_err(|source| DockError::Folder { path, source })?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => Err(DockError::Busy(job)),
    }
}
