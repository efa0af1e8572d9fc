//! Tests of the secret key file and of sealed values.

use std::fs::Permissions;

use super::*;

fn job(id: &str) -> JobId {
    JobId::new(id).unwrap()
}

fn sealer(seed: u8) -> Sealer {
    MasterKey::new([seed; 32]).sealer()
}

#[test]
fn a_missing_key_is_made_once_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let made = MasterKey::load_or_create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(MasterKey::load_or_create(&path).unwrap().0, made.0);
    assert_eq!(MasterKey::load(&path).unwrap().0, made.0);
    assert_ne!(made.0, [0; 32]);
}

#[test]
fn loading_does_not_make_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    assert!(matches!(
        MasterKey::load(&path),
        Err(MasterKeyError::Io { .. })
    ));
    assert!(!path.exists());
}

#[test]
fn servers_that_start_at_once_have_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap().0))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_key_that_others_may_read_or_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    MasterKey::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o644] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
        assert!(error.contains("chmod 600"), "{error}");
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    MasterKey::load(&path).unwrap();
}

#[test]
fn a_file_that_holds_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let good = MasterKey::new([7; 32]).file_content();
    for bad in [
        "",
        "hello",
        &good[..good.len() - 3],
        &good.replace("07", "xx"),
        &good.repeat(4),
    ] {
        durable::replace(&path, bad.as_bytes()).unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err();
        assert!(
            matches!(error, MasterKeyError::Malformed { .. }),
            "{bad}: {error}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
    }
    durable::replace(&path, good.as_bytes()).unwrap();
    assert_eq!(MasterKey::load(&path).unwrap().0, [7; 32]);
}

/// RFC 4231, test case 2, would need another key length; the values here were computed with
/// OpenSSL: `openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01`.
#[test]
fn derived_keys_never_change() {
    let master = MasterKey::new([1; 32]);
    assert_eq!(
        hex::encode(*master.derive("longshore signing key 1")),
        "6f01ce98df6c95a2ab4cb491c55c5583fda49603ded350f02037c8c7b6d9015b"
    );
    assert_eq!(
        hex::encode(*master.derive("longshore sealing key 1")),
        "8d43cd6cffe9b7792df363f2222caa439fda7c24a20e5cf1fcc6094c77a18922"
    );
}

#[test]
fn what_is_sealed_opens_for_its_purpose_only() {
    let sealer = sealer(1);
    let id = AccessKeyId::new("LSIAABCDEFGHIJKLMNOP").unwrap();
    let blob = sealer.seal(Purpose::Manifest(job("ABCDE")), b"secret");
    assert_eq!(
        *sealer.open(Purpose::Manifest(job("ABCDE")), &blob).unwrap(),
        b"secret"
    );
    for other in [
        Purpose::Manifest(job("ABCDF")),
        Purpose::AccessKeySecret(&id),
        Purpose::Installation,
        Purpose::Artifact,
    ] {
        assert_eq!(sealer.open(other, &blob), Err(SealBroken));
    }
    let stranger = self::sealer(2);
    assert_eq!(
        stranger.open(Purpose::Manifest(job("ABCDE")), &blob),
        Err(SealBroken)
    );
}

#[test]
fn a_blob_changed_or_cut_at_any_byte_does_not_open() {
    let sealer = sealer(1);
    let blob = sealer.seal(Purpose::Installation, b"hello");
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        assert_eq!(
            sealer.open(Purpose::Installation, &changed),
            Err(SealBroken),
            "byte {at}"
        );
        assert_eq!(
            sealer.open(Purpose::Installation, &blob[..at]),
            Err(SealBroken),
            "cut {at}"
        );
    }
    assert_ne!(sealer.seal(Purpose::Installation, b"hello"), blob);
}

/// A blob of version 1 as libsodium makes it: every build must open it.
#[test]
fn a_frozen_blob_still_opens() {
    let blob = hex::decode("01000102030405060708090a0b0c0d0e0f101112131415161795e5053467642f26d2bbfba954a73ec515fbe0ecca48d9752d80cb124ab365b1b3dbc327").unwrap();
    let text = sealer(1)
        .open_text(Purpose::Manifest(job("ABCDE")), &blob)
        .unwrap();
    assert_eq!(text, "manifestVersion:2.0\n");
}

#[test]
fn nothing_secret_is_printed() {
    let master = MasterKey::new([1; 32]);
    assert_eq!(
        format!("{master:?} {:?}", master.sealer()),
        "MasterKey(…) Sealer(…)"
    );
}
