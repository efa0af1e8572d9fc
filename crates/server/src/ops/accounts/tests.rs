//! Tests of accounts and their rights.

use model::ids::StationName;

use super::*;
use crate::ops::tests::World;

fn rights(import: &[&str], export: &[&str]) -> Rights {
    let owned = |rights: &[&str]| rights.iter().map(|&right| right.to_owned()).collect();
    Rights {
        import: owned(import),
        export: owned(export),
    }
}

/// What an operation was refused for.
fn refused<T: std::fmt::Debug>(done: Result<T, Refused>) -> AccountFault {
    match done.unwrap_err() {
        Refused::Account(fault) => fault,
        other => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn account_numbers_have_twelve_digits() {
    assert_eq!(account_id(7_u64.to_le_bytes()).as_str(), "000000000007");
    assert_eq!(account_id([255; 8]).as_str(), "073709551615");
}

#[test]
fn rights_are_bucket_names_or_beginnings() {
    for good in ["*", "photos", "team-*", "Old_Bucket.1"] {
        check_right(good).unwrap();
    }
    for bad in ["", "a*b", "**", "a b", "a/b", "é", &"x".repeat(256)] {
        assert!(check_right(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn accounts_have_names_that_print_and_are_unique() {
    let World { admin, .. } = &World::new().await;
    let make = |name, rights| create(admin, &Caller::Operator, name, rights);
    let account = make("Museum", rights(&["m-*"], &[])).await.unwrap();
    let all = list(admin, &Caller::Operator).await.unwrap();
    assert_eq!(all, [account]);
    let again = refused(make("Museum", Rights::default()).await);
    assert_eq!(again.to_string(), "account `Museum` exists already");
    let long = "x".repeat(65);
    for bad in ["", " a", "a ", "a\nb", "a\0b", &long] {
        let fault = refused(make(bad, Rights::default()).await);
        assert_eq!(fault, AccountFault::Name(bad.to_owned()));
    }
    let fault = refused(make("b", rights(&[], &["a*b"])).await);
    assert_eq!(fault, AccountFault::Right("a*b".to_owned()));
}

#[tokio::test]
async fn rights_are_added_once_and_checked() {
    let World { admin, .. } = &World::new().await;
    let account = create(
        admin,
        &Caller::Operator,
        "studio",
        rights(&["photos", "raw-*"], &[]),
    );
    let account = account.await.unwrap();
    let give =
        |name: String, rights| async move { allow(admin, &Caller::Operator, &name, &rights).await };
    let more = rights(&["photos", "film"], &["film"]);
    let changed = give("studio".to_owned(), more).await.unwrap();
    assert_eq!(changed.import, ["photos", "raw-*", "film"]);
    assert_eq!(changed.export, ["film"]);
    let by_number = give(account.id.to_string(), Rights::default()).await;
    assert_eq!(by_number.unwrap(), changed);
    let fault = refused(give("studio".to_owned(), rights(&["a*b"], &[])).await);
    assert_eq!(fault, AccountFault::Right("a*b".to_owned()));
    let nobody = refused(give("nobody".to_owned(), Rights::default()).await);
    assert_eq!(nobody.to_string(), "there is no account `nobody`");
}

#[tokio::test]
async fn a_right_that_is_not_there_cannot_be_taken() {
    let World { admin, .. } = &World::new().await;
    let made = create(
        admin,
        &Caller::Operator,
        "studio",
        rights(&["photos", "raw-*"], &[]),
    );
    let account = made.await.unwrap();
    let take = |less| async move { deny(admin, &Caller::Operator, "studio", &less).await };
    let fault = refused(take(rights(&["photos", "raw-1"], &[])).await);
    assert_eq!(
        fault.to_string(),
        "account `studio` has no right `raw-1`; its rights are: raw-*"
    );
    assert_eq!(list(admin, &Caller::Operator).await.unwrap(), [account]);
    let none = refused(take(rights(&[], &["film"])).await);
    assert!(none.to_string().ends_with("its rights are: none"));
    let changed = take(rights(&["raw-*"], &[])).await.unwrap();
    assert_eq!(changed.import, ["photos"]);
}

#[tokio::test]
async fn only_an_operator_manages_accounts() {
    let World { admin, .. } = &World::new().await;
    let station = Caller::Station(StationName::new("dock-1").unwrap());
    let nothing = Rights::default();
    for done in [
        create(admin, &station, "a", Rights::everything())
            .await
            .err(),
        allow(admin, &station, "a", &nothing).await.err(),
        deny(admin, &station, "a", &nothing).await.err(),
        list(admin, &station).await.err(),
    ] {
        assert!(matches!(done, Some(Refused::Denied(_))), "{done:?}");
    }
    assert_eq!(list(admin, &Caller::Operator).await.unwrap(), []);
}
