//! Files that the Windows Overlay Filter packed: the content lies in chunks in a stream of its own.
//!
//! Source: wimlib's resource format, which the stream has. It begins with a table of where each chunk but the first
//! begins, counted from the end of the table: numbers of 32 bits, or of 64 where the file has 4 GiB or more. A chunk
//! as long as what it holds is not packed.

use super::boot::NtfsGeometry;
use super::extents::ExtentList;
use super::source::{Metered, Stop};
use super::stream::{DataStream, Held, places};
use crate::told::{Codec, Extent, Unloadable, What};
use crate::unpack::unpack;

/// The stream in which the chunks lie.
pub(super) const STREAM: &[u8] = b"WofCompressedData";
/// Files from this size on have a table of longer numbers.
const LONG_NUMBERS: u64 = 1 << 32;
/// The most bytes that chunks in a record may give.
const INLINE_BYTES: u64 = 1 << 20;

/// How a file was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WofPacking {
    codec: Codec,
    /// The plain bytes of a chunk.
    chunk: u64,
}

impl WofPacking {
    /// By the number of the algorithm; `None` if it is not known.
    pub(super) fn of(algorithm: u32) -> Option<Self> {
        let (codec, chunk) = match algorithm {
            0 => (Codec::Xpress, 4 << 10),
            1 => (Codec::Lzx, 32 << 10),
            2 => (Codec::Xpress, 8 << 10),
            3 => (Codec::Xpress, 16 << 10),
            _ => return None,
        };
        Some(Self { codec, chunk })
    }
}

/// The extents of a file of `bytes` that is packed into `stream`, at most `most` of them.
///
/// # Errors
///
/// If it cannot be had, or the volume cannot be read.
pub(super) fn extents(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    packing: WofPacking,
    bytes: u64,
    stream: &DataStream,
    most: usize,
) -> Result<Vec<Extent>, Stop> {
    if let Some(why) = stream.fault() {
        return Err(Stop::damaged(why));
    }
    if stream.is_encrypted() {
        return Err(Stop::File(Unloadable::Encrypted("EFS")));
    }
    let chunks = bytes.div_ceil(packing.chunk);
    if chunks > most as u64 {
        let why = format!("it has more than {most} extents");
        return Err(Stop::File(Unloadable::UnknownFeature(why)));
    }
    let starts = starts(source, geometry, bytes, chunks, stream)?;
    let mut list = ExtentList::new(bytes, bytes, most);
    for pair in starts.windows(2) {
        let [start, end] = pair else { continue };
        let plain = packing.chunk.min(bytes - list.at());
        let chunk = WofChunk {
            start: *start,
            bytes: end.checked_sub(*start).unwrap_or(0),
            plain,
        };
        chunk.push(&mut list, geometry, packing.codec, stream)?;
    }
    list.finish().map_err(Stop::File)
}

/// Where each chunk begins in the stream, and where the last one ends.
fn starts(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    bytes: u64,
    chunks: u64,
    stream: &DataStream,
) -> Result<Vec<u64>, Stop> {
    let width: u64 = if bytes < LONG_NUMBERS { 4 } else { 8 };
    let first = chunks.saturating_sub(1) * width;
    let table = table(source, geometry, stream, first)?;
    let numbers = table
        .chunks_exact(usize::try_from(width).unwrap_or(4))
        .map(|number| {
            let mut wide = [0; 8];
            wide[..number.len()].copy_from_slice(number);
            u64::from_le_bytes(wide).saturating_add(first)
        });
    let mut starts = Vec::with_capacity(table.len() / 4 + 2);
    starts.push(first);
    starts.extend(numbers);
    if chunks > 0 {
        starts.push(stream.sizes.data);
    }
    Ok(starts)
}

/// The table of a stream: its first `length` bytes.
fn table(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    stream: &DataStream,
    length: u64,
) -> Result<Vec<u8>, Stop> {
    let short = || Stop::damaged("its chunks are missing");
    let length = usize::try_from(length).map_err(|_| short())?;
    if length as u64 > stream.sizes.initialised {
        return Err(short());
    }
    let mut table = vec![0; length];
    if length > 0 {
        stream.read(source, geometry, 0, &mut table)?;
    }
    Ok(table)
}

/// A chunk: where it is in the stream, and what it holds.
struct WofChunk {
    start: u64,
    bytes: u64,
    plain: u64,
}

impl WofChunk {
    /// Adds its extents.
    fn push(
        &self,
        list: &mut ExtentList,
        geometry: &NtfsGeometry,
        codec: Codec,
        stream: &DataStream,
    ) -> Result<(), Stop> {
        let end = self.start.checked_add(self.bytes);
        let is_there = end.is_some_and(|end| end <= stream.sizes.initialised);
        if !is_there || self.bytes == 0 || self.bytes > self.plain {
            return Err(Stop::damaged("its table of chunks is damaged"));
        }
        match &stream.held {
            Held::Resident(held) => self.push_inline(list, codec, held),
            Held::Runs(runs) => {
                stream.checked()?;
                let runs = places(runs, geometry, self.start, self.bytes)?;
                self.push_runs(list, codec, runs)
            }
        }
    }

    fn push_runs(
        &self,
        list: &mut ExtentList,
        codec: Codec,
        runs: Vec<(u64, u64)>,
    ) -> Result<(), Stop> {
        if self.bytes < self.plain {
            let packed = What::Packed { codec, runs };
            return list.push(self.plain, packed).map_err(Stop::File);
        }
        for (at, bytes) in runs {
            list.push(bytes, What::Disk(at)).map_err(Stop::File)?;
        }
        Ok(())
    }

    /// In a record the bytes do not lie as they are (fixups): they are unpacked here.
    fn push_inline(&self, list: &mut ExtentList, codec: Codec, held: &[u8]) -> Result<(), Stop> {
        let damaged = || Stop::damaged("a chunk of it is damaged");
        if list.at() + self.plain > INLINE_BYTES {
            return Err(damaged());
        }
        let range = usize::try_from(self.start)
            .ok()
            .zip(usize::try_from(self.bytes).ok());
        let packed = range.and_then(|(at, length)| super::bytes::part(held, at, length));
        let packed = packed.ok_or_else(damaged)?;
        let plain = usize::try_from(self.plain).map_err(|_| damaged())?;
        let bytes = if packed.len() == plain {
            packed.to_vec()
        } else {
            unpack(codec, packed, plain).map_err(|_| damaged())?
        };
        let what = What::Inline(bytes.into_boxed_slice());
        list.push(self.plain, what).map_err(Stop::File)
    }
}
