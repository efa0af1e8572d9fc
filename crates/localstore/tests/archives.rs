//! Archives that are unpacked as they arrive.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::{Door, Reply};

fn add(archive: &mut Vec<u8>, name: &str, kind: u8, contents: &[u8]) {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..136].copy_from_slice(format!("{:011o}\0", contents.len()).as_bytes());
    header[148..156].copy_from_slice(b"        ");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    archive.extend_from_slice(&header);
    archive.extend_from_slice(contents);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn archive(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, kind, contents) in entries {
        add(&mut archive, name, *kind, contents);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

const EXTRACT: (&str, &str) = ("x-amz-meta-snowball-auto-extract", "true");

fn put(door: &Door, headers: &[(&str, &str)], archive: &[u8]) -> Reply {
    door.ask("PUT", "/bucket/batch.tar", &[], headers, archive)
}

fn keys(door: &Door) -> Vec<String> {
    let listed = door.ok("GET", "/bucket", &[("list-type", "2")], &[], b"");
    let keys = listed.text().split("<Key>").skip(1);
    keys.map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

/// Every file in the archive becomes an object with what was said of the archive, which does not.
#[test]
fn an_archive_becomes_its_files() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    let batch = archive(&[
        ("./a.jpg", b'0', b"one"),
        ("sub/", b'5', b""),
        ("sub/b.jpg", b'0', b"two"),
    ]);
    assert_eq!(
        put(&door, &[EXTRACT, ("x-amz-meta-trip", "2019")], &batch).status,
        200
    );
    assert_eq!(keys(&door), ["a.jpg", "sub/", "sub/b.jpg"]);
    let got = door.ok("GET", "/bucket/sub/b.jpg", &[], &[], b"");
    assert_eq!(
        (got.body.as_slice(), got.header("x-amz-meta-trip")),
        (&b"two"[..], "2019")
    );
    assert!(!got.headers.contains_key("x-amz-meta-snowball-auto-extract"));
    let headers = [
        EXTRACT,
        ("x-amz-meta-snowball-prefix", "in/here/"),
        ("x-amz-meta-snowball-ignore-dirs", "true"),
    ];
    assert_eq!(put(&door, &headers, &batch).status, 200);
    assert_eq!(
        keys(&door),
        [
            "a.jpg",
            "in/here/a.jpg",
            "in/here/sub/b.jpg",
            "sub/",
            "sub/b.jpg"
        ]
    );
    // Without the wish an archive is an object like any other.
    assert_eq!(put(&door, &[], &batch).status, 200);
    assert_eq!(
        door.ok("GET", "/bucket/batch.tar", &[], &[], b"").body,
        batch
    );
}

/// An entry that cannot be taken means that none is, unless errors are to be ignored.
#[test]
fn an_archive_is_taken_whole_or_not_at_all() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    for (name, kind) in [
        ("../out", b'0'),
        ("a/../../out", b'0'),
        ("/abs", b'0'),
        ("link", b'2'),
    ] {
        let batch = archive(&[("good", b'0', b"good"), (name, kind, b"")]);
        let refused = put(&door, &[EXTRACT], &batch);
        assert_eq!(
            (refused.status, refused.code()),
            (400, "InvalidArgument"),
            "{name}"
        );
        assert!(keys(&door).is_empty(), "{name}");
    }
    assert_eq!(put(&door, &[EXTRACT], b"no archive").status, 400);
    let begun = door.ask(
        "POST",
        "/bucket/batch.tar",
        &[("uploads", "")],
        &[EXTRACT],
        b"",
    );
    assert_eq!(begun.status, 501);
    let batch = archive(&[("good", b'0', b"good"), ("../out", b'0', b"")]);
    let headers = [EXTRACT, ("x-amz-meta-snowball-ignore-errors", "true")];
    assert_eq!(put(&door, &headers, &batch).status, 200);
    assert_eq!(keys(&door), ["good"]);
}
