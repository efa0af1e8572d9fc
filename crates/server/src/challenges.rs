//! What passkeys are asked to sign: challenges that prove themselves.
//!
//! A challenge holds until when it is good and a proof by the key of the installation of what it is for and in which
//! session. Nothing is kept of one until it is answered, so that whoever reaches the port can have as many as they like and
//! fill nothing up; that it was answered is kept until it is over, so that each counts once on all servers.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use model::time::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Seconds for which a challenge is good: somebody looks for the key in a drawer.
pub(crate) const CHALLENGE_SECONDS: i64 = 5 * 60;

/// Bytes of chance in a challenge (Web Authentication, section 13.4.3, wants 16 at least).
pub(crate) const CHANCE_BYTES: usize = 16;

/// Bytes of the time until which it is good: seconds since 1970, the greatest first.
const TIME_BYTES: usize = 8;

/// Bytes of its proof.
const PROOF_BYTES: usize = 32;

/// Bytes of a challenge.
const BYTES: usize = CHANCE_BYTES + TIME_BYTES + PROOF_BYTES;

/// What a passkey is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedFor {
    /// To let somebody in.
    SignIn,
    /// To be added, in this session.
    Add(i64),
    /// To be touched, in this session.
    Touch(i64),
}

/// The key of the challenges of an installation.
#[derive(Clone)]
pub(crate) struct ChallengeKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKey(…)")
    }
}

impl ChallengeKey {
    pub(crate) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The challenge of this chance, which is drawn for it alone.
    pub(crate) fn make(
        &self,
        asked: AskedFor,
        now: Timestamp,
        chance: [u8; CHANCE_BYTES],
    ) -> Vec<u8> {
        let until = now.plus_seconds(CHALLENGE_SECONDS).unix();
        let mut challenge = chance.to_vec();
        challenge.extend(until.to_be_bytes());
        challenge.extend(self.proof(asked, &challenge));
        challenge
    }

    /// Until when a challenge is good, if it was given out for this and is not over. Whether it was answered before the job
    /// store knows.
    pub(crate) fn good_until(
        &self,
        challenge: &[u8],
        asked: AskedFor,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if challenge.len() != BYTES {
            return None;
        }
        let (told, proof) = challenge.split_at(CHANCE_BYTES + TIME_BYTES);
        let (_, until) = told.split_last_chunk::<TIME_BYTES>()?;
        let is_ours: bool = self.proof(asked, told).ct_eq(proof).into();
        let until = Timestamp::from_unix(i64::from_be_bytes(*until));
        (is_ours && now < until).then_some(until)
    }

    /// What passkeys call somebody: nothing can be read from it, and it is the same on all of theirs, so that an
    /// authenticator keeps one for each.
    pub(crate) fn user(&self, holder: &str) -> [u8; 32] {
        self.mac(&[b"user", holder.as_bytes()])
    }

    fn proof(&self, asked: AskedFor, told: &[u8]) -> [u8; PROOF_BYTES] {
        let (what, session): (&[u8], i64) = match asked {
            AskedFor::SignIn => (b"sign-in", 0),
            AskedFor::Add(session) => (b"add", session),
            AskedFor::Touch(session) => (b"touch", session),
        };
        self.mac(&[what, &session.to_be_bytes(), told])
    }

    /// Of parts, each with its length before it: none can pass for another.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ChallengeKey {
        ChallengeKey::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_challenge_is_good_for_what_it_was_given_out_for_and_for_a_while() {
        let now = Timestamp::from_unix(1_700_000_000);
        let all = [
            AskedFor::SignIn,
            AskedFor::Add(7),
            AskedFor::Touch(7),
            AskedFor::Touch(8),
        ];
        for asked in all {
            let challenge = key(7).make(asked, now, [1; CHANCE_BYTES]);
            let until = now.plus_seconds(CHALLENGE_SECONDS);
            let before = until.plus_seconds(-1);
            for other in all {
                let good = key(7).good_until(&challenge, other, before);
                assert_eq!(
                    good,
                    (other == asked).then_some(until),
                    "{asked:?} {other:?}"
                );
            }
            assert_eq!(
                key(7).good_until(&challenge, asked, until),
                None,
                "it is over"
            );
            assert_eq!(
                key(8).good_until(&challenge, asked, now),
                None,
                "another installation"
            );
            assert_ne!(challenge, key(7).make(asked, now, [2; CHANCE_BYTES]));
        }
    }

    #[test]
    fn no_byte_of_a_challenge_may_be_another() {
        let now = Timestamp::from_unix(1_700_000_000);
        let challenge = key(7).make(AskedFor::SignIn, now, [1; CHANCE_BYTES]);
        assert_eq!(challenge.len(), BYTES);
        for at in 0..BYTES {
            let mut wrong = challenge.clone();
            wrong[at] ^= 1;
            assert_eq!(
                key(7).good_until(&wrong, AskedFor::SignIn, now),
                None,
                "byte {at}"
            );
            let cut = &challenge[..at];
            assert_eq!(key(7).good_until(cut, AskedFor::SignIn, now), None);
        }
    }

    #[test]
    fn nobody_is_called_as_somebody_else() {
        let own = key(7).user("person:jane");
        assert_eq!(own, key(7).user("person:jane"));
        assert_ne!(own, key(7).user("person:joe"));
        assert_ne!(own, key(8).user("person:jane"));
    }
}
