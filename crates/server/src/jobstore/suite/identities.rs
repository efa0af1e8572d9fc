//! Users, groups and policies, of the accounts that the tests of accounts have made.

use awsproto::secret::SecretKey;
use model::ids::{IdentityId, IdentityName, PolicyName};

use super::{JobStore, JobStoreError, account_id, at, key_id};
use crate::jobstore::{AccessKey, Identity, IdentityKind, KeyUser, StoredPolicy};

pub(super) async fn run(store: &dyn JobStore) {
    names_are_unique_among_their_kind_in_their_account(store).await;
    a_user_has_its_own_policies_and_those_of_its_groups(store).await;
    who_is_removed_leaves_nothing_and_its_keys_are_revoked(store).await;
}

fn new(letter: char, account: u8, kind: IdentityKind, name: &str) -> Identity {
    Identity {
        id: IdentityId::new(letter.to_string().repeat(20)).expect("twenty letters"),
        account: account_id(account),
        kind,
        name: IdentityName::new(name).expect("a name"),
        created: at(3),
    }
}

fn policy(name: &str, document: Option<&str>) -> StoredPolicy {
    StoredPolicy {
        name: PolicyName::new(name).expect("a name"),
        document: document.map(str::to_owned),
    }
}

async fn insert(store: &dyn JobStore, identity: &Identity) {
    let inserted = store.insert_identity(identity).await;
    inserted.expect("id and name are new");
}

async fn names_are_unique_among_their_kind_in_their_account(store: &dyn JobStore) {
    let jane = new('A', 1, IdentityKind::User, "jane");
    let ann = new('B', 1, IdentityKind::User, "ann");
    insert(store, &jane).await;
    insert(store, &ann).await;
    insert(store, &new('C', 1, IdentityKind::Group, "jane")).await;
    insert(store, &new('D', 2, IdentityKind::User, "jane")).await;
    let again = new('E', 1, IdentityKind::User, "jane");
    let again = store.insert_identity(&again).await;
    assert!(matches!(again, Err(JobStoreError::Exists(name)) if name == "jane"));
    let orphan = new('E', 9, IdentityKind::User, "jane");
    let orphan = store.insert_identity(&orphan).await;
    assert!(matches!(orphan, Err(JobStoreError::Missing(id)) if id == "999999999999"));
    let users = store.identities(&account_id(1), IdentityKind::User).await;
    assert_eq!(users.expect("users"), [ann, jane.clone()], "by name");
    let found = store.identity(&jane.account, jane.kind, &jane.name).await;
    assert_eq!(found.expect("a look").as_ref(), Some(&jane));
    let found = store.identity_by_id(&jane.id).await;
    assert_eq!(found.expect("a look"), Some(jane));
}

async fn a_user_has_its_own_policies_and_those_of_its_groups(store: &dyn JobStore) {
    let user = new('F', 1, IdentityKind::User, "joe");
    let (first, second) = (
        new('G', 1, IdentityKind::Group, "readers"),
        new('H', 1, IdentityKind::Group, "writers"),
    );
    for identity in [&user, &first, &second] {
        insert(store, identity).await;
    }
    let put = async |holder: &Identity, policy: &StoredPolicy| {
        let done = store.put_policy(&holder.id, policy).await;
        done.expect("there is such a holder");
    };
    put(&user, &policy("own", Some("{}"))).await;
    put(&user, &policy("own", Some("{ }"))).await;
    put(&first, &policy("AWSImportExportReadOnlyAccess", None)).await;
    put(&second, &policy("all", Some("[]"))).await;
    let nobody = IdentityId::new("N".repeat(20)).expect("twenty letters");
    let lost = store.put_policy(&nobody, &policy("own", None)).await;
    assert!(matches!(lost, Err(JobStoreError::Missing(_))));

    store
        .join(&user.id, &first.id)
        .await
        .expect("both are there");
    store
        .join(&user.id, &first.id)
        .await
        .expect("twice as well");
    let lost = store.join(&user.id, &nobody).await;
    assert!(matches!(lost, Err(JobStoreError::Missing(_))));
    let effective = store.policies_of_user(&user.id).await.expect("policies");
    let own = policy("own", Some("{ }"));
    let read_only = policy("AWSImportExportReadOnlyAccess", None);
    assert_eq!(effective, [own.clone(), read_only]);
    assert_eq!(store.policies(&user.id).await.expect("policies"), [own]);
    assert_eq!(
        store.beside(&user.id).await.expect("groups"),
        std::slice::from_ref(&first)
    );
    assert_eq!(
        store.beside(&first.id).await.expect("users"),
        std::slice::from_ref(&user)
    );

    assert!(
        store
            .leave(&user.id, &first.id)
            .await
            .expect("it was in it")
    );
    assert!(!store.leave(&user.id, &first.id).await.expect("no more"));
    let name = PolicyName::new("own").expect("a name");
    assert!(
        store
            .remove_policy(&user.id, &name)
            .await
            .expect("it had it")
    );
    assert!(!store.remove_policy(&user.id, &name).await.expect("no more"));
    assert_eq!(store.policies_of_user(&user.id).await.expect("none"), []);
}

async fn who_is_removed_leaves_nothing_and_its_keys_are_revoked(store: &dyn JobStore) {
    let user = new('I', 1, IdentityKind::User, "ivo");
    let group = new('J', 1, IdentityKind::Group, "movers");
    insert(store, &user).await;
    insert(store, &group).await;
    store
        .join(&user.id, &group.id)
        .await
        .expect("both are there");
    let own = policy("own", Some("{}"));
    store.put_policy(&user.id, &own).await.expect("it is there");
    let key = AccessKey {
        id: key_id('I'),
        account: user.account.clone(),
        user: Some(KeyUser {
            id: user.id.clone(),
            name: user.name.clone(),
        }),
        created: at(4),
        revoked: None,
    };
    let secret = SecretKey::new("secret");
    store.insert_key(&key, &secret).await.expect("a new id");
    let (found, ..) = store
        .key(&key.id)
        .await
        .expect("a key")
        .expect("it is there");
    assert_eq!(found, key);

    let removed = store.remove_identity(&user.id, at(9)).await;
    removed.expect("it was there");
    let (found, ..) = store
        .key(&key.id)
        .await
        .expect("a key")
        .expect("it is kept");
    assert_eq!((found.revoked, found.user), (Some(at(9)), key.user));
    assert_eq!(store.beside(&group.id).await.expect("nobody"), []);
    assert_eq!(store.policies(&user.id).await.expect("none"), []);
    assert_eq!(store.identity_by_id(&user.id).await.expect("nobody"), None);
    let again = store.remove_identity(&user.id, at(10)).await;
    assert!(matches!(again, Err(JobStoreError::Missing(_))));
    let group_gone = store.remove_identity(&group.id, at(10)).await;
    group_gone.expect("it was there");
}
