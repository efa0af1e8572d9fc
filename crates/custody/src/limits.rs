//! Every limit of custody, each with the arithmetic that chose it.

/// Longest line of an event in bytes, without its line end. The longest that is written has five texts of a person.
pub const LINE_BYTES: usize = 64 << 10;

/// Longest text of a person or a device in characters. Escaped in JSON one takes twelve bytes at most, so that five of
/// them are within [`LINE_BYTES`]. What is longer is cut, and ends in `…`.
pub const TOLD_CHARS: usize = 1000;

/// Largest receipt in bytes. A job has some twenty events of half a kilobyte; this is room for thousands, and is read in a
/// blink.
pub const RECEIPT_BYTES: usize = 4 << 20;
