//! Disks of Linux RAID arrays (md).
//!
//! Source: Linux, Documentation/admin-guide/md.rst; include/uapi/linux/raid/md_p.h.

use super::{Foreign, has, signatures};
use crate::blocks::{Blocks, Fault};
use crate::fields::{le16, le32};

const MAGIC: [u8; 4] = [0xFC, 0x4E, 0x2B, 0xA9];

/// The array of which a volume is a disk.
pub(super) fn linux(blocks: &mut dyn Blocks) -> Result<Option<Foreign>, Fault> {
    let bytes = blocks.bytes();
    // Version 1.1, 1.2 and 1.0 of the metadata, which Linux keeps at least 8 KiB from the end, at a multiple of 4.
    let last = bytes.checked_sub(8192).map(|at| at & !4095);
    for offset in [Some(0), Some(4096), last].into_iter().flatten() {
        if has(blocks, offset, &MAGIC)? {
            return Ok(Some(signatures::linux_raid(&first_version(
                blocks, offset,
            )?)));
        }
    }
    let old = (bytes & !0xFFFF).checked_sub(65536);
    if let Some(offset) = old
        && (has(blocks, offset, &MAGIC)? || has(blocks, offset, &[0xA9, 0x2B, 0x4E, 0xFC])?)
    {
        return Ok(Some(signatures::linux_raid("of version 0.90")));
    }
    Ok(None)
}

/// Level, disk and name by the metadata of version 1.
fn first_version(blocks: &mut dyn Blocks, offset: u64) -> Result<String, Fault> {
    let mut head = [0; 1024];
    match blocks.read(offset, &mut head) {
        Ok(()) => Ok(known(&head).unwrap_or_else(|| "of version 1".to_owned())),
        Err(Fault::Bad) => Ok("of version 1".to_owned()),
        Err(Fault::Ended) => Err(Fault::Ended),
    }
}

fn known(head: &[u8]) -> Option<String> {
    let level = le32(head, 0x48)?.cast_signed();
    let disks = le32(head, 0x5C)?;
    let device = usize::try_from(le32(head, 0xA0)?).ok()?;
    let name = head.get(0x20..0x40)?.split(|&byte| byte == 0).next()?;
    let name = String::from_utf8_lossy(name);
    // The role of each device: from 0xFFFD on it is a spare, or has failed.
    let role = device
        .checked_mul(2)
        .and_then(|at| le16(head, at.checked_add(256)?));
    let disk = match role {
        Some(role) if role < 0xFFFD => format!("disk {} of {disks}", role + 1),
        _ => format!("a spare of {disks} disks"),
    };
    Some(format!("level {level}, {disk}, `{name}`"))
}
