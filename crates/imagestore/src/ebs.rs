//! Snapshots through the EBS direct APIs.
//!
//! Every call is one request, or one per page of a list. A snapshot that is not found is taken for gone only after
//! two minutes, since one that was just begun may be unknown for a while.

use std::time::Duration;

use awshttp::connection::Connection;
use awshttp::endpoint::{InvalidEndpoint, ServiceConfig};
use awshttp::request::{Body, Request};
use awshttp::retry::{Grace, Retry};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use crate::dialect::{self, Ebs, Rest};
use crate::error::ServiceError;
use crate::snapshots::{BLOCK_BYTES, Beginning, SnapshotId, Snapshots, Status, StoredBlock};

/// Most blocks the service lists at once (`ListSnapshotBlocks`).
const PAGE_BLOCKS: u32 = 10_000;

/// Minutes without a block after which the service drops a snapshot that is not completed: the longest
/// it grants, three days, so that a station may be repaired in between (`StartSnapshot`).
const TIMEOUT_MINUTES: u32 = 4320;

/// A snapshot that was just begun may be unknown to parts of the service: for two minutes, as the EBS team
/// advised (awslabs/coldsnap, issue 43).
const BIRTH: Grace<ServiceError> = Grace {
    covers: |error| matches!(error, ServiceError::NotFound(_)),
    within: Duration::from_secs(120),
};

/// An answer of the service.
type EbsReply = awshttp::reply::Reply<Rest<Ebs>>;

/// The EBS direct APIs of one region, spoken to under one access key.
#[derive(Debug)]
pub struct EbsSnapshots {
    connection: Connection<Rest<Ebs>>,
    retry: Retry,
}

impl EbsSnapshots {
    /// Prepares to speak to the service. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn connect(config: &ServiceConfig, retry: Retry) -> Result<Self, InvalidEndpoint> {
        let connection = Connection::new(config)?;
        Ok(Self { connection, retry })
    }

    fn page(&self, snapshot: &SnapshotId, token: Option<&str>) -> Result<BlocksPage, ServiceError> {
        let mut request = self.request(Method::GET, &format!("/snapshots/{snapshot}/blocks"));
        request.ask("maxResults", PAGE_BLOCKS.to_string());
        if let Some(token) = token {
            request.ask("pageToken", token);
        }
        self.retry.look("ListSnapshotBlocks", || {
            dialect::document(self.connection.ask(&request)?)
        })
    }

    fn request<'a>(&self, method: Method, path: &str) -> Request<'a> {
        Request::new(method, self.connection.address().target(path))
    }

    /// Repeats an act on a snapshot that may have been begun a moment ago.
    fn act_on_new<T>(
        &self,
        operation: &str,
        act: impl Fn() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.retry.tries().with_grace(BIRTH).run(operation, act)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Snapshots for EbsSnapshots {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        let document = json!({
            "VolumeSize": beginning.volume_gib,
            "Description": beginning.description,
            "ClientToken": beginning.client_token,
            "Timeout": TIMEOUT_MINUTES,
        });
        let body = document.to_string();
        let mut request = self.request(Method::POST, "/snapshots");
        request.say("content-type", "application/json");
        request.body = Body::hashed(body.as_bytes());
        self.retry
            .act("StartSnapshot", || started(self.connection.ask(&request)?))
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        let checksum = BASE64.encode(sha256);
        let mut request = self.request(Method::PUT, &block_path(snapshot, index));
        request.say("content-type", "application/octet-stream");
        request.say("x-amz-data-length", data.len().to_string());
        request.say("x-amz-checksum", checksum.clone());
        request.say("x-amz-checksum-algorithm", "SHA256");
        // The service wants it unsigned: the checksum, which is signed, covers it.
        request.body = Body::unsigned(data);
        self.act_on_new("PutSnapshotBlock", || {
            let reply = self.connection.ask(&request)?.succeed()?;
            check_echo(&reply, &checksum)
        })
    }

    fn complete(
        &self,
        snapshot: &SnapshotId,
        changed_blocks: u32,
        checksum: Option<[u8; 32]>,
    ) -> Result<Status, ServiceError> {
        let path = format!("/snapshots/completion/{snapshot}");
        let mut request = self.request(Method::POST, &path);
        request.say("x-amz-changedblockscount", changed_blocks.to_string());
        if let Some(checksum) = checksum {
            request.say("x-amz-checksum", BASE64.encode(checksum));
            request.say("x-amz-checksum-algorithm", "SHA256");
            request.say("x-amz-checksum-aggregation-method", "LINEAR");
        }
        let completed = self.act_on_new("CompleteSnapshot", || {
            let answer: Completion = dialect::document(self.connection.ask(&request)?)?;
            Ok(answer.status)
        });
        match completed {
            // An earlier try did it, and the service does not do it twice.
            Err(ServiceError::Unsure { .. }) if self.is_readable(snapshot).unwrap_or(false) => {
                Ok(Status::Completed)
            }
            other => other,
        }
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        match self.page(snapshot, None) {
            Err(ServiceError::Refused(_)) => Ok(false),
            page => page.map(|_| true),
        }
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        let mut blocks = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self.page(snapshot, token.as_deref())?;
            blocks.extend(page.blocks.into_iter().map(StoredBlock::from));
            match page.next_token {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => break,
            }
        }
        blocks.sort_unstable_by_key(|block: &StoredBlock| block.index);
        Ok(blocks)
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        let mut request = self.request(Method::GET, &block_path(snapshot, block.index));
        request.ask("blockToken", &*block.token);
        self.retry.look("GetSnapshotBlock", || {
            check_block(self.connection.ask(&request)?.streaming()?, block.index)
        })
    }
}

