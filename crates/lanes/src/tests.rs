//! What holds for both hashes and every kernel this machine can run: the digests are those of the
//! `md-5` and `sha2` crates, however the bytes are cut and whichever streams run together.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::kernel::Kernel;
use crate::stream::{self, LengthBytes, Stream};

/// A hash to test.
pub(crate) struct Hash<const W: usize> {
    pub(crate) initial: [u32; W],
    pub(crate) order: LengthBytes,
    pub(crate) kernels: fn() -> Vec<Kernel<W>>,
    pub(crate) digest: fn([u32; W]) -> Vec<u8>,
    /// The digest by the other crate.
    pub(crate) reference: fn(&[u8]) -> Vec<u8>,
}

/// The tests that both hashes pass.
macro_rules! suite {
    ($hash:expr) => {
        #[test]
        fn every_number_of_streams() {
            $hash.check_every_number_of_streams();
        }

        #[test]
        fn every_length() {
            $hash.check_every_length();
        }

        proptest::proptest! {
            #[test]
            fn streams_cut_anywhere(streams in crate::tests::streams()) {
                $hash.check_streams(&streams);
            }
        }
    };
}
pub(crate) use suite;

impl<const W: usize> Hash<W> {
    /// Every lane gives its own result, with all lanes full, some empty and some refilled.
    pub(crate) fn check_every_number_of_streams(&self) {
        for count in 0..=40 {
            let bodies: Vec<Vec<u8>> = (0..count).map(|n| body(n, 100 + 37 * n)).collect();
            self.check_bodies(&bodies);
            let alike: Vec<Vec<u8>> = (0..count).map(|n| body(n, 200)).collect();
            self.check_bodies(&alike);
        }
    }

    /// The padding is right at every place in a block, of a message whole or cut in two.
    pub(crate) fn check_every_length(&self) {
        let bodies: Vec<Vec<u8>> = (0..=3 * 64).map(|length| body(length, length)).collect();
        self.check_bodies(&bodies);
        for kernel in (self.kernels)() {
            for body in &bodies {
                for cut in [1, 55, 56, 63, 64, 65, 119, 128].map(|cut| body.len().min(cut)) {
                    let mut stream = Stream::new(self.initial);
                    stream.update(&body[..cut], &kernel);
                    assert_eq!(stream.length(), cut as u64);
                    assert_eq!(stream.midstate().is_some(), cut.is_multiple_of(64));
                    stream.update(&body[cut..], &kernel);
                    self.check(body, stream.finish(self.order, &kernel));
                }
            }
        }
    }

    fn check_bodies(&self, bodies: &[Vec<u8>]) {
        let slices: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        for kernel in (self.kernels)() {
            let digests = stream::digests(self.initial, &slices, self.order, &kernel);
            assert_eq!(digests.len(), bodies.len());
            for (body, words) in bodies.iter().zip(digests) {
                self.check(body, words);
            }
        }
    }

    /// Each stream in as many parts as it has cuts; the parts of the same turn run together.
    pub(crate) fn check_streams(&self, streams: &[CutBody]) {
        for kernel in (self.kernels)() {
            let mut states = vec![Stream::new(self.initial); streams.len()];
            let turns = streams
                .iter()
                .map(|stream| stream.cuts.len())
                .max()
                .unwrap_or(0);
            for turn in 0..=turns {
                let parts = streams.iter().map(|stream| stream.part(turn));
                Stream::update_all(states.iter_mut().zip(parts).collect(), &kernel);
                states = states.into_iter().map(take_up_if_possible).collect();
            }
            for (stream, state) in streams.iter().zip(states) {
                assert_eq!(state.length(), stream.body.len() as u64);
                self.check(&stream.body, state.finish(self.order, &kernel));
            }
        }
    }

    fn check(&self, body: &[u8], words: [u32; W]) {
        assert_eq!(
            (self.digest)(words),
            (self.reference)(body),
            "{} bytes",
            body.len()
        );
    }
}

/// The stream made anew from its midstate, if it has one now.
fn take_up_if_possible<const W: usize>(stream: Stream<W>) -> Stream<W> {
    match stream.midstate() {
        Some(midstate) => Stream::resume(midstate).expect("whole blocks"),
        None => stream,
    }
}

/// Bytes that differ by `seed`, and from block to block.
fn body(seed: usize, length: usize) -> Vec<u8> {
    (0..=250u8)
        .cycle()
        .skip(seed * 7 % 251)
        .take(length)
        .collect()
}

/// A message and where it is cut.
#[derive(Debug)]
pub(crate) struct CutBody {
    body: Vec<u8>,
    /// Ascending.
    cuts: Vec<usize>,
}

impl CutBody {
    /// The bytes between two cuts; none after the last part.
    fn part(&self, turn: usize) -> &[u8] {
        let cut = |turn: usize| self.cuts.get(turn).copied().unwrap_or(self.body.len());
        let begin = turn.checked_sub(1).map_or(0, cut);
        &self.body[begin..cut(turn)]
    }
}

/// Up to forty messages, many of them as long as a border of a block or a padding.
pub(crate) fn streams() -> impl Strategy<Value = Vec<CutBody>> {
    let length = prop_oneof![
        0..300usize,
        prop::sample::select(vec![0, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129]),
        0..5_000usize,
    ];
    let body = length.prop_flat_map(|length| prop::collection::vec(any::<u8>(), length));
    let cuts = prop::collection::vec(any::<Index>(), 0..4);
    let stream = (body, cuts).prop_map(|(body, cuts)| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        CutBody { body, cuts }
    });
    prop::collection::vec(stream, 0..40)
}
