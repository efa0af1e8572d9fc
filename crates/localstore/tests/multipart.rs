//! Multipart uploads at their edges: parts that are replaced, out of order or sent twice at once, what an upload shows before it is
//! complete, and what is left of one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::{Beginning, Door};
use s3s::crypto::{Checksum, Crc32, Md5};

const FILM: &str = "/films/a/film.mov";

/// The smallest part that others may follow.
const PART: usize = 5 << 20;

fn films() -> Door {
    let door = Door::open();
    door.ok("PUT", "/films", &[], &[], b"");
    door
}

fn tag(body: &[u8]) -> String {
    hex::encode(Md5::checksum(body))
}

fn named(parts: &[(u32, &[u8])]) -> Vec<(u32, String)> {
    parts
        .iter()
        .map(|(number, body)| (*number, tag(body)))
        .collect()
}

fn put(door: &Door, id: &str, parts: &[(u32, &[u8])]) {
    for (number, body) in parts {
        let reply = door.put_part(FILM, id, *number, body);
        assert_eq!(reply.outcome(), (200, ""));
        assert_eq!(reply.header("etag").trim_matches('"'), tag(body));
    }
}

/// Files below `.uploads`.
fn parts_on_disk(door: &Door) -> usize {
    let uploads = std::fs::read_dir(door.root().join(".uploads")).unwrap();
    uploads
        .map(|upload| std::fs::read_dir(upload.unwrap().path()).unwrap().count())
        .sum()
}

#[test]
fn parts_are_put_together_by_number_and_not_by_arrival() {
    let door = films();
    let id = door.begin_upload(FILM, &[]);
    let (first, second) = (vec![1; PART], vec![2; PART + 1]);
    let parts: [(u32, &[u8]); 3] = [(10_000, b"tail"), (7, &second), (1, &first)];
    put(&door, &id, &parts);
    let mut in_order = named(&parts);
    in_order.reverse();
    assert_eq!(door.complete(FILM, &id, &in_order).outcome(), (200, ""));
    let got = door.ok("GET", FILM, &[], &[], b"");
    assert!(got.body == [&first[..], &second[..], b"tail"].concat());
    // Parts are counted by their place in the object and not by the numbers they had.
    for (number, part) in [("1", &first[..]), ("2", &second), ("3", b"tail")] {
        let piece = door.ask("GET", FILM, &[("partNumber", number)], &[], b"");
        assert_eq!(
            (piece.status, piece.header("x-amz-mp-parts-count")),
            (206, "3")
        );
        assert!(piece.body == part, "part {number}");
    }
    let beyond = door.ask("GET", FILM, &[("partNumber", "4")], &[], b"");
    assert_eq!(beyond.outcome(), (416, "InvalidPartNumber"));
}

#[test]
fn a_part_that_is_sent_again_replaces_the_first() {
    let mut door = films();
    let id = door.begin_upload(FILM, &[]);
    put(&door, &id, &[(1, b"wrong"), (1, b"right")]);
    let old = door.complete(FILM, &id, &named(&[(1, b"wrong")]));
    assert_eq!(old.outcome(), (400, "InvalidPart"));
    // Files go after the answer, but before the store is closed.
    door.reopen();
    assert_eq!(parts_on_disk(&door), 1, "the first is not kept");
    let new = door.complete(FILM, &id, &named(&[(1, b"right")]));
    assert_eq!(new.outcome(), (200, ""));
    assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, b"right");
}

#[test]
fn parts_that_are_not_named_are_not_in_the_object_and_not_kept() {
    let mut door = films();
    let id = door.begin_upload(FILM, &[]);
    let first = vec![1; PART];
    let parts: [(u32, &[u8]); 3] = [(1, &first), (2, b"left out"), (3, b"tail")];
    put(&door, &id, &parts);
    let chosen = named(&[parts[0], parts[2]]);
    assert_eq!(door.complete(FILM, &id, &chosen).outcome(), (200, ""));
    assert!(door.ok("GET", FILM, &[], &[], b"").body == [&first[..], b"tail"].concat());
    door.reopen();
    assert_eq!(parts_on_disk(&door), 0);
}

