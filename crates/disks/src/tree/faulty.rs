//! A tree that fails as it is told to, for tests of those who use one: some accesses, or the whole device.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::entry::{Entry, EntryPath};
use rustix::io::Errno;

use super::{BadEntry, Content, DeviceGone, Expected, Health, Shape, Totals, Tree, Walked};
use crate::layout::Layout;

/// How a whole device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// Well, and it says so when it is asked.
    #[default]
    Sound,
    /// Well, but it cannot be asked: one behind a bridge, or in another's hands.
    Doubtful,
    /// It fails every read (`EIO`) while names and sizes still come from this host's memory, and nobody says that
    /// it is gone.
    Dead,
    /// Pulled out: nothing answers (`ENODEV`).
    Gone,
}

/// What may fail by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A walk meets a name: it becomes a [`BadEntry`].
    Walk,
    /// A name is looked for.
    Find,
    /// A file is opened.
    Open,
    /// An open file is asked for its shape.
    Shape,
    /// An open file is read.
    Read,
}

/// What happens at some accesses: a delay, an error, or both.
#[derive(Debug, Clone)]
pub struct InjectedFault {
    access: Access,
    path: Option<EntryPath>,
    range: Range<u64>,
    errno: Option<Errno>,
    delay: Duration,
    times: u32,
    retried: Retried,
}

/// What becomes of a place that fails when the device is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retried {
    /// Nothing.
    Same,
    /// It is read well after so many times.
    Comes(u32),
    /// It is given up after so many times.
    GivenUp(u32),
}

impl Retried {
    /// Whether it fails after so many times.
    fn is_bad(self, retries: u32) -> bool {
        !matches!(self, Self::Comes(after) if retries >= after)
    }

    /// Whether it may still come after so many times.
    fn is_pending(self, retries: u32) -> bool {
        matches!(self, Self::Comes(after) | Self::GivenUp(after) if retries < after)
    }

    /// Whether it was given up after so many times.
    fn is_given_up(self, retries: u32) -> bool {
        matches!(self, Self::GivenUp(after) if retries >= after)
    }
}

impl InjectedFault {
    /// Reads that touch `range` of `path` fail until the device was tried again so many times.
    #[must_use]
    pub fn comes(path: impl Into<Vec<u8>>, range: Range<u64>, after: u32) -> Self {
        Self::retried(path, range, Retried::Comes(after))
    }

    /// Reads that touch `range` of `path` fail for good, and it is said so once the device was tried again so many
    /// times.
    #[must_use]
    pub fn given_up(path: impl Into<Vec<u8>>, range: Range<u64>, after: u32) -> Self {
        Self::retried(path, range, Retried::GivenUp(after))
    }

    fn retried(path: impl Into<Vec<u8>>, range: Range<u64>, retried: Retried) -> Self {
        let bad = Self::at(Access::Read).of(path).within(range);
        Self {
            retried,
            ..bad.fails(Errno::NODATA)
        }
    }

    /// At every access of a kind, whatever file and place, nothing yet.
    #[must_use]
    pub fn at(access: Access) -> Self {
        Self {
            access,
            path: None,
            range: 0..u64::MAX,
            errno: None,
            delay: Duration::ZERO,
            times: u32::MAX,
            retried: Retried::Same,
        }
    }

    /// Only of this entry.
    #[must_use]
    pub fn of(self, path: impl Into<Vec<u8>>) -> Self {
        Self {
            path: Some(EntryPath::new(path)),
            ..self
        }
    }

    /// Only reads that touch these bytes of a file; such a read gives nothing.
    #[must_use]
    pub fn within(self, range: Range<u64>) -> Self {
        Self { range, ..self }
    }

    /// It fails with this error.
    #[must_use]
    pub fn fails(self, errno: Errno) -> Self {
        Self {
            errno: Some(errno),
            ..self
        }
    }

    /// It takes so long first.
    #[must_use]
    pub fn delays(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    fn is_for(&self, access: Access, path: &EntryPath, touched: &Range<u64>) -> bool {
        self.times > 0
            && self.access == access
            && self.path.as_ref().is_none_or(|of| of == path)
            && self.range.start < touched.end
            && touched.start < self.range.end
    }
}

/// What is wrong with a device at the moment. Shared with whoever changes it while it is used.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Wrong>);

#[derive(Debug, Default)]
struct Wrong {
    condition: Condition,
    injected: Vec<InjectedFault>,
    /// How often the device was tried again.
    retries: u32,
}

impl Faults {
    /// Lets the whole device be so from now on.
    pub fn set(&self, condition: Condition) {
        self.lock().condition = condition;
    }

    /// Adds a fault. Of several for one access the first that was added happens.
    pub fn inject(&self, fault: InjectedFault) {
        self.lock().injected.push(fault);
    }

    /// How often the device was tried again.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.lock().retries
    }

