//! A tree whose file system may give no answer, read by threads of its own, so that whoever waits for it can go
//! ([`asked`](crate::asked)): a folder that the kernel has mounted hangs with its server or its program.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use model::entry::{Entry, EntryPath};

use super::{Content, DeviceGone, Expected, Health, Shape, Totals, Tree, Walked};
use crate::aligned::Buffers;
use crate::asked::{Leavable, Leaving, Left};
use crate::layout::Layout;

/// What is read at once at most: past the page cache, file systems want some MiB, and each reader has as much for itself.
const READ_BYTES: usize = 4 << 20;

/// A tree that can be left.
pub struct ApartTree<T> {
    asked: Arc<Leavable<T>>,
    is_rotational: bool,
    totals: Option<Totals>,
    buffers: Arc<Buffers>,
}

impl<T: Tree + 'static> ApartTree<T> {
    /// Reads a tree, which is called `name` in the log, by threads of its own. What it says of itself it is asked here, by
    /// whoever can wait for it.
    #[must_use]
    pub fn new(tree: T, name: &str, leaving: Leaving) -> Self {
        Self {
            is_rotational: tree.is_rotational(),
            totals: tree.totals(),
            buffers: Arc::default(),
            asked: Arc::new(Leavable::new(Arc::new(tree), name, leaving)),
        }
    }
}

fn gone(left: Left) -> DeviceGone {
    DeviceGone(left.into())
}

#[deny(clippy::missing_trait_methods)]
impl<T: Tree + 'static> Tree for ApartTree<T> {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        let walked = self.asked.each(|tree, found| tree.walk(found), visit);
        walked.map_err(gone)?
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        let path = path.clone();
        self.asked.ask(move |tree| tree.find(&path))?
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        let entry = entry.clone();
        let opened = self.asked.ask(move |tree| {
            let content = tree.open(&entry)?;
            // What a file system tells of where it lies may hang as well.
            let _ = content.layout();
            io::Result::Ok(content)
        })??;
        Ok(Box::new(ApartContent {
            asked: Arc::clone(&self.asked),
            buffers: Arc::clone(&self.buffers),
            content: Some(Arc::from(opened)),
        }))
    }

    fn totals(&self) -> Option<Totals> {
        self.totals
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        self.asked.ask(|tree| tree.check()).map_err(gone)?
    }

    fn is_rotational(&self) -> bool {
        self.is_rotational
    }

    // Trees that read ahead, or try again, read devices themselves, which are left where they are read.
    fn reads_ahead(&self) -> usize {
        0
    }

    fn expect(&self, _entry: &Entry) -> Option<Expected> {
        None
    }

    fn retry(&self, _is_stopped: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        Ok(())
    }

    fn map(&self) -> Option<String> {
        None
    }
}

/// An open file of such a tree.
struct ApartContent<T: Tree + 'static> {
    asked: Arc<Leavable<T>>,
    buffers: Arc<Buffers>,
    /// There until it is closed.
    content: Option<Arc<dyn Content>>,
}

impl<T: Tree + 'static> ApartContent<T> {
    fn content(&self) -> &Arc<dyn Content> {
        self.content
            .as_ref()
            .expect("it is taken by whoever closes it")
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: Tree + 'static> Content for ApartContent<T> {
    fn shape(&self) -> io::Result<Shape> {
        let content = Arc::clone(self.content());
        self.asked.ask(move |_| content.shape())?
    }

    fn layout(&self) -> Option<&Layout> {
        self.content().layout()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let content = Arc::clone(self.content());
        let most = buffer.len().min(READ_BYTES);
        let mut own = self.buffers.take(most as u64);
        let (read, own) = self.asked.ask(move |_| {
            let read = content.read_at(offset, &mut own[..most]);
            (read, own)
        })?;
        let read = read?;
        buffer[..read].copy_from_slice(&own[..read]);
        Ok(read)
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        let content = Arc::clone(self.content());
        self.asked.ask(move |_| content.read_afresh(offset))?
    }

    fn may_come(&self) -> bool {
        self.content().may_come()
    }

    fn missing(&self) -> Vec<Range<u64>> {
        self.content().missing()
    }
}

impl<T: Tree + 'static> Drop for ApartContent<T> {
    /// A file system in user space is asked also when a file is closed.
    fn drop(&mut self) {
        if let Some(content) = self.content.take() {
            self.asked.tell(move || drop(content));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::thread;
    use std::time::{Duration, Instant};

    use crossbeam_channel::{Receiver, Sender, bounded};

    use super::*;
    use crate::asked::{CLOSES_WITHIN, GRACE};
    use crate::tree::memory::{Memory, Node};

    /// A tree that hangs in its walk behind the first entry, until somebody opens its door.
    struct Hanging {
        inner: Memory,
        door: Receiver<()>,
    }

    impl Tree for Hanging {
        fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
            self.inner.walk(&mut |walked| {
                let more = visit(walked);
                let _opened = self.door.recv();
                more
            })
        }

        fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
            self.inner.find(path)
        }

        fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
            self.inner.open(entry)
        }

        fn totals(&self) -> Option<Totals> {
            None
        }

        fn check(&self) -> Result<Health, DeviceGone> {
            self.inner.check()
        }

        fn is_rotational(&self) -> bool {
            false
        }
    }

    fn hanging() -> (ApartTree<Hanging>, Sender<()>, Leaving) {
        let file = |name: &str| (name.to_owned(), Node::File(b"content".to_vec()));
        let inner = Memory::new([file("a"), file("b"), file("c")]);
        let (opens, door) = bounded(0);
        let leaving = Leaving::default();
        let tree = ApartTree::new(Hanging { inner, door }, "inbox/disk", leaving.clone());
        (tree, opens, leaving)
    }

    #[test]
    fn a_walk_that_hangs_is_left_once_it_is_to_stop_and_so_is_all_that_is_asked_after_it() {
        let (tree, opens, leaving) = hanging();
        let stop = Arc::clone(&leaving.stop);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            stop.store(true, Ordering::SeqCst);
        });
        let begun = Instant::now();
        let mut seen = 0;
        let walked = tree.walk(&mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert!(walked.is_err() && seen == 1, "{walked:?}, {seen}");
        assert!(begun.elapsed() < GRACE + Duration::from_secs(20));
        assert_eq!(leaving.left.count(), 1);
        let asked = Instant::now();
        assert!(tree.find(&EntryPath::new("a")).is_err());
        assert!(tree.check().is_err());
        drop(tree);
        assert!(asked.elapsed() < CLOSES_WITHIN, "nobody waits");
        drop(opens);
        while leaving.left.count() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30));
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_walk_that_is_ended_by_its_visitor_ends_in_order() {
        let (tree, opens, leaving) = hanging();
        drop(opens);
        let mut seen = 0;
        let walked = tree.walk(&mut |_| {
            seen += 1;
            ControlFlow::Break(())
        });
        walked.unwrap();
        assert_eq!((seen, leaving.left.count()), (1, 0));
    }
}
