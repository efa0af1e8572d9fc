//! Operators: the people who run the service, what they may do, and the hashes of the tokens that they show.

use async_trait::async_trait;
use model::ids::PersonName;
use model::role::{NoSuchRole, Role};
use model::time::Timestamp;

use super::JobStoreError;

/// A person who runs the service, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub name: PersonName,
    /// What the person may do.
    pub role: Role,
}

/// A person as the store has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPerson {
    /// Who, and what the person may do.
    pub person: Person,
    /// Since when.
    pub added: Timestamp,
    /// Since when no more.
    pub revoked: Option<Timestamp>,
}

/// Keeps who runs the service. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Operators: Send + Sync + 'static {
    /// Adds a person, or takes back one who was revoked. `Exists` if the name or the token is in force.
    async fn add_person(
        &self,
        person: &Person,
        token_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// All people by name, those who were revoked among them.
    async fn people(&self) -> Result<Vec<StoredPerson>, JobStoreError>;

    /// Who has a token with this SHA-256, unless it was revoked.
    async fn person_by_token(
        &self,
        token_sha256: [u8; 32],
    ) -> Result<Option<Person>, JobStoreError>;

    /// Voids a person's token, and removes their passkeys. Revoking twice keeps the first time. `false` if there is nobody of this name.
    async fn revoke_person(&self, name: &PersonName, now: Timestamp)
    -> Result<bool, JobStoreError>;
}

pub(super) const ADD_PERSON: &str = "
    INSERT INTO operators (name, role, token_sha256, added) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
    SET role = excluded.role, token_sha256 = excluded.token_sha256, added = excluded.added, revoked = NULL
    WHERE operators.revoked IS NOT NULL";

pub(super) const PEOPLE: &str = "SELECT name, role, added, revoked FROM operators ORDER BY name";

pub(super) const PERSON_BY_TOKEN: &str =
    "SELECT name, role FROM operators WHERE token_sha256 = $1 AND revoked IS NULL";

pub(super) const REVOKE_PERSON: &str =
    "UPDATE operators SET revoked = COALESCE(revoked, $2) WHERE name = $1";

/// `name, role, added, revoked`.
pub(super) type PersonRow = (String, String, i64, Option<i64>);

pub(super) fn person(name: String, role: &str) -> Result<Person, JobStoreError> {
    let role = role
        .parse()
        .map_err(|error: NoSuchRole| JobStoreError::Corrupt(error.to_string()))?;
    let name = PersonName::new(name)?;
    Ok(Person { name, role })
}

pub(super) fn stored_person(row: PersonRow) -> Result<StoredPerson, JobStoreError> {
    let (name, role, added, revoked) = row;
    Ok(StoredPerson {
        person: person(name, &role)?,
        added: Timestamp::from_unix(added),
        revoked: revoked.map(Timestamp::from_unix),
    })
}

/// Implements [`Operators`] for the store of a database.
macro_rules! implement_operators {
    ($store:ident) => {
        const _: () = {
            use model::ids::PersonName;
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::operators::{self, Operators, Person, StoredPerson};
            use $crate::jobstore::{JobStoreError, error, passkeys};

            #[async_trait::async_trait]
            impl Operators for $store {
                async fn add_person(
                    &self,
                    person: &Person,
                    token_sha256: [u8; 32],
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(operators::ADD_PERSON)
                        .bind(person.name.as_str())
                        .bind(person.role.name())
                        .bind(token_sha256.to_vec())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "operator token", ""))?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Exists(person.name.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn people(&self) -> Result<Vec<StoredPerson>, JobStoreError> {
                    let all: Vec<operators::PersonRow> = query_as(operators::PEOPLE)
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(operators::stored_person).collect()
                }

                async fn person_by_token(
                    &self,
                    token_sha256: [u8; 32],
                ) -> Result<Option<Person>, JobStoreError> {
                    let row: Option<(String, String)> = query_as(operators::PERSON_BY_TOKEN)
                        .bind(token_sha256.to_vec())
                        .fetch_optional(self.readers())
                        .await?;
                    row.map(|(name, role)| operators::person(name, &role))
                        .transpose()
                }

                async fn revoke_person(
                    &self,
                    name: &PersonName,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(operators::REVOKE_PERSON)
                        .bind(name.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    query(passkeys::REMOVE_PASSKEYS_OF_PERSON)
                        .bind(name.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }
            }
        };
    };
}
pub(super) use implement_operators;