    /// The places of a file that fail in a way that `is` says, after as many retries as there were.
    fn places(&self, path: &EntryPath, is: fn(Retried, u32) -> bool) -> Vec<Range<u64>> {
        let wrong = self.lock();
        let of_it = wrong
            .injected
            .iter()
            .filter(|fault| fault.path.as_ref() == Some(path) && is(fault.retried, wrong.retries));
        of_it.map(|fault| fault.range.clone()).collect()
    }

    fn condition(&self) -> Condition {
        self.lock().condition
    }

    /// One access, and what it meets.
    fn meet(&self, access: Access, path: &EntryPath, touched: Range<u64>) -> io::Result<()> {
        let (errno, delay) = self.next(access, path, &touched);
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        errno.map_or(Ok(()), |errno| Err(errno.into()))
    }

    fn next(
        &self,
        access: Access,
        path: &EntryPath,
        touched: &Range<u64>,
    ) -> (Option<Errno>, Duration) {
        let mut wrong = self.lock();
        match wrong.condition {
            Condition::Gone => return (Some(Errno::NODEV), Duration::ZERO),
            Condition::Dead if access == Access::Read => return (Some(Errno::IO), Duration::ZERO),
            Condition::Sound | Condition::Doubtful | Condition::Dead => {}
        }
        let retries = wrong.retries;
        let mut faults = wrong.injected.iter_mut();
        let is_met = |fault: &&mut InjectedFault| {
            fault.retried.is_bad(retries) && fault.is_for(access, path, touched)
        };
        let Some(fault) = faults.find(is_met) else {
            return (None, Duration::ZERO);
        };
        if fault.times < u32::MAX {
            fault.times -= 1;
        }
        (fault.errno, fault.delay)
    }

    fn lock(&self) -> MutexGuard<'_, Wrong> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whatever is not about a place in a file.
const ALL: Range<u64> = 0..u64::MAX;

/// A tree with faults. Without any it is the tree in it.
#[derive(Debug)]
pub struct FaultyTree<T> {
    inner: T,
    faults: Arc<Faults>,
}

impl<T> FaultyTree<T> {
    /// A tree that is well so far.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            faults: Arc::default(),
        }
    }

    /// The same tree with one more fault.
    #[must_use]
    pub fn with(self, fault: InjectedFault) -> Self {
        self.faults.inject(fault);
        self
    }

    /// The same tree on a device that is so.
    #[must_use]
    pub fn being(self, condition: Condition) -> Self {
        self.faults.set(condition);
        self
    }

    /// What is wrong with it, to be changed while it is used.
    #[must_use]
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }
}

impl<T: Tree> Tree for FaultyTree<T> {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        self.check()?;
        let mut gone = None;
        self.inner.walk(&mut |walked| {
            if let Err(error) = self.check() {
                gone = Some(error);
                return ControlFlow::Break(());
            }
            visit(self.walked(walked))
        })?;
        gone.map_or(Ok(()), Err)
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        self.faults.meet(Access::Find, path, ALL)?;
        self.inner.find(path)
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        self.faults.meet(Access::Open, &entry.path, ALL)?;
        Ok(Box::new(FaultyContent {
            inner: self.inner.open(entry)?,
            path: entry.path.clone(),
            faults: self.faults(),
        }))
    }

    fn totals(&self) -> Option<Totals> {
        self.inner.totals()
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        match self.faults.condition() {
            Condition::Sound => self.inner.check(),
            Condition::Doubtful | Condition::Dead => Ok(Health::Doubtful),
            Condition::Gone => Err(DeviceGone(Errno::NODEV.into())),
        }
    }

    fn is_rotational(&self) -> bool {
        self.inner.is_rotational()
    }

    fn reads_ahead(&self) -> usize {
        self.inner.reads_ahead()
    }

    fn expect(&self, entry: &Entry) -> Option<Expected> {
        self.inner.expect(entry)
    }

    /// One that is dead, or gone, shows that now.
    fn retry(&self, is_stopped: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        self.inner.retry(is_stopped)?;
        match self.faults.condition() {
            Condition::Dead => return Err(DeviceGone(Errno::IO.into())),
            Condition::Gone => return Err(DeviceGone(Errno::NODEV.into())),
            Condition::Sound | Condition::Doubtful => {}
        }
        if !is_stopped() {
            self.faults.lock().retries += 1;
        }
        Ok(())
    }

    /// How often it was tried again, for want of anything better; `None` if it was not.
    fn map(&self) -> Option<String> {
        let retries = self.faults.retries();
        let own = (retries > 0).then(|| format!("# tried again {retries} times\n"));
        self.inner.map().or(own)
    }
}

impl<T: Tree> FaultyTree<T> {
    fn walked(&self, walked: Walked) -> Walked {
        let entry = walked?;
        match self.faults.meet(Access::Walk, &entry.path, ALL) {
            Ok(()) => Ok(entry),
            Err(error) => Err(BadEntry::unreadable(entry.path, 0, error)),
        }
    }
}

struct FaultyContent {
    inner: Box<dyn Content>,
    path: EntryPath,
    faults: Arc<Faults>,
}

impl Content for FaultyContent {
    fn shape(&self) -> io::Result<Shape> {
        self.faults.meet(Access::Shape, &self.path, ALL)?;
        self.inner.shape()
    }

