//! What buttons do. Each is a message of the operator API, made of the fields of a form, and each has a command that does
//! the same.

use askama::Template;
use axum::response::Response;
#[cfg(test)]
use model::role::Role;
use serde_json::{Map, Value};

use super::asking::read;
use super::form::Form;
use super::guard::see_other;
use super::language::{Text, TextKey, key, text};
use super::page::{Shell, html};
use super::trouble::Trouble;
use super::visit::Visit;
#[cfg(test)]
use crate::access::Action;
#[cfg(test)]
use crate::faces::deeds;

/// What a button does.
struct Button {
    /// The path below `/operator/v1/`; `*` stands for any part.
    path: &'static [&'static str],
    /// What is sent.
    fields: &'static [Field],
    /// The command that does the same.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is held by a test"))]
    command: &'static str,
    /// What the person sees then.
    after: After,
}

/// A field of a form, by the name that it has in the message.
enum Field {
    /// It has to be filled in, and is sent as it was typed: a blank at its end counts.
    Typed(&'static str),
    /// The same, of one that may be left empty.
    MayTyped(&'static str),
    /// It has to be filled in.
    Needed(&'static str),
    /// It may be left empty.
    May(&'static str),
    /// Several, with spaces or commas between them.
    Several(&'static str),
}

/// What a person sees after an act.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The page from which it was done.
    Back,
    /// What came of it, which may be a secret that is shown this once.
    Outcome(TextKey),
}

use After::{Back, Outcome};
use Field::{May, MayTyped, Needed, Several, Typed};

const BUTTONS: &[Button] = &[
    Button {
        path: &["jobs", "*", "hold"],
        fields: &[Needed("Because")],
        command: "job hold",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "resume"],
        fields: &[],
        command: "job resume",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "secret"],
        fields: &[Typed("Secret")],
        command: "device secret",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "retry"],
        fields: &[],
        command: "job retry",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "give-up"],
        fields: &[Needed("Because"), Needed("Account"), Needed("ProgressCode")],
        command: "job give-up",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "finish-without"],
        fields: &[May("Because"), Needed("Account"), Needed("ProgressCode")],
        command: "job finish-without",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "abort"],
        fields: &[
            Needed("Reason"),
            Needed("Because"),
            Needed("Account"),
            Needed("ProgressCode"),
        ],
        command: "job abort",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "arrive"],
        fields: &[May("Station")],
        command: "scan",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "return"],
        fields: &[
            Needed("Carrier"),
            Needed("TrackingNumber"),
            May("Unerased"),
            May("Authority"),
        ],
        command: "device return",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "release"],
        fields: &[Needed("Because")],
        command: "job release",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "object"],
        fields: &[Needed("Because")],
        command: "job object",
        after: Back,
    },
    Button {
        path: &["jobs", "*", "withdraw"],
        fields: &[],
        command: "job object",
        after: Back,
    },
    Button {
        path: &["stations", "*", "orders"],
        fields: &[
            Needed("Bay"),
            Needed("Verb"),
            May("Job"),
            May("SerialEnd"),
            MayTyped("Secret"),
        ],
        command: "bay load",
        after: Back,
    },
    Button {
        path: &["stations", "*", "drain"],
        fields: &[],
        command: "station drain",
        after: Back,
    },
    Button {
        path: &["stations", "*", "undrain"],
        fields: &[],
        command: "station undrain",
        after: Back,
    },
    Button {
        path: &["stations", "*", "revoke"],
        fields: &[],
        command: "station revoke",
        after: Back,
    },
    Button {
        path: &["parcels"],
        fields: &[
            Needed("Number"),
            May("Carrier"),
            May("Note"),
            May("Station"),
            Several("Jobs"),
        ],
        command: "parcel receive",
        after: Back,
    },
    Button {
        path: &["parcels", "*", "return"],
        fields: &[
            Needed("Carrier"),
            Needed("TrackingNumber"),
            Several("Jobs"),
            May("Unerased"),
            May("Authority"),
        ],
        command: "parcel return",
        after: Back,
    },
    Button {
        path: &["stores", "probe"],
        fields: &[Needed("Of")],
        command: "store probe",
        after: Outcome(key("outcome-store")),
    },
    Button {
        path: &["accounts"],
        fields: &[Needed("Name"), Several("Import"), Several("Export")],
        command: "account create",
        after: Back,
    },
    Button {
        path: &["accounts", "allow"],
        fields: &[Needed("Name"), Several("Import"), Several("Export")],
        command: "account allow",
        after: Back,
    },
    Button {
        path: &["accounts", "deny"],
        fields: &[Needed("Name"), Several("Import"), Several("Export")],
        command: "account deny",
        after: Back,
    },
    Button {
        path: &["accounts", "limit"],
        fields: &[Needed("Name"), Needed("Most")],
        command: "account limit",
        after: Back,
    },
    Button {
        path: &["users"],
        fields: &[Needed("Account"), Needed("Name")],
        command: "user create",
        after: Back,
    },
    Button {
        path: &["users", "*", "policy"],
        fields: &[Needed("Account"), Needed("Policy"), MayTyped("Document")],
        command: "user policy",
        after: Back,
    },
    Button {
        path: &["users", "*", "take-policy"],
        fields: &[Needed("Account"), Needed("Policy")],
        command: "user policy",
        after: Back,
    },
    Button {
        path: &["users", "*", "delete"],
        fields: &[Needed("Account")],
        command: "user delete",
        after: Back,
    },
    Button {
        path: &["groups"],
        fields: &[Needed("Account"), Needed("Name")],
        command: "group create",
        after: Back,
    },
    Button {
        path: &["groups", "*", "policy"],
        fields: &[Needed("Account"), Needed("Policy"), MayTyped("Document")],
        command: "group policy",
        after: Back,
    },
    Button {
        path: &["groups", "*", "take-policy"],
        fields: &[Needed("Account"), Needed("Policy")],
        command: "group policy",
        after: Back,
    },
    Button {
        path: &["groups", "*", "add"],
        fields: &[Needed("Account"), Needed("User")],
        command: "group add",
        after: Back,
    },
    Button {
        path: &["groups", "*", "remove"],
        fields: &[Needed("Account"), Needed("User")],
        command: "group remove",
        after: Back,
    },
    Button {
        path: &["groups", "*", "delete"],
        fields: &[Needed("Account")],
        command: "group delete",
        after: Back,
    },
    Button {
        path: &["keys"],
        fields: &[Needed("Account"), May("User")],
        command: "key create",
        after: Outcome(key("outcome-key")),
    },
    Button {
        path: &["keys", "*", "revoke"],
        fields: &[],
        command: "key revoke",
        after: Back,
    },
    Button {
        path: &["operators"],
        fields: &[Needed("Name"), Needed("Role")],
        command: "operator add",
        after: Outcome(key("outcome-token")),
    },
    Button {
        path: &["operators", "*", "revoke"],
        fields: &[],
        command: "operator revoke",
        after: Back,
    },
    Button {
        path: &["console", "link"],
        fields: &[May("Name"), May("Account")],
        command: "console open",
        after: Outcome(key("outcome-link")),
    },
    Button {
        path: &["console", "sessions", "*", "end"],
        fields: &[],
        command: "console end",
        after: Back,
    },
];

