//! From JSON to a policy. Reading goes on behind a fault, so that all are found.

use super::{Effect, Policy, Scope, Statement, unknown};
use crate::action::ActionPattern;
use crate::condition::{Condition, Operator, Variables};
use crate::context::Key;
use crate::fault::{Faults, echo};
use crate::json::Node;
use crate::pattern::Piece;

type Members = [(String, Node)];

/// Reads a policy; `None` and a fault if it is none.
pub(super) fn policy(node: &Node, faults: &mut Faults) -> Option<Policy> {
    let members = object(node, "the policy", faults)?;
    check_names(members, "", &["Version", "Statement"], faults);
    let variables = version(member(members, "Version"), faults);
    let Some(statements) = member(members, "Statement") else {
        faults.add("the policy", "it has no `Statement`");
        return None;
    };
    let all: Vec<(String, &Node)> = match statements {
        Node::List(all) => {
            let placed = all.iter().enumerate();
            let placed = placed.map(|(index, node)| (format!("Statement[{index}]"), node));
            placed.collect()
        }
        one => vec![("Statement".to_owned(), one)],
    };
    if all.is_empty() {
        faults.add("Statement", "the list is empty");
    }
    check_sids(&all, faults);
    let read = all
        .iter()
        .filter_map(|(place, node)| statement(node, place, variables, faults));
    Some(Policy {
        statements: read.collect(),
    })
}

/// `2008-10-17`, which has no variables, is meant where nothing is said.
fn version(node: Option<&Node>, faults: &mut Faults) -> Variables {
    match node {
        None => Variables::AreText,
        Some(Node::Text(version)) if version == "2008-10-17" => Variables::AreText,
        Some(Node::Text(version)) if version == "2012-10-17" => Variables::Count,
        Some(Node::Text(other)) => {
            let what = format!("{} is neither `2012-10-17` nor `2008-10-17`", echo(other));
            faults.add("Version", what);
            Variables::AreText
        }
        Some(other) => {
            faults.add("Version", format!("it is {}, not a text", other.kind()));
            Variables::AreText
        }
    }
}

/// What statements are called: letters and digits, each once.
fn check_sids(statements: &[(String, &Node)], faults: &mut Faults) {
    let mut seen: Vec<&str> = Vec::new();
    for (place, node) in statements {
        let Node::Object(members) = node else {
            continue;
        };
        let place = format!("{place}.Sid");
        match member(members, "Sid") {
            None => {}
            Some(Node::Text(sid)) if !sid.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                let what = format!("{} has other characters than letters and digits", echo(sid));
                faults.add(&place, what);
            }
            Some(Node::Text(sid)) if seen.contains(&sid.as_str()) => {
                faults.add(&place, format!("another statement is called {}", echo(sid)));
            }
            Some(Node::Text(sid)) => seen.push(sid),
            Some(other) => faults.add(&place, format!("it is {}, not a text", other.kind())),
        }
    }
}

const ELEMENTS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn statement(
    node: &Node,
    place: &str,
    variables: Variables,
    faults: &mut Faults,
) -> Option<Statement> {
    let members = object(node, place, faults)?;
    check_names(members, place, &ELEMENTS, faults);
    let effect = effect(member(members, "Effect"), place, faults);
    let actions = scope(members, place, "Action", faults, ActionPattern::read);
    let resources = scope(members, place, "Resource", faults, resource);
    let conditions = match member(members, "Condition") {
        None => Vec::new(),
        Some(node) => conditions(node, &format!("{place}.Condition"), variables, faults),
    };
    Some(Statement {
        effect: effect?,
        actions: actions?,
        resources: resources?,
        conditions,
    })
}

fn effect(node: Option<&Node>, place: &str, faults: &mut Faults) -> Option<Effect> {
    match node {
        Some(Node::Text(text)) if text == "Allow" => Some(Effect::Allow),
        Some(Node::Text(text)) if text == "Deny" => Some(Effect::Deny),
        Some(Node::Text(text)) => {
            let what = format!("{} is neither `Allow` nor `Deny`", echo(text));
            faults.add(&format!("{place}.Effect"), what);
            None
        }
        Some(other) => {
            let what = format!("it is {}, not a text", other.kind());
            faults.add(&format!("{place}.Effect"), what);
            None
        }
        None => {
            faults.add(place, "it has no `Effect`");
            None
        }
    }
}

/// Reads `Action` or `NotAction`, or the two of resources: one of them, and not both.
fn scope<P>(
    members: &Members,
    place: &str,
    name: &str,
    faults: &mut Faults,
    read: impl Fn(&str) -> Result<P, String>,
) -> Option<Scope<P>> {
    let negated = format!("Not{name}");
    let (element, node) = match (member(members, name), member(members, &negated)) {
        (Some(node), None) => (name, node),
        (None, Some(node)) => (negated.as_str(), node),
        (Some(_), Some(_)) => {
            faults.add(place, format!("it has both `{name}` and `{negated}`"));
            return None;
        }
        (None, None) => {
            faults.add(place, format!("it has neither `{name}` nor `{negated}`"));
            return None;
        }
    };
    let place = format!("{place}.{element}");
    let mut patterns = Vec::new();
    for (place, text) in texts(node, &place, faults) {
        match read(&text) {
            Ok(pattern) => patterns.push(pattern),
            Err(what) => faults.add(&place, what),
        }
    }
    Some(match element == name {
        true => Scope::Only(patterns),
        false => Scope::AllBut(patterns),
    })
}

