//! A stream of bytes under a passphrase: what was changed in it, cut off its end or put in another order is found, and
//! nothing is given out before it was found to be whole so far.
//!
//! The key of a file comes from the passphrase and 16 random bytes by Argon2id, which takes 64 MiB and some tenths of a
//! second for each guess (RFC 9106, the second of its recommended choices, on one lane). The stream goes in pieces of
//! 64 KiB, each sealed by XChaCha20-Poly1305; a piece's nonce is its number and whether it is the last. Since no two files
//! have a key in common, no nonce is used twice.

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::sealing::random;

/// The first line of a file: the name and version of its format.
const FORMAT: &[u8] = b"longshore-backup-1\n";

/// What begins the first line of a file of any version.
const ANY_VERSION: &[u8] = b"longshore-backup-";

/// Random bytes that make the key of each file another one.
const SALT_BYTES: usize = 16;

/// Bytes by which a wrong passphrase is told from a file that was changed.
const CHECK_BYTES: usize = 32;

/// Bytes of a piece before it is sealed: what one read or write of a disk moves.
const PIECE: usize = 64 << 10;

/// What a seal adds (Poly1305).
const TAG: usize = 16;

/// Memory that a guess of the passphrase takes, in KiB, and how often it is gone through (RFC 9106, section 4).
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;

/// What a passphrase opens. Wiped when dropped; never printed.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes what a person has typed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// A file that does not open.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("it is no backup of Longshore")]
    Foreign,
    /// A newer release made it.
    #[error("it is of the format `{0}`, which this release does not know")]
    Newer(String),
    /// It does not open with the passphrase.
    #[error("the passphrase is not the one that it was made with")]
    WrongPassphrase,
    /// Bytes of it are others than were written.
    #[error("it is damaged, or cut off, at byte {0} or behind that")]
    Damaged(u64),
    /// Its end is missing.
    #[error("it is cut off at byte {0}")]
    Torn(u64),
}

/// The key of a file, and what shows that it is the right one.
struct FileKeys {
    pieces: XChaCha20Poly1305,
    check: [u8; CHECK_BYTES],
}

impl FileKeys {
    fn of(passphrase: &Passphrase, salt: &[u8; SALT_BYTES]) -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(64)).expect("they are within bounds");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut both = Zeroizing::new([0; 64]);
        argon2
            .hash_password_into(passphrase.0.as_bytes(), salt, &mut *both)
            .expect("salt and output have lengths that it takes");
        let (key, check) = both.split_first_chunk::<32>().expect("there are 64 bytes");
        let mut mac = Hmac::<Sha256>::new_from_slice(check).expect("it takes keys of any length");
        mac.update(FORMAT);
        mac.update(salt);
        Self {
            pieces: XChaCha20Poly1305::new(&(*key).into()),
            check: mac.finalize().into_bytes().into(),
        }
    }
}

fn nonce(piece: u64, is_last: bool) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&piece.to_be_bytes());
    nonce[8] = is_last.into();
    nonce.into()
}

/// Writes a sealed stream. What is not finished cannot be opened.
pub(super) struct Sealing<W> {
    to: W,
    pieces: XChaCha20Poly1305,
    piece: u64,
    waiting: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealing<W> {
    /// Begins a stream.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn begin(mut to: W, passphrase: &Passphrase) -> io::Result<Self> {
        let salt = random();
        let keys = FileKeys::of(passphrase, &salt);
        to.write_all(FORMAT)?;
        to.write_all(&salt)?;
        to.write_all(&keys.check)?;
        Ok(Self {
            to,
            pieces: keys.pieces,
            piece: 0,
            waiting: Zeroizing::new(Vec::with_capacity(PIECE)),
        })
    }

    /// Ends the stream, and gives back what it was written to.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = nonce(self.piece, is_last);
        let sealed = self.pieces.encrypt(&nonce, self.waiting.as_slice());
        self.to.write_all(&sealed.expect("a piece is short"))?;
        self.piece += 1;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece is kept until more comes: it may be the last.
        if self.waiting.len() == PIECE {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a sealed stream, piece by piece.
pub(super) struct Opening<R> {
    from: R,
    pieces: XChaCha20Poly1305,
    piece: u64,
    /// Where the next piece begins in the file.
    at: u64,
    /// What was read of the file and not opened yet: up to a piece, and one byte of the next.
    ahead: Vec<u8>,
    is_over: bool,
}

impl<R: Read> Opening<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`SealedError`].
    pub(super) fn begin(mut from: R, passphrase: &Passphrase) -> Result<Self, SealedError> {
        let mut head = Vec::new();
        let head_bytes = FORMAT.len() + SALT_BYTES + CHECK_BYTES;
        (&mut from).take(count(head_bytes)).read_to_end(&mut head)?;
        let rest = match head.strip_prefix(FORMAT) {
            Some(rest) => rest,
            None => return Err(foreign(&head)),
        };
        let (salt, check) = rest
            .split_first_chunk()
            .filter(|(_, check)| check.len() == CHECK_BYTES)
            .ok_or(SealedError::Torn(count(head.len())))?;
        let keys = FileKeys::of(passphrase, salt);
        if keys.check.as_slice() != check {
            return Err(SealedError::WrongPassphrase);
        }
        Ok(Self {
            from,
            pieces: keys.pieces,
            piece: 0,
            at: count(head_bytes),
            ahead: Vec::new(),
            is_over: false,
        })
    }

