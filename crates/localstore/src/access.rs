//! Plugs the keyring into the protocol library: first the secret for the signature, then the right.

use crate::index::Index;
use crate::keyring::{Caller, KeyHolder, Keyring, KeyringError};
use crate::meaning;
use crate::s3::fault::{access_denied, fault, no_such_bucket};
use async_trait::async_trait;
use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;

tokio::task_local! {
    /// The key that the request at hand was found to be signed with, so that it is looked up once.
    static FOUND: RefCell<Option<Arc<KeyHolder>>>;
}

/// What whoever may import to a bucket may do with it besides looking at what is its own: put objects into it.
const IMPORT: [&str; 9] = [
    "GetBucketLocation",
    "GetBucketVersioning",
    "PutObject",
    "CopyObject",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
];

/// Runs a request with a place to keep its key.
pub(crate) fn with_request<F: Future>(request: F) -> impl Future<Output = F::Output> {
    FOUND.scope(RefCell::new(None), request)
}

/// Authentication and authorization over one keyring.
#[derive(Clone)]
pub(crate) struct Gate {
    keyring: Arc<dyn Keyring>,
    index: Arc<Index>,
}

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let holder = self
            .keyring
            .find(access_key)
            .await
            .map_err(unavailable)?
            .map(Arc::new);
        let holder = holder.ok_or_else(|| {
            s3_error!(
                InvalidAccessKeyId,
                "The access key ID you provided does not exist."
            )
        })?;
        let secret = SecretKey::from(holder.secret.expose());
        // Outside `with_request` there is nothing to keep it in; `check` then asks again.
        let _ = FOUND.try_with(|found| found.replace(Some(holder)));
        Ok(secret)
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let caller = match cx.credentials() {
            None => Caller::Anonymous,
            Some(credentials) => Caller::Holder(self.holder(&credentials.access_key).await?),
        };
        let operation = cx.s3_op().name();
        let path = cx.s3_path();
        let bucket = path.get_bucket_name().map(ToOwned::to_owned);
        let key = path.get_object_key().unwrap_or_default();
        let is_signed = matches!(caller, Caller::Holder(_));
        if !is_allowed(&caller, operation, bucket.as_deref(), key) {
            return Err(self.refusal(is_signed, bucket.as_deref()).await);
        }
        let query = cx.uri().query().unwrap_or_default();
        meaning::check(operation, cx.headers(), query, is_signed)?;
        for (header, bucket) in expected_owners(cx.headers(), bucket.as_deref()) {
            self.check_owner(&header, &bucket).await?;
        }
        cx.extensions_mut().insert(caller);
        Ok(())
    }
}

impl Gate {
    pub(crate) fn new(keyring: impl Keyring, index: Arc<Index>) -> Self {
        Self {
            keyring: Arc::new(keyring),
            index,
        }
    }

    /// Whoever shows no key learns of a bucket that does not exist, as AWS tells it; to others what
    /// they may not use and what is not there look alike.
    async fn refusal(&self, is_signed: bool, bucket: Option<&str>) -> s3s::S3Error {
        match bucket {
            Some(bucket) if !is_signed => match self.index.bucket(bucket).await {
                Ok(None) => no_such_bucket(),
                Ok(Some(_)) => access_denied(),
                Err(error) => fault(error),
            },
            _ => access_denied(),
        }
    }

    /// Whether a bucket that is there belongs to the account that the client thinks of.
    async fn check_owner(&self, expected: &str, bucket: &str) -> S3Result<()> {
        match self.index.bucket(bucket).await.map_err(fault)? {
            Some(bucket) if bucket.owner != expected => Err(access_denied()),
            _ => Ok(()),
        }
    }

    async fn holder(&self, access_key: &str) -> S3Result<Arc<KeyHolder>> {
        if let Ok(Some(holder)) = FOUND.try_with(RefCell::take) {
            return Ok(holder);
        }
        let holder = self.keyring.find(access_key).await.map_err(unavailable)?;
        holder
            .map(Arc::new)
            .ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

/// Whether an operation is allowed on a bucket, or on the object `key` of it; that is empty where there is none.
fn is_allowed(caller: &Caller, operation: &str, bucket: Option<&str>, key: &str) -> bool {
    let Some(bucket) = bucket else {
        return matches!(caller, Caller::Holder(_)) && operation == "ListBuckets";
    };
    match operation {
        // Decided by the operation itself, which knows the object's ACL.
        "GetObject" | "HeadObject" => true,
        _ if !key.is_empty() && caller.may_manage_object(bucket, key) => true,
        "CreateBucket" => caller.may_make(bucket),
        "ListObjects" | "ListObjectsV2" => caller.may_list(bucket),
        _ if IMPORT.contains(&operation) => {
            caller.may_import(bucket) || {
                operation.starts_with("Get") && caller.may_export(bucket)
            }
        }
        // Whoever may import sees uploads of its own.
        "HeadBucket" | "ListParts" | "ListMultipartUploads" => caller.may_use(bucket),
        _ if ["Get", "List"]
            .iter()
            .any(|verb| operation.starts_with(verb)) =>
        {
            caller.may_export(bucket)
        }
        _ => caller.may_manage(bucket),
    }
}

/// Each bucket that a request names, with the account that is said to own it.
fn expected_owners(headers: &HeaderMap, bucket: Option<&str>) -> Vec<(String, String)> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let source = text("x-amz-copy-source").map(|source| {
        let source = source.trim_start_matches('/');
        source.split('/').next().unwrap_or_default()
    });
    [
        (text("x-amz-expected-bucket-owner"), bucket),
        (text("x-amz-source-expected-bucket-owner"), source),
    ]
    .into_iter()
    .filter_map(|(owner, bucket)| Some((owner?.to_owned(), bucket?.to_owned())))
    .collect()
}

fn unavailable(error: KeyringError) -> s3s::S3Error {
    tracing::error!(error = %error, cause = %error.0, "access key not looked up");
    s3_error!(ServiceUnavailable, "Please try again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::BucketRights;

    /// Rights to the buckets that are named.
    #[derive(Debug)]
    struct Named {
        import: &'static [&'static str],
        export: &'static [&'static str],
    }

