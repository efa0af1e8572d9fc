//! Who may do what: the embedding program knows the keys, this module knows what their rights mean.

use crate::error::Refusal;
use async_trait::async_trait;
use std::fmt;
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
    pub rights: Arc<dyn BucketRights>,
}

/// What an access key may do with buckets, as the program that embeds the store decides it. Who may import
/// to a bucket may write what is new, who may export from it may read it, and who may do both may do all of
/// it. A key that is made for one task may be told which objects there are, and may do what it likes with those that
/// are its own, without having either right to the others.
///
/// # Contract
/// Asked several times per request, and for each bucket of a list: answers from what it has at hand.
pub trait BucketRights: fmt::Debug + Send + Sync + 'static {
    /// Whether objects may be put into the bucket: attributes of objects can be seen then, but not what is in them or
    /// which there are.
    fn may_import(&self, bucket: &str) -> bool;

    /// Whether objects of the bucket may be read and listed.
    fn may_export(&self, bucket: &str) -> bool;

    /// Whether the bucket may be made: usually by whoever may import to it.
    fn may_make(&self, bucket: &str) -> bool {
        self.may_import(bucket)
    }

    /// Whether it may be seen which objects the bucket has: usually by whoever may export from it.
    fn may_list(&self, bucket: &str) -> bool {
        self.may_export(bucket)
    }

    /// Whether this object may be read: usually by whoever may export from its bucket.
    fn may_read(&self, bucket: &str, _key: &str) -> bool {
        self.may_export(bucket)
    }

    /// Whether everything may be done with this object, such as reading, removing and publishing it: usually by whoever
    /// may do everything with its bucket.
    fn may_manage(&self, bucket: &str, _key: &str) -> bool {
        self.may_import(bucket) && self.may_export(bucket)
    }
}

/// The right to every bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everything;

impl BucketRights for Everything {
    fn may_import(&self, _bucket: &str) -> bool {
        true
    }

    fn may_export(&self, _bucket: &str) -> bool {
        true
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

    pub(crate) fn may_make(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_make(bucket))
    }

    pub(crate) fn may_list(&self, bucket: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_list(bucket))
    }

    /// Whether everything may be done with an object.
    pub(crate) fn may_manage_object(&self, bucket: &str, key: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_manage(bucket, key))
    }

    /// Whether the content of an object may be read.
    pub(crate) fn may_read(&self, bucket: &str, key: &str) -> bool {
        matches!(self, Self::Holder(holder) if holder.rights.may_read(bucket, key))
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

pub use awsproto::secret::SecretKey;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_callers_read_only_what_is_public() {
        let caller = Caller::Anonymous;
        assert!(caller.may_read_by_acl("public-read"));
        assert!(!caller.may_read_by_acl("authenticated-read"));
        assert!(!caller.may_use("any") && !caller.may_manage("any"));
    }
}
