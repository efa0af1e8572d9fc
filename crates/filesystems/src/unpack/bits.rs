//! The stream of bits that XPRESS and LZX share: 16-bit little-endian words, the highest bit first, with whole
//! bytes between them.
//!
//! Source: MS-XCA 2.2.4. The reader takes a word as soon as fewer than 16 bits are left; where whole bytes lie in
//! the stream depends on that.

use super::UnpackError;

/// Bits of a packed unit. Past its end come zeros, which may be looked at and not taken.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    packed: &'a [u8],
    next: usize,
    /// The bits that were read and not taken, the next one highest.
    held: u32,
    count: u32,
    /// How many of them are from past the end.
    invented: u32,
}

impl<'a> BitReader<'a> {
    /// The bits of `packed`.
    pub(super) fn new(packed: &'a [u8]) -> Self {
        Self {
            packed,
            next: 0,
            held: 0,
            count: 0,
            invented: 0,
        }
    }

    /// Sees to it that at least 16 bits are held.
    pub(super) fn fill(&mut self) {
        if self.count >= 16 {
            return;
        }
        let word = match self.packed.get(self.next..) {
            Some([low, high, ..]) => u32::from(u16::from_le_bytes([*low, *high])),
            _ => {
                self.invented += 16;
                0
            }
        };
        self.next = self.next.saturating_add(2);
        self.held |= word << (16 - self.count);
        self.count += 16;
    }

    /// The next `count` bits, at most 16, which stay.
    pub(super) fn peek(&mut self, count: u32) -> usize {
        self.fill();
        if count == 0 {
            return 0;
        }
        (self.held >> (32 - count)) as usize
    }

    /// Takes `count` bits that were looked at.
    pub(super) fn take(&mut self, count: u32) -> Result<(), UnpackError> {
        self.held = self.held.checked_shl(count).unwrap_or(0);
        self.count = self.count.checked_sub(count).ok_or(UnpackError::Short)?;
        if self.count < self.invented {
            return Err(UnpackError::Short);
        }
        Ok(())
    }

    /// The next `count` bits, at most 16.
    pub(super) fn read(&mut self, count: u32) -> Result<usize, UnpackError> {
        let bits = self.peek(count);
        self.take(count)?;
        Ok(bits)
    }

    /// The next whole byte, which lies after the words that were read.
    pub(super) fn byte(&mut self) -> Result<usize, UnpackError> {
        let byte = self.packed.get(self.next).ok_or(UnpackError::Short)?;
        self.next += 1;
        Ok(usize::from(*byte))
    }

    /// The next two whole bytes as a little-endian number.
    pub(super) fn pair(&mut self) -> Result<usize, UnpackError> {
        Ok(self.byte()? | self.byte()? << 8)
    }

    /// Drops the bits that are held; if there are none, a whole word. What follows are whole bytes.
    pub(super) fn align(&mut self) -> Result<(), UnpackError> {
        // LZX takes a word only when it needs one: what was taken ahead is given back.
        if self.count > 16 {
            self.next = self.next.saturating_sub(2);
            self.count -= 16;
            self.invented = self.invented.saturating_sub(16);
        } else if self.count == 0 {
            self.fill();
        }
        let left = self.count;
        self.take(left)?;
        self.held = 0;
        Ok(())
    }

    /// The next `count` whole bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], UnpackError> {
        let end = self.next.checked_add(count).ok_or(UnpackError::Short)?;
        let taken = self.packed.get(self.next..end).ok_or(UnpackError::Short)?;
        self.next = end;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_from_words_and_bytes_from_between_them() {
        let mut bits = BitReader::new(&[0x34, 0x12, 0x78, 0x56, 0xAA, 0xBC, 0x9A]);
        assert_eq!(bits.read(4), Ok(1));
        assert_eq!(bits.read(12), Ok(0x234));
        assert_eq!(bits.read(8), Ok(0x56));
        assert_eq!(bits.byte(), Ok(0xAA));
        assert_eq!(bits.read(12), Ok(0x789));
        assert_eq!(bits.read(12), Ok(0xABC));
        assert_eq!(bits.peek(16), 0);
        assert_eq!(bits.read(1), Err(UnpackError::Short));
    }

    #[test]
    fn aligning_drops_the_rest_of_a_word_or_a_whole_one() {
        let packed = [0, 0, 1, 2, 3, 4];
        let mut bits = BitReader::new(&packed);
        bits.read(3).unwrap();
        bits.align().unwrap();
        assert_eq!(bits.bytes(2), Ok(&[1, 2][..]));
        let mut bits = BitReader::new(&packed);
        bits.read(16).unwrap();
        bits.align().unwrap();
        assert_eq!(bits.bytes(2), Ok(&[3, 4][..]));
    }
}
