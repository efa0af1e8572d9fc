//! One pass over a device: what is written reaches it, or is a range that could not be written.

use disks::fault::Fault;
use model::erasure::Span;
use rustix::io::Errno;

use super::EraseError;
use super::ahead::{ahead, pieces};
use super::course::Means;
use super::journal::{Did, Journal};
use super::limits::{BAD_SPANS, CUT_INTO, HOST_TRIES, Sizes};
use super::stream::Fill;
use super::surface::Surface;

/// A pass that is written.
pub(super) struct Writing<'a> {
    pub(super) surface: &'a dyn Surface,
    pub(super) journal: &'a mut Journal,
    pub(super) means: &'a Means<'a>,
    pub(super) sizes: Sizes,
    pub(super) pass: usize,
    /// Errors of the device, those of earlier attempts included.
    pub(super) errors: u64,
}

/// How far a pass came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// To the end.
    All,
    /// The device has so many bad places that the rest is not worth it.
    TooBad,
}

/// Why a pass does not go on.
enum CutShort {
    TooBad,
    Error(EraseError),
}

impl<E: Into<EraseError>> From<E> for CutShort {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Writing<'_> {
    /// Writes what of the pass is not on the medium yet.
    pub(super) fn run(mut self, fill: &Fill) -> Result<Written, EraseError> {
        let offset = self.journal.state().wrote.get(self.pass).copied();
        let offset = offset.unwrap_or(0);
        let rest = Span {
            offset,
            bytes: self.surface.bytes().saturating_sub(offset),
        };
        let chunk = self.sizes.chunk;
        let mut synced = offset;
        let done = ahead(fill, &[rest], chunk, &mut |offset, data| {
            let end = offset + data.len() as u64;
            if (self.means.is_stopped)() {
                self.sync(offset)?;
                return Err(EraseError::Interrupted.into());
            }
            self.write(offset, data)?;
            self.means.progress.add(data.len() as u64);
            if end - synced >= self.sizes.sync {
                self.sync(end)?;
                synced = end;
            }
            Ok(())
        });
        match done {
            Ok(()) => {
                self.sync(self.surface.bytes())?;
                Ok(Written::All)
            }
            Err(CutShort::TooBad) => Ok(Written::TooBad),
            Err(CutShort::Error(error)) => Err(error),
        }
    }

    /// Says that everything before `upto` is on the medium, once it is.
    fn sync(&mut self, upto: u64) -> Result<(), EraseError> {
        if let Err(fault) = self.surface.sync() {
            // What was written since the last time may be lost, and nobody knows what of it.
            return Err(self.lost(fault));
        }
        let (pass, errors) = (self.pass, self.errors);
        Ok(self.journal.note(Did::Wrote { pass, upto, errors })?)
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<(), CutShort> {
        let Err(fault) = patiently(|| self.surface.write_at(offset, data)) else {
            return Ok(());
        };
        self.must_be_of_place(fault)?;
        if self.surface.check().is_err() {
            return Err(EraseError::Gone { source: fault }.into());
        }
        let bytes = data.len() as u64;
        self.finer(Span { offset, bytes }, offset, data)
    }

    /// Writes in pieces what could not be written at once.
    fn finer(&mut self, span: Span, origin: u64, data: &[u8]) -> Result<(), CutShort> {
        self.errors = self.errors.saturating_add(1);
        self.means.progress.errors(self.errors);
        let Some(pieces) = pieces(span, CUT_INTO, self.surface.sector()) else {
            return self.bad(span);
        };
        for piece in pieces {
            if (self.means.is_stopped)() {
                return Err(EraseError::Interrupted.into());
            }
            let from = usize::try_from(piece.offset - origin).unwrap_or(usize::MAX);
            let to = usize::try_from(piece.end() - origin).unwrap_or(usize::MAX);
            let part = data.get(from..to).unwrap_or_default();
            if let Err(fault) = patiently(|| self.surface.write_at(piece.offset, part)) {
                self.must_be_of_place(fault)?;
                self.finer(piece, origin, data)?;
            }
        }
        Ok(())
    }

    fn bad(&mut self, span: Span) -> Result<(), CutShort> {
        let pass = self.pass;
        tracing::warn!(
            pass,
            offset = span.offset,
            bytes = span.bytes,
            "not written: bad place"
        );
        self.journal.say(Did::Bad { pass, span })?;
        let bad = self.journal.state().bad.get(pass).map_or(0, Vec::len);
        if bad <= BAD_SPANS {
            return Ok(());
        }
        // They are behind what was synced, and are to stand in the account.
        self.sync(span.end())?;
        Err(CutShort::TooBad)
    }

    /// Whether others than the place may be written to.
    fn must_be_of_place(&self, fault: Fault) -> Result<(), EraseError> {
        match fault {
            Fault::Gone(_) => Err(EraseError::Gone { source: fault }),
            Fault::Host(errno)
            | Fault::Bad(errno @ (Errno::NOSPC | Errno::FBIG | Errno::DQUOT)) => {
                Err(EraseError::Host {
                    source: errno.into(),
                })
            }
            Fault::Bad(_) | Fault::Slow(_) => Ok(()),
        }
    }

    fn lost(&self, fault: Fault) -> EraseError {
        match self.must_be_of_place(fault) {
            Err(error) => error,
            Ok(()) if self.surface.check().is_err() => EraseError::Gone { source: fault },
            Ok(()) => EraseError::Host {
                source: fault.into(),
            },
        }
    }
}

/// Does it again where the host, and not the device, had the fault.
pub(super) fn patiently(mut work: impl FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
    for _ in 1..HOST_TRIES {
        match work() {
            Err(Fault::Host(_)) => std::thread::yield_now(),
            done => return done,
        }
    }
    work()
}
