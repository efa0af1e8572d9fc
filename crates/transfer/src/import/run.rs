//! What the threads of one run share, and how they note what became of an entry.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::capabilities::Capabilities;
use model::entry::{Entry, EntryKind, EntryPath};
use model::ids::ObjectKey;
use model::manifest::S3Import;
use model::outcome::{Changed, EntryRecord, Failure, How, IgnoreRule, Outcome, Stored};
use model::proof::ReadBack;
use model::readable;
use model::time::Clock;
use model::without::Without;
use objectstore::Bucket;
use objectstore::object::ObjectInfo;

use crate::import::resume::Unfinished;
use crate::import::rounds::Aside;
use crate::import::takeover::Era;
use crate::journal::index::{Awaited, Why};
use crate::journal::recorder::Notes;
use crate::journal::records::import::ImportRecord;
use crate::pipeline::budget::BudgetShare;
use crate::pipeline::doubt::{ReadingDoubt, Suspect};
use crate::pipeline::hashing::HashingPool;
use crate::progress::Progress;
use crate::settings::Settings;
pub(crate) use crate::stop::Halted;
use crate::stop::{Halt, Stop};
use disks::tree::{BadEntry, DeviceGone, Expected, Tree};

/// A file that is to be loaded.
pub(crate) struct Work {
    /// What it is on the device, as the walk saw it.
    pub(crate) entry: Entry,
    /// What its object is called.
    pub(crate) key: ObjectKey,
    /// Its size when the device was walked.
    pub(crate) bytes: u64,
    /// When it was last changed, as the walk saw it.
    pub(crate) times: Option<Changed>,
    /// What is known of its key.
    pub(crate) before: Before,
    /// What an earlier attempt has sent of it, as the journal knows.
    pub(crate) unfinished: Option<Box<Unfinished>>,
    /// The object of its size that an earlier attempt has put under its key, as the bucket shows.
    pub(crate) found: Option<Box<ObjectInfo>>,
    /// What the device reads ahead for it, until it was read.
    pub(crate) expected: Option<Expected>,
}

/// What is known of a key before its file is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Before {
    /// Size and entity tag of the object that was there before the job.
    pub(crate) object: Option<(u64, String)>,
    /// Whether that must stay: it may only be found to be the same.
    pub(crate) is_kept: bool,
    /// Whether an earlier attempt had stored the file, and its object is gone.
    pub(crate) is_lost: bool,
    /// Why what is there must stay; `None` if it may be replaced.
    pub(crate) keeps: Option<Keeps>,
    /// Whether its object must be a new one: what is there must stay, and none of the job's own is.
    pub(crate) must_be_new: bool,
}

/// Why an object is not replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// It has the name of a job's report.
    Report,
    /// None is to be.
    Object,
}

impl Keeps {
    /// What becomes of the file that has its key.
    pub(crate) fn failure(self, key: ObjectKey) -> Failure {
        match self {
            Self::Report => Failure::report_exists(key),
            Self::Object => Failure::exists(key),
        }
    }
}

/// What every thread of a run shares.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) bucket: &'a dyn Bucket,
    pub(crate) rules: &'a S3Import,
    pub(crate) settings: Settings,
    /// What the store was found to do.
    pub(crate) store: &'a Capabilities,
    pub(crate) read_back: ReadBack,
    /// While which the job was done before, if it was claimed before, by whomever.
    pub(crate) earlier: Option<Era>,
    pub(crate) log_key: &'a ObjectKey,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a Progress,
    pub(crate) stop: &'a Stop,
    pub(crate) memory: Arc<BudgetShare>,
    /// The cores that hash.
    pub(crate) cores: &'a HashingPool,
    pub(crate) notes: Notes<ImportRecord>,
    pub(crate) doubt: &'a ReadingDoubt,
    pub(crate) aside: &'a Aside<'a>,
    pub(crate) told: &'a Told,
    /// That nothing more is loaded, and why.
    pub(crate) without: Option<&'a Without>,
}

/// What a device has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Nothing,
    File,
    /// A folder, a link, a pipe.
    Other,
}

/// Failures that are each logged; of those behind them only the number is. The report has them all.
const TOLD_EACH: u64 = 20;

/// Characters of a name, and of a reason, that are logged.
const SHOWN: usize = 120;

/// How many failures were logged.
#[derive(Debug, Default)]
pub(crate) struct Told(AtomicU64);

/// How much is logged of one failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// Which file it is, and why.
    All,
    /// That there are more, once.
    ThereAreMore,
    /// Nothing.
    Nothing,
}

impl Told {
    /// Logs that an entry was not stored, unless enough was said of others.
    pub(crate) fn failure(&self, file: &str, failure: &Failure) {
        match self.count_one() {
            Telling::All => {
                let (file, code) = (readable::name(file, SHOWN), &failure.code);
                let reason = readable::name(&failure.reason, SHOWN);
                tracing::warn!(file = format_args!("`{file}`"), %code, %reason, "not loaded");
            }
            Telling::ThereAreMore => {
                tracing::warn!("more files are not loaded: the report names them all");
            }
            Telling::Nothing => {}
        }
    }

    /// Logs how many there were, if not each was logged.
    pub(crate) fn in_all(&self) {
        if let Some(count) = self.untold() {
            tracing::warn!(count, "files not loaded");
        }
    }

