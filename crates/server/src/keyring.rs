//! The access keys of the embedded store: those of the accounts, those of attempts at jobs, and one of the service
//! itself.
//!
//! The key of an attempt ends with its lease: when that is given back, concluded, taken by another attempt or ended because
//! its station was revoked. Of a lease that lapses and that nobody takes it holds for an hour more, since a station that
//! does not reach its server goes on.

mod task;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use awsproto::secret::SecretKey;
use localstore::{BucketRights, Everything, KeyHolder, Keyring, KeyringError};
use model::control::StoreAccess;
use model::ids::{AccessKeyId, BucketName, JobId};
use model::manifest::Manifest;
use model::time::Clock;
use policy::ActionName;
use zeroize::Zeroizing;

use crate::access::{Action, Origin, Resource, User, authorize};
use crate::job_keys::{JobKeys, job_of};
use crate::jobstore::{Account, JobStore, JobStoreError, KeyUser};
use crate::sealing::random;
use task::RightsOfTask;

/// How long an answer is remembered. A key that is revoked works for that much longer.
const MEMORY: Duration = Duration::from_secs(5);

/// The same for the key of an attempt, which should end with its lease: an attempt that loads small files sends some
/// thousand requests a second, and one of them asks the job store.
const MEMORY_OF_LEASES: Duration = Duration::from_secs(1);

/// Seconds that a key holds after its lease has lapsed: as long as one that a store gives for a time.
const SECONDS_AFTER_LEASE: i64 = 3600;

/// Keys remembered at a time; a stranger can make up any number of them.
const REMEMBERED: usize = 1000;

/// The owner of what the service makes for itself.
const SERVICE_ACCOUNT: &str = "service";

/// The id of the service's own key. No account can have it: theirs are made otherwise.
const SERVICE_KEY_ID: &str = "LONGSHORESERVICE";

/// What stands before the 64 hexadecimal digits in the service key's file: name and version of its
/// format.
const FILE_PREFIX: &str = "longshore-service-key-1 ";

/// The key under which the server checks buckets and stations load into them. It outlives the
/// process, so that a station goes on where it was when the server comes back.
#[derive(Debug, Clone)]
pub(crate) struct ServiceKey {
    secret: SecretKey,
}

impl ServiceKey {
    /// Reads the key's file, making it first if there is none.
    pub(crate) fn load_or_create(path: &Path) -> io::Result<Self> {
        let bytes = Zeroizing::new(durable::read_or_create(path, || {
            let fresh = Zeroizing::new(hex::encode(random::<32>()));
            Zeroizing::new(format!("{FILE_PREFIX}{}\n", *fresh))
        })?);
        let text = std::str::from_utf8(&bytes).ok();
        let secret = text
            .and_then(|text| text.trim_end().strip_prefix(FILE_PREFIX))
            .filter(|secret| secret.len() == 64);
        let secret = secret.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self {
            secret: SecretKey::new(secret),
        })
    }

    /// How stations and server reach the embedded store at `endpoint`.
    pub(crate) fn access(&self, endpoint: String, region: String) -> StoreAccess {
        StoreAccess {
            endpoint,
            region,
            path_style: true,
            access_key_id: SERVICE_KEY_ID.to_owned(),
            secret_access_key: self.secret.expose().to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        }
    }

    /// What makes the keys of attempts.
    pub(crate) fn job_keys(&self) -> JobKeys {
        JobKeys::of(&self.secret)
    }
}

/// Looks access keys up in the job store.
pub(crate) struct JobStoreKeyring {
    jobs: Arc<dyn JobStore>,
    clock: Arc<dyn Clock>,
    service: ServiceKey,
    remembered: Mutex<HashMap<String, KnownHolder>>,
}

/// An answer, and until when it is good.
struct KnownHolder {
    until: Instant,
    holder: Option<KeyHolder>,
}

impl JobStoreKeyring {
    pub(crate) fn new(jobs: Arc<dyn JobStore>, clock: Arc<dyn Clock>, service: ServiceKey) -> Self {
        Self {
            jobs,
            clock,
            service,
            remembered: Mutex::default(),
        }
    }

    fn recall(&self, id: &str) -> Option<Option<KeyHolder>> {
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = remembered.get(id)?;
        (Instant::now() < known.until).then(|| known.holder.clone())
    }

    fn remember(&self, id: &str, holder: &Option<KeyHolder>, memory: Duration) {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        let known = KnownHolder {
            until: Instant::now() + memory,
            holder: holder.clone(),
        };
        remembered.insert(id.to_owned(), known);
    }

    /// The key of an attempt at `job`, if it is that of the lease in force.
    async fn look_up_attempt(
        &self,
        id: &str,
        job: JobId,
    ) -> Result<Option<KeyHolder>, JobStoreError> {
        let lease = self.jobs.lease(job).await?;
        let held_since = self.clock.now().plus_seconds(-SECONDS_AFTER_LEASE);
        let Some(lease) = lease.filter(|lease| !lease.ended && lease.until >= held_since) else {
            return Ok(None);
        };
        let key = self.service.job_keys().key(job, &lease.token);
        if key.id != id {
            return Ok(None);
        }
        let Some(stored) = self.jobs.job(job).await? else {
            return Ok(None);
        };
        let manifest = Manifest::parse_accepted(&stored.job.manifest, stored.job.job_type);
        Ok(manifest.ok().map(|manifest| KeyHolder {
            secret: key.secret,
            account: SERVICE_ACCOUNT.to_owned(),
            rights: Arc::new(RightsOfTask::of(&manifest, job)),
        }))
    }