#[test]
fn an_upload_shows_nothing_before_it_is_complete_and_leaves_what_was_there() {
    let mut door = films();
    door.ok("PUT", FILM, &[], &[], b"old");
    let id = door.begin_upload(FILM, &[]);
    put(&door, &id, &[(1, b"new")]);
    assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, b"old");
    let listed = door.ok("GET", "/films", &[("list-type", "2")], &[], b"");
    assert_eq!(listed.texts("Size"), ["3"]);
    assert_eq!(listed.texts("Key").len(), 1);
    // It goes on after a restart, and then it is the object.
    door.reopen();
    assert_eq!(door.complete(FILM, &id, &named(&[(1, b"new")])).status, 200);
    assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, b"new");
}

#[test]
fn numbers_and_sizes_have_the_limits_of_s3() {
    let door = films();
    let id = door.begin_upload(FILM, &[]);
    for number in [0, 10_001] {
        let refused = door.put_part(FILM, &id, number, b"part");
        assert_eq!(refused.outcome(), (400, "InvalidArgument"), "{number}");
    }
    let short = vec![0; PART - 1];
    put(&door, &id, &[(1, &short), (2, b"tail")]);
    let parts = named(&[(1, &short), (2, b"tail")]);
    assert_eq!(
        door.complete(FILM, &id, &parts).outcome(),
        (400, "EntityTooSmall")
    );
    assert_eq!(
        door.complete(FILM, &id, &[]).outcome(),
        (400, "MalformedXML")
    );
    let twice = [parts[1].clone(), parts[1].clone()];
    assert_eq!(
        door.complete(FILM, &id, &twice).outcome(),
        (400, "InvalidPartOrder")
    );
    assert_eq!(door.ask("GET", FILM, &[], &[], b"").status, 404);
    // None of the refusals ended the upload.
    assert_eq!(door.complete(FILM, &id, &parts[1..]).outcome(), (200, ""));
    assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, b"tail");
}

#[test]
fn an_upload_is_for_its_key_and_its_owner_alone() {
    let door = films();
    let id = door.begin_upload(FILM, &[]);
    put(&door, &id, &[(1, b"part")]);
    let parts = named(&[(1, b"part")]);
    let elsewhere = door.complete("/films/other", &id, &parts);
    assert_eq!(elsewhere.outcome(), (404, "NoSuchUpload"));
    let importer = door.key(Beginning {
        import: &["films"],
        export: &[],
    });
    let foreign = importer.put_part(FILM, &id, 2, b"more");
    assert_eq!(foreign.outcome(), (404, "NoSuchUpload"));
    assert_eq!(
        importer.complete(FILM, &id, &parts).outcome(),
        (404, "NoSuchUpload")
    );
    let query = [("uploadId", id.as_str())];
    assert!(importer.ask("DELETE", FILM, &query, &[], b"").status >= 400);
    assert_eq!(door.complete(FILM, &id, &parts).outcome(), (200, ""));
}

