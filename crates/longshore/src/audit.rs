//! `longshore audit`: what people have done to a service and its jobs, or tried to.

use model::operator::audit::{AuditLine, AuditPage, DONE};
use serde_json::Value;

use crate::cli::{AuditArgs, AuditCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore audit` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &AuditCommand) -> Result<Exit, Failure> {
    match command {
        AuditCommand::List(args) => list(args),
    }
}

fn list(args: &AuditArgs) -> Result<Exit, Failure> {
    let page: AuditPage = Way::open(&args.store)?.get("audit", &query(args))?;
    if args.json {
        output::json(&page)?;
        return Ok(Exit::Ok);
    }
    output::data(&table(&page.acts))?;
    if let Some(next) = page.next {
        output::note(&format!(
            "There are more: --before {next} goes on, --limit N shows more at once."
        ));
    }
    Ok(Exit::Ok)
}

fn query(args: &AuditArgs) -> Vec<(String, String)> {
    let pairs = [
        ("actor", args.actor.as_ref().map(ToString::to_string)),
        ("action", args.action.clone()),
        ("job", args.job.map(|job| job.to_string())),
        ("since", args.since.map(|since| since.to_string())),
        ("before", args.before.map(|number| number.to_string())),
        ("limit", args.limit.map(|limit| limit.to_string())),
    ];
    let named = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    named.collect()
}

fn table(acts: &[AuditLine]) -> String {
    let row = |act: &AuditLine| {
        let outcome = match act.outcome.as_deref() {
            Some(DONE) => "done".to_owned(),
            Some(code) => format!("refused: {code}"),
            None => "not known".to_owned(),
        };
        [
            act.at.to_string(),
            act.actor.to_string(),
            act.role.map(|role| role.to_string()).unwrap_or_default(),
            act.action.clone(),
            act.resource.clone(),
            outcome,
            act.address.clone().unwrap_or_default(),
            said(&act.said),
        ]
    };
    let rows: Vec<[String; 8]> = acts.iter().map(row).collect();
    let header = [
        "TIME", "WHO", "ROLE", "WHAT", "TO", "OUTCOME", "FROM", "SAID",
    ];
    output::table(header, &rows)
}

/// What was said, in quotes, so that no text passes for something else.
fn said(said: &Value) -> String {
    let fields = said.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| *name != "Asked");
    let told: Vec<String> = fields
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_act_is_a_line_with_what_came_of_it() {
        let act = |outcome: Option<&str>| AuditLine {
            number: 7,
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            actor: "person:jane".parse().unwrap(),
            role: Some(model::role::Role::Lead),
            action: "DrainStation".to_owned(),
            resource: "station dock-1".to_owned(),
            job_id: None,
            said: json!({"Asked": "stations/dock-1/drain", "Note": "a \"b\""}),
            address: Some("192.0.2.7".to_owned()),
            outcome: outcome.map(str::to_owned),
        };
        assert_eq!(
            table(&[act(Some("Done")), act(Some("Denied")), act(None)]),
            "TIME                  WHO          ROLE  WHAT          TO              OUTCOME          FROM       SAID\n\
             2026-01-02T03:04:05Z  person:jane  lead  DrainStation  station dock-1  done             192.0.2.7  Note \"a \\\"b\\\"\"\n\
             2026-01-02T03:04:05Z  person:jane  lead  DrainStation  station dock-1  refused: Denied  192.0.2.7  Note \"a \\\"b\\\"\"\n\
             2026-01-02T03:04:05Z  person:jane  lead  DrainStation  station dock-1  not known        192.0.2.7  Note \"a \\\"b\\\"\"\n"
        );
    }
}
