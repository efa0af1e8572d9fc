//! $ATTRIBUTE_LIST: in which records the attributes of something are that has more than fit into one.
//!
//! Source: libyal libfsntfs, *Attribute list*.

use super::attribute::{Attribute, Body};
use super::bytes::{part, place_at};
use super::record::Reference;
use crate::fields::{le16, le32, le64};

/// The longest list in bytes: four times what Windows makes.
pub(super) const LIST_BYTES: u64 = 1 << 20;

/// Where one attribute, or a part of one, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListEntry<'a> {
    /// Its type.
    pub(super) kind: u32,
    /// Its name in UTF-16.
    pub(super) name: &'a [u8],
    /// The first cluster that the part tells.
    pub(super) lowest: u64,
    /// The record in which it is.
    pub(super) record: Reference,
    /// Its number in that record.
    pub(super) id: u16,
}

impl ListEntry<'_> {
    /// Whether this is where `attribute` is.
    pub(super) fn is_of(&self, attribute: &Attribute<'_>) -> bool {
        let lowest = match attribute.body {
            Body::Resident(_) => 0,
            Body::Spread(spread) => spread.lowest,
        };
        (self.kind, self.id, self.name, self.lowest)
            == (attribute.kind, attribute.id, attribute.name, lowest)
    }
}

/// The entries of a list.
///
/// # Errors
///
/// If one of them does not fit.
pub(super) fn entries(list: &[u8]) -> Result<Vec<ListEntry<'_>>, &'static str> {
    const DAMAGED: &str = "its list of attributes is damaged";
    let mut found = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let length = place_at(rest, 4).ok_or(DAMAGED)?;
        let (entry, after) = rest.split_at_checked(length).ok_or(DAMAGED)?;
        found.push(parse(entry).ok_or(DAMAGED)?);
        rest = after;
    }
    Ok(found)
}

fn parse(entry: &[u8]) -> Option<ListEntry<'_>> {
    let name_bytes = usize::from(*entry.get(6)?) * 2;
    Some(ListEntry {
        kind: le32(entry, 0)?,
        name: part(entry, usize::from(*entry.get(7)?), name_bytes)?,
        lowest: le64(entry, 8)?,
        record: Reference::new(le64(entry, 16)?),
        id: le16(entry, 24)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_what_is_cut_is_damaged() {
        let mut entry = vec![0; 32];
        entry[0] = 0x80;
        entry[4] = 32;
        entry[6..8].copy_from_slice(&[1, 26]);
        entry[8] = 9;
        entry[16] = 40;
        entry[22] = 2;
        entry[24] = 7;
        entry[26] = b'n';
        let list = entry.repeat(2);
        let found = entries(&list).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1].record,
            Reference {
                number: 40,
                sequence: 2
            }
        );
        assert_eq!(
            (found[1].lowest, found[1].id, found[1].name),
            (9, 7, &b"n\0"[..])
        );
        for cut in (1..32).chain(33..64) {
            assert!(entries(&list[..cut]).is_err(), "{cut}");
        }
        entry[4] = 0;
        assert!(entries(&entry).is_err());
    }
}
