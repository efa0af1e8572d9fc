//! SHA-256 of several streams in turns with the SHA instructions: the rounds of one stream wait
//! for each other, and those of the others fill the time.

use std::arch::x86_64::*;

use super::one_by_one;
use crate::kernel::{BLOCK, Block, Kernel, Lane};

/// Streams that take turns at most. Four keep the SHA unit busy; more would only need registers.
const TURNS: usize = 4;

/// The constants of the 64 rounds (FIPS 180-4, 4.2.2).
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The kernel, if this processor has what it takes.
pub(super) fn kernel() -> Option<Kernel<8>> {
    let is_there = is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("sse4.1")
        && is_x86_feature_detected!("ssse3");
    is_there.then_some(Kernel {
        lanes: TURNS,
        abreast: 1,
        one: ::sha2::block_api::compress256,
        several,
    })
}

/// Only to be reached through [`kernel`].
fn several(lanes: &mut [Lane<'_, 8>], count: usize) {
    match lanes.len() {
        2 => turns::<2>(lanes, count),
        3 => turns::<3>(lanes, count),
        TURNS => turns::<TURNS>(lanes, count),
        _ => one_by_one(lanes, count),
    }
}

/// Only to be reached through [`kernel`].
fn turns<const N: usize>(lanes: &mut [Lane<'_, 8>], count: usize) {
    match lanes.try_into() {
        // SAFETY: `kernel` gives its functions away only if the processor has these features.
        Ok(lanes) => unsafe { compress::<N>(lanes, count) },
        Err(_) => one_by_one(lanes, count),
    }
}

/// Advances `N` lanes by `count` blocks.
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress<const N: usize>(lanes: &mut [Lane<'_, 8>; N], count: usize) {
    let mut blocks: [&[Block]; N] = [&[]; N];
    let mut states = [State::zero(); N];
    for n in 0..N {
        blocks[n] = &lanes[n].blocks[..count];
        states[n] = State::load(lanes[n].state);
    }
    for index in 0..count {
        let mut words = [[_mm_setzero_si128(); 4]; N];
        for (words, stream) in words.iter_mut().zip(blocks) {
            *words = load_block(&stream[index]);
        }
        take_in(&mut states, &mut words);
    }
    for n in 0..N {
        *lanes[n].state = states[n].store();
    }
}

/// Lets `N` states take in one block each, in turns of four rounds.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn take_in<const N: usize>(states: &mut [State; N], words: &mut [[__m128i; 4]; N]) {
    let before = *states;
    for four in 0..16 {
        for n in 0..N {
            if four >= 4 {
                extend(&mut words[n], four % 4);
            }
            states[n].rounds(words[n][four % 4], four);
        }
    }
    for n in 0..N {
        states[n].add(before[n]);
    }
}

/// Puts the next four words of the message schedule in the place of the oldest four, at `at`.
#[inline]
#[target_feature(enable = "sha,ssse3")]
fn extend(words: &mut [__m128i; 4], at: usize) {
    let [oldest, second, third, newest] = [
        words[at],
        words[(at + 1) % 4],
        words[(at + 2) % 4],
        words[(at + 3) % 4],
    ];
    let sum = _mm_add_epi32(
        _mm_sha256msg1_epu32(oldest, second),
        _mm_alignr_epi8::<4>(newest, third),
    );
    words[at] = _mm_sha256msg2_epu32(sum, newest);
}

/// The sixteen words of a block.
#[inline]
#[target_feature(enable = "ssse3")]
fn load_block(block: &Block) -> [__m128i; 4] {
    let most_significant_first = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut words = [_mm_setzero_si128(); 4];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<{ BLOCK / 4 }>().0) {
        // SAFETY: `bytes` are the sixteen that are read, and the load asks for no alignment.
        let loaded = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
        *word = _mm_shuffle_epi8(loaded, most_significant_first);
    }
    words
}

/// A state in the order the instructions want: `f` and `h` are the lowest words.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn zero() -> Self {
        Self {
            abef: _mm_setzero_si128(),
            cdgh: _mm_setzero_si128(),
        }
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn load(&[a, b, c, d, e, f, g, h]: &[u32; 8]) -> Self {
        Self {
            abef: pack([f, e, b, a]),
            cdgh: pack([h, g, d, c]),
        }
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn store(self) -> [u32; 8] {
        let [f, e, b, a] = unpack(self.abef);
        let [h, g, d, c] = unpack(self.cdgh);
        [a, b, c, d, e, f, g, h]
    }

    /// Adds the state before the block: the last step of each block.
    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn add(&mut self, before: Self) {
        self.abef = _mm_add_epi32(self.abef, before.abef);
        self.cdgh = _mm_add_epi32(self.cdgh, before.cdgh);
    }

    /// Rounds `4 four ..` with their four words of the schedule.
    #[inline]
    #[target_feature(enable = "sha,sse4.1")]
    fn rounds(&mut self, words: __m128i, four: usize) {
        let [k0, k1, k2, k3] = ROUNDS.as_chunks().0[four];
        let sum = _mm_add_epi32(words, pack([k0, k1, k2, k3]));
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sum);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(sum));
    }
}

/// Four words, the lowest first.
#[inline]
#[target_feature(enable = "sse4.1")]
fn pack(words: [u32; 4]) -> __m128i {
    let [w0, w1, w2, w3] = words.map(u32::cast_signed);
    _mm_set_epi32(w3, w2, w1, w0)
}

#[inline]
#[target_feature(enable = "sse4.1")]
fn unpack(words: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<0>(words),
        _mm_extract_epi32::<1>(words),
        _mm_extract_epi32::<2>(words),
        _mm_extract_epi32::<3>(words),
    ]
    .map(i32::cast_unsigned)
}
