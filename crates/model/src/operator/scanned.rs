//! What a service is asked for because something was scanned: the same at a terminal and at the console.

use crate::ids::{JobId, StationName};
use crate::operator::parcels::{Arrive, Receive};
use crate::operator::stations::{BayLine, CommandFor, OrderFor};
use crate::order::OrderVerb;
use crate::scan::BayTag;
use crate::scanning::{Act, Named};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// To book a box as here.
    Receive(Receive),
    /// To book a job's device as here.
    Arrive(JobId, Arrive),
    /// To have a bay load what is in it.
    Order {
        /// Of which station.
        station: StationName,
        /// What.
        message: Box<OrderFor>,
        /// What a person is told of it.
        told: String,
    },
    /// To have a bay do what a card asks for.
    Command {
        /// Of which station.
        station: StationName,
        /// What.
        message: CommandFor,
    },
    /// Nothing of a bay before more is scanned, but how it is.
    Await(BayTag),
    /// Nothing.
    Nothing {
        /// What a person is told.
        told: String,
        /// Whether more is to be scanned; else the code is none.
        is_known: bool,
    },
}

impl Scanned {
    /// What is asked for an act, by whoever is at a station.
    #[must_use]
    pub fn of(act: Act, station: Option<&StationName>) -> Self {
        match act {
            Act::Receive(number) => Self::Receive(Receive {
                number,
                carrier: None,
                note: None,
                condition: None,
                seal: None,
                station: station.cloned(),
                jobs: Vec::new(),
            }),
            Act::Arrive { job, parcel } => {
                let station = station.cloned();
                Self::Arrive(job, Arrive { station, parcel })
            }
            Act::Load(tag, named) => load(tag, named),
            Act::Await(tag) => Self::Await(tag),
            Act::Command(BayTag { station, bay }, card) => Self::Command {
                station,
                message: CommandFor {
                    bay,
                    verb: card.verb.code().to_owned(),
                    card: card.scan_text(),
                },
            },
            Act::NoBay(card) => Self::Nothing {
                told: format!(
                    "Nothing done: scan the tag of the bay first, and then the card `{}`.",
                    card.verb.code()
                ),
                is_known: true,
            },
            Act::Nothing(unknown) => Self::Nothing {
                told: format!("Nothing done: {unknown}."),
                is_known: false,
            },
        }
    }

    /// Where it is asked for, below `/operator/v1/`; empty if it is nothing.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Receive(_) => "parcels".to_owned(),
            Self::Arrive(job, _) => format!("jobs/{job}/arrive"),
            Self::Order { station, .. } => format!("stations/{station}/orders"),
            Self::Command { station, .. } => format!("stations/{station}/commands"),
            Self::Await(BayTag { station, .. }) => format!("stations/{station}/bay"),
            Self::Nothing { .. } => String::new(),
        }
    }
}

/// What is to be scanned for a bay, and how it is.
#[must_use]
pub fn awaited(line: &BayLine) -> String {
    let BayLine {
        station,
        bay,
        sentence,
        ..
    } = line;
    let told = format!(
        "Bay {bay} of {station}: {sentence} Scan the sheet or slip of its disk, or a command card."
    );
    match line.last_told.as_ref().and_then(|last| last.at) {
        Some(at) => format!("{told} Its station has not been heard since {at}."),
        None => told,
    }
}

fn load(BayTag { station, bay }: BayTag, named: Named) -> Scanned {
    let job = named.job();
    let told =
        format!("Bay {bay} of {station}: what is in it is loaded as the device of job {job}.");
    let (job, sheet) = match named {
        Named::Slip(job) => (Some(job), None),
        Named::Sheet(sheet) => (None, Some(sheet)),
    };
    let message = OrderFor {
        bay,
        verb: OrderVerb::Load,
        job,
        sheet,
        serial_end: None,
        secret: None,
    };
    Scanned::Order {
        station,
        message: Box::new(message),
        told,
    }
}
