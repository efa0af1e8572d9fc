//! What must be true, said from the manifest and the device alone: the code under test is asked
//! only what the published rules say of a single entry ([`model::plan`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use model::attributes::Attributes;
use model::entry::{Entry, EntryPath};
use model::identity;
use model::ids::{BucketName, JobId, ObjectKey};
use model::job::Job;
use model::manifest::{OnUnreadable, S3Import};
use model::missing::Missing;
use model::outcome::{Failure, IgnoreRule};
use model::plan::{self, Item};
use model::progress::LogLocation;
use objectstore::memory::MemoryBucket;
use objectstore::{Bucket, Checksums};
use server::jobstore::HistoryLine;
use transfer::settings::Settings;

use crate::device::{self, Kind, Thing};
use crate::report::{self, Row};
use crate::store::PROBE;

/// An object as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub body: Vec<u8>,
    /// What it carries.
    pub attributes: Attributes,
}

/// The true outcome of one entry.
#[derive(Debug, Clone)]
struct Truth {
    row: Row,
    /// What else the report may say: of files that can be read at times.
    or: Option<Row>,
    object: Option<(ObjectKey, Object)>,
}

/// What a job must come to.
pub struct Oracle {
    truths: Vec<Truth>,
    bucket: BucketName,
    log: LogLocation,
    has_sha256: bool,
}

impl Oracle {
    /// What the manifest makes of what is on a device, in the order of the paths, whose SIGNATURE is at these.
    #[must_use]
    pub fn new(
        rules: &S3Import,
        things: &[Thing],
        signed: &[EntryPath],
        log: &LogLocation,
        settings: &Settings,
    ) -> Self {
        let mut claimed = BTreeSet::new();
        let truth = |thing: &Thing| match signed.contains(&thing.path) {
            true => ignored(thing, IgnoreRule::Signature),
            false => truth(rules, thing, log, &mut claimed),
        };
        Self {
            truths: things.iter().map(truth).collect(),
            bucket: rules.bucket.clone(),
            log: log.clone(),
            has_sha256: settings.sha256_metadata,
        }
    }

    /// The bucket that the files go to.
    #[must_use]
    pub fn bucket(&self) -> &BucketName {
        &self.bucket
    }

    /// Entries on the device.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.truths.len()
    }

    /// What is wrong with the bucket in the middle of a job: whatever is in it must be there, whole.
    #[must_use]
    pub fn check_so_far(&self, found: &MemoryBucket, before: &Contents) -> Vec<String> {
        let mut wrong = Vec::new();
        for (key, object) in contents(found) {
            if let Some(expected) = self.expected(&key) {
                wrong.extend(self.compare(&key, &object, expected, before));
            }
        }
        wrong.extend(
            before
                .keys()
                .filter(|key| found.head(key).ok().flatten().is_none())
                .map(|key| format!("`{key}` was in the bucket before and is gone")),
        );
        wrong
    }

    /// What is wrong with the bucket at the end of a job.
    #[must_use]
    pub fn check_bucket(
        &self,
        found: &MemoryBucket,
        before: &Contents,
        rows: &[Row],
    ) -> Vec<String> {
        let mut wrong = self.check_so_far(found, before);
        let contents = contents(found);
        for truth in &self.truths {
            let Some((key, expected)) = &truth.object else {
                continue;
            };
            // A file that could not be read when it mattered may have been stored before.
            let is_excused = truth.or.is_some() && truth.or.as_ref() == row_of(rows, truth);
            match contents.get(key) {
                None if is_excused => {}
                None => wrong.push(format!("`{key}` is not in the bucket")),
                Some(object) if object.body != expected.body && !is_excused => {
                    wrong.push(format!("`{key}` is still what it was before"));
                }
                Some(_) => {}
            }
        }
        wrong
    }

    /// What is wrong with a report.
    #[must_use]
    pub fn check_report(&self, text: &str) -> Vec<String> {
        match report::parse(text) {
            Ok(rows) => self.check_rows(&rows),
            Err(wrong) => vec![wrong],
        }
    }

    /// What is wrong with the rows of a report.
    #[must_use]
    pub fn check_rows(&self, rows: &[Row]) -> Vec<String> {
        let mut wrong = Vec::new();
        if rows.len() != self.truths.len() {
            wrong.push(format!(
                "the report has {} lines for {} entries",
                rows.len(),
                self.truths.len()
            ));
        }
        for (truth, row) in self.truths.iter().zip(rows) {
            if truth.row != *row && truth.or.as_ref() != Some(row) {
                wrong.push(format!("report: {row:?} should be {:?}", truth.row));
            }
        }
        wrong
    }

    fn expected(&self, key: &ObjectKey) -> Option<&Object> {
        let mut objects = self.truths.iter().filter_map(|truth| truth.object.as_ref());
        objects.find(|(k, _)| k == key).map(|(_, object)| object)
    }

    /// Whether an object is one that the job may put: of an entry, of the report, or of an experiment
    /// under its key.
    #[must_use]
    pub fn owns(&self, bucket: &BucketName, key: &ObjectKey) -> bool {
        let rest = key.as_str().strip_prefix(self.log.key.as_str());
        let is_report =
            rest.is_some_and(|rest| *bucket == self.log.bucket || rest.starts_with(PROBE));
        *bucket == self.bucket && self.expected(key).is_some() || is_report
    }

    fn compare(
        &self,
        key: &ObjectKey,
        found: &Object,
        expected: &Object,
        before: &Contents,
    ) -> Option<String> {
        if before.get(key) == Some(found) {
            return None;
        }
        if found.body != expected.body {
            return Some(format!("`{key}` has other bytes than its file"));
        }
        let found = self.without_sums(found);
        let expected = self.without_sums(expected);
        (found.attributes != expected.attributes).then(|| {
            format!(
                "`{key}` carries {:?}, not {:?}",
                found.attributes, expected.attributes
            )
        })
    }

    /// An object without the SHA-256 that a station may add to its metadata, if that is right.
    fn without_sums(&self, object: &Object) -> Object {
        let sum = Checksums::of(&object.body).sha256_hex();
        let mut object = object.clone();
        if self.has_sha256 {
            let metadata = &mut object.attributes.metadata;
            metadata
                .retain(|(name, value)| !(name.contains("sha256") && Some(value) == sum.as_ref()));
        }
        object
    }
}

