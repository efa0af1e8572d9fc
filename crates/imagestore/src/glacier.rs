//! Vaults of Glacier.
//!
//! Every call is one request, or one per page of a list.

use std::ops::Range;

use awshttp::connection::Connection;
use awshttp::endpoint::{InvalidEndpoint, ServiceConfig};
use awshttp::request::{Body, Request, Wait};
use awshttp::retry::Retry;
use awsproto::params::encode_component;
use serde::Deserialize;
use ureq::http::Method;

use crate::dialect::{self, Glacier, Rest};
use crate::error::ServiceError;
use crate::vaults::{Archive, Hashes, StoredPart, UploadId, Vault, is_id};

/// An answer of the service.
type GlacierReply = awshttp::reply::Reply<Rest<Glacier>>;

/// Which vault to speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VaultAddress<'a> {
    /// Twelve digits, or `-` for the account of the access key.
    pub account: &'a str,
    /// The vault's name.
    pub name: &'a str,
}

/// A vault, spoken to under one access key.
#[derive(Debug)]
pub struct GlacierVault {
    connection: Connection<Rest<Glacier>>,
    retry: Retry,
    /// `/ACCOUNT/vaults/NAME`.
    path: String,
}

impl GlacierVault {
    /// Prepares to speak to a vault of `address`. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn connect(
        config: &ServiceConfig,
        address: &VaultAddress<'_>,
        retry: Retry,
    ) -> Result<Self, InvalidEndpoint> {
        let VaultAddress { account, name } = address;
        Ok(Self {
            connection: Connection::new(config)?,
            retry,
            path: format!(
                "/{}/vaults/{}",
                encode_component(account),
                encode_component(name)
            ),
        })
    }

    /// Tells whether the vault exists.
    ///
    /// # Errors
    /// [`ServiceError::Denied`] if that is not for us to know.
    pub fn exists(&self) -> Result<bool, ServiceError> {
        let request = self.request(Method::GET, "");
        let described = self.retry.look("DescribeVault", || {
            self.connection.ask(&request)?.succeed().map(drop)
        });
        match described {
            Err(ServiceError::NotFound(_)) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Stores an archive in one request: at most [`MOST_PART_BYTES`](crate::vaults::MOST_PART_BYTES), and best for what fits into one part.
    ///
    /// # Errors
    /// [`ServiceError::Unsure`] may mean that the archive is there and its id lost; storing it again then
    /// leaves two of them.
    pub fn upload_archive(
        &self,
        description: &str,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<Archive, ServiceError> {
        let mut request = self.request(Method::POST, "/archives");
        request.say("x-amz-archive-description", description);
        request.say("x-amz-sha256-tree-hash", hex::encode(hashes.tree));
        request.body = Body::signed(data, &hashes.linear);
        request.wait = Wait::Assembly;
        // moto 5.2 answers with the plain hash, which proves as much.
        let known = [hex::encode(hashes.tree), hex::encode(hashes.linear)];
        self.retry.act("UploadArchive", || {
            archive(
                &self.connection.ask(&request)?.succeed()?,
                &[&known[0], &known[1]],
            )
        })
    }

    fn request<'a>(&self, method: Method, rest: &str) -> Request<'a> {
        let path = format!("{}{rest}", self.path);
        Request::new(method, self.connection.address().target(&path))
    }

    fn uploading<'a>(&self, method: Method, upload: &UploadId) -> Request<'a> {
        self.request(method, &format!("/multipart-uploads/{upload}"))
    }
}

#[deny(clippy::missing_trait_methods)]
impl Vault for GlacierVault {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        let mut request = self.request(Method::POST, "/multipart-uploads");
        request.say("x-amz-part-size", part_bytes.to_string());
        request.say("x-amz-archive-description", description);
        self.retry.act("InitiateMultipartUpload", || {
            let reply = self.connection.ask(&request)?.succeed()?;
            let id = reply.header("x-amz-multipart-upload-id");
            id.and_then(UploadId::parse)
                .ok_or_else(|| reply.protocol("it has no usable upload id"))
        })
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        let tree = hex::encode(hashes.tree);
        let mut request = self.uploading(Method::PUT, upload);
        request.say("content-type", "application/octet-stream");
        request.say("content-range", content_range(offset, data)?);
        request.say("x-amz-sha256-tree-hash", tree.clone());
        request.body = Body::signed(data, &hashes.linear);
        self.retry.act("UploadMultipartPart", || {
            check_echo(&self.connection.ask(&request)?.succeed()?, &[&tree])
        })
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        let mut parts = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut request = self.uploading(Method::GET, upload);
            if let Some(marker) = &marker {
                request.ask("marker", marker.clone());
            }
            let page = self
                .retry
                .look("ListParts", || parts_page(self.connection.ask(&request)?))?;
            parts.extend(page.parts);
            match page.marker {
                Some(next) if marker.as_ref() != Some(&next) => marker = Some(next),
                _ => break,
            }
        }
        parts.sort_unstable_by_key(|part: &StoredPart| part.range.start);
        Ok(parts)
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        let tree = hex::encode(tree);
        let mut request = self.uploading(Method::POST, upload);
        request.say("x-amz-archive-size", total_bytes.to_string());
        request.say("x-amz-sha256-tree-hash", tree.clone());
        request.wait = Wait::Assembly;
        self.retry.act("CompleteMultipartUpload", || {
            archive(&self.connection.ask(&request)?.succeed()?, &[&tree])
        })
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        let request = self.uploading(Method::DELETE, upload);
        let aborted = self.retry.look("AbortMultipartUpload", || {
            self.connection.ask(&request)?.succeed().map(drop)
        });
        match aborted {
            Err(ServiceError::NotFound(_)) => Ok(()),
            other => other,
        }
    }
}

