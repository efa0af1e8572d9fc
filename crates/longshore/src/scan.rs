//! `longshore scan`: does what the codes that a scanner reads are for, and answers each with a line.

use std::io::{self, BufRead as _};

use anyhow::Context as _;
use model::ids::StationName;
use model::operator::parcels::{Arrived, Received};
use model::operator::scanned::{Scanned, awaited};
use model::operator::stations::{BayLine, Commanded, OrderLine, unheard};
use model::scan::Code;
use model::scanning::{Act, Scanning};
use model::time::{Clock as _, SystemClock, Timestamp};

use crate::cli::ScanArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// What stands for codes from the standard input.
const STDIN: &str = "-";

/// Runs `longshore scan`.
///
/// # Errors
/// If there is no service.
pub(crate) fn run(args: &ScanArgs) -> Result<Exit, Failure> {
    let mut table = Table {
        way: Way::beside(&args.server)?,
        station: args.server.station.clone(),
        scanning: Scanning::default(),
        exit: Exit::Ok,
    };
    for code in &args.codes {
        match code.as_str() {
            STDIN => {
                for line in io::stdin().lock().split(b'\n') {
                    let line = line.context("could not read the standard input")?;
                    table.scan(&String::from_utf8_lossy(&line))?;
                }
            }
            code => table.scan(code)?,
        }
    }
    Ok(table.exit)
}

/// The table at which devices are unpacked.
struct Table {
    way: Way,
    station: Option<StationName>,
    scanning: Scanning,
    /// What the worst answer comes to.
    exit: Exit,
}

impl Table {
    /// Does what a code is for. What is refused is an answer like any other: the next code may be good.
    fn scan(&mut self, code: &str) -> Result<(), Failure> {
        if code.trim().is_empty() {
            return Ok(());
        }
        let acts = self.scanning.hear(Code::read(code), SystemClock.now());
        for act in acts {
            let answer = self.act(act).unwrap_or_else(|failure| {
                self.exit = failure.exit;
                format!("Not done: {}.", output::chain(&failure.error))
            });
            output::data(&format!("{answer}\n"))?;
        }
        Ok(())
    }

    fn act(&mut self, act: Act) -> Result<String, Failure> {
        let asked = Scanned::of(act, self.station.as_ref());
        let path = asked.path();
        Ok(match &asked {
            Scanned::Receive(message) => {
                let received: Received = self.way.post(&path, message)?;
                received.told()
            }
            Scanned::Arrive(_, message) => {
                let arrived: Arrived = self.way.post(&path, message)?;
                arrived.told()
            }
            Scanned::Order {
                station,
                message,
                told,
            } => {
                let line: OrderLine = self.way.post(&path, message)?;
                with_silence(told, station, line.unheard_since)
            }
            Scanned::Command { station, message } => {
                let done: Commanded = self.way.post(&path, message)?;
                with_silence(&done.sentence, station, done.unheard_since)
            }
            Scanned::Await(tag) => {
                let bay = ("bay".to_owned(), tag.bay.to_string());
                let line: BayLine = self.way.get(&path, &[bay])?;
                awaited(&line)
            }
            Scanned::Nothing { told, is_known } => {
                if !is_known {
                    self.exit = Exit::Refused;
                }
                told.clone()
            }
        })
    }
}

/// What is told, and that the station of which it is told may never hear of it, if so.
fn with_silence(told: &str, station: &StationName, unheard_since: Option<Timestamp>) -> String {
    match unheard_since {
        Some(at) => format!("{told} {}", unheard(station, at)),
        None => told.to_owned(),
    }
}
