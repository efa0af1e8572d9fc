//! What a request means is honoured or refused, and its signature covers it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::Door;

fn with_object() -> Door {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door.ok("PUT", "/bucket/key", &[], &[], b"contents");
    door
}

fn still_there(door: &Door) {
    assert_eq!(
        door.ok("GET", "/bucket/key", &[], &[], b"").body,
        b"contents"
    );
}

/// Only the version `null` is there; deleting another deletes nothing.
#[test]
fn a_version_that_is_not_there_is_not_the_object() {
    let door = with_object();
    for version in ["bogus", "3L4kqtJlcpXroDTDmJ.rmSpXd3QBpUMLUo", ""] {
        let query = [("versionId", version)];
        for method in ["GET", "DELETE"] {
            let refused = door.ask(method, "/bucket/key", &query, &[], b"");
            assert_eq!((refused.status, refused.code()), (400, "InvalidArgument"));
        }
        assert_eq!(
            door.ask("HEAD", "/bucket/key", &query, &[], b"").status,
            400
        );
        for part in ["acl", "tagging", "attributes"] {
            let query = [(part, ""), ("versionId", version)];
            let headers = [("x-amz-object-attributes", "ETag")];
            let headers = if part == "attributes" {
                &headers[..]
            } else {
                &[]
            };
            let refused = door.ask("GET", "/bucket/key", &query, headers, b"");
            assert_eq!(refused.code(), "InvalidArgument", "{part}");
        }
    }
    let source = [("x-amz-copy-source", "/bucket/key?versionId=bogus")];
    assert_eq!(
        door.ask("PUT", "/bucket/copy", &[], &source, b"").code(),
        "InvalidArgument"
    );
    let many = b"<Delete><Object><Key>key</Key><VersionId>bogus</VersionId></Object></Delete>";
    let told = door.ok("POST", "/bucket", &[("delete", "")], &[], many);
    assert!(
        told.text().contains("<Code>InvalidArgument</Code>"),
        "{}",
        told.text()
    );
    still_there(&door);
    let source = [("x-amz-copy-source", "/bucket/key?versionId=null")];
    door.ok("PUT", "/bucket/copy", &[], &source, b"");
    door.ok("GET", "/bucket/key", &[("versionId", "null")], &[], b"");
    door.ok("DELETE", "/bucket/key", &[("versionId", "null")], &[], b"");
    assert_eq!(
        door.ask("GET", "/bucket/key", &[], &[], b"").code(),
        "NoSuchKey"
    );
}

/// What the store cannot keep it does not promise, and stores nothing.
#[test]
fn promises_that_would_not_be_kept_are_refused() {
    let door = with_object();
    for (header, value, status) in [
        ("x-amz-object-lock-mode", "COMPLIANCE", 400),
        (
            "x-amz-object-lock-retain-until-date",
            "2030-01-01T00:00:00Z",
            400,
        ),
        ("x-amz-object-lock-legal-hold", "ON", 400),
        ("x-amz-server-side-encryption", "AES256", 501),
        ("x-amz-server-side-encryption", "aws:kms", 501),
        (
            "x-amz-server-side-encryption-customer-algorithm",
            "AES256",
            501,
        ),
        ("x-amz-grant-read", "id=1", 501),
        ("x-amz-expected-bucket-owner", "somebody", 403),
        ("x-amz-unheard-of", "1", 501),
        ("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT", 501),
        ("content-range", "bytes 0-7/8", 501),
    ] {
        let put = door.ask("PUT", "/bucket/new", &[], &[(header, value)], b"new");
        assert_eq!(put.status, status, "{header}: {}", put.text());
        let begun = door.ask(
            "POST",
            "/bucket/new",
            &[("uploads", "")],
            &[(header, value)],
            b"",
        );
        assert_eq!(begun.status, status, "{header}: {}", begun.text());
    }
    assert_eq!(
        door.ask("GET", "/bucket/new", &[], &[], b"").code(),
        "NoSuchKey"
    );
    let locked = [("x-amz-bucket-object-lock-enabled", "true")];
    assert_eq!(door.ask("PUT", "/locked", &[], &locked, b"").status, 501);
    let public = [("x-amz-acl", "public-read")];
    assert_eq!(door.ask("PUT", "/public", &[], &public, b"").status, 501);
    for bucket in ["/locked", "/public"] {
        assert_eq!(door.ask("HEAD", bucket, &[], &[], b"").status, 404);
    }
    for (method, query) in [
        ("DELETE", "acl"),
        ("DELETE", "legal-hold"),
        ("PUT", "renameObject"),
        ("PUT", "unheard-of"),
    ] {
        let refused = door.ask(method, "/bucket/key", &[(query, "")], &[], b"");
        assert_eq!(refused.status, 501, "{method} ?{query}");
    }
    let owner = [("x-amz-expected-bucket-owner", "KEY0")];
    door.ok("GET", "/bucket/key", &[], &owner, b"");
    let stranger = [
        ("x-amz-copy-source", "/bucket/key"),
        ("x-amz-source-expected-bucket-owner", "somebody"),
    ];
    assert_eq!(
        door.ask("PUT", "/bucket/copy", &[], &stranger, b"").status,
        403
    );
    still_there(&door);
}

