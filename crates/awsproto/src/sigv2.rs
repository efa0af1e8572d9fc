//! Signature Version 2: an HMAC over the sorted parameters.
//!
//! The string to sign is `METHOD\nhost\npath\nparameters`, and its last line the [`Params::encode`]
//! form without `Signature`. Verifier and signer share this one function.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{hmac_sha1, hmac_sha256};
use crate::params::Params;
use crate::secret::SecretKey;

/// The `SignatureMethod` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacMethod {
    /// `HmacSHA256`, which every SDK uses.
    Sha256,
    /// `HmacSHA1`, which the oldest clients use.
    Sha1,
}

impl HmacMethod {
    /// Reads the parameter's exact text.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "HmacSHA256" => Some(HmacMethod::Sha256),
            "HmacSHA1" => Some(HmacMethod::Sha1),
            _ => None,
        }
    }

    /// Gives the parameter's exact text.
    pub fn as_str(self) -> &'static str {
        match self {
            HmacMethod::Sha256 => "HmacSHA256",
            HmacMethod::Sha1 => "HmacSHA1",
        }
    }
}

/// Builds the string to sign.
///
/// `host` is the `Host` header with its port, if it has one; `path` is the path as sent; a
/// `Signature` among the parameters is left out.
pub fn string_to_sign(method: &str, host: &str, path: &str, params: &Params) -> String {
    let host = host.trim().to_ascii_lowercase();
    format!(
        "{method}\n{host}\n{path}\n{}",
        params.encode_without(Some("Signature"))
    )
}

/// Computes the base64 signature of a string to sign.
pub fn signature(secret: &SecretKey, method: HmacMethod, string_to_sign: &str) -> String {
    let key = secret.expose().as_bytes();
    let data = string_to_sign.as_bytes();
    match method {
        HmacMethod::Sha256 => STANDARD.encode(hmac_sha256(key, data)),
        HmacMethod::Sha1 => STANDARD.encode(hmac_sha1(key, data)),
    }
}
