//! Where samples of a device lie: a rule that anybody can follow from the certificate alone (`docs/formats.md`).
//!
//! Beginning and end are read, and one place in each of so many equal stretches. Stretch `i` of `n` begins at
//! `size * i / n`, rounded down to 4096. Its place begins `(r mod room) * 4096` further, where `r` is the number in the first
//! eight bytes, the lowest first, of the SHA-256 of the seed and of `i` in eight bytes, the lowest first; and `room` is the
//! count of multiples of 4096 at which a whole place fits into the stretch.

use lanes::Sha256;
use model::erasure::{Extent, Span, VerifyMode};

use super::limits::{EDGE_BYTES, PLACE_BYTES, PLACES};

/// What places are a multiple of.
const STEP: u64 = 4096;

/// How a sample is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawing {
    pub(super) places: u64,
    pub(super) place_bytes: u64,
    pub(super) edge_bytes: u64,
}

impl Drawing {
    /// How a sample of a device is drawn.
    pub(super) const USUAL: Self = Self {
        places: PLACES,
        place_bytes: PLACE_BYTES,
        edge_bytes: EDGE_BYTES,
    };

    /// How much is read of a device of `bytes`. Of one that a sample would be nearly all of, all is read.
    pub(super) fn extent(self, mode: VerifyMode, seed: &[u8; 32], bytes: u64) -> Extent {
        let Self {
            places,
            place_bytes,
            edge_bytes,
        } = self;
        let least = (place_bytes + STEP)
            .saturating_mul(places)
            .max(edge_bytes.saturating_mul(2));
        match mode {
            VerifyMode::Sampled if bytes >= least => Extent::Sampled {
                seed: hex::encode(seed),
                places,
                place_bytes,
                edge_bytes,
            },
            VerifyMode::Sampled | VerifyMode::Full => Extent::Full,
        }
    }
}

/// What is read of a device of `bytes`, in order and each byte once.
pub(super) fn spans(extent: &Extent, bytes: u64) -> Vec<Span> {
    match extent {
        Extent::Full => vec![Span { offset: 0, bytes }],
        Extent::Sampled {
            seed,
            places,
            place_bytes,
            edge_bytes,
        } => {
            let seed = hex::decode(seed).unwrap_or_default();
            let edges = [
                Span {
                    offset: 0,
                    bytes: (*edge_bytes).min(bytes),
                },
                Span {
                    offset: bytes.saturating_sub(*edge_bytes),
                    bytes: (*edge_bytes).min(bytes),
                },
            ];
            let places =
                (0..*places).map(|number| place(&seed, number, *places, *place_bytes, bytes));
            joined(places.chain(edges).collect())
        }
    }
}

fn place(seed: &[u8], number: u64, places: u64, place_bytes: u64, bytes: u64) -> Span {
    let (from, to) = (
        stretch(number, places, bytes),
        stretch(number + 1, places, bytes),
    );
    let room = (to - from).saturating_sub(place_bytes) / STEP + 1;
    let mut sum = Sha256::new();
    sum.update(seed);
    sum.update(&number.to_le_bytes());
    let sum = sum.finish();
    let [a, b, c, d, e, f, g, h, ..] = sum;
    let drawn = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    Span {
        offset: from + drawn % room * STEP,
        bytes: place_bytes.min(to - from),
    }
}

/// Where a stretch begins.
fn stretch(number: u64, places: u64, bytes: u64) -> u64 {
    let begin = u128::from(bytes) * u128::from(number) / u128::from(places.max(1));
    let begin = u64::try_from(begin).unwrap_or(u64::MAX);
    match number == places {
        true => bytes,
        false => begin / STEP * STEP,
    }
}

/// The same in order, where those that touch are one.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut all: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match all.last_mut() {
            Some(last) if span.offset <= last.end() => {
                last.bytes = last.bytes.max(span.end() - last.offset);
            }
            _ => all.push(span),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_TB: u64 = 10_000_831_348_736;

    #[test]
    fn a_sample_has_both_ends_and_a_place_in_every_stretch() {
        let extent = Drawing::USUAL.extent(VerifyMode::Sampled, &[3; 32], TEN_TB);
        let spans = spans(&extent, TEN_TB);
        let first = spans.first().unwrap();
        assert!(first.offset == 0 && first.bytes >= EDGE_BYTES);
        let last = spans.last().unwrap();
        assert!(last.end() == TEN_TB && last.bytes >= EDGE_BYTES);
        assert!(spans.windows(2).all(|two| two[0].end() < two[1].offset));
        let total: u64 = spans.iter().map(|span| span.bytes).sum();
        let most = 2 * EDGE_BYTES + PLACES * PLACE_BYTES;
        assert!(total <= most && total >= most - 2 * PLACE_BYTES, "{total}");
        for number in 0..PLACES {
            let (from, to) = (
                stretch(number, PLACES, TEN_TB),
                stretch(number + 1, PLACES, TEN_TB),
            );
            let met = spans.iter().any(|it| it.offset < to && it.end() > from);
            assert!(met, "stretch {number}");
            let own = place(&[3; 32], number, PLACES, PLACE_BYTES, TEN_TB);
            assert!(own.offset >= from && own.end() <= to, "{number}");
            assert!(own.offset.is_multiple_of(STEP));
        }
    }

    /// The same numbers came out of the Python of `docs/formats.md`.
    #[test]
    fn the_rule_is_that_of_the_documentation() {
        let seed: Vec<u8> = (0..32).collect();
        let at = |number| place(&seed, number, 2000, 1 << 20, 10_000_831_348_736).offset;
        assert_eq!([at(0), at(1), at(1999)], GOLDEN);
    }

    const GOLDEN: [u64; 3] = [4_351_508_480, 5_802_737_664, 9_996_676_485_120];

    #[test]
    fn a_small_device_is_read_as_a_whole_and_another_seed_has_other_places() {
        let extent = |bytes| Drawing::USUAL.extent(VerifyMode::Sampled, &[1; 32], bytes);
        assert_eq!(extent(2 << 30 >> 1), Extent::Full);
        assert_ne!(extent(4 << 30), Extent::Full);
        let full = Drawing::USUAL.extent(VerifyMode::Full, &[1; 32], TEN_TB);
        assert_eq!(full, Extent::Full);
        let of = |seed: u8| {
            let extent = Drawing::USUAL.extent(VerifyMode::Sampled, &[seed; 32], TEN_TB);
            spans(&extent, TEN_TB)
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
