//! Checkpoints that others have seen, and when.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use custody::note::{Note, VerifierKey};
use custody::verify::verify;

use crate::world::{key, witnessed, world};

const SECONDS: u64 = 1_790_000_000;

/// Whoever has a receipt with this line knows that its log was so by then, whatever happens to the key.
#[test]
fn a_witness_says_when_it_saw_the_checkpoint_of_a_receipt() {
    let world = world();
    let note = world.checkpoint().signed(&key(1));
    let note = witnessed(&note, "witness.example/w", &key(5), SECONDS);
    let receipt = world.receipt_under(&note, 1, 5, &key(1)).unwrap();
    let read = verify(receipt.as_bytes()).unwrap().note;
    assert_eq!(read.signatures(), 2);
    let witness = VerifierKey::cosigner("witness.example/w", key(5).public());
    let at = read.witnessed(&witness).unwrap();
    assert_eq!(at.to_string(), "2026-09-21T14:13:20.000Z");
    for other in [
        VerifierKey::cosigner("witness.example/w", key(6).public()),
        VerifierKey::cosigner("other.example/w", key(5).public()),
        VerifierKey::ed25519("witness.example/w", key(5).public()),
    ] {
        assert_eq!(read.witnessed(&other), None);
    }
}

#[test]
fn what_a_witness_signed_is_the_time_too() {
    let note = world().checkpoint().signed(&key(1));
    let text = witnessed(&note, "witness.example/w", &key(5), SECONDS).to_string();
    let witness = VerifierKey::cosigner("witness.example/w", key(5).public());
    let (head, line) = text.rsplit_once(' ').unwrap();
    let bytes = STANDARD.decode(line.trim_end()).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let changed = format!("{head} {}\n", STANDARD.encode(changed));
        assert_eq!(
            Note::parse(&changed).unwrap().witnessed(&witness),
            None,
            "{place}"
        );
    }
    let forged = text.replacen("\n20\n", "\n21\n", 1);
    assert_eq!(Note::parse(&forged).unwrap().witnessed(&witness), None);
}
