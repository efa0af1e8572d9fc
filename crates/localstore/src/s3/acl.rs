//! Canned ACLs: kept by name, shown as the grants they stand for.
//!
//! See *Canned ACL* in the Amazon S3 User Guide. A policy of grants is accepted if it is what a
//! canned ACL stands for, because some clients know no other way to say it.

use super::attributes::{canned_acl, refuse_grants};
use super::bucket::{self, owner};
use super::fault::{access_denied, fault, no_such_key};
use crate::index::apply::Change;
use crate::index::rows::Label;
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

pub(super) async fn get_bucket(
    store: &LocalStore,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<GetBucketAclOutput> {
    let bucket = bucket::find(store, &request.input.bucket).await?;
    Ok(GetBucketAclOutput {
        grants: Some(grants("private", &bucket.owner)),
        owner: Some(owner(&bucket.owner)),
    })
}

/// A bucket is private, and stays so: saying it again is fine.
pub(super) async fn put_bucket(
    store: &LocalStore,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<PutBucketAclOutput> {
    let input = request.input;
    let bucket = bucket::find(store, &input.bucket).await?;
    // The header's value was looked at in front of all operations.
    if let Some(policy) = &input.access_control_policy
        && canned(policy, &bucket.owner)? != "private"
    {
        return Err(s3_error!(
            NotImplemented,
            "A bucket is always private; its objects can have an ACL of their own."
        ));
    }
    Ok(PutBucketAclOutput::default())
}

pub(super) async fn get_object(
    store: &LocalStore,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<GetObjectAclOutput> {
    let input = request.input;
    bucket::find(store, &input.bucket).await?;
    let label = label(store, &input.bucket, &input.key).await?;
    Ok(GetObjectAclOutput {
        grants: Some(grants(&label.acl, &label.owner)),
        owner: Some(owner(&label.owner)),
        ..Default::default()
    })
}

pub(super) async fn put_object(
    store: &LocalStore,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<PutObjectAclOutput> {
    let input = request.input;
    refuse_grants(&[
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ])?;
    bucket::find(store, &input.bucket).await?;
    let acl = match &input.access_control_policy {
        Some(policy) if input.acl.is_none() => {
            let label = label(store, &input.bucket, &input.key).await?;
            canned(policy, &label.owner)?.to_owned()
        }
        _ => canned_acl(input.acl.as_ref())?,
    };
    let change = Change::SetAcl {
        bucket: input.bucket,
        key: input.key,
        acl,
    };
    store.change(change).await.map_err(fault)?;
    Ok(PutObjectAclOutput::default())
}

async fn label(store: &LocalStore, bucket: &str, key: &str) -> S3Result<Label> {
    let object = store.index.object(bucket, key).await.map_err(fault)?;
    Ok(object.ok_or_else(no_such_key)?.label)
}

fn grants(acl: &str, account: &str) -> Vec<Grant> {
    let group = |uri: &str, permission| Grant {
        grantee: Some(Grantee {
            display_name: None,
            email_address: None,
            id: None,
            type_: Type::from_static(Type::GROUP),
            uri: Some(uri.to_owned()),
        }),
        permission: Some(Permission::from_static(permission)),
    };
    let mut grants = vec![Grant {
        grantee: Some(Grantee {
            display_name: Some(account.to_owned()),
            email_address: None,
            id: Some(account.to_owned()),
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }];
    match acl {
        "public-read" => grants.push(group(ALL_USERS, Permission::READ)),
        "public-read-write" => {
            grants.push(group(ALL_USERS, Permission::READ));
            grants.push(group(ALL_USERS, Permission::WRITE));
        }
        "authenticated-read" => grants.push(group(AUTHENTICATED_USERS, Permission::READ)),
        // The other canned ACLs speak of accounts, and a bucket and its objects have one owner here.
        _ => {}
    }
    grants
}

/// The canned ACL that stands for these grants. Each of them gives the owner everything, which nothing
/// can take from it here, and gives no other account anything.
fn canned(policy: &AccessControlPolicy, account: &str) -> S3Result<&'static str> {
    let names_another = |id: Option<&String>| id.is_some_and(|id| id != account);
    if names_another(policy.owner.as_ref().and_then(|owner| owner.id.as_ref())) {
        return Err(access_denied());
    }
    let mut groups: Vec<(&str, &str)> = Vec::new();
    let mut keeps_owner = false;
    for grant in policy.grants.iter().flatten() {
        let permission = grant.permission.as_ref().map_or("", Permission::as_str);
        let grantee = grant.grantee.as_ref().ok_or_else(not_canned)?;
        match (&grantee.uri, &grantee.id) {
            (Some(uri), None) => groups.push((uri, permission)),
            (None, Some(id)) if id == account && permission == Permission::FULL_CONTROL => {
                keeps_owner = true;
            }
            _ => return Err(not_canned()),
        }
    }
    if !keeps_owner {
        return Err(not_canned());
    }
    groups.sort_unstable();
    match groups.as_slice() {
        [] => Ok("private"),
        [(ALL_USERS, "READ")] => Ok("public-read"),
        [(ALL_USERS, "READ"), (ALL_USERS, "WRITE")] => Ok("public-read-write"),
        [(AUTHENTICATED_USERS, "READ")] => Ok("authenticated-read"),
        _ => Err(not_canned()),
    }
}

fn not_canned() -> s3s::S3Error {
    s3_error!(
        NotImplemented,
        "Only grants that a canned ACL stands for are supported: everything to the owner, and what groups may do."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_and_canned_names_are_one_thing_said_twice() {
        for acl in [
            "private",
            "public-read",
            "public-read-write",
            "authenticated-read",
        ] {
            assert_eq!(canned(&policy(grants(acl, "me")), "me").unwrap(), acl);
        }
    }

    fn policy(grants: Vec<Grant>) -> AccessControlPolicy {
        AccessControlPolicy {
            grants: Some(grants),
            owner: Some(owner("me")),
        }
    }

    #[test]
    fn grants_that_no_canned_name_stands_for_are_refused_and_not_dropped() {
        let stranger = grants("private", "stranger");
        let mut by_mail = grants("private", "me");
        let grantee = by_mail[0].grantee.as_mut().unwrap();
        (grantee.id, grantee.email_address) = (None, Some("me@example.com".to_owned()));
        let mut lesser = grants("private", "me");
        lesser[0].permission = Some(Permission::from_static(Permission::READ));
        let both = [grants("private", "me"), stranger.clone()].concat();
        let without_owner = grants("public-read", "me").split_off(1);
        for grants in [Vec::new(), stranger, by_mail, lesser, both, without_owner] {
            let refused = canned(&policy(grants.clone()), "me").unwrap_err();
            assert_eq!(refused.code().as_str(), "NotImplemented", "{grants:?}");
        }
        let others = AccessControlPolicy {
            owner: Some(owner("stranger")),
            ..policy(grants("private", "me"))
        };
        let refused = canned(&others, "me").unwrap_err();
        assert_eq!(refused.code().as_str(), "AccessDenied");
    }
}
