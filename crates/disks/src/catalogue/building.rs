//! A catalogue while volumes are told.

use std::io;
use std::path::{Path, PathBuf};

use filesystems::told::{self, Told};
use model::entry::{Damage, Entry, EntryKind, EntryPath, Unloadable};
use spool::Spool;

use super::folders::Folders;
use super::index::Collected;
use super::log::{self, Held, Logged, Name, Names};
use super::placing::{self, Holes, Place};
use super::record::Unsorted;
use super::scratch::Scratch;
use super::{Catalogue, FOLDER, facts, pieces};
use crate::tree::{BadEntry, LOST_AND_FOUND, Totals, Walked};

/// A catalogue to be.
pub struct Builder {
    folder: PathBuf,
    /// What is long of records, and the paths of folders.
    long: Scratch,
    sorting: Spool<Unsorted>,
    paths: Collected,
    totals: Totals,
}

/// A volume that is told. What was told of one that is not closed is not in the catalogue.
pub struct ToldVolume<'a> {
    catalogue: &'a mut Builder,
    place: Place,
    folders: Folders,
    /// What is told of the folders, in the order of their coming.
    told: Scratch,
    /// What is told of all other names.
    names: Scratch,
    holes: Holes,
}

impl Builder {
    /// An empty one, kept on the disk of `folder` in files without names.
    ///
    /// # Errors
    /// The system's error.
    pub fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            long: Scratch::create(folder)?,
            sorting: Spool::create(folder)?,
            paths: Collected::create(folder)?,
            totals: Totals::default(),
            folder: folder.to_owned(),
        })
    }

    /// Begins a volume.
    ///
    /// # Errors
    /// The system's error.
    pub fn volume(&mut self, place: Place) -> io::Result<ToldVolume<'_>> {
        Ok(ToldVolume {
            place,
            folders: Folders::default(),
            told: Scratch::create(&self.folder)?,
            names: Scratch::create(&self.folder)?,
            holes: Holes::default(),
            catalogue: self,
        })
    }

    /// The catalogue of the volumes that were told.
    ///
    /// # Errors
    /// The system's error.
    pub fn finish(mut self) -> io::Result<Catalogue> {
        self.long.flush()?;
        let mut entries = Scratch::create(&self.folder)?;
        let (mut sorted, mut record) = (self.sorting.sorted()?, Vec::new());
        while let Some(next) = sorted.next_record()? {
            next.record(&mut record)?;
            let at = entries.append(&record)?;
            self.paths.push(next.path(), at)?;
        }
        entries.flush()?;
        Catalogue::new(entries, self.long, self.paths, &self.folder, self.totals)
    }

    fn push(&mut self, path: &[u8], name: &Logged) -> io::Result<()> {
        self.totals.entries += 1;
        self.totals.bytes = self.totals.bytes.saturating_add(name.bytes);
        let Logged {
            place,
            is_sound,
            facts,
            layout,
            ..
        } = name;
        let unsorted = Unsorted::new(path, *place, *is_sound, facts, layout);
        self.sorting.push(unsorted)
    }
}

