//! The attributes of a record.
//!
//! Source: libyal libfsntfs, *MFT attribute*.

use super::bytes::{long_place_at, part, place_at};
use crate::fields::{le16, le32, le64};

/// $STANDARD_INFORMATION: times.
pub(super) const STANDARD_INFORMATION: u32 = 0x10;
/// $ATTRIBUTE_LIST: where the attributes of what has several records are.
pub(super) const ATTRIBUTE_LIST: u32 = 0x20;
/// $FILE_NAME: a name.
pub(super) const FILE_NAME: u32 = 0x30;
/// $VOLUME_NAME: the label.
pub(super) const VOLUME_NAME: u32 = 0x60;
/// $VOLUME_INFORMATION: version and flags.
pub(super) const VOLUME_INFORMATION: u32 = 0x70;
/// $DATA: a stream.
pub(super) const DATA: u32 = 0x80;
/// $INDEX_ROOT: the beginning of an index.
pub(super) const INDEX_ROOT: u32 = 0x90;
/// $BITMAP: which parts are used.
pub(super) const BITMAP: u32 = 0xB0;
/// $REPARSE_POINT: what else than a file or folder it is.
pub(super) const REPARSE_POINT: u32 = 0xC0;
/// $LOGGED_UTILITY_STREAM: the keys of EFS.
pub(super) const LOGGED_UTILITY_STREAM: u32 = 0x100;

/// The end of the attributes.
const END: u32 = 0xFFFF_FFFF;

/// An attribute, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    /// Its type.
    pub(super) kind: u32,
    /// Its number in the record.
    pub(super) id: u16,
    /// Compressed, encrypted, sparse.
    pub(super) flags: u16,
    /// Its name in UTF-16.
    pub(super) name: &'a [u8],
    /// What it holds.
    pub(super) body: Body<'a>,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// These bytes.
    Resident(&'a [u8]),
    /// What lies in clusters.
    Spread(Spread<'a>),
}

/// A part of an attribute that lies in clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spread<'a> {
    /// The first cluster of it that this part tells.
    pub(super) lowest: u64,
    /// The last one; one less than `lowest` if there is none.
    pub(super) highest: u64,
    /// The sizes, which the first part has.
    pub(super) sizes: Option<Sizes>,
    /// The clusters of a unit of compression as an exponent of two.
    pub(super) unit: u8,
    /// The list of runs.
    pub(super) pairs: &'a [u8],
}

/// The sizes of an attribute that lies in clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sizes {
    /// Its bytes.
    pub(super) data: u64,
    /// The bytes that were ever written; past them are zeros.
    pub(super) initialised: u64,
}

/// The attributes in `area`, which ends with a mark.
///
/// # Errors
///
/// If one of them does not fit, or the mark is missing.
pub(super) fn attributes(area: &[u8]) -> Result<Vec<Attribute<'_>>, &'static str> {
    let (found, is_whole) = attributes_before_damage(area);
    is_whole.map(|()| found)
}

/// The attributes in `area` up to the first that does not fit, and whether there is one.
pub(super) fn attributes_before_damage(
    area: &[u8],
) -> (Vec<Attribute<'_>>, Result<(), &'static str>) {
    let mut found = Vec::new();
    let mut rest = area;
    loop {
        match next(rest) {
            Ok(None) => return (found, Ok(())),
            Ok(Some((attribute, after))) => {
                found.push(attribute);
                rest = after;
            }
            Err(why) => return (found, Err(why)),
        }
    }
}

/// The first attribute and what follows it; `None` at the mark.
fn next(rest: &[u8]) -> Result<Option<(Attribute<'_>, &[u8])>, &'static str> {
    const DAMAGED: &str = "the attributes of its record are damaged";
    if le32(rest, 0).ok_or(DAMAGED)? == END {
        return Ok(None);
    }
    let length = long_place_at(rest, 4).ok_or(DAMAGED)?;
    let (attribute, after) = rest.split_at_checked(length).ok_or(DAMAGED)?;
    Ok(Some((parse(attribute).ok_or(DAMAGED)?, after)))
}

fn parse(attribute: &[u8]) -> Option<Attribute<'_>> {
    let name_bytes = usize::from(*attribute.get(9)?) * 2;
    let body = match attribute.get(8)? {
        0 => {
            let length = long_place_at(attribute, 16)?;
            Body::Resident(part(attribute, place_at(attribute, 20)?, length)?)
        }
        1 => Body::Spread(spread(attribute)?),
        _ => return None,
    };
    Some(Attribute {
        kind: le32(attribute, 0)?,
        id: le16(attribute, 14)?,
        flags: le16(attribute, 12)?,
        name: part(attribute, place_at(attribute, 10)?, name_bytes)?,
        body,
    })
}

fn spread(attribute: &[u8]) -> Option<Spread<'_>> {
    let lowest = le64(attribute, 16)?;
    let sizes = if lowest == 0 {
        Some(Sizes {
            data: le64(attribute, 48)?,
            initialised: le64(attribute, 56)?,
        })
    } else {
        None
    };
    Some(Spread {
        lowest,
        highest: le64(attribute, 24)?,
        sizes,
        unit: *attribute.get(34)?,
        pairs: attribute.get(place_at(attribute, 32)?..)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A resident attribute of `value` with the name `n`.
    fn resident(value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 32];
        bytes[0] = 0x80;
        bytes[4] = u8::try_from(32 + value.len()).unwrap();
        bytes[9] = 1;
        bytes[10] = 24;
        bytes[14] = 3;
        bytes[16] = u8::try_from(value.len()).unwrap();
        bytes[20] = 32;
        bytes[24] = b'n';
        bytes.extend(value);
        bytes
    }

    #[test]
    fn attributes_are_read_up_to_the_mark() {
        let mut area = resident(b"one");
        area.extend(resident(b"other"));
        area.extend([0xFF; 4]);
        let found = attributes(&area).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].kind, found[0].id, found[0].name),
            (DATA, 3, &b"n\0"[..])
        );
        assert_eq!(found[1].body, Body::Resident(b"other"));
    }

    #[test]
    fn what_does_not_fit_is_damaged() {
        let mut area = resident(b"one");
        area.extend([0xFF; 4]);
        for cut in 0..area.len() {
            assert!(attributes(&area[..cut]).is_err(), "{cut}");
        }
        for (at, value) in [
            (4, 0),
            (4, 4),
            (8, 2),
            (9, 200),
            (10, 99),
            (16, 4),
            (20, 200),
        ] {
            let mut area = area.clone();
            area[at] = value;
            assert!(attributes(&area).is_err(), "{at} {value}");
        }
    }
}
