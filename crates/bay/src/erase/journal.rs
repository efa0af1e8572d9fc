//! How far an erasing is, on the station's own disk, so that it goes on after any interruption.
//!
//! A file of lines of JSON (`docs/formats.md`). The first says what is erased, and has the key of the stream; the others
//! what was done, each after it was. What was written counts once the device has synced it. At the end all of it is
//! overwritten and removed, once whoever gave the order knows the end.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use disks::facts::Marks;
use model::disposal::GrantId;
use model::erasure::{Answer, ErasureEnd, Span, Technique, VerifyMode};
use model::ids::JobId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::journal_file::Lines;
use super::limits::LINE_BYTES;
use super::stream::Key;

/// What the first line calls itself.
const FORMAT: &str = "longshore-erasing";
const VERSION: u32 = 1;

/// Passes over a device at most: the stream, and zeros.
pub(super) const PASSES: usize = 2;

/// What an erasing is begun with.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Whose device it is.
    pub job: JobId,
    /// By which it was allowed, and is gone on with.
    pub grant: GrantId,
    /// What the device says of itself.
    pub marks: Marks,
    /// How it is erased.
    pub technique: Technique,
    /// How much is read afterwards.
    pub verify: VerifyMode,
    /// When it was begun.
    pub started: Timestamp,
    /// The key of the stream: bytes that nobody can guess.
    pub key: Key,
    /// By which places are drawn that are read.
    pub seed: [u8; 32],
    /// Errors that its interface had counted when it was begun; none where it does not count them.
    pub interface_errors: Option<u64>,
}

/// The journal of an erasing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    lines: Lines,
    beginning: Beginning,
    state: State,
    is_resumed: bool,
}

/// A journal cannot be kept, or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system's error.
    #[error("could not use the journal `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not say what is erased.
    #[error("`{path}` is no journal of an erasing that this release can go on with: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is one of the same job.
    #[error("`{path}` is there already: this device is being erased, or was")]
    Exists {
        /// Which.
        path: PathBuf,
    },
}

/// What is known to be done.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    /// Up to where each pass is on the medium.
    pub(super) wrote: [u64; PASSES],
    /// Up to where each pass was read back.
    pub(super) read: [u64; PASSES],
    /// What of each pass could not be written, in order.
    pub(super) bad: [Vec<Span>; PASSES],
    /// Errors of the device.
    pub(super) errors: u64,
    /// How often it was gone on with.
    pub(super) resumed: u32,
    /// What was asked of the device itself.
    pub(super) commands: Vec<Answer>,
    /// Whether a command that lets it erase itself was sent.
    pub(super) was_sent: bool,
    /// Whether the device has erased itself.
    pub(super) by_itself: bool,
    /// How it ended.
    pub(super) end: Option<ErasureEnd>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct First {
    format: String,
    version: u32,
    job: JobId,
    grant: GrantId,
    bytes: u64,
    maker: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    wwn: Option<String>,
    technique: Technique,
    verify: VerifyMode,
    started: Timestamp,
    interface_errors: Option<u64>,
    seed: String,
    key: String,
}

/// Any other line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub(super) enum Did {
    /// Went on after an interruption.
    WentOn {
        /// When.
        at: Timestamp,
    },
    /// Begins anew: what was written is not on the device.
    Anew,
    /// Wrote a pass up to here, and synced it.
    Wrote {
        /// Which.
        pass: usize,
        /// Up to where.
        upto: u64,
        /// Errors of the device until then.
        errors: u64,
    },
    /// Could not write this.
    Bad {
        /// In which pass.
        pass: usize,
        /// What.
        #[serde(flatten)]
        span: Span,
    },
    /// Read a pass back up to here, and found it as it was written.
    Read {
        /// Which.
        pass: usize,
        /// Up to where.
        upto: u64,
    },
    /// Is about to let the device erase itself.
    Sent {
        /// By what.
        command: String,
    },
    /// Was answered by the device.
    Heard {
        /// What.
        answer: Answer,
    },
    /// Saw that the device has erased itself.
    ByItself,
    /// Ended.
    Ended {
        /// How.
        end: Box<ErasureEnd>,
    },
}