    async fn look_up(&self, id: &str) -> Result<Option<KeyHolder>, KeyringError> {
        let Ok(id) = AccessKeyId::new(id) else {
            return Ok(None);
        };
        let found = self
            .jobs
            .key(&id)
            .await
            .map_err(|error| KeyringError(Box::new(error)))?;
        let Some((key, secret, account)) = found.filter(|(key, ..)| key.revoked.is_none()) else {
            return Ok(None);
        };
        let user = match &key.user {
            None => None,
            Some(user) => match self.user(user).await {
                Ok(None) => return Ok(None),
                Ok(Some(user)) => Some(user),
                Err(error) => return Err(KeyringError(Box::new(error))),
            },
        };
        Ok(Some(KeyHolder {
            secret,
            account: account.id.to_string(),
            rights: Arc::new(RightsOf { account, user }),
        }))
    }

    /// The user of a key, with its policies; `None` if it was removed.
    async fn user(&self, of_key: &KeyUser) -> Result<Option<User>, JobStoreError> {
        let Some(identity) = self.jobs.identity_by_id(&of_key.id).await? else {
            return Ok(None);
        };
        let policies = self.jobs.policies_of_user(&of_key.id).await?;
        let now = self.clock.now();
        User::new(identity, policies, &Origin::default(), now).map(Some)
    }
}

/// The rights to buckets of an account, or of a user of it, decided where every right is.
#[derive(Debug)]
struct RightsOf {
    account: Account,
    user: Option<User>,
}

impl RightsOf {
    fn may(&self, action: Action, bucket: &str) -> bool {
        let name = match action {
            Action::Export => ActionName::Export,
            _ => ActionName::Import,
        };
        let may = |bucket: BucketName| {
            let of_account = authorize(&self.account, action, Resource::Bucket(&bucket)).is_ok();
            let user = self.user.as_ref();
            of_account && user.is_none_or(|user| user.may_open(name, &bucket))
        };
        BucketName::new(bucket).is_ok_and(may)
    }
}

impl BucketRights for RightsOf {
    fn may_import(&self, bucket: &str) -> bool {
        self.may(Action::Import, bucket)
    }

    fn may_export(&self, bucket: &str) -> bool {
        self.may(Action::Export, bucket)
    }
}

#[async_trait]
impl Keyring for JobStoreKeyring {
    async fn find(&self, access_key_id: &str) -> Result<Option<KeyHolder>, KeyringError> {
        if access_key_id == SERVICE_KEY_ID {
            return Ok(Some(KeyHolder {
                secret: self.service.secret.clone(),
                account: SERVICE_ACCOUNT.to_owned(),
                rights: Arc::new(Everything),
            }));
        }
        if let Some(known) = self.recall(access_key_id) {
            return Ok(known);
        }
        let (holder, memory) = match job_of(access_key_id) {
            None => (self.look_up(access_key_id).await?, MEMORY),
            Some(job) => {
                let holder = self.look_up_attempt(access_key_id, job).await;
                let holder = holder.map_err(|error| KeyringError(Box::new(error)))?;
                (holder, MEMORY_OF_LEASES)
            }
        };
        self.remember(access_key_id, &holder, memory);
        Ok(holder)
    }
}

#[cfg(test)]
mod tests {
    use model::ids::{AccountId, IdentityId, IdentityName, PolicyName};
    use model::time::Timestamp;

    use super::*;
    use crate::jobstore::{Identity, IdentityKind, StoredPolicy};

    fn studio() -> Account {
        Account {
            id: AccountId::new("123456789012").unwrap(),
            name: "studio".to_owned(),
            import: vec!["mine".to_owned(), "team-*".to_owned()],
            export: vec!["theirs".to_owned(), "mine".to_owned()],
        }
    }

    /// The rights of a user of that account with one policy, whose statement is about `longshore:*`.
    fn of_user(resource: &str, condition: &str) -> RightsOf {
        let account = studio();
        let identity = Identity {
            id: IdentityId::new("U".repeat(20)).unwrap(),
            account: account.id.clone(),
            kind: IdentityKind::User,
            name: IdentityName::new("jane").unwrap(),
            created: Timestamp::from_unix(1),
        };
        let document = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "longshore:*",
                "Resource": "{resource}", "Condition": {{{condition}}}}}}}"#
        );
        let policy = StoredPolicy {
            name: PolicyName::new("buckets").unwrap(),
            document: Some(document),
        };
        let now = Timestamp::from_unix(2);
        let user = User::new(identity, vec![policy], &Origin::default(), now);
        RightsOf {
            account,
            user: Some(user.unwrap()),
        }
    }

    #[test]
    fn a_user_opens_what_a_policy_allows_of_what_is_its_accounts() {
        let rights = of_user("arn:aws:s3:::team-*", "");
        assert!(rights.may_import("team-a") && !rights.may_import("mine"));
        assert!(!rights.may_export("team-a"), "the account may not either");
        let all = of_user("*", "");
        assert!(all.may_import("mine") && all.may_export("theirs") && !all.may_import("x99"));
        // Where a request comes from is not known to the store.
        for condition in [
            r#""IpAddress": {"aws:SourceIp": "0.0.0.0/0"}"#,
            r#""NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}"#,
            r#""Null": {"aws:SecureTransport": "true"}"#,
        ] {
            assert!(!of_user("*", condition).may_import("mine"), "{condition}");
        }
    }

    #[test]
    fn an_accounts_rights_to_buckets_are_those_it_has_for_jobs() {
        let rights = RightsOf {
            account: studio(),
            user: None,
        };
        for (bucket, import, export) in [
            ("mine", true, true),
            ("team-a", true, false),
            ("team-", true, false),
            ("theirs", false, true),
            ("mine2", false, false),
            ("team", false, false),
            ("no bucket", false, false),
        ] {
            assert_eq!(rights.may_import(bucket), import, "{bucket}");
            assert_eq!(rights.may_export(bucket), export, "{bucket}");
        }
    }
}
