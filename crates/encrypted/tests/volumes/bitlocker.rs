//! BitLocker volumes that are made here.

use super::writing::xts;
use super::{content, open, passphrase, read};
use aes::Aes256;
use ccm::Ccm;
use ccm::aead::{AeadInOut as _, KeyInit as _};
use ccm::consts::{U12, U16};
use encrypted::Locked;
use encrypted::secrets::Secrets;
use filesystems::checksum::crc32;
use sha2::{Digest as _, Sha256};

const SECTOR: usize = 512;
const BYTES: usize = 512 << 10;
const HEADER: usize = 8 << 10;
const HEADER_AT: usize = 64 << 10;
const PLACES: [usize; 3] = [128 << 10, 256 << 10, 384 << 10];
const RESERVED: usize = 64 << 10;
const PASSWORD: &str = "Pässwort 1";
const RECOVERY: &str = "000011-720885-000000-110000-220000-330000-440000-550000";

fn entry(kind: u16, value: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + data.len()).unwrap();
    let head = [length, kind, value, 1].map(u16::to_le_bytes).concat();
    [&head, data].concat()
}

fn key_entry(key: &[u8]) -> Vec<u8> {
    entry(0, 1, &[&[0, 0x20, 0, 0], key].concat())
}

/// A key that another encrypts.
fn kept(kind: u16, key: &[u8], with: &[u8], nonce: u8) -> Vec<u8> {
    let nonce = [nonce; 12];
    let mut data = key_entry(key);
    let cipher = Ccm::<Aes256, U16, U12>::new_from_slice(with).unwrap();
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), b"", (&mut data[..]).into())
        .unwrap();
    entry(kind, 5, &[&nonce[..], &tag, &data].concat())
}

fn protector(kind: u16, inner: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 28];
    data[0] = kind.to_be_bytes()[0];
    data[26..].copy_from_slice(&kind.to_le_bytes());
    data.extend(inner);
    entry(2, 8, &data)
}

fn stretched(hash: [u8; 32], salt: [u8; 16]) -> Vec<u8> {
    let mut last = [0; 32];
    for round in 0..1_u64 << 20 {
        let state = [&last[..], &hash, &salt, &round.to_le_bytes()].concat();
        last = Sha256::digest(&state).into();
    }
    last.to_vec()
}

fn by_secret(kind: u16, hash: [u8; 32], master: &[u8]) -> Vec<u8> {
    let salt = [3; 16];
    let key = stretched(hash, salt);
    let stretch = entry(0, 3, &[&[0, 0x10, 0, 0], &salt[..]].concat());
    protector(kind, &[stretch, kept(0, master, &key, 5)].concat())
}

fn protectors(master: &[u8], of: &[u16]) -> Vec<u8> {
    let units: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let parts = RECOVERY
        .split('-')
        .map(|it| it.parse::<u32>().unwrap() / 11);
    let parts: Vec<u8> = parts
        .flat_map(|it| u16::try_from(it).unwrap().to_le_bytes())
        .collect();
    let made = of.iter().map(|kind| match kind {
        0x0000 => {
            let clear = [6; 32];
            protector(0, &[key_entry(&clear), kept(0, master, &clear, 7)].concat())
        }
        0x0200 => protector(0x0200, &kept(0, master, &[8; 32], 8)),
        0x0800 => by_secret(0x0800, Sha256::digest(&parts).into(), master),
        0x2000 => by_secret(
            0x2000,
            Sha256::digest(Sha256::digest(&units)).into(),
            master,
        ),
        other => protector(*other, &[]),
    });
    made.collect::<Vec<_>>().concat()
}

/// A startup key.
fn startup() -> Vec<u8> {
    let external = entry(6, 9, &[&[0; 24][..], &key_entry(&[8; 32])].concat());
    let mut file = vec![0; 48];
    file.extend(external);
    let bytes = u32::try_from(file.len()).unwrap();
    file[..4].copy_from_slice(&bytes.to_le_bytes());
    file
}

