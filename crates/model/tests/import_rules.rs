//! The import rules, one by one: what becomes of a name, and what its object carries.

use model::content_type::{self, HEAD_BYTES};
use model::entry::{Entry, EntryId, EntryKind, EntryPath};
use model::file_time::FileTime;
use model::ids::JobType;
use model::manifest::{Manifest, S3Import};
use model::naming::{self, NameProblem};
use model::outcome::{Failure, IgnoreRule};
use model::plan::{self, Item};

const ADDRESS: &str = "deviceId: D-1\neraseDevice: no\nnotificationEmail: a@b.example\n\
    returnAddress:\n    name: N\n    street1: S\n    city: C\n    stateOrProvince: WA\n    \
    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

const GZIP: &[u8] = &[0x1F, 0x8B, 0x08, 0, 0, 0];

fn rules(options: &str) -> S3Import {
    let text = format!("manifestVersion: 2.0\nbucket: bkt\n{ADDRESS}{options}");
    match Manifest::parse_accepted(&text, JobType::Import) {
        Ok(Manifest::S3Import(rules)) => rules,
        other => panic!("{other:?}"),
    }
}

fn file(path: &[u8], bytes: u64) -> Entry {
    let kind = EntryKind::File { bytes };
    Entry::new(EntryId::new(1), EntryPath::new(path), kind)
}

fn key(options: &str, path: &str) -> Result<String, NameProblem> {
    naming::import_key(&rules(options), &EntryPath::new(path)).map(|key| key.to_string())
}

#[test]
fn the_prefix_is_put_in_front_without_a_slash() {
    assert_eq!(
        key("prefix: images", "sample.jpg").unwrap(),
        "imagessample.jpg"
    );
    assert_eq!(
        key("prefix: images/", "a/Sample.JPG").unwrap(),
        "images/a/Sample.JPG"
    );
    assert_eq!(key("", "a/b").unwrap(), "a/b");
}

#[test]
fn substitutions_are_literal_and_reach_the_prefix_and_folders() {
    let options =
        "prefix: hosts$COLON$/\nsubstitutions:\n    \"$COLON$\" : \":\"\n    \"a.c\" : \"x\"\n";
    assert_eq!(key(options, "d$COLON$/a.c-abc").unwrap(), "hosts:/d:/x-abc");
}

#[test]
fn substitutions_run_in_manifest_order_over_the_whole_result() {
    let options = "substitutions:\n    \"a\" : \"b\"\n    \"b\" : \"c\"\n";
    assert_eq!(key(options, "ab").unwrap(), "cc");
}

#[test]
fn a_name_that_is_substituted_away_fails() {
    let options = "substitutions:\n    \"gone.txt\" : \"\"\n";
    assert_eq!(key(options, "gone.txt"), Err(NameProblem::Empty));
    let item = plan::import_item(&rules(options), &file(b"gone.txt", 1));
    let Item::Fail(Failure { status, code, .. }) = item else {
        panic!("{item:?}")
    };
    assert_eq!((status.get(), code.as_str()), (400, "InvalidSubstitution"));
}

/// Each substitution is within bounds; one after the other they would fill the memory.
#[test]
fn substitutions_that_grow_a_name_without_end_cost_its_file() {
    let steps = "abcdefgh".as_bytes().windows(2).map(|pair| {
        let (from, to) = (
            char::from(pair[0]),
            char::from(pair[1]).to_string().repeat(900),
        );
        format!("    \"{from}\" : \"{to}\"\n")
    });
    let options = format!("substitutions:\n{}", steps.collect::<String>());
    assert!(matches!(key(&options, "a"), Err(NameProblem::TooLong(_))));
    assert_eq!(key(&options, "z").unwrap(), "z");
}

#[test]
fn keys_end_at_1024_bytes() {
    assert!(key("", &"k".repeat(1024)).is_ok());
    assert_eq!(key("", &"k".repeat(1025)), Err(NameProblem::TooLong(1025)));
    assert_eq!(
        key("prefix: pp", &"k".repeat(1023)),
        Err(NameProblem::TooLong(1025))
    );
    let item = plan::import_item(&rules(""), &file(&[b'k'; 1025], 1));
    let Item::Fail(Failure { status, code, .. }) = item else {
        panic!("{item:?}")
    };
    assert_eq!((status.get(), code.as_str()), (400, "KeyTooLongError"));
}

#[test]
fn a_name_that_is_not_utf8_is_reported_and_not_loaded() {
    let item = plan::import_item(&rules(""), &file(b"caf\xE9.txt", 1));
    let Item::Fail(Failure { status, code, .. }) = item else {
        panic!("{item:?}")
    };
    assert_eq!((status.get(), code.as_str()), (400, "InvalidFileName"));
}

#[test]
fn ignore_finds_anywhere_in_the_relative_path() {
    let options = "ignore:\n    - ^lost\\+found/\n    - .*~$\n    - \\.(psd|PSD)$\n";
    let rules = rules(options);
    for (path, is_ignored) in [
        ("lost+found/x", true),
        ("a/lost+found/x", false),
        ("notes.txt~", true),
        ("a/b.PSD", true),
        ("a/b.psd.txt", false),
    ] {
        let item = plan::import_item(&rules, &file(path.as_bytes(), 1));
        assert_eq!(
            item == Item::Ignore(IgnoreRule::Manifest),
            is_ignored,
            "{path}"
        );
    }
}

