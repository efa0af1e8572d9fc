//! Opens encrypted volumes of every form whose headers have edits. No key is derived and no sum is checked: what a header says is
//! read as if somebody had summed it, and costs nothing.

#![no_main]

use std::sync::LazyLock;

use encrypted::plain::{Origin, Plain};
use encrypted::secrets::Secrets;
use filesystems::blocks::Blocks as _;
use fuzz::{Edited, locked};
use libfuzzer_sys::fuzz_target;

static VOLUMES: LazyLock<[Vec<u8>; 8]> = LazyLock::new(|| {
    [
        locked::luks1(),
        locked::luks2(),
        locked::bitlocker(false),
        locked::bitlocker(true),
        locked::veracrypt(b"VERA", 5),
        locked::veracrypt(b"TRUE", 4),
        locked::veracrypt(b"TRUE", 3),
        vec![0; 8192],
    ]
});

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    let secrets = Secrets::none().with_passphrase(b"hunter2");
    secrets
        .and_then(|it| it.with_key_file(b"key"))
        .expect("they are short")
});

fuzz_target!(|data: &[u8]| {
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let volume = &VOLUMES[usize::from(which & 7)];
    let mut volume = Edited::new(volume, edits);
    if let Ok(plain) = encrypted::open(&mut volume, &SECRETS) {
        prove(&plain, &mut volume);
    }
});

/// What is told of an open volume can be read as it is told.
fn prove(plain: &Plain, volume: &mut Edited<'_>) {
    let cipher = plain.key.cipher().expect("it was tried when it was opened");
    let mut next = plain.at;
    for piece in &plain.pieces {
        assert_eq!(piece.at, next);
        next += piece.bytes;
        let mut first = vec![0; plain.key.sector_bytes as usize];
        match &piece.origin {
            Origin::Cipher { at, sector } => {
                volume.read(*at, &mut first).expect("it lies in the volume");
                cipher.decipher(*sector, &mut first);
            }
            Origin::These(these) => assert_eq!(these.len() as u64, piece.bytes),
            Origin::Zeros | Origin::Clear => assert!(next <= volume.bytes()),
        }
    }
    assert_eq!(next, plain.at + plain.bytes);
    assert!(!plain.kind.contains(char::is_control));
}
