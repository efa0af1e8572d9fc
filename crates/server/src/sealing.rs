//! The installation's secret key: where it lies, and what is derived from it.
//!
//! One file of 32 random bytes guards everything secret that an installation keeps. From it come,
//! by HMAC-SHA256 under different labels, the key that signs SIGNATURE files and the key that
//! seals access-key secrets and manifests in the job store, and links to sheets. Servers that share a job store share
//! this file. Losing it makes every disk on its way and every sealed secret worthless.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agefile::Identity;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use model::ids::{AccessKeyId, JobId, NoticeId, OrderId, WebhookId};
use model::signature::SigningKey;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::cards::CardKey;
use crate::challenges::ChallengeKey;

/// What stands before the 64 hexadecimal digits in a key file: the name and version of its format.
const FILE_PREFIX: &str = "longshore-secret-key-1 ";

/// Longest key file that is read, in bytes; a good one has 88.
const FILE_BYTES: u64 = 256;

/// First byte of a sealed blob: the version of its format.
const SEAL_VERSION: u8 = 1;

/// Length of an XChaCha20 nonce in bytes: long enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;

/// Bytes of the tag that a seal ends with (Poly1305).
const TAG_BYTES: usize = 16;

/// A secret key that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read or written.
    #[error("could not read the secret key `{}`", path.display())]
    Io {
        /// The file with the secret key.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Others than the owner may read or write it.
    #[error(
        "the secret key `{}` is open to others (mode {mode:04o}): run `chmod 600 {}`",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The file with the secret key.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("`{}` does not hold a Longshore secret key", path.display())]
    Malformed {
        /// The file with the secret key.
        path: PathBuf,
    },
}

/// The installation's secret key. Wiped when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Wraps 32 secret bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`MasterKeyError`] if there is none, if others may read it, or if it holds something else.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let text = read_private(path)?;
        let digits = text.trim_end().strip_prefix(FILE_PREFIX);
        let mut bytes = Zeroizing::new([0; 32]);
        digits
            .and_then(|digits| hex::decode_to_slice(digits, &mut *bytes).ok())
            .ok_or_else(|| MasterKeyError::Malformed {
                path: path.to_owned(),
            })?;
        Ok(Self(*bytes))
    }

    /// Reads the key file, making it first if there is none. Of several servers that start at once
    /// on one folder, one makes it and all read it.
    ///
    /// # Errors
    /// As [`MasterKey::load`].
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        match Self::load(path) {
            Err(MasterKeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let content = Self(random()).file_content();
        durable::create(path, content.as_bytes()).map_err(|source| MasterKeyError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::load(path)
    }

    /// The key for SIGNATURE files.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::new(*self.derive("longshore signing key 1"))
    }

    /// What opens secrets that customers have sealed for this installation.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(*self.derive("longshore age identity 1"))
    }

    /// What seals secrets in the job store.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        let key = self.derive("longshore sealing key 1");
        Sealer(XChaCha20Poly1305::new(&(*key).into()))
    }

    /// What command cards are proved by.
    pub(crate) fn card_key(&self) -> CardKey {
        CardKey::new(self.derive("longshore command cards 1"))
    }

    /// What the challenges of passkeys are proved by.
    pub(crate) fn challenge_key(&self) -> ChallengeKey {
        ChallengeKey::new(self.derive("longshore passkey challenges 1"))
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(label.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    fn file_content(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.0));
        Zeroizing::new(format!("{FILE_PREFIX}{}\n", *digits))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Reads a file that only its owner may read. The opened file is checked, not its name, so that
/// it cannot be changed for another in between.
fn read_private(path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    let failed = |source| MasterKeyError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(FILE_BYTES).unwrap_or(0),
    ));
    match file.take(FILE_BYTES).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(MasterKeyError::Malformed {
                path: path.to_owned(),
            })
        }
        Err(error) => Err(failed(error)),
    }
}

