//! What people ask to have done, told for the audit before it is known whether they may.

use model::ids::JobId;
use serde_json::{Map, Value};

use crate::access::Action;
use crate::ops::audit::Deed;

/// Fields of messages that may be told, without capitals and underscores. Whatever else is in one may be a secret.
const TOLD: [&str; 34] = [
    "account",
    "authority",
    "bay",
    "because",
    "carrier",
    "condition",
    "delivery",
    "events",
    "export",
    "format",
    "giveuplines",
    "import",
    "job",
    "jobs",
    "lostbecause",
    "most",
    "name",
    "note",
    "number",
    "of",
    "overlaphours",
    "parcel",
    "policy",
    "reason",
    "role",
    "says",
    "seal",
    "serialend",
    "station",
    "trackingnumber",
    "unerased",
    "user",
    "verb",
    "webhook",
];

/// Characters of a text that are told: as many as a sentence to a customer has.
const TEXT_CHARS: usize = 1_000;

/// Texts of a list that are told. With every field of [`TOLD`] at its longest a row has less than a megabyte.
const LIST_ITEMS: usize = 50;

/// What is asked for by POST on a path of the operator API; `None` of what changes nothing that lasts.
pub(super) fn asked(path: &[&str], body: &[u8]) -> Option<Deed> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = |kind: &str, field: &str| match body.get(field).and_then(Value::as_str) {
        Some(name) => format!("{kind} {}", cut(name)),
        None => kind.to_owned(),
    };
    let station = |name: &str| format!("station {}", cut(name));
    let (action, resource) = match path {
        ["jobs", id, verb] => {
            return Some(with_path(to_job(of_verb(verb), id, &body), path));
        }
        ["accounts", ..] => (Action::ManageAccounts, named("account", "Name")),
        ["keys"] => (Action::ManageKeys, named("a key of account", "Account")),
        ["keys", id, "revoke"] => (Action::ManageKeys, format!("key {}", cut(id))),
        ["users"] => (Action::ManageUsers, named("user", "Name")),
        ["groups"] => (Action::ManageUsers, named("group", "Name")),
        ["users", name, ..] => (Action::ManageUsers, format!("user {}", cut(name))),
        ["groups", name, ..] => (Action::ManageUsers, format!("group {}", cut(name))),
        ["stations", _, "watch"] => return None,
        ["stations", name, "token"] => (Action::ManageStations, station(name)),
        ["stations", name, "orders"] => {
            let bay = named("bay", "Bay");
            (Action::OrderStation, format!("{}, {bay}", station(name)))
        }
        ["stations", name, "commands"] => {
            let bay = named("bay", "Bay");
            (Action::OrderStation, format!("{}, {bay}", station(name)))
        }
        ["stations", name, "drain" | "undrain"] => (Action::DrainStation, station(name)),
        ["stations", name, "revoke"] => (Action::RevokeStation, station(name)),
        ["console", "link"] => {
            let whom = match body.get("Account") {
                Some(_) => named("the console, for account", "Account"),
                None => named("the console, for", "Name"),
            };
            (Action::OpenConsole, whom)
        }
        ["console", "sessions", number, _] => {
            (Action::OpenConsole, format!("session {}", cut(number)))
        }
        ["console", "passkeys"] => (Action::OpenConsole, named("passkey", "Name")),
        ["console", "passkeys", number, _] => {
            (Action::OpenConsole, format!("passkey {}", cut(number)))
        }
        ["webhooks"] => (Action::ManageWebhooks, "a webhook".to_owned()),
        ["webhooks", id, "remove" | "rotate"] => {
            (Action::ManageWebhooks, format!("webhook {}", cut(id)))
        }
        ["webhooks", id, "test"] => (Action::SendNotices, format!("webhook {}", cut(id))),
        ["deliveries", "replay"] => (Action::SendNotices, "deliveries".to_owned()),
        ["mail", "test"] => (Action::SendNotices, "a test mail".to_owned()),
        ["custody", "rotate"] => (Action::RotateCustodyKey, "the custody key".to_owned()),
        ["stores", "probe"] => (Action::ProbeStore, named("store of", "Of")),
        ["parcels"] => (Action::ReceiveParcel, named("parcel", "Number")),
        ["parcels", number, "return"] => (Action::ReturnDevice, format!("parcel {}", cut(number))),
        ["operators"] => (Action::ManageOperators, named("operator", "Name")),
        ["operators", name, "revoke"] => {
            (Action::ManageOperators, format!("operator {}", cut(name)))
        }
        // Nothing is done unseen because it has no line here.
        _ => {
            return Some(with_path(
                deed("Other".to_owned(), String::new(), &body),
                path,
            ));
        }
    };
    Some(with_path(deed(action.name(), resource, &body), path))
}

/// What a message of the station API asks to have done to its job.
pub(super) fn about_job(action: Action, message: &Value) -> Deed {
    let job = message.get("job").and_then(Value::as_str);
    to_job(action.name(), job.unwrap_or_default(), message)
}

