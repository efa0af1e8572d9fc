//! Texts of the catalogue, with what they are told, before it is known in which language they are read.

use std::fmt;

use askama::filters::{Html, escape};
use fluent_bundle::{FluentArgs, FluentValue};
use model::request_rate::RequestRate;
use model::time::Timestamp;

use super::{Language, catalogue};
use crate::faces::console::say;

/// The name of a text that needs to be told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct TextKey(&'static str);

/// The name of a text that needs to be told nothing.
pub(in super::super) const fn key(name: &'static str) -> TextKey {
    TextKey(name)
}

impl TextKey {
    pub(super) fn name(self) -> &'static str {
        self.0
    }
}

/// Something to be said to whoever looks, in her language.
#[derive(Debug, Clone)]
pub(in super::super) enum Text {
    /// A text of the catalogue.
    Ours {
        name: &'static str,
        told: Vec<(&'static str, Told)>,
    },
    /// What comes as English words from elsewhere: the API, a store, a station.
    English(String),
    /// What the service says in English itself, and other languages say by its code and values.
    Retold { english: String, ours: Box<Self> },
}

/// What a text is told.
#[derive(Debug, Clone)]
pub(in super::super) enum Told {
    Words(String),
    /// By which a text chooses between one and many.
    Count(u64),
    Bytes(u64),
    Time(Timestamp),
    Text(Text),
    /// With this between.
    Several(Vec<Text>, &'static str),
}

/// A text of the catalogue, by its name.
pub(in super::super) fn text(name: &'static str) -> Text {
    let told = Vec::new();
    Text::Ours { name, told }
}

impl From<TextKey> for Text {
    fn from(key: TextKey) -> Self {
        text(key.0)
    }
}

/// Templates pass what leads to a value.
impl From<&TextKey> for Text {
    fn from(key: &TextKey) -> Self {
        text(key.0)
    }
}

impl From<&Self> for Text {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl Text {
    fn told(mut self, name: &'static str, what: Told) -> Self {
        if let Self::Ours { told, .. } = &mut self {
            told.push((name, what));
        }
        self
    }

    /// The same with a name or another word that is no language's.
    pub(in super::super) fn with(self, name: &'static str, words: impl ToString) -> Self {
        self.told(name, Told::Words(words.to_string()))
    }

    /// The same with a number.
    pub(in super::super) fn count(self, name: &'static str, count: impl Said<u64>) -> Self {
        self.told(name, Told::Count(count.said()))
    }

    /// The same with a size.
    pub(in super::super) fn bytes(self, name: &'static str, count: impl Said<u64>) -> Self {
        self.told(name, Told::Bytes(count.said()))
    }

    /// The same with a moment.
    pub(in super::super) fn time(self, name: &'static str, at: impl Said<Timestamp>) -> Self {
        self.told(name, Told::Time(at.said()))
    }

    /// The same with another text.
    pub(in super::super) fn text(self, name: &'static str, text: impl Into<Self>) -> Self {
        self.told(name, Told::Text(text.into()))
    }

    /// The same where it says in other words what `english` says, which English pages say as it is.
    pub(in super::super) fn retells(self, english: &str) -> Self {
        Self::Retold {
            english: english.to_owned(),
            ours: Box::new(self),
        }
    }

    /// The same with several other texts.
    pub(in super::super) fn list(self, name: &'static str, all: Vec<Self>) -> Self {
        self.told(name, Told::Several(all, ", "))
    }

    /// The same with several sentences.
    pub(in super::super) fn sentences(self, name: &'static str, all: Vec<Self>) -> Self {
        self.told(name, Told::Several(all, " "))
    }

    /// Whether it is English whatever is read, and an element with it says so.
    pub(in super::super) fn is_english(&self) -> bool {
        matches!(self, Self::English(_))
    }

    /// In a language.
    pub(in super::super) fn in_language(&self, language: Language) -> String {
        self.as_said(language, &str::to_owned)
    }

    /// As an element that says which language it is in: words of customers and devices are among it.
    pub(super) fn element(&self, language: Language) -> String {
        let said = self.as_said(language, &escaped);
        match self.is_english() {
            true => format!("<bdi lang=\"en\">{said}</bdi>"),
            false => format!("<span dir=\"auto\">{said}</span>"),
        }
    }