impl ToldVolume<'_> {
    /// Takes what is told.
    ///
    /// # Errors
    /// The system's error.
    pub fn take(&mut self, told: &Told) -> io::Result<()> {
        match told {
            Told::Folder(folder) => match self.folders.add(folder) {
                Ok(()) => self.note_folder(folder),
                Err(why) => self.note_bad(
                    Some(folder.parent),
                    Some(&folder.name),
                    Some(folder.id),
                    why,
                ),
            },
            Told::File(file) => self.note_file(file),
            Told::Damaged(bad) => {
                let why = Unloadable::Damaged(Damage::Told(bad.why.clone()));
                self.note_bad(bad.parent, bad.name.as_deref(), bad.id, why)
            }
        }
    }

    fn note_folder(&mut self, folder: &told::Folder) -> io::Result<()> {
        let path = EntryPath::new("");
        let walked = match self.place.id(folder.id) {
            Some(id) => Ok(Entry {
                times: placing::times(&folder.times),
                owner: folder.owner.as_ref().map(placing::owner),
                ..Entry::new(id, path, EntryKind::EmptyFolder)
            }),
            None => {
                let words = "its number is too large".to_owned();
                let why = Unloadable::Damaged(Damage::Told(words));
                Err(BadEntry::unloadable(path, 0, why))
            }
        };
        let mut facts = Vec::new();
        facts::put(&walked, &mut facts);
        let name = Name {
            parent: Some(folder.parent),
            name: Some(&folder.name),
            id: Some(folder.id),
            bytes: 0,
            place: None,
            is_sound: walked.is_ok(),
            facts: &facts,
            layout: &[],
        };
        log::append(&mut self.told, &mut self.catalogue.long, &name)
    }

    fn note_file(&mut self, file: &told::File) -> io::Result<()> {
        let (walked, layout) = self.place.walked(file, &mut self.holes);
        let (mut facts, mut pieces) = (Vec::new(), Vec::new());
        facts::put(&walked, &mut facts);
        pieces::put(&layout, &mut pieces);
        let name = Name {
            parent: Some(file.parent),
            name: Some(&file.name),
            id: Some(file.id),
            bytes: bytes(&walked),
            place: layout.place().map(|place| place.get()),
            is_sound: walked.is_ok(),
            facts: &facts,
            layout: &pieces,
        };
        log::append(&mut self.names, &mut self.catalogue.long, &name)
    }

    fn note_bad(
        &mut self,
        parent: Option<u64>,
        name: Option<&[u8]>,
        id: Option<u64>,
        why: Unloadable,
    ) -> io::Result<()> {
        let facts = bad(0, why);
        let name = Name {
            parent,
            name,
            id,
            bytes: 0,
            place: None,
            is_sound: false,
            facts: &facts,
            layout: &[],
        };
        log::append(&mut self.names, &mut self.catalogue.long, &name)
    }

    /// Forgets what was told: it is told anew.
    ///
    /// # Errors
    /// The system's error.
    pub fn anew(&mut self) -> io::Result<()> {
        self.folders = Folders::default();
        self.told = Scratch::create(&self.catalogue.folder)?;
        self.names = Scratch::create(&self.catalogue.folder)?;
        self.holes = Holes::default();
        Ok(())
    }

    /// Puts all that was told into the catalogue, now that every folder has its path.
    ///
    /// # Errors
    /// The system's error.
    pub fn close(mut self) -> io::Result<()> {
        self.folders.settle();
        let names = self.taken(|volume| &mut volume.names)?;
        self.close_names(&names)?;
        // Before more is kept in their place.
        drop(names);
        let told = self.taken(|volume| &mut volume.told)?;
        let mut folders = Names::new(told.reader(0), told.end());
        while let Some(folder) = folders.next_name()? {
            self.close_folder(folder)?;
        }
        Ok(())
    }

    /// What was told, to be read.
    fn taken(&mut self, of: impl Fn(&mut Self) -> &mut Scratch) -> io::Result<Scratch> {
        let empty = Scratch::create(&self.catalogue.folder)?;
        let mut taken = std::mem::replace(of(self), empty);
        taken.flush()?;
        Ok(taken)
    }

    fn close_names(&mut self, names: &Scratch) -> io::Result<()> {
        let mut names = Names::new(names.reader(0), names.end());
        let mut paths = Paths::default();
        while let Some(mut name) = names.next_name()? {
            if let Some(parent) = name.parent {
                self.folders.fill(parent);
            }
            let path = paths.of(&mut name, &self.folders, &self.place);
            if let Some(why) = name.lost.take() {
                name.lose(why);
            }
            self.catalogue.push(&path, &name)?;
        }
        Ok(())
    }

    /// A folder with nothing in it is an entry; one that holds something is known by its path.
    fn close_folder(&mut self, mut folder: Logged) -> io::Result<()> {
        let id = folder.id.unwrap_or_default();
        let holds = self.folders.holds(id);
        if self.folders.depth(id) == Some(0) {
            return match self.place.folder.clone() {
                None => Ok(()),
                Some(name) if holds => self.known_folder(name.as_bytes()),
                Some(name) => self.catalogue.push(name.as_bytes(), &folder),
            };
        }
        let path = Paths::default().of(&mut folder, &self.folders, &self.place);
        match folder.lost.take() {
            // What lies in it has lines of its own.
            Some(_) if holds => Ok(()),
            Some(why) => {
                folder.lose(why);
                self.catalogue.push(&path, &folder)
            }
            None if holds => self.known_folder(&path),
            None if self.is_lost_and_found(id) => Ok(()),
            None => self.catalogue.push(&path, &folder),
        }
    }

    fn is_lost_and_found(&self, id: u64) -> bool {
        self.folders.depth(id) == Some(1) && self.folders.name(id) == LOST_AND_FOUND
    }

    fn known_folder(&mut self, path: &[u8]) -> io::Result<()> {
        let mut record = Vec::with_capacity(path.len() + 4);
        record.extend(
            u32::try_from(path.len())
                .map_err(io::Error::other)?
                .to_le_bytes(),
        );
        record.extend_from_slice(path);
        let at = self.catalogue.long.append(&record)?;
        self.catalogue.paths.push(path, at | FOLDER)
    }
}

