//! What happened to a job, for whoever reads its page: the events of custody, in her language. In English they are what
//! [`custody::words`] makes of them, on paper too.

use custody::by::Kind;
use custody::event::{
    Belongings, Destroyed, Docked, Encrypted, EncryptedHow, EraseStarted, Erased, Examined,
    HandedOver, HiddenSectors, Identified, Opened, Outcome, ParcelCondition, Received, Released,
    ReturnedUnerased, Sealed, Seen, Side, Subject, Verified, What,
};
use custody::line::Entry;
use custody::told::Told;
use custody::words;
use model::erasure::{Extent, Technique};
use model::proof::ReadBack;
use model::time::Timestamp;

use super::language::{Text, TextKey, key, text};
use super::say;
use super::word;

/// Something that happened to a job.
pub(super) struct Happened {
    pub(super) at: Timestamp,
    pub(super) who: Text,
    pub(super) sentence: Text,
}

impl Happened {
    pub(super) fn of(entry: &Entry) -> Self {
        let happened = words::happened(entry);
        let sentence = match &entry.what {
            Some(what) => sentence(what).retells(&happened),
            None => Text::English(happened),
        };
        Self {
            at: Timestamp::from_unix(entry.at.unix_millis().div_euclid(1000)),
            who: who(entry).retells(&words::who(entry)),
            sentence,
        }
    }
}

/// Who did it, and where.
fn who(entry: &Entry) -> Text {
    let name = say::name(&entry.by.name);
    let who = match entry.by.kind {
        Kind::Person => text("plain").with("words", name),
        Kind::Station => text("who-station").with("station", name),
        Kind::Service => text("who-service"),
        Kind::Account => match name.split_once('/') {
            Some((account, user)) => text("who-user").with("user", user).with("account", account),
            None => text("who-account").with("account", name),
        },
    };
    let station = entry
        .station
        .as_ref()
        .filter(|station| entry.by.kind != Kind::Station || entry.by.name != station.as_str());
    let station = station.map(|station| text("who-at-station").with("station", station));
    let bay = entry.bay.as_ref();
    let bay = bay.map(|bay| text("who-at-bay").with("bay", say::name(bay.as_str())));
    text("who")
        .text("who", who)
        .text("station", or_nothing(station))
        .text("bay", or_nothing(bay))
}

