//! `longshore policy`: policies read and tried, without a service.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ::policy::{ActionName, Context, Decision, Key, Policy, Request, Size, decide, explain};
use anyhow::{Context as _, anyhow};
use model::operator::users::Simulated;
use serde::Deserialize;

use crate::cli::{PolicyCommand, SimulateArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore policy` command.
///
/// # Errors
/// If a file cannot be read, or is no policy.
pub(crate) fn run(command: &PolicyCommand) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Check { files } => check(files),
        PolicyCommand::Simulate(args) => simulate(args),
    }
}

fn check<P: AsRef<Path>>(files: &[P]) -> Result<Exit, Failure> {
    let mut refused = String::new();
    for file in files.iter().map(AsRef::as_ref) {
        if let Err(faults) = Policy::parse(&read(file)?, Size::Policy) {
            for fault in faults.0 {
                let fault = output::printable(&fault.to_string());
                let _ = writeln!(refused, "{}: {fault}", file.display());
            }
        }
    }
    if refused.is_empty() {
        output::note("Everything in it is understood.");
        return Ok(Exit::Ok);
    }
    Err(Failure::usage(refused.trim_end().to_owned()))
}

/// What a decision is called where AWS simulates (IAM API reference, `EvaluationResult.EvalDecision`).
fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::NotAllowed => "implicitDeny",
        Decision::Denied => "explicitDeny",
    }
}

fn simulate(args: &SimulateArgs) -> Result<Exit, Failure> {
    if let Some(cases) = &args.cases {
        return decide_cases(&read(cases)?);
    }
    let action = args.action.context("clap asks for an action")?;
    if let Some(user) = &args.user {
        let path = format!("users/{user}/simulate");
        let told: Simulated = Way::open(&args.store)?.get(&path, &query(args, action)?)?;
        return tell(&told, args.json);
    }
    let mut policies = Vec::new();
    for file in &args.files {
        policies.push(parse(&read(file)?, &file.display().to_string())?);
    }
    let context: Context = args.context.iter().cloned().collect();
    let request = Request {
        action,
        resource: &args.resource,
        context: &context,
    };
    let (decision, by) = explain(&policies, &request);
    let file = by.and_then(|by| args.files.get(by.policy));
    let told = Simulated {
        action: action.to_string(),
        resource: args.resource.clone(),
        decision: word(decision).to_owned(),
        policy: file.map(|file| file.display().to_string()),
        statement: by.map(|by| by.statement + 1),
    };
    tell(&told, args.json)
}

fn tell(told: &Simulated, json: bool) -> Result<Exit, Failure> {
    match json {
        true => output::json(told)?,
        false => output::data(&format!("{}\n", told.decision))?,
    }
    if let (Some(policy), Some(statement)) = (&told.policy, told.statement) {
        let policy = output::printable(policy);
        output::note(&format!("By statement {statement} of `{policy}`."));
    }
    Ok(Exit::Ok)
}

/// What a service is asked of a user: who asks and when it knows itself.
fn query(args: &SimulateArgs, action: ActionName) -> Result<Vec<(String, String)>, Failure> {
    let mut query = vec![
        ("account".to_owned(), args.account.clone()),
        ("action".to_owned(), action.to_string()),
        ("resource".to_owned(), args.resource.clone()),
    ];
    for (key, value) in &args.context {
        let name = match key {
            Key::SourceIp => "source_ip",
            Key::SecureTransport => "secure_transport",
            other => {
                let name = other.name();
                return Err(Failure::usage(format!(
                    "{name} is what the service says itself"
                )));
            }
        };
        query.push((name.to_owned(), value.clone()));
    }
    Ok(query)
}

/// A line of `--cases`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Case {
    policies: Vec<String>,
    action: String,
    #[serde(default = "everything")]
    resource: String,
    #[serde(default)]
    context: BTreeMap<String, String>,
}

fn everything() -> String {
    "*".to_owned()
}

impl Case {
    fn decide(&self, place: &str) -> Result<Decision, Failure> {
        let usage = |error: &dyn std::fmt::Display| Failure::usage(format!("{place}: {error}"));
        let mut policies = Vec::new();
        for text in &self.policies {
            policies.push(parse(text, place)?);
        }
        let action: ActionName = self.action.parse().map_err(|error| usage(&error))?;
        let mut pairs = Vec::new();
        for (key, value) in &self.context {
            let key: Key = key.parse().map_err(|error| usage(&error))?;
            pairs.push((key, value.clone()));
        }
        let context: Context = pairs.into_iter().collect();
        let request = Request {
            action,
            resource: &self.resource,
            context: &context,
        };
        Ok(decide(&policies, &request))
    }
}

fn decide_cases(text: &str) -> Result<Exit, Failure> {
    let mut told = String::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("line {}", index + 1);
        let case: Case = serde_json::from_str(line)
            .map_err(|error| Failure::usage(format!("{place} is no case: {error}")))?;
        told.push_str(word(case.decide(&place)?));
        told.push('\n');
    }
    output::data(&told)?;
    Ok(Exit::Ok)
}

fn parse(text: &str, place: &str) -> Result<Policy, Failure> {
    Policy::parse(text, Size::Policy).map_err(|faults| {
        Failure::usage(format!(
            "{place}: {}",
            output::printable(&faults.to_string())
        ))
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(file);
    text.map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow!("could not read {}: {error}", file.display()),
        )
    })
}
