//! The device: what is on it, and how it fails.

use std::fmt;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use disks::layout::Layout;
use disks::tree::memory::{Memory, Node, TIME};
use disks::tree::{BadEntry, Content, DeviceGone, Health, Shape, Totals, Tree, Walked};
use model::entry::{Entry, EntryId, EntryKind, EntryPath, EntryTimes};
use model::file_time::FileTime;
use rustix::io::Errno;

use crate::attempt::Attempt;
use crate::chance::Chance;
use crate::connection::Connection;

/// From this size on files go in parts.
pub const LARGE: usize = 6 << 20;

/// Where links lead.
const LINKED: &[u8] = b"elsewhere";

/// One name on the device, and what it is.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Where.
    pub path: EntryPath,
    /// What.
    pub kind: Kind,
    /// When it was last changed.
    pub modified: FileTime,
    /// Whether it cannot be read in some attempts.
    pub is_flaky: bool,
    /// A place in it that cannot be read at first.
    pub worn: Option<Worn>,
}

/// A place that is hard to read.
#[derive(Debug, Clone)]
pub struct Worn {
    /// Where in its file.
    pub place: Range<u64>,
    /// After how often the device was tried again it is known what becomes of it.
    after: u32,
    /// Whether it is given up then; else it can be read.
    pub is_given_up: bool,
}

impl Worn {
    /// A place that is given up.
    #[must_use]
    pub fn given_up(place: Range<u64>) -> Self {
        Self {
            place,
            after: 0,
            is_given_up: true,
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Good(_) => "good",
            Kind::BadSector(..) => "bad sector",
            Kind::Shrinking(..) => "shrinks",
            Kind::Growing(_) => "grows",
            Kind::Rewritten(_) => "is rewritten",
            Kind::Link => "link",
            Kind::Unlistable => "cannot be looked at",
        };
        write!(f, "{:?}, {} bytes, {what}", self.path, self.kind.bytes())?;
        match &self.worn {
            Some(worn) => write!(f, ", {worn:?}"),
            None => Ok(()),
        }
    }
}

/// What is under a name. What is wrong with it stays wrong.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A file that can be read.
    Good(Vec<u8>),
    /// One that cannot from this offset on.
    BadSector(Vec<u8>, u64),
    /// One that ends here when it is read.
    Shrinking(Vec<u8>, u64),
    /// One that is longer after it was read.
    Growing(Vec<u8>),
    /// One that is written to while it is read.
    Rewritten(Vec<u8>),
    /// A symbolic link.
    Link,
    /// A name that cannot be looked at.
    Unlistable,
}

impl Kind {
    /// Its size as a listing tells it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Good(bytes)
            | Self::BadSector(bytes, _)
            | Self::Shrinking(bytes, _)
            | Self::Growing(bytes)
            | Self::Rewritten(bytes) => bytes.len() as u64,
            Self::Link | Self::Unlistable => 0,
        }
    }

    fn node(&self) -> Node {
        match self.clone() {
            Self::Good(bytes) | Self::Growing(bytes) | Self::Rewritten(bytes) => Node::File(bytes),
            Self::BadSector(bytes, from) => Node::BadSector(bytes, from),
            Self::Shrinking(bytes, end) => Node::Shrinking(bytes, end),
            Self::Link => Node::Link(LINKED.to_vec()),
            Self::Unlistable => Node::Unlistable,
        }
    }
}

/// A device with its content.
pub struct Device {
    /// What is on it, in the order of the paths' bytes.
    pub things: Vec<Thing>,
    memory: Memory,
    /// How often it was tried again.
    retries: Arc<AtomicU32>,
}

