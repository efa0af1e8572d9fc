//! Which buckets of a manifest an account has no right to.

use model::ids::BucketName;
use model::manifest::{BucketUse, Manifest};

use super::{Action, Resource, authorize};
use crate::jobstore::Account;

/// The uses of buckets that a manifest asks for and that its account may not make of them.
pub(crate) fn denied_buckets(
    manifest: &Manifest,
    account: &Account,
) -> Vec<(BucketName, BucketUse)> {
    let is_denied = |(bucket, usage): &(BucketName, BucketUse)| {
        let action = Action::on_bucket(*usage);
        authorize(account, action, Resource::Bucket(bucket)).is_err()
    };
    manifest.buckets().into_iter().filter(is_denied).collect()
}
