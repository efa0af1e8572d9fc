//! Renders the three forms of the report from the journal and puts them into the log bucket.
//!
//! A function of the journal and the job alone: the same journal gives the same report, after any
//! number of crashes. Lines are in the order of the paths' bytes; memory does not grow with their
//! number.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use lanes::Sha256;
use model::attributes::Attributes;
use model::control::Tally;
use model::ids::ObjectKey;
use model::outcome::{EntryRecord, Outcome};
use model::proof::Attempt;
use model::report::lines::{About, End, Head};
use model::report::summary::Summary;
use model::report::{self, Keys, csv, lines, summary};
use objectstore::upload::PartNumber;
use objectstore::{Bucket, Checksums, StoreError};

use crate::destination::{Occupied, Staged, Target};
use crate::journal::index::{Index, Keep};
use crate::journal::records::AnyRecord;
use crate::journal::{self, JournalError};

/// A report of at most so many bytes goes in one request, a longer one in parts of that size.
const PART_BYTES: usize = 8 << 20;

/// Under which numbers the forms are staged on a device: no plan has so many items.
const FIRST_NUMBER: u64 = 1 << 63;

/// A rendered report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where AWS's form lies on this station.
    pub csv: PathBuf,
    /// Where the form for programs lies.
    pub lines: PathBuf,
    /// Where the form for people lies.
    pub summary: PathBuf,
    /// What the last one says of the entries.
    pub findings: Summary,
    /// Every attempt, with what the store was found to do.
    pub attempts: Vec<Attempt>,
    /// Where the three go in the log bucket.
    pub keys: Keys,
    /// The type of the first: the log of a Glacier import is no table.
    pub log_type: &'static str,
}

impl Report {
    /// What it says, counted.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let totals = self.findings.totals;
        Tally {
            stored: totals.stored,
            bytes: totals.bytes,
            ignored: totals.ignored,
            failed: totals.failed,
        }
    }
}

/// Renders the report of the import that `about` names from the journal in `folder`.
///
/// # Errors
/// [`JournalError`].
pub fn render(folder: &Path, about: &About) -> Result<Report, JournalError> {
    let journal_path = folder.join("journal");
    let index_path = folder.join("index");
    let index = Index::create(&index_path)?;
    let told = fill(&index, &journal_path)?;
    let head = Head {
        about: about.clone(),
        attempts: told.attempts.clone(),
    };
    let io = |source| JournalError::Io {
        path: folder.to_owned(),
        source,
    };
    let mut journal = BufReader::new(File::open(&journal_path).map_err(io)?);
    let mut forms = Forms::begin(folder, &head).map_err(io)?;
    index.for_each(&mut |offset| {
        let record = journal::entry_at(&mut journal, offset).map_err(io)?;
        // Every attempt looks at all that is not stored again. What the last one did not meet, such
        // as a folder that could not be listed before, is not so any more.
        let is_stored = matches!(record.outcome, Outcome::Stored(_));
        if (is_stored || offset > told.last_attempt) && !told.is_taken_back(&record) {
            forms.add(&record, about).map_err(io)?;
        }
        Ok(())
    })?;
    let report = forms.end(head).map_err(io)?;
    // It is made anew whenever it is needed, and takes as much room as the journal.
    drop(index);
    std::fs::remove_file(index_path).map_err(io)?;
    Ok(report)
}

/// What a journal tells beside the entries.
#[derive(Default)]
struct BesideEntries {
    attempts: Vec<Attempt>,
    /// Where the last attempt begins.
    last_attempt: u64,
    /// From which place in its plan on the device of an export is full.
    full: Option<u64>,
}

impl BesideEntries {
    /// Whether a file was removed again from a full device. Of the first that found no room the
    /// report says so.
    fn is_taken_back(&self, record: &EntryRecord) -> bool {
        let place = record.source.as_ref().map(|source| source.ordinal);
        self.full
            .zip(place)
            .is_some_and(|(full, place)| place > full)
    }
}

