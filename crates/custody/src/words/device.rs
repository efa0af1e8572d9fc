//! What a device is and how it is, in words for people.

use model::readable;

use super::said;
use crate::event::{Examined, HiddenSectors, Identified, Seen};
use crate::told::Told;

/// What a station saw.
pub(super) fn identified(it: &Identified) -> String {
    let names = [&it.maker, &it.model].into_iter().flatten();
    let names: Vec<&str> = names.map(Told::as_str).collect();
    let name = match names.is_empty() {
        true => "a device".to_owned(),
        false => names.join(" "),
    };
    let size = it
        .bytes
        .map(|bytes| format!(", {}", readable::bytes(bytes)));
    let signature = match it.signature {
        Some(Seen::Valid) => "; its SIGNATURE is the one that was issued",
        Some(Seen::Missing) => "; it has no SIGNATURE",
        Some(Seen::Invalid) => "; its SIGNATURE is not the one that was issued",
        Some(Seen::NoneExpected) | None => "",
    };
    format!(
        "A station saw {name}{}{}{signature}.",
        said(", serial ", it.serial.as_ref()),
        size.unwrap_or_default()
    )
}

/// How the device says that it is.
pub(super) fn examined(it: &Examined) -> String {
    let verdict = match it.passed {
        Some(true) => "The device says that it is sound",
        Some(false) => "The device says that it is failing",
        None => "The device was asked how it is",
    };
    let hidden = match it.hidden_sectors {
        HiddenSectors::Known(sectors) => Some(sectors),
        HiddenSectors::Unknown => None,
    };
    let counted = [
        (it.hours, "hours of work"),
        (it.reallocated, "sectors replaced"),
        (it.pending, "sectors that it could not read"),
        (it.uncorrectable, "errors not corrected"),
        (it.interface_errors, "errors of its interface"),
        (it.percent_used, "percent of its life used up"),
        (hidden, "sectors kept from the host"),
    ];
    let counted = counted
        .into_iter()
        .filter_map(|(count, what)| Some(format!("{} {what}", readable::number(count?))));
    let heat = it.temperature.map(|degrees| format!("{degrees} °C"));
    let facts: Vec<String> = counted.chain(heat).collect();
    match facts.is_empty() {
        true => format!("{verdict}."),
        false => format!("{verdict}: {}.", facts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_device_is_is_a_sentence() {
        let failing = Examined {
            passed: Some(false),
            hours: Some(41_022),
            pending: Some(8),
            temperature: Some(41),
            hidden_sectors: HiddenSectors::Known(0),
            ..Examined::default()
        };
        assert_eq!(
            examined(&failing),
            "The device says that it is failing: 41,022 hours of work, 8 sectors that it could not read, \
             0 sectors kept from the host, 41 °C."
        );
        assert_eq!(
            examined(&Examined::default()),
            "The device was asked how it is."
        );
    }
}
