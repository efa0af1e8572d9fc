//! Objects keep their names in the folder, and what somebody did to the folder heals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::{Door, Reply};
use std::path::Path;

/// Every file below a folder, relative to it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

const KEYS: [&str; 3] = ["2019/IMG_0000.JPG", "2019/IMG_0001.JPG", "README.txt"];

fn fill(door: &Door, round: &str) {
    for key in KEYS {
        door.ok(
            "PUT",
            &door::path("photos", key),
            &[],
            &[],
            format!("{round} {key}").as_bytes(),
        );
    }
}

fn check(door: &Door, round: &str) {
    for key in KEYS {
        let got = door.ok("GET", &door::path("photos", key), &[], &[], b"");
        assert_eq!(got.text(), format!("{round} {key}"));
        let file = std::fs::read_to_string(door.root().join("photos").join(key)).unwrap();
        assert_eq!(file, format!("{round} {key}"));
    }
    assert_eq!(files(&door.root().join("photos")), KEYS);
    assert!(files(&door.root().join(".incoming")).is_empty());
}

#[test]
fn objects_keep_their_names_when_they_are_replaced() {
    let mut door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    for round in ["1", "2", "3"] {
        fill(&door, round);
        check(&door, round);
    }
    door.reopen();
    check(&door, "3");
    fill(&door, "4");
    check(&door, "4");
}

/// A file that vanished is told at once, and putting the object again brings it back for good.
#[test]
fn what_was_removed_by_hand_heals() {
    let mut door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    fill(&door, "1");
    for (round, remove) in [
        ("2", "README.txt"),
        ("3", "2019"),
        ("4", ""),
        ("5", "README.txt"),
    ] {
        let gone = door.root().join("photos").join(remove);
        if gone.is_dir() {
            std::fs::remove_dir_all(gone).unwrap();
        } else {
            std::fs::remove_file(gone).unwrap();
        }
        let lost = KEYS.iter().find(|key| key.starts_with(remove)).unwrap();
        let path = door::path("photos", lost);
        let answer = door.ask("GET", &path, &[], &[], b"");
        assert_eq!((answer.status, answer.code()), (404, "NoSuchKey"));
        assert_eq!(door.ask("HEAD", &path, &[], &[], b"").status, 404);
        fill(&door, round);
        check(&door, round);
        fill(&door, round);
        check(&door, round);
        door.reopen();
        check(&door, round);
    }
}

/// To whoever asks for a new object, one whose file vanished is none: by every way in.
#[test]
fn what_was_removed_by_hand_is_absent() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    door.ok("PUT", "/photos/other", &[], &[], b"copied");
    let absent = ("if-none-match", "*");
    let put = || door.ask("PUT", "/photos/it", &[], &[absent], b"put");
    let copy = || {
        let headers = [("x-amz-copy-source", "/photos/other"), absent];
        door.ask("PUT", "/photos/it", &[], &headers, b"")
    };
    let complete = || {
        let begun = door.ok("POST", "/photos/it", &[("uploads", "")], &[], b"");
        let id = upload_id(&begun);
        let part = [("partNumber", "1"), ("uploadId", id.as_str())];
        let tag = door.ok("PUT", "/photos/it", &part, &[], b"in parts");
        let tag = tag.header("etag");
        let body = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>\
             </CompleteMultipartUpload>"
        );
        let upload = [("uploadId", id.as_str())];
        door.ask("POST", "/photos/it", &upload, &[absent], body.as_bytes())
    };
    let ways: [(&dyn Fn() -> Reply, &[u8]); 3] =
        [(&put, b"put"), (&copy, b"copied"), (&complete, b"in parts")];
    for (way, content) in ways {
        door.ok("PUT", "/photos/it", &[], &[], b"there");
        let refused = way();
        assert_eq!(
            (refused.status, refused.code()),
            (412, "PreconditionFailed")
        );
        std::fs::remove_file(door.root().join("photos/it")).unwrap();
        assert_eq!(way().status, 200);
        let read = door.ok("GET", "/photos/it", &[], &[], b"");
        assert_eq!(read.body, content);
    }
}

