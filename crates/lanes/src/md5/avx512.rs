//! MD5 of up to sixteen streams with AVX-512, as in the module for AVX2 but with registers twice as wide and in one
//! group: a rotation, and each of RFC 1321's functions, is one operation here, so that a second group would
//! wait for the first and not for itself. One stream alone is in the shortest registers, of which the processor works on
//! more at once.

use std::arch::x86_64::*;

mod alone;
mod operations;

use super::seats::Seats;
use super::steps::steps;
use crate::kernel::{BLOCK, Block, Kernel, Lane};
use operations::operations;

/// Streams in one register.
const WIDE: usize = 16;

/// The same word of the sixteen streams of each of `G` groups.
type Word<const G: usize> = [__m512i; G];

/// The kernel, if this processor has AVX-512.
pub(super) fn kernel() -> Option<Kernel<4>> {
    let is_there = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
    is_there.then_some(Kernel {
        lanes: WIDE,
        abreast: WIDE,
        one,
        several,
    })
}

/// Only to be reached through [`kernel`].
fn one(state: &mut [u32; 4], blocks: &[Block]) {
    // SAFETY: `kernel` gives this function away only if the processor has AVX-512.
    unsafe { alone::compress(state, blocks) }
}

/// Only to be reached through [`kernel`].
fn several(lanes: &mut [Lane<'_, 4>], count: usize) {
    match lanes {
        [lane] => one(lane.state, &lane.blocks[..count]),
        // SAFETY: `kernel` gives this function away only if the processor has AVX-512.
        lanes => unsafe { compress::<1>(lanes, count) },
    }
}

/// Advances one to `16 G` lanes by `count` blocks. Empty places repeat the last lane.
#[target_feature(enable = "avx512f")]
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
#[target_feature(enable = "avx512f")]
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
#[target_feature(enable = "avx512f")]
fn message<const G: usize>(blocks: &[[&[Block]; WIDE]; G], index: usize) -> [Word<G>; 16] {
    let mut message = [[_mm512_setzero_si512(); G]; 16];
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

/// The sixteen words of sixteen blocks, word by word.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(blocks: [&Block; WIDE]) -> [__m512i; 16] {
    let mut columns = [_mm512_setzero_si512(); 16];
    for quarter in 0..4 {
        // Each register: four words of block `n`, and the same of `n + 4`, `n + 8` and `n + 12`.
        let mut rows = [_mm512_setzero_si512(); 4];
        for n in 0..4 {
            let row = _mm512_castsi128_si512(load_quarter(blocks[n], quarter));
            let row = _mm512_inserti32x4::<1>(row, load_quarter(blocks[n + 4], quarter));
            let row = _mm512_inserti32x4::<2>(row, load_quarter(blocks[n + 8], quarter));
            rows[n] = _mm512_inserti32x4::<3>(row, load_quarter(blocks[n + 12], quarter));
        }
        let low01 = _mm512_unpacklo_epi32(rows[0], rows[1]);
        let high01 = _mm512_unpackhi_epi32(rows[0], rows[1]);
        let low23 = _mm512_unpacklo_epi32(rows[2], rows[3]);
        let high23 = _mm512_unpackhi_epi32(rows[2], rows[3]);
        columns[4 * quarter] = _mm512_unpacklo_epi64(low01, low23);
        columns[4 * quarter + 1] = _mm512_unpackhi_epi64(low01, low23);
        columns[4 * quarter + 2] = _mm512_unpacklo_epi64(high01, high23);
        columns[4 * quarter + 3] = _mm512_unpackhi_epi64(high01, high23);
    }
    columns
}

/// Sixteen bytes of a block: words `4 quarter ..`.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_quarter(block: &Block, quarter: usize) -> __m128i {
    let bytes = &block.as_chunks::<{ BLOCK / 4 }>().0[quarter];
    // SAFETY: `bytes` are the sixteen that are read, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<const G: usize>(words: &[[u32; WIDE]; G]) -> Word<G> {
    let mut loaded = [_mm512_setzero_si512(); G];
    for (register, lanes) in loaded.iter_mut().zip(words) {
        // SAFETY: `lanes` are the 64 bytes that are read, and the load asks for no alignment.
        *register = unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) };
    }
    loaded
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store<const G: usize>(word: Word<G>) -> [[u32; WIDE]; G] {
    let mut words = [[0; WIDE]; G];
    for (lanes, register) in words.iter_mut().zip(word) {
        // SAFETY: `lanes` are the 64 bytes that are written; the store asks for no alignment.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), register) };
    }
    words
}

operations!(
    __m512i in zmm_reg, "avx512f",
    _mm512_set1_epi32, _mm512_add_epi32, _mm512_ternarylogic_epi32, _mm512_rol_epi32
);
