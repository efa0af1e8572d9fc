//! The metadata of BitLocker, of which there are three copies.

use filesystems::blocks::{Blocks, Fault};
use filesystems::checksum::crc32;
use filesystems::fields::{le16, le32, le64};

use super::entries::{self, Entry, value};
use super::{MARK, damaged, protectors};
use crate::Locked;
use crate::limits::BITLOCKER_BYTES;
use crate::secrets::{Secrets, Wiped};

const BLOCK_HEAD: usize = 64;
const HEAD: usize = 48;
const ENCRYPTED: u16 = 4;
/// The entry that says where the first sectors of the volume are.
const PLACE_OF_START: u16 = 15;
/// The entry with the key of the volume.
const VOLUME_KEY: u16 = 3;

/// A copy of the metadata.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) version: u16,
    states: (u16, u16),
    pub(super) volume_bytes: u64,
    /// Where the copies are.
    pub(super) places: [u64; 3],
    /// Where the first sectors of the volume are, and how many bytes they have.
    pub(super) header: (u64, u64),
    /// In the metadata of Windows Vista, a number of the first sector of NTFS.
    pub(super) mirror: u64,
    pub(super) method: u16,
    /// How often it was changed.
    counter: u32,
    rest: Vec<u8>,
}

impl Metadata {
    /// The copy that was changed last, of those that are whole.
    pub(super) fn newest(volume: &mut dyn Blocks, places: [u64; 3]) -> Result<Self, Locked> {
        let mut newest: Option<Self> = None;
        for place in places {
            let copy = Self::read(volume, place)?;
            let is_newer = |copy: &Self| {
                let held = newest.as_ref();
                held.is_none_or(|held| copy.counter > held.counter)
            };
            if let Some(copy) = copy.filter(is_newer) {
                newest = Some(copy);
            }
        }
        newest.ok_or_else(|| damaged("none of its three copies is whole"))
    }

    fn read(volume: &mut dyn Blocks, at: u64) -> Result<Option<Self>, Locked> {
        let bytes = volume.bytes().saturating_sub(at);
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut block = vec![0; bytes.min(BITLOCKER_BYTES)];
        match volume.read(at, &mut block) {
            Ok(()) => Ok(Self::parse(&block)),
            Err(Fault::Bad) => Ok(None),
            Err(Fault::Ended) => Err(Locked::Ended),
        }
    }

    fn parse(block: &[u8]) -> Option<Self> {
        let version = le16(block, 10)?;
        let size = usize::from(le16(block, 8)?);
        let size = match version {
            1 => size,
            2 => size * 16,
            _ => return None,
        };
        let sum = le32(block, size.checked_add(4)?)?;
        let is_right = crate::UNCHECKED || crc32(block.get(..size)?) == sum;
        let is_whole = block.starts_with(MARK) && is_right;
        if !is_whole {
            return None;
        }
        let head = block.get(BLOCK_HEAD..)?;
        let length = usize::try_from(le32(head, 0)?).ok()?;
        let rest = head.get(HEAD..length)?.to_vec();
        let place = |index: usize| le64(block, 32 + index * 8);
        let eighth = le64(block, 56)?;
        let said = entries::entries(&rest).into_iter();
        let said = said
            .filter(|it| it.kind == PLACE_OF_START && it.value == value::PLACE)
            .find_map(|it| Some((le64(it.data, 0)?, le64(it.data, 8)?)));
        let header = said.unwrap_or((eighth, u64::from(le32(block, 28)?) * 512));
        Some(Self {
            version,
            states: (le16(block, 12)?, le16(block, 14)?),
            volume_bytes: le64(block, 16)?,
            places: [place(0)?, place(1)?, place(2)?],
            header,
            mirror: eighth,
            method: u16::try_from(le32(head, 36)? & 0xFFFF).ok()?,
            counter: le32(head, 32)?,
            rest,
        })
    }

    /// Whether all of the volume is encrypted, and is to stay so.
    pub(super) fn must_be_whole(&self) -> Result<(), Locked> {
        match self.states {
            (ENCRYPTED, ENCRYPTED) => Ok(()),
            _ => Err(Locked::Refused(
                "is encrypted with BitLocker only in part: let Windows finish or undo it and send it again"
                    .to_owned(),
            )),
        }
    }

    /// The key of the volume, of `bytes` bytes, and the identifier of the way in that was taken.
    pub(super) fn volume_key(
        &self,
        secrets: &Secrets,
        bytes: usize,
    ) -> Result<(Wiped, Option<String>), Locked> {
        let all = entries::entries(&self.rest);
        let of_volume = |it: &&Entry<'_>| it.kind == VOLUME_KEY && it.value == value::ENCRYPTED;
        let held = all.iter().find(of_volume).copied();
        let held = held.ok_or_else(|| damaged("it has no key of the volume"))?;
        let (master, id) = protectors::master_key(&all, secrets)?;
        let key = entries::decrypt(held, &master);
        let mut key = key.ok_or_else(|| damaged("the key of the volume"))?;
        if key.len() < bytes {
            return Err(damaged("the key of the volume is too short"));
        }
        if self.method == 0x8000 {
            key.copy_within(32..48, 16);
            key.truncate(32);
        } else {
            key.truncate(bytes);
        }
        Ok((key, id))
    }
}
