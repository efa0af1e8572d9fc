//! $FILE_NAME: the names of something, each in a folder.
//!
//! Source: libyal libfsntfs, *File name attribute*. Names are UTF-16 that need not be well formed, told as WTF-8.

use super::bytes::part;
use super::record::Reference;
use crate::fields::le64;
use crate::wtf8::from_utf16;

/// The namespace of names that DOS can have too, made beside a longer one.
const DOS: u8 = 2;

/// A name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    /// The folder in which it lies.
    pub(super) parent: Reference,
    /// POSIX 0, Windows 1, DOS 2, both 3.
    namespace: u8,
    /// It, as WTF-8.
    pub(super) name: Vec<u8>,
}

impl FileName {
    /// Reads the value of a $FILE_NAME.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let length = usize::from(*value.get(64)?) * 2;
        Some(Self {
            parent: Reference::new(le64(value, 0)?),
            namespace: *value.get(65)?,
            name: wtf8(part(value, 66, length)?),
        })
    }

    /// Whether it can be a name in a path.
    pub(super) fn is_sound(&self) -> bool {
        let is_special = matches!(&self.name[..], b"" | b"." | b"..");
        !is_special && !self.name.contains(&b'/') && !self.name.contains(&0)
    }
}

/// The names that count: without those of DOS beside a longer one in the same folder, and each once.
pub(super) fn counted(names: Vec<FileName>) -> Vec<FileName> {
    let mut long: Vec<FileName> = Vec::new();
    let (dos, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.namespace == DOS);
    let mut seen = std::collections::BTreeSet::new();
    for name in others {
        if seen.insert((name.parent, name.name.clone())) {
            long.push(name);
        }
    }
    let folders: std::collections::BTreeSet<_> = long.iter().map(|name| name.parent).collect();
    let alone = dos
        .into_iter()
        .filter(|name| !folders.contains(&name.parent));
    long.extend(alone);
    long
}

/// UTF-16 in little-endian bytes as WTF-8.
pub(super) fn wtf8(utf16: &[u8]) -> Vec<u8> {
    let units = utf16
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    from_utf16(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(units: &[u16]) -> Vec<u8> {
        units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    #[test]
    fn names_are_wtf8() {
        let text: Vec<u16> = "aé漢😀".encode_utf16().collect();
        assert_eq!(wtf8(&utf16(&text)), "aé漢😀".as_bytes());
        let halves = utf16(&[0xD83D, u16::from(b'x'), 0xDE00]);
        assert_eq!(wtf8(&halves), b"\xED\xA0\xBDx\xED\xB8\x80");
    }

    fn name(parent: u64, namespace: u8, name: &str) -> FileName {
        FileName {
            parent: Reference::new(parent),
            namespace,
            name: name.into(),
        }
    }

    #[test]
    fn names_of_dos_count_only_where_there_is_no_other() {
        let names = vec![
            name(5, 2, "LONGNA~1"),
            name(5, 1, "long name"),
            name(7, 0, "link"),
            name(7, 0, "link"),
            name(8, 2, "ALONE"),
        ];
        let counted: Vec<_> = counted(names).into_iter().map(|name| name.name).collect();
        assert_eq!(counted, [&b"long name"[..], b"link", b"ALONE"]);
    }

    #[test]
    fn a_name_is_read_and_a_cut_one_is_not() {
        let mut value = vec![0; 70];
        value[0] = 5;
        value[6] = 5;
        value[64..66].copy_from_slice(&[2, 3]);
        value[66] = b'a';
        value[68] = b'b';
        let found = FileName::parse(&value).unwrap();
        assert_eq!((&found.name[..], found.parent.sequence), (&b"ab"[..], 5));
        assert!((0..70).all(|cut| FileName::parse(&value[..cut]).is_none()));
    }

    #[test]
    fn names_that_no_path_can_have_are_not_sound() {
        for wrong in ["", ".", "..", "a/b", "a\0"] {
            assert!(!name(5, 0, wrong).is_sound());
        }
        assert!(name(5, 0, "a\\b:c").is_sound());
    }
}
