//! LZNT1, the compression of NTFS: chunks of 4 KiB, each with a header of two bytes.
//!
//! Source: MS-XCA 2.5. NTFS packs a unit of clusters; a header of zero ends it, and what follows in the unit is
//! zeros. So is the rest of a chunk that has fewer than 4 KiB and is not the last.

use super::{LZNT1_BYTES, UnpackError, repeat, room};

/// The plain bytes of a chunk.
const CHUNK: usize = 4096;

/// Unpacks the first `plain_bytes` of a unit.
pub(super) fn unpack(packed: &[u8], plain_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let mut plain = room(plain_bytes, LZNT1_BYTES)?;
    let mut rest = packed;
    while plain.len() < plain_bytes {
        let Some((chunk, after)) = next_chunk(rest)? else {
            break;
        };
        let most = CHUNK.min(plain_bytes - plain.len());
        let unpacked = match chunk {
            Chunk::Stored(bytes) => bytes.to_vec(),
            Chunk::Packed(bytes) => unpack_chunk(bytes)?,
        };
        let taken = unpacked.get(..most).unwrap_or(&unpacked);
        let filled = plain.len() + most;
        plain.extend_from_slice(taken);
        plain.resize(filled, 0);
        rest = after;
    }
    plain.resize(plain_bytes, 0);
    Ok(plain)
}

/// A chunk, without its header.
enum Chunk<'a> {
    Stored(&'a [u8]),
    Packed(&'a [u8]),
}

/// The next chunk and what follows it; `None` at the end of the unit.
fn next_chunk(rest: &[u8]) -> Result<Option<(Chunk<'_>, &[u8])>, UnpackError> {
    let (header, after) = match rest {
        [] | [0] | [0, 0, ..] => return Ok(None),
        [low, high, after @ ..] => (u16::from_le_bytes([*low, *high]), after),
        [_] => return Err(UnpackError::Short),
    };
    if header >> 12 & 7 != 3 {
        return Err(UnpackError::Damaged("the signature of a chunk"));
    }
    let length = usize::from(header & 0xFFF) + 1;
    let (chunk, after) = after.split_at_checked(length).ok_or(UnpackError::Short)?;
    let chunk = if header & 0x8000 == 0 {
        if length != CHUNK {
            return Err(UnpackError::Damaged("a stored chunk that is not 4 KiB"));
        }
        Chunk::Stored(chunk)
    } else {
        Chunk::Packed(chunk)
    };
    Ok(Some((chunk, after)))
}

/// Unpacks a chunk: groups of eight elements, each a byte or a match, behind a byte of flags.
fn unpack_chunk(chunk: &[u8]) -> Result<Vec<u8>, UnpackError> {
    let mut plain = Vec::with_capacity(CHUNK);
    let mut bytes = chunk.iter().copied();
    while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(low) = bytes.next() else {
                return Ok(plain);
            };
            if flags >> bit & 1 == 0 {
                push(&mut plain, low)?;
            } else {
                let high = bytes.next().ok_or(UnpackError::Short)?;
                let (distance, length) = matched(u16::from_le_bytes([low, high]), plain.len());
                repeat(&mut plain, distance, length, CHUNK)?;
            }
        }
    }
    Ok(plain)
}

fn push(plain: &mut Vec<u8>, byte: u8) -> Result<(), UnpackError> {
    if plain.len() == CHUNK {
        return Err(UnpackError::Damaged("a chunk of more than 4 KiB"));
    }
    plain.push(byte);
    Ok(())
}

/// Distance and length of a match at `position` of a chunk: the further on, the more bits has the distance.
fn matched(pair: u16, position: usize) -> (usize, usize) {
    let mut length_bits = 12;
    while length_bits > 4 && position > 1 << (16 - length_bits) {
        length_bits -= 1;
    }
    let length = pair & ((1 << length_bits) - 1);
    (
        usize::from(pair >> length_bits) + 1,
        usize::from(length) + 3,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of MS-XCA 3.3.
    const EXAMPLE: [u8; 59] = [
        0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2, 0x47,
        0x01, 0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0, 0x45, 0x20,
        0x05, 0x24, 0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09,
        0x16, 0x01, 0x48, 0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
    ];

    #[test]
    fn the_published_example_unpacks() {
        let plain = b"F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# \
            D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";
        assert_eq!(unpack(&EXAMPLE, plain.len()).unwrap(), plain);
        assert_eq!(unpack(&EXAMPLE, 4).unwrap(), b"F# F");
    }

    #[test]
    fn after_the_end_of_a_unit_come_zeros() {
        let mut packed = vec![0x02, 0xb0, 0, b'a', b'b'];
        assert_eq!(unpack(&packed, 4).unwrap(), b"ab\0\0");
        packed.extend([0, 0, 0xFF, 0xFF]);
        assert_eq!(unpack(&packed, 8192).unwrap()[2..], [0; 8190]);
    }

    #[test]
    fn a_short_chunk_is_filled_up_before_the_next() {
        let packed = [0x01, 0xb0, 0, b'a', 0x01, 0xb0, 0, b'b'];
        let plain = unpack(&packed, 4098).unwrap();
        assert_eq!(
            (plain[0], plain[1], plain[4096], plain[4097]),
            (b'a', 0, b'b', 0)
        );
    }

    #[test]
    fn stored_chunks_are_taken_as_they_are() {
        let mut packed = vec![0xFF, 0x3F];
        packed.extend(std::iter::repeat_n(7, 4096));
        assert_eq!(unpack(&packed, 4096).unwrap(), [7; 4096]);
        packed.pop();
        assert_eq!(unpack(&packed, 4096), Err(UnpackError::Short));
    }

    #[test]
    fn what_is_cut_or_crossed_is_an_error() {
        assert!(unpack(&EXAMPLE[..40], 142).is_err());
        assert!(unpack(&[0x38, 0x90], 10).is_err());
        assert!(unpack(&[0x02, 0xb0, 1, 0, 0], 10).is_err());
        assert!(unpack(&EXAMPLE, LZNT1_BYTES + 1).is_err());
        // A match of 4098 bytes in a chunk of 4096.
        assert!(unpack(&[0x03, 0xb0, 2, b'a', 0xFF, 0x0F], 4096).is_err());
    }
}