    /// In a language; `harmless` makes of words from elsewhere what may stand where it is said.
    fn as_said(&self, language: Language, harmless: &dyn Fn(&str) -> String) -> String {
        let (name, told) = match self {
            Self::Ours { name, told } => (name, told),
            Self::English(words) => return harmless(&say::line(words)),
            Self::Retold { english, .. } if language == Language::English => {
                return harmless(&say::name(english));
            }
            Self::Retold { ours, .. } => return ours.as_said(language, harmless),
        };
        let mut args = FluentArgs::with_capacity(told.len());
        for (name, what) in told {
            let value: FluentValue<'_> = match what {
                // What is no language's is marked where all that is not is untranslated.
                Told::Words(words) if language == Language::Pseudo => {
                    format!("‹{}›", harmless(words)).into()
                }
                Told::Words(words) => harmless(words).into(),
                Told::Count(count) => (*count).into(),
                Told::Bytes(count) => language.bytes(count).into(),
                Told::Time(at) => language.time(at).into(),
                Told::Text(text) => text.as_said(language, harmless).into(),
                Told::Several(all, between) => {
                    let all = all.iter().map(|text| text.as_said(language, harmless));
                    all.collect::<Vec<_>>().join(between).into()
                }
            };
            args.set(*name, value);
        }
        catalogue::say(language, name, &args)
    }
}

/// A text that is said in a language, for templates.
#[derive(Debug, Clone)]
pub(in super::super) struct Spoken {
    language: Language,
    text: Text,
}

impl Spoken {
    pub(super) fn new(language: Language, text: Text) -> Self {
        Self { language, text }
    }

    fn more(self, more: impl FnOnce(Text) -> Text) -> Self {
        Self::new(self.language, more(self.text))
    }

    /// See [`Text::with`].
    pub(in super::super) fn with(self, name: &'static str, words: impl ToString) -> Self {
        self.more(|text| text.with(name, words))
    }

    /// See [`Text::text`].
    pub(in super::super) fn text(self, name: &'static str, other: impl Into<Text>) -> Self {
        self.more(|text| text.text(name, other))
    }

    /// See [`Text::count`].
    pub(in super::super) fn count(self, name: &'static str, count: impl Said<u64>) -> Self {
        self.more(|text| text.count(name, count))
    }

    /// See [`Text::bytes`].
    pub(in super::super) fn bytes(self, name: &'static str, count: impl Said<u64>) -> Self {
        self.more(|text| text.bytes(name, count))
    }

    /// See [`Text::time`].
    pub(in super::super) fn time(self, name: &'static str, at: impl Said<Timestamp>) -> Self {
        self.more(|text| text.time(name, at))
    }

    /// Of a text that has elements in it: as HTML, with harmless words.
    pub(in super::super) fn html(self) -> String {
        self.text.as_said(self.language, &escaped)
    }
}

fn escaped(words: &str) -> String {
    match escape(words, Html) {
        Ok(escaped) => escaped.to_string(),
        Err(never) => match never {},
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text.in_language(self.language))
    }
}

/// A value, or what leads to it: templates pass either.
pub(in super::super) trait Said<T> {
    fn said(&self) -> T;
}

impl Said<u64> for u64 {
    fn said(&self) -> u64 {
        *self
    }
}

impl Said<u64> for usize {
    fn said(&self) -> u64 {
        *self as u64
    }
}

impl Said<u64> for u32 {
    fn said(&self) -> u64 {
        u64::from(*self)
    }
}

impl Said<Language> for Language {
    fn said(&self) -> Language {
        *self
    }
}

impl Said<Text> for Text {
    fn said(&self) -> Text {
        self.clone()
    }
}

impl Said<TextKey> for TextKey {
    fn said(&self) -> TextKey {
        *self
    }
}

impl Said<Timestamp> for Timestamp {
    fn said(&self) -> Timestamp {
        *self
    }
}

impl Said<RequestRate> for RequestRate {
    fn said(&self) -> RequestRate {
        *self
    }
}

impl<T, S: Said<T>> Said<T> for &S {
    fn said(&self) -> T {
        (*self).said()
    }
}
