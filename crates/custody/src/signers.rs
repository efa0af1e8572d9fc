//! Whose signatures count, and when: lines of allowed signers as `ssh-keygen -Y verify -f` reads them, and the list of
//! keys that count no more, as its `-r` does.

use std::fmt;

use crate::installation::InstallationName;
use crate::key::PublicKey;
use crate::moment::Moment;
use crate::sshsig::NAMESPACE;

/// Longest list that is read: some two thousand keys.
const BYTES: usize = 1 << 20;

/// A key that signs the receipts of an installation. Its text is a line of allowed signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Of which installation.
    pub installation: InstallationName,
    /// The key.
    pub key: PublicKey,
    /// From when on; a key that replaced another.
    pub after: Option<Moment>,
    /// Until when; a key that was replaced.
    pub before: Option<Moment>,
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let principal = self.installation.principal();
        write!(f, "{principal} namespaces=\"{NAMESPACE}\"")?;
        for (name, time) in [("valid-after", self.after), ("valid-before", self.before)] {
            if let Some(time) = time {
                write!(f, ",{name}=\"{}\"", digits(time))?;
            }
        }
        write!(f, " {}", self.key)
    }
}

/// `20261129210411Z`: whole seconds in UTC.
fn digits(time: Moment) -> String {
    let text = time.to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
    digits + "Z"
}

/// Whether a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Counts,
    /// Not at that time: it counted from then on.
    TooEarly(Moment),
    /// Not at that time: it counted until then.
    TooLate(Moment),
    /// Nobody names it for this installation.
    Unknown,
}

/// What a list of allowed signers says of keys.
#[derive(Debug, Clone, Default)]
pub struct Signers(Vec<Allowed>);

/// A line that can count for a receipt.
#[derive(Debug, Clone)]
struct Allowed {
    principals: Vec<String>,
    key: PublicKey,
    after: Option<Moment>,
    before: Option<Moment>,
}

/// A list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// It is too long for one.
    #[error("it has {0} bytes, more than {BYTES}")]
    TooLong(usize),
    /// A line of it cannot be read.
    #[error("line {line}: {wrong}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        wrong: &'static str,
    },
}

impl Signers {
    /// Reads a list of allowed signers. Lines of other kinds of keys, of authorities and for other purposes are left
    /// out, and so are principals that are patterns: what is not understood never counts.
    ///
    /// # Errors
    /// [`Unlisted`].
    pub fn parse(text: &str) -> Result<Self, Unlisted> {
        let lines = numbered(text)?;
        let allowed =
            lines.map(|(line, text)| allowed(text).map_err(|wrong| Unlisted::Line { line, wrong }));
        let allowed: Result<Vec<_>, _> = allowed.collect();
        Ok(Self(allowed?.into_iter().flatten().collect()))
    }

    /// How a key stands that signed for this installation at that time.
    #[must_use]
    pub fn standing(&self, of: &InstallationName, key: PublicKey, at: Moment) -> Standing {
        let lines = self.named(of).filter(|line| line.key == key);
        let mut found = Standing::Unknown;
        for line in lines {
            found = match (line.after, line.before) {
                (Some(after), _) if at < after => Standing::TooEarly(after),
                (_, Some(before)) if before < at => Standing::TooLate(before),
                _ => return Standing::Counts,
            };
        }
        found
    }

    /// The keys that this installation has or had.
    pub fn keys(&self, of: &InstallationName) -> impl Iterator<Item = PublicKey> {
        self.named(of).map(|line| line.key)
    }

    fn named(&self, of: &InstallationName) -> impl Iterator<Item = &Allowed> {
        let principal = of.principal();
        let lines = self.0.iter();
        lines.filter(move |line| line.principals.contains(&principal))
    }
}

/// Lines that say something, with their numbers.
fn numbered(text: &str) -> Result<impl Iterator<Item = (usize, &str)>, Unlisted> {
    if text.len() > BYTES {
        return Err(Unlisted::TooLong(text.len()));
    }
    let lines = (1..).zip(text.lines().map(str::trim));
    Ok(lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')))
}

/// `PRINCIPALS [OPTIONS] KIND KEY [REMARK]`
fn allowed(line: &str) -> Result<Option<Allowed>, &'static str> {
    let (principals, rest) = line.split_once(' ').ok_or("it has no key")?;
    let rest = rest.trim_start();
    let (options, key) = match rest.starts_with("ssh-") || rest.starts_with("ecdsa-") {
        true => ("", rest),
        false => split_outside_quotes(rest, ' ').ok_or("it has no key")?,
    };
    let Ok(key) = key.trim_start().parse() else {
        return Ok(None);
    };
    let mut line = Allowed {
        principals: principals
            .trim_matches('"')
            .split(',')
            .map(str::to_owned)
            .collect(),
        key,
        after: None,
        before: None,
    };
    let mut rest = options;
    while !rest.is_empty() {
        let (option, more) = split_outside_quotes(rest, ',').unwrap_or((rest, ""));
        rest = more;
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = value.trim_matches('"');
        match name {
            "namespaces" if value.split(',').any(|name| name == NAMESPACE) => {}
            "valid-after" => line.after = Some(time(value)?),
            "valid-before" => line.before = Some(time(value)?),
            // Another purpose, an authority, or what a later OpenSSH knows.
            _ => return Ok(None),
        }
    }
    Ok(Some(line))
}

