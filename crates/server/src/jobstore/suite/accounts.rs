//! Accounts: number and name are unique.

use futures::future::join_all;

use super::{JobStore, JobStoreError, account_id, at};
use crate::jobstore::{Account, JobLimit};

pub(super) async fn run(store: &dyn JobStore) {
    accounts_are_kept_and_listed_by_name(store).await;
    number_and_name_of_an_account_are_unique(store).await;
    an_account_can_be_changed(store).await;
    what_jobs_may_load_is_kept_of_each_account(store).await;
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

async fn what_jobs_may_load_is_kept_of_each_account(store: &dyn JobStore) {
    let (one, other) = (account_id(1), account_id(2));
    assert_eq!(store.job_limits().await.expect("none"), []);
    let limit = |bytes, seconds| JobLimit {
        bytes,
        since: at(seconds),
    };
    let most = u64::try_from(i64::MAX).expect("it is positive");
    for (id, limit) in [
        (&one, limit(Some(5), 1)),
        (&other, limit(None, 2)),
        (&one, limit(Some(most), 3)),
    ] {
        store.limit_jobs(id, limit).await.expect("it is there");
    }
    let all = [
        (one.clone(), limit(Some(most), 3)),
        (other.clone(), limit(None, 2)),
    ];
    assert_eq!(store.job_limits().await.expect("two"), all);
    let found = store.job_limit(&one).await.expect("one");
    assert_eq!(found, Some(limit(Some(most), 3)));
    assert_eq!(store.job_limit(&account_id(3)).await.expect("none"), None);
    let nobody = store.limit_jobs(&account_id(9), limit(None, 4)).await;
    assert!(matches!(nobody, Err(JobStoreError::Missing(_))));
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
