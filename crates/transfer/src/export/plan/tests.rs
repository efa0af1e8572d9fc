//! Plans whose every byte counts.

use super::*;
use model::outcome::FailureCode;

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn bucket() -> BucketName {
    BucketName::new("bkt").unwrap()
}

fn items() -> Vec<Item> {
    let failure = Failure::of(FailureCode::EntityTooLarge, "too large".into(), key("d"));
    let path = |path: &str| path.to_owned();
    let why = "`CON` is kept".to_owned();
    [
        (
            "a\n\u{1}\"b\u{2028}\u{1F600}",
            5,
            To::File {
                path: path("bkt/ab"),
            },
        ),
        (
            "CON",
            7,
            To::Recovered {
                path: path("R/0000/0000"),
                why,
            },
        ),
        (
            "c/",
            0,
            To::Directory {
                path: path("bkt/c"),
            },
        ),
        ("d", 1 << 33, To::Nowhere(failure)),
    ]
    .into_iter()
    .zip(0..)
    .map(|((name, bytes, to), ordinal)| Item {
        ordinal,
        operation: 1,
        bucket: bucket(),
        key: key(name),
        bytes,
        etag: "5d41402abc4b2a76b9719d911017c592".into(),
        to,
    })
    .collect()
}

fn next() -> Next {
    Next {
        operation: 1,
        bucket: bucket(),
        after: Some(key("d")),
        first: key("e\n"),
    }
}

fn written(path: &Path) -> Plan {
    let mut writer = Writer::create(path, job()).unwrap();
    for item in items() {
        writer.add(item).unwrap();
    }
    assert!(!path.exists(), "nothing is there before it is whole");
    writer.finish(Some(next())).unwrap()
}

/// A plan of version 1, which every later program must read.
const FROZEN: &str = include_str!("../../../tests/plan/version-1.jsonl");

#[test]
fn the_frozen_plan_is_printed_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jsonl");
    let end = End {
        items: 4,
        bytes: 12,
        next: Some(next()),
    };
    assert_eq!(written(&path).end(), &end);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), FROZEN);
    let plan = Plan::open(&path, job()).unwrap().unwrap();
    assert_eq!(plan.end(), &end);
    let read: Vec<Item> = plan.items().unwrap().map(Result::unwrap).collect();
    assert_eq!(read, items());
}

#[test]
fn no_file_is_no_plan_and_what_was_half_made_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jsonl");
    assert!(Plan::open(&path, job()).unwrap().is_none());
    let mut cut = Writer::create(&path, job()).unwrap();
    cut.add(items().remove(0)).unwrap();
    drop(cut);
    assert!(Plan::open(&path, job()).unwrap().is_none());
    written(&path);
    assert!(Plan::open(&path, job()).unwrap().is_some());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_plan_that_is_cut_or_changed_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jsonl");
    let refused = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        Plan::open(&path, job()).is_err()
    };
    let whole = FROZEN.as_bytes();
    for at in 0..whole.len() {
        assert!(refused(&whole[..at]), "cut at {at}");
        let mut changed = whole.to_vec();
        changed[at] ^= 1;
        assert!(refused(&changed), "changed at {at}");
    }
    assert!(refused(&[whole, b"\n"].concat()), "more after the end");
    assert!(refused(&whole.repeat(2)), "twice");
    assert!(!refused(whole));
}

#[test]
fn what_is_no_plan_of_this_job_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.jsonl");
    let opened = |content: &str| {
        std::fs::write(&path, content).unwrap();
        Plan::open(&path, job())
    };
    let later = FROZEN.replacen("\"version\":1", "\"version\":2", 1);
    assert!(matches!(
        opened(&later),
        Err(PlanError::Version { version: 2, .. })
    ));
    let other = FROZEN.replacen("ABCDE", "FGHIJ", 1);
    assert!(matches!(opened(&other), Err(PlanError::OtherJob { .. })));
    for text in [
        "{}\n",
        "what\n",
        "{\"format\":\"longshore-report\",\"version\":1}\n",
    ] {
        assert!(
            matches!(opened(text), Err(PlanError::NotAPlan { .. })),
            "{text}"
        );
    }
}