    fn layout(&self) -> Option<&Layout> {
        self.inner.layout()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let touched = offset..offset.saturating_add(buffer.len() as u64);
        self.faults.meet(Access::Read, &self.path, touched)?;
        self.inner.read_at(offset, buffer)
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        let touched = offset..offset.saturating_add(1);
        self.faults.meet(Access::Read, &self.path, touched)?;
        self.inner.read_afresh(offset)
    }

    fn may_come(&self) -> bool {
        let pending = self.faults.places(&self.path, Retried::is_pending);
        !pending.is_empty() || self.inner.may_come()
    }

    fn missing(&self) -> Vec<Range<u64>> {
        let mut missing = self.inner.missing();
        missing.extend(self.faults.places(&self.path, Retried::is_given_up));
        missing.sort_unstable_by_key(|range| range.start);
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::memory::{Memory, Node};
    use std::time::Instant;

    fn tree() -> FaultyTree<Memory> {
        let files = ["a", "b"].map(|name| (name, Node::File(vec![7; 100])));
        FaultyTree::new(Memory::new(files))
    }

    fn read(tree: &impl Tree, path: &str, offset: u64) -> io::Result<usize> {
        let entry = tree.find(&EntryPath::new(path))?.unwrap();
        tree.open(&entry)?.read_at(offset, &mut [0; 10])
    }

    #[test]
    fn a_fault_is_of_an_entry_a_range_and_a_number_of_times() {
        let fault = InjectedFault::at(Access::Read).of("a").within(20..30);
        let tree = tree().with(fault.fails(Errno::NODATA).times(2));
        assert_eq!(read(&tree, "a", 10).unwrap(), 10, "it ends before");
        assert_eq!(read(&tree, "a", 30).unwrap(), 10, "it begins behind");
        assert_eq!(read(&tree, "b", 20).unwrap(), 10, "another");
        for _ in 0..2 {
            let error = read(&tree, "a", 11).unwrap_err();
            assert_eq!(Errno::from_io_error(&error), Some(Errno::NODATA));
        }
        assert_eq!(read(&tree, "a", 11).unwrap(), 10);
    }

    /// What a retry brings, and what it does not, is known of each place.
    #[test]
    fn a_place_comes_or_is_given_up_when_the_device_is_tried_again() {
        let tree = tree()
            .with(InjectedFault::comes("a", 0..10, 1))
            .with(InjectedFault::given_up("a", 50..60, 2));
        let file = |path: &str| {
            let entry = tree.find(&EntryPath::new(path)).unwrap().unwrap();
            tree.open(&entry).unwrap()
        };
        let file = file("a");
        let bad = |offset| file.read_at(offset, &mut [0; 10]).is_err();
        for (comes, may_come, missing) in [
            (false, true, None),
            (true, true, None),
            (true, false, Some(50..60)),
        ] {
            assert_eq!((!bad(0), bad(50), bad(20)), (comes, true, false));
            let missing = Vec::from_iter(missing);
            assert_eq!((file.may_come(), file.missing()), (may_come, missing));
            tree.retry(&|| true).unwrap();
            tree.retry(&|| false).unwrap();
        }
        assert_eq!(tree.faults().retries(), 3);
        tree.faults().set(Condition::Dead);
        assert!(tree.retry(&|| false).is_err());
    }

    #[test]
    fn a_fault_may_take_its_time_and_then_succeed() {
        let delay = Duration::from_millis(20);
        let tree = tree().with(InjectedFault::at(Access::Open).delays(delay));
        let begun = Instant::now();
        assert_eq!(read(&tree, "a", 0).unwrap(), 10);
        assert!(begun.elapsed() >= delay);
    }

    #[test]
    fn a_name_may_fail_in_a_walk() {
        let fault = InjectedFault::at(Access::Walk).of("a").fails(Errno::NOKEY);
        let (tree, mut told) = (tree().with(fault), Vec::new());
        let walked = tree.walk(&mut |walked| {
            told.push(walked.map_or_else(|bad| bad.why.to_string(), |it| it.path.to_string()));
            ControlFlow::Continue(())
        });
        walked.unwrap();
        assert!(told[0].contains("encrypted"), "{told:?}");
        assert_eq!(told[1..], ["b"]);
    }

    #[test]
    fn a_device_is_as_it_is_set() {
        let tree = tree();
        let walk = || tree.walk(&mut |_| ControlFlow::Continue(()));
        let read = || read(&tree, "a", 0);
        for (condition, health, can_walk, can_read) in [
            (Condition::Doubtful, Some(Health::Doubtful), true, true),
            (Condition::Dead, Some(Health::Doubtful), true, false),
            (Condition::Gone, None, false, false),
            (Condition::Sound, Some(Health::Sound), true, true),
        ] {
            tree.faults().set(condition);
            assert_eq!(tree.check().ok(), health, "{condition:?}");
            assert_eq!(walk().is_ok(), can_walk, "{condition:?}");
            assert_eq!(read().is_ok(), can_read, "{condition:?}");
        }
    }
}