fn row_of<'a>(rows: &'a [Row], truth: &Truth) -> Option<&'a Row> {
    rows.iter().find(|row| row.file == truth.row.file)
}

fn truth(
    rules: &S3Import,
    thing: &Thing,
    log: &LogLocation,
    claimed: &mut BTreeSet<ObjectKey>,
) -> Truth {
    let entry = match device::entry(thing) {
        Ok(entry) => entry,
        Err(_) => return line(rules, thing, &Failure::unreadable(String::new(), None)),
    };
    let item = match plan::import_item(rules, &entry) {
        // Where it is none of a device it is a file like any other.
        Item::Ignore(IgnoreRule::Signature) => plan::file_item(rules, &entry, thing.kind.bytes()),
        item => item,
    };
    match item {
        Item::Ignore(rule) => ignored(thing, rule),
        Item::Fail(failure) => line(rules, thing, &failure),
        Item::Load { key, .. } if key == log.key && rules.bucket == log.bucket => {
            line(rules, thing, &Failure::reserved(key))
        }
        Item::Load { key, .. } if !claimed.insert(key.clone()) => {
            line(rules, thing, &Failure::collision(key))
        }
        Item::Load { key, .. } => loaded(rules, thing, &entry, key),
    }
}

fn loaded(rules: &S3Import, thing: &Thing, entry: &Entry, key: ObjectKey) -> Truth {
    let mut body = match &thing.kind {
        Kind::Good(bytes) => bytes.clone(),
        Kind::BadSector(..) | Kind::Link | Kind::Unlistable => {
            return line(rules, thing, &Failure::unreadable(String::new(), Some(key)));
        }
        Kind::Shrinking(..) | Kind::Growing(_) | Kind::Rewritten(_) => {
            return line(rules, thing, &Failure::changed(0, 1, key));
        }
    };
    let given_up = thing.worn.iter().filter(|worn| worn.is_given_up);
    let missing = Missing::of(given_up.map(|worn| worn.place.clone())).expect("one place");
    if !missing.is_empty() && rules.on_unreadable == OnUnreadable::Fail {
        return line(rules, thing, &Failure::unreadable(String::new(), Some(key)));
    }
    missing.blank(0, &mut body);
    let mut attributes = plan::attributes(rules, &thing.path, &body, entry.times.modified);
    assert!(identity::add_missing(&mut attributes, &missing));
    identity::add_mtime(&mut attributes, entry.times.modified);
    let (status, code) = match missing.is_empty() {
        true => ("200", "OK"),
        false => ("206", "PartialContent"),
    };
    let row = Row {
        file: thing.path.to_string(),
        status: status.to_owned(),
        code: code.to_owned(),
        key: format!("{}/{key}", rules.bucket),
        md5: Checksums::of(&body).md5_hex(),
        bytes: body.len().to_string(),
        content_type: attributes.content_type.clone().unwrap_or_default(),
    };
    let unreadable = Failure::unreadable(String::new(), Some(key.clone()));
    Truth {
        row,
        or: thing.is_flaky.then(|| failed(rules, thing, &unreadable)),
        object: Some((
            key,
            Object {
                body,
                attributes: as_read_back(attributes),
            },
        )),
    }
}

