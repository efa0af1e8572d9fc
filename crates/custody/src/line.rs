//! The line of an event: how it is written, once, and how it is read.
//!
//! The bytes of the line without its line end are what is chained, logged and signed.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::{BayName, JobId, StationName};
use model::readable;
use serde::{Deserialize, Serialize};

use crate::by::By;
use crate::digest::Digest;
use crate::event::{Event, What};
use crate::limits::LINE_BYTES;
use crate::moment::Moment;

/// How every line of an event begins; what is no event begins otherwise.
pub const BEGINNING: &str = "{\"seq\":";

/// Sixteen bytes of chance, last in every line, so that nobody guesses what happened from a hash of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; Salt::BYTES]);

impl Salt {
    /// Bytes of one.
    pub const BYTES: usize = 16;

    /// A salt of these bytes, which are to be drawn anew for each event.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

/// The line of an event without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// Its bytes: what is hashed and kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same as text: a line is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the next event of its job has as `prev`.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.bytes())
    }

    /// Its leaf in the tree of the installation.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        crate::tree::leaf(self.bytes())
    }
}

/// An event whose line would be longer than [`LINE_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the line of the event `{event}` would have {bytes} bytes, more than {LINE_BYTES}")]
pub struct TooLong {
    /// The event's name.
    pub event: &'static str,
    /// How long it would be.
    pub bytes: usize,
}

/// Why a line is not that of an event.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is longer than any that is written.
    #[error("it has {0} bytes, more than {LINE_BYTES}")]
    TooLong(usize),
    /// It does not begin as an event does.
    #[error("it does not begin with `{BEGINNING}`")]
    Beginning,
    /// It does not end as an event does.
    #[error("it does not end with a salt of sixteen bytes")]
    Salt,
    /// It does not have the fields it should have.
    #[error("it is not the line of an event: {0}")]
    Malformed(serde_json::Error),
    /// The fields of this event are not there.
    #[error("it is not the line of an event `{event}`: {error}")]
    Own {
        /// The event's name.
        event: String,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// What stands in the line of every event, in this order; what is its own and the salt come behind.
#[derive(Serialize, Deserialize)]
struct Common<'a> {
    seq: u64,
    prev: Digest,
    job: Option<JobId>,
    at: Moment,
    event: Cow<'a, str>,
    by: Cow<'a, By>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    station: Option<Cow<'a, StationName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bay: Option<Cow<'a, BayName>>,
}

/// Where an event stands in its chain.
pub(crate) struct Position {
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
    pub(crate) job: Option<JobId>,
    pub(crate) at: Moment,
}

/// Writes the line of an event at its position.
pub(crate) fn write(position: &Position, event: &Event, salt: Salt) -> Result<Line, TooLong> {
    let name = event.what.name();
    let common = json(&Common {
        seq: position.seq,
        prev: position.prev,
        job: position.job,
        at: position.at,
        event: Cow::Borrowed(name),
        by: Cow::Borrowed(&event.by),
        station: event.station.as_ref().map(Cow::Borrowed),
        bay: event.bay.as_ref().map(Cow::Borrowed),
    });
    let own = json(&event.what);
    // Of two objects one is made: the fields of the first, those of the second, and the salt.
    let line = format!(
        "{},{},\"salt\":\"{}\"}}",
        &common[..common.len() - 1],
        &own[1..own.len() - 1],
        STANDARD.encode(salt.0),
    );
    match line.len() {
        0..=LINE_BYTES => Ok(Line(line)),
        bytes => Err(TooLong { event: name, bytes }),
    }
}

/// JSON in which nothing plays with terminals, so that whoever looks at a receipt sees it as it is.
fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("keys are texts, and numbers are whole");
    readable::escaped_json(text)
}

/// A line that somebody else wrote, as it is understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number in its job, from 0.
    pub seq: u64,
    /// Of the line before it.
    pub prev: Digest,
    /// Its job; of none, an event of the installation.
    pub job: Option<JobId>,
    /// When.
    pub at: Moment,
    /// The event's name.
    pub event: String,
    /// Who did it.
    pub by: By,
    /// The station where it happened.
    pub station: Option<StationName>,
    /// The bay where it happened.
    pub bay: Option<BayName>,
    /// What happened; `None` if it is what a later release knows.
    pub what: Option<What>,
}

impl Entry {
    /// Reads a line without its line end.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        if line.len() > LINE_BYTES {
            return Err(LineError::TooLong(line.len()));
        }
        if !line.starts_with(BEGINNING.as_bytes()) {
            return Err(LineError::Beginning);
        }
        ends_with_salt(line).then_some(()).ok_or(LineError::Salt)?;
        let common: Common<'_> = serde_json::from_slice(line).map_err(LineError::Malformed)?;
        let event = common.event.into_owned();
        let what = match What::read(&event, line) {
            Ok(what) => what,
            Err(error) => {
                let event = readable::name(&event, 40);
                return Err(LineError::Own { event, error });
            }
        };
        Ok(Self {
            seq: common.seq,
            prev: common.prev,
            job: common.job,
            at: common.at,
            event,
            by: common.by.into_owned(),
            station: common.station.map(Cow::into_owned),
            bay: common.bay.map(Cow::into_owned),
            what,
        })
    }
}

fn ends_with_salt(line: &[u8]) -> bool {
    const FIELD: &[u8] = b",\"salt\":\"";
    let Some(rest) = line.strip_suffix(b"\"}") else {
        return false;
    };
    let before = rest.len().saturating_sub(Salt::BYTES.div_ceil(3) * 4);
    let (front, salt) = rest.split_at(before);
    let salt = STANDARD.decode(salt);
    front.ends_with(FIELD) && salt.is_ok_and(|salt| salt.len() == Salt::BYTES)
}
