//! Writes the forms, the two that have a line for each entry beside each other.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use lanes::Sha256;
use model::ids::BucketName;
use model::outcome::EntryRecord;
use model::report::lines::{End, Head};
use model::report::summary::Summary;
use model::report::{self, csv, lines};

use super::entries::Entries;
use super::{Report, map};
use crate::journal::JournalError;

/// Entries that are handed on together.
const BATCH: usize = 256;

/// Batches that may wait for the slower of the two forms.
const WAITING: usize = 4;

/// What the threads that write are handed.
type Batch = Arc<Vec<EntryRecord>>;

/// Writes the three forms into `folder`.
pub(super) fn render(
    folder: &Path,
    head: Head,
    mut entries: Entries,
) -> Result<Report, JournalError> {
    let io = |source| JournalError::Io {
        path: folder.to_owned(),
        source,
    };
    let bucket = head.about.bucket.as_ref();
    let (to_csv, for_csv) = bounded::<Batch>(WAITING);
    let (to_lines, for_lines) = bounded::<Batch>(WAITING);
    let (csv, lines) = std::thread::scope(|scope| {
        let csv = scope.spawn(move || write_csv(folder, bucket, for_csv));
        let head = &head;
        let lines = scope.spawn(move || write_lines(folder, head, for_lines));
        let mut read = Ok(());
        loop {
            match entries.next_batch(BATCH) {
                Ok(batch) if batch.is_empty() => break,
                Ok(batch) => {
                    let batch = Arc::new(batch);
                    let sent = to_csv.send(Arc::clone(&batch));
                    if sent.and_then(|()| to_lines.send(batch)).is_err() {
                        // One has failed, and says why when it is joined.
                        break;
                    }
                }
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        drop((to_csv, to_lines));
        let csv = csv.join().expect("it does not panic");
        let lines = lines.join().expect("it does not panic");
        read.map(|()| (csv, lines))
    })?;
    let ((lines, findings), csv) = (lines.map_err(io)?, csv.map_err(io)?);
    let (keys, map) = (report::keys(&head.about.log), map::kept(folder));
    let mut text = Form::create(folder, "report.txt").map_err(io)?;
    let words = findings.text(&head, &keys, map.is_some());
    text.write(&words).map_err(io)?;
    Ok(Report {
        map,
        csv: csv.commit().map_err(io)?,
        lines: lines.commit().map_err(io)?,
        summary: text.commit().map_err(io)?,
        findings,
        attempts: head.attempts,
        keys,
        log_type: csv::CONTENT_TYPE,
    })
}

/// AWS's form.
fn write_csv(
    folder: &Path,
    bucket: Option<&BucketName>,
    batches: Receiver<Batch>,
) -> io::Result<Form> {
    let mut form = Form::create(folder, "report.csv")?;
    form.write(csv::HEADER)?;
    for batch in batches {
        batch
            .iter()
            .try_for_each(|record| form.write(&csv::line(record, bucket)))?;
    }
    Ok(form)
}

/// The form for programs, whose last line counts and sums up all before it; and what it says.
fn write_lines(
    folder: &Path,
    head: &Head,
    batches: Receiver<Batch>,
) -> io::Result<(Form, Summary)> {
    let bucket = head.about.bucket.as_ref();
    let mut form = Form::create(folder, "report.jsonl")?;
    let (mut sha256, mut findings) = (Sha256::new(), Summary::default());
    let mut add = |form: &mut Form, line: &str| {
        sha256.update(line.as_bytes());
        form.write(line)
    };
    add(&mut form, &head.line())?;
    for batch in batches {
        for record in batch.iter() {
            findings.add(record);
            add(&mut form, &lines::entry(record, bucket))?;
        }
    }
    let end = End {
        totals: findings.totals,
        sha256: hex::encode(sha256.finish()),
    };
    form.write(&lines::end(end))?;
    Ok((form, findings))
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

#[cfg(test)]
mod tests {
    use model::entry::EntryPath;
    use model::ids::{AccountId, JobId, ObjectKey};
    use model::outcome::{Failure, Outcome};
    use model::progress::LogLocation;
    use model::report::lines::{About, Work};
    use model::time::Timestamp;

    use super::*;
    use crate::journal::Journal;
    use crate::journal::file::Disk;
    use crate::journal::records::import::ImportRecord;

    fn about(job: JobId) -> About {
        let bucket = BucketName::new("bkt").unwrap();
        About {
            job,
            account: AccountId::new("123456789012").unwrap(),
            created: Timestamp::from_unix(1),
            log: LogLocation {
                bucket: bucket.clone(),
                key: ObjectKey::new("log").unwrap(),
            },
            work: Work::Import,
            bucket: Some(bucket),
            prefix: String::new(),
        }
    }

    /// More entries than wait for a form: whoever reads them must not wait for one that takes no more.
    #[test]
    fn a_form_that_cannot_be_written_ends_the_report() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobId::new("ABCDE").unwrap();
        let path = folder.path().join("journal");
        let mut journal: Journal<ImportRecord> =
            Journal::open(&Disk, &path, job, &mut |_, _| Ok(())).unwrap();
        for number in 0..2 * BATCH * (WAITING + 2) {
            let outcome = Outcome::Failed(Failure::unreadable("bad".into(), None));
            let name = EntryPath::new(format!("f{number}"));
            let record = EntryRecord::new(&name, 1, Timestamp::from_unix(2), outcome);
            journal.append(&ImportRecord::Entry(record)).unwrap();
        }
        journal.sync().unwrap();
        for form in ["report.csv.tmp", "report.jsonl.tmp"] {
            // What is in its way stands for a disk that is full.
            let in_the_way = folder.path().join(form);
            // The other form may have been begun before.
            let _absent = std::fs::remove_file(&in_the_way);
            std::fs::create_dir(&in_the_way).unwrap();
            let rendered = crate::report::render(folder.path(), &about(job));
            assert!(matches!(rendered, Err(JournalError::Io { .. })), "{form}");
            std::fs::remove_dir(&in_the_way).unwrap();
        }
        let rendered = crate::report::render(folder.path(), &about(job)).unwrap();
        assert_eq!(rendered.tally().failed, (2 * BATCH * (WAITING + 2)) as u64);
    }
}