/// The answer of `StartSnapshot`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartedDocument {
    snapshot_id: String,
    block_size: u64,
}

/// The answer of `CompleteSnapshot`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Completion {
    status: Status,
}

/// A page of `ListSnapshotBlocks`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlocksPage {
    blocks: Vec<BlockDocument>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlockDocument {
    block_index: u32,
    block_token: String,
}

impl From<BlockDocument> for StoredBlock {
    fn from(document: BlockDocument) -> Self {
        Self {
            index: document.block_index,
            token: document.block_token,
        }
    }
}

fn block_path(snapshot: &SnapshotId, index: u32) -> String {
    format!("/snapshots/{snapshot}/blocks/{index}")
}

fn started(reply: EbsReply) -> Result<SnapshotId, ServiceError> {
    let status = reply.status().as_u16();
    let document: StartedDocument = dialect::document(reply)?;
    let protocol = |what| ServiceError::protocol(status, what);
    // moto 5.2 says 512 and means KiB.
    if ![512, BLOCK_BYTES as u64].contains(&document.block_size) {
        return Err(protocol(format!(
            "it wants blocks of `{}` bytes, not `{BLOCK_BYTES}`",
            document.block_size
        )));
    }
    let id = SnapshotId::parse(&document.snapshot_id);
    id.ok_or_else(|| protocol(format!("`{}` is no snapshot id", document.snapshot_id)))
}

/// Compares the checksum that the service computed with ours.
fn check_echo(reply: &EbsReply, checksum: &str) -> Result<(), ServiceError> {
    match reply.header("x-amz-checksum") {
        Some(echo) if echo != checksum => Err(ServiceError::Damaged(format!(
            "the service computed the checksum `{echo}`, we `{checksum}`"
        ))),
        _ => Ok(()),
    }
}

fn check_block(mut reply: EbsReply, index: u32) -> Result<Vec<u8>, ServiceError> {
    let data = reply.bytes(BLOCK_BYTES as u64)?;
    if data.len() != BLOCK_BYTES {
        let what = format!("block `{index}` came with `{}` bytes", data.len());
        return Err(ServiceError::Damaged(what));
    }
    check_echo(&reply, &BASE64.encode(Sha256::digest(&data)))?;
    Ok(data)
}
