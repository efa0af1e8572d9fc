//! What keys and codes do.

use askama::Template;
use axum::response::Response;

use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    shell: Shell,
}

/// The page.
pub(in super::super) fn show(visit: &Visit) -> Result<Response, Trouble> {
    html(&HelpPage {
        shell: Shell::new(visit, key("help"), "help", "/help"),
    })
}
