//! What comes of one scan after another: a parcel is open while its slips are read, and two codes make an act, a sheet
//! or slip and a bay, in either order.
//!
//! Time is an argument: what was scanned long ago belongs to nothing any more.

use crate::card::CommandCard;
use crate::ids::JobId;
use crate::parcel::ParcelNumber;
use crate::scan::{BayTag, Code, Unknown};
use crate::signature::SignatureFile;
use crate::time::Timestamp;

/// Seconds in which the second of two codes must follow: the way from the table to the bays.
pub const PAIR_SECONDS: i64 = 30;

/// Seconds after which a parcel is not open any more, if nothing is scanned.
pub const PARCEL_SECONDS: i64 = 10 * 60;

/// What names the device that is to go into a bay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A slip: only its job, without proof.
    Slip(JobId),
    /// A sheet, which stands for the SIGNATURE file.
    Sheet(SignatureFile),
}

impl Named {
    /// The job.
    #[must_use]
    pub fn job(&self) -> JobId {
        match self {
            Self::Slip(job) => *job,
            Self::Sheet(sheet) => sheet.job,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A box has come.
    Receive(ParcelNumber),
    /// A device is here.
    Arrive {
        /// Its job.
        job: JobId,
        /// The box in which it was.
        parcel: Option<ParcelNumber>,
    },
    /// What is in a bay is to be loaded, as the device of this job.
    Load(BayTag, Named),
    /// A sheet or slip is awaited for this bay.
    Await(BayTag),
    /// A bay is to do what a card asks for.
    Command(BayTag, CommandCard),
    /// The tag of a bay has to be scanned before a card.
    NoBay(CommandCard),
    /// Nothing: the code is not known.
    Nothing(Unknown),
}

/// The first of two codes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum First {
    Device(Named),
    Bay(BayTag),
}

/// What was scanned lately.
#[derive(Debug, Default)]
pub struct Scanning {
    parcel: Option<(ParcelNumber, Timestamp)>,
    first: Option<(First, Timestamp)>,
}

impl Scanning {
    /// Takes a code in, and says what is to be done.
    pub fn hear(&mut self, code: Code, now: Timestamp) -> Vec<Act> {
        let first = self.first.take();
        let first = first.filter(|(_, at)| at.plus_seconds(PAIR_SECONDS) >= now);
        let first = first.map(|(first, _)| first);
        let parcel = self.parcel.take();
        self.parcel = parcel.filter(|(_, at)| at.plus_seconds(PARCEL_SECONDS) >= now);
        match code {
            Code::Parcel(number) => {
                self.parcel = Some((number.clone(), now));
                vec![Act::Receive(number)]
            }
            Code::Job(job) => self.device(Named::Slip(job), first, now),
            Code::Sheet(sheet) => self.device(Named::Sheet(sheet), first, now),
            Code::Bay(tag) => match first {
                Some(First::Device(named)) => vec![Act::Load(tag, named)],
                Some(First::Bay(_)) | None => {
                    self.first = Some((First::Bay(tag.clone()), now));
                    vec![Act::Await(tag)]
                }
            },
            // The bay first: a card that waits for one would be done to whatever is scanned next.
            Code::Command(card) => match first {
                Some(First::Bay(tag)) => vec![Act::Command(tag, card)],
                Some(First::Device(_)) | None => vec![Act::NoBay(card)],
            },
            Code::Unknown(unknown) => vec![Act::Nothing(unknown)],
        }
    }

