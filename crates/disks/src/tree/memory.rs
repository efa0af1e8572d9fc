//! A tree in memory, with faults to order: the world of tests and simulations.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::entry::{Entry, EntryKind, EntryPath};
use model::file_time::FileTime;

use super::{BadCause, BadEntry, Content, DeviceGone, Found, Health, Shape, Tree};

/// When the files of a [`Memory`] were last changed, in nanoseconds since 1970, unless it is said.
pub const TIME: i64 = 1_300_000_000_123_456_789;

/// A device in memory.
#[derive(Debug, Default)]
pub struct Memory {
    nodes: BTreeMap<EntryPath, Node>,
    /// Times of the last change of content and of anything, in nanoseconds since 1970, of files that do
    /// not have [`TIME`].
    times: BTreeMap<EntryPath, (i64, i64)>,
    switches: Switches,
}

/// What is wrong with all of a device.
#[derive(Debug, Default, Clone)]
struct Switches {
    gone: Arc<AtomicBool>,
    dead: Arc<AtomicBool>,
    doubtful: Arc<AtomicBool>,
}

impl Switches {
    /// Every read ends here once the device is gone or dead.
    fn must_read(&self) -> io::Result<()> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(no_device());
        }
        match self.dead.load(Ordering::SeqCst) {
            true => Err(rustix::io::Errno::IO.into()),
            false => Ok(()),
        }
    }
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
    /// A symbolic link.
    Link,
    /// A name that cannot even be looked at.
    Unlistable,
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
            switches: Switches::default(),
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

    /// Whether the device has been pulled: set it, and nothing can be read any more.
    #[must_use]
    pub fn pull_switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.switches.gone)
    }

    /// Whether the device has died where it is: set it, and every read fails, while names and sizes
    /// still come from memory and nobody says that it is gone.
    #[must_use]
    pub fn death_switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.switches.dead)
    }

    /// Whether the device cannot be asked how it is, as one in another's hands.
    #[must_use]
    pub fn doubt_switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.switches.doubtful)
    }
}

impl Memory {
    fn entry(&self, path: &EntryPath, kind: EntryKind) -> Entry {
        let (modified, changed) = self.times(path);
        Entry {
            path: path.clone(),
            kind,
            modified: Some(FileTime::from_ns(modified)),
            changed: Some(FileTime::from_ns(changed)),
        }
    }
}

impl Tree for Memory {
    fn walk(&self, visit: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        for (path, node) in &self.nodes {
            self.check()?;
            let found = match node {
                Node::Unlistable => Err(BadEntry {
                    path: path.clone(),
                    bytes: 0,
                    cause: BadCause::Unreadable(io::Error::other("bad block")),
                }),
                Node::Link => Ok(self.entry(path, EntryKind::SymbolicLink)),
                Node::File(bytes) | Node::BadSector(bytes, _) | Node::Shrinking(bytes, _) => {
                    let bytes = bytes.len() as u64;
                    Ok(self.entry(path, EntryKind::File { bytes }))
                }
                Node::Understated(_, said) => {
                    Ok(self.entry(path, EntryKind::File { bytes: *said }))
                }
            };
            if visit(found).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Content>> {
        match self.nodes.get(path) {
            None if self.is_folder(path) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::ErrorKind::NotFound.into()),
            Some(node) => Ok(Box::new(MemoryFile {
                node: node.clone(),
                times: self.times(path),
                switches: self.switches.clone(),
            })),
        }
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        let is_set = |switch: &AtomicBool| switch.load(Ordering::SeqCst);
        if is_set(&self.switches.gone) {
            return Err(DeviceGone(no_device()));
        }
        match is_set(&self.switches.dead) || is_set(&self.switches.doubtful) {
            true => Ok(Health::Doubtful),
            false => Ok(Health::Sound),
        }
    }

    fn spins(&self) -> bool {
        false
    }
}

fn no_device() -> io::Error {
    io::Error::other("no such device")
}

struct MemoryFile {
    node: Node,
    times: (i64, i64),
    switches: Switches,
}

impl Content for MemoryFile {
    fn shape(&self) -> io::Result<Shape> {
        let bytes = match &self.node {
            Node::File(bytes) | Node::BadSector(bytes, _) | Node::Shrinking(bytes, _) => {
                bytes.len() as u64
            }
            Node::Understated(_, said) => *said,
            Node::Link | Node::Unlistable => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let (modified_ns, changed_ns) = self.times;
        Ok(Shape {
            bytes,
            modified_ns,
            changed_ns,
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.switches.must_read()?;
        let (bytes, end) = match &self.node {
            Node::File(bytes) | Node::Understated(bytes, _) => (bytes, bytes.len() as u64),
            Node::Shrinking(bytes, end) => (bytes, *end),
            Node::BadSector(_, bad) if offset + buffer.len() as u64 > *bad => {
                return Err(io::Error::other("input/output error"));
            }
            Node::BadSector(bytes, _) => (bytes, bytes.len() as u64),
            Node::Link | Node::Unlistable => return Err(io::ErrorKind::InvalidInput.into()),
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
