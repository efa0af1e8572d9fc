//! MD5 of up to sixteen streams with AVX2: eight in the lanes of a register, and two such groups
//! taking turns, since one alone waits for its own results half of the time.

use std::arch::x86_64::*;

use super::scalar;
use super::seats::Seats;
use super::steps::steps;
use crate::kernel::{BLOCK, Block, Kernel, Lane};

/// Streams in one register.
const WIDE: usize = 8;

/// The same word of the eight streams of each of `G` groups.
type Word<const G: usize> = [__m256i; G];

/// The kernel, if this processor has AVX2.
pub(super) fn kernel() -> Option<Kernel<4>> {
    is_x86_feature_detected!("avx2").then_some(Kernel {
        lanes: 2 * WIDE,
        abreast: WIDE,
        one: scalar::compress,
        several,
    })
}

/// Only to be reached through [`kernel`].
fn several(lanes: &mut [Lane<'_, 4>], count: usize) {
    match lanes {
        // A lone stream is slower in a vector register than in ordinary ones.
        [lane] => scalar::compress(lane.state, &lane.blocks[..count]),
        // SAFETY: `kernel` gives this function away only if the processor has AVX2.
        lanes if lanes.len() <= WIDE => unsafe { compress::<1>(lanes, count) },
        // SAFETY: as above.
        lanes => unsafe { compress::<2>(lanes, count) },
    }
}

/// Advances one to `8 G` lanes by `count` blocks. Empty places repeat the last lane.
#[target_feature(enable = "avx2")]
fn compress<const G: usize>(lanes: &mut [Lane<'_, 4>], count: usize) {
    let Seats { words, blocks } = Seats::<G, WIDE>::take(lanes, count);
    let mut state = words.map(|word| load(&word));
    for index in 0..count {
        block(&mut state, &message(&blocks, index));
    }
    Seats::leave(state.map(|word| store(word)), lanes);
}

/// Lets the states take in one block of message words.
#[inline]
#[target_feature(enable = "avx2")]
fn block<const G: usize>(state: &mut [Word<G>; 4], x: &[Word<G>; 16]) {
    let [mut a, mut b, mut c, mut d] = *state;
    steps!(a, b, c, d, x);
    *state = [
        add(state[0], a),
        add(state[1], b),
        add(state[2], c),
        add(state[3], d),
    ];
}

/// The message words of the blocks at `index` of all streams.
#[inline]
#[target_feature(enable = "avx2")]
fn message<const G: usize>(blocks: &[[&[Block]; WIDE]; G], index: usize) -> [Word<G>; 16] {
    let mut message = [[_mm256_setzero_si256(); G]; 16];
    for group in 0..G {
        // Not by `map`, which is compiled without these instructions and would be called.
        let mut rows = [&blocks[group][0][index]; WIDE];
        for (row, stream) in rows.iter_mut().zip(&blocks[group]) {
            *row = &stream[index];
        }
        let columns = transpose(rows);
        for (word, column) in message.iter_mut().zip(columns) {
            word[group] = column;
        }
    }
    message
}

/// The sixteen words of eight blocks, word by word.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(blocks: [&Block; WIDE]) -> [__m256i; 16] {
    let mut columns = [_mm256_setzero_si256(); 16];
    for quarter in 0..4 {
        // Each register: four words of block `n`, and the same words of block `n + 4`.
        let mut rows = [_mm256_setzero_si256(); 4];
        for n in 0..4 {
            rows[n] = _mm256_set_m128i(
                load_quarter(blocks[n + 4], quarter),
                load_quarter(blocks[n], quarter),
            );
        }
        let low01 = _mm256_unpacklo_epi32(rows[0], rows[1]);
        let high01 = _mm256_unpackhi_epi32(rows[0], rows[1]);
        let low23 = _mm256_unpacklo_epi32(rows[2], rows[3]);
        let high23 = _mm256_unpackhi_epi32(rows[2], rows[3]);
        columns[4 * quarter] = _mm256_unpacklo_epi64(low01, low23);
        columns[4 * quarter + 1] = _mm256_unpackhi_epi64(low01, low23);
        columns[4 * quarter + 2] = _mm256_unpacklo_epi64(high01, high23);
        columns[4 * quarter + 3] = _mm256_unpackhi_epi64(high01, high23);
    }
    columns
}

/// Sixteen bytes of a block: words `4 quarter ..`.
#[inline]
#[target_feature(enable = "avx2")]
fn load_quarter(block: &Block, quarter: usize) -> __m128i {
    let bytes = &block.as_chunks::<{ BLOCK / 4 }>().0[quarter];
    // SAFETY: `bytes` are the sixteen that are read, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<const G: usize>(words: &[[u32; WIDE]; G]) -> Word<G> {
    let mut loaded = [_mm256_setzero_si256(); G];
    for (register, lanes) in loaded.iter_mut().zip(words) {
        // SAFETY: `lanes` are the 32 bytes that are read, and the load asks for no alignment.
        *register = unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) };
    }
    loaded
}

