//! Units of bytes as file systems pack them, unpacked: bytes in, bytes out.
//!
//! A unit is small and stands alone. What is given back has exactly the length that was asked for, whatever the
//! packed bytes say; whatever they cannot mean is an error. Memory and time are bounded by the plain length.

mod bits;
mod huffman;
mod lznt1;
mod lzx;
mod xpress;

use thiserror::Error;

use crate::told::Codec;

/// The longest unit of LZNT1 in bytes: sixteen clusters of 4 KiB.
pub const LZNT1_BYTES: usize = 64 << 10;
/// The longest chunk of XPRESS in bytes: WOF has chunks of 4, 8 and 16 KiB.
pub const XPRESS_BYTES: usize = 16 << 10;
/// The longest chunk of LZX in bytes: its window.
pub const LZX_BYTES: usize = 32 << 10;

/// Why a unit was not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnpackError {
    /// More plain bytes were asked for than a unit of this codec has.
    #[error("a unit of {0} bytes is longer than any")]
    TooLong(usize),
    /// The packed bytes end too early.
    #[error("the packed bytes end too early")]
    Short,
    /// The packed bytes mean nothing; what of them.
    #[error("the packed bytes are damaged: {0}")]
    Damaged(&'static str),
}

/// Unpacks the first `plain_bytes` of one unit.
///
/// # Errors
///
/// If `packed` is no unit of `codec` that has so many bytes.
pub fn unpack(codec: Codec, packed: &[u8], plain_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    match codec {
        Codec::Lznt1 => lznt1::unpack(packed, plain_bytes),
        Codec::Xpress => xpress::unpack(packed, plain_bytes),
        Codec::Lzx => lzx::unpack(packed, plain_bytes),
    }
}

/// Room for the plain bytes of a unit that may have `most`.
fn room(plain_bytes: usize, most: usize) -> Result<Vec<u8>, UnpackError> {
    if plain_bytes > most {
        return Err(UnpackError::TooLong(plain_bytes));
    }
    Ok(Vec::with_capacity(plain_bytes))
}

/// Repeats `length` bytes from `distance` before the end; they may overlap what they make.
fn repeat(
    plain: &mut Vec<u8>,
    distance: usize,
    length: usize,
    most: usize,
) -> Result<(), UnpackError> {
    let start = plain.len().checked_sub(distance);
    let start = start.filter(|_| distance > 0);
    let start = start.ok_or(UnpackError::Damaged("a match from before the beginning"))?;
    if length > most.saturating_sub(plain.len()) {
        return Err(UnpackError::Damaged("a match past the end"));
    }
    let mut left = length;
    while left > 0 {
        let taken = left.min(plain.len() - start);
        plain.extend_from_within(start..start + taken);
        left -= taken;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_match_may_overlap_itself() {
        let mut plain = b"ab".to_vec();
        repeat(&mut plain, 2, 7, 9).unwrap();
        assert_eq!(plain, b"ababababa");
        repeat(&mut plain, 1, 0, 9).unwrap();
        assert!(repeat(&mut plain, 1, 1, 9).is_err());
        assert!(repeat(&mut plain, 10, 1, 99).is_err());
        assert!(repeat(&mut plain, 0, 1, 99).is_err());
    }

    proptest! {
        /// Whatever the bytes are, what comes has the length that was asked for, or nothing comes.
        #[test]
        fn any_bytes_give_the_length_or_an_error(
            packed in prop::collection::vec(any::<u8>(), 0..600),
            plain_bytes in 0usize..40_000,
        ) {
            for codec in [Codec::Lznt1, Codec::Xpress, Codec::Lzx] {
                if let Ok(plain) = unpack(codec, &packed, plain_bytes) {
                    prop_assert_eq!(plain.len(), plain_bytes);
                }
            }
        }
    }
}
