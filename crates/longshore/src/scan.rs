//! `longshore scan`: does what the codes that a scanner reads are for, and answers each with a line.

use std::io::{self, BufRead as _};

use anyhow::Context as _;
use model::ids::StationName;
use model::operator::parcels::{Arrive, Arrived, Receive, Received};
use model::operator::stations::{OrderFor, OrderLine};
use model::order::OrderVerb;
use model::scan::{BayTag, Code};
use model::scanning::{Act, Named, Scanning};
use model::time::{Clock as _, SystemClock};

use crate::cli::ScanArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::parcel::{told_of_box, told_of_device};
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
        match act {
            Act::Receive(number) => {
                let message = Receive {
                    number,
                    carrier: None,
                    note: None,
                    condition: None,
                    seal: None,
                    station: self.station.clone(),
                    jobs: Vec::new(),
                };
                let received: Received = self.way.post("parcels", &message)?;
                Ok(told_of_box(&received))
            }
            Act::Arrive { job, parcel } => {
                let station = self.station.clone();
                let message = Arrive { station, parcel };
                let arrived: Arrived = self.way.post(&format!("jobs/{job}/arrive"), &message)?;
                Ok(told_of_device(&arrived))
            }
            Act::Load(tag, named) => self.load(&tag, named),
            Act::Await(BayTag { station, bay }) => Ok(format!(
                "Bay {bay} of {station}: scan the sheet or slip of what is in it."
            )),
            Act::Nothing(unknown) => {
                self.exit = Exit::Refused;
                Ok(format!("Nothing done: {unknown}."))
            }
        }
    }

    fn load(&self, tag: &BayTag, named: Named) -> Result<String, Failure> {
        let job = named.job();
        let (job_only, sheet) = match named {
            Named::Slip(job) => (Some(job), None),
            Named::Sheet(sheet) => (None, Some(sheet)),
        };
        let BayTag { station, bay } = tag;
        let order = OrderFor {
            bay: bay.clone(),
            verb: OrderVerb::Load,
            job: job_only,
            sheet,
            serial_end: None,
        };
        let _: OrderLine = self
            .way
            .post(&format!("stations/{station}/orders"), &order)?;
        Ok(format!(
            "Bay {bay} of {station}: what is in it is loaded as the device of job {job}."
        ))
    }
}
