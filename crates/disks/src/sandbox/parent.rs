//! The parent's side of a conversation: it gives bytes, and believes what was looked at.

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use encrypted::Locked;
use encrypted::plain::Plain;
use filesystems::blocks::{Blocks, Fault};
use filesystems::limits::Limits;
use filesystems::reader::Refusal;
use filesystems::told::{Facts, Summary, Told};
use filesystems::volumes::{Survey, Volume};
use zeroize::{Zeroize as _, Zeroizing};

use super::assay::Assay;
use super::blocks::Remembered;
use super::launch::{Launcher, Running};
use super::limits::{LISTED, PATIENCE, READ_ANYWAY, READ_BYTES, READ_OVER};
use super::messages::{Request, Saying, SurveyHead, frame, kind, read_frame, send, set_length};
use super::wire::{Taken, Wire};
use super::{Misbehaviour, ParseError};
use crate::tree::DeviceGone;

/// Why a task ended without what it was for.
pub(super) enum Broken {
    /// The child answered so, and waits for the next task.
    Answer(ParseError),
    /// It is so, and the child is in the middle of something.
    Over(ParseError),
    /// The child broke a rule, or ended.
    Rule(Misbehaviour),
}

/// A child and the line to it.
#[derive(Debug)]
pub(super) struct Conversation {
    ear: BufReader<Ear>,
    body: Vec<u8>,
    answer: Vec<u8>,
    running: Running,
}

/// The line, listened to for so long.
#[derive(Debug)]
struct Ear {
    line: UnixStream,
    silence: Duration,
    /// When listening for the next frame began.
    since: Instant,
    /// How long was listened in this task.
    listened: Duration,
}

/// What a child may still read in a task.
struct Readable<'a> {
    blocks: Remembered<'a>,
    left: u64,
}

impl Conversation {
    /// Starts a child, and hears whether it is shut in. `heard` is how many bytes are taken from the line at once, and
    /// stay in a memory that is not wiped.
    pub(super) fn begin(launcher: &Launcher, silence: Duration, heard: usize) -> io::Result<Self> {
        let (line, running) = launcher.start(silence)?;
        let ear = Ear {
            line,
            silence,
            since: Instant::now(),
            listened: Duration::ZERO,
        };
        let mut child = Self {
            ear: BufReader::with_capacity(heard, ear),
            body: Vec::new(),
            answer: Vec::new(),
            running,
        };
        let said = match child.hear() {
            Ok(kind) => child.parse(kind),
            Err(broken) => Err(broken),
        };
        match said {
            Ok(Saying::Ready { unconfined }) => match unconfined {
                Some(why) if !launcher.allows_unconfined() => Err(io::Error::other(why)),
                _ => Ok(child),
            },
            Ok(_) => Err(io::Error::other("it does not say that it is ready")),
            Err(Broken::Rule(what)) => Err(io::Error::other(child.end(what))),
            Err(Broken::Answer(error) | Broken::Over(error)) => Err(io::Error::other(error)),
        }
    }

    /// Ends the child that did this; what it did, as it is known then.
    pub(super) fn end(self, what: Misbehaviour) -> Misbehaviour {
        let ended = self.running.end();
        match (what, ended) {
            (Misbehaviour::Ended(_), Some(how)) => Misbehaviour::Ended(how),
            (what, _) => what,
        }
    }

    /// What lies on a device.
    pub(super) fn survey(
        &mut self,
        request: &Request,
        device: &mut dyn Blocks,
    ) -> Result<Survey, Broken> {
        let bytes = device.bytes();
        let mut source = Readable::new(device);
        let mut volumes = Vec::new();
        self.ask(request)?;
        loop {
            let kind = self.hear()?;
            match self.parse(kind)? {
                Saying::Read { offset, bytes } => self.give(&mut source, offset, bytes)?,
                Saying::Volume(_) if volumes.len() >= LISTED => return rule("too many volumes"),
                Saying::Volume(recognised) => volumes.push(recognised),
                Saying::Surveyed(head) => return surveyed(head, volumes, bytes),
                other => return Err(unexpected(other)),
            }
        }
    }

