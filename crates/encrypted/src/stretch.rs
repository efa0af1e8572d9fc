//! How a key is derived of a password, and what that may cost: rounds are timed on a sample before they are paid.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use blake2::{Blake2b512, Blake2s256};
use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, SimpleHmac};
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use streebog::Streebog512;
use whirlpool::Whirlpool;

use crate::Locked;
use crate::limits::{ARGON2_KIB, ARGON2_LANES, ARGON2_ROUNDS, SAMPLE_KIB, SAMPLE_ROUNDS};
use crate::secrets::Wiped;

/// A function that makes digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Ripemd160,
    Whirlpool,
    Blake2b512,
    Blake2s256,
    Streebog512,
}

impl Hash {
    /// The one that cryptsetup calls so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            "ripemd160" => Self::Ripemd160,
            "whirlpool" => Self::Whirlpool,
            "blake2b-512" => Self::Blake2b512,
            "blake2s-256" => Self::Blake2s256,
            "streebog512" | "stribog512" => Self::Streebog512,
            _ => return None,
        })
    }

    /// The length of a digest in bytes.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Sha1 | Self::Ripemd160 => 20,
            Self::Sha224 => 28,
            Self::Sha256 | Self::Blake2s256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 | Self::Whirlpool | Self::Blake2b512 | Self::Streebog512 => 64,
        }
    }

    /// The digest of pieces, one after the other.
    pub(crate) fn of(self, pieces: &[&[u8]]) -> Wiped {
        match self {
            Self::Sha1 => digest::<Sha1>(pieces),
            Self::Sha224 => digest::<Sha224>(pieces),
            Self::Sha256 => digest::<Sha256>(pieces),
            Self::Sha384 => digest::<Sha384>(pieces),
            Self::Sha512 => digest::<Sha512>(pieces),
            Self::Ripemd160 => digest::<Ripemd160>(pieces),
            Self::Whirlpool => digest::<Whirlpool>(pieces),
            Self::Blake2b512 => digest::<Blake2b512>(pieces),
            Self::Blake2s256 => digest::<Blake2s256>(pieces),
            Self::Streebog512 => digest::<Streebog512>(pieces),
        }
    }

    fn rounds(self, password: &[u8], salt: &[u8], rounds: u32, key: &mut [u8]) {
        match self {
            Self::Sha1 => rounds_of::<Hmac<Sha1>>(password, salt, rounds, key),
            Self::Sha224 => rounds_of::<Hmac<Sha224>>(password, salt, rounds, key),
            Self::Sha256 => rounds_of::<Hmac<Sha256>>(password, salt, rounds, key),
            Self::Sha384 => rounds_of::<Hmac<Sha384>>(password, salt, rounds, key),
            Self::Sha512 => rounds_of::<Hmac<Sha512>>(password, salt, rounds, key),
            Self::Ripemd160 => rounds_of::<Hmac<Ripemd160>>(password, salt, rounds, key),
            Self::Whirlpool => rounds_of::<Hmac<Whirlpool>>(password, salt, rounds, key),
            Self::Blake2b512 => rounds_of::<SimpleHmac<Blake2b512>>(password, salt, rounds, key),
            Self::Blake2s256 => rounds_of::<SimpleHmac<Blake2s256>>(password, salt, rounds, key),
            Self::Streebog512 => rounds_of::<Hmac<Streebog512>>(password, salt, rounds, key),
        }
    }
}

fn digest<D: Digest>(pieces: &[&[u8]]) -> Wiped {
    let mut digest = D::new();
    for piece in pieces {
        digest.update(piece);
    }
    Wiped::new(digest.finalize().to_vec())
}

fn rounds_of<M: KeyInit + hmac::digest::Update + hmac::digest::FixedOutput + Clone + Sync>(
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    key: &mut [u8],
) {
    pbkdf2::pbkdf2::<M>(password, salt, rounds, key).expect("HMAC takes a key of any length");
}

/// The time that is left for a header.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
}

