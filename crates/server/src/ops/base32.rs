//! Ten bytes as sixteen characters that can be typed: what ids of keys and users are drawn as.

/// The alphabet of RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// RFC 4648 without padding.
pub(super) fn base32(entropy: [u8; 10]) -> String {
    let mut bits = entropy
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mut text = [0; 16];
    for character in text.iter_mut().rev() {
        *character = BASE32[usize::try_from(bits % 32).unwrap_or_default()];
        bits /= 32;
    }
    String::from_utf8_lossy(&text).into_owned()
}
