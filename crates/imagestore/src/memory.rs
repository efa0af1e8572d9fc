//! Services in memory that keep the promises of the real ones, for tests and simulations.
//!
//! Clones share what they hold, and [`MemorySnapshots::all`] and the like show it, to be looked at or damaged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use awshttp::Answer;
use model::control::{StoreAccess, VaultAccess};
use sha2::{Digest as _, Sha256};

use crate::error::ServiceError;
use crate::services::{ClientOptions, NoService, Services};
use crate::snapshots::{
    BLOCK_BYTES, Beginning, LinearChecksum, SnapshotId, Snapshots, Status, StoredBlock,
};
use crate::treehash;
use crate::vaults::{Archive, Hashes, StoredPart, UploadId, Vault, part_bytes};

fn refused<T>(code: &str) -> Result<T, ServiceError> {
    Err(ServiceError::Refused(Answer::new(400, code, "")))
}

fn not_found<T>() -> Result<T, ServiceError> {
    let answer = Answer::new(404, "ResourceNotFoundException", "");
    Err(ServiceError::NotFound(answer))
}

/// The EBS direct APIs in memory.
#[derive(Debug, Clone, Default)]
pub struct MemorySnapshots(Arc<Mutex<BTreeMap<String, MemorySnapshot>>>);

/// A snapshot in memory.
#[derive(Debug, Clone, Default)]
pub struct MemorySnapshot {
    /// What it was begun with.
    pub token: String,
    /// What it was begun with.
    pub description: String,
    /// Size of its volume in GiB.
    pub volume_gib: u64,
    /// Its blocks by index.
    pub blocks: BTreeMap<u32, Vec<u8>>,
    /// How many blocks were put, those put again included.
    pub puts: u64,
    /// How it was completed; `None` while it can be written.
    pub status: Option<Status>,
}

impl MemorySnapshot {
    fn linear_checksum(&self) -> [u8; 32] {
        let mut checksum = LinearChecksum::default();
        for block in self.blocks.values() {
            checksum.push(&Sha256::digest(block).into());
        }
        checksum.finish()
    }

    fn is_readable(&self) -> bool {
        self.status == Some(Status::Completed)
    }
}

impl MemorySnapshots {
    /// All snapshots by their ids.
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<String, MemorySnapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one<T>(
        &self,
        id: &SnapshotId,
        act: impl FnOnce(&mut MemorySnapshot) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match self.all().get_mut(id.as_str()) {
            Some(snapshot) => act(snapshot),
            None => not_found(),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Snapshots for MemorySnapshots {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        let mut all = self.all();
        let mut known = all.iter();
        let known = known.find(|(_, other)| other.token == beginning.client_token);
        let id = match known {
            Some((_, other))
                if (&*other.description, other.volume_gib)
                    != (beginning.description, beginning.volume_gib) =>
            {
                return refused("ConflictException");
            }
            Some((id, _)) => id.clone(),
            None => {
                let id = format!("snap-{:017x}", all.len() + 1);
                let snapshot = MemorySnapshot {
                    token: beginning.client_token.to_owned(),
                    description: beginning.description.to_owned(),
                    volume_gib: beginning.volume_gib,
                    ..MemorySnapshot::default()
                };
                all.insert(id.clone(), snapshot);
                id
            }
        };
        Ok(SnapshotId::parse(&id).expect("they are made of hexadecimal digits"))
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        self.one(snapshot, |snapshot| {
            let is_sound = data.len() == BLOCK_BYTES && Sha256::digest(data)[..] == sha256[..];
            if snapshot.status.is_some() || !is_sound {
                return refused("ValidationException");
            }
            snapshot.blocks.insert(index, data.to_vec());
            snapshot.puts += 1;
            Ok(())
        })
    }

    fn complete(
        &self,
        snapshot: &SnapshotId,
        changed_blocks: u32,
        checksum: Option<[u8; 32]>,
    ) -> Result<Status, ServiceError> {
        self.one(snapshot, |snapshot| {
            if snapshot.status.is_some() {
                return refused("ValidationException");
            }
            let has_all = snapshot.blocks.len() as u64 == u64::from(changed_blocks);
            let is_sound = checksum.is_none_or(|sum| sum == snapshot.linear_checksum());
            let status = if has_all && is_sound {
                Status::Completed
            } else {
                Status::Error
            };
            snapshot.status = Some(status);
            Ok(status)
        })
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        self.one(snapshot, |snapshot| Ok(snapshot.is_readable()))
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        self.one(snapshot, |snapshot| {
            if !snapshot.is_readable() {
                return refused("ValidationException");
            }
            let blocks = snapshot.blocks.keys().map(|index| StoredBlock {
                index: *index,
                token: format!("token-{index}"),
            });
            Ok(blocks.collect())
        })
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        self.one(snapshot, |snapshot| {
            let found = snapshot.blocks.get(&block.index);
            let found = found.filter(|_| snapshot.is_readable());
            found
                .cloned()
                .map_or_else(|| refused("ValidationException"), Ok)
        })
    }
}

/// A vault in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault {
    uploads: Arc<Mutex<BTreeMap<String, MemoryUpload>>>,
    archives: Arc<Mutex<BTreeMap<String, MemoryArchive>>>,
}

/// An upload in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryUpload {
    /// Bytes of all its parts but the last.
    pub part_bytes: u64,
    /// What it was begun with.
    pub description: String,
    /// Its parts by their offsets in bytes.
    pub parts: BTreeMap<u64, Vec<u8>>,
    /// How many parts were put, those put again included.
    pub puts: u64,
    /// The id of the archive it has become.
    completed: Option<String>,
}

