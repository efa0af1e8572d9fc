//! The values of settings that are more than a number or a text, and how each is read.

use std::fmt;
use std::str::FromStr;

use model::ids::{BucketName, StationName};
use url::Url;
use zeroize::Zeroizing;

/// The region of stores that have none: what every client of such stores expects.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// Most lines of a shipping address, and most characters of one: what fits on a label.
const ADDRESS_LINES: usize = 10;
const ADDRESS_LINE_CHARS: usize = 100;

/// The URL of a PostgreSQL database. It may hold a password, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Zeroizing<String>);

impl DatabaseUrl {
    /// Checks the scheme; the rest is for the database's driver.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
                Ok(Self(Zeroizing::new(text.to_owned())))
            }
            // The text is not repeated: even a mistyped URL may hold a password.
            _ => Err("is not a postgres:// URL".to_owned()),
        }
    }

    /// Shows the URL, for connecting; the caller must not print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// A pattern for names of buckets: `*` is any number of characters, `?` is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketGlob(String);

impl fmt::Display for BucketGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BucketGlob {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fits = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_*?".contains(&b));
        if fits && (1..=255).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is not a pattern of letters, digits, `.`, `-`, `_`, `*` and `?`"
        ))
    }

    /// Whether the whole name fits the pattern. Takes at most the product of both lengths in steps.
    #[must_use]
    pub fn matches(&self, bucket: &BucketName) -> bool {
        let (glob, name) = (self.0.as_bytes(), bucket.as_str().as_bytes());
        let (mut at_glob, mut at_name) = (0, 0);
        // Where to go on if the rest does not fit: the last star takes one character more. An
        // earlier star never has to, for what stood between the two has been found.
        let mut star: Option<(usize, usize)> = None;
        while at_name < name.len() {
            match (glob.get(at_glob), star) {
                (Some(b'*'), _) => {
                    star = Some((at_glob, at_name));
                    at_glob += 1;
                }
                (Some(one), _) if *one == b'?' || *one == name[at_name] => {
                    (at_glob, at_name) = (at_glob + 1, at_name + 1);
                }
                (_, Some((glob_star, name_star))) => {
                    star = Some((glob_star, name_star + 1));
                    (at_glob, at_name) = (glob_star + 1, name_star + 1);
                }
                (_, None) => return false,
            }
        }
        glob[at_glob..].iter().all(|rest| *rest == b'*')
    }
}

/// Where customers send their devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippingAddress(Vec<String>);

impl ShippingAddress {
    pub(super) fn parse(lines: &[String]) -> Result<Self, String> {
        if !(1..=ADDRESS_LINES).contains(&lines.len()) {
            return Err(format!(
                "{} lines are not 1 to {ADDRESS_LINES}",
                lines.len()
            ));
        }
        match lines.iter().find(|line| !is_address_line(line)) {
            Some(bad) => Err(format!(
                "`{}` is not a line of 1 to {ADDRESS_LINE_CHARS} printable characters",
                bad.escape_debug()
            )),
            None => Ok(Self(lines.to_vec())),
        }
    }

    /// The lines as configured.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// The address on the parcel of a job: `JOBID` and the job's id in the second line, where AWS
    /// had them, so that the parcel can be told from others.
    #[must_use]
    pub fn for_job(&self, job: &str) -> String {
        let mut lines = self.0.clone();
        lines.insert(1, format!("JOBID {job}"));
        lines.join("\n")
    }
}

impl Default for ShippingAddress {
    fn default() -> Self {
        let lines = [
            "Longshore",
            "Ask the operator of this service for its address",
        ];
        Self(lines.map(str::to_owned).to_vec())
    }
}

fn is_address_line(line: &str) -> bool {
    let printable = !line.chars().any(char::is_control) && !line.trim().is_empty();
    printable && line.chars().count() <= ADDRESS_LINE_CHARS
}

/// A word that is none of those a setting can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not {expected}")]
pub struct UnknownWord {
    word: String,
    expected: &'static str,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord {
                word: word.to_owned(),
                expected: "text or json",
            }),
        }
    }
}

/// Who gets the counters at `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsFor {
    /// Whoever asks from this machine, and not through a proxy.
    Loopback,
    /// Everyone who reaches the port of the API.
    Everyone,
}

impl FromStr for MetricsFor {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "loopback" => Ok(Self::Loopback),
            "everyone" => Ok(Self::Everyone),
            _ => Err(UnknownWord {
                word: word.to_owned(),
                expected: "loopback or everyone",
            }),
        }
    }
}

