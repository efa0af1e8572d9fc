//! SHA-256 (FIPS 180-4).

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "vector loads, and calls that need the SHA instructions"
)]
mod ni;

use crate::kernel::{Kernel, Lane};
use crate::stream::{self, LengthBytes, Midstate, Stream};

/// The state before the first block (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// SHA-256 that can be advanced alone or together with others. A clone goes on from the same
/// state.
#[derive(Clone, Debug)]
pub struct Sha256(Stream<8>);

impl Sha256 {
    /// Of no bytes yet.
    pub fn new() -> Self {
        Self(Stream::new(INITIAL))
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes, &kernel());
    }

    /// Bytes taken in so far.
    pub fn length(&self) -> u64 {
        self.0.length()
    }

    /// The digest.
    pub fn finish(self) -> [u8; 32] {
        digest(self.0.finish(LengthBytes::Big, &kernel()))
    }

    /// The state, to go on from with [`Sha256::resume`]; `None` if [`Sha256::length`] is no
    /// multiple of 64.
    pub fn midstate(&self) -> Option<Midstate<8>> {
        self.0.midstate()
    }

    /// Goes on from a state; `None` if its length is no multiple of 64.
    pub fn resume(midstate: Midstate<8>) -> Option<Self> {
        Stream::resume(midstate).map(Self)
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets every stream take in the bytes beside it, which may be of any lengths.
///
/// Fastest with [`sha256_lanes`] streams or more, and lengths that are alike.
pub fn sha256_update(jobs: &mut [(&mut Sha256, &[u8])]) {
    let jobs = jobs
        .iter_mut()
        .map(|(sha256, bytes)| (&mut sha256.0, *bytes))
        .collect();
    Stream::update_all(jobs, &kernel());
}

/// The digests of whole bodies, in their order.
pub fn sha256_of(bodies: &[&[u8]]) -> Vec<[u8; 32]> {
    digests_by(&kernel(), bodies)
}

/// How many streams are worth giving to [`sha256_update`] at once on this machine; 1 if there is
/// nothing to win.
pub fn sha256_lanes() -> usize {
    kernel().lanes
}

/// [`sha256_of`] by a given kernel.
fn digests_by(kernel: &Kernel<8>, bodies: &[&[u8]]) -> Vec<[u8; 32]> {
    let states = stream::digests(INITIAL, bodies, LengthBytes::Big, kernel);
    states.into_iter().map(digest).collect()
}

/// The words as SHA-256 writes them, most significant byte first.
fn digest(words: [u32; 8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *place = word.to_be_bytes();
    }
    bytes
}

/// The fastest kernel of this machine.
fn kernel() -> Kernel<8> {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = ni::kernel() {
        return kernel;
    }
    FALLBACK
}

/// All kernels this machine can run.
#[cfg(test)]
fn kernels() -> Vec<Kernel<8>> {
    #[cfg(target_arch = "x86_64")]
    return std::iter::once(FALLBACK).chain(ni::kernel()).collect();
    #[cfg(not(target_arch = "x86_64"))]
    vec![FALLBACK]
}

/// Streams one after the other.
const FALLBACK: Kernel<8> = Kernel {
    lanes: 1,
    abreast: 1,
    one: ::sha2::block_api::compress256,
    several: one_by_one,
};

/// Advances each lane alone, by what `sha2` finds in the processor.
fn one_by_one(lanes: &mut [Lane<'_, 8>], count: usize) {
    for lane in lanes {
        ::sha2::block_api::compress256(lane.state, &lane.blocks[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Hash;

    const SHA256: Hash<8> = Hash {
        initial: INITIAL,
        order: LengthBytes::Big,
        kernels,
        digest: |words| digest(words).to_vec(),
        reference: |body| {
            use ::sha2::Digest;
            ::sha2::Sha256::digest(body).to_vec()
        },
    };

    crate::tests::suite!(SHA256);

    /// The examples of FIPS 180-2, appendix B, and the empty message of NIST's CAVP short messages.
    const VECTORS: [(&str, &str); 3] = [
        (
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ];

    #[test]
    fn published_vectors() {
        let bodies = VECTORS.map(|(body, _)| body.as_bytes());
        for (digest, (_, expected)) in sha256_of(&bodies).into_iter().zip(VECTORS) {
            assert_eq!(hex::encode(digest), expected);
        }

        let mut together = vec![Sha256::new(); VECTORS.len()];
        sha256_update(&mut together.iter_mut().zip(bodies).collect::<Vec<_>>());
        for (sha256, (body, expected)) in together.into_iter().zip(VECTORS) {
            assert_eq!(sha256.length(), body.len() as u64);
            assert_eq!(hex::encode(sha256.finish()), expected);
            let mut alone = Sha256::default();
            alone.update(body.as_bytes());
            assert_eq!(hex::encode(alone.finish()), expected);
        }
    }

    /// The third example of FIPS 180-2, appendix B.
    #[test]
    fn a_million_times_a() {
        let body = vec![b'a'; 1_000_000];
        for digest in sha256_of(&[&body, &body]) {
            let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
            assert_eq!(hex::encode(digest), expected);
        }
    }

    #[test]
    fn midstate_is_kept_and_taken_up() {
        let body: Vec<u8> = (0..=255).collect();
        for cut in [0, 64, 192, 256] {
            let mut sha256 = Sha256::new();
            sha256.update(&body[..cut]);
            let midstate = sha256.midstate().unwrap();
            assert_eq!(midstate.length, cut as u64);
            let mut resumed = Sha256::resume(midstate).unwrap();
            resumed.update(&body[cut..]);
            assert_eq!(resumed.finish().to_vec(), (SHA256.reference)(&body));
        }
        assert!(
            Sha256::resume(Midstate {
                words: INITIAL,
                length: 65
            })
            .is_none()
        );
    }
}
