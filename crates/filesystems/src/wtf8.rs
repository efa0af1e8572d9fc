//! Names in UTF-16 as WTF-8: UTF-8, in which an unpaired surrogate stands as the three bytes that its number would
//! have (<https://simonsapin.github.io/wtf-8/>). Nothing is lost, and what was no Unicode is no UTF-8 either.

/// UTF-16 as WTF-8.
#[must_use]
pub fn from_utf16(units: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let mut text = Vec::new();
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok(letter) => push(&mut text, letter),
            Err(error) => push_surrogate(&mut text, error.unpaired_surrogate()),
        }
    }
    text
}

/// Appends a character.
pub fn push(text: &mut Vec<u8>, letter: char) {
    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Appends a surrogate that has no partner.
pub fn push_surrogate(text: &mut Vec<u8>, unit: u16) {
    let [high, low] = unit.to_be_bytes();
    text.push(0xE0 | high >> 4);
    text.push(0x80 | (high & 0x0F) << 2 | low >> 6);
    text.push(0x80 | low & 0x3F);
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn pairs_are_one_character_and_others_stand_alone() {
        assert_eq!(
            from_utf16("a\u{1F600}é".encode_utf16()),
            "a\u{1F600}é".as_bytes()
        );
        assert_eq!(from_utf16([0x61, 0xD83D]), [0x61, 0xED, 0xA0, 0xBD]);
        assert_eq!(
            from_utf16([0xDE00, 0xD83D]),
            [0xED, 0xB8, 0x80, 0xED, 0xA0, 0xBD]
        );
    }

    proptest! {
        /// It is UTF-8 exactly if it was UTF-16, and then the same text.
        #[test]
        fn only_unicode_becomes_utf8(units in prop::collection::vec(any::<u16>(), 0..20)) {
            let text = from_utf16(units.iter().copied());
            prop_assert_eq!(String::from_utf8(text).ok(), String::from_utf16(&units).ok());
        }
    }
}
