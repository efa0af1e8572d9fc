//! Who something is sealed for, and who opens it.

use std::fmt;
use std::str::FromStr;

use x25519_dalek::{PublicKey, StaticSecret};

use crate::bech32;

/// What recipients begin with.
const NAME: &str = "age";

/// For whom something is sealed: `age1…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient(pub(crate) PublicKey);

/// A text that is no recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no recipient of age, which begins with `age1` and has 62 letters")]
pub struct BadRecipient;

/// Who opens what is sealed. Wiped when it is dropped.
#[derive(Clone)]
pub struct Identity(pub(crate) StaticSecret);

impl Identity {
    /// Of 32 secret bytes.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(StaticSecret::from(secret))
    }

    /// For whom others seal.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::write(NAME, self.0.as_bytes()))
    }
}

impl FromStr for Recipient {
    type Err = BadRecipient;

    fn from_str(text: &str) -> Result<Self, BadRecipient> {
        let bytes = bech32::read(NAME, text.trim()).ok_or(BadRecipient)?;
        Ok(Self(PublicKey::from(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_read_as_it_was_written_and_no_letter_may_be_wrong() {
        // The key of the test suite of age: 32 bytes 0x42.
        let recipient = Identity::new([0x42; 32]).recipient();
        let text = recipient.to_string();
        let published = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        assert_eq!(text, published);
        assert_eq!((text.len(), &text[..4]), (62, "age1"));
        assert_eq!(text.parse(), Ok(recipient));
        assert_eq!(text.to_uppercase().parse(), Ok(recipient));
        for at in 0..text.len() {
            for letter in ["q", "p", "b", "1", "Q"] {
                let other = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
                if other != text {
                    assert_eq!(other.parse::<Recipient>(), Err(BadRecipient), "{other}");
                }
            }
        }
        for wrong in [
            "",
            "age1",
            &text[..61],
            &format!("{text}q"),
            "age-secret-key-1",
        ] {
            assert!(wrong.parse::<Recipient>().is_err(), "{wrong}");
        }
    }
}
