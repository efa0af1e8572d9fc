//! Which folders hang on the root, and which do not: all that is kept in memory of a volume.

use std::collections::HashMap;

use super::node::Node;
use super::record::Reference;
use crate::limits::Limits;
use crate::reader::Refusal;

/// The root's record.
pub(super) const ROOT: u64 = 5;
/// The record of $Extend, in which further files of the file system itself lie.
pub(super) const EXTEND: u64 = 11;
/// Records below this are of the file system itself.
pub(super) const FIRST_FREE: u64 = 16;

/// Where a folder lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// So many folders below the root.
    Rooted(u16),
    /// In $Extend, among what is of the file system itself.
    System,
    /// Nowhere: what should hold it is not there, is no folder, or lies in it.
    Lost,
}

/// What a folder says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct FolderFacts {
    /// Itself.
    reference: Reference,
    /// The folder in which it lies; `None` if it has no name that can be.
    parent: Option<Reference>,
}

impl FolderFacts {
    /// Of something; `None` if it is no folder in which anything lies.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let name = node.names.first().filter(|name| name.is_sound());
        node.is_walked().then(|| Self {
            reference: node.reference,
            parent: name.map(|name| name.parent),
        })
    }
}

/// Where folders lie, by their records.
#[derive(Debug)]
pub(super) struct Folders {
    known: HashMap<u64, (u16, Standing)>,
    most: u64,
    depth: usize,
}

impl Folders {
    /// The root and $Extend alone.
    pub(super) fn new(limits: &Limits) -> Self {
        let depth = limits.depth.min(usize::from(u16::MAX));
        Self {
            // Every volume is made with sequences of these records that are their numbers.
            known: HashMap::from([
                (ROOT, (5, Standing::Rooted(0))),
                (EXTEND, (11, Standing::System)),
            ]),
            most: limits.folders,
            depth,
        }
    }

    /// The root or $Extend as its own record has it.
    pub(super) fn made(&mut self, reference: Reference) {
        if let Some((sequence, _)) = self.known.get_mut(&reference.number) {
            *sequence = reference.sequence;
        }
    }

    /// Where the folder `wanted` lies. `facts` reads what a record says of itself: `None` if it is no folder, or was
    /// read before and is not known.
    ///
    /// # Errors
    ///
    /// If there are more folders than are kept, or `facts` fails.
    pub(super) fn standing(
        &mut self,
        wanted: Reference,
        facts: &mut dyn FnMut(u64) -> Result<Option<FolderFacts>, Refusal>,
    ) -> Result<Standing, Refusal> {
        let mut chain: Vec<FolderFacts> = Vec::new();
        let mut next = Some(wanted);
        while let Some(reference) = next {
            let number = reference.number;
            let is_loop = chain.iter().any(|it| it.reference.number == number);
            if is_loop || self.known.contains_key(&number) {
                break;
            }
            let Some(found) = facts(number)? else { break };
            next = found.parent;
            chain.push(found);
            if chain.len() > self.depth {
                // Too deep for certain is the first alone.
                chain.truncate(1);
                break;
            }
        }
        for found in chain.iter().rev() {
            self.keep(found)?;
        }
        Ok(self.known_standing(wanted))
    }

    /// Keeps a folder, of which what it lies in is known, if it is to be.
    fn keep(&mut self, found: &FolderFacts) -> Result<(), Refusal> {
        let above = found
            .parent
            .map_or(Standing::Lost, |parent| self.known_standing(parent));
        let standing = match above {
            Standing::Rooted(depth) if usize::from(depth) < self.depth => {
                Standing::Rooted(depth + 1)
            }
            Standing::System => Standing::System,
            Standing::Rooted(_) | Standing::Lost => Standing::Lost,
        };
        if self.known.len() as u64 >= self.most {
            return Err(Refusal::Limit("the number of folders".to_owned()));
        }
        let reference = found.reference;
        self.known
            .insert(reference.number, (reference.sequence, standing));
        Ok(())
    }

    /// Where a folder lies as far as that is known: a record that was used anew since is another folder.
    fn known_standing(&self, wanted: Reference) -> Standing {
        match self.known.get(&wanted.number) {
            Some((sequence, standing)) if *sequence == wanted.sequence => *standing,
            _ => Standing::Lost,
        }
    }
}

/// Whether a record is of the file system itself.
pub(super) fn is_system(number: u64) -> bool {
    number < FIRST_FREE && number != ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(number: u64, sequence: u16) -> Reference {
        Reference { number, sequence }
    }

    /// Folders by their numbers, all of sequence 1, and in what each lies.
    fn standing(folders: &mut Folders, tree: &[(u64, Reference)], wanted: Reference) -> Standing {
        let mut facts = |number| {
            let found = tree.iter().find(|it| it.0 == number);
            Ok(found.map(|&(number, parent)| FolderFacts {
                reference: reference(number, 1),
                parent: Some(parent),
            }))
        };
        folders.standing(wanted, &mut facts).unwrap()
    }

    #[test]
    fn folders_hang_on_the_root_or_are_lost() {
        let tree = [
            (30, reference(40, 1)),
            (40, reference(5, 5)),
            (31, reference(5, 4)),
            (50, reference(51, 1)),
            (51, reference(50, 1)),
            (60, reference(11, 11)),
            (70, reference(99, 1)),
        ];
        let mut folders = Folders::new(&Limits::default());
        for (number, expected) in [
            (30, Standing::Rooted(2)),
            (40, Standing::Rooted(1)),
            (31, Standing::Lost),
            (50, Standing::Lost),
            (51, Standing::Lost),
            (60, Standing::System),
            (70, Standing::Lost),
            (99, Standing::Lost),
        ] {
            let found = standing(&mut folders, &tree, reference(number, 1));
            assert_eq!(found, expected, "{number}");
        }
        let anew = standing(&mut folders, &tree, reference(30, 2));
        assert_eq!(anew, Standing::Lost);
    }

    #[test]
    fn folders_lie_only_so_deep_and_are_only_so_many() {
        let tree: Vec<_> = (100..120)
            .map(|number| (number, reference(number + 1, 1)))
            .chain([(120, reference(5, 5))])
            .collect();
        let limits = Limits {
            depth: 10,
            folders: 15,
            ..Limits::default()
        };
        let mut folders = Folders::new(&limits);
        for (number, expected) in [
            (109, Standing::Lost),
            (111, Standing::Rooted(10)),
            (110, Standing::Lost),
        ] {
            let found = standing(&mut folders, &tree, reference(number, 1));
            assert_eq!(found, expected, "{number}");
        }
        let mut facts = |number| {
            Ok(Some(FolderFacts {
                reference: reference(number, 1),
                parent: Some(reference(5, 5)),
            }))
        };
        let more = (200..210).find_map(|it| folders.standing(reference(it, 1), &mut facts).err());
        assert!(matches!(more, Some(Refusal::Limit(_))));
    }
}
