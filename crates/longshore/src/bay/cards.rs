//! `longshore bay cards`: what is scanned behind the tag of a bay, so that full hands need no screen.

use std::path::Path;

use anyhow::Context as _;
use model::operator::stations::{CardLine, CardList};
use paper::CardSheet;

use crate::cli::ServerArgs;
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{new_file, output};

/// Writes the cards of the installation.
///
/// # Errors
/// If the service cannot be asked, or the file is there or cannot be written.
pub(super) fn print(file: &Path, server: &ServerArgs) -> Result<Exit, Failure> {
    let list: CardList = Way::beside(server)?.get("command-cards", &[])?;
    let sheet = |card: CardLine| CardSheet {
        verb: card.verb,
        what: card.what,
        code: card.code,
    };
    let cards: Vec<CardSheet> = list.cards.into_iter().map(sheet).collect();
    let pdf = paper::command_cards(&cards).context("could not draw the cards")?;
    new_file::write(file, &pdf).with_context(|| format!("could not write `{}`", file.display()))?;
    output::note(&format!("{} cards are in {}.", cards.len(), file.display()));
    Ok(Exit::Ok)
}
