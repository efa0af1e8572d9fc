//! What a person asks a station to do with a bay.
//!
//! An order waits at the server until the station's next heartbeat, is told with every answer until the station has
//! acknowledged it, and is gone after ten minutes: a person has long walked to the bay by then. So it may be told
//! several times; a station carries it out once, and one that forgot that by starting anew does no harm by doing it
//! again: every verb says how something is to be, and ends no job. An order to erase only has the station ask the gate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::disposal::messages::Confirmation;
use crate::ids::{BayName, InvalidId, OrderId};
use crate::secret::DeviceSecret;
use crate::signature::SignatureFile;
use crate::time::Timestamp;

/// How long an order is told, in seconds.
pub const ORDER_SECONDS: i64 = 10 * 60;

/// Most characters of why an order was not carried out: two lines of a terminal.
pub const WHY_CHARS: usize = 200;

/// What a station is to do with a bay. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderVerb {
    /// Find out again whose the device is.
    Look,
    /// Load it, before others that wait.
    Load,
    /// Stop what is at work there, in order; it can be gone on with.
    Stop,
    /// Make it safe to take out.
    Remove,
    /// Show which bay it is, where it has a light.
    Blink,
    /// Erase it, if the gate is open.
    Erase,
    /// Open what is encrypted on it with a secret that a person typed, and load it.
    Unlock,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

impl OrderVerb {
    /// Every verb that this release knows.
    pub const ALL: [Self; 7] = [
        Self::Look,
        Self::Load,
        Self::Stop,
        Self::Remove,
        Self::Blink,
        Self::Erase,
        Self::Unlock,
    ];

    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Load => "load",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::Blink => "blink",
            Self::Erase => "erase",
            Self::Unlock => "unlock",
            Self::Other => "other",
        }
    }

    /// The verb of this word; what a newer release says is [`OrderVerb::Other`].
    #[must_use]
    pub fn of(code: &str) -> Self {
        let known = Self::ALL.into_iter().find(|verb| verb.code() == code);
        known.unwrap_or(Self::Other)
    }
}

impl fmt::Display for OrderVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What a person types.
impl FromStr for OrderVerb {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match Self::of(text) {
            Self::Other => Err(InvalidId {
                value: text.to_owned(),
                expected: "`look`, `load`, `stop`, `remove`, `blink`, `erase` or `unlock`",
            }),
            verb => Ok(verb),
        }
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// By which it is acknowledged.
    pub id: OrderId,
    /// Where.
    pub bay: BayName,
    /// What.
    pub verb: OrderVerb,
    /// Who wants it.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
    /// What was in the bay when it was given ([`BayStatus::stay`](crate::bay::BayStatus::stay)), if anything was: what is
    /// there when the station hears of it may be another's by then, and is left as it is. Of a station or a server of an
    /// earlier release it is whatever is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<u32>,
    /// The sheet that was scanned for what is in the bay, with [`OrderVerb::Load`]: it stands for a SIGNATURE file. A
    /// release that does not know it finds out again whose the device is, which does no harm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<SignatureFile>,
    /// What a person gave of the device, with [`OrderVerb::Erase`]. Without it nothing is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase: Option<Confirmation>,
    /// What a person typed, with [`OrderVerb::Unlock`]. Without it nothing is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<DeviceSecret>,
    /// Whether another person has to order the same before it is told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_second: bool,
    /// Who that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Actor>,
}

impl Order {
    /// Whether it waits for another person, and no station hears of it yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.needs_second && self.second.is_none()
    }

    /// Who ordered it.
    #[must_use]
    pub fn persons(&self) -> Vec<Actor> {
        [Some(&self.by), self.second.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Whether it is not told any more.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.at <= stale_since(now)
    }
}

/// The last moment at which an order was given that is stale at `now`.
#[must_use]
pub fn stale_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-ORDER_SECONDS)
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum OrderOutcome {
    /// It is so, or on its way.
    Done,
    /// It cannot be.
    Refused {
        /// Why, for the person who wanted it.
        why: String,
    },
}

impl OrderOutcome {
    /// The same in words that fit on a screen.
    #[must_use]
    pub fn tidied(self) -> Self {
        match self {
            Self::Done => Self::Done,
            Self::Refused { why } => Self::Refused {
                why: crate::readable::name(&why, WHY_CHARS),
            },
        }
    }
}

/// A station's word on an order. It is said until the server is known to have heard it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Which order.
    pub id: OrderId,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: OrderOutcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_stable_words_and_newer_ones_are_understood() {
        for verb in OrderVerb::ALL {
            let stored = serde_json::to_string(&verb).unwrap();
            assert_eq!(stored, format!("\"{verb}\""));
            assert_eq!(serde_json::from_str::<OrderVerb>(&stored).unwrap(), verb);
            assert_eq!(verb.code().parse(), Ok(verb));
        }
        let newer: OrderVerb = serde_json::from_str("\"polish\"").unwrap();
        assert_eq!(newer, OrderVerb::Other);
        for typed in ["polish", "other", "Load", ""] {
            assert!(typed.parse::<OrderVerb>().is_err(), "{typed:?}");
        }
    }

    #[test]
    fn an_order_is_told_for_ten_minutes() {
        let at: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let order = Order {
            id: OrderId::new("00ff").unwrap(),
            bay: BayName::new("B3").unwrap(),
            verb: OrderVerb::Load,
            by: Actor::Service,
            at,
            stay: None,
            sheet: None,
            erase: None,
            secret: None,
            needs_second: false,
            second: None,
        };
        assert!(!order.is_stale(at.plus_seconds(599)));
        assert!(order.is_stale(at.plus_seconds(600)));
    }

    /// Stations of the release before pass over what they do not know, and those of this one read what they are told.
    #[test]
    fn a_sheet_goes_with_an_order_and_without_one_nothing_is_said_of_it() {
        let order = |sheet: Option<&str>| Order {
            id: OrderId::new("00ff").unwrap(),
            bay: BayName::new("B3").unwrap(),
            verb: OrderVerb::Load,
            by: Actor::Service,
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            stay: None,
            sheet: sheet.map(|text| SignatureFile::parse_scan(text).unwrap()),
            erase: None,
            secret: None,
            needs_second: false,
            second: None,
        };
        let text = "EX1ID:/dxgK27c8++SFiZLLaIvHt4Oy4k=";
        for order in [order(Some(text)), order(None)] {
            let json = serde_json::to_value(&order).unwrap();
            let told = json.get("sheet").and_then(|sheet| sheet.as_str());
            assert_eq!(told, order.sheet.as_ref().map(|_| text));
            assert_eq!(serde_json::from_value::<Order>(json).unwrap(), order);
        }
    }

    #[test]
    fn an_acknowledgement_is_flat_and_its_words_stay_on_their_line() {
        let why = format!("the bay is empty\u{1b}[2J\n{}", "x".repeat(1000));
        let outcome = OrderOutcome::Refused { why }.tidied();
        let OrderOutcome::Refused { why } = &outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(why.chars().count(), WHY_CHARS);
        assert!(!why.contains(char::is_control), "{why}");
        let id = OrderId::new("00ff").unwrap();
        let word = Acknowledgement { id, outcome };
        let json = serde_json::to_value(&word).unwrap();
        assert_eq!(
            (&json["id"], &json["outcome"]),
            (&"00ff".into(), &"refused".into())
        );
        assert_eq!(
            serde_json::from_value::<Acknowledgement>(json).unwrap(),
            word
        );
    }
}
