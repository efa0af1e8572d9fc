//! Which buckets of a manifest an account has no right to.

use model::ids::BucketName;
use model::manifest::{BucketUse, Manifest};

use super::{Action, Principal, Resource, authorize};

/// The uses of buckets that a manifest asks for and that who has the job may not make of them.
pub(crate) fn denied_buckets<'a>(
    manifest: &Manifest,
    who: impl Into<Principal<'a>>,
) -> Vec<(BucketName, BucketUse)> {
    let who = who.into();
    let is_denied = |(bucket, usage): &(BucketName, BucketUse)| {
        let action = Action::on_bucket(*usage);
        authorize(who, action, Resource::Bucket(bucket)).is_err()
    };
    manifest.buckets().into_iter().filter(is_denied).collect()
}
