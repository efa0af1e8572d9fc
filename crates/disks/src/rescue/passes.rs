//! The passes behind the first, over what it left: ddrescue's, in ddrescue's order.
//!
//! | pass | reads | what fails becomes |
//! | --- | --- | --- |
//! | back | skipped stretches downward in clusters, up to the first error of each | untrimmed |
//! | trim | untrimmed stretches sector by sector from both edges, up to the first error of each | bad, and unscraped between |
//! | rest | what is still untried, upward in clusters | untrimmed, and trimmed |
//! | scrape | unscraped stretches sector by sector | bad |
//! | retry | bad sectors, as often as is asked for, in alternating direction | bad |

use std::ops::Range;
use std::time::Duration;

use super::kept::Fate;
use super::limits::CLUSTER_BYTES;
use super::map::{Phase, Position, Status};
use super::{Rescue, RetryLimits, index};
use crate::aligned::Buffer;
use crate::tree::DeviceGone;

/// Why the passes end early.
enum Halt {
    /// Somebody said so; there may be another time.
    Stopped,
    /// It has cost enough.
    Spent,
    Gone(DeviceGone),
}

impl From<DeviceGone> for Halt {
    fn from(gone: DeviceGone) -> Self {
        Self::Gone(gone)
    }
}

/// Runs them all. What is left then is given up, unless it was stopped or the device is gone.
pub(super) fn run(
    rescue: &Rescue,
    limits: &RetryLimits,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), DeviceGone> {
    if rescue.ledger().failing.len() == 0 {
        return Ok(());
    }
    let mut passes = Passes {
        rescue,
        limits,
        is_stopped,
        until: rescue.timing.now().saturating_add(limits.time),
        bad_areas: rescue.ledger().bad_areas(),
        buffer: rescue.buffers.take(CLUSTER_BYTES),
    };
    let ended = passes.all();
    let proved = rescue.settle(0);
    let ended = match (ended, proved) {
        (Err(Halt::Gone(gone)), _) | (_, Err(gone)) => Err(gone),
        (Err(Halt::Stopped), Ok(())) => Ok(()),
        (Ok(()), Ok(())) => {
            rescue.ledger().give_up(true);
            Ok(())
        }
        (Err(Halt::Spent), Ok(())) => {
            rescue.ledger().give_up(false);
            Ok(())
        }
    };
    rescue.save_or_warn();
    ended
}

struct Passes<'a> {
    rescue: &'a Rescue,
    limits: &'a RetryLimits,
    is_stopped: &'a dyn Fn() -> bool,
    until: Duration,
    /// As many as there were after the last error.
    bad_areas: usize,
    buffer: Buffer,
}

