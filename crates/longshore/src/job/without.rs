//! `longshore job finish-without`: an operator has a job end with what is loaded of it.

use model::control::{FinishRequest, JobFacts};
use model::custody::Custody;
use station::dock::{DockError, Station};
use transfer::progress::Progress;

use super::abort::{about, agree, look, refused, sentence};
use crate::cli::FinishArgs;
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::own_station;

/// Says that the job is to end so, once a person has agreed, and does it if this station's journal is to be enough.
///
/// # Errors
/// What the server refuses, that nobody agreed, and that the job was not begun here.
pub(super) fn finish_without(args: &FinishArgs) -> Result<Exit, Failure> {
    let because = args.because.as_deref().map(sentence).transpose()?;
    let station = own_station::station(&args.server)?;
    let job = args.job;
    let facts = look(&station.control, job)?;
    output::note(&about(&facts));
    if args.from_journal && !station.has_journal(job) {
        return Err(not_begun_here(&station, &facts));
    }
    if !args.yes {
        agree(job, "SuccessWithErrors, without what is not loaded")?;
    }
    let told = station.control.finish_without(&FinishRequest {
        job,
        because: because.map(str::to_owned),
        shown: facts.progress.code().to_owned(),
        account: facts.account,
    });
    told.map_err(refused)?;
    if args.from_journal {
        return from_journal(&station, args);
    }
    output::note(&format!(
        "Job {job} ends with what is loaded as soon as its device is docked; a bench that has it does that by itself."
    ));
    Ok(Exit::Ok)
}

fn from_journal(station: &Station, args: &FinishArgs) -> Result<Exit, Failure> {
    let (job, progress) = (args.job, Progress::default());
    let done = docking::load_by(&progress, |stop| {
        station.finish_from_journal(job, &progress, stop)
    })?;
    let again = format!("longshore job finish-without {job} --from-journal");
    let done = done.map_err(|error| docking::failure(error, &again))?;
    output::data(&done.summary())?;
    output::data(&output::fields([
        ("Job", Some(job.as_str())),
        ("Report", Some(done.report().as_str())),
    ]))?;
    Ok(done.exit())
}

/// Which station has what this one has not.
fn not_begun_here(station: &Station, facts: &JobFacts) -> Failure {
    let hint = match &facts.custody {
        Custody::AtStation { station: at, .. } if *at != station.name => {
            format!("its device was last at station `{at}`: say it there")
        }
        _ => "without --from-journal it ends when its device is docked".to_owned(),
    };
    Failure::new(Exit::Refused, DockError::NoJournal(facts.job)).hint(hint)
}
