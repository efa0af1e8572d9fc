//! Users and groups of an account: what each may do, by which policies, and what a request of a user would be answered.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use model::ids::IdentityName;
use model::operator::users::{IdentityDetail, IdentityLine, IdentityList, Simulated};
use model::operator::{AccountLine, AccountList, KeyLine, KeyList};
use policy::{ActionName, Managed, Policy, Size};

use crate::faces::console::acts;
use crate::faces::console::form::{Fields, Form};
use crate::faces::console::language::text;
use crate::faces::console::page::{Shell, html, say, with_status};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "identities.html")]
struct IdentitiesPage {
    shell: Shell,
    account: AccountLine,
    users: Vec<IdentityLine>,
    groups: Vec<IdentityLine>,
}

/// What somebody has written as a policy, and what is wrong with it.
#[derive(Default)]
struct WrittenPolicy {
    name: String,
    text: String,
    faults: Vec<String>,
}

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    shell: Shell,
    account: AccountLine,
    /// `users` or `groups`, as paths have it.
    kind: &'static str,
    told: IdentityDetail,
    /// Those of a user.
    keys: Vec<KeyLine>,
    /// The users of the account that are not in the group.
    others: Vec<IdentityLine>,
    written: WrittenPolicy,
    /// What is asked of a user's policies, and what they say.
    query: Fields,
    judged: Option<Simulated>,
}

impl IdentityPage {
    fn is_user(&self) -> bool {
        self.kind == "users"
    }

    /// What stands beside: groups of a user, users of a group.
    fn beside(&self) -> &'static str {
        match self.is_user() {
            true => "groups",
            false => "users",
        }
    }

    /// By what it was decided.
    fn by(&self, judged: &Simulated) -> String {
        let by = match (&judged.policy, judged.statement) {
            (Some(policy), Some(statement)) => text("simulate-by")
                .with("statement", statement)
                .with("policy", policy),
            _ => text("simulate-by-none"),
        };
        self.shell.say.of_text(by)
    }

    fn actions(&self) -> Vec<String> {
        ActionName::ALL.iter().map(ToString::to_string).collect()
    }

    /// Policies that are ready, and that it has not.
    fn ready(&self) -> Vec<&'static str> {
        let has = |name: &str| {
            self.told
                .policies
                .iter()
                .any(|one| one.name.as_str() == name)
        };
        let all = Managed::ALL.into_iter().map(Managed::name);
        all.filter(|name| !has(name)).collect()
    }

    /// What was asked for, by the name of its field.
    fn asked(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The page of an account: its users and groups.
pub(in super::super) async fn list(visit: &Visit, account: &str) -> Result<Response, Trouble> {
    let account = find(visit, account).await?;
    let path = format!("/accounts/{}", account.account);
    let title = text("users-of").with("account", say::name(&account.name));
    html(&IdentitiesPage {
        users: members(visit, "users", &account).await?,
        groups: members(visit, "groups", &account).await?,
        shell: Shell::new(visit, title, "accounts", &path),
        account,
    })
}

/// The page of a user or a group.
pub(in super::super) async fn show(
    visit: &Visit,
    account: &str,
    kind: &'static str,
    name: &str,
    query: &Fields,
) -> Result<Response, Trouble> {
    let mut page = page(visit, account, kind, name).await?;
    if page.is_user() && query.iter().any(|(field, _)| field == "action") {
        let mut asked = query.clone();
        asked.retain(|(_, value)| !value.trim().is_empty());
        asked.push(("account".to_owned(), account.to_owned()));
        let path = format!("users/{}/simulate", page.told.line.name);
        page.judged = Some(visit.get(&path, &asked).await?);
        page.query.clone_from(query);
    }
    html(&page)
}

/// Gives a policy. One that has faults is shown again, as it was written, with all of them.
pub(in super::super) async fn give_policy(
    visit: &Visit,
    kind: &str,
    name: &str,
    form: &Form,
) -> Result<Response, Trouble> {
    let refused = match acts::act(visit, &[kind, name, "policy"], form).await {
        Err(trouble) if trouble.status == StatusCode::BAD_REQUEST => trouble,
        done => return done,
    };
    let text = form.raw("Document");
    let kind = if kind == "users" { "users" } else { "groups" };
    let account = form.get("Account").unwrap_or_default();
    let mut page = page(visit, account, kind, name).await?;
    page.written = WrittenPolicy {
        name: form.raw("Policy").to_owned(),
        text: text.to_owned(),
        faults: match Policy::parse(text, Size::Policy) {
            Err(faults) => faults.0.iter().map(ToString::to_string).collect(),
            // It is good by itself, and not with those that are there.
            Ok(_) => vec![refused.in_english()],
        },
    };
    with_status(refused.status, &page)
}

async fn page(
    visit: &Visit,
    account: &str,
    kind: &'static str,
    name: &str,
) -> Result<IdentityPage, Trouble> {
    let name = IdentityName::new(name).map_err(|_| Trouble::no_such_page())?;
    let account = find(visit, account).await?;
    let of_account = of(&account);
    let told: IdentityDetail = visit.get(&format!("{kind}/{name}"), &of_account).await?;
    let (mut keys, mut others) = (Vec::new(), Vec::new());
    if kind == "users" {
        keys = visit.get::<KeyList>("keys", &Fields::new()).await?.keys;
        keys.retain(|key| told.keys.contains(&key.access_key_id));
    } else {
        others = members(visit, "users", &account).await?;
        others.retain(|user| !told.beside.contains(&user.name));
    }
    let path = format!("/accounts/{}/{kind}/{name}", account.account);
    let title = match kind {
        "users" => text("user-title").with("name", &name),
        _ => text("group-title").with("name", &name),
    };
    Ok(IdentityPage {
        shell: Shell::new(visit, title, "accounts", &path),
        account,
        kind,
        told,
        keys,
        others,
        written: WrittenPolicy::default(),
        query: Fields::new(),
        judged: None,
    })
}

async fn members(
    visit: &Visit,
    kind: &str,
    account: &AccountLine,
) -> Result<Vec<IdentityLine>, Trouble> {
    Ok(visit.get::<IdentityList>(kind, &of(account)).await?.members)
}

fn of(account: &AccountLine) -> Fields {
    vec![("account".to_owned(), account.account.to_string())]
}

/// The account of a number.
async fn find(visit: &Visit, number: &str) -> Result<AccountLine, Trouble> {
    let list: AccountList = visit.get("accounts", &Fields::new()).await?;
    let mut all = list.accounts.into_iter();
    let found = all.find(|account| account.account.as_str() == number);
    found.ok_or_else(Trouble::no_such_page)
}
