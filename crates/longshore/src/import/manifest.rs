//! Makes the manifest of an import: the user's, if there is one, with what it leaves out filled in.

use model::ids::{AccessKeyId, BucketName, JobType};
use model::manifest::{Country, Manifest, ManifestFaults, ManifestRules, S3Import};
use model::notice::NOBODY;

/// What the command line says about the job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options<'a> {
    /// `--bucket`
    pub(crate) bucket: Option<&'a BucketName>,
    /// `--prefix`
    pub(crate) prefix: Option<&'a str>,
    /// What to call the folder.
    pub(crate) device: &'a str,
    /// Where the service is, so that no customs papers are asked for.
    pub(crate) country: &'a Country,
}

/// A manifest as text and as what it means.
#[derive(Debug, Clone)]
pub(crate) struct Filled {
    /// What is sent.
    pub(crate) text: String,
    /// What the service will read.
    pub(crate) rules: S3Import,
}

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// Neither the command line nor the manifest names a bucket.
    #[error("neither the command line nor the manifest names a bucket")]
    NoBucket,
    /// They name different ones.
    #[error("the manifest says {option} `{manifest}`, the command line says `{wished}`")]
    Disagree {
        /// `bucket` or `prefix`.
        option: &'static str,
        /// The manifest's.
        manifest: String,
        /// The command line's.
        wished: String,
    },
    /// A text that no manifest can hold on one line.
    #[error("the {0} has control characters")]
    Control(&'static str),
    /// It is wrong; everything that is.
    #[error("the manifest is wrong: {0}")]
    Faults(#[source] ManifestFaults),
    /// It is one of another kind of job.
    #[error("the manifest is not that of an import into a bucket")]
    OtherKind,
}

/// Fills a manifest in. What it says stays as it is; options it leaves out are added at its end.
///
/// # Errors
/// [`ManifestError`].
pub(crate) fn fill(manifest: &str, options: Options<'_>) -> Result<Filled, ManifestError> {
    check(options.prefix.unwrap_or_default(), "prefix")?;
    let present = options_of(manifest);
    let is_missing = |option: &str| !present.iter().any(|name| name == option);
    if is_missing("bucket") && options.bucket.is_none() {
        return Err(ManifestError::NoBucket);
    }
    let mut text = manifest.to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for (option, lines) in additions(options) {
        if is_missing(option) {
            text.push_str(&lines);
        }
    }
    let rules = read_new(&text, options.country)?;
    agree(
        "bucket",
        rules.bucket.as_str(),
        options.bucket.map(BucketName::as_str),
    )?;
    agree("prefix", &rules.prefix, options.prefix)?;
    Ok(Filled { text, rules })
}

/// Every option we know something to say about, with its lines. Nothing is shipped, so the
/// address, which the API demands, only says so.
fn additions(options: Options<'_>) -> Vec<(&'static str, String)> {
    let line = |option: &str, value: &str| format!("{option}: {}\n", quoted(value));
    let mut additions = vec![
        ("manifestVersion", "manifestVersion: 2.0\n".to_owned()),
        ("generator", "generator: longshore import\n".to_owned()),
    ];
    if let Some(bucket) = options.bucket {
        additions.push(("bucket", line("bucket", bucket.as_str())));
    }
    if let Some(prefix) = options.prefix.filter(|prefix| !prefix.is_empty()) {
        additions.push(("prefix", line("prefix", prefix)));
    }
    let address = format!(
        "returnAddress:\n    name: Nobody\n    street1: Not shipped\n    city: Nowhere\n    \
         stateOrProvince: None\n    postalCode: 00000\n    phoneNumber: 0\n    country: {}\n",
        quoted(options.country.as_str())
    );
    additions.extend([
        ("deviceId", line("deviceId", &device_id(options.device))),
        ("eraseDevice", "eraseDevice: no\n".to_owned()),
        (
            "notificationEmail",
            format!("notificationEmail: {NOBODY}\n"),
        ),
        ("returnAddress", address),
    ]);
    additions
}

/// The names of the options at the top level: unindented text before the first colon.
fn options_of(manifest: &str) -> Vec<String> {
    let manifest = manifest.trim_start_matches('\u{feff}');
    let name = |line: &str| {
        let (name, _) = line.split_once(':')?;
        let unindented = !name.starts_with([' ', '\t', '#', '-']);
        unindented.then(|| name.trim().trim_matches(['"', '\'']).to_owned())
    };
    manifest.lines().filter_map(name).collect()
}

/// Reads the manifest of a job that was made.
///
/// # Errors
/// [`ManifestError`].
pub(super) fn read(text: &str) -> Result<S3Import, ManifestError> {
    let manifest = Manifest::parse_accepted(text, JobType::Import);
    import(manifest.map_err(ManifestError::Faults)?)
}

/// Reads the manifest of a job that is yet to be made, as the service will. Whose key it names is
/// for the service to say, and so are the settings that ask for more.
fn read_new(text: &str, country: &Country) -> Result<S3Import, ManifestError> {
    let accepted = Manifest::parse_accepted(text, JobType::Import);
    let accepted = accepted.map_err(ManifestError::Faults)?;
    let named = accepted.common().access_key_id.clone();
    let rules = ManifestRules {
        strict: false,
        facility_country: country.clone(),
        caller: named.unwrap_or_else(anybody),
    };
    let parsed = Manifest::parse(text, JobType::Import, &rules);
    import(parsed.map_err(ManifestError::Faults)?.manifest)
}

/// The key of a manifest that names none.
fn anybody() -> AccessKeyId {
    AccessKeyId::new("ANYBODYS00000000").expect("it has the form of a key")
}

fn import(manifest: Manifest) -> Result<S3Import, ManifestError> {
    match manifest {
        Manifest::S3Import(rules) => Ok(rules),
        _ => Err(ManifestError::OtherKind),
    }
}

fn agree(option: &'static str, manifest: &str, wished: Option<&str>) -> Result<(), ManifestError> {
    match wished {
        Some(wished) if wished != manifest => Err(ManifestError::Disagree {
            option,
            manifest: manifest.to_owned(),
            wished: wished.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn check(text: &str, what: &'static str) -> Result<(), ManifestError> {
    if text.chars().any(char::is_control) {
        Err(ManifestError::Control(what))
    } else {
        Ok(())
    }
}

/// A folder's name made fit for a label.
fn device_id(name: &str) -> String {
    let id: String = name
        .chars()
        .map(|c| if c.is_control() { '_' } else { c })
        .collect();
    if id.trim().is_empty() {
        "folder".to_owned()
    } else {
        id
    }
}

/// YAML in double quotes: no other character than these two needs an escape on one line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static US: LazyLock<Country> = LazyLock::new(|| Country::new("US"));

    fn bucket(name: &str) -> BucketName {
        BucketName::new(name).unwrap()
    }

    fn options<'a>(bucket: Option<&'a BucketName>, prefix: Option<&'a str>) -> Options<'a> {
        Options {
            bucket,
            prefix,
            device: "disk",
            country: &US,
        }
    }

    #[test]
    fn without_a_manifest_the_command_line_says_all() {
        let photos = bucket("photos");
        for prefix in ["a/", "odd \"quotes\" \\ # : and ünïcode ", "yes", "0010"] {
            let filled = fill("", options(Some(&photos), Some(prefix))).unwrap();
            assert_eq!(filled.rules.bucket, photos);
            assert_eq!(filled.rules.prefix, prefix);
            assert_eq!(filled.rules.common.device_id, "disk");
        }
    }

    #[test]
    fn a_manifest_keeps_what_it_says() {
        let text = "# mine\ncacheControl: max-age=60\nbucket: photos\nignore:\n    - \\.tmp$";
        let filled = fill(text, options(None, None)).unwrap();
        assert!(filled.text.starts_with(text));
        assert_eq!(filled.rules.bucket, bucket("photos"));
        assert_eq!(filled.rules.cache_control.as_deref(), Some("max-age=60"));
        assert_eq!(filled.rules.ignore.len(), 1);
    }

    #[test]
    fn command_line_and_manifest_must_agree() {
        let (photos, other) = (bucket("photos"), bucket("other"));
        let text = "bucket: photos\nprefix: a/\n";
        assert!(fill(text, options(Some(&photos), Some("a/"))).is_ok());
        let error = fill(text, options(Some(&other), None)).unwrap_err();
        let words = "the manifest says bucket `photos`, the command line says `other`";
        assert_eq!(error.to_string(), words);
        let error = fill(text, options(None, Some(""))).unwrap_err();
        assert!(matches!(
            error,
            ManifestError::Disagree {
                option: "prefix",
                ..
            }
        ));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let photos = bucket("photos");
        let error = fill("acl: private\n", options(None, None)).unwrap_err();
        assert!(matches!(error, ManifestError::NoBucket));
        let error = fill("", options(Some(&photos), Some("a\nacl: public-read"))).unwrap_err();
        assert!(matches!(error, ManifestError::Control("prefix")));
        let error = fill("acl: whatever\n", options(Some(&photos), None)).unwrap_err();
        assert!(matches!(error, ManifestError::Faults(_)));
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here_by_name() {
        let photos = bucket("photos");
        for (option, line) in [
            ("contentDisposition", "contentDisposition: é\n"),
            ("cacheControl", "cacheControl: é\n"),
            ("contentTypes", "contentTypes:\n    .x: a/é\n"),
            ("returnAddress", "returnAddress:\n    name: Ann\n"),
        ] {
            let error = fill(line, options(Some(&photos), None)).unwrap_err();
            let words = error.to_string();
            assert!(
                words.starts_with("the manifest is wrong: ") && words.contains(option),
                "{words}"
            );
        }
        // A key is the service's to judge: it alone knows whose request it is.
        let key = "accessKeyId: AKIAIOSFODNN7EXAMPLE\n";
        assert!(fill(key, options(Some(&photos), None)).is_ok());
        // Customs papers are asked for where they would be.
        let abroad = "returnAddress:\n    name: A\n    street1: B\n    city: C\n    \
                      stateOrProvince: D\n    postalCode: 1\n    phoneNumber: 2\n    country: Japan\n";
        let error = fill(abroad, options(Some(&photos), None)).unwrap_err();
        assert!(error.to_string().contains("customs"), "{error}");
    }

    #[test]
    fn the_devices_name_is_made_fit() {
        assert_eq!(device_id("a\nb"), "a_b");
        assert_eq!(device_id(""), "folder");
    }
}
