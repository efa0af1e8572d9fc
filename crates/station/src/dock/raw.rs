//! A block device or image is docked as it is: whose it is, is found on its volumes, which are read here and never
//! mounted.
//!
//! Where nobody says which job it is for, everything on it is listed at once: the SIGNATURE is among it, and an import
//! goes on with the same list.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use bay::luks::LuksError;
use bay::{FormatError, Layer, MountError};
use disks::device::apart::Leaving;
use disks::device::counted::Reads;
use disks::device::{Device, OpenError};
use disks::facts::{Facts, Use};
use disks::tree::Tree;
use disks::tree::raw::RawTree;
use encrypted::limits::PASSPHRASE_BYTES;
use model::device::DeviceFacts;
use model::ids::BayName;
use model::limits::SECRET_BYTES;
use model::manifest::{Passphrase, S3Import};
use model::secret::{DeviceSecret, is_sealed};
use model::signature::SignatureFile;

use super::import::Brought;
use super::source::Source;
use super::{DockError, Docking, Done, Errand, Found, Seen, Station, View, formatting, signature};
use crate::in_bays;
use crate::raw::{self, Means, RawDisk, RawError};
use crate::scratch::Scratch;
use transfer::progress::Progress;
use transfer::stop::Stop;

/// A device that is only read.
pub(super) struct Raw {
    disk: RawDisk,
    /// What is loaded of it, if it was listed.
    tree: Option<RawTree>,
    seen: Seen,
}

impl Raw {
    /// What tells its device from others.
    pub(super) fn shipped(&self) -> Option<&DeviceFacts> {
        self.disk.shipped()
    }

    /// What was seen of it.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What is to be known of the volumes that are loaded.
    pub(super) fn remarks(&self) -> Vec<String> {
        let loaded = self.tree.iter().flat_map(RawTree::loaded);
        loaded.flat_map(|it| it.remarks.clone()).collect()
    }

    /// The ids of the file systems that are loaded.
    pub(super) fn file_systems(&self) -> Vec<String> {
        let loaded = self.tree.iter().flat_map(RawTree::loaded);
        loaded.filter_map(|it| it.facts.uuid.clone()).collect()
    }

    /// Whether one of them was not ejected cleanly.
    pub(super) fn is_dirty(&self) -> bool {
        let mut loaded = self.tree.iter().flat_map(RawTree::loaded);
        loaded.any(|it| it.is_dirty)
    }

    /// What all its files come to, in bytes, if they were listed.
    pub(super) fn files_bytes(&self) -> Option<u64> {
        let totals = self.tree.as_ref().and_then(Tree::totals);
        totals.map(|totals| totals.bytes)
    }

    /// Whether the kernel refuses to write to it; nothing of an image.
    pub(super) fn is_read_only(&self) -> Option<bool> {
        let is_kept = || self.disk.layers().contains(&Layer::ReadOnly);
        (!self.disk.is_image()).then(is_kept)
    }

    /// The device.
    pub(super) fn device(&self) -> Arc<dyn Device> {
        Arc::clone(self.disk.device())
    }
}

impl Station {
    /// Docks a block device or image that may be formatted to be filled.
    pub(super) fn dock_to_format(
        &self,
        (device, facts): (&Path, &Facts),
        docking: &Docking,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let signature = self.signature_to_fill(device, facts, docking)?;
        let view = View::Fill(Seen::to_fill(device, Some(facts)));
        self.dock_view(view, device, docking, signature, progress, stop)
    }

    /// Lets devices be written to again that a process of this station which was killed has left read-only, and closes
    /// what one has left open that is encrypted.
    pub fn give_back(&self) {
        bay::give_back(&self.folder.join(raw::READ_ONLY));
        self.close_left();
    }

    /// Clears up after processes of this station that were killed.
    pub(crate) fn clear_up(&self) {
        self.give_back();
        Scratch::sweep(&self.folder, raw::LOOK);
    }

