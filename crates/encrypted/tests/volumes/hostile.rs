//! Headers that somebody made who means harm: they are refused, and never more than that.

use super::open;
use encrypted::secrets::Secrets;
use proptest::prelude::*;

const LUKS: &[u8] = b"LUKS\xBA\xBE";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_header_of_luks1_does_harm(
        bytes in proptest::collection::vec(any::<u8>(), 8192),
        slot in any::<[u8; 48]>(),
        rounds in 1..2000_u32,
        key_bytes in 0..200_u32,
    ) {
        let mut volume = bytes;
        volume[..6].copy_from_slice(LUKS);
        volume[6..8].copy_from_slice(&[0, 1]);
        for (at, text) in [(8, "aes"), (40, "xts-plain64"), (72, "sha256")] {
            volume[at..at + 32].fill(0);
            volume[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        volume[108..112].copy_from_slice(&key_bytes.to_be_bytes());
        volume[164..168].copy_from_slice(&rounds.to_be_bytes());
        volume[208..256].copy_from_slice(&slot);
        volume[208..212].copy_from_slice(&0x00AC_71F3_u32.to_be_bytes());
        volume[212..216].copy_from_slice(&rounds.to_be_bytes());
        prop_assert!(open(&volume, &secrets()).is_err());
    }

    #[test]
    fn no_json_of_luks2_does_harm(text in "[\\{\\}\\[\\]\",:0-9a-z]{0,400}", sequence in any::<u64>()) {
        prop_assert!(open(&luks2(text.as_bytes(), sequence), &secrets()).is_err());
    }

    #[test]
    fn no_metadata_of_bitlocker_does_harm(
        start in proptest::collection::vec(any::<u8>(), 512),
        rest in proptest::collection::vec(any::<u8>(), 400),
        states in any::<bool>(),
    ) {
        use filesystems::checksum::crc32;
        let mut volume = start;
        volume.resize(128 << 10, 0);
        volume[3..11].copy_from_slice(b"-FVE-FS-");
        volume[11..13].copy_from_slice(&512_u16.to_le_bytes());
        let guid = hex::decode("3bd66749292ed84a8399f6a339e3d001").unwrap();
        volume[160..176].copy_from_slice(&guid);
        volume[176..184].copy_from_slice(&4096_u64.to_le_bytes());
        let mut block = rest;
        block[..8].copy_from_slice(b"-FVE-FS-");
        block[8..12].copy_from_slice(&[25, 0, 2, 0]);
        if states {
            block[12..16].copy_from_slice(&[4, 0, 4, 0]);
        }
        block[64..68].copy_from_slice(&336_u32.to_le_bytes());
        block[100..104].copy_from_slice(&0x8004_u32.to_le_bytes());
        let sum = crc32(&block);
        block.extend([0; 4]);
        block.extend(sum.to_le_bytes());
        volume[4096..4096 + block.len()].copy_from_slice(&block);
        prop_assert!(open(&volume, &secrets()).is_err());
    }
}

/// What hits a way of deriving a key that costs nothing.
fn secrets() -> Secrets {
    Secrets::none().with_key_file(b"key").unwrap()
}

/// A volume whose first header says this.
fn luks2(json: &[u8], sequence: u64) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let mut volume = vec![0; 16 << 10];
    volume[..6].copy_from_slice(LUKS);
    volume[6..8].copy_from_slice(&[0, 2]);
    volume[8..16].copy_from_slice(&(16_u64 << 10).to_be_bytes());
    volume[16..24].copy_from_slice(&sequence.to_be_bytes());
    volume[72..78].copy_from_slice(b"sha256");
    volume[4096..4096 + json.len()].copy_from_slice(json);
    let sum = Sha256::digest(&volume);
    volume[448..480].copy_from_slice(&sum);
    volume
}

#[test]
fn numbers_of_luks2_that_cannot_be_are_refused() {
    for (offset, size, sector, at) in [
        ("18446744073709551615", "dynamic", 512, "4096"),
        ("4096", "18446744073709551615", 512, "4096"),
        ("4096", "dynamic", 0, "18446744073709551104"),
        ("4096", "dynamic", 513, "4096"),
    ] {
        let json = format!(
            r#"{{"keyslots":{{"0":{{"type":"luks2","key_size":64,"af":{{"type":"luks1","stripes":4000,"hash":"sha256"}},
            "area":{{"type":"raw","offset":"{at}","size":"1","encryption":"aes-xts-plain64","key_size":64}},
            "kdf":{{"type":"pbkdf2","salt":"","hash":"sha256","iterations":1}}}}}},
            "segments":{{"0":{{"type":"crypt","offset":"{offset}","size":"{size}","encryption":"aes-xts-plain64",
            "sector_size":{sector}}}}},"digests":{{"0":{{"type":"pbkdf2","keyslots":["0"],"segments":["0"],"salt":"",
            "digest":"","hash":"sha256","iterations":1}}}},"config":{{}}}}"#
        );
        assert!(open(&luks2(json.as_bytes(), 1), &secrets()).is_err());
    }
}
