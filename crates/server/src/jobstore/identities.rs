//! Users and groups within an account, who is in which group, and their policies as they were written.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use model::ids::{AccountId, IdentityId, IdentityName, PolicyName};
use model::time::Timestamp;

use super::JobStoreError;

/// What an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// Who has keys.
    User,
    /// What users are in, and have its policies by that.
    Group,
}

impl IdentityKind {
    /// As it is kept, and stands in an ARN.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

impl fmt::Display for IdentityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for IdentityKind {
    type Err = JobStoreError;

    fn from_str(word: &str) -> Result<Self, JobStoreError> {
        let found = [Self::User, Self::Group]
            .into_iter()
            .find(|kind| kind.word() == word);
        found.ok_or_else(|| JobStoreError::corrupt(format!("`{word}` is no kind of identity")))
    }
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which; no other ever has it.
    pub id: IdentityId,
    /// Whose.
    pub account: AccountId,
    /// User or group.
    pub kind: IdentityKind,
    /// What it is called; unique among those of its kind in its account.
    pub name: IdentityName,
    /// When it was made.
    pub created: Timestamp,
}

impl Identity {
    /// Its name among those of all accounts, as AWS writes it.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:{}/{}", self.account, self.kind, self.name)
    }
}

/// A policy that a user or a group has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// What it is called.
    pub name: PolicyName,
    /// As it was written; `None` of one that the service brings under this name.
    pub document: Option<String>,
}

/// Keeps users, groups and policies. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Identities: Send + Sync + 'static {
    /// Adds a user or a group. `Exists` if id or name is taken, `Missing` if there is no such account.
    async fn insert_identity(&self, identity: &Identity) -> Result<(), JobStoreError>;

    /// The users or the groups of an account, by name.
    async fn identities(
        &self,
        account: &AccountId,
        kind: IdentityKind,
    ) -> Result<Vec<Identity>, JobStoreError>;

    /// One by its name.
    async fn identity(
        &self,
        account: &AccountId,
        kind: IdentityKind,
        name: &IdentityName,
    ) -> Result<Option<Identity>, JobStoreError>;

    /// One by its id.
    async fn identity_by_id(&self, id: &IdentityId) -> Result<Option<Identity>, JobStoreError>;

    /// Removes one with its memberships and policies, and revokes its keys. `Missing` if there is none.
    async fn remove_identity(&self, id: &IdentityId, now: Timestamp) -> Result<(), JobStoreError>;

    /// Gives one a policy, in the place of one with this name. `Missing` if there is no such user or group.
    async fn put_policy(
        &self,
        holder: &IdentityId,
        policy: &StoredPolicy,
    ) -> Result<(), JobStoreError>;

    /// Takes a policy away; `false` if it has none with this name.
    async fn remove_policy(
        &self,
        holder: &IdentityId,
        name: &PolicyName,
    ) -> Result<bool, JobStoreError>;

    /// The policies that a user or a group has by itself, by name.
    async fn policies(&self, holder: &IdentityId) -> Result<Vec<StoredPolicy>, JobStoreError>;

    /// The policies that a user has by itself and by its groups.
    async fn policies_of_user(&self, user: &IdentityId)
    -> Result<Vec<StoredPolicy>, JobStoreError>;

    /// Puts a user into a group; it may be there already. `Missing` if one of both is not there.
    async fn join(&self, user: &IdentityId, group: &IdentityId) -> Result<(), JobStoreError>;

    /// Takes a user out of a group; `false` if it was not in it.
    async fn leave(&self, user: &IdentityId, group: &IdentityId) -> Result<bool, JobStoreError>;

    /// The groups that a user is in, or the users that are in a group, by name.
    async fn beside(&self, one: &IdentityId) -> Result<Vec<Identity>, JobStoreError>;
}

pub(super) const INSERT: &str =
    "INSERT INTO identities (id, account, kind, name, created) VALUES ($1, $2, $3, $4, $5)";

pub(super) const OF_ACCOUNT: &str = "
    SELECT id, account, kind, name, created FROM identities
    WHERE account = $1 AND kind = $2 ORDER BY name";

pub(super) const BY_NAME: &str = "
    SELECT id, account, kind, name, created FROM identities
    WHERE account = $1 AND kind = $2 AND name = $3";

pub(super) const BY_ID: &str =
    "SELECT id, account, kind, name, created FROM identities WHERE id = $1";

/// What goes with a user or a group, in the order in which nothing points into the void.
pub(super) const REMOVE: [&str; 3] = [
    "DELETE FROM memberships WHERE user_id = $1 OR group_id = $1",
    "DELETE FROM policies WHERE holder = $1",
    "DELETE FROM identities WHERE id = $1",
];

pub(super) const REVOKE_KEYS: &str =
    "UPDATE access_keys SET revoked = COALESCE(revoked, $2) WHERE user_id = $1";

pub(super) const PUT_POLICY: &str = "
    INSERT INTO policies (holder, name, document) VALUES ($1, $2, $3)
    ON CONFLICT (holder, name) DO UPDATE SET document = excluded.document";

pub(super) const REMOVE_POLICY: &str = "DELETE FROM policies WHERE holder = $1 AND name = $2";

pub(super) const POLICIES: &str =
    "SELECT name, document FROM policies WHERE holder = $1 ORDER BY name";

pub(super) const POLICIES_OF_USER: &str = "
    SELECT name, document FROM policies
    WHERE holder = $1 OR holder IN (SELECT group_id FROM memberships WHERE user_id = $1)
    ORDER BY holder, name";

