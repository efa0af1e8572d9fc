//! Names of eight letters and three (fatgen103, "FAT Directory Structure").

use crate::fat::code_page;
use crate::reader::CodePage;

/// The bit of an entry's byte 12 by which Windows NT says that the first eight letters are meant in lower case.
const LOWER_BASE: u8 = 0x08;
/// The same for the last three.
const LOWER_EXTENSION: u8 = 0x10;

/// A short name as WTF-8, in the case that byte 12 of the entry says.
///
/// # Errors
///
/// What is wrong with it, if it cannot be a name.
pub(crate) fn decode(raw: &[u8; 11], case: u8, page: CodePage) -> Result<Vec<u8>, &'static str> {
    let mut raw = *raw;
    if raw[0] == 0x05 {
        // E5 stands for a deleted entry.
        raw[0] = 0xE5;
    } else if raw[0] == b' ' {
        return Err("its short name begins with a blank");
    }
    if raw.iter().any(|&byte| byte < b' ') {
        return Err("its short name holds control characters");
    }
    let (base, extension) = raw.split_at(8);
    let mut name = part(base, case & LOWER_BASE != 0, page);
    let extension = part(extension, case & LOWER_EXTENSION != 0, page);
    if !extension.is_empty() {
        name.push(b'.');
        name.extend(extension);
    }
    Ok(name)
}

fn part(bytes: &[u8], is_lower: bool, page: CodePage) -> Vec<u8> {
    let end = bytes.iter().rposition(|&byte| byte != b' ');
    let bytes = end.and_then(|end| bytes.get(..=end)).unwrap_or_default();
    if is_lower {
        code_page::decode_lower(page, bytes)
    } else {
        code_page::decode(page, bytes)
    }
}

/// The checksum by which a long name belongs to a short one.
pub(crate) fn checksum(raw: &[u8; 11]) -> u8 {
    raw.iter()
        .fold(0u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(raw: &[u8; 11], case: u8) -> String {
        String::from_utf8(decode(raw, case, CodePage::Cp437).unwrap()).unwrap()
    }

    #[test]
    fn blanks_at_the_end_are_not_of_the_name() {
        assert_eq!(name(b"README  TXT", 0), "README.TXT");
        assert_eq!(name(b"A B     C  ", 0), "A B.C");
        assert_eq!(name(b"NOEXT      ", 0), "NOEXT");
    }

    #[test]
    fn each_part_has_its_case() {
        assert_eq!(name(b"README  TXT", 0x08), "readme.TXT");
        assert_eq!(name(b"README  TXT", 0x10), "README.txt");
        assert_eq!(name(b"\x9AB      TXT", 0x18), "üb.txt");
    }

    #[test]
    fn five_stands_for_e5() {
        assert_eq!(name(b"\x05A         ", 0), "σA");
    }

    #[test]
    fn what_is_no_name_is_told() {
        for raw in [b" A         ", b"A\x01         ", b"A\0         "] {
            assert!(decode(raw, 0, CodePage::Cp437).is_err());
        }
    }

    #[test]
    fn the_checksum_is_that_of_windows() {
        assert_eq!(checksum(b"TEST_L~1TXT"), 0x21);
        assert_eq!(checksum(b"TEST       "), 0x32);
    }
}