    /// Counts a failure and says how much is to be logged of it.
    fn count_one(&self) -> Telling {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            before if before < TOLD_EACH => Telling::All,
            TOLD_EACH => Telling::ThereAreMore,
            _ => Telling::Nothing,
        }
    }

    /// How many there were, if not each was logged.
    fn untold(&self) -> Option<u64> {
        let count = self.0.load(Ordering::Relaxed);
        (count > TOLD_EACH).then_some(count)
    }
}

impl<'a> Run<'a> {
    /// Notes the outcome of an entry.
    pub(crate) fn note(&self, path: &EntryPath, bytes: u64, outcome: Outcome) {
        let record = EntryRecord::new(path, bytes, self.clock.now(), outcome);
        // If the recorder is gone, it has said why and the run ends.
        let _recorder_may_be_gone = self.notes.entry(record);
    }

    /// Notes that a file is stored.
    pub(crate) fn note_stored(
        &self,
        path: &EntryPath,
        bytes: u64,
        times: Option<Changed>,
        how: How,
        stored: Stored,
    ) {
        let now = self.clock.now();
        let record = EntryRecord {
            times,
            how,
            ..EntryRecord::new(path, bytes, now, Outcome::Stored(stored))
        };
        // If the recorder is gone, it has said why and the run ends.
        let _recorder_may_be_gone = self.notes.entry(record);
    }

    /// Notes that an entry was not stored.
    pub(crate) fn fail(&self, path: &EntryPath, bytes: u64, failure: Failure) {
        self.told.failure(&path.to_string(), &failure);
        self.note(path, bytes, Outcome::Failed(failure));
    }

    /// Finds out whether an error is the file's own fault; gives what to tell of it, if it is to be
    /// told now and not later.
    ///
    /// # Errors
    /// [`Halted`] if it is the device's, which ends the run.
    pub(crate) fn judge_read(
        &self,
        error: io::Error,
        suspect: Suspect,
    ) -> Result<Option<Failure>, Halted> {
        let mut judged = self
            .doubt
            .judge(self.tree, error, suspect)
            .map_err(|gone| self.halt_for(gone))?;
        let own = judged.pop();
        self.fail_all(judged);
        Ok(own.map(|own| own.failure))
    }

    /// Notes that so much of a file was read, which may show that others before it are bad.
    pub(crate) fn was_read(&self, work: &Work, offset: u64, read: &[u8]) {
        let judged = self.doubt.read_well(self.tree, &work.entry, offset, read);
        self.fail_all(judged);
    }

    /// Notes what is wrong with a name.
    pub(crate) fn bad_entry(&self, bad: BadEntry) {
        let BadEntry {
            path,
            bytes,
            why,
            error,
        } = bad;
        let failure = Failure::unloadable(&why, None);
        let judged = match error {
            Some(error) => {
                let path = path.clone();
                let suspect = Suspect {
                    path,
                    bytes,
                    failure,
                };
                self.judge_read(error, suspect)
            }
            None => Ok(Some(failure)),
        };
        if let Ok(Some(failure)) = judged {
            self.fail(&path, bytes, failure);
        }
    }

    /// Notes what became of a file that was to be met and was not. Only what its device says it does not have is
    /// told as gone: the folder that it is in may be one that cannot be listed.
    pub(crate) fn missed(&self, file: &Awaited) {
        let Awaited { path, bytes, why } = file;
        if let Some(without) = self.without.filter(|_| *why != Why::Name) {
            return self.fail(path, *bytes, Failure::without(without, None));
        }
        let error = match self.find_file(path) {
            Ok(At::File) => io::Error::other("the device has it, and has not listed it"),
            Ok(At::Other) if *why == Why::Unlisted => return,
            Ok(At::Other | At::Nothing) => {
                return match why {
                    Why::Lost => self.fail(path, *bytes, Failure::lost()),
                    Why::Name => self.note(path, *bytes, Outcome::ignored(IgnoreRule::NameGone)),
                    Why::Unsent | Why::Unlisted => self.fail(path, *bytes, Failure::vanished()),
                };
            }
            Err(error) => error,
        };
        self.bad_entry(BadEntry::unreadable(path.clone(), *bytes, error));
    }

    fn find_file(&self, path: &EntryPath) -> io::Result<At> {
        Ok(match self.tree.find(path) {
            Ok(None) => At::Nothing,
            Ok(Some(found)) if matches!(found.kind, EntryKind::File { .. }) => At::File,
            Ok(Some(_)) => At::Other,
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => At::Other,
            Err(error) => return Err(error),
        })
    }

    /// Judges what had to wait until everything was tried.
    pub(crate) fn settle(&self) {
        if self.stop.is_set() {
            return;
        }
        match self.doubt.settle(self.tree) {
            Ok(judged) => self.fail_all(judged),
            Err(gone) => drop(self.halt_for(gone)),
        }
    }

    fn fail_all(&self, judged: Vec<Suspect>) {
        for bad in judged {
            self.fail(&bad.path, bad.bytes, bad.failure);
        }
    }

    fn halt_for(&self, gone: DeviceGone) -> Halted {
        self.stop.halt(Halt::Device(gone));
        Halted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_twenty_failures_are_told_and_then_their_number() {
        let told = Told::default();
        let first: Vec<_> = (0..20).map(|_| told.count_one()).collect();
        assert_eq!(first, [Telling::All; 20]);
        assert_eq!(told.untold(), None);
        assert_eq!(told.count_one(), Telling::ThereAreMore);
        assert_eq!(told.count_one(), Telling::Nothing);
        assert_eq!(told.untold(), Some(22));
    }
}
