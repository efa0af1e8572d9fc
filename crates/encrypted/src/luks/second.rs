//! LUKS2: two headers with JSON, of which the newer that is whole counts.

use argon2::Algorithm;
use filesystems::blocks::{Blocks, Fault};
use filesystems::fields::{be16, be64};
use serde::Deserialize as _;
use subtle::ConstantTimeEq as _;

use super::area::Area;
use super::json::{self, Digest, Json, Kdf, Segment, Slot};
use super::{MAGIC, damaged, shown, unknown_cipher, unknown_hash};
use crate::Locked;
use crate::cipher::Suite;
use crate::limits::{KEY_BYTES, LUKS_TIME, LUKS2_HEADER_BYTES};
use crate::plain::{Origin, Piece, Plain, VolumeKey};
use crate::secrets::{Secrets, Wiped};
use crate::stretch::{Cost, Hash, Patience};

/// Where the second header may be.
pub(super) const SECOND_PLACES: [u64; 9] = [
    0x4000, 0x8000, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000,
];

/// What the second header begins with.
pub(super) const SECOND_MAGIC: &[u8] = b"SKUL\xBA\xBE";

const HEAD: usize = 4096;
const SUM_AT: usize = 448;

pub(super) fn open(volume: &mut dyn Blocks, secrets: &Secrets) -> Result<Plain, Locked> {
    let json = newest(volume)?;
    let (name, segment) = only_segment(&json)?;
    let suite = segment_suite(segment)?;
    let digests = json.digests.values();
    let mut digests = digests.filter(|digest| digest.segments.iter().any(|it| it == name));
    let digest = digests
        .next()
        .ok_or_else(|| damaged("its segment has no digest"))?;
    let slots = slots(&json, digest);
    let patience = Patience::of(LUKS_TIME);
    let mut refused = Locked::Wrong;
    for secret in secrets.each() {
        for slot in &slots {
            let tried = slot.as_ref().map_err(Clone::clone);
            let tried = tried.and_then(|slot| try_slot(volume, slot, digest, secret, &patience));
            match tried {
                Ok(Some(key)) => return plain(volume.bytes(), segment, suite, &key),
                Ok(None) => {}
                Err(Locked::Ended) => return Err(Locked::Ended),
                // Another slot may be known.
                Err(why) if refused == Locked::Wrong => refused = why,
                Err(_) => {}
            }
        }
    }
    Err(refused)
}

/// The newer of the headers that are whole.
fn newest(volume: &mut dyn Blocks) -> Result<Json, Locked> {
    let mut best: Option<(u64, Vec<u8>)> = None;
    let mut why = damaged("neither of its headers is whole");
    let places = std::iter::once((0, MAGIC));
    let places = places.chain(SECOND_PLACES.map(|at| (at, SECOND_MAGIC)));
    for (at, magic) in places {
        match header(volume, at, magic) {
            Ok(Some((sequence, text))) => {
                if best.as_ref().is_none_or(|(newest, _)| sequence > *newest) {
                    best = Some((sequence, text));
                }
            }
            Ok(None) => {}
            Err(Locked::Ended) => return Err(Locked::Ended),
            Err(error) => why = error,
        }
    }
    match best {
        Some((_, text)) => Json::parse(&text),
        None => Err(why),
    }
}

/// A header: its number, and its JSON.
fn header(
    volume: &mut dyn Blocks,
    at: u64,
    magic: &[u8],
) -> Result<Option<(u64, Vec<u8>)>, Locked> {
    let mut head = vec![0; HEAD];
    match volume.read(at, &mut head) {
        Ok(()) if head.starts_with(magic) && be16(&head, 6) == Some(2) => {}
        Ok(()) | Err(Fault::Bad) => return Ok(None),
        Err(Fault::Ended) => return Err(Locked::Ended),
    }
    let bytes = be64(&head, 8).unwrap_or_default();
    if bytes <= HEAD as u64 || bytes > LUKS2_HEADER_BYTES || be64(&head, 256) != Some(at) {
        return Ok(None);
    }
    let mut whole = vec![0; usize::try_from(bytes).unwrap_or_default()];
    match volume.read(at, &mut whole) {
        Ok(()) => {}
        Err(Fault::Bad) => return Ok(None),
        Err(Fault::Ended) => return Err(Locked::Ended),
    }
    let name = whole.get(72..104).unwrap_or_default();
    let name = String::from_utf8_lossy(name.split(|it| *it == 0).next().unwrap_or_default());
    let hash = Hash::named(&name).ok_or_else(|| unknown_hash(&name))?;
    let sum: Vec<u8> = whole[SUM_AT..SUM_AT + hash.bytes()].to_vec();
    whole[SUM_AT..SUM_AT + 64].fill(0);
    if !crate::UNCHECKED && *hash.of(&[&whole]) != sum {
        return Ok(None);
    }
    let sequence = be64(&head, 16).unwrap_or_default();
    Ok(Some((sequence, whole.split_off(HEAD))))
}

/// The one segment that the volume may have.
fn only_segment(json: &Json) -> Result<(&String, &Segment), Locked> {
    let required = &json.config.requirements.mandatory;
    if required.iter().any(|it| it.contains("reencrypt")) {
        return Err(Locked::Refused(
            "was being encrypted anew with LUKS when it was unplugged: let `cryptsetup reencrypt` finish and \
             send it again"
                .to_owned(),
        ));
    }
    if let Some(requirement) = required.first() {
        return Err(Locked::Refused(format!(
            "is encrypted with LUKS and requires `{}`, which is not known here: send the files on another disk",
            shown(requirement)
        )));
    }
    let mut segments = json.segments.iter();
    let (Some(only), None) = (segments.next(), segments.next()) else {
        return Err(Locked::Refused(format!(
            "is encrypted with LUKS in {} segments, which is not read: send the files on another disk",
            json.segments.len()
        )));
    };
    Ok(only)
}

