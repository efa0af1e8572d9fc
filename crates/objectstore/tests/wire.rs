//! What happens when the other side misbehaves: a server that follows a script, byte by byte.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use awshttp::endpoint::{ServiceConfig, Timeouts};
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awshttp::{NetworkFailure, TransportError};
use awsproto::claims::AccessKeyId;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::Credentials;
use bytes::Bytes;
use model::capabilities::PartCheck;
use model::ids::{BucketName, ObjectKey};
use objectstore::Checksums;
use objectstore::bucket::Bucket;
use objectstore::connect::Store;
use objectstore::error::StoreError;
use objectstore::object::Attributes;
use objectstore::part_sum::PartSum;
use objectstore::probe::Subject as _;
use objectstore::retrying::Retrying;
use objectstore::s3::S3Bucket;
use objectstore::s3::address::Addressing;
use objectstore::upload::{PartNumber, PartReceipt, UploadId};

/// What the server does with one connection.
enum Act {
    /// Reads a whole request and answers so.
    Answer(String),
    /// Reads so many bytes of the request and closes.
    CloseAfter(usize),
    /// Reads the request and says nothing until the client goes away.
    Silence,
}

/// A server that serves one connection per act and returns the requests it saw.
fn serve(acts: Vec<Act>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let follow = |act| {
            let (stream, _) = listener.accept().unwrap();
            perform(stream, act)
        };
        acts.into_iter().map(follow).collect()
    });
    (endpoint, server)
}

fn perform(mut stream: TcpStream, act: Act) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    match act {
        Act::Answer(answer) => {
            let request = read_request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            request
        }
        Act::CloseAfter(count) => {
            let mut start = vec![0; count];
            stream.read_exact(&mut start).unwrap();
            String::from_utf8_lossy(&start).into_owned()
        }
        Act::Silence => {
            let request = read_request(&mut stream);
            // Ends when the client hangs up.
            stream.read_to_end(&mut Vec::new()).unwrap();
            request
        }
    }
}

/// Reads head and body, by `Content-Length`.
fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            break (head, end + 4);
        }
        assert_ne!(count, 0, "the request ended early");
    };
    let length = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
    let here = bytes.len();
    bytes.resize(here.max(body + length), 0);
    stream.read_exact(&mut bytes[here..]).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    lines
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn answer(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Answer(format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

fn error_document(code: &str) -> String {
    format!(
        "<Error><Code>{code}</Code><Message>says the script</Message><RequestId>R1</RequestId></Error>"
    )
}

fn config(endpoint: &str) -> ServiceConfig {
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse("AKIDEXAMPLE").unwrap(),
        secret: SecretKey::new("secret"),
        session_token: None,
    };
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(300),
        assembly: Duration::from_secs(5),
    };
    ServiceConfig {
        timeouts,
        ..ServiceConfig::new(endpoint, "us-east-1", credentials)
    }
}

fn bucket(endpoint: &str) -> S3Bucket {
    let store = Store::connect(&config(endpoint), Addressing::Path).unwrap();
    store.bucket(&BucketName::new("dock").unwrap())
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

fn put(bucket: &dyn Bucket, body: &'static [u8]) -> Result<String, StoreError> {
    let sums = Checksums::of(body);
    let body = Bytes::from_static(body);
    let receipt = bucket.put(&key("a/../b c"), body, &Attributes::default(), &sums)?;
    Ok(receipt.etag)
}

fn complete(bucket: &dyn Bucket) -> Result<String, StoreError> {
    let part = PartReceipt {
        number: PartNumber::FIRST,
        etag: Checksums::of(b"abc").md5_hex(),
        size: 3,
        sum: None,
    };
    let receipt = bucket.complete(&key("large"), &UploadId::new("U+1/="), &[part])?;
    Ok(receipt.etag)
}

fn quick_retries(inner: S3Bucket) -> Retrying<S3Bucket> {
    let policy = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        budget: Duration::from_secs(20),
    };
    let time = RealTime::new(Arc::new(AtomicBool::new(false)));
    Retrying::new(inner, Retry::new(policy, 7, Box::new(time)))
}