/// How important a log line has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something may become a problem.
    Warn,
    /// What the service does.
    Info,
    /// How it does it.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// The level as the setting writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl FromStr for LogLevel {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let expected = "error, warn, info, debug or trace";
        [
            Self::Error,
            Self::Warn,
            Self::Info,
            Self::Debug,
            Self::Trace,
        ]
        .into_iter()
        .find(|level| level.as_str() == word)
        .ok_or_else(|| UnknownWord {
            word: word.to_owned(),
            expected,
        })
    }
}

/// An `http://` or `https://` URL of host and port alone, without a slash at the end. A path would
/// be part of what clients sign, and user names have no place in it.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| format!("`{text}` is not an http or https URL"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{text}` has more than scheme, host and port"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An `http://` or `https://` URL of a service of others, perhaps with a path. User names have no place in it.
pub(super) fn service_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| "is not an http or https URL".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("has a user name, a password or a fragment in it".to_owned());
    }
    Ok(url.into())
}

/// A region's name: letters, digits and hyphens.
pub(super) fn region(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits && (1..=63).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not a region of 1 to 63 letters, digits and hyphens"
    ))
}

/// An access key id as stores have them: some take any word.
pub(super) fn access_key_id(text: &str) -> Result<String, String> {
    if text.bytes().all(|b| b.is_ascii_graphic()) && (1..=128).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("is not an access key id of 1 to 128 printable characters".to_owned())
}

/// A store's name: what a station may have.
pub(super) fn store_name(text: &str) -> Result<String, String> {
    match StationName::new(text) {
        Ok(name) => Ok(name.into()),
        Err(_) => Err(format!(
            "`{text}` is not a store name of 1 to 64 letters, digits, dots, hyphens and underscores"
        )),
    }
}

/// The host's name with hyphens for what a station's name cannot have, or `station-1`.
pub(super) fn host_name() -> StationName {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    station_name_of(host.trim())
}

fn station_name_of(host: &str) -> StationName {
    let fitting = |c: char| {
        if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = host.chars().map(fitting).take(64).collect();
    StationName::new(name)
        .or_else(|_| StationName::new("station-1"))
        .expect("the fixed name is valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(glob: &str, bucket: &str) -> bool {
        BucketGlob::parse(glob)
            .unwrap()
            .matches(&BucketName::new(bucket).unwrap())
    }

    #[test]
    fn globs_match_whole_names() {
        for (glob, bucket) in [
            ("*", "anything"),
            ("photos", "photos"),
            ("team-*", "team-"),
            ("team-*", "team-a"),
            ("*-log", "a-log-log"),
            ("a*b*c", "aXbXbXc"),
            ("b?cket", "bucket"),
            ("**", "abc"),
        ] {
            assert!(fits(glob, bucket), "{glob} {bucket}");
        }
        for (glob, bucket) in [
            ("photos", "photos2"),
            ("photos", "myphotos"),
            ("team-*", "team"),
            ("*-log", "a-logs"),
            ("a*b*c", "aXcXb"),
            ("b?cket", "bcket"),
            ("Photos", "photos"),
        ] {
            assert!(!fits(glob, bucket), "{glob} {bucket}");
        }
    }

    #[test]
    fn a_hostile_glob_is_decided_at_once() {
        assert!(!fits(&"*a".repeat(100), &format!("{}b", "a".repeat(200))));
    }

    #[test]
    fn the_job_stands_in_the_second_line_of_the_address() {
        let lines = ["Dock", "Pier 1", "Port"].map(str::to_owned);
        let address = ShippingAddress::parse(&lines).unwrap();
        assert_eq!(address.for_job("ABCDE"), "Dock\nJOBID ABCDE\nPier 1\nPort");
        let short = ShippingAddress::parse(&lines[..1]).unwrap();
        assert_eq!(short.for_job("ABCDE"), "Dock\nJOBID ABCDE");
    }

    #[test]
    fn a_host_name_becomes_a_station_name() {
        assert_eq!(
            station_name_of("dock7.example.org").as_str(),
            "dock7.example.org"
        );
        assert_eq!(station_name_of("my dock").as_str(), "my-dock");
        assert_eq!(station_name_of("").as_str(), "station-1");
        assert_eq!(station_name_of(&"x".repeat(70)).as_str().len(), 64);
    }

    #[test]
    fn a_database_url_is_never_printed() {
        let url = DatabaseUrl::parse("postgres://me:hunter2@host/db").unwrap();
        assert_eq!(format!("{url:?}"), "DatabaseUrl(…)");
        assert!(
            !DatabaseUrl::parse("mysql://me:hunter2@host/db")
                .unwrap_err()
                .contains("hunter2")
        );
    }
}
