//! What everybody may know of the log of custody: its head, its tiles, and whose signatures count. Events are the
//! customers', and in none of it.

use custody::digest::Digest;
use custody::note::Note;
use custody::signers::{Revoked, Signer};
use custody::tree::{Node, Tile};
use model::time::Timestamp;

use super::{Admin, Context, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::custody_key::{self, CustodyKey};
use crate::jobstore::JobStoreError;
use crate::witnesses::State;

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// The name of the installation.
    pub installation: String,
    /// The keys there ever were, the oldest first.
    pub keys: Vec<Key>,
}

/// A key that receipts are, or were, signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `SHA256:…`.
    pub fingerprint: String,
    /// As OpenSSH writes it.
    pub public: String,
    /// From when on it signs.
    pub since: Timestamp,
    /// Until when it signed.
    pub until: Option<Timestamp>,
    /// Whether it counts no more.
    pub is_revoked: bool,
}

/// Who signs. Nothing of it is secret.
///
/// # Errors
/// The job store's failure.
pub async fn signing(admin: &Admin) -> Result<Signing, Refused> {
    let installation = custody_key::in_force(&*admin.jobs).await?.installation;
    let keys = custody_key::all(&*admin.jobs).await?;
    let key = |key: CustodyKey| Key {
        fingerprint: key.public.fingerprint(),
        public: key.public.to_string(),
        since: key.since,
        until: key.until,
        is_revoked: key.is_revoked,
    };
    Ok(Signing {
        installation: installation.to_string(),
        keys: keys.into_iter().map(key).collect(),
    })
}

/// Puts another key in the place of the one in force; with a reason that one counts no more.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, somebody else does the same, or the job store fails.
pub async fn rotate(
    admin: &Admin,
    caller: &Caller,
    lost_because: Option<&str>,
) -> Result<(), Refused> {
    authorize(caller, Action::RotateCustodyKey, Resource::Service)?;
    let now = admin.clock.now();
    let actor = caller.actor();
    let (old, new) = custody_key::rotate(&*admin.jobs, lost_because, &actor, now).await?;
    let (old, new) = (old.public.fingerprint(), new.public.fingerprint());
    tracing::warn!(%actor, old, new, is_lost = lost_because.is_some(), "custody key replaced");
    Ok(())
}

/// The head of the log, signed by the key in force, and by the witnesses of a service that runs who have signed that one.
///
/// # Errors
/// The job store's failure.
pub async fn checkpoint(admin: &Admin, service: Option<&Context>) -> Result<Note, Refused> {
    let (_, head) = head(admin, service).await?;
    Ok(head)
}

/// The same, with how many leaves the log has.
pub(super) async fn head(
    admin: &Admin,
    service: Option<&Context>,
) -> Result<(u64, Note), JobStoreError> {
    match service {
        Some(context) => context.witnesses.known(&*admin.jobs).await,
        None => {
            let key = custody_key::in_force(&*admin.jobs).await?;
            key.head(&*admin.jobs).await
        }
    }
}

/// What is known of a witness of a service that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessState {
    /// What its signatures verify with.
    pub key: String,
    /// Events of the log that it has seen.
    pub size: u64,
    /// When it signed, as it says.
    pub signed: Option<Timestamp>,
    /// Why it did not sign the last head that it was shown.
    pub trouble: Option<String>,
}

/// What is known of each witness, in the order of the settings.
#[must_use]
pub fn witnesses(context: &Context) -> Vec<WitnessState> {
    let states = context.witnesses.states().into_iter();
    let state = |(key, state): (String, State)| WitnessState {
        key,
        size: state.size,
        signed: state.at.map(|at| Timestamp::from_unix(at.unix())),
        trouble: state.trouble.map(|trouble| trouble.to_string()),
    };
    states.map(state).collect()
}

/// The hashes of a tile, one behind the other. `None` if the log has no such tile yet.
///
/// # Errors
/// The job store's failure.
pub async fn tile(admin: &Admin, tile: Tile) -> Result<Option<Vec<u8>>, Refused> {
    let size = admin.jobs.edge().await?.size();
    if !tile.is_in(size) {
        return Ok(None);
    }
    let nodes: Vec<Node> = tile.nodes().collect();
    let hashes = admin.jobs.nodes(&nodes.iter().copied().collect()).await?;
    let bytes = nodes.iter().flat_map(|node| hashes.get(node));
    Ok(Some(
        bytes.flat_map(|hash: &Digest| *hash.bytes()).collect(),
    ))
}

/// Lines of allowed signers, for `ssh-keygen -Y verify -f`: the keys there ever were, each with the time until which it
/// signed. From when on a key signs is not said: events that happened before may be signed by it.
///
/// # Errors
/// The job store's failure.
pub async fn signers(admin: &Admin) -> Result<String, Refused> {
    let keys = custody_key::all(&*admin.jobs).await?;
    let line = |key: CustodyKey| {
        let signer = Signer {
            installation: key.installation,
            key: key.public,
            after: None,
            before: key.until.map(Into::into),
        };
        format!("{signer}\n")
    };
    Ok(keys.into_iter().map(line).collect())
}

/// Keys that count no more, for `ssh-keygen -Y verify -r`.
///
/// # Errors
/// The job store's failure.
pub async fn revoked(admin: &Admin) -> Result<String, Refused> {
    let keys = custody_key::all(&*admin.jobs).await?;
    let revoked = keys.into_iter().filter(|key| key.is_revoked);
    Ok(Revoked::new(revoked.map(|key| key.public).collect()).to_string())
}

/// The key that checkpoints verify with.
///
/// # Errors
/// The job store's failure.
pub async fn vkey(admin: &Admin) -> Result<String, Refused> {
    let key = custody_key::in_force(&*admin.jobs).await?;
    Ok(format!("{}\n", key.vkey()))
}
