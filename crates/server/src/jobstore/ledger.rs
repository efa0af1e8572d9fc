//! The ledger: what happened to devices, each event a line in the chain of its job and a leaf of one tree.
//!
//! An event is written in the transaction that changes what it tells of, so that neither is without the other. The head of
//! the tree is the last row that such a transaction locks: whoever tells something waits there for those before, and locks
//! nothing more behind it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use custody::by::By;
use custody::chain::Chain;
use custody::changes::{self, Beside};
use custody::digest::Digest;
use custody::event::{Announced, Closed, Event, Identified, What};
use custody::line::{Line, Salt};
use custody::moment::Moment;
use custody::tree::{Edge, Node};
use model::actor::Actor;
use model::event::Event as Change;
use model::ids::JobId;
use model::job::Job;
use model::manifest::Manifest;
use model::notice::NoticeKind;
use model::time::Timestamp;

use super::JobStoreError;
use crate::notices::table::{self, HowOften};
use crate::sealing::random;

/// The chain of events that are of no job, where a job's would have its id.
pub(super) const INSTALLATION: &str = "";

/// A line of the ledger as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// Which leaf of the tree it is, from 0.
    pub leaf: u64,
    /// The line without its end.
    pub line: String,
}

/// Keeps what happened to devices. The contract is that of [`JobStore`](super::JobStore).
///
/// Changes of jobs are told by [`Jobs`](super::Jobs), in the same transaction.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Tells what changes nothing else: of a job, or of the installation.
    async fn tell(&self, job: Option<JobId>, events: &[Event]) -> Result<(), JobStoreError>;

    /// What was told of a job, or of the installation, oldest first.
    async fn told_of(&self, job: Option<JobId>) -> Result<Vec<LedgerLine>, JobStoreError>;

    /// The right edge of the tree.
    async fn edge(&self) -> Result<Edge, JobStoreError>;

    /// The hashes of these nodes, all of which are whole. `Corrupt` if one is not there.
    async fn nodes(&self, nodes: &BTreeSet<Node>) -> Result<BTreeMap<Node, Digest>, JobStoreError>;
}

/// Locks the head until the end of the transaction, in both databases.
pub(super) const LOCK_HEAD: &str =
    "UPDATE ledger_head SET size = size WHERE one = 1 RETURNING size, edge";

pub(super) const HEAD: &str = "SELECT size, edge FROM ledger_head WHERE one = 1";

pub(super) const MOVE_HEAD: &str = "UPDATE ledger_head SET size = $1, edge = $2 WHERE one = 1";

pub(super) const LAST_LINE: &str =
    "SELECT seq, at, line FROM ledger WHERE job = $1 ORDER BY seq DESC LIMIT 1";

/// Attempts are counted in the history: that of a job that was there before the ledger is longer.
pub(super) const ATTEMPTS: &str = "SELECT COUNT(*) FROM history WHERE job = $1 AND event = $2";

pub(super) const INSERT_LINE: &str =
    "INSERT INTO ledger (leaf, job, seq, at, event, line) VALUES ($1, $2, $3, $4, $5, $6)";

pub(super) const INSERT_NODE: &str =
    "INSERT INTO ledger_nodes (level, place, hash) VALUES ($1, $2, $3)";

/// Whether the report of a job was told of.
pub(super) const IS_REPORTED: &str =
    "SELECT COUNT(*) FROM ledger WHERE job = $1 AND event = 'reported'";

pub(super) const TOLD_OF: &str = "SELECT leaf, line FROM ledger WHERE job = $1 ORDER BY seq";

pub(super) const NODE: &str = "SELECT hash FROM ledger_nodes WHERE level = $1 AND place = $2";

/// `size, edge`.
pub(super) type HeadRow = (i64, Vec<u8>);

/// `seq, at, line`.
pub(super) type LastRow = (i64, i64, String);

pub(super) fn edge((size, edge): HeadRow) -> Result<Edge, JobStoreError> {
    let size = u64::try_from(size).map_err(JobStoreError::corrupt)?;
    Edge::read(size, &edge).map_err(JobStoreError::corrupt)
}

/// The end of a chain whose last line this is.
pub(super) fn chain(job: Option<JobId>, last: Option<LastRow>) -> Result<Chain, JobStoreError> {
    let Some((seq, at, line)) = last else {
        return Ok(Chain::new(job));
    };
    let events = u64::try_from(seq).map_err(JobStoreError::corrupt)? + 1;
    let (last, at) = (Digest::of(line.as_bytes()), Moment::from_unix_millis(at));
    Ok(Chain::after(job, events, last, at))
}

pub(super) fn hash(bytes: &[u8]) -> Result<Digest, JobStoreError> {
    let bytes: [u8; Digest::BYTES] = bytes.try_into().map_err(JobStoreError::corrupt)?;
    Ok(Digest::new(bytes))
}

/// A number as the databases have it.
pub(super) fn number(number: u64) -> Result<i64, JobStoreError> {
    i64::try_from(number).map_err(JobStoreError::corrupt)
}

