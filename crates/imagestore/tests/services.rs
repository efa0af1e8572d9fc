//! What the clients make of a service's answers: a server that follows a script.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use awshttp::endpoint::{ServiceConfig, Timeouts};
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use imagestore::ebs::EbsSnapshots;
use imagestore::error::ServiceError;
use imagestore::glacier::{GlacierVault, VaultAddress};
use imagestore::snapshots::{
    BLOCK_BYTES, Beginning, LinearChecksum, SnapshotId, Snapshots as _, Status, StoredBlock,
};
use imagestore::treehash;
use imagestore::vaults::{Archive, Hashes, StoredPart, UploadId, Vault as _, part_bytes};
use sha2::{Digest as _, Sha256};

/// Status, headers (each with its line's end) and body of an answer; no status hangs up instead.
type Answer = (&'static str, String, Vec<u8>);

/// A server that gives one answer per connection and returns the heads of the requests it saw.
fn serve(answers: Vec<Answer>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let follow = |answer| respond(listener.accept().unwrap().0, answer);
        answers.into_iter().map(follow).collect()
    });
    (endpoint, server)
}

fn respond(mut stream: TcpStream, (status, headers, body): Answer) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let request = read_request(&mut stream);
    if !status.is_empty() {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
    }
    request
}

/// Reads head and body, and gives the head in lower case with the body's start.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "the request ended early");
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
        if bytes.len() - end - 4 >= length {
            let shown = &bytes[end + 4..][..length.min(300)];
            return format!("{head}\n\n{}", String::from_utf8_lossy(shown));
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn answer(status: &'static str, headers: &str, body: &str) -> Answer {
    (status, headers.to_owned(), body.into())
}

fn config(endpoint: &str) -> ServiceConfig {
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse("AKIDEXAMPLE").unwrap(),
        secret: SecretKey::new("secret"),
        session_token: None,
    };
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        silence: Duration::from_secs(5),
        assembly: Duration::from_secs(5),
    };
    ServiceConfig {
        timeouts,
        ..ServiceConfig::new(endpoint, "us-east-1", credentials)
    }
}

fn retry() -> Retry {
    let policy = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(5),
        budget: Duration::from_secs(5),
    };
    let sleeper = RealTime::new(Arc::new(AtomicBool::new(false)));
    Retry::new(policy, 1, Box::new(sleeper))
}

fn snapshots(endpoint: &str) -> EbsSnapshots {
    EbsSnapshots::connect(&config(endpoint), retry()).unwrap()
}

fn vault(endpoint: &str) -> GlacierVault {
    let address = VaultAddress {
        account: "-",
        name: "deep",
    };
    GlacierVault::connect(&config(endpoint), &address, retry()).unwrap()
}

fn snapshot() -> SnapshotId {
    SnapshotId::parse("snap-0a1b2c").unwrap()
}

fn upload() -> UploadId {
    UploadId::parse("up-1").unwrap()
}

const BEGINNING: Beginning<'_> = Beginning {
    volume_gib: 3,
    description: "AB123",
    client_token: "AB123-1",
};

#[test]
fn a_snapshot_is_begun_with_its_token_and_three_days() {
    let document = r#"{"SnapshotId":"snap-0a1b2c","BlockSize":524288,"Status":"pending"}"#;
    let (endpoint, server) = serve(vec![answer("201 Created", "", document)]);
    assert_eq!(snapshots(&endpoint).start(&BEGINNING).unwrap(), snapshot());
    let request = server.join().unwrap().remove(0);
    assert!(request.starts_with("POST /snapshots HTTP/1.1\r\n"));
    let (_, body) = request.split_once("\n\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"VolumeSize": 3, "Description": "AB123", "ClientToken": "AB123-1",
            "Timeout": 4320})
    );
}

