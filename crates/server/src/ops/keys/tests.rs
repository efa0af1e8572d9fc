//! Tests of access keys.

use model::ids::StationName;

use super::*;
use crate::ops::Rights;
use crate::ops::tests::World;

#[test]
fn key_ids_are_rfc_4648_base32_of_ten_bytes() {
    assert_eq!(key_id(*b"foobarfoob").as_str(), "LSIAMZXW6YTBOJTG633C");
    assert_eq!(key_id([0; 10]).as_str(), "LSIAAAAAAAAAAAAAAAAA");
    assert_eq!(key_id([255; 10]).as_str(), "LSIA7777777777777777");
}

#[test]
fn secrets_have_forty_characters_and_differ() {
    let (a, b) = (draw_secret(), draw_secret());
    assert_eq!(a.expose().len(), 40);
    assert_eq!(STANDARD.decode(a.expose()).unwrap().len(), 30);
    assert_ne!(a, b);
}

#[tokio::test]
async fn a_new_key_is_found_with_its_secret_and_needs_an_account() {
    let World { admin, .. } = &World::new().await;
    let made = accounts::create(admin, &Caller::Operator, "a", Rights::default());
    let account = made.await.unwrap();
    let new = create(admin, &Caller::Operator, "a", None).await.unwrap();
    let id = new.key.id.clone();
    assert!(id.as_str().starts_with("LSIA") && id.as_str().len() == 20);
    assert_eq!(
        admin.jobs.key(&id).await.unwrap(),
        Some((new.key.clone(), new.secret, account))
    );
    let listed = list(admin, &Caller::Operator).await.unwrap();
    assert_eq!((&listed[0].key, &*listed[0].account_name), (&new.key, "a"));
    let nobody = create(admin, &Caller::Operator, "999999999999", None).await;
    assert_eq!(
        nobody.unwrap_err().to_string(),
        "there is no account `999999999999`"
    );
}

#[tokio::test]
async fn a_key_is_revoked_by_an_operator_alone_and_only_if_it_is_there() {
    let World { admin, .. } = &World::new().await;
    let made = accounts::create(admin, &Caller::Operator, "a", Rights::default());
    made.await.unwrap();
    let id = create(admin, &Caller::Operator, "a", None)
        .await
        .unwrap()
        .key
        .id;
    let station = Caller::Station(StationName::new("dock-1").unwrap());
    for denied in [
        create(admin, &station, "a", None).await.err(),
        revoke(admin, &station, &id).await.err(),
        list(admin, &station).await.err(),
    ] {
        assert!(matches!(denied, Some(Refused::Denied(_))), "{denied:?}");
    }
    let unknown = revoke(admin, &Caller::Operator, &key_id([0; 10])).await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "there is no access key `LSIAAAAAAAAAAAAAAAAA`"
    );
    revoke(admin, &Caller::Operator, &id).await.unwrap();
    let listed = list(admin, &Caller::Operator).await.unwrap();
    assert_eq!(listed[0].key.revoked, Some(admin.clock.now()));
}
