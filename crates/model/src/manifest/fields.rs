//! Typed access to a map of options, collecting every fault and warning on the way.
//!
//! Accessors return an option: `None` means absent, or faulty and then already reported. So a
//! caller reads all its options first and leaves with `?` only when it puts them together.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;

use super::fault::{FaultKind, ManifestFault, Warning};
use super::node::{Node, OptionNode, Value};
use super::{ManifestRules, Passphrase, spelling};
use crate::limits::SEALED_SECRET_BYTES;
use crate::readable::plays_with_terminals;
use crate::secret::is_sealed;

/// Most faults, and most warnings, that are kept. A person fixes a page of them at a time, and a
/// hostile text of half a megabyte could otherwise cause a hundred thousand.
const FINDINGS: usize = 500;

/// What was found out about a manifest so far.
#[derive(Debug)]
pub(super) struct Findings<'r> {
    /// What it is checked against; `None` for a manifest that was accepted before.
    rules: Option<&'r ManifestRules>,
    faults: RefCell<Vec<ManifestFault>>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'r> Findings<'r> {
    pub(super) fn new(rules: Option<&'r ManifestRules>) -> Self {
        Self {
            rules,
            faults: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    pub(super) fn fault(&self, fault: ManifestFault) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < FINDINGS && !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    pub(super) fn warn(&self, warning: Warning) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < FINDINGS && !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// Whether no further warning is kept.
    fn has_enough_warnings(&self) -> bool {
        self.warnings.borrow().len() >= FINDINGS
    }

    /// What the manifest is checked against; `None` if it was accepted before.
    pub(super) fn rules(&self) -> Option<&'r ManifestRules> {
        self.rules
    }

    /// Whether what the last edition of the documents demands is demanded.
    pub(super) fn is_strict(&self) -> bool {
        self.rules.is_some_and(|rules| rules.strict)
    }

    /// The faults and the warnings.
    pub(super) fn into_parts(self) -> (Vec<ManifestFault>, Vec<Warning>) {
        (self.faults.into_inner(), self.warnings.into_inner())
    }
}

/// Which classes faults of a map belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    pub(super) missing: FaultKind,
    pub(super) invalid: FaultKind,
}

impl Kinds {
    /// The classes of ordinary options.
    pub(super) const FIELDS: Self = Self {
        missing: FaultKind::MissingField,
        invalid: FaultKind::InvalidField,
    };
}

/// A text and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) value: &'a str,
    pub(super) line: usize,
}

/// A name and a value of a map whose names the customer chooses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) line: usize,
}

