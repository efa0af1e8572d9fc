//! Small volumes that are written byte by byte, so that what no tool would write can be written.

/// A volume with a heap of clusters, over bytes of an earlier owner.
pub(crate) struct Disk {
    /// All of it.
    pub(crate) bytes: Vec<u8>,
    /// Where cluster 2 begins.
    pub(crate) heap: usize,
    /// The size of a cluster in bytes.
    pub(crate) cluster: usize,
    /// Where the tables begin.
    pub(crate) tables: Vec<usize>,
    /// Bits of an entry of the table.
    pub(crate) width: u32,
}

/// What lies where nothing was written.
pub(crate) const STALE: &[u8] = b"STALE-BYTES-OF-AN-EARLIER-OWNER.";

impl Disk {
    /// Nothing but stale bytes.
    pub(crate) fn stale(bytes: usize) -> Vec<u8> {
        STALE.iter().copied().cycle().take(bytes).collect()
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn place(&self, cluster: u32) -> usize {
        self.heap + (cluster as usize - 2) * self.cluster
    }

    /// Writes an entry of all tables.
    pub(crate) fn link(&mut self, cluster: u32, next: u32) {
        let cluster = cluster as usize;
        for table in self.tables.clone() {
            match self.width {
                12 => {
                    let at = table + cluster + cluster / 2;
                    let held = u32::from(self.bytes[at]) | u32::from(self.bytes[at + 1]) << 8;
                    let value = if cluster.is_multiple_of(2) {
                        held & 0xF000 | next & 0xFFF
                    } else {
                        held & 0xF | (next & 0xFFF) << 4
                    };
                    self.put(at, &value.to_le_bytes()[..2]);
                }
                16 => self.put(table + cluster * 2, &next.to_le_bytes()[..2]),
                _ => self.put(table + cluster * 4, &next.to_le_bytes()),
            }
        }
    }

    /// Chains clusters in this order.
    pub(crate) fn chain(&mut self, clusters: &[u32]) {
        for pair in clusters.windows(2) {
            self.link(pair[0], pair[1]);
        }
        if let Some(&last) = clusters.last() {
            self.link(last, u32::MAX);
        }
    }

    /// Chains clusters and writes content into them, piece by piece.
    pub(crate) fn fill(&mut self, clusters: &[u32], content: &[u8]) {
        self.chain(clusters);
        for (&cluster, piece) in clusters.iter().zip(content.chunks(self.cluster)) {
            self.put(self.place(cluster), piece);
        }
    }

    /// An empty folder's clusters: zeros, so that no stale entry is one.
    pub(crate) fn blank(&mut self, clusters: &[u32]) {
        self.chain(clusters);
        for &cluster in clusters {
            let place = self.place(cluster);
            self.bytes[place..place + self.cluster].fill(0);
        }
    }

    /// Adds entries at the first free place of a region.
    pub(crate) fn add(&mut self, region: std::ops::Range<usize>, entries: &[u8]) -> usize {
        let free = region.step_by(32).find(|&at| self.bytes[at] == 0);
        let at = free.expect("room for an entry");
        self.put(at, entries);
        at
    }
}

/// Content that is nowhere the same.
pub(crate) fn content(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}
