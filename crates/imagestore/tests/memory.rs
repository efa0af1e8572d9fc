//! Services in memory pass the suite, and refuse what the real ones may not look at.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use imagestore::memory::{MemorySnapshots, MemoryVault};
use imagestore::snapshots::{BLOCK_BYTES, Beginning, SnapshotId, Snapshots as _, Status};
use imagestore::{ServiceError, suite};

#[test]
fn memory_keeps_every_promise() {
    let snapshots = MemorySnapshots::default();
    suite::snapshots(&snapshots, "first");
    suite::snapshots(&snapshots, "second");
    assert_eq!(snapshots.all().len(), 2);
    suite::strict_snapshots(&snapshots, "third");
    let vault = MemoryVault::default();
    suite::vault(&vault);
    suite::vault(&vault);
    assert_eq!(vault.archives().len(), 2);
}

fn begun(snapshots: &MemorySnapshots) -> SnapshotId {
    let beginning = Beginning {
        volume_gib: 1,
        description: "an image",
        client_token: "token",
    };
    snapshots.start(&beginning).unwrap()
}

#[test]
fn a_block_that_is_not_what_its_checksum_says_is_refused() {
    let snapshots = MemorySnapshots::default();
    let snapshot = begun(&snapshots);
    let put = snapshots.put_block(&snapshot, 0, &vec![7; BLOCK_BYTES], &[0; 32]);
    assert!(matches!(put, Err(ServiceError::Refused(_))), "{put:?}");
    assert_eq!(snapshots.all()[snapshot.as_str()].puts, 0);
}

#[test]
fn a_snapshot_that_lacks_a_block_is_of_no_use() {
    let snapshots = MemorySnapshots::default();
    let snapshot = begun(&snapshots);
    let completed = snapshots.complete(&snapshot, 1, None);
    assert_eq!(completed.unwrap(), Status::Error);
    assert!(!snapshots.is_readable(&snapshot).unwrap());
}
