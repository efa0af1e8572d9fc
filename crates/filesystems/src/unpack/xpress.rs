//! XPRESS with Huffman codes, one chunk of WOF.
//!
//! Source: MS-XCA 2.2. A chunk begins with the lengths of the codes of 512 symbols, four bits each: 256 bytes and
//! 256 kinds of matches.

use super::bits::BitReader;
use super::huffman::HuffmanCode;
use super::{UnpackError, XPRESS_BYTES, repeat, room};

/// The bytes of the lengths.
const LENGTHS: usize = 256;

/// Unpacks a chunk of `plain_bytes`.
pub(super) fn unpack(packed: &[u8], plain_bytes: usize) -> Result<Vec<u8>, UnpackError> {
    let mut plain = room(plain_bytes, XPRESS_BYTES)?;
    let (lengths, stream) = packed.split_at_checked(LENGTHS).ok_or(UnpackError::Short)?;
    let lengths: Vec<u8> = lengths
        .iter()
        .flat_map(|pair| [pair & 15, pair >> 4])
        .collect();
    let code = HuffmanCode::new(&lengths)?;
    let mut bits = BitReader::new(stream);
    bits.fill();
    while plain.len() < plain_bytes {
        let symbol = code.read(&mut bits)?;
        match u8::try_from(symbol) {
            Ok(byte) => plain.push(byte),
            Err(_) => {
                let (distance, length) = matched(symbol - 256, &mut bits)?;
                repeat(&mut plain, distance, length, plain_bytes)?;
            }
        }
    }
    Ok(plain)
}

/// Distance and length of a match: its symbol has four bits of each, and more lies in the stream.
fn matched(symbol: usize, bits: &mut BitReader<'_>) -> Result<(usize, usize), UnpackError> {
    bits.fill();
    let mut length = symbol & 15;
    if length == 15 {
        length = match bits.byte()? {
            255 => long(bits)?,
            byte => byte + 15,
        };
    }
    let distance_bits = symbol >> 4;
    let low = bits.read(u32::try_from(distance_bits).unwrap_or(0))?;
    Ok(((1 << distance_bits) + low, length + 3))
}

/// A length that does not fit into a byte.
fn long(bits: &mut BitReader<'_>) -> Result<usize, UnpackError> {
    let length = bits.pair()?;
    // Zero would begin a length of 32 bits, longer than any chunk.
    if length < 15 {
        return Err(UnpackError::Damaged("the length of a match"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second example of MS-XCA 3.2: 300 times `abc`.
    fn example() -> Vec<u8> {
        let mut packed = vec![0; LENGTHS];
        packed[48] = 0x30;
        packed[49] = 0x23;
        packed[128] = 0x02;
        packed[143] = 0x20;
        packed.extend([0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01]);
        packed
    }

    #[test]
    fn the_published_example_unpacks() {
        assert_eq!(unpack(&example(), 300).unwrap(), b"abc".repeat(100));
    }

    #[test]
    fn what_is_cut_or_crossed_is_an_error() {
        let packed = example();
        assert!(unpack(&packed, 299).is_err());
        assert!(unpack(&packed, 301).is_err());
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut], 300).is_err(), "cut at {cut}");
        }
        assert!(unpack(&packed, XPRESS_BYTES + 1).is_err());
    }
}
