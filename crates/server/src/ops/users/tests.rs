//! Tests of users, groups and policies.

use super::*;
use crate::ops::tests::World;
use crate::ops::{Rights, keys};

const ACCOUNT: &str = "studio";

async fn world() -> World {
    let world = World::new().await;
    let made = accounts::create(
        &world.admin,
        &Caller::Operator,
        ACCOUNT,
        Rights::everything(),
    );
    made.await.unwrap();
    world
}

fn name(text: &str) -> IdentityName {
    IdentityName::new(text).unwrap()
}

fn policy(name: &str, document: Option<&str>) -> StoredPolicy {
    StoredPolicy {
        name: PolicyName::new(name).unwrap(),
        document: document.map(str::to_owned),
    }
}

async fn make(admin: &Admin, kind: IdentityKind, text: &str) -> Identity {
    let made = create(admin, &Caller::Operator, ACCOUNT, kind, &name(text)).await;
    made.unwrap()
}

async fn give(
    admin: &Admin,
    kind: IdentityKind,
    text: &str,
    policy: &StoredPolicy,
) -> Result<(), Refused> {
    let to = (kind, &name(text));
    give_policy(admin, &Caller::Operator, ACCOUNT, to, policy).await
}

async fn may(admin: &Admin, user: &str, action: ActionName) -> Decision {
    let supposed = Supposed {
        action,
        resource: "*".to_owned(),
        address: None,
        is_secure: false,
    };
    let judged = simulate(admin, &Caller::Operator, ACCOUNT, &name(user), &supposed).await;
    judged.unwrap().decision
}

#[tokio::test]
async fn what_decides_is_told_by_policy_and_statement() {
    let World { admin, .. } = &world().await;
    make(admin, IdentityKind::User, "jane").await;
    make(admin, IdentityKind::Group, "readers").await;
    let (group, user) = (name("readers"), name("jane"));
    let joined = join(admin, &Caller::Operator, ACCOUNT, &group, &user).await;
    joined.unwrap();
    let text = r#"{"Statement": [
        {"Effect": "Allow", "Action": "importexport:GetStatus", "Resource": "*"},
        {"Effect": "Deny", "Action": "importexport:CancelJob", "Resource": "*"}]}"#;
    let written = policy("written", Some(text));
    let given = give(admin, IdentityKind::User, "jane", &written).await;
    given.unwrap();
    let read_only = policy("AWSImportExportReadOnlyAccess", None);
    let given = give(admin, IdentityKind::Group, "readers", &read_only).await;
    given.unwrap();
    let by = async |action| {
        let supposed = Supposed {
            action,
            resource: "*".to_owned(),
            address: None,
            is_secure: false,
        };
        let judged = simulate(admin, &Caller::Operator, ACCOUNT, &user, &supposed).await;
        let by = judged.unwrap().by;
        by.map(|(policy, statement)| (policy.to_string(), statement))
    };
    let of = |policy: &str, statement| Some((policy.to_owned(), statement));
    assert_eq!(by(ActionName::CancelJob).await, of("written", 2));
    assert_eq!(
        by(ActionName::ListJobs).await,
        of("AWSImportExportReadOnlyAccess", 1)
    );
    assert_eq!(by(ActionName::CreateJob).await, None);
}

#[tokio::test]
async fn a_user_may_nothing_until_a_policy_of_its_own_or_of_a_group_allows_it() {
    let World { admin, .. } = &world().await;
    make(admin, IdentityKind::User, "jane").await;
    make(admin, IdentityKind::Group, "readers").await;
    let read_only = policy("AWSImportExportReadOnlyAccess", None);
    give(admin, IdentityKind::Group, "readers", &read_only)
        .await
        .unwrap();
    assert_eq!(
        may(admin, "jane", ActionName::ListJobs).await,
        Decision::NotAllowed
    );
    let (group, user) = (name("readers"), name("jane"));
    join(admin, &Caller::Operator, ACCOUNT, &group, &user)
        .await
        .unwrap();
    assert_eq!(
        may(admin, "jane", ActionName::ListJobs).await,
        Decision::Allowed
    );
    assert_eq!(
        may(admin, "jane", ActionName::CreateJob).await,
        Decision::NotAllowed
    );
    let deny = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    give(
        admin,
        IdentityKind::User,
        "jane",
        &policy("shut", Some(deny)),
    )
    .await
    .unwrap();
    assert_eq!(
        may(admin, "jane", ActionName::ListJobs).await,
        Decision::Denied
    );
    let shut = PolicyName::new("shut").unwrap();
    let of_jane = (IdentityKind::User, &user);
    take_policy(admin, &Caller::Operator, ACCOUNT, of_jane, &shut)
        .await
        .unwrap();
    leave(admin, &Caller::Operator, ACCOUNT, &group, &user)
        .await
        .unwrap();
    assert_eq!(
        may(admin, "jane", ActionName::ListJobs).await,
        Decision::NotAllowed
    );
    let again = leave(admin, &Caller::Operator, ACCOUNT, &group, &user).await;
    assert_eq!(
        again.unwrap_err().to_string(),
        "user `jane` is not in group `readers`"
    );
}