/// A line that is to be written, and the nodes that are whole by it.
pub(super) struct Written {
    pub(super) leaf: u64,
    pub(super) seq: u64,
    pub(super) at: Moment,
    pub(super) event: &'static str,
    pub(super) line: Line,
    pub(super) nodes: Vec<(Node, Digest)>,
    /// As what somebody is told of it, if so.
    pub(super) told: Option<(NoticeKind, HowOften)>,
}

/// Writes events at the end of a chain and beside the other leaves of the tree. The chain of a device that was handed over
/// is closed behind that: nothing more is to come.
pub(super) fn write(
    chain: &mut Chain,
    edge: &mut Edge,
    events: &[Event],
) -> Result<Vec<Written>, JobStoreError> {
    let mut written = Vec::with_capacity(events.len());
    for event in events {
        written.push(write_one(chain, edge, event)?);
        if let What::HandedOver(_) = event.what {
            let events = chain.events();
            let closed = Event {
                what: Closed { events }.into(),
                by: By::usual(&Actor::Service),
                ..event.clone()
            };
            written.push(write_one(chain, edge, &closed)?);
        }
    }
    Ok(written)
}

fn write_one(chain: &mut Chain, edge: &mut Edge, event: &Event) -> Result<Written, JobStoreError> {
    let seq = chain.events();
    let line = chain.append(event, Salt::new(random()));
    let line = line.map_err(JobStoreError::corrupt)?;
    Ok(Written {
        leaf: edge.size(),
        seq,
        at: chain.at(),
        event: event.what.name(),
        nodes: edge.append(line.bytes()),
        line,
        told: table::notice_of(&event.what),
    })
}

/// When a receipt is due by what is told of a job, if it is: its report lies in the bucket, something became of its device,
/// or nothing more is to come.
pub(super) fn due(events: &[Event]) -> Option<i64> {
    let is_due = |event: &&Event| {
        matches!(
            event.what,
            What::Reported(_)
                | What::Erased(_)
                | What::EraseFailed(_)
                | What::Destroyed(_)
                | What::HandedOver(_)
        )
    };
    events.iter().find(is_due).map(|event| event.at.unix())
}

/// Whether what is told of a job goes into an edition of its own, if there was one before.
pub(super) fn are_remarks(events: &[Event]) -> bool {
    let is_remark =
        |event: &Event| matches!(event.what, What::Corrected(_) | What::Photographed(_));
    events.iter().any(is_remark)
}

/// That a job was made. `signers` is the fingerprint of the key that is in force.
pub(super) fn opened(job: &Job, actor: &Actor, signers: Option<String>) -> Event {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let common = manifest.as_ref().map(Manifest::common);
    let device_id = common.map(|it| (&it.device_id).into());
    let erase = common.map(|it| it.erase_device);
    let announced = Announced {
        manifest_sha256: Digest::of(job.manifest.as_bytes()),
        device_id,
        erase,
        signers,
    };
    event(job, announced.into(), actor, job.created)
}

/// What changes of a job are told as, before which it had so many attempts.
pub(super) fn happened(
    job: &Job,
    changes: &[Change],
    mut attempts: u32,
    actor: &Actor,
    now: Timestamp,
) -> Vec<Event> {
    let is_work =
        |change: &Change| matches!(change, Change::TransferStarted | Change::Stopped { .. });
    let is_docked = changes.iter().any(is_work);
    let mut told = Vec::with_capacity(changes.len());
    for change in changes {
        attempts += u32::from(matches!(change, Change::TransferStarted));
        let mut beside = Beside {
            attempts,
            ..Beside::new(job.job_type, &job.manifest)
        };
        if let Change::EraseEnded { .. } | Change::DeviceArrived { .. } = change {
            beside.account = job.account.to_string();
            beside.device_id = device_id(job);
            beside.report = job.progress.log().cloned();
        }
        let what = match change {
            // At the door nobody knows more of it, either; but nobody begins to load it there.
            Change::DeviceArrived {
                device: None,
                signature,
                ..
            } if is_docked => {
                let seen = Identified {
                    signature: signature.map(Into::into),
                    ..Identified::default()
                };
                vec![seen.into()]
            }
            change => changes::told(change, &beside),
        };
        told.extend(what.into_iter().map(|what| event(job, what, actor, now)));
    }
    told
}

/// What the customer calls the device, if the manifest can be read.
fn device_id(job: &Job) -> Option<String> {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    manifest.map(|manifest| manifest.common().device_id.to_string())
}

fn event(job: &Job, what: What, actor: &Actor, now: Timestamp) -> Event {
    Event {
        at: now.into(),
        what,
        by: By::usual(actor),
        station: job.custody.station().cloned(),
        bay: None,
    }
}

