//! Receipts of strangers, and what comes with them: lists of keys, checkpoints, key files, paths of tiles.
#![no_main]

use custody::chain::Chain;
use custody::note::checkpoint::Checkpoint;
use custody::note::{Note, VerifierKey};
use custody::signers::{Revoked, Signers};
use custody::sshsig::SshSignature;
use custody::tree::Tile;
use custody::verify::verify;
use custody::{key_file, line::Entry};
use libfuzzer_sys::fuzz_target;

/// The one receipt that is known to be whole.
const WHOLE: &[u8] = include_bytes!("../../crates/custody/tests/golden/receipt.txt");

fuzz_target!(|data: &[u8]| {
    assert!(verify(data).is_err() || data == WHOLE);
    if let Ok(entry) = Entry::parse(data) {
        let mut chain = Chain::after(entry.job, entry.seq, entry.prev, entry.at);
        let _ = chain.follow(data);
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(signature) = SshSignature::parse(text) {
        assert_eq!(signature.armour(), text);
    }
    if let Ok(note) = Note::parse(text) {
        assert_eq!(Note::parse(&note.to_string()), Ok(note));
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(tile) = text.parse::<Tile>() {
        assert_eq!(tile.to_string(), text);
    }
    let _ = (Signers::parse(text), Revoked::parse(text), key_file::read(text));
});
