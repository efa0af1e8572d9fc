//! What came, what was in it, and what goes back, in words for people.

use super::said;
use crate::event::{Belongings, Opened, ParcelCondition, Received, Sealed};

/// That a parcel came.
pub(super) fn received(it: &Received) -> String {
    let condition = match it.condition {
        Some(ParcelCondition::Intact) => ", intact",
        Some(ParcelCondition::Damaged) => ", damaged",
        Some(ParcelCondition::Opened) => ", opened by somebody",
        Some(ParcelCondition::Wet) => ", wet",
        None => "",
    };
    format!(
        "The device came{}{}{condition}{}.",
        said(" by ", it.carrier.as_ref()),
        said(", number ", it.tracking.as_ref()),
        said(", seal ", it.seal.as_ref())
    )
}

/// That it was unpacked, and what was in it.
pub(super) fn opened(it: &Opened) -> String {
    let Belongings {
        device,
        power_supply,
        cable,
        slip,
    } = it.contents;
    let found = [
        (device, "the device"),
        (power_supply, "its power supply"),
        (cable, "a cable"),
        (slip, "its packing slip"),
    ];
    let found: Vec<&str> = found
        .into_iter()
        .filter_map(|(is_there, name)| is_there.then_some(name))
        .collect();
    let found = match found.is_empty() {
        true => "nothing of the device".to_owned(),
        false => found.join(", "),
    };
    let seal = match it.seal_intact {
        Some(true) => "; its seal was whole",
        Some(false) => "; its seal was broken",
        None => "",
    };
    format!("The parcel was unpacked: {found} was in it{seal}.")
}

/// That the device was packed to go back.
pub(super) fn sealed(it: &Sealed) -> String {
    format!(
        "The device was packed, seal {}{}.",
        it.seal.as_str(),
        said(", box ", it.r#box.as_ref())
    )
}
