//! An image that becomes a snapshot, block by block, through the EBS direct APIs.
//!
//! Blocks that are all zeros are not sent: those that were never put read as zeros.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use imagestore::ServiceError;
use imagestore::snapshots::{BLOCK_BYTES, Beginning, SnapshotId, Snapshots, Status, StoredBlock};
use lanes::sha256_of;
use model::image::volume_gib;

use super::Halted;
use super::proof::{compare, one_in};
use super::reading::is_zero;
use super::target::{Completed, ImageSink, ReadBack, key_of, service};
use super::work::{ImageRun, Stretch};
use crate::journal::records::image::WholeSums;
use crate::journal::records::image::{Begun, Sent, Step};

/// Bytes of a stretch: sixteen blocks share a record of the journal, and as many stretches as there are
/// requests fit into the byte budget.
pub(crate) const STRETCH_BYTES: u64 = 16 * BLOCK_BYTES as u64;

/// How long a completed snapshot is waited for before it is read back, and between two looks.
const READABLE_WITHIN: Duration = Duration::from_secs(3600);
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A snapshot.
pub(crate) struct SnapshotImage {
    service: Box<dyn Snapshots>,
    /// What the service is told about it.
    description: String,
    id: OnceLock<SnapshotId>,
}

impl SnapshotImage {
    pub(crate) fn new(service: Box<dyn Snapshots>, description: String) -> Self {
        let id = OnceLock::new();
        Self {
            service,
            description,
            id,
        }
    }

    fn start(&self, work: &ImageRun<'_>) -> Result<SnapshotId, Halted> {
        let token = match &work.ledger.state().begun {
            Some(begun) => begun.token.clone(),
            None => work.begun.token.clone(),
        };
        let beginning = Beginning {
            volume_gib: volume_gib(work.begun.bytes),
            description: &self.description,
            client_token: &token,
        };
        let id = service(work.import.stop, self.service.start(&beginning))?;
        let name = id.as_str().to_owned();
        work.ledger.note_now(Step::Named { name })?;
        Ok(id)
    }

    fn id(&self) -> Result<&SnapshotId, Halted> {
        self.id.get().ok_or(Halted)
    }

    /// Puts one block, filled up with zeros at the end of the device.
    fn put_block(&self, work: &ImageRun<'_>, index: u64, block: &[u8]) -> Result<(), Halted> {
        let filled;
        let data = if block.len() == BLOCK_BYTES {
            block
        } else {
            filled = fill_up(block);
            &filled
        };
        let sums = sha256_of(&[data]);
        let index = u32::try_from(index).map_err(|_| {
            let what = format!("block {index} is more than a snapshot has");
            stopped(work, ServiceError::Damaged(what))
        })?;
        let put = self.service.put_block(self.id()?, index, data, &sums[0]);
        service(work.import.stop, put)
    }

    fn changed_blocks(&self, work: &ImageRun<'_>) -> u64 {
        let state = work.ledger.state();
        state.sent.values().map(|sent| u64::from(sent.puts)).sum()
    }

    /// Whether it was completed before, with so many blocks.
    fn is_complete(
        &self,
        work: &ImageRun<'_>,
        id: &SnapshotId,
        blocks: u64,
    ) -> Result<bool, Halted> {
        let stop = work.import.stop;
        if !service(stop, self.service.is_readable(id))? {
            return Ok(false);
        }
        let stored = service(stop, self.service.list_blocks(id))?;
        Ok(stored.len() as u64 == blocks)
    }

    /// Gives up a snapshot in which blocks are missing or too many: the next attempt begins anew.
    fn begin_anew(&self, work: &ImageRun<'_>, id: &SnapshotId) -> Result<Halted, Halted> {
        let token = format!("{}-after-{id}", work.begun.token);
        let begun = Begun {
            token,
            ..work.begun.clone()
        };
        work.ledger.note_now(Step::Begun(begun))?;
        let what = format!("it gave up the snapshot `{id}`");
        Ok(stopped(work, ServiceError::Damaged(what)))
    }

