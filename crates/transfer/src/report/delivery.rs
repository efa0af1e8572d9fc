//! Brings the forms of a report where they are looked for: into the log bucket, and onto a device that is sent back.

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use bytes::Bytes;
use model::attributes::Attributes;
use model::capabilities::PartCheck;
use model::delivered::Delivered;
use model::ids::ObjectKey;
use model::report::{self, lines, summary};
use objectstore::part_sum::PartSum;
use objectstore::upload::PartNumber;
use objectstore::{Bucket, Checksums, StoreError};
use sha2::{Digest as _, Sha256};

use super::Report;
use crate::destination::{Occupied, Staged, Target};

/// A report of at most so many bytes goes in one request, a longer one in parts of that size.
const PART_BYTES: usize = 8 << 20;

/// Under which numbers the forms are staged on a device: no plan has so many items.
const FIRST_NUMBER: u64 = 1 << 63;

/// Writes the three forms into the root of a device, named as AWS names the log. Again is harmless.
///
/// # Errors
/// The system's error.
pub fn write_to(report: &Report, target: &dyn Target, log_name: &str) -> io::Result<()> {
    let forms = [
        (&report.csv, ""),
        (&report.lines, report::LINES_SUFFIX),
        (&report.summary, report::SUMMARY_SUFFIX),
    ];
    let named = |suffix| format!("{log_name}{suffix}");
    for (number, (path, suffix)) in (FIRST_NUMBER..).zip(forms) {
        copy_to(path, &*target.stage(number, &named(suffix))?)?;
    }
    target.sync()?;
    for (number, (_, suffix)) in (FIRST_NUMBER..).zip(forms) {
        target.publish(number, &named(suffix), Occupied::Replace)?;
    }
    target.sync()
}

fn copy_to(path: &Path, staged: &dyn Staged) -> io::Result<()> {
    staged.reserve(0)?;
    let (mut file, mut offset) = (File::open(path)?, 0);
    loop {
        let part = next_part(&mut file)?;
        if part.is_empty() {
            return staged.is_written();
        }
        staged.write_at(offset, &part)?;
        offset += part.len() as u64;
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

/// Puts a rendered report, and the map of the device if there is one, where the customer looks for it: AWS's form last, which is the one that
/// the job's status names. Again is harmless. Gives what was put there, in that order.
///
/// # Errors
/// [`DeliveryError`].
pub fn deliver(report: &Report, bucket: &dyn Bucket) -> Result<Vec<Delivered>, DeliveryError> {
    let keys = &report.keys;
    let forms = [
        (&report.lines, &keys.lines, lines::CONTENT_TYPE),
        (&report.summary, &keys.summary, summary::CONTENT_TYPE),
        (&report.csv, &keys.csv, report.log_type),
    ];
    let map = report.map.iter();
    let map = map.map(|path| (path, &keys.map, report::MAP_CONTENT_TYPE));
    map.chain(forms)
        .map(|(path, key, content_type)| deliver_form(path, bucket, key, content_type))
        .collect()
}

fn deliver_form(
    path: &Path,
    bucket: &dyn Bucket,
    key: &ObjectKey,
    content_type: &str,
) -> Result<Delivered, DeliveryError> {
    let attributes = Attributes {
        content_type: Some(content_type.to_owned()),
        ..Attributes::default()
    };
    let mut form = SentForm::open(path).map_err(DeliveryError::Read)?;
    let first = form.next().map_err(DeliveryError::Read)?;
    if first.len() < PART_BYTES {
        let checksums = Checksums::of(&first);
        let put = bucket.put(key, first, &attributes, &checksums);
        put.map_err(DeliveryError::Store)?;
    } else {
        deliver_in_parts(first, &mut form, bucket, key, &attributes)?;
    }
    Ok(form.delivered(key))
}

fn deliver_in_parts(
    first: Bytes,
    form: &mut SentForm,
    bucket: &dyn Bucket,
    key: &ObjectKey,
    attributes: &Attributes,
) -> Result<(), DeliveryError> {
    let upload = bucket
        .begin_multipart(key, attributes, PartCheck::Md5)
        .map_err(DeliveryError::Store)?;
    let send = |form: &mut SentForm| {
        let (mut body, mut parts) = (first, Vec::new());
        // A part is let go before the next is read: memory does not grow with the report.
        while !body.is_empty() {
            let number = PartNumber::from_index(parts.len() as u64)
                .map_err(|e| DeliveryError::Read(io::Error::other(e)))?;
            let sum = PartSum::of(PartCheck::Md5, &body);
            let put = bucket.put_part(key, &upload, number, body, &sum);
            parts.push(put.map_err(DeliveryError::Store)?);
            body = form.next().map_err(DeliveryError::Read)?;
        }
        bucket
            .complete(key, &upload, &parts)
            .map(drop)
            .map_err(DeliveryError::Store)
    };
    send(form).inspect_err(|_| {
        if let Err(error) = bucket.abort(key, &upload) {
            tracing::warn!(%key, %upload, %error, "upload of a report left open");
        }
    })
}

/// A form of the report that is read to be sent, and what was read of it.
struct SentForm {
    file: File,
    bytes: u64,
    sha256: Sha256,
}

impl SentForm {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            bytes: 0,
            sha256: Sha256::new(),
        })
    }

    fn next(&mut self) -> io::Result<Bytes> {
        let part = next_part(&mut self.file)?;
        self.sha256.update(&part);
        self.bytes += part.len() as u64;
        Ok(part)
    }

    fn delivered(self, key: &ObjectKey) -> Delivered {
        let sha256 = hex::encode(self.sha256.finalize());
        Delivered {
            key: key.clone(),
            bytes: self.bytes,
            sha256: sha256.parse().expect("it is one"),
        }
    }
}

fn next_part(file: &mut File) -> io::Result<Bytes> {
    let left = file
        .metadata()?
        .len()
        .saturating_sub(file.stream_position()?);
    let limit = left.min(PART_BYTES as u64);
    // Of its size from the start: one that grows is twice as large at the end.
    let mut part = Vec::with_capacity(usize::try_from(limit).unwrap_or(PART_BYTES));
    Read::by_ref(file).take(limit).read_to_end(&mut part)?;
    Ok(Bytes::from(part))
}
