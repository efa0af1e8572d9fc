//! How far a transfer is, and the one sentence that says so: on the operator's terminal, and to
//! the customer as `ProgressMessage`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::control::Tally;
use crate::readable;

/// Most characters of a file's name in the sentence: with it the rest fits on two lines.
const NAME_CHARS: usize = 80;

/// What the way of a file weighs beside its bytes, in bytes: a request takes about as long as sending
/// so much of it. Three films and ten thousand small files are each half of the work.
const FILE_WEIGHT: u128 = 32 << 10;

/// How far a transfer is. A station of an earlier release tells only `tally` and `current`; the
/// rest is then zero or unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// What has become of the entries so far.
    pub tally: Tally,
    /// The entry whose reading was last begun; none when there is nothing left to read.
    #[serde(default)]
    pub current: Option<String>,
    /// Entries found so far that are to be loaded: those left out by a rule are not among them.
    #[serde(default)]
    pub found: u64,
    /// Their bytes.
    #[serde(default)]
    pub found_bytes: u64,
    /// Whether the device has been walked to its end, so that `found` is all there is.
    #[serde(default)]
    pub found_all: bool,
    /// Bytes that are in the store: those of unfinished files and of earlier attempts too.
    #[serde(default)]
    pub sent_bytes: u64,
    /// Bytes per second, lately.
    #[serde(default)]
    pub rate: Option<u64>,
    /// About how many seconds are left.
    #[serde(default)]
    pub seconds_left: Option<u64>,
}

impl Figures {
    /// The same of a transfer that nobody is at any more: what is done stays, the rest is past.
    #[must_use]
    pub fn at_rest(self) -> Self {
        Self {
            current: None,
            rate: None,
            seconds_left: None,
            ..self
        }
    }

    /// How much is done, in thousandths of the work: of the bytes and of the files, each of which
    /// weighs so many bytes more. Nothing while nothing is found.
    #[must_use]
    pub fn thousandths(&self) -> u64 {
        let work = |files: u64, bytes: u64| u128::from(files) * FILE_WEIGHT + u128::from(bytes);
        let (done, whole) = (
            work(
                self.settled().min(self.found),
                self.sent().min(self.found_bytes),
            ),
            work(self.found, self.found_bytes),
        );
        match (done * 1000).checked_div(whole) {
            Some(share) => u64::try_from(share).unwrap_or(1000),
            None if self.found_all => 1000,
            None => 0,
        }
    }

    /// How many files are loaded of how many: `12,345 of 50,000 files`.
    #[must_use]
    pub fn files(&self) -> String {
        let loaded = readable::number(self.tally.stored);
        if self.found == 0 {
            return format!("{loaded} {}", files(self.tally.stored));
        }
        // What was counted first may have changed since.
        let found = self.found.max(self.settled());
        let (of, noun) = (self.of(), files(found));
        format!("{loaded} {of} {} {noun}", readable::number(found))
    }

    /// How many bytes are loaded of how many: `1.2 of 8.4 GB`, `350 MB of 8.4 GB`.
    #[must_use]
    pub fn bytes(&self) -> String {
        let loaded = readable::bytes(self.sent());
        if self.found == 0 {
            return loaded;
        }
        let found = readable::bytes(self.found_bytes.max(self.sent()));
        let (number, unit) = loaded.rsplit_once(' ').unwrap_or((&loaded, ""));
        let loaded = if found.ends_with(&format!(" {unit}")) {
            number
        } else {
            &loaded
        };
        format!("{loaded} {} {found}", self.of())
    }

    /// Rate and time left, if they are known: `35 MB/s, about 3 min left`.
    #[must_use]
    pub fn pace(&self) -> Option<String> {
        let rate = self.rate.map(readable::rate);
        let left = self.seconds_left.map(readable::about);
        let left = left.map(|left| format!("about {left} left"));
        let known: Vec<String> = rate.into_iter().chain(left).collect();
        Some(known.join(", ")).filter(|_| !known.is_empty())
    }

    /// The name of the entry that is being read, on one line and short.
    #[must_use]
    pub fn current(&self) -> Option<String> {
        let current = self.current.as_deref()?;
        Some(readable::name(current, NAME_CHARS))
    }

    fn settled(&self) -> u64 {
        self.tally.stored.saturating_add(self.tally.failed)
    }

    fn sent(&self) -> u64 {
        self.sent_bytes.max(self.tally.bytes)
    }

    fn of(&self) -> &'static str {
        if self.found_all { "of" } else { "of at least" }
    }
}

/// The sentence of a load, without a full stop: it ends in a name.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f, "Loaded")
    }
}

impl Figures {
    /// The sentence of other work, such as `Verified`.
    #[must_use]
    pub fn sentence(&self, done: &str) -> String {
        let mut sentence = String::new();
        self.tell(&mut sentence, done)
            .expect("memory takes what is written");
        sentence
    }

