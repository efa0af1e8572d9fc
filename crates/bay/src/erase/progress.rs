//! How far an erasing is, for whoever looks on.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is done at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Doing {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The device erases itself.
    ByItself,
    /// The keyed stream is written.
    WritingStream,
    /// It is read back.
    ReadingStream,
    /// Zeros are written.
    WritingZeros,
    /// The device is read a last time.
    Verifying,
    /// It is over.
    Done,
}

impl Doing {
    /// In words, for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "preparing",
            Self::ByItself => "the device erases itself",
            Self::WritingStream => "writing the keyed stream",
            Self::ReadingStream => "reading the stream back",
            Self::WritingZeros => "writing zeros",
            Self::Verifying => "reading what is left",
            Self::Done => "done",
        }
    }

    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "preparing",
            Self::ByItself => "self",
            Self::WritingStream => "writing-stream",
            Self::ReadingStream => "reading-stream",
            Self::WritingZeros => "writing-zeros",
            Self::Verifying => "verifying",
            Self::Done => "done",
        }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// What is done at the moment.
    pub doing: Doing,
    /// Which step of all it is, from 1.
    pub step: u32,
    /// How many there are.
    pub steps: u32,
    /// Bytes of that.
    pub bytes: u64,
    /// Of how many.
    pub of: u64,
    /// Bytes of all that is to be written and read.
    pub all_bytes: u64,
    /// Of how many.
    pub all_of: u64,
    /// Errors of the device.
    pub errors: u64,
}

impl Figures {
    /// How much of everything is done, in hundredths.
    #[must_use]
    pub fn percent(&self) -> u64 {
        let done = u128::from(self.all_bytes) * 100;
        let percent = done.checked_div(u128::from(self.all_of)).unwrap_or(0);
        u64::try_from(percent.min(100)).unwrap_or(100)
    }
}

/// The figures of an erasing that is under way.
#[derive(Debug, Default)]
pub struct ErasingProgress(Mutex<Figures>);

impl ErasingProgress {
    /// How far it is now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        *self.lock()
    }

    /// Says what all comes to.
    pub(super) fn all(&self, steps: u32, bytes: u64, of: u64) {
        let mut figures = self.lock();
        figures.steps = steps;
        (figures.all_bytes, figures.all_of) = (bytes, of);
    }

    /// Says what is begun, of which some may be done.
    pub(super) fn begin(&self, doing: Doing, bytes: u64, of: u64) {
        let mut figures = self.lock();
        if figures.doing != doing {
            figures.step = (figures.step + 1).min(figures.steps);
        }
        (figures.doing, figures.bytes, figures.of) = (doing, bytes, of);
    }

    /// Says that so many bytes more are done.
    pub(super) fn add(&self, bytes: u64) {
        let mut figures = self.lock();
        figures.bytes = figures.bytes.saturating_add(bytes);
        figures.all_bytes = figures.all_bytes.saturating_add(bytes);
    }

    /// Says how many errors there were.
    pub(super) fn errors(&self, errors: u64) {
        self.lock().errors = errors;
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
