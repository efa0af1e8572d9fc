//! A block device or image that is to be filled: formatted for its job, once, and mounted.
//!
//! What was formatted is written down, and recognised by its identifier: docking it again after an
//! interruption goes on. The SIGNATURE, which formatting destroys, is written down before and put on
//! the device again.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::export::capacity::{Geometry, Room};
use model::handling::EncryptedDevice;
use model::ids::JobId;
use model::manifest::S3Export;
use model::plan::SIGNATURE_NAME;
use serde::{Deserialize, Serialize};

use super::cover::Cover;
use super::signature::{self, job_named_in};
use super::{DockError, Docking, Done, Errand, Station};
use bay::luks::{self, OpenDevice};
use bay::{Access, Mounted};
use disks::facts::{Contents, Facts};
use disks::tree::folder::Folder;
use transfer::export::planner::ExportPlanner;
use transfer::progress::Progress;

/// Where a device is mounted while it is filled, in the job's folder.
const MOUNTED: &str = "device";

/// What is known of a device that was formatted for a job: `formatted` in the job's folder.
#[derive(Debug, Serialize, Deserialize)]
struct Formatted {
    /// The identifier of its file system, or of its encrypted volume; none while it is being made.
    uuid: Option<String>,
    /// The bytes of its SIGNATURE in base64.
    signature: Option<String>,
}

impl Station {
    /// The SIGNATURE that goes with a block device or image that may be formatted: what the operator gives, what is
    /// on it, or what was on it before it was formatted.
    pub(super) fn signature_to_fill(
        &self,
        device: &Path,
        facts: &Facts,
        docking: &Docking,
    ) -> Result<Option<Vec<u8>>, DockError> {
        let content = &facts.content;
        let label = content.label.as_deref().map(str::as_bytes);
        let found = match self.signature_of_formatted(label, content.uuid.as_deref()) {
            Some(signature) => Some(signature),
            None => {
                // What is in use is not even looked into.
                if let Some(what) = facts.uses.first() {
                    let (path, what) = (facts.path.clone(), what.clone());
                    let refused = bay::Refused::InUse { path, what };
                    return Err(bay::FormatError::from(refused).into());
                }
                self.signature_on(device)?
            }
        };
        let jobs = (found.as_deref(), docking.signature.as_deref());
        if let (Some(found), Some(given)) = (job_named_in(jobs.0), job_named_in(jobs.1))
            && found != given
        {
            return Err(DockError::OtherSignature { found, given });
        }
        let kept = || self.signature_kept(docking.job?);
        Ok(docking.signature.clone().or(found).or_else(kept))
    }

    /// The job that a block device or image is for that may be formatted, as far as that can be told before it is
    /// claimed.
    ///
    /// # Errors
    /// [`DockError`] if it is in use, or names another job than the operator.
    pub fn job_to_fill(
        &self,
        device: &Path,
        facts: &Facts,
        docking: &Docking,
    ) -> Result<Option<JobId>, DockError> {
        let signature = self.signature_to_fill(device, facts, docking)?;
        Ok(docking.job.or_else(|| job_named_in(signature.as_deref())))
    }

    /// The SIGNATURE of a device that was about to be formatted for a job when that was interrupted.
    fn signature_kept(&self, job: JobId) -> Option<Vec<u8>> {
        let formatted = read(&self.folder.join("jobs").join(job.as_str())).ok()??;
        let signature = formatted.signature.filter(|_| formatted.uuid.is_none())?;
        STANDARD.decode(signature).ok()
    }

    /// The SIGNATURE on a block device or image, if it holds a file system that has one.
    fn signature_on(&self, device: &Path) -> Result<Option<Vec<u8>>, DockError> {
        let at = self
            .folder
            .join("mount")
            .join(std::process::id().to_string());
        // Whatever cannot be mounted has no SIGNATURE that we could read.
        if let Ok(mounted) = Mounted::mount(device, &at, Access::ReadOnly) {
            let read = Folder::open(mounted.path())
                .map_err(|source| DockError::Device {
                    path: device.to_owned(),
                    source,
                })
                .and_then(|tree| signature::read(&tree, device));
            mounted.unmount()?;
            if let Some(signature) = read? {
                return Ok(Some(signature));
            }
        }
        Ok(None)
    }

