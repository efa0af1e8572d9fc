//! Archives of small files that are unpacked as they arrive, which AWS calls auto-extract.
//!
//! See *Batching small files* in the AWS Snowball Edge Developer Guide. The archive is taken in and
//! checked whole, and every entry is looked at, before the first object is made. Each entry then
//! becomes an object; the archive itself does not.

use super::attributes::{check_key, etag, signed};
use super::fault::fault;
use super::put::keep;
use crate::error::StoreError;
use crate::index::apply::Condition;
use crate::index::rows::Label;
use crate::intake::{self, Received};
use crate::limits;
use crate::store::LocalStore;
use crate::tar::{self, TarEntry, TarError, TarKind};
use futures::future::try_join_all;
use s3s::dto::PutObjectOutput;
use s3s::{S3Error, S3Result, s3_error};
use std::collections::{BTreeMap, BTreeSet};

/// What the metadata of an archive asks for.
pub(super) struct Extraction {
    prefix: String,
    ignore_folders: bool,
    ignore_errors: bool,
}

impl Extraction {
    /// Reads the wish from metadata and takes it out, as it is not about the objects.
    pub(super) fn take(metadata: &mut BTreeMap<String, String>) -> Option<Self> {
        let is_set = |name: &str| {
            let value = metadata.get(name);
            value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        if !is_set("snowball-auto-extract") {
            return None;
        }
        let extraction = Self {
            prefix: metadata
                .get("snowball-prefix")
                .map(|prefix| prefix.trim_matches('/').to_owned())
                .unwrap_or_default(),
            ignore_folders: is_set("snowball-ignore-dirs"),
            ignore_errors: is_set("snowball-ignore-errors"),
        };
        metadata.retain(|name, _| !name.starts_with("snowball-"));
        Some(extraction)
    }

    /// Makes the entries of an archive objects that are labeled like it.
    ///
    /// # Errors
    /// `InvalidArgument` for an archive or entry that cannot be taken, and then nothing was made; the
    /// failures of putting an object, and then those before it are there.
    pub(super) async fn run(
        &self,
        store: &LocalStore,
        label: &Label,
        archive: Received,
    ) -> S3Result<PutObjectOutput> {
        let mut file = reader(&archive)?;
        let size = archive.size;
        let found = tokio::task::spawn_blocking(move || tar::entries(&mut file, size)).await;
        let entries = found
            .map_err(S3Error::internal_error)?
            .map_err(no_archive)?;
        let mut planned = Vec::new();
        for entry in &entries {
            match self.key(entry) {
                Ok(Some(key)) => planned.push((key, entry)),
                Ok(None) => {}
                Err(error) if self.ignore_errors => {
                    tracing::warn!(
                        name = %String::from_utf8_lossy(&entry.name),
                        error = error.message(),
                        "entry of an archive left out"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        for group in planned.chunks(limits::ARCHIVE_GROUP) {
            put(store, label, &archive, group).await?;
        }
        Ok(PutObjectOutput {
            e_tag: Some(etag(&hex::encode(archive.md5))),
            size: Some(signed(archive.size)?),
            ..Default::default()
        })
    }

    /// The key of an entry; none for a folder that is to be passed over.
    fn key(&self, entry: &TarEntry) -> S3Result<Option<String>> {
        let name = std::str::from_utf8(&entry.name)
            .map_err(|_| unfit(&entry.name, "is not UTF-8"))?
            .trim_start_matches("./");
        if name.starts_with('/') || name.split('/').any(|part| part == "..") {
            return Err(unfit(&entry.name, "leads out of the archive"));
        }
        if name.is_empty() || name == "." {
            return Ok(None);
        }
        let name = match entry.kind {
            TarKind::File => name.to_owned(),
            TarKind::Folder if self.ignore_folders => return Ok(None),
            TarKind::Folder => format!("{}/", name.trim_end_matches('/')),
            TarKind::Other => return Err(unfit(&entry.name, "is neither a file nor a folder")),
        };
        let key = match self.prefix.as_str() {
            "" => name,
            prefix => format!("{prefix}/{name}"),
        };
        check_key(&key)?;
        if entry.size > limits::PUT_BYTES {
            return Err(s3_error!(EntityTooLarge));
        }
        Ok(Some(key))
    }
}

/// Puts a group of entries, which share transactions.
async fn put(
    store: &LocalStore,
    label: &Label,
    archive: &Received,
    group: &[(String, &TarEntry)],
) -> S3Result<()> {
    let mut received = Vec::with_capacity(group.len());
    for (key, entry) in group {
        let bytes = entry.start..entry.start + entry.size;
        let taken = intake::copy(&store.tree, reader(archive)?, bytes, &BTreeSet::new()).await?;
        let label = Label {
            key: key.clone(),
            ..label.clone()
        };
        received.push(keep(store, label, Condition::None, taken));
    }
    try_join_all(received).await.map(drop)
}

fn reader(archive: &Received) -> S3Result<std::fs::File> {
    archive
        .contents
        .file
        .try_clone()
        .map_err(StoreError::disk("read a file"))
        .map_err(fault)
}

fn no_archive(error: TarError) -> S3Error {
    match error {
        TarError::Read(error) => fault(StoreError::disk("read a file")(error)),
        TarError::Damaged(_) | TarError::TooMany => {
            let mut refused =
                s3_error!(InvalidArgument, "The archive was not extracted: {}", error);
            refused.set_source(Box::new(error));
            refused
        }
    }
}

fn unfit(name: &[u8], why: &str) -> S3Error {
    s3_error!(
        InvalidArgument,
        "The archive was not extracted: the entry `{}` {}.",
        String::from_utf8_lossy(name),
        why
    )
}
