//! Users and groups within an account, and what they may do.

use std::net::IpAddr;

use model::ids::{IdentityId, IdentityName, PolicyName};
use policy::{ActionName, Decision, Managed, Policy, Size};

use super::base32::base32;
use super::{AccountFault, Admin, Refused, accounts};
use crate::access::{Action, Caller, Origin, Resource, User, authorize};
use crate::jobstore::{AccessKey, Account, Identity, IdentityKind, JobStoreError, StoredPolicy};
use crate::sealing::random;

/// Most users of an account (IAM user guide, *IAM and AWS STS quotas*), and most groups.
const USERS: usize = 5_000;
const GROUPS: usize = 300;

/// Most groups that a user is in (same source).
const GROUPS_OF_USER: usize = 10;

/// Most policies that a user or a group has: the ten that IAM lets it have beside its own, which are bounded by their
/// size, and as many of those.
const POLICIES: usize = 20;

/// Longest name of a user in characters (same source).
const USER_NAME_CHARS: usize = 64;

/// A user or a group, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub identity: Identity,
    /// Its own policies.
    pub policies: Vec<StoredPolicy>,
    /// The groups of a user, or the users of a group.
    pub beside: Vec<Identity>,
    /// The keys of a user.
    pub keys: Vec<AccessKey>,
}

/// A request that a user might make.
#[derive(Debug, Clone)]
pub struct Supposed {
    /// What is asked for.
    pub action: ActionName,
    /// What it is done to.
    pub resource: String,
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// Whether by TLS.
    pub is_secure: bool,
}

/// Makes a user or a group of an account, named by its name or number.
///
/// # Errors
/// [`AccountFault`] if there is no such account, the name is taken or too long, or there are too many.
pub async fn create(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    kind: IdentityKind,
    name: &IdentityName,
) -> Result<Identity, Refused> {
    authorize(caller, Action::ManageUsers, Resource::Service)?;
    let account = accounts::find(admin, account).await?;
    if kind == IdentityKind::User && name.as_str().len() > USER_NAME_CHARS {
        return Err(AccountFault::LongName(name.clone()).into());
    }
    let (what, most) = match kind {
        IdentityKind::User => ("users of an account", USERS),
        IdentityKind::Group => ("groups of an account", GROUPS),
    };
    if admin.jobs.identities(&account.id, kind).await?.len() >= most {
        return Err(AccountFault::TooMany { what, most }.into());
    }
    let identity = Identity {
        id: identity_id(kind, random()),
        account: account.id,
        kind,
        name: name.clone(),
        created: admin.clock.now(),
    };
    match admin.jobs.insert_identity(&identity).await {
        Err(JobStoreError::Exists(_)) => {
            let name = name.clone();
            return Err(AccountFault::IdentityExists { kind, name }.into());
        }
        done => done?,
    }
    tracing::info!(actor = %caller.actor(), arn = identity.arn(), "user or group created");
    Ok(identity)
}

/// The users or the groups of an account, by name.
///
/// # Errors
/// [`AccountFault::NoSuchAccount`].
pub async fn list(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    kind: IdentityKind,
) -> Result<Vec<Identity>, Refused> {
    authorize(caller, Action::ManageUsers, Resource::Service)?;
    let account = accounts::find(admin, account).await?;
    Ok(admin.jobs.identities(&account.id, kind).await?)
}

/// A user or a group with all that belongs to it.
///
/// # Errors
/// [`AccountFault::NoSuchIdentity`].
pub async fn show(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    kind: IdentityKind,
    name: &IdentityName,
) -> Result<Shown, Refused> {
    let identity = named(admin, caller, account, kind, name).await?;
    let mut keys = admin.jobs.keys().await?;
    keys.retain(|key| key.user.as_ref().is_some_and(|user| user.id == identity.id));
    keys.retain(|key| key.revoked.is_none());
    Ok(Shown {
        policies: admin.jobs.policies(&identity.id).await?,
        beside: admin.jobs.beside(&identity.id).await?,
        keys,
        identity,
    })
}

/// Removes a user or a group with its policies. The keys of a user are revoked for good.
///
/// # Errors
/// [`AccountFault::NoSuchIdentity`].
pub async fn delete(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    kind: IdentityKind,
    name: &IdentityName,
) -> Result<Identity, Refused> {
    let identity = named(admin, caller, account, kind, name).await?;
    let now = admin.clock.now();
    admin.jobs.remove_identity(&identity.id, now).await?;
    tracing::info!(actor = %caller.actor(), arn = identity.arn(), "user or group removed");
    Ok(identity)
}

/// Gives a user or a group a policy, in the place of one with this name: one that is written out, or one that the
/// service brings.
///
/// # Errors
/// [`AccountFault::Policy`] with all that is wrong with it, [`AccountFault::NoSuchIdentity`].
pub async fn give_policy(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    (kind, name): (IdentityKind, &IdentityName),
    policy: &StoredPolicy,
) -> Result<(), Refused> {
    let identity = named(admin, caller, account, kind, name).await?;
    let mut others = admin.jobs.policies(&identity.id).await?;
    others.retain(|other| other.name != policy.name);
    if others.len() >= POLICIES {
        let (what, most) = ("policies of a user or a group", POLICIES);
        return Err(AccountFault::TooMany { what, most }.into());
    }
    check(kind, &others, policy).map_err(AccountFault::Policy)?;
    admin.jobs.put_policy(&identity.id, policy).await?;
    tracing::info!(actor = %caller.actor(), arn = identity.arn(), policy = %policy.name, "policy given");
    Ok(())
}

