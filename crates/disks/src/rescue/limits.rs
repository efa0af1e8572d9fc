//! What a failing device may cost, each with the arithmetic that chose it.

use std::time::Duration;

/// What is read at once where nothing has failed: 16 ms of a disk of 250 MB/s, four times what a seek costs. A failed
/// one is read again in 64 clusters at most.
pub(crate) const READ_BYTES: u64 = 4 << 20;

/// What is read at once where something has failed, aligned to itself: ddrescue's, some eighth of a track.
pub(crate) const CLUSTER_BYTES: u64 = 64 << 10;

/// The first skip behind an error is this part of the device, and a cluster at least (ddrescue 1.30): 64 KiB up to
/// 2 GiB, 122 MiB on 4 TB.
pub(crate) const FIRST_SKIP: u64 = 32_768;

/// The largest skip is this part of the device: sixteen errors in a row are behind a head crash of any size.
pub(crate) const LARGEST_SKIP: u64 = 100;

/// Marks that wait for a sign that the device lives. An error on a disk that searches takes seconds, a check a fifth of
/// one; a dead device answers at once, and these are what is taken back then.
pub(crate) const DOUBTED: usize = 16;

/// How often a read is tried that this host could not do, and with which pauses between.
pub(crate) const HOST_TRIES: u32 = 4;

/// The pause after an error of the host or an answer that came too late: a bridge that resets itself needs about one.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// What a kill loses of what is known at most.
pub(crate) const SAVE_EVERY: Duration = Duration::from_secs(30);

/// How often a sector of metadata is tried by itself, after the read that failed with all around it.
pub(crate) const SECTOR_TRIES: u32 = 2;

/// Stretches that were read and are kept in the map, at some 60 bytes each 30 MB. A disk whose files lie more scattered
/// has others of which the map does not say that they were read.
pub(crate) const READ_STRETCHES: usize = 500_000;

/// Stretches that were not read, in memory and in the map. A device with more is dead, whatever it answers: at a tenth
/// of a second each they are three hours of nothing but errors.
pub(crate) const FAILING_STRETCHES: usize = 100_000;

/// The largest file of a map that is read: the two limits above, at 40 bytes a line and with what lies between, twice.
pub(crate) const MAP_BYTES: u64 = 96 << 20;

/// What is kept of what came by trying again, at most; and at most a quarter of what is free where it is kept.
pub(crate) const KEPT_BYTES: u64 = 64 << 30;

/// How long the passes behind the first may take: a dying disk does not hold a bay for longer than a shift.
pub(crate) const RETRY_TIME: Duration = Duration::from_secs(6 * 3600);

/// With so many bad areas they end: at 7 s each, the fastest a disk gives up, that is two hours of a single try.
pub(crate) const BAD_AREAS: usize = 1_000;

/// Places by which a device is known again: a read each when a rescue is gone on with, a tenth of a second on a disk
/// that spins.
pub(crate) const MARKS: usize = 8;

/// How much of each, at most: a table of partitions with all its entries, the superblock of most file systems.
pub(crate) const MARK_BYTES: usize = 64 << 10;

/// No two of them begin in the same stretch of this length: not all in one place that may go bad.
pub(crate) const MARK_APART: u64 = 1 << 20;
