//! Texts that people write with whatever editor or shell they have.

use std::str::Utf8Error;

/// Bytes that are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// Neither UTF-8 nor marked as anything else.
    #[error("not UTF-8 text: the byte at offset {} is none of it", .0.valid_up_to())]
    NotUtf8(#[source] Utf8Error),
    /// Marked as UTF-16, and damaged.
    #[error("marked as UTF-16 text, and damaged")]
    BrokenUtf16,
}

/// Reads a text in UTF-8 or, as Windows' `>` and *Unicode* write it, UTF-16. Without a byte order mark UTF-16 is
/// known by the zero that every second byte of a Latin letter is. The mark itself is taken off.
///
/// # Errors
/// [`NotText`].
pub fn decode(bytes: &[u8]) -> Result<String, NotText> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [_, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, _, ..] => utf16(bytes, u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(NotText::NotUtf8)?;
            Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText::BrokenUtf16);
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<_, _>>()
        .map_err(|_| NotText::BrokenUtf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_write_is_read() {
        let units: Vec<u16> = "a: é\u{1f4be}\r\n".encode_utf16().collect();
        let bytes = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
            let body = units.iter().flat_map(|it| unit(*it));
            mark.into_iter().chain(body).collect::<Vec<u8>>()
        };
        let little = bytes([0xFF, 0xFE], u16::to_le_bytes);
        let big = bytes([0xFE, 0xFF], u16::to_be_bytes);
        for written in [
            &little[..],
            &big,
            "a: é\u{1f4be}\r\n".as_bytes(),
            b"\xEF\xBB\xBFa: \xC3\xA9\xF0\x9F\x92\xBE\r\n",
        ] {
            assert_eq!(decode(written).unwrap(), "a: é\u{1f4be}\r\n");
        }
        for unmarked in [&little[2..], &big[2..]] {
            assert_eq!(decode(unmarked).unwrap(), "a: é\u{1f4be}\r\n");
        }
        assert_eq!(decode(&little[..5]), Err(NotText::BrokenUtf16));
        assert_eq!(decode(b"\xFF\xFE\x00\xD8"), Err(NotText::BrokenUtf16));
        let latin = decode(b"caf\xE9").unwrap_err();
        assert_eq!(
            latin.to_string(),
            "not UTF-8 text: the byte at offset 3 is none of it"
        );
    }
}
