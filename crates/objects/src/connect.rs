//! From an address and credentials to buckets.
//!
//! A [`Store`] is one endpoint spoken to under one access key. It owns the pool of connections; the
//! buckets opened from it share that.

use std::sync::Arc;
use std::time::Duration;

use awsquery::sign::Credentials;
use bytes::Bytes;
use model::ids::BucketName;
use ureq::http::Method;

use crate::error::StoreError;
use crate::http::Surroundings;
use crate::object::ListedBucket;
use crate::s3::S3Bucket;
use crate::s3::address::{Addressing, Endpoint, InvalidEndpoint};
use crate::s3::documents;
use crate::s3::wire::{Call, Wire};

/// How long to wait for a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, name resolution and TLS included.
    pub connect: Duration,
    /// The longest silence while sending, waiting for an answer or receiving. There is no limit on
    /// the whole: a part of 64 MiB over a thin line takes as long as it takes, while bytes flow.
    pub silence: Duration,
    /// The longest silence while the store assembles a multipart object: minutes are documented
    /// for large ones (API reference, `CompleteMultipartUpload`).
    pub assembly: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            assembly: Duration::from_secs(600),
        }
    }
}

/// What it takes to speak to a store.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `http://` or `https://`, host, perhaps a port and a path.
    pub endpoint: String,
    /// The region to sign for, such as `us-east-1`.
    pub region: String,
    /// The access key to sign with.
    pub credentials: Credentials,
    /// Where the bucket's name goes: into the path on nearly all stores one runs oneself.
    pub addressing: Addressing,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How many idle connections to keep: as many as there are threads that send.
    pub connections: usize,
    /// What stands between this host and the store.
    pub surroundings: Surroundings,
}

impl StoreConfig {
    /// A configuration with path-style addresses, the usual patience and 64 connections.
    #[must_use]
    pub fn new(
        endpoint: impl Into<String>,
        region: impl Into<String>,
        credentials: Credentials,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            region: region.into(),
            credentials,
            addressing: Addressing::Path,
            timeouts: Timeouts::default(),
            connections: 64,
            surroundings: Surroundings::default(),
        }
    }
}

/// A store, spoken to under one access key.
///
/// Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Store {
    wire: Arc<Wire>,
}

impl Store {
    /// Prepares to speak to a store. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn connect(config: StoreConfig) -> Result<Self, InvalidEndpoint> {
        let endpoint = Endpoint::parse(&config.endpoint, config.addressing)?;
        let wire = Wire::new(endpoint, &config);
        Ok(Self {
            wire: Arc::new(wire),
        })
    }

    /// Opens a bucket, without asking whether it exists.
    #[must_use]
    pub fn bucket(&self, name: &BucketName) -> S3Bucket {
        S3Bucket::new(Arc::clone(&self.wire), name.clone())
    }

    /// Lists the buckets that belong to the access key, or that the store shows it.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`] where the key may not ask.
    pub fn buckets(&self) -> Result<Vec<ListedBucket>, StoreError> {
        let call = Call::new(Method::GET, self.wire.endpoint().service());
        documents::buckets(&self.wire.ask(&call)?.document()?)
    }

    /// Tells whether a bucket exists, in whoever's possession.
    ///
    /// # Errors
    /// [`StoreError::AccessDenied`] if it exists and is closed to us.
    pub fn bucket_exists(&self, name: &BucketName) -> Result<bool, StoreError> {
        let answer = self.wire.ask_head(self.call(Method::HEAD, name))?;
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
        let mut call = self.call(Method::PUT, name);
        call.body = Bytes::from(documents::create_bucket(self.wire.region()));
        match self.wire.ask(&call)?.succeed() {
            Err(StoreError::Refused(answer)) if answer.code == "BucketAlreadyOwnedByYou" => Ok(()),
            done => done.map(drop),
        }
    }

    /// Asks for a bucket's region.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`]; [`StoreError::AccessDenied`] to all but its owner.
    pub fn bucket_region(&self, name: &BucketName) -> Result<String, StoreError> {
        let mut call = self.call(Method::GET, name);
        call.query.push(("location", ""));
        documents::region(&self.wire.ask(&call)?.document()?)
    }

    fn call(&self, method: Method, name: &BucketName) -> Call<'static> {
        Call::new(method, self.wire.endpoint().bucket(name))
    }
}
