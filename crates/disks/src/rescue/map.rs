//! What is known of a failing device, in the format of GNU ddrescue's mapfile.
//!
//! Lines of text, numbers as in C: comments behind `#`; one line with the position, the phase and the pass; then the
//! device from its first byte on without a gap, one block a line: position, size, status (ddrescue's manual, *Mapfile
//! structure*). ddrescue goes on with what is written here, and the other way round.

use std::fmt::Write as _;
use std::ops::Range;

use super::spans::Spans;

/// What is known of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody asked for it, or it lies behind an error and was skipped.
    Untried,
    /// A read of all of it failed: its edges are next.
    Untrimmed,
    /// Within two edges that cannot be read: its sectors are next.
    Unscraped,
    /// Each of its sectors was read alone and failed.
    Bad,
    /// It was read.
    Read,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Untried stretches are read.
    #[default]
    Copying,
    /// The same without skipping, as ddrescue 1.30 calls it.
    Sweeping,
    /// The edges of failed stretches are looked for.
    Trimming,
    /// Their sectors are read.
    Scraping,
    /// Bad sectors are read again.
    Retrying,
    /// Ddrescue's fill mode.
    Filling,
    /// Ddrescue's generate mode.
    Generating,
    /// All is done.
    Finished,
}

/// How far it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Where the device was read last.
    pub at: u64,
    /// What was being done.
    pub phase: Phase,
    /// How often it was begun, from 1.
    pub pass: u32,
}

impl Default for Position {
    fn default() -> Self {
        let (at, phase, pass) = (0, Phase::default(), 1);
        Self { at, phase, pass }
    }
}

/// A text that is no map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMap {
    /// A line that says nothing.
    #[error("line {0} of the map is damaged")]
    Line(usize),
    /// A block that does not begin where the last one ends.
    #[error("line {0} of the map does not go on where the line before it ends")]
    Gap(usize),
    /// There is not even a line of status.
    #[error("the map has no line that says how far it is")]
    Empty,
}

/// The map of a device.
#[derive(Debug, Clone)]
pub struct RescueMap {
    bytes: u64,
    blocks: Spans<Status>,
    /// How far it was.
    pub position: Position,
}

impl RescueMap {
    /// The map of a device of `bytes` of which nothing was tried.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes,
            blocks: Spans::default(),
            position: Position::default(),
        }
    }

    /// How long the device is.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Says what is known of a range; what lies past the end is left out.
    pub fn set(&mut self, range: Range<u64>, status: Status) {
        self.blocks
            .set(range.start..range.end.min(self.bytes), Some(status));
    }

    /// The whole device in order, without a gap; blocks that touch differ.
    #[must_use]
    pub fn blocks(&self) -> Vec<(Range<u64>, Status)> {
        let mut blocks: Vec<(Range<u64>, Status)> = Vec::new();
        for (range, status) in self.blocks.pieces(0..self.bytes) {
            let status = status.unwrap_or(Status::Untried);
            match blocks.last_mut() {
                Some((last, before)) if *before == status => last.end = range.end,
                _ => blocks.push((range, status)),
            }
        }
        blocks
    }

    /// Where the device has a status, in order.
    #[must_use]
    pub fn ranges(&self, status: Status) -> Vec<Range<u64>> {
        let blocks = self.blocks().into_iter();
        blocks
            .filter(|(_, found)| *found == status)
            .map(|(range, _)| range)
            .collect()
    }

    /// Reads what [`RescueMap::render`] or ddrescue has written.
    ///
    /// # Errors
    /// [`BadMap`] with the first line that is wrong, from 1.
    pub fn parse(text: &str) -> Result<Self, BadMap> {
        let mut lines = (1..).zip(text.lines()).filter_map(|(number, line)| {
            let words = line.split('#').next()?.split_whitespace();
            let words: Vec<&str> = words.collect();
            (!words.is_empty()).then_some((number, words))
        });
        let (number, words) = lines.next().ok_or(BadMap::Empty)?;
        let position = position(&words).ok_or(BadMap::Line(number))?;
        let mut map = Self::new(0);
        map.position = position;
        for (number, words) in lines {
            let (range, status) = block(&words).ok_or(BadMap::Line(number))?;
            if map.bytes != range.start && map.bytes != 0 {
                return Err(BadMap::Gap(number));
            }
            map.bytes = range.end;
            map.set(range, status);
        }
        Ok(map)
    }

    /// The text of the map.
    #[must_use]
    pub fn render(&self) -> String {
        let Position { at, phase, pass } = self.position;
        let mut text = format!(
            "# Mapfile. Created by Longshore\n\
             # current_pos  current_status  current_pass\n\
             0x{at:08X}     {}               {pass}\n\
             #      pos        size  status\n",
            phase.letter()
        );
        for (range, status) in self.blocks() {
            let (start, bytes) = (range.start, range.end - range.start);
            let letter = status.letter();
            // Into a string: it cannot fail.
            let _ = writeln!(text, "0x{start:08X}  0x{bytes:08X}  {letter}");
        }
        text
    }
}

impl Status {
    const ALL: [Self; 5] = [
        Self::Untried,
        Self::Untrimmed,
        Self::Unscraped,
        Self::Bad,
        Self::Read,
    ];

    fn letter(self) -> char {
        match self {
            Self::Untried => '?',
            Self::Untrimmed => '*',
            Self::Unscraped => '/',
            Self::Bad => '-',
            Self::Read => '+',
        }
    }
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Copying,
        Self::Sweeping,
        Self::Trimming,
        Self::Scraping,
        Self::Retrying,
        Self::Filling,
        Self::Generating,
        Self::Finished,
    ];

    fn letter(self) -> char {
        match self {
            Self::Copying => '?',
            Self::Sweeping => '%',
            Self::Trimming => '*',
            Self::Scraping => '/',
            Self::Retrying => '-',
            Self::Filling => 'F',
            Self::Generating => 'G',
            Self::Finished => '+',
        }
    }
}

fn position(words: &[&str]) -> Option<Position> {
    let (at, phase, pass) = match words {
        [at, phase] => (at, phase, 1),
        [at, phase, pass] => (at, phase, pass.parse().ok().filter(|pass| *pass > 0)?),
        _ => return None,
    };
    let phase = Phase::ALL
        .into_iter()
        .find(|it| is_letter(phase, it.letter()))?;
    let at = number(at)?;
    Some(Position { at, phase, pass })
}

fn block(words: &[&str]) -> Option<(Range<u64>, Status)> {
    let [start, bytes, status] = words else {
        return None;
    };
    let status = Status::ALL
        .into_iter()
        .find(|it| is_letter(status, it.letter()))?;
    let start = number(start)?;
    let end = start.checked_add(number(bytes)?)?;
    (start < end).then_some((start..end, status))
}

fn is_letter(word: &str, letter: char) -> bool {
    let mut letters = word.chars();
    letters.next() == Some(letter) && letters.next().is_none()
}

/// An integer as C writes it: `0x` hexadecimal, a leading `0` octal, decimal otherwise.
fn number(word: &str) -> Option<u64> {
    let (digits, radix) = match word.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&word[2..], 16),
        [b'0', _, ..] => (&word[1..], 8),
        _ => (word, 10),
    };
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(digits, radix).ok().filter(|_| is_plain)
}
