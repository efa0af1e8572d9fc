//! From the first write to the account.
//!
//! What is done is written down after it was done, and the account is made of that alone. Everything is told as it is: a
//! device on which a byte could not be written, or read, or is another than it should be, is not erased.

use model::device::Connector;
use model::erasure::{
    Certificate, Difference, ErasedDevice, ErasureEnd, ErasureFailure, ErasureTool, Extent,
    FailureCause, Known, Pass, PassFill, Span, Technique, Unclaimed, Unwritten, Validation,
    Verification,
};
use model::time::Clock;

use super::EraseError;
use super::ability::{Abilities, interface_errors};
use super::ahead::without;
use super::drive::Drive;
use super::hardware::{self, HardwareError};
use super::journal::{Did, Journal};
use super::limits::{SIZES, Sizes};
use super::places::{Drawing, spans};
use super::progress::{Doing, ErasingProgress};
use super::reading::{ReadBack, read_back};
use super::stream::Fill;
use super::surface::Surface;
use super::writing::{Writing, Written};

/// Bytes of the device that are compared with what was written before an erasing is gone on with.
const EVIDENCE_BYTES: u64 = 64 << 10;

/// What is erased.
pub struct Erasing<'a> {
    /// The device, open.
    pub surface: &'a dyn Surface,
    /// The way to its own commands.
    pub drive: &'a dyn Drive,
    /// How it is attached.
    pub connector: Connector,
    /// What it is.
    pub device: ErasedDevice,
    /// How it was before.
    pub able: &'a Abilities,
}

/// With what.
pub struct Means<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who looks on.
    pub progress: &'a ErasingProgress,
    /// Whether to stop.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// The program that does it.
    pub tool: ErasureTool,
}

/// Erases a device, or goes on with it, as its journal says. The caller has seen that it is the one.
///
/// # Errors
/// [`EraseError`]: it can be gone on with. What the device does wrong is no error: it is how it ends.
pub fn erase(
    erasing: &Erasing<'_>,
    journal: &mut Journal,
    means: &Means<'_>,
) -> Result<ErasureEnd, EraseError> {
    erase_as(erasing, journal, means, SIZES, Drawing::USUAL)
}

pub(super) fn erase_as(
    erasing: &Erasing<'_>,
    journal: &mut Journal,
    means: &Means<'_>,
    sizes: Sizes,
    drawing: Drawing,
) -> Result<ErasureEnd, EraseError> {
    if let Some(end) = journal.end() {
        means.progress.begin(Doing::Done, 1, 1);
        return Ok(end.clone());
    }
    let mut course = Course {
        erasing,
        journal,
        means,
        sizes,
        drawing,
        read_errors: 0,
        first: None,
    };
    let end = course.run()?;
    let end = Box::new(end);
    course.journal.note(Did::Ended { end: end.clone() })?;
    means.progress.begin(Doing::Done, 1, 1);
    Ok(*end)
}

/// An erasing that is under way.
struct Course<'a, 'b> {
    erasing: &'a Erasing<'b>,
    journal: &'a mut Journal,
    means: &'a Means<'b>,
    sizes: Sizes,
    drawing: Drawing,
    /// Errors of the device while it was read.
    read_errors: u64,
    /// What the stream was found to be.
    first: Option<ReadBack>,
}

impl Course<'_, '_> {
    fn run(&mut self) -> Result<ErasureEnd, EraseError> {
        self.must_be_it()?;
        if self.journal.is_resumed() {
            self.go_on()?;
        }
        let passes = passes(self.technique(), self.journal);
        self.tell_all(&passes);
        if !self.technique().is_overwrite()
            && !self.journal.state().by_itself
            && let Some(failure) = self.by_itself()?
        {
            return Ok(failure);
        }
        for (number, fill) in passes.iter().enumerate() {
            if let Written::TooBad = self.write(number, fill)? {
                return Ok(self.ended(None, &passes));
            }
            if let Fill::Stream(_) = fill
                && let Some(difference) = self.read_stream(number, fill)?
            {
                return Ok(self.counterfeit(difference, &passes));
            }
        }
        let read = self.verify(passes.len())?;
        Ok(self.ended(Some(read), &passes))
    }

