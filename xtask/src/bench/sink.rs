//! A store that forgets: an S3 server that takes every upload and keeps no byte of it, so that what
//! is measured is the client.
//!
//! A thread for each connection; bodies are discarded by the kernel and never copied. Names, sizes
//! and entity tags are remembered, so that clients can list and look at what they sent, and a run
//! can be checked. Signatures are not. An object that was sent with `Content-MD5` has it as its
//! entity tag; one without has a tag that is no MD5, which clients then do not compare.
//!
//! It stands for a store that checks what it is sent on a machine of its own. Of a part with a few bytes, as in a
//! client's questions what a store looks at, MD5 and CRC-64/NVME are made, and a wrong one is refused. Those of larger
//! ones are believed, and so are those of whole objects: the bytes were never here. The CRC of an object in parts is
//! made of theirs and compared, and has the parts that its client names.
//!
//! For exports it also is a store that never makes a client wait: it serves the files of a folder.

mod http;
mod source;
mod store;
mod xml;

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result, bail};

use http::{Connection, Head, Reply};
use source::Source;
use store::{Listing, NotCompleted, Store};

/// Stack of a connection's thread, in bytes: some clients open thousands.
const STACK: usize = 256 << 10;

/// `cargo xtask null-sink [ADDRESS [BUCKET FOLDER]]`: serves until it is killed, with the files of
/// the folder as objects of the bucket. Any access key is right.
///
/// # Errors
/// If the address cannot be served, or the folder not read.
pub(crate) fn serve(arguments: &[String]) -> Result<ExitCode> {
    let (address, store) = match arguments {
        [] => (SocketAddr::from(([127, 0, 0, 1], 4799)), Store::default()),
        [address] => (read_address(address)?, Store::default()),
        [address, bucket, folder] => {
            let source = Source::read(bucket, Path::new(folder))?;
            (read_address(address)?, Store::serving(source))
        }
        _ => bail!("usage: cargo xtask null-sink [ADDRESS [BUCKET FOLDER]]"),
    };
    let listener =
        TcpListener::bind(address).with_context(|| format!("could not listen on {address}"))?;
    println!("null sink on http://{}", listener.local_addr()?);
    let store = Arc::new(store);
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let store = Arc::clone(&store);
        let thread = thread::Builder::new().stack_size(STACK);
        // A connection that cannot have a thread is closed, and its client connects again.
        let _ = thread.spawn(move || converse(stream, &store));
    }
    Ok(ExitCode::SUCCESS)
}

fn read_address(text: &str) -> Result<SocketAddr> {
    let address = text.parse();
    address.with_context(|| format!("`{text}` is no address with a port"))
}

/// Answers the requests of one connection until the client goes.
fn converse(stream: TcpStream, store: &Store) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    while let Some(head) = connection.head()? {
        if head.expects_continue {
            connection
                .stream()
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match head.is_looked_at() {
            true => connection.take(head.length)?,
            false => connection.discard(head.length).map(|()| Vec::new())?,
        };
        let reply = answer(&head, &body, store);
        reply.send(&head, connection.stream())?;
        if head.closes {
            break;
        }
    }
    Ok(())
}

/// Does what a request asks for. The body is empty unless it is one that is looked at.
fn answer(head: &Head, body: &[u8], store: &Store) -> Reply {
    if head.is_chunked {
        return Reply::error(411, "MissingContentLength");
    }
    let Some(key) = head.key() else {
        return of_bucket(head, store);
    };
    let path = head.path.as_str();
    let upload = head.query("uploadId");
    match (head.method.as_str(), upload) {
        ("PUT", Some(_)) if head.is_looked_at() && !head.agrees(body) => {
            Reply::error(400, "BadDigest")
        }
        ("PUT", Some(upload)) => {
            let number = head.query("partNumber").and_then(|text| text.parse().ok());
            match number.and_then(|number| store.put_part(&upload, number, head.content())) {
                Some(content) => Reply::tagged(&content),
                None => Reply::error(404, "NoSuchUpload"),
            }
        }
        ("POST", Some(upload)) => {
            match store.complete(&upload, &xml::named(body), head.crc64nvme) {
                Ok(content) => Reply::document(xml::completed(&head.bucket(), key, &content)),
                Err(NotCompleted::NoUpload) => Reply::error(404, "NoSuchUpload"),
                Err(NotCompleted::OtherSum) => Reply::error(400, "BadDigest"),
            }
        }
        ("DELETE", Some(upload)) => {
            store.abort(&upload);
            Reply::empty(204)
        }
        ("GET", Some(upload)) => match store.parts(&upload) {
            Some(parts) => Reply::document(xml::parts(&head.bucket(), key, &upload, &parts)),
            None => Reply::error(404, "NoSuchUpload"),
        },
        ("POST", None) if head.query("uploads").is_some() => {
            let upload = store.begin(path);
            Reply::document(xml::begun(&head.bucket(), key, &upload))
        }
        ("PUT", None) if head.copies => Reply::error(501, "NotImplemented"),
        ("PUT", None) => Reply::tagged(&store.put(path, head.content())),
        ("DELETE", None) => {
            store.delete(path);
            Reply::empty(204)
        }
        ("HEAD", None) => match store.get(path) {
            Some(content) => Reply::head_of(&content),
            None => Reply::error(404, "NoSuchKey"),
        },
        ("GET", None) => match store.served(path) {
            Some(object) => Reply::of_object(head, object),
            // It is forgotten.
            None if store.get(path).is_some() => Reply::error(501, "NotImplemented"),
            None => Reply::error(404, "NoSuchKey"),
        },
        _ => Reply::error(501, "NotImplemented"),
    }
}

