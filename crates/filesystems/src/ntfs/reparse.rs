//! $REPARSE_POINT: what else than a file or folder something is.
//!
//! Source: MS-FSCC 2.1.2 and 2.3; for WOF, `WOF_EXTERNAL_INFO` and `FILE_PROVIDER_EXTERNAL_INFO_V1` of wofapi.h and
//! ntifs.h. The target of a link is the name that Windows shows (the print name); where there is none, the name
//! that it goes to (the substitute name) without the `\??\` before it. What is relative is told with `/`, as paths are;
//! in what begins with a drive or the like, backslashes stay.

use super::bytes::{part, place_at};
use super::names::wtf8;
use super::wof::WofPacking;
use crate::fields::le32;
use crate::limits::TARGET_BYTES;
use crate::told::Unloadable;

const SYMBOLIC_LINK: u32 = 0xA000_000C;
/// The flag of a symbolic link whose target begins where it lies.
const RELATIVE: u32 = 1;
const MOUNT_POINT: u32 = 0xA000_0003;
const WOF: u32 = 0x8000_0017;
const DEDUPLICATED: u32 = 0x8000_0013;
/// `9000x01A`: placeholders of OneDrive and other cloud drives.
const CLOUD: u32 = 0x9000_001A;
const CLOUD_MASK: u32 = 0xFFFF_0FFF;
const LINUX_LINK: u32 = 0xA000_001D;
/// Sockets, pipes, character and block devices of Linux.
const LINUX_SPECIAL: [u32; 4] = [0x8000_0023, 0x8000_0024, 0x8000_0025, 0x8000_0026];
/// The bit of tags whose things stand for a name elsewhere.
const SURROGATE: u32 = 0x2000_0000;

/// What a reparse point makes of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A link to this target.
    Link(Vec<u8>),
    /// Packed by WOF.
    Packed(WofPacking),
    /// A device node, socket or pipe.
    Special,
    /// Kept by a cloud drive: here as a whole, or not.
    Cloud,
    /// Nothing that is read here.
    Unknown {
        /// What it is instead.
        why: Unloadable,
        /// Whether it stands for something elsewhere, so that a folder holds nothing here.
        is_elsewhere: bool,
    },
}

/// Reads the value of a $REPARSE_POINT.
///
/// # Errors
///
/// If it is damaged.
pub(super) fn parse(value: &[u8]) -> Result<Meaning, Unloadable> {
    fields(value).ok_or_else(|| Unloadable::Damaged("its reparse point is damaged".to_owned()))
}

fn fields(value: &[u8]) -> Option<Meaning> {
    let tag = le32(value, 0)?;
    let data = part(value, 8, place_at(value, 4)?)?;
    Some(match tag {
        SYMBOLIC_LINK => Meaning::Link(symbolic_target(data)?),
        MOUNT_POINT => Meaning::Link(target(data, 8)?),
        LINUX_LINK => Meaning::Link(bounded(data.get(4..)?.to_vec())?),
        WOF => wof(data)?,
        tag if LINUX_SPECIAL.contains(&tag) => Meaning::Special,
        tag if tag & CLOUD_MASK == CLOUD => Meaning::Cloud,
        tag => Meaning::Unknown {
            why: unknown(tag),
            is_elsewhere: tag & SURROGATE != 0,
        },
    })
}

fn unknown(tag: u32) -> Unloadable {
    match tag {
        DEDUPLICATED => Unloadable::Deduplicated,
        tag => Unloadable::UnknownFeature(format!("reparse tag {tag:08X}")),
    }
}

/// The target of a symbolic link.
fn symbolic_target(data: &[u8]) -> Option<Vec<u8>> {
    let mut target = target(data, 12)?;
    if le32(data, 8)? & RELATIVE != 0 {
        for byte in target.iter_mut().filter(|byte| **byte == b'\\') {
            *byte = b'/';
        }
    }
    Some(target)
}

