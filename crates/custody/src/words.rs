//! Events in words for people: one sentence each, the same on paper and on a screen.
//!
//! What a person typed or a device says stands in them as it is told: who shows them takes care of what it may hold.

mod device;
mod disposal;
mod parcel;

use model::proof::ReadBack;
use model::readable;

use crate::by::{By, Kind};
use crate::event::{
    Docked, Encrypted, EncryptedHow, HandedOver, Loaded, Outcome, Probed, Side, Subject, Verified,
    What,
};
use crate::line::Entry;
use crate::told::Told;

/// What happened. Of an event that a later release knows, its name.
#[must_use]
pub fn happened(entry: &Entry) -> String {
    match &entry.what {
        Some(what) => sentence(what),
        None => format!(
            "Something that this release does not know: {}.",
            entry.event
        ),
    }
}

/// Who did it, and where.
#[must_use]
pub fn who(entry: &Entry) -> String {
    let By { kind, name, how: _ } = &entry.by;
    let mut who = match kind {
        Kind::Person => name.clone(),
        Kind::Station => format!("station {name}"),
        Kind::Service => "the service".to_owned(),
        Kind::Account => match name.split_once('/') {
            Some((account, user)) => format!("user {user} of account {account}"),
            None => format!("account {name}"),
        },
    };
    if let Some(station) = &entry.station
        && (*kind != Kind::Station || name != station.as_str())
    {
        who.push_str(&format!(", at station {station}"));
    }
    if let Some(bay) = &entry.bay {
        who.push_str(&format!(", bay {bay}"));
    }
    who
}

fn sentence(what: &What) -> String {
    match what {
        What::Announced(it) => {
            let device = said(" for the device ", it.device_id.as_ref());
            let erase = match it.erase {
                Some(true) => ", which is to be erased before it goes back",
                _ => "",
            };
            format!("The job was made{device}{erase}.")
        }
        What::Updated(_) => "The customer replaced the manifest.".to_owned(),
        What::Canceled(it) => format!("The job was canceled{}.", said(": ", it.reason.as_ref())),
        What::Expired(_) => "The device did not come in time.".to_owned(),
        What::Received(it) => parcel::received(it),
        What::Opened(it) => parcel::opened(it),
        What::Photographed(it) => {
            let of = match it.of {
                Subject::Parcel => "the parcel",
                Subject::Label => "the label",
                Subject::Seal => "the seal",
                Subject::Device => "the device",
                Subject::Damage => "the damage",
            };
            format!("A picture of {of} was taken: {}.", it.name)
        }
        What::Identified(it) => device::identified(it),
        What::Docked(Docked { read_only }) => {
            format!("A station took the device up{}.", protected(*read_only))
        }
        What::Unlocked(it) => {
            let key = said(", key ", it.key_id.as_ref());
            format!(
                "Volume {} of the device was unlocked ({}{key}).",
                it.volume,
                it.method.as_str()
            )
        }
        What::Encrypted(it) => encrypted(it),
        What::Undocked(it) => {
            format!(
                "The station let go of the device{}.",
                protected(it.read_only)
            )
        }
        What::Examined(it) => device::examined(it),
        What::Probed(it) => probed(it),
        What::Planned(it) => format!(
            "The whole device was walked: {} entries, {}.",
            readable::number(it.entries),
            readable::bytes(it.bytes)
        ),
        What::Attempt(it) => match it.number {
            0 | 1 => "The transfer began.".to_owned(),
            number => format!("The transfer began again, for the {}.", time(number)),
        },
        What::Interrupted(it) => format!("The transfer stopped before its end: {}.", it.cause),
        What::Loaded(Loaded(outcome)) => finished("The device is loaded", outcome),
        What::Filled(outcome) => finished("The device is filled", &outcome.0),
        What::Aborted(it) => {
            let why = said(": ", it.reason.as_ref());
            format!("The job was given up ({}){why}.", it.cause)
        }
        What::Reported(it) => {
            let names: Vec<&str> = it.files.iter().map(|file| file.name.as_str()).collect();
            format!("The report lies in the log bucket: {}.", names.join(", "))
        }
        What::Verified(it) => verified(it),
        What::Held(it) => format!(
            "The job stands still until something is mended: {}.",
            it.cause
        ),
        What::Resumed(it) => format!("The job goes on: {}.", it.cause),
        What::Released(it) => disposal::released(it),
        What::Objected(it) => {
            format!(
                "The customer objected to an erase: {}.",
                it.statement.as_str()
            )
        }
        What::ObjectionWithdrawn(it) => {
            let word = said(": ", it.statement.as_ref());
            format!("The customer took the objection back{word}.")
        }
        What::EraseStarted(it) => disposal::erase_started(it),
        What::Erased(it) => disposal::erased(it),
        What::EraseFailed(it) => format!("The device could not be erased: {}.", it.failure.why),
        What::Destroyed(it) => disposal::destroyed(it),
        What::ReturnedUnerased(it) => disposal::unerased(it),
        What::Sealed(it) => parcel::sealed(it),
        What::HandedOver(HandedOver { carrier, tracking }) => format!(
            "The device was given to {}, number {}.",
            carrier.as_str(),
            tracking.as_str()
        ),
        What::Corrected(it) => format!(
            "What event {} says is corrected: {} ({}).",
            it.of,
            it.says.as_str(),
            it.reason.as_str()
        ),
        What::Closed(_) => "Nothing more is to come.".to_owned(),
        What::KeyMade(it) => format!("The installation has the key {}.", it.fingerprint),
        What::KeyRotated(it) => format!("The key {} took the place of {}.", it.new, it.old),
        What::KeyRevoked(it) => format!(
            "The key {} counts no more{}.",
            it.fingerprint,
            said(": ", it.reason.as_ref())
        ),
        What::SecretDestroyed(it) => {
            format!("What opened the device of job {} was destroyed.", it.of)
        }
        What::StationAdmitted(it) => format!("The station {} was admitted.", it.name),
        What::ParcelUnknown(it) => format!(
            "A parcel came that no job is known for{}{}.",
            said(", by ", it.carrier.as_ref()),
            said(", number ", it.tracking.as_ref())
        ),
    }
}

