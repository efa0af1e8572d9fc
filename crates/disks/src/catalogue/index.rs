//! Where in a catalogue a path stands, found by its hash.
//!
//! Hashes with the offsets of their records lie sorted in a file; memory holds where each of 65,536 stretches of them
//! begins. The hash has a key of its own for each catalogue: whoever made the disk cannot choose names that meet.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::path::Path;

use spool::{Sorted, Spool, Spooled};

use super::scratch::Scratch;

/// Stretches into which the hashes are cut: ten million names are 150 in each, which are read at once.
const STRETCHES: usize = 1 << 16;

/// Bytes of a hash and an offset.
const RECORD_BYTES: usize = 16;

/// Gives offsets until there are no more.
pub(super) type Offsets<'a> = dyn FnMut() -> io::Result<Option<u64>> + 'a;

/// Finds what has a path.
#[derive(Debug)]
pub(super) struct Index {
    hasher: RandomState,
    file: Scratch,
    /// Where each stretch begins, and the last ends, in records.
    starts: Vec<u64>,
}

/// An index while names are collected.
pub(super) struct Collected {
    hasher: RandomState,
    spool: Spool<Hashed>,
}

/// A hash and the offset of what has it.
#[derive(Debug, Clone, Copy)]
struct Hashed {
    hash: [u8; 8],
    at: u64,
}

impl Spooled for Hashed {
    fn key(&self) -> &[u8] {
        &self.hash
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.hash);
        bytes.extend(self.at.to_le_bytes());
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut hash = [0; 8];
        from.read_exact(&mut hash)?;
        let at = spool::number(from)?;
        Ok(Self { hash, at })
    }
}

impl Collected {
    /// Nothing yet, kept on the disk of `folder`.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            hasher: RandomState::new(),
            spool: Spool::create(folder)?,
        })
    }

    /// Takes a path and the offset of what has it.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn push(&mut self, path: &[u8], at: u64) -> io::Result<()> {
        let hash = self.hasher.hash_one(path).to_be_bytes();
        self.spool.push(Hashed { hash, at })
    }

    /// Sorts what was collected. `met` is given the offsets of those with one hash, where it is of several, in the
    /// order in which they came: most of them have one path.
    ///
    /// # Errors
    /// The system's error, or that of `met`.
    pub(super) fn sorted(
        self,
        folder: &Path,
        met: &mut dyn FnMut(&mut Offsets<'_>) -> io::Result<()>,
    ) -> io::Result<Index> {
        let mut writing = Writing {
            sorted: self.spool.sorted()?,
            file: Scratch::create(folder)?,
            starts: vec![0; STRETCHES + 1],
        };
        while let Some(first) = writing.next()? {
            if writing.sorted.comes_again(&first.hash) {
                let (mut waiting, mut last) = (Some(first.at), first);
                met(&mut || {
                    if waiting.is_none() && writing.sorted.comes_again(&last.hash) {
                        last = writing.next()?.unwrap_or(last);
                        return Ok(Some(last.at));
                    }
                    Ok(waiting.take())
                })?;
            }
        }
        let Writing {
            mut file,
            mut starts,
            ..
        } = writing;
        file.flush()?;
        // From how many are in each to where each begins.
        for stretch in 0..STRETCHES {
            starts[stretch + 1] += starts[stretch];
        }
        Ok(Index {
            hasher: self.hasher,
            file,
            starts,
        })
    }
}

struct Writing {
    sorted: Sorted<Hashed>,
    file: Scratch,
    /// How many are in the stretch before each.
    starts: Vec<u64>,
}

impl Writing {
    /// Writes the next.
    fn next(&mut self) -> io::Result<Option<Hashed>> {
        let Some(next) = self.sorted.next_record()? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        next.write(&mut bytes);
        self.file.append(&bytes)?;
        self.starts[stretch(next.hash) + 1] += 1;
        Ok(Some(next))
    }
}

fn stretch(hash: [u8; 8]) -> usize {
    let [high, low, ..] = hash;
    u16::from_be_bytes([high, low]).into()
}

impl Index {
    /// The offsets of what has the hash of a path: as good as always one at most, and of that path.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn find(&self, path: &[u8]) -> io::Result<Vec<u64>> {
        let hash = self.hasher.hash_one(path).to_be_bytes();
        let stretch = stretch(hash);
        let (from, until) = (self.starts[stretch], self.starts[stretch + 1]);
        let bytes = usize::try_from(until - from).map_err(io::Error::other)? * RECORD_BYTES;
        let mut records = vec![0; bytes];
        self.file.read(from * RECORD_BYTES as u64, &mut records)?;
        let (records, _) = records.as_chunks::<RECORD_BYTES>();
        let first = records.partition_point(|record| record[..8] < hash[..]);
        let same = records[first..].iter();
        let same = same.take_while(|record| record[..8] == hash[..]);
        same.map(|record| spool::number(&mut &record[8..]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_found_and_no_other_and_several_of_one_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut collected = Collected::create(folder.path()).unwrap();
        for at in 0..5000_u64 {
            collected.push(format!("path {at}").as_bytes(), at).unwrap();
        }
        collected.push(b"path 77", 9000).unwrap();
        collected.push(b"path 77", 9001).unwrap();
        let mut groups = Vec::new();
        let index = collected.sorted(folder.path(), &mut |next| {
            let mut group = Vec::new();
            while let Some(at) = next()? {
                group.push(at);
            }
            groups.push(group);
            Ok(())
        });
        let index = index.unwrap();
        assert_eq!(groups, [[77, 9000, 9001]]);
        for at in 0..5000 {
            let found = index.find(format!("path {at}").as_bytes()).unwrap();
            assert_eq!(found.first(), Some(&at));
        }
        assert_eq!(index.find(b"path 77").unwrap(), [77, 9000, 9001]);
        assert_eq!(index.find(b"path 5000").unwrap(), [0; 0]);
    }
}