#[test]
fn a_put_is_spelled_as_s3_wants_it() {
    let (endpoint, server) = serve(vec![answer("200 OK", "ETag: \"tag\"\r\n", "")]);
    assert_eq!(put(&bucket(&endpoint), b"abc").unwrap(), "tag");
    let request = &server.join().unwrap()[0];
    assert!(
        request.starts_with("PUT /dock/a/../b%20c HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\nabc"), "{request}");
    assert_eq!(
        header(request, "content-md5"),
        Some("kAFQmDzST7DWlj99KOF/cg==")
    );
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(header(request, "x-amz-content-sha256"), Some(sha256));
    let sum = header(request, "x-amz-checksum-sha256").unwrap();
    assert_eq!(sum, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    let authorization = header(request, "authorization").unwrap();
    assert!(
        authorization.contains(
            "SignedHeaders=content-md5;host;x-amz-checksum-sha256;x-amz-content-sha256;x-amz-date,"
        ),
        "{authorization}"
    );
    for absent in [
        "accept",
        "accept-encoding",
        "transfer-encoding",
        "x-amz-security-token",
    ] {
        assert_eq!(header(request, absent), None, "{absent}");
    }
}

#[test]
fn the_acl_private_is_not_sent() {
    for (acl, sent) in [("private", None), ("public-read", Some("public-read"))] {
        let (endpoint, server) = serve(vec![answer("200 OK", "ETag: \"tag\"\r\n", "")]);
        let attributes = Attributes {
            acl: Some(acl.to_owned()),
            ..Attributes::default()
        };
        let (body, sums) = (Bytes::from_static(b"abc"), Checksums::of(b"abc"));
        bucket(&endpoint)
            .put(&key("a"), body, &attributes, &sums)
            .unwrap();
        assert_eq!(header(&server.join().unwrap()[0], "x-amz-acl"), sent);
    }
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let (endpoint, server) = serve(vec![answer("204 No Content", "", "")]);
    let mut config = config(&endpoint);
    config.credentials.session_token = Some(SessionToken::new("token"));
    let store = Store::connect(&config, Addressing::Path).unwrap();
    store
        .bucket(&BucketName::new("dock").unwrap())
        .delete(&key("a"))
        .unwrap();
    let request = &server.join().unwrap()[0];
    assert_eq!(header(request, "x-amz-security-token"), Some("token"));
    assert!(
        header(request, "authorization")
            .unwrap()
            .contains("x-amz-security-token")
    );
}

#[test]
fn a_large_body_without_sha256_goes_unsigned() {
    let (endpoint, server) = serve(vec![answer("200 OK", "ETag: \"tag\"\r\n", "")]);
    let body = Bytes::from(vec![b'x'; 100_000]);
    let sums = Checksums {
        sha256: None,
        crc32c: Some(1),
        ..Checksums::of(&body)
    };
    bucket(&endpoint)
        .put(&key("a"), body, &Attributes::default(), &sums)
        .unwrap();
    let request = &server.join().unwrap()[0];
    assert_eq!(
        header(request, "x-amz-content-sha256"),
        Some("UNSIGNED-PAYLOAD")
    );
    assert_eq!(header(request, "x-amz-checksum-crc32c"), Some("AAAAAQ=="));
}

#[test]
fn a_connection_cut_in_the_request_is_open_and_may_be_retried() {
    let (endpoint, server) = serve(vec![Act::CloseAfter(200)]);
    static BODY: [u8; 900_000] = [0; 900_000];
    let error = put(&bucket(&endpoint), &BODY).unwrap_err();
    server.join().unwrap();
    assert!(broken(&error), "{error:?}");
}

#[test]
fn an_answer_that_never_comes_times_out() {
    let (endpoint, server) = serve(vec![Act::Silence]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    let timed_out = matches!(
        error,
        StoreError::Transport(TransportError::Network {
            failure: NetworkFailure::TimedOut,
            ..
        })
    );
    assert!(
        timed_out && error.may_retry() && error.might_have_happened(),
        "{error:?}"
    );
    server.join().unwrap();
}

#[test]
fn a_200_whose_sender_hangs_up_is_open() {
    let (endpoint, server) = serve(vec![Act::Answer("HTTP/1.1 200 O".to_owned())]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    assert!(
        error.may_retry() && error.might_have_happened(),
        "{error:?}"
    );
    server.join().unwrap();
}

#[test]
fn nobody_there_has_not_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    assert!(
        error.may_retry() && !error.might_have_happened(),
        "{error:?}"
    );
}

#[test]
fn slow_down_is_waited_out() {
    let slow = || answer("503 Slow Down", "", &error_document("SlowDown"));
    let (endpoint, server) = serve(vec![
        slow(),
        slow(),
        answer("200 OK", "ETag: \"t\"\r\n", ""),
    ]);
    assert_eq!(put(&quick_retries(bucket(&endpoint)), b"abc").unwrap(), "t");
    let requests = server.join().unwrap();
    assert!(
        requests
            .iter()
            .all(|request| request.ends_with("\r\n\r\nabc")),
        "the same bytes"
    );
}

#[test]
fn refusals_carry_code_message_and_request() {
    let document = error_document("KeyTooLongError");
    let (endpoint, server) = serve(vec![answer("400 Bad Request", "", &document)]);
    let error = put(&quick_retries(bucket(&endpoint)), b"abc").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store refused: `KeyTooLongError`, status 400, says the script (request R1)"
    );
    server.join().unwrap();
}

#[test]
fn a_200_may_hide_an_error() {
    let hidden = answer(
        "200 OK",
        "",
        &format!("  \n {}", error_document("InternalError")),
    );
    let (endpoint, server) = serve(vec![hidden]);
    let error = complete(&bucket(&endpoint)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable(answer) if answer.status == 200),
        "{error:?}"
    );
    let request = &server.join().unwrap()[0];
    assert!(
        request.starts_with("POST /dock/large?uploadId=U%2B1%2F%3D HTTP/1.1\r\n"),
        "{request}"
    );
}

