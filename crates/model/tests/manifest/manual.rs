//! The manual of manifests and the examples: what they say is what is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::*;

/// Sections of the manual, the manifest of the kind that they are about, and the map the options are of.
const SECTIONS: [(&str, &str, &str); 12] = [
    ("## Options of every job", "import-c-every-header", ""),
    ("## Options of every job", "export-b-several-sets", ""),
    ("## Options of every job", "glacier-a", ""),
    ("### `returnAddress`", "import-a-smallest", "returnAddress"),
    ("### `customs`", "import-e-customs", "customs"),
    ("## S3 import", "import-c-every-header", ""),
    ("## S3 export", "export-b-several-sets", ""),
    (
        "| Option of an operation |",
        "export-a-one-bucket",
        "operations",
    ),
    ("## EBS import", "ebs-a-up-to-1tb", "operations"),
    ("## Glacier import", "glacier-a", "operations"),
    ("## EBS import", "ebs-c-singapore", "operations"),
    (
        "## Glacier import",
        "glacier-c-quoted-comment",
        "operations",
    ),
];

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn manual() -> String {
    fs::read_to_string(repository("docs/manifests.md")).expect("the manual is in the repository")
}

/// The options in the first column of the table that follows `heading`.
fn options(heading: &str) -> BTreeSet<String> {
    let manual = manual();
    let (_, section) = manual
        .split_once(heading)
        .unwrap_or_else(|| panic!("{heading}"));
    let rows = section
        .lines()
        .skip_while(|line| !line.starts_with("| `"))
        .take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap_or_default();
        cell.split(',')
            .map(|name| name.trim().trim_matches('`').to_owned())
            .collect::<Vec<_>>()
    })
    .collect()
}

/// A manifest with one more option in the map at `place`.
fn with_option(name: &str, place: &str, option: &str) -> String {
    let manifest = text(name);
    let start = match place {
        "" => return format!("{manifest}\n{option}:\n"),
        _ => {
            manifest
                .find(&format!("\n{place}"))
                .expect("the map is there")
                + 1
        }
    };
    let body = start + manifest[start..].find('\n').expect("a line ends") + 1;
    let first = manifest[body..]
        .lines()
        .next()
        .expect("the map has options");
    let indent = " ".repeat(first.len() - first.trim_start().trim_start_matches("- ").len());
    let end = body + first.len() + 1;
    format!(
        "{}{indent}{option}:\n{}",
        &manifest[..end],
        &manifest[end..]
    )
}

#[test]
fn every_option_of_the_manual_is_one() {
    for (heading, name, place) in SECTIONS {
        let options = options(heading);
        assert!(options.len() >= 4, "{heading}: {options:?}");
        for option in options {
            if name.starts_with("export") && option == "eraseDevice" {
                continue;
            }
            if name.starts_with("glacier") && option == "trueCryptPassword" {
                continue;
            }
            let manifest = with_option(name, place, &option);
            let told = match Manifest::parse(&manifest, job_type(name), &rules_for(name)) {
                Ok(parsed) => format!("{:?}", parsed.warnings),
                Err(faults) => faults.to_string(),
            };
            assert!(
                !told.contains("not an option"),
                "{heading} {option}: {told}"
            );
            assert!(!told.contains("well-formed"), "{heading} {option}: {told}");
        }
        let unknown = with_option(name, place, "noSuchOption");
        let parsed = Manifest::parse(&unknown, job_type(name), &rules_for(name)).unwrap();
        assert!(
            format!("{:?}", parsed.warnings).contains("not an option"),
            "{heading}"
        );
    }
}

#[test]
fn every_option_in_use_is_in_the_manual() {
    let manual = manual();
    for (name, manifest) in GOLDEN
        .iter()
        .filter(|(name, _)| *name != "import-h-real-yaml")
    {
        let parents = ["ignore", "substitutions", "contentTypes", "staticMetadata"];
        let mut inside = false;
        for line in manifest.lines().filter(|line| !line.trim().is_empty()) {
            let Some((option, _)) = line.split_once(':') else {
                continue;
            };
            let is_top = !line.starts_with([' ', '\t', '-', '#']);
            if is_top {
                inside = parents.contains(&option.trim());
            }
            let option = option.trim().trim_start_matches("- ").trim();
            let is_name = option.bytes().all(|b| b.is_ascii_alphanumeric());
            if (is_top || !inside) && is_name && !option.is_empty() {
                assert!(manual.contains(&format!("`{option}`")), "{name}: {option}");
            }
        }
    }
}

#[test]
fn every_example_is_a_good_manifest() {
    for (name, kind) in [
        ("import", JobType::Import),
        ("export", JobType::Export),
        ("ebs", JobType::Import),
        ("glacier", JobType::Import),
    ] {
        let text = fs::read_to_string(repository(&format!("examples/{name}.yaml"))).unwrap();
        let parsed =
            Manifest::parse(&text, kind, &rules()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(parsed.warnings.is_empty(), "{name}: {:?}", parsed.warnings);
        assert_eq!(Manifest::likely_type(&text), Some(kind), "{name}");
    }
}