/// An archive in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryArchive {
    /// What its upload was begun with.
    pub description: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl MemoryVault {
    /// All uploads by their ids, also those that were completed.
    pub fn uploads(&self) -> MutexGuard<'_, BTreeMap<String, MemoryUpload>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All archives by their ids.
    pub fn archives(&self) -> MutexGuard<'_, BTreeMap<String, MemoryArchive>> {
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn upload<T>(
        &self,
        id: &UploadId,
        act: impl FnOnce(&mut MemoryUpload) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match self.uploads().get_mut(id.as_str()) {
            Some(upload) => act(upload),
            None => not_found(),
        }
    }

    /// Only while it is not completed.
    fn open_upload<T>(
        &self,
        id: &UploadId,
        act: impl FnOnce(&mut MemoryUpload) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.upload(id, |upload| match upload.completed {
            None => act(upload),
            Some(_) => not_found(),
        })
    }
}

#[deny(clippy::missing_trait_methods)]
impl Vault for MemoryVault {
    fn initiate(&self, bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        if part_bytes(0, bytes) != Some(bytes) {
            return refused("InvalidParameterValueException");
        }
        let mut uploads = self.uploads();
        let id = format!("upload-{}", uploads.len() + 1);
        let upload = MemoryUpload {
            part_bytes: bytes,
            description: description.to_owned(),
            ..MemoryUpload::default()
        };
        uploads.insert(id.clone(), upload);
        Ok(UploadId::parse(&id).expect("they are made of letters and digits"))
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        self.open_upload(upload, |upload| {
            let fits = offset.is_multiple_of(upload.part_bytes)
                && (1..=upload.part_bytes).contains(&(data.len() as u64));
            if !fits || Hashes::of(data) != *hashes {
                return refused("InvalidParameterValueException");
            }
            upload.parts.insert(offset, data.to_vec());
            upload.puts += 1;
            Ok(())
        })
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        self.open_upload(upload, |upload| {
            let parts = upload.parts.iter().map(|(offset, data)| StoredPart {
                range: *offset..*offset + data.len() as u64,
                tree: treehash::of(data),
            });
            Ok(parts.collect())
        })
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        let mut archives = self.archives();
        self.upload(upload, |upload| {
            let parts: Vec<&[u8]> = upload.parts.values().map(Vec::as_slice).collect();
            let bytes = parts.concat();
            if bytes.len() as u64 != total_bytes || treehash::of(&bytes) != *tree {
                return refused("InvalidParameterValueException");
            }
            let next = format!("archive-{}", archives.len() + 1);
            let id = upload.completed.get_or_insert(next).clone();
            let description = upload.description.clone();
            archives.insert(id.clone(), MemoryArchive { description, bytes });
            let location = format!("/1/vaults/v/archives/{id}");
            Ok(Archive { id, location })
        })
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        self.uploads().remove(upload.as_str());
        Ok(())
    }
}

/// The EBS direct APIs and one vault in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryServices {
    /// The snapshots.
    pub snapshots: MemorySnapshots,
    /// The vault, whatever it is called.
    pub vault: MemoryVault,
}

#[deny(clippy::missing_trait_methods)]
impl Services for MemoryServices {
    fn snapshots(
        &self,
        _: &StoreAccess,
        _: &ClientOptions,
    ) -> Result<Box<dyn Snapshots>, NoService> {
        Ok(Box::new(self.snapshots.clone()))
    }

    fn vault(
        &self,
        _: &VaultAccess,
        _: &str,
        _: &ClientOptions,
    ) -> Result<Box<dyn Vault>, NoService> {
        Ok(Box::new(self.vault.clone()))
    }
}
