//! The store over real connections and real signatures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::{Beginning, Door, Reply};

fn md5_of(bytes: &[u8]) -> String {
    use s3s::crypto::Checksum;
    hex::encode(s3s::crypto::Md5::checksum(bytes))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start)
        .skip(1)
        .filter_map(|rest| rest.split(end).next())
        .collect()
}

fn keys(reply: &Reply) -> Vec<String> {
    between(reply.text(), "<Key>", "</Key>")
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
}

/// What was put comes back with all that was said about it.
#[test]
fn objects_keep_their_attributes() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    let headers = [
        ("content-type", "image/jpeg"),
        ("cache-control", "no-cache"),
        ("content-encoding", "gzip"),
        ("x-amz-meta-color", "blue"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-acl", "public-read"),
    ];
    let put = door.ok("PUT", "/photos/a/b.jpg", &[], &headers, b"contents");
    assert_eq!(put.header("etag"), format!("\"{}\"", md5_of(b"contents")));
    let got = door.ok("GET", "/photos/a/b.jpg", &[], &[], b"");
    assert_eq!(got.body, b"contents");
    for (name, value) in &headers[..5] {
        assert_eq!(got.header(name), *value);
    }
    assert!(
        door.ok("GET", "/photos/a/b.jpg", &[("acl", "")], &[], b"")
            .text()
            .contains("AllUsers")
    );
    assert_eq!(
        std::fs::read(door.root().join("photos/a/b.jpg")).unwrap(),
        b"contents"
    );
}

/// Bytes that are not what the client promised are refused, and nothing of them stays.
#[test]
fn wrong_promises_are_refused_before_anything_is_visible() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door.ok("PUT", "/bucket/key", &[], &[], b"old");
    let sums = [
        ("content-md5", "MDAwMDAwMDAwMDAwMDAwMA==", "BadDigest"),
        ("content-md5", "short", "InvalidDigest"),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc32c", "AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "BadDigest"),
        (
            "x-amz-checksum-sha1",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "BadDigest",
        ),
        (
            "x-amz-checksum-sha256",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "BadDigest",
        ),
        ("x-amz-checksum-crc32", "AAAA", "InvalidRequest"),
    ];
    for (name, value, code) in sums {
        let refused = door.ask("PUT", "/bucket/key", &[], &[(name, value)], b"new");
        assert_eq!((refused.status, refused.code()), (400, code), "{name}");
    }
    let forged = door.ask_signed_for("PUT", "/bucket/key", b"new", b"other");
    assert_eq!(forged.code(), "XAmzContentSHA256Mismatch");
    assert_eq!(door.ok("GET", "/bucket/key", &[], &[], b"").body, b"old");
    assert!(
        std::fs::read_dir(door.root().join(".incoming"))
            .unwrap()
            .next()
            .is_none()
    );
    let stated = [("x-amz-checksum-crc32c", "4waSgw==")];
    door.ok("PUT", "/bucket/key", &[], &stated, b"123456789");
    let head = door.ok(
        "HEAD",
        "/bucket/key",
        &[],
        &[("x-amz-checksum-mode", "ENABLED")],
        b"",
    );
    assert_eq!(head.header("x-amz-checksum-crc32c"), "4waSgw==");
}

