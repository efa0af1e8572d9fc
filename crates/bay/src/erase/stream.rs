//! What is written: a stream under a key that nobody can guess, or zeros; and whether that is what is read.
//!
//! The stream is ChaCha20 (RFC 8439) over zeros. Each mebibyte of the device is a block of it: its nonce is the block's
//! number, eight bytes with the lowest first and four zeros, and it counts from 0. So any place can be made alone, and no
//! two places have the same content: a device that wraps, or remembers only some of its blocks, cannot answer.

use std::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use model::erasure::{Difference, PassFill};
use zeroize::Zeroizing;

use super::limits::BLOCK_BYTES;

/// The key of a stream: it is of no use but to tell what was written, and is thrown away with the journal.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, for the journal.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What a pass writes.
#[derive(Debug, Clone)]
pub(super) enum Fill {
    /// The stream.
    Stream(Key),
    /// Zeros.
    Zeros,
}

impl Fill {
    /// What it is called in an account.
    pub(super) fn name(&self) -> PassFill {
        match self {
            Self::Stream(_) => PassFill::KeyedStream,
            Self::Zeros => PassFill::Zeros,
        }
    }

    /// Makes what belongs at `offset` of the device.
    pub(super) fn make(&self, offset: u64, buffer: &mut [u8]) {
        buffer.fill(0);
        let Self::Stream(key) = self else {
            return;
        };
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let (block, within) = (at / BLOCK_BYTES, at % BLOCK_BYTES);
            let left = usize::try_from(BLOCK_BYTES - within).unwrap_or(usize::MAX);
            let length = left.min(rest.len());
            let (now, later) = rest.split_at_mut(length);
            let mut nonce = [0; 12];
            nonce[..8].copy_from_slice(&block.to_le_bytes());
            let mut cipher = ChaCha20::new(key.bytes().into(), &nonce.into());
            cipher.seek(within);
            cipher.apply_keystream(now);
            at += length as u64;
            rest = later;
        }
    }

    /// The first byte of what was read at `offset` that is not what was `made` for it.
    pub(super) fn difference(offset: u64, made: &[u8], read: &[u8]) -> Option<Difference> {
        if made == read {
            return None;
        }
        let pairs = made.iter().zip(read);
        let (place, (expected, found)) =
            pairs.enumerate().find(|(_, (made, read))| made != read)?;
        Some(Difference {
            offset: offset + place as u64,
            found: *found,
            expected: *expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Fill {
        Fill::Stream(Key::new([7; 32]))
    }

    #[test]
    fn any_place_of_the_stream_is_made_alone() {
        let mut whole = vec![0; 3 << 20];
        stream().make(0, &mut whole);
        for (from, length) in [
            (0, 512),
            (512, 4096),
            ((1 << 20) - 100, 4096),
            (2_500_000, 77),
        ] {
            let mut part = vec![1; length];
            stream().make(from as u64, &mut part);
            assert_eq!(part, whole[from..from + length], "{from}");
        }
        assert_ne!(
            whole[..1 << 20],
            whole[1 << 20..2 << 20],
            "each has its own"
        );
        let mut other = vec![0; 4096];
        Fill::Stream(Key::new([8; 32])).make(0, &mut other);
        assert_ne!(other, whole[..4096]);
    }

    /// RFC 8439, 2.4.2 has a nonce that is no number of a block; with a key and nonce of zeros the stream is that of its
    /// appendix A.1, test vector 1.
    #[test]
    fn the_stream_is_that_of_the_rfc() {
        let mut made = [0; 64];
        Fill::Stream(Key::new([0; 32])).make(0, &mut made);
        let begin = "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7";
        assert_eq!(hex::encode(&made[..32]), begin);
    }

    #[test]
    fn the_first_byte_that_differs_is_found() {
        let (made, mut read) = (vec![0; 4096], vec![0; 4096]);
        assert_eq!(Fill::difference(8192, &made, &read), None);
        read[77] = 3;
        read[78] = 4;
        let found = Fill::difference(8192, &made, &read).unwrap();
        assert_eq!((found.offset, found.found, found.expected), (8269, 3, 0));
        assert_eq!(format!("{:?}", Key::new([9; 32])), "Key(…)");
    }
}
