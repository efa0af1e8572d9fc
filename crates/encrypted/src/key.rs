//! The splitter of LUKS, which spreads a key over many sectors so that one that is lost takes the key with it.

use crate::secrets::Wiped;
use crate::stretch::Hash;

/// Puts a key of `bytes` bytes together of its stripes.
pub(crate) fn merge(stripes: &[u8], bytes: usize, hash: Hash) -> Wiped {
    let mut key = Wiped::new(vec![0; bytes]);
    let mut parts = stripes.chunks_exact(bytes.max(1)).peekable();
    while let Some(part) = parts.next() {
        for (into, byte) in key.iter_mut().zip(part) {
            *into ^= byte;
        }
        if parts.peek().is_some() {
            diffuse(&mut key, hash);
        }
    }
    key
}

/// Each piece of the length of a digest becomes the digest of its number and itself.
fn diffuse(key: &mut [u8], hash: Hash) {
    for (number, piece) in (0_u32..).zip(key.chunks_mut(hash.bytes())) {
        let digest = hash.of(&[&number.to_be_bytes(), piece]);
        piece.copy_from_slice(&digest[..piece.len()]);
    }
}
