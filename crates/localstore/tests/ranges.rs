//! Ranges of bytes: every form of RFC 9110, section 14, around the ends of objects and of what is read from the disk at a time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::{Door, Reply};

/// What is read from the disk at a time, and up to which an object is read whole.
const READ: usize = 256 << 10;

fn body(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect()
}

fn object(length: usize) -> Door {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door.ok("PUT", "/bucket/key", &[], &[], &body(length));
    door
}

fn ask(door: &Door, method: &str, range: &str) -> Reply {
    door.ask(method, "/bucket/key", &[], &[("range", range)], b"")
}

/// Each of these is the bytes from the first to before the second, by GET and in the headers of HEAD.
fn assert_is(door: &Door, length: usize, range: &str, first: usize, end: usize) {
    for method in ["GET", "HEAD"] {
        let reply = ask(door, method, range);
        let expected = if method == "GET" { 206 } else { 200 };
        assert_eq!(reply.status, expected, "{range} of {length}");
        assert_eq!(
            reply.header("content-length"),
            (end - first).to_string(),
            "{range}"
        );
        let told = format!("bytes {first}-{}/{length}", end - 1);
        assert_eq!(reply.header("content-range"), told);
        if method == "GET" {
            assert!(
                reply.body == body(length)[first..end],
                "{range} of {length}"
            );
        }
    }
}

#[test]
fn ranges_are_cut_at_the_end_of_the_object() {
    for length in [1, 2, 1000, READ - 1, READ, READ + 1, 3 * READ + 17] {
        let door = object(length);
        let last = length - 1;
        assert_is(&door, length, "bytes=0-", 0, length);
        assert_is(&door, length, "bytes=0-0", 0, 1);
        assert_is(&door, length, &format!("bytes=0-{last}"), 0, length);
        assert_is(&door, length, &format!("bytes=0-{length}"), 0, length);
        assert_is(&door, length, &format!("bytes={last}-"), last, length);
        assert_is(
            &door,
            length,
            &format!("bytes={last}-{}", u64::MAX / 2),
            last,
            length,
        );
        assert_is(&door, length, "bytes=-1", last, length);
        assert_is(&door, length, &format!("bytes=-{length}"), 0, length);
        assert_is(&door, length, &format!("bytes=-{}", length + 1), 0, length);
    }
}

#[test]
fn what_lies_across_a_read_is_whole() {
    let length = 3 * READ + 17;
    let door = object(length);
    for (first, end) in [
        (READ - 1, READ + 1),
        (READ - 1, 3 * READ),
        (1, length - 1),
        (2 * READ, 3 * READ + 1),
    ] {
        assert_is(
            &door,
            length,
            &format!("bytes={first}-{}", end - 1),
            first,
            end,
        );
    }
}

#[test]
fn a_range_beyond_the_end_is_told_with_the_size() {
    for length in [1, 1000] {
        let door = object(length);
        for range in [
            format!("bytes={length}-"),
            format!("bytes={length}-{length}"),
            "bytes=-0".to_owned(),
        ] {
            let refused = ask(&door, "GET", &range);
            assert_eq!(
                refused.outcome(),
                (416, "InvalidRange"),
                "{range} of {length}"
            );
            assert_eq!(ask(&door, "HEAD", &range).status, 416);
        }
    }
}

/// Its last byte is what there is of it, which no `Content-Range` could say.
#[test]
fn an_empty_object_has_no_ranges() {
    let door = object(0);
    for range in ["bytes=0-", "bytes=0-0", "bytes=-0"] {
        assert_eq!(
            ask(&door, "GET", range).outcome(),
            (416, "InvalidRange"),
            "{range}"
        );
    }
    let last = ask(&door, "GET", "bytes=-1");
    assert_eq!((last.status, last.body.len()), (200, 0));
    assert_eq!(door.ok("GET", "/bucket/key", &[], &[], b"").body, b"");
}

/// A download that goes on names the object it began with: if that was replaced, it gets the new one whole.
#[test]
fn a_download_goes_on_with_the_same_object_or_begins_anew() {
    let door = object(1000);
    let tag = door
        .ok("HEAD", "/bucket/key", &[], &[], b"")
        .header("etag")
        .to_owned();
    let go_on = || {
        let headers = [("range", "bytes=900-"), ("if-range", tag.as_str())];
        door.ask("GET", "/bucket/key", &[], &headers, b"")
    };
    let rest = go_on();
    assert_eq!((rest.status, &rest.body[..]), (206, &body(1000)[900..]));
    door.ok("PUT", "/bucket/key", &[], &[], b"replaced meanwhile");
    let whole = go_on();
    assert_eq!(
        (whole.status, &whole.body[..]),
        (200, &b"replaced meanwhile"[..])
    );
    let headers = [("range", "bytes=0-3"), ("if-match", tag.as_str())];
    let refused = door.ask("GET", "/bucket/key", &[], &headers, b"");
    assert_eq!(refused.outcome(), (412, "PreconditionFailed"));
}

#[test]
fn a_range_and_a_part_do_not_go_together() {
    let door = object(1000);
    let both = door.ask(
        "GET",
        "/bucket/key",
        &[("partNumber", "1")],
        &[("range", "bytes=0-3")],
        b"",
    );
    assert_eq!(both.outcome(), (400, "InvalidRequest"));
    let first = door.ask("GET", "/bucket/key", &[("partNumber", "1")], &[], b"");
    assert!(
        first.body == body(1000),
        "an object that was put whole is its first part"
    );
}
