//! As much of HTTP/1.1 as S3 clients speak: request heads, bodies of a known length, ranges,
//! keep-alive.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, checksum};
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use rustix::fs::sendfile;
use rustix::net::{RecvFlags, recv};

use super::source::{Object, Piece};
use super::store::{Content, Tag};

/// The most a request head may have, in bytes; most small bodies fit in behind it.
const HEAD: usize = 24 << 10;

/// The most bytes of a part that is looked at: more than any client's questions have, less than any part of a file but
/// its last.
const SMALL: u64 = 4 << 10;

/// The most bytes of the names of parts; ten thousand of them have less.
const NAMES: u64 = 4 << 20;

/// How much of a body is discarded at once, in bytes.
const DISCARD: usize = 1 << 20;

/// How much of a file the kernel is asked to send at once, in bytes.
const SENT: u64 = 1 << 30;

/// When everything was changed: the sink has no clock.
const CHANGED: &str = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n";

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

    /// Takes in a body of `length` bytes.
    pub(crate) fn take(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let here = length.min(self.end - self.begin);
        let mut body = self.buffer[self.begin..self.begin + here].to_vec();
        self.begin += here;
        body.resize(length, 0);
        self.stream.read_exact(&mut body[here..])?;
        Ok(body)
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
    /// Of the body; where an upload is completed, of the whole.
    pub(crate) crc64nvme: Option<u64>,
    pub(crate) expects_continue: bool,
    pub(crate) is_chunked: bool,
    pub(crate) copies: bool,
    pub(crate) closes: bool,
    range: Option<String>,
    /// The entity tag that is wanted, and no other.
    if_match: Option<String>,
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
            crc64nvme: None,
            expects_continue: false,
            is_chunked: false,
            copies: false,
            closes: false,
            range: None,
            if_match: None,
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
        } else if is("x-amz-checksum-crc64nvme") {
            let bytes = BASE64_STANDARD.decode(value).ok()?;
            self.crc64nvme = Some(u64::from_be_bytes(bytes.try_into().ok()?));
        } else if is("expect") {
            self.expects_continue = value.eq_ignore_ascii_case("100-continue");
        } else if is("transfer-encoding") {
            self.is_chunked = true;
        } else if is("x-amz-copy-source") {
            self.copies = true;
        } else if is("connection") {
            self.closes = value.eq_ignore_ascii_case("close");
        } else if is("range") {
            self.range = Some(value.to_owned());
        } else if is("if-match") {
            self.if_match = Some(value.trim_matches('"').to_owned());
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

    /// Which bytes of `size` are asked for; `None` if there are none such.
    fn range_of(&self, size: u64) -> Option<Range<u64>> {
        let text = self.range.as_deref();
        let Some((first, last)) =
            text.and_then(|text| text.strip_prefix("bytes=")?.split_once('-'))
        else {
            return Some(0..size);
        };
        let range = match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) => first..last.saturating_add(1).min(size),
            (Ok(first), Err(_)) => first..size,
            (Err(_), Ok(count)) => size.saturating_sub(count)..size,
            // Several ranges, or none: RFC 9110, 14.2 lets a server answer with everything.
            (Err(_), Err(_)) => return Some(0..size),
        };
        (!range.is_empty()).then_some(range)
    }

    fn wants_tag(&self, tag: Tag) -> bool {
        let tag = tag.to_string();
        let wanted = self.if_match.as_deref();
        wanted.is_none_or(|wanted| wanted == "*" || wanted == tag.trim_matches('"'))
    }

    /// Whether the body is one that is looked at: a part of a few bytes, or the names of parts.
    pub(crate) fn is_looked_at(&self) -> bool {
        let is_plain = self.decoded.is_none() && !self.is_chunked;
        let most = match self.method.as_str() {
            "PUT" => SMALL,
            "POST" => NAMES,
            _ => 0,
        };
        is_plain && self.length <= most && self.query("uploadId").is_some()
    }

    /// Whether a body has the sums that go with it.
    pub(crate) fn agrees(&self, body: &[u8]) -> bool {
        let crc64nvme = |crc| crc == checksum(CrcAlgorithm::Crc64Nvme, body);
        let md5 = |md5| md5 == <[u8; 16]>::from(Md5::digest(body));
        self.crc64nvme.is_none_or(crc64nvme) && self.md5.is_none_or(md5)
    }

    /// What the body is, as far as it is remembered.
    pub(crate) fn content(&self) -> Content {
        Content {
            size: self.decoded.unwrap_or(self.length),
            tag: match self.md5 {
                Some(md5) => Tag::Md5(md5),
                None => Tag::Unknown,
            },
            crc64nvme: self.crc64nvme,
        }
    }
}

