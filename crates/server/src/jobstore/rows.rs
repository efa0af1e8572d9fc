//! Rows as the database gives them, and what they mean. Nothing in a row is taken on trust: what
//! does not parse is [`JobStoreError::Corrupt`].

use awsproto::secret::SecretKey;
use model::control::LeaseToken;
use model::event::Event;
use model::ids::{AccessKeyId, AccountId, InvalidId, JobId, StationName};
use model::job::Job;
use model::loading::Figures;
use model::time::Timestamp;

use super::{AccessKey, Account, HistoryLine, JobStoreError, Lease, StoredJob};
use crate::sealing::{Purpose, SealBroken, Sealer};

/// The text sealed into every store, to tell whether server and store have the same secret key.
const CANARY_TEXT: &[u8] = b"longshore";

/// `version, state, manifest`.
pub(super) type JobRow = (i64, String, Vec<u8>);

/// `at, event, actor`.
pub(super) type HistoryRow = (i64, Option<String>, String);

/// `id, name, import_rights, export_rights`.
pub(super) type AccountRow = (String, String, String, String);

/// `id, account, created, revoked`.
pub(super) type KeyRow = (String, String, i64, Option<i64>);

/// `id, account, created, revoked, secret`, and of the account `name, import_rights, export_rights`.
pub(super) type SecretRow = (
    String,
    String,
    i64,
    Option<i64>,
    Vec<u8>,
    String,
    String,
    String,
);

/// `job, station, token, attempt, until, sign_of_life, ended`.
pub(super) type LeaseRow = (String, String, String, i64, i64, String, bool);

impl From<InvalidId> for JobStoreError {
    fn from(invalid: InvalidId) -> Self {
        Self::Corrupt(invalid.to_string())
    }
}

impl From<SealBroken> for JobStoreError {
    fn from(broken: SealBroken) -> Self {
        Self::Corrupt(broken.to_string())
    }
}

impl From<serde_json::Error> for JobStoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<sqlx::Error> for JobStoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            error => Self::Unavailable(error.into()),
        }
    }
}

/// A job's state as JSON: everything but the manifest.
pub(super) fn state_of(job: &Job) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(job)?)
}

pub(super) fn sealed_manifest(sealer: &Sealer, job: &Job) -> Vec<u8> {
    sealer.seal(Purpose::Manifest(job.id), job.manifest.as_bytes())
}

pub(super) fn stored_job(sealer: &Sealer, row: JobRow) -> Result<StoredJob, JobStoreError> {
    let (version, state, sealed) = row;
    let mut job = listed_job(&state)?;
    job.manifest = sealer.open_text(Purpose::Manifest(job.id), &sealed)?;
    Ok(StoredJob { job, version })
}

/// A job without its manifest.
pub(super) fn listed_job(state: &str) -> Result<Job, JobStoreError> {
    Ok(serde_json::from_str(state)?)
}

pub(super) fn event_json(event: &Event) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(event)?)
}

pub(super) fn history_line(row: HistoryRow) -> Result<HistoryLine, JobStoreError> {
    let (at, event, actor) = row;
    let event = event.as_deref().map(serde_json::from_str).transpose()?;
    Ok(HistoryLine {
        at: Timestamp::from_unix(at),
        event,
        actor: actor.parse()?,
    })
}

/// The two lists of an account's rights as JSON.
pub(super) fn rights_of(account: &Account) -> Result<(String, String), JobStoreError> {
    Ok((
        serde_json::to_string(&account.import)?,
        serde_json::to_string(&account.export)?,
    ))
}

pub(super) fn account(row: AccountRow) -> Result<Account, JobStoreError> {
    let (id, name, import, export) = row;
    Ok(Account {
        id: AccountId::new(id)?,
        name,
        import: serde_json::from_str(&import)?,
        export: serde_json::from_str(&export)?,
    })
}

pub(super) fn sealed_secret(sealer: &Sealer, id: &AccessKeyId, secret: &SecretKey) -> Vec<u8> {
    sealer.seal(Purpose::AccessKeySecret(id), secret.expose().as_bytes())
}

pub(super) fn access_key(row: KeyRow) -> Result<AccessKey, JobStoreError> {
    let (id, account, created, revoked) = row;
    Ok(AccessKey {
        id: AccessKeyId::new(id)?,
        account: AccountId::new(account)?,
        created: Timestamp::from_unix(created),
        revoked: revoked.map(Timestamp::from_unix),
    })
}

pub(super) fn secret_key(
    sealer: &Sealer,
    row: SecretRow,
) -> Result<(AccessKey, SecretKey, Account), JobStoreError> {
    let (id, owner, created, revoked, sealed, name, import, export) = row;
    let account = account((owner.clone(), name, import, export))?;
    let key = access_key((id, owner, created, revoked))?;
    let secret = sealer.open_text(Purpose::AccessKeySecret(&key.id), &sealed)?;
    Ok((key, SecretKey::new(secret), account))
}

/// Does for a key that nobody has what [`secret_key`] does for one that is there, so that time does not
/// tell which there are.
pub(super) fn work_of_a_key(sealer: &Sealer, id: &AccessKeyId) {
    const SECRET_BYTES: usize = 40;
    let sealed = [0; SECRET_BYTES + Sealer::OVERHEAD];
    let opened = sealer.open(Purpose::AccessKeySecret(id), &sealed);
    debug_assert!(opened.is_err(), "zeros are no seal");
    let text = std::hint::black_box(r#"["*"]"#);
    let rights: Result<Vec<String>, _> = serde_json::from_str(text);
    std::hint::black_box((opened.is_ok(), rights.is_ok()));
}

/// What a station last said of its work, as JSON.
pub(super) fn heartbeat(figures: &Figures) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(figures)?)
}

pub(super) fn lease(row: LeaseRow) -> Result<Lease, JobStoreError> {
    let (job, station, token, attempt, until, sign, ended) = row;
    let attempt =
        u32::try_from(attempt).map_err(|_| JobStoreError::Corrupt(format!("attempt {attempt}")))?;
    Ok(Lease {
        job: JobId::new(&job)?,
        station: StationName::new(station)?,
        token: LeaseToken(token),
        attempt,
        until: Timestamp::from_unix(until),
        figures: serde_json::from_str(&sign)?,
        ended,
    })
}

pub(super) fn canary(sealer: &Sealer) -> Vec<u8> {
    sealer.seal(Purpose::Installation, CANARY_TEXT)
}

pub(super) fn check_canary(sealer: &Sealer, sealed: &[u8]) -> Result<(), JobStoreError> {
    match sealer.open(Purpose::Installation, sealed) {
        Ok(text) if *text == CANARY_TEXT => Ok(()),
        Ok(_) | Err(SealBroken) => Err(JobStoreError::WrongKey),
    }
}

/// What a refused insertion means: `taken` names what a unique column has already, `absent` what a
/// foreign key points to in vain.
pub(super) fn refused(error: sqlx::Error, taken: &str, absent: &str) -> JobStoreError {
    match error.as_database_error() {
        Some(refusal) if refusal.is_unique_violation() => JobStoreError::Exists(taken.to_owned()),
        Some(refusal) if refusal.is_foreign_key_violation() => {
            JobStoreError::Missing(absent.to_owned())
        }
        _ => error.into(),
    }
}