    fn technique(&self) -> Technique {
        self.journal.beginning().technique
    }

    fn bytes(&self) -> u64 {
        self.erasing.surface.bytes()
    }

    /// Sees that what is open is what was opened, and what the journal is of.
    fn must_be_it(&self) -> Result<(), EraseError> {
        self.erasing
            .surface
            .check()
            .map_err(|error| EraseError::Changed {
                what: error.to_string(),
            })?;
        let (marks, device) = (&self.journal.beginning().marks, &self.erasing.device);
        let pairs = [
            ("its serial number", &marks.serial, &device.serial),
            ("its WWN", &marks.wwn, &device.wwn),
            ("its model", &marks.model, &device.model),
        ];
        let other = pairs
            .into_iter()
            .find(|(_, was, is)| was.is_some() && was != is);
        if let Some((what, ..)) = other {
            let what = format!("{what} is another");
            return Err(EraseError::Changed { what });
        }
        if marks.bytes != self.bytes() {
            let what = format!("it has {} bytes, and had {}", self.bytes(), marks.bytes);
            return Err(EraseError::Changed { what });
        }
        Ok(())
    }

    /// Goes on with what the journal says, if the device has it. One that is known by its number and has lost it is
    /// begun anew; of one that has none it is all that it can be known by.
    fn go_on(&mut self) -> Result<(), EraseError> {
        let at = self.means.clock.now();
        if self.has_what_was_written()? {
            return Ok(self.journal.note(Did::WentOn { at })?);
        }
        let marks = &self.journal.beginning().marks;
        if marks.serial.is_none() && marks.wwn.is_none() {
            let what = "what was written to it is not on it".to_owned();
            return Err(EraseError::Changed { what });
        }
        self.journal.say(Did::Anew)?;
        Ok(self.journal.note(Did::WentOn { at })?)
    }

    /// Whether the last of what the journal says was written is on the device.
    fn has_what_was_written(&self) -> Result<bool, EraseError> {
        let passes = passes(self.technique(), self.journal);
        let state = self.journal.state();
        let written = passes.iter().zip(state.wrote).zip(&state.bad);
        let last = written.rev().find(|((_, wrote), _)| *wrote > 0);
        let Some(((fill, upto), bad)) = last else {
            return Ok(true);
        };
        let sector = self.erasing.surface.sector().max(1);
        let from = upto.saturating_sub(EVIDENCE_BYTES) / sector * sector;
        let span = Span {
            offset: from,
            bytes: upto - from,
        };
        let spans = without(&[span], bad);
        let mut nothing = |_| Ok(());
        let read = read_back(
            self.erasing.surface,
            fill,
            &spans,
            self.sizes,
            self.means,
            &mut nothing,
        )?;
        Ok(read.difference.is_none())
    }

    /// Says what is to be written and read, and what of it is done.
    fn tell_all(&self, passes: &[Fill]) {
        let (bytes, state) = (self.bytes(), self.journal.state());
        let streams = passes.iter().filter(|it| matches!(it, Fill::Stream(_)));
        let streams = streams.count();
        let itself = usize::from(!self.technique().is_overwrite());
        let steps = passes.len() + streams + itself + 1;
        let spans = self.last_spans();
        let last: u64 = spans.iter().map(|span| span.bytes).sum();
        let of = bytes.saturating_mul((passes.len() + streams) as u64) + last;
        let done: u64 = state.wrote.iter().chain(&state.read).sum();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.means.progress.all(steps, done, of);
    }

    fn extent(&self) -> Extent {
        let beginning = self.journal.beginning();
        self.drawing
            .extent(beginning.verify, &beginning.seed, self.bytes())
    }

    fn last_spans(&self) -> Vec<Span> {
        spans(&self.extent(), self.bytes())
    }

