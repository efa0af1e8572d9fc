//! `longshore scan`: does what the codes that a scanner reads are for, and answers each with a line.

use std::io::{self, BufRead as _};

use anyhow::Context as _;
use model::ids::StationName;
use model::operator::parcels::{Arrived, Received};
use model::operator::scanned::Scanned;
use model::operator::stations::{Commanded, OrderLine};
use model::scan::Code;
use model::scanning::{Act, Scanning};
use model::time::{Clock as _, SystemClock};

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
            Scanned::Order { message, told, .. } => {
                let _: OrderLine = self.way.post(&path, message)?;
                told.clone()
            }
            Scanned::Command { message, .. } => {
                let done: Commanded = self.way.post(&path, message)?;
                done.sentence
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
