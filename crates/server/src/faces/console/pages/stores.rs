//! The S3 stores, and whether they answer.

use askama::Template;
use axum::response::Response;
use model::operator::stores::{StoreLine, StoreList};

use crate::faces::console::form::Fields;
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "stores.html")]
struct StoresPage {
    shell: Shell,
    stores: Vec<StoreLine>,
    /// Whether some station has a share of one.
    are_shared: bool,
}

/// The page.
pub(in super::super) async fn list(visit: &Visit) -> Result<Response, Trouble> {
    let list: StoreList = visit.get("stores", &Fields::new()).await?;
    html(&StoresPage {
        shell: Shell::new(visit, key("stores"), "stores", "/stores"),
        are_shared: list.stores.iter().any(|store| !store.shares.is_empty()),
        stores: list.stores,
    })
}
