//! Compares a report with the bucket it tells of, or with the device that was loaded, or with both,
//! by reading everything again. Needs nothing but the report: no journal, no job store.
//!
//! What differs is found and told; what keeps us from looking is [`Trouble`], and proves nothing.

mod content;
pub mod report_file;
mod sample;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};
use model::entry::{Entry, EntryKind, EntryPath};
use model::ids::{JobType, ObjectKey};
use model::outcome::{EntryRecord, Outcome, Stored};
use model::plan::SIGNATURE_NAME;
use model::report::lines::Work as Done;
use model::report::{LINES_SUFFIX, SUMMARY_SUFFIX};
use objectstore::{Bucket, StoreError};
use serde::Serialize;

use crate::pipeline::doubt::ReadingDoubt;
use crate::progress::Progress;
use crate::stop::Stop;
use content::{Answer, Comparer};
use disks::tree::{DeviceGone, Tree};
use report_file::{ReportError, ReportFile};
pub use sample::{NotAPercentage, Sample};

/// Entries that may wait for a thread.
const WORK_AHEAD: usize = 256;

/// What is compared, and how.
pub struct Verification<'a> {
    /// What should be there.
    pub report: &'a ReportFile,
    /// The bucket the files went to.
    pub bucket: Option<&'a dyn Bucket>,
    /// The device they came from.
    pub device: Option<&'a dyn Tree>,
    /// Which entries.
    pub sample: Sample,
    /// Objects that are read at once.
    pub requests: usize,
    /// Files that are read at once.
    pub readers: usize,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

/// What kept us from looking.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The report cannot be read any more.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The store does not give its objects.
    #[error("the bucket cannot be read")]
    Store(#[source] StoreError),
    /// The device does not answer.
    #[error(transparent)]
    Device(DeviceGone),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Which of the two was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The bucket.
    Bucket,
    /// The device.
    Device,
}

impl Side {
    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Device => "device",
        }
    }
}

/// What is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It is not there.
    Missing,
    /// It is longer or shorter.
    Size,
    /// It has other bytes.
    Content,
    /// It has the bytes, and another content type.
    Metadata,
    /// It cannot be read.
    Unreadable,
    /// It lacks what the report says it lacks: the device could not be read there. No difference.
    Partial,
    /// It is on the device and not in the report. No difference: the report is of what was there
    /// when it was loaded.
    Extra,
}

impl DifferenceKind {
    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Size => "size",
            Self::Content => "content",
            Self::Metadata => "metadata",
            Self::Unreadable => "unreadable",
            Self::Partial => "partial",
            Self::Extra => "extra",
        }
    }
}

/// One thing that is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where.
    pub side: Side,
    /// What.
    pub kind: DifferenceKind,
    /// The path on the device, as the report prints it.
    pub path: String,
    /// Its raw bytes in base64, where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_path: Option<String>,
    /// The object's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<ObjectKey>,
    /// In words.
    pub detail: String,
}

/// How one side compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Compared {
    /// Entries that are as the report says.
    pub same: u64,
    /// Their bytes, without those that are missing.
    pub bytes: u64,
    /// Of these entries, those that lack what the report says could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub partial: u64,
    /// Entries that are not.
    pub different: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Compared {
    /// Counts an entry that is as the report says.
    fn agree(&mut self, bytes: u64) {
        self.same += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// How everything compares. A side that was not looked at has only zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Verdict {
    /// The bucket.
    pub bucket: Compared,
    /// The device.
    pub device: Compared,
    /// Names on the device that the report does not know.
    pub extra: u64,
}

impl Verdict {
    /// Whether nothing differs.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.bucket.different == 0 && self.device.different == 0
    }

    fn side(&mut self, side: Side) -> &mut Compared {
        match side {
            Side::Bucket => &mut self.bucket,
            Side::Device => &mut self.device,
        }
    }
}

/// An entry that is to be compared.
#[derive(Debug, Clone)]
struct ToCompare {
    record: EntryRecord,
    stored: Stored,
}

/// What the threads say.
enum Said {
    Same(Side, u64),
    /// The same but for what is missing; so many bytes are there.
    Partial(Finding, u64),
    Different(Finding),
    /// Different, if the device turns out to be alive.
    Perhaps(Finding),
    Trouble(Trouble),
}

