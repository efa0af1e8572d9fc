//! The folders of a volume, in memory while it is told: some 60 bytes each.
//!
//! They may be told in any order, and are a graph until proved a tree: a folder is rooted if its parents lead to the
//! root, and few enough of them.

use std::collections::HashMap;

use filesystems::told;
use model::entry::{Damage, Unloadable};
use model::limits;

/// The folders that were told.
#[derive(Debug, Default)]
pub(super) struct Folders {
    known: HashMap<u64, u32>,
    nodes: Vec<KnownFolder>,
    /// Their names, one after the other.
    names: Vec<u8>,
    root: Option<u32>,
}

#[derive(Debug)]
struct KnownFolder {
    parent: u64,
    name_at: u64,
    name_bytes: u16,
    holds: bool,
    standing: Standing,
}

/// What is known of where a folder lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unknown,
    /// Its parents are being looked at.
    Asked,
    /// So many folders below the root.
    Rooted(usize),
    Lost,
    TooDeep,
}

impl Folders {
    /// Takes a folder.
    ///
    /// # Errors
    /// Why it cannot be one more.
    pub(super) fn add(&mut self, folder: &told::Folder) -> Result<(), Unloadable> {
        let too_many = || Unloadable::Damaged(Damage::TooManyFolders);
        let index = u32::try_from(self.nodes.len()).map_err(|_| too_many())?;
        let name_bytes = u16::try_from(folder.name.len());
        let name_bytes = name_bytes.map_err(|_| Unloadable::Damaged(Damage::ImpossibleName))?;
        if self.known.contains_key(&folder.id) {
            return Err(Unloadable::Damaged(Damage::MetBefore));
        }
        self.known.insert(folder.id, index);
        let is_root = folder.id == folder.parent && self.root.is_none();
        if is_root {
            self.root = Some(index);
        }
        self.nodes.push(KnownFolder {
            parent: folder.parent,
            name_at: self.names.len() as u64,
            name_bytes,
            holds: false,
            standing: match is_root {
                true => Standing::Rooted(0),
                false => Standing::Unknown,
            },
        });
        self.names.extend_from_slice(&folder.name);
        Ok(())
    }

    /// Finds out where each lies, once all were told, and which hold another.
    pub(super) fn settle(&mut self) {
        for index in 0..self.nodes.len() {
            self.settle_one(index);
            let KnownFolder { parent, .. } = self.nodes[index];
            if Some(index) != self.root.map(|root| root as usize) {
                self.fill(parent);
            }
        }
    }

    fn settle_one(&mut self, index: usize) {
        let (mut way, mut here) = (Vec::new(), Some(index));
        let mut standing = loop {
            let Some(index) = here else {
                break Standing::Lost;
            };
            let node = &mut self.nodes[index];
            match node.standing {
                Standing::Unknown => {
                    node.standing = Standing::Asked;
                    way.push(index);
                    let parent = node.parent;
                    here = self.index(parent);
                }
                // It lies in itself.
                Standing::Asked => break Standing::Lost,
                known => break known,
            }
        };
        for index in way.into_iter().rev() {
            standing = match standing {
                Standing::Rooted(depth) if depth + 1 < limits::TREE_DEPTH => {
                    Standing::Rooted(depth + 1)
                }
                Standing::Rooted(_) | Standing::TooDeep => Standing::TooDeep,
                Standing::Unknown | Standing::Asked | Standing::Lost => Standing::Lost,
            };
            self.nodes[index].standing = standing;
        }
    }

    /// Notes that a folder holds something.
    pub(super) fn fill(&mut self, id: u64) {
        if let Some(index) = self.index(id) {
            self.nodes[index].holds = true;
        }
    }

    /// Whether something lies in a folder.
    pub(super) fn holds(&self, id: u64) -> bool {
        self.index(id).is_some_and(|index| self.nodes[index].holds)
    }

    /// How many folders a folder lies below the root.
    pub(super) fn depth(&self, id: u64) -> Option<usize> {
        match self.nodes[self.index(id)?].standing {
            Standing::Rooted(depth) => Some(depth),
            Standing::Unknown | Standing::Asked | Standing::Lost | Standing::TooDeep => None,
        }
    }

