//! What could be read of a device, from the map that lies beside a report: how much of each kind, where what was not read is,
//! and a picture of it in a few cells.
//!
//! The map is in the format of GNU ddrescue; who reads devices keeps it (`disks::rescue`), and here it is only told of. What
//! came only when it was tried again stands in comments, since ddrescue has no letter for it.

use std::collections::BTreeMap;

use crate::live_map::cell_of;

/// Longest map that is told of, in bytes: some 100,000 blocks.
pub const MAP_BYTES: u64 = 4 << 20;

/// Ranges that are named of those that were not read.
const RANGES: usize = 1_000;

/// Cells of the picture.
pub const CELLS: u64 = 240;

/// How a comment begins that names a stretch which came only when it was tried again: its position and size follow.
pub const CAME_AGAIN: &str = "# came again:";

/// What is known of a stretch, the better before the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stretched {
    /// It was read.
    Read,
    /// It was read, but only when it was tried again.
    Again,
    /// It was never asked for, or skipped behind an error.
    Untried,
    /// A read of all of it failed, and its parts were not all tried.
    Failed,
    /// Each of its sectors was tried alone, and failed.
    Bad,
}

impl Stretched {
    /// What a letter of the map stands for, or `~`, which is ours.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        match letter {
            '+' => Some(Self::Read),
            '~' => Some(Self::Again),
            '?' => Some(Self::Untried),
            '*' | '/' => Some(Self::Failed),
            '-' => Some(Self::Bad),
            _ => None,
        }
    }

    /// The letter of the map for it; of what came when it was tried again `~`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Read => '+',
            Self::Again => '~',
            Self::Untried => '?',
            Self::Failed => '/',
            Self::Bad => '-',
        }
    }

    /// A word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Again => "read when tried again",
            Self::Untried => "not tried",
            Self::Failed => "failed, not tried to the end",
            Self::Bad => "bad",
        }
    }
}

/// A stretch of a device that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotRead {
    /// Its first byte.
    pub at: u64,
    /// How long it is.
    pub bytes: u64,
    /// What is known of it.
    pub what: Stretched,
}

/// What could be read of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMap {
    /// How long the device is.
    pub bytes: u64,
    /// How many bytes of each kind there are; what came when it was tried again is among what was read.
    pub sums: BTreeMap<Stretched, u64>,
    /// How many bytes came only when they were tried again.
    pub again: u64,
    /// The first stretches that were not read.
    pub ranges: Vec<NotRead>,
    /// How many there are.
    pub count: u64,
    /// The device in [`CELLS`] equal parts: the worst of each.
    pub cells: Vec<Stretched>,
}

impl DeviceMap {
    /// Reads a map; `None` of a text that is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        let mut lines = lines.map(str::trim).filter(|line| !line.is_empty());
        // How far it was is of no interest any more.
        lines.next()?;
        let mut blocks: Vec<NotRead> = Vec::new();
        let mut end = 0;
        for line in lines {
            let block = block(line)?;
            if block.at != end {
                return None;
            }
            end = block.at.checked_add(block.bytes)?;
            blocks.push(block);
        }
        let mut map = Self::of(end, &blocks);
        for stretch in text.lines().filter_map(came_again) {
            map.came_again(stretch);
        }
        Some(map)
    }

    /// What lies outside of the device is no part of it.
    fn came_again(&mut self, stretch: NotRead) {
        let is_inside = stretch
            .at
            .checked_add(stretch.bytes)
            .is_some_and(|end| end <= self.bytes);
        if is_inside {
            self.again = self.again.saturating_add(stretch.bytes);
            self.mark(&stretch);
        }
    }

    fn of(bytes: u64, blocks: &[NotRead]) -> Self {
        let mut map = Self {
            bytes,
            sums: BTreeMap::new(),
            again: 0,
            ranges: Vec::new(),
            count: 0,
            cells: vec![Stretched::Read; usize::try_from(CELLS.min(bytes)).unwrap_or_default()],
        };
        for block in blocks {
            *map.sums.entry(block.what).or_default() += block.bytes;
            if block.what == Stretched::Read {
                continue;
            }
            map.count += 1;
            if map.ranges.len() < RANGES {
                map.ranges.push(*block);
            }
            map.mark(block);
        }
        map
    }

    fn mark(&mut self, block: &NotRead) {
        let cell = |at: u64| cell_of(at, self.bytes, self.cells.len());
        let last = block.at + block.bytes.saturating_sub(1);
        let cells = cell(block.at)..=cell(last);
        for cell in self.cells.get_mut(cells).unwrap_or_default() {
            *cell = (*cell).max(block.what);
        }
    }

    /// How many bytes are of a kind.
    #[must_use]
    pub fn sum(&self, what: Stretched) -> u64 {
        self.sums.get(&what).copied().unwrap_or_default()
    }
}

