//! Services in memory that keep the promises of the real ones, and a fuse that cuts everything off.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use ::objects::faulty::{Failure, Fault, Faulty};
use ::objects::memory::MemoryBucket;
use awshttp::retry::CallError as _;
use awshttp::{Answer, NetworkFailure, TransportError};
use images::ServiceError;
use images::snapshots::{BLOCK_BYTES, Beginning, SnapshotId, Status, StoredBlock};
use images::vaults::{Archive, Hashes, StoredPart, UploadId};
use lanes::sha256_of;
use model::control::{StoreAccess, VaultAccess};

use crate::image::services::{NoService, Services, SnapshotService, VaultService};
use crate::settings::Settings;
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

fn refused<T>(code: &str) -> Result<T, ServiceError> {
    Err(ServiceError::Refused(Answer::new(400, code, "")))
}

fn not_found<T>() -> Result<T, ServiceError> {
    let answer = Answer::new(404, "ResourceNotFoundException", "");
    Err(ServiceError::NotFound(answer))
}

/// The EBS direct APIs and one vault.
#[derive(Default)]
pub(super) struct Fakes {
    pub(super) snapshots: Mutex<BTreeMap<String, FakeSnapshot>>,
    pub(super) uploads: Mutex<BTreeMap<String, FakeUpload>>,
    pub(super) archives: Mutex<BTreeMap<String, FakeArchive>>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct FakeSnapshot {
    pub(super) token: String,
    pub(super) description: String,
    pub(super) volume_gib: u64,
    pub(super) blocks: BTreeMap<u32, Vec<u8>>,
    /// How many blocks were put, those put again included.
    pub(super) puts: u64,
    pub(super) status: Option<Status>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct FakeUpload {
    pub(super) part_bytes: u64,
    pub(super) description: String,
    pub(super) parts: BTreeMap<u64, Vec<u8>>,
    pub(super) puts: u64,
    completed: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FakeArchive {
    pub(super) description: String,
    pub(super) bytes: Vec<u8>,
}

/// What one attempt sees of them.
pub(super) struct Wired {
    pub(super) fakes: Arc<Fakes>,
    pub(super) fuse: Arc<Fuse>,
}

impl Services for Wired {
    fn snapshots(
        &self,
        _: &StoreAccess,
        _: Settings,
        _: &Stop,
    ) -> Result<Box<dyn SnapshotService>, NoService> {
        Ok(Box::new(Self {
            fakes: Arc::clone(&self.fakes),
            fuse: Arc::clone(&self.fuse),
        }))
    }

    fn vault(
        &self,
        _: &VaultAccess,
        _: &str,
        _: Settings,
        _: &Stop,
    ) -> Result<Box<dyn VaultService>, NoService> {
        Ok(Box::new(Self {
            fakes: Arc::clone(&self.fakes),
            fuse: Arc::clone(&self.fuse),
        }))
    }
}

impl Wired {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, FakeSnapshot>> {
        self.fakes.snapshots.lock().unwrap()
    }

    fn snapshot<T>(
        &self,
        id: &SnapshotId,
        act: impl FnOnce(&mut FakeSnapshot) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match self.all().get_mut(id.as_str()) {
            Some(snapshot) => act(snapshot),
            None => not_found(),
        }
    }

    fn upload<T>(
        &self,
        id: &UploadId,
        act: impl FnOnce(&mut FakeUpload) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match self.fakes.uploads.lock().unwrap().get_mut(id.as_str()) {
            Some(upload) => act(upload),
            None => not_found(),
        }
    }
}

impl SnapshotService for Wired {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        self.fuse.through(|| {
            let mut all = self.all();
            let same = all
                .iter()
                .find(|(_, other)| other.token == beginning.client_token);
            if let Some((id, _)) = same {
                return Ok(SnapshotId::parse(id).unwrap());
            }
            let id = format!("snap-{:017x}", all.len() + 1);
            let snapshot = FakeSnapshot {
                token: beginning.client_token.to_owned(),
                description: beginning.description.to_owned(),
                volume_gib: beginning.volume_gib,
                ..FakeSnapshot::default()
            };
            all.insert(id.clone(), snapshot);
            Ok(SnapshotId::parse(&id).unwrap())
        })
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        assert_eq!(data.len(), BLOCK_BYTES);
        assert_eq!(sha256_of(&[data])[0], *sha256);
        self.fuse.through(|| {
            self.snapshot(snapshot, |snapshot| {
                if snapshot.status.is_some() {
                    return refused("ValidationException");
                }
                snapshot.blocks.insert(index, data.to_vec());
                snapshot.puts += 1;
                Ok(())
            })
        })
    }

    fn complete(&self, snapshot: &SnapshotId, changed_blocks: u32) -> Result<Status, ServiceError> {
        self.fuse.through(|| {
            self.snapshot(snapshot, |snapshot| {
                if snapshot.status.is_some() {
                    return refused("ValidationException");
                }
                let is_whole = snapshot.blocks.len() as u64 == u64::from(changed_blocks);
                let status = if is_whole {
                    Status::Completed
                } else {
                    Status::Error
                };
                snapshot.status = Some(status);
                Ok(status)
            })
        })
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        self.fuse.through(|| {
            self.snapshot(snapshot, |snapshot| {
                Ok(snapshot.status == Some(Status::Completed))
            })
        })
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        self.fuse.through(|| {
            self.snapshot(snapshot, |snapshot| {
                if snapshot.status != Some(Status::Completed) {
                    return refused("ValidationException");
                }
                let blocks = snapshot.blocks.keys().map(|index| StoredBlock {
                    index: *index,
                    token: format!("token-{index}"),
                });
                Ok(blocks.collect())
            })
        })
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        self.fuse
            .through(|| self.snapshot(snapshot, |s| Ok(s.blocks[&block.index].clone())))
    }
}

impl VaultService for Wired {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        self.fuse.through(|| {
            let mut uploads = self.fakes.uploads.lock().unwrap();
            let id = format!("upload-{}", uploads.len() + 1);
            let upload = FakeUpload {
                part_bytes,
                description: description.to_owned(),
                ..FakeUpload::default()
            };
            uploads.insert(id.clone(), upload);
            Ok(UploadId::parse(&id).unwrap())
        })
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        assert_eq!(Hashes::of(data), *hashes);
        self.fuse.through(|| {
            self.upload(upload, |upload| {
                let is_aligned = offset.is_multiple_of(upload.part_bytes);
                if upload.completed.is_some() {
                    return not_found();
                }
                if !is_aligned || data.len() as u64 > upload.part_bytes {
                    return refused("InvalidParameterValueException");
                }
                upload.parts.insert(offset, data.to_vec());
                upload.puts += 1;
                Ok(())
            })
        })
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        self.fuse.through(|| {
            self.upload(upload, |upload| {
                if upload.completed.is_some() {
                    return not_found();
                }
                let parts = upload.parts.iter().map(|(offset, data)| StoredPart {
                    range: *offset..*offset + data.len() as u64,
                    tree: images::treehash::of(data),
                });
                Ok(parts.collect())
            })
        })
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        self.fuse.through(|| {
            let mut archives = self.fakes.archives.lock().unwrap();
            self.upload(upload, |upload| {
                let parts: Vec<&[u8]> = upload.parts.values().map(Vec::as_slice).collect();
                let bytes = parts.concat();
                if bytes.len() as u64 != total_bytes || images::treehash::of(&bytes) != *tree {
                    return refused("InvalidParameterValueException");
                }
                let next = format!("archive-{}", archives.len() + 1);
                let id = upload.completed.get_or_insert(next).clone();
                let description = upload.description.clone();
                archives.insert(id.clone(), FakeArchive { description, bytes });
                let location = format!("/1/vaults/v/archives/{id}");
                Ok(Archive { id, location })
            })
        })
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        self.fuse.through(|| {
            self.fakes.uploads.lock().unwrap().remove(upload.as_str());
            Ok(())
        })
    }
}