    /// The name of a folder in the one in which it lies.
    pub(super) fn name(&self, id: u64) -> &[u8] {
        self.index(id).map_or(&[], |index| self.name_of(index))
    }

    /// The path of a folder from the root, whose own is empty.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn path(&self, id: u64) -> Result<Vec<u8>, Unloadable> {
        let lost = Unloadable::Damaged(Damage::Lost);
        let mut here = self.index(id).ok_or(lost.clone())?;
        match self.nodes[here].standing {
            Standing::Rooted(_) => {}
            Standing::TooDeep => return Err(Unloadable::TooDeep),
            Standing::Unknown | Standing::Asked | Standing::Lost => return Err(lost),
        }
        let mut way = Vec::new();
        while self.nodes[here].standing != Standing::Rooted(0) {
            way.push(self.name_of(here));
            here = self.index(self.nodes[here].parent).ok_or(lost.clone())?;
        }
        way.reverse();
        Ok(way.join(&b'/'))
    }

    fn index(&self, id: u64) -> Option<usize> {
        self.known.get(&id).map(|index| *index as usize)
    }

    fn name_of(&self, index: usize) -> &[u8] {
        let node = &self.nodes[index];
        // They lie in memory, so that they can be addressed.
        let from = usize::try_from(node.name_at).unwrap_or(usize::MAX);
        let until = from.saturating_add(node.name_bytes.into());
        self.names.get(from..until).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(told: &[(u64, u64, &str)]) -> Folders {
        let mut folders = Folders::default();
        for (id, parent, name) in told {
            let folder = told::Folder {
                id: *id,
                parent: *parent,
                name: name.as_bytes().to_vec(),
                times: told::Times::default(),
                owner: None,
            };
            folders.add(&folder).unwrap();
        }
        folders.settle();
        folders
    }

    #[test]
    fn folders_in_any_order_have_the_paths_of_their_parents() {
        let folders = folders(&[(9, 7, "deep"), (7, 2, "a"), (2, 2, ""), (8, 2, "b")]);
        assert_eq!(folders.path(9).unwrap(), b"a/deep");
        assert_eq!(folders.path(2).unwrap(), b"");
        assert_eq!((folders.depth(9), folders.depth(2)), (Some(2), Some(0)));
        let held: Vec<u64> = [2, 7, 8, 9]
            .into_iter()
            .filter(|id| folders.holds(*id))
            .collect();
        assert_eq!(held, [2, 7]);
    }

    #[test]
    fn what_leads_nowhere_or_to_itself_has_no_path() {
        let folders = folders(&[
            (2, 2, ""),
            (3, 99, "orphan"),
            (4, 3, "below"),
            (5, 6, "one"),
            (6, 5, "other"),
            (7, 5, "behind"),
            (8, 8, "second root"),
        ]);
        for id in [3, 4, 5, 6, 7, 8, 99] {
            let lost = Unloadable::Damaged(Damage::Lost);
            assert_eq!(folders.path(id), Err(lost), "{id}");
        }
    }

    #[test]
    fn a_folder_is_told_once_and_not_too_deep() {
        let mut told: Vec<(u64, u64, &str)> = vec![(0, 0, "")];
        // Children first, so that each is asked for at the deepest.
        told.extend((1..600).rev().map(|id| (id, id - 1, "x")));
        let mut folders = folders(&told);
        let last = limits::TREE_DEPTH as u64 - 1;
        assert_eq!(
            folders.path(last).unwrap().len(),
            2 * limits::TREE_DEPTH - 3
        );
        assert_eq!(folders.path(last + 1), Err(Unloadable::TooDeep));
        assert_eq!(folders.path(599), Err(Unloadable::TooDeep));
        let again = told::Folder {
            id: 5,
            parent: 0,
            name: b"again".to_vec(),
            times: told::Times::default(),
            owner: None,
        };
        let met = Unloadable::Damaged(Damage::MetBefore);
        assert_eq!(folders.add(&again), Err(met));
    }
}
