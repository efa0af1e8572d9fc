//! A file, read where its layout says.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use model::device::DeviceOffset;
use model::entry::Entry;
use rustix::io::Errno;

use super::Means;
use crate::catalogue::Locator;
use crate::fault::{is_of_device, is_starved};
use crate::layout::{Layout, Origin, Packed, Piece, Run};
use crate::rescue::Unread;
use crate::sandbox::ParseError;
use crate::tree::{Content, DeviceGone, Shape};

/// Bytes of all runs of a packed unit together: one of 64 KiB is kept plain where packing does not make it smaller.
const PACKED_BYTES: u64 = 128 << 10;

/// An open file.
pub(super) struct RawFile {
    means: Arc<Means>,
    at: Locator,
    layout: Layout,
    pieces: Vec<Start>,
    shape: Shape,
    /// The unit that was unpacked last, and the number of its piece.
    unit: Mutex<Option<(usize, Arc<[u8]>)>>,
}

/// Where a piece begins.
#[derive(Debug, Clone, Copy, Default)]
struct Start {
    /// In the file.
    offset: u64,
    /// Among the bytes that the file has on the device.
    on_device: u64,
}

impl RawFile {
    /// The file of an entry that lies so.
    pub(super) fn new(means: Arc<Means>, at: Locator, layout: Layout, entry: &Entry) -> Self {
        let pieces = layout
            .pieces()
            .iter()
            .scan(Start::default(), |next, piece| {
                let start = *next;
                next.offset += piece.bytes;
                next.on_device += piece.runs().map(|run| run.bytes).sum::<u64>();
                Some(start)
            });
        let modified_ns = entry.times.modified.map_or(0, |time| time.ns());
        Self {
            pieces: pieces.collect(),
            shape: Shape {
                bytes: layout.bytes(),
                modified_ns,
                changed_ns: entry.times.changed.map_or(modified_ns, |time| time.ns()),
            },
            unit: Mutex::new(None),
            at,
            means,
            layout,
        }
    }

    /// The piece that has a byte of the file: its number, and the byte's offset in it.
    fn piece(&self, offset: u64) -> Option<(usize, &Piece, u64)> {
        let behind = self.pieces.partition_point(|start| start.offset <= offset);
        let number = behind.checked_sub(1)?;
        let piece = self.layout.pieces().get(number)?;
        let within = offset - self.pieces[number].offset;
        (within < piece.bytes).then_some((number, piece, within))
    }

    /// The plain bytes of a packed piece.
    fn unit(&self, number: usize, packed: &Packed, bytes: u64) -> io::Result<Arc<[u8]>> {
        let mut last = self.unit.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, unit)) = &*last
            && *of == number
        {
            return Ok(Arc::clone(unit));
        }
        let raw = self.packed(number, packed)?;
        let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
        let mut sandbox = self
            .means
            .sandbox
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let unit = sandbox
            .unpack(packed.codec, &raw, bytes)
            .map_err(unpacked)?;
        let unit: Arc<[u8]> = unit.into();
        *last = Some((number, Arc::clone(&unit)));
        Ok(unit)
    }

    /// The bytes of all runs of a unit.
    fn packed(&self, number: usize, packed: &Packed) -> io::Result<Vec<u8>> {
        let all = packed.runs.iter().map(|run| run.bytes);
        let all = all.fold(0, u64::saturating_add);
        if all > PACKED_BYTES {
            return Err(io::Error::other("a packed unit is larger than any can be"));
        }
        let mut raw = vec![0; usize::try_from(all).map_err(io::Error::other)?];
        if self.fill_ahead(number, 0, &mut raw) {
            return Ok(raw);
        }
        let mut from = 0;
        for run in &packed.runs {
            let length = usize::try_from(run.bytes).map_err(io::Error::other)?;
            let came = self.means.read(run.at, &mut raw[from..from + length])?;
            if came < length {
                return Err(Errno::NODATA.into());
            }
            from += length;
        }
        Ok(raw)
    }

    /// Fills `into` with what a piece has on the device, from `within` on, if that was read ahead.
    fn fill_ahead(&self, number: usize, within: u64, into: &mut [u8]) -> bool {
        let from = self.pieces[number].on_device + within;
        self.means.sweep.fill(self.at, from, into)
    }

    /// Calls `each` with where in the file a piece lies, and what of its runs is not read.
    fn unread(&self, mut each: impl FnMut(Range<u64>, &Piece, Run, Unread)) {
        for (piece, start) in self.layout.pieces().iter().zip(&self.pieces) {
            for run in piece.runs() {
                let at = run.at.get();
                let unread = self.means.rescue.unread(at..at.saturating_add(run.bytes));
                let place = start.offset..start.offset + piece.bytes;
                each(place, piece, run, unread);
            }
        }
    }
}