/// The target of a link whose names begin at `names` of the data.
fn target(data: &[u8], names: usize) -> Option<Vec<u8>> {
    let name = |at| {
        let from = names.checked_add(place_at(data, at)?)?;
        part(data, from, place_at(data, at + 2)?).map(wtf8)
    };
    let shown = name(4)?;
    if !shown.is_empty() {
        return bounded(shown);
    }
    let real = name(0)?;
    let real = real.strip_prefix(br"\??\").unwrap_or(&real);
    bounded(real.to_vec())
}

fn bounded(target: Vec<u8>) -> Option<Vec<u8>> {
    (!target.is_empty() && target.len() <= TARGET_BYTES).then_some(target)
}

/// What WOF says of a file: version 1, the provider, and of that of single files version 1 and the algorithm.
fn wof(data: &[u8]) -> Option<Meaning> {
    let numbers = (le32(data, 0)?, le32(data, 4)?);
    let packing = match numbers {
        (1, 2) if le32(data, 8)? == 1 => WofPacking::of(le32(data, 12)?),
        _ => None,
    };
    Some(match packing {
        Some(packing) => Meaning::Packed(packing),
        None => Meaning::Unknown {
            why: Unloadable::UnknownFeature(format!(
                "WOF of version {} and provider {}, which is not that of single files",
                numbers.0, numbers.1
            )),
            is_elsewhere: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(tag: u32, data: &[u8]) -> Vec<u8> {
        let mut value = tag.to_le_bytes().to_vec();
        value.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
        value.extend([0, 0]);
        value.extend(data);
        value
    }

    fn link(header: usize, real: &str, shown: &str) -> Vec<u8> {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let (real, shown): (Vec<u8>, Vec<u8>) = (utf16(real), utf16(shown));
        let mut data = Vec::new();
        for number in [0, real.len(), real.len(), shown.len()] {
            data.extend(u16::try_from(number).unwrap().to_le_bytes());
        }
        data.resize(header, 0);
        data.extend(real);
        data.extend(shown);
        data
    }

    #[test]
    fn links_have_the_name_that_is_shown() {
        let data = link(12, r"\??\C:\x", r"C:\x");
        let found = parse(&point(SYMBOLIC_LINK, &data));
        assert_eq!(found, Ok(Meaning::Link(br"C:\x".to_vec())));
        let mut data = link(12, "", r"..\a\b");
        data[8] = 1;
        let found = parse(&point(SYMBOLIC_LINK, &data));
        assert_eq!(found, Ok(Meaning::Link(b"../a/b".to_vec())));
        let data = link(8, r"\??\D:\é", "");
        let found = parse(&point(MOUNT_POINT, &data));
        assert_eq!(found, Ok(Meaning::Link(r"D:\é".into())));
        let found = parse(&point(LINUX_LINK, b"\x02\0\0\0a/b"));
        assert_eq!(found, Ok(Meaning::Link(b"a/b".to_vec())));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let why = |tag| match parse(&point(tag, b"")) {
            Ok(Meaning::Unknown { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        for tag in [0x9000_001A, 0x9000_701A, 0x9000_F01A] {
            assert_eq!(parse(&point(tag, b"")), Ok(Meaning::Cloud));
        }
        assert_eq!(why(DEDUPLICATED), Unloadable::Deduplicated);
        let unknown = Unloadable::UnknownFeature("reparse tag 80000018".to_owned());
        assert_eq!(why(0x8000_0018), unknown);
    }

    #[test]
    fn wof_is_known_by_its_algorithm() {
        let data = |numbers: [u8; 4]| -> Vec<u8> {
            numbers.iter().flat_map(|it| [*it, 0, 0, 0]).collect()
        };
        let found = parse(&point(WOF, &data([1, 2, 1, 1])));
        assert!(matches!(found, Ok(Meaning::Packed(_))));
        for numbers in [[2, 2, 1, 1], [1, 1, 1, 1], [1, 2, 2, 1], [1, 2, 1, 4]] {
            let found = parse(&point(WOF, &data(numbers)));
            assert!(matches!(found, Ok(Meaning::Unknown { .. })), "{numbers:?}");
        }
    }

    #[test]
    fn what_is_cut_is_damaged() {
        for whole in [
            point(SYMBOLIC_LINK, &link(12, "real", "shown")),
            point(MOUNT_POINT, &link(8, "real", "")),
            point(WOF, &[1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert!((0..whole.len()).all(|cut| parse(&whole[..cut]).is_err()));
        }
    }
}
