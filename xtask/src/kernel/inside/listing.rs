//! All that a kernel shows below a folder.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::Result;
use filesystems::content::printable;
use sha2::{Digest as _, Sha256};

use crate::kernel::errand::{Entry, Thing};

/// Bytes that are read at a time.
const PIECE: usize = 256 << 10;

/// Tells every name below a folder. What cannot be read is told as that.
///
/// # Errors
/// Those of `tell`.
pub(crate) fn list(root: &Path, tell: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
    below(root, b"", tell)
}

fn below(folder: &Path, before: &[u8], tell: &mut dyn FnMut(Entry) -> Result<()>) -> Result<()> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => {
            return tell(Entry {
                path: printable(before),
                what: unread(&error),
                modified: None,
            });
        }
    };
    for entry in entries {
        let place = entry.path();
        let mut path = before.to_vec();
        path.extend_from_slice(entry.file_name().as_bytes());
        let (what, modified) = match fs::symlink_metadata(&place) {
            Ok(facts) => (thing(&place, &facts), moment(&facts)),
            Err(error) => (unread(&error), None),
        };
        let is_folder = what == Thing::Folder;
        tell(Entry {
            path: printable(&path),
            what,
            modified,
        })?;
        if is_folder {
            path.push(b'/');
            below(&place, &path, tell)?;
        }
    }
    Ok(())
}

fn moment(facts: &Metadata) -> Option<(i64, u32)> {
    let nanoseconds = u32::try_from(facts.mtime_nsec()).ok()?;
    Some((facts.mtime(), nanoseconds))
}

fn thing(place: &Path, facts: &Metadata) -> Thing {
    let kind = facts.file_type();
    if kind.is_dir() {
        return Thing::Folder;
    }
    if kind.is_symlink() {
        return match fs::read_link(place) {
            Ok(target) => Thing::Link {
                target: printable(target.as_os_str().as_bytes()),
            },
            Err(error) => unread(&error),
        };
    }
    if !kind.is_file() {
        return Thing::Special;
    }
    match sum(place) {
        Ok((bytes, sum)) if bytes == facts.len() => Thing::File { bytes, sum },
        Ok((bytes, _)) => Thing::Unread {
            why: format!("{bytes} bytes of {}", facts.len()),
        },
        Err(error) => unread(&error),
    }
}

fn unread(error: &io::Error) -> Thing {
    Thing::Unread {
        why: error.to_string(),
    }
}

fn sum(place: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(place)?;
    let (mut sum, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok((bytes, hex::encode(sum.finalize())));
        }
        sum.update(&piece[..count]);
        bytes += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_with_all_below_it() {
        let room = tempfile::tempdir().unwrap();
        fs::create_dir(room.path().join("a%")).unwrap();
        fs::write(room.path().join("a%/b"), "content").unwrap();
        std::os::unix::fs::symlink("to", room.path().join("link")).unwrap();
        let mut found = Vec::new();
        list(room.path(), &mut |entry| {
            found.push((entry.path, entry.what));
            Ok(())
        })
        .unwrap();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        let file = Thing::File {
            bytes: 7,
            sum: hex::encode(Sha256::digest("content")),
        };
        let link = Thing::Link {
            target: "to".to_owned(),
        };
        let wanted = [("a%25", Thing::Folder), ("a%25/b", file), ("link", link)];
        assert_eq!(found, wanted.map(|(path, what)| (path.to_owned(), what)));
    }
}
