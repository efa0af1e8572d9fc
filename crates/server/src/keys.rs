//! Makes accounts, access keys and station tokens, and writes the first key down for AWS tools.

use std::fmt;
use std::io;
use std::path::Path;

use awsquery::secret::SecretKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::{AccessKeyId, AccountId};
use model::time::Timestamp;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::jobstore::{AccessKey, Account, JobStore, JobStoreError};
use crate::sealing::random;

/// The account that every installation begins with.
pub const FIRST_ACCOUNT: &str = "default";

/// Longest account name in characters: it has to fit into a line of a table.
const NAME_CHARS: usize = 64;

/// How often a number that is taken is drawn again. Of 10^12 numbers a second draw is a wonder.
const DRAWS: u32 = 8;

/// What stands before an access key id of ours, as `AKIA` does before one of AWS.
const KEY_PREFIX: &str = "LSIA";

/// RFC 4648 base32.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An account or key that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name is empty, too long, or has a space at an end or a control character in it.
    #[error("`{0}` is not an account name of 1 to 64 printable characters")]
    Name(String),
    /// The right is neither a bucket's name nor the beginning of one.
    #[error("`{0}` is not a bucket name or the beginning of one followed by `*`")]
    Right(String),
    /// The job store refuses.
    #[error(transparent)]
    Store(#[from] JobStoreError),
}

/// Makes an account with a new number. `import` and `export` are bucket names, or beginnings of
/// bucket names followed by `*`.
///
/// # Errors
/// [`KeyError::Store`] with `Exists` if the name is taken.
pub async fn create_account(
    store: &dyn JobStore,
    name: &str,
    import: Vec<String>,
    export: Vec<String>,
) -> Result<Account, KeyError> {
    check_name(name)?;
    import
        .iter()
        .chain(&export)
        .try_for_each(|right| check_right(right))?;
    let mut account = Account {
        id: draw_account_id(),
        name: name.to_owned(),
        import,
        export,
    };
    for _ in 0..DRAWS {
        match store.insert_account(&account).await {
            Err(JobStoreError::Exists(taken)) if taken == account.id.as_str() => {
                account.id = draw_account_id();
            }
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(account),
        }
    }
    Err(JobStoreError::Exists(account.id.to_string()).into())
}

/// Makes an access key for an account.
///
/// # Errors
/// [`JobStoreError::Missing`] if there is no such account.
pub async fn create_key(
    store: &dyn JobStore,
    account: &AccountId,
    now: Timestamp,
) -> Result<(AccessKey, SecretKey), JobStoreError> {
    let key = new_key(key_id(random()), account, now);
    let secret = draw_secret();
    store.insert_key(&key, &secret).await?;
    Ok((key, secret))
}

/// What an installation begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstKey {
    /// The account `default`.
    pub account: Account,
    /// Its oldest key that is in force.
    pub id: AccessKeyId,
    /// The key's secret.
    pub secret: SecretKey,
}

/// Makes the account `default`, with the right to every bucket, and one access key for it, unless
/// they are there. Several servers may do this at once: there is one account and one key after.
///
/// `None` if the operator has revoked every key of the account: that is not undone.
///
/// # Errors
/// [`KeyError::Store`] if the job store fails.
pub async fn first_start(
    store: &dyn JobStore,
    now: Timestamp,
) -> Result<Option<FirstKey>, KeyError> {
    let account = first_account(store).await?;
    if keys_of(store, &account.id).await?.is_empty() {
        insert_first_key(store, &account.id, now).await?;
    }
    let keys = keys_of(store, &account.id).await?;
    let Some(in_force) = keys.into_iter().find(|key| key.revoked.is_none()) else {
        return Ok(None);
    };
    let found = store.key(&in_force.id).await?;
    Ok(found.map(|(key, secret, account)| FirstKey {
        account,
        id: key.id,
        secret,
    }))
}

async fn first_account(store: &dyn JobStore) -> Result<Account, KeyError> {
    if let Some(account) = named(store, FIRST_ACCOUNT).await? {
        return Ok(account);
    }
    let everything = || vec!["*".to_owned()];
    match create_account(store, FIRST_ACCOUNT, everything(), everything()).await {
        // Another server was faster.
        Err(KeyError::Store(JobStoreError::Exists(taken))) if taken == FIRST_ACCOUNT => {
            let account = named(store, FIRST_ACCOUNT).await?;
            account.ok_or_else(|| JobStoreError::Missing(FIRST_ACCOUNT.to_owned()).into())
        }
        made => made,
    }
}

