//! What a sweep holds, and what it reads next: decided here, without threads or devices.
//!
//! A file is in the window with all its bytes or not at all, so that whoever waits for one waits for reading only,
//! never for another reader. One that does not fit, or cannot be read, is read by whoever wants it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crate::catalogue::Locator;
use crate::layout::{Layout, Run};

/// What lies between two runs and is less is read with them: 1.5 ms of a disk that rotates, against 12 ms of a seek.
pub(super) const GAP_BYTES: u64 = 256 << 10;

/// Bytes that are read at once: 23 ms of such a disk, twice a seek.
pub(super) const READ_BYTES: u64 = 4 << 20;

/// A file whose runs are as long as this is read in its own order: 44 ms of reading against 12 ms of a seek.
const LONG_RUN_BYTES: u64 = 8 << 20;

/// Bytes that a run takes beside its content.
const RUN_BYTES: u64 = 64;

/// Files that are expected, and what of them was read.
#[derive(Debug)]
pub(super) struct Window {
    /// Bytes that it may hold, and holds.
    room: u64,
    held: u64,
    /// Expected, and not looked at yet.
    queue: VecDeque<Locator>,
    files: HashMap<Locator, Stage>,
    /// What is to be read, by place; the number tells runs in one place apart.
    wanted: BTreeMap<(u64, u64), Want>,
    /// How many bytes that is.
    unread: u64,
    /// Where the last read ended.
    head: u64,
    /// The number of the next run.
    number: u64,
    /// Whether the next of the queue does not fit.
    is_full: bool,
}

#[derive(Debug)]
enum Stage {
    /// Expected, and not looked at yet.
    Queued,
    /// Some of it is to be read.
    Arriving(Arriving),
    /// All of it is here; and what it takes of the room.
    Whole(Arc<Vec<u8>>, u64),
    /// It is to be read by whoever wants it.
    Direct,
}

#[derive(Debug)]
struct Arriving {
    cost: u64,
    runs: Vec<Run>,
    /// The number of its first run.
    first: u64,
    /// The bytes of its runs, one after the other; nothing before the first came.
    bytes: Vec<u8>,
    all: u64,
    missing: u64,
}

#[derive(Debug, Clone, Copy)]
struct Want {
    file: Locator,
    bytes: u64,
    /// Where among the bytes of its file.
    from: u64,
}

/// What is read in a row.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) range: Range<u64>,
    parts: Vec<(u64, Want)>,
}

impl Stretch {
    /// What of a range nobody wants, in order: it is read because it is shorter than a seek.
    pub(super) fn gaps(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let (mut gaps, mut at) = (Vec::new(), range.start);
        for (start, want) in &self.parts {
            if at < *start {
                gaps.push(at..range.end.min(*start));
            }
            at = at.max(start + want.bytes);
            if at >= range.end {
                return gaps;
            }
        }
        gaps.push(at..range.end);
        gaps
    }
}

/// What is known of a file that is wanted now.
#[derive(Debug)]
pub(super) enum Known {
    /// It is to be read by whoever asks.
    Direct,
    /// It will be here, or be known to be read directly.
    Wait,
    /// The bytes of its runs, one after the other.
    Here(Arc<Vec<u8>>),
}

/// The runs of a file that is read with others; `None` of one that is better read alone.
pub(super) fn windowed(layout: &Layout, room: u64) -> Option<Vec<Run>> {
    let runs: Vec<Run> = layout.runs().collect();
    let bytes = runs
        .iter()
        .map(|run| run.bytes)
        .fold(0, u64::saturating_add);
    let cost = bytes.saturating_add(RUN_BYTES * runs.len() as u64);
    let is_long = bytes / LONG_RUN_BYTES >= runs.len() as u64;
    (!runs.is_empty() && !is_long && cost <= room / 4).then_some(runs)
}

impl Window {
    /// A window of so many bytes.
    pub(super) fn new(room: u64) -> Self {
        Self {
            room,
            held: 0,
            queue: VecDeque::new(),
            files: HashMap::new(),
            wanted: BTreeMap::new(),
            unread: 0,
            head: 0,
            number: 0,
            is_full: false,
        }
    }

    /// Lets it hold so many bytes from now on. What it holds beyond them it keeps until that is let go.
    pub(super) fn have_room(&mut self, bytes: u64) {
        self.room = bytes;
    }