impl Logged {
    /// Its folder has no path, so that it cannot be loaded; one that cannot be loaded anyhow says why itself.
    fn lose(&mut self, why: Unloadable) {
        if self.is_sound {
            self.is_sound = false;
            self.facts = Held::Here(bad(self.bytes, why));
            self.layout = Held::Here(Vec::new());
        }
    }
}

/// The facts of what cannot be loaded.
fn bad(bytes: u64, why: Unloadable) -> Vec<u8> {
    let mut facts = Vec::new();
    let bad = BadEntry::unloadable(EntryPath::new(""), bytes, why);
    facts::put(&Err(bad), &mut facts);
    facts
}

fn bytes(walked: &Walked) -> u64 {
    walked.as_ref().map_or_else(|bad| bad.bytes, Entry::bytes)
}

/// Makes paths of names; many in a row lie in one folder.
#[derive(Debug, Default)]
struct Paths {
    last: Option<(u64, Result<Vec<u8>, Unloadable>)>,
}

impl Paths {
    /// The path of a name: that of its folder and its own. Where its folder has none, or it has no name, numbers
    /// stand for them; `name.lost` says why.
    fn of(&mut self, name: &mut Logged, folders: &Folders, place: &Place) -> Vec<u8> {
        let own = name.name.as_deref().map(plain);
        let numbered = || format!("#{}", name.id.map_or("?".to_owned(), |id| id.to_string()));
        if own.is_none()
            && let Some(path) = name.id.and_then(|id| folders.path(id).ok())
            && !path.is_empty()
        {
            // A folder that is damaged itself.
            return join(place.folder.as_deref(), &path, None);
        }
        let own = own.unwrap_or_else(|| numbered().into_bytes());
        let Some(parent) = name.parent else {
            return join(place.folder.as_deref(), &own, None);
        };
        match self.folder(parent, folders) {
            Ok(folder) => join(place.folder.as_deref(), folder, Some(&own)),
            Err(why) => {
                name.lost = Some(why.clone());
                let folder = format!("#{parent}");
                join(place.folder.as_deref(), folder.as_bytes(), Some(&own))
            }
        }
    }

    fn folder(&mut self, id: u64, folders: &Folders) -> &Result<Vec<u8>, Unloadable> {
        let last = self.last.take().filter(|(last, _)| *last == id);
        &self
            .last
            .insert(last.unwrap_or_else(|| (id, folders.path(id))))
            .1
    }
}

/// A path in the folder of its volume.
fn join(volume: Option<&str>, path: &[u8], name: Option<&[u8]>) -> Vec<u8> {
    let parts = [volume.map(str::as_bytes), Some(path), name];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(&b'/')
}

/// A name as a part of a path; what is no name is told so that it is one.
fn plain(name: &[u8]) -> Vec<u8> {
    if matches!(name, b"" | b"." | b"..") {
        return format!("%{}", String::from_utf8_lossy(name)).into_bytes();
    }
    let mut plain = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'/' => plain.extend(b"%2F"),
            0 => plain.extend(b"%00"),
            _ => plain.push(*byte),
        }
    }
    plain
}
