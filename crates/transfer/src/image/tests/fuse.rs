//! A fuse that cuts services in memory off, as if the process were killed there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use awshttp::retry::CallError as _;
use awshttp::{NetworkFailure, TransportError};
use imagestore::ServiceError;
use imagestore::memory::MemoryServices;
use imagestore::services::{ClientOptions, NoService, Services};
use imagestore::snapshots::{Beginning, SnapshotId, Snapshots, Status, StoredBlock};
use imagestore::vaults::{Archive, Hashes, StoredPart, UploadId, Vault};
use model::control::{StoreAccess, VaultAccess};
use objectstore::faulty::{Failure, Fault, Faulty};
use objectstore::memory::MemoryBucket;

use crate::stop::{Halt, Stop};

/// After so many calls nothing gets through any more, as if the process were killed there. The last call
/// may take effect and lose its answer.
pub(super) struct Fuse {
    left: AtomicI64,
    /// Whether the last call takes effect.
    is_late: bool,
    stop: Stop,
}

impl Fuse {
    pub(super) fn new(calls: i64, is_late: bool, stop: &Stop) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(calls),
            is_late,
            stop: stop.clone(),
        })
    }

    /// Does `act`, unless the fuse is burnt.
    fn through<T>(&self, act: impl FnOnce() -> Result<T, ServiceError>) -> Result<T, ServiceError> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1.. => act(),
            left => {
                self.stop.halt(Halt::Interrupted);
                if left == 0 && self.is_late {
                    let _lost = act();
                }
                Err(ServiceError::Transport(TransportError::Network {
                    peer: ServiceError::PEER,
                    failure: NetworkFailure::Broken,
                    source: io::ErrorKind::ConnectionReset.into(),
                }))
            }
        }
    }

    /// The same for a bucket.
    pub(super) fn bucket(self: Arc<Self>, inner: Arc<MemoryBucket>) -> Faulty<Arc<MemoryBucket>> {
        Faulty::new(inner, move |_| {
            match self.left.fetch_sub(1, Ordering::SeqCst) {
                1.. => None,
                left => {
                    self.stop.halt(Halt::Interrupted);
                    Some(match left == 0 && self.is_late {
                        true => Fault::after(Failure::Reset),
                        false => Fault::before(Failure::Unreachable),
                    })
                }
            }
        })
    }
}

/// A service behind a fuse.
pub(super) struct Fused<S> {
    inner: S,
    fuse: Arc<Fuse>,
}

/// What one attempt sees of the services.
pub(super) struct Wired {
    pub(super) services: MemoryServices,
    pub(super) fuse: Arc<Fuse>,
}

impl Services for Wired {
    fn snapshots(
        &self,
        _: &StoreAccess,
        _: &ClientOptions,
    ) -> Result<Box<dyn Snapshots>, NoService> {
        Ok(Box::new(Fused {
            inner: self.services.snapshots.clone(),
            fuse: Arc::clone(&self.fuse),
        }))
    }

    fn vault(
        &self,
        _: &VaultAccess,
        _: &str,
        _: &ClientOptions,
    ) -> Result<Box<dyn Vault>, NoService> {
        Ok(Box::new(Fused {
            inner: self.services.vault.clone(),
            fuse: Arc::clone(&self.fuse),
        }))
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Snapshots> Snapshots for Fused<S> {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        self.fuse.through(|| self.inner.start(beginning))
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        self.fuse
            .through(|| self.inner.put_block(snapshot, index, data, sha256))
    }

    fn complete(
        &self,
        snapshot: &SnapshotId,
        changed_blocks: u32,
        checksum: Option<[u8; 32]>,
    ) -> Result<Status, ServiceError> {
        self.fuse
            .through(|| self.inner.complete(snapshot, changed_blocks, checksum))
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        self.fuse.through(|| self.inner.is_readable(snapshot))
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        self.fuse.through(|| self.inner.list_blocks(snapshot))
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        self.fuse.through(|| self.inner.get_block(snapshot, block))
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Vault> Vault for Fused<S> {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        self.fuse
            .through(|| self.inner.initiate(part_bytes, description))
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        self.fuse
            .through(|| self.inner.put_part(upload, offset, data, hashes))
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        self.fuse.through(|| self.inner.list_parts(upload))
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        self.fuse
            .through(|| self.inner.complete(upload, total_bytes, tree))
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        self.fuse.through(|| self.inner.abort(upload))
    }
}
