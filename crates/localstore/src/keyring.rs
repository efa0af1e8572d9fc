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

/// What an access key may do: the same as through the API for jobs. Who may import to a bucket may
/// write what is new, who may export from it may read it, and who may do both may do all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// All of it.
    Everything,
    /// Only some buckets. Names are exact, or end with `*` for all names that begin alike.
    Buckets {
        /// Buckets it may make, and put objects into; it sees attributes of objects, but not what
        /// is in them or which there are.
        import: Vec<String>,
        /// Buckets it may read and list.
        export: Vec<String>,
    },
}

impl Rights {
    /// Whether objects of the bucket may be read and listed.
    #[must_use]
    pub fn may_export(&self, bucket: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Buckets { export, .. } => any(export, bucket),
        }
    }

    /// Whether the bucket may be made, and objects put into it.
    #[must_use]
    pub fn may_import(&self, bucket: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Buckets { import, .. } => any(import, bucket),
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
    pub(crate) fn may_export(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_export(bucket))
    }

    pub(crate) fn may_import(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_import(bucket))
    }

    /// Whether the bucket may be used at all.
    pub(crate) fn may_use(&self, bucket: &str) -> bool {
        self.may_export(bucket) || self.may_import(bucket)
    }

    /// Whether everything may be done with the bucket: delete, publish, touch others' uploads.
    pub(crate) fn may_manage(&self, bucket: &str) -> bool {
        self.may_export(bucket) && self.may_import(bucket)
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
    fn importing_and_exporting_are_two_rights() {
        let rights = Rights::Buckets {
            import: vec!["mine".to_owned(), "team-*".to_owned()],
            export: vec!["theirs".to_owned(), "mine".to_owned()],
        };
        for (bucket, import, export) in [
            ("mine", true, true),
            ("team-a", true, false),
            ("team-", true, false),
            ("theirs", false, true),
            ("mine2", false, false),
            ("team", false, false),
        ] {
            assert_eq!(rights.may_import(bucket), import, "{bucket}");
            assert_eq!(rights.may_export(bucket), export, "{bucket}");
        }
        assert!(Rights::Everything.may_import("any") && Rights::Everything.may_export("any"));
    }

    #[test]
    fn anonymous_callers_read_only_what_is_public() {
        let caller = Caller::Anonymous;
        assert!(caller.may_read_by_acl("public-read"));
        assert!(!caller.may_read_by_acl("authenticated-read"));
        assert!(!caller.may_use("any") && !caller.may_manage("any"));
    }
}