fn segment_suite(segment: &Segment) -> Result<Suite, Locked> {
    let what = match (&segment.integrity, segment.flags.first()) {
        _ if segment.kind != "crypt" => Some(format!("a segment of the kind `{}`", segment.kind)),
        (Some(_), _) => Some("integrity protection".to_owned()),
        (None, Some(flag)) => Some(format!("a segment with the flag `{}`", shown(flag))),
        (None, None) => None,
    };
    if let Some(what) = what {
        return Err(Locked::Refused(format!(
            "is encrypted with LUKS and has {what}, which is not read: send the files on another disk"
        )));
    }
    let name = segment.encryption.as_deref().unwrap_or_default();
    Suite::named(name).ok_or_else(|| unknown_cipher(name))
}

/// The slots of a digest, those that are preferred first; those that are only used when they are named, never.
fn slots(json: &Json, digest: &Digest) -> Vec<Result<Slot, Locked>> {
    let mut slots = Vec::new();
    for name in &digest.keyslots {
        let Some(value) = json.keyslots.get(name) else {
            continue;
        };
        let slot = Slot::deserialize(value);
        slots.push(slot.map_err(|_| {
            Locked::Refused(
                "is encrypted with LUKS and has a key slot of a kind that is not known here: send the files on \
                 another disk"
                    .to_owned(),
            )
        }));
    }
    let priority = |slot: &Result<Slot, Locked>| match slot {
        Ok(slot) => slot.priority.unwrap_or(1),
        Err(_) => 1,
    };
    slots.retain(|slot| priority(slot) > 0);
    slots.sort_by_key(|slot| std::cmp::Reverse(priority(slot)));
    slots
}

fn try_slot(
    volume: &mut dyn Blocks,
    slot: &Slot,
    digest: &Digest,
    secret: &[u8],
    patience: &Patience,
) -> Result<Option<Wiped>, Locked> {
    let is_known = slot.kind == "luks2"
        && slot.af.kind == "luks1"
        && slot.area.kind == "raw"
        && digest.kind == "pbkdf2";
    if !is_known {
        return Err(damaged("a key slot of a kind that is not known"));
    }
    if !(1..=KEY_BYTES).contains(&slot.area.key_size) {
        return Err(damaged("a key of a length that cannot be"));
    }
    let slot_key = slot_key(&slot.kdf, secret, slot.area.key_size, patience)?;
    let name = &slot.area.encryption;
    let area = Area {
        at: json::number(&slot.area.offset)?,
        suite: Suite::named(name).ok_or_else(|| unknown_cipher(name))?,
        key_bytes: slot.key_size,
        stripes: slot.af.stripes,
        hash: Hash::named(&slot.af.hash).ok_or_else(|| unknown_hash(&slot.af.hash))?,
    };
    let key = area.key(volume, slot_key)?;
    let hash = Hash::named(&digest.hash).ok_or_else(|| unknown_hash(&digest.hash))?;
    let (right, salt) = (json::bytes(&digest.digest)?, json::bytes(&digest.salt)?);
    if right.len() != hash.bytes() {
        return Err(damaged("a digest of another length than its hash"));
    }
    let found = patience.pbkdf2(hash, &key, (&salt, digest.iterations), right.len())?;
    Ok(bool::from(found.ct_eq(&right)).then_some(key))
}

fn slot_key(kdf: &Kdf, secret: &[u8], bytes: usize, patience: &Patience) -> Result<Wiped, Locked> {
    let (kind, salt, time, memory, cpus) = match kdf {
        Kdf::Pbkdf2 {
            salt,
            hash,
            iterations,
        } => {
            let hash = Hash::named(hash).ok_or_else(|| unknown_hash(hash))?;
            let salt = json::bytes(salt)?;
            return patience.pbkdf2(hash, secret, (&salt, *iterations), bytes);
        }
        Kdf::Argon2i {
            salt,
            time,
            memory,
            cpus,
        } => (Algorithm::Argon2i, salt, *time, *memory, *cpus),
        Kdf::Argon2id {
            salt,
            time,
            memory,
            cpus,
        } => (Algorithm::Argon2id, salt, *time, *memory, *cpus),
    };
    let cost = Cost {
        kib: memory,
        rounds: time,
        lanes: cpus,
    };
    patience.argon2(kind, secret, (&json::bytes(salt)?, cost), bytes)
}

fn plain(volume: u64, segment: &Segment, suite: Suite, key: &[u8]) -> Result<Plain, Locked> {
    let at = json::number(&segment.offset)?;
    let sector_bytes = segment.sector_size.unwrap_or(512);
    let sector = u64::from(sector_bytes).max(1);
    let bytes = match segment.size.as_str() {
        "dynamic" => volume.saturating_sub(at) / sector * sector,
        size => json::number(size)?,
    };
    let tweak = segment.iv_tweak.as_deref().map_or(Ok(0), json::number)?;
    let name = segment.encryption.as_deref().unwrap_or_default();
    Ok(Plain {
        kind: format!("LUKS2, {}", shown(name)),
        key_id: None,
        at,
        bytes,
        pieces: vec![Piece {
            at,
            bytes,
            origin: Origin::Cipher { at, sector: tweak },
        }],
        key: VolumeKey {
            suite,
            sector_bytes,
            // Whatever the sector, cryptsetup counts in 512 bytes.
            step: (sector_bytes / 512).max(1),
            key: key.to_vec(),
        },
    })
}
