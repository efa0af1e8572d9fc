//! From an address and credentials to buckets.
//!
//! A [`Store`] is one endpoint spoken to under one access key. It owns the pool of connections; the
//! buckets opened from it share that.

use awshttp::endpoint::{InvalidEndpoint, ServiceConfig};
use awshttp::request::{Body, Request};
use awsproto::sign::Credentials;
use model::ids::BucketName;
use ureq::http::Method;

use crate::error::StoreError;
use crate::object::ListedBucket;
use crate::s3::S3Bucket;
use crate::s3::address::Addressing;
use crate::s3::documents;
use crate::s3::wire::Wire;

/// A store, spoken to under one access key.
///
/// Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    wire: Wire,
}

impl Store {
    /// Prepares to speak to a store whose buckets are where `addressing` says. Nothing is sent before the first
    /// call.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn connect(
        config: &ServiceConfig,
        addressing: Addressing,
    ) -> Result<Self, InvalidEndpoint> {
        let wire = Wire::new(config, addressing)?;
        Ok(Self { wire })
    }

    /// Has this store and all its clones speak under another key from now on.
    pub fn sign_with(&self, credentials: &Credentials) {
        self.wire.sign_with(credentials);
    }

    /// Opens a bucket, without asking whether it exists.
    #[must_use]
    pub fn bucket(&self, name: &BucketName) -> S3Bucket {
        S3Bucket::new(self.wire.clone(), name.clone())
    }

    /// Lists the buckets that belong to the access key, or that the store shows it.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`] where the key may not ask.
    pub fn buckets(&self) -> Result<Vec<ListedBucket>, StoreError> {
        let request = Request::new(Method::GET, self.wire.endpoint().service());
        documents::buckets(&self.wire.read(&request)?)
    }

    /// Tells whether a bucket exists, in whoever's possession.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`] if it exists and is closed to us.
    pub fn bucket_exists(&self, name: &BucketName) -> Result<bool, StoreError> {
        let answer = self.wire.ask_head(self.request(Method::HEAD, name))?;
        if answer.status().as_u16() == 404 {
            return Ok(false);
        }
        answer.succeed().map(|_| true)
    }

    /// Creates a bucket in the region of this store. `Ok` also if we own it already.
    ///
    /// # Errors
    /// [`StoreError::Refused`] (`BucketAlreadyExists`) if it belongs to somebody else.
    pub fn create_bucket(&self, name: &BucketName) -> Result<(), StoreError> {
        let mut request = self.request(Method::PUT, name);
        let document = documents::create_bucket(self.wire.region());
        request.body = Body::hashed(document.into_bytes());
        match self.wire.ask(&request)?.succeed() {
            Err(StoreError::Refused(answer)) if answer.code == "BucketAlreadyOwnedByYou" => Ok(()),
            done => done.map(drop),
        }
    }

    /// Asks for a bucket's region.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`]; [`StoreError::AccessDenied`] to all but its owner.
    pub fn bucket_region(&self, name: &BucketName) -> Result<String, StoreError> {
        let mut request = self.request(Method::GET, name);
        request.ask("location", "");
        documents::region(&self.wire.read(&request)?)
    }

    fn request(&self, method: Method, name: &BucketName) -> Request<'static> {
        Request::new(method, self.wire.endpoint().bucket(name))
    }
}
