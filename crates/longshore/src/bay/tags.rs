//! `longshore bay tags`: what is stuck beside bays, so that a scanner can say which is meant.

use std::path::Path;

use anyhow::Context as _;
use model::ids::StationName;
use model::operator::stations::BayLine;
use model::scan::BayTag;

use crate::cli::StoreArgs;
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{new_file, output, stations};

/// Writes the tags of all bays that stations tell, or of those of one station.
///
/// # Errors
/// If there are none, the service cannot be asked, or the file is there or cannot be written.
pub(super) fn print(
    station: Option<&StationName>,
    file: &Path,
    store: &StoreArgs,
) -> Result<Exit, Failure> {
    let way = Way::open(store)?;
    let bays = match station {
        Some(name) => stations::bays_of(&way, name, false)?,
        None => stations::all_bays(&way)?,
    };
    let tags: Vec<BayTag> = bays.bays.into_iter().map(tag).collect();
    if tags.is_empty() {
        let message = "no station has told of a bay yet: is `longshore station run` at work?";
        return Err(Failure::refused(message));
    }
    let pdf = paper::bay_tags(&tags).context("could not draw the tags")?;
    new_file::write(file, &pdf).with_context(|| format!("could not write `{}`", file.display()))?;
    output::note(&match tags.len() {
        1 => format!("The tag of 1 bay is in {}.", file.display()),
        count => format!("The tags of {count} bays are in {}.", file.display()),
    });
    Ok(Exit::Ok)
}

fn tag(bay: BayLine) -> BayTag {
    BayTag {
        station: bay.station,
        bay: bay.bay,
    }
}
