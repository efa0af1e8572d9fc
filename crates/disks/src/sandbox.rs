//! What parses a disk is a child process that can reach nothing: whoever made the disk may mean harm, and what he could
//! take over holds no file, no network and no right.
//!
//! The child has one socket. It asks its parent for bytes of the device, and tells what it finds; the parent
//! believes nothing of that before it was looked at. Where the bytes of files lie is told as extents, and read by
//! the parent: only what is packed goes to a child again, as bytes. A child that breaks a rule, dies or says nothing is
//! replaced once; after that the volume's metadata is damaged, and nothing else is.

mod assay;
mod blocks;
mod child;
mod confine;
mod launch;
mod limits;
mod messages;
mod parent;
mod wire;
mod words;

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use encrypted::Locked;
use encrypted::plain::Plain;
use encrypted::secrets::Secrets;
use filesystems::blocks::Blocks;
use filesystems::reader::{Options, Refusal};
use filesystems::told::{Codec, Facts, Summary, Told};
use filesystems::volumes::{Part, Survey, Volume};

pub use child::child;
pub use confine::{Unconfined, confine};
pub use launch::{Impostor, Launcher};
use messages::Request;
use parent::{Broken, Conversation};

use crate::tree::DeviceGone;

/// The argument with which the program is a child and nothing else: then `main` is [`child`].
pub const ARGUMENT: &str = "parse-device";

/// A child, to be started at first need, and its parent's side.
#[derive(Debug)]
pub struct Sandbox {
    launcher: Launcher,
    silence: Duration,
    child: Option<Conversation>,
    /// How much is taken from the line at once, in bytes.
    heard: usize,
}

/// Of what a child tells, much is taken from the line at once.
const HEARD: usize = 64 << 10;

/// What holds a key is taken to where it is wiped, and nowhere else.
const UNHEARD: usize = 1;

/// What is heard of a catalogue.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are of the large kind, and there are millions"
)]
pub enum Heard {
    /// This.
    Told(Told),
    /// The child was replaced: what was told before is to be forgotten, and is told again from the beginning.
    Anew,
}

/// Why something was not parsed.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The volume is not read; why.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What parsed it did what it may not, and what replaced it as well: its metadata is damaged.
    #[error("its metadata is damaged: what parsed it {0}")]
    Misbehaved(Misbehaviour),
    /// What is packed is damaged.
    #[error("what is packed cannot be unpacked: {0}")]
    Packed(String),
    /// The device answers no more.
    #[error(transparent)]
    Gone(#[from] DeviceGone),
    /// This host cannot start a child, or not shut it in.
    #[error("could not start what parses disks")]
    Host(#[source] io::Error),
    /// Whoever listened had heard enough.
    #[error("it was stopped")]
    Stopped,
}

/// What a child did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// It broke a rule of what may be said; which.
    #[error("said what cannot be: {0}")]
    Rule(String),
    /// It met a mistake of its own; in its words.
    #[error("failed: {0}")]
    Failed(String),
    /// It ended; how, where that is known.
    #[error("ended: {0}")]
    Ended(String),
    /// It said nothing for so long, or took too long all together.
    #[error("said nothing for {0:?}")]
    Silent(Duration),
}

impl Sandbox {
    /// A sandbox whose child is started by `launcher` at first need.
    #[must_use]
    pub fn new(launcher: Launcher) -> Self {
        Self {
            launcher,
            silence: limits::SILENCE,
            child: None,
            heard: HEARD,
        }
    }

    /// The same, whose child may say nothing for so long.
    #[must_use]
    pub fn with_silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// Says what lies on a device.
    ///
    /// # Errors
    /// [`ParseError`]; never [`ParseError::Stopped`].
    pub fn survey(&mut self, device: &mut dyn Blocks) -> Result<Survey, ParseError> {
        let request = Request::Survey {
            bytes: device.bytes(),
            sector: device.sector(),
        };
        self.attempt(|child| child.survey(&request, device))
    }

    /// Tells what the volume of a survey of this device holds: what it says of itself, once all was told.
    ///
    /// # Errors
    /// [`ParseError`]; [`ParseError::Stopped`] if `tell` broke off.
    pub fn catalogue(
        &mut self,
        device: &mut dyn Blocks,
        volume: &Volume,
        options: &Options,
        tell: &mut dyn FnMut(Heard) -> ControlFlow<()>,
    ) -> Result<(Facts, Summary), ParseError> {
        let request = Request::Catalogue {
            volume: volume.clone(),
            sector: device.sector(),
            options: options.clone(),
        };
        let mut is_told = false;
        self.attempt(|child| {
            if std::mem::take(&mut is_told) && tell(Heard::Anew).is_break() {
                return Err(Broken::Over(ParseError::Stopped));
            }
            let mut tell = |told| {
                is_told = true;
                tell(Heard::Told(told))
            };
            child.catalogue(
                &request,
                &mut Part::new(device, volume),
                &options.limits,
                &mut tell,
            )
        })
    }

    /// Opens an encrypted volume with the secrets that do; or says why it stays locked. The child that had them does nothing
    /// else, before or after.
    ///
    /// # Errors
    /// [`ParseError`]; never [`ParseError::Stopped`].
    pub fn unlock(
        &mut self,
        device: &mut dyn Blocks,
        volume: &Volume,
        secrets: &Secrets,
    ) -> Result<Result<Plain, Locked>, ParseError> {
        let request = Request::Unlock {
            bytes: volume.bytes,
            sector: device.sector(),
            secrets: secrets.clone(),
        };
        self.child = None;
        self.heard = UNHEARD;
        let opened = self.attempt(|child| child.unlock(&request, &mut Part::new(device, volume)));
        self.child = None;
        self.heard = HEARD;
        opened
    }

    /// Unpacks a unit that has `bytes` bytes.
    ///
    /// # Errors
    /// [`ParseError::Packed`] if it is none; else [`ParseError`].
    pub fn unpack(
        &mut self,
        codec: Codec,
        packed: &[u8],
        bytes: usize,
    ) -> Result<Vec<u8>, ParseError> {
        let is_unit = packed.len() <= limits::PACKED_BYTES && bytes <= assay::unit_bytes(codec);
        let Some(bytes) = u32::try_from(bytes).ok().filter(|_| is_unit) else {
            return Err(ParseError::Packed("it is longer than a unit".to_owned()));
        };
        let request = Request::Unpack {
            codec,
            bytes,
            packed: packed.to_vec(),
        };
        self.attempt(|child| child.unpack(&request, bytes))
    }

    /// Does a task with the child, and once more with another if this one breaks a rule.
    fn attempt<T>(
        &mut self,
        mut task: impl FnMut(&mut Conversation) -> Result<T, Broken>,
    ) -> Result<T, ParseError> {
        let mut is_second = false;
        loop {
            let child = match self.child.take() {
                Some(child) => Ok(child),
                None => Conversation::begin(&self.launcher, self.silence, self.heard),
            };
            let mut child = match child {
                Ok(child) => child,
                Err(error) => return Err(ParseError::Host(error)),
            };
            match task(&mut child) {
                Ok(value) => {
                    self.child = Some(child);
                    return Ok(value);
                }
                Err(Broken::Answer(error)) => {
                    self.child = Some(child);
                    return Err(error);
                }
                Err(Broken::Over(error)) => return Err(error),
                Err(Broken::Rule(what)) => {
                    let what = child.end(what);
                    if is_second {
                        return Err(ParseError::Misbehaved(what));
                    }
                    tracing::warn!(%what, "what parses a disk is replaced");
                    is_second = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
