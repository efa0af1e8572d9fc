//! What is wrong with a policy, each fault with its place.

use std::fmt;

use crate::limits::FAULTS;

/// Something that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// Where: `Statement[1].Condition.IpAddress`, or line and column of what is no JSON.
    pub place: String,
    /// What is wrong, as a sentence without its full stop.
    pub what: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// All that is wrong with a policy; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFaults(pub Vec<PolicyFault>);

impl std::error::Error for PolicyFaults {}

impl fmt::Display for PolicyFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let between = if index == 0 { "" } else { "; " };
            write!(f, "{between}{fault}")?;
        }
        Ok(())
    }
}

/// Collects faults while a policy is read.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<PolicyFault>);

impl Faults {
    pub(crate) fn add(&mut self, place: &str, what: impl Into<String>) {
        if self.0.len() < FAULTS {
            let (place, what) = (place.to_owned(), what.into());
            self.0.push(PolicyFault { place, what });
        }
    }

    /// What was read, if nothing is wrong with it.
    pub(crate) fn none_in<T>(self, read: Option<T>) -> Result<T, PolicyFaults> {
        match read {
            Some(read) if self.0.is_empty() => Ok(read),
            _ => Err(PolicyFaults(self.0)),
        }
    }
}

/// A text of a policy, short enough for a sentence.
pub(crate) fn echo(text: &str) -> String {
    const CHARS: usize = 80;
    let shown: String = text.chars().take(CHARS).collect();
    let shown = shown.escape_debug();
    match text.chars().nth(CHARS) {
        None => format!("`{shown}`"),
        Some(_) => format!("`{shown}…`"),
    }
}
