//! Names, sizes and times, as templates show them.

use model::readable;
use model::time::Timestamp;

/// Most characters of a name from a device or a customer that are shown.
const NAME_CHARS: usize = 400;

/// Most characters of a line of a text that are shown.
const LINE_CHARS: usize = 4_000;

/// A value, or what leads to it: templates pass either.
pub(super) trait Said<T> {
    fn said(&self) -> T;
}

impl Said<u64> for u64 {
    fn said(&self) -> u64 {
        *self
    }
}

impl Said<Timestamp> for Timestamp {
    fn said(&self) -> Timestamp {
        *self
    }
}

impl<T, S: Said<T>> Said<T> for &S {
    fn said(&self) -> T {
        (*self).said()
    }
}

/// A name from elsewhere, on one line and harmless.
pub(super) fn name(text: impl AsRef<str>) -> String {
    readable::name(text.as_ref(), NAME_CHARS)
}

/// A line of a text from elsewhere, harmless and as long as lines are.
pub(super) fn line(text: impl AsRef<str>) -> String {
    readable::name(text.as_ref(), LINE_CHARS)
}

pub(super) fn bytes(count: impl Said<u64>) -> String {
    readable::bytes(count.said())
}

pub(super) fn number(count: impl Said<u64>) -> String {
    readable::number(count.said())
}

pub(super) fn rate(bytes_per_second: impl Said<u64>) -> String {
    readable::rate(bytes_per_second.said())
}

pub(super) fn about(seconds: impl Said<u64>) -> String {
    readable::about(seconds.said())
}

/// `2026-11-30 04:41:41 UTC`.
pub(super) fn time(at: impl Said<Timestamp>) -> String {
    at.said().to_string().replace('T', " ").replace('Z', " UTC")
}
