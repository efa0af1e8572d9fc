//! Plugs the keyring into the protocol library: first the secret for the signature, then the right.

use crate::keyring::{Caller, KeyHolder, Keyring, KeyringError};
use async_trait::async_trait;
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

/// Runs a request with a place to keep its key.
pub(crate) fn with_request<F: Future>(request: F) -> impl Future<Output = F::Output> {
    FOUND.scope(RefCell::new(None), request)
}

/// Authentication and authorization over one keyring.
#[derive(Clone)]
pub(crate) struct Gate(pub(crate) Arc<dyn Keyring>);

#[async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let holder = self
            .0
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
        let allowed = is_allowed(&caller, cx.s3_op().name(), cx.s3_path().get_bucket_name());
        cx.extensions_mut().insert(caller);
        if allowed {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

impl Gate {
    async fn holder(&self, access_key: &str) -> S3Result<Arc<KeyHolder>> {
        if let Ok(Some(holder)) = FOUND.try_with(RefCell::take) {
            return Ok(holder);
        }
        let holder = self.0.find(access_key).await.map_err(unavailable)?;
        holder
            .map(Arc::new)
            .ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

fn is_allowed(caller: &Caller, operation: &str, bucket: Option<&str>) -> bool {
    let Some(bucket) = bucket else {
        return matches!(caller, Caller::Holder(_)) && operation == "ListBuckets";
    };
    match operation {
        // Decided by the operation itself, which knows the object's ACL.
        "GetObject" | "HeadObject" => true,
        _ if ["Get", "Head", "List"]
            .iter()
            .any(|verb| operation.starts_with(verb)) =>
        {
            caller.may_read(bucket)
        }
        _ => caller.may_write(bucket),
    }
}

fn unavailable(error: KeyringError) -> s3s::S3Error {
    tracing::error!(error = %error, cause = %error.0, "access key not looked up");
    s3_error!(ServiceUnavailable, "Please try again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Rights;

    fn reader() -> Caller {
        let rights = Rights::Buckets {
            write: vec![],
            read: vec!["b".to_owned()],
        };
        let secret = crate::SecretKey::new("secret");
        Caller::Holder(Arc::new(KeyHolder {
            secret,
            account: "a".to_owned(),
            rights,
        }))
    }

    #[test]
    fn operations_are_told_apart_by_their_verb() {
        for read in ["ListObjectsV2", "HeadBucket", "GetObjectAcl", "ListParts"] {
            assert!(is_allowed(&reader(), read, Some("b")), "{read}");
            assert!(!is_allowed(&reader(), read, Some("c")), "{read}");
            assert!(!is_allowed(&Caller::Anonymous, read, Some("b")), "{read}");
        }
        for write in [
            "PutObject",
            "PostObject",
            "DeleteObjects",
            "CreateBucket",
            "UploadPart",
        ] {
            assert!(!is_allowed(&reader(), write, Some("b")), "{write}");
            assert!(!is_allowed(&Caller::Anonymous, write, Some("b")), "{write}");
        }
        assert!(is_allowed(&reader(), "ListBuckets", None));
        assert!(!is_allowed(&Caller::Anonymous, "ListBuckets", None));
    }
}