fn block(line: &str) -> Option<NotRead> {
    let mut words = line.split_whitespace();
    let (at, bytes) = (number(words.next()?)?, number(words.next()?)?);
    let letter = words
        .next()
        .filter(|word| word.len() == 1 && *word != "~")?;
    let what = Stretched::of(letter.chars().next()?)?;
    (words.next().is_none() && bytes > 0).then_some(NotRead { at, bytes, what })
}

/// The stretch that a comment names.
fn came_again(line: &str) -> Option<NotRead> {
    let mut words = line.strip_prefix(CAME_AGAIN)?.split_whitespace();
    let (at, bytes) = (number(words.next()?)?, number(words.next()?)?);
    let what = Stretched::Again;
    (bytes > 0).then_some(NotRead { at, bytes, what })
}

/// As those who read devices write it: `0x` and hexadecimal digits.
fn number(word: &str) -> Option<u64> {
    let digits = word.strip_prefix("0x")?;
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16).ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "# Mapfile. Created by Longshore\n# current_pos  current_status  current_pass\n0x00100000     +               1\n\
        #      pos        size  status\n0x00000000  0x00080000  +\n0x00080000  0x00000200  -\n0x00080200  0x00001000  /\n\
        0x00081200  0x0006EE00  ?\n0x000F0000  0x00010000  +\n";

    #[test]
    fn a_map_is_told_in_sums_ranges_and_cells() {
        let map = DeviceMap::read(MAP).unwrap();
        assert_eq!((map.bytes, map.count), (0x10_0000, 3));
        assert_eq!(map.sum(Stretched::Bad), 0x200);
        assert_eq!(map.sums.values().sum::<u64>(), map.bytes);
        assert_eq!(
            map.ranges[0],
            NotRead {
                at: 0x8_0000,
                bytes: 0x200,
                what: Stretched::Bad
            }
        );
        assert_eq!(map.cells.len(), 240);
        let at = |share: usize| map.cells[share];
        assert_eq!((at(0), at(119)), (Stretched::Read, Stretched::Read));
        assert_eq!(
            (at(120), at(200)),
            (Stretched::Bad, Stretched::Untried),
            "the worst of a cell counts"
        );
        assert_eq!(at(239), Stretched::Read);
    }

    #[test]
    fn what_came_when_it_was_tried_again_is_read_and_seen() {
        let text = format!(
            "{CAME_AGAIN} 0x1000 0x100\n{CAME_AGAIN} 0x80000 0x200\n{CAME_AGAIN} 0x100000 0x1\n{CAME_AGAIN} words\n{MAP}"
        );
        let map = DeviceMap::read(&text).unwrap();
        assert_eq!(map.again, 0x300, "what lies behind the end is not counted");
        assert_eq!(map.sums.values().sum::<u64>(), map.bytes);
        let letters: String = map.cells.iter().map(|cell| cell.letter()).collect();
        assert_eq!(letters.matches('~').count(), 1, "{letters}");
        assert!(letters.contains('-'), "the worse is shown: {letters}");
    }

    #[test]
    fn a_small_device_has_fewer_cells_and_none_has_none() {
        let map = DeviceMap::read("0x0 + 1\n0x0 0x2 +\n0x2 0x1 -\n").unwrap();
        assert_eq!(
            map.cells,
            [Stretched::Read, Stretched::Read, Stretched::Bad]
        );
        let nothing = DeviceMap::read("0x0 + 1\n").unwrap();
        assert_eq!((nothing.bytes, nothing.cells.len()), (0, 0));
    }

    #[test]
    fn what_is_no_map_is_not_told_of() {
        for text in [
            "",
            "# words\n",
            "0x0 + 1\n0x1 0x1 +\n",
            "0x0 + 1\n0x0 0x0 +\n",
            "0x0 + 1\n0x0 0x1 !\n",
            "0x0 + 1\n0x0 0x1 ~\n",
            "0x0 + 1\n0x0 0x1 + +\n",
            "0x0 + 1\n0x0 0xFFFFFFFFFFFFFFFF +\n0xFFFFFFFFFFFFFFFF 0x2 +\n",
            "0x0 + 1\n0x+1 0x1 +\n",
        ] {
            assert_eq!(DeviceMap::read(text), None, "{text:?}");
        }
    }
}
