//! What a volume is called by whoever made it, where its kind keeps a name outside of what is encrypted or not read: so
//! that a customer knows at once which of his things is meant.
//!
//! Sources: cryptsetup, docs/on-disk-format-luks2.pdf · libyal, libbde documentation, *BitLocker Drive Encryption (BDE)
//! format* · libyal, libvslvm documentation, *Logical Volume Manager (LVM) format* · OpenZFS, module/nvpair/nvpair.c (XDR).

use crate::blocks::{Blocks, Fault};
use crate::fields::{be16, be32, bytes, guid, le16, le32, le64};

/// Characters of a name that are told.
const SHOWN: usize = 64;

/// Blocks of BitLocker's metadata, and of the metadata of LVM, that are read at most, in bytes.
const READ: usize = 64 << 10;

/// What the volume in which `kind` was found is called there, as the words that follow the kind: "recovery id …".
///
/// # Errors
/// [`Fault::Ended`] if the device answers no more. What cannot be read has no name.
pub(super) fn of(
    kind: &str,
    blocks: &mut dyn Blocks,
    start: &[u8],
) -> Result<Option<String>, Fault> {
    match kind {
        "LUKS" => Ok(luks(start)),
        "BitLocker" | "BitLocker To Go" => bitlocker(blocks, start),
        "LVM2" => volume_group(blocks, start),
        "ZFS" => Ok(zfs(start)),
        _ => Ok(None),
    }
}

/// The label of version 2, else the UUID.
fn luks(start: &[u8]) -> Option<String> {
    let is_luks = start.starts_with(b"LUKS\xBA\xBE");
    let label = text(start.get(24..72)?).filter(|_| be16(start, 6) == Some(2));
    let uuid = text(start.get(168..208)?);
    let name = label
        .map(|label| format!("label `{label}`"))
        .or_else(|| uuid.map(|uuid| format!("UUID {uuid}")));
    name.filter(|_| is_luks)
}

/// The identifiers of its recovery passwords, by which Windows names them.
fn bitlocker(blocks: &mut dyn Blocks, start: &[u8]) -> Result<Option<String>, Fault> {
    // The header of Windows 7 and later, or of To Go, says where the three copies of the metadata are.
    for at in [176, 440] {
        let Some(offset) = le64(start, at) else {
            continue;
        };
        let metadata = read(blocks, offset)?;
        if !metadata.starts_with(b"-FVE-FS-") {
            continue;
        }
        let ids = recovery_ids(&metadata);
        if !ids.is_empty() {
            return Ok(Some(format!("recovery id {}", ids.join(" or "))));
        }
    }
    Ok(None)
}

/// The protectors of the key that are recovery passwords, of the entries of a block of metadata.
fn recovery_ids(metadata: &[u8]) -> Vec<String> {
    const FIRST: usize = 112;
    const OF_KEY: (u16, u16) = (2, 8);
    const RECOVERY_PASSWORD: u16 = 0x0800;
    let mut ids = Vec::new();
    let mut at = FIRST;
    while let Some(length) = le16(metadata, at).filter(|length| *length >= 8) {
        let kind = le16(metadata, at + 2).zip(le16(metadata, at + 4));
        if kind == Some(OF_KEY) && le16(metadata, at + 34) == Some(RECOVERY_PASSWORD) {
            ids.extend(bytes(metadata, at + 8).map(|id| guid(&id).to_uppercase()));
        }
        at += usize::from(length);
    }
    ids
}

/// The volume group, with which its newest metadata begins.
fn volume_group(blocks: &mut dyn Blocks, start: &[u8]) -> Result<Option<String>, Fault> {
    let Some(area) = metadata_area(start) else {
        return Ok(None);
    };
    let head = read(blocks, area)?;
    let newest = le64(&head, 40).and_then(|newest| area.checked_add(newest));
    let Some(newest) = newest.filter(|_| head.get(4..20) == Some(b" LVM2 x[5A%r0N*>")) else {
        return Ok(None);
    };
    let metadata = read(blocks, newest)?;
    let name = metadata.split(|&byte| byte == b' ').next();
    let group = name.and_then(text);
    Ok(group.map(|group| format!("volume group `{group}`")))
}

/// Where the first metadata area of a physical volume begins.
fn metadata_area(start: &[u8]) -> Option<u64> {
    let label = (0..4).map(|sector| sector * 512).find(|&at| {
        let held = start.get(at..at + 8);
        held == Some(b"LABELONE")
    })?;
    let header = label.checked_add(usize::try_from(le32(start, label + 20)?).ok()?)?;
    // UUID and size, then the areas of data up to an empty one, then those of metadata.
    let mut at = header.checked_add(40)?;
    while le64(start, at)? != 0 {
        at = at.checked_add(16)?;
    }
    le64(start, at.checked_add(16)?).filter(|offset| *offset > 0)
}