fn split_outside_quotes(text: &str, at: char) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let place = text.find(|c: char| {
        is_quoted ^= c == '"';
        c == at && !is_quoted
    })?;
    Some((&text[..place], &text[place + at.len_utf8()..]))
}

/// Reads `YYYYMMDD[HHMM[SS]]Z`.
fn time(text: &str) -> Result<Moment, &'static str> {
    const WRONG: &str = "a time of it is not one in UTC, such as `20261129210411Z`";
    let digits = text.strip_suffix('Z').ok_or(WRONG)?;
    let is_one = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_one {
        return Err(WRONG);
    }
    let all = format!("{digits:0<14}");
    let (date, clock) = all.split_at(8);
    let (year, day) = date.split_at(4);
    let text = format!(
        "{year}-{}-{}T{}:{}:{}.000Z",
        &day[..2],
        &day[2..],
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    );
    text.parse().map_err(|_| WRONG)
}

/// Keys that count no more, whatever they signed and when.
#[derive(Debug, Clone, Default)]
pub struct Revoked(Vec<PublicKey>);

impl Revoked {
    /// Of these.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// Reads a list of keys, one a line.
    ///
    /// # Errors
    /// [`Unlisted`] also for a line that is no key of ours: a key that is revoked and not read would count.
    pub fn parse(text: &str) -> Result<Self, Unlisted> {
        let wrong = "it is not an `ssh-ed25519` key";
        let lines = numbered(text)?;
        let keys =
            lines.map(|(line, text)| text.parse().map_err(|_| Unlisted::Line { line, wrong }));
        keys.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a key is among them.
    #[must_use]
    pub fn has(&self, key: PublicKey) -> bool {
        self.0.contains(&key)
    }
}

/// The list, as `ssh-keygen -r` reads it.
impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|key| writeln!(f, "{key}"))
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::key::PrivateKey;

    fn key(number: u8) -> PublicKey {
        PrivateKey::new(Zeroizing::new([number; 32])).public()
    }

    fn dock() -> InstallationName {
        InstallationName::new("dock.example").unwrap()
    }

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_counts_for_its_time() {
        let rotated = at("2026-05-01T12:00:00.000Z");
        let signer = |number, after, before| Signer {
            installation: dock(),
            key: key(number),
            after,
            before,
        };
        let list = format!(
            "# keys\n{}\n{}\n",
            signer(1, None, Some(rotated)),
            signer(2, Some(rotated), None)
        );
        assert!(
            list.contains("namespaces=\"longshore-receipt\",valid-before=\"20260501120000Z\" ssh-")
        );
        let signers = Signers::parse(&list).unwrap();
        let (early, late) = (
            at("2026-04-30T00:00:00.000Z"),
            at("2026-05-01T12:00:00.001Z"),
        );
        let standing = |number, at| signers.standing(&dock(), key(number), at);
        assert_eq!(standing(1, early), Standing::Counts);
        assert_eq!(standing(1, late), Standing::TooLate(rotated));
        assert_eq!(standing(2, early), Standing::TooEarly(rotated));
        assert_eq!(standing(2, late), Standing::Counts);
        assert_eq!(standing(3, late), Standing::Unknown);
        let other = InstallationName::new("other.example").unwrap();
        assert_eq!(signers.standing(&other, key(1), early), Standing::Unknown);
        assert_eq!(signers.keys(&dock()).count(), 2);
    }

    #[test]
    fn lines_for_something_else_never_count() {
        let key = key(1);
        let counts = |line: &str| {
            let signers = Signers::parse(line).unwrap();
            signers.standing(&dock(), key, Moment::FIRST) == Standing::Counts
        };
        for line in [
            format!("custody@dock.example {key}"),
            format!("jane@x,custody@dock.example {key} a remark"),
            format!("custody@dock.example namespaces=\"git,longshore-receipt\" {key}"),
        ] {
            assert!(counts(&line), "{line}");
        }
        for line in [
            format!("custody@dock.example namespaces=\"git\" {key}"),
            format!("custody@dock.example cert-authority {key}"),
            format!("custody@dock.example later-option=\"x\" {key}"),
            format!("*@dock.example {key}"),
            format!("!custody@dock.example {key}"),
            "custody@dock.example ssh-rsa AAAA".to_owned(),
        ] {
            assert!(!counts(&line), "{line}");
        }
    }

    #[test]
    fn times_are_read_in_utc_only() {
        for (text, read) in [
            ("20260501Z", "2026-05-01T00:00:00.000Z"),
            ("202605011230Z", "2026-05-01T12:30:00.000Z"),
            ("20260501123059Z", "2026-05-01T12:30:59.000Z"),
        ] {
            assert_eq!(time(text), Ok(at(read)));
        }
        for wrong in ["20260501", "2026050112Z", "20261301Z", "Z", "", "+0260501Z"] {
            assert!(time(wrong).is_err(), "{wrong}");
            let line = format!("custody@dock.example valid-after=\"{wrong}\" {}", key(1));
            assert!(
                Signers::parse(&line)
                    .unwrap_err()
                    .to_string()
                    .starts_with("line 1: a time")
            );
        }
    }

    #[test]
    fn a_revoked_key_is_known_again() {
        let list = Revoked::new(vec![key(1), key(2)]).to_string();
        let revoked = Revoked::parse(&list).unwrap();
        assert!(revoked.has(key(2)) && !revoked.has(key(3)));
        let wrong = Revoked::parse("ssh-ed25519 AAAA\n").unwrap_err();
        assert_eq!(wrong.to_string(), "line 1: it is not an `ssh-ed25519` key");
    }
}