impl Device {
    /// A device with this SIGNATURE; everything else by chance. `report` is the key that a file
    /// may not have.
    #[must_use]
    pub fn generate(chance: Chance, signature: &str, report: &str) -> Self {
        let count = 3 + chance.of("files").below(60);
        let signature = signature.as_bytes().to_vec();
        let mut things = vec![Thing::good(EntryPath::new("SIGNATURE"), signature)];
        things.extend((0..count).map(|index| thing(chance.of(("file", index)), index)));
        if chance.of("large").one_in(4) {
            for index in 0..1 + chance.of("how many are large").below(2) {
                things.push(large(chance.of(("large file", index)), index));
            }
        }
        if chance.of("report").one_in(6) {
            let content = b"in the place of the report".to_vec();
            things.push(Thing::good(EntryPath::new(report), content));
        }
        // Of two with one path the first stays: the SIGNATURE.
        things.sort_by(|a, b| a.path.cmp(&b.path));
        things.dedup_by(|a, b| a.path == b.path);
        // Drawn apart from the others, so that seeds keep their meaning.
        if chance.of("worn").one_in(4) {
            for thing in &mut things {
                thing.wear(chance.of(("worn", thing.path.as_bytes())));
            }
        }
        let nodes = things.iter();
        let memory = Memory::new(nodes.map(|t| (t.path.as_bytes().to_vec(), t.kind.node())));
        Self {
            things,
            memory,
            retries: Arc::default(),
        }
    }

    /// The device in the dock, for one attempt.
    #[must_use]
    pub fn docked(&self, attempt: Arc<Attempt>) -> Docked<'_> {
        // What an attempt has found out is lost with its host, or before it was written down.
        let retries = match attempt.chance.of("forgets").one_in(3) {
            true => Arc::default(),
            false => Arc::clone(&self.retries),
        };
        Docked {
            retries,
            device: self,
            line: Arc::new(Connection::new(attempt)),
        }
    }

    fn thing(&self, path: &EntryPath) -> Option<&Thing> {
        let found = self
            .things
            .binary_search_by(|thing| thing.path.cmp(path))
            .ok()?;
        self.things.get(found)
    }
}

impl Thing {
    /// A file that can be read.
    #[must_use]
    pub fn good(path: EntryPath, bytes: Vec<u8>) -> Self {
        Self::new(path, Kind::Good(bytes))
    }

    fn new(path: EntryPath, kind: Kind) -> Self {
        Self {
            path,
            kind,
            modified: FileTime::from_ns(TIME),
            is_flaky: false,
            worn: None,
        }
    }

    /// Wears some of those out that would be read well.
    fn wear(&mut self, chance: Chance) {
        let Kind::Good(bytes) = &self.kind else {
            return;
        };
        let is_plain =
            !self.is_flaky && !bytes.is_empty() && *self.path.as_bytes() != *b"SIGNATURE";
        let often = if bytes.len() < LARGE { 8 } else { 2 };
        if !is_plain || !chance.of("whether").one_in(often) {
            return;
        }
        let start = chance.of("where").below(bytes.len() as u64);
        let length = 1 + chance.of("how long").below(4096);
        self.worn = Some(Worn {
            place: start..(start + length).min(bytes.len() as u64),
            after: 1 + u32::from(chance.of("after").one_in(2)),
            is_given_up: chance.of("for good").one_in(2),
        });
    }
}

fn thing(chance: Chance, index: u64) -> Thing {
    let kind = kind(chance.of("kind"), small_size(chance.of("size")));
    let is_flaky = matches!(kind, Kind::Good(_)) && chance.of("flaky").one_in(20);
    let path = EntryPath::new(path(chance.of("path"), index));
    Thing {
        is_flaky,
        ..Thing::new(path, kind)
    }
}

fn small_size(chance: Chance) -> usize {
    match chance.below(10) {
        0 => 0,
        1 => 1,
        2 => chance.of("middling").index(200 << 10),
        _ => chance.of("small").index(4 << 10),
    }
}

fn large(chance: Chance, index: u64) -> Thing {
    let size = (11 << 20) + chance.of("size").index(5 << 20);
    let folder = chance.pick(&["", "d1/", "z/"]);
    let path = EntryPath::new(format!("{folder}large-{index}.iso"));
    Thing::new(path, kind(chance.of("kind"), size))
}

