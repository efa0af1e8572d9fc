//! How fast sectors are deciphered, by one thread: `cargo bench -p encrypted --bench sectors`, beside
//! `cryptsetup benchmark`.

#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use encrypted::cipher::Algorithm::{self, Aes, Camellia, Kuznyechik, Serpent, Twofish};
use encrypted::cipher::{Mode, Suite};
use encrypted::plain::VolumeKey;

/// What a device is read in.
const BYTES: usize = 1 << 20;

fn main() {
    for (name, mode, ciphers, key, sector) in [
        ("aes-xts 256", Mode::Xts, &[Aes][..], 64, 512),
        ("aes-xts 256", Mode::Xts, &[Aes], 64, 4096),
        ("aes-xts 128", Mode::Xts, &[Aes], 32, 512),
        ("aes-cbc-essiv 256", Mode::CbcEssiv, &[Aes], 32, 512),
        ("BitLocker with diffuser", Mode::Elephant, &[Aes], 32, 512),
        ("serpent-xts", Mode::Xts, &[Serpent], 64, 512),
        ("twofish-xts", Mode::Xts, &[Twofish], 64, 512),
        ("camellia-xts", Mode::Xts, &[Camellia], 64, 512),
        ("kuznyechik-xts", Mode::Xts, &[Kuznyechik], 64, 512),
        (
            "aes-twofish-serpent-xts",
            Mode::Xts,
            &[Aes, Twofish, Serpent],
            192,
            512,
        ),
    ] {
        let rate = rate(mode, ciphers, key, sector);
        println!("{name:24} sectors of {sector:4}: {rate:6.0} MB/s");
    }
}

/// Megabytes a second, the best of five.
fn rate(mode: Mode, ciphers: &[Algorithm], key: usize, sector: u32) -> f64 {
    let key = VolumeKey {
        suite: Suite {
            mode,
            ciphers: ciphers.to_vec(),
        },
        sector_bytes: sector,
        step: 1,
        key: vec![7; key],
    };
    let cipher = key
        .cipher()
        .expect("the ciphers take keys of these lengths");
    let mut data = vec![0x5A; BYTES];
    let mut best = 0.0_f64;
    for _ in 0..5 {
        let begun = Instant::now();
        let mut rounds = 0_u32;
        while begun.elapsed() < Duration::from_millis(300) {
            cipher.decipher(u64::from(rounds), black_box(&mut data));
            rounds += 1;
        }
        let bytes = f64::from(rounds) * 1_048_576.0;
        best = best.max(bytes / begun.elapsed().as_secs_f64() / 1e6);
    }
    best
}
