//! Which clusters of a volume something accounts for: what is claimed twice is crossed, and what is used and was
//! never claimed was missed.

use crate::limits::ALLOCATION_BYTES;

/// One bit for each cluster of a volume.
#[derive(Debug)]
pub struct Allocation {
    bits: Vec<u64>,
    clusters: u64,
}

impl Allocation {
    /// Of a volume of so many clusters, none of them claimed; `None` if it has so many that they are not counted.
    #[must_use]
    pub fn new(clusters: u64) -> Option<Self> {
        let words = usize::try_from(clusters.div_ceil(64)).ok()?;
        (words <= ALLOCATION_BYTES / 8).then(|| Self {
            bits: vec![0; words],
            clusters,
        })
    }

    /// Claims clusters from `first` on. `false` if one of them was claimed before, or is not of the volume; all
    /// that are of the volume are claimed then as well.
    pub fn claim(&mut self, first: u64, count: u64) -> bool {
        let end = first.saturating_add(count);
        let mut is_free = end <= self.clusters;
        let end = end.min(self.clusters);
        let mut at = first;
        while at < end {
            let (word, mask, next) = Self::word(at, end);
            is_free &= self.bits[word] & mask == 0;
            self.bits[word] |= mask;
            at = next;
        }
        is_free
    }

    /// Whether one cluster was claimed.
    #[must_use]
    pub fn has(&self, cluster: u64) -> bool {
        let word = usize::try_from(cluster / 64)
            .ok()
            .and_then(|word| self.bits.get(word));
        word.is_some_and(|word| word >> (cluster % 64) & 1 == 1)
    }

    /// How many of `used` were never claimed. `used` has a bit for each cluster from `first` on, the lowest bit of a
    /// byte first, as the bitmaps of NTFS, exFAT and ext have them; what it has past the end of the volume is not
    /// counted.
    #[must_use]
    pub fn unclaimed(&self, first: u64, used: &[u8]) -> u64 {
        let mut missed = 0;
        for (index, &byte) in used.iter().enumerate() {
            if byte == 0 {
                continue;
            }
            for bit in 0..8 {
                let cluster = first + index as u64 * 8 + bit;
                let is_used = byte >> bit & 1 == 1;
                missed += u64::from(is_used && cluster < self.clusters && !self.has(cluster));
            }
        }
        missed
    }

    /// The word in which cluster `at` is, its bits up to `end`, and where the next word begins.
    fn word(at: u64, end: u64) -> (usize, u64, u64) {
        let next = ((at / 64 + 1) * 64).min(end);
        let bits = next - at;
        let mask = if bits == 64 {
            u64::MAX
        } else {
            ((1 << bits) - 1) << (at % 64)
        };
        (usize::try_from(at / 64).unwrap_or(usize::MAX), mask, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    proptest! {
        /// The same as a set.
        #[test]
        fn claims_are_kept_as_in_a_set(claims in prop::collection::vec((0u64..300, 0u64..200), 0..20)) {
            let mut allocation = Allocation::new(260).expect("small");
            let mut set = BTreeSet::new();
            for (first, count) in claims {
                let range = first..first + count;
                let is_free = range.end <= 260 && range.clone().all(|cluster| !set.contains(&cluster));
                prop_assert_eq!(allocation.claim(first, count), is_free);
                set.extend(range.filter(|&cluster| cluster < 260));
            }
            for cluster in 0..300 {
                prop_assert_eq!(allocation.has(cluster), set.contains(&cluster));
            }
            let missed = allocation.unclaimed(0, &[0xFF; 40]);
            prop_assert_eq!(missed, 260 - set.len() as u64);
        }
    }

    #[test]
    fn a_volume_of_too_many_clusters_is_not_counted() {
        assert!(Allocation::new(u64::MAX).is_none());
        assert!(Allocation::new(1 << 40).is_none());
    }
}
