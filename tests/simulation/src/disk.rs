//! A disk of real file systems, which is read without being mounted: what is on it, and where it cannot be read.
//!
//! What becomes of its files follows from their bytes and from the places that are bad, and from nothing that is tested.
//! Only of a disk that is torn, whose metadata is bad in a place for good, a look says beforehand which of its files are
//! found at all: the same must be found in every attempt, and of each other something must be told.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disks::device::memory::MemoryDevice;
use disks::disk::Disk as Looked;
use disks::rescue::Rescue;
use disks::sandbox::{Launcher, Sandbox};
use disks::tree::Tree as _;
use disks::tree::raw::Reading;
use model::entry::EntryPath;
use model::file_time::FileTime;
use model::plan::SIGNATURE_NAME;
use rustix::io::Errno;

use crate::chance::Chance;
use crate::device::{Thing, Worn};
use crate::faults::{Faults, Lasting, Place};
use crate::raw::LOGICAL;
use crate::volume::images::{self, MIB, Partition};
use crate::volume::{self, SIGNATURE_BYTES, Sector, Volume};

/// The errors of a disk for a place that it cannot read.
const ERRORS: [Errno; 4] = [Errno::NODATA, Errno::IO, Errno::REMOTEIO, Errno::ILSEQ];

/// What a file system of this host keeps as one.
const BLOCK: usize = 4096;

/// So often a place may fail and come all the same: at the end every sector is tried twice alone. Before that it is tried
/// together with others, of which the first that fails is all that is tried; where there is no other it is tried so itself.
const TRIES: u32 = 1;
const TRIES_ALONE: u32 = 2;

/// A disk.
pub struct Disk {
    /// The file that stands for it.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it is bad.
    pub faults: Arc<Faults>,
    /// Its files that are found, in the order of their paths.
    pub things: Vec<Thing>,
    /// Where it has the SIGNATURE; nowhere if that cannot be read.
    pub signed: Vec<EntryPath>,
    /// What is told in the place of those that are not found.
    pub lost: BTreeSet<String>,
    /// What it is, for whoever reads what happened.
    pub what: String,
}

/// A sector with bytes of a file.
struct Piece {
    at: u64,
    path: EntryPath,
    offset: u64,
}

/// A disk that is being made.
struct Making {
    bytes: Vec<u8>,
    things: Vec<Thing>,
    signed: Vec<EntryPath>,
    /// What of it files have, in its order.
    pieces: Vec<Piece>,
    /// Where its sectors with metadata are.
    metadata: Vec<u64>,
    places: Vec<Place>,
    volumes: usize,
}

/// How volumes lie on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    None,
    Mbr,
    Gpt,
}

impl Disk {
    /// A disk with this SIGNATURE that is a file in `folder`; everything else by chance.
    #[must_use]
    pub fn generate(chance: Chance, signature: &str, folder: PathBuf) -> Self {
        let one = |index| &volume::all()[chance.of(("volume", index)).index(volume::all().len())];
        let (volumes, table) = match chance.of("table").below(6) {
            0 => (vec![one(0)], Table::None),
            1 | 2 => (vec![one(0)], Table::Mbr),
            3 => (vec![one(0)], Table::Gpt),
            4 => (vec![one(0), one(1)], Table::Mbr),
            _ => (vec![one(0), one(1)], Table::Gpt),
        };
        let kinds: Vec<_> = volumes.iter().map(|volume| volume.kind).collect();
        let mut making = Making::of(&volumes, table);
        making.sign(signature);
        let lost = making.fail_in_places(chance);
        let what = format!("{table:?} {kinds:?} with {:?}", making.places);
        fs::create_dir_all(&folder).expect("the folder can be made");
        let path = folder.join("disk.img");
        write(&path, &making.bytes).expect("the folder can be written");
        Self {
            path,
            bytes: making.bytes,
            faults: Arc::new(Faults::new(making.places)),
            things: making.things,
            signed: making.signed,
            lost,
            what,
        }
    }

    /// Whether it tells by itself whose it is.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        !self.signed.is_empty()
    }

    /// Whether it still is what it was.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        fs::read(&self.path).is_ok_and(|bytes| bytes == self.bytes)
    }
}

