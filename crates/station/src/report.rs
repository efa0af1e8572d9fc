//! Renders the report from the journal and puts it into the log bucket.
//!
//! A function of the journal alone: the same journal gives the same report, after any number of
//! crashes. Lines are in the order of the paths' bytes.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use model::attributes::Attributes;
use model::control::Tally;
use model::ids::{BucketName, ObjectKey};
use model::outcome::{EntryRecord, Outcome};
use model::report;
use objects::upload::PartNumber;
use objects::{Bucket, Checksums, StoreError};

use crate::index::Index;
use crate::journal::{self, JournalError};

/// A report of at most so many bytes goes in one request, a longer one in parts of that size.
const PART_BYTES: usize = 16 << 20;

/// A rendered report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where it lies on this station.
    pub path: PathBuf,
    /// What it says, counted.
    pub tally: Tally,
}

/// Renders the report of an import into `bucket` from the journal in `folder`.
///
/// # Errors
/// [`JournalError`].
pub fn render(folder: &Path, bucket: &BucketName) -> Result<Report, JournalError> {
    let path = folder.join("report.csv");
    let io = |source| JournalError::Io {
        path: path.clone(),
        source,
    };
    let journal_path = folder.join("journal");
    let index = Index::create(&folder.join("index"))?;
    index.fill(&journal_path)?;
    let mut journal = BufReader::new(File::open(&journal_path).map_err(io)?);
    let temporary = folder.join("report.tmp");
    let private = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(durable::OWNER_ONLY)
        .open(&temporary);
    let mut out = BufWriter::new(private.map_err(io)?);
    out.write_all(report::HEADER.as_bytes()).map_err(io)?;
    let mut tally = Tally::default();
    index.for_each(&mut |offset| {
        let record = journal::entry_at(&mut journal, offset).map_err(io)?;
        count(&mut tally, &record);
        out.write_all(report::line(&record, bucket).as_bytes())
            .map_err(io)
    })?;
    let file = out.into_inner().map_err(|e| io(e.into_error()))?;
    durable::commit(&file, &temporary, &path).map_err(io)?;
    Ok(Report { path, tally })
}

fn count(tally: &mut Tally, record: &EntryRecord) {
    match record.outcome {
        Outcome::Stored(_) => {
            tally.stored += 1;
            tally.bytes += record.bytes;
        }
        Outcome::Ignored { .. } => tally.ignored += 1,
        Outcome::Failed(_) => tally.failed += 1,
    }
}

/// A report that cannot be delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The store does not take it.
    #[error("the log bucket does not take the report")]
    Store(#[source] StoreError),
    /// It cannot be read back from this station's disk.
    #[error("could not read the rendered report")]
    Read(#[source] io::Error),
}

/// Puts a rendered report where the customer looks for it. Again is harmless.
///
/// # Errors
/// [`DeliveryError`].
pub fn deliver(report: &Report, bucket: &dyn Bucket, key: &ObjectKey) -> Result<(), DeliveryError> {
    let attributes = Attributes {
        content_type: Some(report::CONTENT_TYPE.to_owned()),
        ..Attributes::default()
    };
    let mut file = File::open(&report.path).map_err(DeliveryError::Read)?;
    let first = next_part(&mut file)?;
    if first.len() < PART_BYTES {
        let checksums = Checksums::of(&first);
        let put = bucket.put(key, first, &attributes, &checksums);
        return put.map(drop).map_err(DeliveryError::Store);
    }
    deliver_in_parts(first, &mut file, bucket, key, &attributes)
}

fn deliver_in_parts(
    first: Bytes,
    file: &mut File,
    bucket: &dyn Bucket,
    key: &ObjectKey,
    attributes: &Attributes,
) -> Result<(), DeliveryError> {
    let upload = bucket
        .begin_multipart(key, attributes)
        .map_err(DeliveryError::Store)?;
    let send = |file: &mut File| {
        let (mut body, mut parts) = (first, Vec::new());
        while !body.is_empty() {
            let number = PartNumber::from_index(parts.len() as u64)
                .map_err(|e| DeliveryError::Read(io::Error::other(e)))?;
            let checksums = Checksums::of(&body);
            let put = bucket.put_part(key, &upload, number, body, &checksums);
            parts.push(put.map_err(DeliveryError::Store)?);
            body = next_part(file)?;
        }
        bucket
            .complete(key, &upload, &parts)
            .map(drop)
            .map_err(DeliveryError::Store)
    };
    send(file).inspect_err(|_| {
        if let Err(error) = bucket.abort(key, &upload) {
            tracing::warn!(%key, %upload, %error, "upload of a report left open");
        }
    })
}

fn next_part(file: &mut File) -> Result<Bytes, DeliveryError> {
    let mut part = Vec::new();
    let limit = PART_BYTES as u64;
    Read::by_ref(file)
        .take(limit)
        .read_to_end(&mut part)
        .map_err(DeliveryError::Read)?;
    Ok(Bytes::from(part))
}
