//! MD5 (RFC 1321).

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector loads, and calls that need AVX2")]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector loads, and calls that need AVX-512")]
mod avx512;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "an order that the compiler must keep")]
mod scalar;
#[cfg(target_arch = "x86_64")]
mod seats;
#[cfg(target_arch = "x86_64")]
mod steps;

use crate::kernel::{Kernel, Lane};
use crate::stream::{self, LengthBytes, Midstate, Stream};

/// The state before the first block (RFC 1321, 3.3).
const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// MD5 that can be advanced alone or together with others. A clone goes on from the same state.
#[derive(Clone, Debug)]
pub struct Md5(Stream<4>);

impl Md5 {
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
    pub fn finish(self) -> [u8; 16] {
        digest(self.0.finish(LengthBytes::Little, &kernel()))
    }

    /// The state, to go on from with [`Md5::resume`]; `None` if [`Md5::length`] is no multiple of
    /// 64.
    pub fn midstate(&self) -> Option<Midstate<4>> {
        self.0.midstate()
    }

    /// Goes on from a state; `None` if its length is no multiple of 64.
    pub fn resume(midstate: Midstate<4>) -> Option<Self> {
        Stream::resume(midstate).map(Self)
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self::new()
    }
}

/// Lets every stream take in the bytes beside it, which may be of any lengths.
///
/// Fastest with [`md5_abreast`] streams or more, and lengths that are alike. Up to these company costs little, so that two
/// are worth waiting for: MB/s for each stream, 8 MiB of it at a time, on an Intel Xeon with AVX-512 (`--example rates`):
///
/// | streams | 1 | 2 | 4 | 8 | 16 |
/// | --- | --: | --: | --: | --: | --: |
/// | | 976 | 853 | 838 | 823 | 719 |
pub fn md5_update(jobs: &mut [(&mut Md5, &[u8])]) {
    let jobs = jobs
        .iter_mut()
        .map(|(md5, bytes)| (&mut md5.0, *bytes))
        .collect();
    Stream::update_all(jobs, &kernel());
}

/// The digests of whole bodies, in their order.
pub fn md5_of(bodies: &[&[u8]]) -> Vec<[u8; 16]> {
    digests_by(&kernel(), bodies)
}

/// How many streams take hardly longer together than one does alone; 1 if there is nothing to win.
pub fn md5_abreast() -> usize {
    kernel().abreast
}

/// [`md5_of`] by a given kernel.
fn digests_by(kernel: &Kernel<4>, bodies: &[&[u8]]) -> Vec<[u8; 16]> {
    let states = stream::digests(INITIAL, bodies, LengthBytes::Little, kernel);
    states.into_iter().map(digest).collect()
}

/// The words as MD5 writes them, least significant byte first.
fn digest(words: [u32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    bytes
}

/// The fastest kernel of this machine.
fn kernel() -> Kernel<4> {
    #[cfg(target_arch = "x86_64")]
    return avx512::kernel().or_else(avx2::kernel).unwrap_or(FALLBACK);
    #[cfg(not(target_arch = "x86_64"))]
    FALLBACK
}

/// All kernels this machine can run.
#[cfg(test)]
fn kernels() -> Vec<Kernel<4>> {
    #[cfg(target_arch = "x86_64")]
    return std::iter::once(FALLBACK)
        .chain(avx2::kernel())
        .chain(avx512::kernel())
        .collect();
    #[cfg(not(target_arch = "x86_64"))]
    vec![FALLBACK]
}

/// Streams one after the other.
const FALLBACK: Kernel<4> = Kernel {
    lanes: 1,
    abreast: 1,
    one: in_registers,
    several: one_by_one,
};

#[cfg(not(target_arch = "x86_64"))]
use ::md5::block_api::compress as in_registers;
/// Lets a state take in blocks by ordinary instructions.
#[cfg(target_arch = "x86_64")]
use scalar::compress as in_registers;

/// Advances each lane alone.
fn one_by_one(lanes: &mut [Lane<'_, 4>], count: usize) {
    for lane in lanes {
        in_registers(lane.state, &lane.blocks[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Hash;

    const MD5: Hash<4> = Hash {
        initial: INITIAL,
        order: LengthBytes::Little,
        kernels,
        digest: |words| digest(words).to_vec(),
        reference: |body| {
            use ::md5::Digest;
            ::md5::Md5::digest(body).to_vec()
        },
    };

    crate::tests::suite!(MD5);

    /// The test suite of RFC 1321, A.5.
    const VECTORS: [(&str, &str); 7] = [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        (
            "abcdefghijklmnopqrstuvwxyz",
            "c3fcd3d76192e4007dfb496cca67e13b",
        ),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f",
        ),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a",
        ),
    ];

    #[test]
    fn published_vectors() {
        let bodies = VECTORS.map(|(body, _)| body.as_bytes());
        for (digest, (_, expected)) in md5_of(&bodies).into_iter().zip(VECTORS) {
            assert_eq!(hex::encode(digest), expected);
        }

        let mut together = vec![Md5::new(); VECTORS.len()];
        md5_update(&mut together.iter_mut().zip(bodies).collect::<Vec<_>>());
        for (md5, (body, expected)) in together.into_iter().zip(VECTORS) {
            assert_eq!(md5.length(), body.len() as u64);
            assert_eq!(hex::encode(md5.finish()), expected);
            let mut alone = Md5::default();
            alone.update(body.as_bytes());
            assert_eq!(hex::encode(alone.finish()), expected);
        }
    }

    /// RFC 1321, 3.4: step `n` uses the integer part of 2³² |sin(n)|.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn constants_are_sines() {
        for (n, sine) in (1u32..).zip(steps::SINES) {
            let exact = (f64::from(n).sin().abs() * 2f64.powi(32)).floor();
            assert_eq!(f64::from(sine), exact, "step {n}");
        }
    }

    #[test]
    fn midstate_is_kept_and_taken_up() {
        let body: Vec<u8> = (0..=255).collect();
        for cut in [0, 64, 192, 256] {
            let mut md5 = Md5::new();
            md5.update(&body[..cut]);
            let midstate = md5.midstate().unwrap();
            assert_eq!(midstate.length, cut as u64);
            let mut resumed = Md5::resume(midstate).unwrap();
            resumed.update(&body[cut..]);
            assert_eq!(resumed.finish().to_vec(), (MD5.reference)(&body));
        }
        assert!(
            Md5::resume(Midstate {
                words: INITIAL,
                length: 65
            })
            .is_none()
        );
    }
}
