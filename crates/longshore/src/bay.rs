//! `longshore bay`: what is asked of stations about their bays, which ports are bays, and who else is kept away from them.

mod cards;
mod tags;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use model::ids::{BayName, PortId};
use model::order::OrderVerb;
use station::port::rules::Bays;
use station::port::{self, rules};
use station::watch::{HostWatch, Others, STILL_FOR, Teaching, Watch as _, Watched};
use transfer::stop::Stop;

use crate::cli::{BayCommand, BayRulesArgs, TeachArgs};
use crate::exit::{Exit, Failure};
use crate::settings::{self, Listen};
use crate::{interrupt, output, stations};

/// How long it is waited for something to be plugged in before all is looked at again.
const LOOKED_AT_AGAIN: Duration = Duration::from_secs(30);

/// What is said if nobody tells what is plugged in.
const UNSEEN: &str = "could not list what is plugged in";

/// Runs a `longshore bay` command.
///
/// # Errors
/// What keeps us from seeing what is plugged in, or settings that are wrong.
pub(crate) fn run(command: &BayCommand) -> Result<Exit, Failure> {
    match command {
        BayCommand::Teach(args) => teach(args),
        BayCommand::Rules(args) => print_rules(args),
        BayCommand::Port { config, folder } => print_port(folder, config.as_deref()),
        BayCommand::List {
            station,
            watch,
            json,
            store,
        } => stations::list_bays(station.as_ref(), *watch, *json, store),
        BayCommand::Tags {
            station,
            output,
            store,
        } => tags::print(station.as_ref(), output, store),
        BayCommand::Cards { output, server } => cards::print(output, server),
        BayCommand::Look(args) => stations::order(args, OrderVerb::Look),
        BayCommand::Load(args) => stations::order(args, OrderVerb::Load),
        BayCommand::Stop(args) => stations::order(args, OrderVerb::Stop),
        BayCommand::Release(args) => stations::order(args, OrderVerb::Remove),
        BayCommand::Blink(args) => stations::order(args, OrderVerb::Blink),
        BayCommand::Unlock(args) => stations::order_unlock(&args.order),
        BayCommand::Erase(args) => stations::order_erase(args),
    }
}

fn teach(args: &TeachArgs) -> Result<Exit, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let mut watch = HostWatch::new(Watched {
        ports: Vec::new(),
        others: Others::TakeNew,
        needed: Vec::new(),
        still_for: STILL_FOR,
        kept: None,
    })
    .context(UNSEEN)?;
    let mut teaching = Teaching::begin(&watch.scan().context(UNSEEN)?);
    output::note(&format!("Plug something into bay {} now.", args.name));
    while teaching.ports().len() < args.ports.get() {
        if stop.is_set() {
            return Ok(Exit::Interrupted);
        }
        watch.wait(LOOKED_AT_AGAIN, &stop);
        if let Some(port) = teaching.hear(&watch.scan().context(UNSEEN)?) {
            output::note(&format!("Bay {} is the port {port}.", args.name));
        }
    }
    output::data(&table(&args.name, teaching.ports()))?;
    Ok(Exit::Ok)
}

/// A bay as the settings have it. Neither name can hold what TOML writes otherwise than JSON.
fn table(name: &BayName, ports: &[PortId]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let ports: Vec<String> = ports.iter().map(|port| quoted(port.as_str())).collect();
    format!(
        "[[station.bays]]\nname = {}\nmatch = [{}]\n",
        quoted(name.as_str()),
        ports.join(", ")
    )
}

fn print_rules(args: &BayRulesArgs) -> Result<Exit, Failure> {
    let program = match &args.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().context("could not find out where this program is")?,
    };
    let user = args.user.as_deref();
    let rules = match &args.config {
        Some(file) if args.ask => {
            if [file, &program].iter().any(|path| !fits_a_rule(path)) {
                let message = "a rule cannot name a path with blanks or other signs than `/._-+`";
                return Err(Failure::usage(message));
            }
            rules::udev(Bays::Settings(file), &program, user)
        }
        file => rules::udev(Bays::Ports(&ports(file.as_deref(), args)?), &program, user),
    };
    output::data(&rules)?;
    Ok(Exit::Ok)
}

/// The ports that are bays by the settings.
fn ports(file: Option<&Path>, args: &BayRulesArgs) -> Result<Vec<PortId>, Failure> {
    let config = settings::load(file, args.data.data.as_deref(), Listen::default())?;
    let bays = config.station.bench.bays.into_iter();
    Ok(bays.flat_map(|bay| bay.ports).collect())
}

/// Whether a path can stand in a rule as it is, and means the same wherever it is read.
fn fits_a_rule(path: &Path) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    path.is_absolute() && path.to_str().is_some_and(|text| text.chars().all(is_plain))
}

fn print_port(folder: &Path, config: Option<&Path>) -> Result<Exit, Failure> {
    let Some(port) = port::at(folder) else {
        return Err(anyhow::anyhow!("`{}` is at no port", folder.display()).into());
    };
    if let Some(file) = config {
        let config = settings::load(Some(file), None, Listen::default())?;
        let bays = &config.station.bench.bays;
        if !bays.iter().any(|bay| bay.ports.contains(&port)) {
            return Err(Failure::refused(format!("the port {port} is no bay")));
        }
    }
    output::data(&format!("{port}\n"))?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taught_is_a_table_of_the_settings() {
        let name = BayName::new(r#"upper "left" \ 3"#).unwrap();
        let ports = ["pci-0000:00:14.0/usb3-2.4", "pci-0000:00:14.0/usb2-5.4"];
        let ports = ports.map(|port| PortId::new(port).unwrap());
        let wanted = r#"[[station.bays]]
name = "upper \"left\" \\ 3"
match = ["pci-0000:00:14.0/usb3-2.4", "pci-0000:00:14.0/usb2-5.4"]
"#;
        assert_eq!(table(&name, &ports), wanted);
    }
}
