//! Canonical Huffman codes, as XPRESS and LZX have them: shorter codes first, of equal length by symbol.

use super::UnpackError;
use super::bits::BitReader;

/// Codes up to this length are looked up; longer ones are rare.
const TABLE_BITS: u32 = 10;
/// The longest code there is, in bits.
const MOST_BITS: usize = 16;

/// A code, made from the lengths of its symbols.
#[derive(Debug)]
pub(super) struct HuffmanCode {
    /// For each beginning of [`TABLE_BITS`]: the symbol and the length of its code, 0 if that is longer.
    table: Vec<(u16, u8)>,
    /// The symbols in the order of their codes.
    sorted: Vec<u16>,
    counts: [u16; MOST_BITS + 1],
}

impl HuffmanCode {
    /// The code in which symbol `n` has `lengths[n]` bits, at most 16; 0 for a symbol that does not occur. A code
    /// without symbols is one from which nothing can be read.
    ///
    /// # Errors
    ///
    /// If some beginnings stand for two symbols, or for none.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, UnpackError> {
        let counts = counted(lengths)?;
        let used = 1 << MOST_BITS;
        let sum: u32 = (1..=MOST_BITS)
            .map(|bits| u32::from(counts[bits]) << (MOST_BITS - bits))
            .sum();
        if sum != used && sum != 0 {
            return Err(UnpackError::Damaged("a Huffman code that is not whole"));
        }
        let sorted = sorted(lengths, &counts);
        let table = table(&sorted, &counts);
        Ok(Self {
            table,
            sorted,
            counts,
        })
    }

    /// The next symbol.
    pub(super) fn read(&self, bits: &mut BitReader<'_>) -> Result<usize, UnpackError> {
        let next = bits.peek(16);
        let found = self.table.get(next >> (16 - TABLE_BITS)).copied();
        let (symbol, length) = match found {
            Some((symbol, length)) if length > 0 => (symbol, u32::from(length)),
            _ => self.search(next)?,
        };
        bits.take(length)?;
        Ok(usize::from(symbol))
    }

    /// The symbol whose code is the beginning of the 16 bits `next`, and its length, by going through the lengths.
    fn search(&self, next: usize) -> Result<(u16, u32), UnpackError> {
        let mut first = 0;
        let mut index = 0;
        for length in 1..=MOST_BITS {
            let count = usize::from(self.counts[length]);
            let code = next >> (MOST_BITS - length);
            if code < first + count {
                let symbol = self.sorted.get(index + code.saturating_sub(first));
                let symbol = symbol.ok_or(UnpackError::Damaged("a code without a symbol"))?;
                return Ok((*symbol, u32::try_from(length).unwrap_or(0)));
            }
            index += count;
            first = (first + count) << 1;
        }
        Err(UnpackError::Damaged("a code without a symbol"))
    }
}

/// How many symbols have each length.
fn counted(lengths: &[u8]) -> Result<[u16; MOST_BITS + 1], UnpackError> {
    let mut counts = [0; MOST_BITS + 1];
    for &length in lengths {
        let count = counts.get_mut(usize::from(length));
        *count.ok_or(UnpackError::Damaged("a code of more than 16 bits"))? += 1;
    }
    counts[0] = 0;
    Ok(counts)
}

/// The symbols in the order of their codes.
fn sorted(lengths: &[u8], counts: &[u16; MOST_BITS + 1]) -> Vec<u16> {
    let mut next = [0; MOST_BITS + 2];
    for bits in 1..=MOST_BITS {
        next[bits + 1] = next[bits] + usize::from(counts[bits]);
    }
    let mut sorted = vec![0; next[MOST_BITS + 1]];
    for (symbol, &length) in (0u16..).zip(lengths) {
        if length > 0 {
            let at = &mut next[usize::from(length)];
            sorted[*at] = symbol;
            *at += 1;
        }
    }
    sorted
}

/// What is looked up by the next [`TABLE_BITS`] bits.
fn table(sorted: &[u16], counts: &[u16; MOST_BITS + 1]) -> Vec<(u16, u8)> {
    let mut table = Vec::with_capacity(1 << TABLE_BITS);
    let mut symbols = sorted.iter();
    for bits in 1..=TABLE_BITS {
        let share = 1 << (TABLE_BITS - bits);
        let length = u8::try_from(bits).unwrap_or(0);
        for _ in 0..counts[bits as usize] {
            let symbol = symbols.next().copied().unwrap_or(0);
            table.extend(std::iter::repeat_n((symbol, length), share));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_by_length_and_then_by_symbol() {
        // 0: 10, 1: 0, 2: 110, 3: 111.
        let code = HuffmanCode::new(&[2, 1, 3, 3]).unwrap();
        let packed = 0b1001_1011_1000_0000u16.to_le_bytes();
        let mut bits = BitReader::new(&packed);
        let read: Vec<_> = (0..6).map(|_| code.read(&mut bits).unwrap()).collect();
        assert_eq!(read, [0, 1, 2, 3, 1, 1]);
    }

    #[test]
    fn long_codes_are_found_as_well() {
        // Lengths 1, 2, … 15, 16, 16: each code is ones and a zero, the last all ones.
        let lengths: Vec<u8> = (1..=16).chain([16]).collect();
        let code = HuffmanCode::new(&lengths).unwrap();
        for (symbol, word) in [(16, 0xFFFF), (15, 0xFFFE), (11, 0xFFE0), (0, 0)] {
            let packed = u16::to_le_bytes(word);
            assert_eq!(code.read(&mut BitReader::new(&packed)), Ok(symbol));
        }
    }

    #[test]
    fn what_is_not_whole_is_no_code() {
        assert!(HuffmanCode::new(&[1, 1, 1]).is_err());
        assert!(HuffmanCode::new(&[1, 2]).is_err());
        assert!(HuffmanCode::new(&[17]).is_err());
        let none = HuffmanCode::new(&[0, 0]).unwrap();
        assert!(none.read(&mut BitReader::new(&[0; 4])).is_err());
    }
}
