//! The diffuser of BitLocker ("Elephant": N. Ferguson, AES-CBC + Elephant diffuser, 2006), undone.

use super::blocks::{Cipher, xor};

/// Undoes it in a sector that begins at `place`, in bytes of the volume.
pub(super) fn diffuse(second: &dyn Cipher, place: u64, sector: &mut [u8]) {
    let mut words = [0_u32; 1024];
    let words = &mut words[..sector.len() / 4];
    for (word, bytes) in words.iter_mut().zip(sector.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    undo_b(words);
    undo_a(words);
    for (word, bytes) in words.iter().zip(sector.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let key = sector_key(second, place);
    for part in sector.chunks_mut(key.len()) {
        xor(part, &key);
    }
}

fn sector_key(second: &dyn Cipher, place: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&place.to_le_bytes());
    key[16..24].copy_from_slice(&place.to_le_bytes());
    key[31] = 0x80;
    second.encrypt(&mut key);
    key
}

/// A sector has as many words as some power of two, so that a mask leads around its end.
fn undo_a(words: &mut [u32]) {
    let (count, mask) = (words.len(), words.len() - 1);
    for _ in 0..5 {
        for index in 0..count {
            let far = words[(index + count - 5) & mask].rotate_left([9, 0, 13, 0][index & 3]);
            let near = words[(index + count - 2) & mask];
            words[index] = words[index].wrapping_add(near ^ far);
        }
    }
}

fn undo_b(words: &mut [u32]) {
    let (count, mask) = (words.len(), words.len() - 1);
    for _ in 0..3 {
        for index in 0..count {
            let far = words[(index + 5) & mask].rotate_left([0, 10, 0, 25][index & 3]);
            let near = words[(index + 2) & mask];
            words[index] = words[index].wrapping_add(near ^ far);
        }
    }
}