    /// Opens a block device or image, looks at it, and counts in `reads` what is read of it. One that gives no answer any
    /// more is left soon after `stop` is set.
    ///
    /// # Errors
    /// [`DockError`]
    pub fn open_raw(
        &self,
        device: &Path,
        reads: &Arc<Reads>,
        stop: &Stop,
    ) -> Result<RawDisk, DockError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(|source| DockError::Folder {
            path: self.folder.clone(),
            source,
        })?;
        self.give_back();
        let means = Means {
            devices: &self.devices,
            launcher: &self.launcher,
            windows: self.resources.windows(),
            folder: &self.folder,
            reads,
            leaving: &self.leaving(stop),
        };
        RawDisk::open(device, means).map_err(in_use)
    }

    /// By what a device that gives no answer is left soon after `stop` is set.
    pub(super) fn leaving(&self, stop: &Stop) -> Leaving {
        Leaving {
            stop: stop.flag(),
            left: self.resources.left_reads().clone(),
        }
    }

    /// Does something that waits for a device, so that one which gives no answer is left soon after `stop` is set.
    ///
    /// # Errors
    /// [`DockError::Device`] if it is left.
    pub(super) fn aside<T: Send + 'static>(
        &self,
        device: &Path,
        stop: &Stop,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, DockError> {
        let name = device.display().to_string();
        let done = self.leaving(stop).aside(&name, what);
        done.map_err(|left| DockError::Device {
            path: device.to_owned(),
            source: left.into(),
        })
    }

    /// Docks a block device or image that is open already, and of which a tree may have been made by
    /// [`RawDisk::look`] with what is chosen in `docking`.
    ///
    /// # Errors
    /// As [`Station::dock`].
    pub fn dock_disk(
        &self,
        disk: RawDisk,
        tree: Option<RawTree>,
        docking: &Docking,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let found = self.look_at_disk(disk, tree, docking, stop)?;
        self.dock_found(found, docking, progress, stop)
    }

    /// The bay of this station whose bench, another process, has a device or image open.
    #[must_use]
    pub fn bay_with(&self, device: &Path) -> Option<BayName> {
        in_bays::bay_with(&self.folder, device)
    }

    /// Says which bay has a device that somebody has docked by hand in vain; a bench knows itself what it has.
    pub(super) fn unless_in_a_bay(
        &self,
        error: DockError,
        device: &Path,
        docking: &Docking,
    ) -> DockError {
        let asked = is_of_another(&error) && docking.bay.is_none();
        let Some(bay) = asked.then(|| self.bay_with(device)).flatten() else {
            return error;
        };
        let (station, device) = (&self.name, device.display());
        DockError::NotAsItIs {
            seen: format!("`{device}` is in bay `{bay}` of this station, whose bench has it open"),
            hint: format!(
                "no job was changed; `longshore bay load {station} '{bay}'` has the bench load it. To dock it by hand, \
                 `longshore bay stop {station} '{bay}'` first"
            ),
        }
    }

    /// Finds out whose a block device or image is that is open already.
    pub(super) fn look_at_disk(
        &self,
        mut disk: RawDisk,
        tree: Option<RawTree>,
        docking: &Docking,
        stop: &Stop,
    ) -> Result<Found, DockError> {
        let device = disk.path().to_owned();
        if self.must_be_listed(docking)?
            && let Some(of_formatted) = self.fills_encrypted(&disk)
        {
            let signature = docking.signature.clone();
            let (signature, shipped) = (signature.unwrap_or(of_formatted), disk.shipped().cloned());
            return Ok(Found::to_fill(device, signature, shipped));
        }
        // A tree was made of it as it is.
        if tree.is_none() {
            disk.unlock(&docking.secrets)?;
        }
        let mut raw = Raw {
            seen: Seen::on(&disk, tree.as_ref()),
            disk,
            tree,
        };
        let mut signature = docking.signature.clone();
        if raw.tree.is_none() && self.must_be_listed(docking)? {
            let all = self.list(&mut raw, docking, stop)?;
            if let Some(of_formatted) = self.fills(&all) {
                let (signature, shipped) =
                    (signature.unwrap_or(of_formatted), raw.shipped().cloned());
                return Ok(Found::to_fill(device, signature, shipped));
            }
            if signature.is_none() {
                signature = signature::read_raw(&all, &device)?;
            }
            if signature.is_none() {
                signature::mistake_on_raw(&all, &device)?;
            }
            raw.tree = docking.volumes.is_empty().then_some(all);
        }
        if signature.is_none() && docking.job.is_none() {
            return Err(raw.seen.refuse());
        }
        Ok(Found::raw(device, signature, raw))
    }

    /// Whether all files of a device are listed before its job is claimed: to find its SIGNATURE, or to know it for one
    /// that was formatted here.
    fn must_be_listed(&self, docking: &Docking) -> Result<bool, DockError> {
        let named = docking
            .job
            .or_else(|| signature::job_named_in(docking.signature.as_deref()));
        Ok(match (&docking.signature, named) {
            (Some(_), Some(job)) => formatting::was_any(&self.job_folder(job)?),
            (Some(_), None) => false,
            (None, _) => true,
        })
    }

    /// Lists every volume that can be read, whatever is chosen: any may have the SIGNATURE.
    fn list(&self, raw: &mut Raw, docking: &Docking, stop: &Stop) -> Result<RawTree, DockError> {
        raw.disk.must_be_seen()?;
        let choice = raw::choice(&[], docking.zone_minutes, self.settings.sparse);
        let tree = raw.disk.look(&choice, &|| stop.is_set())?;
        raw.seen = Seen::on(&raw.disk, Some(&tree));
        Ok(tree)
    }

    /// The SIGNATURE that was on a device before it was formatted here, if it was.
    fn fills(&self, tree: &RawTree) -> Option<Vec<u8>> {
        let [loaded] = tree.loaded() else {
            return None;
        };
        let facts = &loaded.facts;
        self.signature_of_formatted(facts.label.as_deref(), facts.uuid.as_deref())
    }

    /// The same of a device that was encrypted here: its header says which it is, in clear.
    fn fills_encrypted(&self, disk: &RawDisk) -> Option<Vec<u8>> {
        let mut start = [0; 512];
        let read = disk.device().read_at(0, &mut start).ok()?;
        let (label, uuid) = encrypted::luks_names(start.get(..read)?)?;
        self.signature_of_formatted(Some(label.as_bytes()), Some(&uuid))
    }

    /// Loads the files of a device.
    pub(super) fn import_raw(
        &self,
        errand: &Errand<'_>,
        rules: &S3Import,
        raw: Raw,
    ) -> Result<Done, DockError> {
        let Raw {
            mut disk, mut tree, ..
        } = raw;
        disk.must_be_seen()?;
        errand.try_anew()?;
        if unlock_by_claim(&mut disk, errand, rules)? {
            tree = None;
        }
        if disk.is_unlocked() {
            errand.handled.unlocked(disk.unlocked());
        }
        if disk.looked().is_ok_and(|looked| !looked.wrong.is_empty()) {
            return Err(Seen::on(&disk, None).unreadable());
        }
        let tree = match tree {
            Some(tree) => disk.go_on(tree, errand.folder)?,
            None => {
                let docking = errand.docking;
                let choice =
                    raw::choice(&docking.volumes, docking.zone_minutes, self.settings.sparse);
                disk.read(&choice, errand.folder, &|| errand.stop.is_set())?
            }
        };
        if tree.loaded().is_empty() {
            return Err(Seen::on(&disk, Some(&tree)).unreadable());
        }
        if disk.is_unlocked() {
            must_agree(errand, &tree)?;
        }
        let looked = disk.looked().map(|looked| &looked.volumes[..]);
        let source = Source::of_volumes(looked.unwrap_or_default(), &errand.docking.volumes, &tree);
        let signed = signature::signed_on_raw(&tree, errand.device)?;
        self.import(errand, rules, &tree, signed, Brought::Device(Some(source)))
    }
}

