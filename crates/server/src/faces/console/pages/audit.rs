//! What people have done, and what they tried.

use askama::Template;
use axum::response::Response;
use model::operator::audit::{AuditLine, AuditPage};

use super::list_file::of_file;
use crate::faces::console::form::{Fields, is_first, of_list};
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

/// Lines of a page.
const LINES: u32 = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct ActsPage {
    shell: Shell,
    acts: Vec<AuditLine>,
    next: Option<i64>,
    is_first: bool,
    /// What the list is asked for with, for its file.
    query: String,
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let page: AuditPage = visit.get("audit", &of_list(query, LINES)).await?;
    html(&ActsPage {
        shell: Shell::new(visit, key("audit"), "audit", "/audit"),
        acts: page.acts,
        next: page.next,
        is_first: is_first(query),
        query: of_file(query),
    })
}
