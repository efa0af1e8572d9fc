//! Bytes of a file that its device could not give: how they are kept, told, and carried by an object that has zeros
//! in their place.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::readable;

/// A range of bytes that the device would not give, in the terms of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRange {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

impl BadRange {
    /// The byte behind it; `None` of one that cannot be.
    fn end(self) -> Option<u64> {
        self.offset.checked_add(self.bytes)
    }
}

/// The ranges of a file that could not be read: in order, apart from each other, none of them empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<BadRange>", into = "Vec<BadRange>")]
pub struct Missing(Vec<BadRange>);

/// Ranges that cannot be those of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRanges {
    /// They overlap, are out of order or empty, or end where no file does.
    #[error("the missing ranges are not in order and apart from each other")]
    Unordered,
    /// They are more than a record holds.
    #[error("the missing ranges are more than {}", limits::MISSING_RANGES)]
    TooMany,
}

impl TryFrom<Vec<BadRange>> for Missing {
    type Error = NoRanges;

    fn try_from(ranges: Vec<BadRange>) -> Result<Self, NoRanges> {
        if ranges.len() > limits::MISSING_RANGES {
            return Err(NoRanges::TooMany);
        }
        let mut end = None;
        for range in &ranges {
            let is_behind = end.is_none_or(|end| range.offset > end);
            end = range.end().filter(|_| is_behind && range.bytes > 0);
            end.ok_or(NoRanges::Unordered)?;
        }
        Ok(Self(ranges))
    }
}

impl From<Missing> for Vec<BadRange> {
    fn from(missing: Missing) -> Self {
        missing.0
    }
}

impl Missing {
    /// The ranges that a device gave up, in any order; those that touch are one.
    ///
    /// # Errors
    /// [`NoRanges`] if they are more than a record holds, or cannot be of a file.
    pub fn of(given_up: impl IntoIterator<Item = Range<u64>>) -> Result<Self, NoRanges> {
        let mut given_up: Vec<_> = given_up.into_iter().collect();
        given_up.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for range in given_up.into_iter().filter(|range| !range.is_empty()) {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        let bad = |range: Range<u64>| BadRange {
            offset: range.start,
            bytes: range.end - range.start,
        };
        ranges.into_iter().map(bad).collect::<Vec<_>>().try_into()
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are missing.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = self.0.iter().map(|range| range.bytes);
        bytes.fold(0, u64::saturating_add)
    }

    /// The ranges, in bytes of the file.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let end = |range: &BadRange| range.offset.saturating_add(range.bytes);
        self.0.iter().map(move |range| range.offset..end(range))
    }

    /// The range that `offset` lies in, or the next one behind it.
    #[must_use]
    pub fn next(&self, offset: u64) -> Option<Range<u64>> {
        let end = |range: &BadRange| range.offset.saturating_add(range.bytes);
        let at = self.0.partition_point(|range| end(range) <= offset);
        self.0.get(at).map(|range| range.offset..end(range))
    }

    /// Zeros in `buffer`, which is what a file has at `offset`, wherever bytes are missing.
    pub fn blank(&self, offset: u64, buffer: &mut [u8]) {
        let length = buffer.len();
        let within = |place: u64| {
            let place = usize::try_from(place.saturating_sub(offset));
            place.unwrap_or(length).min(length)
        };
        let mut place = offset;
        while let Some(range) = self.next(place) {
            let (start, end) = (within(range.start), within(range.end));
            if start == length {
                return;
            }
            buffer[start..end].fill(0);
            place = range.end;
        }
    }

    /// What a person reads of a file of `of` bytes: `4,096 of 734,003,200 bytes could not be read, first at 1,048,576`.
    #[must_use]
    pub fn words(&self, of: u64) -> String {
        let first = self.0.first().map_or(0, |range| range.offset);
        format!(
            "{} of {} bytes could not be read, first at {}",
            readable::number(self.bytes()),
            readable::number(of),
            readable::number(first)
        )
    }

    /// The ranges as HTTP writes them, `1048576-1052671,2097152-2097663`: the first and the last byte of each.
    #[must_use]
    pub fn list(&self) -> String {
        let last = |range: &Range<u64>| range.end.saturating_sub(1);
        let ranges = self
            .ranges()
            .map(|range| format!("{}-{}", range.start, last(&range)));
        ranges.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(ranges: &[Range<u64>]) -> Missing {
        Missing::of(ranges.to_vec()).unwrap()
    }

    #[test]
    fn ranges_are_told_in_words_and_as_http_writes_them() {
        let missing = missing(&[1_048_576..1_050_624, 4_194_304..4_196_352]);
        assert_eq!(missing.bytes(), 4096);
        assert_eq!(
            missing.words(734_003_200),
            "4,096 of 734,003,200 bytes could not be read, first at 1,048,576"
        );
        assert_eq!(missing.list(), "1048576-1050623,4194304-4196351");
    }

    #[test]
    fn ranges_come_in_any_order_and_those_that_touch_are_one() {
        let of = |ranges: &[Range<u64>]| missing(ranges).ranges().collect::<Vec<_>>();
        assert_eq!(of(&[8..9, 0..2, 2..4, 3..5, 6..6]), [0..5, 8..9]);
        assert!(missing(&[]).is_empty());
    }

    /// What stands in a record is believed only if it can be.
    #[test]
    fn ranges_of_records_are_checked() {
        let read = |text: &str| serde_json::from_str::<Missing>(text).is_ok();
        assert!(read(
            r#"[{"offset":0,"bytes":1},{"offset":2,"bytes":18446744073709551613}]"#
        ));
        for wrong in [
            r#"[{"offset":0,"bytes":0}]"#,
            r#"[{"offset":0,"bytes":2},{"offset":1,"bytes":1}]"#,
            r#"[{"offset":0,"bytes":2},{"offset":2,"bytes":1}]"#,
            r#"[{"offset":1,"bytes":18446744073709551615}]"#,
        ] {
            assert!(!read(wrong), "{wrong}");
        }
        let many = |count: u64| Missing::of((0..count).map(|at| 2 * at..2 * at + 1));
        assert!(many(10_000).is_ok());
        assert_eq!(many(10_001), Err(NoRanges::TooMany));
    }

    /// The most ranges of the most digits fit into a record of the journal, and a line of a report.
    #[test]
    fn the_most_ranges_fit_into_a_record() {
        let range = BadRange {
            offset: u64::MAX,
            bytes: u64::MAX,
        };
        let text = serde_json::to_string(&vec![range; limits::MISSING_RANGES]).unwrap();
        assert!(text.len() < 640 << 10, "{}", text.len());
    }

    #[test]
    fn what_is_missing_is_blanked_and_nothing_beside_it() {
        let missing = missing(&[2..4, 6..7, 9..40]);
        for (offset, length, expected) in [
            (0, 12, "xx..xx.xx..."),
            (3, 2, ".x"),
            (4, 2, "xx"),
            (20, 3, "..."),
            (40, 2, "xx"),
            (7, 0, ""),
        ] {
            let mut buffer = vec![b'x'; length];
            missing.blank(offset, &mut buffer);
            let shown = String::from_utf8(buffer).unwrap().replace('\0', ".");
            assert_eq!(shown, expected, "{offset}");
        }
    }
}