/// What happened, as a sentence.
fn sentence(what: &What) -> Text {
    match what {
        What::Announced(it) => {
            let erase = it
                .erase
                .filter(|erase| *erase)
                .map(|_| text("history-to-be-erased"));
            let device = it.device_id.as_ref();
            let device = device.map(|id| text("history-for-device").with("words", told(id)));
            text("history-announced")
                .text("device", or_nothing(device))
                .text("erase", or_nothing(erase))
        }
        What::Updated(_) => text("history-updated"),
        What::Canceled(it) => text("history-canceled").text("why", because(it.reason.as_ref())),
        What::Expired(_) => text("history-expired"),
        What::Received(it) => received(it),
        What::Opened(it) => opened(it),
        What::Photographed(it) => {
            let of = match it.of {
                Subject::Parcel => key("picture-parcel"),
                Subject::Label => key("picture-label"),
                Subject::Seal => key("picture-seal"),
                Subject::Device => key("picture-device"),
                Subject::Damage => key("picture-damage"),
            };
            text("history-photographed")
                .text("of", of)
                .with("name", say::name(it.name.as_str()))
        }
        What::Identified(it) => identified(it),
        What::Docked(Docked { read_only }) => {
            text("history-docked").text("protected", protected(*read_only))
        }
        What::Unlocked(it) => {
            let id = it.key_id.as_ref();
            let id = id.map(|words| text("history-key").with("words", told(words)));
            text("history-unlocked")
                .with("volume", it.volume)
                .with("method", it.method.as_str())
                .text("key", or_nothing(id))
        }
        What::Encrypted(it) => encrypted(it),
        What::Undocked(it) => text("history-undocked").text("protected", protected(it.read_only)),
        What::Examined(it) => examined(it),
        What::Probed(it) => match it.read_back {
            ReadBack::Off => text("history-probed-off"),
            ReadBack::Sampled => text("history-probed-sampled"),
            ReadBack::Full => text("history-probed-full"),
        },
        What::Planned(it) => text("history-planned")
            .count("entries", it.entries)
            .bytes("bytes", it.bytes),
        What::Attempt(it) if it.number <= 1 => text("history-began"),
        What::Attempt(it) => text("history-began-again").count("number", it.number),
        What::Interrupted(it) => text("history-interrupted").with("cause", say::name(&it.cause)),
        What::Loaded(it) => finished(key("history-loaded"), &it.0),
        What::Filled(it) => finished(key("history-filled"), &it.0),
        What::Aborted(it) => text("history-aborted")
            .text("cause", word::progress(&it.cause))
            .text("why", because(it.reason.as_ref())),
        What::Reported(it) => {
            let names: Vec<&str> = it.files.iter().map(|file| file.name.as_str()).collect();
            text("history-reported").with("files", say::name(names.join(", ")))
        }
        What::Verified(it) => verified(it),
        What::Held(it) => text("history-held").text("cause", word::hold(&it.cause)),
        What::Resumed(it) => text("history-resumed").with("cause", say::name(&it.cause)),
        What::Released(it) => released(it),
        What::Objected(it) => text("history-objected").with("words", told(&it.statement)),
        What::ObjectionWithdrawn(it) => {
            text("history-withdrawn").text("why", because(it.statement.as_ref()))
        }
        What::EraseStarted(it) => erase_started(it),
        What::Erased(it) => erased(it),
        What::EraseFailed(it) => {
            text("history-erase-failed").with("why", say::name(&it.failure.why))
        }
        What::Destroyed(Destroyed {
            reason, authority, ..
        }) => text("history-destroyed")
            .with("reason", told(reason))
            .with("authority", told(authority)),
        What::ReturnedUnerased(ReturnedUnerased {
            reason, authority, ..
        }) => text("history-unerased")
            .with("reason", told(reason))
            .with("authority", told(authority)),
        What::Sealed(it) => sealed(it),
        What::HandedOver(HandedOver { carrier, tracking }) => text("history-handed-over")
            .with("carrier", told(carrier))
            .with("number", told(tracking)),
        What::Corrected(it) => text("history-corrected")
            .with("event", it.of)
            .with("says", told(&it.says))
            .with("reason", told(&it.reason)),
        What::Closed(_) => text("history-closed"),
        What::SecretDestroyed(it) => text("history-secret-destroyed").with("job", it.of),
        // These are told of the installation and not of a job.
        What::KeyMade(_)
        | What::KeyRotated(_)
        | What::KeyRevoked(_)
        | What::StationAdmitted(_)
        | What::ParcelUnknown(_) => text("history-of-installation"),
    }
}

/// What somebody typed or a device says.
fn told(words: &Told) -> String {
    say::name(words.as_str())
}

fn or_nothing(text: Option<Text>) -> Text {
    text.unwrap_or(key("nothing").into())
}

/// A reason behind a sentence, or nothing.
fn because(words: Option<&Told>) -> Text {
    or_nothing(words.map(|words| text("history-because").with("words", told(words))))
}

fn protected(read_only: Option<bool>) -> TextKey {
    match read_only {
        Some(true) => key("history-protected"),
        Some(false) => key("history-not-protected"),
        None => key("nothing"),
    }
}