#[test]
fn completion_may_come_without_a_tag() {
    let document = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>";
    let (endpoint, server) = serve(vec![answer("200 OK", "", document)]);
    let etag = complete(&bucket(&endpoint)).unwrap();
    assert_eq!(
        etag,
        objectstore::checksum::composite_etag(&[Checksums::of(b"abc").md5])
    );
    server.join().unwrap();
}

#[test]
fn completion_may_take_longer_than_other_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        thread::sleep(Duration::from_millis(900));
        let document = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag>\
                        </CompleteMultipartUploadResult>";
        let length = document.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{document}"
        )
        .unwrap();
    });
    assert_eq!(complete(&bucket(&endpoint)).unwrap(), "e");
    server.join().unwrap();
}

#[test]
fn garbage_is_an_unreadable_answer() {
    for body in [
        "",
        "not xml",
        "<html><body>welcome</body></html>",
        "<a>",
        "\u{feff}<x/><y/>",
    ] {
        let (endpoint, server) = serve(vec![answer("200 OK", "", body)]);
        let error = complete(&bucket(&endpoint)).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Transport(TransportError::Protocol { .. })
            ),
            "{body}: {error:?}"
        );
        assert!(error.might_have_happened());
        server.join().unwrap();
    }
    let (endpoint, server) = serve(vec![Act::Answer("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned())]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Transport(TransportError::Protocol { .. })
        ),
        "{error:?}"
    );
    server.join().unwrap();
}

