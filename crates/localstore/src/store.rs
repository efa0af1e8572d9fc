//! The store as its embedding program sees it: open, serve, close.

use crate::access::{self, Gate};
use crate::answer::{self, RequestId};
use crate::error::{OpenError, Refusal, StoreError};
use crate::index::apply::Change;
use crate::index::rows::{Bucket, Moment};
use crate::index::{self, Index, writer::Writer};
use crate::keyring::Keyring;
use crate::tree::{Incoming, Tree};
use crate::{front, keyring, limits, naming, recover};
use futures::StreamExt as _;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto::StreamingBlob;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{HttpError, HttpRequest, HttpResponse};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::Instrument as _;

/// How much an acknowledgement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// What was acknowledged survives a power failure.
    #[default]
    Full,
    /// What was acknowledged survives the end of this process, but not of the machine. For tests.
    Relaxed,
}

/// An open store. Clones are the same store.
#[derive(Debug, Clone)]
pub struct LocalStore {
    pub(crate) index: Arc<Index>,
    pub(crate) tree: Arc<Tree>,
    pub(crate) writer: Arc<Writer>,
    made: Arc<AtomicU64>,
}

/// The store behind a keyring, as a service that answers HTTP requests.
#[derive(Debug, Clone)]
pub struct Service(S3Service);

impl LocalStore {
    /// Opens the store in a folder with [`Durability::Full`], making it if it is not there.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::InUse`] if another process has it.
    pub async fn open(root: &Path) -> Result<Self, OpenError> {
        Self::open_with(root, Durability::Full).await
    }

    /// Opens the store in a folder and clears away what a crash may have left.
    ///
    /// # Errors
    /// As [`LocalStore::open`].
    pub async fn open_with(root: &Path, durability: Durability) -> Result<Self, OpenError> {
        let tree = Arc::new(Tree::open(root, durability)?);
        let mut opened = index::open(tree.root(), durability).await;
        if opened.is_err() && tree.reserve().is_wanted() && tree.reserve().release() {
            opened = index::open(tree.root(), durability).await;
        }
        let (index, db) = opened?;
        let struck = recover::recover(&index, &tree).await?;
        let index = Arc::new(index);
        let writer = Writer::start(Arc::clone(&index), db, Arc::clone(&tree), struck);
        Ok(Self {
            index,
            tree,
            writer: Arc::new(writer),
            made: Arc::default(),
        })
    }

    /// Makes a bucket for an account; one that the account has already is fine.
    ///
    /// # Errors
    /// [`Refusal::BadBucketName`], [`Refusal::BucketExists`] for another account's, or a failure.
    pub async fn create_bucket(&self, name: &str, account: &str) -> Result<(), StoreError> {
        match self.make_bucket(name, account, "").await {
            Err(StoreError::Refused(refusal)) if keyring::owns(&refusal, account) => Ok(()),
            made => made,
        }
    }

    /// Whether there is a bucket of this name.
    ///
    /// # Errors
    /// [`StoreError::Index`] if the index cannot be read.
    pub async fn has_bucket(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.index.bucket(name).await?.is_some())
    }

    /// How many buckets were made since it was opened: whoever waits for one need not ask while this is the same.
    #[must_use]
    pub fn buckets_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The store as a service for the holders of these keys.
    #[must_use]
    pub fn service(&self, keyring: impl Keyring) -> Service {
        let gate = Gate::new(keyring, Arc::clone(&self.index));
        let mut builder = S3ServiceBuilder::new(self.clone());
        builder.set_auth(gate.clone());
        builder.set_access(gate);
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(protocol()))));
        Service(builder.build())
    }

    /// Finishes the changes under way and closes the index. Later changes fail.
    pub async fn close(&self) {
        self.writer.close().await;
        self.index.readers.close().await;
    }

    pub(crate) async fn make_bucket(
        &self,
        name: &str,
        account: &str,
        region: &str,
    ) -> Result<(), StoreError> {
        if !naming::is_bucket_name(name) {
            return Err(Refusal::BadBucketName.into());
        }
        let bucket = Bucket {
            name: name.to_owned(),
            owner: account.to_owned(),
            region: region.to_owned(),
            created: Moment::now(),
        };
        self.change(Change::CreateBucket(bucket)).await?;
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) async fn change(&self, change: Change) -> Result<(), StoreError> {
        self.writer.submit(change, None).await
    }

    pub(crate) async fn change_with(
        &self,
        change: Change,
        contents: Incoming,
    ) -> Result<(), StoreError> {
        self.writer.submit(change, Some(contents)).await
    }
}