fn received(it: &Received) -> Text {
    let condition = match it.condition {
        Some(ParcelCondition::Intact) => key("parcel-intact"),
        Some(ParcelCondition::Damaged) => key("parcel-damaged"),
        Some(ParcelCondition::Opened) => key("parcel-opened"),
        Some(ParcelCondition::Wet) => key("parcel-wet"),
        None => key("nothing"),
    };
    let carrier = it.carrier.as_ref();
    let carrier = carrier.map(|words| text("history-by-carrier").with("words", told(words)));
    let number = it.tracking.as_ref();
    let number = number.map(|words| text("history-number").with("words", told(words)));
    let seal = it.seal.as_ref();
    let seal = seal.map(|words| text("history-seal").with("words", told(words)));
    text("history-received")
        .text("carrier", or_nothing(carrier))
        .text("number", or_nothing(number))
        .text("condition", condition)
        .text("seal", or_nothing(seal))
}

fn opened(it: &Opened) -> Text {
    let Belongings {
        device,
        power_supply,
        cable,
        slip,
    } = it.contents;
    let found = [
        (device, key("found-device")),
        (power_supply, key("found-power-supply")),
        (cable, key("found-cable")),
        (slip, key("found-slip")),
    ];
    let mut found: Vec<Text> = found
        .into_iter()
        .filter(|(is_there, _)| *is_there)
        .map(|(_, name)| name.into())
        .collect();
    if found.is_empty() {
        found.push(text("found-nothing"));
    }
    let seal = match it.seal_intact {
        Some(true) => key("history-seal-whole"),
        Some(false) => key("history-seal-broken"),
        None => key("nothing"),
    };
    text("history-opened")
        .list("found", found)
        .text("seal", seal)
}

fn sealed(it: &Sealed) -> Text {
    let outer = it.r#box.as_ref();
    let outer = outer.map(|words| text("history-box").with("words", told(words)));
    text("history-sealed")
        .with("seal", told(&it.seal))
        .text("box", or_nothing(outer))
}

fn identified(it: &Identified) -> Text {
    let names = [&it.maker, &it.model].into_iter().flatten();
    let names: Vec<String> = names.map(told).collect();
    let name = match names.is_empty() {
        true => text("history-a-device"),
        false => text("plain").with("words", names.join(" ")),
    };
    let serial = it.serial.as_ref();
    let serial = serial.map(|words| text("history-serial").with("words", told(words)));
    let size = it
        .bytes
        .map(|bytes| text("history-size").bytes("bytes", bytes));
    let signature = match it.signature {
        Some(Seen::Valid) => key("history-signature-valid"),
        Some(Seen::Missing) => key("history-signature-missing"),
        Some(Seen::Invalid) => key("history-signature-invalid"),
        Some(Seen::NoneExpected) | None => key("nothing"),
    };
    text("history-identified")
        .text("device", name)
        .text("serial", or_nothing(serial))
        .text("size", or_nothing(size))
        .text("signature", signature)
}

fn encrypted(it: &Encrypted) -> Text {
    let word = |it: &Option<Told>| it.as_ref().map_or_else(String::new, told);
    let id = it.key_id.as_ref();
    let id = id.map(|words| text("history-key").with("words", told(words)));
    match it.how {
        EncryptedHow::Made => text("history-encrypted-made")
            .with("method", word(&it.method))
            .text("key", or_nothing(id)),
        EncryptedHow::Found => text("history-encrypted-found")
            .with("method", word(&it.method))
            .text("key", or_nothing(id)),
        EncryptedHow::Told => text("history-encrypted-told").with("words", word(&it.words)),
    }
}