#[test]
fn a_gateway_page_is_sorted_by_its_status() {
    let page = answer("502 Bad Gateway", "", "<html><h1>nginx</h1><hr></html>");
    let (endpoint, server) = serve(vec![page]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    server.join().unwrap();
}

#[test]
fn a_document_without_end_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
        while stream.write_all(&[b' '; 65536]).is_ok() {}
    });
    let error = bucket(&endpoint).list("", None, 1).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Transport(TransportError::Protocol { .. })
        ),
        "{error:?}"
    );
    server.join().unwrap();
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".to_owned();
    let (endpoint, server) = serve(vec![Act::Answer(cut)]);
    let mut download = bucket(&endpoint).get(&key("a"), None).unwrap();
    let mut body = Vec::new();
    let error = download.body.read_to_end(&mut body).unwrap_err();
    assert_eq!(body, b"12345");
    assert!(broken(&StoreError::while_reading(error)));
    server.join().unwrap();
}

#[test]
fn a_store_that_ignores_the_range_is_not_believed() {
    let (endpoint, server) = serve(vec![answer("200 OK", "", "0123456789")]);
    let error = bucket(&endpoint).get(&key("a"), Some(2..4)).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Transport(TransportError::Protocol { .. })
        ),
        "{error:?}"
    );
    server.join().unwrap();
}

#[test]
fn temporary_redirections_are_followed_with_a_new_signature() {
    let (elsewhere, there) = serve(vec![answer("200 OK", "ETag: \"t\"\r\n", "")]);
    let location = format!("Location: {elsewhere}/dock/a/../b%20c\r\n");
    let redirect = answer(
        "307 Temporary Redirect",
        &location,
        &error_document("TemporaryRedirect"),
    );
    let (endpoint, here) = serve(vec![redirect]);
    assert_eq!(put(&bucket(&endpoint), b"abc").unwrap(), "t");
    let (first, second) = (
        here.join().unwrap().remove(0),
        there.join().unwrap().remove(0),
    );
    assert!(
        second.starts_with("PUT /dock/a/../b%20c HTTP/1.1\r\n"),
        "{second}"
    );
    assert!(second.ends_with("abc"), "the body goes along");
    assert_ne!(
        header(&first, "authorization"),
        header(&second, "authorization")
    );
}

#[test]
fn a_bucket_of_another_region_names_it() {
    let headers = "x-amz-bucket-region: eu-west-1\r\n";
    let document = error_document("PermanentRedirect");
    let (endpoint, server) = serve(vec![answer("301 Moved Permanently", headers, &document)]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    let named = matches!(
        &error,
        StoreError::WrongRegion { region: Some(region), .. } if region == "eu-west-1"
    );
    assert!(named, "{error:?}");
    server.join().unwrap();
}

#[test]
fn values_no_header_can_carry_are_refused_unsent() {
    let attributes = Attributes {
        cache_control: Some("a\r\nx-amz-acl: public-read".to_owned()),
        ..Attributes::default()
    };
    let bucket = bucket("http://127.0.0.1:1");
    let error = bucket
        .begin_multipart(&key("a"), &attributes, PartCheck::Md5)
        .unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    let attributes = Attributes {
        metadata: vec![("a b".to_owned(), "c".to_owned())],
        ..Attributes::default()
    };
    let error = bucket
        .begin_multipart(&key("a"), &attributes, PartCheck::Md5)
        .unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
}

#[test]
fn listings_follow_their_pages() {
    let part = |number| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>e</ETag><Size>5</Size></Part>")
    };
    let first = format!(
        "<ListPartsResult><IsTruncated>true</IsTruncated>{}<NextPartNumberMarker>1\
         </NextPartNumberMarker></ListPartsResult>",
        part(1)
    );
    let second = format!("<ListPartsResult>{}</ListPartsResult>", part(2));
    let (endpoint, server) = serve(vec![
        answer("200 OK", "", &first),
        answer("200 OK", "", &second),
    ]);
    let parts = bucket(&endpoint)
        .list_parts(&key("a"), &UploadId::new("U"))
        .unwrap();
    assert_eq!(
        parts
            .iter()
            .map(|part| part.number.get())
            .collect::<Vec<_>>(),
        [1, 2]
    );
    let requests = server.join().unwrap();
    assert!(requests[1].starts_with("GET /dock/a?part-number-marker=1&uploadId=U "));
}

