//! Key files, which are mixed into the password.

use filesystems::checksum;

use crate::secrets::{Secrets, Wiped};

/// The longest password in bytes.
const LONGEST: usize = 128;

/// Bytes of a key file that count.
const COUNTED: usize = 1 << 20;

/// The password with the key files in it; `None` if it is longer than any.
pub(super) fn password(secrets: &Secrets) -> Option<Wiped> {
    let given = secrets.passphrase().unwrap_or_default();
    if given.len() > LONGEST {
        return None;
    }
    let mut password = Wiped::new(given.to_vec());
    if secrets.key_files().is_empty() {
        return Some(password);
    }
    let pool = pool(secrets.key_files(), if given.len() > 64 { 128 } else { 64 });
    password.resize(pool.len().max(given.len()), 0);
    for (byte, other) in password.iter_mut().zip(pool.iter()) {
        *byte = byte.wrapping_add(*other);
    }
    Some(password)
}

/// What the files come to: each byte of a file goes into a checksum, whose four bytes are added one after the other.
fn pool(files: &[Vec<u8>], bytes: usize) -> Wiped {
    let mut pool = Wiped::new(vec![0_u8; bytes]);
    for file in files {
        let (mut sum, mut at) = (u32::MAX, 0);
        for byte in file.iter().take(COUNTED) {
            sum = checksum::crc32_step(sum, *byte);
            for part in sum.to_be_bytes() {
                pool[at] = pool[at].wrapping_add(part);
                at = (at + 1) % bytes;
            }
        }
    }
    pool
}