fn examined(it: &Examined) -> Text {
    let verdict = match it.passed {
        Some(true) => key("history-sound"),
        Some(false) => key("history-failing"),
        None => key("history-asked-how-it-is"),
    };
    let hidden = match it.hidden_sectors {
        HiddenSectors::Known(sectors) => Some(sectors),
        HiddenSectors::Unknown => None,
    };
    let heat = it.temperature;
    let facts = [
        it.hours
            .map(|count| text("health-hours").count("count", count)),
        it.reallocated
            .map(|count| text("health-reallocated").count("count", count)),
        it.pending
            .map(|count| text("health-pending").count("count", count)),
        it.uncorrectable
            .map(|count| text("health-uncorrectable").count("count", count)),
        it.interface_errors
            .map(|count| text("health-interface").count("count", count)),
        it.percent_used
            .map(|count| text("health-used").count("count", count)),
        hidden.map(|count| text("health-hidden").count("count", count)),
        heat.map(|degrees| text("health-heat").with("degrees", degrees)),
    ];
    let facts: Vec<Text> = facts.into_iter().flatten().collect();
    match facts.is_empty() {
        true => text("history-examined").text("verdict", verdict),
        false => text("history-examined-facts")
            .text("verdict", verdict)
            .list("facts", facts),
    }
}

fn finished(what: TextKey, outcome: &Outcome) -> Text {
    let errors = text("history-errors").count("errors", outcome.errors);
    match &outcome.tally {
        Some(tally) => text("history-finished-tally")
            .text("what", what)
            .count("stored", tally.stored)
            .bytes("bytes", tally.bytes)
            .text("errors", errors),
        None => text("history-finished")
            .text("what", what)
            .text("errors", errors),
    }
}

fn verified(it: &Verified) -> Text {
    let what = match it.what {
        Side::Bucket => key("verified-bucket"),
        Side::Device => key("verified-device"),
    };
    let share = it.share.as_ref();
    let share = share.map(|words| text("verified-share").with("percent", told(words)));
    text("history-verified")
        .text("what", what)
        .text("share", or_nothing(share))
        .text(
            "found",
            text("verified-found").count("differences", it.differences),
        )
}

fn released(it: &Released) -> Text {
    let by = match it.rule.as_str() {
        "manifest" => key("released-by-manifest"),
        "aws" => key("released-by-rule"),
        _ => key("nothing"),
    };
    let lines = (it.gives_up > 0).then(|| text("released-lines").count("lines", it.gives_up));
    text("history-released")
        .text("by", by)
        .text("lines", or_nothing(lines))
        .text("why", because(it.statement.as_ref()))
}

fn erase_started(it: &EraseStarted) -> Text {
    text("history-erase-started")
        .text("technique", technique(it.technique))
        .text("confirmed", confirmed(&it.confirmed_by))
}

fn confirmed(by: &[Told]) -> Text {
    let names: Vec<String> = by.iter().map(told).collect();
    let confirmed = (!names.is_empty()).then(|| {
        let names = names.join(", ");
        text("history-confirmed").with("names", names)
    });
    or_nothing(confirmed)
}

fn erased(it: &Erased) -> Text {
    let certificate = &it.certificate;
    let read = match &certificate.verification {
        None => text("erased-not-read"),
        Some(read) => match &read.extent {
            Extent::Full => text("erased-read-all"),
            Extent::Sampled { places, .. } => text("erased-read-places").count("places", *places),
        },
    };
    text("history-erased")
        .with("method", certificate.method)
        .text("technique", technique(certificate.technique))
        .text("confirmed", confirmed(&it.confirmed_by))
        .text("read", read)
        .with("verdict", certificate.validation.verdict.name())
}

/// By what a device is erased. Commands of devices are called as their standards do.
fn technique(technique: Technique) -> Text {
    match technique {
        Technique::OverwriteZeros => text("technique-zeros"),
        Technique::OverwriteStream => text("technique-stream"),
        command => text("plain").with("words", command.sentence()),
    }
}

#[cfg(test)]
mod tests {
    use custody::event::{Attempt, Filled, Held, Interrupted, Loaded, Resumed};
    use model::report::lines::Totals;

    use super::*;
    use crate::faces::console::language::Language;