/// Files the entries of a journal, and gives what else it tells.
fn fill(index: &Index, journal: &Path) -> Result<BesideEntries, JournalError> {
    let mut filling = index.filling(Keep::Entries)?;
    let mut told = BesideEntries::default();
    journal::scan(journal, &mut |offset, record| {
        match record {
            AnyRecord::Attempt(attempt) => {
                told.attempts.push(attempt);
                told.last_attempt = offset;
            }
            AnyRecord::Full { ordinal } => told.full = Some(ordinal),
            AnyRecord::Entry(record) => filling.take(offset, &record)?,
            AnyRecord::Other => {}
        }
        Ok(())
    })?;
    filling.finish()?;
    Ok(told)
}

/// The forms while they are written.
struct Forms<'a> {
    folder: &'a Path,
    csv: Form,
    lines: Form,
    /// Over all lines of the form for programs.
    sha256: Sha256,
    findings: Summary,
}

impl<'a> Forms<'a> {
    fn begin(folder: &'a Path, head: &Head) -> io::Result<Self> {
        let mut forms = Self {
            folder,
            csv: Form::create(folder, "report.csv")?,
            lines: Form::create(folder, "report.jsonl")?,
            sha256: Sha256::new(),
            findings: Summary::default(),
        };
        forms.csv.write(csv::HEADER)?;
        forms.line(&head.line())?;
        Ok(forms)
    }

    fn add(&mut self, record: &EntryRecord, about: &About) -> io::Result<()> {
        self.findings.add(record);
        self.csv.write(&csv::line(record, about.bucket.as_ref()))?;
        self.line(&lines::entry(record, about.bucket.as_ref()))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.sha256.update(line.as_bytes());
        self.lines.write(line)
    }

    fn end(mut self, head: Head) -> io::Result<Report> {
        let end = End {
            totals: self.findings.totals,
            sha256: hex::encode(self.sha256.finish()),
        };
        self.lines.write(&lines::end(end))?;
        let keys = report::keys(&head.about.log);
        let mut text = Form::create(self.folder, "report.txt")?;
        text.write(&self.findings.text(&head, &keys))?;
        Ok(Report {
            csv: self.csv.commit()?,
            lines: self.lines.commit()?,
            summary: text.commit()?,
            findings: self.findings,
            attempts: head.attempts,
            keys,
            log_type: csv::CONTENT_TYPE,
        })
    }
}

/// One form while it is written, under a temporary name.
struct Form {
    path: PathBuf,
    temporary: PathBuf,
    out: BufWriter<File>,
}

impl Form {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        let temporary = folder.join(format!("{name}.tmp"));
        let private = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(durable::OWNER_ONLY)
            .open(&temporary)?;
        Ok(Self {
            path: folder.join(name),
            temporary,
            out: BufWriter::new(private),
        })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    fn commit(self) -> io::Result<PathBuf> {
        let file = self.out.into_inner().map_err(|e| e.into_error())?;
        durable::commit(&file, &self.temporary, &self.path)?;
        Ok(self.path)
    }
}

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

/// Puts a rendered report where the customer looks for it: AWS's form last, which is the one that
/// the job's status names. Again is harmless.
///
/// # Errors
/// [`DeliveryError`].
pub fn deliver(report: &Report, bucket: &dyn Bucket) -> Result<(), DeliveryError> {
    let keys = &report.keys;
    let forms = [
        (&report.lines, &keys.lines, lines::CONTENT_TYPE),
        (&report.summary, &keys.summary, summary::CONTENT_TYPE),
        (&report.csv, &keys.csv, report.log_type),
    ];
    for (path, key, content_type) in forms {
        deliver_form(path, bucket, key, content_type)?;
    }
    Ok(())
}

fn deliver_form(
    path: &Path,
    bucket: &dyn Bucket,
    key: &ObjectKey,
    content_type: &str,
) -> Result<(), DeliveryError> {
    let attributes = Attributes {
        content_type: Some(content_type.to_owned()),
        ..Attributes::default()
    };
    let mut file = File::open(path).map_err(DeliveryError::Read)?;
    let first = next_part(&mut file).map_err(DeliveryError::Read)?;
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
        // A part is let go before the next is read: memory does not grow with the report.
        while !body.is_empty() {
            let number = PartNumber::from_index(parts.len() as u64)
                .map_err(|e| DeliveryError::Read(io::Error::other(e)))?;
            let checksums = Checksums::of(&body);
            let put = bucket.put_part(key, &upload, number, body, &checksums);
            parts.push(put.map_err(DeliveryError::Store)?);
            body = next_part(file).map_err(DeliveryError::Read)?;
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
