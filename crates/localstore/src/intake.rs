//! Takes an object's bytes in: from the request's body to a synced file in `.incoming`, hashed on the
//! way and compared with everything the client said about them before anybody can see them.

use crate::checksum::{self, Algorithm, Checksums, Hashing};
use crate::error::StoreError;
use crate::limits;
use crate::s3::fault::{custom, fault};
use crate::tree::{Incoming, Tree};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use http::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Bytes copied at a time.
const COPY_BYTES: u64 = 1 << 20;

/// What a client says about the bytes it sends.
#[derive(Debug, Default)]
pub(crate) struct Promise {
    length: Option<u64>,
    md5: Option<Vec<u8>>,
    /// Values from headers; trailers add theirs at the end.
    checksums: BTreeMap<Algorithm, String>,
    algorithms: BTreeSet<Algorithm>,
    /// What is to come behind the body.
    announced: BTreeSet<Algorithm>,
    trailers: Option<TrailingHeaders>,
}

/// Bytes that came in whole and as promised.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) contents: Incoming,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Promise {
    /// Reads the promise from a request's headers.
    ///
    /// # Errors
    /// `InvalidDigest`, `InvalidRequest`, `InvalidArgument` or `EntityTooLarge`.
    pub(crate) fn parse(
        headers: &HeaderMap,
        length: Option<i64>,
        trailers: Option<TrailingHeaders>,
    ) -> S3Result<Self> {
        let mut promise = Self {
            trailers,
            ..Self::default()
        };
        promise.length = length.map(length_of).transpose()?;
        if let Some(value) = text(headers, "content-md5") {
            let digest = STANDARD
                .decode(value)
                .ok()
                .filter(|digest| digest.len() == 16);
            promise.md5 = Some(digest.ok_or_else(|| {
                s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid.")
            })?);
        }
        for algorithm in Algorithm::ALL {
            if let Some(value) = text(headers, algorithm.header()) {
                promise.expect(algorithm, value)?;
            }
        }
        let trailing = text(headers, "x-amz-trailer").unwrap_or_default();
        promise.announced = trailing
            .split(',')
            .filter_map(|name| Algorithm::from_header(name.trim()))
            .collect();
        promise.algorithms.extend(promise.announced.iter().copied());
        Ok(promise)
    }

    /// Asks for a checksum to be computed although the client may not send its value.
    pub(crate) fn compute(&mut self, algorithm: Algorithm) {
        self.algorithms.insert(algorithm);
    }

    fn expect(&mut self, algorithm: Algorithm, value: &str) -> S3Result<()> {
        if checksum::decode(algorithm, value).is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "Value for {} header is invalid.",
                algorithm.header()
            ));
        }
        self.algorithms.insert(algorithm);
        self.checksums.insert(algorithm, value.to_owned());
        Ok(())
    }

    fn add_trailers(&mut self) -> S3Result<()> {
        let trailers = self.trailers.take().and_then(|trailers| trailers.take());
        let trailers = trailers.unwrap_or_default();
        for algorithm in Algorithm::ALL {
            let mut values = trailers.get_all(algorithm.header()).iter();
            match (values.next(), values.next()) {
                (Some(value), None) => {
                    let value = value.to_str().unwrap_or_default();
                    if let Some(promised) = self.checksums.get(&algorithm)
                        && promised != value
                    {
                        return Err(malformed_trailer());
                    }
                    self.expect(algorithm, value)?;
                }
                (None, _) if !self.announced.contains(&algorithm) => {}
                // Announced and not sent, or sent twice: either way nobody knows what is right.
                _ => return Err(malformed_trailer()),
            }
        }
        Ok(())
    }

    fn check(&self, size: u64, md5: &[u8; 16], checksums: &Checksums) -> S3Result<()> {
        if self.length.is_some_and(|length| length != size) {
            return Err(s3_error!(
                IncompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP header."
            ));
        }
        if self.md5.as_ref().is_some_and(|promised| promised != md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        for (algorithm, promised) in &self.checksums {
            if checksums.values.get(algorithm) != Some(promised) {
                return Err(s3_error!(
                    BadDigest,
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.name()
                ));
            }
        }
        Ok(())
    }
}

/// Takes a body in. What was written is removed again on any error, and when the caller goes away.
///
/// # Errors
/// The faults of [`Promise::parse`], `BadDigest`, `IncompleteBody`, `EntityTooLarge`,
/// `SignatureDoesNotMatch`, `XAmzContentSHA256Mismatch`; 507 when the disk is full.
pub(crate) async fn receive(
    tree: &Arc<Tree>,
    body: Option<StreamingBlob>,
    mut promise: Promise,
) -> S3Result<Received> {
    let mut sink = Some(Sink::new(tree, &promise.algorithms));
    let mut working: Option<JoinHandle<Result<Sink, StoreError>>> = None;
    let mut batch = Vec::new();
    let (mut gathered, mut total) = (0, 0_u64);
    let mut body = body;
    while let Some(chunk) = match &mut body {
        Some(body) => body.next().await,
        None => None,
    } {
        let chunk = chunk.map_err(|error| body_fault(error.as_ref()))?;
        gathered += chunk.len();
        total = total.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        check_size(total)?;
        batch.push(chunk);
        if gathered >= limits::BATCH_BYTES {
            let ready = take_sink(&mut sink, &mut working).await?;
            working = Some(feed(ready, std::mem::take(&mut batch)));
            gathered = 0;
        }
    }
    promise.add_trailers()?;
    let sink = take_sink(&mut sink, &mut working).await?;
    let last = tokio::task::spawn_blocking(move || sink.finish(&batch, &promise));
    last.await.map_err(S3Error::internal_error)?
}

