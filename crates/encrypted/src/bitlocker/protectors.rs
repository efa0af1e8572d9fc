//! What opens a BitLocker volume: a password, a recovery password, a startup key, or a key that lies there in the clear.

use filesystems::fields::{bytes, guid, le16, le32};
use sha2::{Digest as _, Sha256};

use super::entries::{self, Entry, value};
use crate::Locked;
use crate::limits::BITLOCKER_WAYS;
use crate::secrets::{Secrets, Wiped};

const CLEAR: u16 = 0x0000;
const STARTUP: u16 = 0x0200;
const RECOVERY: u16 = 0x0800;
const PASSWORD: u16 = 0x2000;

/// How often a password is hashed.
const ROUNDS: u64 = if crate::UNCHECKED { 1 } else { 1 << 20 };

/// A way in.
struct Protector<'a> {
    kind: u16,
    /// By which Windows shows it: the start of a recovery key's is on the screen that asks for it.
    id: Option<String>,
    inner: Vec<Entry<'a>>,
}

/// The key that the key of the volume is encrypted with, and the identifier of the way in.
pub(super) fn master_key(
    all: &[Entry<'_>],
    secrets: &Secrets,
) -> Result<(Wiped, Option<String>), Locked> {
    let masters = all
        .iter()
        .filter(|it| it.value == value::VOLUME_MASTER_KEY)
        .filter_map(|it| {
            Some(Protector {
                kind: le16(it.data, 26)?,
                id: bytes(it.data, 0).map(|id| guid(&id)),
                inner: entries::entries(it.data.get(28..)?),
            })
        });
    let masters: Vec<Protector<'_>> = masters.collect();
    let files = startup_keys(secrets);
    let recovery = secrets.text().and_then(recovery_hash);
    let password = secrets.text().map(password_hash);
    // What costs nothing first.
    for master in masters.iter().filter(|it| it.kind == CLEAR) {
        let clear = entries::first(&master.inner, value::KEY).and_then(entries::key);
        if let Some(key) = clear.and_then(|key| master.open(&key)) {
            return Ok((key, master.id.clone()));
        }
    }
    for master in masters.iter().filter(|it| it.kind == STARTUP) {
        if let Some(key) = files.iter().find_map(|file| master.open(file)) {
            return Ok((key, master.id.clone()));
        }
    }
    for (kind, hash) in [(RECOVERY, &recovery), (PASSWORD, &password)] {
        let Some(hash) = hash else {
            continue;
        };
        let ways = masters.iter().filter(|it| it.kind == kind);
        for master in ways.take(BITLOCKER_WAYS) {
            if let Some(key) = master.stretch(hash).and_then(|key| master.open(&key)) {
                return Ok((key, master.id.clone()));
            }
        }
    }
    Err(locked(&masters, secrets))
}

impl Protector<'_> {
    /// The master key, if it is this key that encrypts it.
    fn open(&self, with: &[u8]) -> Option<Wiped> {
        let held = entries::first(&self.inner, value::ENCRYPTED)?;
        let key = entries::decrypt(held, with)?;
        (key.len() == 32).then_some(key)
    }

    /// What a password comes to.
    fn stretch(&self, hash: &[u8; 32]) -> Option<Wiped> {
        let stretched = entries::first(&self.inner, value::STRETCHED)?;
        let salt: [u8; 16] = bytes(stretched.data, 4)?;
        // The last digest, the first, the salt, the number of the round.
        let mut state = Wiped::new(vec![0; 88]);
        state[32..64].copy_from_slice(hash);
        state[64..80].copy_from_slice(&salt);
        for round in 0..ROUNDS {
            state[80..].copy_from_slice(&round.to_le_bytes());
            let digest = Sha256::digest(&*state);
            state[..32].copy_from_slice(&digest);
        }
        Some(Wiped::new(state[..32].to_vec()))
    }
}

/// Why none opened it.
fn locked(masters: &[Protector<'_>], secrets: &Secrets) -> Locked {
    let has = |kind: u16| masters.iter().any(|it| it.kind == kind);
    let takes: Vec<&str> = [
        (PASSWORD, "its password"),
        (RECOVERY, "its recovery password of 48 digits"),
        (STARTUP, "its startup key, a file of the kind BEK"),
    ]
    .into_iter()
    .filter(|(kind, _)| has(*kind))
    .map(|(_, words)| words)
    .collect();
    let tried = (secrets.passphrase().is_some() && (has(PASSWORD) || has(RECOVERY)))
        || (!secrets.key_files().is_empty() && has(STARTUP));
    match (takes.is_empty(), tried) {
        (true, _) => Locked::Refused(
            "is encrypted with BitLocker and opened only by the computer it was made on, or by a smart card: add \
             a recovery password and send that, or send the files on another disk"
                .to_owned(),
        ),
        (false, true) => Locked::Wrong,
        (false, false) => Locked::Needed(takes.join(", or ")),
    }
}

fn password_hash(password: &str) -> [u8; 32] {
    let units = password.encode_utf16().flat_map(u16::to_le_bytes);
    let units = Wiped::new(units.collect());
    Sha256::digest(Sha256::digest(&*units)).into()
}

/// What a recovery password stands for: eight numbers of six digits, each eleven times one of 16 bits.
fn recovery_hash(text: &str) -> Option<[u8; 32]> {
    let mut key = Wiped::new(Vec::with_capacity(16));
    for group in text.trim().split(['-', ' ']) {
        let number: u32 = group.parse().ok()?;
        let is_right = group.len() == 6 && number.is_multiple_of(11);
        let part = u16::try_from(number / 11).ok().filter(|_| is_right)?;
        key.extend(part.to_le_bytes());
    }
    (key.len() == 16).then(|| Sha256::digest(&*key).into())
}

/// The keys in startup key files.
fn startup_keys(secrets: &Secrets) -> Vec<Wiped> {
    let files = secrets.key_files().iter();
    files.filter_map(|file| startup_key(file)).collect()
}

fn startup_key(file: &[u8]) -> Option<Wiped> {
    let bytes = usize::try_from(le32(file, 0)?).ok()?;
    let all = entries::entries(file.get(48..bytes)?);
    let external = entries::first(&all, value::EXTERNAL_KEY)?;
    let inner = entries::entries(external.data.get(24..)?);
    entries::key(entries::first(&inner, value::KEY)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_password_is_told_from_a_password() {
        let right = "000011-720885-000000-110000-220000-330000-440000-550000";
        assert!(recovery_hash(right).is_some());
        for other in [
            "",
            "hunter2",
            "000012-720885-000000-110000-220000-330000-440000-550000",
        ] {
            assert!(recovery_hash(other).is_none(), "{other}");
        }
        assert!(recovery_hash(&right[..48]).is_none());
        assert!(recovery_hash(&right.replace("720885", "720896")).is_none());
    }
}
