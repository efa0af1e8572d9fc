//! Devices for tests: one that keeps what it is given, and those that do not, or lie, or die.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use disks::fault::Fault;
use rustix::io::Errno;

use super::drive::{Drive, Program, Said};
use super::surface::Surface;

/// What a device does with what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honesty {
    /// It keeps it.
    Keeps,
    /// It has so many bytes, and says that it has more: places beyond fall back on those it has.
    Wraps(u64),
    /// It remembers only what is not zero, up to so many bytes, and answers zeros elsewhere.
    Elides(u64),
}

/// A device in memory. What was not synced is gone after a power cut, in part.
pub(super) struct Fake {
    honesty: Honesty,
    bytes: u64,
    now: Mutex<Vec<u8>>,
    /// What outlives a power cut.
    durable: Mutex<Vec<u8>>,
    /// Sectors that cannot be written or read, by their number.
    pub(super) bad: Mutex<Vec<u64>>,
    /// Writes, reads and syncs that are let through until it is without power.
    left: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) is_another: AtomicBool,
    /// A byte that is put somewhere as soon as so many operations are done.
    pub(super) put_back: Mutex<Option<(u64, usize, u8)>>,
}

pub(super) const SECTOR: u64 = 512;

impl Fake {
    pub(super) fn new(bytes: u64, honesty: Honesty) -> Self {
        let real = match honesty {
            Honesty::Keeps | Honesty::Elides(_) => bytes,
            Honesty::Wraps(real) => real,
        };
        let content: Vec<u8> = (0..real)
            .map(|at| (at % 251 + 1).to_le_bytes()[0])
            .collect();
        Self {
            honesty,
            bytes,
            durable: Mutex::new(content.clone()),
            now: Mutex::new(content),
            bad: Mutex::default(),
            left: AtomicU64::new(u64::MAX),
            done: AtomicU64::new(0),
            is_another: AtomicBool::new(false),
            put_back: Mutex::default(),
        }
    }

    pub(super) fn content(&self) -> Vec<u8> {
        self.now.lock().unwrap().clone()
    }

    /// Lets so many operations through, and then none.
    pub(super) fn fails_after(&self, operations: u64) {
        self.left.store(operations, Ordering::Relaxed);
    }

    /// The power is back. Of what was not synced every other sector is lost.
    pub(super) fn comes_back(&self) {
        self.left.store(u64::MAX, Ordering::Relaxed);
        let mut now = self.now.lock().unwrap();
        let durable = self.durable.lock().unwrap();
        let sector = usize::try_from(SECTOR).unwrap();
        for (number, (now, durable)) in now
            .chunks_mut(sector)
            .zip(durable.chunks(sector))
            .enumerate()
        {
            if number % 2 == 0 {
                now.copy_from_slice(durable);
            }
        }
    }

    fn step(&self) -> Result<(), Fault> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let mut put_back = self.put_back.lock().unwrap();
        if let Some((_, at, byte)) = put_back.filter(|(when, ..)| *when <= done) {
            self.now.lock().unwrap()[at] = byte;
            *put_back = None;
        }
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(Fault::Gone(Errno::NODEV));
        }
        if left != u64::MAX {
            self.left.store(left - 1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn is_bad(&self, offset: u64, length: usize) -> bool {
        let sectors = offset / SECTOR..(offset + length as u64).div_ceil(SECTOR);
        self.bad
            .lock()
            .unwrap()
            .iter()
            .any(|it| sectors.contains(it))
    }

    fn place(&self, offset: u64) -> usize {
        let real = match self.honesty {
            Honesty::Wraps(real) => offset % real,
            Honesty::Keeps | Honesty::Elides(_) => offset,
        };
        usize::try_from(real).unwrap()
    }
}

impl Surface for Fake {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u64 {
        SECTOR
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Fault> {
        assert!(offset + data.len() as u64 <= self.bytes);
        let torn = self.step().is_err();
        if self.is_bad(offset, data.len()) {
            return Err(Fault::Bad(Errno::IO));
        }
        let mut now = self.now.lock().unwrap();
        let data = if torn { &data[..data.len() / 2] } else { data };
        let keep = |at: u64, byte: u8| match self.honesty {
            Honesty::Elides(real) if at >= real => 0,
            Honesty::Elides(_) | Honesty::Keeps | Honesty::Wraps(_) => byte,
        };
        match self.honesty {
            Honesty::Keeps => {
                let at = self.place(offset);
                now[at..at + data.len()].copy_from_slice(data);
            }
            Honesty::Wraps(_) | Honesty::Elides(_) => {
                for (at, byte) in (offset..).zip(data) {
                    now[self.place(at)] = keep(at, *byte);
                }
            }
        }
        if torn {
            Err(Fault::Gone(Errno::NODEV))
        } else {
            Ok(())
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        self.step()?;
        if self.is_bad(offset, buffer.len()) {
            return Err(Fault::Bad(Errno::NODATA));
        }
        let now = self.now.lock().unwrap();
        match self.honesty {
            Honesty::Wraps(_) => {
                for (at, byte) in (offset..).zip(buffer) {
                    *byte = now[self.place(at)];
                }
            }
            Honesty::Keeps | Honesty::Elides(_) => {
                let at = self.place(offset);
                buffer.copy_from_slice(&now[at..at + buffer.len()]);
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), Fault> {
        self.step()?;
        self.durable
            .lock()
            .unwrap()
            .clone_from(&self.now.lock().unwrap());
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match (
            self.left.load(Ordering::Relaxed),
            self.is_another.load(Ordering::Relaxed),
        ) {
            (0, _) => Err(io::Error::other("no power")),
            (_, true) => Err(io::Error::other("it is another")),
            (_, false) => Ok(()),
        }
    }
}

/// Answers of the system's programs, as they were recorded.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    answers: Mutex<BTreeMap<(Program, String), Vec<Said>>>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Recorded {
    /// A program says this, one after the other; the last again and again.
    pub(super) fn says(self, program: Program, arguments: &str, status: i32, out: &str) -> Self {
        let said = Said {
            status: Some(status),
            out: out.to_owned(),
            ..Said::default()
        };
        let key = (program, arguments.to_owned());
        self.answers
            .lock()
            .unwrap()
            .entry(key)
            .or_default()
            .push(said);
        self
    }
}

impl Drive for Recorded {
    fn run(&self, program: Program, arguments: &[&str]) -> Said {
        let arguments = arguments.join(" ");
        let line = format!("{} {arguments}", program.name());
        self.asked.lock().unwrap().push(line);
        let mut answers = self.answers.lock().unwrap();
        let Some(said) = answers.get_mut(&(program, arguments)) else {
            return Said {
                is_missing: true,
                ..Said::default()
            };
        };
        if said.len() > 1 {
            said.remove(0)
        } else {
            said[0].clone()
        }
    }
}
