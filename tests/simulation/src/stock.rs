//! All that is outside of stations and outlives them: buckets, and the services that take images.

use std::collections::BTreeMap;

use imagestore::memory::MemoryServices;
use model::ids::{BucketName, ObjectKey};
use objectstore::Bucket as _;
use objectstore::memory::MemoryBucket;

use crate::oracle::{self, Contents, contents};
use crate::store::Buckets;

/// Buckets and services.
pub struct Stock {
    /// The buckets.
    pub buckets: Buckets,
    /// What they held before the first device came.
    pub before: BTreeMap<BucketName, Contents>,
    /// The services that take images.
    pub services: MemoryServices,
}

impl Stock {
    /// Buckets as they are now, and services that have nothing yet.
    #[must_use]
    pub fn new(buckets: Buckets) -> Self {
        let before = contents_of(&buckets);
        Self {
            buckets,
            before,
            services: MemoryServices::default(),
        }
    }

    /// A bucket.
    #[must_use]
    pub fn bucket(&self, name: &BucketName) -> &MemoryBucket {
        &self.buckets[name]
    }

    /// What all buckets hold.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<BucketName, Contents> {
        contents_of(&self.buckets)
    }

    /// The bytes of an object, if it is there.
    #[must_use]
    pub fn object(&self, bucket: &BucketName, key: &ObjectKey) -> Option<Vec<u8>> {
        let bucket = self.bucket(bucket);
        let is_there = bucket.head(key).expect("memory answers").is_some();
        is_there.then(|| oracle::object(bucket, key).body)
    }
}

fn contents_of(buckets: &Buckets) -> BTreeMap<BucketName, Contents> {
    let all = buckets.iter();
    all.map(|(name, bucket)| (name.clone(), contents(bucket)))
        .collect()
}
