//! LZX as WIM and WOF have it: chunks of up to 32 KiB that stand alone.
//!
//! Source: MS-PATCH LZX DELTA and the WIM variant that wimlib documents: a window of 32 KiB, blocks that may be
//! shorter than it, no header of translation, and the translation of `E8` over each chunk with 12,000,000.

mod blocks;
mod translation;

use super::bits::BitReader;
use super::{LZX_BYTES, UnpackError, repeat, room};
use blocks::{Lengths, LzxBlock, MatchCodes};

/// The slots of distances of a window of 32 KiB.
const SLOTS: usize = 30;

/// Unpacks a chunk of `plain_bytes`.
pub(super) fn unpack(packed: &[u8], plain_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let mut plain = room(plain_bytes, LZX_BYTES)?;
    let mut bits = BitReader::new(packed);
    let mut lengths = Lengths::default();
    let mut recent = [1; 3];
    while plain.len() < plain_bytes {
        let (size, block) = blocks::header(&mut bits, &mut lengths)?;
        let end = plain.len() + size;
        if size == 0 || end > plain_bytes {
            return Err(UnpackError::Damaged("the size of a block"));
        }
        match block {
            LzxBlock::Stored => stored(&mut plain, &mut bits, &mut recent, size)?,
            LzxBlock::Coded(codes) => coded(&mut plain, &mut bits, &mut recent, &codes, end)?,
        }
    }
    translation::undo(&mut plain);
    Ok(plain)
}

/// A block that is not packed: three distances, then bytes, and one more if they are odd.
fn stored(
    plain: &mut Vec<u8>,
    bits: &mut BitReader<'_>,
    recent: &mut [usize; 3],
    size: usize,
) -> Result<(), UnpackError> {
    bits.align()?;
    for distance in recent {
        *distance = bits.pair()? | bits.pair()? << 16;
    }
    plain.extend_from_slice(bits.bytes(size)?);
    // The last byte of a chunk may be left out where nothing follows.
    if size % 2 == 1 {
        let _ = bits.byte();
    }
    Ok(())
}

/// A block of bytes and matches, up to `end`.
fn coded(
    plain: &mut Vec<u8>,
    bits: &mut BitReader<'_>,
    recent: &mut [usize; 3],
    codes: &MatchCodes,
    end: usize,
) -> Result<(), UnpackError> {
    while plain.len() < end {
        let symbol = codes.main.read(bits)?;
        match u8::try_from(symbol) {
            Ok(byte) => plain.push(byte),
            Err(_) => {
                let symbol = symbol - 256;
                let mut length = (symbol & 7) + 2;
                if symbol & 7 == 7 {
                    length += codes.length.read(bits)?;
                }
                let distance = distance(symbol >> 3, bits, recent, codes)?;
                repeat(plain, distance, length, end)?;
            }
        }
    }
    Ok(())
}

/// The distance of a match, which becomes the most recent one.
fn distance(
    slot: usize,
    bits: &mut BitReader<'_>,
    recent: &mut [usize; 3],
    codes: &MatchCodes,
) -> Result<usize, UnpackError> {
    if slot < 3 {
        recent.swap(0, slot);
        return Ok(recent[0]);
    }
    let (base, extra) = slot_of(slot);
    let low = match &codes.aligned {
        Some(aligned) if extra >= 3 => bits.read(extra - 3)? << 3 | aligned.read(bits)?,
        _ => bits.read(extra)?,
    };
    *recent = [base + low, recent[0], recent[1]];
    Ok(recent[0])
}

/// The first distance of a slot from 3 on, and how many bits more it has.
fn slot_of(slot: usize) -> (usize, u32) {
    let extra = (slot / 2).saturating_sub(1);
    let base = (2 + slot % 2) << extra;
    (base - 2, u32::try_from(extra).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_follow_each_other_without_a_gap() {
        let mut next = 1;
        for slot in 3..SLOTS {
            let (base, extra) = slot_of(slot);
            assert_eq!(base, next, "slot {slot}");
            next = base + (1 << extra);
        }
        assert_eq!(next, (1 << 15) - 2);
    }

    #[test]
    fn a_stored_block_is_taken_as_it_is() {
        // Type 3, size 5 in 16 bits, then aligned.
        let mut packed = Vec::new();
        let header: u32 = 0b0110 << 28 | 5 << 12;
        packed.extend(u16::try_from(header >> 16).unwrap().to_le_bytes());
        packed.extend(u16::try_from(header & 0xFFFF).unwrap().to_le_bytes());
        for distance in [1u32, 1, 1] {
            packed.extend(distance.to_le_bytes());
        }
        packed.extend(*b"hello");
        assert_eq!(unpack(&packed, 5).unwrap(), b"hello");
        assert!(unpack(&packed, 4).is_err());
        assert!(unpack(&packed, 6).is_err());
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut], 5).is_err(), "cut at {cut}");
        }
        assert!(unpack(&packed, LZX_BYTES + 1).is_err());
    }
}
