//! What happens when a device is docked: find its SIGNATURE, claim its job, do it, report, conclude.
//!
//! Here is what every job needs; what is done with the device is in a module for each kind of job.

mod cause;
mod cover;
mod error;
mod export;
mod formatting;
mod found;
mod handled;
mod image;
mod import;
mod raw;
mod seen;
mod signature;
mod source;
mod tellings;
mod vitals;

pub use error::{DockError, StoreAddress};
pub use found::Found;
pub use signature::is_unmounted_and_empty;
pub(crate) use signature::read_raw as read_raw_signature;
pub use vitals::{Scruples, Vitals};

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::capabilities::Capabilities;
use model::control::{
    BucketAccess, Claim, ClaimAnswer, ClaimRequest, Conclusion, Ending, Tally, View as Shown,
};
use model::delivered::Sums;
use model::device::DeviceFacts;
use model::ids::{BayName, BucketName, JobId, JobType, ObjectKey, StationName};
use model::manifest::Manifest;
use model::progress::LogLocation;
use model::proof::Attempt;
use model::report::lines::{About, Work};
use model::stopped::StopCause;
use model::time::{Clock, Timestamp};
use objectstore::{Bucket, probe};

use crate::control::{Control, ControlError};
use crate::devices::Devices;
use crate::keys;
use crate::lease;
use crate::raw::RawError;
use crate::shares;
use crate::stores::Stores;
use disks::device::counted::Reads;
use disks::facts::{self, Facts};
use disks::rescue;
use disks::rescue::map::{RescueMap, Status};
use disks::sandbox::Launcher;
use disks::tree::Tree;
use encrypted::secrets::Secrets;
use handled::Handled;
use imagestore::services::Services;
use raw::Raw;
use seen::Seen;
use signature::job_named_in;
use source::Source;
use transfer::journal::file::LogFiles;
use transfer::progress::Progress;
use transfer::report::{self, Report};
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

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
    /// What all its runs share.
    pub resources: Arc<Resources>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The way to the stores.
    pub stores: Arc<dyn Stores>,
    /// The way to the services that take images.
    pub services: Arc<dyn Services>,
    /// The way to devices that are filled or read raw.
    pub devices: Arc<dyn Devices>,
    /// Where journals are written.
    pub logs: Arc<dyn LogFiles>,
    /// How what parses the file systems of raw devices is started.
    pub launcher: Launcher,
}

/// How a device comes to be docked.
#[derive(Debug, Clone, Default)]
pub struct Docking {
    /// The job the operator says it belongs to.
    pub job: Option<JobId>,
    /// The content of the SIGNATURE where the device itself has none.
    pub signature: Option<Vec<u8>>,
    /// The device that may be formatted to be filled, as the operator saw it: all that is on it is
    /// lost.
    pub format: Option<Facts>,
    /// Whether a device is formatted also for an export that does not all fit.
    pub partly: bool,
    /// What encrypts the device of an export, where that is not the station, in the words of who answers for it.
    pub encrypted_by: Option<String>,
    /// Whether an import goes on although it was begun on another device.
    pub other_device: bool,
    /// Whether the device is only to be read: an export is refused.
    pub only_read: bool,
    /// Whether what earlier attempts have given up of a failing device is tried again.
    pub retry_bad: bool,
    /// Whether a folder is meant in which nothing is mounted: an export fills it, and it may be
    /// empty.
    pub folder: bool,
    /// The numbers of the volumes of a block device or image that are loaded; none stands for all that hold data.
    pub volumes: Vec<u32>,
    /// Minutes east of UTC of the clock by which a file system that keeps local time was written, if that is known.
    pub zone_minutes: Option<i16>,
    /// What opens its volumes that are encrypted.
    pub secrets: Secrets,
    /// In which bay the device is, if in one.
    pub bay: Option<BayName>,
    /// Where it is counted what is read of the device, if it is a block device or image.
    pub reads: Arc<Reads>,
    /// Where it is kept how the device says that it is.
    pub vitals: Arc<Vitals>,
    /// For what of the device its job is held.
    pub scruples: Scruples,
}

