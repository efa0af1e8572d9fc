//! What parent and child say to each other, and in which frames.
//!
//! A frame is a length (u32), a kind (u8) and a body of that length, at most [`FRAME_BYTES`]. The parent
//! asks one thing at a time ([`Request`]); the child asks for bytes as often as it needs, and ends with one of the sayings
//! that end a task. A catalogue comes in batches: [`told`].

mod facts;
mod secrets;
mod survey;
pub(super) mod told;

use std::io::{self, Read, Write};

use encrypted::Locked;
use encrypted::plain::Plain;
use encrypted::secrets::Secrets;
use filesystems::blocks::Fault as BlockFault;
use filesystems::reader::{Options, Refusal};
use filesystems::recognise::Recognised;
use filesystems::told::{Codec, Facts, Summary};
use filesystems::volumes::Volume;

use super::limits::{FRAME_BYTES, PACKED_BYTES, UNLOCK_BYTES};
use super::wire::{Malformed, Taken, Wire, kinds, put_bytes};
pub(super) use survey::SurveyHead;

/// The bytes before a body.
pub(super) const HEAD_BYTES: usize = 5;

/// Kinds of frames. Below 32 the parent says them, from there on the child.
pub(super) mod kind {
    pub(crate) const SURVEY: u8 = 1;
    pub(crate) const CATALOGUE: u8 = 2;
    pub(crate) const UNPACK: u8 = 3;
    pub(crate) const BLOCK: u8 = 4;
    pub(crate) const FAULT: u8 = 5;
    pub(crate) const UNLOCK: u8 = 6;
    pub(crate) const READY: u8 = 32;
    pub(crate) const READ: u8 = 33;
    pub(crate) const VOLUME: u8 = 34;
    pub(crate) const SURVEYED: u8 = 35;
    pub(crate) const OPENED: u8 = 36;
    pub(crate) const TOLD: u8 = 37;
    pub(crate) const DONE: u8 = 38;
    pub(crate) const REFUSED: u8 = 39;
    pub(crate) const PLAIN: u8 = 40;
    pub(crate) const DAMAGED: u8 = 41;
    pub(crate) const FAILED: u8 = 42;
    pub(crate) const UNLOCKED: u8 = 43;
    pub(crate) const LOCKED: u8 = 44;
}

/// What a child is asked to do.
#[derive(Debug)]
pub(super) enum Request {
    /// To say what lies on a device.
    Survey { bytes: u64, sector: u32 },
    /// To tell what a volume holds.
    Catalogue {
        volume: Volume,
        sector: u32,
        options: Options,
    },
    /// To unpack a unit that has so many bytes.
    Unpack {
        codec: Codec,
        bytes: u32,
        packed: Vec<u8>,
    },
    /// To open an encrypted volume of so many bytes.
    Unlock {
        bytes: u64,
        sector: u32,
        secrets: Secrets,
    },
}

/// What a child says, but for a batch of a catalogue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Saying {
    /// It shut itself in, or could not; in words then.
    Ready { unconfined: Option<String> },
    /// It asks for bytes of the device or volume.
    Read { offset: u64, bytes: u32 },
    /// What was recognised on the next volume of the device.
    Volume(Recognised),
    /// What else a survey found; the end of that task.
    Surveyed(SurveyHead),
    /// The file system was opened, and says this of itself.
    Opened(Facts),
    /// All was told; the end of that task.
    Done(Summary),
    /// The volume or device is refused; the end of the task.
    Refused(Refusal),
    /// The unit, unpacked; the end of that task.
    Plain(Vec<u8>),
    /// What is packed is damaged; the end of that task.
    Damaged(String),
    /// It met a mistake of its own; its end.
    Failed(String),
    /// The volume is open, so; the end of that task.
    Unlocked(Plain),
    /// The volume stays locked; the end of that task.
    Locked(Locked),
}

kinds!(Codec { 0 => Lznt1, 1 => Xpress, 2 => Lzx });
kinds!(BlockFault { 0 => Bad, 1 => Ended });

impl Request {
    /// Its frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        match self {
            Self::Survey { bytes, sector } => frame(kind::SURVEY, |body| {
                bytes.put(body);
                sector.put(body);
            }),
            Self::Catalogue {
                volume,
                sector,
                options,
            } => frame(kind::CATALOGUE, |body| {
                volume.put(body);
                sector.put(body);
                options.put(body);
            }),
            Self::Unpack {
                codec,
                bytes,
                packed,
            } => frame(kind::UNPACK, |body| {
                codec.put(body);
                bytes.put(body);
                put_bytes(body, packed);
            }),
            Self::Unlock {
                bytes,
                sector,
                secrets,
            } => frame(kind::UNLOCK, |body| {
                // No copy of a secret is left behind where a body grows.
                body.reserve(UNLOCK_BYTES);
                bytes.put(body);
                sector.put(body);
                secrets.put(body);
            }),
        }
    }

    /// What a frame asks.
    pub(super) fn parse(kind: u8, body: &[u8]) -> Result<Self, Malformed> {
        let mut from = Taken::new(body);
        let request = match kind {
            kind::SURVEY => Self::Survey {
                bytes: u64::take(&mut from)?,
                sector: u32::take(&mut from)?,
            },
            kind::CATALOGUE => Self::Catalogue {
                volume: Volume::take(&mut from)?,
                sector: u32::take(&mut from)?,
                options: Options::take(&mut from)?,
            },
            kind::UNPACK => Self::Unpack {
                codec: Codec::take(&mut from)?,
                bytes: u32::take(&mut from)?,
                packed: from.bytes(PACKED_BYTES)?.to_vec(),
            },
            kind::UNLOCK => Self::Unlock {
                bytes: u64::take(&mut from)?,
                sector: u32::take(&mut from)?,
                secrets: from.whole()?,
            },
            _ => return Err(Malformed("no request has this kind")),
        };
        Ok(request)
    }
}

