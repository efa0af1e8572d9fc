//! Whether a volume looks like bytes by chance: what is encrypted without a header looks so, and hardly anything else.

use crate::blocks::{Blocks, Fault};

/// Places all over the volume that are looked at.
const SAMPLES: u64 = 64;

/// Bytes that are looked at in each of them. Bytes by chance have some 7.95 bits of entropy in so many; text, tables
/// and code have less than 7, and only packed files as much, which never fill a volume from its first byte on.
const SAMPLE: usize = 4096;

/// The least entropy of a sample, in bits for each byte.
const ENTROPY: f64 = 7.9;

/// Whether all samples are bytes by chance.
///
/// # Errors
/// [`Fault::Ended`] if the device answers no more. Places that cannot be read say nothing; nor does a volume of which
/// no place can be read.
pub(super) fn looks_random(blocks: &mut dyn Blocks) -> Result<bool, Fault> {
    let Some(last) = blocks.bytes().checked_sub(SAMPLE as u64) else {
        return Ok(false);
    };
    let mut sample = [0; SAMPLE];
    let mut is_read = false;
    for index in 0..SAMPLES {
        let offset = last / (SAMPLES - 1) * index;
        match blocks.read(offset & !511, &mut sample) {
            Ok(()) if entropy(&sample) < ENTROPY => return Ok(false),
            Ok(()) => is_read = true,
            Err(Fault::Bad) => {}
            Err(Fault::Ended) => return Err(Fault::Ended),
        }
    }
    Ok(is_read)
}

/// Shannon's entropy, in bits for each byte.
fn entropy(sample: &[u8; SAMPLE]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in sample {
        counts[usize::from(byte)] += 1;
    }
    let total = f64::from(u32::try_from(SAMPLE).unwrap_or(u32::MAX));
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;

    /// Bytes by chance, the same each time (xorshift).
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn chance_is_told_from_data_with_one_place_of_order() {
        let random = noise(1 << 20);
        assert_eq!(
            looks_random(&mut MemoryBlocks::new(random.clone())),
            Ok(true)
        );
        let mut ordered = random.clone();
        ordered[..4096].fill(0);
        assert_eq!(looks_random(&mut MemoryBlocks::new(ordered)), Ok(false));
        assert_eq!(
            looks_random(&mut MemoryBlocks::new(vec![0; 1 << 20])),
            Ok(false)
        );
        assert_eq!(looks_random(&mut MemoryBlocks::new(noise(1000))), Ok(false));
        let mut broken = MemoryBlocks::new(random);
        broken.break_range(0..1 << 20);
        assert_eq!(looks_random(&mut broken), Ok(false));
    }
}