/// The options of one map.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    pub(super) findings: &'a Findings<'a>,
    kinds: Kinds,
    path: String,
    entries: &'a [OptionNode],
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    /// The options `entries` of the map at `path`, which is empty for the manifest itself.
    pub(super) fn new(
        findings: &'a Findings<'a>,
        path: String,
        entries: &'a [OptionNode],
        kinds: Kinds,
    ) -> Self {
        let fields = Self {
            findings,
            kinds,
            path,
            entries,
            asked: RefCell::default(),
        };
        fields.report_repetitions();
        fields
    }

    /// The full name of an option of this map.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Whether no option has a value.
    pub(super) fn is_blank(&self) -> bool {
        self.entries.iter().all(|entry| is_blank(&entry.value))
    }

    /// Reports a value that cannot be.
    pub(super) fn invalid(&self, name: &str, line: usize, detail: impl Display) {
        self.fault(self.kinds.invalid, name, Some(line), detail);
    }

    /// Reports an option that must be there.
    pub(super) fn missing(&self, name: &str, detail: impl Display) {
        self.fault(self.kinds.missing, name, self.line_of(name), detail);
    }

    /// Reports a fault of any class.
    pub(super) fn fault(
        &self,
        kind: FaultKind,
        name: &str,
        line: Option<usize>,
        detail: impl Display,
    ) {
        let field = Some(self.path_of(name));
        self.findings.fault(ManifestFault {
            kind,
            field,
            line,
            detail: detail.to_string(),
        });
    }

    /// Tells the writer something about an option.
    pub(super) fn warn(&self, name: &str, line: Option<usize>, detail: impl Display) {
        let field = Some(self.path_of(name));
        self.findings.warn(Warning {
            field,
            line,
            detail: detail.to_string(),
        });
    }

    /// Reports what only the last edition of the documents forbids: a fault where rules are
    /// strict, a warning otherwise.
    pub(super) fn frown(&self, name: &str, line: usize, detail: impl Display) {
        if self.findings.is_strict() {
            self.invalid(name, line, detail);
        } else {
            self.warn(name, Some(line), detail);
        }
    }

    /// The line an option stands on.
    pub(super) fn line_of(&self, name: &str) -> Option<usize> {
        self.find(name).map(|entry| entry.line)
    }

    /// A text exactly as it is, control characters included; for keys and parts of keys.
    pub(super) fn raw(&self, name: &'static str) -> Option<Text<'a>> {
        let entry = self.get(name)?;
        match &entry.value {
            Value::Empty => None,
            Value::Text(value) => Some(Text {
                value,
                line: entry.line,
            }),
            Value::Map(_) | Value::List(_) => {
                self.invalid(name, entry.line, "must be a single text");
                None
            }
        }
    }

    /// A text without control characters that is not empty.
    pub(super) fn text(&self, name: &'static str) -> Option<Text<'a>> {
        let text = self
            .raw(name)
            .filter(|text| !text.value.trim().is_empty())?;
        if text.value.contains(char::is_control) {
            self.invalid(name, text.line, "control characters are not allowed");
            return None;
        }
        // What was accepted before they were refused is read on; whoever shows it writes them out.
        if self.findings.rules().is_some() && text.value.contains(plays_with_terminals) {
            let detail = "characters that end a line or turn the direction of text are not allowed";
            self.invalid(name, text.line, detail);
            return None;
        }
        Some(text)
    }

    /// As [`Fields::text`], owned.
    pub(super) fn string(&self, name: &'static str) -> Option<String> {
        self.text(name).map(|text| text.value.to_owned())
    }

    /// As [`Fields::string`], and must be there.
    pub(super) fn required(&self, name: &'static str) -> Option<String> {
        self.demand(name);
        self.string(name)
    }

    /// Reports the option if it is absent or empty.
    pub(super) fn demand(&self, name: &'static str) {
        match self.get(name).map(|entry| &entry.value) {
            None => self.missing(name, self.missing_but(name)),
            Some(value) if is_blank(value) => self.missing(name, "required field is empty"),
            Some(_) => {}
        }
    }

    /// Says that an option is missing and, if another is spelled almost like it, where.
    fn missing_but(&self, name: &str) -> String {
        let like = |entry: &&OptionNode| spelling::is_like(&entry.key, name);
        match self.entries.iter().find(like) {
            Some(OptionNode { key, line, .. }) => {
                format!("required field is missing; line {line} has `{key}`: write it `{name}`")
            }
            None => "required field is missing".to_owned(),
        }
    }

    /// A text that becomes the value of a header: printable ASCII. What was accepted before is
    /// taken as it is.
    pub(super) fn header(&self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        if self.findings.rules().is_some()
            && let Err(detail) = header_value(text.value)
        {
            self.invalid(name, text.line, detail);
            return None;
        }
        Some(text.value.to_owned())
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        parse(text.value)
            .map_err(|error| self.invalid(name, text.line, error))
            .ok()
    }

    /// One of the words `choices`, in any case.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        self.parsed(name, |text| {
            choices
                .iter()
                .copied()
                .find(|choice| word(*choice).eq_ignore_ascii_case(text))
                .ok_or_else(|| format!("`{text}` is not {}", alternatives(choices, word)))
        })
    }

    /// `yes` or `no`, also written `true` or `false`, in any case.
    pub(super) fn yes_no(&self, name: &'static str) -> Option<bool> {
        self.parsed(name, |text| match text.to_ascii_lowercase().as_str() {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            _ => Err(format!("`{text}` is not yes or no")),
        })
    }

    /// A password or PIN: at most `longest` printable ASCII characters, or such a one sealed, into which nobody looks here.
    /// Faults do not quote it.
    pub(super) fn secret(&self, name: &'static str, longest: usize) -> Option<Passphrase> {
        let text = self.raw(name).filter(|text| !text.value.is_empty())?;
        let printable = text.value.bytes().all(|b| (b' '..=b'~').contains(&b));
        let most = match is_sealed(text.value) {
            true => SEALED_SECRET_BYTES,
            false => longest,
        };
        if !printable || text.value.len() > most {
            let detail = format!("must be at most {longest} printable ASCII characters");
            self.invalid(name, text.line, detail);
            return None;
        }
        Some(Passphrase::new(text.value.to_owned()))
    }

    /// The options of a nested map; absent or empty is `None`.
    pub(super) fn map(&self, name: &'static str, kinds: Kinds) -> Option<Fields<'a>> {
        let entry = self.get(name)?;
        match &entry.value {
            Value::Empty => None,
            Value::Map(entries) => Some(Fields::new(
                self.findings,
                self.path_of(name),
                entries,
                kinds,
            )),
            Value::Text(_) | Value::List(_) => {
                let detail = not_options(&entry.value);
                self.fault(kinds.invalid, name, Some(entry.line), detail);
                None
            }
        }
    }

    /// A map whose names are the customer's; a value that is absent is an empty text.
    pub(super) fn pairs(&self, name: &'static str) -> Vec<Pair<'a>> {
        let Some(map) = self.map(name, self.kinds) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for OptionNode { key, line, value } in map.entries {
            match value {
                Value::Empty => pairs.push(Pair {
                    key,
                    value: "",
                    line: *line,
                }),
                Value::Text(value) => pairs.push(Pair {
                    key,
                    value,
                    line: *line,
                }),
                Value::Map(_) | Value::List(_) => map.invalid(key, *line, "must be a single text"),
            }
        }
        pairs
    }

    /// A list of texts; one text alone is a list of one.
    pub(super) fn texts(&self, name: &'static str) -> Vec<Text<'a>> {
        let Some(entry) = self.get(name) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        match &entry.value {
            Value::Empty => {}
            Value::Text(value) => texts.push(Text {
                value,
                line: entry.line,
            }),
            Value::Map(_) => self.invalid(name, entry.line, "must be a list of texts"),
            Value::List(items) => {
                for (index, Node { line, value }) in items.iter().enumerate() {
                    match value {
                        Value::Text(value) => texts.push(Text { value, line: *line }),
                        _ => self.invalid(&numbered(name, index), *line, "must be a text"),
                    }
                }
            }
        }
        texts
    }

    /// A list of maps; one map alone is a list of one.
    pub(super) fn maps(&self, name: &'static str) -> Vec<Fields<'a>> {
        let Some(entry) = self.get(name) else {
            return Vec::new();
        };
        let mut maps = Vec::new();
        match &entry.value {
            Value::Empty => {}
            Value::Text(_) => self.invalid(name, entry.line, "must be a list"),
            Value::Map(entries) => maps.push(self.nested(&numbered(name, 0), entries)),
            Value::List(items) => {
                for (index, Node { line, value }) in items.iter().enumerate() {
                    match value {
                        Value::Map(entries) => {
                            maps.push(self.nested(&numbered(name, index), entries));
                        }
                        _ => self.invalid(&numbered(name, index), *line, "must be options"),
                    }
                }
            }
        }
        maps
    }

    /// Warns of every option that nobody asked for; `place` says what it is not an option of.
    pub(super) fn finish(&self, place: &str) {
        let asked = self.asked.borrow();
        for entry in self.entries {
            if asked.contains(&entry.key.as_str()) {
                continue;
            }
            if self.findings.has_enough_warnings() {
                break;
            }
            let near = asked
                .iter()
                .find(|name| spelling::is_like(&entry.key, name));
            let hint = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            let detail = format!("not an option of {place}, ignored{hint}");
            self.warn(&entry.key, Some(entry.line), detail);
        }
    }

    fn nested(&self, name: &str, entries: &'a [OptionNode]) -> Fields<'a> {
        Fields::new(self.findings, self.path_of(name), entries, self.kinds)
    }

    fn get(&self, name: &'static str) -> Option<&'a OptionNode> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&name) {
            asked.push(name);
        }
        self.find(name)
    }

    fn find(&self, name: &str) -> Option<&'a OptionNode> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    fn report_repetitions(&self) {
        let mut first_lines = HashMap::new();
        for OptionNode { key, line, .. } in self.entries {
            if let Some(first) = first_lines.get(key.as_str()) {
                let detail = format!("given twice, on lines {first} and {line}");
                self.fault(FaultKind::InvalidField, key, Some(*line), detail);
            } else {
                first_lines.insert(key.as_str(), *line);
            }
        }
    }
}

/// Why a value that should be options is none, and what they look like.
fn not_options(value: &Value) -> &'static str {
    match value {
        Value::List(_) => {
            "must be options, `name: value` on a line each, without dashes in front of them"
        }
        _ => "must be options, `name: value` on a line each, indented below it",
    }
}

/// Whether a text can be the value of a header as it is; if not, what is wrong.
pub(super) fn header_value(text: &str) -> Result<(), String> {
    let printable = |c: &char| (' '..='~').contains(c);
    match text.chars().find(|c| !printable(c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "must be printable ASCII, since every object carries it in a header; `{}` is not",
            c.escape_debug()
        )),
    }
}

/// Whether a value holds nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Empty => true,
        Value::Text(text) => text.trim().is_empty(),
        Value::Map(entries) => entries.is_empty(),
        Value::List(items) => items.is_empty(),
    }
}

/// An item's name; items are counted from 1.
fn numbered(name: &str, index: usize) -> String {
    format!("{name}[{}]", index + 1)
}

/// `a, b or c`.
fn alternatives<T: Copy>(choices: &[T], word: fn(T) -> &'static str) -> String {
    let words: Vec<&str> = choices.iter().copied().map(word).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