fn broken(error: &StoreError) -> bool {
    let broken = matches!(
        error,
        StoreError::Transport(TransportError::Network {
            failure: NetworkFailure::Broken,
            ..
        })
    );
    broken && error.may_retry() && error.might_have_happened()
}

#[test]
fn a_part_that_arrived_as_something_else_is_damaged_unless_the_store_encrypts() {
    let body = Bytes::from_static(b"abc");
    let sum = PartSum::of(PartCheck::Md5, &body);
    let other = format!("ETag: \"{}\"\r\n", Checksums::of(b"abd").md5_hex());
    let encrypted = format!("{other}x-amz-server-side-encryption: aws:kms\r\n");
    let (endpoint, server) = serve(vec![
        answer("200 OK", &other, ""),
        answer("200 OK", &encrypted, ""),
    ]);
    let bucket = bucket(&endpoint);
    let put = || {
        let upload = UploadId::new("U");
        bucket.put_part(&key("a"), &upload, PartNumber::FIRST, body.clone(), &sum)
    };
    let error = put().unwrap_err();
    assert!(matches!(error, StoreError::BadDigest(_)), "{error:?}");
    put().expect("a tag that is no MD5 proves nothing");
    let md5 = Some("kAFQmDzST7DWlj99KOF/cg==");
    let requests = server.join().unwrap();
    assert!(
        requests
            .iter()
            .all(|request| header(request, "content-md5") == md5)
    );
}

/// As S3 demands: the upload is begun for the sum, each part has it, and the whole has that of all.
#[test]
fn parts_with_sums_of_their_own_are_spelled_as_s3_wants_them() {
    const BEGUN: &str = "<InitiateMultipartUploadResult><UploadId>U</UploadId>\
                         </InitiateMultipartUploadResult>";
    const LISTED: &str = "<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>\"t\"</ETag>\
                          <Size>9</Size><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part>\
                          </ListPartsResult>";
    let (endpoint, server) = serve(vec![
        answer("200 OK", "", BEGUN),
        answer(
            "200 OK",
            "ETag: \"t\"\r\nx-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n",
            "",
        ),
        answer("200 OK", "", LISTED),
        answer(
            "200 OK",
            "",
            "<CompleteMultipartUploadResult><ETag>t-1</ETag></CompleteMultipartUploadResult>",
        ),
    ]);
    let (bucket, body) = (bucket(&endpoint), Bytes::from_static(b"123456789"));
    let sum = PartSum::of(PartCheck::Crc64Nvme, &body);
    let none = Attributes::default();
    let upload = bucket
        .begin_multipart(&key("a"), &none, PartCheck::Crc64Nvme)
        .unwrap();
    let part = bucket
        .put_part(&key("a"), &upload, PartNumber::FIRST, body, &sum)
        .unwrap();
    assert_eq!(part.sum, Some(sum));
    let held = bucket.list_parts(&key("a"), &upload).unwrap();
    assert_eq!(held, std::slice::from_ref(&part));
    bucket.complete(&key("a"), &upload, &[part]).unwrap();
    let requests = server.join().unwrap();
    let said = |at: usize, name| header(&requests[at], name);
    assert_eq!(said(0, "x-amz-checksum-algorithm"), Some("CRC64NVME"));
    assert_eq!(said(0, "x-amz-checksum-type"), Some("FULL_OBJECT"));
    for at in [1, 3] {
        assert_eq!(said(at, "x-amz-checksum-crc64nvme"), Some("rosUhgp5mIg="));
    }
    assert_eq!(said(1, "content-md5"), None);
    assert!(
        requests[3].contains(
            "<ETag>\"t\"</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part>"
        )
    );
}

