//! What a device gives of what was written: read, and compared byte by byte.

use disks::aligned::Buffers;
use disks::fault::Fault;
use model::erasure::{Difference, Span};
use std::sync::Arc;

use super::EraseError;
use super::ahead::{ahead, pieces};
use super::course::Means;
use super::limits::{CUT_INTO, Sizes};
use super::stream::Fill;
use super::surface::Surface;
use super::writing::patiently;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ReadBack {
    /// Bytes that were read.
    pub(super) bytes: u64,
    /// Ranges that could not be.
    pub(super) unreadable: Vec<Span>,
    /// Errors of the device.
    pub(super) errors: u64,
    /// The first byte that is another; nothing was read behind its chunk.
    pub(super) difference: Option<Difference>,
}

/// Why reading does not go on.
enum Enough {
    Different,
    Error(EraseError),
}

impl From<EraseError> for Enough {
    fn from(error: EraseError) -> Self {
        Self::Error(error)
    }
}

/// Reads spans and compares them with what was written. `note` is told up to where all is as it should be.
pub(super) fn read_back(
    surface: &dyn Surface,
    fill: &Fill,
    spans: &[Span],
    sizes: Sizes,
    means: &Means<'_>,
    note: &mut dyn FnMut(u64) -> Result<(), EraseError>,
) -> Result<ReadBack, EraseError> {
    let stock = Arc::new(Buffers::default());
    let mut found = ReadBack::default();
    let mut noted = spans.first().map_or(0, |span| span.offset);
    let done = ahead(fill, spans, sizes.chunk, &mut |offset, made| {
        if (means.is_stopped)() {
            return Err(EraseError::Interrupted.into());
        }
        let bytes = made.len() as u64;
        let mut buffer = stock.take(bytes);
        let span = Span { offset, bytes };
        read(surface, span, span, &mut buffer, made, &mut found)?;
        means.progress.add(bytes);
        if found.difference.is_some() {
            return Err(Enough::Different);
        }
        if span.end() - noted >= sizes.note_read {
            noted = span.end();
            note(noted)?;
        }
        Ok(())
    });
    match done {
        Ok(()) | Err(Enough::Different) => Ok(found),
        Err(Enough::Error(error)) => Err(error),
    }
}

/// Reads a span of `whole`, in pieces if it must be.
fn read(
    surface: &dyn Surface,
    span: Span,
    whole: Span,
    buffer: &mut [u8],
    made: &[u8],
    found: &mut ReadBack,
) -> Result<(), EraseError> {
    let from = usize::try_from(span.offset - whole.offset).unwrap_or(usize::MAX);
    let to = usize::try_from(span.end() - whole.offset).unwrap_or(usize::MAX);
    let (Some(part), Some(expected)) = (buffer.get_mut(from..to), made.get(from..to)) else {
        return Ok(());
    };
    match patiently(|| surface.read_at(span.offset, part)) {
        Ok(()) => {
            found.bytes += span.bytes;
            if found.difference.is_none() {
                found.difference = Fill::difference(span.offset, expected, part);
            }
            return Ok(());
        }
        Err(fault @ Fault::Gone(_)) => return Err(EraseError::Gone { source: fault }),
        Err(Fault::Host(errno)) => {
            let source = errno.into();
            return Err(EraseError::Host { source });
        }
        Err(fault @ (Fault::Bad(_) | Fault::Slow(_))) if span == whole => {
            if surface.check().is_err() {
                return Err(EraseError::Gone { source: fault });
            }
        }
        Err(Fault::Bad(_) | Fault::Slow(_)) => {}
    }
    found.errors = found.errors.saturating_add(1);
    let Some(pieces) = pieces(span, CUT_INTO, surface.sector()) else {
        found.cannot_read(span);
        return Ok(());
    };
    for piece in pieces {
        read(surface, piece, whole, buffer, made, found)?;
    }
    Ok(())
}

impl ReadBack {
    fn cannot_read(&mut self, span: Span) {
        match self.unreadable.last_mut() {
            Some(last) if last.end() == span.offset => last.bytes += span.bytes,
            _ => self.unreadable.push(span),
        }
    }
}
