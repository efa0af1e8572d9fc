//! Volumes that others make, and volumes that are made here, opened and read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bitlocker;
mod hostile;
mod luks;
mod veracrypt;
mod writing;

use encrypted::Locked;
use encrypted::plain::{Origin, Plain};
use encrypted::secrets::Secrets;
use filesystems::blocks::{Blocks as _, MemoryBlocks};

/// Bytes in which no sector is like another.
fn content(bytes: usize) -> Vec<u8> {
    let words = 0..u32::try_from(bytes / 4).unwrap();
    words
        .flat_map(|word| word.wrapping_mul(0x9E37_79B9).to_le_bytes())
        .collect()
}

fn passphrase(text: &str) -> Secrets {
    Secrets::none().with_passphrase(text.as_bytes()).unwrap()
}

fn open(volume: &[u8], secrets: &Secrets) -> Result<Plain, Locked> {
    encrypted::open(&mut MemoryBlocks::new(volume.to_vec()), secrets)
}

/// The plain bytes of a volume.
fn read(volume: &[u8], plain: &Plain) -> Vec<u8> {
    let mut blocks = MemoryBlocks::new(volume.to_vec());
    let cipher = plain.key.cipher().unwrap();
    let mut all = Vec::new();
    for piece in &plain.pieces {
        let mut bytes = vec![0; usize::try_from(piece.bytes).unwrap()];
        match &piece.origin {
            Origin::Cipher { at, sector } => {
                blocks.read(*at, &mut bytes).unwrap();
                cipher.decipher(*sector, &mut bytes);
            }
            Origin::Clear => blocks.read(piece.at, &mut bytes).unwrap(),
            Origin::These(these) => bytes.copy_from_slice(these),
            Origin::Zeros => {}
        }
        all.extend(bytes);
    }
    all
}
