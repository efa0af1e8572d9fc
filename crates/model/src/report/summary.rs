//! The report for people: what was loaded, what was not, what proves it, and where to read more.

use std::collections::BTreeMap;

use crate::capabilities::{Capabilities, Finding};
use crate::outcome::{EntryRecord, How, IgnoreRule, Outcome, Stored};
use crate::proof::Attempt;
use crate::readable;
use crate::report::Keys;
use crate::report::lines::{Head, Totals, Work};
use crate::time::Timestamp;

/// `Content-Type` of the report object.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// Files that are named of those that failed with one code.
const EXAMPLES: usize = 3;

/// Objects that are named of those that were replaced.
const REPLACED: usize = 200;

/// Objects that are named of those that have zeros where the device could not be read.
const PARTIAL: usize = 200;

/// Codes that are told apart. They come from stores, and there may be any number of them.
const CODES: usize = 32;

/// Characters of a name or a reason that are shown.
const SHOWN: usize = 160;

/// What the entries of a report come to. Does not grow with their number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Counted.
    pub totals: Totals,
    /// When the first and the last entry were processed.
    times: Option<(Timestamp, Timestamp)>,
    /// By status and code.
    failures: BTreeMap<(u16, String), Failures>,
    /// Failures with further codes.
    others: u64,
    /// The first files whose objects took the place of others.
    replaced: Vec<String>,
    /// The first files that are stored in part, and what is missing of each.
    partial: Vec<(String, String)>,
    /// What was left out, by kind.
    left_out: BTreeMap<LeftOut, Ignored>,
}

/// Why entries were left out, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LeftOut {
    Pattern,
    Link,
    Special,
    Signature,
    EmptyFolder,
    Volume,
    Remark,
    NameGone,
}

/// Entries that were left out by one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Ignored {
    count: u64,
    /// The first ones.
    examples: Vec<String>,
}

impl LeftOut {
    fn of(rule: IgnoreRule) -> Self {
        match rule {
            IgnoreRule::Signature => Self::Signature,
            IgnoreRule::Manifest => Self::Pattern,
            IgnoreRule::SymbolicLink => Self::Link,
            IgnoreRule::Special => Self::Special,
            IgnoreRule::EmptyFolder => Self::EmptyFolder,
            IgnoreRule::Volume => Self::Volume,
            IgnoreRule::Remark => Self::Remark,
            IgnoreRule::NameGone => Self::NameGone,
        }
    }

    /// What one is, what several are, and why they are left out.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Pattern => ["file", "files", "matched by `ignore` of the manifest"],
            Self::Link => ["symbolic link", "symbolic links", "never followed"],
            Self::Special => [
                "special file",
                "special files",
                "a device node, socket or pipe",
            ],
            Self::Signature => ["SIGNATURE file", "SIGNATURE files", "names the job"],
            Self::EmptyFolder => ["empty folder", "empty folders", "no object stands for one"],
            Self::Volume => ["volume", "volumes", "no data of a customer, or not chosen"],
            Self::Remark => [
                "remark on a volume",
                "remarks on volumes",
                "nothing of it is left out",
            ],
            Self::NameGone => [
                "name that could be no key",
                "names that could be no keys",
                "the device has them no more",
            ],
        }
    }
}

/// Entries that failed with one code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Failures {
    count: u64,
    /// Path and reason of the first ones.
    examples: Vec<(String, String)>,
}