#[test]
fn a_part_of_which_another_sum_is_confirmed_has_not_arrived() {
    let other = "ETag: \"t\"\r\nx-amz-checksum-crc32c: AAAAAA==\r\n";
    let silent = "ETag: \"t\"\r\n";
    let (endpoint, server) = serve(vec![
        answer("200 OK", other, ""),
        answer("200 OK", silent, ""),
    ]);
    let (bucket, body) = (bucket(&endpoint), Bytes::from_static(b"123456789"));
    let sum = PartSum::of(PartCheck::Crc32c, &body);
    let put = || {
        let upload = UploadId::new("U");
        bucket.put_part(&key("a"), &upload, PartNumber::FIRST, body.clone(), &sum)
    };
    let error = put().unwrap_err();
    assert!(error.may_retry(), "{error:?}");
    put().expect("a store need not repeat it");
    server.join().unwrap();
}

#[test]
fn a_part_listed_twice_counts_once_and_not_at_all_if_in_doubt() {
    let part = |number, etag| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>5</Size></Part>")
    };
    let parts = [
        part(1, "a"),
        part(1, "a"),
        part(2, "b"),
        part(2, "c"),
        part(3, "d"),
    ]
    .concat();
    let document = format!("<ListPartsResult>{parts}</ListPartsResult>");
    let (endpoint, server) = serve(vec![answer("200 OK", "", &document)]);
    let parts = bucket(&endpoint)
        .list_parts(&key("a"), &UploadId::new("U"))
        .unwrap();
    assert_eq!(
        parts
            .iter()
            .map(|part| part.number.get())
            .collect::<Vec<_>>(),
        [1, 3]
    );
    server.join().unwrap();
}

#[test]
fn tags_are_spelled_as_s3_wants_them() {
    let told = "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>\
                <Tag><Key>sha256</Key><Value>ba78</Value></Tag>\
                <Tag><Key>a</Key><Value></Value></Tag></TagSet></Tagging>";
    let (endpoint, server) = serve(vec![answer("200 OK", "", ""), answer("200 OK", "", told)]);
    let bucket = bucket(&endpoint);
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    bucket.put_tags(&key("k"), &[tag("a&b", "<1>")]).unwrap();
    let tags = bucket.tags(&key("k")).unwrap();
    assert_eq!(tags, [tag("a", ""), tag("sha256", "ba78")]);
    let requests = server.join().unwrap();
    assert!(requests[0].starts_with("PUT /dock/k?tagging= HTTP/1.1\r\n"));
    assert!(requests[0].ends_with(
        "<TagSet><Tag><Key>a&amp;b</Key><Value>&lt;1&gt;</Value></Tag></TagSet></Tagging>"
    ));
    assert!(header(&requests[0], "content-md5").is_some());
    assert!(requests[1].starts_with("GET /dock/k?tagging= HTTP/1.1\r\n"));
}

