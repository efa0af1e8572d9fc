//! `OpenConsole` on the wire: an operation that AWS did not have.

use awsproto::params::Params;
use awsproto::xml::Element;

use super::{Fault, input};
use crate::ops::sign_ins::MadeLink;

/// Reads the parameters, of which there are none, and gives the URL of the console.
///
/// # Errors
/// `InvalidParameter` where none is served, `InvalidVersion`.
pub(super) fn read<'a>(params: &Params, console: Option<&'a str>) -> Result<&'a str, Fault> {
    input::check_api_version(params)?;
    console.ok_or_else(|| Fault::InvalidParameter("This service serves no console.".to_owned()))
}

/// The elements of `OpenConsoleResult`: what to open in a browser, whom it lets in once, and until when.
pub(super) fn elements(console: &str, link: &MadeLink) -> Vec<Element> {
    vec![
        Element::leaf("Url", link.url(console)),
        Element::leaf("Actor", link.actor.to_string()),
        Element::leaf("Until", link.until.to_string()),
    ]
}
