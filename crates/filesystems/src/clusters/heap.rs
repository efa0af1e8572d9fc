//! Where clusters are.

/// The clusters of a volume. They are numbered from 2 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heap {
    /// Where cluster 2 begins, in bytes from the start of the volume.
    pub(crate) offset: u64,
    /// The size of a cluster in bytes.
    pub(crate) cluster: u32,
    /// How many there are.
    pub(crate) count: u32,
}

/// The number of the first cluster.
pub(crate) const FIRST: u32 = 2;

impl Heap {
    /// Its index from 0 on, if there is such a cluster.
    pub(crate) fn index(&self, cluster: u32) -> Option<u64> {
        let index = cluster.checked_sub(FIRST)?;
        (index < self.count).then_some(u64::from(index))
    }

    /// Where it begins, in bytes, if there is such a cluster.
    pub(crate) fn place(&self, cluster: u32) -> Option<u64> {
        let inside = self.index(cluster)?.checked_mul(u64::from(self.cluster))?;
        self.offset.checked_add(inside)
    }

    /// How many clusters so many bytes need.
    pub(crate) fn needed(&self, bytes: u64) -> u64 {
        bytes.div_ceil(u64::from(self.cluster))
    }

    /// Whether clusters from `first` on are all here.
    pub(crate) fn holds(&self, first: u32, count: u64) -> bool {
        let end = self.index(first).and_then(|first| first.checked_add(count));
        end.is_some_and(|end| end <= u64::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_begin_with_the_second() {
        let heap = Heap {
            offset: 1000,
            cluster: 512,
            count: 3,
        };
        let places = [0, 1, 2, 4, 5, u32::MAX].map(|cluster| heap.place(cluster));
        assert_eq!(places, [None, None, Some(1000), Some(2024), None, None]);
        assert!(heap.holds(2, 3) && !heap.holds(3, 3) && !heap.holds(2, u64::MAX));
        assert_eq!(
            [0, 1, 512, 513].map(|bytes| heap.needed(bytes)),
            [0, 1, 1, 2]
        );
    }
}
