//! Canned ACLs: kept by name, shown as the grants they stand for.
//!
//! See *Canned ACL* in the Amazon S3 User Guide. A policy of grants is accepted if it is what a
//! canned ACL stands for, because some clients know no other way to say it.

use super::attributes::{canned_acl, refuse_grants};
use super::bucket::{self, owner};
use super::fault::{fault, no_such_key};
use crate::index::apply::Change;
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
    bucket::find(store, &input.bucket).await?;
    // The header's value was looked at in front of all operations.
    if let Some(policy) = &input.access_control_policy
        && canned(policy.grants.as_deref().unwrap_or_default())? != "private"
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
    let object = store
        .index
        .object(&input.bucket, &input.key)
        .await
        .map_err(fault)?;
    let label = object.ok_or_else(no_such_key)?.label;
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
    let acl = match &input.access_control_policy {
        Some(policy) if input.acl.is_none() => {
            canned(policy.grants.as_deref().unwrap_or_default())?.to_owned()
        }
        _ => canned_acl(input.acl.as_ref())?,
    };
    bucket::find(store, &input.bucket).await?;
    let change = Change::SetAcl {
        bucket: input.bucket,
        key: input.key,
        acl,
    };
    store.change(change).await.map_err(fault)?;
    Ok(PutObjectAclOutput::default())
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

/// The canned ACL that stands for these grants, the owner's own left aside.
fn canned(grants: &[Grant]) -> S3Result<&'static str> {
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for grant in grants {
        let permission = grant.permission.as_ref().map_or("", Permission::as_str);
        match grant
            .grantee
            .as_ref()
            .and_then(|grantee| grantee.uri.as_deref())
        {
            Some(uri) => groups.push((uri, permission)),
            None if permission == Permission::FULL_CONTROL => {}
            None => return Err(not_canned()),
        }
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
        "Only grants that a canned ACL stands for are supported."
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
            assert_eq!(canned(&grants(acl, "me")).unwrap(), acl);
        }
    }
}