impl Summary {
    /// Takes one entry.
    pub fn add(&mut self, record: &EntryRecord) {
        self.totals.add(record);
        let (first, last) = self.times.unwrap_or((record.at, record.at));
        self.times = Some((first.min(record.at), last.max(record.at)));
        let failure = match &record.outcome {
            Outcome::Failed(failure) => failure,
            Outcome::Ignored { rule, target } => {
                return self.ignore(&record.file, *rule, target.as_deref());
            }
            Outcome::Stored(stored) => return self.store(record, stored),
        };
        let code = (failure.status.get(), failure.code.to_string());
        if self.failures.len() == CODES && !self.failures.contains_key(&code) {
            self.others += 1;
            return;
        }
        let group = self.failures.entry(code).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let shown = |text: &str| readable::name(text, SHOWN);
            let example = (shown(&record.file), shown(&failure.reason));
            group.examples.push(example);
        }
    }

    fn store(&mut self, record: &EntryRecord, stored: &Stored) {
        if record.how == How::Replaced && self.replaced.len() < REPLACED {
            self.replaced.push(readable::name(&record.file, SHOWN));
        }
        if record.is_partial() && self.partial.len() < PARTIAL {
            let file = readable::name(&record.file, SHOWN);
            self.partial
                .push((file, stored.missing.words(record.bytes)));
        }
    }

    fn ignore(&mut self, file: &str, rule: IgnoreRule, target: Option<&str>) {
        let group = self.left_out.entry(LeftOut::of(rule)).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            let file = readable::name(file, SHOWN);
            group.examples.push(match target {
                Some(words) if matches!(rule, IgnoreRule::Volume | IgnoreRule::Remark) => {
                    format!("{file}: {}", readable::name(words, SHOWN))
                }
                Some(target) => format!("{file} -> {}", readable::name(target, SHOWN)),
                None => file,
            });
        }
    }

    /// What was left out, by kind, with the first of each; empty if nothing was.
    #[must_use]
    pub fn left_out(&self) -> String {
        let mut text = String::new();
        for (kind, group) in &self.left_out {
            let [one, several, why] = kind.words();
            let noun = if group.count == 1 { one } else { several };
            text.push_str(&format!(
                "  {} {noun} ({why})\n",
                readable::number(group.count)
            ));
            for example in &group.examples {
                text.push_str(&format!("    {example}\n"));
            }
            if group.count > EXAMPLES as u64 {
                text.push_str("    …\n");
            }
        }
        text
    }

    /// The whole text. `keys` is where the reports lie, and the map of the device if it has one.
    #[must_use]
    pub fn text(&self, head: &Head, keys: &Keys, has_map: bool) -> String {
        let work = head.about.work;
        let section = |name: &str, text: String| match text.as_str() {
            "" => text,
            some => format!("\n{name}\n{some}"),
        };
        let sections = [
            section(&format!("Not {}", work.done()), self.failures()),
            section("In part", self.partial()),
            section("Replaced", self.replaced(REPLACED)),
            section("Left out", self.left_out()),
        ];
        format!(
            "{} {}\n\n{}{}\nProof\n{}\nReports\n{}",
            work.name(),
            head.about.job,
            self.facts(head),
            sections.concat(),
            indented(&self.proof(work, &head.attempts)),
            reports(head, keys, has_map)
        )
    }

    fn facts(&self, head: &Head) -> String {
        let (about, totals) = (&head.about, &self.totals);
        let job = format!("of account {}, made {}", about.account, about.created);
        let bucket = about.bucket.as_ref().map(|bucket| {
            let prefix = readable::name(&about.prefix, SHOWN);
            match prefix.as_str() {
                "" => format!("Bucket      {bucket}\n"),
                prefix => format!("Bucket      {bucket}, keys begin with `{prefix}`\n"),
            }
        });
        let (sent, sent_bytes) = totals.sent();
        let loaded = files(sent, sent_bytes);
        let mut text = format!("Job         {job}\n{}", bucket.unwrap_or_default());
        let done = about.work.done();
        let (ignored, failed) = (totals.ignored, totals.failed);
        let unchanged = files(totals.unchanged, totals.unchanged_bytes);
        for (name, fact, is_told) in [
            (capitalised(done), loaded, true),
            ("Unchanged".to_owned(), unchanged, totals.unchanged > 0),
            (
                "Found".to_owned(),
                format!(
                    "{}, sent by an earlier attempt at another host",
                    files(totals.found, totals.found_bytes)
                ),
                totals.found > 0,
            ),
            (
                "Replaced".to_owned(),
                readable::number(totals.replaced),
                totals.replaced > 0,
            ),
            (
                "Sent again".to_owned(),
                format!(
                    "{}, not in the bucket any more",
                    readable::number(totals.sent_again)
                ),
                totals.sent_again > 0,
            ),
            (
                "In part".to_owned(),
                format!(
                    "{}, with zeros where the device could not be read",
                    readable::number(totals.partial)
                ),
                totals.partial > 0,
            ),
            ("Left out".to_owned(), readable::number(ignored), true),
            (format!("Not {done}"), readable::number(failed), true),
        ] {
            if is_told {
                text.push_str(&format!("{name:<12}{fact}\n"));
            }
        }
        if let Some(time) = self.time(&head.attempts) {
            text.push_str(&format!("Time        {time}\n"));
        }
        text
    }

    /// From the first attempt to the last entry. Several attempts have no rate: nobody knows what
    /// went on between them.
    fn time(&self, attempts: &[Attempt]) -> Option<String> {
        let (first, last) = self.times?;
        let begun = attempts.iter().map(|attempt| attempt.at).min();
        let begun = begun.unwrap_or(first).min(last);
        let seconds = last.since(begun).whole_seconds().unsigned_abs();
        let span = format!("{begun} to {last}");
        Some(match (attempts.len(), seconds) {
            (..2, 0) => span,
            (..2, _) => format!(
                "{span}, {}",
                readable::rate(self.sent_now().checked_div(seconds).unwrap_or_default())
            ),
            (count, _) => format!("{span}, in {count} attempts"),
        })
    }

    /// Bytes that were sent in the attempts that the report knows.
    fn sent_now(&self) -> u64 {
        let (_, sent) = self.totals.sent();
        sent.saturating_sub(self.totals.found_bytes)
    }

    /// What was not loaded, by code, with the first of each; empty if everything was.
    #[must_use]
    pub fn failures(&self) -> String {
        let mut text = String::new();
        for ((status, code), group) in &self.failures {
            let (count, code) = (readable::number(group.count), readable::name(code, SHOWN));
            text.push_str(&format!("  {count} with {status} {code}\n"));
            for (path, reason) in &group.examples {
                text.push_str(&format!("    {path}: {reason}\n"));
            }
            if group.count > EXAMPLES as u64 {
                text.push_str("    …\n");
            }
        }
        if self.others > 0 {
            let others = readable::number(self.others);
            text.push_str(&format!("  {others} with other codes\n"));
        }
        text
    }

    /// The first files whose objects took the place of others, at most so many; empty if none did.
    #[must_use]
    pub fn replaced(&self, most: usize) -> String {
        let named = self.replaced.iter().take(most);
        let mut text: String = named.clone().map(|path| format!("  {path}\n")).collect();
        let more = self.totals.replaced.saturating_sub(named.count() as u64);
        text.push_str(&and_more(more));
        text
    }

    /// The first files that are stored with zeros in them; empty if none is.
    #[must_use]
    pub fn partial(&self) -> String {
        let named = self.partial.iter();
        let mut text: String = named
            .map(|(path, missing)| format!("  {path}: {missing}\n"))
            .collect();
        let more = self
            .totals
            .partial
            .saturating_sub(self.partial.len() as u64);
        text.push_str(&and_more(more));
        text
    }

    /// What proves that one side has the bytes of the other, in one or two sentences.
    #[must_use]
    pub fn proof(&self, work: Work, attempts: &[Attempt]) -> String {
        let (count, of) = (self.totals.read_back, self.totals.stored);
        let (count, of) = (readable::number(count), readable::number(of));
        let read_back = match (self.totals.read_back, work) {
            (0, _) => "Nothing was read back.".to_owned(),
            (_, Work::Export) => format!(
                "{count} of {of} files were read back from the device and were as the store sent \
                 them."
            ),
            _ => format!("{count} of {of} files were read back and had the SHA-256 of the device."),
        };
        match work {
            Work::Export => read_back,
            _ => {
                let names = names_of_store(attempts);
                format!("{}\n{names}{read_back}", checked_by_store(attempts))
            }
        }
    }
}