impl Journal {
    /// Begins a journal at `path`, where none may be.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn begin(path: &Path, beginning: Beginning) -> Result<Self, JournalError> {
        let first = First::of(&beginning);
        let line = line(&first).map_err(io_of(path))?;
        let made = Lines::create(path, &line).map_err(io_of(path))?;
        let lines = made.ok_or_else(|| JournalError::Exists { path: path.into() })?;
        Ok(Self {
            path: path.to_owned(),
            lines,
            beginning,
            state: State::default(),
            is_resumed: false,
        })
    }

    /// Opens the journal at `path`, if there is one. A tail that is torn is cut off.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(path: &Path) -> Result<Option<Self>, JournalError> {
        let (mut lines, text) = match Lines::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(io_of(path))?,
        };
        let mut text = text.iter();
        let first = text.next().map_or("", String::as_str);
        let beginning = First::read(first).map_err(|why| JournalError::Unreadable {
            path: path.to_owned(),
            why,
        })?;
        let (mut state, mut good) = (State::default(), first.len() as u64 + 1);
        for line in text {
            let Ok(did) = serde_json::from_str(line) else {
                // What follows was not synced when the host went down: it is done again.
                lines.cut(good).map_err(io_of(path))?;
                break;
            };
            state.take(did);
            good += line.len() as u64 + 1;
        }
        state.forget_what_may_be_lost();
        Ok(Some(Self {
            path: path.to_owned(),
            lines,
            beginning,
            state,
            is_resumed: true,
        }))
    }

    /// What it was begun with.
    #[must_use]
    pub fn beginning(&self) -> &Beginning {
        &self.beginning
    }

    /// How it ended, if it did.
    #[must_use]
    pub fn end(&self) -> Option<&ErasureEnd> {
        self.state.end.as_ref()
    }

    /// Whether it was found: something may have been written to the device.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Says what was done. It may be lost until the next `sync`.
    pub(super) fn say(&mut self, did: Did) -> Result<(), JournalError> {
        let line = line(&did).map_err(io_of(&self.path))?;
        self.lines.append(&line).map_err(io_of(&self.path))?;
        self.state.take(did);
        Ok(())
    }

    /// Says what was done, durably.
    pub(super) fn note(&mut self, did: Did) -> Result<(), JournalError> {
        self.say(did)?;
        self.lines.sync().map_err(io_of(&self.path))
    }

    /// Removes it and the key with it.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn destroy(self) -> Result<(), JournalError> {
        self.lines.destroy(&self.path).map_err(io_of(&self.path))
    }
}

impl State {
    fn take(&mut self, did: Did) {
        match did {
            Did::WentOn { .. } => self.resumed = self.resumed.saturating_add(1),
            Did::Anew => {
                self.wrote = [0; PASSES];
                self.read = [0; PASSES];
                self.bad = Default::default();
            }
            Did::Wrote { pass, upto, errors } => {
                if let Some(wrote) = self.wrote.get_mut(pass) {
                    *wrote = upto.max(*wrote);
                }
                self.errors = errors;
            }
            Did::Bad { pass, span } => {
                if let Some(bad) = self.bad.get_mut(pass) {
                    match bad.last_mut() {
                        Some(last) if last.end() == span.offset => last.bytes += span.bytes,
                        _ => bad.push(span),
                    }
                }
            }
            Did::Read { pass, upto } => {
                if let Some(read) = self.read.get_mut(pass) {
                    *read = upto.max(*read);
                }
            }
            Did::Sent { .. } => self.was_sent = true,
            Did::Heard { answer } => self.commands.push(answer),
            Did::ByItself => self.by_itself = true,
            Did::Ended { end } => self.end = Some(*end),
        }
    }

    /// What was found bad behind the last sync is written again.
    fn forget_what_may_be_lost(&mut self) {
        for (bad, wrote) in self.bad.iter_mut().zip(self.wrote) {
            bad.retain(|span| span.end() <= wrote);
        }
    }
}

impl First {
    fn of(beginning: &Beginning) -> Self {
        let marks = beginning.marks.clone();
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            job: beginning.job,
            grant: beginning.grant.clone(),
            bytes: marks.bytes,
            maker: marks.maker,
            model: marks.model,
            serial: marks.serial,
            wwn: marks.wwn,
            technique: beginning.technique,
            verify: beginning.verify,
            started: beginning.started,
            interface_errors: beginning.interface_errors,
            seed: hex::encode(beginning.seed),
            key: STANDARD.encode(beginning.key.bytes()),
        }
    }

    fn read(line: &str) -> Result<Beginning, String> {
        let first: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if first.format != FORMAT || first.version != VERSION {
            return Err(format!("it is `{}` {}", first.format, first.version));
        }
        let mut key = [0; 32];
        STANDARD
            .decode_slice(&first.key, &mut key)
            .ok()
            .filter(|length| *length == key.len())
            .ok_or("its `key` is no 32 bytes in base64")?;
        let mut seed = [0; 32];
        hex::decode_to_slice(&first.seed, &mut seed)
            .map_err(|_| "its `seed` is no 32 bytes in hexadecimal digits")?;
        Ok(Beginning {
            job: first.job,
            grant: first.grant,
            marks: Marks {
                bytes: first.bytes,
                maker: first.maker,
                model: first.model,
                serial: first.serial,
                wwn: first.wwn,
            },
            technique: first.technique,
            verify: first.verify,
            started: first.started,
            key: Key::new(key),
            seed,
            interface_errors: first.interface_errors,
        })
    }
}

