//! `longshore doctor`: looks at this host and what is set up on it, changes nothing, and says what is wrong and what to do.

mod bay_folders;
mod certificates;
pub(crate) mod erasing;
pub(crate) mod finding;
mod grabbing;
mod installation;
mod reaching;

use std::path::Path;
use std::time::SystemTime;

use server::config::Config;

use crate::cli::DoctorArgs;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::settings::{self, Listen};
use finding::{Code, Finding, Gravity};
use grabbing::{Bays, Host};

/// Looks, and prints what it has found. The exit code is that of an error if anything is a fault.
///
/// # Errors
/// If stdout cannot be written.
pub(crate) fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let found = found(args);
    match args.json {
        true => output::json(&found)?,
        false => output::data(&shown(&found))?,
    }
    let is_fault = |finding: &Finding| finding.gravity == Gravity::Fault;
    Ok(match found.iter().any(is_fault) {
        true => Exit::Error,
        false => Exit::Ok,
    })
}

fn found(args: &DoctorArgs) -> Vec<Finding> {
    let config = match settings::load(
        args.config.as_deref(),
        args.data.data.as_deref(),
        Listen::default(),
    ) {
        Ok(config) => config,
        Err(failure) => return vec![unreadable(&failure)],
    };
    let mut found: Vec<Finding> = args
        .config
        .as_deref()
        .and_then(exposed)
        .into_iter()
        .collect();
    match &args.server {
        Some(url) => {
            let surroundings = Environment::of_process().surroundings();
            found.extend(reaching::findings(url, &surroundings));
            found.extend(installation::room(&config.server.data));
            found.extend(erasing::finding(Path::new("/")));
        }
        None => {
            found.extend(installation::findings(&config));
            found.extend(certificates::findings(&config, SystemTime::now()));
        }
    }
    found.extend(grabs(&config));
    found.extend(bay_folders::findings(&config.station.bench.bays));
    found
}

fn unreadable(failure: &Failure) -> Finding {
    let what = output::chain(&failure.error);
    Finding::fault(
        Code::SettingsUnreadable,
        what,
        "mend the file; docs/configuration.md has every setting",
    )
}

/// Settings with secrets that others may read.
fn exposed(file: &Path) -> Option<Finding> {
    settings::is_exposed(file).then(|| {
        let what = format!(
            "`{}` has secrets in it and others may read it",
            file.display()
        );
        Finding::warning(
            Code::SecretsExposed,
            what,
            "`chmod 640` it, for root and the group of the service; or name files of their own",
        )
    })
}

fn grabs(config: &Config) -> Vec<Finding> {
    let bays = &config.station.bench.bays;
    let ports: Vec<_> = bays.iter().flat_map(|bay| bay.ports.clone()).collect();
    let settings = config.file.as_deref().unwrap_or(Path::new(""));
    let bays = match bays.is_empty() {
        true if config.station.bench.enabled => Bays::Automatic,
        true | false => Bays::Named(&ports),
    };
    Host::below(Path::new("/")).grabs(bays, settings)
}

/// One finding behind the other, the faults first.
fn shown(found: &[Finding]) -> String {
    let is_wrong = |finding: &Finding| finding.gravity != Gravity::Note;
    let begin = match found.iter().any(is_wrong) {
        true => "",
        false => "Nothing is wrong.\n",
    };
    let mut sorted: Vec<&Finding> = found.iter().collect();
    sorted.sort_by_key(|finding| finding.gravity);
    let line = |finding: &Finding| {
        let word = match finding.gravity {
            Gravity::Fault => "fault",
            Gravity::Warning => "warning",
            Gravity::Note => "note",
        };
        let Finding { what, remedy, .. } = finding;
        output::printable(&format!("{word}: {what}\n    {remedy}\n"))
    };
    let lines = sorted.into_iter().map(line);
    std::iter::once(begin.to_owned()).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_first_and_each_has_what_to_do() {
        let found = [
            Finding::warning(Code::SchemaOlder, "it is old", "start it"),
            Finding::fault(Code::DiskFull, "it is full", "make room"),
        ];
        assert_eq!(
            shown(&found),
            "fault: it is full\n    make room\nwarning: it is old\n    start it\n"
        );
        assert_eq!(shown(&[]), "Nothing is wrong.\n");
        let note = Finding::note(Code::StationErases, "it may", "or may not");
        assert_eq!(
            shown(&[note]),
            "Nothing is wrong.\nnote: it may\n    or may not\n"
        );
    }
}
