//! Manifests: every published shape is read, every fault is found and named.

mod faults;
mod golden;
mod hostile;
mod manual;

use model::ids::{AccessKeyId, JobType};
use model::manifest::{
    Country, FaultKind, Manifest, ManifestFaults, ManifestRules, Parsed, S3Import,
};

fn rules() -> ManifestRules {
    ManifestRules {
        strict: false,
        facility_country: Country::default(),
        caller: AccessKeyId::new("AKIDTESTTESTTEST0001").expect("a well-formed key id"),
    }
}

fn strict() -> ManifestRules {
    ManifestRules {
        strict: true,
        ..rules()
    }
}

macro_rules! golden {
    ($($name:literal),* $(,)?) => {
        /// Every file of `manifests/` by name.
        const GOLDEN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../manifests/", $name, ".yaml")))),*];
    };
}

golden![
    "ebs-a-up-to-1tb",
    "ebs-b-4tb",
    "ebs-c-singapore",
    "export-a-one-bucket",
    "export-b-several-sets",
    "export-c-continuation",
    "export-d-renames",
    "export-e-version-1",
    "glacier-a",
    "glacier-b-without-spaces",
    "glacier-c-quoted-comment",
    "import-a-smallest",
    "import-b-without-spaces",
    "import-c-every-header",
    "import-d-pin-drive",
    "import-e-customs",
    "import-f-version-1",
    "import-g-cli-example",
    "import-h-real-yaml",
];

fn text(name: &str) -> &'static str {
    GOLDEN
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a golden manifest")
        .1
}

fn job_type(name: &str) -> JobType {
    if name.starts_with("export") {
        JobType::Export
    } else {
        JobType::Import
    }
}

fn rules_for(name: &str) -> ManifestRules {
    let country = if name == "ebs-c-singapore" {
        "Singapore"
    } else {
        "USA"
    };
    ManifestRules {
        facility_country: Country::new(country),
        ..rules()
    }
}

fn parsed(name: &str) -> Parsed {
    Manifest::parse(text(name), job_type(name), &rules_for(name))
        .unwrap_or_else(|faults| panic!("{name}: {faults}"))
}

fn import(text: &str) -> Result<Parsed, ManifestFaults> {
    Manifest::parse(text, JobType::Import, &rules())
}

fn s3_import(name: &str) -> S3Import {
    match parsed(name).manifest {
        Manifest::S3Import(import) => import,
        other => panic!("{name} is read as {other:?}"),
    }
}

fn warnings(parsed: &Parsed) -> Vec<String> {
    parsed.warnings.iter().map(ToString::to_string).collect()
}

const ERASED: &str = "**** Device will be erased before being returned. ****";

/// The faults of a text, as `kind field line`.
fn faults(text: &str, job_type: JobType, rules: &ManifestRules) -> Vec<(FaultKind, String)> {
    match Manifest::parse(text, job_type, rules) {
        Ok(parsed) => panic!("accepted: {parsed:?}\n{text}"),
        Err(faults) => faults
            .iter()
            .map(|f| (f.kind, f.field.clone().unwrap_or_default()))
            .collect(),
    }
}

fn without(name: &str, line: &str) -> String {
    let text = text(name);
    assert!(text.contains(line), "{name} has no {line}");
    text.lines()
        .filter(|l| !l.contains(line))
        .map(|l| format!("{l}\n"))
        .collect()
}

fn with(name: &str, from: &str, to: &str) -> String {
    let text = text(name);
    assert!(text.contains(from), "{name} has no {from}");
    text.replacen(from, to, 1)
}

const CUSTOMS: &str = "customs:\n  dataDescription: x\n  encryptedData: no\n  \
    exportCertifierName: x\n  requiresExportLicense: no\n  deviceValue: 1\n  \
    deviceCountryOfOrigin: China\n  deviceType: sataDrive\n";