/// Which way.
#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Passes<'_> {
    fn all(&mut self) -> Result<(), Halt> {
        self.back()?;
        self.trim()?;
        self.rest()?;
        self.trim()?;
        self.scrape()?;
        for round in 1..=self.limits.retries {
            self.retry(round)?;
        }
        Ok(())
    }

    /// Begins a pass: gives the stretches it is about, and writes down what is known before it.
    fn begin(&self, phase: Phase, pass: u32, status: Status) -> Result<Vec<Range<u64>>, Halt> {
        self.rescue.prove()?;
        let stretches = {
            let mut ledger = self.rescue.ledger();
            ledger.position = Position { at: 0, phase, pass };
            ledger.pending(status)
        };
        if !stretches.is_empty() {
            tracing::info!(?phase, pass, stretches = stretches.len(), "reading again");
            self.rescue.save_or_warn();
        }
        Ok(stretches)
    }

    fn back(&mut self) -> Result<(), Halt> {
        let skipped = self.begin(Phase::Copying, 2, Status::Untried)?;
        for stretch in skipped.into_iter().rev() {
            let mut end = stretch.end;
            while stretch.start < end {
                let cluster = (end - 1) / CLUSTER_BYTES * CLUSTER_BYTES;
                let start = cluster.max(stretch.start);
                if !self.read(start..end, Status::Untrimmed)? {
                    break;
                }
                end = start;
            }
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Halt> {
        for stretch in self.begin(Phase::Copying, 3, Status::Untried)? {
            let mut start = stretch.start;
            while start < stretch.end {
                let end = stretch.end.min((start / CLUSTER_BYTES + 1) * CLUSTER_BYTES);
                self.read(start..end, Status::Untrimmed)?;
                start = end;
            }
        }
        Ok(())
    }

    fn trim(&mut self) -> Result<(), Halt> {
        for stretch in self.begin(Phase::Trimming, 1, Status::Untrimmed)? {
            let Range { start, end } = stretch;
            // An edge that touches a bad sector is one already.
            let (is_edge, is_other_edge) = {
                let ledger = self.rescue.ledger();
                let is_bad = |at| ledger.failing.at(at) == Some(Status::Bad);
                (start > 0 && is_bad(start - 1), is_bad(end))
            };
            let mut left = start..end;
            if !is_edge {
                left = self.trim_edge(left, Direction::Up)?;
            }
            if !is_other_edge {
                left = self.trim_edge(left, Direction::Down)?;
            }
            if !left.is_empty() {
                let mut ledger = self.rescue.ledger();
                ledger.set_failing(left, Status::Unscraped);
            }
        }
        Ok(())
    }

    /// Reads sectors from an edge on, up to the first bad one. Gives what is left.
    fn trim_edge(&mut self, left: Range<u64>, way: Direction) -> Result<Range<u64>, Halt> {
        let mut left = left;
        while !left.is_empty() {
            let sector = self.edge(&left, way);
            match way {
                Direction::Up => left.start = sector.end,
                Direction::Down => left.end = sector.start,
            }
            if !self.read(sector, Status::Bad)? {
                break;
            }
        }
        Ok(left)
    }

    fn scrape(&mut self) -> Result<(), Halt> {
        for mut stretch in self.begin(Phase::Scraping, 1, Status::Unscraped)? {
            while !stretch.is_empty() {
                let sector = self.edge(&stretch, Direction::Up);
                stretch.start = sector.end;
                self.read(sector, Status::Bad)?;
            }
        }
        Ok(())
    }

    fn retry(&mut self, round: u32) -> Result<(), Halt> {
        let way = match round % 2 {
            0 => Direction::Up,
            _ => Direction::Down,
        };
        let mut bad = self.begin(Phase::Retrying, round, Status::Bad)?;
        if matches!(way, Direction::Down) {
            bad.reverse();
        }
        for mut stretch in bad {
            while !stretch.is_empty() {
                let sector = self.edge(&stretch, way);
                match way {
                    Direction::Up => stretch.start = sector.end,
                    Direction::Down => stretch.end = sector.start,
                }
                self.retry_sector(sector, round)?;
            }
        }
        Ok(())
    }

    /// Tries a sector again that was not in this round yet.
    fn retry_sector(&mut self, sector: Range<u64>, round: u32) -> Result<(), Halt> {
        let fate = self.rescue.ledger().fates.at(sector.start);
        let times = match fate {
            Some(Fate::GivenUp | Fate::Spent(_)) => return Ok(()),
            Some(Fate::Retried(times)) => times,
            Some(Fate::Kept) | None => 0,
        };
        if times >= round {
            return Ok(());
        }
        let fate = match round >= self.limits.retries {
            true => Fate::GivenUp,
            false => Fate::Retried(round),
        };
        self.read_or(sector, Status::Bad, Some(fate)).map(drop)
    }

    /// The sector at an edge of a stretch.
    fn edge(&self, stretch: &Range<u64>, way: Direction) -> Range<u64> {
        let sector = self.rescue.sector;
        match way {
            Direction::Up => {
                let end = (stretch.start / sector + 1) * sector;
                stretch.start..end.min(stretch.end)
            }
            Direction::Down => {
                let start = (stretch.end - 1) / sector * sector;
                start.max(stretch.start)..stretch.end
            }
        }
    }

    /// Reads a cluster or a sector and keeps what comes; the rest of it has `status` then. Says whether all came.
    fn read(&mut self, range: Range<u64>, status: Status) -> Result<bool, Halt> {
        self.read_or(range, status, None)
    }

    fn read_or(
        &mut self,
        range: Range<u64>,
        status: Status,
        fate: Option<Fate>,
    ) -> Result<bool, Halt> {
        self.may_go_on()?;
        self.rescue.ledger().position.at = range.start;
        let into = &mut self.buffer[..index(range.end - range.start)];
        let came = self.rescue.attempt(range.start, into)?;
        self.rescue.keep(range.start, &into[..index(came)]);
        let failed = range.start + came..range.end;
        if failed.is_empty() {
            self.rescue.settle(usize::MAX)?;
            return Ok(true);
        }
        self.bad_areas = {
            let mut ledger = self.rescue.ledger();
            ledger.failed(failed, status, fate);
            ledger.bad_areas()
        };
        self.rescue.after_error()?;
        Ok(false)
    }

    fn may_go_on(&self) -> Result<(), Halt> {
        if (self.is_stopped)() {
            return Err(Halt::Stopped);
        }
        let is_late = self.rescue.timing.now() >= self.until;
        if is_late || self.bad_areas > self.limits.bad_areas {
            return Err(Halt::Spent);
        }
        Ok(())
    }
}