    /// A device that this station has formatted is known by its label, which is the job, and its
    /// identifier; one whose formatting was cut short, by its label alone.
    pub(super) fn signature_of_formatted(
        &self,
        label: Option<&[u8]>,
        uuid: Option<&str>,
    ) -> Option<Vec<u8>> {
        let job = JobId::new(std::str::from_utf8(label?).ok()?).ok()?;
        let folder = self.folder.join("jobs").join(job.as_str());
        let formatted = read(&folder).ok()??;
        let is_it = match &formatted.uuid {
            Some(known) => uuid == Some(known),
            None => true,
        };
        let signature = formatted.signature.filter(|_| is_it)?;
        STANDARD.decode(signature).ok()
    }

    /// Fills a block device or image, formatting it first unless that was done.
    pub(super) fn export_formatted(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
    ) -> Result<Done, DockError> {
        let job = errand.claim.job;
        let facts = Facts::of(errand.device, &[&self.folder])?;
        let cover = Cover::of(errand, rules)?;
        let is_begun = is_formatted(errand.folder, &facts)?;
        if is_begun {
            cover.must_suit(&facts)?;
        } else {
            let Some(agreed) = &errand.docking.format else {
                return Err(DockError::WrongView {
                    job,
                    needs: "is an export, which fills a device with a file system",
                    hint: "dock it with --format, which destroys what is on it; or mount it and \
                           dock the mount point",
                });
            };
            if !agreed.is_same(&facts) {
                return Err(DockError::Changed(errand.device.to_owned()));
            }
            self.must_hold_any(errand, rules, cover.room(&facts))?;
            self.format(errand, rules, &facts, &cover)?;
        }
        let encrypted = match &cover {
            Cover::Password(password) => Some(OpenDevice::open(&facts.path, job, password)?),
            Cover::Words(_) => None,
        };
        let plain = encrypted
            .as_ref()
            .map_or_else(|| facts.path.clone(), OpenDevice::path);
        let at = errand.folder.join(MOUNTED);
        let mounted = Mounted::mount(&plain, &at, Access::ReadWrite)?;
        let root = mounted.path().to_owned();
        put_signature(errand, &root).map_err(|source| DockError::OntoDevice {
            path: errand.device.to_owned(),
            source,
        })?;
        let how = match cover {
            Cover::Password(_) => EncryptedDevice::Made {
                method: luks::METHOD.to_owned(),
                key_id: Contents::probe(&facts.path)?.uuid.unwrap_or_default(),
            },
            Cover::Words(words) => EncryptedDevice::Told { words },
        };
        let put_away = move || {
            mounted.unmount()?;
            Ok(encrypted.map_or(Ok(()), OpenDevice::close)?)
        };
        self.export(errand, rules, (&root, Some(&plain)), how, put_away)
    }

    /// Closes what processes of this station that were killed have left open. What one has that runs is not touched.
    pub(super) fn close_left(&self) {
        for job in luks::left_open() {
            let folder = self.folder.join("jobs").join(job.as_str());
            // Another station of this host has jobs of its own.
            if !was_begun(&folder) {
                continue;
            }
            let Ok(_only_one) = self.alone_with(job) else {
                continue;
            };
            if let Err(error) = luks::close_left(job, &folder.join(MOUNTED)) {
                let error = super::chain(&error);
                tracing::warn!(%job, error, "what a killed run has left open stays so");
            }
        }
    }

