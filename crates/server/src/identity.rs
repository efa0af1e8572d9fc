//! Who sends a request: the claimed access key, its signature, and the account behind it.

use awsquery::claims::Claims;
use awsquery::params::Params;
use awsquery::request::Request;
use awsquery::secret::SecretKey;
use awsquery::verify::{Rules, verify};
use model::actor::Actor;
use model::ids::AccessKeyId;

use crate::api::{Context, Fault};
use crate::jobstore::{Account, JobStoreError};

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// The access key that signed.
    pub key: AccessKeyId,
}

impl Identity {
    /// The caller as the history of jobs names it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Account(self.account.id.clone())
    }
}

/// Finds out who sent a request, and what it says.
///
/// # Errors
/// The faults of [`Claims::parse`] and [`verify`]; `InvalidClientTokenId` for a key that nobody
/// has, that was revoked, or that is temporary, since none are issued here.
pub async fn identify(
    context: &Context,
    request: &Request<'_>,
) -> Result<(Identity, Params), Fault> {
    let claims = Claims::parse(request)?;
    let now = context.clock.now().instant();
    let found = match claims.session_token() {
        Some(_) => None,
        None => look_up(context, claims.access_key_id().as_str()).await?,
    };
    let Some((identity, secret)) = found else {
        // As much work as for a wrong signature, so that time does not tell which keys exist.
        let _ = verify(
            request,
            &claims,
            &SecretKey::new("unknown"),
            now,
            &Rules::IMPORT_EXPORT,
        );
        return Err(awsquery::Fault::InvalidClientTokenId.into());
    };
    verify(request, &claims, &secret, now, &Rules::IMPORT_EXPORT)?;
    Ok((identity, claims.params().clone()))
}

async fn look_up(
    context: &Context,
    id: &str,
) -> Result<Option<(Identity, SecretKey)>, JobStoreError> {
    let Ok(id) = AccessKeyId::new(id) else {
        return Ok(None);
    };
    let found = context.jobs.key(&id).await?;
    Ok(found
        .filter(|(key, ..)| key.revoked.is_none())
        .map(|(key, secret, account)| {
            (
                Identity {
                    account,
                    key: key.id,
                },
                secret,
            )
        }))
}