impl Content for RawFile {
    fn shape(&self) -> io::Result<Shape> {
        Ok(self.shape)
    }

    fn layout(&self) -> Option<&Layout> {
        Some(&self.layout)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((number, piece, within)) = self.piece(offset) else {
            return Ok(0);
        };
        let left = usize::try_from(piece.bytes - within).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let buffer = &mut buffer[..length];
        match &piece.origin {
            Origin::Device(_) if self.fill_ahead(number, within, buffer) => {}
            Origin::Device(at) => {
                return self
                    .means
                    .read(DeviceOffset::new(at.get() + within), buffer);
            }
            Origin::Zeros => buffer.fill(0),
            Origin::Inline(held) => copy(held, within, buffer)?,
            Origin::Packed(packed) => {
                copy(&self.unit(number, packed, piece.bytes)?, within, buffer)?;
            }
        }
        Ok(length)
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        let Some((_, piece, within)) = self.piece(offset) else {
            return Ok(false);
        };
        // What lies nowhere on the device says nothing of it.
        let Some(run) = piece.runs().next() else {
            return Ok(true);
        };
        let at = match &piece.origin {
            Origin::Device(at) => DeviceOffset::new(at.get() + within),
            Origin::Packed(_) | Origin::Zeros | Origin::Inline(_) => run.at,
        };
        Ok(self.means.read(at, &mut [0])? == 1)
    }

    fn may_come(&self) -> bool {
        let mut may_come = false;
        self.unread(|_, _, _, unread| may_come |= !unread.pending.is_empty());
        may_come
    }

    fn missing(&self) -> Vec<Range<u64>> {
        let mut missing: Vec<Range<u64>> = Vec::new();
        self.unread(|place, piece, run, unread| {
            for bad in unread.given_up {
                let range = match &piece.origin {
                    // Without some of its bytes nothing of a unit can be unpacked.
                    Origin::Packed(_) => place.clone(),
                    Origin::Device(_) | Origin::Zeros | Origin::Inline(_) => {
                        let from = place.start + (bad.start - run.at.get());
                        from..from + (bad.end - bad.start)
                    }
                };
                match missing.last_mut().filter(|last| last.end >= range.start) {
                    Some(last) => last.end = last.end.max(range.end),
                    None => missing.push(range),
                }
            }
        });
        missing
    }
}

impl Means {
    /// Reads from the device; fewer bytes than were asked for where the next cannot be read.
    fn read(&self, at: DeviceOffset, buffer: &mut [u8]) -> io::Result<usize> {
        let at = at.get();
        let unread = self.sweep.read(at, buffer).map_err(gone)?;
        match unread.first() {
            None => Ok(buffer.len()),
            Some(bad) if bad.start > at => {
                Ok(usize::try_from(bad.start - at).unwrap_or(buffer.len()))
            }
            Some(_) => Err(Errno::NODATA.into()),
        }
    }
}

/// A device that is gone, as an error that says so.
fn gone(gone: DeviceGone) -> io::Error {
    let DeviceGone(error) = gone;
    if is_of_device(&error) || is_starved(&error) {
        return error;
    }
    tracing::warn!(%error, "the device cannot be read any more");
    Errno::NODEV.into()
}

/// What did not unpack a unit: the unit's fault, or this host's.
fn unpacked(error: ParseError) -> io::Error {
    match error {
        ParseError::Gone(error) => gone(error),
        ParseError::Host(error) => error,
        other => io::Error::other(other),
    }
}

fn copy(held: &[u8], within: u64, buffer: &mut [u8]) -> io::Result<()> {
    let from = usize::try_from(within).map_err(io::Error::other)?;
    let short = || io::Error::other("a piece is shorter than it says");
    let bytes = held.get(from..).and_then(|held| held.get(..buffer.len()));
    buffer.copy_from_slice(bytes.ok_or_else(short)?);
    Ok(())
}