impl Making {
    fn of(volumes: &[&Volume], table: Table) -> Self {
        let mut bytes = match table {
            Table::None => volumes[0].bytes.clone(),
            Table::Gpt => images::gpt(&volumes.iter().map(|it| &it.bytes[..]).collect::<Vec<_>>()),
            Table::Mbr => {
                let partition = |volume: &&Volume| Partition {
                    kind: volume.in_mbr,
                    bytes: volume.bytes.clone(),
                };
                images::mbr(&volumes.iter().map(partition).collect::<Vec<_>>())
            }
        };
        // That what lay there before is never read is tried elsewhere; here it would be written anew in every run.
        for sector in bytes.chunks_mut(LOGICAL).filter(|it| volume::is_old(it)) {
            sector.fill(0);
        }
        let mut making = Self {
            bytes,
            things: Vec::new(),
            signed: Vec::new(),
            pieces: Vec::new(),
            metadata: Vec::new(),
            places: Vec::new(),
            volumes: volumes.len(),
        };
        let mut at = if table == Table::None { 0 } else { MIB };
        for (number, volume) in (1..).zip(volumes) {
            let folder = match volumes.len() {
                1 => String::new(),
                _ => format!("partition-{number}/"),
            };
            making.add(volume, &folder, at as u64);
            at = (at + volume.bytes.len()).next_multiple_of(MIB);
        }
        making.things.sort_by(|a, b| a.path.cmp(&b.path));
        making
    }

    /// Adds a volume that lies there, whose files are in this folder of the tree.
    fn add(&mut self, volume: &Volume, folder: &str, at: u64) {
        let path = |path: &[u8]| EntryPath::new([folder.as_bytes(), path].concat());
        for (name, content) in &volume.files {
            let modified = FileTime::from_unix(images::MODIFIED.cast_signed(), 0);
            let thing = Thing::good(path(name), content.clone());
            self.things.push(Thing { modified, ..thing });
        }
        self.signed.push(path(SIGNATURE_NAME.as_bytes()));
        for (at, sector) in (at..).step_by(LOGICAL).zip(&volume.sectors) {
            match sector {
                Sector::Of(name, offset) => self.pieces.push(Piece {
                    at,
                    path: path(name),
                    offset: *offset,
                }),
                Sector::Metadata => self.metadata.push(at),
                Sector::Nothing => {}
            }
        }
    }

    /// Writes the SIGNATURE where the volumes have one.
    fn sign(&mut self, signature: &str) {
        let mut content = signature.as_bytes().to_vec();
        assert!(content.len() <= SIGNATURE_BYTES, "{signature}");
        content.resize(SIGNATURE_BYTES, b'\n');
        let signed = &self.signed;
        for piece in self.pieces.iter().filter(|it| signed.contains(&it.path)) {
            let (at, offset) = (index(piece.at), index(piece.offset));
            let part = &content[offset..content.len().min(offset + LOGICAL)];
            self.bytes[at..at + part.len()].copy_from_slice(part);
        }
        for thing in self
            .things
            .iter_mut()
            .filter(|it| signed.contains(&it.path))
        {
            *thing = Thing {
                modified: thing.modified,
                ..Thing::good(thing.path.clone(), content.clone())
            };
        }
    }

    /// Lets places fail; gives what is told in the place of files that are not found then.
    fn fail_in_places(&mut self, chance: Chance) -> BTreeSet<String> {
        if chance.of("alone").one_in(4) {
            let at = match chance.of("of files").one_in(2) {
                true => self.pieces[chance.of("where").index(self.pieces.len())].at,
                false => chance.of("where").pick(&self.metadata),
            };
            let lasting = Lasting::Tries(TRIES_ALONE.into());
            self.fail(chance, at..at + LOGICAL as u64, lasting);
            return BTreeSet::new();
        }
        self.wear(chance.of("worn"));
        if chance.of("unsigned").one_in(8) {
            self.unsign(chance.of("unsigned"));
        }
        match chance.of("torn").one_in(4) {
            true => self.tear(chance.of("where it is torn")),
            false => BTreeSet::new(),
        }
    }

    /// Lets some places fail: of files for good or for some tries, of metadata for some tries.
    fn wear(&mut self, chance: Chance) {
        for index in 0..chance.of("places").below(6) {
            self.wear_file(chance.of(("place", index)));
        }
        if chance.of("metadata").one_in(2) {
            for index in 0..1 + chance.of("how many").below(3) {
                let chance = chance.of(("metadata", index));
                let at = chance.pick(&self.metadata);
                let lasting = Lasting::Tries(TRIES.into());
                self.fail(chance, at..at + LOGICAL as u64, lasting);
            }
        }
    }

