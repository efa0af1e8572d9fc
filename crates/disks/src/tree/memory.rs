//! A tree in memory: the world of tests and simulations. What is wrong with a file stays wrong; whatever comes and
//! goes is [`super::faulty`]'s.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use model::entry::{Entry, EntryId, EntryKind, EntryPath, EntryTimes, Unloadable};
use model::file_time::FileTime;
use rustix::io::Errno;

use super::{BadEntry, Content, DeviceGone, Health, Shape, Totals, Tree, Walked};
use crate::layout::Layout;

/// When the files of a [`Memory`] were last changed, in nanoseconds since 1970, unless it is said.
pub const TIME: i64 = 1_300_000_000_123_456_789;

/// A device in memory.
#[derive(Debug, Default)]
pub struct Memory {
    nodes: BTreeMap<EntryPath, Node>,
    /// Times of the last change of content and of anything, in nanoseconds since 1970, of files that do
    /// not have [`TIME`].
    times: BTreeMap<EntryPath, (i64, i64)>,
}

/// What one name of a [`Memory`] holds.
#[derive(Debug, Clone)]
pub enum Node {
    /// A file that reads well.
    File(Vec<u8>),
    /// A file that cannot be read from this offset on.
    BadSector(Vec<u8>, u64),
    /// A file that is shorter when read than when looked at.
    Shrinking(Vec<u8>, u64),
    /// A file that says that it has so many bytes, and has these.
    Understated(Vec<u8>, u64),
    /// A symbolic link that leads there.
    Link(Vec<u8>),
    /// A device node, socket or pipe.
    Special,
    /// A folder with nothing in it.
    EmptyFolder,
    /// A name that cannot even be looked at.
    Unlistable,
    /// A name that cannot be loaded, for this reason.
    Bad(Unloadable),
}

impl Node {
    /// What a listing tells of it; `None` if it cannot be looked at.
    fn kind(&self) -> Option<EntryKind> {
        Some(match self {
            Self::File(bytes) | Self::BadSector(bytes, _) | Self::Shrinking(bytes, _) => {
                let bytes = bytes.len() as u64;
                EntryKind::File { bytes }
            }
            Self::Understated(_, said) => EntryKind::File { bytes: *said },
            Self::Link(target) => EntryKind::SymbolicLink {
                target: Some(target.clone()),
            },
            Self::Special => EntryKind::Special,
            Self::EmptyFolder => EntryKind::EmptyFolder,
            Self::Unlistable | Self::Bad(_) => return None,
        })
    }
}

impl Memory {
    /// A device with these names.
    pub fn new<P: Into<Vec<u8>>>(nodes: impl IntoIterator<Item = (P, Node)>) -> Self {
        let nodes = nodes
            .into_iter()
            .map(|(path, node)| (EntryPath::new(path), node))
            .collect();
        Self {
            nodes,
            times: BTreeMap::new(),
        }
    }

    /// The same device, on which a file was last changed then: its content and anything of it, in
    /// nanoseconds since 1970.
    #[must_use]
    pub fn changed_at(mut self, path: &str, modified_ns: i64, changed_ns: i64) -> Self {
        let times = (modified_ns, changed_ns);
        self.times.insert(EntryPath::new(path), times);
        self
    }

    /// Whether something lies below a name.
    fn is_folder(&self, path: &EntryPath) -> bool {
        let folder = [path.as_bytes(), b"/"].concat();
        self.nodes
            .keys()
            .any(|path| path.as_bytes().starts_with(&folder))
    }

    fn times(&self, path: &EntryPath) -> (i64, i64) {
        self.times.get(path).copied().unwrap_or((TIME, TIME))
    }

    /// What a walk says of the node with this place among all.
    fn walked(&self, place: usize, path: &EntryPath, node: &Node) -> Walked {
        if let Node::Bad(why) = node {
            return Err(BadEntry::unloadable(path.clone(), 0, why.clone()));
        }
        let Some(kind) = node.kind() else {
            return Err(BadEntry::unreadable(path.clone(), 0, Errno::IO.into()));
        };
        let (modified, changed) = self.times(path);
        let times = EntryTimes {
            modified: Some(FileTime::from_ns(modified)),
            changed: Some(FileTime::from_ns(changed)),
            ..EntryTimes::default()
        };
        let entry = Entry::new(EntryId::new(place as u64), path.clone(), kind);
        Ok(Entry { times, ..entry })
    }

    fn all(&self) -> impl Iterator<Item = Walked> {
        let nodes = self.nodes.iter().enumerate();
        nodes.map(|(place, (path, node))| self.walked(place, path, node))
    }
}

impl Tree for Memory {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        let _stopped = self.all().try_for_each(visit);
        Ok(())
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        let place = self.nodes.range(..path).count();
        match self.nodes.get(path) {
            None if self.is_folder(path) => Err(Errno::ISDIR.into()),
            None => Ok(None),
            Some(node) => match self.walked(place, path, node) {
                Ok(entry) => Ok(Some(entry)),
                Err(_) => Err(Errno::IO.into()),
            },
        }
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        let path = &entry.path;
        match self.nodes.get(path) {
            None if self.is_folder(path) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::ErrorKind::NotFound.into()),
            Some(node) => match node.kind() {
                Some(EntryKind::File { bytes }) => Ok(Box::new(MemoryFile {
                    node: node.clone(),
                    bytes,
                    times: self.times(path),
                })),
                _ => Err(io::ErrorKind::InvalidInput.into()),
            },
        }
    }

    fn totals(&self) -> Option<Totals> {
        let mut totals = Totals::default();
        self.all().for_each(|walked| totals.add(&walked));
        Some(totals)
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        Ok(Health::Sound)
    }

    fn is_rotational(&self) -> bool {
        false
    }
}

struct MemoryFile {
    node: Node,
    /// Its size as it is told.
    bytes: u64,
    times: (i64, i64),
}

impl Content for MemoryFile {
    fn shape(&self) -> io::Result<Shape> {
        let (modified_ns, changed_ns) = self.times;
        Ok(Shape {
            bytes: self.bytes,
            modified_ns,
            changed_ns,
        })
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, end) = match &self.node {
            Node::File(bytes) | Node::Understated(bytes, _) => (bytes, bytes.len() as u64),
            Node::Shrinking(bytes, end) => (bytes, *end),
            Node::BadSector(_, bad) if offset + buffer.len() as u64 > *bad => {
                return Err(Errno::IO.into());
            }
            Node::BadSector(bytes, _) => (bytes, bytes.len() as u64),
            Node::Link(_) | Node::Special | Node::EmptyFolder | Node::Unlistable | Node::Bad(_) => {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        };
        let start = usize::try_from(offset.min(end)).unwrap_or(usize::MAX);
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        let length = buffer.len().min(end - start);
        buffer[..length].copy_from_slice(&bytes[start..start + length]);
        Ok(length)
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        Ok(self.read_at(offset, &mut [0])? == 1)
    }
}
