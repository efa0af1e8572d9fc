//! Any text as a header value: RFC 2047 encoded words.
//!
//! S3 returns metadata it cannot print in this form (User Guide, *Working with object metadata*), so
//! it is what tools know how to read. What a header carries unchanged stays as it is.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const OPEN: &str = "=?UTF-8?B?";
const CLOSE: &str = "?=";

/// Bytes of text in one word: 45 make 60 of base64, and a word has at most 75 (RFC 2047, section 2).
const WORD_BYTES: usize = 45;

/// Encodes `text` if a header would not carry it unchanged.
pub(super) fn encode(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let words: Vec<String> = pieces(text)
        .map(|piece| format!("{OPEN}{}{CLOSE}", STANDARD.encode(piece)))
        .collect();
    Cow::Owned(words.join(" "))
}

/// Decodes what [`encode`] made; anything else stays as it is.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    let words: Option<Vec<Vec<u8>>> = value.split(' ').map(word).collect();
    let text = words.and_then(|words| String::from_utf8(words.concat()).ok());
    text.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// Printable ASCII with single spaces inside, that is not read as encoded.
fn is_plain(text: &str) -> bool {
    let printable = text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    printable && text.trim() == text && !text.contains("  ") && !text.contains("=?")
}

/// Splits between characters: each word must decode by itself (RFC 2047, section 5).
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.floor_char_boundary(WORD_BYTES);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn word(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_suffix(CLOSE)?;
    let head = inner.get(..OPEN.len())?;
    if !head.eq_ignore_ascii_case(OPEN) {
        return None;
    }
    STANDARD.decode(&inner[OPEN.len()..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        for text in ["", "a", "a b; c=\"d\"", "x=?"[..2].as_ref()] {
            assert_eq!(encode(text), text);
            assert_eq!(decode(text), text);
        }
    }

    #[test]
    fn any_text_comes_back() {
        let long = "Grüße, 世界 🚢 ".repeat(40);
        for text in [
            "é",
            " a",
            "a  b",
            "a\nb",
            "=?UTF-8?B?w6k=?=",
            "\u{0}",
            long.as_str(),
        ] {
            let value = encode(text);
            assert!(
                value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()),
                "{value}"
            );
            assert!(value.split(' ').all(|word| word.len() <= 75), "{value}");
            assert_eq!(decode(&value), text);
        }
    }

    #[test]
    fn the_published_example_is_read() {
        // S3 User Guide, *Working with object metadata*.
        assert_eq!(decode("=?UTF-8?B?w4PChE1Bw4PChE1B?="), "Ã\u{84}MAÃ\u{84}MA");
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        for value in [
            "=?UTF-8?B?!!!?=",
            "=?ISO-8859-1?Q?a?=",
            "=?=",
            "a =?UTF-8?B?w6k=?=",
        ] {
            assert_eq!(decode(value), value);
        }
    }
}
