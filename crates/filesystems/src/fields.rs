//! Numbers in bytes that were read: each is there, or is not.

/// Bytes from `at` on, if there are so many.
#[must_use]
pub fn bytes<const N: usize>(from: &[u8], at: usize) -> Option<[u8; N]> {
    let held = from.get(at..at.checked_add(N)?)?;
    held.try_into().ok()
}

/// 16 bits, the lowest byte first.
#[must_use]
pub fn le16(from: &[u8], at: usize) -> Option<u16> {
    bytes(from, at).map(u16::from_le_bytes)
}

/// 32 bits, the lowest byte first.
#[must_use]
pub fn le32(from: &[u8], at: usize) -> Option<u32> {
    bytes(from, at).map(u32::from_le_bytes)
}

/// 64 bits, the lowest byte first.
#[must_use]
pub fn le64(from: &[u8], at: usize) -> Option<u64> {
    bytes(from, at).map(u64::from_le_bytes)
}

/// 16 bits, the highest byte first.
#[must_use]
pub fn be16(from: &[u8], at: usize) -> Option<u16> {
    bytes(from, at).map(u16::from_be_bytes)
}

/// 32 bits, the highest byte first.
#[must_use]
pub fn be32(from: &[u8], at: usize) -> Option<u32> {
    bytes(from, at).map(u32::from_be_bytes)
}

/// 64 bits, the highest byte first.
#[must_use]
pub fn be64(from: &[u8], at: usize) -> Option<u64> {
    bytes(from, at).map(u64::from_be_bytes)
}

/// A UUID as it is written, from the order of its bytes.
#[must_use]
pub fn uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A GUID as Microsoft and GPT keep it, whose first three numbers stand lowest byte first.
#[must_use]
pub fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    let mut ordered = [d, c, b, a, f, e, h, g, 0, 0, 0, 0, 0, 0, 0, 0];
    ordered[8..].copy_from_slice(&rest);
    uuid(&ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_they_are_whole() {
        let from = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(le16(&from, 7), Some(0x0908));
        assert_eq!(le16(&from, 8), None);
        assert_eq!(be32(&from, 1), Some(0x0203_0405));
        assert_eq!(le64(&from, 1), Some(0x0908_0706_0504_0302));
        assert_eq!(be64(&from, usize::MAX), None);
    }

    #[test]
    fn a_guid_has_three_numbers_lowest_byte_first() {
        let bytes = [
            0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0, 0xA0, 0xC9, 0x3E, 0xC9,
            0x3B,
        ];
        assert_eq!(guid(&bytes), "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        assert_eq!(uuid(&bytes), "28732ac1-1ff8-d211-ba4b-00a0c93ec93b");
    }
}
