//! What opens an encrypted device, on its way from who knows it to the station that has the device.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::limits::{SEALED_SECRET_BYTES, SECRET_BYTES};

/// What a secret begins with that its customer has sealed for the installation; a file of age in base64 follows. Who seals
/// for whom is not known here.
pub const SEALED: &str = "age:";

/// Whether a secret is sealed.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(SEALED)
}

/// A password of a device, or a recovery password of BitLocker: 1 to 512 bytes in one line, or such a one sealed. It has no `Display`, `Debug` hides it, and it
/// is wiped when dropped; it is written only into messages.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceSecret(Zeroizing<String>);

/// A text that no volume takes. The text is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// There is none.
    #[error("is empty")]
    Empty,
    /// It is too long.
    #[error("has more than {SECRET_BYTES} bytes")]
    Long,
    /// It has a line end or another control character in it.
    #[error("is more than one line, or has a control character in it")]
    Control,
}

impl DeviceSecret {
    /// Takes a secret.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn new(secret: String) -> Result<Self, BadSecret> {
        let secret = Zeroizing::new(secret);
        let longest = match is_sealed(&secret) {
            true => SEALED_SECRET_BYTES,
            false => SECRET_BYTES,
        };
        if secret.is_empty() {
            Err(BadSecret::Empty)
        } else if secret.len() > longest {
            Err(BadSecret::Long)
        } else if secret.contains(char::is_control) {
            Err(BadSecret::Control)
        } else {
            Ok(Self(secret))
        }
    }

    /// The secret itself, for what keeps it sealed and for what opens the device.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret(…)")
    }
}

impl Serialize for DeviceSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DeviceSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(|why| serde::de::Error::custom(format!("a secret that {why}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_line_and_shows_itself_to_nobody() {
        let secret = DeviceSecret::new(" hunter 2 ".to_owned()).unwrap();
        assert_eq!(secret.expose(), " hunter 2 ", "blanks count");
        assert!(!format!("{secret:?}").contains("hunter"));
        let sent = serde_json::to_string(&secret).unwrap();
        assert_eq!(serde_json::from_str::<DeviceSecret>(&sent).unwrap(), secret);
        for (text, why) in [
            (String::new(), BadSecret::Empty),
            ("ä".repeat(SECRET_BYTES / 2 + 1), BadSecret::Long),
            ("hunter\n2".to_owned(), BadSecret::Control),
        ] {
            assert_eq!(DeviceSecret::new(text.clone()), Err(why));
            let error = serde_json::from_value::<DeviceSecret>(text.into()).unwrap_err();
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
    }
}
