//! What a scanner types: whose label, slip or sheet it was, which bay or which parcel.
//!
//! A barcode is hostile input: anybody can print one and stick it onto a box. So a code only ever names something, and what
//! is not known is shown and nothing else. The only commands are cards, which prove that this installation printed them
//! ([`card`](crate::card)).

use std::fmt;

use crate::card::CommandCard;
use crate::ids::{BayName, JobId, StationName};
use crate::parcel::ParcelNumber;
use crate::readable;
use crate::signature::SignatureFile;

/// Longest code that is looked at, in bytes: a sheet's QR code, with room.
const CODE_BYTES: usize = 1_024;

/// Most characters of an unknown code that are shown.
const SHOWN_CHARS: usize = 60;

/// What the tag of a bay begins with.
const BAY: &str = "LSB:";

/// A carrier's number: so many digits, where it is not UPS's.
const DIGITS: std::ops::RangeInclusive<usize> = 12..=34;

/// What UPS's numbers begin with, and their length.
const UPS: (&str, usize) = ("1Z", 18);

/// A bay of a station, as its tag names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BayTag {
    /// Which station.
    pub station: StationName,
    /// Which of its bays.
    pub bay: BayName,
}

impl BayTag {
    /// What its barcode holds: `LSB:STATION:BAY`.
    #[must_use]
    pub fn scan_text(&self) -> String {
        format!("{BAY}{}:{}", self.station, self.bay)
    }
}

/// A code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Of a label or packing slip: a job.
    Job(JobId),
    /// Of a signature sheet: a job, with its proof.
    Sheet(SignatureFile),
    /// Of a bay.
    Bay(BayTag),
    /// Of a command card. Whether it is one of this installation, its server says.
    Command(CommandCard),
    /// A carrier's number.
    Parcel(ParcelNumber),
    /// Nothing that is known.
    Unknown(Unknown),
}

/// A code that is not known, and what may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The code, as it can be shown.
    pub shown: String,
    /// What may be wrong.
    pub why: Why,
}

/// What may be wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is like nothing that is known.
    Strange,
    /// It is longer than any.
    TooLong,
    /// Its characters are those of another layout of keys.
    Layout,
    /// The lines of a SIGNATURE file come one by one.
    Lines,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, why } = self;
        match why {
            Why::Strange => write!(f, "`{shown}` is no code of this service or of a carrier"),
            Why::TooLong => write!(f, "a code that begins with `{shown}` is longer than any"),
            Why::Layout => write!(
                f,
                "`{shown}` looks like a sheet that was typed with another layout of keys: set the scanner to this \
                 keyboard's"
            ),
            Why::Lines => write!(
                f,
                "`{shown}` is a line of a sheet's square code: scan the bars below it"
            ),
        }
    }
}

impl Code {
    /// Tells what a code is.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.len() > CODE_BYTES {
            return Self::unknown(text, Why::TooLong);
        }
        if let Ok(job) = JobId::new(text) {
            return Self::Job(job);
        }
        if let Ok(sheet) = SignatureFile::parse_scan(text) {
            return Self::Sheet(sheet);
        }
        if let Some(tag) = text.strip_prefix(BAY).and_then(bay) {
            return Self::Bay(tag);
        }
        if let Some(card) = CommandCard::read(text) {
            return Self::Command(card);
        }
        if let Some(number) = carrier(text) {
            return Self::Parcel(number);
        }
        Self::unknown(text, why(text))
    }

    /// What may be a part of a proof is not shown.
    fn unknown(text: &str, why: Why) -> Self {
        let chars = match why {
            // What may be a part of a proof is not shown.
            Why::Strange if text.starts_with("LSC:") => card_chars(text),
            Why::Strange | Why::TooLong => text.chars().count(),
            Why::Layout => JobId::LENGTH,
            Why::Lines => text.find(':').unwrap_or(0),
        };
        let text: String = text.chars().take(chars).collect();
        let shown = readable::name(&text, SHOWN_CHARS);
        Self::Unknown(Unknown { shown, why })
    }
}

/// How much of what looks like a card is shown: all but the proof.
fn card_chars(text: &str) -> usize {
    let proof = text.match_indices(':').nth(1);
    let shown = proof.map_or(text, |(at, _)| &text[..=at]);
    shown.chars().count()
}

fn bay(text: &str) -> Option<BayTag> {
    // Names of stations have no colon; those of bays may.
    let (station, bay) = text.split_once(':')?;
    Some(BayTag {
        station: StationName::new(station).ok()?,
        bay: BayName::new(bay).ok()?,
    })
}

fn carrier(text: &str) -> Option<ParcelNumber> {
    let number = ParcelNumber::new(text).ok()?;
    let digits = number.as_str();
    let (beginning, length) = UPS;
    let is_ups = digits.len() == length
        && digits.starts_with(beginning)
        && digits.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_other = DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (is_ups || is_other).then_some(number)
}