/// Takes in a piece of a stored file, for copies.
///
/// # Errors
/// `EntityTooLarge`, and the disk's failures.
pub(crate) async fn copy(
    tree: &Arc<Tree>,
    mut file: File,
    bytes: ops::Range<u64>,
    algorithms: &BTreeSet<Algorithm>,
) -> S3Result<Received> {
    let length = bytes.end - bytes.start;
    check_size(length)?;
    let mut sink = Sink::new(tree, algorithms);
    let promise = Promise {
        length: Some(length),
        ..Promise::default()
    };
    let copied = tokio::task::spawn_blocking(move || {
        sink.copy(&mut file, bytes).map_err(fault)?;
        sink.finish(&[], &promise)
    });
    copied.await.map_err(S3Error::internal_error)?
}

/// A file being written and hashed, on a blocking thread.
struct Sink {
    tree: Arc<Tree>,
    contents: Option<Incoming>,
    hashing: Hashing,
    size: u64,
}

impl Sink {
    fn new(tree: &Arc<Tree>, algorithms: &BTreeSet<Algorithm>) -> Self {
        Self {
            tree: Arc::clone(tree),
            contents: None,
            hashing: Hashing::new(algorithms),
            size: 0,
        }
    }

    fn write(&mut self, batch: &[Bytes]) -> Result<(), StoreError> {
        if self.contents.is_none() {
            self.contents = Some(self.tree.incoming()?);
        }
        let Some(contents) = &mut self.contents else {
            return Ok(());
        };
        for chunk in batch {
            contents
                .file
                .write_all(chunk)
                .map_err(StoreError::disk("write a file"))?;
            self.hashing.update(chunk);
            self.size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    fn copy(&mut self, file: &mut File, bytes: ops::Range<u64>) -> Result<(), StoreError> {
        file.seek(SeekFrom::Start(bytes.start))
            .map_err(StoreError::disk("read a file"))?;
        let mut source = file.take(bytes.end - bytes.start);
        loop {
            let mut chunk = Vec::new();
            let mut piece = (&mut source).take(COPY_BYTES);
            let read = piece
                .read_to_end(&mut chunk)
                .map_err(StoreError::disk("read a file"))?;
            if read == 0 {
                return Ok(());
            }
            self.write(&[Bytes::from(chunk)])?;
        }
    }

    fn finish(mut self, batch: &[Bytes], promise: &Promise) -> S3Result<Received> {
        self.write(batch).map_err(fault)?;
        let (md5, checksums) = self.hashing.finish();
        promise.check(self.size, &md5, &checksums)?;
        let contents = self.contents.ok_or_else(|| s3_error!(InternalError))?;
        self.tree.sync(&contents).map_err(fault)?;
        Ok(Received {
            contents,
            size: self.size,
            md5,
            checksums,
        })
    }
}

fn feed(mut sink: Sink, batch: Vec<Bytes>) -> JoinHandle<Result<Sink, StoreError>> {
    tokio::task::spawn_blocking(move || {
        sink.write(&batch)?;
        Ok(sink)
    })
}

/// The sink, from wherever it is: at rest, or with the thread that writes the batch before this one.
async fn take_sink(
    resting: &mut Option<Sink>,
    working: &mut Option<JoinHandle<Result<Sink, StoreError>>>,
) -> S3Result<Sink> {
    if let Some(working) = working.take() {
        return working
            .await
            .map_err(S3Error::internal_error)?
            .map_err(fault);
    }
    resting.take().ok_or_else(|| s3_error!(InternalError))
}

fn malformed_trailer() -> S3Error {
    custom(
        "MalformedTrailerError",
        http::StatusCode::BAD_REQUEST,
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    )
}

fn length_of(length: i64) -> S3Result<u64> {
    let length = u64::try_from(length)
        .map_err(|_| s3_error!(InvalidArgument, "The content length is negative."))?;
    check_size(length)?;
    Ok(length)
}

fn check_size(size: u64) -> S3Result<()> {
    if size > limits::PUT_BYTES {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed object size."
        ));
    }
    Ok(())
}

/// The protocol library keeps the types of these errors to itself, so they are told apart by their text.
fn body_fault(error: &(dyn std::error::Error + Send + Sync + 'static)) -> S3Error {
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        return S3ErrorCode::SignatureDoesNotMatch.into();
    }
    if text.contains("Sha256Mismatch") {
        return custom(
            "XAmzContentSHA256Mismatch",
            http::StatusCode::BAD_REQUEST,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    tracing::debug!(error = text, "body ended early");
    s3_error!(IncompleteBody, "The request body did not arrive whole.")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