/// Every key is stored and found again, and none leaves the root.
#[test]
fn hostile_and_clashing_keys_are_kept_apart() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    let long = "n".repeat(900);
    let names = [
        "a",
        "a/b",
        "a//b",
        "a/b/c",
        "../../etc/passwd",
        "..",
        ".",
        "/lead",
        "trail/",
        "trail",
        "x é+%20",
        "%2E",
        "A",
        "~",
        "a~00000000",
        &long,
    ];
    for round in ["1", "2"] {
        for name in names {
            let body = format!("{round}{name}");
            door.ok(
                "PUT",
                &door::path("bucket", name),
                &[],
                &[],
                body.as_bytes(),
            );
        }
    }
    for name in names {
        let got = door.ok("GET", &door::path("bucket", name), &[], &[], b"");
        assert_eq!(got.text(), format!("2{name}"));
    }
    let listed = door.ok("GET", "/bucket", &[("list-type", "2")], &[], b"");
    let mut expected = names.map(ToOwned::to_owned).to_vec();
    expected.sort();
    assert_eq!(keys(&listed), expected);
    let too_long = door::path("bucket", &"k".repeat(1025));
    assert_eq!(
        door.ask("PUT", &too_long, &[], &[], b"").code(),
        "KeyTooLongError"
    );
    for name in names {
        door.ok("DELETE", &door::path("bucket", name), &[], &[], b"");
    }
    // Files go after the answer.
    let is_empty = || {
        std::fs::read_dir(door.root().join("bucket"))
            .unwrap()
            .next()
            .is_none()
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !is_empty() {
        assert!(
            std::time::Instant::now() < patience,
            "files were left behind"
        );
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    door.ok("DELETE", "/bucket", &[], &[], b"");
}

/// Pages of a list fit together whatever their size, with and without a delimiter.
#[test]
fn lists_page_in_byte_order() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    let mut names: Vec<String> = (0..60).map(|i| format!("d{}/{i:02}", i % 6)).collect();
    names.extend(["top", "Zed", "é"].map(ToOwned::to_owned));
    for name in &names {
        door.ok("PUT", &door::path("bucket", name), &[], &[], b"");
    }
    names.sort();
    for size in ["1", "7", "1000"] {
        assert_eq!(
            all_pages(&door, &[("max-keys", size)], "<Key>", "</Key>"),
            names
        );
        let rolled = [("max-keys", size), ("delimiter", "/")];
        let prefixes = all_pages(&door, &rolled, "<CommonPrefixes><Prefix>", "</Prefix>");
        assert_eq!(prefixes, ["d0/", "d1/", "d2/", "d3/", "d4/", "d5/"]);
        assert_eq!(
            all_pages(&door, &rolled, "<Key>", "</Key>"),
            ["Zed", "top", "é"]
        );
    }
    let after = [
        ("list-type", "2"),
        ("start-after", "d5/"),
        ("delimiter", "/"),
    ];
    assert_eq!(
        keys(&door.ok("GET", "/bucket", &after, &[], b"")),
        ["top", "é"]
    );
    let encoded = [
        ("list-type", "2"),
        ("prefix", "é"),
        ("encoding-type", "url"),
    ];
    assert_eq!(
        keys(&door.ok("GET", "/bucket", &encoded, &[], b"")),
        ["%C3%A9"]
    );
}

fn all_pages(door: &Door, query: &[(&str, &str)], start: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let mut query = [query, &[("list-type", "2")]].concat();
        if !token.is_empty() {
            query.push(("continuation-token", &token));
        }
        let page = door.ok("GET", "/bucket", &query, &[], b"");
        found.extend(
            between(page.text(), start, end)
                .into_iter()
                .map(ToOwned::to_owned),
        );
        match between(page.text(), "<NextContinuationToken>", "<").first() {
            Some(next) => token = (*next).to_owned(),
            None => return found,
        }
    }
}

/// Parts become one object, or are refused for S3's reasons.
#[test]
fn multipart_uploads_follow_s3() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    let begun = door.ok(
        "POST",
        "/bucket/big",
        &[("uploads", "")],
        &[("x-amz-acl", "public-read")],
        b"",
    );
    let id = between(begun.text(), "<UploadId>", "<")[0].to_owned();
    let parts = [vec![1_u8; 5 << 20], vec![2_u8; 1000]];
    for (number, part) in ["1", "2"].into_iter().zip(&parts) {
        door.ok(
            "PUT",
            "/bucket/big",
            &[("partNumber", number), ("uploadId", &id)],
            &[],
            part,
        );
    }
    let tags = [md5_of(&parts[0]), md5_of(&parts[1])];
    let complete = |chosen: &[(u32, &str)]| {
        let parts: String = chosen
            .iter()
            .map(|(n, tag)| {
                format!("<Part><PartNumber>{n}</PartNumber><ETag>\"{tag}\"</ETag></Part>")
            })
            .collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        door.ask(
            "POST",
            "/bucket/big",
            &[("uploadId", &id)],
            &[],
            body.as_bytes(),
        )
    };
    assert_eq!(
        complete(&[(2, &tags[1]), (1, &tags[0])]).code(),
        "InvalidPartOrder"
    );
    assert_eq!(complete(&[(1, &tags[1])]).code(), "InvalidPart");
    assert_eq!(complete(&[(3, &tags[1])]).code(), "InvalidPart");
    door.ok(
        "PUT",
        "/bucket/big",
        &[("partNumber", "3"), ("uploadId", &id)],
        &[],
        b"tail",
    );
    let small = [(1, &*tags[0]), (2, &*tags[1]), (3, &*md5_of(b"tail"))];
    assert_eq!(complete(&small).code(), "EntityTooSmall");
    assert_eq!(complete(&[(1, &tags[0]), (2, &tags[1])]).status, 200);
    assert_eq!(
        complete(&[(1, &tags[0]), (2, &tags[1])]).status,
        200,
        "again is harmless"
    );
    let digests: Vec<u8> = tags
        .iter()
        .flat_map(|tag| hex::decode(tag).unwrap())
        .collect();
    let got = door.ok("GET", "/bucket/big", &[], &[], b"");
    assert_eq!(got.header("etag"), format!("\"{}-2\"", md5_of(&digests)));
    assert_eq!(got.body, parts.concat());
    assert!(
        std::fs::read_dir(door.root().join(".uploads"))
            .unwrap()
            .next()
            .is_none()
    );
}

