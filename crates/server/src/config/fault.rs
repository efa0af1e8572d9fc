//! What can be wrong with the configuration file, and where.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration `{}`", path.display())]
    Unreadable {
        /// The file of settings.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// The file is wrong; every fault with its place.
    #[error("{}", lines(.0))]
    Invalid(Vec<ConfigFault>),
}

/// One thing that is wrong: ``longshore.toml:12: stores[0].endpoint: `ftp://x` is not an http or
/// https URL``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The file as it was named; empty if there is none.
    pub file: PathBuf,
    /// The line, from 1, if the fault is in one.
    pub line: Option<usize>,
    /// The setting, as `stores[0].endpoint`; empty if the file is no TOML.
    pub setting: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.as_os_str().is_empty() {
            write!(f, "{}:", self.file.display())?;
            match self.line {
                Some(line) => write!(f, "{line}: ")?,
                None => write!(f, " ")?,
            }
        }
        if !self.setting.is_empty() {
            write!(f, "{}: ", self.setting)?;
        }
        f.write_str(&self.message)
    }
}

fn lines(faults: &[ConfigFault]) -> String {
    faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The file that is read, for telling where something stands.
pub(super) struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// A path as the file has it, seen from where the service runs.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.path
            .parent()
            .map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    /// A fault of the setting that stands at `span`, or nowhere.
    pub(super) fn fault(
        &self,
        span: Option<Range<usize>>,
        setting: &str,
        message: String,
    ) -> ConfigFault {
        ConfigFault {
            file: self.path.to_owned(),
            line: span.map(|span| self.line(span.start)),
            setting: setting.to_owned(),
            message,
        }
    }

    /// A fault that the TOML reader found: it knows the place, the setting is looked up.
    pub(super) fn toml_fault(&self, error: &toml::de::Error) -> ConfigFault {
        let span = error.span();
        let (table, _) = DeTable::parse_recoverable(self.text);
        let setting = span
            .clone()
            .and_then(|span| setting_at(table.get_ref(), span.start));
        // One line: the reader's own message may span several.
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        self.fault(span, &setting.unwrap_or_default(), message)
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}

/// The dotted name of the setting whose key or value is at `offset`.
fn setting_at(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        match within(value, offset) {
            Some(rest) => Some(format!("{name}{rest}")),
            None if key.span().contains(&offset) => Some(name.to_string()),
            None => None,
        }
    })
}

/// What follows the name of `value` in the name of the setting at `offset`; `None` if that is
/// elsewhere.
fn within(value: &Spanned<DeValue<'_>>, offset: usize) -> Option<String> {
    // A table's own span is its header only: look inside before.
    let inside = match value.get_ref() {
        DeValue::Table(table) => setting_at(table, offset).map(|name| format!(".{name}")),
        DeValue::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| within(item, offset).map(|rest| format!("[{index}]{rest}"))),
        _ => None,
    };
    inside.or_else(|| value.span().contains(&offset).then(String::new))
}