impl Button {
    fn is_on(&self, path: &[&str]) -> bool {
        self.path.len() == path.len()
            && std::iter::zip(self.path, path).all(|(own, asked)| *own == "*" || own == asked)
    }

    /// The message.
    fn message(&self, form: &Form) -> Result<Value, Trouble> {
        let mut message = Map::new();
        for field in self.fields {
            let (Typed(name) | MayTyped(name) | Needed(name) | May(name) | Several(name)) = field;
            let value = match (field, form.get(name)) {
                (Typed(_) | MayTyped(_), _) if !form.raw(name).is_empty() => form.raw(name).into(),
                (Typed(_) | Needed(_), None) => {
                    let told = text("field-needed").text("field", field_name(name));
                    return Err(Trouble::field(told));
                }
                (MayTyped(_) | May(_), None) => continue,
                (Typed(_) | MayTyped(_) | Needed(_) | May(_), Some(text)) => text.into(),
                (Several(_), text) => text
                    .unwrap_or_default()
                    .split([' ', ',', '\n', '\t', '\r'])
                    .filter(|word| !word.is_empty())
                    .collect(),
            };
            message.insert((*name).to_owned(), value);
        }
        Ok(message.into())
    }
}

/// What came of an act.
#[derive(Template)]
#[template(path = "outcome.html")]
struct OutcomePage {
    shell: Shell,
    lines: Vec<(Text, String)>,
    back: String,
}