fn ignored(thing: &Thing, rule: IgnoreRule) -> Truth {
    let kind = match rule {
        IgnoreRule::Signature => "text/plain",
        IgnoreRule::Manifest
        | IgnoreRule::SymbolicLink
        | IgnoreRule::Special
        | IgnoreRule::EmptyFolder
        | IgnoreRule::Volume
        | IgnoreRule::Remark
        | IgnoreRule::NameGone => "",
    };
    Truth {
        row: Row {
            file: thing.path.to_string(),
            status: "103".to_owned(),
            code: "Ignored".to_owned(),
            bytes: thing.kind.bytes().to_string(),
            content_type: kind.to_owned(),
            ..Row::default()
        },
        or: None,
        object: None,
    }
}

fn line(rules: &S3Import, thing: &Thing, failure: &Failure) -> Truth {
    Truth {
        row: failed(rules, thing, failure),
        or: None,
        object: None,
    }
}

fn failed(rules: &S3Import, thing: &Thing, failure: &Failure) -> Row {
    let key = failure.key.as_ref();
    Row {
        file: thing.path.to_string(),
        status: failure.status.to_string(),
        code: failure.code.to_string(),
        key: key
            .map(|key| format!("{}/{key}", rules.bucket))
            .unwrap_or_default(),
        bytes: thing.kind.bytes().to_string(),
        ..Row::default()
    }
}

/// What is wrong with the job and its history.
#[must_use]
pub fn check_history(id: JobId, job: &Job, history: &[HistoryLine]) -> Vec<String> {
    let Some(created) = history.first().filter(|line| line.event.is_none()) else {
        return vec!["the history does not begin with the job's creation".to_owned()];
    };
    let (account, manifest) = (job.account.clone(), job.manifest.clone());
    let mut replayed = Job::open(id, account, job.job_type, manifest, created.at);
    for line in &history[1..] {
        let Some(event) = &line.event else {
            return vec!["the job was created twice".to_owned()];
        };
        match replayed.apply(event, line.at) {
            Ok(next) => replayed = next,
            Err(why) => return vec![format!("the history is no path: {event:?}: {why}")],
        }
    }
    if replayed == *job {
        Vec::new()
    } else {
        vec![format!(
            "the history leads to {replayed:?}, the job is {job:?}"
        )]
    }
}

/// Attributes as a store tells them: never the ACL, sorted metadata.
fn as_read_back(mut attributes: Attributes) -> Attributes {
    attributes.acl = None;
    for (name, _) in &mut attributes.metadata {
        name.make_ascii_lowercase();
    }
    attributes.metadata.sort_unstable();
    attributes
}

/// What a bucket holds.
pub type Contents = BTreeMap<ObjectKey, Object>;

/// Everything in a bucket.
#[must_use]
pub fn contents(bucket: &MemoryBucket) -> Contents {
    let mut contents = Contents::new();
    let mut after = None;
    loop {
        let page = bucket.list("", after.as_ref(), 1000).expect("memory lists");
        for listed in page.objects {
            let object = object(bucket, &listed.key);
            after = Some(listed.key.clone());
            contents.insert(listed.key, object);
        }
        if !page.more {
            return contents;
        }
    }
}

/// An object that is in a bucket.
#[must_use]
pub fn object(bucket: &MemoryBucket, key: &ObjectKey) -> Object {
    let mut download = bucket.get(key, None).expect("it was listed");
    let mut body = Vec::new();
    download.body.read_to_end(&mut body).expect("memory reads");
    Object {
        body,
        attributes: download.info.attributes,
    }
}
