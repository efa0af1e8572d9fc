//! What is known of a failing device, in the format of GNU ddrescue's mapfile.
//!
//! Lines of text, numbers as in C: comments behind `#`; one line with the position, the phase and the pass; then the
//! device from its first byte on without a gap, one block a line: position, size, status (ddrescue's manual, *Mapfile
//! structure*). ddrescue goes on with what is written here, and the other way round. What was read only when it was tried
//! again is named in comments at the end.

use std::fmt::Write as _;
use std::ops::Range;

use model::report::device_map::CAME_AGAIN;

use super::spans::Spans;

/// Stretches that are named of those that came only when they were tried again.
const NAMED: usize = 1_000;

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
    /// What of it was read only when it was tried again, in order: for whoever looks, and not to go on with.
    pub again: Vec<Range<u64>>,
}

impl RescueMap {
    /// The map of a device of `bytes` of which nothing was tried.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes,
            blocks: Spans::default(),
            position: Position::default(),
            again: Vec::new(),
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
        for range in self.again.iter().take(NAMED) {
            let (start, bytes) = (range.start, range.end - range.start);
            let _ = writeln!(text, "{CAME_AGAIN} 0x{start:08X} 0x{bytes:08X}");
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From ddrescue's manual.
    const SAMPLE: &str = "# Mapfile. Created by GNU ddrescue version 1.27\n\
        # Command line: ddrescue -d -c18 /dev/fd0 fdimage mapfile\n\
        # current_pos  current_status  current_pass\n\
        0x00120000     ?               1\n\
        #      pos        size  status\n\
        0x00000000  0x00117000  +\n0x00117000  0x00000200  -\n0x00117200  0x00001000  /\n\
        0x00118200  0x00007E00  *\n0x00120000  0x00048000  ?\n";

    #[test]
    fn a_map_of_ddrescue_is_read() {
        let map = RescueMap::parse(SAMPLE).unwrap();
        let (at, phase, pass) = (0x12_0000, Phase::Copying, 1);
        assert_eq!(map.position, Position { at, phase, pass });
        let expected = [
            (0..0x11_7000, Status::Read),
            (0x11_7000..0x11_7200, Status::Bad),
            (0x11_7200..0x11_8200, Status::Unscraped),
            (0x11_8200..0x12_0000, Status::Untrimmed),
            (0x12_0000..0x16_8000, Status::Untried),
        ];
        assert_eq!((map.bytes(), &*map.blocks()), (0x16_8000, &expected[..]));
        assert!(SAMPLE.ends_with(map.render().split_once("# current_pos").unwrap().1));
        // As a person writes one, and as old versions did, without the number of the pass.
        let edited = RescueMap::parse("8 -\n0 010 + # well\n\n8 16 -\n").unwrap();
        let expected = [(0..8, Status::Read), (8..24, Status::Bad)];
        assert_eq!(
            (edited.position.pass, &*edited.blocks()),
            (1, &expected[..])
        );
    }

    #[test]
    fn what_is_no_map_is_refused_by_its_line() {
        let refused = |text: &str| RescueMap::parse(text).map(drop).unwrap_err();
        assert_eq!(refused("# only words\n"), BadMap::Empty);
        for status in [
            "0 !  1", "0 ?? 1", "0 ? 0", "0 ? 1 1", "-1 ? 1", "x ? 1", "0x ? 1",
        ] {
            assert_eq!(refused(status), BadMap::Line(1), "{status}");
        }
        for block in [
            "0 0 +",
            "0 1 #",
            "0 1 +-",
            "0 1",
            "0x+1 1 +",
            "0 08 +",
            "1 18446744073709551615 +",
        ] {
            assert_eq!(
                refused(&format!("0 ? 1\n{block}\n")),
                BadMap::Line(2),
                "{block}"
            );
        }
        assert_eq!(refused("0 + 1\n0 8 +\n9 8 +\n"), BadMap::Gap(3));
        assert_eq!(refused("0 + 1\n0 8 +\n7 8 +\n"), BadMap::Gap(3));
    }

    proptest! {
        #[test]
        fn a_map_is_read_as_it_was_written(
            blocks in prop::collection::vec((1..1_u64 << 50, 0..5_usize), 1..50),
            at: u64, phase in 0..8_usize, pass in 1..9_u32,
        ) {
            let total = blocks.iter().map(|(bytes, _)| bytes).sum();
            let (mut map, mut end) = (RescueMap::new(total), 0);
            map.position = Position { at, phase: Phase::ALL[phase], pass };
            for (bytes, status) in blocks {
                map.set(end..end + bytes, Status::ALL[status]);
                end += bytes;
            }
            let again = RescueMap::parse(&map.render()).unwrap();
            prop_assert_eq!((again.bytes(), again.position), (total, map.position));
            prop_assert_eq!(again.blocks(), map.blocks());
        }

        #[test]
        fn no_text_is_too_odd_to_be_answered(text in "[0-9a-fx?*/+#% \\-\n]{0,80}") {
            let _read = RescueMap::parse(&text);
        }
    }
}
