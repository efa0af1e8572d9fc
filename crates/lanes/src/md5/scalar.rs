//! MD5 of one stream in ordinary registers.
//!
//! All that counts is the way from one step to the next: whatever does not hang on the newest word is to be
//! added up before. The compiler would add in another order, which is right and a fifth slower, so each step holds on to
//! its own.

use std::arch::asm;

use super::steps::steps;
use crate::kernel::Block;

/// A word of each of `G` streams, as `steps!` has them; here `G` is one.
type Word<const G: usize> = [u32; G];

/// Lets a state take in blocks.
pub(super) fn compress(state: &mut [u32; 4], blocks: &[Block]) {
    for block in blocks {
        let mut x = [[0]; 16];
        for (word, bytes) in x.iter_mut().zip(block.as_chunks().0) {
            *word = [u32::from_le_bytes(*bytes)];
        }
        let [mut a, mut b, mut c, mut d] = state.map(|word| [word]);
        steps!(a, b, c, d, x);
        for (word, [new]) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(new);
        }
    }
}

/// Keeps the compiler from adding what comes later to what was added up to `sum`. No instruction.
#[inline]
fn held(mut sum: u32) -> u32 {
    // SAFETY: there is only a comment, which leaves everything as it was.
    unsafe {
        asm!(
            "/* {:e} */",
            inout(reg) sum,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

// What `steps!` calls.

#[inline]
fn add<const G: usize>(mut x: Word<G>, y: Word<G>) -> Word<G> {
    for n in 0..G {
        x[n] = x[n].wrapping_add(y[n]);
    }
    x
}

#[inline]
fn term<const G: usize>(x: Word<G>, sine: u32) -> Word<G> {
    add(x, [sine; G])
}

/// `(b & c) | (!b & d)`, with one operation less.
#[inline]
fn f<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = held(sum[n]).wrapping_add(d[n] ^ (b[n] & (c[n] ^ d[n])));
    }
    sum
}

/// `(b & d) | (c & !d)`. The halves have no bit in common and are added one by one: the second
/// need not wait for `b`, the newest of the three.
#[inline]
fn g<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        let early = sum[n].wrapping_add(c[n] & !d[n]);
        sum[n] = held(early).wrapping_add(b[n] & d[n]);
    }
    sum
}

/// `b ^ c ^ d`.
#[inline]
fn h<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = held(sum[n]).wrapping_add(b[n] ^ held(c[n] ^ d[n]));
    }
    sum
}

/// `c ^ (b | !d)`.
#[inline]
fn i<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = held(sum[n]).wrapping_add(c[n] ^ (b[n] | !d[n]));
    }
    sum
}

#[inline]
fn turn<const S: u32, const T: u32, const G: usize>(mut sum: Word<G>, b: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].rotate_left(S).wrapping_add(b[n]);
    }
    sum
}
