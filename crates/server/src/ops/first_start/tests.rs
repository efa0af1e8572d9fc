//! Tests of what an installation begins with.

use super::*;
use crate::access::Caller;
use crate::ops::keys;
use crate::ops::tests::World;

#[tokio::test]
async fn the_first_start_makes_one_account_and_one_key_and_later_ones_find_them() {
    let World { admin, .. } = &World::new().await;
    let starts = futures::future::join_all((0..4).map(|_| first_start(admin))).await;
    let first: Vec<_> = starts
        .into_iter()
        .map(|start| start.unwrap().unwrap())
        .collect();
    assert!(first.iter().all(|start| *start == first[0]));
    assert_eq!(first_start(admin).await.unwrap().unwrap(), first[0]);
    assert_eq!(admin.jobs.keys().await.unwrap().len(), 1);
    let accounts = admin.jobs.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(
        (&*accounts[0].name, &*accounts[0].import[0]),
        ("default", "*")
    );
}

#[tokio::test]
async fn a_start_does_not_undo_a_revocation() {
    let World { admin, .. } = &World::new().await;
    let first = first_start(admin).await.unwrap().unwrap();
    keys::revoke(admin, &Caller::Operator, &first.id)
        .await
        .unwrap();
    assert_eq!(first_start(admin).await.unwrap(), None);
    let second = keys::create(admin, &Caller::Operator, FIRST_ACCOUNT, None).await;
    let second = second.unwrap();
    let found = first_start(admin).await.unwrap().unwrap();
    assert_eq!((found.id, found.secret), (second.key.id, second.secret));
}
