//! `longshore user` and `longshore group`: who has keys of an account, and what they may do.

use std::fs;
use std::path::Path;

use anyhow::anyhow;
use model::ids::{IdentityName, PolicyName};
use model::operator::users::{
    GivePolicy, IdentityDetail, IdentityLine, IdentityList, Member, NewIdentity, OfAccount,
    TakePolicy,
};

use crate::cli::{
    GivePolicyArgs, GroupCommand, IdentitiesArgs, IdentityArgs, MemberArgs, UserCommand,
};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// What is meant, which is also its path at the service.
#[derive(Clone, Copy)]
enum Kind {
    Users,
    Groups,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
        }
    }

    /// What stands beside one.
    fn beside(self) -> &'static str {
        match self {
            Self::Users => "Groups",
            Self::Groups => "Users",
        }
    }
}

/// Runs a `longshore user` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &UserCommand) -> Result<Exit, Failure> {
    match command {
        UserCommand::Create(args) => create(Kind::Users, args),
        UserCommand::List(args) => list(Kind::Users, args),
        UserCommand::Show(args) => show(Kind::Users, args),
        UserCommand::Delete(args) => delete(Kind::Users, args),
        UserCommand::Policy(args) => policy(Kind::Users, args),
    }
}

/// Runs a `longshore group` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run_group(command: &GroupCommand) -> Result<Exit, Failure> {
    match command {
        GroupCommand::Create(args) => create(Kind::Groups, args),
        GroupCommand::List(args) => list(Kind::Groups, args),
        GroupCommand::Show(args) => show(Kind::Groups, args),
        GroupCommand::Delete(args) => delete(Kind::Groups, args),
        GroupCommand::Policy(args) => policy(Kind::Groups, args),
        GroupCommand::Add(args) => member(args, "add", "is in"),
        GroupCommand::Remove(args) => member(args, "remove", "is no more in"),
    }
}

fn create(kind: Kind, args: &IdentityArgs) -> Result<Exit, Failure> {
    let message = NewIdentity {
        account: args.of.account.clone(),
        name: args.name.clone(),
    };
    let made: IdentityLine = Way::open(&args.of.store)?.post(kind.path(), &message)?;
    tell(std::slice::from_ref(&made), &made, args.of.json)
}

fn list(kind: Kind, args: &IdentitiesArgs) -> Result<Exit, Failure> {
    let query = [("account".to_owned(), args.account.clone())];
    let list: IdentityList = Way::open(&args.store)?.get(kind.path(), &query)?;
    tell(&list.members, &list, args.json)
}

fn tell(
    lines: &[IdentityLine],
    document: &impl serde::Serialize,
    json: bool,
) -> Result<Exit, Failure> {
    if json {
        output::json(document)?;
        return Ok(Exit::Ok);
    }
    let row = |line: &IdentityLine| {
        [
            line.name.to_string(),
            line.arn.clone(),
            line.id.to_string(),
            line.created.to_string(),
        ]
    };
    let rows: Vec<[String; 4]> = lines.iter().map(row).collect();
    output::data(&output::table(["NAME", "ARN", "ID", "CREATED"], &rows))?;
    Ok(Exit::Ok)
}

fn show(kind: Kind, args: &IdentityArgs) -> Result<Exit, Failure> {
    let query = [("account".to_owned(), args.of.account.clone())];
    let path = format!("{}/{}", kind.path(), args.name);
    let detail: IdentityDetail = Way::open(&args.of.store)?.get(&path, &query)?;
    if args.of.json {
        output::json(&detail)?;
        return Ok(Exit::Ok);
    }
    let joined = |names: Vec<String>| match names.is_empty() {
        true => None,
        false => Some(names.join(" ")),
    };
    let policies = detail.policies.iter().map(|policy| policy.name.to_string());
    let policies = joined(policies.collect());
    let beside = joined(detail.beside.iter().map(ToString::to_string).collect());
    let keys = joined(detail.keys.iter().map(ToString::to_string).collect());
    let created = detail.line.created.to_string();
    output::data(&output::fields([
        ("ARN", Some(detail.line.arn.as_str())),
        ("Created", Some(created.as_str())),
        ("Policies", policies.as_deref()),
        (kind.beside(), beside.as_deref()),
        ("Keys", keys.as_deref()),
    ]))?;
    for policy in &detail.policies {
        output::data(&format!(
            "\n{}\n{}\n",
            policy.name,
            policy.document.trim_end()
        ))?;
    }
    Ok(Exit::Ok)
}

fn delete(kind: Kind, args: &IdentityArgs) -> Result<Exit, Failure> {
    let message = OfAccount {
        account: args.of.account.clone(),
    };
    let path = format!("{}/{}/delete", kind.path(), args.name);
    let gone: IdentityLine = Way::open(&args.of.store)?.post(&path, &message)?;
    match args.of.json {
        true => output::json(&gone)?,
        false => output::note(&format!("Removed: {}.", gone.arn)),
    }
    Ok(Exit::Ok)
}

fn policy(kind: Kind, args: &GivePolicyArgs) -> Result<Exit, Failure> {
    let way = Way::open(&args.store)?;
    let account = args.account.clone();
    let path = |verb| format!("{}/{}/{verb}", kind.path(), args.name);
    if let Some(policy) = args.remove.clone() {
        way.post::<()>(&path("take-policy"), &TakePolicy { account, policy })?;
        output::note(&format!("The policy is taken from {}.", args.name));
        return Ok(Exit::Ok);
    }
    let (policy, document) = match (&args.file, &args.attach) {
        (Some(file), _) => {
            let text = fs::read_to_string(file).map_err(|error| {
                let error = anyhow!("could not read {}: {error}", file.display());
                Failure::new(Exit::Usage, error)
            })?;
            (called(args.policy.as_ref(), file)?, Some(text))
        }
        (None, Some(managed)) => (managed.clone(), None),
        (None, None) => return Err(Failure::usage("name a policy with --file or --attach")),
    };
    let message = GivePolicy {
        account,
        policy,
        document,
    };
    way.post::<()>(&path("policy"), &message)?;
    output::note(&format!("{} has the policy {}.", args.name, message.policy));
    Ok(Exit::Ok)
}

/// What a policy is called: as said, or as its file.
fn called(said: Option<&PolicyName>, file: &Path) -> Result<PolicyName, Failure> {
    if let Some(said) = said {
        return Ok(said.clone());
    }
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    PolicyName::new(stem.unwrap_or_default())
        .map_err(|error| Failure::usage(format!("{error}; say one with --name")))
}

fn member(args: &MemberArgs, verb: &str, is: &str) -> Result<Exit, Failure> {
    let (group, user): (&IdentityName, &IdentityName) = (&args.group, &args.user);
    let message = Member {
        account: args.account.clone(),
        user: user.clone(),
    };
    Way::open(&args.store)?.post::<()>(&format!("groups/{group}/{verb}"), &message)?;
    output::note(&format!("User {user} {is} group {group}."));
    Ok(Exit::Ok)
}
