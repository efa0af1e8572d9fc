//! Whether the device in the bay is the one that was loaded: serial, WWN and size as they were told then, and its
//! SIGNATURE, and by what was drawn when its file systems were made. A name in `/dev` says nothing.

use crate::custody::Custody;
use crate::device::DeviceFacts;
use crate::readable;

use super::{Condition, GateFacts, SAID_CHARS, Shuts};
use crate::disposal::messages::Confirmation;
use crate::signature::SignatureSeen;

/// Characters of the end of a serial that a person gives.
pub const SERIAL_END_CHARS: usize = 4;

/// By which of its marks a person confirms a device, and with which characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMark {
    /// What it is called.
    pub name: &'static str,
    /// Its last characters, in capitals.
    pub end: String,
}

impl DeviceMark {
    /// The mark of a device: the end of its serial, else of its WWN, else of what its customer calls it. `None` where
    /// there is none of them.
    #[must_use]
    pub fn of(device: &DeviceFacts, device_id: Option<&str>) -> Option<Self> {
        let marks = [
            ("serial", device.serial.as_deref()),
            ("WWN", device.wwn.as_deref()),
            ("device id of the manifest", device_id),
        ];
        marks.into_iter().find_map(|(name, text)| {
            let end = end(text?);
            (!end.is_empty()).then_some(Self { name, end })
        })
    }
}

/// The last characters of a text that count: letters and digits, in capitals.
fn end(text: &str) -> String {
    let counts: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let from = counts.len().saturating_sub(SERIAL_END_CHARS);
    counts[from..]
        .iter()
        .flat_map(|c| c.to_uppercase())
        .collect()
}

/// Compares what is in the bay with what was loaded.
pub(super) fn same(facts: &GateFacts, goes_on: bool, shut: &mut Shuts) {
    here(facts, shut);
    let Some(loaded) = &facts.loaded else {
        shut.add(
            Condition::Same,
            "Nothing was told of the device when it was loaded, so that none can be known again.",
        );
        return;
    };
    let found = &facts.bay.device;
    let texts = [
        ("serial", &loaded.serial, &found.serial),
        ("WWN", &loaded.wwn, &found.wwn),
    ];
    for (name, was, is) in texts {
        // An earlier release of the station told no WWN of the device that it loaded.
        let is_new = name == "WWN" && was.is_none() && loaded.serial.is_some();
        if is_new {
            continue;
        }
        if let Some(sentence) = differs(name, was.as_deref(), is.as_deref()) {
            shut.add(Condition::Same, sentence);
        }
    }
    match (loaded.bytes, found.bytes) {
        (Some(was), Some(is)) if was == is => {}
        (Some(was), Some(is)) => {
            let sentence = format!("The device in the bay has {is} bytes, and {was} were loaded.");
            shut.add(Condition::Same, sentence);
        }
        (None, _) => shut.add(
            Condition::Same,
            "The size of the device was not told when it was loaded.",
        ),
        (Some(_), None) => shut.add(
            Condition::Same,
            "The size of the device in the bay is not known.",
        ),
    }
    signed(facts, loaded, goes_on, shut);
}

/// A text that was told must be told again, and alike.
fn differs(name: &str, was: Option<&str>, is: Option<&str>) -> Option<String> {
    let shown = |text: &str| readable::name(text, SAID_CHARS);
    match (was, is) {
        (None, None) => None,
        (Some(was), Some(is)) if was == is => None,
        (Some(was), Some(is)) => Some(format!(
            "The device in the bay has the {name} `{}`, and `{}` was loaded.",
            shown(is),
            shown(was)
        )),
        (Some(was), None) => Some(format!(
            "The device in the bay tells no {name}, and `{}` was loaded.",
            shown(was)
        )),
        (None, Some(is)) => Some(format!(
            "The device in the bay has the {name} `{}`, and the one that was loaded told none.",
            shown(is)
        )),
    }
}

/// The SIGNATURE says whose it is, until an erase has taken it. A device that tells neither serial nor WWN is known by
/// nothing else, but by the journal of the erase that was begun on it.
fn signed(facts: &GateFacts, loaded: &DeviceFacts, goes_on: bool, shut: &mut Shuts) {
    if goes_on {
        return;
    }
    let is_begun = facts.disposal.begun().is_some();
    if is_begun {
        if loaded.serial.is_none() && loaded.wwn.is_none() {
            shut.add(
                Condition::Same,
                "An erase was begun whose journal is not here, and the device has neither serial nor WWN by which it \
                 could be known.",
            );
        }
        return;
    }
    let wrong = match facts.bay.signature {
        SignatureSeen::Valid => None,
        SignatureSeen::Missing => Some("There is no SIGNATURE on the device in the bay."),
        SignatureSeen::Invalid => {
            Some("The SIGNATURE of the device in the bay is not that of the job.")
        }
        SignatureSeen::Sheet if loaded.serial.is_some() || loaded.wwn.is_some() => None,
        SignatureSeen::Sheet => Some(
            "The image of the device was taken, so that it has no SIGNATURE, and it tells neither serial nor WWN.",
        ),
    };
    if let Some(wrong) = wrong {
        shut.add(Condition::Same, wrong);
    }
    if let Some(sentence) = marked(loaded, &facts.bay.device) {
        shut.add(Condition::Same, sentence);
    }
}

/// Whether what is on the device in the bay was made when that was which was loaded: one SIGNATURE may be on several
/// devices, and not all of them tell a serial.
fn marked(loaded: &DeviceFacts, found: &DeviceFacts) -> Option<String> {
    let is_named = loaded.serial.is_some() || loaded.wwn.is_some();
    match &loaded.mark {
        Some(was) => differs("file system", Some(was), found.mark.as_deref()),
        // An earlier release of the station told none.
        None if is_named => None,
        None => Some(
            "The device that was loaded told no serial, no WWN, and no number of a file system or partition table: nothing \
             tells it from another with the same SIGNATURE."
                .to_owned(),
        ),
    }
}

/// The job says that its device is at the station that asks.
fn here(facts: &GateFacts, shut: &mut Shuts) {
    let asks = &facts.bay.station;
    match &facts.custody {
        Custody::AtStation { station, .. } if station == asks => {}
        Custody::AtStation { station, .. } => {
            let sentence = format!("The device is at station `{station}`, not at `{asks}`.");
            shut.add(Condition::Same, sentence);
        }
        Custody::NotReceived => shut.add(Condition::Same, "The device was never received."),
        Custody::Returned { .. } => shut.add(Condition::Same, "The device has gone back."),
    }
}

/// A person has named this job and this device.
pub(super) fn confirmed(facts: &GateFacts, said: &Confirmation, shut: &mut Shuts) {
    if said.job != facts.job {
        let sentence = format!(
            "Job {} was confirmed, and job {} is meant.",
            said.job, facts.job
        );
        shut.add(Condition::Free, sentence);
    }
    let known = facts.loaded.as_ref().unwrap_or(&facts.bay.device);
    let Some(mark) = DeviceMark::of(known, facts.device_id.as_deref()) else {
        shut.add(
            Condition::Free,
            "The device has no serial, no WWN and no name by which it could be confirmed.",
        );
        return;
    };
    if end(&said.serial_end) != mark.end {
        let sentence = format!(
            "`{}` was confirmed, which is not the end of the device's {}.",
            readable::name(&said.serial_end, SAID_CHARS),
            mark.name
        );
        shut.add(Condition::Free, sentence);
    }
}
