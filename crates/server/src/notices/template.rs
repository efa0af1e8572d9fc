//! Mails in the words of whoever runs the service: a file for a kind of notice, `transfer.finished.txt`, takes the place of
//! what would be said. The head of the log and who sent the mail stand below it all the same.
//!
//! ```text
//! Subject: Your disk {device} is loaded
//!
//! Dear customer,
//!
//! {happened} {to_do}
//!
//! {facts}
//! ```
//!
//! Pure.

use std::collections::BTreeMap;

use model::notice::{ByMail, NoticeKind};

/// What the name of a template ends in.
pub(crate) const ENDING: &str = ".txt";

/// Longest template in bytes: what is put into it comes on top.
pub(crate) const TEMPLATE_BYTES: usize = 10_000;

/// What the first line begins with.
const SUBJECT: &str = "Subject:";

/// What a template may ask for.
macro_rules! places {
    ($($(#[$doc:meta])* $name:literal $variant:ident,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Place {
            $($(#[$doc])* $variant,)*
        }

        impl Place {
            /// Every name.
            const NAMES: &[&str] = &[$($name),*];

            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

places! {
    /// The job.
    "job" Job,
    /// What the customer calls the device.
    "device" Device,
    /// The number of the account.
    "account" Account,
    /// When it happened.
    "when" When,
    /// What happened, in some words.
    "short" Short,
    /// What happened, as a sentence.
    "happened" Happened,
    /// What to do, as a sentence.
    "to_do" ToDo,
    /// Numbers and where things lie, a line each.
    "facts" Facts,
    /// The name of the installation.
    "installation" Installation,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Place),
}

/// A mail with places that are filled for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    subject: Vec<Piece>,
    text: Vec<Piece>,
}

/// The templates that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<NoticeKind, Template>);

/// What is wrong with a template, and on which line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub(crate) struct TemplateFault {
    /// From 1.
    line: usize,
    /// What is wrong.
    wrong: String,
}

impl Templates {
    /// Those that are given, each once.
    #[must_use]
    pub(crate) fn new(all: BTreeMap<NoticeKind, Template>) -> Self {
        Self(all)
    }

    /// That of a kind.
    pub(crate) fn of(&self, kind: NoticeKind) -> Option<&Template> {
        self.0.get(&kind)
    }
}

/// The kind of notice that the name of a file says, which goes by mail.
///
/// # Errors
/// What the name could have been.
pub(crate) fn kind_of(name: &str) -> Result<NoticeKind, String> {
    let mailed = || {
        let kinds = NoticeKind::ALL.iter();
        kinds.filter(|kind| kind.goes_by_mail() == ByMail::Yes)
    };
    let word = name.strip_suffix(ENDING);
    let found = word.and_then(|word| mailed().find(|kind| kind.word() == word));
    found.copied().ok_or_else(|| {
        let all: Vec<String> = mailed().map(|kind| format!("{kind}{ENDING}")).collect();
        format!("`{name}` is no mail: those are {}", all.join(", "))
    })
}

impl Template {
    /// Reads a template: a subject, an empty line, and the text.
    ///
    /// # Errors
    /// [`TemplateFault`].
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let fault = |line: usize, wrong: &str| TemplateFault {
            line,
            wrong: wrong.to_owned(),
        };
        if text.len() > TEMPLATE_BYTES {
            return Err(fault(1, "it has more than 10,000 bytes"));
        }
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let subject = first
            .strip_prefix(SUBJECT)
            .ok_or_else(|| fault(1, "it must begin with `Subject:`"))?
            .trim();
        if subject.is_empty() {
            return Err(fault(1, "the subject is empty"));
        }
        if !lines.next().unwrap_or_default().trim().is_empty() {
            return Err(fault(2, "it must be empty: the text begins below it"));
        }
        let subject = pieces(subject).map_err(|wrong| fault(1, &wrong))?;
        let mut whole = Vec::new();
        for (number, line) in (3..).zip(lines) {
            whole.extend(pieces(line.trim_end()).map_err(|wrong| fault(number, &wrong))?);
            whole.push(Piece::Text("\n".to_owned()));
        }
        let is_blank = |piece: &Piece| match piece {
            Piece::Text(text) => text.trim().is_empty(),
            Piece::Place(_) => false,
        };
        if whole.iter().all(is_blank) {
            return Err(fault(3, "there is no text"));
        }
        Ok(Self {
            subject,
            text: whole,
        })
    }

    /// The subject, on one line, and the text.
    #[must_use]
    pub(crate) fn filled(&self, fill: impl Fn(Place) -> String) -> (String, String) {
        let join = |pieces: &[Piece]| {
            let texts = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Place(place) => fill(*place),
            });
            texts.collect::<String>()
        };
        let subject = join(&self.subject).replace(['\r', '\n'], " ");
        (subject, join(&self.text).trim_end().to_owned())
    }
}

/// A line as its pieces. Two braces stand for one.
fn pieces(line: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), line);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
            continue;
        }
        let name = match (brace, rest.find('}')) {
            ("{", Some(end)) => &rest[..end],
            _ => {
                return Err(format!(
                    "a `{brace}` stands alone: `{brace}{brace}` is one that is meant"
                ));
            }
        };
        let place = Place::named(name).ok_or_else(|| {
            let known = Place::NAMES.join("`, `");
            format!("`{{{name}}}` is not known: there are `{known}`")
        })?;
        pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Place(place)]);
        rest = &rest[name.len() + 1..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_two_braces_are_one() {
        let text = "Subject: {job} {{or}} {device}\n\nDear {account},\n\n{happened}\n";
        let filled = Template::parse(text).unwrap().filled(|place| match place {
            Place::Device => "a\nb".to_owned(),
            place => format!("<{place:?}>"),
        });
        let subject = "<Job> {or} a b".to_owned();
        assert_eq!(
            filled,
            (subject, "Dear <Account>,\n\n<Happened>".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_is_told_with_its_line() {
        let long = format!("Subject: x\n\n{}", "y".repeat(TEMPLATE_BYTES));
        for (text, fault) in [
            ("Dear", "line 1: it must begin with `Subject:`"),
            ("Subject: \n\nx", "line 1: the subject is empty"),
            ("Subject: x\ny", "line 2: it must be empty"),
            ("Subject: x\n\n\n", "line 3: there is no text"),
            (
                "Subject: x\n\na\n{jobs}",
                "line 4: `{jobs}` is not known: there are `job`, `device`",
            ),
            ("Subject: x}\n\na", "line 1: a `}` stands alone"),
            ("Subject: x\n\n{job", "line 3: a `{` stands alone"),
            (&long, "line 1: it has more than"),
        ] {
            let found = Template::parse(text).unwrap_err().to_string();
            assert!(found.starts_with(fault), "{found}");
        }
    }

    #[test]
    fn a_template_is_of_a_mail() {
        assert_eq!(
            kind_of("transfer.finished.txt"),
            Ok(NoticeKind::TransferFinished)
        );
        for name in ["transfer.started.txt", "finished.txt", "job.created"] {
            let wrong = kind_of(name).unwrap_err();
            assert!(
                wrong.contains("device.erased.txt") && !wrong.contains("job.updated"),
                "{wrong}"
            );
        }
    }
}
