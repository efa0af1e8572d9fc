//! `/operator/v1/users` and `groups`: who has keys of an account, and what they may do.

use axum::http::Method;
use model::ids::{IdentityName, PolicyName};
use model::operator::users::{
    GivePolicy, IdentityDetail, IdentityLine, IdentityList, Member, NewIdentity, OfAccount,
    PolicyLine, Simulated, TakePolicy,
};
use policy::{Decision, Managed};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::{Identity, IdentityKind, StoredPolicy};
use crate::ops::users::{self, Shown, Supposed};

/// Answers what is asked for below `users` or `groups`.
pub(super) async fn answer(
    desk: &Desk<'_>,
    asked: &Inquiry<'_>,
    kind: IdentityKind,
    path: &[&str],
) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        [] if is_post => {
            let NewIdentity { account, name } = asked.message()?;
            let made = users::create(desk.admin, desk.caller, &account, kind, &name).await?;
            document(&line(made))
        }
        [] if asked.is(&Method::GET) => {
            let account = value(asked, "account")?;
            let all = users::list(desk.admin, desk.caller, account, kind).await?;
            document(&IdentityList {
                members: all.into_iter().map(line).collect(),
            })
        }
        [name, rest @ ..] => {
            let name = IdentityName::new(*name).map_err(|_| OperatorFault::NoSuchPath)?;
            match rest {
                [] if asked.is(&Method::GET) => show(desk, asked, kind, &name).await,
                ["simulate"] if asked.is(&Method::GET) && kind == IdentityKind::User => {
                    simulate(desk, asked, &name).await
                }
                [verb] if is_post => change(desk, asked, (kind, &name), verb).await,
                _ => Err(OperatorFault::NoSuchPath),
            }
        }
        [] => Err(OperatorFault::NoSuchPath),
    }
}

/// What changes a user or a group.
async fn change(
    desk: &Desk<'_>,
    asked: &Inquiry<'_>,
    (kind, name): (IdentityKind, &IdentityName),
    verb: &str,
) -> Document {
    let (admin, caller) = (desk.admin, desk.caller);
    match (kind, verb) {
        (_, "delete") => {
            let OfAccount { account } = asked.message()?;
            document(&line(
                users::delete(admin, caller, &account, kind, name).await?,
            ))
        }
        (_, "policy") => {
            let GivePolicy {
                account,
                policy: name_of_policy,
                document: text,
            } = asked.message()?;
            let policy = StoredPolicy {
                name: name_of_policy,
                document: text,
            };
            let to = (kind, name);
            document(&users::give_policy(admin, caller, &account, to, &policy).await?)
        }
        (_, "take-policy") => {
            let TakePolicy { account, policy } = asked.message()?;
            let from = (kind, name);
            document(&users::take_policy(admin, caller, &account, from, &policy).await?)
        }
        (IdentityKind::Group, "add") => {
            let Member { account, user } = asked.message()?;
            document(&users::join(admin, caller, &account, name, &user).await?)
        }
        (IdentityKind::Group, "remove") => {
            let Member { account, user } = asked.message()?;
            document(&users::leave(admin, caller, &account, name, &user).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn show(
    desk: &Desk<'_>,
    asked: &Inquiry<'_>,
    kind: IdentityKind,
    name: &IdentityName,
) -> Document {
    let account = value(asked, "account")?;
    let Shown {
        identity,
        policies,
        beside,
        keys,
    } = users::show(desk.admin, desk.caller, account, kind, name).await?;
    document(&IdentityDetail {
        line: line(identity),
        policies: policies.into_iter().map(policy_line).collect(),
        beside: beside.into_iter().map(|other| other.name).collect(),
        keys: keys.into_iter().map(|key| key.id).collect(),
    })
}

async fn simulate(desk: &Desk<'_>, asked: &Inquiry<'_>, user: &IdentityName) -> Document {
    let account = value(asked, "account")?;
    let supposed = Supposed {
        action: parsed(asked, "action")?.ok_or_else(|| bad("action", ""))?,
        resource: found(asked, "resource").unwrap_or("*").to_owned(),
        address: parsed(asked, "source_ip")?,
        is_secure: parsed(asked, "secure_transport")?.unwrap_or(false),
    };
    let judged = users::simulate(desk.admin, desk.caller, account, user, &supposed).await?;
    let (policy, statement) = judged.by.unzip();
    let word = match judged.decision {
        Decision::Allowed => "allowed",
        Decision::NotAllowed => "implicitDeny",
        Decision::Denied => "explicitDeny",
    };
    document(&Simulated {
        action: supposed.action.to_string(),
        resource: supposed.resource,
        decision: word.to_owned(),
        policy: policy.map(|name| name.to_string()),
        statement,
    })
}

fn line(identity: Identity) -> IdentityLine {
    IdentityLine {
        arn: identity.arn(),
        account: identity.account,
        name: identity.name,
        id: identity.id,
        created: identity.created,
    }
}

fn policy_line(StoredPolicy { name, document }: StoredPolicy) -> PolicyLine {
    let managed = document.is_none();
    PolicyLine {
        document: document.unwrap_or_else(|| text_of(&name)),
        name,
        managed,
    }
}

/// What a policy says that the service brings.
fn text_of(name: &PolicyName) -> String {
    let managed: Option<Managed> = name.as_str().parse().ok();
    managed.map(Managed::text).unwrap_or_default().to_owned()
}

fn found<'a>(asked: &'a Inquiry<'_>, name: &str) -> Option<&'a str> {
    let pair = asked.query.iter().find(|(known, _)| known == name);
    pair.map(|(_, value)| value.as_str())
}

fn value<'a>(asked: &'a Inquiry<'_>, name: &str) -> Result<&'a str, OperatorFault> {
    found(asked, name).ok_or_else(|| bad(name, ""))
}

fn parsed<T: std::str::FromStr>(
    asked: &Inquiry<'_>,
    name: &str,
) -> Result<Option<T>, OperatorFault> {
    let text = found(asked, name);
    text.map(|text| text.parse().map_err(|_| bad(name, text)))
        .transpose()
}

fn bad(name: &str, value: &str) -> OperatorFault {
    OperatorFault::Query {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