/// Signature and checksum are told apart: only one of them is wrong at a time.
#[test]
fn a_signature_can_be_made_for_other_bytes() {
    let (endpoint, server) = serve(vec![answer("200 OK", "ETag: \"tag\"\r\n", "")]);
    let sums = Checksums::of(b"abc");
    let body = Bytes::from_static(b"abc");
    let (bucket, none) = (bucket(&endpoint), Attributes::default());
    let put = bucket.put_as_is(&key("k"), body, &none, &sums, Some(&[0xAB; 32]));
    assert_eq!(put.unwrap().etag, "tag");
    let request = &server.join().unwrap()[0];
    let signed = "ab".repeat(32);
    assert_eq!(header(request, "x-amz-content-sha256"), Some(&*signed));
    let sum = header(request, "x-amz-checksum-sha256").unwrap();
    assert_eq!(sum, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

#[test]
fn who_may_read_is_read_from_the_grants() {
    let grant = |uri: &str, permission: &str| {
        let grant = format!(
            "<AccessControlPolicy><AccessControlList><Grant><Grantee><ID>me</ID></Grantee>\
             <Permission>FULL_CONTROL</Permission></Grant><Grant><Grantee><URI>{uri}</URI>\
             </Grantee><Permission>{permission}</Permission></Grant></AccessControlList>\
             </AccessControlPolicy>"
        );
        answer("200 OK", "", &grant)
    };
    let all = "http://acs.amazonaws.com/groups/global/AllUsers";
    let some = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    let (endpoint, server) = serve(vec![
        grant(all, "READ"),
        grant(all, "WRITE"),
        grant(some, "READ"),
    ]);
    let bucket = bucket(&endpoint);
    let told = [(); 3].map(|()| bucket.is_public(&key("k")).unwrap());
    assert_eq!(told, [true, false, false]);
    assert!(server.join().unwrap()[0].starts_with("GET /dock/k?acl= HTTP/1.1\r\n"));
}

#[test]
fn a_header_that_the_store_refuses_is_left_out_from_then_on() {
    for (status, code) in [
        ("501 Not Implemented", "NotImplemented"),
        ("400 Bad Request", "InvalidArgument"),
    ] {
        let taken = || answer("200 OK", "ETag: \"t\"\r\n", "");
        let (endpoint, server) = serve(vec![
            answer(status, "", &error_document(code)),
            taken(),
            taken(),
        ]);
        let bucket = bucket(&endpoint);
        assert_eq!(put(&bucket, b"abc").unwrap(), "t");
        assert_eq!(put(&bucket, b"abc").unwrap(), "t");
        let requests = server.join().unwrap();
        let sent = |request: &String| header(request, "x-amz-checksum-sha256").is_some();
        assert_eq!(
            requests.iter().map(sent).collect::<Vec<_>>(),
            [true, false, false]
        );
        assert!(
            requests.iter().all(|r| header(r, "content-md5").is_some()),
            "{code}"
        );
    }
}

/// As where one bucket encrypts by itself and another does not.
#[test]
fn what_one_bucket_refuses_another_of_the_store_may_take() {
    let refused = answer("501 Not Implemented", "", &error_document("NotImplemented"));
    let taken = || answer("200 OK", "ETag: \"t\"\r\n", "");
    let (endpoint, server) = serve(vec![refused, taken(), taken()]);
    let store = Store::connect(&config(&endpoint), Addressing::Path).unwrap();
    for name in ["dock", "other"] {
        let bucket = store.bucket(&BucketName::new(name).unwrap());
        assert_eq!(put(&bucket, b"abc").unwrap(), "t");
    }
    let requests = server.join().unwrap();
    let sent = |request: &String| header(request, "x-amz-checksum-sha256").is_some();
    let sent: Vec<bool> = requests.iter().map(sent).collect();
    assert_eq!(sent, [true, false, true]);
}

#[test]
fn a_store_that_does_not_know_expect_gets_the_body_at_once() {
    static BODY: [u8; 1 << 20] = [7; 1 << 20];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        // The first body is never sent.
        let (mut first, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let count = first.read(&mut head).unwrap();
        let refusal =
            "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        first.write_all(refusal.as_bytes()).unwrap();
        drop(first);
        let (mut second, _) = listener.accept().unwrap();
        let whole = read_request(&mut second);
        let taken =
            "HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        second.write_all(taken.as_bytes()).unwrap();
        (String::from_utf8_lossy(&head[..count]).into_owned(), whole)
    });
    assert_eq!(put(&bucket(&endpoint), &BODY).unwrap(), "t");
    let (first, second) = server.join().unwrap();
    assert!(header(&first, "expect").is_some() && header(&second, "expect").is_none());
}

fn skewed(headers: &str) -> Act {
    answer(
        "403 Forbidden",
        headers,
        &error_document("RequestTimeTooSkewed"),
    )
}

fn signed_at(request: &str) -> time::OffsetDateTime {
    let text = header(request, "x-amz-date").unwrap();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = |range: std::ops::Range<usize>| digits[range].parse::<u8>().unwrap();
    let month = time::Month::try_from(number(4..6)).unwrap();
    let date = time::Date::from_calendar_date(digits[..4].parse().unwrap(), month, number(6..8));
    let time = time::Time::from_hms(number(8..10), number(10..12), number(12..14)).unwrap();
    date.unwrap().with_time(time).assume_utc()
}

#[test]
fn a_request_whose_time_was_found_wrong_is_signed_again_by_the_stores_clock() {
    let theirs = time::OffsetDateTime::now_utc() + time::Duration::minutes(20);
    let date = theirs
        .format(&time::format_description::well_known::Rfc2822)
        .unwrap();
    let date = format!("Date: {}\r\n", date.replace("+0000", "GMT"));
    let taken = || answer("200 OK", "ETag: \"t\"\r\n", "");
    let (endpoint, server) = serve(vec![skewed(&date), taken(), taken()]);
    let bucket = bucket(&endpoint);
    assert_eq!(put(&bucket, b"abc").unwrap(), "t");
    assert_eq!(put(&bucket, b"abc").unwrap(), "t");
    let requests = server.join().unwrap();
    assert!(theirs - signed_at(&requests[0]) > time::Duration::minutes(15));
    for request in &requests[1..] {
        assert!((theirs - signed_at(request)).abs() < time::Duration::minutes(1));
    }
}

#[test]
fn one_answer_about_the_time_in_between_is_no_failure_and_three_are() {
    let (endpoint, server) = serve(vec![skewed(""), answer("200 OK", "ETag: \"t\"\r\n", "")]);
    assert_eq!(put(&bucket(&endpoint), b"abc").unwrap(), "t");
    server.join().unwrap();
    let (endpoint, server) = serve(vec![skewed(""), skewed(""), skewed("")]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err();
    assert!(matches!(error, StoreError::Credentials(_)), "{error:?}");
    server.join().unwrap();
}

/// An answer to `HEAD` has no body that could say why.
#[test]
fn a_refusal_without_a_word_is_asked_for_once_more() {
    let (endpoint, server) = serve(vec![
        answer("403 Forbidden", "", ""),
        answer(
            "403 Forbidden",
            "",
            &error_document("SignatureDoesNotMatch"),
        ),
        answer("403 Forbidden", "", ""),
        answer("403 Forbidden", "", &error_document("AccessDenied")),
        answer("403 Forbidden", "", ""),
        answer("200 OK", "", "<ListBucketResult/>"),
    ]);
    let store = Store::connect(&config(&endpoint), Addressing::Path).unwrap();
    let dock = BucketName::new("dock").unwrap();
    let error = store.bucket_exists(&dock).unwrap_err();
    assert!(matches!(error, StoreError::Credentials(_)), "{error:?}");
    let error = store.bucket(&dock).head(&key("a")).unwrap_err();
    assert!(
        matches!(&error, StoreError::AccessDenied(a) if a.code == "AccessDenied"),
        "{error:?}"
    );
    let error = store.bucket_exists(&dock).unwrap_err();
    assert!(
        matches!(&error, StoreError::AccessDenied(a) if a.code.is_empty()),
        "{error:?}"
    );
    let requests = server.join().unwrap();
    assert!(
        requests[3].starts_with("GET /dock/a HTTP/1.1"),
        "{}",
        requests[3]
    );
    assert_eq!(header(&requests[3], "range"), Some("bytes=0-0"));
}

#[test]
fn where_a_permanent_redirection_leads_is_told() {
    let headers = "Location: https://store.example/dock/a?x\r\n";
    let (endpoint, server) = serve(vec![answer("301 Moved Permanently", headers, "moved")]);
    let error = put(&bucket(&endpoint), b"abc").unwrap_err().to_string();
    assert!(
        error.contains("sends to `https://store.example`"),
        "{error}"
    );
    server.join().unwrap();
}
