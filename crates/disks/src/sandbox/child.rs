//! The child's side: it parses, and asks for every byte.

use std::cell::RefCell;
use std::io::{self, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use encrypted::secrets::Secrets;
use filesystems::blocks::{Blocks, Fault};
use filesystems::reader::{Options, Refusal};
use filesystems::told::{Summary, Told};
use filesystems::unpack::unpack;
use filesystems::volumes::{self, Volume};

use super::confine::confine;
use super::limits::{BATCH_BYTES, READ_BYTES};
use super::messages::{
    Request, Saying, SurveyHead, kind, read_frame, read_head, send, set_length, told,
};
use super::wire::Taken;

/// What the program does that was started as a child: it shuts itself in, and answers on its standard input until its
/// parent hangs up. To be called before anything else, while there is one thread.
#[must_use]
pub fn child() -> ExitCode {
    let unconfined = confine().err().map(|why| chain(&why));
    serve(StandardInput, unconfined);
    ExitCode::SUCCESS
}

/// Why, and why that.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// The socket that is a child's standard input, in both directions.
struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(rustix::stdio::stdin(), into)?)
    }
}

impl Write for StandardInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdin(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Answers the parent until it hangs up. `unconfined` says why this child is not shut in, if it is not.
pub(super) fn serve(line: impl Read + Write, unconfined: Option<String>) {
    let mut mouth = Mouth::new(line);
    // Whoever cannot be told anything has gone, and that is the end.
    let _end = mouth.run(unconfined);
}

/// The line to the parent.
struct Mouth<L> {
    line: BufReader<L>,
    body: Vec<u8>,
}

/// A device or volume of which every byte is asked for.
struct Asked<'a, 'b, L> {
    mouth: &'a RefCell<&'b mut Mouth<L>>,
    bytes: u64,
    sector: u32,
}

impl<L: Read + Write> Mouth<L> {
    fn new(line: L) -> Self {
        Self {
            line: BufReader::with_capacity(16 << 10, line),
            body: Vec::new(),
        }
    }

    fn run(&mut self, unconfined: Option<String>) -> io::Result<()> {
        self.say(&Saying::Ready { unconfined })?;
        while let Some(kind) = read_frame(&mut self.line, &mut self.body)? {
            let request = Request::parse(kind, &self.body).map_err(io::Error::other)?;
            let answer = catch_unwind(AssertUnwindSafe(|| self.answer(&request)));
            let last = answer.unwrap_or_else(|panic| Ok(Saying::Failed(words(&*panic))))?;
            self.say(&last)?;
        }
        Ok(())
    }

    /// Does what is asked; the last that is to be said of it.
    fn answer(&mut self, request: &Request) -> io::Result<Saying> {
        match request {
            Request::Survey { bytes, sector } => self.survey(*bytes, *sector),
            Request::Catalogue {
                volume,
                sector,
                options,
            } => self.catalogue(volume, *sector, options),
            Request::Unpack {
                codec,
                bytes,
                packed,
            } => {
                let bytes = usize::try_from(*bytes).unwrap_or(usize::MAX);
                Ok(match unpack(*codec, packed, bytes) {
                    Ok(plain) => Saying::Plain(plain),
                    Err(error) => Saying::Damaged(error.to_string()),
                })
            }
            Request::Unlock {
                bytes,
                sector,
                secrets,
            } => Ok(self.unlock(*bytes, *sector, secrets)),
        }
    }

    fn survey(&mut self, bytes: u64, sector: u32) -> io::Result<Saying> {
        let mouth = RefCell::new(self);
        let mut device = Asked {
            mouth: &mouth,
            bytes,
            sector,
        };
        let survey = match volumes::survey(&mut device) {
            Ok(survey) => survey,
            Err(fault) => return Ok(Saying::Refused(Refusal::of(fault, "the device"))),
        };
        let mouth = mouth.into_inner();
        for volume in survey.volumes {
            mouth.say(&Saying::Volume(volume.recognised))?;
        }
        Ok(Saying::Surveyed(SurveyHead {
            whole: survey.whole,
            table: survey.table,
            damaged_table: survey.damaged_table,
        }))
    }

    fn unlock(&mut self, bytes: u64, sector: u32, secrets: &Secrets) -> Saying {
        let mouth = RefCell::new(self);
        let mut volume = Asked {
            mouth: &mouth,
            bytes,
            sector,
        };
        match encrypted::open(&mut volume, secrets) {
            Ok(plain) => Saying::Unlocked(plain),
            Err(why) => Saying::Locked(why),
        }
    }

    fn catalogue(&mut self, volume: &Volume, sector: u32, options: &Options) -> io::Result<Saying> {
        let mouth = RefCell::new(self);
        let mut blocks = Asked {
            mouth: &mouth,
            bytes: volume.bytes,
            sector,
        };
        let mut batch = Batch::new();
        let told = tell_all(volume, &mut blocks, options, &mouth, &mut batch);
        let mouth = mouth.into_inner();
        batch.send(mouth)?;
        Ok(match told {
            Ok(summary) => Saying::Done(summary),
            Err(refusal) => Saying::Refused(refusal),
        })
    }

    fn say(&mut self, saying: &Saying) -> io::Result<()> {
        send(self.line.get_mut(), &saying.frame())
    }

    /// Asks for bytes, and waits for them.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> io::Result<Result<(), Fault>> {
        let bytes = u32::try_from(into.len()).map_err(io::Error::other)?;
        self.say(&Saying::Read { offset, bytes })?;
        match read_head(&mut self.line)? {
            Some((kind::BLOCK, bytes)) if bytes == into.len() => {
                self.line.read_exact(into)?;
                Ok(Ok(()))
            }
            Some((kind::FAULT, bytes)) => {
                self.body.resize(bytes, 0);
                self.line.read_exact(&mut self.body)?;
                let fault = Taken::new(&self.body).whole().map_err(io::Error::other)?;
                Ok(Err(fault))
            }
            Some(_) | None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Opens the file system of a volume and tells what it holds.
fn tell_all<L: Read + Write>(
    volume: &Volume,
    blocks: &mut dyn Blocks,
    options: &Options,
    mouth: &RefCell<&mut Mouth<L>>,
    batch: &mut Batch,
) -> Result<Summary, Refusal> {
    let mut reader = volume.open(blocks, options)?;
    let opened = Saying::Opened(reader.facts());
    let said = mouth.borrow_mut().say(&opened);
    said.map_err(|_gone| Refusal::Ended)?;
    reader.catalogue(
        blocks,
        &mut |told| match batch.put(&told, &mut mouth.borrow_mut()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_gone) => ControlFlow::Break(()),
        },
    )
}

impl<L: Read + Write> Blocks for Asked<'_, '_, L> {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u32 {
        self.sector
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let end = offset.checked_add(into.len() as u64);
        if end.is_none_or(|end| end > self.bytes) {
            return Err(Fault::Bad);
        }
        let mut at = offset;
        for piece in into.chunks_mut(READ_BYTES) {
            let answer = self.mouth.borrow_mut().read(at, piece);
            answer.unwrap_or(Err(Fault::Ended))?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// Items of a catalogue that are sent together.
struct Batch(Vec<u8>);

impl Batch {
    fn new() -> Self {
        Self(vec![0, 0, 0, 0, kind::TOLD])
    }

    fn put<L: Read + Write>(&mut self, told: &Told, mouth: &mut Mouth<L>) -> io::Result<()> {
        told::put(
            told,
            &mut self.0,
            &mut |items| match items.len() >= BATCH_BYTES {
                true => send_items(items, mouth),
                false => Ok(()),
            },
        )
    }

    fn send<L: Read + Write>(&mut self, mouth: &mut Mouth<L>) -> io::Result<()> {
        send_items(&mut self.0, mouth)
    }
}

fn send_items<L: Read + Write>(items: &mut Vec<u8>, mouth: &mut Mouth<L>) -> io::Result<()> {
    let empty = super::messages::HEAD_BYTES;
    if items.len() > empty {
        set_length(items);
        send(mouth.line.get_mut(), items)?;
        items.truncate(empty);
    }
    Ok(())
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