impl Service {
    /// Answers one request.
    ///
    /// # Errors
    /// [`HttpError`] if no answer could be made; the connection is best closed.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let id = RequestId::draw();
        let path = request.uri().path().to_owned();
        let is_attributes = is_attributes(&request);
        let span = tracing::info_span!("s3", request = %id.short);
        let mut response = self.answer(request).instrument(span).await?;
        if is_attributes {
            answer::unquote_tag(&mut response);
        }
        id.stamp(&mut response, &path);
        Ok(response)
    }

    async fn answer(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if is_form(&request) {
            return Ok(answer::no_forms());
        }
        if let Err(stop) = front::check(&mut request) {
            tracing::debug!(code = stop.code, message = stop.message, "request stopped");
            drain(&mut request).await;
            return Ok(answer::stopped(&stop));
        }
        access::with_request(self.0.call(request)).await
    }
}

/// Reads past the body of a request that goes no further, if it is not too long: a client that is
/// still sending when the connection closes would not see the answer.
async fn drain(request: &mut HttpRequest) {
    let length = request.headers().get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length <= limits::DRAINED_BYTES) {
        let mut body = StreamingBlob::from(std::mem::take(request.body_mut()));
        while let Some(Ok(_)) = body.next().await {}
    }
}

/// What the protocol library may do. A form that reaches it all the same is cut short.
fn protocol() -> S3Config {
    let mut config = S3Config::default();
    config.post_object_max_file_size = 0;
    config.form_max_field_size = 0;
    config.form_max_fields_size = 0;
    config.form_max_parts = 0;
    config.xml_max_body_size = limits::DOCUMENT_BYTES;
    config
}

/// Whether a request asks for GetObjectAttributes, in whose answer the entity tag is written otherwise.
fn is_attributes(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let mut names = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default());
    request.method() == http::Method::GET && names.any(|name| name == "attributes")
}

/// Whether a request is a browser's form. The protocol library would take one into memory, up to
/// gigabytes, before it looks at any credential.
fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    request.method() == http::Method::POST
        && kind
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::keyring::{KeyHolder, KeyringError};
    use s3s::Body;

    /// Nobody has a key.
    struct Nobody;

    #[async_trait::async_trait]
    impl Keyring for Nobody {
        async fn find(&self, _: &str) -> Result<Option<KeyHolder>, KeyringError> {
            Ok(None)
        }
    }

    /// A store in a folder of its own, to be kept, and its service.
    pub(crate) async fn service() -> (tempfile::TempDir, LocalStore, Service) {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open_with(folder.path(), Durability::Relaxed)
            .await
            .unwrap();
        let service = store.service(Nobody);
        (folder, store, service)
    }

    /// The second line of defense: a form that the service does let through.
    #[tokio::test]
    async fn the_protocol_library_takes_no_forms_either() {
        let (_folder, _store, service) = service().await;
        let form = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nb\r\n--x--\r\n";
        let request = http::Request::post("http://store/bucket")
            .header("content-type", "multipart/form-data; boundary=x")
            .body(Body::from(form.to_owned()))
            .unwrap();
        let answer = service.0.call(request).await.unwrap();
        assert_eq!(answer.status(), http::StatusCode::BAD_REQUEST);
    }
}
