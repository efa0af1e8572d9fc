//! What became of a device, in words for people.

use model::erasure::{Certificate, Extent};
use model::readable;

use super::said;
use crate::event::{Destroyed, Released, ReturnedUnerased};

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

/// What was done, how much was read afterwards, and what that is worth.
pub(super) fn erased(certificate: &Certificate) -> String {
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
        "The device was erased ({}) by {}; {read}; the verdict is `{}`.",
        certificate.method,
        certificate.technique.sentence(),
        certificate.validation.verdict.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
