//! Accounts, access keys and stations.

use awsproto::secret::SecretKey;
use futures::future::join_all;
use model::ids::AccountId;

use super::{JobStore, JobStoreError, account_id, at, key_id, station};
use crate::jobstore::{AccessKey, Account};

pub(super) async fn run(store: &dyn JobStore) {
    accounts_are_kept_and_listed_by_name(store).await;
    number_and_name_of_an_account_are_unique(store).await;
    an_account_can_be_changed(store).await;
    keys_come_back_with_secret_and_account(store).await;
    a_key_needs_an_account_and_an_id_of_its_own(store).await;
    a_revocation_keeps_its_first_time(store).await;
    a_station_is_known_by_its_last_token(store).await;
}

fn account(digit: u8, name: &str) -> Account {
    let import = vec!["photos".to_owned(), "team-*".to_owned()];
    Account {
        id: account_id(digit),
        name: name.to_owned(),
        import,
        export: vec![],
    }
}

fn key(letter: char, account: &AccountId, second: i64) -> AccessKey {
    AccessKey {
        id: key_id(letter),
        account: account.clone(),
        created: at(second),
        revoked: None,
    }
}

async fn insert(store: &dyn JobStore, account: &Account) {
    store
        .insert_account(account)
        .await
        .expect("number and name are new");
}

async fn accounts_are_kept_and_listed_by_name(store: &dyn JobStore) {
    assert!(store.accounts().await.expect("no accounts yet").is_empty());
    let all = [
        account(2, "Zoo"),
        account(1, "archive"),
        account(3, "Émile"),
    ];
    for account in &all {
        insert(store, account).await;
    }
    assert_eq!(
        store.accounts().await.expect("accounts"),
        all,
        "by the bytes of their names"
    );
    assert_eq!(
        store.account(&all[1].id).await.expect("account"),
        Some(all[1].clone())
    );
    assert_eq!(
        store.account(&account_id(9)).await.expect("no account"),
        None
    );
}

async fn number_and_name_of_an_account_are_unique(store: &dyn JobStore) {
    let number = store.insert_account(&account(1, "another")).await;
    assert!(matches!(number, Err(JobStoreError::Exists(taken)) if taken == "111111111111"));
    let name = store.insert_account(&account(4, "Zoo")).await;
    assert!(matches!(name, Err(JobStoreError::Exists(taken)) if taken == "Zoo"));
    let many: Vec<Account> = (4..=8).map(|digit| account(digit, "rush")).collect();
    let results = join_all(many.iter().map(|account| store.insert_account(account))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(store.accounts().await.expect("accounts").len(), 4);
}

async fn an_account_can_be_changed(store: &dyn JobStore) {
    let changed = Account {
        export: vec!["*".to_owned()],
        ..account(1, "Archive")
    };
    store.update_account(&changed).await.expect("it is there");
    assert_eq!(
        store.account(&changed.id).await.expect("account"),
        Some(changed.clone())
    );
    let taken = store
        .update_account(&Account {
            name: "Zoo".to_owned(),
            ..changed.clone()
        })
        .await;
    assert!(matches!(taken, Err(JobStoreError::Exists(name)) if name == "Zoo"));
    assert_eq!(
        store.account(&changed.id).await.expect("account"),
        Some(changed)
    );
    let missing = store.update_account(&account(9, "nobody")).await;
    assert!(matches!(missing, Err(JobStoreError::Missing(id)) if id == "999999999999"));
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

async fn a_station_is_known_by_its_last_token(store: &dyn JobStore) {
    let by_token = |token| store.station_by_token(token);
    assert_eq!(by_token([1; 32]).await.expect("no station"), None);
    store
        .put_station(&station("dock-1"), [1; 32], at(0))
        .await
        .expect("a new station");
    store
        .put_station(&station("dock-2"), [2; 32], at(0))
        .await
        .expect("a new station");
    assert_eq!(
        by_token([1; 32]).await.expect("station"),
        Some(station("dock-1"))
    );
    store
        .put_station(&station("dock-1"), [3; 32], at(1))
        .await
        .expect("a new token");
    assert_eq!(by_token([1; 32]).await.expect("no station"), None);
    assert_eq!(
        by_token([3; 32]).await.expect("station"),
        Some(station("dock-1"))
    );
    assert_eq!(
        by_token([2; 32]).await.expect("station"),
        Some(station("dock-2"))
    );
    let stolen = store.put_station(&station("dock-2"), [3; 32], at(1)).await;
    assert!(
        matches!(stolen, Err(JobStoreError::Exists(_))),
        "a token names one station"
    );
}
