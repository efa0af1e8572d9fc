//! Tests of accounts, keys and tokens.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::jobstore::SqliteJobStore;
use crate::sealing::MasterKey;

const NOW: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

async fn store(folder: &tempfile::TempDir) -> SqliteJobStore {
    let sealer = MasterKey::new([3; 32]).sealer();
    SqliteJobStore::open(&folder.path().join("db"), sealer)
        .await
        .unwrap()
}

#[test]
fn key_ids_are_rfc_4648_base32_of_ten_bytes() {
    assert_eq!(key_id(*b"foobarfoob").as_str(), "LSIAMZXW6YTBOJTG633C");
    assert_eq!(key_id([0; 10]).as_str(), "LSIAAAAAAAAAAAAAAAAA");
    assert_eq!(key_id([255; 10]).as_str(), "LSIA7777777777777777");
}

#[test]
fn account_numbers_have_twelve_digits() {
    assert_eq!(account_id(7_u64.to_le_bytes()).as_str(), "000000000007");
    assert_eq!(account_id([255; 8]).as_str(), "073709551615");
}

#[test]
fn secrets_have_forty_characters_and_differ() {
    let (a, b) = (draw_secret(), draw_secret());
    assert_eq!(a.expose().len(), 40);
    assert_eq!(STANDARD.decode(a.expose()).unwrap().len(), 30);
    assert_ne!(a, b);
}

#[test]
fn station_tokens_are_hex_and_hash_as_sha_256() {
    let token = StationToken::draw();
    assert_eq!(hex::decode(token.expose()).unwrap().len(), 32);
    // FIPS 180-2, appendix B.1.
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(StationToken::new("abc").sha256()), digest);
    assert_eq!(format!("{token:?}"), "StationToken(…)");
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
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let account = create_account(&store, "Museum", vec!["m-*".to_owned()], vec![])
        .await
        .unwrap();
    assert_eq!(store.account(&account.id).await.unwrap(), Some(account));
    let again = create_account(&store, "Museum", vec![], vec![])
        .await
        .unwrap_err();
    assert_eq!(again.to_string(), "`Museum` exists already");
    for bad in ["", " a", "a ", "a\nb", "a\0b", &"x".repeat(65)] {
        let error = create_account(&store, bad, vec![], vec![])
            .await
            .unwrap_err();
        assert!(matches!(error, KeyError::Name(_)), "{bad:?}");
    }
    let error = create_account(&store, "b", vec![], vec!["a*b".to_owned()])
        .await
        .unwrap_err();
    assert!(matches!(error, KeyError::Right(_)));
}

#[tokio::test]
async fn a_new_key_is_found_with_its_secret_and_needs_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let account = create_account(&store, "a", vec![], vec![]).await.unwrap();
    let (key, secret) = create_key(&store, &account.id, now()).await.unwrap();
    assert!(key.id.as_str().starts_with("LSIA") && key.id.as_str().len() == 20);
    assert_eq!(
        store.key(&key.id).await.unwrap(),
        Some((key, secret, account))
    );
    let nobody = AccountId::new("999999999999").unwrap();
    let error = create_key(&store, &nobody, now()).await.unwrap_err();
    assert!(matches!(error, JobStoreError::Missing(id) if id == "999999999999"));
}

#[tokio::test]
async fn the_first_start_makes_one_account_and_one_key_and_later_ones_find_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let starts = futures::future::join_all((0..4).map(|_| first_start(&store, now()))).await;
    let first: Vec<_> = starts
        .into_iter()
        .map(|start| start.unwrap().unwrap())
        .collect();
    assert!(first.iter().all(|start| *start == first[0]));
    assert_eq!(first_start(&store, now()).await.unwrap().unwrap(), first[0]);
    assert_eq!(store.keys().await.unwrap().len(), 1);
    let accounts = store.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(
        (&*accounts[0].name, &*accounts[0].import[0]),
        ("default", "*")
    );
}

#[tokio::test]
async fn a_start_does_not_undo_a_revocation() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let first = first_start(&store, now()).await.unwrap().unwrap();
    store.revoke_key(&first.id, now()).await.unwrap();
    assert_eq!(first_start(&store, now()).await.unwrap(), None);
    let (second, secret) = create_key(&store, &first.account.id, now()).await.unwrap();
    let found = first_start(&store, now()).await.unwrap().unwrap();
    assert_eq!((found.id, found.secret), (second.id, secret));
}

#[test]
fn credentials_are_what_aws_tools_read_and_for_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let (id, secret) = (key_id([0; 10]), SecretKey::new("abc/+="));
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "[default]",
            "aws_access_key_id = LSIAAAAAAAAAAAAAAAAA",
            "aws_secret_access_key = abc/+=",
            "region = us-east-1"
        ]
    );
    let made = path.metadata().unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
}

#[test]
fn writing_credentials_again_leaves_a_good_file_alone_and_mends_a_bad_one() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials");
    let (id, secret) = (key_id([0; 10]), SecretKey::new("secret"));
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    let (inode, text) = (
        path.metadata().unwrap().ino(),
        std::fs::read(&path).unwrap(),
    );
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(path.metadata().unwrap().ino(), inode);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "torn").unwrap();
    write_credentials(&path, &id, &secret, "us-east-1").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), text);
}