/// Implements [`Ledger`] for the store of a database, and what its transactions tell by.
macro_rules! implement_ledger {
    ($store:ident, $database:ident) => {
        const _: () = {
            use std::collections::{BTreeMap, BTreeSet};

            use custody::digest::Digest;
            use custody::event::Event;
            use custody::tree::{Edge, Node};
            use model::event::Event as Change;
            use model::ids::JobId;
            use sqlx::{Transaction, query, query_as, query_scalar, $database};
            use $crate::jobstore::ledger::{self, Ledger, LedgerLine};
            use $crate::jobstore::{JobStoreError, jobs, outbox, receipts};

            impl $store {
                /// Tells events in a transaction that locks nothing more behind it.
                pub(super) async fn tell_in(
                    &self,
                    tx: &mut Transaction<'static, $database>,
                    job: Option<JobId>,
                    events: &[Event],
                ) -> Result<(), JobStoreError> {
                    if events.is_empty() {
                        return Ok(());
                    }
                    let chain = job.as_ref().map_or(ledger::INSTALLATION, JobId::as_str);
                    let head: ledger::HeadRow =
                        query_as(ledger::LOCK_HEAD).fetch_one(&mut **tx).await?;
                    let last: Option<ledger::LastRow> = query_as(ledger::LAST_LINE)
                        .bind(chain)
                        .fetch_optional(&mut **tx)
                        .await?;
                    let mut edge = ledger::edge(head)?;
                    let mut end = ledger::chain(job, last)?;
                    for written in ledger::write(&mut end, &mut edge, events)? {
                        query(ledger::INSERT_LINE)
                            .bind(ledger::number(written.leaf)?)
                            .bind(chain)
                            .bind(ledger::number(written.seq)?)
                            .bind(written.at.unix_millis())
                            .bind(written.event)
                            .bind(written.line.as_str())
                            .execute(&mut **tx)
                            .await?;
                        for (node, hash) in &written.nodes {
                            query(ledger::INSERT_NODE)
                                .bind(i64::from(node.level))
                                .bind(ledger::number(node.index)?)
                                .bind(hash.bytes().to_vec())
                                .execute(&mut **tx)
                                .await?;
                        }
                        let told = job.and_then(|job| outbox::of_event(job, &written));
                        if let Some((notice, how_often)) = told {
                            self.notify_in(tx, &notice, how_often).await?;
                        }
                    }
                    let mut due = ledger::due(events);
                    if due.is_none() && ledger::are_remarks(events) {
                        let reported: i64 = query_scalar(ledger::IS_REPORTED)
                            .bind(chain)
                            .fetch_one(&mut **tx)
                            .await?;
                        let last = events.last().map(|event| event.at.unix());
                        due = last.filter(|_| reported > 0);
                    }
                    if let (Some(job), Some(due)) = (job, due) {
                        query(receipts::SET_DUE)
                            .bind(job.as_str())
                            .bind(due)
                            .execute(&mut **tx)
                            .await?;
                    }
                    query(ledger::MOVE_HEAD)
                        .bind(ledger::number(edge.size())?)
                        .bind(edge.bytes())
                        .execute(&mut **tx)
                        .await?;
                    Ok(())
                }

                /// How many attempts the history has of a job.
                pub(super) async fn attempts_in(
                    &self,
                    tx: &mut Transaction<'static, $database>,
                    job: JobId,
                ) -> Result<u32, JobStoreError> {
                    let attempts: i64 = query_scalar(ledger::ATTEMPTS)
                        .bind(job.as_str())
                        .bind(jobs::event_json(&Change::TransferStarted)?)
                        .fetch_one(&mut **tx)
                        .await?;
                    u32::try_from(attempts).map_err(JobStoreError::corrupt)
                }
            }

            #[async_trait::async_trait]
            impl Ledger for $store {
                async fn tell(
                    &self,
                    job: Option<JobId>,
                    events: &[Event],
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    self.tell_in(&mut tx, job, events).await?;
                    Ok(tx.commit().await?)
                }

                async fn told_of(
                    &self,
                    job: Option<JobId>,
                ) -> Result<Vec<LedgerLine>, JobStoreError> {
                    let chain = job.as_ref().map_or(ledger::INSTALLATION, JobId::as_str);
                    let lines: Vec<(i64, String)> = query_as(ledger::TOLD_OF)
                        .bind(chain)
                        .fetch_all(self.readers())
                        .await?;
                    let line = |(leaf, line): (i64, String)| {
                        let leaf = u64::try_from(leaf).map_err(JobStoreError::corrupt)?;
                        Ok(LedgerLine { leaf, line })
                    };
                    lines.into_iter().map(line).collect()
                }

                async fn edge(&self) -> Result<Edge, JobStoreError> {
                    let head = query_as(ledger::HEAD).fetch_one(self.readers()).await?;
                    ledger::edge(head)
                }

                async fn nodes(
                    &self,
                    nodes: &BTreeSet<Node>,
                ) -> Result<BTreeMap<Node, Digest>, JobStoreError> {
                    let mut found = BTreeMap::new();
                    for node in nodes {
                        let hash: Vec<u8> = query_scalar(ledger::NODE)
                            .bind(i64::from(node.level))
                            .bind(ledger::number(node.index)?)
                            .fetch_optional(self.readers())
                            .await?
                            .ok_or_else(|| {
                                let Node { level, index } = node;
                                JobStoreError::corrupt(format!(
                                    "the node {index} of level {level} of the ledger is gone"
                                ))
                            })?;
                        found.insert(*node, ledger::hash(&hash)?);
                    }
                    Ok(found)
                }
            }
        };
    };
}
pub(super) use implement_ledger;
