//! What became of a device, in words for people.

use model::erasure::Extent;
use model::readable;

use super::said;
use crate::event::{Destroyed, EraseStarted, Erased, Released, ReturnedUnerased};
use crate::told::Told;

/// That it may be erased.
pub(super) fn released(it: &Released) -> String {
    let lines = match it.gives_up {
        0 => String::new(),
        1 => ", and 1 line of the report was given up".to_owned(),
        lines => format!(
            ", and {} lines of the report were given up",
            readable::number(lines)
        ),
    };
    let by = match it.rule.as_str() {
        "manifest" => " by its manifest",
        "aws" => " by the rule of the installation",
        _ => "",
    };
    let word = said(": ", it.statement.as_ref());
    format!("The device was released to be erased{by}{lines}{word}.")
}

/// That somebody destroyed it.
pub(super) fn destroyed(it: &Destroyed) -> String {
    format!(
        "The device was destroyed: {} ({} answers for it).",
        it.reason.as_str(),
        it.authority.as_str()
    )
}

/// That it goes back as it is.
pub(super) fn unerased(it: &ReturnedUnerased) -> String {
    format!(
        "The device goes back as it is, although it was to be erased: {} ({} answers for it).",
        it.reason.as_str(),
        it.authority.as_str()
    )
}

/// That it is erased from now on, and who said so.
pub(super) fn erase_started(it: &EraseStarted) -> String {
    format!(
        "The erasing of the device began: {}{}.",
        it.technique.sentence(),
        confirmed(&it.confirmed_by)
    )
}

fn confirmed(by: &[Told]) -> String {
    let names: Vec<&str> = by.iter().map(Told::as_str).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(", as confirmed by {}", names.join(" and ")),
    }
}

/// What was done, how much was read afterwards, what that is worth, and who said so.
pub(super) fn erased(it: &Erased) -> String {
    let certificate = &it.certificate;
    let read = match &certificate.verification {
        None => "was not read afterwards".to_owned(),
        Some(read) => match &read.extent {
            Extent::Full => "all of it was read afterwards".to_owned(),
            Extent::Sampled { places, .. } => format!(
                "{} places of it were read afterwards",
                readable::number(*places)
            ),
        },
    };
    format!(
        "The device was erased ({}) by {}{}; {read}; the verdict is `{}`.",
        certificate.method,
        certificate.technique.sentence(),
        confirmed(&it.confirmed_by),
        certificate.validation.verdict.name()
    )
}

#[cfg(test)]
mod tests {
    use model::erasure::Technique;

    use super::*;

    #[test]
    fn who_confirmed_an_erase_is_said() {
        let started = |confirmed_by: &[&str]| {
            erase_started(&EraseStarted {
                grant: "0".repeat(32),
                technique: Technique::OverwriteZeros,
                confirmed_by: confirmed_by.iter().map(|name| Told::from(*name)).collect(),
            })
        };
        assert!(started(&["jane", "joe"]).ends_with(", as confirmed by jane and joe."));
        assert!(!started(&[]).contains("confirmed"));
    }

    #[test]
    fn what_was_given_up_and_who_answers_is_said() {
        let released = |rule: &str, gives_up, statement: Option<&str>| {
            released(&Released {
                rule: rule.to_owned(),
                gives_up,
                statement: statement.map(Into::into),
            })
        };
        assert_eq!(
            released("manifest", 0, None),
            "The device was released to be erased by its manifest."
        );
        assert_eq!(
            released("customer", 1_234, Some("as agreed")),
            "The device was released to be erased, and 1,234 lines of the report were given up: as agreed."
        );
        let word = unerased(&ReturnedUnerased {
            authority: "Jane Roe".into(),
            reason: "As asked by phone.".into(),
        });
        assert!(
            word.contains("As asked by phone. (Jane Roe answers for it)"),
            "{word}"
        );
    }
}
