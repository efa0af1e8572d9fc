//! LUKS1: a header of 592 bytes with eight slots.

use filesystems::blocks::Blocks;
use filesystems::fields::be32;
use subtle::ConstantTimeEq as _;

use super::area::Area;
use super::{damaged, unknown_cipher, unknown_hash};
use crate::Locked;
use crate::cipher::Suite;
use crate::limits::{KEY_BYTES, LUKS_TIME};
use crate::plain::{Origin, Piece, Plain, VolumeKey};
use crate::secrets::{Secrets, Wiped};
use crate::stretch::{Hash, Patience};

const SECTOR: u64 = 512;
const SLOTS_AT: usize = 208;
const SLOT_BYTES: usize = 48;
const SLOT_IN_USE: u32 = 0x00AC_71F3;

/// What is the same for all slots.
struct Header<'a> {
    suite: Suite,
    hash: Hash,
    key_bytes: usize,
    digest: &'a [u8],
    digest_salt: &'a [u8],
    digest_rounds: u32,
}

struct NumberedSlot<'a> {
    rounds: u32,
    salt: &'a [u8],
    area: Area,
}

pub(super) fn open(
    volume: &mut dyn Blocks,
    start: &[u8],
    secrets: &Secrets,
) -> Result<Plain, Locked> {
    let name = format!("{}-{}", text(start, 8, 32)?, text(start, 40, 32)?);
    let header = header(start, &name)?;
    let payload = u64::from(number(start, 104)?) * SECTOR;
    let patience = Patience::of(LUKS_TIME);
    let slots = (0..8).map(|index| SLOTS_AT + index * SLOT_BYTES);
    let slots: Vec<NumberedSlot<'_>> = slots
        .filter_map(|at| slot(start, at, &header).transpose())
        .collect::<Result<_, _>>()?;
    for secret in secrets.each() {
        for slot in &slots {
            if let Some(key) = header.try_slot(volume, slot, secret, &patience)? {
                return Ok(plain(volume.bytes(), payload, &name, header.suite, &key));
            }
        }
    }
    Err(Locked::Wrong)
}

fn header<'a>(start: &'a [u8], name: &str) -> Result<Header<'a>, Locked> {
    let hash = text(start, 72, 32)?;
    let key_bytes = usize::try_from(number(start, 108)?).unwrap_or(usize::MAX);
    if !(1..=KEY_BYTES).contains(&key_bytes) {
        return Err(damaged("a key of a length that cannot be"));
    }
    Ok(Header {
        suite: Suite::named(name).ok_or_else(|| unknown_cipher(name))?,
        hash: Hash::named(&hash).ok_or_else(|| unknown_hash(&hash))?,
        key_bytes,
        digest: piece(start, 112, 20)?,
        digest_salt: piece(start, 132, 32)?,
        digest_rounds: number(start, 164)?,
    })
}

fn slot<'a>(
    start: &'a [u8],
    at: usize,
    header: &Header<'_>,
) -> Result<Option<NumberedSlot<'a>>, Locked> {
    if number(start, at)? != SLOT_IN_USE {
        return Ok(None);
    }
    Ok(Some(NumberedSlot {
        rounds: number(start, at + 4)?,
        salt: piece(start, at + 8, 32)?,
        area: Area {
            at: u64::from(number(start, at + 40)?) * SECTOR,
            suite: header.suite.clone(),
            key_bytes: header.key_bytes,
            stripes: number(start, at + 44)?,
            hash: header.hash,
        },
    }))
}

impl Header<'_> {
    fn try_slot(
        &self,
        volume: &mut dyn Blocks,
        slot: &NumberedSlot<'_>,
        secret: &[u8],
        patience: &Patience,
    ) -> Result<Option<Wiped>, Locked> {
        let with = (slot.salt, slot.rounds);
        let slot_key = patience.pbkdf2(self.hash, secret, with, self.key_bytes)?;
        let key = slot.area.key(volume, slot_key)?;
        let with = (self.digest_salt, self.digest_rounds);
        let digest = patience.pbkdf2(self.hash, &key, with, self.digest.len())?;
        Ok(bool::from(digest.ct_eq(self.digest)).then_some(key))
    }
}

fn plain(volume: u64, payload: u64, name: &str, suite: Suite, key: &[u8]) -> Plain {
    let bytes = volume.saturating_sub(payload) / SECTOR * SECTOR;
    Plain {
        kind: format!("LUKS1, {name}"),
        key_id: None,
        at: payload,
        bytes,
        pieces: vec![Piece {
            at: payload,
            bytes,
            origin: Origin::Cipher {
                at: payload,
                sector: 0,
            },
        }],
        key: VolumeKey {
            suite,
            sector_bytes: 512,
            step: 1,
            key: key.to_vec(),
        },
    }
}

/// Text that ends with a zero.
fn text(start: &[u8], at: usize, bytes: usize) -> Result<String, Locked> {
    let held = piece(start, at, bytes)?.split(|byte| *byte == 0).next();
    let text = std::str::from_utf8(held.unwrap_or_default());
    text.map(str::to_owned)
        .map_err(|_| damaged("a name that is no text"))
}

fn piece(start: &[u8], at: usize, bytes: usize) -> Result<&[u8], Locked> {
    let held = start.get(at..at.saturating_add(bytes));
    held.ok_or_else(|| damaged("it ends too early"))
}

fn number(start: &[u8], at: usize) -> Result<u32, Locked> {
    be32(start, at).ok_or_else(|| damaged("it ends too early"))
}