fn kind(chance: Chance, size: usize) -> Kind {
    let mut bytes = chance.of("content").noise(size);
    let within = chance.of("where").below(size.max(1) as u64);
    match chance.below(40) {
        0 if size > 0 => Kind::BadSector(bytes, within),
        1 if size > 0 => Kind::Shrinking(bytes, within),
        2 if size > 0 => Kind::Growing(bytes),
        3 if size > 0 => Kind::Rewritten(bytes),
        4 if size < LARGE => Kind::Link,
        5 if size < LARGE => Kind::Unlistable,
        6 if size > 3 => {
            bytes[..3].copy_from_slice(&[0x1F, 0x8B, 0x08]);
            Kind::Good(bytes)
        }
        _ => Kind::Good(bytes),
    }
}

/// Paths of all sorts. Some differ in one letter that a substitution makes equal.
fn path(chance: Chance, index: u64) -> Vec<u8> {
    let folder = chance
        .of("folder")
        .pick(&["", "d1/", "d1/d2/", "Z ü/", "B/"]);
    let name = match chance.below(14) {
        0 => format!("backup-{index}~"),
        1 => format!("comma,\"quote\"\n{index}.txt"),
        2 => format!(
            "{}{index}",
            "long-".repeat(20 + chance.of("long").index(150))
        ),
        3 => return [folder.as_bytes(), b"caf\xE9-", index.to_string().as_bytes()].concat(),
        4 => format!("{}.jpg", index % 3),
        5 => format!("twin-{}B.txt", index / 6),
        6 => format!("twin-{}b.txt", index / 6),
        7 => format!("ünïcode + % & ' {index}.html"),
        8 => "SIGNATURE".to_owned(),
        9 => format!("{index}.gz"),
        10 => format!(".hidden/{index}"),
        _ => format!("{index:03}.bin"),
    };
    format!("{folder}{name}").into_bytes()
}

/// A device that is connected.
pub struct Docked<'a> {
    device: &'a Device,
    line: Arc<Connection>,
    retries: Arc<AtomicU32>,
}

impl Docked<'_> {
    fn is_flaky_now(&self, thing: &Thing) -> bool {
        let attempt = &self.line.attempt;
        let chance = attempt.chance.of(("flaky", thing.path.as_bytes()));
        thing.is_flaky && attempt.trouble.flaky && chance.percent(70)
    }
}

