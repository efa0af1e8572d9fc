//! A manifest as others than its customer see it: a line at a time, without its secrets, with what is to be said of each.
//!
//! What is hidden is hidden by what the text means and by what it says: the values of options that are secrets, wherever
//! the text has them, and besides whatever stands behind a word that names one, as in a comment or a text that cannot
//! be read. Too much hidden is no harm.

use super::fault::{ManifestFault, Warning};
use super::node::{OptionNode, Value};
use super::{Findings, Manifest, address, options, reader, spelling};
use crate::ids::JobType;

/// Options whose values nobody is shown.
pub(super) const SECRETS: [&str; 2] = ["pinCode", "trueCryptPassword"];

/// Parts of names by which a secret is known in what is no option, in small letters.
const WORDS: [&str; 4] = ["pincode", "password", "passphrase", "secret"];

/// What stands in the place of a secret.
const MASK: &str = "********";

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    /// Which, from 1.
    pub number: usize,
    /// What stands there, without secrets.
    pub text: String,
    /// What is wrong with it.
    pub faults: Vec<ManifestFault>,
    /// What its writer should know of it.
    pub warnings: Vec<Warning>,
}

/// A manifest for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownManifest {
    /// Its lines.
    pub lines: Vec<ShownLine>,
    /// What is wrong, and has no line.
    pub faults: Vec<ManifestFault>,
    /// What its writer should know, and has no line.
    pub warnings: Vec<Warning>,
}

/// Shows a manifest that was accepted for a job of this type. What depends on who submitted it is not asked again.
#[must_use]
pub fn shown(text: &str, job_type: JobType) -> ShownManifest {
    let (mut faults, mut warnings) = findings(text, job_type);
    let lines = masked(text).into_iter().zip(1..);
    let lines = lines.map(|(text, number)| ShownLine {
        number,
        text,
        faults: faults
            .extract_if(.., |fault| fault.line == Some(number))
            .collect(),
        warnings: warnings
            .extract_if(.., |warning| warning.line == Some(number))
            .collect(),
    });
    ShownManifest {
        lines: lines.collect(),
        faults,
        warnings,
    }
}

fn findings(text: &str, job_type: JobType) -> (Vec<ManifestFault>, Vec<Warning>) {
    let mut entries = match options(text) {
        Ok(entries) => entries,
        Err(fault) => return (vec![fault], Vec::new()),
    };
    let findings = Findings::new(None);
    address::hoist(&mut entries, &findings);
    let _: Option<Manifest> = super::read(&entries, job_type, &findings);
    findings.into_parts()
}

/// The lines without secrets.
fn masked(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut places = Vec::new();
    if let Ok(entries) = reader::read(text) {
        collect(&entries, &mut places);
    }
    places.sort_by_key(|place| place.line);
    for (index, place) in places
        .iter()
        .enumerate()
        .filter(|(_, place)| place.is_secret)
    {
        let end = places[index + 1..].iter().map(|next| next.line);
        let end = end.filter(|line| *line > place.line).min();
        let end = end.unwrap_or(lines.len() + 1).min(lines.len() + 1);
        for (line, number) in (place.line..end).zip(0..) {
            let Some(line) = lines.get_mut(line - 1) else {
                continue;
            };
            match number {
                0 => hide_value(line),
                _ if line.trim().is_empty() => {}
                _ => MASK.clone_into(line),
            }
        }
    }
    // By another name, as an anchor has one, or in a comment.
    for secret in places.iter().flat_map(|place| &place.secrets) {
        for line in &mut lines {
            *line = line.replace(secret.as_str(), MASK);
        }
    }
    for line in lines.iter_mut().filter(|line| names_secret(line)) {
        hide_value(line);
    }
    lines
}

/// An option of the text.
struct OptionPlace {
    line: usize,
    is_secret: bool,
    /// What nobody is shown of it.
    secrets: Vec<String>,
}

