//! Names that no path may have.

/// What is wrong with a name, as WTF-8, if something is.
pub(crate) fn fault(name: &[u8]) -> Option<&'static str> {
    if name.is_empty() {
        Some("its name is empty")
    } else if name == b"." || name == b".." {
        Some("it is named like the folder itself or the one above")
    } else if name.contains(&b'/') {
        Some("its name holds a slash")
    } else if name.contains(&0) {
        Some("its name holds a zero")
    } else {
        None
    }
}

/// Whether Windows encrypts files of this name: on FAT and exFAT EFS appends `.PFILE` to them, and keeps the key of a
/// folder in `$EFS`. The bytes are there, and are nobody's file.
pub(crate) fn is_of_efs(name: &[u8]) -> bool {
    let suffix = b".PFILE";
    let tail = name
        .len()
        .checked_sub(suffix.len())
        .and_then(|at| name.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(suffix)) || name == b"$EFS"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_faults() {
        for name in [&b""[..], b".", b"..", b"a/b", b"a\0"] {
            assert!(fault(name).is_some(), "{name:?}");
        }
        for name in [&b"..."[..], b".a", b"a\\b", b"\xED\xA0\xBD"] {
            assert_eq!(fault(name), None);
        }
    }

    #[test]
    fn what_efs_makes_is_known_by_name() {
        for name in [&b"a.bin.PFILE"[..], b"a.pfile", b"$EFS"] {
            assert!(is_of_efs(name));
        }
        for name in [&b"PFILE"[..], b"a.PFILE.txt", b"$EFS.txt"] {
            assert!(!is_of_efs(name));
        }
    }
}