/// Does what a request without a key asks for. Every bucket is there.
fn of_bucket(head: &Head, store: &Store) -> Reply {
    let bucket = head.bucket();
    let asks = |name: &str| head.query(name).is_some();
    match head.method.as_str() {
        "PUT" | "HEAD" => Reply::empty(200),
        "DELETE" => Reply::empty(204),
        "GET" if bucket.is_empty() => Reply::document(xml::no_buckets()),
        "GET" if asks("location") => Reply::document(xml::location()),
        "GET" if asks("uploads") => {
            let prefix = head.query("prefix").unwrap_or_default();
            let uploads = store.uploads(&format!("{bucket}/{prefix}"));
            Reply::document(xml::uploads(&bucket, &uploads))
        }
        "GET"
            if ["versioning", "acl", "policy", "object-lock"]
                .into_iter()
                .any(asks) =>
        {
            Reply::error(501, "NotImplemented")
        }
        "GET" => {
            let listing = Listing::asked(&bucket, |name| head.query(name));
            Reply::document(xml::page(&listing, &store.list(&listing)))
        }
        _ => Reply::error(501, "NotImplemented"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// What a sink with the files of a folder answers on one connection, without the date.
    fn answers(source: Source, requests: &[&str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let server = listener.accept().unwrap().0;
        let thread = thread::spawn(move || converse(server, &Store::serving(source)));
        client.write_all(requests.concat().as_bytes()).unwrap();
        let mut text = Vec::new();
        client.read_to_end(&mut text).unwrap();
        thread.join().unwrap().unwrap();
        let text = String::from_utf8(text).unwrap();
        text.replace("Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n", "")
    }

    #[test]
    fn small_parts_and_the_sums_of_all_are_compared() {
        let put = |number: u16, body: &str, sum: &str| {
            let length = body.len();
            format!(
                "PUT /b/k?partNumber={number}&uploadId=upload-1 HTTP/1.1\r\n{sum}\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            )
        };
        let md5 = "Content-MD5: kAFQmDzST7DWlj99KOF/cg==";
        let crc = "x-amz-checksum-crc64nvme: rosUhgp5mIg=";
        let complete = |sum: &str, rest: &str| {
            let named = "<Part><PartNumber>2</PartNumber></Part>";
            let length = named.len();
            format!(
                "POST /b/k?uploadId=upload-1 HTTP/1.1\r\n{sum}\r\n\
                 Content-Length: {length}\r\n{rest}\r\n{named}"
            )
        };
        let wrong = "x-amz-checksum-crc64nvme: AAAAAAAAAAA=";
        let requests = [
            "POST /b/k?uploads HTTP/1.1\r\n\r\n".to_owned(),
            put(1, "abd", md5),
            put(1, "abc", md5),
            put(2, "123456780", crc),
            put(2, "123456789", crc),
            complete(wrong, ""),
            complete(crc, "Connection: close\r\n"),
        ];
        let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
        let text = answers(Source::default(), &requests);
        let statuses = text.split("HTTP/1.1 ").skip(1).map(|reply| &reply[..3]);
        let statuses: Vec<&str> = statuses.collect();
        assert_eq!(statuses, ["200", "400", "200", "400", "200", "400", "200"]);
    }

    #[test]
    fn objects_are_served_whole_and_in_ranges() {
        let folder = std::env::temp_dir().join(format!("bench-sink-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("small"), "hello").unwrap();
        // Too large to be held: the kernel sends it from the file.
        let large: String = (0..60_000).map(|number| format!("{number:05} ")).collect();
        std::fs::write(folder.join("large"), &large).unwrap();
        let source = Source::read("b", &folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();

        let text = answers(
            source,
            &[
                "GET /b/small HTTP/1.1\r\n\r\n",
                "HEAD /b/small HTTP/1.1\r\n\r\n",
                "GET /b/small HTTP/1.1\r\nRange: bytes=1-3\r\n\r\n",
                "GET /b/small HTTP/1.1\r\nRange: bytes=5-\r\n\r\n",
                "GET /b/small HTTP/1.1\r\nIf-Match: \"x\"\r\n\r\n",
                "GET /b/large HTTP/1.1\r\nRange: bytes=359994-\r\n\r\n",
                "GET /b/none HTTP/1.1\r\nConnection: close\r\n\r\n",
            ],
        );
        let tag = "ETag: \"5d41402abc4b2a76b9719d911017c592\"\r\nAccept-Ranges: bytes\r\n";
        let kind = "Content-Type: binary/octet-stream\r\n";
        let whole =
            format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n{tag}{kind}\r\nhelloHTTP/1.1 ");
        assert!(text.starts_with(&whole), "{text}");
        let only_head = format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n{tag}\r\nHTTP/1.1 ");
        assert!(text.contains(&only_head), "{text}");
        let range = "Content-Range: bytes 1-3/5\r\n";
        let range = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n{tag}{range}{kind}\r\nellHTTP/1.1 "
        );
        assert!(text.contains(&range), "{text}");
        for refused in ["416 Range", "412 Precondition", "404 Not Found"] {
            assert!(text.contains(refused), "{text}");
        }
        assert!(text.contains("Content-Length: 6\r\n"), "{text}");
        assert!(text.contains("\r\n59999 HTTP/1.1 404"), "{text}");
    }
}
