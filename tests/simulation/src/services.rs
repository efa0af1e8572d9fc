//! The services that take images: honest ones in memory that outlive every attempt, behind a bad line.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use awshttp::retry::CallError as _;
use awshttp::{Answer, NetworkFailure, TransportError};
use imagestore::ServiceError;
use imagestore::memory::MemoryServices;
use imagestore::services::{ClientOptions, NoService, Services};
use imagestore::snapshots::{Beginning, SnapshotId, Snapshots, Status, StoredBlock};
use imagestore::vaults::{Archive, Hashes, StoredPart, UploadId, Vault};
use model::control::{StoreAccess, VaultAccess};

use crate::attempt::Attempt;

/// Of so many calls that may fail one does: a client that tries again hides most of them.
const RARELY: u64 = 6;

/// The way of one attempt to the services.
pub struct ServiceLine {
    services: MemoryServices,
    weather: Arc<Weather>,
}

impl ServiceLine {
    /// The way of `attempt`.
    #[must_use]
    pub fn new(services: MemoryServices, attempt: Arc<Attempt>) -> Self {
        let weather = Weather {
            attempt,
            counts: Mutex::default(),
        };
        Self {
            services,
            weather: Arc::new(weather),
        }
    }
}

struct Weather {
    attempt: Arc<Attempt>,
    /// Calls so far of each kind, about each thing.
    counts: Mutex<HashMap<String, u64>>,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    /// The request is lost.
    Before,
    /// The answer is lost.
    After,
    /// The answer is lost, and the call is made again.
    Twice,
}

impl Weather {
    fn call<T>(
        &self,
        what: &str,
        act: impl Fn() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.attempt.step(what).map_err(|_| dead())?;
        let done = match self.fate(what) {
            Fate::Done => act(),
            Fate::Before => Err(lost()),
            Fate::After => act().and(Err(lost())),
            Fate::Twice => act().and_then(|_| act()),
        };
        let answer = format!("the answer to {what}");
        self.attempt.step(&answer).map_err(|_| dead())?;
        done
    }

    fn fate(&self, what: &str) -> Fate {
        let trouble = &self.attempt.trouble;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(what.to_owned()).or_default();
        let chance = self.attempt.chance.of(("service", what, *count));
        *count += 1;
        drop(counts);
        if !chance.percent(trouble.store_faults) {
            return Fate::Done;
        }
        let fate = match chance.of("rarely").one_in(RARELY) {
            true => chance.of("how").pick(&[Fate::Before, Fate::After]),
            false if is_repeatable(what) => Fate::Twice,
            false => Fate::Done,
        };
        self.attempt.note(format_args!("{what}: {fate:?}"));
        fate
    }
}

/// Whether a client makes a call again of whose outcome it knows nothing.
fn is_repeatable(what: &str) -> bool {
    !what.starts_with("complete")
}

fn lost() -> ServiceError {
    ServiceError::Transport(TransportError::Network {
        peer: ServiceError::PEER,
        failure: NetworkFailure::Broken,
        source: io::ErrorKind::ConnectionReset.into(),
    })
}

/// What a dead process hears.
fn dead() -> ServiceError {
    ServiceError::Credentials(Answer::new(403, "Dead", "the process is dead"))
}

#[deny(clippy::missing_trait_methods)]
impl Services for ServiceLine {
    fn snapshots(
        &self,
        access: &StoreAccess,
        options: &ClientOptions,
    ) -> Result<Box<dyn Snapshots>, NoService> {
        Ok(Box::new(Behind {
            inner: self.services.snapshots(access, options)?,
            weather: Arc::clone(&self.weather),
        }))
    }

    fn vault(
        &self,
        access: &VaultAccess,
        vault: &str,
        options: &ClientOptions,
    ) -> Result<Box<dyn Vault>, NoService> {
        Ok(Box::new(Behind {
            inner: self.services.vault(access, vault, options)?,
            weather: Arc::clone(&self.weather),
        }))
    }
}

/// A service behind the weather.
struct Behind<S: ?Sized> {
    inner: Box<S>,
    weather: Arc<Weather>,
}

#[deny(clippy::missing_trait_methods)]
impl Snapshots for Behind<dyn Snapshots> {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        self.weather
            .call("start a snapshot", || self.inner.start(beginning))
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        self.weather.call(&format!("put block {index}"), || {
            self.inner.put_block(snapshot, index, data, sha256)
        })
    }

    fn complete(
        &self,
        snapshot: &SnapshotId,
        changed_blocks: u32,
        checksum: Option<[u8; 32]>,
    ) -> Result<Status, ServiceError> {
        self.weather.call("complete the snapshot", || {
            self.inner.complete(snapshot, changed_blocks, checksum)
        })
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        self.weather
            .call("look at the snapshot", || self.inner.is_readable(snapshot))
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        self.weather
            .call("list blocks", || self.inner.list_blocks(snapshot))
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        self.weather
            .call(&format!("get block {}", block.index), || {
                self.inner.get_block(snapshot, block)
            })
    }
}

#[deny(clippy::missing_trait_methods)]
impl Vault for Behind<dyn Vault> {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        self.weather.call("begin an archive", || {
            self.inner.initiate(part_bytes, description)
        })
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        self.weather.call(&format!("put the part at {offset}"), || {
            self.inner.put_part(upload, offset, data, hashes)
        })
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        self.weather
            .call("list parts", || self.inner.list_parts(upload))
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        self.weather.call("complete the archive", || {
            self.inner.complete(upload, total_bytes, tree)
        })
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        self.weather
            .call("give up an archive", || self.inner.abort(upload))
    }
}
