//! How fast one chain of MD5 is on this machine: what a single file is measured by.
//!
//! Each step of MD5 waits for the one before it, so that nobody who says the MD5 of one file can be faster,
//! whatever else he does at the same time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};

/// Bytes hashed at once: they stay in the processor's cache.
const BODY: usize = 1 << 20;

/// How long one try takes, and how many there are: the fastest is the least disturbed.
const TRY: Duration = Duration::from_millis(300);
const TRIES: usize = 5;

/// Bytes a second of the fastest of some tries.
pub(crate) fn rate() -> f64 {
    let body = vec![7; BODY];
    let tries = (0..TRIES).map(|_| one_try(&body));
    tries.fold(0.0, f64::max)
}

fn one_try(body: &[u8]) -> f64 {
    let begun = Instant::now();
    let mut md5 = Md5::new();
    let mut bytes = 0.0;
    while begun.elapsed() < TRY {
        md5.update(black_box(body));
        bytes += f64::from(u32::try_from(body.len()).unwrap_or(u32::MAX));
    }
    black_box(md5.finalize());
    bytes / begun.elapsed().as_secs_f64()
}
