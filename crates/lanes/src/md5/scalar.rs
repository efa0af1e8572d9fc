//! MD5 of one stream, or of two side by side, in ordinary registers: what the kernels of
//! [`crate::both`] need, in the form that the modules for vectors have.

use std::arch::asm;

use crate::kernel::Block;

/// Streams in one register. The parameter `G` stands for the number of streams.
pub(crate) const WIDE: usize = 1;

/// The same word of `G` streams.
type Word<const G: usize> = [u32; G];

/// The message words of the blocks at `index` of all streams.
#[inline]
pub(crate) fn message<const G: usize>(
    blocks: &[[&[Block]; WIDE]; G],
    index: usize,
) -> [Word<G>; 16] {
    let mut message = [[0; G]; 16];
    for (n, [stream]) in blocks.iter().enumerate() {
        for (word, bytes) in message.iter_mut().zip(stream[index].as_chunks().0) {
            word[n] = u32::from_le_bytes(*bytes);
        }
    }
    message
}

#[inline]
pub(crate) fn load<const G: usize>(words: &[[u32; WIDE]; G]) -> Word<G> {
    words.map(|[word]| word)
}

#[inline]
pub(crate) fn store<const G: usize>(word: Word<G>) -> [[u32; WIDE]; G] {
    word.map(|word| [word])
}

/// Keeps the compiler from moving the calculation of `words` past this place. No instruction.
#[inline]
pub(crate) fn hold<const G: usize>(words: &mut Word<G>) {
    for word in words {
        // SAFETY: there is only a comment, which leaves everything as it was.
        unsafe {
            asm!(
                "/* {:e} */",
                inout(reg) * word,
                options(nomem, nostack, preserves_flags),
            );
        }
    }
}

// What `steps!` calls.

#[inline]
pub(crate) fn add<const G: usize>(mut x: Word<G>, y: Word<G>) -> Word<G> {
    for n in 0..G {
        x[n] = x[n].wrapping_add(y[n]);
    }
    x
}

#[inline]
pub(crate) fn term<const G: usize>(x: Word<G>, sine: u32) -> Word<G> {
    add(x, [sine; G])
}

/// `(b & c) | (!b & d)`, with one operation less.
#[inline]
pub(crate) fn f<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].wrapping_add(d[n] ^ (b[n] & (c[n] ^ d[n])));
    }
    sum
}

/// `(b & d) | (c & !d)`. The halves have no bit in common and are added one by one: the second
/// need not wait for `b`, the newest of the three.
#[inline]
pub(crate) fn g<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].wrapping_add(c[n] & !d[n]).wrapping_add(b[n] & d[n]);
    }
    sum
}

/// `b ^ c ^ d`.
#[inline]
pub(crate) fn h<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].wrapping_add(b[n] ^ (c[n] ^ d[n]));
    }
    sum
}

/// `c ^ (b | !d)`.
#[inline]
pub(crate) fn i<const G: usize>(mut sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].wrapping_add(c[n] ^ (b[n] | !d[n]));
    }
    sum
}

#[inline]
pub(crate) fn turn<const S: u32, const T: u32, const G: usize>(
    mut sum: Word<G>,
    b: Word<G>,
) -> Word<G> {
    for n in 0..G {
        sum[n] = sum[n].rotate_left(S).wrapping_add(b[n]);
    }
    sum
}