    /// Bytes that it holds, or keeps room for.
    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// Expects a file; says whether it was not expected before.
    pub(super) fn expect(&mut self, file: Locator) -> bool {
        let is_new = !self.files.contains_key(&file);
        if is_new {
            self.files.insert(file, Stage::Queued);
            self.queue.push_back(file);
        }
        is_new
    }

    /// The file that is to be admitted next, if there may be room.
    pub(super) fn next(&mut self) -> Option<Locator> {
        // Those that are not expected any more are passed over.
        while let Some(file) = self.queue.front() {
            if matches!(self.files.get(file), Some(Stage::Queued)) {
                return (!self.is_full).then_some(*file);
            }
            self.queue.pop_front();
        }
        None
    }

    /// Admits the next file, whose runs these are; without any it is to be read directly.
    pub(super) fn admit(&mut self, file: Locator, runs: Option<Vec<Run>>) {
        let Some(stage @ Stage::Queued) = self.files.get_mut(&file) else {
            return;
        };
        let Some(runs) = runs else {
            *stage = Stage::Direct;
            return;
        };
        let all = runs.iter().map(|run| run.bytes).sum();
        let cost = all + RUN_BYTES * runs.len() as u64;
        if self.held + cost > self.room {
            self.is_full = true;
            return;
        }
        let (mut from, first) = (0, self.number);
        for run in &runs {
            let bytes = run.bytes;
            let key = (run.at.get(), self.number);
            self.wanted.insert(key, Want { file, bytes, from });
            self.number += 1;
            from += bytes;
        }
        self.held += cost;
        self.unread += all;
        *stage = Stage::Arriving(Arriving {
            cost,
            runs,
            first,
            bytes: Vec::new(),
            all,
            missing: all,
        });
    }

    /// Expects a file no more.
    pub(super) fn let_go(&mut self, file: Locator) {
        if let Some(stage) = self.files.remove(&file) {
            self.free(stage);
        }
    }

    /// Lets whoever wants a file read it.
    fn fail(&mut self, file: Locator) {
        if let Some(stage) = self.files.insert(file, Stage::Direct) {
            self.free(stage);
        }
    }

    /// Lets whoever wants a file read it, of all.
    pub(super) fn fail_all(&mut self) {
        let files: Vec<Locator> = self.files.keys().copied().collect();
        files.into_iter().for_each(|file| self.fail(file));
        self.queue.clear();
    }

    fn free(&mut self, stage: Stage) {
        let cost = match stage {
            Stage::Queued | Stage::Direct => return,
            Stage::Whole(_, cost) => cost,
            Stage::Arriving(reading) => {
                for (number, run) in (reading.first..).zip(&reading.runs) {
                    self.wanted.remove(&(run.at.get(), number));
                }
                self.unread -= reading.missing;
                reading.cost
            }
        };
        self.held -= cost;
        self.is_full = false;
    }

    /// What is read next: upward from where the last read ended. At the top it goes back to the bottom only if
    /// somebody waits, or there is much to read.
    pub(super) fn stretch(&mut self, is_awaited: bool) -> Option<Stretch> {
        let mut from = self
            .wanted
            .range((self.head, 0)..)
            .next()
            .map(|(key, _)| *key);
        if from.is_none() && (is_awaited || self.unread >= self.room / 4) {
            from = self.wanted.first_key_value().map(|(key, _)| *key);
        }
        let (start, _) = from?;
        let (mut end, mut parts) = (start, Vec::new());
        while let Some((&(at, number), want)) = self.wanted.range((start, 0)..).next() {
            let behind = at.saturating_add(want.bytes);
            let is_far = at > end.saturating_add(GAP_BYTES);
            let is_long = behind.max(end) - start > READ_BYTES;
            if !parts.is_empty() && (is_far || is_long) {
                break;
            }
            parts.push((at, *want));
            end = end.max(behind);
            self.wanted.remove(&(at, number));
        }
        self.head = end;
        Some(Stretch {
            range: start..end,
            parts,
        })
    }

    /// Takes bytes of a stretch that were read at `at`; `unread` are the ranges of the device that were not.
    pub(super) fn arrive(
        &mut self,
        stretch: &Stretch,
        at: u64,
        read: &[u8],
        unread: &[Range<u64>],
    ) {
        let came = at..at + read.len() as u64;
        for (start, want) in &stretch.parts {
            let range = came.start.max(*start)..came.end.min(start + want.bytes);
            if range.is_empty() {
                continue;
            }
            if unread
                .iter()
                .any(|bad| bad.start < range.end && range.start < bad.end)
            {
                self.fail(want.file);
                continue;
            }
            let to = want.from + (range.start - start);
            let piece = &read[index(range.start - at)..index(range.end - at)];
            self.unread -= self
                .files
                .get_mut(&want.file)
                .map_or(0, |it| it.take(to, piece));
        }
    }

