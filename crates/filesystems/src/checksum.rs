//! The checksums of file systems and partition tables, each byte by byte from a table.

/// The tables of what a byte does to a remainder.
mod tables {
    /// Of a polynomial whose highest power stands in the lowest bit.
    pub(super) const fn reflected(polynomial: u32) -> [u32; 256] {
        let mut table = [0; 256];
        let mut byte: u32 = 0;
        while byte < 256 {
            let mut rest = byte;
            let mut bit = 0;
            while bit < 8 {
                let is_odd = rest & 1 == 1;
                rest >>= 1;
                if is_odd {
                    rest ^= polynomial;
                }
                bit += 1;
            }
            table[byte as usize] = rest;
            byte += 1;
        }
        table
    }

    /// Of a polynomial whose highest power stands in the highest bit.
    pub(super) const fn straight(polynomial: u32) -> [u32; 256] {
        let mut table = [0; 256];
        let mut byte: u32 = 0;
        while byte < 256 {
            let mut rest = byte << 24;
            let mut bit = 0;
            while bit < 8 {
                let is_high = rest >> 31 == 1;
                rest <<= 1;
                if is_high {
                    rest ^= polynomial;
                }
                bit += 1;
            }
            table[byte as usize] = rest;
            byte += 1;
        }
        table
    }
}

const CRC32: [u32; 256] = tables::reflected(0xEDB8_8320);
const CRC32C: [u32; 256] = tables::reflected(0x82F6_3B78);
const CRC16: [u32; 256] = tables::reflected(0xA001);
const CRC32_BE: [u32; 256] = tables::straight(0x04C1_1DB7);

fn reflected(table: &[u32; 256], seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |rest, &byte| {
        let [low, ..] = rest.to_le_bytes();
        rest >> 8 ^ table[usize::from(low ^ byte)]
    })
}

/// CRC-32 of IEEE 802.3, as GPT has it.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    !reflected(&CRC32, u32::MAX, bytes)
}

/// The same continued from `seed` with one byte, inverted neither before nor after: `u32::MAX` begins.
#[must_use]
pub fn crc32_step(seed: u32, byte: u8) -> u32 {
    reflected(&CRC32, seed, &[byte])
}

/// CRC-32C (Castagnoli) continued from `seed`, inverted neither before nor after, as Linux has it: `u32::MAX` begins.
#[must_use]
pub fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    reflected(&CRC32C, seed, bytes)
}

/// CRC-16 of ANSI (polynomial 0x8005, reflected) continued from `seed`, as the group descriptors of ext4 have it.
#[must_use]
pub fn crc16(seed: u16, bytes: &[u8]) -> u16 {
    let [low, high, ..] = reflected(&CRC16, u32::from(seed), bytes).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// CRC-32 with the highest bit first continued from `seed`, inverted neither before nor after, as the first journal
/// checksums have it.
#[must_use]
pub fn crc32_be(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |rest, &byte| {
        let [high, ..] = rest.to_be_bytes();
        rest << 8 ^ CRC32_BE[usize::from(high ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms: of `123456789`.
    #[test]
    fn the_check_values_are_those_that_are_published() {
        let digits = b"123456789";
        assert_eq!(crc32(digits), 0xCBF4_3926);
        assert_eq!(!crc32c(u32::MAX, digits), 0xE306_9283);
        assert_eq!(crc16(0, digits), 0xBB3D);
        assert_eq!(crc16(0xFFFF, digits), 0x4B37);
        assert_eq!(!crc32_be(u32::MAX, digits), 0xFC89_1918);
    }

    #[test]
    fn a_checksum_goes_on_from_a_seed() {
        let half = crc32c(u32::MAX, b"1234");
        assert_eq!(crc32c(half, b"56789"), crc32c(u32::MAX, b"123456789"));
    }
}