impl Saying {
    /// Its frame.
    pub(super) fn frame(&self) -> Vec<u8> {
        match self {
            Self::Ready { unconfined } => frame(kind::READY, |body| unconfined.put(body)),
            Self::Read { offset, bytes } => frame(kind::READ, |body| {
                offset.put(body);
                bytes.put(body);
            }),
            Self::Volume(recognised) => frame(kind::VOLUME, |body| recognised.put(body)),
            Self::Surveyed(head) => frame(kind::SURVEYED, |body| head.put(body)),
            Self::Opened(facts) => frame(kind::OPENED, |body| facts.put(body)),
            Self::Done(summary) => frame(kind::DONE, |body| summary.put(body)),
            Self::Refused(refusal) => frame(kind::REFUSED, |body| refusal.put(body)),
            Self::Plain(plain) => frame(kind::PLAIN, |body| body.extend_from_slice(plain)),
            Self::Damaged(why) => frame(kind::DAMAGED, |body| why.put(body)),
            Self::Failed(why) => frame(kind::FAILED, |body| why.put(body)),
            Self::Unlocked(plain) => frame(kind::UNLOCKED, |body| plain.put(body)),
            Self::Locked(why) => frame(kind::LOCKED, |body| why.put(body)),
        }
    }

    /// What a frame says.
    pub(super) fn parse(kind: u8, body: &[u8]) -> Result<Self, Malformed> {
        let mut from = Taken::new(body);
        Ok(match kind {
            kind::READY => Self::Ready {
                unconfined: from.whole()?,
            },
            kind::READ => {
                let offset = u64::take(&mut from)?;
                let bytes = from.whole()?;
                Self::Read { offset, bytes }
            }
            kind::VOLUME => Self::Volume(from.whole()?),
            kind::SURVEYED => Self::Surveyed(from.whole()?),
            kind::OPENED => Self::Opened(from.whole()?),
            kind::DONE => Self::Done(from.whole()?),
            kind::REFUSED => Self::Refused(from.whole()?),
            kind::PLAIN => Self::Plain(body.to_vec()),
            kind::DAMAGED => Self::Damaged(from.whole()?),
            kind::FAILED => Self::Failed(from.whole()?),
            kind::UNLOCKED => Self::Unlocked(from.whole()?),
            kind::LOCKED => Self::Locked(from.whole()?),
            _ => return Err(Malformed("no message has this kind")),
        })
    }
}

/// A frame whose body `put` appends.
pub(super) fn frame(kind: u8, put: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 0, kind];
    put(&mut frame);
    set_length(&mut frame);
    frame
}

/// Writes the length of a body that was appended to its head.
pub(super) fn set_length(frame: &mut [u8]) {
    let bytes = frame.len().saturating_sub(HEAD_BYTES);
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    if let Some(length) = frame.get_mut(..4) {
        length.copy_from_slice(&bytes.to_le_bytes());
    }
}

/// The longest body of a frame of a kind, in bytes.
fn longest(kind: u8) -> usize {
    match kind {
        kind::UNLOCK => UNLOCK_BYTES,
        _ => FRAME_BYTES,
    }
}

/// Reads the head of a frame: its kind, and the length of its body; `None` if there is no further frame.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the body is longer than any.
pub(super) fn read_head(from: &mut impl Read) -> io::Result<Option<(u8, usize)>> {
    let mut head = [0; HEAD_BYTES];
    let (first, rest) = head.split_at_mut(1);
    loop {
        match from.read(first) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    from.read_exact(rest)?;
    let [a, b, c, d, kind] = head;
    let bytes = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if bytes > longest(kind) {
        let why = format!("a message of {bytes} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(Some((kind, bytes)))
}

/// Reads a frame into `body`; its kind, or `None` if there is none.
///
/// # Errors
/// As [`read_head`].
pub(super) fn read_frame(from: &mut impl Read, body: &mut Vec<u8>) -> io::Result<Option<u8>> {
    let Some((kind, bytes)) = read_head(from)? else {
        return Ok(None);
    };
    body.resize(bytes, 0);
    from.read_exact(body)?;
    Ok(Some(kind))
}

/// Sends a frame.
///
/// # Errors
/// If it is longer than any may be, or the other end is gone.
pub(super) fn send(into: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let kind = frame.get(HEAD_BYTES - 1).copied().unwrap_or_default();
    if frame.len() > HEAD_BYTES + longest(kind) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    into.write_all(frame)?;
    into.flush()
}
