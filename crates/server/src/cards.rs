//! What proves that this installation printed a command card.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::card::{CardVerb, CommandCard, PROOF_BYTES};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The key of the cards of an installation.
#[derive(Clone)]
pub(crate) struct CardKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for CardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardKey(…)")
    }
}

impl CardKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The card for a verb.
    pub(crate) fn card(&self, verb: CardVerb) -> CommandCard {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        mac.update(verb.code().as_bytes());
        let whole = mac.finalize().into_bytes();
        let mut proof = [0; PROOF_BYTES];
        proof.copy_from_slice(&whole[..PROOF_BYTES]);
        CommandCard::new(verb, proof)
    }

    /// Whether a card is one of this installation.
    pub(crate) fn proves(&self, card: &CommandCard) -> bool {
        self.card(card.verb) == *card
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_proves_its_verb_alone_and_here_alone() {
        let key = |byte| CardKey::new(Zeroizing::new([byte; 32]));
        let (own, other) = (key(7), key(8));
        for verb in CardVerb::ALL {
            let card = own.card(verb);
            assert!(own.proves(&card) && !other.proves(&card));
            let text = card.scan_text();
            let proof = text.rsplit_once(':').unwrap().1;
            for of in CardVerb::ALL.into_iter().filter(|of| *of != verb) {
                let forged = CommandCard::read(&format!("LSC:{}:{proof}", of.code())).unwrap();
                assert!(!own.proves(&forged), "{of:?} with the proof of {verb:?}");
            }
        }
    }
}