/// Whether a device is not read, or filled, since another program has it.
fn is_of_another(error: &DockError) -> bool {
    match error {
        DockError::Raw(RawError::Open(OpenError::InUse(_)))
        | DockError::Luks(LuksError::Busy { .. }) => true,
        DockError::Format(error) => matches!(**error, FormatError::Busy { .. }),
        DockError::Mount(error) => matches!(**error, MountError::Busy { .. }),
        _ => false,
    }
}

/// Tries what the server has told, and then the password of the manifest, on what is still encrypted; whether anything
/// opened.
fn unlock_by_claim(
    disk: &mut RawDisk,
    errand: &Errand<'_>,
    rules: &S3Import,
) -> Result<bool, DockError> {
    // What is taken as a secret there is one that is tried here.
    const _: () = assert!(SECRET_BYTES == PASSPHRASE_BYTES);
    let told = errand.claim.secrets.iter().map(DeviceSecret::expose);
    let of_manifest = rules.common.true_crypt_password.iter();
    let mut has_opened = false;
    // What is sealed the server has opened.
    let is_open = |secret: &&str| !is_sealed(secret);
    for secret in told
        .chain(of_manifest.map(Passphrase::expose))
        .filter(is_open)
    {
        let given = errand.docking.secrets.clone();
        // Nothing that is so long or so short opens anything.
        if let Ok(secrets) = given.with_passphrase(secret.as_bytes()) {
            has_opened |= disk.unlock(&secrets)?;
        }
    }
    Ok(has_opened)
}

/// What lay within the encryption was not seen when the job was claimed: a SIGNATURE in it must be the one that it was
/// claimed with.
fn must_agree(errand: &Errand<'_>, tree: &RawTree) -> Result<(), DockError> {
    let held = signature::read_raw(tree, errand.device)?;
    let held = held.as_deref().and_then(|it| SignatureFile::parse(it).ok());
    let claimed = errand
        .signature
        .and_then(|it| SignatureFile::parse(it).ok());
    match held {
        Some(held) if claimed.as_ref() != Some(&held) => Err(DockError::OtherSignature {
            found: held.job,
            given: errand.claim.job,
        }),
        Some(_) | None => Ok(()),
    }
}

/// A device that somebody uses is not read raw: where it is mounted, that may be what is meant.
fn in_use(error: RawError) -> DockError {
    match error {
        RawError::Open(OpenError::Used {
            path,
            what: Use::Mounted { device, at },
        }) => DockError::NotAsItIs {
            seen: format!(
                "`{}` is in use: `{}` is mounted at `{}`",
                path.display(),
                device.display(),
                at.display()
            ),
            hint: format!(
                "no job was changed; dock the mount point, `{}`, or unmount it and dock the device again",
                at.display()
            ),
        },
        other => other.into(),
    }
}
