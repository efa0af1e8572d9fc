//! Looks through a folder before anything is done with it: what there is to load, what would be left
//! out, and which names cannot be.
//!
//! Reads names and sizes only. Everything is decided by [`model::plan`], as it is when the folder is
//! loaded.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use disks::tree::{DeviceGone, Tree};
use model::entry::{Entry, EntryKind, EntryPath};
use model::ids::ObjectKey;
use model::manifest::S3Import;
use model::naming;
use model::outcome::{EntryRecord, Failure, IgnoreRule, Outcome};
use model::plan::{self, Item};
use model::report::{self, summary::Summary};
use model::time::{Clock as _, SystemClock, Timestamp};
use transfer::stop::Stop;

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Files that would be loaded.
    pub(super) files: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// The largest of them that takes room in the store, in bytes.
    pub(super) largest: u64,
    /// What they take in the embedded store, in bytes, without what is unchanged.
    pub(super) stored_bytes: u64,
    /// What would be left out or fail, by kind.
    pub(super) findings: Summary,
}

/// Sees each file that would be loaded; says what becomes of it.
pub(super) type Visit<'a> = dyn FnMut(&ObjectKey, u64) -> Takes + 'a;

/// What becomes of a file: whether it takes room that is not taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Yes.
    Room,
    /// The store has it already.
    Nothing,
    /// It fails: another object has its key and is not to be replaced.
    Refused,
}

/// Looks through `tree`.
///
/// # Errors
/// [`DeviceGone`] if it cannot be listed.
pub(super) fn survey(
    tree: &dyn Tree,
    rules: &S3Import,
    stop: &Stop,
    visit: &mut Visit<'_>,
) -> Result<Survey, DeviceGone> {
    let mut looking = Looking {
        rules,
        now: SystemClock.now(),
        keys: naming::may_collide(rules).then(BTreeMap::new),
        survey: Survey::default(),
    };
    tree.walk(&mut |found| {
        match found {
            Ok(entry) => looking.entry(&entry, visit),
            Err(bad) => {
                let failed = Outcome::Failed(Failure::unloadable(&bad.why, None));
                looking.note(EntryRecord::new(&bad.path, bad.bytes, looking.now, failed));
            }
        }
        match stop.is_set() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })?;
    Ok(looking.survey)
}

struct Looking<'a> {
    rules: &'a S3Import,
    now: Timestamp,
    /// Where two files may come to one key, those that are taken.
    keys: Option<BTreeMap<ObjectKey, ()>>,
    survey: Survey,
}

impl Looking<'_> {
    fn entry(&mut self, entry: &Entry, visit: &mut Visit<'_>) {
        let size = entry.bytes();
        let item = match plan::import_item(self.rules, entry) {
            // A folder with the SIGNATURE of a device is refused: this is a file like any other.
            Item::Ignore(IgnoreRule::Signature) => plan::file_item(self.rules, entry, size),
            item => item,
        };
        let outcome = match item {
            Item::Load { key, bytes } => match self.claim(&key) {
                true => match visit(&key, bytes) {
                    Takes::Refused if report::has_name_of_one(&key) => {
                        Outcome::Failed(Failure::report_exists(key))
                    }
                    Takes::Refused => Outcome::Failed(Failure::exists(key)),
                    takes => return self.load(bytes, takes),
                },
                false => Outcome::Failed(Failure::collision(key)),
            },
            Item::Ignore(rule) => Outcome::Ignored {
                rule,
                target: target(entry),
            },
            Item::Fail(failure) => Outcome::Failed(failure),
        };
        self.note(EntryRecord::new(&entry.path, size, self.now, outcome));
    }

    fn load(&mut self, bytes: u64, takes: Takes) {
        let survey = &mut self.survey;
        survey.files += 1;
        survey.bytes = survey.bytes.saturating_add(bytes);
        if takes == Takes::Room {
            survey.largest = survey.largest.max(bytes);
            survey.stored_bytes = survey
                .stored_bytes
                .saturating_add(super::room::of_file(bytes));
        }
    }

    fn claim(&mut self, key: &ObjectKey) -> bool {
        let keys = self.keys.as_mut();
        keys.is_none_or(|keys| keys.insert(key.clone(), ()).is_none())
    }

    fn note(&mut self, record: EntryRecord) {
        self.survey.findings.add(&record);
    }
}

/// Where a link leads, or what is said of a volume.
fn target(entry: &Entry) -> Option<String> {
    match &entry.kind {
        EntryKind::SymbolicLink { target } => Some(EntryPath::new(target.clone()?).to_string()),
        EntryKind::Volume(note) => Some(note.words().to_owned()),
        EntryKind::File { .. } | EntryKind::Special | EntryKind::EmptyFolder => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::tree::folder::Folder;

    #[test]
    fn a_folder_is_counted_as_it_would_be_loaded() {
        let world = tempfile::tempdir().unwrap();
        let at = |name: &str| world.path().join(name);
        std::fs::create_dir_all(at("empty/deeper")).unwrap();
        std::fs::write(at("a.txt"), "12345").unwrap();
        std::fs::write(at("b.tmp"), "x").unwrap();
        std::fs::write(at("SIGNATURE"), "dear all").unwrap();
        std::fs::write(at("n".repeat(200).as_str()), "x").unwrap();
        std::os::unix::fs::symlink("/elsewhere", at("link")).unwrap();
        let options = super::super::manifest::Options {
            bucket: None,
            prefix: Some(&"p".repeat(900)),
            device: "d",
            country: &model::manifest::Country::new("US"),
        };
        let text = "bucket: photos\nignore:\n    - \\.tmp$\n";
        let rules = super::super::manifest::fill(text, options).unwrap().rules;
        let tree = Folder::open(world.path()).unwrap();
        let mut seen = Vec::new();
        let found = survey(&tree, &rules, &Stop::default(), &mut |key, bytes| {
            seen.push((key.as_str().len(), bytes));
            Takes::Room
        });
        let found = found.unwrap();
        assert_eq!(
            seen,
            [(909, 8), (905, 5)],
            "SIGNATURE is a file of its owner's"
        );
        assert_eq!((found.files, found.bytes, found.largest), (2, 13, 8));
        assert!(
            found
                .findings
                .failures()
                .contains("1 with 400 KeyTooLongError")
        );
        let left_out = found.findings.left_out();
        for words in [
            "1 file (matched",
            "link -> /elsewhere",
            "1 empty folder",
            "    empty/deeper",
        ] {
            assert!(left_out.contains(words), "{left_out}");
        }
    }
}
