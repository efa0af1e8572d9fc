//! What Chromium's authenticator has made and signed, and what is wrong with anything else.
//!
//! The recordings are of `http://localhost:14782`: a passkey made for a challenge of 56 sevens, and a signature for one of
//! 56 eights, by each kind of key. What no authenticator would sign is signed here, with a key of the tests' own.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passkey::{Assertion, Fault, Known, NewPasskey, PublicKey, Registration, Site};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const ORIGIN: &str = "http://localhost:14782";
const MADE: [u8; 56] = [7; 56];
const SIGNED: [u8; 56] = [8; 56];

const RECORDED: [(&str, &str); 3] = [
    ("p256", include_str!("recorded/p256.json")),
    ("ed25519", include_str!("recorded/ed25519.json")),
    ("rsa", include_str!("recorded/rsa.json")),
];

fn site() -> Site {
    Site::of(ORIGIN).unwrap()
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

fn recorded(content: &str) -> (Value, Value) {
    let recorded: Value = serde_json::from_str(content).unwrap();
    (recorded["register"].clone(), recorded["assert"].clone())
}

fn made(document: &Value) -> Result<NewPasskey, Fault> {
    Registration::read(&document.to_string())?.verify(&site(), &MADE)
}

fn signed(document: &Value, known: &Known) -> Result<u32, Fault> {
    Assertion::read(&document.to_string())?.verify(&site(), &SIGNED, known)
}

fn known(made: NewPasskey, assertion: &Value) -> Known {
    Known {
        user: bytes(&assertion["userHandle"]),
        // What is kept is the text of the key.
        key: PublicKey::read(made.key.cose()).unwrap(),
        counter: made.counter,
    }
}

#[test]
fn what_a_browser_made_is_known_by_what_it_signs() {
    for (name, content) in RECORDED {
        let (register, assert) = recorded(content);
        let registration = Registration::read(&register.to_string()).unwrap();
        assert_eq!(registration.challenge(), MADE);
        let passkey = made(&register).unwrap();
        assert_eq!(
            (passkey.id.clone(), passkey.counter),
            (bytes(&register["id"]), 1),
            "{name}"
        );
        let assertion = Assertion::read(&assert.to_string()).unwrap();
        assert_eq!(
            (assertion.id(), assertion.challenge()),
            (&*passkey.id, &SIGNED[..])
        );
        let known = known(passkey, &assert);
        assert_eq!(signed(&assert, &known), Ok(2), "{name}");
        let seen = Known {
            counter: 2,
            ..known.clone()
        };
        assert_eq!(
            signed(&assert, &seen),
            Err(Fault::Copied),
            "{name}: it was seen"
        );
        let other = Known {
            user: vec![77; 32],
            ..known
        };
        assert_eq!(signed(&assert, &other), Err(Fault::User), "{name}");
    }
}

#[test]
fn what_was_signed_for_something_else_counts_for_nothing() {
    for (name, content) in RECORDED {
        let (register, assert) = recorded(content);
        let passkey = made(&register).unwrap();
        let assertion = Assertion::read(&assert.to_string()).unwrap();
        let known = known(passkey, &assert);
        for (url, fault) in [
            ("http://localhost:14783", Fault::Origin),
            ("https://localhost:14782", Fault::Origin),
            ("http://dock.localhost:14782", Fault::Origin),
        ] {
            let site = Site::of(url).unwrap();
            assert_eq!(
                assertion.verify(&site, &SIGNED, &known),
                Err(fault),
                "{name} at {url}"
            );
            let registration = Registration::read(&register.to_string()).unwrap();
            assert_eq!(
                registration.verify(&site, &MADE),
                Err(fault),
                "{name} at {url}"
            );
        }
        assert_eq!(
            assertion.verify(&site(), &MADE, &known),
            Err(Fault::Challenge)
        );
        let registration = Registration::read(&register.to_string()).unwrap();
        assert_eq!(registration.verify(&site(), &SIGNED), Err(Fault::Challenge));
        // The signature of one kind of key under another.
        for (_, other) in RECORDED.iter().filter(|(other, _)| *other != name) {
            let (other, _) = recorded(other);
            let key = made(&other).unwrap().key;
            let wrong = Known {
                key,
                ..known.clone()
            };
            assert_eq!(signed(&assert, &wrong), Err(Fault::Signature), "{name}");
        }
    }
}

#[test]
fn no_bit_of_what_was_signed_may_be_another() {
    let (register, assert) = recorded(RECORDED[0].1);
    let known = known(made(&register).unwrap(), &assert);
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        let content = bytes(&assert[field]);
        for at in 0..content.len() * 8 {
            let mut changed = content.clone();
            changed[at / 8] ^= 1 << (at % 8);
            let mut document = assert.clone();
            document[field] = text(changed).into();
            assert!(signed(&document, &known).is_err(), "{field}, bit {at}");
        }
    }
}

