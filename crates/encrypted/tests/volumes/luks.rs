//! LUKS volumes that cryptsetup makes. It encrypts a file as it lies: no device-mapper is needed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{content, open, passphrase, read};
use encrypted::Locked;
use encrypted::secrets::Secrets;

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

const HEADER: usize = 32 << 20;

#[expect(clippy::print_stderr, reason = "a test that is not tried says so")]
fn has_cryptsetup() -> bool {
    let places = ["/usr/sbin/cryptsetup", "/sbin/cryptsetup"];
    let is_there = places.iter().any(|place| Path::new(place).exists());
    if !is_there {
        let is_fault = std::env::var_os(EVERY_TOOL).is_some();
        assert!(!is_fault, "cryptsetup is missing");
        eprintln!("not tried: cryptsetup is missing");
    }
    is_there
}

fn cryptsetup(arguments: &[&str], image: &Path) -> String {
    let folder = image.parent().unwrap();
    let key = folder.join("key");
    fs::write(&key, "secret").unwrap();
    let output = Command::new("cryptsetup")
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .args(["--batch-mode", "--key-file"])
        .arg(&key)
        .args(arguments)
        .arg(image)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A LUKS2 volume with this content.
fn luks2(plain: &[u8], options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("luks.img");
    let room = vec![0; HEADER];
    fs::write(&image, [plain, &room].concat()).unwrap();
    let mut arguments = vec!["reencrypt", "--encrypt", "--type", "luks2"];
    arguments.extend(["--reduce-device-size", "32M"]);
    arguments.extend(options);
    cryptsetup(&arguments, &image);
    fs::read(&image).unwrap()
}

const FEW_ROUNDS: [&str; 4] = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
const LITTLE_MEMORY: [&str; 6] = [
    "--pbkdf-force-iterations",
    "4",
    "--pbkdf-memory",
    "64",
    "--pbkdf-parallel",
    "2",
];

#[test]
fn luks2_volumes_of_every_cipher_and_sector_are_read() {
    if !has_cryptsetup() {
        return;
    }
    let plain = content(1 << 20);
    for (cipher, bits, sector, derive) in [
        ("aes-xts-plain64", "512", "512", &FEW_ROUNDS[..]),
        ("aes-xts-plain64", "256", "4096", &LITTLE_MEMORY),
        ("aes-cbc-essiv:sha256", "256", "512", &LITTLE_MEMORY),
        ("aes-cbc-plain64", "128", "2048", &FEW_ROUNDS),
    ] {
        let mut options = vec!["--cipher", cipher, "--key-size", bits];
        options.extend(["--sector-size", sector]);
        options.extend(derive);
        let volume = luks2(&plain, &options);
        let opened = open(&volume, &passphrase("secret")).unwrap();
        assert_eq!(opened.kind, format!("LUKS2, {cipher}"));
        assert_eq!(read(&volume, &opened)[..plain.len()], plain, "{cipher}");
        let by_file = Secrets::none().with_key_file(b"secret").unwrap();
        assert_eq!(open(&volume, &by_file).unwrap().key, opened.key);
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_either_header_is_enough() {
    if !has_cryptsetup() {
        return;
    }
    let plain = content(1 << 20);
    let mut volume = luks2(&plain, &FEW_ROUNDS);
    assert_eq!(open(&volume, &passphrase("secrets")), Err(Locked::Wrong));
    let none = open(&volume, &Secrets::none());
    assert!(matches!(none, Err(Locked::Needed(_))), "{none:?}");
    volume[..4096].fill(0);
    let opened = open(&volume, &passphrase("secret")).unwrap();
    assert_eq!(read(&volume, &opened)[..plain.len()], plain);
    volume[0x4000 + 5000] ^= 1;
    let damaged = open(&volume, &passphrase("secret"));
    assert!(matches!(damaged, Err(Locked::Damaged(_))), "{damaged:?}");
}

#[test]
fn luks1_volumes_give_the_key_that_cryptsetup_gives() {
    if !has_cryptsetup() {
        return;
    }
    for (cipher, bits, hash) in [
        ("aes-xts-plain64", "512", "sha256"),
        ("aes-cbc-essiv:sha256", "256", "sha1"),
        ("aes-cbc-plain64", "128", "ripemd160"),
        ("aes-xts-plain64", "256", "sha512"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("luks.img");
        fs::write(&image, vec![0; 4 << 20]).unwrap();
        let mut arguments = vec!["luksFormat", "--type", "luks1", "--cipher", cipher];
        arguments.extend(["--key-size", bits, "--hash", hash]);
        arguments.extend(["--pbkdf-force-iterations", "1000"]);
        cryptsetup(&arguments, &image);
        let told = cryptsetup(&["luksDump", "--dump-volume-key"], &image);
        let (_, key) = told.split_once("MK dump:").unwrap();
        let digits: String = key.chars().filter(char::is_ascii_hexdigit).collect();
        let opened = open(&fs::read(&image).unwrap(), &passphrase("secret")).unwrap();
        assert_eq!(hex::encode(&opened.key.key), digits, "{cipher}");
        assert_eq!(opened.kind, format!("LUKS1, {cipher}"));
        let uuid = cryptsetup(&["luksUUID"], &image);
        assert_eq!(opened.key_id.as_deref(), Some(uuid.trim()));
    }
}

#[test]
fn what_is_half_encrypted_or_not_known_is_refused_by_name() {
    if !has_cryptsetup() {
        return;
    }
    let volume = luks2(&content(1 << 20), &FEW_ROUNDS);
    for (from, to, said) in [
        (
            r#""keyslots_size":"#,
            r#""requirements":{"mandatory":["online-reencrypt-v2"]},"keyslots_size":"#,
            "encrypted anew",
        ),
        (
            r#""keyslots_size":"#,
            r#""requirements":{"mandatory":["of-next-year"]},"keyslots_size":"#,
            "`of-next-year`",
        ),
        (
            r#""encryption":"aes-xts-plain64","sector"#,
            r#""encryption":"rot13","sector"#,
            "`rot13`",
        ),
        (
            r#""sector_size":"#,
            r#""integrity":{"type":"aead"},"sector_size":"#,
            "integrity",
        ),
        (
            r#""segments":{"#,
            r#""segments":{"7":{"type":"linear","offset":"0","size":"512"},"#,
            "2 segments",
        ),
    ] {
        let changed = with_json(&volume, from, to);
        match open(&changed, &passphrase("secret")) {
            Err(Locked::Refused(why)) => assert!(why.contains(said), "{why}"),
            other => panic!("{said}: {other:?}"),
        }
    }
}

#[test]
fn a_header_that_asks_for_too_much_costs_nothing() {
    if !has_cryptsetup() {
        return;
    }
    let volume = luks2(&content(1 << 20), &LITTLE_MEMORY);
    for (from, to) in [
        (r#""memory":64"#, r#""memory":2097152"#),
        (r#""cpus":2"#, r#""cpus":64"#),
        (r#""time":4"#, r#""time":4000000000"#),
        (r#""iterations":1000"#, r#""iterations":4294967295"#),
    ] {
        let begun = std::time::Instant::now();
        let refused = open(&with_json(&volume, from, to), &passphrase("secret"));
        // Where it says nothing of this kind, there is nothing to refuse.
        if refused.is_err() {
            assert!(matches!(refused, Err(Locked::Costly(_))), "{refused:?}");
        }
        assert!(begun.elapsed().as_secs() < 30, "{from}");
    }
}

/// The volume with other words in the JSON of its headers, whose sums are right.
fn with_json(volume: &[u8], from: &str, to: &str) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut volume = volume.to_vec();
    for at in [0, 0x4000] {
        let header = &mut volume[at..at + 0x4000];
        let text = String::from_utf8(header[4096..].to_vec()).unwrap();
        let mut text = text.replacen(from, to, 1).into_bytes();
        text.resize(0x4000 - 4096, 0);
        header[4096..].copy_from_slice(&text);
        header[448..512].fill(0);
        let sum = Sha256::digest(&*header);
        header[448..480].copy_from_slice(&sum);
    }
    volume
}
