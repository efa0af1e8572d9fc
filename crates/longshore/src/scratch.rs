//! A folder of our own among the temporary ones.

use anyhow::Context as _;
use station::scratch::Scratch;

use crate::exit::Failure;

/// Makes one that nobody else may look into; `what` is a part of its name.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn new(what: &str) -> Result<Scratch, Failure> {
    let base = std::env::temp_dir();
    let made = Scratch::new(&base, what);
    Ok(made.with_context(|| format!("could not make a folder in `{}`", base.display()))?)
}