#[inline]
#[target_feature(enable = "avx2")]
fn store<const G: usize>(word: Word<G>) -> [[u32; WIDE]; G] {
    let mut words = [[0; WIDE]; G];
    for (lanes, register) in words.iter_mut().zip(word) {
        // SAFETY: `lanes` are the 32 bytes that are written; the store asks for no alignment.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), register) };
    }
    words
}

// What `steps!` calls.

#[inline]
#[target_feature(enable = "avx2")]
fn add<const G: usize>(mut x: Word<G>, y: Word<G>) -> Word<G> {
    for group in 0..G {
        x[group] = _mm256_add_epi32(x[group], y[group]);
    }
    x
}

#[inline]
#[target_feature(enable = "avx2")]
fn term<const G: usize>(mut x: Word<G>, sine: u32) -> Word<G> {
    let sine = _mm256_set1_epi32(sine.cast_signed());
    for word in &mut x {
        *word = _mm256_add_epi32(*word, sine);
    }
    x
}

/// `(b & c) | (!b & d)`, with one operation less.
#[inline]
#[target_feature(enable = "avx2")]
fn f<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        let mix = _mm256_xor_si256(d[n], _mm256_and_si256(b[n], _mm256_xor_si256(c[n], d[n])));
        sum[n] = _mm256_add_epi32(sum[n], mix);
    }
    sum
}

/// `(b & d) | (c & !d)`. The halves have no bit in common and are added one by one: the second
/// need not wait for `b`, the newest of the three.
#[inline]
#[target_feature(enable = "avx2")]
fn g<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = _mm256_add_epi32(sum[n], _mm256_andnot_si256(d[n], c[n]));
        sum[n] = _mm256_add_epi32(sum[n], _mm256_and_si256(b[n], d[n]));
    }
    sum
}

/// `b ^ c ^ d`.
#[inline]
#[target_feature(enable = "avx2")]
fn h<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        let mix = _mm256_xor_si256(b[n], _mm256_xor_si256(c[n], d[n]));
        sum[n] = _mm256_add_epi32(sum[n], mix);
    }
    sum
}

/// `c ^ (b | !d)`.
#[inline]
#[target_feature(enable = "avx2")]
fn i<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    let ones = _mm256_set1_epi32(-1);
    for n in 0..G {
        let mix = _mm256_xor_si256(c[n], _mm256_or_si256(b[n], _mm256_xor_si256(d[n], ones)));
        sum[n] = _mm256_add_epi32(sum[n], mix);
    }
    sum
}

#[inline]
#[target_feature(enable = "avx2")]
fn turn<const S: i32, const T: i32, const G: usize>(mut sum: Word<G>, b: Word<G>) -> Word<G> {
    for n in 0..G {
        let turned = _mm256_or_si256(
            _mm256_slli_epi32::<S>(sum[n]),
            _mm256_srli_epi32::<T>(sum[n]),
        );
        sum[n] = _mm256_add_epi32(turned, b[n]);
    }
    sum
}