#[test]
fn a_hostile_expression_costs_its_file_and_nothing_else() {
    let rules = rules("ignore:\n    - ^(a|aa)+\\1x$\n");
    let item = plan::import_item(
        &rules,
        &file(format!("{}xy", "a".repeat(300)).as_bytes(), 1),
    );
    let Item::Fail(Failure { status, code, .. }) = item else {
        panic!("{item:?}")
    };
    assert_eq!((status.get(), code.as_str()), (400, "PatternTooCostly"));
    assert!(matches!(
        plan::import_item(&rules, &file(b"zz", 1)),
        Item::Load { .. }
    ));
}

#[test]
fn signature_is_left_out_in_the_root_only() {
    let item = |path: &[u8]| plan::import_item(&rules(""), &file(path, 90));
    assert_eq!(item(b"SIGNATURE"), Item::Ignore(IgnoreRule::Signature));
    assert!(matches!(item(b"sub/SIGNATURE"), Item::Load { .. }));
    assert!(matches!(item(b"signature"), Item::Load { .. }));
}

#[test]
fn links_and_special_files_are_left_out() {
    let entry = |kind| Entry::new(EntryId::new(1), EntryPath::new("x"), kind);
    let item = |kind| plan::import_item(&rules(""), &entry(kind));
    assert_eq!(
        item(EntryKind::SymbolicLink { target: None }),
        Item::Ignore(IgnoreRule::SymbolicLink)
    );
    assert_eq!(item(EntryKind::Special), Item::Ignore(IgnoreRule::Special));
}

#[test]
fn a_file_over_five_tebibytes_is_reported() {
    let limit = 5 << 40;
    assert!(matches!(
        plan::import_item(&rules(""), &file(b"x", limit)),
        Item::Load { .. }
    ));
    let item = plan::import_item(&rules(""), &file(b"x", limit + 1));
    let Item::Fail(Failure { status, code, .. }) = item else {
        panic!("{item:?}")
    };
    assert_eq!((status.get(), code.as_str()), (400, "EntityTooLarge"));
}

fn content(options: &str, path: &str, head: &[u8]) -> (String, Option<&'static str>) {
    let content = content_type::content(&rules(options), path, head);
    (content.content_type, content.encoding)
}

#[test]
fn content_types_come_from_the_manifest_then_the_table_then_the_defaults() {
    let own = "contentTypes:\n    webm: video/own\n    JPG: image/own\n";
    assert_eq!(content(own, "a.webm", b"").0, "video/own");
    assert_eq!(content(own, "a.JPG", b"").0, "image/own");
    assert_eq!(content(own, "a.jpg", b"").0, "image/jpeg");
    assert_eq!(content("", "a.PDF", b"").0, "application/pdf");
    assert_eq!(content("", "README", b"").0, content_type::UNKNOWN);
    assert_eq!(content("", "a.b/README", b"").0, content_type::UNKNOWN);
    let default = "defaultContentType: application/octet-stream\n";
    assert_eq!(
        content(default, "a.unheard-of", b"").0,
        "application/octet-stream"
    );
}

/// The table of the developer guide's gzip example.
#[test]
fn gzip_is_known_by_its_content_and_only_where_asked_for() {
    let on = "setContentEncodingForGzFiles: yes\ndefaultContentType: x/default\n";
    assert_eq!(
        content(on, "text1.html.gz", GZIP),
        ("text/html".into(), Some("gzip"))
    );
    assert_eq!(
        content(on, "text2.html", GZIP),
        ("text/html".into(), Some("gzip"))
    );
    assert_eq!(
        content(on, "text3.html", b"<html>"),
        ("text/html".into(), None)
    );
    assert_eq!(
        content(on, "text.gzip", GZIP),
        ("x/default".into(), Some("gzip"))
    );
    assert_eq!(content(on, "fake.html.gz", b"<html>").1, None);
    assert_eq!(content("", "text1.html.gz", GZIP).1, None);
    assert!(GZIP.len() >= HEAD_BYTES);
}

#[test]
fn objects_carry_what_the_manifest_says() {
    let options = "acl: public-read\ncacheControl: max-age=60\ncontentDisposition: inline\n\
        contentLanguage: es\nstorageClass: REDUCED_REDUNDANCY\ndiskTimestampMetadataKey: mtime\n\
        staticMetadata:\n    batch: one\n";
    let modified = Some(FileTime::from_unix(1_298_426_159, 123_456_789));
    let got = plan::attributes(&rules(options), &EntryPath::new("a.txt"), b"", modified);
    assert_eq!(got.acl.as_deref(), Some("public-read"));
    assert_eq!(got.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(got.content_disposition.as_deref(), Some("inline"));
    assert_eq!(got.content_language.as_deref(), Some("es"));
    assert_eq!(got.storage_class.as_deref(), Some("REDUCED_REDUNDANCY"));
    let metadata = [("batch", "one"), ("mtime", "2011-02-23T01:55:59Z")];
    assert_eq!(
        got.metadata,
        metadata.map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
}