impl Verification<'_> {
    /// Compares, and hands out what is found as it is found. What is on the device beside the files
    /// of the report is told last.
    ///
    /// # Errors
    /// [`Trouble`]: what was found so far stands, of the rest nothing is known.
    pub fn run(&self, tell: &mut dyn FnMut(Finding)) -> Result<Verdict, Trouble> {
        self.announce()?;
        let mut verdict = self.compare(tell)?;
        if let Some(device) = self.device {
            self.find_extra(device, &mut |finding| {
                verdict.extra += 1;
                tell(finding);
            })?;
        }
        Ok(verdict)
    }

    /// Counts what there is to do, for those who look.
    fn announce(&self) -> Result<(), Trouble> {
        let sides = u32::from(self.bucket.is_some()) + u32::from(self.device.is_some());
        self.report.entries(&mut |record| {
            if let Some(work) = self.work(record) {
                (0..sides).for_each(|_| self.progress.found(work.record.bytes));
            }
            self.while_running()
        })?;
        self.progress.found_all();
        Ok(())
    }

    fn compare(&self, tell: &mut dyn FnMut(Finding)) -> Result<Verdict, Trouble> {
        let (told, answers) = bounded(WORK_AHEAD);
        let (over, doubt) = (AtomicBool::new(false), ReadingDoubt::default());
        let (over, doubt) = (&over, &doubt);
        std::thread::scope(|scope| {
            let mut queues = Vec::new();
            for (side, threads) in [(Side::Bucket, self.requests), (Side::Device, self.readers)] {
                if !self.looks_at(side) {
                    continue;
                }
                let (queue, work) = bounded(WORK_AHEAD);
                queues.push(queue);
                for _ in 0..threads.max(1) {
                    let (work, told) = (work.clone(), told.clone());
                    scope.spawn(move || self.look(side, doubt, &work, &told, over));
                }
            }
            scope.spawn(move || self.feed(&queues, &told, over));
            self.listen(&answers, doubt, tell, over)
        })
    }

    fn looks_at(&self, side: Side) -> bool {
        match side {
            Side::Bucket => self.bucket.is_some(),
            Side::Device => self.device.is_some(),
        }
    }

    /// Hands the entries to the threads.
    fn feed(&self, queues: &[Sender<Arc<ToCompare>>], told: &Sender<Said>, over: &AtomicBool) {
        let read = self.report.entries(&mut |record| {
            if let Some(work) = self.work(record).map(Arc::new) {
                for queue in queues {
                    // Its threads have met trouble, and said so.
                    let _gone = queue.send(Arc::clone(&work));
                }
            }
            match over.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => self.while_running(),
            }
        });
        if let Err(error) = read {
            let _gone = told.send(Said::Trouble(error.into()));
        }
    }

    /// One thread that compares.
    fn look(
        &self,
        side: Side,
        doubt: &ReadingDoubt,
        work: &Receiver<Arc<ToCompare>>,
        told: &Sender<Said>,
        over: &AtomicBool,
    ) {
        let mut comparer = Comparer::new(self.progress, self.stop);
        for ToCompare { record, stored } in work.iter().map(Arc::unwrap_or_clone) {
            // The queue is emptied all the same: who fills it may be waiting.
            if over.load(Ordering::Relaxed) || self.stop.is_set() {
                continue;
            }
            self.progress.reading(&record.file);
            let compared = match (side, self.bucket, self.device) {
                (Side::Bucket, Some(bucket), _) => {
                    let compared = comparer.object(bucket, &record, &stored);
                    compared.map(Answer::from)
                }
                (Side::Device, _, Some(device)) => comparer.file((device, doubt), &record, &stored),
                (Side::Bucket, None, _) | (Side::Device, _, None) => Ok(Answer::Same),
            };
            self.progress.count(&record);
            let answer = match compared {
                Ok(Answer::Same) if stored.missing.is_empty() => Said::Same(side, record.bytes),
                Ok(Answer::Same) => {
                    let there = record.bytes.saturating_sub(stored.missing.bytes());
                    let words = stored.missing.words(record.bytes);
                    let told = (
                        DifferenceKind::Partial,
                        format!("{words}, as the report says"),
                    );
                    Said::Partial(finding(side, record, stored, told), there)
                }
                Ok(Answer::Wrong(wrong)) => Said::Different(finding(side, record, stored, wrong)),
                Ok(Answer::Perhaps(wrong)) => Said::Perhaps(finding(side, record, stored, wrong)),
                Err(trouble) => Said::Trouble(trouble),
            };
            if told.send(answer).is_err() {
                over.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Hears what the threads say until the last of them has ended. The first trouble ends them.
    fn listen(
        &self,
        answers: &Receiver<Said>,
        doubt: &ReadingDoubt,
        tell: &mut dyn FnMut(Finding),
        over: &AtomicBool,
    ) -> Result<Verdict, Trouble> {
        let (mut verdict, mut trouble) = (Verdict::default(), None);
        let mut perhaps = Vec::new();
        for told in answers {
            match told {
                Said::Same(side, bytes) => verdict.side(side).agree(bytes),
                Said::Partial(finding, bytes) => {
                    let compared = verdict.side(finding.side);
                    compared.agree(bytes);
                    compared.partial += 1;
                    tell(finding);
                }
                Said::Different(finding) => {
                    verdict.side(finding.side).different += 1;
                    tell(finding);
                }
                Said::Perhaps(finding) => perhaps.push(finding),
                Said::Trouble(why) => {
                    trouble.get_or_insert(why);
                    over.store(true, Ordering::Relaxed);
                }
            }
        }
        match trouble {
            _ if self.stop.is_set() => return Err(Trouble::Interrupted),
            Some(why) => return Err(why),
            None => {}
        }
        if let Some(device) = self.device {
            doubt.settle(device).map_err(Trouble::Device)?;
        }
        for finding in perhaps {
            verdict.side(finding.side).different += 1;
            tell(finding);
        }
        Ok(verdict)
    }

    /// Tells what is on the device and not in the report. Holds eight bytes for each line of the
    /// report, by which a name in some 10¹⁵ is taken for a known one.
    fn find_extra(&self, device: &dyn Tree, tell: &mut dyn FnMut(Finding)) -> Result<(), Trouble> {
        let hasher = RandomState::new();
        let hash = |path: &EntryPath| hasher.hash_one(path);
        let mut known = Vec::new();
        self.report.entries(&mut |record| {
            known.push(hash(&record.path()));
            self.while_running()
        })?;
        known.sort_unstable();
        let walked = device.walk(&mut |found| {
            let is_empty = |entry: &Entry| entry.kind == EntryKind::EmptyFolder;
            if found.as_ref().is_ok_and(is_empty) {
                return self.while_running();
            }
            let (path, detail) = match found {
                Ok(entry) => (entry.path, "not in the report".to_owned()),
                Err(bad) => (bad.path, format!("not in the report: {}", bad.why)),
            };
            if !self.is_of_the_job(&path) && known.binary_search(&hash(&path)).is_err() {
                tell(extra(&path, detail));
            }
            self.while_running()
        });
        walked.map_err(Trouble::Device)?;
        match self.stop.is_set() {
            true => Err(Trouble::Interrupted),
            false => Ok(()),
        }
    }

    /// Whether a name in the root of a device that was filled is the job's own: its SIGNATURE and the
    /// report, whose CSV form has the report's own name.
    fn is_of_the_job(&self, path: &EntryPath) -> bool {
        let about = &self.report.head.about;
        if about.work != Done::Export {
            return false;
        }
        let log = format!("{}{}", JobType::Export.log_name(), about.job);
        let forms = ["", LINES_SUFFIX, SUMMARY_SUFFIX].map(|suffix| format!("{log}{suffix}"));
        let path = path.as_bytes();
        path == SIGNATURE_NAME.as_bytes() || forms.iter().any(|form| path == form.as_bytes())
    }

    /// The entry as work, if it is stored and in the sample.
    fn work(&self, record: EntryRecord) -> Option<ToCompare> {
        let Outcome::Stored(stored) = &record.outcome else {
            return None;
        };
        let stored = stored.clone();
        self.sample
            .has(&record.path())
            .then_some(ToCompare { record, stored })
    }

    fn while_running(&self) -> ControlFlow<()> {
        match self.stop.is_set() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

fn finding(side: Side, record: EntryRecord, stored: Stored, wrong: content::Wrong) -> Finding {
    let (kind, detail) = wrong;
    Finding {
        side,
        kind,
        path: record.file,
        raw_path: record.raw_path,
        key: Some(stored.key),
        detail,
    }
}

fn extra(path: &EntryPath, detail: String) -> Finding {
    let (path, raw_path) = path.to_record();
    Finding {
        side: Side::Device,
        kind: DifferenceKind::Extra,
        path,
        raw_path,
        key: None,
        detail,
    }
}