/// Headers that nobody signed for change nothing.
#[test]
fn a_link_does_what_it_was_made_for_and_no_more() {
    let door = with_object();
    door.ok("PUT", "/bucket/secret", &[], &[], b"top secret");
    let link = door.link("PUT", "/bucket/upload", 60, &[]);
    let added = [
        ("x-amz-copy-source", "/bucket/secret"),
        ("x-amz-acl", "public-read"),
    ];
    for added in [&added[..], &added[..1], &added[1..]] {
        let refused = door.follow("PUT", &link, added, b"mine");
        assert_eq!((refused.status, refused.code()), (403, "AccessDenied"));
    }
    assert_eq!(door.ask("GET", "/bucket/upload", &[], &[], b"").status, 404);
    assert_eq!(door.follow("PUT", &link, &[], b"mine").status, 200);
    assert_eq!(
        door.ok("GET", "/bucket/upload", &[], &[], b"").body,
        b"mine"
    );
    let refused = door.ask_with_unsigned("PUT", "/bucket/other", ("x-amz-acl", "public-read"));
    assert_eq!((refused.status, refused.code()), (403, "AccessDenied"));
    let long = door.link("GET", "/bucket/key", 604_801, &[]);
    let refused = door.follow("GET", &long, &[], b"");
    assert_eq!(refused.code(), "AuthorizationQueryParametersError");
    let week = door.link("GET", "/bucket/key", 604_800, &[("versionId", "null")]);
    assert_eq!(door.follow("GET", &week, &[], b"").body, b"contents");
    let public = door.link("PUT", "/bucket/shown", 60, &[("x-amz-acl", "public-read")]);
    assert_eq!(door.follow("PUT", &public, &[], b"shown").status, 200);
    assert_eq!(door.anonymous("GET", "/bucket/shown").body, b"shown");
}

/// Old signatures, empty ones and those for other services open nothing.
#[test]
fn one_kind_of_signature_is_taken() {
    let door = with_object();
    let plain = |headers: &[(&str, &str)]| door.unsigned("GET", "/bucket/key", headers);
    for date in ["Tue, 27 Mar 2007 19:36:42 GMT", "nonsense"] {
        let headers = [("authorization", "AWS KEY0:c2lnbmF0dXJl"), ("date", date)];
        let refused = plain(&headers);
        assert_eq!((refused.status, refused.code()), (400, "InvalidRequest"));
        assert!(refused.text().contains("AWS4-HMAC-SHA256"));
    }
    let empty = plain(&[("authorization", "")]);
    assert_eq!((empty.status, empty.code()), (403, "AccessDenied"));
    assert_eq!(plain(&[("authorization", "Bearer x")]).status, 400);
    assert_eq!(door.anonymous("GET", "/missing/key").code(), "NoSuchBucket");
    assert_eq!(
        door.anonymous("DELETE", "/missing/key").code(),
        "NoSuchBucket"
    );
    assert_eq!(door.anonymous("GET", "/missing").code(), "NoSuchBucket");
    assert_eq!(door.anonymous("GET", "/bucket/key").code(), "AccessDenied");
}

/// Every answer has an id, and an error says it.
#[test]
fn every_answer_has_an_id() {
    let door = with_object();
    let fine = door.ok("GET", "/bucket/key", &[], &[], b"");
    assert_eq!(fine.header("x-amz-request-id").len(), 16);
    let lost = door.ask("GET", "/bucket/lost", &[], &[], b"");
    let id = format!("<RequestId>{}</RequestId>", lost.header("x-amz-request-id"));
    assert!(lost.text().contains(&id), "{}", lost.text());
    assert!(lost.text().contains("<Resource>/bucket/lost</Resource>"));
    assert!(!lost.header("x-amz-id-2").is_empty());
}