    fn tell(&self, f: &mut dyn fmt::Write, done: &str) -> fmt::Result {
        write!(f, "{done} {} ({})", self.files(), self.bytes())?;
        if let Some(pace) = self.pace() {
            write!(f, ", {pace}")?;
        }
        let failed = self.tally.failed;
        if failed > 0 {
            let (number, noun) = (readable::number(failed), files(failed));
            let done = done.to_lowercase();
            write!(f, "; {number} {noun} could not be {done}")?;
        }
        match self.current() {
            Some(current) => write!(f, "; now {current}"),
            None => Ok(()),
        }
    }
}

fn files(number: u64) -> &'static str {
    if number == 1 { "file" } else { "files" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Figures {
        Figures {
            tally: Tally {
                stored: 12_345,
                bytes: 1_150_000_000,
                ignored: 7,
                failed: 2,
            },
            current: Some("photos/2009/img_0412.jpg".to_owned()),
            found: 50_000,
            found_bytes: 8_400_000_000,
            found_all: true,
            sent_bytes: 1_200_000_000,
            rate: Some(35_000_000),
            seconds_left: Some(180),
        }
    }

    fn tally(stored: u64, bytes: u64, failed: u64) -> Tally {
        Tally {
            stored,
            bytes,
            failed,
            ..Tally::default()
        }
    }

    #[test]
    fn the_sentence_says_what_is_known() {
        let counting = Figures {
            found_all: false,
            seconds_left: None,
            sent_bytes: 350_000_000,
            tally: tally(1, 0, 1),
            ..whole()
        };
        let old = Figures {
            tally: tally(1_234, 5_600_000_000, 0),
            current: Some("a/b".to_owned()),
            ..Figures::default()
        };
        let changed = Figures {
            found: 1,
            found_bytes: 10,
            sent_bytes: 20,
            tally: tally(2, 20, 0),
            found_all: true,
            ..Figures::default()
        };
        let begun = Figures {
            found: 1,
            found_all: true,
            ..Figures::default()
        };
        for (figures, sentence) in [
            (
                whole(),
                "Loaded 12,345 of 50,000 files (1.2 of 8.4 GB), 35 MB/s, about 3 min left; 2 files \
                 could not be loaded; now photos/2009/img_0412.jpg",
            ),
            (
                whole().at_rest(),
                "Loaded 12,345 of 50,000 files (1.2 of 8.4 GB); 2 files could not be loaded",
            ),
            (
                counting,
                "Loaded 1 of at least 50,000 files (350 MB of at least 8.4 GB), 35 MB/s; 1 file \
                 could not be loaded; now photos/2009/img_0412.jpg",
            ),
            (old, "Loaded 1,234 files (5.6 GB); now a/b"),
            (changed, "Loaded 2 of 2 files (20 of 20 B)"),
            (begun, "Loaded 0 of 1 file (0 of 0 B)"),
            (Figures::default(), "Loaded 0 files (0 B)"),
        ] {
            assert_eq!(figures.to_string(), sentence);
        }
        assert_eq!(
            whole().at_rest().sentence("Verified"),
            "Verified 12,345 of 50,000 files (1.2 of 8.4 GB); 2 files could not be verified"
        );
    }

    #[test]
    fn a_name_can_neither_leave_the_line_nor_fill_it() {
        let current = Some(format!("a\x1b[2J\n{}\u{202e}.jpg", "x".repeat(9000)));
        let sentence = Figures { current, ..whole() }.to_string();
        let name = sentence.rsplit_once("now ").unwrap().1;
        assert!(name.starts_with("a\\u{1b}[2J\\nxx"), "{name}");
        assert!(name.ends_with("xx\\u{202e}.jpg") && name.contains("xx…xx"));
        assert_eq!(name.chars().count(), NAME_CHARS);
    }

    #[test]
    fn a_share_is_of_the_work_which_files_and_bytes_make() {
        let with = |stored, found, sent_bytes, found_bytes| Figures {
            tally: tally(stored, 0, 0),
            found,
            sent_bytes,
            found_bytes,
            ..Figures::default()
        };
        const MB: u64 = 1_000_000;
        assert_eq!(with(5, 10, 500 * MB, 1000 * MB).thousandths(), 500);
        assert_eq!(with(5, 10, 0, 0).thousandths(), 500, "empty files");
        // Three films are sent, ten thousand small files are not.
        let films = with(3, 10_003, 320 * MB, 360 * MB).thousandths();
        assert!((450..500).contains(&films), "{films}");
        // The small files went first.
        let small = with(10_000, 10_003, 40 * MB, 360 * MB).thousandths();
        assert!((500..550).contains(&small), "{small}");
        let almost = with(9_999, 10_000, 1000 * MB, 1000 * MB).thousandths();
        assert_eq!(almost, 999, "not all before all is done");
        assert_eq!(with(11, 10, 7, 5).thousandths(), 1000);
        assert_eq!(
            with(u64::MAX, u64::MAX, u64::MAX, u64::MAX).thousandths(),
            1000
        );
        assert_eq!(Figures::default().thousandths(), 0, "nothing is found yet");
        let found_all = true;
        let nothing = Figures {
            found_all,
            ..Figures::default()
        };
        assert_eq!(nothing.thousandths(), 1000, "there is nothing");
    }
}