/// The name of the pool, which stands in a list of names and values in the first label.
fn zfs(start: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\0\0\0\x04name\0\0\0\x09\0\0\0\x01";
    let list = start.get(16 << 10..128 << 10)?;
    let at = list.windows(NAME.len()).position(|held| held == NAME)? + NAME.len();
    let length = usize::try_from(be32(list, at)?).ok()?.min(SHOWN);
    let name = text(list.get(at + 4..at + 4 + length)?)?;
    Some(format!("pool `{name}`"))
}

/// What can be read from `offset` on, up to a bound.
fn read(blocks: &mut dyn Blocks, offset: u64) -> Result<Vec<u8>, Fault> {
    let left = blocks.bytes().saturating_sub(offset);
    let mut held = vec![0; usize::try_from(left).unwrap_or(READ).min(READ)];
    match blocks.read(offset, &mut held) {
        Ok(()) => Ok(held),
        Err(Fault::Bad) => Ok(Vec::new()),
        Err(Fault::Ended) => Err(Fault::Ended),
    }
}

/// Bytes up to the first zero as a name, if they are one; what is no text is `?`.
fn text(held: &[u8]) -> Option<String> {
    let name = held.split(|&byte| byte == 0).next()?;
    let name = String::from_utf8_lossy(name);
    let shown = name.chars().take(SHOWN);
    let plain = |c: char| if c.is_control() || c == '`' { '?' } else { c };
    let name: String = shown.map(plain).collect();
    (!name.trim().is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;

    fn at(held: &mut [u8], offset: usize, bytes: &[u8]) {
        held[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn name(kind: &str, held: Vec<u8>) -> Option<String> {
        of(kind, &mut MemoryBlocks::new(held.clone()), &held).unwrap()
    }

    #[test]
    fn luks_is_named_by_its_label_or_its_uuid() {
        let mut held = vec![0; 4096];
        at(&mut held, 0, b"LUKS\xBA\xBE\0\x01");
        at(&mut held, 168, b"9e8d4a7c-0000-4000-8000-000000000001");
        let uuid = "UUID 9e8d4a7c-0000-4000-8000-000000000001";
        assert_eq!(name("LUKS", held.clone()).as_deref(), Some(uuid));
        at(&mut held, 7, b"\x02");
        at(&mut held, 24, b"films`\n2025");
        assert_eq!(name("LUKS", held).as_deref(), Some("label `films??2025`"));
        assert_eq!(name("LUKS", vec![0; 4096]), None);
    }

    #[test]
    fn bitlocker_is_named_by_all_its_recovery_passwords() {
        let mut held = vec![0; 1 << 20];
        at(&mut held, 176, &0x8_0000_u64.to_le_bytes());
        at(&mut held, 0x8_0000, b"-FVE-FS-");
        let mut entry = |offset: usize, id: u8, protection: u16| {
            at(&mut held, offset, &[40, 0, 2, 0, 8, 0, 1, 0]);
            at(&mut held, offset + 8, &[id; 16]);
            at(&mut held, offset + 34, &protection.to_le_bytes());
        };
        entry(0x8_0000 + 112, 0x11, 0x2000);
        entry(0x8_0000 + 152, 0xAB, 0x0800);
        entry(0x8_0000 + 192, 0xCD, 0x0800);
        let ids = "recovery id ABABABAB-ABAB-ABAB-ABAB-ABABABABABAB or \
                   CDCDCDCD-CDCD-CDCD-CDCD-CDCDCDCDCDCD";
        assert_eq!(name("BitLocker", held).as_deref(), Some(ids));
        assert_eq!(name("BitLocker", vec![0xFF; 4096]), None);
    }

    #[test]
    fn lvm_is_named_by_its_volume_group() {
        let mut held = vec![0; 1 << 20];
        at(&mut held, 512, b"LABELONE");
        at(&mut held, 512 + 20, &32_u32.to_le_bytes());
        at(&mut held, 512 + 32 + 40, &(1_u64 << 20).to_le_bytes());
        at(&mut held, 512 + 32 + 40 + 32, &4096_u64.to_le_bytes());
        at(&mut held, 4096 + 4, b" LVM2 x[5A%r0N*>");
        at(&mut held, 4096 + 40, &512_u64.to_le_bytes());
        at(&mut held, 4608, b"vg0 {\nid = 1\n");
        assert_eq!(name("LVM2", held).as_deref(), Some("volume group `vg0`"));
        assert_eq!(name("LVM2", vec![0xFF; 4096]), None);
    }

    #[test]
    fn a_pool_is_named_by_the_list_in_its_label() {
        let mut held = vec![0; 1 << 20];
        let pair = b"\0\0\0\x04name\0\0\0\x09\0\0\0\x01\0\0\0\x04tank";
        at(&mut held, (16 << 10) + 100, pair);
        assert_eq!(name("ZFS", held).as_deref(), Some("pool `tank`"));
        assert_eq!(name("ZFS", vec![0; 1000]), None);
    }
}
