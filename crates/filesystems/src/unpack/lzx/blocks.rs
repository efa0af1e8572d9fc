//! The headers of LZX blocks: how long a block is, and the codes of what it holds.

use super::SLOTS;
use crate::unpack::UnpackError;
use crate::unpack::bits::BitReader;
use crate::unpack::huffman::HuffmanCode;

/// Bytes, and eight kinds of lengths for each slot.
const MAIN_SYMBOLS: usize = 256 + 8 * SLOTS;
const LENGTH_SYMBOLS: usize = 249;
const PRE_SYMBOLS: usize = 20;
const ALIGNED_SYMBOLS: usize = 8;
/// The size of a block that does not say one, in bytes.
const DEFAULT_SIZE: usize = 32 << 10;

/// What a block holds.
pub(super) enum LzxBlock {
    /// Bytes as they are.
    Stored,
    /// Bytes and matches in these codes.
    Coded(Box<MatchCodes>),
}

/// The codes of a block.
pub(super) struct MatchCodes {
    /// Bytes, and slots of distances with short lengths.
    pub(super) main: HuffmanCode,
    /// Longer lengths.
    pub(super) length: HuffmanCode,
    /// The lowest three bits of distances, where they have a code.
    pub(super) aligned: Option<HuffmanCode>,
}

/// The lengths of the codes of the block before, of which the next tells the differences.
pub(super) struct Lengths {
    main: [u8; MAIN_SYMBOLS],
    length: [u8; LENGTH_SYMBOLS],
}

impl Default for Lengths {
    fn default() -> Self {
        Self {
            main: [0; MAIN_SYMBOLS],
            length: [0; LENGTH_SYMBOLS],
        }
    }
}

/// Reads the header of a block: its size in plain bytes, and what it holds.
pub(super) fn header(
    bits: &mut BitReader<'_>,
    lengths: &mut Lengths,
) -> Result<(usize, LzxBlock), UnpackError> {
    let kind = bits.read(3)?;
    let size = if bits.read(1)? == 1 {
        DEFAULT_SIZE
    } else {
        bits.read(16)?
    };
    let block = match kind {
        1 => codes(bits, lengths, None)?,
        2 => {
            let aligned = aligned(bits)?;
            codes(bits, lengths, Some(aligned))?
        }
        3 => LzxBlock::Stored,
        _ => return Err(UnpackError::Damaged("the kind of a block")),
    };
    Ok((size, block))
}

fn aligned(bits: &mut BitReader<'_>) -> Result<HuffmanCode, UnpackError> {
    HuffmanCode::new(&plain_lengths::<ALIGNED_SYMBOLS>(bits, 3)?)
}

fn codes(
    bits: &mut BitReader<'_>,
    lengths: &mut Lengths,
    aligned: Option<HuffmanCode>,
) -> Result<LzxBlock, UnpackError> {
    let (bytes, matches) = lengths.main.split_at_mut(256);
    update(bits, bytes)?;
    update(bits, matches)?;
    update(bits, &mut lengths.length)?;
    Ok(LzxBlock::Coded(Box::new(MatchCodes {
        main: HuffmanCode::new(&lengths.main)?,
        length: HuffmanCode::new(&lengths.length)?,
        aligned,
    })))
}

/// Lengths of `width` bits each.
fn plain_lengths<const COUNT: usize>(
    bits: &mut BitReader<'_>,
    width: u32,
) -> Result<[u8; COUNT], UnpackError> {
    let mut lengths = [0; COUNT];
    for length in &mut lengths {
        *length = u8::try_from(bits.read(width)?).unwrap_or(u8::MAX);
    }
    Ok(lengths)
}

/// Reads the lengths of a code, which are packed themselves: differences to those before, and runs.
fn update(bits: &mut BitReader<'_>, lengths: &mut [u8]) -> Result<(), UnpackError> {
    let pre = HuffmanCode::new(&plain_lengths::<PRE_SYMBOLS>(bits, 4)?)?;
    let mut at = 0;
    while let Some(&old) = lengths.get(at) {
        let (value, count) = match pre.read(bits)? {
            17 => (0, bits.read(4)? + 4),
            18 => (0, bits.read(5)? + 20),
            19 => {
                let count = bits.read(1)? + 4;
                (changed(old, pre.read(bits)?)?, count)
            }
            symbol => (changed(old, symbol)?, 1),
        };
        let run = lengths.get_mut(at..at + count);
        run.ok_or(UnpackError::Damaged("a run of lengths past their end"))?
            .fill(value);
        at += count;
    }
    Ok(())
}

/// The length that differs from `old` by `symbol`, modulo 17.
fn changed(old: u8, symbol: usize) -> Result<u8, UnpackError> {
    let length = u8::try_from(symbol).ok().filter(|&symbol| symbol <= 16);
    let length = length.ok_or(UnpackError::Damaged("the length of a code"))?;
    Ok((old + 17 - length) % 17)
}
