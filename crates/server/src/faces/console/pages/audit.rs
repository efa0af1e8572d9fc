//! What people have done, and what they tried.

use askama::Template;
use axum::response::Response;
use model::operator::audit::{AuditLine, AuditPage};

use crate::faces::console::form::Fields;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "audit.html")]
struct ActsPage {
    shell: Shell,
    acts: Vec<AuditLine>,
    next: Option<i64>,
    is_first: bool,
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let mut wanted: Fields = query
        .iter()
        .filter(|(name, value)| name == "before" && !value.is_empty())
        .cloned()
        .collect();
    let is_first = wanted.is_empty();
    wanted.push(("limit".to_owned(), "50".to_owned()));
    let page: AuditPage = visit.get("audit", &wanted).await?;
    html(&ActsPage {
        shell: Shell::new(visit, "Audit", "audit", "/audit"),
        acts: page.acts,
        next: page.next,
        is_first,
    })
}
