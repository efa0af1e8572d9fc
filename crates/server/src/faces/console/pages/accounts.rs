//! The accounts of customers, what they may use, and their access keys.

use askama::Template;
use axum::response::Response;
use model::operator::{AccountLine, AccountList, KeyLine, KeyList};

use crate::faces::console::form::Fields;
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    shell: Shell,
    accounts: Vec<AccountLine>,
    keys: Vec<KeyLine>,
}

impl AccountsPage {
    fn keys_of(&self, account: &AccountLine) -> Vec<&KeyLine> {
        let keys = self.keys.iter();
        keys.filter(|key| key.account == account.account).collect()
    }
}

/// The page.
pub(in super::super) async fn list(visit: &Visit) -> Result<Response, Trouble> {
    let accounts: AccountList = visit.get("accounts", &Fields::new()).await?;
    let keys: KeyList = visit.get("keys", &Fields::new()).await?;
    html(&AccountsPage {
        shell: Shell::new(visit, key("accounts"), "accounts", "/accounts"),
        accounts: accounts.accounts,
        keys: keys.keys,
    })
}
