//! A tree in memory, with faults to order: the world of tests and simulations.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::entry::{Entry, EntryKind, EntryPath};
use model::time::Timestamp;

use super::{BadEntry, Content, DeviceGone, Found, Shape, Tree};

/// A device in memory.
#[derive(Debug, Default)]
pub struct Memory {
    nodes: BTreeMap<EntryPath, Node>,
    gone: Arc<AtomicBool>,
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
            gone: Arc::default(),
        }
    }

    /// Whether the device has been pulled: set it, and nothing can be read any more.
    #[must_use]
    pub fn pull_switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.gone)
    }
}

impl Tree for Memory {
    fn walk(&self, visit: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        for (path, node) in &self.nodes {
            self.check()?;
            let found = match node {
                Node::Unlistable => Err(BadEntry {
                    path: path.clone(),
                    reason: "bad block".into(),
                }),
                Node::Link => Ok(entry(path, EntryKind::SymbolicLink)),
                Node::File(bytes) | Node::BadSector(bytes, _) | Node::Shrinking(bytes, _) => {
                    Ok(entry(
                        path,
                        EntryKind::File {
                            bytes: bytes.len() as u64,
                        },
                    ))
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
            None => Err(io::ErrorKind::NotFound.into()),
            Some(node) => Ok(Box::new(MemoryFile {
                node: node.clone(),
                gone: Arc::clone(&self.gone),
            })),
        }
    }

    fn check(&self) -> Result<(), DeviceGone> {
        if self.gone.load(Ordering::SeqCst) {
            Err(DeviceGone(no_device()))
        } else {
            Ok(())
        }
    }

    fn spins(&self) -> bool {
        false
    }
}

fn entry(path: &EntryPath, kind: EntryKind) -> Entry {
    Entry {
        path: path.clone(),
        kind,
        modified: Some(Timestamp::from_unix(1_300_000_000)),
    }
}

fn no_device() -> io::Error {
    io::Error::other("no such device")
}

struct MemoryFile {
    node: Node,
    gone: Arc<AtomicBool>,
}

impl Content for MemoryFile {
    fn shape(&self) -> io::Result<Shape> {
        let bytes = match &self.node {
            Node::File(bytes) | Node::BadSector(bytes, _) | Node::Shrinking(bytes, _) => {
                bytes.len()
            }
            Node::Link | Node::Unlistable => return Err(io::ErrorKind::InvalidInput.into()),
        };
        Ok(Shape {
            bytes: bytes as u64,
            modified_ns: 0,
            changed_ns: 0,
        })
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(no_device());
        }
        let (bytes, end) = match &self.node {
            Node::File(bytes) => (bytes, bytes.len() as u64),
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
}
