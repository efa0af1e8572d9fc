//! Holds the documents about the configuration to what is true.

use std::collections::BTreeSet;

use super::tests::{faults, parse};
use super::*;

const EXAMPLE: &str = include_str!("../../../docs/longshore.toml");
const GUIDE: &str = include_str!("../../../docs/configuration.md");

#[test]
fn the_example_says_the_defaults() {
    let example = parse(EXAMPLE).unwrap();
    assert_eq!(example, Config::default());
}

/// Lines that start with `#` and no space are settings without a default.
#[test]
fn the_example_is_valid_with_everything_switched_on() {
    let switched_on = |line: &str| match line.strip_prefix('#') {
        // These would read files that are not there, or exclude the settings beside them.
        Some(setting) if setting.starts_with("url_file") => String::new(),
        Some(setting) if setting.starts_with("secret_access_key_file") => String::new(),
        Some(setting) if setting.starts_with("ca_file") => String::new(),
        Some(setting) if setting.starts_with("templates") => String::new(),
        Some(setting) if setting.starts_with("password_file") => String::new(),
        Some(setting) if setting.starts_with("storage_class") => String::new(),
        Some(setting) if !setting.starts_with([' ', '#']) => setting.to_owned(),
        _ => line.to_owned(),
    };
    let text = EXAMPLE
        .lines()
        .map(switched_on)
        .collect::<Vec<_>>()
        .join("\n");
    let config = parse(&text).unwrap();
    assert_eq!(config.stores.len(), 1);
    assert!(matches!(config.database, DatabaseConfig::Postgres(_)));
    assert!(config.server.public_url.is_some() && config.server.secret_key_file.is_some());
}

/// The settings a table knows, taken from what it says to one it does not know.
fn settings_of(header: &str) -> BTreeSet<String> {
    let message = faults(&format!("{header}\nno_such_setting = 1\n"));
    let known = message.split("expected").nth(1).unwrap();
    known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_setting_is_in_the_example_and_in_the_guide() {
    let tables = settings_of("");
    assert_eq!(tables.len(), 17, "{tables:?}");
    for table in &tables {
        let header = if table == "stores" {
            "[[stores]]".into()
        } else {
            format!("[{table}]")
        };
        let section = GUIDE.split(&format!("\n## `{header}`\n")).nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let example = EXAMPLE
            .split(&header)
            .nth(1)
            .unwrap()
            .split("\n[")
            .next()
            .unwrap();
        let settings = settings_of(&header);
        assert!(settings.len() > 1, "{settings:?}");
        for setting in settings {
            assert!(
                section.contains(&format!("`{setting}`")),
                "guide: {table}.{setting}"
            );
            let lines = [format!("\n{setting} = "), format!("\n#{setting} = ")];
            assert!(
                lines.iter().any(|l| example.contains(l)),
                "example: {table}.{setting}"
            );
        }
    }
}
