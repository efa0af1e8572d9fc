//! From a key to a place below a folder. Whatever a store calls its objects, no name leads out.

/// Longest name of a file, in bytes (Linux, `NAME_MAX`).
const NAME_BYTES: usize = 255;

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot<'a> {
    /// A file: the folders above it, from the top, and its name.
    File {
        /// The folders.
        folder: Vec<&'a str>,
        /// The name.
        name: &'a str,
    },
    /// A folder: its key ends in a slash.
    Folder(Vec<&'a str>),
}

/// The place of an object below the destination; the first `base` bytes of its key are left out.
///
/// # Errors
/// Why no file can have such a name.
pub(super) fn spot(key: &str, base: usize) -> Result<Spot<'_>, &'static str> {
    let rest = key.get(base..).unwrap_or(key);
    let (rest, is_folder) = match rest.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    if rest.is_empty() {
        return match is_folder {
            true => Err("a name in its key is empty"),
            false => Ok(Spot::Folder(Vec::new())),
        };
    }
    let mut names: Vec<&str> = rest.split('/').collect();
    names.iter().try_for_each(|name| check(name))?;
    let last = if is_folder { None } else { names.pop() };
    Ok(match last {
        Some(name) => Spot::File {
            folder: names,
            name,
        },
        None => Spot::Folder(names),
    })
}

fn check(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("a name in its key is empty"),
        "." | ".." => Err("its key leads to another folder by `.` or `..`"),
        name if name.contains('\0') => Err("a name in its key has a NUL"),
        name if name.len() > NAME_BYTES => Err("a name in its key has more than 255 bytes"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_paths_below_what_was_asked_for() {
        let file = |folder: &[&'static str], name| {
            Ok(Spot::File {
                folder: folder.to_vec(),
                name,
            })
        };
        assert_eq!(spot("a.jpg", 0), file(&[], "a.jpg"));
        assert_eq!(spot("2019/x/a.jpg", 0), file(&["2019", "x"], "a.jpg"));
        assert_eq!(spot("2019/x/a.jpg", 5), file(&["x"], "a.jpg"));
        assert_eq!(spot("é\\..\\b", 0), file(&[], "é\\..\\b"));
        assert_eq!(spot("2019/", 0), Ok(Spot::Folder(vec!["2019"])));
        assert_eq!(
            spot("2019/", 5),
            Ok(Spot::Folder(vec![])),
            "the folder itself"
        );
    }

    #[test]
    fn no_key_leads_out_and_none_is_bent() {
        let long = "é".repeat(128);
        for key in [
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "./a",
            "/etc/passwd",
            "a//b",
            "//",
            "/",
            "a\0b",
            long.as_str(),
        ] {
            assert!(spot(key, 0).is_err(), "{key}");
        }
        assert!(spot("a//b", 2).is_err());
        assert!(spot(&"x".repeat(255), 0).is_ok());
    }
}
