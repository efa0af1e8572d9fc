//! Notes, checkpoints and the keys that they verify with.

use zeroize::Zeroizing;

use super::checkpoint::Checkpoint;
use super::*;
use crate::digest::Digest;

fn key(number: u8) -> PrivateKey {
    PrivateKey::new(Zeroizing::new([number; 32]))
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: "dock.example/custody".to_owned(),
        size: 1000,
        root: Digest::of(b"root"),
    }
}

/// The example of C2SP `signed-note`, of Go's package `note`.
#[test]
fn the_note_of_the_specification_verifies() {
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\
                \n\
                — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key: VerifierKey = vkey.parse().unwrap();
    assert_eq!(key.to_string(), vkey);
    let read = Note::parse(note).unwrap();
    assert!(read.is_by(&key));
    assert_eq!(read.to_string(), note);
    let changed = Note::parse(&note.replace("answer", "Answer")).unwrap();
    assert!(!changed.is_by(&key));
}

#[test]
fn a_checkpoint_verifies_by_its_key_and_no_other() {
    let head = checkpoint();
    let note = head.signed(&key(1));
    let vkey = VerifierKey::ed25519(&head.origin, key(1).public());
    let read = Note::parse(&note.to_string()).unwrap();
    assert_eq!(read, note);
    assert!(read.is_by(&vkey));
    assert_eq!(read.text().parse(), Ok(head.clone()));
    for other in [
        VerifierKey::ed25519(&head.origin, key(2).public()),
        VerifierKey::ed25519("other.example/custody", key(1).public()),
        VerifierKey::cosigner(&head.origin, key(1).public()),
    ] {
        assert!(!read.is_by(&other));
        let wrong = vkey
            .to_string()
            .replace(&hex::encode(vkey.id()), &hex::encode(other.id()));
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
    }
    let forged = note.to_string().replace("\n1000\n", "\n1001\n");
    assert!(!Note::parse(&forged).unwrap().is_by(&vkey));
}

#[test]
fn what_is_no_note_or_no_checkpoint_is_not_read() {
    let note = checkpoint().signed(&key(1)).to_string();
    for wrong in [
        "",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n- name AAAAAAAA\n",
        note.trim_end(),
        &note.replace("dock", "do\u{7}ck"),
        &"x".repeat(BYTES + 1),
    ] {
        assert!(Note::parse(wrong).is_err(), "{wrong:?}");
    }
    let text = checkpoint().to_string();
    for wrong in [
        text.replace("1000", "01000"),
        text.replace("1000", "+1000"),
        text.replace("1000", "-1"),
        text.trim_end().to_owned(),
        format!("{text}extension\n"),
        text.replace("dock.example/custody", ""),
        text.replace('=', ""),
        format!("\n{text}"),
    ] {
        assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong:?}");
    }
}

/// A signature as a witness makes it, under the head that it was asked for.
fn cosignature(witness: &VerifierKey, key: &PrivateKey, seconds: u64, text: &str) -> String {
    let signature = key.sign(cosigned(seconds, text).as_bytes());
    let bytes = [&witness.id()[..], &seconds.to_be_bytes(), &signature].concat();
    format!("{DASH}{} {}\n", witness.name(), STANDARD.encode(bytes))
}

#[test]
fn a_witness_is_asked_as_the_specification_says_and_its_line_alone_is_taken() {
    let mut head = checkpoint().signed(&key(1));
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    let request = cosigning::Request {
        old: 7,
        proof: &[one, two],
        head: &head,
    };
    let expected = format!("old 7\n{}\n{}\n\n{head}", one.base64(), two.base64());
    assert_eq!(request.to_string(), expected);

    let witness = VerifierKey::cosigner("witness.example/w1", key(3).public());
    let stranger = VerifierKey::cosigner("witness.example/w2", key(4).public());
    let line =
        |of: &VerifierKey, by: u8, text: &str| cosignature(of, &key(by), 1_790_000_000, text);
    for refused in [
        String::new(),
        "who knows".to_owned(),
        line(&stranger, 4, head.text()),
        line(&witness, 4, head.text()),
        line(&witness, 3, &head.text().replace("1000", "1001")),
    ] {
        let before = head.clone();
        assert_eq!(head.cosign(&refused, &witness), Err(cosigning::NotCosigned));
        assert_eq!(head, before);
    }
    let answer = line(&stranger, 4, head.text()) + &line(&witness, 3, head.text());
    let at = head.cosign(&answer, &witness).unwrap();
    assert_eq!(at.unix(), 1_790_000_000);
    assert_eq!(head.witnessed(&witness), Some(at));
    assert_eq!((head.witnessed(&stranger), head.signatures()), (None, 2));
    // Once more is not twice, and what is known of a head goes to it alone.
    head.cosign(&answer, &witness).unwrap();
    assert_eq!(head.signatures(), 2);
    let mut again = checkpoint().signed(&key(1));
    again.merge(&head);
    again.merge(&head);
    assert_eq!(again, head);
    let mut other = Checkpoint {
        size: 1001,
        ..checkpoint()
    }
    .signed(&key(1));
    other.merge(&head);
    assert_eq!(other.signatures(), 1);
}