/// A job that was done.
#[derive(Debug, Clone)]
pub struct Done {
    /// The job.
    pub job: JobId,
    /// Which attempt finished it.
    pub attempt: u32,
    /// What was done.
    pub work: Work,
    /// The bucket that the files of an import went to.
    pub bucket: Option<BucketName>,
    /// Where the files or the image went, for a person: a bucket, a device, a snapshot.
    pub place: String,
    /// How many errors the job has.
    pub errors: u64,
    /// What the customer is told beyond the report, in whole sentences.
    pub remark: Option<String>,
    /// What became of the entries.
    pub tally: Tally,
    /// Where the report lies in the store.
    pub log: LogLocation,
    /// The same report on this station, and what it says.
    pub report: Report,
}

/// A device as it is docked.
enum View<'a> {
    /// A folder where its file system is mounted.
    Mounted(&'a dyn Tree),
    /// A block device or image, which is only read.
    Raw(Box<Raw>),
    /// A block device or image that may be formatted to be filled, or was for its job; what is known of it.
    Fill(Seen),
    /// Nothing but the journal of this station: the job is to end with what is loaded of it.
    Journal,
}

impl View<'_> {
    /// What all its files come to, in bytes, where that is known before they are read.
    fn files_bytes(&self) -> Option<u64> {
        match self {
            Self::Raw(raw) => raw.files_bytes(),
            Self::Mounted(_) | Self::Fill(_) | Self::Journal => None,
        }
    }

    /// Whether it was not unmounted cleanly, as far as that is seen.
    fn is_dirty(&self) -> bool {
        match self {
            Self::Raw(raw) => raw.is_dirty(),
            Self::Mounted(_) | Self::Fill(_) | Self::Journal => false,
        }
    }

    /// As what it is shown to the server, and what is seen of it.
    fn shown(&self) -> (Shown, Option<&Seen>) {
        match self {
            Self::Mounted(_) | Self::Journal => (Shown::Mounted, None),
            Self::Raw(raw) => (Shown::Raw, Some(raw.seen())),
            Self::Fill(seen) => (Shown::Fill, Some(seen)),
        }
    }
}

/// A job while it is done.
struct Errand<'a> {
    claim: &'a Claim,
    /// The station's folder for the job.
    folder: &'a Path,
    /// Where the operator sees the device.
    device: &'a Path,
    docking: &'a Docking,
    /// The content of the SIGNATURE that the claim was made with.
    signature: Option<&'a [u8]>,
    log: LogLocation,
    handled: &'a Handled,
    progress: &'a Progress,
    stop: &'a Stop,
}

impl Errand<'_> {
    /// What the report says of the job as a whole.
    fn about(&self, work: Work) -> About {
        About {
            job: self.claim.job,
            account: self.claim.account.clone(),
            created: self.claim.created,
            work,
            bucket: None,
            prefix: String::new(),
            log: self.log.clone(),
        }
    }

    /// The error of a run that was stopped, if it was, or is to be for what was seen of its device.
    fn must_go_on(&self) -> Result<(), DockError> {
        vitals::look(self);
        if self.stop.is_set() {
            Err(self.interrupted())
        } else {
            Ok(())
        }
    }

    /// Lets a failing device be tried again where it was given up, if that is wanted.
    fn try_anew(&self) -> Result<(), DockError> {
        match self.docking.retry_bad {
            true => Ok(rescue::try_anew(self.folder).map_err(RawError::from)?),
            false => Ok(()),
        }
    }

    /// The same of one whose device has given no answer since then: what it was stopped for comes first.
    fn interrupted_by(&self, error: DockError) -> DockError {
        match error {
            DockError::Stopped { .. } => error,
            _ => self.interrupted(),
        }
    }

    /// Where its store is: where its report goes, if that is not another.
    fn store(&self) -> Option<Box<StoreAddress>> {
        let buckets = self.claim.buckets.iter();
        let log = |it: &&BucketAccess| it.bucket == self.log.bucket;
        let found = buckets.clone().find(|it| !log(it)).or(buckets.last());
        found.map(|it| Box::new(StoreAddress(it.access.endpoint.clone())))
    }

    /// The error of a run that was stopped.
    fn interrupted(&self) -> DockError {
        let why = self.stop.take_reason().unwrap_or(Halt::Interrupted);
        DockError::Stopped {
            job: self.claim.job,
            store: matches!(why, Halt::Store(_))
                .then(|| self.store())
                .flatten(),
            why,
        }
    }
}

