//! The forms that OpenSSH's files are made of: texts with their length before them (RFC 4251, 5), and armour.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Columns of base64 in OpenSSH's armour.
const COLUMNS: usize = 70;

/// Puts a text with its length behind what there is.
///
/// # Panics
/// If it is longer than 4 GiB: what is put is our own.
pub(crate) fn put(out: &mut Vec<u8>, text: &[u8]) {
    let length = u32::try_from(text.len()).expect("keys, names and digests are short");
    out.extend(length.to_be_bytes());
    out.extend(text);
}

/// What is left to read.
pub(crate) struct Rest<'a>(pub(crate) &'a [u8]);

impl<'a> Rest<'a> {
    /// The next so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    }

    /// The next text.
    pub(crate) fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

/// Puts bytes into armour as OpenSSH writes it.
pub(crate) fn armour(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = STANDARD.encode(bytes);
    for (place, c) in encoded.chars().enumerate() {
        if place > 0 && place % COLUMNS == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text + &format!("\n-----END {label}-----\n")
}

/// Takes bytes out of armour. `None` if it is none. What is read is not to be believed until the armour is built
/// again and is the same.
pub(crate) fn unarmoured(label: &str, text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix(&format!("-----BEGIN {label}-----\n"))?;
    let text = text
        .trim_end()
        .strip_suffix(&format!("-----END {label}-----"))?;
    let encoded: String = text.chars().filter(|c| *c != '\n').collect();
    STANDARD.decode(encoded).ok()
}
