//! XTS (IEEE 1619) of sectors that are whole blocks.

use super::blocks::{Cipher, xor};

/// Bytes that go through the cipher together: eight sectors of 512, or one of 4096.
const RUN: usize = 4096;

/// Deciphers sectors; `first` is the number of the first, and `step` from each to the next.
pub(super) fn decipher(
    data: &dyn Cipher,
    tweak: &dyn Cipher,
    sector: usize,
    first: u64,
    step: u64,
    sectors: &mut [u8],
) {
    let mut tweaks = [0; RUN];
    let mut number = first;
    for run in sectors.chunks_mut(RUN) {
        let tweaks = &mut tweaks[..run.len()];
        let count = run.len().div_ceil(sector);
        let mut begins = [0; RUN / 512 * 16];
        let begins = &mut begins[..count * 16];
        for begin in begins.chunks_mut(16) {
            begin[..8].copy_from_slice(&number.to_le_bytes());
            number = number.wrapping_add(step);
        }
        tweak.encrypt(begins);
        for (begin, of_sector) in begins.chunks(16).zip(tweaks.chunks_mut(sector)) {
            spread(begin, of_sector);
        }
        xor(run, tweaks);
        data.decrypt(run);
        xor(run, tweaks);
    }
}

/// The tweaks of the blocks of a sector: each is the one before, doubled in GF(2^128).
fn spread(begin: &[u8], tweaks: &mut [u8]) {
    let mut held = [0; 16];
    held.copy_from_slice(begin);
    let mut value = u128::from_le_bytes(held);
    for tweak in tweaks.chunks_exact_mut(16) {
        tweak.copy_from_slice(&value.to_le_bytes());
        let carry = 0x87 * (value >> 127);
        value = (value << 1) ^ carry;
    }
}
