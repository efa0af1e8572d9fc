//! What the sink serves: the files of a folder as objects, read once when it starts.
//!
//! Small files are held in memory, large ones stay open and go from the page cache to the client
//! without passing through this program. Entity tags are those that S3 gives to uploads of the same
//! bytes. Nothing here changes, so that answering takes no lock.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use md5::{Digest as _, Md5};

use super::store::{Content, Tag};

/// Files up to this size are held in memory, in bytes.
const HELD: u64 = 256 << 10;

/// Larger files are said to have come in parts of this size, in bytes.
const PART: u64 = 64 << 20;

/// Objects by `bucket/key`.
#[derive(Debug, Default)]
pub(crate) struct Source(HashMap<String, Object>);

/// An object and its bytes.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Held(Arc<[u8]>),
    Open(Arc<File>),
}

/// Some of an object's bytes.
#[derive(Debug)]
pub(crate) enum Piece {
    Held(Arc<[u8]>, Range<usize>),
    Open(Arc<File>, Range<u64>),
}

impl Source {
    /// Takes all files below `folder` as the objects of `bucket`.
    ///
    /// # Errors
    /// If one cannot be read, or has a name that is no key.
    pub(crate) fn read(bucket: &str, folder: &Path) -> Result<Self> {
        let mut source = Self::default();
        source.take(bucket, folder)?;
        Ok(source)
    }

    fn take(&mut self, name: &str, folder: &Path) -> Result<()> {
        let wrong = || format!("could not read `{}`", folder.display());
        for entry in fs::read_dir(folder).with_context(wrong)? {
            let entry = entry.with_context(wrong)?;
            let path = entry.path();
            let last = entry.file_name();
            let last = last.to_str().with_context(wrong)?;
            let name = format!("{name}/{last}");
            if entry.file_type().with_context(wrong)?.is_dir() {
                self.take(&name, &path)?;
            } else {
                let object = Object::read(&path);
                let object =
                    object.with_context(|| format!("could not read `{}`", path.display()))?;
                self.0.insert(name, object);
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Object> {
        self.0.get(path)
    }

    /// Every object's `bucket/key` and what is known of it.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (&str, Content)> {
        let all = self.0.iter();
        all.map(|(path, object)| (path.as_str(), object.content))
    }
}

impl Object {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if size > HELD {
            let tag = tag_of(&file, size)?;
            return Ok(Self {
                content: Content {
                    size,
                    tag,
                    crc64nvme: None,
                },
                bytes: Bytes::Open(Arc::new(file)),
            });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let tag = Tag::Md5(Md5::digest(&bytes).into());
        Ok(Self {
            content: Content {
                size,
                tag,
                crc64nvme: None,
            },
            bytes: Bytes::Held(bytes.into()),
        })
    }

    /// The bytes of a range, which has to lie within the object.
    pub(crate) fn piece(&self, range: Range<u64>) -> Piece {
        match &self.bytes {
            Bytes::Held(bytes) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(bytes.len());
                Piece::Held(Arc::clone(bytes), at(range.start)..at(range.end))
            }
            Bytes::Open(file) => Piece::Open(Arc::clone(file), range),
        }
    }
}

/// The entity tag of a file: its MD5, or that of its parts' MD5s with their number.
fn tag_of(file: &File, size: u64) -> io::Result<Tag> {
    if size <= PART {
        return md5_of(file, PART).map(Tag::Md5);
    }
    let count = usize::try_from(size.div_ceil(PART)).unwrap_or(usize::MAX);
    let mut all = Md5::new();
    for _ in 0..count {
        all.update(md5_of(file, PART)?);
    }
    Ok(Tag::Parts(all.finalize().into(), count))
}

/// The MD5 of the next `most` bytes, or of what there is.
fn md5_of(file: &File, most: u64) -> io::Result<[u8; 16]> {
    let mut md5 = Md5::new();
    let mut part = file.take(most);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match part.read(&mut buffer)? {
            0 => return Ok(md5.finalize().into()),
            count => md5.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entity tag in which S3 answers for bytes that were sent in parts of `PART`.
    fn tag_of_parts(bytes: &[u8]) -> String {
        let part = usize::try_from(PART).unwrap();
        let parts = bytes.chunks(part).map(Md5::digest);
        let md5s: Vec<u8> = parts.flatten().collect();
        let count = md5s.len() / 16;
        format!("\"{}-{count}\"", hex::encode(Md5::digest(md5s)))
    }

    #[test]
    fn files_are_objects_with_the_tags_of_s3() {
        let folder = std::env::temp_dir().join(format!("bench-source-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::write(folder.join("a/b/hello"), "hello").unwrap();
        let medium = vec![7; 300 << 10];
        fs::write(folder.join("medium"), &medium).unwrap();
        let large: Vec<u8> = (0..65 << 20).map(|at: u32| at.to_le_bytes()[2]).collect();
        fs::write(folder.join("large"), &large).unwrap();
        let source = Source::read("b", &folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();

        assert_eq!(source.contents().count(), 3);
        let content = |path: &str| source.get(path).unwrap().content;
        let hello = content("b/a/b/hello");
        assert_eq!(hello.size, 5);
        let tag = hello.tag.to_string();
        assert_eq!(tag, "\"5d41402abc4b2a76b9719d911017c592\"");
        let tag = format!("\"{}\"", hex::encode(Md5::digest(&medium)));
        assert_eq!(content("b/medium").tag.to_string(), tag);
        assert_eq!(content("b/large").size, 65 << 20);
        assert_eq!(content("b/large").tag.to_string(), tag_of_parts(&large));
        assert!(source.get("b/a/b").is_none() && source.get("c/medium").is_none());
    }
}
