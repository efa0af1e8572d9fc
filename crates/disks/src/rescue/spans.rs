//! What is said of stretches of a device: spans that do not overlap, each with a value.
//!
//! Spans that touch and have the same value are one, so that there are as many as there are changes.

use std::collections::BTreeMap;
use std::ops::Range;

/// Spans by where they begin: end and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spans<T> {
    spans: BTreeMap<u64, (u64, T)>,
}

impl<T> Default for Spans<T> {
    fn default() -> Self {
        let spans = BTreeMap::new();
        Self { spans }
    }
}

impl<T: Copy + PartialEq> Spans<T> {
    /// Says `value` of a range, whatever was said of it before; `None` takes back what was said.
    pub(crate) fn set(&mut self, range: Range<u64>, value: Option<T>) {
        if range.is_empty() {
            return;
        }
        self.clear(&range);
        let Some(value) = value else {
            return;
        };
        let Range { mut start, mut end } = range;
        if let Some((before, said)) = self.ending_at(start)
            && said == value
        {
            start = before;
        }
        if let Some(&(after, said)) = self.spans.get(&end)
            && said == value
        {
            self.spans.remove(&end);
            end = after;
        }
        self.spans.insert(start, (end, value));
    }

    /// Start and value of the span that ends at a place.
    fn ending_at(&self, at: u64) -> Option<(u64, T)> {
        let (start, (end, value)) = self.spans.range(..at).next_back()?;
        (*end == at).then_some((*start, *value))
    }

    /// Takes a range out of what is said.
    fn clear(&mut self, range: &Range<u64>) {
        let cut: Vec<u64> = self.over(range.clone()).map(|(start, ..)| start).collect();
        for start in cut {
            let Some((end, value)) = self.spans.remove(&start) else {
                continue;
            };
            if start < range.start {
                self.spans.insert(start, (range.start, value));
            }
            if range.end < end {
                self.spans.insert(range.end, (end, value));
            }
        }
    }

    /// Start, end and value of the spans that share bytes with a range.
    fn over(&self, range: Range<u64>) -> impl Iterator<Item = (u64, u64, T)> + use<'_, T> {
        let Range { start, end } = range;
        let first = self.spans.range(..=start).next_back();
        let from = first
            .filter(|(_, (reach, _))| *reach > start)
            .map_or(start, |(at, _)| *at);
        self.spans
            .range(from..end.max(from))
            .filter(move |_| start < end)
            .map(|(at, (end, value))| (*at, *end, *value))
    }

    /// What is said of a range, in order and cut to it.
    pub(crate) fn within(
        &self,
        range: Range<u64>,
    ) -> impl Iterator<Item = (Range<u64>, T)> + use<'_, T> {
        self.over(range.clone())
            .map(move |(start, end, value)| (start.max(range.start)..end.min(range.end), value))
    }

    /// The whole of a range in order: what is said of it, and where nothing is.
    pub(crate) fn pieces(&self, range: Range<u64>) -> Vec<(Range<u64>, Option<T>)> {
        let (mut pieces, mut at, end) = (Vec::new(), range.start, range.end);
        for (span, value) in self.within(range) {
            if at < span.start {
                pieces.push((at..span.start, None));
            }
            at = span.end;
            pieces.push((span, Some(value)));
        }
        if at < end {
            pieces.push((at..end, None));
        }
        pieces
    }

    /// All of it, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Range<u64>, T)> + '_ {
        let span = |(start, (end, value)): (&u64, &(u64, T))| (*start..*end, *value);
        self.spans.iter().map(span)
    }

    /// Where a value is said, in order.
    pub(crate) fn of(&self, value: T) -> Vec<Range<u64>> {
        let same = self.iter().filter(|(_, other)| *other == value);
        same.map(|(range, _)| range).collect()
    }

    /// What is said of one place.
    pub(crate) fn at(&self, place: u64) -> Option<T> {
        let (_, (end, value)) = self.spans.range(..=place).next_back()?;
        (place < *end).then_some(*value)
    }

    /// How many spans there are.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }
}

/// Puts a range at the end of others; one that touches the last makes it longer.
pub(crate) fn push(ranges: &mut Vec<Range<u64>>, range: Range<u64>) {
    match ranges.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ if range.is_empty() => {}
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACES: usize = 40;

    fn range() -> impl Strategy<Value = Range<u64>> {
        (0..PLACES as u64, 0..12_u64).prop_map(|(at, n)| at..(at + n).min(PLACES as u64))
    }

    proptest! {
        /// Beside an array with a value for each place.
        #[test]
        fn they_say_what_an_array_says(acts in prop::collection::vec((range(), 0..4_u8), 0..40), seen in range()) {
            let (mut spans, mut array) = (Spans::default(), [None; PLACES]);
            for (range, value) in acts {
                let value = (value > 0).then_some(value);
                spans.set(range.clone(), value);
                range.for_each(|at| array[usize::try_from(at).unwrap()] = value);
            }
            let at = |place: u64| array[usize::try_from(place).unwrap()];
            for place in 0..PLACES as u64 {
                prop_assert_eq!(spans.at(place), at(place));
            }
            let all: Vec<_> = spans.iter().collect();
            for pair in all.windows(2) {
                prop_assert!(pair[0].0.end < pair[1].0.start || pair[0].1 != pair[1].1);
            }
            let mut expected = seen.start;
            for (piece, value) in spans.pieces(seen.clone()) {
                prop_assert_eq!(piece.start, expected);
                expected = piece.end;
                prop_assert!(!piece.is_empty() && piece.clone().all(|place| at(place) == value));
            }
            prop_assert_eq!(expected, seen.end);
            let within: Vec<u64> = spans.within(seen.clone()).flat_map(|(piece, _)| piece).collect();
            let expected: Vec<u64> = seen.filter(|place| at(*place).is_some()).collect();
            prop_assert_eq!(within, expected);
        }
    }
}
