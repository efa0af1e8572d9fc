//! The languages of the console: which there are, which one somebody reads, and how each writes numbers, sizes and times.
//!
//! The sentences themselves are in `crates/server/texts`, a file a language; [`catalogue`] reads them. API, command line and
//! reports are English: what comes from there as words stays as it is, and pages say that it is English.

mod catalogue;
mod choice;
mod pseudo;
#[cfg(test)]
mod tests;
mod text;

use model::readable::{self, RoughSpan};
use model::request_rate::RequestRate;
use model::time::Timestamp;

pub(super) use choice::{cookie, of_request, offered};
pub(super) use text::{Said, Spoken, Text, TextKey, key, text};

/// A language that pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
    /// English with accents, brackets and two fifths more length. Nobody reads it: what stands on a page without accents
    /// is in no catalogue, and what is cut off has no room.
    Pseudo,
}

/// Those that are offered.
pub(super) const OFFERED: [Language; 2] = [Language::English, Language::German];

impl Language {
    /// As HTML and HTTP call it (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Pseudo => "en-XA",
        }
    }

    /// As its readers call it.
    pub(super) fn own_name(self) -> &'static str {
        match self {
            Self::English | Self::Pseudo => "English",
            Self::German => "Deutsch",
        }
    }

    /// Whether it is this one.
    pub(super) fn is(self, other: impl Said<Self>) -> bool {
        self == other.said()
    }

    /// The language of this name, in whatever case.
    fn of(tag: &str) -> Option<Self> {
        let all = [Self::English, Self::German, Self::Pseudo];
        all.into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// What stands before tenths, and between groups of three digits.
    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::English | Self::Pseudo => (".", ","),
            Self::German => (",", "."),
        }
    }

    /// A text of the catalogue; what it needs to be told is added to it.
    pub(super) fn t(self, name: &'static str) -> Spoken {
        Spoken::new(self, text(name))
    }

    /// A text in this language.
    pub(super) fn of_text(self, text: impl Said<Text>) -> String {
        text.said().in_language(self)
    }

    /// The same as an element that says which language it is in, harmless.
    pub(super) fn element(self, text: impl Said<Text>) -> String {
        text.said().element(self)
    }

    /// A text that needs to be told nothing.
    pub(super) fn of_key(self, key: impl Said<TextKey>) -> String {
        text(key.said().name()).in_language(self)
    }

    /// A number with its digits in groups of three.
    pub(super) fn number(self, count: impl Said<u64>) -> String {
        readable::number(count.said()).replace(',', self.marks().1)
    }

    /// A size, rounded.
    pub(super) fn bytes(self, count: impl Said<u64>) -> String {
        readable::bytes(count.said()).replace('.', self.marks().0)
    }

    /// Bytes a second, rounded.
    pub(super) fn rate(self, bytes_per_second: impl Said<u64>) -> String {
        readable::rate(bytes_per_second.said()).replace('.', self.marks().0)
    }

    /// Requests per second, as a number.
    pub(super) fn requests(self, requests: impl Said<RequestRate>) -> String {
        let requests = requests.said().to_string();
        requests.replace('.', self.marks().0)
    }

    /// Thousandths as percent with one decimal, without the sign: `61.2`.
    pub(super) fn percent(self, thousandths: impl Said<u64>) -> String {
        let thousandths = thousandths.said();
        let mark = self.marks().0;
        format!("{}{mark}{}", thousandths / 10, thousandths % 10)
    }

    /// A span of seconds that nobody knows exactly.
    pub(super) fn about(self, seconds: impl Said<u64>) -> String {
        match readable::rough(seconds.said()) {
            RoughSpan::Seconds(count) => self.t("span-seconds").count("count", count),
            RoughSpan::Minutes(count) => self.t("span-minutes").count("count", count),
            RoughSpan::Days(count) => self.t("span-days").count("count", count),
            RoughSpan::Hours(hours, 0) => self.t("span-hours").count("hours", hours),
            RoughSpan::Hours(hours, minutes) => self
                .t("span-hours-minutes")
                .count("hours", hours)
                .count("minutes", minutes),
        }
        .to_string()
    }

    /// A moment of UTC.
    pub(super) fn time(self, at: impl Said<Timestamp>) -> String {
        let at = at.said().to_string();
        let (day, time) = at.split_once('T').unwrap_or((&at, ""));
        let time = time.trim_end_matches('Z');
        self.t("moment")
            .with("day", self.day(day))
            .with("time", time)
            .to_string()
    }

    /// A day that is written as `2026-11-30`; anything else as it is.
    pub(super) fn day(self, day: impl AsRef<str>) -> String {
        let day = day.as_ref();
        let mut parts = day.splitn(3, '-');
        let (Some(year), Some(month), Some(of_month)) = (parts.next(), parts.next(), parts.next())
        else {
            return day.to_owned();
        };
        self.t("day")
            .with("year", year)
            .with("month", month)
            .with("day", of_month)
            .to_string()
    }
}