/// The right that it takes to do this to a job.
fn of_verb(verb: &str) -> String {
    let action = match verb {
        "abort" => Action::AbortJob,
        "retry" => Action::RetryJob,
        "arrive" => Action::ReceiveParcel,
        "correct" | "photograph" | "unpack" | "seal" => Action::TellOfDevice,
        "return" => Action::ReturnDevice,
        "hold" => Action::HoldJob,
        "resume" => Action::ResumeJob,
        "give-up" | "finish-without" => Action::GiveUpJob,
        "release" => Action::ReleaseDevice,
        "object" | "withdraw" => Action::HoldDevice,
        "destroyed" => Action::DestroyDevice,
        "secret" => Action::GiveSecret,
        "verified" => Action::TellVerified,
        _ => return "Other".to_owned(),
    };
    action.name()
}

fn to_job(action: String, id: &str, body: &Value) -> Deed {
    let deed = deed(action, format!("job {}", cut(id)), body);
    Deed {
        job: JobId::new(id).ok(),
        ..deed
    }
}

fn deed(action: String, resource: String, body: &Value) -> Deed {
    Deed {
        action,
        resource,
        job: None,
        said: told(body),
    }
}

/// The same, with the path among what was said: `drain` and `undrain` take one right.
fn with_path(mut deed: Deed, path: &[&str]) -> Deed {
    deed.said["Asked"] = cut(&path.join("/")).into();
    deed
}

/// What may be told of a message.
fn told(body: &Value) -> Value {
    let is_told = |name: &str| TOLD.contains(&name.replace('_', "").to_lowercase().as_str());
    let fields = body.as_object().into_iter().flatten();
    let told = fields
        .filter(|(name, _)| is_told(name))
        .filter_map(|(name, value)| Some((name.clone(), bounded(value)?)));
    told.collect::<Map<_, _>>().into()
}

/// A value as it is told: a number, a text that is not too long, or a list of such.
fn bounded(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) => Some(cut(text).into()),
        Value::Array(all) => {
            let texts = all.iter().filter_map(Value::as_str);
            Some(texts.take(LIST_ITEMS).map(cut).collect())
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// A text without what a database or a terminal takes for something else.
fn cut(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deed_is_told_by_its_right_and_what_it_is_done_to() {
        for (path, body, action, resource) in [
            ("jobs/abcde/abort", json!({}), "AbortJob", "job abcde"),
            ("jobs/abcde/burn", json!({}), "Other", "job abcde"),
            (
                "accounts/allow",
                json!({"Name": "studio"}),
                "ManageAccounts",
                "account studio",
            ),
            (
                "keys",
                json!({"Account": "studio"}),
                "ManageKeys",
                "a key of account studio",
            ),
            (
                "stations/dock-1/undrain",
                json!(null),
                "DrainStation",
                "station dock-1",
            ),
            (
                "stations/dock-1/orders",
                json!({"Bay": "B1"}),
                "OrderStation",
                "station dock-1, bay B1",
            ),
            ("operators", json!([]), "ManageOperators", "operator"),
            ("no/such/path", json!("x"), "Other", ""),
        ] {
            let words: Vec<&str> = path.split('/').collect();
            let deed = asked(&words, body.to_string().as_bytes()).unwrap();
            assert_eq!(
                (deed.action.as_str(), deed.resource.as_str()),
                (action, resource)
            );
            assert_eq!(deed.said["Asked"], path);
        }
        assert_eq!(asked(&["stations", "dock-1", "watch"], b""), None);
        let deed = asked(&["jobs", "abcde", "hold"], b"{").unwrap();
        assert_eq!(deed.job, JobId::new("ABCDE").ok());
    }

    /// Every path of `docs/operator-api.md` that changes something.
    fn documented() -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operator-api.md");
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| `POST "));
        let mut paths = Vec::new();
        for row in rows {
            let cell = row.split('|').nth(1).unwrap();
            let words = cell.split('`').skip(1).step_by(2);
            let words: Vec<&str> = words.map(|word| word.trim_start_matches("POST ")).collect();
            let parent = words[0].rsplit_once('/').map_or("", |(parent, _)| parent);
            paths.extend(words.iter().map(|word| word.replace('…', parent)));
        }
        assert!(paths.len() > 40, "{paths:?}");
        paths
    }

    #[test]
    fn everything_that_may_be_asked_for_is_told_by_a_right() {
        for path in documented() {
            let words: Vec<&str> = path.split('/').collect();
            let action = asked(&words, b"{}").map(|deed| deed.action);
            match path.as_str() {
                "stations/NAME/watch" => assert_eq!(action, None, "it lasts for seconds"),
                _ => assert!(action.as_deref().is_some_and(|it| it != "Other"), "{path}"),
            }
        }
    }

    #[test]
    fn no_secret_and_nothing_without_end_is_kept() {
        let body = json!({
            "job": "ABCDE",
            "because": "a\u{0}b".to_owned() + &"c".repeat(2_000),
            "tracking_number": "1Z",
            "password": "hunter2",
            "Name": {"password": "hunter2"},
            "Import": vec!["x"; 99],
        });
        let deed = about_job(Action::HoldJob, &body);
        assert_eq!(deed.job, JobId::new("ABCDE").ok());
        let said = deed.said.as_object().unwrap();
        let names: Vec<&str> = said.keys().map(String::as_str).collect();
        assert_eq!(names, ["Import", "because", "job", "tracking_number"]);
        assert!(said["because"].as_str().unwrap().starts_with("abc"));
        assert_eq!(said["because"].as_str().unwrap().len(), TEXT_CHARS);
        assert_eq!(said["Import"].as_array().unwrap().len(), LIST_ITEMS);
    }
}