    /// What is known of a file that is wanted now.
    pub(super) fn ask(&self, file: Locator) -> Known {
        match self.files.get(&file) {
            None | Some(Stage::Direct) => Known::Direct,
            Some(Stage::Whole(bytes, _)) => Known::Here(Arc::clone(bytes)),
            Some(Stage::Arriving(_)) => Known::Wait,
            // Those before it may be read by nobody before this is.
            Some(Stage::Queued) if self.is_full => Known::Direct,
            Some(Stage::Queued) => Known::Wait,
        }
    }
}

impl Stage {
    /// Takes a piece of its bytes; says how many it was waiting for.
    fn take(&mut self, to: u64, piece: &[u8]) -> u64 {
        let Self::Arriving(reading) = self else {
            return 0;
        };
        reading.bytes.resize(index(reading.all), 0);
        reading.bytes[index(to)..][..piece.len()].copy_from_slice(piece);
        let bytes = piece.len() as u64;
        reading.missing -= bytes;
        if reading.missing == 0 {
            let whole = Arc::new(std::mem::take(&mut reading.bytes));
            *self = Self::Whole(whole, reading.cost);
        }
        bytes
    }
}

/// A length that memory has room for.
pub(super) fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a window is smaller than memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::device::DeviceOffset;

    const MIB: u64 = 1 << 20;

    fn runs(runs: &[(u64, u64)]) -> Option<Vec<Run>> {
        let run = |&(at, bytes)| Run {
            at: DeviceOffset::new(at),
            bytes,
        };
        Some(runs.iter().map(run).collect())
    }

    fn file(number: u64) -> Locator {
        Locator::of(number)
    }

    fn admitted(window: &mut Window, number: u64, of: &[(u64, u64)]) {
        assert!(window.expect(file(number)));
        assert_eq!(window.next(), Some(file(number)));
        window.admit(file(number), runs(of));
    }

    /// Reads what is next, of a device in which each byte is its place; gives the range.
    fn read(window: &mut Window, is_awaited: bool) -> Option<Range<u64>> {
        let stretch = window.stretch(is_awaited)?;
        let range = stretch.range.clone();
        let bytes: Vec<u8> = range.clone().map(|at| at.to_le_bytes()[0]).collect();
        window.arrive(&stretch, range.start, &bytes, &[]);
        Some(range)
    }

    #[test]
    fn what_lies_near_is_read_at_once_and_the_head_goes_up_until_somebody_waits() {
        let mut window = Window::new(64 * MIB);
        admitted(&mut window, 1, &[(50 * MIB, 1000), (100, 1000)]);
        admitted(&mut window, 2, &[(50 * MIB + 200_000, 1000)]);
        admitted(&mut window, 3, &[(60 * MIB, 5000)]);
        window.head = 40 * MIB;
        assert_eq!(read(&mut window, false), Some(50 * MIB..50 * MIB + 201_000));
        assert!(matches!(window.ask(file(2)), Known::Here(_)));
        assert!(matches!(window.ask(file(1)), Known::Wait));
        assert_eq!(read(&mut window, false), Some(60 * MIB..60 * MIB + 5000));
        assert_eq!(read(&mut window, false), None, "it goes back for nobody");
        assert_eq!(read(&mut window, true), Some(100..1100));
        let Known::Here(bytes) = window.ask(file(1)) else {
            panic!("it is whole");
        };
        let places = (50 * MIB..50 * MIB + 1000).chain(100..1100);
        assert!(
            bytes
                .iter()
                .copied()
                .eq(places.map(|at| at.to_le_bytes()[0]))
        );
        for number in 1..=3 {
            window.let_go(file(number));
        }
        assert_eq!((window.held(), window.unread), (0, 0));
    }

    #[test]
    fn what_does_not_fit_waits_for_room_and_is_read_by_whoever_wants_it_before() {
        let mut window = Window::new(10_000);
        admitted(&mut window, 1, &[(0, 6000)]);
        admitted(&mut window, 2, &[(9000, 6000)]);
        assert_eq!(window.next(), None);
        assert!(matches!(window.ask(file(2)), Known::Direct));
        window.let_go(file(1));
        assert!(window.wanted.is_empty());
        assert_eq!(window.next(), Some(file(2)));
        window.admit(file(2), runs(&[(9000, 6000)]));
        assert!(matches!(window.ask(file(2)), Known::Wait));
        assert!(!window.expect(file(2)), "it is expected already");
    }

    #[test]
    fn a_file_with_a_bad_place_is_read_by_whoever_wants_it_and_takes_no_room() {
        let mut window = Window::new(64 * MIB);
        admitted(&mut window, 1, &[(0, 1000), (5000, 1000), (40 * MIB, 1000)]);
        admitted(&mut window, 2, &[(2000, 1000)]);
        let stretch = window.stretch(true).unwrap();
        assert_eq!(stretch.range, 0..6000);
        let bytes = vec![0; 6000];
        let bad = 5500..5600;
        window.arrive(&stretch, 0, &bytes, std::slice::from_ref(&bad));
        assert!(matches!(window.ask(file(1)), Known::Direct));
        assert!(matches!(window.ask(file(2)), Known::Here(_)));
        assert_eq!(window.held(), 1000 + RUN_BYTES);
        assert!(window.stretch(true).is_none(), "the rest of it is not read");
    }

    #[test]
    fn what_lies_between_is_known() {
        let mut window = Window::new(64 * MIB);
        admitted(&mut window, 1, &[(100, 100), (150, 100), (1000, 10)]);
        admitted(&mut window, 2, &[(120, 10), (2000, 5)]);
        let stretch = window.stretch(true).unwrap();
        assert_eq!(stretch.range, 100..2005);
        let gaps = |range: Range<u64>| -> Vec<(u64, u64)> {
            let gaps = stretch.gaps(&range).into_iter();
            gaps.map(|gap| (gap.start, gap.end)).collect()
        };
        assert_eq!(gaps(100..2005), [(250, 1000), (1010, 2000)]);
        assert_eq!(gaps(120..500), [(250, 500)]);
        assert_eq!(gaps(1003..1008), []);
        assert_eq!(gaps(1500..1600), [(1500, 1600)]);
    }

    #[test]
    fn a_file_that_is_let_go_while_it_is_read_leaves_nothing() {
        let mut window = Window::new(64 * MIB);
        admitted(&mut window, 1, &[(0, 1000)]);
        let stretch = window.stretch(true).unwrap();
        window.let_go(file(1));
        window.arrive(&stretch, 0, &[0; 1000], &[]);
        assert_eq!((window.held(), window.unread), (0, 0));
        assert!(matches!(window.ask(file(1)), Known::Direct));
    }

    #[test]
    fn a_long_run_is_read_whole_and_in_pieces_that_arrive_alone() {
        let mut window = Window::new(64 * MIB);
        admitted(&mut window, 1, &[(MIB, 7 * MIB), (0, 10)]);
        let stretch = window.stretch(true).unwrap();
        assert_eq!(stretch.range, 0..10);
        window.arrive(&stretch, 0, &[0; 10], &[]);
        let stretch = window.stretch(true).unwrap();
        assert_eq!(stretch.range, MIB..8 * MIB);
        for at in (MIB..8 * MIB).step_by(index(READ_BYTES)) {
            assert!(matches!(window.ask(file(1)), Known::Wait));
            let bytes = index(READ_BYTES.min(8 * MIB - at));
            window.arrive(&stretch, at, &vec![7; bytes], &[]);
        }
        assert!(matches!(window.ask(file(1)), Known::Here(_)));
    }

    #[test]
    fn files_in_long_runs_large_files_and_those_that_lie_nowhere_are_read_alone() {
        use crate::layout::{Origin, Piece};
        let layout = |runs: &[(u64, u64)]| {
            let piece = |&(at, bytes)| Piece {
                bytes,
                origin: Origin::Device(DeviceOffset::new(at)),
            };
            Layout::new(runs.iter().map(piece).collect()).unwrap()
        };
        let is_windowed = |runs| windowed(&layout(runs), 64 * MIB).is_some();
        assert!(is_windowed(&[(0, 7 * MIB)]));
        assert!(!is_windowed(&[(0, 8 * MIB)]));
        assert!(is_windowed(&[(0, 8 * MIB), (10 * MIB, 1)]));
        assert!(!is_windowed(&[
            (0, 15 * MIB),
            (20 * MIB, MIB),
            (30 * MIB, 1)
        ]));
        assert!(!is_windowed(&[]));
    }
}