    /// Lets a stretch of a file fail that lies in one piece.
    fn wear_file(&mut self, chance: Chance) {
        let first = chance.of("where").index(self.pieces.len());
        let most = 1 + chance.of("how long").index(40);
        let pieces = &self.pieces[first..];
        let follows = |(one, other): (&Piece, &Piece)| {
            let by = LOGICAL as u64;
            one.path == other.path && (one.at + by, one.offset + by) == (other.at, other.offset)
        };
        let more = pieces
            .iter()
            .zip(&pieces[1..])
            .take_while(|it| follows(*it));
        let bytes = (1 + more.count()).min(most) * LOGICAL;
        let (at, offset, path) = (pieces[0].at, pieces[0].offset, pieces[0].path.clone());
        if self.signed.contains(&path) {
            return;
        }
        let range = at..at + bytes as u64;
        if !chance.of("for good").one_in(2) {
            return self.fail(chance, range, Lasting::Tries(TRIES.into()));
        }
        let mut things = self.things.iter_mut();
        let thing = things.find(|thing| thing.path == path);
        let thing = thing.expect("its bytes are of a file");
        // What is missing is one place, as where it is worn in memory.
        if thing.worn.is_none() {
            let end = thing.kind.bytes().min(offset + bytes as u64);
            if self.places.iter().all(|it| !meet(&it.range, &range)) {
                thing.worn = Some(Worn::given_up(offset..end));
            }
            self.fail(chance, range, Lasting::Always);
        }
    }

    /// Lets the SIGNATURE fail for good, wherever it is: it is a file like any other then.
    fn unsign(&mut self, chance: Chance) {
        for path in std::mem::take(&mut self.signed) {
            let mut pieces = self.pieces.iter();
            let first = pieces.find(|piece| piece.path == path && piece.offset == 0);
            let at = first.expect("it lies in sectors of its own").at;
            self.fail(chance, at..at + LOGICAL as u64, Lasting::Always);
            let mut things = self.things.iter_mut();
            let thing = things.find(|thing| thing.path == path);
            let thing = thing.expect("every volume has one");
            thing.worn = Some(Worn::given_up(0..LOGICAL as u64));
        }
    }

    /// Lets a place fail, unless another does there.
    fn fail(&mut self, chance: Chance, range: Range<u64>, lasting: Lasting) {
        if self.places.iter().all(|it| !meet(&it.range, &range)) {
            self.places.push(Place {
                range,
                errno: chance.of("error").pick(&ERRORS),
                lasting,
            });
        }
    }

    /// Lets a sector of the metadata fail for good; gives what is told in the place of files that are not found then. A
    /// place without which there is no volume, no SIGNATURE or nothing to be known by is left well.
    fn tear(&mut self, chance: Chance) -> BTreeSet<String> {
        let at = chance.pick(&self.metadata);
        let range = at..at + LOGICAL as u64;
        let Some((found, lost)) = self.look(range.clone()) else {
            return BTreeSet::new();
        };
        self.places.retain(|place| !meet(&place.range, &range));
        self.fail(chance, range, Lasting::Always);
        let all = self.things.len();
        self.things.retain(|thing| found.contains(&thing.path));
        let is_told = all == self.things.len() || !lost.is_empty();
        assert!(is_told, "files are lost without a word");
        lost
    }

    /// The files that are found where this range cannot be read, and what is told of others.
    fn look(&self, bad: Range<u64>) -> Option<(BTreeSet<EntryPath>, BTreeSet<String>)> {
        let device = MemoryDevice::new(self.bytes.clone());
        device.break_range(bad, Errno::NODATA, u32::MAX);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let rescue = Rescue::open(Arc::new(device), folder.path()).ok()?;
        let looked = Looked::open(Arc::new(rescue), Sandbox::new(Launcher::Thread)).ok()?;
        let choice = station::raw::choice(&[], Some(0), false);
        let reading = Reading::usual(false);
        let tree = looked
            .read(&choice, reading, folder.path(), &|| false)
            .ok()?;
        let loaded = tree.loaded();
        let is_known = loaded.iter().all(|it| it.facts.uuid.is_some());
        if loaded.len() != self.volumes || !is_known {
            return None;
        }
        let (mut found, mut lost) = (BTreeSet::new(), BTreeSet::new());
        let walked = tree.walk(&mut |walked| {
            match walked {
                Ok(entry) => found.insert(entry.path),
                Err(bad) => lost.insert(bad.path.to_string()),
            };
            ControlFlow::Continue(())
        });
        let is_signed = self.signed.iter().all(|path| found.contains(path));
        (walked.is_ok() && is_signed).then_some((found, lost))
    }
}

/// Writes a file that has holes where there is nothing: all that runs at once syncs what lies on one disk.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = File::create_new(path)?;
    file.set_len(bytes.len() as u64)?;
    for (at, block) in (0_u64..).step_by(BLOCK).zip(bytes.chunks(BLOCK)) {
        if block.iter().any(|byte| *byte != 0) {
            file.write_all_at(block, at)?;
        }
    }
    Ok(())
}

fn meet(one: &Range<u64>, other: &Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("it lies in memory")
}
