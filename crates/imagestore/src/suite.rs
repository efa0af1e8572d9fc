//! What every [`Snapshots`] and every [`Vault`] must do, as functions that panic where one does not.
//!
//! Run by the tests of each implementation, and against a real service where there is one.

use sha2::{Digest as _, Sha256};

use crate::error::ServiceError;
use crate::snapshots::{BLOCK_BYTES, Beginning, LinearChecksum, SnapshotId, Snapshots, Status};
use crate::treehash;
use crate::vaults::{Hashes, UploadId, Vault};

const MIB: usize = 1 << 20;

/// Runs the suite of snapshots. `token` is one that was never used with this service.
pub fn snapshots(service: &dyn Snapshots, token: &str) {
    let snapshot = begun(service, token);
    let blocks: Vec<(u32, Vec<u8>)> = [0_u32, 3, 2047]
        .into_iter()
        .map(|index| (index, bytes(index.to_le_bytes()[0], BLOCK_BYTES)))
        .collect();
    put(service, &snapshot, 3, &bytes(77, BLOCK_BYTES));
    // By many at once, in any order.
    std::thread::scope(|scope| {
        for (index, data) in blocks.iter().rev() {
            scope.spawn(|| put(service, &snapshot, *index, data));
        }
    });
    complete(service, &snapshot, &blocks);
    readable(service, &snapshot, &blocks);
}

/// What EBS documents, and moto 5.2 does not do: the same token gives the same snapshot; before it is completed it
/// cannot be read, and afterwards it cannot be written.
pub fn strict_snapshots(service: &dyn Snapshots, token: &str) {
    let snapshot = begun(service, token);
    assert_eq!(begun(service, token), snapshot, "the same token");
    assert_ne!(begun(service, &format!("{token}-2")), snapshot, "another");
    let blocks = [(5, bytes(5, BLOCK_BYTES))];
    put(service, &snapshot, 5, &blocks[0].1);
    let is_readable = service.is_readable(&snapshot).expect("it is there");
    assert!(!is_readable, "it cannot be read before it is completed");
    let early = service.list_blocks(&snapshot);
    assert!(matches!(early, Err(ServiceError::Refused(_))), "{early:?}");
    complete(service, &snapshot, &blocks);
    sealed(service, &snapshot, &blocks[0].1);
}

fn begun(service: &dyn Snapshots, token: &str) -> SnapshotId {
    let beginning = Beginning {
        volume_gib: 1,
        description: "longshore, a suite",
        client_token: token,
    };
    service.start(&beginning).expect("a snapshot is begun")
}

fn put(service: &dyn Snapshots, snapshot: &SnapshotId, index: u32, data: &[u8]) {
    let hash = Sha256::digest(data).into();
    let put = service.put_block(snapshot, index, data, &hash);
    put.expect("a block is put");
}

