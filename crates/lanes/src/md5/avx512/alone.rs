//! MD5 of one stream with AVX-512, in the lowest lane of the narrowest registers: a rotation, and each of RFC 1321's
//! functions, is one operation there, and the way from one step to the next four operations instead of
//! five. Of the wide registers the processor has fewer that can be worked on at once.

use std::arch::asm;
use std::arch::x86_64::*;

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

/// Keeps the compiler from adding what comes later to what was added up to `sum`. No instruction.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn held(mut sum: __m128i) -> __m128i {
    // SAFETY: there is only a comment, which leaves everything as it was.
    unsafe {
        asm!(
            "/* {} */",
            inout(xmm_reg) sum,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

// What `steps!` calls.

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn add<const G: usize>(mut x: Word<G>, y: Word<G>) -> Word<G> {
    for n in 0..G {
        x[n] = _mm_add_epi32(x[n], y[n]);
    }
    x
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn term<const G: usize>(x: Word<G>, sine: u32) -> Word<G> {
    add(x, [_mm_set1_epi32(sine.cast_signed()); G])
}

/// Adds a function of three bits to `sum`. Bit `4 b + 2 c + d` of `TABLE` is the function's value.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn add_function<const TABLE: i32, const G: usize>(
    mut sum: Word<G>,
    b: Word<G>,
    c: Word<G>,
    d: Word<G>,
) -> Word<G> {
    for n in 0..G {
        let value = _mm_ternarylogic_epi32::<TABLE>(b[n], c[n], d[n]);
        sum[n] = _mm_add_epi32(held(sum[n]), value);
    }
    sum
}

/// `(b & c) | (!b & d)`
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn f<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    add_function::<0b1100_1010, G>(sum, b, c, d)
}

/// `(b & d) | (c & !d)`
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn g<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    add_function::<0b1110_0100, G>(sum, b, c, d)
}

/// `b ^ c ^ d`
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn h<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    add_function::<0b1001_0110, G>(sum, b, c, d)
}

/// `c ^ (b | !d)`
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn i<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    add_function::<0b0011_1001, G>(sum, b, c, d)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn turn<const S: i32, const T: i32, const G: usize>(mut sum: Word<G>, b: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = _mm_add_epi32(_mm_rol_epi32::<S>(sum[n]), b[n]);
    }
    sum
}