/// That some are not named here.
fn and_more(more: u64) -> String {
    match more {
        0 => String::new(),
        more => format!(
            "  and {} more, in the report for programs\n",
            readable::number(more)
        ),
    }
}

fn files(count: u64, bytes: u64) -> String {
    format!(
        "{} file{}, {} bytes ({})",
        readable::number(count),
        if count == 1 { "" } else { "s" },
        readable::number(bytes),
        readable::bytes(bytes)
    )
}

/// What the store was found to refuse, in every attempt.
fn checked_by_store(attempts: &[Attempt]) -> String {
    type Check = (&'static str, fn(&Capabilities) -> Finding);
    const CHECKS: [Check; 4] = [
        ("SHA-256", |store| store.sha256),
        ("CRC-64/NVME", |store| store.crc64nvme),
        ("MD5", |store| store.md5),
        ("signature of the body", |store| store.signed_body),
    ];
    let probed: Vec<&Attempt> = attempts.iter().filter(|a| a.has_probed()).collect();
    if probed.is_empty() {
        return "The store was not probed.".to_owned();
    }
    let is_honored = |check: &&Check| probed.iter().all(|a| check.1(&a.store).is_honored());
    let names: Vec<&str> = CHECKS.iter().filter(is_honored).map(|c| c.0).collect();
    match names.as_slice() {
        [] => "The store was found not to check what it is sent.".to_owned(),
        [only] => format!("The store was found to refuse a body with a wrong {only}."),
        [most @ .., last] => format!(
            "The store was found to refuse a body with a wrong {} or {last}.",
            most.join(", ")
        ),
    }
}

/// Which keys the store of the last attempt was found not to keep; empty, or whole lines.
fn names_of_store(attempts: &[Attempt]) -> String {
    let words = attempts.last().map(|last| last.store.key_space.words());
    match words {
        Some(words) if !words.is_empty() => words + "\n",
        _ => String::new(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn reports(head: &Head, keys: &Keys, has_map: bool) -> String {
    let bucket = &head.about.log.bucket;
    let line = |key, what| format!("  s3://{bucket}/{key}\n    {what}\n");
    let lines = match head.about.work {
        Work::Import => {
            "the same with all that is known (JSON Lines); `longshore verify` compares it with the \
             bucket or the device"
        }
        Work::Export => {
            "the same with all that is known (JSON Lines); `longshore verify` compares it with the \
             device"
        }
        Work::Snapshot | Work::Archive => "the same with all that is known (JSON Lines)",
    };
    let map = "what could not be read of the device, as GNU ddrescue writes it";
    [
        line(&keys.csv, "one line for each entry, as AWS wrote it (CSV)"),
        line(&keys.lines, lines),
        line(&keys.summary, "this text"),
        match has_map {
            true => line(&keys.map, map),
            false => String::new(),
        },
    ]
    .concat()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::EntryPath;
    use crate::ids::ObjectKey;
    use crate::missing::Missing;
    use crate::outcome::Failure;
    use crate::report::keys;

    fn head() -> Head {
        let frozen = include_str!("../../tests/report/version-1.jsonl");
        Head::parse(frozen.lines().next().unwrap().as_bytes()).unwrap()
    }

    fn record(path: &str, second: i64, outcome: Outcome) -> EntryRecord {
        let at = Timestamp::from_unix(1_300_000_000 + second);
        EntryRecord::new(&EntryPath::new(path), 1_000_000, at, outcome)
    }

    fn stored(path: &str, second: i64) -> EntryRecord {
        let outcome = Outcome::Stored(Stored {
            key: ObjectKey::new(path).unwrap(),
            md5: String::new(),
            sha256: String::new(),
            etag: String::new(),
            content_type: String::new(),
            parts: 0,
            read_back: second == 1,
            found: false,
            missing: Missing::default(),
        });
        record(path, second, outcome)
    }

    fn failed(path: &str, code: &str) -> EntryRecord {
        let key = ObjectKey::new(path).unwrap();
        let failure = Failure::refused(403, code.to_owned(), "no\x1b[2J".to_owned(), key);
        record(path, 2, Outcome::Failed(failure))
    }

    #[test]
    fn the_text_is_the_published_one() {
        let mut summary = Summary::default();
        for second in 1..=4 {
            summary.add(&stored(&format!("f{second}"), second));
        }
        for path in ["a", "b", "c", "d"] {
            summary.add(&failed(path, "AccessDenied"));
        }
        let text = summary.text(&head(), &keys(&head().about.log), false);
        assert_eq!(text, include_str!("../../tests/report/summary.txt"));
    }

    #[test]
    fn what_is_left_out_is_named_by_kind() {
        let mut summary = Summary::default();
        for (path, rule, target) in [
            (
                "more",
                IgnoreRule::SymbolicLink,
                Some("/other/disk/\x1b[2J"),
            ),
            ("pipe", IgnoreRule::Special, None),
            ("a/empty", IgnoreRule::EmptyFolder, None),
            ("SIGNATURE", IgnoreRule::Signature, None),
            (
                "partition-1",
                IgnoreRule::Volume,
                Some("it is an EFI system partition"),
            ),
            (
                "partition-2",
                IgnoreRule::Remark,
                Some("it was not ejected cleanly"),
            ),
        ] {
            let target = target.map(str::to_owned);
            summary.add(&record(path, 1, Outcome::Ignored { rule, target }));
        }
        for number in 0..1_234 {
            let ignored = Outcome::ignored(IgnoreRule::Manifest);
            summary.add(&record(&format!("{number}.tmp"), 1, ignored));
        }
        let left_out = "  1,234 files (matched by `ignore` of the manifest)\n    0.tmp\n    1.tmp\n    \
            2.tmp\n    …\n\
            \x20 1 symbolic link (never followed)\n    more -> /other/disk/\\u{1b}[2J\n\
            \x20 1 special file (a device node, socket or pipe)\n    pipe\n\
            \x20 1 SIGNATURE file (names the job)\n    SIGNATURE\n\
            \x20 1 empty folder (no object stands for one)\n    a/empty\n\
            \x20 1 volume (no data of a customer, or not chosen)\n    partition-1: it is an EFI system partition\n\
            \x20 1 remark on a volume (nothing of it is left out)\n    partition-2: it was not ejected cleanly\n";
        assert_eq!(summary.left_out(), left_out);
        assert_eq!(
            (summary.totals.ignored, summary.totals.empty_folders),
            (1_238, 1)
        );
        let text = summary.text(&head(), &keys(&head().about.log), false);
        assert!(
            text.contains(&format!("\nLeft out\n{left_out}\nProof\n")),
            "{text}"
        );
    }

    #[test]
    fn several_attempts_have_no_rate_and_their_weakest_store_counts() {
        let mut head = head();
        let mut second = head.attempts[0].clone();
        second.store.sha256 = Finding::Ignored;
        head.attempts.push(second);
        let mut summary = Summary::default();
        summary.add(&stored("a", 9));
        let text = summary.text(&head, &keys(&head.about.log), false);
        assert!(text.contains(", in 2 attempts\n"), "{text}");
        assert!(!text.contains("SHA-256, MD5"), "{text}");
        assert!(text.contains("Nothing was read back."));
    }

    #[test]
    fn what_was_replaced_is_named_up_to_a_bound_and_what_was_unchanged_is_counted() {
        let mut summary = Summary::default();
        for number in 0..REPLACED + 5 {
            let mut record = stored(&format!("f{number}"), 9);
            record.how = How::Replaced;
            summary.add(&record);
        }
        for (how, path) in [(How::Unchanged, "same"), (How::SentAgain, "gone")] {
            let mut record = stored(path, 9);
            record.how = how;
            summary.add(&record);
        }
        let text = summary.text(&head(), &keys(&head().about.log), false);
        for line in [
            "Loaded      206 files, 206,000,000 bytes (206 MB)\n",
            "Unchanged   1 file, 1,000,000 bytes (1.0 MB)\n",
            "Replaced    205\n",
            "Sent again  1, not in the bucket any more\n",
            "\nReplaced\n  f0\n  f1\n",
            "  f199\n  and 5 more, in the report for programs\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("f200"));
    }

    #[test]
    fn what_is_stored_in_part_is_named_and_the_map_of_the_device_is_told() {
        let mut summary = Summary::default();
        for number in 0..PARTIAL + 1 {
            let mut partial = stored(&format!("film-{number}"), 9);
            if let Outcome::Stored(stored) = &mut partial.outcome {
                stored.missing = Missing::of(std::iter::once(512..1024)).unwrap();
            }
            summary.add(&partial);
        }
        let keys = keys(&head().about.log);
        let text = summary.text(&head(), &keys, true);
        for line in [
            "In part     201, with zeros where the device could not be read\n",
            "\nIn part\n  film-0: 512 of 1,000,000 bytes could not be read, first at 512\n",
            "  and 1 more, in the report for programs\n\nProof\n",
            "  s3://logs/import-log-ABCDE-map\n    what could not be read of the device",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn keys_that_the_store_was_found_not_to_keep_are_told() {
        use crate::key_space::{Kept, Oddity};
        let mut head = head();
        let keys = &mut head.attempts[0].store.key_space.odd;
        keys.insert(Oddity::Capitals, Kept::Merged);
        keys.insert(Oddity::Plus, Kept::Apart);
        let proof = Summary::default().proof(Work::Import, &head.attempts);
        let words = "The store was found to take for the same key one that has capital letters.\n";
        assert!(proof.contains(words), "{proof}");
        assert!(!proof.contains('+'), "{proof}");
    }

    #[test]
    fn any_number_of_codes_is_held_in_little_memory() {
        let mut summary = Summary::default();
        for code in 0..1000 {
            summary.add(&failed("a", &format!("Code{code}")));
        }
        assert_eq!(summary.failures.len(), CODES);
        assert!(summary.failures().ends_with("  968 with other codes\n"));
        assert_eq!(summary.totals.failed, 1000);
    }
}