/// A text behind what leads to it, or nothing.
fn said(lead: &str, told: Option<&Told>) -> String {
    told.map(|told| format!("{lead}{}", told.as_str()))
        .unwrap_or_default()
}

fn time(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending} time")
}

fn protected(read_only: Option<bool>) -> &'static str {
    match read_only {
        Some(true) => ", set so that nothing can write to it",
        Some(false) => ", not protected from writing",
        None => "",
    }
}

fn encrypted(it: &Encrypted) -> String {
    let key = said(", key ", it.key_id.as_ref());
    let method = it
        .method
        .as_ref()
        .map_or("a form that is not told", Told::as_str);
    match it.how {
        EncryptedHow::Made => format!(
            "The device was encrypted with {method}{key}, and the password of the manifest opens it."
        ),
        EncryptedHow::Found => format!(
            "The device is encrypted with {method}{key}, and the password of the manifest opens it."
        ),
        EncryptedHow::Told => format!(
            "The device was not encrypted here: who docked it says that something else does{}.",
            said(": ", it.words.as_ref())
        ),
    }
}

fn probed(it: &Probed) -> String {
    let read_back = match it.read_back {
        ReadBack::Off => "its word is enough for what it was shown to check",
        ReadBack::Sampled => "a sample of what is stored is read back",
        ReadBack::Full => "all that is stored is read back",
    };
    format!("The store was probed: {read_back}.")
}

fn finished(what: &str, outcome: &Outcome) -> String {
    let stored = outcome.tally.map(|tally| {
        let (stored, bytes) = (readable::number(tally.stored), readable::bytes(tally.bytes));
        format!(": {stored} stored, {bytes}")
    });
    let errors = match outcome.errors {
        0 => "without errors".to_owned(),
        1 => "with 1 error".to_owned(),
        errors => format!("with {} errors", readable::number(errors)),
    };
    format!("{what}{}, {errors}.", stored.unwrap_or_default())
}

fn verified(it: &Verified) -> String {
    let what = match it.what {
        Side::Bucket => "The objects in the bucket were",
        Side::Device => "The files of the device were",
    };
    let share = said(" (a share of ", it.share.as_ref());
    let share = match share.is_empty() {
        true => share,
        false => format!("{share} percent)"),
    };
    let found = match it.differences {
        0 => "nothing differs".to_owned(),
        1 => "1 differs".to_owned(),
        differences => format!("{} differ", readable::number(differences)),
    };
    format!("{what} compared with the report{share}: {found}.")
}

#[cfg(test)]
mod tests {
    use model::report::lines::Totals;

    use super::*;
    use crate::event::{Attempt, Identified, Interrupted, ParcelCondition, Received, Seen};

    #[test]
    fn what_happened_is_a_sentence() {
        let loaded = Outcome {
            errors: 2,
            tally: Some(Totals {
                stored: 1_234,
                bytes: 5_000_000,
                ..Totals::default()
            }),
            ..Outcome::default()
        };
        let attempt = |number| Attempt { number };
        let seen = Identified {
            model: Some("ST4000".into()),
            serial: Some("Z3".into()),
            bytes: Some(4_000_000_000_000),
            signature: Some(Seen::Valid),
            ..Identified::default()
        };
        let came = Received {
            carrier: Some("UPS".into()),
            condition: Some(ParcelCondition::Wet),
            ..Received::default()
        };
        let cause = "station-gone".to_owned();
        for (what, sentence) in [
            (
                Loaded(loaded).into(),
                "The device is loaded: 1,234 stored, 5.0 MB, with 2 errors.",
            ),
            (attempt(1).into(), "The transfer began."),
            (
                attempt(22).into(),
                "The transfer began again, for the 22nd time.",
            ),
            (
                attempt(113).into(),
                "The transfer began again, for the 113th time.",
            ),
            (
                seen.into(),
                "A station saw ST4000, serial Z3, 4.0 TB; its SIGNATURE is the one that was issued.",
            ),
            (came.into(), "The device came by UPS, wet."),
            (
                Encrypted {
                    how: EncryptedHow::Made,
                    method: Some("LUKS2".into()),
                    key_id: Some("0f6c".into()),
                    words: None,
                }
                .into(),
                "The device was encrypted with LUKS2, key 0f6c, and the password of the manifest opens it.",
            ),
            (
                Encrypted {
                    how: EncryptedHow::Told,
                    method: None,
                    key_id: None,
                    words: Some("its keypad".into()),
                }
                .into(),
                "The device was not encrypted here: who docked it says that something else does: its keypad.",
            ),
            (
                Interrupted { cause }.into(),
                "The transfer stopped before its end: station-gone.",
            ),
        ] {
            let what: What = what;
            assert_eq!(super::sentence(&what), sentence);
        }
    }
}
