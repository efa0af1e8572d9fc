//! Access keys, of the accounts that the tests of accounts have made.

use awsproto::secret::SecretKey;
use model::ids::AccountId;

use super::{JobStore, JobStoreError, account_id, at, key_id};
use crate::jobstore::AccessKey;

pub(super) async fn run(store: &dyn JobStore) {
    keys_come_back_with_secret_and_account(store).await;
    a_key_needs_an_account_and_an_id_of_its_own(store).await;
    a_revocation_keeps_its_first_time(store).await;
}

fn key(letter: char, account: &AccountId, second: i64) -> AccessKey {
    AccessKey {
        id: key_id(letter),
        account: account.clone(),
        user: None,
        created: at(second),
        revoked: None,
    }
}

async fn keys_come_back_with_secret_and_account(store: &dyn JobStore) {
    let owner = store
        .account(&account_id(1))
        .await
        .expect("account")
        .expect("it is there");
    let (young, old) = (key('Y', &owner.id, 9), key('Z', &owner.id, 5));
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    store
        .insert_key(&young, &secret)
        .await
        .expect("the id is new");
    store
        .insert_key(&old, &SecretKey::new("other"))
        .await
        .expect("the id is new");
    assert_eq!(
        store.keys().await.expect("keys"),
        [old, young.clone()],
        "oldest first"
    );
    let found = store.key(&young.id).await.expect("key");
    assert_eq!(found, Some((young, secret, owner)));
    assert_eq!(store.key(&key_id('N')).await.expect("no key"), None);
}

async fn a_key_needs_an_account_and_an_id_of_its_own(store: &dyn JobStore) {
    let secret = SecretKey::new("secret");
    let orphan = store
        .insert_key(&key('O', &account_id(9), 1), &secret)
        .await;
    assert!(matches!(orphan, Err(JobStoreError::Missing(id)) if id == "999999999999"));
    assert_eq!(store.key(&key_id('O')).await.expect("no key"), None);
    let twice = store
        .insert_key(&key('Y', &account_id(2), 1), &secret)
        .await;
    assert!(matches!(twice, Err(JobStoreError::Exists(id)) if id == "Y".repeat(20)));
    let (kept, _, _) = store
        .key(&key_id('Y'))
        .await
        .expect("key")
        .expect("it is there");
    assert_eq!(kept.account, account_id(1));
}

async fn a_revocation_keeps_its_first_time(store: &dyn JobStore) {
    let id = key_id('Z');
    assert!(store.revoke_key(&id, at(20)).await.expect("revoking works"));
    assert!(store.revoke_key(&id, at(30)).await.expect("twice as well"));
    let (key, _, _) = store.key(&id).await.expect("key").expect("it is there");
    assert_eq!(key.revoked, Some(at(20)));
    assert!(
        !store
            .revoke_key(&key_id('N'), at(20))
            .await
            .expect("no key, no revocation")
    );
    let revoked = store
        .keys()
        .await
        .expect("keys")
        .into_iter()
        .filter(|k| k.revoked.is_some());
    assert_eq!(revoked.count(), 1);
}