    /// Lets the device erase itself. What it does wrong is how it ends.
    fn by_itself(&mut self) -> Result<Option<ErasureEnd>, EraseError> {
        self.means.progress.begin(Doing::ByItself, 0, 100);
        let done = hardware::run(
            self.technique(),
            self.erasing.drive,
            self.journal,
            self.means,
        );
        let why = match done {
            Ok(()) => return Ok(None),
            Err(HardwareError::Stopped(error)) => return Err(error),
            Err(refused) => refused.to_string(),
        };
        let account = self.account(None, &[]);
        Ok(Some(ErasureEnd::Failed(Box::new(ErasureFailure {
            cause: FailureCause::CommandFailed,
            why,
            account,
        }))))
    }

    fn write(&mut self, pass: usize, fill: &Fill) -> Result<Written, EraseError> {
        let doing = match fill {
            Fill::Stream(_) => Doing::WritingStream,
            Fill::Zeros => Doing::WritingZeros,
        };
        let bytes = self.bytes();
        let wrote = self.journal.state().wrote.get(pass).copied().unwrap_or(0);
        self.means.progress.begin(doing, wrote, bytes);
        if wrote >= bytes {
            return Ok(Written::All);
        }
        let errors = self.journal.state().errors;
        let writing = Writing {
            surface: self.erasing.surface,
            journal: self.journal,
            means: self.means,
            sizes: self.sizes,
            pass,
            errors,
        };
        writing.run(fill)
    }

    /// Reads the stream back, all of it but what could not be written.
    fn read_stream(&mut self, pass: usize, fill: &Fill) -> Result<Option<Difference>, EraseError> {
        let (bytes, state) = (self.bytes(), self.journal.state());
        let offset = state.read.get(pass).copied().unwrap_or(0);
        let bad = state.bad.get(pass).cloned().unwrap_or_default();
        self.means
            .progress
            .begin(Doing::ReadingStream, offset, bytes);
        let rest = Span {
            offset,
            bytes: bytes.saturating_sub(offset),
        };
        let spans = without(&[rest], &bad);
        let journal = &mut *self.journal;
        let read = read_back(
            self.erasing.surface,
            fill,
            &spans,
            self.sizes,
            self.means,
            &mut |upto| Ok(journal.note(Did::Read { pass, upto })?),
        )?;
        self.read_errors = self.read_errors.saturating_add(read.errors);
        let difference = read.difference;
        if difference.is_none() {
            self.journal.note(Did::Read { pass, upto: bytes })?;
        }
        self.first = Some(read);
        Ok(difference)
    }

    /// Reads the device a last time, as much of it as is wanted: what is not zero is left over.
    fn verify(&mut self, passes: usize) -> Result<ReadBack, EraseError> {
        let spans = self.last_spans();
        let all = spans.iter().map(|span| span.bytes).sum();
        self.means.progress.begin(Doing::Verifying, 0, all);
        let bad = passes
            .checked_sub(1)
            .and_then(|it| self.journal.state().bad.get(it));
        let spans = without(&spans, bad.map_or(&[], Vec::as_slice));
        let mut nothing = |_| Ok(());
        let read = read_back(
            self.erasing.surface,
            &Fill::Zeros,
            &spans,
            self.sizes,
            self.means,
            &mut nothing,
        )?;
        self.read_errors = self.read_errors.saturating_add(read.errors);
        // What was read is what was there when it was read: the device has to be the same to the end.
        self.must_be_it()?;
        Ok(read)
    }

    fn ended(&self, read: Option<ReadBack>, passes: &[Fill]) -> ErasureEnd {
        let verification =
            read.map(|read| self.verification(&read, PassFill::Zeros, self.extent()));
        ErasureEnd::of(self.account(verification, passes))
    }

    fn counterfeit(&self, difference: Difference, passes: &[Fill]) -> ErasureEnd {
        let read = ReadBack {
            difference: Some(difference),
            ..self.first.clone().unwrap_or_default()
        };
        let read = self.verification(&read, PassFill::KeyedStream, Extent::Full);
        let account = self.account(Some(read), passes);
        let cause = FailureCause::Counterfeit;
        ErasureEnd::Failed(Box::new(ErasureFailure {
            why: cause.sentence(&account),
            cause,
            account,
        }))
    }

