//! Identifiers, each a type of its own, so that no two bare strings sit side by side.
//!
//! Every constructor checks its input; a value that exists is valid.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An identifier that does not have the shape its kind demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct InvalidId {
    /// The offending text, as given.
    pub value: String,
    /// What would have been valid, as a noun phrase.
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and wraps it.
            ///
            /// # Errors
            /// [`InvalidId`] says what the text should have looked like.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId { value: text, expected: $expected })
                }
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }
    };
}

text_id!(
    /// An account: twelve digits, as AWS numbers them.
    AccountId,
    "an account id of twelve digits",
    |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// The public half of an access key: 16 to 128 letters, digits and underscores
    /// (IAM reference, `AccessKey.AccessKeyId`).
    AccessKeyId,
    "an access key id of 16 to 128 letters, digits and underscores",
    |t| (16..=128).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
);

text_id!(
    /// A bucket name: 3 to 63 lower-case letters, digits, dots and hyphens; older names of up to
    /// 255 bytes with upper case and underscores are let through, because stores that still
    /// hold such buckets decide themselves.
    BucketName,
    "a bucket name (3 to 255 letters, digits, dots, hyphens or underscores)",
    |t| (3..=255).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && t.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !t.contains("..")
);

text_id!(
    /// The key of an object: 1 to 1024 bytes of UTF-8 (S3 User Guide, *Object key names*).
    ObjectKey,
    "an object key of 1 to 1024 bytes",
    |t| (1..=crate::limits::KEY_BYTES).contains(&t.len())
);

text_id!(
    /// A station, the host that has the devices: 1 to 64 letters, digits, dots, hyphens, underscores.
    StationName,
    "a station name of 1 to 64 letters, digits, dots, hyphens and underscores",
    |t| (1..=64).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
);

text_id!(
    /// A bay of a station: 1 to 200 characters that stay on their line, what stands on the sticker or else the port.
    BayName,
    "a bay's name of 1 to 200 characters on one line",
    |t| (1..=200).contains(&t.chars().count()) && stays_on_its_line(t)
);

text_id!(
    /// A port, where something is plugged in or laid down: 1 to 1024 characters that stay on their line.
    PortId,
    "a port of 1 to 1024 characters on one line",
    |t| (1..=1024).contains(&t.chars().count()) && stays_on_its_line(t)
);

/// Whether a text plays with no terminal and has nothing invisible around it.
fn stays_on_its_line(text: &str) -> bool {
    text.trim() == text && !text.contains(crate::readable::plays_with_terminals)
}

text_id!(
    /// A person who runs a service: 1 to 128 letters, digits, dots, hyphens, underscores, `@` and `+`,
    /// so that it can be a login name or an e-mail address.
    PersonName,
    "a person's name of 1 to 128 letters, digits and the characters `.-_@+`",
    |t| (1..=128).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_@+".contains(&b))
);

text_id!(
    /// What a user or a group of an account is called: 1 to 128 letters, digits and `+=,.@_-` (IAM user guide, *IAM and
    /// AWS STS quotas*). One of a user has at most 64.
    IdentityName,
    "a name of 1 to 128 letters, digits and the characters `+=,.@_-`",
    is_iam_name
);

text_id!(
    /// What a policy of a user or a group is called, in the same characters.
    PolicyName,
    "a policy name of 1 to 128 letters, digits and the characters `+=,.@_-`",
    is_iam_name
);

text_id!(
    /// What no other user or group ever is: 20 letters and digits.
    IdentityId,
    "the id of a user or a group, of 20 letters and digits",
    |t| t.len() == 20 && t.bytes().all(|b| b.is_ascii_alphanumeric())
);

fn is_iam_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

text_id!(
    /// One run of a station's program: 1 to 64 letters and digits, drawn anew with every start.
    Boot,
    "a run of 1 to 64 letters and digits",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric())
);

text_id!(
    /// What a person asked a station to do: 1 to 64 letters and digits.
    OrderId,
    "an order id of 1 to 64 letters and digits",
    |t| (1..=64).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric())
);

