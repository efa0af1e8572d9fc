//! As much of HTTP/1.1 as S3 clients speak: request heads, bodies of a known length, keep-alive.

use std::io::{self, Read as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use rustix::net::{RecvFlags, recv};

use super::store::{Content, Tag};

/// The most a request head may have, in bytes; most small bodies fit in behind it.
const HEAD: usize = 24 << 10;

/// How much of a body is discarded at once, in bytes.
const DISCARD: usize = 1 << 20;

/// A connection, and what was read from it and belongs to no request yet.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// Never written to, so that it takes no memory: the kernel is told to discard. Made for the
    /// first body that needs it, as some clients connect for every object.
    nowhere: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; HEAD],
            begin: 0,
            end: 0,
            nowhere: Vec::new(),
        })
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads the next request's head; `None` once the client is gone.
    pub(crate) fn head(&mut self) -> io::Result<Option<Head>> {
        let mut seen = self.begin;
        loop {
            let look = seen.saturating_sub(3).max(self.begin);
            if let Some(at) = end_of_head(&self.buffer[look..self.end]) {
                let head = Head::parse(&self.buffer[self.begin..look + at]);
                self.begin = look + at;
                let invalid = || io::Error::new(io::ErrorKind::InvalidData, "no HTTP request");
                return head.ok_or_else(invalid).map(Some);
            }
            seen = self.end - self.begin;
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
            if self.end == self.buffer.len() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a head too long",
                ));
            }
            match self.stream.read(&mut self.buffer[self.end..])? {
                0 => return Ok(None),
                count => self.end += count,
            }
        }
    }

    /// Drops `length` bytes of a body.
    pub(crate) fn discard(&mut self, length: u64) -> io::Result<()> {
        let here = u64::try_from(self.end - self.begin).unwrap_or(u64::MAX);
        if length <= here {
            self.begin += usize::try_from(length).unwrap_or(usize::MAX);
            return Ok(());
        }
        self.begin = self.end;
        if self.nowhere.is_empty() {
            self.nowhere = vec![0; DISCARD];
        }
        let mut left = length - here;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(DISCARD).min(DISCARD);
            let (_, count) = recv(&self.stream, &mut self.nowhere[..most], RecvFlags::TRUNC)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }
}

/// Where the first head in `bytes` ends, its empty line included.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let found = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    found.map(|at| at + 4)
}

/// What a request asks for.
pub(crate) struct Head {
    pub(crate) method: String,
    /// Bucket and key, `bucket/key`, decoded.
    pub(crate) path: String,
    query: String,
    /// Bytes of the body on the wire.
    pub(crate) length: u64,
    /// Bytes of the content, where the body frames it.
    decoded: Option<u64>,
    md5: Option<[u8; 16]>,
    pub(crate) expects_continue: bool,
    pub(crate) is_chunked: bool,
    pub(crate) copies: bool,
    pub(crate) closes: bool,
}

impl Head {
    /// Reads a request head; `None` if it is none.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent_decode_str(path.strip_prefix('/')?)
            .decode_utf8()
            .ok()?;
        let mut head = Self {
            method: method.to_owned(),
            path: path.into_owned(),
            query: query.to_owned(),
            length: 0,
            decoded: None,
            md5: None,
            expects_continue: false,
            is_chunked: false,
            copies: false,
            closes: false,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            head.take(name, value.trim())?;
        }
        Some(head)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-length") {
            self.length = value.parse().ok()?;
        } else if is("x-amz-decoded-content-length") {
            self.decoded = Some(value.parse().ok()?);
        } else if is("content-md5") {
            let bytes = BASE64_STANDARD.decode(value).ok()?;
            self.md5 = Some(bytes.try_into().ok()?);
        } else if is("expect") {
            self.expects_continue = value.eq_ignore_ascii_case("100-continue");
        } else if is("transfer-encoding") {
            self.is_chunked = true;
        } else if is("x-amz-copy-source") {
            self.copies = true;
        } else if is("connection") {
            self.closes = value.eq_ignore_ascii_case("close");
        }
        Some(())
    }

    /// The bucket; empty if none is named.
    pub(crate) fn bucket(&self) -> String {
        let bucket = self.path.split('/').next();
        bucket.unwrap_or_default().to_owned()
    }

    /// The key, if one is named.
    pub(crate) fn key(&self) -> Option<&str> {
        let (_, key) = self.path.split_once('/')?;
        (!key.is_empty()).then_some(key)
    }

    /// A parameter of the query, decoded; empty if it has no value.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.find(|&(found, _)| found == name)?;
        let value = value.replace('+', " ");
        Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
    }

    /// What the body is, as far as it is remembered.
    pub(crate) fn content(&self) -> Content {
        Content {
            size: self.decoded.unwrap_or(self.length),
            tag: match self.md5 {
                Some(md5) => Tag::Md5(md5),
                None => Tag::Unknown,
            },
        }
    }
}