/// A part is copied from bytes that are there, or not at all.
#[test]
fn a_range_beyond_the_source_is_no_part() {
    let door = with_object();
    let begun = door.ok("POST", "/bucket/big", &[("uploads", "")], &[], b"");
    let id = begun.text().split("<UploadId>").nth(1).unwrap();
    let id = id.split('<').next().unwrap().to_owned();
    let part = [("partNumber", "1"), ("uploadId", id.as_str())];
    let copied = |range: &str| {
        let headers = [
            ("x-amz-copy-source", "/bucket/key"),
            ("x-amz-copy-source-range", range),
        ];
        door.ask("PUT", "/bucket/big", &part, &headers, b"").status
    };
    for wrong in [
        "bytes=0-8",
        "bytes=0-21",
        "bytes=0-",
        "bytes=-5",
        "bytes=5-2",
        "0-3",
        "bytes=+0-3",
    ] {
        assert_eq!(copied(wrong), 400, "{wrong}");
    }
    assert_eq!(copied("bytes=0-7"), 200);
}

/// A bucket that nobody configured says so, as AWS does.
#[test]
fn an_unconfigured_bucket_says_that_there_is_nothing() {
    let door = with_object();
    for (query, code) in [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("cors", "NoSuchCORSConfiguration"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("tagging", "NoSuchTagSet"),
        (
            "encryption",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ] {
        let answer = door.ask("GET", "/bucket", &[(query, "")], &[], b"");
        assert_eq!((answer.status, answer.code()), (404, code), "{query}");
        let lost = door.ask("GET", "/missing", &[(query, "")], &[], b"");
        assert_eq!(lost.code(), "NoSuchBucket", "{query}");
    }
    for query in [
        "logging",
        "notification",
        "accelerate",
        "versioning",
        "location",
        "acl",
    ] {
        door.ok("GET", "/bucket", &[(query, "")], &[], b"");
    }
    let payer = door.ok("GET", "/bucket", &[("requestPayment", "")], &[], b"");
    assert!(
        payer.text().contains("<Payer>BucketOwner</Payer>"),
        "{}",
        payer.text()
    );
    door.ok(
        "PUT",
        "/bucket",
        &[("acl", "")],
        &[("x-amz-acl", "private")],
        b"",
    );
}

/// There is one version of each object, and tools that look for versions find it.
#[test]
fn versions_are_listed_and_deleted() {
    let door = with_object();
    door.ok("PUT", "/bucket/a/b", &[], &[], b"");
    let query = [("versions", ""), ("delimiter", "/"), ("max-keys", "1")];
    let first = door.ok("GET", "/bucket", &query, &[], b"");
    assert!(
        first.text().contains("<CommonPrefixes><Prefix>a/</Prefix>"),
        "{}",
        first.text()
    );
    assert!(
        first.text().contains("<NextKeyMarker>a/</NextKeyMarker>"),
        "{}",
        first.text()
    );
    let query = [("versions", ""), ("delimiter", "/"), ("key-marker", "a/")];
    let second = door.ok("GET", "/bucket", &query, &[], b"");
    for part in [
        "<Key>key</Key>",
        "<VersionId>null</VersionId>",
        "<IsLatest>true</IsLatest>",
    ] {
        assert!(second.text().contains(part), "{}", second.text());
    }
    let many = b"<Delete><Object><Key>key</Key><VersionId>null</VersionId></Object></Delete>";
    let told = door.ok("POST", "/bucket", &[("delete", "")], &[], many);
    assert!(told.text().contains("<Deleted>"), "{}", told.text());
    assert_eq!(door.ask("GET", "/bucket/key", &[], &[], b"").status, 404);
}

#[test]
fn attributes_are_told() {
    let door = with_object();
    let asked = [(
        "x-amz-object-attributes",
        "ETag,ObjectSize,StorageClass,Checksum,ObjectParts",
    )];
    let told = door.ok("GET", "/bucket/key", &[("attributes", "")], &asked, b"");
    let head = door.ok("HEAD", "/bucket/key", &[], &[], b"");
    let tag = head.header("etag");
    for part in [
        "<ObjectSize>8</ObjectSize>",
        "<StorageClass>STANDARD</StorageClass>",
        // Here, and nowhere else, S3 writes no quotes around it.
        &format!("<ETag>{}</ETag>", tag.trim_matches('"')),
    ] {
        assert!(told.text().contains(part), "{}", told.text());
    }
    let wrong = [("x-amz-object-attributes", "Colour")];
    assert_eq!(
        door.ask("GET", "/bucket/key", &[("attributes", "")], &wrong, b"")
            .status,
        400
    );
    let tagged = [("x-amz-tagging", "a=1&b=2")];
    door.ok("PUT", "/bucket/tagged", &[], &tagged, b"");
    assert_eq!(
        door.ok("HEAD", "/bucket/tagged", &[], &[], b"")
            .header("x-amz-tagging-count"),
        "2"
    );
}

/// Buckets come in pages to whoever asks for pages.
#[test]
fn buckets_are_listed_in_pages() {
    let door = with_object();
    for bucket in ["/aaa", "/ccc"] {
        door.ok("PUT", bucket, &[], &[], b"");
    }
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let query = [("max-buckets", "1"), ("continuation-token", token.as_str())];
        let page = door.ok("GET", "/", &query, &[], b"").text().to_owned();
        found.push(
            page.split("<Name>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned(),
        );
        match page.split("<ContinuationToken>").nth(1) {
            Some(next) => token = next.split('<').next().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(found, ["aaa", "bucket", "ccc"]);
    assert_eq!(
        door.ask("GET", "/", &[("max-buckets", "0")], &[], b"")
            .status,
        400
    );
}

/// What XML cannot carry is written in a way that it can, and the answer says so.
#[test]
fn odd_keys_do_not_break_a_list() {
    let door = with_object();
    for key in ["odd\u{1}", "odd\u{1b}[31m", "odd\u{fffe}", "odd\r"] {
        door.ok("PUT", &door::path("bucket", key), &[], &[], b"");
        let begun = door.ok(
            "POST",
            &door::path("bucket", key),
            &[("uploads", "")],
            &[],
            b"",
        );
        assert!(
            begun.text().chars().all(|c| c >= ' ' || c == '\n'),
            "{:?}",
            begun.text()
        );
    }
    for query in [
        &[("list-type", "2")][..],
        &[],
        &[("versions", "")],
        &[("uploads", "")],
    ] {
        let listed = door.ok("GET", "/bucket", query, &[], b"");
        let text = listed.text();
        assert!(
            text.chars()
                .all(|c| (c >= ' ' && c != '\u{fffe}') || c == '\n'),
            "{text:?}"
        );
        assert!(text.contains("<EncodingType>url</EncodingType>"), "{text}");
        assert!(
            text.contains("odd%01") && text.contains("odd%EF%BF%BE"),
            "{text}"
        );
    }
    let listed = door.ok(
        "GET",
        "/bucket",
        &[("list-type", "2"), ("prefix", "key")],
        &[],
        b"",
    );
    assert!(!listed.text().contains("EncodingType"));
    let empty = [("list-type", "2"), ("continuation-token", "")];
    door.ok("GET", "/bucket", &empty, &[], b"");
}

/// What is said of a body comes back as it was said, and a document too large is not read.
#[test]
fn details_that_clients_noticed() {
    let door = with_object();
    let encoded = [("content-encoding", "deflate, gzip")];
    door.ok("PUT", "/bucket/encoded", &[], &encoded, b"");
    let got = door.ok("GET", "/bucket/encoded", &[], &[], b"");
    assert_eq!(got.header("content-encoding"), "deflate, gzip");
    let large = vec![b' '; 9 << 20];
    let refused = door.ask("POST", "/bucket", &[("delete", "")], &[], &large);
    assert_eq!((refused.status, refused.code()), (400, "MalformedXML"));
    let tag = door
        .ok("GET", "/bucket/key", &[], &[], b"")
        .header("etag")
        .to_owned();
    let resume = [("range", "bytes=3-"), ("if-range", tag.as_str())];
    assert_eq!(
        door.ok("GET", "/bucket/key", &[], &resume, b"").body,
        b"tents"
    );
    let resume = [("range", "bytes=3-"), ("if-range", "\"other\"")];
    assert_eq!(
        door.ok("GET", "/bucket/key", &[], &resume, b"").body,
        b"contents"
    );
    let copied = [("x-amz-copy-source", "/bucket/key"), ("if-none-match", "*")];
    assert_eq!(
        door.ask("PUT", "/bucket/encoded", &[], &copied, b"").status,
        412
    );
    assert_eq!(
        door.ask("PUT", "/Photos_X", &[], &[], b"").code(),
        "InvalidBucketName"
    );
}

/// A checksum that is announced for the end of the body must come there, once and right.
#[test]
fn announced_trailers_must_come() {
    let door = with_object();
    let right = "x-amz-checksum-crc32:y/Q5Jg==\r\n";
    for (trailer, status) in [
        (right.to_owned(), 200),
        (String::new(), 400),
        (format!("{right}x-amz-checksum-crc32:AAAAAA==\r\n"), 400),
        (format!("x-amz-checksum-crc32:AAAAAA==\r\n{right}"), 400),
        ("x-amz-checksum-crc32:AAAAAA==\r\n".to_owned(), 400),
    ] {
        let answer = door.put_with_trailer("/bucket/new", b"123456789", &trailer);
        assert_eq!(answer.status, status, "{trailer:?}: {}", answer.text());
        if status == 400 {
            assert_eq!(door.ask("GET", "/bucket/new", &[], &[], b"").status, 404);
        } else {
            door.ok("DELETE", "/bucket/new", &[], &[], b"");
        }
    }
}