#[test]
fn of_what_is_aborted_nothing_is_left_and_nothing_can_be_done_with_it() {
    let mut door = films();
    let id = door.begin_upload(FILM, &[]);
    put(&door, &id, &[(1, b"one"), (2, b"two")]);
    let query = [("uploadId", id.as_str())];
    door.ok("DELETE", FILM, &query, &[], b"");
    let late = door.put_part(FILM, &id, 3, b"three");
    assert_eq!(late.outcome(), (404, "NoSuchUpload"));
    assert_eq!(
        door.complete(FILM, &id, &named(&[(1, b"one")])).outcome(),
        (404, "NoSuchUpload")
    );
    door.reopen();
    assert_eq!(
        std::fs::read_dir(door.root().join(".uploads"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(
        std::fs::read_dir(door.root().join(".incoming"))
            .unwrap()
            .count(),
        0
    );
    door.ok("DELETE", "/films", &[], &[], b"");
}

/// Uploads of one key are apart from each other, and the last to be completed is the object.
#[test]
fn uploads_of_one_key_do_not_mix() {
    let door = films();
    let (one, two) = (door.begin_upload(FILM, &[]), door.begin_upload(FILM, &[]));
    put(&door, &one, &[(1, b"of one")]);
    put(&door, &two, &[(1, b"of two")]);
    let crossed = door.complete(FILM, &one, &named(&[(1, b"of two")]));
    assert_eq!(crossed.outcome(), (400, "InvalidPart"));
    for (id, body) in [(&two, b"of two"), (&one, b"of one")] {
        assert_eq!(door.complete(FILM, id, &named(&[(1, body)])).status, 200);
        assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, body);
    }
}

/// Two that complete one upload at once do it once; both are told that it is done.
#[test]
fn an_upload_that_is_completed_twice_at_once_is_one_object() {
    let door = films();
    for _ in 0..10 {
        let id = door.begin_upload(FILM, &[]);
        put(&door, &id, &[(1, b"once")]);
        let parts = named(&[(1, b"once")]);
        let outcomes = std::thread::scope(|scope| {
            let complete = || door.complete(FILM, &id, &parts).status;
            let both = [scope.spawn(complete), scope.spawn(complete)];
            both.map(|thread| thread.join().unwrap())
        });
        assert_eq!(outcomes, [200, 200]);
        assert_eq!(door.ok("GET", FILM, &[], &[], b"").body, b"once");
    }
}

/// Of two that send one part at once one is kept, whole, and the list says which.
#[test]
fn a_part_that_is_sent_twice_at_once_is_one_of_the_two() {
    let mut door = films();
    let id = door.begin_upload(FILM, &[]);
    let (one, two) = (vec![1; 300_000], vec![2; 300_000]);
    for _ in 0..10 {
        std::thread::scope(|scope| {
            for body in [&one, &two] {
                scope.spawn(|| put(&door, &id, &[(1, body)]));
            }
        });
        let listed = door.ok("GET", FILM, &[("uploadId", &id)], &[], b"");
        let etag = listed
            .texts("ETag")
            .remove(0)
            .replace("&quot;", "")
            .replace('"', "");
        assert!([tag(&one), tag(&two)].contains(&etag), "{etag}");
        let copy = door.begin_upload(FILM, &[]);
        door.ok("DELETE", FILM, &[("uploadId", &copy)], &[], b"");
    }
    let listed = door.ok("GET", FILM, &[("uploadId", &id)], &[], b"");
    let etag = listed
        .texts("ETag")
        .remove(0)
        .replace("&quot;", "")
        .replace('"', "");
    assert_eq!(door.complete(FILM, &id, &[(1, etag.clone())]).status, 200);
    assert_eq!(tag(&door.ok("GET", FILM, &[], &[], b"").body), etag);
    door.reopen();
    assert_eq!(parts_on_disk(&door), 0);
}

#[test]
fn a_whole_checksum_that_is_wrong_completes_nothing() {
    let door = films();
    let kind = [
        ("x-amz-checksum-algorithm", "CRC32"),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    let id = door.begin_upload(FILM, &kind);
    let (first, tail) = (vec![3; PART], b"tail".to_vec());
    put(&door, &id, &[(1, &first), (2, &tail)]);
    let parts: String = named(&[(1, &first), (2, &tail)])
        .iter()
        .map(|(number, tag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
        })
        .collect();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let complete = |sum: &str| {
        let query = [("uploadId", id.as_str())];
        door.ask(
            "POST",
            FILM,
            &query,
            &[("x-amz-checksum-crc32", sum)],
            body.as_bytes(),
        )
    };
    use base64::Engine as _;
    let encode = |sum: u32| base64::engine::general_purpose::STANDARD.encode(sum.to_be_bytes());
    let whole = [&first[..], &tail].concat();
    let right = encode(Crc32::checksum_u32(&whole));
    assert_eq!(
        complete(&encode(Crc32::checksum_u32(&tail))).outcome(),
        (400, "BadDigest")
    );
    assert_eq!(door.ask("GET", FILM, &[], &[], b"").status, 404);
    assert_eq!(complete(&right).status, 200);
    let head = door.ok(
        "HEAD",
        FILM,
        &[],
        &[("x-amz-checksum-mode", "ENABLED")],
        b"",
    );
    assert_eq!(head.header("x-amz-checksum-crc32"), right);
    assert_eq!(head.header("x-amz-checksum-type"), "FULL_OBJECT");
}