    /// What no catalogue says: words in letters without accents, but for those that are no language's. Units are shorter.
    fn plain_words(said: &str) -> Vec<String> {
        let mut depth = 0;
        let outside = said.chars().map(|c| {
            depth += i32::from(c == '‹');
            let shown = if depth == 0 { c } else { ' ' };
            depth -= i32::from(c == '›');
            shown
        });
        let outside: String = outside.collect();
        let words = outside.split(|c: char| !c.is_ascii_alphabetic());
        words
            .filter(|word| word.len() > 2)
            .map(str::to_owned)
            .collect()
    }

    fn samples() -> Vec<What> {
        let reason = || Some(Told::from("as agreed"));
        let read = |read_only| Docked {
            read_only: Some(read_only),
        };
        let outcome = |errors| Outcome {
            errors,
            tally: Some(Totals {
                stored: 1_234,
                bytes: 5_000_000,
                ..Totals::default()
            }),
            ..Outcome::default()
        };
        let released = |rule: &str, gives_up| Released {
            rule: rule.to_owned(),
            gives_up,
            statement: reason(),
        };
        let seen = |signature| Identified {
            model: Some("ST4000".into()),
            serial: Some("Z3".into()),
            bytes: Some(4_000_000_000_000),
            signature: Some(signature),
            ..Identified::default()
        };
        vec![
            Received {
                carrier: Some("UPS".into()),
                tracking: Some("1Z".into()),
                seal: Some("S-1".into()),
                condition: Some(ParcelCondition::Wet),
                ..Received::default()
            }
            .into(),
            Received::default().into(),
            seen(Seen::Valid).into(),
            seen(Seen::Invalid).into(),
            Identified::default().into(),
            read(true).into(),
            read(false).into(),
            Examined {
                passed: Some(false),
                hours: Some(41_022),
                pending: Some(8),
                temperature: Some(41),
                hidden_sectors: HiddenSectors::Known(0),
                ..Examined::default()
            }
            .into(),
            Examined::default().into(),
            Attempt { number: 1 }.into(),
            Attempt { number: 22 }.into(),
            Interrupted {
                cause: "station-gone".to_owned(),
            }
            .into(),
            Loaded(outcome(0)).into(),
            Loaded(outcome(2)).into(),
            Filled(Outcome::default()).into(),
            Held {
                cause: "BucketMissing".to_owned(),
                until: None,
            }
            .into(),
            Resumed {
                cause: "mended".to_owned(),
                until: None,
            }
            .into(),
            released("manifest", 0).into(),
            released("aws", 1_234).into(),
            EraseStarted {
                grant: "0".repeat(32),
                technique: Technique::OverwriteZeros,
                confirmed_by: vec!["jane".into(), "joe".into()],
            }
            .into(),
            ReturnedUnerased {
                authority: "Jane Roe".into(),
                reason: "As asked by phone".into(),
            }
            .into(),
            HandedOver {
                carrier: "UPS".into(),
                tracking: "1Z".into(),
            }
            .into(),
        ]
    }

    #[test]
    fn what_happened_is_told_in_every_language() {
        for what in samples() {
            let told = sentence(&what);
            let german = Language::German.of_text(&told);
            let english = Language::English.of_text(&told);
            assert!(german != english, "{german}");
            for said in [&german, &english] {
                assert!(!said.contains("{$"), "{said}");
            }
            let pseudo = Language::Pseudo.of_text(&told);
            assert!(plain_words(&pseudo).is_empty(), "{}: {pseudo}", what.name());
        }
        let loaded = sentence(&samples()[13]);
        assert_eq!(
            Language::German.of_text(&loaded),
            "Der Datenträger ist geladen: 1.234 gespeichert, 5,0 MB, mit 2 Fehlern."
        );
        assert_eq!(plain_words("⟦ĵöƀ⟧ ‹dock-1› job, 4 TB"), ["job"]);
        // The same in English as on paper.
        let retold = loaded.retells("The device is loaded.");
        assert_eq!(Language::English.of_text(&retold), "The device is loaded.");
    }
}