text_id!(
    /// A notice: the same in every attempt to deliver it, so that whoever has it twice knows. 1 to 64 letters, digits and
    /// hyphens, which stand in a `Message-ID` as they are.
    NoticeId,
    "the id of a notice, of 1 to 64 letters, digits and hyphens",
    |t| (1..=64).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);

text_id!(
    /// A place that notices are sent to: `wh-` and 1 to 32 letters and digits.
    WebhookId,
    "a webhook such as `wh-0123456789abcdef`",
    |t| t.strip_prefix("wh-").is_some_and(|rest| (1..=32).contains(&rest.len())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
);

/// A job's identifier: five characters of `1`–`9` and `A`–`Z` without `O`, case-insensitive
/// (developer guide of 2009, *Signature File Specification*). Held in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 5]);

/// The 34 characters a job id may hold.
const JOB_ID_ALPHABET: &[u8; 34] = b"123456789ABCDEFGHIJKLMNPQRSTUVWXYZ";

impl JobId {
    /// Characters of an id.
    pub const LENGTH: usize = 5;

    /// Reads an id, upper-casing it.
    ///
    /// # Errors
    /// [`InvalidId`] unless the text is five characters of the alphabet.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            value: text.to_owned(),
            expected: "a job id of five characters (1-9, A-Z without O)",
        };
        let upper = text.to_ascii_uppercase();
        let bytes: [u8; 5] = upper.as_bytes().try_into().map_err(|_| invalid())?;
        if bytes.iter().all(|b| JOB_ID_ALPHABET.contains(b)) {
            Ok(Self(bytes))
        } else {
            Err(invalid())
        }
    }

    /// Makes an id of random bytes. Eight bytes give a bias below one in a hundred billion.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 8]) -> Self {
        let mut number = u64::from_le_bytes(entropy);
        let radix = JOB_ID_ALPHABET.len() as u64;
        let mut bytes = [0; 5];
        for byte in &mut bytes {
            let digit = usize::try_from(number % radix).unwrap_or_default();
            *byte = JOB_ID_ALPHABET[digit];
            number /= radix;
        }
        Self(bytes)
    }

    /// The id as text, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(&text)
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> String {
        id.as_str().to_owned()
    }
}

impl std::str::FromStr for JobId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

/// What a job does (API reference, `JobType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobType {
    /// A device is loaded into the store.
    Import,
    /// A device is filled from the store.
    Export,
}

impl JobType {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "Import",
            Self::Export => "Export",
        }
    }

    /// Reads the wire name in any case: the live service took `import` (AWS CLI issue 1298).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Import, Self::Export]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for JobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_ids_are_read_in_any_case_and_refuse_the_letter_o_and_zero() {
        assert_eq!(JobId::new("wxspp").unwrap().as_str(), "WXSPP");
        for bad in [
            "",
            "ABCD",
            "ABCDEF",
            "ABCDO",
            "ABCD0",
            "AB-DE",
            "45HFS-VALIDATE-ONLY",
        ] {
            assert!(JobId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn job_ids_of_any_entropy_are_valid() {
        for seed in 0..10_000_u64 {
            let id = JobId::from_entropy(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
            assert_eq!(JobId::new(id.as_str()), Ok(id));
        }
    }

    #[test]
    fn keys_stop_at_1024_bytes() {
        assert!(ObjectKey::new("é".repeat(512)).is_ok());
        assert!(ObjectKey::new("é".repeat(513)).is_err());
        assert!(ObjectKey::new("").is_err());
    }

    #[test]
    fn bays_and_ports_stay_on_their_line() {
        for good in ["B3", "left, upper", "loop:/srv/bays/Tür 1"] {
            assert!(BayName::new(good).is_ok() && PortId::new(good).is_ok());
        }
        for bad in [
            "",
            " B3",
            "B\n3",
            "B\u{1b}[2J",
            "B\u{202e}3",
            &"x".repeat(1025),
        ] {
            assert!(BayName::new(bad).is_err() && PortId::new(bad).is_err());
        }
    }

    #[test]
    fn job_types_are_read_in_any_case() {
        assert_eq!(JobType::parse("import"), Some(JobType::Import));
        assert_eq!(JobType::parse("EXPORT"), Some(JobType::Export));
        assert_eq!(JobType::parse("Move"), None);
    }
}