/// A page of `ListParts`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartsDocument {
    parts: Vec<PartDocument>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartDocument {
    range_in_bytes: String,
    #[serde(rename = "SHA256TreeHash")]
    tree: String,
}

impl PartDocument {
    fn read(&self) -> Option<StoredPart> {
        Some(StoredPart {
            range: stored_range(&self.range_in_bytes)?,
            tree: hex::decode(&self.tree).ok()?.try_into().ok()?,
        })
    }
}

struct PartsPage {
    parts: Vec<StoredPart>,
    marker: Option<String>,
}

fn parts_page(reply: GlacierReply) -> Result<PartsPage, ServiceError> {
    let status = reply.status();
    let document: PartsDocument = dialect::document(reply)?;
    let parts = document.parts.iter().map(PartDocument::read);
    let parts: Option<Vec<StoredPart>> = parts.collect();
    let what = "a part's range or hash is not one";
    let unreadable = || ServiceError::protocol(status.as_u16(), what);
    Ok(PartsPage {
        parts: parts.ok_or_else(unreadable)?,
        marker: document.marker,
    })
}

/// Reads `0-4194303`, which names the last byte.
fn stored_range(text: &str) -> Option<Range<u64>> {
    let (first, last) = text.split_once('-')?;
    let range = first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?;
    (!range.is_empty()).then_some(range)
}

/// Writes `bytes 0-4194303/*`: the service wants no total.
fn content_range(offset: u64, data: &[u8]) -> Result<String, ServiceError> {
    let last = u64::try_from(data.len())
        .ok()
        .and_then(|bytes| bytes.checked_sub(1));
    let last = last.and_then(|last| offset.checked_add(last));
    let last = last.ok_or_else(|| ServiceError::invalid_argument("a part must have bytes"))?;
    Ok(format!("bytes {offset}-{last}/*"))
}

fn archive(reply: &GlacierReply, hashes: &[&str]) -> Result<Archive, ServiceError> {
    check_echo(reply, hashes)?;
    let id = reply.header("x-amz-archive-id").filter(|id| is_id(id));
    let id = id.ok_or_else(|| reply.protocol("it has no usable archive id"))?;
    Ok(Archive {
        id: id.to_owned(),
        location: reply.header("location").unwrap_or_default().to_owned(),
    })
}

/// Compares the hash that the service computed with those of what was sent.
fn check_echo(reply: &GlacierReply, hashes: &[&str]) -> Result<(), ServiceError> {
    match reply.header("x-amz-sha256-tree-hash") {
        Some(echo) if !hashes.iter().any(|hash| echo.eq_ignore_ascii_case(hash)) => {
            let what = format!("the service computed the hash `{echo}`, we `{}`", hashes[0]);
            Err(ServiceError::Damaged(what))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_name_their_last_byte() {
        assert_eq!(stored_range("0-4194303"), Some(0..4 << 20));
        for bad in ["", "5", "5-4", "-5", "a-b", "0-18446744073709551615"] {
            assert_eq!(stored_range(bad), None, "{bad}");
        }
        assert_eq!(content_range(8, b"ab").unwrap(), "bytes 8-9/*");
        assert!(content_range(0, b"").is_err());
        assert!(content_range(u64::MAX, b"ab").is_err());
    }
}