/// An answer.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    /// For HEAD: what the content's length would be.
    length: Option<u64>,
    body: String,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: String::new(),
            length: None,
            body: String::new(),
        }
    }

    /// The answer to an upload.
    pub(crate) fn tagged(content: &Content) -> Self {
        let mut reply = Self::empty(200);
        reply.headers = format!("ETag: {}\r\n", content.tag);
        reply
    }

    /// The answer to HEAD.
    pub(crate) fn head_of(content: &Content) -> Self {
        let mut reply = Self::tagged(content);
        reply.length = Some(content.size);
        reply
            .headers
            .push_str("Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
        reply
    }

    pub(crate) fn document(body: String) -> Self {
        let mut reply = Self::empty(200);
        reply.headers = "Content-Type: application/xml\r\n".to_owned();
        reply.body = body;
        reply
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let mut reply = Self::document(super::xml::error(code));
        reply.status = status;
        reply
    }

    /// The answer to `head` on the wire.
    pub(crate) fn bytes(&self, head: &Head) -> Vec<u8> {
        let Self {
            status, headers, ..
        } = self;
        let body = match head.method.as_str() {
            "HEAD" => "",
            _ => &self.body,
        };
        let length = self.length.unwrap_or(self.body.len() as u64);
        let length = match status {
            204 => String::new(),
            _ => format!("Content-Length: {length}\r\n"),
        };
        let reason = reason(*status);
        format!("HTTP/1.1 {status} {reason}\r\n{length}{headers}\r\n{body}").into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        404 => "Not Found",
        411 => "Length Required",
        _ => "Not Implemented",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn heads_are_read() {
        let text = b"PUT /b/a%20b/c?partNumber=3&uploadId=x%2By HTTP/1.1\r\nHost: h\r\n\
            content-length: 90\r\nX-Amz-Decoded-Content-Length: 7\r\nExpect: 100-continue\r\n\
            Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n\r\n";
        let head = Head::parse(text).unwrap();
        assert_eq!((head.method.as_str(), head.bucket().as_str()), ("PUT", "b"));
        assert_eq!(head.key(), Some("a b/c"));
        assert_eq!(head.query("uploadId").as_deref(), Some("x+y"));
        assert_eq!(head.query("uploads"), None);
        assert_eq!((head.length, head.content().size), (90, 7));
        assert!(head.expects_continue && !head.closes && !head.is_chunked);
        let tag = head.content().tag.to_string();
        assert_eq!(
            tag, "\"5d41402abc4b2a76b9719d911017c592\"",
            "that of `hello`"
        );
    }

    #[test]
    fn requests_follow_each_other_however_they_are_cut() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut connection = Connection::new(listener.accept().unwrap().0).unwrap();
        let writer = std::thread::spawn(move || {
            let mut text = Vec::new();
            for size in [0, 5, 70_000, 3_000_000] {
                let head = format!("PUT /b/{size} HTTP/1.1\r\nContent-Length: {size}\r\n\r\n");
                text.extend_from_slice(head.as_bytes());
                text.resize(text.len() + size, b'\n');
            }
            for piece in text.chunks(9_999) {
                client.write_all(piece).unwrap();
            }
        });
        for size in [0, 5, 70_000, 3_000_000] {
            let head = connection.head().unwrap().unwrap();
            assert_eq!(
                (head.path.clone(), head.length),
                (format!("b/{size}"), size)
            );
            connection.discard(head.length).unwrap();
        }
        writer.join().unwrap();
        assert!(connection.head().unwrap().is_none());
    }
}
