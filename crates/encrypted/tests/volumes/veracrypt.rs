//! VeraCrypt volumes that are made here, and that cryptsetup takes for such.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::writing::xts;
use super::{content, open, passphrase, read};
use encrypted::Locked;
use encrypted::secrets::Secrets;
use filesystems::checksum::crc32;
use hmac::Hmac;
use sha2::Sha512;

const PASSWORD: &str = "correct horse";
const AREA: usize = 128 << 10;

/// A header for a volume that begins at `at` and has so many bytes; PIM 1.
fn header(password: &[u8], salt: u8, at: usize, bytes: usize) -> (Vec<u8>, [u8; 64]) {
    let keys: [u8; 64] = std::array::from_fn(|index| u8::try_from(index).unwrap() ^ salt);
    let mut plain = vec![0; 448];
    plain[..4].copy_from_slice(b"VERA");
    plain[4..8].copy_from_slice(&[0, 5, 1, 11]);
    plain[36..44].copy_from_slice(&(bytes as u64).to_be_bytes());
    plain[44..52].copy_from_slice(&(at as u64).to_be_bytes());
    plain[52..60].copy_from_slice(&(bytes as u64).to_be_bytes());
    plain[64..68].copy_from_slice(&512_u32.to_be_bytes());
    plain[192..256].copy_from_slice(&keys);
    let sum = crc32(&plain[192..]).to_be_bytes();
    plain[8..12].copy_from_slice(&sum);
    let sum = crc32(&plain[..188]).to_be_bytes();
    plain[188..192].copy_from_slice(&sum);
    let salt = [salt; 64];
    let mut key = [0; 64];
    pbkdf2::pbkdf2::<Hmac<Sha512>>(password, &salt, 16_000, &mut key).unwrap();
    xts(&key, 448, 0, &mut plain);
    ([&salt[..], &plain].concat(), keys)
}

/// A volume with an outer and a hidden one in it.
fn volume(plain: &[u8], hidden: &[u8]) -> Vec<u8> {
    let mut volume = vec![0x5A; 2 * AREA + plain.len()];
    let inside = AREA + plain.len() - hidden.len();
    for (at, password, from, data) in [
        (0, PASSWORD, AREA, plain),
        (AREA / 2, "hidden", inside, hidden),
    ] {
        let salt = if at == 0 { 7 } else { 9 };
        let (header, keys) = header(password.as_bytes(), salt, from, data.len());
        let mut data = data.to_vec();
        xts(&keys, 512, (from / 512) as u64, &mut data);
        volume[from..from + data.len()].copy_from_slice(&data);
        volume[at..at + 512].copy_from_slice(&header);
        let copy = volume.len() - AREA + at;
        volume[copy..copy + 512].copy_from_slice(&header);
    }
    volume
}

fn with_pim(password: &str) -> Secrets {
    passphrase(password).with_pim(1).unwrap()
}

#[test]
fn outer_and_hidden_volumes_and_copies_of_headers_are_opened() {
    let (outer, hidden) = (content(256 << 10), vec![0xA5; 64 << 10]);
    let mut volume = volume(&outer, &hidden);
    let opened = open(&volume, &with_pim(PASSWORD)).unwrap();
    assert_eq!(opened.kind, "VeraCrypt, aes-xts");
    // What the hidden volume was written over.
    let until = outer.len() - hidden.len();
    assert_eq!(read(&volume, &opened)[..until], outer[..until]);
    let inner = open(&volume, &with_pim("hidden")).unwrap();
    assert_eq!(inner.kind, opened.kind, "which of them it is, is not told");
    assert_eq!(read(&volume, &inner), hidden);
    assert_eq!(open(&volume, &with_pim("wrong")), Err(Locked::Wrong));
    volume[..64 << 10].fill(0);
    assert_eq!(open(&volume, &with_pim(PASSWORD)).unwrap(), opened);
}

#[test]
fn cryptsetup_takes_the_volumes_of_these_tests_for_those_of_veracrypt() {
    let made = made();
    let Ok(mut child) = Command::new("cryptsetup")
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .args([
            "--batch-mode",
            "tcryptDump",
            "--veracrypt",
            "--veracrypt-pim",
            "1",
        ])
        .arg(made.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        return;
    };
    let mut told = child.stdin.take().unwrap();
    told.write_all(PASSWORD.as_bytes()).unwrap();
    drop(told);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("MK offset:\t131072"), "{said}");
}

fn made() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, volume(&content(256 << 10), &[0; 64 << 10])).unwrap();
    file
}