/// Does what a button is for.
pub(super) async fn act(visit: &Visit, path: &[&str], form: &Form) -> Result<Response, Trouble> {
    let found = BUTTONS.iter().find(|act| act.is_on(path));
    let act = found.ok_or_else(Trouble::no_such_page)?;
    let message = act.message(form)?;
    let document = visit.post(&path.join("/"), &message).await?;
    let back = form.back(visit.home());
    match act.after {
        Back => Ok(see_other(&back)),
        Outcome(title) => html(&OutcomePage {
            shell: Shell::new(visit, title, "", &back),
            lines: lines(&read(&document)?),
            back,
        }),
    }
}

/// What stands in a document, a line for each field.
fn lines(document: &Map<String, Value>) -> Vec<(Text, String)> {
    let mut lines = Vec::new();
    for (name, value) in document {
        match value {
            Value::Null => {}
            Value::String(told) => lines.push((field_name(name), told.clone())),
            Value::Object(inner) => {
                let inner = self::lines(inner).into_iter();
                lines.extend(inner.map(|(under, told)| {
                    let names = text("field-within")
                        .text("outer", field_name(name))
                        .text("inner", under);
                    (names, told)
                }));
            }
            other => lines.push((field_name(name), other.to_string())),
        }
    }
    lines
}

/// The name of a field of a message or a document. Of those that are met every day other languages have words of their own;
/// the rest are the words of the API.
fn field_name(name: &str) -> Text {
    let known = match name {
        "Account" => key("say-account"),
        "Bay" => key("say-bay"),
        "Because" => key("say-because"),
        "Carrier" => key("say-carrier"),
        "Created" | "Added" => key("say-created"),
        "Expires" | "Until" => key("say-until"),
        "Name" => key("say-name"),
        "Number" => key("say-number"),
        "ProgressCode" => key("say-progress-code"),
        "Reason" => key("say-reason"),
        "Role" => key("say-role"),
        "Secret" => key("say-secret"),
        "Store" => key("say-store"),
        "Token" => key("say-token"),
        "TrackingNumber" => key("say-tracking-number"),
        "Verb" => key("say-verb"),
        _ => return Text::English(spoken(name)),
    };
    Text::from(known).retells(&spoken(name))
}

/// `TrackingNumber` as people say it: `tracking number`.
fn spoken(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        match letter {
            '_' => words.push(' '),
            _ if letter.is_uppercase() && !words.is_empty() => {
                words.push(' ');
                words.extend(letter.to_lowercase());
            }
            _ => words.extend(letter.to_lowercase()),
        }
    }
    words
}

/// What can be done, each with the least role that may.
#[cfg(test)]
pub(super) fn acts() -> impl Iterator<Item = (String, Role)> {
    let of = |button: &Button| {
        let deed = deeds::asked(button.path, b"{}").expect("each is told of in the audit");
        let mut all = Action::ALL.into_iter();
        let action = all.find(|action| action.name() == deed.action);
        let least = action.and_then(Action::least_role);
        let least = least.expect("it is something that people do");
        (format!("/act/{}", button.path.join("/")), least)
    };
    BUTTONS.iter().map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_has_a_command_that_does_the_same() {
        let help = include_str!("../../../../longshore/tests/golden/help.txt");
        for act in BUTTONS {
            let usage = format!("Usage: longshore {} ", act.command);
            assert!(help.contains(&usage), "{usage}");
        }
    }

    #[test]
    fn no_two_acts_are_on_one_path() {
        for (index, act) in BUTTONS.iter().enumerate() {
            let path: Vec<&str> = act.path.to_vec();
            let first = BUTTONS.iter().position(|other| other.is_on(&path));
            assert_eq!(first, Some(index), "{path:?}");
        }
    }

    #[test]
    fn names_of_fields_are_spoken_as_words() {
        assert_eq!(spoken("TrackingNumber"), "tracking number");
        assert_eq!(spoken("path_style"), "path style");
        assert_eq!(spoken("Bay"), "bay");
    }
}