    /// What a volume holds.
    pub(super) fn catalogue(
        &mut self,
        request: &Request,
        volume: &mut dyn Blocks,
        limits: &Limits,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<(Facts, Summary), Broken> {
        let mut assay = Assay::new(volume.bytes(), limits);
        let mut source = Readable::new(volume);
        let mut opened = None;
        self.ask(request)?;
        loop {
            let kind = self.hear()?;
            if kind == kind::TOLD && opened.is_some() {
                self.batch(&mut assay, tell)?;
                continue;
            }
            match (self.parse(kind)?, opened.take()) {
                (Saying::Read { offset, bytes }, facts) => {
                    opened = facts;
                    self.give(&mut source, offset, bytes)?;
                }
                (Saying::Opened(facts), None) => opened = Some(facts),
                (Saying::Done(summary), Some(facts)) => {
                    assay.end().map_err(broken)?;
                    return Ok((facts, summary));
                }
                (Saying::Refused(refusal), _) if refusal != Refusal::Ended => {
                    return Err(Broken::Answer(refusal.into()));
                }
                (other, _) => return Err(unexpected(other)),
            }
        }
    }

    /// Hands on what a batch tells.
    fn batch(
        &mut self,
        assay: &mut Assay,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<(), Broken> {
        let mut batch = Taken::new(&self.body);
        while let Some(told) = assay.next(&mut batch).map_err(broken)? {
            if tell(told).is_break() {
                return Err(Broken::Over(ParseError::Stopped));
            }
        }
        Ok(())
    }

    /// An encrypted volume, open; or why it stays locked.
    pub(super) fn unlock(
        &mut self,
        request: &Request,
        volume: &mut dyn Blocks,
    ) -> Result<Result<Plain, Locked>, Broken> {
        let bytes = volume.bytes();
        let mut source = Readable::new(volume);
        self.ear.get_mut().listened = Duration::ZERO;
        self.say(&Zeroizing::new(request.frame()))?;
        loop {
            let kind = self.hear()?;
            let said = self.parse(kind);
            self.body.zeroize();
            match said? {
                Saying::Read { offset, bytes } => self.give(&mut source, offset, bytes)?,
                Saying::Unlocked(plain) => {
                    let plain = plain.checked(bytes);
                    return plain.map(Ok).map_err(|why| broken(why.to_string()));
                }
                Saying::Locked(why) if why != Locked::Ended => return Ok(Err(why)),
                other => return Err(unexpected(other)),
            }
        }
    }

    /// A unit, unpacked.
    pub(super) fn unpack(&mut self, request: &Request, bytes: u32) -> Result<Vec<u8>, Broken> {
        self.ask(request)?;
        let kind = self.hear()?;
        match self.parse(kind)? {
            Saying::Plain(plain) if plain.len() as u64 == u64::from(bytes) => Ok(plain),
            Saying::Plain(_) => rule("a unit of another length"),
            Saying::Damaged(why) => Err(Broken::Answer(ParseError::Packed(why))),
            other => Err(unexpected(other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<(), Broken> {
        self.ear.get_mut().listened = Duration::ZERO;
        self.say(&request.frame())
    }

    fn say(&mut self, frame: &[u8]) -> Result<(), Broken> {
        let said = send(&mut self.ear.get_mut().line, frame);
        said.map_err(|error| self.lost(&error))
    }

    /// Waits for the next frame; its kind.
    fn hear(&mut self) -> Result<u8, Broken> {
        let silence = self.ear.get_ref().silence;
        self.ear.get_mut().since = Instant::now();
        let heard = read_frame(&mut self.ear, &mut self.body);
        let ear = self.ear.get_mut();
        ear.listened = ear.listened.saturating_add(ear.since.elapsed());
        if ear.listened > PATIENCE.max(silence) {
            return Err(Broken::Rule(Misbehaviour::Silent(PATIENCE)));
        }
        match heard {
            Ok(Some(kind)) => Ok(kind),
            Ok(None) => Err(ended("it is gone")),
            Err(error) => Err(self.lost(&error)),
        }
    }

    fn lost(&self, error: &io::Error) -> Broken {
        use io::ErrorKind;
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                Broken::Rule(Misbehaviour::Silent(self.ear.get_ref().silence))
            }
            ErrorKind::InvalidData => broken(error.to_string()),
            _ => ended(&error.to_string()),
        }
    }

    fn parse(&self, kind: u8) -> Result<Saying, Broken> {
        Saying::parse(kind, &self.body).map_err(|malformed| broken(malformed.to_string()))
    }

    /// Gives the child bytes that it asks for.
    fn give(&mut self, source: &mut Readable<'_>, offset: u64, bytes: u32) -> Result<(), Broken> {
        let bytes = source.allow(offset, bytes)?;
        let mut answer = std::mem::take(&mut self.answer);
        answer.clear();
        answer.extend_from_slice(&[0, 0, 0, 0, kind::BLOCK]);
        match source.blocks.append(offset, bytes, &mut answer) {
            Ok(()) => set_length(&mut answer),
            Err(Fault::Bad) => answer = frame(kind::FAULT, |body| Fault::Bad.put(body)),
            Err(Fault::Ended) => {
                let gone = DeviceGone(io::Error::other(Fault::Ended));
                return Err(Broken::Over(gone.into()));
            }
        }
        let said = self.say(&answer);
        self.answer = answer;
        said
    }
}

impl Read for Ear {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.line.read(into)?;
        // A byte now and then is silence as well.
        if self.since.elapsed() > self.silence {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(read)
    }
}

impl<'a> Readable<'a> {
    fn new(blocks: &'a mut dyn Blocks) -> Self {
        let left = blocks.bytes().saturating_mul(READ_OVER);
        Self {
            left: left.saturating_add(READ_ANYWAY),
            blocks: Remembered::new(blocks),
        }
    }

    /// How many bytes may be given for a question.
    fn allow(&mut self, offset: u64, bytes: u32) -> Result<usize, Broken> {
        let end = offset.checked_add(u64::from(bytes));
        if end.is_none_or(|end| end > self.blocks.bytes()) {
            return rule("a read past the end");
        }
        match self.left.checked_sub(u64::from(bytes)) {
            Some(left) => self.left = left,
            None => return rule("it reads for ever"),
        }
        match usize::try_from(bytes) {
            Ok(bytes) if (1..=READ_BYTES).contains(&bytes) => Ok(bytes),
            _ => rule("a read of so many bytes"),
        }
    }
}

/// What a survey comes to: volumes are where the table says, inside the device.
fn surveyed(
    head: SurveyHead,
    recognised: Vec<filesystems::recognise::Recognised>,
    bytes: u64,
) -> Result<Survey, Broken> {
    let SurveyHead {
        whole,
        table,
        damaged_table,
    } = head;
    let is_whole = whole_volume(&whole, bytes);
    let mut volumes: Vec<Volume> = match &table {
        None => vec![is_whole],
        Some(table) => table.partitions.iter().map(volume).collect(),
    };
    if recognised.len() != volumes.len() {
        return rule("a volume for each partition");
    }
    for (volume, recognised) in volumes.iter_mut().zip(recognised) {
        volume.recognised = recognised;
    }
    let is_outside = |it: &Volume| {
        it.offset
            .checked_add(it.bytes)
            .is_none_or(|end| end > bytes)
    };
    let is_ordered = volumes.windows(2).all(|it| it[0].number < it[1].number);
    if volumes.iter().any(is_outside) || !is_ordered {
        return rule("a partition that cannot be");
    }
    Ok(Survey {
        whole,
        table,
        damaged_table,
        volumes,
    })
}

fn whole_volume(whole: &filesystems::recognise::Recognised, bytes: u64) -> Volume {
    Volume {
        number: 0,
        offset: 0,
        bytes,
        system: None,
        manager: None,
        recognised: whole.clone(),
    }
}

fn volume(partition: &filesystems::tables::Partition) -> Volume {
    Volume {
        number: partition.number,
        offset: partition.offset,
        bytes: partition.bytes,
        system: partition.system(),
        manager: partition.manager(),
        recognised: Default::default(),
    }
}

fn unexpected(said: Saying) -> Broken {
    match said {
        Saying::Failed(why) => Broken::Rule(Misbehaviour::Failed(why)),
        other => {
            let mut said = format!("{other:?}");
            said.truncate(said.floor_char_boundary(200));
            broken(format!("{said} has no place here"))
        }
    }
}

fn rule<T>(what: &str) -> Result<T, Broken> {
    Err(broken(what.to_owned()))
}

fn broken(what: String) -> Broken {
    Broken::Rule(Misbehaviour::Rule(what))
}

fn ended(how: &str) -> Broken {
    Broken::Rule(Misbehaviour::Ended(how.to_owned()))
}
