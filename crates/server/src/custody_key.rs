//! The key that receipts and the log of custody are signed with, and the name of the installation that signs.
//!
//! It is kept in the job store, sealed like everything secret there: all servers of an installation have the same one,
//! a backup has it, and whoever replaces it replaces it everywhere at once.

use custody::by::By;
use custody::event::{Event, KeyMade, KeyRevoked, KeyRotated, What};
use custody::installation::InstallationName;
use custody::key::{PrivateKey, PublicKey};
use custody::key_file::{self, Unread};
use custody::note::checkpoint::Checkpoint;
use custody::note::{Note, VerifierKey};
use model::actor::Actor;
use model::time::Timestamp;
use zeroize::Zeroizing;

use crate::jobstore::{JobStore, JobStoreError, StoredCustodyKey};
use crate::sealing::random;

/// What an installation is called that nobody has named, before eight digits by chance.
const UNNAMED: &str = "longshore-";

/// Times that a key is looked for and made while other servers do the same.
const TRIES: usize = 8;

/// A key with which an installation signs, or signed.
pub(crate) struct CustodyKey {
    /// Who signs.
    pub(crate) installation: InstallationName,
    /// The half that signs.
    pub(crate) private: PrivateKey,
    /// The half that everybody may know.
    pub(crate) public: PublicKey,
    /// From when on.
    pub(crate) since: Timestamp,
    /// Until when.
    pub(crate) until: Option<Timestamp>,
    /// Whether it counts no more.
    pub(crate) is_revoked: bool,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum CustodyKeyError {
    /// The installation has another name for ever.
    #[error(
        "receipts of this installation are signed as `{kept}`, and the settings say `{wanted}`: take `installation` out of \
         the settings, or say `{kept}` there"
    )]
    OtherName {
        /// Its name.
        kept: InstallationName,
        /// The name in the settings.
        wanted: InstallationName,
    },
    /// The job store cannot be asked.
    #[error(transparent)]
    JobStore(#[from] JobStoreError),
}

impl CustodyKey {
    fn draw(installation: InstallationName, since: Timestamp) -> Self {
        let private = PrivateKey::new(Zeroizing::new(random()));
        Self {
            public: private.public(),
            installation,
            private,
            since,
            until: None,
            is_revoked: false,
        }
    }

    fn of(stored: &StoredCustodyKey) -> Result<Self, JobStoreError> {
        let unread = |error: Unread| JobStoreError::Corrupt(format!("a custody key: {error}"));
        let private = key_file::read(&stored.private).map_err(unread)?;
        Ok(Self {
            installation: InstallationName::new(stored.installation.as_str())?,
            public: private.public(),
            private,
            since: stored.since,
            until: stored.until,
            is_revoked: stored.revoked.is_some(),
        })
    }

    fn stored(&self) -> StoredCustodyKey {
        let check = u32::from_be_bytes(random());
        let comment = self.installation.principal();
        StoredCustodyKey {
            installation: self.installation.to_string(),
            fingerprint: self.public.fingerprint(),
            public: self.public.to_string(),
            private: key_file::write(&self.private, &comment, check),
            since: self.since,
            until: None,
            revoked: None,
        }
    }

    /// How many leaves the log has, and its head, signed.
    pub(crate) async fn head(&self, jobs: &dyn JobStore) -> Result<(u64, Note), JobStoreError> {
        let edge = jobs.edge().await?;
        let checkpoint = Checkpoint {
            origin: self.installation.origin(),
            size: edge.size(),
            root: edge.root(),
        };
        Ok((edge.size(), checkpoint.signed(&self.private)))
    }

    /// The key as whoever checks checkpoints has it.
    pub(crate) fn vkey(&self) -> VerifierKey {
        VerifierKey::ed25519(&self.installation.origin(), self.public)
    }
}

/// All keys there ever were, the oldest first.
pub(crate) async fn all(jobs: &dyn JobStore) -> Result<Vec<CustodyKey>, JobStoreError> {
    let keys = jobs.custody_keys().await?;
    keys.iter().map(CustodyKey::of).collect()
}

/// The key in force. Every installation has one from its first start on.
pub(crate) async fn in_force(jobs: &dyn JobStore) -> Result<CustodyKey, JobStoreError> {
    let mut keys = all(jobs).await?.into_iter();
    let key = keys.find(|key| key.until.is_none());
    key.ok_or_else(|| JobStoreError::Missing("custody key".to_owned()))
}

/// Sees to it that there is a key, under the name that is wanted, or one by chance.
///
/// # Errors
/// [`CustodyKeyError`].
pub(crate) async fn ensure(
    jobs: &dyn JobStore,
    wanted: Option<&InstallationName>,
    host: Option<&str>,
    now: Timestamp,
) -> Result<(), CustodyKeyError> {
    for _ in 0..TRIES {
        match in_force(jobs).await {
            Ok(key) => return check(key.installation, wanted),
            Err(JobStoreError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let key = CustodyKey::draw(name(wanted, host), now);
        let made = KeyMade {
            fingerprint: key.public.fingerprint(),
            vkey: key.vkey().to_string(),
        };
        let told = [event(made.into(), &Actor::Service, now)];
        match jobs
            .put_custody_key(&key.stored(), None, false, &told)
            .await
        {
            // Another server has made one at the same time.
            Err(JobStoreError::Conflict) => {}
            done => return Ok(done?),
        }
    }
    Err(JobStoreError::Conflict.into())
}

fn check(kept: InstallationName, wanted: Option<&InstallationName>) -> Result<(), CustodyKeyError> {
    match wanted {
        Some(wanted) if *wanted != kept => Err(CustodyKeyError::OtherName {
            kept,
            wanted: wanted.clone(),
        }),
        _ => Ok(()),
    }
}

fn name(wanted: Option<&InstallationName>, host: Option<&str>) -> InstallationName {
    let of_host = || InstallationName::new(host?.to_ascii_lowercase()).ok();
    wanted.cloned().or_else(of_host).unwrap_or_else(|| {
        let name = format!("{UNNAMED}{}", hex::encode(random::<4>()));
        InstallationName::new(name).expect("letters, digits and a hyphen")
    })
}

/// Puts another key in the place of the one in force, and gives both. One that is lost counts no more, from the beginning.
///
/// # Errors
/// `Conflict` if somebody else does the same at the same time.
pub(crate) async fn rotate(
    jobs: &dyn JobStore,
    lost: Option<&str>,
    actor: &Actor,
    now: Timestamp,
) -> Result<(CustodyKey, CustodyKey), JobStoreError> {
    let old = in_force(jobs).await?;
    let new = CustodyKey::draw(old.installation.clone(), now);
    let fingerprint = old.public.fingerprint();
    let rotated = KeyRotated {
        old: fingerprint.clone(),
        new: new.public.fingerprint(),
        vkey: new.vkey().to_string(),
    };
    let revoked = lost.map(|reason| KeyRevoked {
        fingerprint: fingerprint.clone(),
        reason: Some(reason.into()),
    });
    let told = revoked.map(What::from).into_iter().chain([rotated.into()]);
    let told: Vec<Event> = told.map(|what| event(what, actor, now)).collect();
    jobs.put_custody_key(&new.stored(), Some(&fingerprint), lost.is_some(), &told)
        .await?;
    Ok((old, new))
}

fn event(what: What, actor: &Actor, now: Timestamp) -> Event {
    Event {
        at: now.into(),
        what,
        by: By::usual(actor),
        station: None,
        bay: None,
    }
}
