//! Command cards: what a person with full hands asks of a bay, by a scan of its tag and of a card.
//!
//! A barcode is hostile input, and a card is the only one that is a command. So it carries a proof that this installation
//! printed it: what a customer sticks onto a box can name a bay and a verb, and proves nothing.

use std::fmt;

use subtle::ConstantTimeEq as _;

use crate::order::OrderVerb;

/// What a card begins with.
const CARD: &str = "LSC:";

/// Bytes of a proof: who tries a card a second finds one in 5 × 10¹¹ years.
pub const PROOF_BYTES: usize = 8;

/// What a card asks for. None of it ends a job, or does what cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardVerb {
    /// Load what is in the bay, before others.
    Load,
    /// Have the job of what is in the bay wait.
    Hold,
    /// Stop what is at work there.
    Stop,
    /// Make it safe to take out.
    Remove,
    /// Find out again whose it is.
    Look,
    /// Show which bay it is.
    Blink,
}

impl CardVerb {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 6] = [
        Self::Load,
        Self::Hold,
        Self::Stop,
        Self::Remove,
        Self::Look,
        Self::Blink,
    ];

    /// Its word, on cards and for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Hold => "hold",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::Look => "look",
            Self::Blink => "blink",
        }
    }

    /// The verb of this word.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.code() == code)
    }

    /// What is asked of the station; none of what is done to the job.
    #[must_use]
    pub fn order(self) -> Option<OrderVerb> {
        match self {
            Self::Load => Some(OrderVerb::Load),
            Self::Hold => None,
            Self::Stop => Some(OrderVerb::Stop),
            Self::Remove => Some(OrderVerb::Remove),
            Self::Look => Some(OrderVerb::Look),
            Self::Blink => Some(OrderVerb::Blink),
        }
    }

    /// What it does, for the card.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Load => "loads what is in the bay next",
            Self::Hold => "has the job of what is in the bay wait",
            Self::Stop => "stops what is at work in the bay",
            Self::Remove => "makes what is in the bay safe to take out",
            Self::Look => "finds out again whose the device is",
            Self::Blink => "shows which bay it is",
        }
    }
}

/// What was scanned of a card. Whether it is one of this installation only that can tell.
#[derive(Clone)]
pub struct CommandCard {
    /// What it asks for.
    pub verb: CardVerb,
    proof: [u8; PROOF_BYTES],
}

/// The proof is shown to nobody who does not have the card.
impl fmt::Debug for CommandCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandCard({}, …)", self.verb.code())
    }
}

/// Proofs are compared in the same time, however alike they are.
impl PartialEq for CommandCard {
    fn eq(&self, other: &Self) -> bool {
        self.verb == other.verb && bool::from(self.proof.ct_eq(&other.proof))
    }
}

impl Eq for CommandCard {}

impl CommandCard {
    /// The card for a verb with this proof.
    #[must_use]
    pub fn new(verb: CardVerb, proof: [u8; PROOF_BYTES]) -> Self {
        Self { verb, proof }
    }

    /// Reads what a scanner types; `None` of what is no card.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (verb, proof) = text.strip_prefix(CARD)?.split_once(':')?;
        let is_plain = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if proof.len() != 2 * PROOF_BYTES || !proof.bytes().all(is_plain) {
            return None;
        }
        let number = u64::from_str_radix(proof, 16).ok()?;
        Some(Self {
            verb: CardVerb::of(verb)?,
            proof: number.to_be_bytes(),
        })
    }

    /// What its barcode holds: `LSC:VERB:PROOF`.
    #[must_use]
    pub fn scan_text(&self) -> String {
        let proof = u64::from_be_bytes(self.proof);
        format!("{CARD}{}:{proof:016x}", self.verb.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_read_as_it_was_printed() {
        for verb in CardVerb::ALL {
            let card = CommandCard::new(verb, [0x0f, 1, 2, 3, 4, 5, 6, 0xfe]);
            let text = card.scan_text();
            assert_eq!(text, format!("LSC:{}:0f010203040506fe", verb.code()));
            assert_eq!(CommandCard::read(&text), Some(card.clone()));
            assert_ne!(CommandCard::new(verb, [0; 8]), card);
            assert!(text.len() <= 34, "bars of it are wide enough: {text}");
            assert!(!format!("{card:?}").contains("0f01"));
        }
    }

    #[test]
    fn what_is_no_card_is_none() {
        let text = CommandCard::new(CardVerb::Load, [7; 8]).scan_text();
        for wrong in [
            "",
            "LSC:",
            "LSC:load",
            "LSC:load:",
            "LSC:abort:0123456789abcdef",
            "LSC:erase:0123456789abcdef",
            "LSC:load:0123456789ABCDEF",
            "LSC:load:+123456789abcdef",
            "LSC:load:0123456789abcde",
            "lsc:load:0123456789abcdef",
            &format!("{text}0"),
            &format!("{text}:"),
        ] {
            assert_eq!(CommandCard::read(wrong), None, "{wrong}");
        }
    }
}