/// What a sealed value is and whose. A blob opens only for the purpose it was sealed for, so that
/// nobody who can write to the job store can move one row's secret into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A fixed text that shows whether a job store belongs to this key.
    Installation,
    /// The manifest of a job: it may hold a device's password.
    Manifest(JobId),
    /// The secret half of an access key.
    AccessKeySecret(&'a AccessKeyId),
    /// A link to a sheet.
    Artifact,
    /// A key that receipts are signed with, by its fingerprint.
    CustodyKey(&'a str),
    /// The address and the secrets of a webhook.
    Webhook(&'a WebhookId),
    /// What is sent of a notice: it has addresses of people in it.
    Delivery(&'a NoticeId),
    /// What opens the device of a job and came beside its manifest.
    DeviceSecret(JobId),
    /// What opens the device in a bay, of an order.
    OrderSecret(&'a OrderId),
}

impl Purpose<'_> {
    fn label(self) -> String {
        match self {
            Self::Installation => "longshore seal 1 installation".to_owned(),
            Self::Manifest(job) => format!("longshore seal 1 manifest {job}"),
            Self::Artifact => "longshore seal 1 artifact".to_owned(),
            Self::CustodyKey(fingerprint) => format!("longshore seal 1 custody key {fingerprint}"),
            Self::AccessKeySecret(key) => format!("longshore seal 1 access key {key}"),
            Self::Webhook(webhook) => format!("longshore seal 1 webhook {webhook}"),
            Self::Delivery(notice) => format!("longshore seal 1 delivery {notice}"),
            Self::DeviceSecret(job) => format!("longshore seal 1 device secret {job}"),
            Self::OrderSecret(order) => format!("longshore seal 1 order secret {order}"),
        }
    }
}

/// A blob that does not open: torn, sealed with another key, or sealed for another purpose. Which
/// of these it is cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open with this installation's secret key")]
pub struct SealBroken;

/// Seals what the job store, or a link, must keep secret, with XChaCha20-Poly1305.
///
/// A blob is a version byte (1), a random nonce of 24 bytes and the ciphertext with its tag of 16.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// Bytes that a seal adds to a text.
    pub(crate) const OVERHEAD: usize = 1 + NONCE_BYTES + TAG_BYTES;

    /// Seals `plain`. Two seals of one text differ.
    ///
    /// # Panics
    /// If the system has no random bytes to give, or `plain` has more than 256 GiB.
    #[must_use]
    pub fn seal(&self, purpose: Purpose<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random();
        let label = purpose.label();
        let payload = Payload {
            msg: plain,
            aad: label.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("texts are short");
        let mut blob = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        blob.push(SEAL_VERSION);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        blob
    }

    /// Opens what [`Sealer::seal`] made for the same purpose.
    ///
    /// # Errors
    /// [`SealBroken`] if the blob was not made so.
    pub fn open(
        &self,
        purpose: Purpose<'_>,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let (version, rest) = blob.split_first().ok_or(SealBroken)?;
        if *version != SEAL_VERSION {
            return Err(SealBroken);
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealBroken)?;
        let label = purpose.label();
        let payload = Payload {
            msg: sealed,
            aad: label.as_bytes(),
        };
        let plain = self
            .0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealBroken)?;
        Ok(Zeroizing::new(plain))
    }

    /// Opens a text.
    ///
    /// # Errors
    /// [`SealBroken`] as [`Sealer::open`], or if it is not UTF-8.
    pub fn open_text(&self, purpose: Purpose<'_>, blob: &[u8]) -> Result<String, SealBroken> {
        let plain = self.open(purpose, blob)?;
        std::str::from_utf8(&plain)
            .map(str::to_owned)
            .map_err(|_| SealBroken)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// Random bytes of the system.
///
/// # Panics
/// If it has none to give: nothing secret could be made then.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

#[cfg(test)]
#[path = "sealing_tests.rs"]
mod tests;