impl Tree for Docked<'_> {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        let mut gone = None;
        self.device.memory.walk(&mut |found| {
            if let Err(error) = self.line.access() {
                gone = Some(error);
                return ControlFlow::Break(());
            }
            visit(found)
        })?;
        gone.map_or(Ok(()), |error| Err(DeviceGone(error)))
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        self.line.access()?;
        self.device.memory.find(path)
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        self.line.access()?;
        let file = self.device.memory.open(entry)?;
        let thing = self.device.thing(&entry.path);
        if let Some(thing) = thing.filter(|thing| self.is_flaky_now(thing)) {
            self.line
                .attempt
                .note(format_args!("`{}` is not readable now", thing.path));
            return Err(Errno::IO.into());
        }
        Ok(Box::new(OpenFile {
            file,
            grows: thing.is_some_and(|thing| matches!(thing.kind, Kind::Growing(_))),
            changes: thing.is_some_and(|thing| matches!(thing.kind, Kind::Rewritten(_))),
            was_read: AtomicBool::new(false),
            worn: thing.and_then(|thing| thing.worn.clone()),
            retries: Arc::clone(&self.retries),
            line: Arc::clone(&self.line),
        }))
    }

    /// As a mounted folder, which knows nothing of itself before a walk.
    fn totals(&self) -> Option<Totals> {
        None
    }

    /// One that is to die cannot be asked from the beginning on: as one behind a bridge.
    fn check(&self) -> Result<Health, DeviceGone> {
        self.line.access().map_err(DeviceGone)?;
        match self.line.attempt.trouble.dies {
            Some(_) => Ok(Health::Doubtful),
            None => Ok(Health::Sound),
        }
    }

    fn is_rotational(&self) -> bool {
        false
    }

    fn retry(&self, is_stopped: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        self.line.read().map_err(DeviceGone)?;
        if !is_stopped() {
            self.line.attempt.note("the device is tried again");
            self.retries.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

struct OpenFile {
    file: Box<dyn Content>,
    grows: bool,
    changes: bool,
    was_read: AtomicBool,
    worn: Option<Worn>,
    retries: Arc<AtomicU32>,
    line: Arc<Connection>,
}

impl OpenFile {
    /// The place that is hard to read, and whether it is known by now what becomes of it.
    fn worn(&self) -> Option<(&Worn, bool)> {
        let worn = self.worn.as_ref()?;
        Some((worn, self.retries.load(Ordering::SeqCst) >= worn.after))
    }

    /// Whether bytes at `offset` cannot be read now.
    fn is_bad(&self, offset: u64, length: usize) -> bool {
        let end = offset.saturating_add(length as u64);
        self.worn().is_some_and(|(worn, is_known)| {
            let is_met = worn.place.start < end && offset < worn.place.end;
            is_met && (worn.is_given_up || !is_known)
        })
    }
}

impl Content for OpenFile {
    fn shape(&self) -> io::Result<Shape> {
        self.line.access()?;
        let mut shape = self.file.shape()?;
        if self.was_read.load(Ordering::SeqCst) {
            shape.bytes += u64::from(self.grows);
            if self.changes {
                shape.changed_ns += 1;
            }
        }
        Ok(shape)
    }

    fn layout(&self) -> Option<&Layout> {
        self.file.layout()
    }

    /// Gives less than it is asked for at times, as a device may.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.read()?;
        self.was_read.store(true, Ordering::SeqCst);
        let chance = self.line.attempt.chance.of(("read", offset, buffer.len()));
        let length = match chance.below(8) {
            0 if buffer.len() > 1 => 1 + chance.of("short").index(buffer.len() - 1),
            _ => buffer.len(),
        };
        match self.is_bad(offset, length) {
            true => Err(Errno::IO.into()),
            false => self.file.read_at(offset, &mut buffer[..length]),
        }
    }

    fn may_come(&self) -> bool {
        self.worn().is_some_and(|(_, is_known)| !is_known)
    }

    fn missing(&self) -> Vec<Range<u64>> {
        let given_up = self
            .worn()
            .filter(|(worn, is_known)| worn.is_given_up && *is_known);
        given_up
            .map(|(worn, _)| worn.place.clone())
            .into_iter()
            .collect()
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        self.line.read()?;
        self.file.read_afresh(offset)
    }
}

/// What the planner is told of a thing.
///
/// # Errors
/// [`BadEntry`] if it cannot be looked at.
pub fn entry(thing: &Thing) -> Result<Entry, BadEntry> {
    let kind = match &thing.kind {
        Kind::Unlistable => {
            let error = Errno::IO.into();
            return Err(BadEntry::unreadable(thing.path.clone(), 0, error));
        }
        Kind::Link => EntryKind::SymbolicLink {
            target: Some(LINKED.to_vec()),
        },
        file => EntryKind::File {
            bytes: file.bytes(),
        },
    };
    let times = EntryTimes {
        modified: Some(thing.modified),
        changed: Some(thing.modified),
        ..EntryTimes::default()
    };
    let entry = Entry::new(EntryId::new(0), thing.path.clone(), kind);
    Ok(Entry { times, ..entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places of both kinds, in small files and in those that go in parts.
    #[test]
    fn some_devices_are_worn() {
        let mut met = std::collections::BTreeSet::new();
        let mut seeds = 0..400;
        while met.len() < 4
            && let Some(seed) = seeds.next()
        {
            let device = Device::generate(Chance::new(seed), "signature", "report");
            for thing in &device.things {
                let is_large = thing.kind.bytes() >= LARGE as u64;
                let kind = thing.worn.as_ref().map(|worn| worn.is_given_up);
                met.extend(kind.map(|is_given_up| (is_large, is_given_up)));
            }
        }
        assert_eq!(met.len(), 4, "{met:?}");
    }
}
