//! The people who run the service, and their tokens.

use model::ids::PersonName;
use model::role::Role;

use super::{JobStore, JobStoreError, at};
use crate::jobstore::{Person, StoredPerson};

pub(super) async fn run(store: &dyn JobStore) {
    a_person_is_known_by_the_token_until_it_is_revoked(store).await;
    who_was_revoked_can_be_added_again(store).await;
}

fn person(name: &str, role: Role) -> Person {
    let name = PersonName::new(name).expect("the tests' names are valid");
    Person { name, role }
}

async fn a_person_is_known_by_the_token_until_it_is_revoked(store: &dyn JobStore) {
    let (jane, joe) = (
        person("jane@example.org", Role::Lead),
        person("joe", Role::Viewer),
    );
    let by_token = |token| store.person_by_token(token);
    assert_eq!(by_token([21; 32]).await.expect("nobody"), None);
    store
        .add_person(&joe, [22; 32], at(1))
        .await
        .expect("a new person");
    store
        .add_person(&jane, [21; 32], at(0))
        .await
        .expect("a new person");
    assert_eq!(by_token([21; 32]).await.expect("jane"), Some(jane.clone()));
    for (again, token) in [(&jane, [23; 32]), (&person("ann", Role::Admin), [21; 32])] {
        let taken = store.add_person(again, token, at(2)).await;
        assert!(matches!(taken, Err(JobStoreError::Exists(_))), "{again:?}");
    }
    assert_eq!(by_token([23; 32]).await.expect("nobody"), None);

    for seconds in [3, 4] {
        let revoked = store.revoke_person(&jane.name, at(seconds)).await;
        assert!(revoked.expect("she is there"));
    }
    assert_eq!(by_token([21; 32]).await.expect("nobody"), None);
    assert_eq!(by_token([22; 32]).await.expect("joe"), Some(joe.clone()));
    let nobody = person("nobody", Role::Admin).name;
    assert!(!store.revoke_person(&nobody, at(3)).await.expect("no error"));
    let stored = |person, added, revoked| StoredPerson {
        person,
        added,
        revoked,
    };
    assert_eq!(
        store.people().await.expect("people"),
        [stored(jane, at(0), Some(at(3))), stored(joe, at(1), None)]
    );
}

async fn who_was_revoked_can_be_added_again(store: &dyn JobStore) {
    let jane = person("jane@example.org", Role::Viewer);
    store
        .add_person(&jane, [24; 32], at(5))
        .await
        .expect("she was revoked");
    assert_eq!(store.person_by_token([21; 32]).await.expect("nobody"), None);
    let found = store.person_by_token([24; 32]).await.expect("jane");
    assert_eq!(found, Some(jane));
    let first = &store.people().await.expect("people")[0];
    assert_eq!((first.added, first.revoked), (at(5), None));
}
