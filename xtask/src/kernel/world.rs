//! What must come of acts: a file system as values, without clusters and without a kernel.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use filesystems::content::printable;
use sha2::{Digest as _, Sha256};

use super::acts::Act;
use super::errand::{Entry, Thing};

/// All names of a file system, and what they stand for.
#[derive(Debug, Default)]
pub(crate) struct World {
    nodes: BTreeMap<String, Node>,
    files: Vec<File>,
}

#[derive(Debug, Clone)]
enum Node {
    Folder,
    /// The number of a file, which may have several names.
    File(usize),
    Link(String),
}

#[derive(Debug, Default)]
struct File {
    content: Vec<u8>,
    /// Set by [`Act::Date`], and gone with the next change.
    modified: Option<i64>,
}

impl World {
    /// What comes of acts on an empty file system.
    ///
    /// # Errors
    /// If an act is impossible: a mistake of whoever planned it.
    pub(crate) fn after(acts: &[Act]) -> Result<Self> {
        let mut world = Self::default();
        for act in acts {
            world
                .apply(act)
                .with_context(|| format!("cannot be done: {act:?}"))?;
        }
        Ok(world)
    }

    fn apply(&mut self, act: &Act) -> Result<()> {
        match act {
            Act::Folder(path) => self.add_folder(path),
            Act::Write {
                path,
                at,
                ink,
                bytes,
                is_synced: _,
            } => {
                let at = usize::try_from(*at)?;
                let content = self.content_or_new(path)?;
                if content.len() < at + bytes {
                    content.resize(at + bytes, 0);
                }
                content[at..at + bytes].copy_from_slice(&ink.bytes(*bytes));
            }
            Act::Resize { path, bytes } => {
                self.content_or_new(path)?
                    .resize(usize::try_from(*bytes)?, 0);
            }
            Act::Reserve { path, bytes, grows } => {
                let bytes = usize::try_from(*bytes)?;
                let content = self.content_or_new(path)?;
                if *grows && content.len() < bytes {
                    content.resize(bytes, 0);
                }
            }
            Act::Hole { path, at, bytes } => {
                let content = self.content_or_new(path)?;
                let (at, bytes) = (usize::try_from(*at)?, usize::try_from(*bytes)?);
                let hole = content.get_mut(at..at + bytes);
                hole.context("a hole past the end")?.fill(0);
            }
            Act::Mark { path, mark: _ } => drop(self.content_or_new(path)?.is_empty()),
            Act::Remove(path) => drop(self.nodes.remove(path).context("nothing there")?),
            Act::Rename { from, to } => self.rename(from, to)?,
            Act::Link { from, to } => {
                let node = self.nodes.get(from).context("nothing there")?.clone();
                self.nodes.insert(to.clone(), node);
            }
            Act::Symlink { target, path } => {
                self.nodes.insert(path.clone(), Node::Link(target.clone()));
            }
            Act::Date { path, seconds } => match self.nodes.get(path) {
                Some(&Node::File(number)) => self.files[number].modified = Some(*seconds),
                _ => bail!("no file there"),
            },
        }
        Ok(())
    }

    fn add_folder(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let folder = path[..end].to_owned();
            self.nodes.entry(folder).or_insert(Node::Folder);
        }
    }

    /// The content of a file that is about to change.
    fn content_or_new(&mut self, path: &str) -> Result<&mut Vec<u8>> {
        let number = match self.nodes.get(path) {
            Some(&Node::File(number)) => number,
            Some(_) => bail!("no file there"),
            None => {
                self.files.push(File::default());
                let number = self.files.len() - 1;
                self.nodes.insert(path.to_owned(), Node::File(number));
                number
            }
        };
        let file = &mut self.files[number];
        file.modified = None;
        Ok(&mut file.content)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let node = self.nodes.remove(from).context("nothing there")?;
        self.nodes.insert(to.to_owned(), node);
        let below = format!("{from}/");
        let inside = self.nodes.keys().filter(|path| path.starts_with(&below));
        for path in inside.cloned().collect::<Vec<_>>() {
            let node = self.nodes.remove(&path).context("it was just there")?;
            self.nodes
                .insert(format!("{to}/{}", &path[below.len()..]), node);
        }
        Ok(())
    }

    /// What must be listed. A time that was not set is not known.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let entry = |(path, node): (&String, &Node)| {
            let (what, modified) = match node {
                Node::Folder => (Thing::Folder, None),
                Node::Link(target) => {
                    let target = printable(target.as_bytes());
                    (Thing::Link { target }, None)
                }
                Node::File(number) => {
                    let file = &self.files[*number];
                    let sum = hex::encode(Sha256::digest(&file.content));
                    let bytes = file.content.len() as u64;
                    let modified = file.modified.map(|seconds| (seconds, 0));
                    (Thing::File { bytes, sum }, modified)
                }
            };
            Entry {
                path: printable(path.as_bytes()),
                what,
                modified,
            }
        };
        self.nodes.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::acts::Ink;
    use super::*;

    fn write(path: &str, at: u64, bytes: usize) -> Act {
        Act::Write {
            path: path.to_owned(),
            at,
            ink: Ink::Text(1),
            bytes,
            is_synced: false,
        }
    }

    fn rename(from: &str, to: &str) -> Act {
        Act::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    fn sum(content: &[u8]) -> Thing {
        Thing::File {
            bytes: content.len() as u64,
            sum: hex::encode(Sha256::digest(content)),
        }
    }

    #[test]
    fn what_was_not_written_is_zero_and_a_folder_is_renamed_with_what_is_in_it() {
        let acts = [
            Act::Folder("a/b".to_owned()),
            write("a/b/file", 3, 4),
            Act::Resize {
                path: "a/b/file".to_owned(),
                bytes: 8,
            },
            Act::Date {
                path: "a/b/file".to_owned(),
                seconds: 7,
            },
            write("gone", 0, 1),
            Act::Remove("gone".to_owned()),
            rename("a", "c"),
        ];
        let entries = World::after(&acts).unwrap().entries();
        let found: Vec<_> = entries
            .iter()
            .map(|entry| (entry.path.as_str(), &entry.what, entry.modified))
            .collect();
        assert_eq!(
            found,
            [
                ("c", &Thing::Folder, None),
                ("c/b", &Thing::Folder, None),
                ("c/b/file", &sum(b"\0\0\0line\0"), Some((7, 0))),
            ]
        );
    }

    #[test]
    fn all_names_of_a_file_have_its_content_and_a_change_takes_the_date() {
        let acts = [
            write("one", 0, 4),
            Act::Link {
                from: "one".to_owned(),
                to: "other".to_owned(),
            },
            Act::Date {
                path: "one".to_owned(),
                seconds: 7,
            },
            Act::Reserve {
                path: "other".to_owned(),
                bytes: 6,
                grows: true,
            },
            Act::Hole {
                path: "one".to_owned(),
                at: 1,
                bytes: 2,
            },
        ];
        for entry in World::after(&acts).unwrap().entries() {
            assert_eq!(entry.what, sum(b"l\0\0e\0\0"), "{}", entry.path);
            assert_eq!(entry.modified, None);
        }
    }

    #[test]
    fn an_act_on_nothing_is_a_mistake() {
        assert!(World::after(&[Act::Remove("none".to_owned())]).is_err());
        assert!(World::after(&[rename("none", "some")]).is_err());
    }
}
