//! Extended attributes, as far as they are content: inline data, and values that lie in inodes of their own.
//!
//! Source: Linux, Documentation/filesystems/ext4/attributes.rst.

use super::inode::Inode;
use super::trouble::Trouble;
use crate::fields::le32;

const MAGIC: u32 = 0xEA02_0000;
/// The names that begin with `system.`.
const SYSTEM: u8 = 7;

/// One attribute.
#[derive(Debug, PartialEq, Eq)]
struct ExtendedAttribute<'a> {
    class: u8,
    name: &'a [u8],
    /// The inode in which its value is, or 0.
    value_inode: u32,
    value: Option<&'a [u8]>,
}

/// The content of an inode that holds it itself: what stands in the place of its map, then the value of `system.data`.
///
/// # Errors
///
/// If that attribute is not there, as it is even where it is empty, or is damaged.
pub(super) fn inline(inode: &Inode) -> Result<Vec<u8>, Trouble> {
    let held = own(inode)?;
    let data = held
        .iter()
        .find(|held| held.class == SYSTEM && held.name == b"data")
        .ok_or_else(|| Trouble::damaged("its inline data is not there"))?;
    if data.value_inode != 0 {
        return Err(Trouble::Unknown("inline data in another inode".to_owned()));
    }
    let value = data.value.ok_or_else(damaged)?;
    let mut content = inode.map.to_vec();
    content.extend_from_slice(value);
    Ok(content)
}

/// The inodes that hold values of attributes of an inode; `block` is its block of attributes, where it has one.
pub(super) fn value_inodes(inode: &Inode, block: &[u8]) -> Vec<u32> {
    let own = own(inode).unwrap_or_default();
    let of_block = match le32(block, 0) {
        Some(MAGIC) => entries(block, 32, 0).unwrap_or_default(),
        _ => Vec::new(),
    };
    let all = own.iter().chain(&of_block);
    let inodes = all.map(|attribute| attribute.value_inode);
    inodes.filter(|&inode| inode != 0).collect()
}

/// The attributes that an inode holds itself. Their values are counted from the first entry.
fn own(inode: &Inode) -> Result<Vec<ExtendedAttribute<'_>>, Trouble> {
    match le32(&inode.rest, 0) {
        Some(MAGIC) => entries(&inode.rest[4..], 0, 0),
        _ => Ok(Vec::new()),
    }
}

/// The entries from `start` on, up to four bytes of zeros; their values are counted from `base`.
fn entries(bytes: &[u8], start: usize, base: usize) -> Result<Vec<ExtendedAttribute<'_>>, Trouble> {
    let mut found = Vec::new();
    let mut at = start;
    while !matches!(le32(bytes, at), None | Some(0)) {
        let (attribute, next) = entry(bytes, at, base).ok_or_else(damaged)?;
        found.push(attribute);
        at = next;
    }
    Ok(found)
}

/// The entry at `at`, and where the next one begins.
fn entry(bytes: &[u8], at: usize, base: usize) -> Option<(ExtendedAttribute<'_>, usize)> {
    let header = bytes.get(at..at + 16)?;
    let [length, class, low, high, ..] = *header else {
        return None;
    };
    let name_end = at + 16 + usize::from(length);
    let value_at = base + usize::from(u16::from_le_bytes([low, high]));
    let value_bytes = usize::try_from(le32(header, 8)?).ok()?;
    let attribute = ExtendedAttribute {
        class,
        name: bytes.get(at + 16..name_end)?,
        value_inode: le32(header, 4)?,
        value: bytes.get(value_at..value_at.checked_add(value_bytes)?),
    };
    Some((attribute, name_end.next_multiple_of(4)))
}

fn damaged() -> Trouble {
    Trouble::damaged("its extended attributes are damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two attributes as an inode holds them: their values lie at the end.
    fn held() -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..16].copy_from_slice(&[4, 7, 60, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        bytes[16..20].copy_from_slice(b"data");
        bytes[20..36].copy_from_slice(&[1, 1, 0, 0, 9, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0]);
        bytes[36] = b'x';
        bytes[60..63].copy_from_slice(b"abc");
        bytes
    }

    #[test]
    fn entries_are_read_up_to_the_zeros() {
        let bytes = held();
        let found = entries(&bytes, 0, 0).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].name, found[0].value),
            (&b"data"[..], Some(&b"abc"[..]))
        );
        assert_eq!((found[1].value_inode, found[1].value), (9, None));
    }

    #[test]
    fn an_entry_that_is_cut_is_damaged() {
        let bytes = held();
        for end in [5, 15, 17, 24, 36] {
            assert!(entries(&bytes[..end], 0, 0).is_err(), "{end}");
        }
    }
}