impl Patience {
    pub(crate) fn of(time: Duration) -> Self {
        let now = Instant::now();
        Self {
            until: now.checked_add(time).unwrap_or(now),
        }
    }

    /// Whether so much more time may be taken.
    fn must_have(&self, time: Duration, what: &str) -> Result<(), Locked> {
        let left = self.until.saturating_duration_since(Instant::now());
        match time <= left {
            true => Ok(()),
            false => Err(Locked::Costly(format!(
                "{what} would take {} s, and {} s are left for it",
                time.as_secs().saturating_add(1),
                left.as_secs()
            ))),
        }
    }

    /// PBKDF2.
    pub(crate) fn pbkdf2(
        &self,
        hash: Hash,
        password: &[u8],
        (salt, rounds): (&[u8], u32),
        bytes: usize,
    ) -> Result<Wiped, Locked> {
        let mut key = Wiped::new(vec![0; bytes]);
        if rounds == 0 {
            return Err(Locked::Damaged("a key of no rounds".to_owned()));
        }
        if crate::UNCHECKED {
            return Ok(key);
        }
        if rounds > SAMPLE_ROUNDS {
            let begun = Instant::now();
            let mut sample = Wiped::new(vec![0; hash.bytes().min(bytes)]);
            hash.rounds(b"", salt, SAMPLE_ROUNDS, &mut sample);
            let blocks = u32::try_from(bytes.div_ceil(hash.bytes())).unwrap_or(u32::MAX);
            let samples = (rounds / SAMPLE_ROUNDS).saturating_add(1);
            let all = begun.elapsed().saturating_mul(samples);
            self.must_have(all.saturating_mul(blocks), &format!("{rounds} rounds"))?;
        }
        hash.rounds(password, salt, rounds, &mut key);
        Ok(key)
    }

    /// Argon2.
    pub(crate) fn argon2(
        &self,
        kind: Algorithm,
        password: &[u8],
        (salt, cost): (&[u8], Cost),
        bytes: usize,
    ) -> Result<Wiped, Locked> {
        let Cost { kib, rounds, lanes } = cost;
        if kib > ARGON2_KIB || lanes > ARGON2_LANES || rounds > ARGON2_ROUNDS {
            return Err(Locked::Costly(format!(
                "Argon2 with {kib} KiB of memory, {rounds} rounds and {lanes} lanes"
            )));
        }
        if crate::UNCHECKED {
            return Ok(Wiped::new(vec![0; bytes]));
        }
        if kib > SAMPLE_KIB || rounds > 4 {
            let begun = Instant::now();
            let sample = Cost {
                kib: kib.min(SAMPLE_KIB),
                rounds: 1,
                lanes,
            };
            argon2(kind, b"", salt, sample, 32)?;
            let times = (kib / SAMPLE_KIB).saturating_add(1).saturating_mul(rounds);
            let all = begun.elapsed().saturating_mul(times);
            self.must_have(all, &format!("Argon2 with {kib} KiB of memory"))?;
        }
        argon2(kind, password, salt, cost, bytes)
    }
}

/// What Argon2 costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) kib: u32,
    pub(crate) rounds: u32,
    pub(crate) lanes: u32,
}

fn argon2(
    kind: Algorithm,
    password: &[u8],
    salt: &[u8],
    cost: Cost,
    bytes: usize,
) -> Result<Wiped, Locked> {
    let cannot = |_| Locked::Damaged("what it says of Argon2 cannot be".to_owned());
    let params = Params::new(cost.kib, cost.rounds, cost.lanes, Some(bytes)).map_err(cannot)?;
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::new();
    memory
        .try_reserve_exact(blocks)
        .map_err(|_| Locked::Costly(format!("{} KiB of memory, which there are not", cost.kib)))?;
    memory.resize(blocks, Block::default());
    let mut key = Wiped::new(vec![0; bytes]);
    let argon2 = Argon2::new(kind, Version::V0x13, params);
    argon2
        .hash_password_into_with_memory(password, salt, &mut key, &mut memory)
        .map_err(cannot)?;
    Ok(key)
}
