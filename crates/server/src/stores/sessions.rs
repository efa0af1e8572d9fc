//! Stores that give a key for each attempt at a job, which ends by itself: who asks for it, and what it may do.
//!
//! The service's own key is never told to a station then: it is the one that a role may be assumed with.

use std::sync::Arc;

use awshttp::endpoint::ServiceConfig;
use model::control::{KeySession, StoreAccess};
use model::ids::{BucketName, JobId, StationName};
use model::manifest::Manifest;
use objectstore::StoreError;
use objectstore::sts::{POLICY_CHARS, SESSION_CHARS, ShortLivedKey, TokenService, Wanted};

use super::{StoresError, policy};
use crate::config::StsConfig;

/// A policy under which a key may do nothing: one is asked for to see whether any would be given.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}"#;

/// What gives a store's keys for attempts.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    service: Arc<TokenService>,
    config: StsConfig,
}

/// Why there is no key for an attempt.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSession {
    /// The job has more buckets than a policy can name.
    #[error(
        "what the job may do takes {0} characters, and a policy has {POLICY_CHARS}: it has too many buckets for one key"
    )]
    TooLong(usize),
    /// None was given.
    #[error("no key was given")]
    Store(#[source] StoreError),
    /// Nobody could be asked.
    #[error("the asking broke off")]
    BrokeOff,
}

impl Sessions {
    /// Those of the store called `name`, which is spoken to as `way` says.
    pub(super) fn new(
        name: &str,
        config: &StsConfig,
        mut way: ServiceConfig,
    ) -> Result<Self, StoresError> {
        if let Some(endpoint) = &config.endpoint {
            way.endpoint.clone_from(endpoint);
        }
        let service = TokenService::connect(&way).map_err(|source| StoresError::Endpoint {
            name: name.to_owned(),
            source,
        })?;
        Ok(Self {
            service: Arc::new(service),
            config: config.clone(),
        })
    }

    /// A key for an attempt of this station at a job, which may do what the policy says.
    pub(super) fn give(
        &self,
        station: &StationName,
        job: JobId,
        policy: &str,
    ) -> Result<ShortLivedKey, StoreError> {
        self.ask(&session_name(station, job), policy)
    }

    /// Whether a key would be given.
    pub(super) fn try_out(&self) -> Result<(), StoreError> {
        self.ask("longshore-trial", NOTHING).map(drop)
    }

    fn ask(&self, session: &str, policy: &str) -> Result<ShortLivedKey, StoreError> {
        self.service.assume_role(&Wanted {
            role: self.config.role_arn.as_deref(),
            session,
            policy,
            seconds: self.config.seconds,
        })
    }
}

/// What a key may do for a job at the buckets that `is_there` says are of its store.
pub(super) fn policy(
    manifest: &Manifest,
    job: JobId,
    is_there: impl Fn(&BucketName) -> bool,
) -> Result<String, NoSession> {
    let policy = policy::of(manifest, job, is_there);
    match policy.chars().count() {
        chars if chars > POLICY_CHARS => Err(NoSession::TooLong(chars)),
        _ => Ok(policy),
    }
}

/// Puts a key into the place of the one that is there.
pub(super) fn put(access: &mut StoreAccess, key: &ShortLivedKey) {
    access.access_key_id = key.credentials.access_key_id.as_str().to_owned();
    key.credentials
        .secret
        .expose()
        .clone_into(&mut access.secret_access_key);
    access.session = key
        .credentials
        .session_token
        .as_ref()
        .map(|token| KeySession {
            token: token.expose().to_owned(),
            seconds: key.seconds,
        });
}

/// What the store's own records say of who used a key.
fn session_name(station: &StationName, job: JobId) -> String {
    let mut name = format!("longshore-{job}-{station}");
    name.truncate(SESSION_CHARS);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_called_by_job_and_station() {
        let job = JobId::new("ABCDE").unwrap();
        let station = |name: &str| StationName::new(name).unwrap();
        assert_eq!(
            session_name(&station("dock-1"), job),
            "longshore-ABCDE-dock-1"
        );
        let long = session_name(&station(&"x".repeat(64)), job);
        assert_eq!(long.len(), SESSION_CHARS);
    }
}
