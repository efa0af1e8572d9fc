//! Who may do what: the embedding program knows the keys, this module knows what their rights mean.

use crate::error::Refusal;
use async_trait::async_trait;
use std::sync::Arc;

/// Where access keys are looked up.
///
/// # Contract
/// Asked once per signed request, so an implementation on a database should remember answers for a
/// moment. `None` means unknown or revoked; the two look the same to a client.
#[async_trait]
pub trait Keyring: Send + Sync + 'static {
    /// Finds an access key.
    ///
    /// # Errors
    /// [`KeyringError`] if the question cannot be answered now; the client is told to retry.
    async fn find(&self, access_key_id: &str) -> Result<Option<KeyHolder>, KeyringError>;
}

/// The keys cannot be looked up now.
#[derive(Debug, thiserror::Error)]
#[error("could not look up an access key")]
pub struct KeyringError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// An access key that is in force.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    /// The secret that requests are signed with.
    pub secret: SecretKey,
    /// The account it belongs to; becomes the owner of buckets and objects.
    pub account: String,
    /// What it may do.
    pub rights: Rights,
}

/// What an access key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// All of it.
    Everything,
    /// Only some buckets. Names are exact, or end with `*` for all names that begin alike.
    Buckets {
        /// Buckets it may create, delete, read and write.
        write: Vec<String>,
        /// Buckets it may read.
        read: Vec<String>,
    },
}

impl Rights {
    /// Whether objects of the bucket may be read and listed.
    #[must_use]
    pub fn may_read(&self, bucket: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Buckets { write, read } => any(write, bucket) || any(read, bucket),
        }
    }

    /// Whether the bucket may be made, changed and removed.
    #[must_use]
    pub fn may_write(&self, bucket: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Buckets { write, .. } => any(write, bucket),
        }
    }
}

/// Who sent a request, once its signature is checked.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Anonymous,
    Holder(Arc<KeyHolder>),
}

impl Caller {
    pub(crate) fn may_read(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_read(bucket))
    }

    pub(crate) fn may_write(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_write(bucket))
    }

    /// Whether a canned ACL lets this caller read an object whatever its rights.
    pub(crate) fn may_read_by_acl(&self, acl: &str) -> bool {
        match acl {
            "public-read" | "public-read-write" => true,
            "authenticated-read" => matches!(self, Self::Holder(_)),
            _ => false,
        }
    }

    pub(crate) fn account(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Holder(holder) => &holder.account,
        }
    }
}

/// Whether an account that makes a bucket it already has may take that for success.
pub(crate) fn owns(refusal: &Refusal, account: &str) -> bool {
    matches!(refusal, Refusal::BucketExists { owner } if owner == account)
}

fn any(patterns: &[String], bucket: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => bucket.starts_with(start),
            None => pattern == bucket,
        })
}

pub use awsquery::secret::SecretKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_implies_reading_and_patterns_end_with_a_star() {
        let rights = Rights::Buckets {
            write: vec!["mine".to_owned(), "team-*".to_owned()],
            read: vec!["theirs".to_owned()],
        };
        for bucket in ["mine", "team-a", "team-"] {
            assert!(
                rights.may_write(bucket) && rights.may_read(bucket),
                "{bucket}"
            );
        }
        assert!(rights.may_read("theirs") && !rights.may_write("theirs"));
        for bucket in ["mine2", "team", "other"] {
            assert!(
                !rights.may_write(bucket) && !rights.may_read(bucket),
                "{bucket}"
            );
        }
    }

    #[test]
    fn anonymous_callers_read_only_what_is_public() {
        let caller = Caller::Anonymous;
        assert!(caller.may_read_by_acl("public-read"));
        assert!(!caller.may_read_by_acl("authenticated-read"));
        assert!(!caller.may_read("any") && !caller.may_write("any"));
    }
}