fn line(value: &impl Serialize) -> io::Result<String> {
    let line = serde_json::to_string(value).map_err(io::Error::other)?;
    match line.len() <= LINE_BYTES {
        true => Ok(line),
        false => Err(io::Error::other("a line of the journal is too long")),
    }
}

fn io_of(path: &Path) -> impl Fn(io::Error) -> JournalError {
    move |source| JournalError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn beginning() -> Beginning {
        Beginning {
            job: JobId::new("45HFS").unwrap(),
            grant: GrantId::new("0".repeat(32)).unwrap(),
            marks: Marks {
                bytes: 1 << 30,
                maker: None,
                model: Some("Disk".into()),
                serial: Some("S1".into()),
                wwn: None,
            },
            technique: Technique::OverwriteStream,
            verify: VerifyMode::Full,
            started: "2026-01-02T03:04:05Z".parse().unwrap(),
            key: Key::new([5; 32]),
            seed: [6; 32],
            interface_errors: Some(3),
        }
    }

    #[test]
    fn a_journal_that_is_cut_at_any_byte_says_what_was_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("45HFS.erasing");
        let mut journal = Journal::begin(&path, beginning()).unwrap();
        let first = std::fs::metadata(&path).unwrap().len();
        let span = Span {
            offset: 4096,
            bytes: 512,
        };
        journal.say(Did::Bad { pass: 0, span }).unwrap();
        let wrote = Did::Wrote {
            pass: 0,
            upto: 256 << 20,
            errors: 1,
        };
        journal.note(wrote).unwrap();
        journal.note(Did::Read { pass: 0, upto: 77 }).unwrap();
        let state = journal.state().clone();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let opened = Journal::open(&path);
            if (cut as u64) < first {
                assert!(opened.is_err(), "{cut}");
                continue;
            }
            let mut opened = opened.unwrap().unwrap();
            let found = opened.state().clone();
            assert!(found.wrote[0] == 0 || found.bad[0] == [span], "{cut}");
            if cut == whole.len() {
                assert_eq!(found, state);
            }
            // What is said next follows what was whole.
            opened.note(Did::Read { pass: 1, upto: 9 }).unwrap();
            drop(opened);
            let again = Journal::open(&path).unwrap().unwrap();
            assert_eq!(again.state().read[1], 9, "{cut}");
        }
    }

    #[test]
    fn what_it_was_begun_with_comes_back_and_nothing_is_left_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("45HFS.erasing");
        drop(Journal::begin(&path, beginning()).unwrap());
        let second = Journal::begin(&path, beginning());
        assert!(matches!(second, Err(JournalError::Exists { .. })));
        let opened = Journal::open(&path).unwrap().unwrap();
        let found = opened.beginning();
        assert_eq!(found.key.bytes(), &[5; 32]);
        assert_eq!((found.seed, &found.marks), ([6; 32], &beginning().marks));
        assert!(opened.is_resumed());
        opened.destroy().unwrap();
        assert!(Journal::open(&path).unwrap().is_none());
    }

    #[test]
    fn what_is_no_journal_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let first = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Journal::open(&path).unwrap_err().to_string()
        };
        assert!(first("").contains("no journal"));
        assert!(first("{}\n").contains("missing field"));
        let mut other = First::of(&beginning());
        other.version = 2;
        let text = serde_json::to_string(&other).unwrap();
        assert!(first(&format!("{text}\n")).contains("`longshore-erasing` 2"));
        let mut other = First::of(&beginning());
        other.key = "AAAA".into();
        let text = serde_json::to_string(&other).unwrap();
        assert!(first(&format!("{text}\n")).contains("`key`"));
    }

    /// `frozen-1.journal` is what the first release wrote.
    #[test]
    fn the_journal_of_the_first_release_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frozen");
        std::fs::write(&path, include_bytes!("frozen-1.journal")).unwrap();
        let journal = Journal::open(&path).unwrap().unwrap();
        assert_eq!(journal.beginning().marks, beginning().marks);
        assert_eq!(journal.state().wrote, [1 << 30, 512 << 20]);
        assert_eq!(journal.state().resumed, 1);
    }
}