async fn named(store: &dyn JobStore, name: &str) -> Result<Option<Account>, JobStoreError> {
    Ok(store
        .accounts()
        .await?
        .into_iter()
        .find(|account| account.name == name))
}

async fn keys_of(
    store: &dyn JobStore,
    account: &AccountId,
) -> Result<Vec<AccessKey>, JobStoreError> {
    let keys = store.keys().await?;
    Ok(keys
        .into_iter()
        .filter(|key| &key.account == account)
        .collect())
}

/// The id follows from the account's number, so that of two servers only one can insert it. Ids
/// are public; the secret is random.
async fn insert_first_key(
    store: &dyn JobStore,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    let digest = Sha256::digest(format!("longshore first key 1 {account}"));
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest[..10]);
    let key = new_key(key_id(entropy), account, now);
    match store.insert_key(&key, &draw_secret()).await {
        Err(JobStoreError::Exists(_)) => Ok(()),
        done => done,
    }
}

fn new_key(id: AccessKeyId, account: &AccountId, now: Timestamp) -> AccessKey {
    AccessKey {
        id,
        account: account.clone(),
        created: now,
        revoked: None,
    }
}

/// `LSIA` and sixteen characters of base32: twenty in all, as AWS's.
fn key_id(entropy: [u8; 10]) -> AccessKeyId {
    let mut bits = entropy
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut text = [0; 16];
    for character in text.iter_mut().rev() {
        *character = BASE32[usize::try_from(bits % 32).unwrap_or_default()];
        bits /= 32;
    }
    let text = String::from_utf8_lossy(&text);
    AccessKeyId::new(format!("{KEY_PREFIX}{text}")).expect("base32 is letters and digits")
}

/// Thirty random bytes in base64: forty characters, as AWS's.
fn draw_secret() -> SecretKey {
    let entropy = Zeroizing::new(random::<30>());
    SecretKey::new(STANDARD.encode(*entropy))
}

fn draw_account_id() -> AccountId {
    account_id(random())
}

/// Eight bytes give a bias below one in ten million.
fn account_id(entropy: [u8; 8]) -> AccountId {
    let number = u64::from_le_bytes(entropy) % 1_000_000_000_000;
    AccountId::new(format!("{number:012}")).expect("twelve digits")
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let chars = name.chars().count();
    let printable = !name.chars().any(char::is_control) && name.trim() == name;
    if printable && (1..=NAME_CHARS).contains(&chars) {
        return Ok(());
    }
    Err(KeyError::Name(name.to_owned()))
}

/// Checks a right: a bucket's name, or the beginning of one followed by `*`; `*` alone is every
/// bucket.
///
/// # Errors
/// [`KeyError::Right`] if it is neither.
pub fn check_right(right: &str) -> Result<(), KeyError> {
    let start = right.strip_suffix('*').unwrap_or(right);
    let letters = start
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if letters && !right.is_empty() && right.len() <= 255 {
        return Ok(());
    }
    Err(KeyError::Right(right.to_owned()))
}

/// Writes an access key and a region, without which they do nothing, where AWS tools look for it (AWS CLI user guide, *Shared config and
/// credentials files*), for the owner alone. A file that says the same already is left alone.
///
/// # Errors
/// As the file system gives them.
pub fn write_credentials(
    path: &Path,
    id: &AccessKeyId,
    secret: &SecretKey,
    region: &str,
) -> io::Result<()> {
    let text = Zeroizing::new(format!(
        "# Made by Longshore; point AWS_SHARED_CREDENTIALS_FILE here.\n\
         [default]\n\
         aws_access_key_id = {id}\n\
         aws_secret_access_key = {}\n\
         region = {region}\n",
        secret.expose()
    ));
    if is_private_and_says(path, text.as_bytes())? {
        return Ok(());
    }
    durable::replace(path, text.as_bytes())
}

fn is_private_and_says(path: &Path, text: &[u8]) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(there) if *there == text => Ok(path.metadata()?.permissions().mode() & 0o077 == 0),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a station shows the server: 64 hexadecimal digits. The server keeps its SHA-256 only.
#[derive(Clone)]
pub struct StationToken(Zeroizing<String>);

impl StationToken {
    /// Makes a new one.
    #[must_use]
    pub fn draw() -> Self {
        let entropy = Zeroizing::new(random::<32>());
        Self(Zeroizing::new(hex::encode(*entropy)))
    }

    /// Takes what a station showed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Shows the token, for the station's configuration; the caller must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the job store keeps and looks up.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for StationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StationToken(…)")
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
