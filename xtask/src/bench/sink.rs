//! A store that forgets: an S3 server that takes every upload and keeps no byte of it, so that what
//! is measured is the client.
//!
//! A thread for each connection; bodies are discarded by the kernel and never copied. Names, sizes
//! and entity tags are remembered, so that clients can list and look at what they sent, and a run
//! can be checked. Signatures are not. An object that was sent with `Content-MD5` has it as its
//! entity tag unchecked; one without has a tag that is no MD5, which clients then do not compare.

mod http;
mod store;
mod xml;

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result, bail};

use http::{Connection, Head, Reply};
use store::{Listing, Store};

/// Stack of a connection's thread, in bytes: some clients open thousands.
const STACK: usize = 256 << 10;

/// `cargo xtask null-sink [ADDRESS]`: serves until it is killed. Any access key is right.
///
/// # Errors
/// If the address cannot be served.
pub(crate) fn serve(arguments: &[String]) -> Result<ExitCode> {
    let address: SocketAddr = match arguments {
        [] => SocketAddr::from(([127, 0, 0, 1], 4799)),
        [text] => text
            .parse()
            .with_context(|| format!("`{text}` is no address with a port"))?,
        _ => bail!("usage: cargo xtask null-sink [ADDRESS]"),
    };
    let listener =
        TcpListener::bind(address).with_context(|| format!("could not listen on {address}"))?;
    println!("null sink on http://{}", listener.local_addr()?);
    let store = Arc::new(Store::default());
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let store = Arc::clone(&store);
        let thread = thread::Builder::new().stack_size(STACK);
        // A connection that cannot have a thread is closed, and its client connects again.
        let _ = thread.spawn(move || converse(stream, &store));
    }
    Ok(ExitCode::SUCCESS)
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
        connection.discard(head.length)?;
        let reply = answer(&head, store);
        connection.stream().write_all(&reply.bytes(&head))?;
        if head.closes {
            break;
        }
    }
    Ok(())
}

/// Does what a request asks for.
fn answer(head: &Head, store: &Store) -> Reply {
    if head.is_chunked {
        return Reply::error(411, "MissingContentLength");
    }
    let Some(key) = head.key() else {
        return of_bucket(head, store);
    };
    let path = head.path.as_str();
    let upload = head.query("uploadId");
    match (head.method.as_str(), upload) {
        ("PUT", Some(upload)) => {
            let number = head.query("partNumber").and_then(|text| text.parse().ok());
            match number.and_then(|number| store.put_part(&upload, number, head.content())) {
                Some(content) => Reply::tagged(&content),
                None => Reply::error(404, "NoSuchUpload"),
            }
        }
        ("POST", Some(upload)) => match store.complete(&upload) {
            Some(content) => Reply::document(xml::completed(&head.bucket(), key, &content)),
            None => Reply::error(404, "NoSuchUpload"),
        },
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
        ("GET", None) if store.get(path).is_none() => Reply::error(404, "NoSuchKey"),
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
