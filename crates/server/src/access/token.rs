//! What a station shows to be known by.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::sealing::random;

/// What a station shows the server: 64 hexadecimal digits. The server keeps its SHA-256 only.
#[derive(Clone)]
pub struct StationToken(Zeroizing<String>);

impl StationToken {
    /// Makes a new one.
    #[must_use]
    pub fn draw() -> Self {
        let entropy = Zeroizing::new(random::<32>());
        Self(Zeroizing::new(hex::encode(*entropy)))
    }

    /// Takes what a station showed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Shows the token, for the station's configuration; the caller must not log it.
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

impl fmt::Debug for StationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StationToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn station_tokens_are_hex_and_hash_as_sha_256() {
        let token = StationToken::draw();
        assert_eq!(hex::decode(token.expose()).unwrap().len(), 32);
        // FIPS 180-2, appendix B.1.
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex::encode(StationToken::new("abc").sha256()), digest);
        assert_eq!(format!("{token:?}"), "StationToken(…)");
    }
}
