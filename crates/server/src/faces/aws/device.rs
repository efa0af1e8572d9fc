//! `ReleaseDevice` and `HoldDevice` on the wire: operations that AWS did not have.

use awsproto::params::Params;
use awsproto::xml::Element;
use model::job::Job;

use super::fault::echo;
use super::{Fault, input};

/// What `ReleaseDevice` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseInput {
    pub(super) job: String,
    /// `GiveUpLines`: lines of the report that were not stored whole, and are given up.
    pub(super) gives_up: u64,
    /// `Because`.
    pub(super) because: Option<String>,
}

/// What `HoldDevice` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HoldInput {
    /// The device is not to be erased.
    Object {
        job: String,
        /// `Because`.
        because: String,
    },
    /// `Withdraw`: that was said, and is so no more.
    Withdraw { job: String },
}

/// Reads the parameters of `ReleaseDevice`.
///
/// # Errors
/// `MissingJobId`, `InvalidParameter`, `InvalidVersion`, in this order.
pub(super) fn release(params: &Params) -> Result<ReleaseInput, Fault> {
    let job = input::job_id(params)?;
    let gives_up = match input::optional(params, "GiveUpLines") {
        None => 0,
        Some(text) => text.trim().parse().map_err(|_| {
            let shown = echo(text);
            Fault::InvalidParameter(format!("GiveUpLines must be a number, not `{shown}`"))
        })?,
    };
    let because = input::optional(params, "Because").map(str::to_owned);
    input::check_api_version(params)?;
    Ok(ReleaseInput {
        job,
        gives_up,
        because,
    })
}

/// Reads the parameters of `HoldDevice`.
///
/// # Errors
/// `MissingJobId`, `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order.
pub(super) fn hold(params: &Params) -> Result<HoldInput, Fault> {
    let job = input::job_id(params)?;
    let hold = match input::boolean(params, "Withdraw")? {
        true => HoldInput::Withdraw { job },
        false => HoldInput::Object {
            job,
            because: input::required(params, "Because")?.to_owned(),
        },
    };
    input::check_api_version(params)?;
    Ok(hold)
}

/// The elements of both results: what becomes of the device now.
pub(super) fn elements(job: &Job) -> Vec<Element> {
    let objects = match job.objection {
        Some(_) => "true",
        None => "false",
    };
    vec![
        Element::leaf("Success", "true"),
        Element::leaf("Disposal", job.disposal.code()),
        Element::leaf("Objection", objects),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(given: &[(&str, &str)]) -> Params {
        given.iter().copied().collect()
    }

    #[test]
    fn a_release_gives_up_a_number_of_lines_or_none() {
        let read = release(&params(&[("JobId", "ABCDE")])).unwrap();
        assert_eq!((read.gives_up, read.because), (0, None));
        let read = release(&params(&[("JobId", "ABCDE"), ("GiveUpLines", "3")])).unwrap();
        assert_eq!(read.gives_up, 3);
        for wrong in ["-1", "three", "1.5", "99999999999999999999"] {
            let read = release(&params(&[("JobId", "ABCDE"), ("GiveUpLines", wrong)]));
            assert!(matches!(read, Err(Fault::InvalidParameter(_))), "{wrong}");
        }
    }

    #[test]
    fn an_objection_says_why_and_its_end_does_not() {
        let read = hold(&params(&[("JobId", "ABCDE")]));
        assert_eq!(read, Err(Fault::MissingParameter("Because")));
        let read = hold(&params(&[("JobId", "ABCDE"), ("Withdraw", "true")])).unwrap();
        let job = "ABCDE".to_owned();
        assert_eq!(read, HoldInput::Withdraw { job });
    }
}