/// A file that was changed by hand is never served as the object that it was.
#[test]
fn what_was_changed_by_hand_is_not_served() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    fill(&door, "1");
    let file = door.root().join("photos/README.txt");
    std::fs::write(&file, b"shorter").unwrap();
    let answer = door.ask("GET", "/photos/README.txt", &[], &[], b"");
    assert_eq!((answer.status, answer.code()), (409, "ObjectDamaged"));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(
        door.ask("GET", "/photos/README.txt", &[], &[], b"").status,
        404
    );
    door.ok("PUT", "/photos/README.txt", &[], &[], b"again");
    assert_eq!(
        door.ok("GET", "/photos/README.txt", &[], &[], b"").body,
        b"again"
    );
}

/// Readers of the old object read it to its end.
#[test]
fn a_reader_keeps_what_it_began_to_read() {
    use std::io::{Read as _, Write as _};
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    let old = vec![b'o'; 8 << 20];
    let public = [("x-amz-acl", "public-read")];
    door.ok("PUT", "/photos/film", &[], &public, &old);
    let mut stream = std::net::TcpStream::connect(door.address()).unwrap();
    let head = "GET /photos/film HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut first = vec![0; 1000];
    stream.read_exact(&mut first).unwrap();
    for _ in 0..3 {
        door.ok("PUT", "/photos/film", &[], &public, b"new");
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(
        rest.ends_with(&old[..7 << 20]),
        "the reader got something else"
    );
    assert_eq!(door.ok("GET", "/photos/film", &[], &[], b"").body, b"new");
}

/// Only where two keys want one name does one of them get another, with its ending.
#[test]
fn a_second_choice_keeps_the_ending() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    door.ok("PUT", "/photos/a%252E/b", &[], &[], b"1");
    door.ok("PUT", "/photos/x.jpg/y", &[], &[], b"1");
    door.ok("PUT", "/photos/x.jpg", &[], &[], b"2");
    let second = files(&door.root().join("photos"))
        .into_iter()
        .find(|name| name.starts_with("x~"))
        .unwrap();
    assert!(second.ends_with(".jpg"), "{second}");
    // And keeps it as long as the first is taken.
    door.ok("PUT", "/photos/x.jpg", &[], &[], b"3");
    assert!(files(&door.root().join("photos")).contains(&second));
    assert_eq!(door.ok("GET", "/photos/x.jpg", &[], &[], b"").body, b"3");
}

/// Nobody else can look into the folder, whatever the umask is.
#[test]
fn files_and_folders_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    fill(&door, "1");
    let mode = |path: &str| {
        let found = std::fs::metadata(door.root().join(path)).unwrap();
        found.permissions().mode() & 0o777
    };
    for folder in ["photos", "photos/2019", ".incoming", ".uploads"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in ["photos/README.txt", "index.db", "index.db-wal", ".lock"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

fn upload_id(begun: &Reply) -> String {
    let id = begun.text().split("<UploadId>").nth(1).unwrap();
    id.split('<').next().unwrap().to_owned()
}

/// The same for a part of an upload in progress: it is sent again, and the upload completed.
#[test]
fn a_part_that_vanished_is_sent_again() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    let begun = door.ok("POST", "/photos/film", &[("uploads", "")], &[], b"");
    let id = upload_id(&begun);
    let part = [("partNumber", "1"), ("uploadId", id.as_str())];
    let send = || door.ok("PUT", "/photos/film", &part, &[], b"film");
    let complete = |tag: &str| {
        let body = format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>\
             </CompleteMultipartUpload>"
        );
        let query = [("uploadId", id.as_str())];
        door.ask("POST", "/photos/film", &query, &[], body.as_bytes())
    };
    let tag = send().header("etag").to_owned();
    std::fs::remove_dir_all(door.root().join(".uploads").join(&id)).unwrap();
    let parts = door.ok("GET", "/photos/film", &[("uploadId", &id)], &[], b"");
    assert!(!parts.text().contains("<PartNumber>"), "{}", parts.text());
    let refused = complete(&tag);
    assert_eq!((refused.status, refused.code()), (400, "InvalidPart"));
    for _ in 0..2 {
        send();
    }
    assert_eq!(complete(&tag).status, 200);
    assert_eq!(door.ok("GET", "/photos/film", &[], &[], b"").body, b"film");
}