/// A copy of the metadata.
fn metadata(state: u16, counter: u32, of: &[u16]) -> Vec<u8> {
    let (master, key) = ([1; 32], [2; 64]);
    let place = [HEADER_AT, HEADER]
        .map(|it| (it as u64).to_le_bytes())
        .concat();
    let rest = [
        protectors(&master, of),
        kept(3, &key, &master, 9),
        entry(15, 15, &place),
    ]
    .concat();
    let mut block = vec![0; 64 + 48];
    block[..8].copy_from_slice(b"-FVE-FS-");
    block[10] = 2;
    block[12..14].copy_from_slice(&state.to_le_bytes());
    block[14..16].copy_from_slice(&4_u16.to_le_bytes());
    block[16..24].copy_from_slice(&(BYTES as u64).to_le_bytes());
    for (index, at) in PLACES.into_iter().enumerate() {
        block[32 + index * 8..][..8].copy_from_slice(&(at as u64).to_le_bytes());
    }
    let bytes = u32::try_from(48 + rest.len()).unwrap();
    block[64..68].copy_from_slice(&bytes.to_le_bytes());
    block[96..100].copy_from_slice(&counter.to_le_bytes());
    block[100..104].copy_from_slice(&0x8005_u32.to_le_bytes());
    block.extend(rest);
    block.resize(block.len().next_multiple_of(16), 0);
    let size = u16::try_from(block.len() / 16).unwrap();
    block[8..10].copy_from_slice(&size.to_le_bytes());
    let sum = crc32(&block);
    block.extend([16, 0, 2, 0]);
    block.extend(sum.to_le_bytes());
    block.resize(RESERVED, 0);
    block
}

/// A volume, and what it is plain: its first sectors lie elsewhere, and what is reserved reads as zeros.
fn volume(state: u16, of: &[u16]) -> (Vec<u8>, Vec<u8>) {
    let mut plain = content(BYTES);
    let mut volume = plain.clone();
    xts(&[2; 64], SECTOR, 0, &mut volume);
    let mut header = plain[..HEADER].to_vec();
    xts(&[2; 64], SECTOR, (HEADER_AT / SECTOR) as u64, &mut header);
    volume[HEADER_AT..HEADER_AT + HEADER].copy_from_slice(&header);
    plain[HEADER_AT..HEADER_AT + HEADER].fill(0);
    let copy = metadata(state, 1, of);
    for at in PLACES {
        volume[at..at + RESERVED].copy_from_slice(&copy);
        plain[at..at + RESERVED].fill(0);
    }
    volume[..512].fill(0);
    volume[3..11].copy_from_slice(b"-FVE-FS-");
    volume[11..13].copy_from_slice(&512_u16.to_le_bytes());
    let guid = hex::decode("3bd66749292ed84a8399f6a339e3d001").unwrap();
    volume[160..176].copy_from_slice(&guid);
    for (index, at) in PLACES.into_iter().enumerate() {
        volume[176 + index * 8..][..8].copy_from_slice(&(at as u64).to_le_bytes());
    }
    (volume, plain)
}

#[test]
fn each_of_its_secrets_opens_a_volume_and_another_none() {
    let (volume, plain) = volume(4, &[0x2000, 0x0800, 0x0200]);
    let file = Secrets::none().with_key_file(&startup()).unwrap();
    for (secrets, first) in [
        (passphrase(PASSWORD), "20"),
        (passphrase(RECOVERY), "08"),
        (file, "02"),
    ] {
        let opened = open(&volume, &secrets).unwrap();
        assert_eq!(opened.kind, "BitLocker, AES-XTS 256");
        assert_eq!(opened.method(), "BitLocker");
        let id = format!("000000{first}-0000-0000-0000-000000000000");
        assert_eq!(opened.key_id, Some(id), "the way in that was taken");
        assert!(read(&volume, &opened) == plain);
    }
    assert_eq!(open(&volume, &passphrase("other")), Err(Locked::Wrong));
    match open(&volume, &Secrets::none()) {
        Err(Locked::Needed(what)) => assert!(what.contains("recovery password"), "{what}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_in_the_clear_needs_no_secret_and_one_in_a_computer_is_refused() {
    let (suspended, plain) = volume(4, &[0x0000]);
    let opened = open(&suspended, &Secrets::none()).unwrap();
    assert!(read(&suspended, &opened) == plain);
    for (state, of, said) in [
        (4, 0x0100, "computer it was made on"),
        (2, 0x0000, "only in part"),
    ] {
        let (volume, _) = volume(state, &[of]);
        match open(&volume, &passphrase(PASSWORD)) {
            Err(Locked::Refused(why)) => assert!(why.contains(said), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_newest_copy_of_the_metadata_that_is_whole_counts() {
    let (mut volume, plain) = volume(4, &[0x0100]);
    let newer = metadata(4, 2, &[0x0000]);
    volume[PLACES[2]..PLACES[2] + RESERVED].copy_from_slice(&newer);
    volume[PLACES[0] + 100] ^= 1;
    let opened = open(&volume, &Secrets::none()).unwrap();
    assert!(read(&volume, &opened) == plain);
    for at in PLACES {
        volume[at + 101] ^= 1;
    }
    let damaged = open(&volume, &Secrets::none());
    assert!(matches!(damaged, Err(Locked::Damaged(_))), "{damaged:?}");
}