    impl BucketRights for Named {
        fn may_import(&self, bucket: &str) -> bool {
            self.import.contains(&bucket)
        }

        fn may_export(&self, bucket: &str) -> bool {
            self.export.contains(&bucket)
        }
    }

    fn holder(import: &'static [&str], export: &'static [&str]) -> Caller {
        Caller::Holder(Arc::new(KeyHolder {
            secret: crate::SecretKey::new("secret"),
            account: "a".to_owned(),
            rights: Arc::new(Named { import, export }),
        }))
    }

    /// Every operation that is answered, under each right: nothing is allowed by being forgotten.
    #[test]
    fn operations_are_allowed_by_the_right_they_need() {
        let import = holder(&["b"], &[]);
        let export = holder(&[], &["b"]);
        let both = holder(&["b"], &["b"]);
        for operation in meaning::TABLE.iter().map(|operation| operation.name) {
            if ["ListBuckets", "GetObject", "HeadObject"].contains(&operation) {
                continue;
            }
            let reads = ["Get", "Head", "List"]
                .iter()
                .any(|verb| operation.starts_with(verb));
            assert!(is_allowed(&both, operation, Some("b"), "k"), "{operation}");
            assert_eq!(
                is_allowed(&export, operation, Some("b"), "k"),
                reads,
                "{operation}"
            );
            let puts = IMPORT.contains(&operation)
                || operation == "CreateBucket"
                || ["HeadBucket", "ListParts", "ListMultipartUploads"].contains(&operation);
            assert_eq!(
                is_allowed(&import, operation, Some("b"), "k"),
                puts,
                "{operation}"
            );
            assert!(!is_allowed(&both, operation, Some("c"), "k"), "{operation}");
            assert!(
                !is_allowed(&Caller::Anonymous, operation, Some("b"), "k"),
                "{operation}"
            );
        }
        for operation in [
            "DeleteObject",
            "DeleteObjects",
            "PutObjectAcl",
            "ListObjectsV2",
        ] {
            assert!(
                !is_allowed(&import, operation, Some("b"), "k"),
                "{operation}"
            );
        }
        assert!(is_allowed(&export, "ListBuckets", None, "k"));
        assert!(!is_allowed(&Caller::Anonymous, "ListBuckets", None, "k"));
    }

    /// The right of a task that fills a bucket, whose own objects begin with `own/`.
    #[derive(Debug)]
    struct Task;

    impl BucketRights for Task {
        fn may_import(&self, bucket: &str) -> bool {
            bucket == "b"
        }

        fn may_export(&self, _bucket: &str) -> bool {
            false
        }

        fn may_make(&self, _bucket: &str) -> bool {
            false
        }

        fn may_list(&self, bucket: &str) -> bool {
            bucket == "b"
        }

        fn may_read(&self, bucket: &str, key: &str) -> bool {
            self.may_manage(bucket, key)
        }

        fn may_manage(&self, bucket: &str, key: &str) -> bool {
            bucket == "b" && key.starts_with("own/")
        }
    }

    #[test]
    fn a_key_for_one_task_does_what_that_takes_and_no_more() {
        let task = Caller::Holder(Arc::new(KeyHolder {
            secret: crate::SecretKey::new("secret"),
            account: "a".to_owned(),
            rights: Arc::new(Task),
        }));
        let may = |operation, key| is_allowed(&task, operation, Some("b"), key);
        for operation in ["PutObject", "UploadPart", "AbortMultipartUpload"] {
            assert!(may(operation, "k"), "{operation}");
        }
        for operation in ["ListObjectsV2", "ListMultipartUploads", "HeadBucket"] {
            assert!(may(operation, ""), "{operation}");
        }
        for operation in ["DeleteObject", "PutObjectTagging", "GetObjectAcl"] {
            assert!(may(operation, "own/k"), "{operation}");
            assert!(!may(operation, "k"), "{operation}");
        }
        for operation in [
            "CreateBucket",
            "DeleteBucket",
            "DeleteObjects",
            "ListObjectVersions",
        ] {
            assert!(!may(operation, ""), "{operation}");
        }
        assert!(!is_allowed(&task, "ListObjectsV2", Some("c"), ""));
        assert!(task.may_read("b", "own/k") && !task.may_read("b", "k"));
    }
}
