//! MD5 of one stream with AVX-512, in the lowest lane of the narrowest registers: a rotation, and each of RFC 1321's
//! functions, is one operation there, and the way from one step to the next four operations instead of
//! five. Of the wide registers the processor has fewer that can be worked on at once.

use std::arch::x86_64::*;

use super::operations::operations;
use crate::kernel::Block;
use crate::md5::steps::steps;

/// A word of each of `G` streams, as `steps!` has them; here `G` is one.
type Word<const G: usize> = [__m128i; G];

/// Lets a state take in blocks.
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) fn compress(state: &mut [u32; 4], blocks: &[Block]) {
    let mut words = [[_mm_setzero_si128()]; 4];
    for (word, value) in words.iter_mut().zip(*state) {
        *word = [_mm_cvtsi32_si128(value.cast_signed())];
    }
    for block in blocks {
        let mut x = [[_mm_setzero_si128()]; 16];
        for (word, bytes) in x.iter_mut().zip(block.as_chunks().0) {
            *word = [_mm_cvtsi32_si128(i32::from_le_bytes(*bytes))];
        }
        let [mut a, mut b, mut c, mut d] = words;
        steps!(a, b, c, d, x);
        words = [
            add(words[0], a),
            add(words[1], b),
            add(words[2], c),
            add(words[3], d),
        ];
    }
    for (value, [word]) in state.iter_mut().zip(words) {
        *value = _mm_cvtsi128_si32(word).cast_unsigned();
    }
}

operations!(
    __m128i in xmm_reg, "avx512f,avx512vl",
    _mm_set1_epi32, _mm_add_epi32, _mm_ternarylogic_epi32, _mm_rol_epi32
);
