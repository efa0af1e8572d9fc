//! Operators: the people who run the service.
//!
//! Whoever is at its host needs no name here. Everybody else shows a token of which the SHA-256 alone is kept, and
//! may do what the role says.

use model::actor::Actor;
use model::ids::PersonName;
use model::role::Role;

use super::{AccountFault, Admin, Refused};
use crate::access::{Action, BearerToken, Caller, Resource, authorize};
use crate::jobstore::{JobStoreError, Person, StoredPerson};

/// Adds a person under a new token, which is not shown again. One who was revoked comes back.
///
/// # Errors
/// [`AccountFault::PersonExists`] if there is one of this name, or histories could not tell the two apart.
pub async fn add(
    admin: &Admin,
    caller: &Caller,
    name: &PersonName,
    role: Role,
) -> Result<BearerToken, Refused> {
    authorize(caller, Action::ManageOperators, Resource::Service)?;
    let exists = || AccountFault::PersonExists(name.clone());
    if Actor::Person(name.clone()).is_operator() {
        return Err(exists().into());
    }
    let token = BearerToken::draw();
    let person = Person {
        name: name.clone(),
        role,
    };
    let added = admin
        .jobs
        .add_person(&person, token.sha256(), admin.clock.now())
        .await;
    match added {
        Err(JobStoreError::Exists(_)) => return Err(exists().into()),
        added => added?,
    }
    tracing::info!(actor = %caller.actor(), person = %name, %role, "operator added");
    Ok(token)
}

/// All people by name, those who were revoked among them.
///
/// # Errors
/// [`Refused`] if the caller has no right to see them, or the job store fails.
pub async fn list(admin: &Admin, caller: &Caller) -> Result<Vec<StoredPerson>, Refused> {
    authorize(caller, Action::ManageOperators, Resource::Service)?;
    Ok(admin.jobs.people().await?)
}

/// Voids a person's token at once. Revoking twice keeps the first time.
///
/// # Errors
/// [`AccountFault::NoSuchPerson`].
pub async fn revoke(admin: &Admin, caller: &Caller, name: &PersonName) -> Result<(), Refused> {
    authorize(caller, Action::ManageOperators, Resource::Service)?;
    if !admin.jobs.revoke_person(name, admin.clock.now()).await? {
        return Err(AccountFault::NoSuchPerson(name.clone()).into());
    }
    tracing::info!(actor = %caller.actor(), person = %name, "operator revoked");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::by_token;
    use crate::ops::tests::World;

    fn name(text: &str) -> PersonName {
        PersonName::new(text).unwrap()
    }

    #[tokio::test]
    async fn a_token_is_its_persons_until_it_is_revoked() {
        let world = World::new().await;
        let (admin, host) = (&world.admin, Caller::Operator);
        let token = add(admin, &host, &name("jane"), Role::Admin).await.unwrap();
        let jane = by_token(&*admin.jobs, &token).await.unwrap();
        assert_eq!(jane.actor().to_string(), "person:jane");
        let joe = add(admin, &jane, &name("joe"), Role::Lead).await.unwrap();
        let joe = by_token(&*admin.jobs, &joe).await.unwrap();
        let denied = add(admin, &joe, &name("ann"), Role::Viewer).await;
        assert!(matches!(denied, Err(Refused::Denied(_))), "{denied:?}");
        revoke(admin, &host, &name("jane")).await.unwrap();
        assert!(by_token(&*admin.jobs, &token).await.is_err());
        let people = list(admin, &host).await.unwrap();
        let revoked: Vec<bool> = people.iter().map(|one| one.revoked.is_some()).collect();
        assert_eq!(revoked, [true, false]);
    }

    #[tokio::test]
    async fn no_two_people_have_one_name_in_histories() {
        let world = World::new().await;
        let (admin, host) = (&world.admin, Caller::Operator);
        add(admin, &host, &name("jane"), Role::Viewer)
            .await
            .unwrap();
        for taken in ["jane", "operator", "Operator"] {
            let refused = add(admin, &host, &name(taken), Role::Viewer).await;
            let expected = AccountFault::PersonExists(name(taken));
            assert!(matches!(refused, Err(Refused::Account(fault)) if fault == expected));
        }
        let nobody = revoke(admin, &host, &name("nobody")).await;
        let expected = AccountFault::NoSuchPerson(name("nobody"));
        assert!(matches!(nobody, Err(Refused::Account(fault)) if fault == expected));
    }
}