/// What may be wrong with a code that is not known.
fn why(text: &str) -> Why {
    let names = ["version:", "signingMethod:", "jobId:", "signature:"];
    if names.iter().any(|name| text.starts_with(name)) {
        return Why::Lines;
    }
    let is_sheet_long = text.chars().count() == SHEET_CHARS;
    let id: String = text.chars().take(JobId::LENGTH).collect();
    match is_sheet_long && JobId::new(&id).is_ok() {
        true => Why::Layout,
        false => Why::Strange,
    }
}

/// Characters of `JOBID:SIGNATURE`: the id, a colon, twenty bytes in base64.
const SHEET_CHARS: usize = JobId::LENGTH + 1 + 28;

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &str = "EX1ID:/dxgK27c8++SFiZLLaIvHt4Oy4k=";

    fn told(text: &str) -> String {
        match Code::read(text) {
            Code::Job(job) => format!("job {job}"),
            Code::Sheet(sheet) => format!("sheet {}", sheet.job),
            Code::Bay(tag) => format!("bay {} of {}", tag.bay, tag.station),
            Code::Parcel(number) => format!("parcel {number}"),
            Code::Command(card) => format!("card {}", card.verb.code()),
            Code::Unknown(unknown) => format!("{:?} {}", unknown.why, unknown.shown),
        }
    }

    /// What each thing in the room says.
    #[test]
    fn every_code_in_the_room_is_known() {
        let lines = SHEET.split_once(':').unwrap().1;
        for (text, expected) in [
            ("EX1ID", "job EX1ID"),
            (" ex1id\r\n", "job EX1ID"),
            (SHEET, "sheet EX1ID"),
            (
                &format!("version:2.0\nsigningMethod:HmacSHA1\njobId:EX1ID\nsignature:{lines}\n"),
                "sheet EX1ID",
            ),
            ("LSB:dock-1:B3", "bay B3 of dock-1"),
            (
                "LSB:dock-1:pci-0000:00:14.0/usb3-2",
                "bay pci-0000:00:14.0/usb3-2 of dock-1",
            ),
            ("LSC:stop:0123456789abcdef\r", "card stop"),
            ("1Z999AA10123456784", "parcel 1Z999AA10123456784"),
            ("1z 999 aa1 01 2345 6784", "parcel 1Z999AA10123456784"),
            ("123456789012", "parcel 123456789012"),
            (
                "4204850093001121084810000000000001",
                "parcel 4204850093001121084810000000000001",
            ),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
        let tag = BayTag {
            station: StationName::new("dock-1").unwrap(),
            bay: BayName::new("B3").unwrap(),
        };
        assert_eq!(Code::read(&tag.scan_text()), Code::Bay(tag));
    }

    /// What a hostile label may say is shown as far as it can be, and is nothing else.
    #[test]
    fn a_hostile_code_is_nothing_and_is_shown_tamed() {
        let long = "A".repeat(4_096);
        for (text, expected) in [
            ("", "Strange "),
            (
                "<script>alert(1)</script>",
                "Strange <script>alert(1)</script>",
            ),
            ("LSC:abort:0f3c", "Strange LSC:abort:"),
            ("LSC:erase:0123456789abcdef", "Strange LSC:erase:"),
            ("LSB:dock-1", "Strange LSB:dock-1"),
            ("LSB:../x:B1", "Strange LSB:../x:B1"),
            ("LSB::B1", "Strange LSB::B1"),
            ("12345678901", "Strange 12345678901"),
            ("1Z999AA1012345678<", "Strange 1Z999AA1012345678<"),
            ("EX1ID:AAAA", "Strange EX1ID:AAAA"),
            ("EX1IDö-dxgK27c8]]SFiZLLaIvHt4Oz4k´", "Layout EX1ID"),
            ("signature:/dxgK27c8++", "Lines signature"),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
        for text in ["\u{1b}[2J\u{7}1Z", "a\u{202e}b", &long, "x\u{0}y"] {
            let Code::Unknown(unknown) = Code::read(text) else {
                panic!("{text:?} is taken for something");
            };
            let shown = unknown.shown;
            assert!(shown.chars().count() <= SHOWN_CHARS + 1, "{shown:?}");
            assert!(!shown.contains(readable::plays_with_terminals), "{shown:?}");
        }
    }

    #[test]
    fn no_code_of_random_characters_panics() {
        let mut state = 7_u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..state % 48 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let scalar = u32::try_from(state >> 40).unwrap_or(0) % 0x250;
                text.extend(char::from_u32(scalar));
            }
            state = state.wrapping_add(1);
            let _ = Code::read(&text);
        }
    }
}