    /// The next bytes of the stream; `None` after its end.
    ///
    /// # Errors
    /// [`SealedError`].
    pub(super) fn next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, SealedError> {
        if self.is_over {
            return Ok(None);
        }
        let full = PIECE + TAG;
        let wanted = full + 1 - self.ahead.len();
        (&mut self.from)
            .take(count(wanted))
            .read_to_end(&mut self.ahead)?;
        let is_last = self.ahead.len() <= full;
        let next = self.ahead.split_off(self.ahead.len().min(full));
        let sealed = std::mem::replace(&mut self.ahead, next);
        let opened = self.open(&sealed, is_last);
        let opened = opened.ok_or_else(|| match is_last {
            // The end of the file is none of the stream.
            true if self.open(&sealed, false).is_some() => {
                SealedError::Torn(self.at + count(sealed.len()))
            }
            true if sealed.len() < TAG => SealedError::Torn(self.at + count(sealed.len())),
            _ => SealedError::Damaged(self.at),
        })?;
        self.piece += 1;
        self.at += count(sealed.len());
        self.is_over = is_last;
        Ok(Some(opened))
    }

    fn open(&self, sealed: &[u8], is_last: bool) -> Option<Zeroizing<Vec<u8>>> {
        let opened = self.pieces.decrypt(&nonce(self.piece, is_last), sealed);
        opened.ok().map(Zeroizing::new)
    }
}

/// What a file is that does not begin as this release would begin it.
fn foreign(head: &[u8]) -> SealedError {
    if !head.is_empty() && FORMAT.starts_with(head) {
        return SealedError::Torn(count(head.len()));
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(line) if line.as_bytes().starts_with(ANY_VERSION) => SealedError::Newer(line.to_owned()),
        _ => SealedError::Foreign,
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    fn sealed(content: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::begin(Vec::new(), &passphrase("right")).unwrap();
        sealing.write_all(content).unwrap();
        sealing.finish().unwrap()
    }

    fn opened(file: &[u8], with: &str) -> Result<Vec<u8>, SealedError> {
        let mut opening = Opening::begin(file, &passphrase(with))?;
        let mut content = Vec::new();
        while let Some(piece) = opening.next()? {
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    /// Pieces as they lie in a file, behind its head.
    fn pieces(file: &[u8]) -> Vec<&[u8]> {
        let head = FORMAT.len() + SALT_BYTES + CHECK_BYTES;
        file[head..].chunks(PIECE + TAG).collect()
    }

    #[test]
    fn what_was_sealed_is_opened_whatever_its_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5] {
            let content: Vec<u8> = (0_u8..=250).cycle().take(length).collect();
            assert_eq!(opened(&sealed(&content), "right").unwrap(), content);
        }
    }

    #[test]
    fn another_passphrase_is_told_as_such() {
        let refused = opened(&sealed(b"content"), "wrong");
        assert!(matches!(refused, Err(SealedError::WrongPassphrase)));
    }

    #[test]
    fn what_is_cut_off_between_pieces_is_torn() {
        let file = sealed(&vec![7; 2 * PIECE + 5]);
        let head = FORMAT.len() + SALT_BYTES + CHECK_BYTES;
        let ends = [
            1,
            FORMAT.len(),
            head - 1,
            head,
            head + 1,
            head + PIECE + TAG,
            head + PIECE + TAG + 1,
            head + 2 * (PIECE + TAG),
        ];
        for end in ends {
            let torn = opened(&file[..end], "right");
            assert!(
                matches!(torn, Err(SealedError::Torn(at)) if at == count(end)),
                "{end}: {torn:?}"
            );
        }
        let within = opened(&file[..file.len() - 1], "right");
        assert!(matches!(within, Err(SealedError::Damaged(_))));
    }

    #[test]
    fn what_was_changed_is_damaged_and_names_its_place() {
        let file = sealed(&vec![7; 2 * PIECE + 5]);
        let head = FORMAT.len() + SALT_BYTES + CHECK_BYTES;
        let second = head + PIECE + TAG;
        let mut changed = file.clone();
        changed[second + 100] ^= 1;
        let damaged = opened(&changed, "right");
        assert!(matches!(damaged, Err(SealedError::Damaged(at)) if at == count(second)));
        let whole = pieces(&file);
        let swapped = [&file[..head], whole[1], whole[0], whole[2]].concat();
        assert!(matches!(
            opened(&swapped, "right"),
            Err(SealedError::Damaged(_))
        ));
        let longer = [&file[..], b"more"].concat();
        assert!(opened(&longer, "right").is_err());
    }

    #[test]
    fn other_files_and_newer_ones_are_told_apart() {
        for file in [&b""[..], b"PGDMP", b"longshore-endpoints-1\n"] {
            assert!(matches!(opened(file, "right"), Err(SealedError::Foreign)));
        }
        let newer = opened(b"longshore-backup-2\nand more", "right");
        assert!(matches!(newer, Err(SealedError::Newer(name)) if name == "longshore-backup-2"));
    }
}