/// `*`, or an ARN with wildcards.
fn resource(text: &str) -> Result<Vec<Piece>, String> {
    if text.contains("${") {
        return Err(format!(
            "{} has a variable; resources here have none",
            echo(text)
        ));
    }
    let is_arn = text.starts_with("arn:") && text.split(':').count() >= 6;
    match text == "*" || is_arn {
        true => Ok(Piece::wild(text)),
        false => Err(format!(
            "{} is neither `*` nor an ARN of six parts",
            echo(text)
        )),
    }
}

fn conditions(
    node: &Node,
    place: &str,
    variables: Variables,
    faults: &mut Faults,
) -> Vec<Condition> {
    let mut read = Vec::new();
    let operators = object(node, place, faults).unwrap_or_default();
    check_doubles(operators, place, faults);
    for (name, keys) in operators {
        let place = format!("{place}.{name}");
        let operator = Operator::read(name);
        let operator = operator.map_err(|what| faults.add(&place, what)).ok();
        let keys = object(keys, &place, faults).unwrap_or_default();
        check_doubles(keys, &place, faults);
        for (key, values) in keys {
            let place = format!("{place}.{key}");
            let condition = operator
                .and_then(|operator| condition(operator, key, values, &place, variables, faults));
            read.extend(condition);
        }
    }
    read
}

fn condition(
    operator: Operator,
    name: &str,
    values: &Node,
    place: &str,
    variables: Variables,
    faults: &mut Faults,
) -> Option<Condition> {
    let key = match Key::named(name) {
        Some(key) => key,
        None if operator.asks_of_the_absent() => Key::Other(name.to_lowercase()),
        None => {
            let what = format!("{} is no condition key of this service", echo(name));
            faults.add(place, what);
            return None;
        }
    };
    if !operator.is_for(&key) {
        faults.add(place, "the operator cannot compare what this key has");
        return None;
    }
    let mut read = Vec::new();
    for (place, text) in texts(values, place, faults) {
        match operator.value(&text, variables) {
            Ok(value) => read.push(value),
            Err(what) => faults.add(&place, what),
        }
    }
    Some(Condition {
        operator,
        key,
        values: read,
    })
}

/// A text or a list of texts, with their places. Numbers and booleans are texts of conditions too, as in IAM.
fn texts(node: &Node, place: &str, faults: &mut Faults) -> Vec<(String, String)> {
    let all: Vec<(String, &Node)> = match node {
        Node::List(all) if all.is_empty() => {
            faults.add(place, "the list is empty");
            Vec::new()
        }
        Node::List(all) => {
            let placed = all.iter().enumerate();
            let placed = placed.map(|(index, node)| (format!("{place}[{index}]"), node));
            placed.collect()
        }
        one => vec![(place.to_owned(), one)],
    };
    let mut read = Vec::new();
    for (place, node) in all {
        match node {
            Node::Text(text) | Node::Number(text) => read.push((place, text.clone())),
            Node::Bool(value) => read.push((place, value.to_string())),
            other @ (Node::Null | Node::List(_) | Node::Object(_)) => {
                faults.add(&place, format!("it is {}, not a text", other.kind()));
            }
        }
    }
    read
}

fn object<'a>(node: &'a Node, place: &str, faults: &mut Faults) -> Option<&'a Members> {
    match node {
        Node::Object(members) => Some(members),
        other => {
            faults.add(place, format!("it is {}, not an object", other.kind()));
            None
        }
    }
}

fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Node> {
    let found = members.iter().find(|(member, _)| member == name);
    found.map(|(_, node)| node)
}

/// Every member is known, and stands there once.
fn check_names(members: &Members, place: &str, known: &[&str], faults: &mut Faults) {
    check_doubles(members, place, faults);
    for (name, _) in members {
        let within = below(place, name);
        match name.as_str() {
            "Principal" | "NotPrincipal" | "Id" => {
                let what = "a policy of a user or a group has none: it is about whoever has it";
                faults.add(&within, what);
            }
            name if known.contains(&name) => {}
            name => faults.add(&within, unknown(name, &known.join(", "))),
        }
    }
}

/// Names are the same in any case: keys of conditions are.
fn check_doubles(members: &Members, place: &str, faults: &mut Faults) {
    for (index, (name, _)) in members.iter().enumerate() {
        let before = members.get(..index).unwrap_or_default();
        if before
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            faults.add(&below(place, name), "it stands there twice");
        }
    }
}

fn below(place: &str, name: &str) -> String {
    match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    }
}