    fn verification(&self, read: &ReadBack, expected: PassFill, extent: Extent) -> Verification {
        Verification {
            bytes_read: read.bytes,
            share: share(read.bytes, self.bytes()),
            expected,
            unreadable: read.unreadable.len() as u64,
            first_difference: read.difference,
            misses: Verification::misses_of(&extent),
            extent,
        }
    }

    fn account(&self, verification: Option<Verification>, passes: &[Fill]) -> Certificate {
        let (state, beginning) = (self.journal.state(), self.journal.beginning());
        let bad = passes
            .len()
            .checked_sub(1)
            .and_then(|last| state.bad.get(last));
        let not_written = Unwritten::of(bad.map_or(&[], Vec::as_slice));
        let passes: Vec<Pass> = (0..)
            .zip(passes)
            .map(|(at, fill)| self.pass(at, fill))
            .collect();
        let mut account = Certificate {
            device: self.erasing.device.clone(),
            method: beginning.technique.method(),
            technique: beginning.technique,
            commands: state.commands.clone(),
            bytes_written: passes.iter().map(|pass| pass.bytes).sum(),
            passes,
            tool: self.means.tool.clone(),
            started: beginning.started,
            ended: self.means.clock.now(),
            resumed: state.resumed,
            errors: state.errors.saturating_add(self.read_errors),
            not_written,
            verification,
            validation: Validation::approved(),
            not_claimed: Unclaimed::ALL.to_vec(),
        };
        account.validation = Validation::of(&account, self.known());
        account
    }

    fn pass(&self, number: usize, fill: &Fill) -> Pass {
        let state = self.journal.state();
        let wrote = state.wrote.get(number).copied().unwrap_or(0);
        let bad = state.bad.get(number).into_iter().flatten();
        let bad: u64 = bad.map(|span| span.bytes).sum();
        let read = state.read.get(number).copied().unwrap_or(0);
        Pass {
            fill: fill.name(),
            bytes: wrote.saturating_sub(bad),
            read_back: matches!(fill, Fill::Stream(_)) && read >= self.bytes(),
        }
    }

    fn known(&self) -> Known {
        let Erasing {
            drive,
            connector,
            able,
            ..
        } = self.erasing;
        let was = self.journal.beginning().interface_errors;
        let is = interface_errors(*drive, *connector);
        Known {
            pending: able.pending,
            reallocated: able.reallocated,
            interface_errors: was.zip(is).map(|(was, is)| is.saturating_sub(was)),
        }
    }
}

/// What is written over a device. One that erased itself is written over all the same unless it left zeros: the next owner
/// finds zeros, whatever it did.
fn passes(technique: Technique, journal: &Journal) -> Vec<Fill> {
    let key = journal.beginning().key.clone();
    match technique {
        Technique::OverwriteStream => vec![Fill::Stream(key), Fill::Zeros],
        technique if technique.leaves_zeros() && !technique.is_overwrite() => Vec::new(),
        _ => vec![Fill::Zeros],
    }
}

/// A part of a whole, to six digits.
fn share(bytes: u64, of: u64) -> f64 {
    let millionths = (u128::from(bytes) * 1_000_000)
        .checked_div(u128::from(of))
        .unwrap_or(0);
    u32::try_from(millionths).map_or(1.0, |it| f64::from(it) / 1_000_000.0)
}

impl Abilities {
    /// What is erased, for its account, of what the kernel and the device say.
    #[must_use]
    pub fn erased(&self, seal: &disks::facts::Seal) -> ErasedDevice {
        let marks = seal.marks.clone();
        let names = self.names.clone();
        let tidy = |name: Option<String>| name.map(|it| model::readable::name(&it, NAME_CHARS));
        ErasedDevice {
            maker: tidy(marks.maker),
            model: tidy(marks.model.or(names.model)),
            serial: tidy(marks.serial.or(names.serial)),
            wwn: tidy(marks.wwn.or(names.wwn)),
            firmware: tidy(seal.firmware.clone().or(names.firmware)),
            medium: self.medium(seal.medium),
            bytes: marks.bytes,
            hidden: self.hidden.0,
        }
    }
}

/// Characters of a maker's name or number that are kept: ATA and NVMe have 40, a WWN of NVMe 80.
const NAME_CHARS: usize = 96;
