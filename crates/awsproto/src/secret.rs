//! Secrets that cannot be shown by accident: no `Display`, a `Debug` without content, wiped when
//! dropped.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret half of an access key.
///
/// Comparison takes the same time wherever two keys of one length differ.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Wraps a secret access key.
    pub fn new(secret: impl Into<String>) -> Self {
        SecretKey(Zeroizing::new(secret.into()))
    }

    /// Shows the secret, for signing or sealing; the caller must not print or keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretKey {}

/// The token that goes with temporary credentials (`SecurityToken`, `X-Amz-Security-Token`).
///
/// It is a bearer secret, so it is guarded like [`SecretKey`].
#[derive(Clone)]
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// Wraps a session token.
    pub fn new(token: impl Into<String>) -> Self {
        SessionToken(Zeroizing::new(token.into()))
    }

    /// Shows the token, for sending or checking; the caller must not print or keep it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

impl PartialEq for SessionToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SessionToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SecretKey::new("hunter2")), "SecretKey(…)");
        assert_eq!(
            format!("{:?}", SessionToken::new("hunter2")),
            "SessionToken(…)"
        );
    }

    #[test]
    fn equality_is_of_content() {
        assert_eq!(SecretKey::new("a"), SecretKey::new("a"));
        assert_ne!(SecretKey::new("a"), SecretKey::new("b"));
        assert_ne!(SessionToken::new("a"), SessionToken::new("ab"));
    }
}
