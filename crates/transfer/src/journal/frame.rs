//! The frames of a journal: where a body begins and ends, and whether it is whole. What a body says is no affair
//! of theirs.
//!
//! Length, checksum and number, then the body (`docs/formats.md`). A frame that is torn, or does not follow the
//! one before it, ends what is read.

use std::io::{self, Read};

/// Bytes before a body: length, checksum, sequence number.
const HEAD_BYTES: usize = 4 + 4 + 8;

/// Longest body. An entry's path, key and reason fit in some 20 KiB at their longest.
const BODY_BYTES: u32 = 1 << 20;

/// A body in its frame.
///
/// # Errors
/// If the body is longer than its length can say.
pub(super) fn frame(sequence: u64, body: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let sequence = sequence.to_le_bytes();
    let mut frame = Vec::with_capacity(HEAD_BYTES + body.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&checksum(&sequence, body).to_le_bytes());
    frame.extend_from_slice(&sequence);
    frame.extend_from_slice(body);
    Ok(frame)
}

fn checksum(sequence: &[u8; 8], body: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(sequence);
    digest.update(body);
    u32::try_from(digest.finalize()).unwrap_or_default()
}

/// Reads frames in order.
pub(super) struct Frames<S> {
    source: S,
    offset: u64,
    sequence: u64,
}

/// A frame that is whole, and follows the one before it.
pub(super) struct Frame {
    /// Where it begins in its file.
    pub(super) offset: u64,
    pub(super) body: Vec<u8>,
}

impl<S: Read> Frames<S> {
    /// Frames that begin at `offset` of their file, which is where `source` is.
    pub(super) fn new(source: S, offset: u64) -> Self {
        Self {
            source,
            offset,
            sequence: 0,
        }
    }

    /// Where the frames that were taken end in their file, and how many there are.
    pub(super) fn end(&self) -> (u64, u64) {
        (self.offset, self.sequence)
    }

    /// Looks at the next frame, which is there again until it is taken; `None` at the end of what is good.
    ///
    /// # Errors
    /// The system's error, other than the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; HEAD_BYTES];
        if !read_whole(&mut self.source, &mut head)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3, sequence @ ..] = head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length > BODY_BYTES || u64::from_le_bytes(sequence) != self.sequence {
            return Ok(None);
        }
        let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
        if !read_whole(&mut self.source, &mut body)?
            || checksum(&sequence, &body) != u32::from_le_bytes([c0, c1, c2, c3])
        {
            return Ok(None);
        }
        Ok(Some(Frame {
            offset: self.offset,
            body,
        }))
    }

    /// Counts a frame as read, because its body makes sense.
    pub(super) fn take(&mut self, frame: &Frame) {
        self.offset += frame_bytes(&frame.body);
        self.sequence += 1;
    }
}

/// Reads the body of the frame that begins here.
///
/// # Errors
/// The system's error.
pub(super) fn body(file: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head)?;
    let [l0, l1, l2, l3, ..] = head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]).min(BODY_BYTES);
    let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact(&mut body)?;
    Ok(body)
}

/// How long the frame of a body is, in bytes.
pub(super) fn frame_bytes(body: &[u8]) -> u64 {
    (HEAD_BYTES + body.len()) as u64
}

/// Fills `buffer`, or says that the end came first.
fn read_whole(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}
