//! What of an import is in the bucket already, as its listing tells.

use std::collections::HashMap;

use model::ids::ObjectKey;
use model::manifest::S3Import;
use model::report;
use objectstore::{Bucket, StoreError};
use transfer::settings::Existing;
use transfer::stop::Stop;

use super::survey::Takes;
use crate::bucket::store_failure;
use crate::exit::Failure;
use crate::local_service::LocalService;

/// Objects of a page: what S3 gives at most.
const PAGE: u16 = 1000;

/// The sizes of objects, in bytes, by key.
#[derive(Debug, Default)]
pub(super) struct Present(HashMap<ObjectKey, u64>);

impl Present {
    /// Lists the bucket under the prefix of the import. A bucket that is not there has nothing.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn find(
        local: &LocalService,
        rules: &S3Import,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        match local.bucket(&rules.bucket)? {
            Some(bucket) => Self::list(&bucket, &rules.prefix, stop),
            None => Ok(Self::default()),
        }
    }

    fn list(bucket: &dyn Bucket, prefix: &str, stop: &Stop) -> Result<Self, Failure> {
        let (mut found, mut last) = (HashMap::new(), None);
        while !stop.is_set() {
            let page = match bucket.list(prefix, last.as_ref(), PAGE) {
                Ok(page) => page,
                Err(StoreError::NoSuchBucket(_)) => break,
                Err(error) => return Err(store_failure(error, "could not list the bucket")),
            };
            last = page.objects.last().map(|object| object.key.clone());
            found.extend(
                page.objects
                    .into_iter()
                    .map(|object| (object.key, object.size)),
            );
            if !page.more || last.is_none() {
                break;
            }
        }
        Ok(Self(found))
    }

    /// The size of an object that is there.
    pub(super) fn size(&self, key: &ObjectKey) -> Option<u64> {
        self.0.get(key).copied()
    }

    /// What becomes of a file: an object that is as long is taken for the same.
    pub(super) fn takes(&self, key: &ObjectKey, bytes: u64, existing: Existing) -> Takes {
        match (self.size(key), existing) {
            (Some(size), _) if size == bytes => Takes::Nothing,
            (Some(_), Existing::Keep) => Takes::Refused,
            (Some(_), _) if report::has_name_of_one(key) => Takes::Refused,
            _ => Takes::Room,
        }
    }
}
