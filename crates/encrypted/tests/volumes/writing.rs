//! What encrypts in tests: block by block, and in another order than what is tested.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

fn block(key: &[u8], block: &mut [u8]) {
    let cipher = Aes256::new_from_slice(key).unwrap();
    let held: &mut [u8; 16] = block.try_into().unwrap();
    cipher.encrypt_block(held.into());
}

/// XTS of sectors, of which `first` is the number of the first; the two keys lie behind each other.
pub(crate) fn xts(key: &[u8], sector: usize, first: u64, data: &mut [u8]) {
    let (key, second) = key.split_at(32);
    for (number, sector) in (first..).zip(data.chunks_mut(sector)) {
        let mut tweak = [0; 16];
        tweak[..8].copy_from_slice(&number.to_le_bytes());
        block(second, &mut tweak);
        for part in sector.chunks_mut(16) {
            mix(part, &tweak);
            block(key, part);
            mix(part, &tweak);
            double(&mut tweak);
        }
    }
}

fn mix(part: &mut [u8], tweak: &[u8]) {
    part.iter_mut()
        .zip(tweak)
        .for_each(|(it, other)| *it ^= other);
}

/// By 2, in GF(2^128), byte by byte.
fn double(tweak: &mut [u8; 16]) {
    let mut carry = 0;
    for byte in tweak.iter_mut() {
        let next = *byte >> 7;
        *byte = *byte << 1 | carry;
        carry = next;
    }
    tweak[0] ^= 0x87 * carry;
}