/// A key reaches only what its rights name, and nobody reaches only what is public.
#[test]
fn rights_are_kept() {
    let door = Door::open();
    let limited = door.key(Beginning {
        import: &["mine-"],
        export: &["theirs", "mine-"],
    });
    door.ok("PUT", "/theirs", &[], &[], b"");
    door.ok("PUT", "/hidden", &[], &[], b"");
    door.ok(
        "PUT",
        "/hidden/open",
        &[],
        &[("x-amz-acl", "public-read")],
        b"for all",
    );
    door.ok(
        "PUT",
        "/hidden/known",
        &[],
        &[("x-amz-acl", "authenticated-read")],
        b"for keys",
    );
    door.ok("PUT", "/hidden/shut", &[], &[], b"for me");
    limited.ok("PUT", "/mine-1", &[], &[], b"");
    limited.ok("PUT", "/mine-1/key", &[], &[], b"x");
    limited.ok("GET", "/theirs", &[("list-type", "2")], &[], b"");
    for (method, path) in [
        ("PUT", "/theirs/key"),
        ("PUT", "/other"),
        ("GET", "/hidden"),
        ("GET", "/hidden/shut"),
    ] {
        assert_eq!(
            limited.ask(method, path, &[], &[], b"").status,
            403,
            "{method} {path}"
        );
    }
    let copied = [("x-amz-copy-source", "/hidden/shut")];
    assert_eq!(
        limited
            .ask("PUT", "/mine-1/stolen", &[], &copied, b"")
            .status,
        403
    );
    let shown = limited.ok("GET", "/", &[], &[], b"");
    assert_eq!(between(shown.text(), "<Name>", "<"), ["mine-1", "theirs"]);
    assert_eq!(
        limited.ok("GET", "/hidden/known", &[], &[], b"").body,
        b"for keys"
    );
    assert_eq!(door.anonymous("GET", "/hidden/open").body, b"for all");
    for path in [
        "/hidden/known",
        "/hidden/shut",
        "/hidden/missing",
        "/hidden",
        "/",
    ] {
        assert_eq!(door.anonymous("GET", path).status, 403, "{path}");
    }
    assert_eq!(door.anonymous("PUT", "/hidden/open").status, 403);
}