#[test]
fn other_blocks_than_ours_are_not_served() {
    let document = r#"{"SnapshotId":"snap-0a1b2c","BlockSize":4096}"#;
    let (endpoint, _server) = serve(vec![answer("201 Created", "", document)]);
    let hasty = RetryPolicy {
        budget: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let sleeper = RealTime::new(Arc::new(AtomicBool::new(false)));
    let once = Retry::new(hasty, 1, Box::new(sleeper));
    let snapshots = EbsSnapshots::connect(&config(&endpoint), once).unwrap();
    let error = snapshots.start(&BEGINNING).unwrap_err();
    assert!(
        error.to_string().contains("blocks of `4096` bytes"),
        "{error}"
    );
}

#[test]
fn a_block_is_sent_until_the_service_has_just_it() {
    let block = vec![7; BLOCK_BYTES];
    let hash: [u8; 32] = Sha256::digest(&block).into();
    let echo = format!("x-amz-Checksum: {}\r\n", BASE64.encode(hash));
    let throttled = r#"{"Message":"slow down","Reason":"ACCOUNT_THROTTLED"}"#;
    let (endpoint, server) = serve(vec![
        answer(
            "400 Bad Request",
            "x-amzn-ErrorType: RequestThrottledException:http://x/\r\n",
            throttled,
        ),
        answer("502 Bad Gateway", "", "<html>"),
        answer("", "", ""),
        answer("201 Created", "x-amz-Checksum: AAAA\r\n", "{}"),
        answer("201 Created", &echo, "{}"),
    ]);
    let snapshots = snapshots(&endpoint);
    snapshots.put_block(&snapshot(), 9, &block, &hash).unwrap();
    let requests = server.join().unwrap();
    assert_eq!(requests.len(), 5);
    let head = &requests[4];
    assert!(head.starts_with("PUT /snapshots/snap-0a1b2c/blocks/9 "));
    assert_eq!(header(head, "x-amz-data-length"), Some("524288"));
    let checksum = BASE64.encode(hash);
    assert_eq!(header(head, "x-amz-checksum"), Some(checksum.as_str()));
    assert_eq!(header(head, "x-amz-checksum-algorithm"), Some("SHA256"));
}

#[test]
fn a_snapshot_may_be_unknown_at_first_and_is_told_when_it_is_gone() {
    let gone = r#"{"Message":"no such snapshot","Reason":"SNAPSHOT_NOT_FOUND"}"#;
    let code = "x-amzn-ErrorType: ResourceNotFoundException\r\nx-amzn-RequestId: R1\r\n";
    let (endpoint, server) = serve(vec![
        answer("404 Not Found", code, gone),
        answer("201 Created", "", "{}"),
        answer("404 Not Found", code, gone),
    ]);
    let snapshots = snapshots(&endpoint);
    let block = vec![7; BLOCK_BYTES];
    let hash = Sha256::digest(&block).into();
    snapshots.put_block(&snapshot(), 9, &block, &hash).unwrap();
    let error = snapshots.is_readable(&snapshot()).unwrap_err();
    assert!(matches!(error, ServiceError::NotFound(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the service does not have it: `ResourceNotFoundException`, status 404, \
         SNAPSHOT_NOT_FOUND: no such snapshot (request R1)"
    );
    server.join().unwrap();
}

#[test]
fn completing_names_the_blocks_and_their_checksum() {
    let done = r#"{"Status":"pending"}"#;
    let (endpoint, server) = serve(vec![answer("202 Accepted", "", done)]);
    let mut linear = LinearChecksum::default();
    linear.push(&[1; 32]);
    linear.push(&[2; 32]);
    let sum = linear.finish();
    let both = [[1; 32], [2; 32]].concat();
    assert_eq!(sum[..], Sha256::digest(both)[..]);
    let status = snapshots(&endpoint).complete(&snapshot(), 2, Some(sum));
    assert_eq!(status.unwrap(), Status::Pending);
    let head = server.join().unwrap().remove(0);
    assert!(head.starts_with("POST /snapshots/completion/snap-0a1b2c "));
    assert_eq!(header(&head, "x-amz-changedblockscount"), Some("2"));
    let checksum = BASE64.encode(sum);
    assert_eq!(header(&head, "x-amz-checksum"), Some(checksum.as_str()));
    assert_eq!(
        header(&head, "x-amz-checksum-aggregation-method"),
        Some("LINEAR")
    );
}

#[test]
fn a_completion_whose_answer_was_lost_is_found_out() {
    let refused = r#"{"Message":"it is completed","Reason":"INVALID_SNAPSHOT_ID"}"#;
    let code = "x-amzn-ErrorType: ValidationException\r\n";
    let page = r#"{"Blocks":[],"BlockSize":524288}"#;
    let (endpoint, server) = serve(vec![
        answer("", "", ""),
        answer("400 Bad Request", code, refused),
        answer("200 OK", "", page),
    ]);
    let status = snapshots(&endpoint).complete(&snapshot(), 0, None);
    assert_eq!(status.unwrap(), Status::Completed);
    server.join().unwrap();
}

#[test]
fn blocks_are_listed_page_by_page_and_in_order() {
    let first = r#"{"Blocks":[{"BlockIndex":5,"BlockToken":"c"}],"NextToken":"n+1"}"#;
    let second = r#"{"Blocks":[{"BlockIndex":0,"BlockToken":"a"}],"NextToken":null}"#;
    let (endpoint, server) = serve(vec![
        answer("200 OK", "", first),
        answer("200 OK", "", second),
    ]);
    let blocks = snapshots(&endpoint).list_blocks(&snapshot()).unwrap();
    let listed: Vec<(u32, &str)> = blocks.iter().map(|b| (b.index, &*b.token)).collect();
    assert_eq!(listed, [(0, "a"), (5, "c")]);
    let requests = server.join().unwrap();
    assert!(requests[0].starts_with("GET /snapshots/snap-0a1b2c/blocks?maxResults=10000 "));
    assert!(requests[1].contains("pageToken=n%2B1"));
}

#[test]
fn a_block_that_is_read_is_checked() {
    let block = vec![7; BLOCK_BYTES];
    let wrong = vec![8; BLOCK_BYTES];
    let checksum = BASE64.encode(Sha256::digest(&block));
    let echo = format!("x-amz-Checksum: {checksum}\r\nx-amz-Data-Length: 524288\r\n");
    let (endpoint, server) = serve(vec![
        ("200 OK", echo.clone(), wrong),
        ("200 OK", echo.clone(), block[1..].to_vec()),
        ("200 OK", echo, block.clone()),
    ]);
    let stored = StoredBlock {
        index: 7,
        token: "t/1=".to_owned(),
    };
    let read = snapshots(&endpoint).get_block(&snapshot(), &stored);
    assert!(read.unwrap() == block);
    let requests = server.join().unwrap();
    assert!(requests[2].starts_with("GET /snapshots/snap-0a1b2c/blocks/7?blockToken=t%2F1%3D "));
}

#[test]
fn an_upload_in_parts_says_what_glacier_wants_to_know() {
    let part = vec![b'a'; 1500];
    let hashes = Hashes::of(&part);
    let tree = hex::encode(hashes.tree);
    let echo = format!("x-amz-sha256-tree-hash: {tree}\r\n");
    let made = format!("{echo}x-amz-archive-id: AR1\r\nLocation: /1/vaults/deep/archives/AR1\r\n");
    let (endpoint, server) = serve(vec![
        answer("201 Created", "x-amz-multipart-upload-id: up-1\r\n", ""),
        answer("204 No Content", &echo, ""),
        answer("201 Created", &made, ""),
    ]);
    let vault = vault(&endpoint);
    let id = vault.initiate(1 << 20, "the comment").unwrap();
    assert_eq!(id, upload());
    vault.put_part(&id, 3 << 20, &part, &hashes).unwrap();
    let archive = vault.complete(&id, (3 << 20) + 1500, &hashes.tree).unwrap();
    let expected = Archive {
        id: "AR1".to_owned(),
        location: "/1/vaults/deep/archives/AR1".to_owned(),
    };
    assert_eq!(archive, expected);

    let requests = server.join().unwrap();
    let said = |request: usize, name| header(&requests[request], name);
    assert!(requests[0].starts_with("POST /-/vaults/deep/multipart-uploads "));
    assert_eq!(said(0, "x-amz-part-size"), Some("1048576"));
    assert_eq!(said(0, "x-amz-archive-description"), Some("the comment"));
    assert!(requests[1].starts_with("PUT /-/vaults/deep/multipart-uploads/up-1 "));
    assert_eq!(said(1, "content-range"), Some("bytes 3145728-3147227/*"));
    assert_eq!(said(1, "x-amz-sha256-tree-hash"), Some(tree.as_str()));
    let linear = hex::encode(hashes.linear);
    assert_eq!(said(1, "x-amz-content-sha256"), Some(linear.as_str()));
    assert!(requests[2].starts_with("POST /-/vaults/deep/multipart-uploads/up-1 "));
    assert_eq!(said(2, "x-amz-archive-size"), Some("3147228"));
    for request in &requests {
        assert_eq!(header(request, "x-amz-glacier-version"), Some("2012-06-01"));
    }
}

#[test]
fn a_part_that_arrived_as_another_is_sent_again() {
    let part = b"some bytes";
    let hashes = Hashes::of(part);
    let wrong = format!("x-amz-sha256-tree-hash: {}\r\n", "0".repeat(64));
    let right = format!(
        "x-amz-sha256-tree-hash: {}\r\n",
        hex::encode_upper(hashes.tree)
    );
    let (endpoint, server) = serve(vec![
        answer("204 No Content", &wrong, ""),
        answer("204 No Content", &right, ""),
    ]);
    vault(&endpoint)
        .put_part(&upload(), 0, part, &hashes)
        .unwrap();
    assert_eq!(server.join().unwrap().len(), 2);
}

#[test]
fn parts_are_listed_page_by_page() {
    let tree = hex::encode(treehash::of(b"x"));
    let first = format!(
        r#"{{"Parts":[{{"RangeInBytes":"0-1048575","SHA256TreeHash":"{tree}"}}],"Marker":"1048576"}}"#
    );
    let second = format!(
        r#"{{"Parts":[{{"RangeInBytes":"1048576-1048576","SHA256TreeHash":"{tree}"}}],"Marker":null}}"#
    );
    let (endpoint, server) = serve(vec![
        answer("200 OK", "", &first),
        answer("200 OK", "", &second),
    ]);
    let part = |range| StoredPart {
        range,
        tree: treehash::of(b"x"),
    };
    let parts = vault(&endpoint).list_parts(&upload()).unwrap();
    assert_eq!(parts, [part(0..1 << 20), part(1 << 20..(1 << 20) + 1)]);
    assert!(server.join().unwrap()[1].contains("?marker=1048576 "));
}

#[test]
fn what_is_gone_needs_no_abort_and_a_missing_vault_is_an_answer() {
    let gone = r#"{"code":"ResourceNotFoundException","message":"gone","type":"Client"}"#;
    let (endpoint, _server) = serve(vec![
        answer("404 Not Found", "", gone),
        answer("404 Not Found", "", gone),
        answer("200 OK", "", r#"{"VaultName":"deep"}"#),
    ]);
    let vault = vault(&endpoint);
    vault.abort(&upload()).unwrap();
    assert!(!vault.exists().unwrap());
    assert!(vault.exists().unwrap());
}

#[test]
fn a_single_upload_whose_answer_was_lost_is_not_taken_for_failed() {
    let (endpoint, _server) = serve(vec![
        answer("", "", ""),
        answer("403 Forbidden", "", r#"{"code":"AccessDeniedException"}"#),
    ]);
    let hashes = Hashes::of(b"data");
    let error = vault(&endpoint)
        .upload_archive("", b"data", &hashes)
        .unwrap_err();
    assert!(matches!(error, ServiceError::Unsure { .. }), "{error:?}");
}

#[test]
fn sizes_of_parts_follow_the_archive() {
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    for (total, wanted, size) in [
        (0, 0, Some(MIB)),
        (1, 5 * MIB, Some(8 * MIB)),
        (10_000 * MIB, 0, Some(MIB)),
        (10_000 * MIB + 1, 0, Some(2 * MIB)),
        (1 << 40, 16 * MIB, Some(128 * MIB)),
        (40_000 * GIB, 0, Some(4 * GIB)),
        (40_000 * GIB + 1, 0, None),
        (u64::MAX, 0, None),
        (0, u64::MAX, None),
    ] {
        assert_eq!(part_bytes(total, wanted), size, "{total} in {wanted}");
    }
}

#[test]
fn only_names_that_can_stand_in_a_path_are_names() {
    for bad in ["", "snap-", "snap-XYZ", "snap-0/../1", "vol-0a", "snap-0A"] {
        assert_eq!(SnapshotId::parse(bad), None, "{bad}");
    }
    for bad in ["", ".", "..", "a/b", "a?b", "a b", "é"] {
        assert_eq!(UploadId::parse(bad), None, "{bad}");
    }
}