/// How a job ends.
struct Outcome {
    work: Work,
    bucket: Option<BucketName>,
    place: String,
    errors: u64,
    remark: Option<String>,
}

impl Station {
    /// Docks a device and stays with it until its job is done or cannot go on: a folder where its
    /// file system is mounted, a block device, or an image of one.
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
        self.give_back();
        if let Some(facts) = &docking.format
            && is_raw(device)?
        {
            return self
                .dock_to_format((device, facts), docking, progress, stop)
                .map_err(|error| self.unless_in_a_bay(error, device, docking));
        }
        let found = self.look(device, docking, stop)?;
        self.dock_found(found, docking, progress, stop)
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
        let signature = found::signature_of_folder(tree, device, docking)?;
        let view = View::Mounted(tree);
        self.dock_view(view, device, docking, signature, progress, stop)
    }

    /// Ends a job of which this station has the journal with what is loaded of it, as the server was told that it is to
    /// end. Its device is not needed.
    ///
    /// # Errors
    /// [`DockError::NoJournal`] if it was not begun here; else as [`Station::dock`].
    pub fn finish_from_journal(
        &self,
        job: JobId,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        if !self.has_journal(job) {
            return Err(DockError::NoJournal(job));
        }
        let docking = Docking {
            job: Some(job),
            only_read: true,
            ..Docking::default()
        };
        let nowhere = Path::new("journal");
        self.dock_view(View::Journal, nowhere, &docking, None, progress, stop)
    }

    /// Whether a job was begun at this station.
    #[must_use]
    pub fn has_journal(&self, job: JobId) -> bool {
        let folder = self.folder.join("jobs").join(job.as_str());
        folder.join("journal").is_file()
    }

    fn dock_view(
        &self,
        view: View<'_>,
        device: &Path,
        docking: &Docking,
        signature: Option<Vec<u8>>,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        // Before the claim: the same station may always claim again, and that would take the lease
        // from a process that is at work.
        let named = docking.job.or_else(|| job_named_in(signature.as_deref()));
        let _only_one = match named {
            Some(job) => Some(lock(&self.job_folder(job)?, job)?),
            None => None,
        };
        let claim = self.claim(device, docking, signature.as_deref(), &view, stop);
        let claim = claim.map_err(|error| match view.shown() {
            (_, Some(seen)) => seen.clone().beside(error),
            (_, None) => error,
        })?;
        let folder = self.job_folder(claim.job)?;
        let span = tracing::info_span!("job", job = %claim.job, attempt = claim.attempt);
        let _entered = span.enter();
        tracing::info!(device = %device.display(), "claimed");
        let is_there = !matches!(view, View::Journal);
        let handled = Handled::begin(self, &claim, docking, (device, &view), stop);
        let done = read_manifest(&claim).and_then(|manifest| {
            let errand = Errand {
                claim: &claim,
                folder: &folder,
                device,
                docking,
                signature: signature.as_deref(),
                log: manifest.log_location(claim.job),
                handled: &handled,
                progress,
                stop,
            };
            if let Some(store) = errand.store() {
                progress.speaks_to(&store.0);
            }
            // The lease is kept until the report is delivered and the server told: all of this may
            // take long.
            let done = self.while_leased(&errand, || self.work(&errand, &manifest, view));
            // A device that is left when the run is to stop looks as one that has gone.
            done.map_err(
                |error| match stop.is_set() && error.cause() == StopCause::DiskGone {
                    true => errand.interrupted_by(error),
                    false => error,
                },
            )
        });
        let done = done.map_err(|error| self.unless_its_lease_has_ended(&claim, progress, error));
        if let Err(error) = &done {
            self.release(&claim, error);
        }
        if is_there {
            handled.end(self, stop);
        }
        done
    }

    /// A store that refuses may refuse nothing but the keys, which end with the lease: then that is why the run has stopped.
    fn unless_its_lease_has_ended(
        &self,
        claim: &Claim,
        progress: &Progress,
        error: DockError,
    ) -> DockError {
        let refused = match &error {
            DockError::Stopped {
                why: Halt::Store(refused),
                ..
            } => refused.answer(),
            _ => None,
        };
        let of_keys = refused.is_some_and(|answer| matches!(answer.status, 401 | 403));
        let ended = of_keys.then(|| lease::ended(&self.control, claim, progress));
        match ended.flatten() {
            Some(why) => DockError::Stopped {
                job: claim.job,
                why,
                store: None,
            },
            None => error,
        }
    }

    fn claim(
        &self,
        device: &Path,
        docking: &Docking,
        signature: Option<&[u8]>,
        view: &View<'_>,
        stop: &Stop,
    ) -> Result<Claim, DockError> {
        let mut request = ClaimRequest {
            signature_file: signature.map(|bytes| STANDARD.encode(bytes)),
            job: docking.job,
            facts: self.shipped(device, view, stop)?,
            from_journal: matches!(view, View::Journal),
            ..ClaimRequest::new(self.name.clone(), device.display().to_string())
        };
        match view.shown() {
            (shown, Some(seen)) => seen.tell(&mut request, shown),
            (shown, None) => request.view = Some(shown),
        }
        request.files_bytes = view.files_bytes();
        if docking.scruples.dirty && view.is_dirty() {
            request.obstacle.get_or_insert(StopCause::Dirty);
        }
        match self.control.claim(&request)? {
            ClaimAnswer::Granted(claim) => Ok(*claim),
            ClaimAnswer::Denied {
                code,
                message,
                hint,
                job,
                cause,
            } => Err(DockError::Denied {
                code,
                message,
                hint,
                job,
                cause,
            }),
        }
    }

    /// What tells a device from others.
    fn shipped(
        &self,
        device: &Path,
        view: &View<'_>,
        stop: &Stop,
    ) -> Result<Option<DeviceFacts>, DockError> {
        let path = device.to_owned();
        match view {
            // It may give no answer by now, and is what it was when it was opened.
            View::Raw(raw) => Ok(raw.shipped().cloned()),
            View::Journal => Ok(None),
            View::Mounted(_) | View::Fill(_) => self.aside(device, stop, move || {
                facts::shipped(&path).map(DeviceFacts::tidied)
            }),
        }
    }

    /// Does what the manifest asks for with the device.
    fn work(
        &self,
        errand: &Errand<'_>,
        manifest: &Manifest,
        view: View<'_>,
    ) -> Result<Done, DockError> {
        let job = errand.claim.job;
        let wrong = |needs, hint| Err(DockError::WrongView { job, needs, hint });
        match (manifest, view) {
            (Manifest::S3Export(_), _) if errand.docking.only_read => wrong(
                "is an export, which is begun by a person and not by plugging a device in",
                "`longshore dock` fills the device",
            ),
            (Manifest::S3Import(rules), View::Mounted(tree)) => {
                let signed = import::signed_in_folder(errand, tree)?;
                let path = errand.device.to_owned();
                let source =
                    self.aside(errand.device, errand.stop, move || Source::of_folder(&path))?;
                self.import(errand, rules, tree, signed, import::Brought::Device(source))
            }
            (Manifest::S3Import(rules), View::Journal) => {
                let nothing = import::no_device();
                self.import(
                    errand,
                    rules,
                    &nothing,
                    Vec::new(),
                    import::Brought::Journal,
                )
            }
            // An older server does not know that there is no device.
            (
                Manifest::S3Export(_) | Manifest::EbsImport(_) | Manifest::GlacierImport(_),
                View::Journal,
            ) => wrong("needs its device", "dock the device"),
            (Manifest::S3Import(rules), View::Raw(raw)) => self.import_raw(errand, rules, *raw),
            // An older server does not look at the view.
            (Manifest::S3Import(_), View::Fill(_)) => wrong(
                "is an import: formatting would destroy what is to be loaded",
                "dock it without --format",
            ),
            (Manifest::S3Export(_), View::Mounted(_))
                if !errand.docking.folder
                    && signature::is_mount_point(errand.device) == Some(false) =>
            {
                Err(DockError::NotMounted(errand.device.to_owned()))
            }
            (Manifest::S3Export(rules), View::Mounted(_)) => {
                let how = cover::of_folder(errand, rules)?;
                self.export(errand, rules, (errand.device, None), how, || Ok(()))
            }
            // Whether it was agreed to format it is seen there.
            (Manifest::S3Export(rules), View::Raw(held)) => {
                drop(held);
                self.export_formatted(errand, rules)
            }
            (Manifest::S3Export(rules), View::Fill(_)) => self.export_formatted(errand, rules),
            (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Raw(raw)) => {
                self.import_image(errand, manifest, raw.device())
            }
            (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Fill(_)) => wrong(
                "takes the image of the device: formatting would destroy what is to be loaded",
                "dock it without --format",
            ),
            (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Mounted(_)) => wrong(
                "takes the image of the whole device, which must not be mounted",
                "unmount it and dock the block device itself, or an image file",
            ),
        }
    }

    /// A bucket of the job.
    fn bucket(
        &self,
        errand: &Errand<'_>,
        bucket: &BucketName,
    ) -> Result<Box<dyn Bucket>, DockError> {
        let opened = self
            .stores
            .open(errand.claim, bucket, &self.resources, errand.stop);
        Ok(opened?)
    }

    /// Finds out what a store that is written to does, and how much is to be proved beyond that.
    /// `None` if the store cannot be used: the run is stopped then.
    fn attempt(&self, errand: &Errand<'_>, bucket: &dyn Bucket) -> Option<Attempt> {
        let probed = probe::capabilities(bucket, &errand.log.key);
        let store = probed
            .map_err(|error| errand.stop.halt(Halt::Store(error)))
            .ok()?;
        let attempt = self.attempt_at(errand, store);
        errand.handled.probed(&attempt);
        Some(attempt)
    }

    /// An attempt at a store of which this is known.
    fn attempt_at(&self, errand: &Errand<'_>, store: Capabilities) -> Attempt {
        Attempt {
            number: errand.claim.attempt,
            at: self.clock.now(),
            station: self.name.clone(),
            read_back: store.needed_read_back(self.settings.read_back),
            store,
        }
    }

    /// Removes what the experiments of this and of earlier attempts left in a bucket: while they ran, the
    /// account may not have been let. What is left all the same is told.
    fn sweep(&self, errand: &Errand<'_>, bucket: &BucketName) -> Option<String> {
        let key = &errand.log.key;
        let swept = self.bucket(errand, bucket).map(|b| probe::sweep(&*b, key));
        match swept {
            Ok(Ok(left)) => told_of_left(left, key),
            Ok(Err(error)) => {
                tracing::warn!(%bucket, %error, "not looked for what the store's probe left");
                None
            }
            Err(error) => {
                tracing::warn!(%bucket, %error, "not looked for what the store's probe left");
                None
            }
        }
    }

    /// Runs `work` with the lease kept alive beside it.
    fn while_leased<T>(&self, errand: &Errand<'_>, work: impl FnOnce() -> T) -> T {
        let Errand {
            claim,
            handled,
            progress,
            stop,
            ..
        } = *errand;
        std::thread::scope(|scope| {
            let (running, done) = crossbeam_channel::bounded(0);
            if !self.control.carried().is_carrying() {
                let done = done.clone();
                scope.spawn(move || {
                    shares::keep(&self.control, &self.resources, &self.name, &done);
                });
            }
            if claim.job_type == JobType::Import {
                let done = done.clone();
                scope.spawn(move || handled.watch(progress, &done));
            }
            let watching = done.clone();
            scope.spawn(move || vitals::watch(errand, &watching));
            let renewing = done.clone();
            scope.spawn(move || keys::keep(&self.control, &*self.stores, claim, &renewing));
            scope.spawn(move || lease::keep(&self.control, claim, progress, stop, &done));
            let result = work();
            drop(running);
            result
        })
    }

    /// Delivers the report and tells the server.
    fn conclude(
        &self,
        errand: &Errand<'_>,
        report: Report,
        what: Outcome,
    ) -> Result<Done, DockError> {
        let job = errand.claim.job;
        if what.work == Work::Import {
            errand.handled.planned(errand.progress);
        }
        errand.handled.settle();
        let logs = self.bucket(errand, &errand.log.bucket)?;
        let files =
            report::deliver(&report, &*logs).map_err(|why| DockError::Undelivered { job, why })?;
        let tally = report.tally();
        self.tell(&Conclusion {
            job,
            lease: errand.claim.lease.clone(),
            ending: Ending::Finished {
                errors: what.errors,
                log: errand.log.clone(),
                remark: what.remark.as_deref().map(bounded),
                files,
                sums: Some(Box::new(self.sums(errand, &report))),
            },
        })?;
        tracing::info!(stored = tally.stored, failed = what.errors, "finished");
        Ok(Done {
            job,
            attempt: errand.claim.attempt,
            work: what.work,
            bucket: what.bucket,
            place: what.place,
            errors: what.errors,
            remark: what.remark,
            tally,
            log: errand.log.clone(),
            report,
        })
    }

    /// What a report adds up to.
    fn sums(&self, errand: &Errand<'_>, report: &Report) -> Sums {
        let took = |begun: Timestamp| self.clock.now().unix() - begun.unix();
        Sums {
            totals: report.findings.totals,
            bad_ranges: report.map.as_deref().and_then(bad_ranges),
            seconds: errand
                .claim
                .begun
                .and_then(|begun| u64::try_from(took(begun)).ok()),
        }
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

    /// Gives the lease back and says why, so that the device can be docked again at once. If that
    /// fails the lease lapses by itself.
    fn release(&self, claim: &Claim, error: &DockError) {
        let (job, lease) = (claim.job, claim.lease.clone());
        let manifest = Manifest::parse_accepted(&claim.manifest, claim.job_type).ok();
        let (cause, bucket) = cause::of(error, manifest.as_ref());
        tracing::warn!(%job, cause = cause.code(), "stopped");
        let released = Conclusion {
            job,
            lease,
            ending: Ending::Released {
                reason: chain(error),
                cause: Some(cause),
                bucket,
                words: cause::words(error),
                untouched: self.has_moved_nothing(job),
            },
        };
        if let Err(error) = self.control.conclude(&released) {
            tracing::warn!(%job, %error, "lease not given back");
        }
    }

    /// Whether this station has moved nothing of a job in any attempt, nor formatted a device for it.
    fn has_moved_nothing(&self, job: JobId) -> bool {
        let folder = self.folder.join("jobs").join(job.as_str());
        !self.has_journal(job) && !formatting::was_begun(&folder)
    }

    /// Keeps every other process of this host from a job, as long as what it gives lives.
    pub(crate) fn alone_with(&self, job: JobId) -> Result<File, DockError> {
        lock(&self.job_folder(job)?, job)
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

/// How many stretches of a device a map says that could not be read.
fn bad_ranges(map: &Path) -> Option<u64> {
    let map = RescueMap::parse(&fs::read_to_string(map).ok()?).ok()?;
    Some(map.ranges(Status::Bad).len() as u64)
}

/// Most bytes of a remark that the server takes, with room to spare.
const REMARK_BYTES: usize = 2000;

/// A remark as the server takes it: short, and without what is no text.
fn bounded(remark: &str) -> String {
    let end = remark.floor_char_boundary(REMARK_BYTES);
    let plain = |c: char| if c.is_control() { '?' } else { c };
    remark[..end].chars().map(plain).collect()
}

/// What is told of `left` objects of the store's probe that could not be removed.
fn told_of_left(left: usize, log: &ObjectKey) -> Option<String> {
    (left > 0).then(|| {
        format!(
            "{left} small objects of the store's probe could not be removed; their keys begin with \
             `{log}.probe/`, and they may be removed."
        )
    })
}

/// An error and all that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Whether a device is docked as a block device or image, not as a folder.
fn is_raw(path: &Path) -> Result<bool, DockError> {
    let kind = fs::metadata(path).map(|found| found.file_type());
    let kind = kind.map_err(|source| DockError::Device {
        path: path.to_owned(),
        source,
    })?;
    Ok(kind.is_block_device() || kind.is_file())
}

fn read_manifest(claim: &Claim) -> Result<Manifest, DockError> {
    let parsed = Manifest::parse_accepted(&claim.manifest, claim.job_type);
    parsed.map_err(|faults| DockError::Manifest {
        job: claim.job,
        reason: faults.to_string(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_probe_left_is_told_with_where_it_lies() {
        let log = ObjectKey::new("logs/import-log-ABCDE").unwrap();
        assert_eq!(told_of_left(0, &log), None);
        let told = told_of_left(3, &log).unwrap();
        assert!(told.starts_with("3 small objects"), "{told}");
        assert!(told.contains("`logs/import-log-ABCDE.probe/`"), "{told}");
    }
}