fn complete(service: &dyn Snapshots, snapshot: &SnapshotId, blocks: &[(u32, Vec<u8>)]) {
    let mut sum = LinearChecksum::default();
    for (_, data) in blocks {
        sum.push(&Sha256::digest(data).into());
    }
    let count = u32::try_from(blocks.len()).expect("there are few");
    let completed = service.complete(snapshot, count, Some(sum.finish()));
    let status = completed.expect("it is completed");
    assert_ne!(status, Status::Error, "all blocks are there");
    while !service.is_readable(snapshot).expect("it is there") {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

fn readable(service: &dyn Snapshots, snapshot: &SnapshotId, blocks: &[(u32, Vec<u8>)]) {
    let listed = service.list_blocks(snapshot).expect("it is listed");
    let found: Vec<u32> = listed.iter().map(|block| block.index).collect();
    let expected: Vec<u32> = blocks.iter().map(|(index, _)| *index).collect();
    assert_eq!(found, expected, "those that were put, in their order");
    for (stored, (_, data)) in listed.iter().zip(blocks) {
        let read = service.get_block(snapshot, stored).expect("it is read");
        assert!(read == *data, "block {} as it was put last", stored.index);
    }
}

fn sealed(service: &dyn Snapshots, snapshot: &SnapshotId, data: &[u8]) {
    let hash = Sha256::digest(data).into();
    let late = service.put_block(snapshot, 5, data, &hash);
    assert!(matches!(late, Err(ServiceError::Refused(_))), "{late:?}");
    let twice = service.complete(snapshot, 1, None);
    assert!(matches!(twice, Err(ServiceError::Refused(_))), "{twice:?}");
}

/// Runs the suite of vaults.
pub fn vault(vault: &dyn Vault) {
    archive_in_parts(vault);
    upload_given_up(vault);
}

/// An archive is put together from parts that came in any order, once.
pub fn archive_in_parts(vault: &dyn Vault) {
    let data = bytes(2, 9 * MIB + 5);
    let parts: Vec<(u64, &[u8])> = (0..).step_by(2 * MIB).zip(data.chunks(2 * MIB)).collect();
    let begun = vault.initiate(2 << 20, "longshore, in parts");
    let upload = begun.expect("an upload is begun");
    put_part(vault, &upload, 0, &bytes(77, 2 * MIB));
    for (offset, part) in parts.iter().rev() {
        put_part(vault, &upload, *offset, part);
    }
    let listed = vault.list_parts(&upload).expect("parts are listed");
    let found: Vec<_> = listed.into_iter().map(|p| (p.range, p.tree)).collect();
    let expected: Vec<_> = parts
        .iter()
        .map(|(offset, part)| (*offset..*offset + part.len() as u64, treehash::of(part)))
        .collect();
    assert_eq!(found, expected, "as they were put last, in their order");

    let tree = treehash::combine(expected.iter().map(|(_, tree)| *tree));
    let total = data.len() as u64;
    let wrong = vault.complete(&upload, total, &[0; 32]);
    assert!(matches!(wrong, Err(ServiceError::Refused(_))), "{wrong:?}");
    let archive = vault.complete(&upload, total, &tree);
    let archive = archive.expect("it is completed");
    let again = vault.complete(&upload, total, &tree);
    assert_eq!(again.expect("and again"), archive, "it is the same archive");
    let gone = vault.list_parts(&upload);
    assert!(matches!(gone, Err(ServiceError::NotFound(_))), "{gone:?}");
}

/// What is wrong is refused, and what is given up is gone.
pub fn upload_given_up(vault: &dyn Vault) {
    let odd = vault.initiate(3 << 20, "");
    assert!(odd.is_err(), "3 MiB is no size of parts");
    let upload = vault.initiate(1 << 20, "").expect("an upload is begun");
    let (part, other) = (bytes(3, MIB), bytes(4, MIB));
    let damaged = Hashes {
        tree: treehash::of(&other),
        ..Hashes::of(&part)
    };
    let wrong = vault.put_part(&upload, 0, &part, &damaged);
    assert!(matches!(wrong, Err(ServiceError::Refused(_))), "{wrong:?}");
    let crooked = vault.put_part(&upload, 5, &part, &Hashes::of(&part));
    assert!(
        matches!(crooked, Err(ServiceError::Refused(_))),
        "{crooked:?}"
    );
    vault.abort(&upload).expect("it is given up");
    vault.abort(&upload).expect("it may be given up again");
    let gone = vault.put_part(&upload, 0, &part, &Hashes::of(&part));
    assert!(matches!(gone, Err(ServiceError::NotFound(_))), "{gone:?}");
}

fn put_part(vault: &dyn Vault, upload: &UploadId, offset: u64, part: &[u8]) {
    let put = vault.put_part(upload, offset, part, &Hashes::of(part));
    put.expect("a part is put");
}

/// Bytes that differ from block to block.
fn bytes(seed: u8, count: usize) -> Vec<u8> {
    let mut hash = Sha256::digest([seed]);
    let mut bytes = Vec::with_capacity(count + 32);
    while bytes.len() < count {
        bytes.extend_from_slice(&hash);
        hash = Sha256::digest(hash);
    }
    bytes.truncate(count);
    bytes
}
