//! What keeps the files of an export from whoever finds its device on the way: its customer has asked for it, and a device
//! without it is not filled.
//!
//! With a `trueCryptPassword` the station encrypts the device, or finds that it is with that password. Whatever else encrypts
//! it, a drive with a keypad or another program, nobody can see from here: who docks it answers for it.

use bay::luks::{self, Password};
use disks::facts::{self, Facts};
use model::handling::EncryptedDevice;
use model::manifest::{FileSystem, Passphrase, S3Export};
use model::secret::{DeviceSecret, is_sealed};

use super::{DockError, Errand};

/// What to say of a device that encrypts by itself.
const SAY_SO: &str = "nothing was written; if the device encrypts by itself, as a drive with a keypad does, say by what with \
                      --encrypted-by, which the customer reads in the receipt";

/// The same where the station can do it as well.
const FORMAT_IT: &str = "nothing was written; dock the block device itself with --format, which encrypts it and destroys \
                         what is on it; or mount there what lies on a LUKS volume that the password of the manifest \
                         opens. If something else encrypts it, say what with --encrypted-by, which the customer reads in \
                         the receipt";

/// Why a device that was begun is not gone on with.
const BEGUN_OTHERWISE: &str = "nothing was written; begin again on an empty device, or go on as it was begun, with or without \
                               --encrypted-by";

/// By what the device of an export is encrypted.
pub(super) enum Cover {
    /// By the station, with this password.
    Password(Password),
    /// By what somebody answers for, in these words.
    Words(String),
}

impl Cover {
    /// What is asked for and said.
    ///
    /// # Errors
    /// [`DockError::NotEncrypted`] if nobody answers for it, and there is no password.
    pub(super) fn of(errand: &Errand<'_>, rules: &S3Export) -> Result<Self, DockError> {
        if let Some(words) = &errand.docking.encrypted_by {
            return Ok(Self::Words(words.clone()));
        }
        let refused = |why, hint| DockError::NotEncrypted {
            path: errand.device.to_owned(),
            why,
            hint,
        };
        let of_manifest = rules.common.true_crypt_password.as_ref();
        let Some(of_manifest) = of_manifest.map(Passphrase::expose) else {
            let why = "its job has a pinCode and no trueCryptPassword, and nobody says that the device encrypts by itself";
            return Err(refused(why, SAY_SO));
        };
        // What is sealed the server has opened.
        let told = errand.claim.secrets.first().map(DeviceSecret::expose);
        match (is_sealed(of_manifest), told) {
            (false, _) => Ok(Self::Password(Password::new(of_manifest.as_bytes()))),
            (true, Some(told)) => Ok(Self::Password(Password::new(told.as_bytes()))),
            (true, None) => Err(refused(
                "the trueCryptPassword of its job is sealed, and the server cannot open it",
                "nothing was written; is it the installation that it was sealed for? The customer may send the manifest again \
                 with UpdateJob",
            )),
        }
    }

    /// How many bytes of a device are left for the file system.
    pub(super) fn room(&self, facts: &Facts) -> u64 {
        match self {
            Self::Password(_) => facts.bytes.saturating_sub(luks::HEADER_BYTES),
            Self::Words(_) => facts.bytes,
        }
    }

    /// Whether the device may be formatted, and encrypted where it is to be.
    ///
    /// # Errors
    /// [`DockError::Format`]
    pub(super) fn may_be_made(
        &self,
        facts: &Facts,
        file_system: FileSystem,
    ) -> Result<(), DockError> {
        let allowed = match self {
            Self::Password(_) => luks::may_be_encrypted(facts, file_system),
            Self::Words(_) => bay::may_be_formatted(facts, file_system),
        };
        Ok(allowed.map_err(bay::FormatError::from)?)
    }

    /// Whether a device that was formatted for its job before is covered so.
    ///
    /// # Errors
    /// [`DockError::NotEncrypted`]
    pub(super) fn must_suit(&self, facts: &Facts) -> Result<(), DockError> {
        let why = match (self, luks::is_there(&facts.content)) {
            (Self::Password(_), true) | (Self::Words(_), false) => return Ok(()),
            (Self::Password(_), false) => "it was formatted for its job without being encrypted",
            (Self::Words(_), true) => {
                "it was formatted for its job as a volume of LUKS, which does not need to be answered for"
            }
        };
        Err(DockError::NotEncrypted {
            path: facts.path.clone(),
            why,
            hint: BEGUN_OTHERWISE,
        })
    }
}

/// How the file system is encrypted that is mounted where an export is to go.
///
/// # Errors
/// [`DockError::NotEncrypted`] if it is not, or not with the password of the job.
pub(super) fn of_folder(
    errand: &Errand<'_>,
    rules: &S3Export,
) -> Result<EncryptedDevice, DockError> {
    let password = match Cover::of(errand, rules)? {
        Cover::Words(words) => return Ok(EncryptedDevice::Told { words }),
        Cover::Password(password) => password,
    };
    let refused = |why| DockError::NotEncrypted {
        path: errand.device.to_owned(),
        why,
        hint: FORMAT_IT,
    };
    let found = facts::encrypted_under(errand.device).map_err(|source| DockError::Device {
        path: errand.device.to_owned(),
        source,
    })?;
    // Of what has no header of LUKS nobody can try the password.
    let Some((found, Some(key_id))) = found.map(|found| (found.clone(), found.uuid)) else {
        return Err(refused(
            "its customer wants it encrypted, and it lies on no encrypted volume that can be told from here",
        ));
    };
    match luks::opens(&found.device, &password)? {
        true => Ok(EncryptedDevice::Found {
            method: found.method,
            key_id,
        }),
        false => Err(refused(
            "it lies on an encrypted volume that the trueCryptPassword of its job does not open",
        )),
    }
}