    /// Waits until a completed snapshot can be read. `false` if that takes too long.
    fn wait(&self, work: &ImageRun<'_>, id: &SnapshotId) -> Result<bool, Halted> {
        let begun = Instant::now();
        while !service(work.import.stop, self.service.is_readable(id))? {
            if begun.elapsed() > READABLE_WITHIN {
                return Ok(false);
            }
            if work.import.stop.is_set() {
                return Err(Halted);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(true)
    }

    /// Reads the blocks of a stretch; those the snapshot does not have are zeros.
    fn read_stretch(
        &self,
        work: &ImageRun<'_>,
        stretch: u64,
        blocks: &HashMap<u64, StoredBlock>,
    ) -> Result<Vec<u8>, Halted> {
        let range = work.begun.range(stretch);
        let first = range.start / BLOCK_BYTES as u64;
        let last = range.end.div_ceil(BLOCK_BYTES as u64);
        let mut bytes = Vec::new();
        for index in first..last {
            match blocks.get(&index) {
                Some(block) => {
                    let read = self.service.get_block(self.id()?, block);
                    bytes.extend(service(work.import.stop, read)?);
                }
                None => bytes.resize(bytes.len() + BLOCK_BYTES, 0),
            }
        }
        bytes.truncate(usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
        Ok(bytes)
    }
}

fn stopped(work: &ImageRun<'_>, error: ServiceError) -> Halted {
    work.import.stop.halt(crate::stop::Halt::Service(error));
    Halted
}

fn fill_up(block: &[u8]) -> Vec<u8> {
    let mut filled = block.to_vec();
    filled.resize(BLOCK_BYTES, 0);
    filled
}

/// SHA-256 of the SHA-256s of the blocks.
fn sum(bytes: &[u8]) -> String {
    static OF_ZEROS: OnceLock<String> = OnceLock::new();
    let of = |bytes: &[u8]| {
        let blocks: Vec<&[u8]> = bytes.chunks(BLOCK_BYTES).collect();
        hex::encode(sha256_of(&[&sha256_of(&blocks).concat()])[0])
    };
    if bytes.len() as u64 == STRETCH_BYTES && is_zero(bytes) {
        return OF_ZEROS.get_or_init(|| of(bytes)).clone();
    }
    of(bytes)
}

impl ImageSink for SnapshotImage {
    fn kind(&self) -> &'static str {
        "snapshot"
    }

    fn open(&self, work: &ImageRun<'_>) -> Result<bool, Halted> {
        let name = work.ledger.state().name.clone();
        let id = match name.as_deref().and_then(SnapshotId::parse) {
            None => self.start(work)?,
            Some(id) => match self.service.is_readable(&id) {
                Err(ServiceError::NotFound(_)) => return Ok(false),
                other => service(work.import.stop, other).map(|_| id)?,
            },
        };
        let _first = self.id.set(id);
        Ok(true)
    }

    fn prepare(&self, _: &ImageRun<'_>, _: u64, _: bool) -> Result<(), Halted> {
        Ok(())
    }

    fn sum(&self, bytes: &[u8]) -> String {
        sum(bytes)
    }

    fn put(&self, work: &ImageRun<'_>, stretch: &Stretch) -> Result<Sent, Halted> {
        let first = stretch.index * (STRETCH_BYTES / BLOCK_BYTES as u64);
        let mut puts = 0;
        for (index, block) in (first..).zip(stretch.bytes.chunks(BLOCK_BYTES)) {
            // Where other bytes were before, zeros must be said.
            if stretch.is_again || !(stretch.is_zero || is_zero(block)) {
                self.put_block(work, index, block)?;
                puts += 1;
            }
        }
        Ok(Sent {
            sum: sum(&stretch.bytes),
            puts,
            tag: None,
        })
    }

    fn complete(&self, work: &ImageRun<'_>, _: Option<&WholeSums>) -> Result<Completed, Halted> {
        let (id, blocks) = (self.id()?, self.changed_blocks(work));
        let count = u32::try_from(blocks).unwrap_or(u32::MAX);
        match self.service.complete(id, count, None) {
            Ok(Status::Error) => return Err(self.begin_anew(work, id)?),
            // An earlier attempt did it and did not hear of it.
            Err(ServiceError::Refused(_)) if self.is_complete(work, id, blocks)? => {}
            // Until it can be read it may still turn out to be of no use.
            Ok(Status::Pending) if !self.wait(work, id)? => {
                let what = format!("the snapshot `{id}` did not become readable in time");
                return Err(stopped(work, ServiceError::Damaged(what)));
            }
            other => drop(service(work.import.stop, other)?),
        }
        let gib = volume_gib(work.begun.bytes);
        Ok(Completed {
            key: key_of(id.as_str()),
            etag: String::new(),
            parts: blocks,
            archive: None,
            object: None,
            remark: format!("The snapshot is {id}; its volume has {gib} GiB."),
        })
    }

    fn read_back(&self, work: &ImageRun<'_>) -> Result<ReadBack, Halted> {
        let Some(step) = one_in(work) else {
            return Ok(ReadBack::Partly);
        };
        let id = self.id()?;
        if !self.wait(work, id)? {
            tracing::warn!(%id, "not readable in time, not read back");
            return Ok(ReadBack::Partly);
        }
        let blocks = service(work.import.stop, self.service.list_blocks(id))?;
        let blocks: HashMap<u64, StoredBlock> = blocks
            .into_iter()
            .map(|block| (u64::from(block.index), block))
            .collect();
        let wanted: Vec<u64> = (0..work.begun.stretches())
            .filter(|stretch| stretch.is_multiple_of(step))
            .collect();
        compare(work, &wanted, step == 1, |stretch| {
            let found = sum(&self.read_stretch(work, *stretch, &blocks)?);
            let state = work.ledger.state();
            let is_same = state
                .sent
                .get(stretch)
                .is_some_and(|sent| sent.sum == found);
            let at = work.begun.range(*stretch).start;
            let what = || format!("read back, it differs within 8 MiB from offset {at} on");
            Ok((!is_same).then(what))
        })
    }

    fn abandon(&self, work: &ImageRun<'_>) {
        // The service drops what is not completed by itself, and there is no call that would.
        let name = work.ledger.state().name.clone();
        tracing::info!(snapshot = name, "left to the service, which drops it");
    }
}