pub(super) const JOIN: &str = "
    INSERT INTO memberships (user_id, group_id) VALUES ($1, $2)
    ON CONFLICT (user_id, group_id) DO NOTHING";

pub(super) const LEAVE: &str = "DELETE FROM memberships WHERE user_id = $1 AND group_id = $2";

pub(super) const BESIDE: &str = "
    SELECT id, account, kind, name, created FROM identities
    WHERE id IN (SELECT group_id FROM memberships WHERE user_id = $1)
       OR id IN (SELECT user_id FROM memberships WHERE group_id = $1)
    ORDER BY name";

/// `id, account, kind, name, created`.
pub(super) type IdentityRow = (String, String, String, String, i64);

/// `name, document`.
pub(super) type PolicyRow = (String, Option<String>);

pub(super) fn identity(row: IdentityRow) -> Result<Identity, JobStoreError> {
    let (id, account, kind, name, created) = row;
    Ok(Identity {
        id: IdentityId::new(id)?,
        account: AccountId::new(account)?,
        kind: kind.parse()?,
        name: IdentityName::new(name)?,
        created: Timestamp::from_unix(created),
    })
}

pub(super) fn stored_policy((name, document): PolicyRow) -> Result<StoredPolicy, JobStoreError> {
    Ok(StoredPolicy {
        name: PolicyName::new(name)?,
        document,
    })
}

/// Implements [`Identities`] for the store of a database.
macro_rules! implement_identities {
    ($store:ident) => {
        const _: () = {
            use model::ids::{AccountId, IdentityId, IdentityName, PolicyName};
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::identities::{
                self, Identities, Identity, IdentityKind, IdentityRow, PolicyRow, StoredPolicy,
            };
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Identities for $store {
                async fn insert_identity(&self, identity: &Identity) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(identities::INSERT)
                        .bind(identity.id.as_str())
                        .bind(identity.account.as_str())
                        .bind(identity.kind.word())
                        .bind(identity.name.as_str())
                        .bind(identity.created.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            let (name, account) = (&identity.name, &identity.account);
                            error::refused(error, name.as_str(), account.as_str())
                        })?;
                    Ok(tx.commit().await?)
                }

                async fn identities(
                    &self,
                    account: &AccountId,
                    kind: IdentityKind,
                ) -> Result<Vec<Identity>, JobStoreError> {
                    let all: Vec<IdentityRow> = query_as(identities::OF_ACCOUNT)
                        .bind(account.as_str())
                        .bind(kind.word())
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(identities::identity).collect()
                }

                async fn identity(
                    &self,
                    account: &AccountId,
                    kind: IdentityKind,
                    name: &IdentityName,
                ) -> Result<Option<Identity>, JobStoreError> {
                    let found: Option<IdentityRow> = query_as(identities::BY_NAME)
                        .bind(account.as_str())
                        .bind(kind.word())
                        .bind(name.as_str())
                        .fetch_optional(self.readers())
                        .await?;
                    found.map(identities::identity).transpose()
                }

                async fn identity_by_id(
                    &self,
                    id: &IdentityId,
                ) -> Result<Option<Identity>, JobStoreError> {
                    let found: Option<IdentityRow> =
                        self.row(identities::BY_ID, id.as_str()).await?;
                    found.map(identities::identity).transpose()
                }

                async fn remove_identity(
                    &self,
                    id: &IdentityId,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(identities::REVOKE_KEYS)
                        .bind(id.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    let mut removed = 0;
                    for statement in identities::REMOVE {
                        let done = query(statement).bind(id.as_str()).execute(&mut *tx).await?;
                        removed = done.rows_affected();
                    }
                    if removed == 0 {
                        return Err(JobStoreError::Missing(id.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn put_policy(
                    &self,
                    holder: &IdentityId,
                    policy: &StoredPolicy,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(identities::PUT_POLICY)
                        .bind(holder.as_str())
                        .bind(policy.name.as_str())
                        .bind(policy.document.as_deref())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            error::refused(error, policy.name.as_str(), holder.as_str())
                        })?;
                    Ok(tx.commit().await?)
                }

                async fn remove_policy(
                    &self,
                    holder: &IdentityId,
                    name: &PolicyName,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(identities::REMOVE_POLICY)
                        .bind(holder.as_str())
                        .bind(name.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn policies(
                    &self,
                    holder: &IdentityId,
                ) -> Result<Vec<StoredPolicy>, JobStoreError> {
                    let all: Vec<PolicyRow> = query_as(identities::POLICIES)
                        .bind(holder.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(identities::stored_policy).collect()
                }

                async fn policies_of_user(
                    &self,
                    user: &IdentityId,
                ) -> Result<Vec<StoredPolicy>, JobStoreError> {
                    let all: Vec<PolicyRow> = query_as(identities::POLICIES_OF_USER)
                        .bind(user.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(identities::stored_policy).collect()
                }

                async fn join(
                    &self,
                    user: &IdentityId,
                    group: &IdentityId,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(identities::JOIN)
                        .bind(user.as_str())
                        .bind(group.as_str())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, user.as_str(), group.as_str()))?;
                    Ok(tx.commit().await?)
                }

                async fn leave(
                    &self,
                    user: &IdentityId,
                    group: &IdentityId,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(identities::LEAVE)
                        .bind(user.as_str())
                        .bind(group.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn beside(&self, one: &IdentityId) -> Result<Vec<Identity>, JobStoreError> {
                    let all: Vec<IdentityRow> = query_as(identities::BESIDE)
                        .bind(one.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(identities::identity).collect()
                }
            }
        };
    };
}
pub(super) use implement_identities;
