//! What a transfer costs: so much time for each file and so much for each byte, learned while it runs.
//!
//! Films are bound by bytes and thumbnails by their number, and a folder has both: neither a rate of
//! bytes nor one of files tells how long the rest takes. Both costs are fitted to what the last spans
//! of time brought. Where a span says nothing of one of them, as when only films were sent, that cost
//! stays what it was.

use std::time::Duration;

/// What a file costs before anything is known, in seconds: about what one takes among many requests
/// at once, on a store nearby.
const FILE_SECONDS: f64 = 0.001;

/// What a byte costs before anything is known, in seconds: 40 MB/s, between a line to a store far away
/// and a disk.
const BYTE_SECONDS: f64 = 2.5e-8;

/// How much what was known before counts beside what the spans say, as a share of their weight. Much
/// smaller, and noise would move a cost of which they say nothing; much larger, and a new speed is
/// believed late.
const INERTIA: f64 = 0.02;

/// Costs that are so many times off are set right as a whole before they are fitted: a fit goes in
/// steps, and from a guess a thousand times off it would take many.
const FAR_OFF: f64 = 3.0;

/// How often each sample's spans are fitted: a first guess that is ten times off is then within a
/// twentieth.
const ROUNDS: usize = 4;

/// What a stretch of time brought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// How long it is.
    pub(super) time: Duration,
    /// Files that were done in it.
    pub(super) files: u64,
    /// Bytes that were sent in it.
    pub(super) bytes: u64,
}

/// Seconds for a file and for a byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    file: f64,
    byte: f64,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            file: FILE_SECONDS,
            byte: BYTE_SECONDS,
        }
    }
}

impl Cost {
    /// Fits the costs to spans that all end now. That they overlap makes the lumps in which bytes
    /// arrive, a part of 64 MiB at once, even out.
    pub(super) fn learn(&mut self, spans: &[Span]) {
        let brings = |span: &&Span| span.files > 0 || span.bytes > 0;
        if let Some(whole) = spans.iter().filter(brings).max_by_key(|span| span.time) {
            self.scale(whole);
        }
        for _ in 0..ROUNDS {
            let sums = spans
                .iter()
                .filter(brings)
                .fold(NormalEquations::default(), |sums, span| {
                    sums.with(*self, span)
                });
            let (file, byte) = sums.factors();
            self.file *= file;
            self.byte *= byte;
        }
    }

    /// Sets right costs that are far off, each by its share in what the span brought: what a span of
    /// films says nothing of stays.
    fn scale(&mut self, span: &Span) {
        let files = float(span.files) * self.file;
        let bytes = float(span.bytes) * self.byte;
        let off = span.time.as_secs_f64() / (files + bytes);
        let is_far = !(1.0 / FAR_OFF..=FAR_OFF).contains(&off);
        if is_far && off > 0.0 {
            self.file *= off.powf(files / (files + bytes));
            self.byte *= off.powf(bytes / (files + bytes));
        }
    }

    /// How long so much takes; `None` if it is nothing, or more than can be told.
    pub(super) fn of(&self, files: u64, bytes: u64) -> Option<Duration> {
        let seconds = self.file * float(files) + self.byte * float(bytes);
        let time = Duration::try_from_secs_f64(seconds).ok()?;
        Some(time).filter(|time| !time.is_zero())
    }
}

/// The normal equations of a least-squares fit: which factors on the costs known so far fit best.
#[derive(Debug, Clone, Copy, Default)]
struct NormalEquations {
    files_files: f64,
    files_bytes: f64,
    bytes_bytes: f64,
    files_time: f64,
    bytes_time: f64,
    time_time: f64,
}

impl NormalEquations {
    fn with(self, cost: Cost, span: &Span) -> Self {
        let time = span.time.as_secs_f64();
        let (files, bytes) = (float(span.files) * cost.file, float(span.bytes) * cost.byte);
        Self {
            files_files: self.files_files + files * files,
            files_bytes: self.files_bytes + files * bytes,
            bytes_bytes: self.bytes_bytes + bytes * bytes,
            files_time: self.files_time + files * time,
            bytes_time: self.bytes_time + bytes * time,
            time_time: self.time_time + time * time,
        }
    }

    /// The best factors, neither of them below zero, and each drawn towards one.
    fn factors(self) -> (f64, f64) {
        let inertia = INERTIA * self.time_time;
        if inertia <= 0.0 {
            return (1.0, 1.0);
        }
        let (a, b, c) = (
            self.files_files + inertia,
            self.files_bytes,
            self.bytes_bytes + inertia,
        );
        let (p, q) = (self.files_time + inertia, self.bytes_time + inertia);
        // Not zero: the inertia is in both squares.
        let determinant = a * c - b * b;
        let file = (p * c - q * b) / determinant;
        let byte = (a * q - b * p) / determinant;
        // A cost of nothing could never grow again.
        let least = INERTIA;
        match (file < least, byte < least) {
            (true, _) => (least, ((q - b * least) / c).max(least)),
            (false, true) => (((p - b * least) / a).max(least), least),
            (false, false) => (file, byte),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an estimate does not need all digits of a number above 2^53"
)]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(spans: &[(u64, u64, u64)]) -> Cost {
        let spans: Vec<Span> = spans
            .iter()
            .map(|&(seconds, files, bytes)| Span {
                time: Duration::from_secs(seconds),
                files,
                bytes,
            })
            .collect();
        let mut cost = Cost::default();
        cost.learn(&spans);
        cost
    }

    fn seconds(cost: Cost, files: u64, bytes: u64) -> f64 {
        cost.of(files, bytes).unwrap_or_default().as_secs_f64()
    }

    #[test]
    fn both_costs_are_found_where_spans_of_both_kinds_were_seen() {
        // 2 ms a file and 20 MB/s: only films, then more and more thumbnails.
        let cost = learned(&[
            (1, 0, 20_000_000),
            (2, 0, 40_000_000),
            (4, 1000, 40_000_000),
        ]);
        let (file, byte) = (
            seconds(cost, 1_000_000, 0),
            seconds(cost, 0, 20_000_000_000),
        );
        assert!((file - 2_000.0).abs() < 200.0, "{file}");
        assert!((byte - 1_000.0).abs() < 100.0, "{byte}");
    }

    #[test]
    fn what_was_not_seen_keeps_its_cost() {
        let cost = learned(&[(1, 0, 5_000_000), (5, 0, 25_000_000)]);
        assert!((seconds(cost, 1_000_000, 0) - 1_000.0).abs() < 1.0);
        let byte = seconds(cost, 0, 5_000_000_000);
        assert!((byte - 1_000.0).abs() < 50.0, "{byte}");
    }

    #[test]
    fn no_cost_becomes_nothing_or_less() {
        // The more files, the faster: no costs above zero explain it.
        let cost = learned(&[(1, 0, 1_000_000), (1, 1000, 1_000_000), (1, 0, 9)]);
        assert!(cost.file > 0.0 && cost.byte > 0.0, "{cost:?}");
        assert!(seconds(cost, u64::MAX, u64::MAX) > 0.0);
        assert_eq!(Cost::default().of(0, 0), None);
        let unmoved = learned(&[(9, 0, 0)]);
        assert!((unmoved.file - FILE_SECONDS).abs() < 1e-9);
    }
}