fn collect(entries: &[OptionNode], places: &mut Vec<OptionPlace>) {
    for entry in entries {
        let is_secret = SECRETS
            .iter()
            .any(|name| spelling::is_like(&entry.key, name));
        let mut secrets = Vec::new();
        if is_secret {
            texts(&entry.value, &mut secrets);
        }
        places.push(OptionPlace {
            line: entry.line,
            is_secret,
            secrets,
        });
        within(&entry.value, places);
    }
}

/// The options in a value.
fn within(value: &Value, places: &mut Vec<OptionPlace>) {
    match value {
        Value::Map(entries) => collect(entries, places),
        Value::List(items) => items.iter().for_each(|item| within(&item.value, places)),
        Value::Empty | Value::Text(_) => {}
    }
}

/// The texts in a value, none of which is empty.
fn texts(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::Text(text) => all.extend(Some(text.clone()).filter(|text| !text.trim().is_empty())),
        Value::Map(entries) => entries.iter().for_each(|entry| texts(&entry.value, all)),
        Value::List(items) => items.iter().for_each(|item| texts(&item.value, all)),
        Value::Empty => {}
    }
}

fn names_secret(line: &str) -> bool {
    let letters = line.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    WORDS.iter().any(|word| plain.contains(word))
}

/// Hides what stands behind the first colon of a line, or all of a line that has none.
fn hide_value(line: &mut String) {
    match line.find([':', '=']) {
        Some(at) if line[at + 1..].trim().is_empty() => {}
        Some(at) => {
            line.truncate(at + 1);
            line.push(' ');
            line.push_str(MASK);
        }
        None => MASK.clone_into(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let shown = shown(text, JobType::Import);
        shown.lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn no_secret_is_shown_however_it_is_written() {
        for text in [
            "bucket: photos\npinCode: s3cr3t\nacl: private\n",
            "bucket:photos\ntrueCryptPassword:s3cr3t\n",
            "bucket: photos\n\"trueCryptPassword\": 's3cr3t'\n",
            "bucket: photos\ntruecrypt_password: s3cr3t\n",
            "bucket: photos\ntrueCryptPassword: |\n  s3cr3t\nacl: private\n",
            "bucket: photos\ntrueCryptPassword:\n    s3cr3t\n",
            "{bucket: photos, pinCode: s3cr3t}\n",
            "bucket: photos\n# trueCryptPassword: s3cr3t\n",
            "bucket: photos\n  pinCode: s3cr3t\n    odd\n- [\n",
            "logPrefix: &x s3cr3t\nbucket: photos\npinCode: *x\n",
            "the password is s3cr3t",
        ] {
            let shown = lines(text).join("\n");
            assert!(!shown.contains("s3cr3t"), "{text:?}: {shown}");
            assert!(shown.contains(MASK), "{text:?}: {shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stands_as_it_was_written() {
        let text = "manifestVersion:2.0\nbucket: photos   # mine\n\npinCode: 1234\nignore:\n    - \\.tmp$\n";
        assert_eq!(
            lines(text),
            [
                "manifestVersion:2.0",
                "bucket: photos   # mine",
                "",
                "pinCode: ********",
                "ignore:",
                "    - \\.tmp$"
            ]
        );
    }

    #[test]
    fn what_is_to_be_said_stands_beside_its_line_and_the_rest_behind_all() {
        let shown = shown(
            "bucket: photos\nacl: everybody\neraseDevice: maybe\n",
            JobType::Import,
        );
        let beside = |number: usize| {
            let line = &shown.lines[number - 1];
            line.faults
                .iter()
                .map(|fault| fault.field.as_deref().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (beside(1), beside(2), beside(3)),
            (vec![], vec!["acl"], vec!["eraseDevice"])
        );
        let missing = |fault: &ManifestFault| fault.field.as_deref() == Some("deviceId");
        assert!(shown.faults.iter().any(missing), "{:?}", shown.faults);
        let unread = super::shown("", JobType::Import);
        assert_eq!((unread.lines.len(), unread.faults.len()), (0, 1));
    }
}