#[tokio::test]
async fn what_is_not_understood_or_too_large_is_not_attached() {
    let World { admin, .. } = &world().await;
    make(admin, IdentityKind::User, "jane").await;
    let refused = async |policy: &StoredPolicy| {
        let refused = give(admin, IdentityKind::User, "jane", policy).await;
        refused.unwrap_err().to_string()
    };
    let fly =
        r#"{"Statement": {"Effect": "Allow", "Action": "importexport:Fly", "Resource": "*"}}"#;
    assert_eq!(
        refused(&policy("fly", Some(fly))).await,
        "the policy cannot be used: Statement.Action: `importexport:Fly` matches no action of this service"
    );
    assert!(
        refused(&policy("AWSOther", None))
            .await
            .contains("AWSImportExportFullAccess")
    );
    assert!(
        refused(&policy("AWSImportExportFullAccess", Some("{}")))
            .await
            .contains("call it otherwise")
    );
    let long = |length: usize| {
        format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "*", "Resource": ["*", "arn:a:b:c:d:{}"]}}}}"#,
            "e".repeat(length)
        )
    };
    let half = policy("half", Some(&long(1_000)));
    give(admin, IdentityKind::User, "jane", &half)
        .await
        .unwrap();
    // In its own place it does not count twice.
    give(admin, IdentityKind::User, "jane", &half)
        .await
        .unwrap();
    let told = refused(&policy("other", Some(&long(1_000)))).await;
    assert!(told.contains("at most 2048 are taken"), "{told}");
    let shown = show(
        admin,
        &Caller::Operator,
        ACCOUNT,
        IdentityKind::User,
        &name("jane"),
    )
    .await;
    assert_eq!(shown.unwrap().policies, [half]);
}

#[tokio::test]
async fn names_are_an_accounts_and_only_an_admin_gives_them() {
    let World { admin, .. } = &world().await;
    let jane = make(admin, IdentityKind::User, "jane").await;
    assert!(jane.id.as_str().starts_with("LSDA"), "{}", jane.id);
    assert_eq!(
        jane.arn(),
        format!("arn:aws:iam::{}:user/jane", jane.account)
    );
    let kind = IdentityKind::User;
    let long = "j".repeat(65);
    for (text, told) in [
        ("jane", "there is a user `jane` already"),
        (long.as_str(), "more than 64 characters"),
    ] {
        let refused = create(admin, &Caller::Operator, ACCOUNT, kind, &name(text)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    make(admin, IdentityKind::Group, &long).await;
    let station = Caller::Station(model::ids::StationName::new("dock-1").unwrap());
    let denied = list(admin, &station, ACCOUNT, kind).await.unwrap_err();
    assert!(matches!(denied, Refused::Denied(_)), "{denied}");
    let unknown = show(admin, &Caller::Operator, ACCOUNT, kind, &name("joe")).await;
    let unknown = unknown.unwrap_err().to_string();
    assert_eq!(
        unknown,
        format!("account {} has no user `joe`", jane.account)
    );
}

#[tokio::test]
async fn a_removed_users_keys_are_void_and_not_the_accounts_own() {
    let World { admin, .. } = &world().await;
    make(admin, IdentityKind::User, "jane").await;
    let jane = name("jane");
    let key = keys::create(admin, &Caller::Operator, ACCOUNT, Some(&jane))
        .await
        .unwrap();
    let user = key.key.user.clone().unwrap();
    assert_eq!(user.name, jane);
    let kind = IdentityKind::User;
    let shown = show(admin, &Caller::Operator, ACCOUNT, kind, &jane)
        .await
        .unwrap();
    assert_eq!(shown.keys, std::slice::from_ref(&key.key));
    delete(admin, &Caller::Operator, ACCOUNT, kind, &jane)
        .await
        .unwrap();
    let (kept, ..) = admin.jobs.key(&key.key.id).await.unwrap().unwrap();
    assert!(kept.revoked.is_some());
    assert_eq!(
        kept.user,
        Some(user),
        "it is still no key of the account's own"
    );
    let nobody = keys::create(admin, &Caller::Operator, ACCOUNT, Some(&jane)).await;
    assert!(
        nobody
            .unwrap_err()
            .to_string()
            .contains("has no user `jane`")
    );
}