/// Whoever may only import to a bucket writes what is new there and reads, lists, deletes and publishes
/// nothing: the same as through the API for jobs.
#[test]
fn importing_is_not_reading() {
    let door = Door::open();
    let importer = door.key(Beginning {
        import: &["data"],
        export: &[],
    });
    importer.ok("PUT", "/data", &[], &[], b"");
    door.ok("PUT", "/data/secret", &[], &[], b"secret");
    let others = door.ok("POST", "/data/theirs", &[("uploads", "")], &[], b"");
    let others = between(others.text(), "<UploadId>", "<")[0].to_owned();
    importer.ok("PUT", "/data/mine", &[], &[], b"mine");
    assert_eq!(
        importer.ask("HEAD", "/data/mine", &[], &[], b"").status,
        200
    );
    importer.ok("HEAD", "/data", &[], &[], b"");
    let begun = importer.ok("POST", "/data/big", &[("uploads", "")], &[], b"");
    let own = between(begun.text(), "<UploadId>", "<")[0].to_owned();
    let part = [("partNumber", "1"), ("uploadId", own.as_str())];
    importer.ok("PUT", "/data/big", &part, &[], b"part");
    importer.ok("GET", "/data/big", &[("uploadId", &own)], &[], b"");
    let uploads = importer.ok("GET", "/data", &[("uploads", "")], &[], b"");
    assert_eq!(between(uploads.text(), "<UploadId>", "<"), [own.as_str()]);
    let theirs = [("partNumber", "1"), ("uploadId", others.as_str())];
    assert_eq!(
        importer
            .ask("PUT", "/data/theirs", &theirs, &[], b"x")
            .code(),
        "NoSuchUpload"
    );
    let abort = [("uploadId", others.as_str())];
    assert_eq!(
        importer
            .ask("DELETE", "/data/theirs", &abort, &[], b"")
            .status,
        404
    );
    for (method, path, query) in [
        ("GET", "/data/secret", ""),
        ("GET", "/data/mine", ""),
        ("GET", "/data/secret", "acl"),
        ("GET", "/data/secret", "tagging"),
        ("GET", "/data", ""),
        ("GET", "/data", "versions"),
        ("DELETE", "/data/secret", ""),
        ("DELETE", "/data/mine", ""),
        ("PUT", "/data/secret", "acl"),
        ("PUT", "/data/secret", "tagging"),
        ("POST", "/data", "delete"),
        ("DELETE", "/data", ""),
    ] {
        let query = [(query, "")];
        let query = if query[0].0.is_empty() {
            &[][..]
        } else {
            &query[..]
        };
        assert_eq!(
            importer.ask(method, path, query, &[], b"").status,
            403,
            "{method} {path}"
        );
    }
    let copied = [("x-amz-copy-source", "/data/secret")];
    assert_eq!(
        importer.ask("PUT", "/data/copy", &[], &copied, b"").status,
        403
    );
    importer.ok("DELETE", "/data/big", &[("uploadId", &own)], &[], b"");
}

/// Conditions decide at the moment of the change, and of the read.
#[test]
fn conditions_hold() {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door.ok(
        "PUT",
        "/bucket/key",
        &[],
        &[("if-none-match", "*")],
        b"0123456789",
    );
    assert_eq!(
        door.ask("PUT", "/bucket/key", &[], &[("if-none-match", "*")], b"")
            .status,
        412
    );
    assert_eq!(
        door.ask("PUT", "/bucket/key", &[], &[("if-match", "\"0\"")], b"")
            .status,
        412
    );
    let tag = format!("\"{}\"", md5_of(b"0123456789"));
    assert_eq!(
        door.ask("GET", "/bucket/key", &[], &[("if-none-match", &tag)], b"")
            .status,
        304
    );
    assert_eq!(
        door.ask("GET", "/bucket/key", &[], &[("if-match", "\"0\"")], b"")
            .status,
        412
    );
    let piece = door.ok("GET", "/bucket/key", &[], &[("range", "bytes=-3")], b"");
    assert_eq!((piece.status, &*piece.body), (206, &b"789"[..]));
    assert_eq!(piece.header("content-range"), "bytes 7-9/10");
    assert_eq!(
        door.ask("GET", "/bucket/key", &[], &[("range", "bytes=10-")], b"")
            .status,
        416
    );
}

/// What was stored is there after closing and opening again.
#[test]
fn objects_outlive_the_program() {
    let mut door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door.ok("PUT", "/bucket/key", &[], &[], b"kept");
    door.reopen();
    assert_eq!(door.ok("GET", "/bucket/key", &[], &[], b"").body, b"kept");
}

/// A browser's form is refused before its body is read: the answer comes while it is still on its
/// way.
#[test]
fn forms_are_refused_unread() {
    use std::io::{Read as _, Write as _};
    let door = Door::open();
    let mut stream = std::net::TcpStream::connect(door.address()).unwrap();
    let patience = Some(std::time::Duration::from_secs(10));
    stream.set_read_timeout(patience).unwrap();
    let head = "POST /bucket HTTP/1.1\r\nHost: store\r\nContent-Type: Multipart/Form-Data; \
                boundary=x\r\nContent-Length: 4000000000\r\n\r\n--x\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 512];
    let read = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}