/// An answer.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: Body,
}

enum Body {
    /// Nothing; for HEAD, what the content's length would be.
    None(u64),
    Text(String),
    Piece(Piece),
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: String::new(),
            body: Body::None(0),
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
        reply.headers.push_str(CHANGED);
        reply.headers.push_str("Accept-Ranges: bytes\r\n");
        reply.body = Body::None(content.size);
        reply
    }

    /// The answer to GET: the object, or the range of it that is asked for.
    pub(crate) fn of_object(head: &Head, object: &Object) -> Self {
        let Content { size, tag, .. } = object.content;
        if !head.wants_tag(tag) {
            return Self::error(412, "PreconditionFailed");
        }
        let Some(range) = head.range_of(size) else {
            return Self::error(416, "InvalidRange");
        };
        let mut reply = Self::head_of(&object.content);
        if head.range.is_some() {
            let (first, last) = (range.start, range.end.saturating_sub(1));
            let text = format!("Content-Range: bytes {first}-{last}/{size}\r\n");
            reply.headers.push_str(&text);
            reply.status = 206;
        }
        reply
            .headers
            .push_str("Content-Type: binary/octet-stream\r\n");
        reply.body = Body::Piece(object.piece(range));
        reply
    }

    pub(crate) fn document(body: String) -> Self {
        let mut reply = Self::empty(200);
        reply.headers = "Content-Type: application/xml\r\n".to_owned();
        reply.body = Body::Text(body);
        reply
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let mut reply = Self::document(super::xml::error(code));
        reply.status = status;
        reply
    }

    /// Sends the answer to `head`. What is in memory goes with the head in one piece.
    pub(crate) fn send(&self, head: &Head, stream: &mut TcpStream) -> io::Result<()> {
        let mut bytes = self.head().into_bytes();
        let body = match head.method.as_str() {
            "HEAD" => &Body::None(0),
            _ => &self.body,
        };
        match body {
            Body::None(_) => stream.write_all(&bytes),
            Body::Text(text) => {
                bytes.extend_from_slice(text.as_bytes());
                stream.write_all(&bytes)
            }
            Body::Piece(Piece::Held(held, range)) => {
                bytes.extend_from_slice(&held[range.clone()]);
                stream.write_all(&bytes)
            }
            Body::Piece(Piece::Open(file, range)) => {
                stream.write_all(&bytes)?;
                send_file(file, range.clone(), stream)
            }
        }
    }

    fn head(&self) -> String {
        let Self {
            status, headers, ..
        } = self;
        let length = match (status, self.body.length()) {
            (204, _) => String::new(),
            (_, length) => format!("Content-Length: {length}\r\n"),
        };
        let reason = reason(*status);
        format!("HTTP/1.1 {status} {reason}\r\n{length}{headers}\r\n")
    }
}

impl Body {
    /// In bytes.
    fn length(&self) -> u64 {
        match self {
            Self::None(length) => *length,
            Self::Text(text) => text.len() as u64,
            Self::Piece(Piece::Held(_, range)) => range.len() as u64,
            Self::Piece(Piece::Open(_, range)) => range.end - range.start,
        }
    }
}

/// Lets the kernel send a range of a file.
fn send_file(file: &File, range: Range<u64>, stream: &TcpStream) -> io::Result<()> {
    let Range { mut start, end } = range;
    while start < end {
        let most = usize::try_from((end - start).min(SENT)).unwrap_or(usize::MAX);
        if sendfile(stream, file, Some(&mut start), most)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        404 => "Not Found",
        411 => "Length Required",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        _ => "Not Implemented",
    }
}

#[cfg(test)]
mod tests {
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
    fn ranges_are_read() {
        let range = |text: &str| {
            let text = format!("GET /b/k HTTP/1.1\r\nRange: {text}\r\n\r\n");
            Head::parse(text.as_bytes()).unwrap().range_of(10)
        };
        assert_eq!(range("bytes=2-4"), Some(2..5));
        assert_eq!(range("bytes=0-99"), Some(0..10));
        assert_eq!(range("bytes=7-"), Some(7..10));
        assert_eq!(range("bytes=-3"), Some(7..10));
        assert_eq!(range("bytes=-30"), Some(0..10));
        assert_eq!(range("bytes=10-12"), None);
        assert_eq!(range("bytes=4-2"), None);
        assert_eq!(range("pages=1-2"), Some(0..10));
        let plain = Head::parse(b"GET /b/k HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(plain.range_of(0), Some(0..0));
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