    /// Somebody has a device in hand: it is here, and goes into the bay whose tag was scanned before.
    fn device(&mut self, named: Named, first: Option<First>, now: Timestamp) -> Vec<Act> {
        let open = self.parcel.as_mut();
        let parcel = open.map(|(number, at)| {
            *at = now;
            number.clone()
        });
        let job = named.job();
        let mut acts = vec![Act::Arrive { job, parcel }];
        match first {
            Some(First::Bay(tag)) => acts.push(Act::Load(tag, named)),
            Some(First::Device(_)) | None => self.first = Some((First::Device(named), now)),
        }
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: i64 = 1_700_000_000;
    const SHEET: &str = "EX1ID:/dxgK27c8++SFiZLLaIvHt4Oy4k=";

    /// What follows of codes, each scanned at its second.
    fn told(codes: &[(i64, &str)]) -> Vec<String> {
        let mut scanning = Scanning::default();
        let acts = codes.iter().flat_map(|(second, code)| {
            let now = Timestamp::from_unix(BEGIN).plus_seconds(*second);
            scanning.hear(Code::read(code), now)
        });
        acts.map(|act| match act {
            Act::Receive(number) => format!("receive {number}"),
            Act::Arrive { job, parcel: None } => format!("arrive {job}"),
            Act::Arrive {
                job,
                parcel: Some(parcel),
            } => format!("arrive {job} in {parcel}"),
            Act::Load(tag, Named::Slip(job)) => format!("load {} slip {job}", tag.bay),
            Act::Load(tag, Named::Sheet(sheet)) => format!("load {} sheet {}", tag.bay, sheet.job),
            Act::Await(tag) => format!("await {}", tag.bay),
            Act::Command(tag, card) => format!("{} {}", card.verb.code(), tag.bay),
            Act::NoBay(card) => format!("no bay to {}", card.verb.code()),
            Act::Nothing(unknown) => format!("nothing {}", unknown.shown),
        })
        .collect()
    }

    #[test]
    fn the_slips_of_a_parcel_are_its_devices_until_another_comes() {
        assert_eq!(
            told(&[
                (0, "AAAAA"),
                (1, "123456789012"),
                (2, "EX1ID"),
                (500, "EX2ID"),
                (501, "1Z999AA10123456784"),
                (502, "EX3ID"),
                (502 + PARCEL_SECONDS + 1, "EX4ID"),
            ]),
            [
                "arrive AAAAA",
                "receive 123456789012",
                "arrive EX1ID in 123456789012",
                "arrive EX2ID in 123456789012",
                "receive 1Z999AA10123456784",
                "arrive EX3ID in 1Z999AA10123456784",
                "arrive EX4ID",
            ]
        );
    }

    #[test]
    fn a_card_is_for_the_bay_that_was_scanned_before_it_and_for_no_other() {
        const STOP: &str = "LSC:stop:0123456789abcdef";
        assert_eq!(
            told(&[
                (0, STOP),
                (1, "LSB:dock-1:B3"),
                (2, STOP),
                (3, STOP),
                (4, "EX1ID"),
                (5, STOP),
                (6, "LSB:dock-1:B4"),
                (7 + PAIR_SECONDS, STOP),
                (8 + PAIR_SECONDS, "LSB:dock-1:B4"),
                (9 + PAIR_SECONDS, "LSC:abort:0123456789abcdef"),
                (10 + PAIR_SECONDS, STOP),
            ]),
            [
                "no bay to stop",
                "await B3",
                "stop B3",
                "no bay to stop",
                "arrive EX1ID",
                "no bay to stop",
                "await B4",
                "no bay to stop",
                "await B4",
                "nothing LSC:abort:",
                "no bay to stop",
            ]
        );
    }

    #[test]
    fn a_sheet_and_a_bay_make_one_act_in_either_order() {
        for codes in [[SHEET, "LSB:dock-1:B3"], ["LSB:dock-1:B3", SHEET]] {
            let acts = told(&[(0, codes[0]), (30, codes[1])]);
            assert_eq!(acts.last().unwrap(), "load B3 sheet EX1ID", "{acts:?}");
            assert!(acts.contains(&"arrive EX1ID".to_owned()));
        }
        let slip = told(&[(0, "EX1ID"), (1, "LSB:dock-1:B3")]);
        assert_eq!(slip, ["arrive EX1ID", "load B3 slip EX1ID"]);
    }

    /// Each code is for one act, the last of its kind counts, and what is not known parts what belongs together.
    #[test]
    fn what_does_not_belong_together_is_not_put_together() {
        let tag = "LSB:dock-1:B3";
        assert_eq!(
            told(&[(0, SHEET), (31, tag), (32, "LSB:dock-1:B4")]),
            ["arrive EX1ID", "await B3", "await B4"]
        );
        let once = told(&[(0, SHEET), (1, tag), (2, tag)]);
        assert_eq!(once, ["arrive EX1ID", "load B3 sheet EX1ID", "await B3"]);
        let last = told(&[(0, SHEET), (1, "EX2ID"), (2, tag)]);
        assert_eq!(last, ["arrive EX1ID", "arrive EX2ID", "load B3 slip EX2ID"]);
        let parted = told(&[(0, SHEET), (1, "LSC:abort"), (2, tag)]);
        assert_eq!(parted, ["arrive EX1ID", "nothing LSC:abort", "await B3"]);
    }
}