/// Whether a policy is understood, and small enough beside the others.
fn check(kind: IdentityKind, others: &[StoredPolicy], policy: &StoredPolicy) -> Result<(), String> {
    let managed = policy.name.as_str().parse::<Managed>();
    let document = match (&policy.document, managed) {
        (None, managed) => return managed.map(drop).map_err(|error| error.to_string()),
        (Some(_), Ok(managed)) => {
            return Err(format!(
                "`{managed}` is one that the service brings; call it otherwise"
            ));
        }
        (Some(document), Err(_)) => document,
    };
    let size = match kind {
        IdentityKind::User => Size::User,
        IdentityKind::Group => Size::Group,
    };
    Policy::parse(document, size).map_err(|faults| faults.to_string())?;
    let inline = others.iter().filter_map(|other| other.document.as_deref());
    let all: usize = inline.map(Size::of).sum::<usize>() + Size::of(document);
    match all <= size.characters() {
        true => Ok(()),
        false => Err(format!(
            "with it the policies of this {kind} have {all} characters without white space; at most {} are taken",
            size.characters()
        )),
    }
}

/// Takes a policy from a user or a group.
///
/// # Errors
/// [`AccountFault::NoSuchPolicy`], [`AccountFault::NoSuchIdentity`].
pub async fn take_policy(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    (kind, name): (IdentityKind, &IdentityName),
    policy: &PolicyName,
) -> Result<(), Refused> {
    let identity = named(admin, caller, account, kind, name).await?;
    if !admin.jobs.remove_policy(&identity.id, policy).await? {
        let (holder, policy) = (name.clone(), policy.clone());
        return Err(AccountFault::NoSuchPolicy { holder, policy }.into());
    }
    tracing::info!(actor = %caller.actor(), arn = identity.arn(), %policy, "policy taken");
    Ok(())
}

/// Puts a user into a group.
///
/// # Errors
/// [`AccountFault::NoSuchIdentity`], [`AccountFault::TooMany`].
pub async fn join(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    group: &IdentityName,
    user: &IdentityName,
) -> Result<(), Refused> {
    let group = named(admin, caller, account, IdentityKind::Group, group).await?;
    let user = named(admin, caller, account, IdentityKind::User, user).await?;
    let groups = admin.jobs.beside(&user.id).await?;
    if groups.len() >= GROUPS_OF_USER && !groups.contains(&group) {
        let (what, most) = ("groups of a user", GROUPS_OF_USER);
        return Err(AccountFault::TooMany { what, most }.into());
    }
    admin.jobs.join(&user.id, &group.id).await?;
    tracing::info!(actor = %caller.actor(), user = user.arn(), group = group.arn(), "user joined");
    Ok(())
}

/// Takes a user out of a group.
///
/// # Errors
/// [`AccountFault::NoSuchIdentity`], [`AccountFault::NotInGroup`].
pub async fn leave(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    group: &IdentityName,
    user: &IdentityName,
) -> Result<(), Refused> {
    let group = named(admin, caller, account, IdentityKind::Group, group).await?;
    let user = named(admin, caller, account, IdentityKind::User, user).await?;
    if !admin.jobs.leave(&user.id, &group.id).await? {
        let (user, group) = (user.name, group.name);
        return Err(AccountFault::NotInGroup { user, group }.into());
    }
    tracing::info!(actor = %caller.actor(), user = user.arn(), group = group.arn(), "user left");
    Ok(())
}

/// What a user's policies say of a request, and what in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What they say.
    pub decision: Decision,
    /// The policy and the number of its statement, from 1, that decided it; none if no statement is about it.
    pub by: Option<(PolicyName, usize)>,
}

/// What a user's policies would say of a request at this moment.
///
/// # Errors
/// [`AccountFault::NoSuchIdentity`].
pub async fn simulate(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    user: &IdentityName,
    supposed: &Supposed,
) -> Result<Judged, Refused> {
    let identity = named(admin, caller, account, IdentityKind::User, user).await?;
    let policies = admin.jobs.policies_of_user(&identity.id).await?;
    let names: Vec<PolicyName> = policies.iter().map(|one| one.name.clone()).collect();
    let origin = Origin {
        address: supposed.address,
        is_secure: supposed.is_secure,
        user_agent: None,
    };
    let user = User::new(identity, policies, &origin, admin.clock.now())?;
    let (decision, by) = user.explain(supposed.action, &supposed.resource);
    let by = by.and_then(|by| Some((names.get(by.policy)?.clone(), by.statement + 1)));
    Ok(Judged { decision, by })
}

async fn named(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    kind: IdentityKind,
    name: &IdentityName,
) -> Result<Identity, Refused> {
    authorize(caller, Action::ManageUsers, Resource::Service)?;
    let account = accounts::find(admin, account).await?;
    find(admin, &account, kind, name).await
}

/// A user or a group of an account, by its name.
pub(super) async fn find(
    admin: &Admin,
    account: &Account,
    kind: IdentityKind,
    name: &IdentityName,
) -> Result<Identity, Refused> {
    let found = admin.jobs.identity(&account.id, kind, name).await?;
    found.ok_or_else(|| {
        let (account, name) = (account.id.clone(), name.clone());
        AccountFault::NoSuchIdentity {
            account,
            kind,
            name,
        }
        .into()
    })
}

/// Four letters that tell users from groups, as `AIDA` and `AGPA` do at AWS, and sixteen characters of base32.
fn identity_id(kind: IdentityKind, entropy: [u8; 10]) -> IdentityId {
    let prefix = match kind {
        IdentityKind::User => "LSDA",
        IdentityKind::Group => "LSGA",
    };
    IdentityId::new(format!("{prefix}{}", base32(entropy))).expect("base32 is letters and digits")
}

#[cfg(test)]
mod tests;
