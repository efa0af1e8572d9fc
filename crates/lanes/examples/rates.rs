//! Prints how fast MD5 and SHA-256 are on this machine, by the number of streams, and MD5 beside SHA-256.
//!
//! `cargo run --release -p lanes --example rates`

use std::hint::black_box;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lanes::{Md5, Sha256};

const STREAM: usize = 1 << 20;
const SMALL_BODIES: usize = 5_000;
/// As much of a file as is hashed at a time.
const SLICE: usize = 8 << 20;
/// Together more than a processor's cache holds.
const SLICES: usize = 16;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "abreast: MD5 {}, in turns: SHA-256 {}",
        lanes::md5_abreast(),
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
    )?;
    let beside = format!("{:>10} {:>10}", "alone", "beside SHA");
    writeln!(out, "{:<30} {beside}", "MD5 of slices, MB/s each")?;
    for streams in [1, 2, 4, 8, 16] {
        let data = bodies(std::iter::repeat_n(SLICE, SLICES));
        let alone = rate(&data, |data| in_company(data, streams));
        let beside = beside_sha256(|| rate(&data, |data| in_company(data, streams)));
        #[expect(clippy::cast_precision_loss, reason = "few streams")]
        let each = streams as f64;
        let (alone, beside) = (alone / each, beside / each);
        writeln!(
            out,
            "{:<30} {alone:>10.0} {beside:>10.0}",
            format!("{streams} streams at once")
        )?;
    }
    Ok(())
}

/// Advances the MD5 of so many streams at a time, by all slices.
fn in_company(data: &[&[u8]], streams: usize) {
    let mut states = vec![Md5::new(); streams];
    for slices in data.chunks_exact(streams) {
        let slices = slices.iter().copied();
        lanes::md5_update(&mut states.iter_mut().zip(slices).collect::<Vec<_>>());
    }
    black_box(states);
}

/// Does something while another thread makes the SHA-256 of one stream.
fn beside_sha256<T>(act: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let data = bodies(std::iter::repeat_n(SLICE, SLICES));
            let mut sha256 = Sha256::new();
            for slice in data.iter().cycle() {
                sha256.update(black_box(slice));
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            black_box(sha256);
        });
        let done = act();
        is_over.store(true, Ordering::Relaxed);
        done
    })
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
