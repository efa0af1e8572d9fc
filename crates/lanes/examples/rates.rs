//! Prints how fast MD5 and SHA-256 are on this machine, by the number of streams.
//!
//! `cargo run --release -p lanes --example rates`

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use lanes::{Md5, Sha256};

const STREAM: usize = 1 << 20;
const SMALL_BODIES: usize = 5_000;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "lanes: MD5 {}, SHA-256 {}",
        lanes::md5_lanes(),
        lanes::sha256_lanes()
    )?;
    writeln!(out, "{:<30} {:>10} {:>10}", "MB/s", "MD5", "SHA-256")?;
    for streams in [1, 2, 3, 4, 8, 12, 16, 24, 32] {
        let data = bodies(std::iter::repeat_n(STREAM, streams));
        let md5 = rate(&data, |data| {
            let mut states = vec![Md5::new(); data.len()];
            lanes::md5_update(
                &mut states
                    .iter_mut()
                    .zip(data.iter().copied())
                    .collect::<Vec<_>>(),
            );
            states.into_iter().map(Md5::finish).collect::<Vec<_>>()
        });
        let sha256 = rate(&data, |data| {
            let mut states = vec![Sha256::new(); data.len()];
            lanes::sha256_update(
                &mut states
                    .iter_mut()
                    .zip(data.iter().copied())
                    .collect::<Vec<_>>(),
            );
            states.into_iter().map(Sha256::finish).collect::<Vec<_>>()
        });
        writeln!(
            out,
            "{:<30} {md5:>10.0} {sha256:>10.0}",
            format!("{streams} streams of 1 MiB")
        )?;
    }

    // Lengths spread evenly over 1 to 16 KiB, in no order.
    let data = bodies((0..SMALL_BODIES).map(|n| 1024 + n * 7919 % (15 * 1024)));
    let md5 = rate(&data, lanes::md5_of);
    let sha256 = rate(&data, lanes::sha256_of);
    writeln!(
        out,
        "{:<30} {md5:>10.0} {sha256:>10.0}",
        "5000 bodies of 1 to 16 KiB"
    )?;

    let data = bodies(std::iter::repeat_n(100, SMALL_BODIES));
    let md5 = rate(&data, lanes::md5_of);
    let sha256 = rate(&data, lanes::sha256_of);
    writeln!(
        out,
        "{:<30} {md5:>10.0} {sha256:>10.0}",
        "5000 bodies of 100 bytes"
    )
}

/// Bodies of these lengths.
fn bodies(lengths: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
    lengths
        .map(|length| (0..=250).cycle().take(length).collect())
        .collect()
}

/// Decimal megabytes per second, the best of many rounds.
fn rate<T>(data: &[Vec<u8>], hash: impl Fn(&[&[u8]]) -> T) -> f64 {
    let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let bytes: usize = data.iter().map(|body| body.len()).sum();
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < Duration::from_millis(500) {
        let round = Instant::now();
        black_box(hash(black_box(&data)));
        best = best.min(round.elapsed());
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate is printed in round figures"
    )]
    let bytes = bytes as f64;
    bytes / best.as_secs_f64() / 1e6
}