#[test]
fn what_is_cut_off_or_too_long_is_unreadable() {
    let (register, _) = recorded(RECORDED[0].1);
    let whole = bytes(&register["attestationObject"]);
    for length in 0..whole.len() {
        let mut document = register.clone();
        document["attestationObject"] = text(&whole[..length]).into();
        assert!(made(&document).is_err(), "{length}");
    }
    let mut document = register.clone();
    document["attestationObject"] = text([&whole[..], &[0]].concat()).into();
    assert_eq!(made(&document), Err(Fault::Unreadable("the attestation")));
    let mut document = register.clone();
    document["more"] = "x".repeat(passkey::DOCUMENT_BYTES).into();
    let long = Fault::Unreadable("what the page sent of the passkey");
    assert_eq!(made(&document), Err(long));
    let mut document = register;
    document["id"] = text([1; 32]).into();
    assert_eq!(
        made(&document),
        Err(Fault::Unreadable("the id of the passkey"))
    );
    for nothing in ["", "{}", "[]", "null", "\u{0}"] {
        assert!(Registration::read(nothing).is_err() && Assertion::read(nothing).is_err());
    }
}

/// An authenticator that signs whatever it is told to.
struct Authenticator {
    pair: EcdsaKeyPair,
}

impl Authenticator {
    fn new() -> Self {
        let chance = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &chance).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &chance).unwrap();
        Self { pair }
    }

    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let head: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [head, &point[1..33], &[0x22, 0x58, 0x20], &point[33..]].concat()
    }

    fn known(&self, counter: u32) -> Known {
        Known {
            user: vec![5; 32],
            key: PublicKey::read(&self.cose()).unwrap(),
            counter,
        }
    }

    fn sign(&self, client: &Value, site: &str, flags: u8, counter: u32) -> Value {
        let client = client.to_string();
        let said = [&Sha256::digest(site)[..], &[flags], &counter.to_be_bytes()].concat();
        let message = [&said[..], &Sha256::digest(&client)[..]].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        json!({
            "id": text([1; 16]),
            "clientDataJSON": text(client),
            "authenticatorData": text(said),
            "signature": text(signature),
            "userHandle": text([5; 32]),
        })
    }
}

fn page() -> Value {
    json!({"type": "webauthn.get", "challenge": text(SIGNED), "origin": ORIGIN, "crossOrigin": false})
}

#[test]
fn what_is_truly_signed_is_looked_at_all_the_same() {
    let authenticator = Authenticator::new();
    let with = |name: &str, value: Value| {
        let mut page = page();
        page[name] = value;
        page
    };
    for (client, site, flags, expected) in [
        (page(), "localhost", 0x05, Ok(9)),
        (page(), "localhost", 0x1d, Ok(9)),
        (page(), "localhost", 0x01, Err(Fault::Unverified)),
        (page(), "localhost", 0x04, Err(Fault::Unverified)),
        (page(), "localhost", 0x15, Err(Fault::Backup)),
        (page(), "example.org", 0x05, Err(Fault::Site)),
        (
            with("type", json!("webauthn.create")),
            "localhost",
            0x05,
            Err(Fault::Purpose),
        ),
        (
            with("origin", json!("https://evil.example")),
            "localhost",
            0x05,
            Err(Fault::Origin),
        ),
        (
            with("crossOrigin", json!(true)),
            "localhost",
            0x05,
            Err(Fault::Origin),
        ),
        (
            with("topOrigin", json!("https://evil.example")),
            "localhost",
            0x05,
            Err(Fault::Origin),
        ),
        (
            with("challenge", json!(text(MADE))),
            "localhost",
            0x05,
            Err(Fault::Challenge),
        ),
    ] {
        let document = authenticator.sign(&client, site, flags, 9);
        let known = authenticator.known(8);
        assert_eq!(
            signed(&document, &known),
            expected,
            "{client} {site} {flags:x}"
        );
    }
}

#[test]
fn a_counter_goes_on_or_was_never_begun() {
    let authenticator = Authenticator::new();
    for (before, now, expected) in [
        (0, 0, Ok(0)),
        (0, 1, Ok(1)),
        (1, 5, Ok(5)),
        (5, 5, Err(Fault::Copied)),
        (5, 4, Err(Fault::Copied)),
        (5, 0, Err(Fault::Copied)),
        (u32::MAX - 1, u32::MAX, Ok(u32::MAX)),
    ] {
        let document = authenticator.sign(&page(), "localhost", 0x05, now);
        assert_eq!(
            signed(&document, &authenticator.known(before)),
            expected,
            "{before} {now}"
        );
        // Who does not have the key learns nothing of the counter.
        let other = Authenticator::new().known(before);
        assert_eq!(signed(&document, &other), Err(Fault::Signature));
    }
}

#[test]
fn keys_of_other_kinds_are_not_taken() {
    let cose = Authenticator::new().cose();
    assert!(PublicKey::read(&cose).is_ok());
    for (at, value) in [(2, 0x01), (4, 0x27), (6, 0x02), (8, 0x23)] {
        let mut wrong = cose.clone();
        wrong[at] = value;
        assert_eq!(PublicKey::read(&wrong), Err(Fault::Key), "byte {at}");
    }
    let behind = [&cose[..], &[0]].concat();
    assert_eq!(PublicKey::read(&behind), Err(Fault::Key));
}
