//! What a bench has told in its log of its bays: when each began to load, and when it was done.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A line of a log.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
    fields: Fields,
}

/// As much of it as tells what goes on in a bay.
#[derive(Deserialize)]
struct Fields {
    bay: Option<String>,
    state: Option<String>,
    message: Option<String>,
}

/// When bays of a bench came to something, in the order in which they did.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// They began to load.
    pub(super) loading: Vec<OffsetDateTime>,
    /// They were done.
    pub(super) done: Vec<OffsetDateTime>,
}

impl Told {
    /// Reads a log of JSON documents, of which the last line may not be whole.
    ///
    /// # Errors
    /// If it cannot be read, or a bay is not loaded.
    pub(super) fn of(log: &Path) -> Result<Self> {
        Self::read(&fs::read_to_string(log)?)
    }

    fn read(log: &str) -> Result<Self> {
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let lines: Vec<Line> = lines.collect();
        let of = |wanted: &str| -> Vec<&Line> {
            let is_wanted = |line: &&Line| {
                line.fields.state.as_deref() == Some(wanted) && line.fields.bay.is_some()
            };
            lines.iter().filter(is_wanted).collect()
        };
        if let Some(line) = ["failed", "held", "unknown", "stopped"]
            .iter()
            .find_map(|state| of(state).pop())
        {
            let message = line.fields.message.as_deref();
            bail!(
                "a bay is not loaded: {}",
                message.unwrap_or("no reason is told")
            );
        }
        let at = |wanted| of(wanted).into_iter().map(at).collect::<Result<_>>();
        Ok(Self {
            loading: at("loading")?,
            done: at("safe-to-remove")?,
        })
    }
}

fn at(line: &Line) -> Result<OffsetDateTime> {
    let wrong = || format!("`{}` is no time", line.timestamp);
    OffsetDateTime::parse(&line.timestamp, &Rfc3339).with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn what_a_bench_tells_is_read() {
        let log = concat!(
            r#"{"timestamp":"2026-01-02T03:04:05Z","fields":{"message":"Loads.","bay":"B1","state":"loading"}}"#,
            "\n",
            r#"{"timestamp":"2026-01-02T03:04:06Z","fields":{"message":"figures are served"}}"#,
            "\n",
            r#"{"timestamp":"2026-01-02T03:04:09Z","fields":{"message":"Done.","bay":"B1","state":"safe-to-remove"}}"#,
            "\n",
            r#"{"timestamp":"2026-01-02T03:04:09Z","fie"#,
        );
        let told = Told::read(log).unwrap();
        assert_eq!(told.loading, [datetime!(2026-01-02 03:04:05 UTC)]);
        assert_eq!(told.done, [datetime!(2026-01-02 03:04:09 UTC)]);
        let held = r#"{"timestamp":"2026-01-02T03:04:05Z","fields":{"message":"It waits.","bay":"B1","state":"held"}}"#;
        assert!(
            Told::read(held)
                .unwrap_err()
                .to_string()
                .contains("It waits.")
        );
    }
}
