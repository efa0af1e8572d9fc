//! What a station, or a person who runs the service, shows to be known by.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::sealing::random;

/// What a station or a person shows the server: 64 hexadecimal digits. The server keeps its SHA-256 only.
#[derive(Clone)]
pub struct BearerToken(Zeroizing<String>);

impl BearerToken {
    /// Makes a new one.
    #[must_use]
    pub fn draw() -> Self {
        let entropy = Zeroizing::new(random::<32>());
        Self(Zeroizing::new(hex::encode(*entropy)))
    }

    /// Takes what was shown.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Shows the token, for whom it was made; the caller must not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the job store keeps and looks up.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hex_and_hash_as_sha_256() {
        let token = BearerToken::draw();
        assert_eq!(hex::decode(token.expose()).unwrap().len(), 32);
        // FIPS 180-2, appendix B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(BearerToken::new("abc").sha256()), digest);
        assert_eq!(format!("{token:?}"), "BearerToken(…)");
    }
}