    /// Formats a device. What an earlier attempt has written down is of another device, or of this
    /// one before.
    fn format(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        facts: &Facts,
        cover: &Cover,
    ) -> Result<(), DockError> {
        let unusable = |source| DockError::Folder {
            path: errand.folder.to_owned(),
            source,
        };
        cover.may_be_made(facts, rules.file_system)?;
        if !errand.docking.partly {
            self.check_room(errand, rules, (facts, cover.room(facts)))?;
        }
        let before = read(errand.folder).map_err(unusable)?;
        let (uuid, kept) = before.map_or((None, None), |it| (it.uuid, it.signature));
        if uuid.is_some() {
            return Err(DockError::WrongView {
                job: errand.claim.job,
                needs: "was begun on another device, or on this one before somebody else formatted it",
                hint: "dock the device it was begun on; to begin again on this one, remove `formatted` \
                       from the job's folder of this station",
            });
        }
        let given = errand.signature.map(|bytes| STANDARD.encode(bytes));
        let mut formatted = Formatted {
            uuid: None,
            signature: given.or(kept),
        };
        write(errand.folder, &formatted).map_err(unusable)?;
        for name in ["plan", "journal", "index"] {
            durable::remove(&errand.folder.join(name)).map_err(unusable)?;
        }
        let is_encrypted = matches!(cover, Cover::Password(_));
        tracing::info!(device = %facts.path.display(), is_encrypted, "formatting");
        let job = errand.claim.job;
        let content = match cover {
            Cover::Password(password) => {
                luks::format_encrypted(facts, rules.file_system, (job, password))?
            }
            Cover::Words(_) => bay::format(facts, rules.file_system, job)?,
        };
        formatted.uuid = content.uuid;
        write(errand.folder, &formatted).map_err(unusable)
    }
}

impl Station {
    /// Plans the device as it would be once it is formatted: what is on it is not destroyed for an
    /// export that does not fit.
    fn check_room(
        &self,
        errand: &Errand<'_>,
        rules: &S3Export,
        (facts, bytes): (&Facts, u64),
    ) -> Result<(), DockError> {
        let Some(geometry) = Geometry::of_new(rules.file_system, bytes) else {
            return Ok(());
        };
        let buckets = self.buckets(errand, rules)?;
        let planner = ExportPlanner {
            job: errand.claim.job,
            rules,
            log: &errand.log,
            buckets: &buckets,
            scratch: &errand.folder.join("names"),
            progress: &Progress::default(),
            stop: errand.stop,
        };
        let path = errand.folder.join("plan.room");
        let made = planner.make(Room::new(geometry), &path);
        let _may_stay = fs::remove_file(&path);
        errand.must_go_on()?;
        match made?.and_then(|plan| plan.end().next.clone().map(|next| (plan.end().items, next))) {
            None => Ok(()),
            Some((fit, next)) => Err(DockError::TooSmall {
                path: errand.device.to_owned(),
                bytes: facts.bytes,
                fit,
                first: next.first.as_str().to_owned(),
            }),
        }
    }
}

/// Whether a device was formatted for a job of this station, in whose folder it is written down.
pub(super) fn was_any(folder: &Path) -> bool {
    read(folder).is_ok_and(|formatted| formatted.is_some_and(|it| it.uuid.is_some()))
}

/// Whether a device was to be formatted for a job of this station, whatever came of it.
pub(super) fn was_begun(folder: &Path) -> bool {
    path(folder).exists()
}

/// Whether a device holds what was made on it for the job.
fn is_formatted(folder: &Path, facts: &Facts) -> Result<bool, DockError> {
    let formatted = read(folder).map_err(|source| DockError::Folder {
        path: path(folder),
        source,
    })?;
    let uuid = formatted.and_then(|formatted| formatted.uuid);
    Ok(uuid.is_some() && uuid == facts.content.uuid)
}

fn put_signature(errand: &Errand<'_>, root: &Path) -> io::Result<()> {
    let path = root.join(SIGNATURE_NAME);
    match errand.signature {
        Some(signature) if fs::read(&path).ok().as_deref() != Some(signature) => {
            durable::replace(&path, signature)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644))
        }
        _ => Ok(()),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("formatted")
}

fn read(folder: &Path) -> io::Result<Option<Formatted>> {
    match fs::read(path(folder)) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn write(folder: &Path, formatted: &Formatted) -> io::Result<()> {
    durable::replace(&path(folder), &serde_json::to_vec(formatted)?)
}
