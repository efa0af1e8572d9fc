//! What an authenticator says of itself and of whoever touched it: *authenticator data* (section 6.1).

use crate::CREDENTIAL_BYTES;
use crate::cbor::{self, Value};
use crate::fault::Fault;
use crate::key::PublicKey;
use crate::site::Site;

/// Somebody touched it.
const PRESENT: u8 = 0x01;
/// It knows who.
const VERIFIED: u8 = 0x04;
/// It may be copied to other devices of its user.
const MAY_BE_BACKED_UP: u8 = 0x08;
/// It was.
const BACKED_UP: u8 = 0x10;
/// A new passkey follows.
const HAS_PASSKEY: u8 = 0x40;
/// Extensions follow.
const HAS_EXTENSIONS: u8 = 0x80;

/// Bytes of the identifier of a model of authenticators, which nobody asked for.
const MODEL_BYTES: usize = 16;

/// What an authenticator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    site: [u8; 32],
    flags: u8,
    /// How often it has signed; zero of one that does not count.
    pub(crate) counter: u32,
    /// The passkey that it has made.
    pub(crate) made: Option<Made>,
}

/// A passkey that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: Vec<u8>,
    pub(crate) key: PublicKey,
}

impl Said {
    /// Reads it.
    ///
    /// # Errors
    /// [`Fault::Unreadable`] if it is cut off or has more than it says; [`Fault::Key`].
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        const CUT: Fault = Fault::Unreadable("what the authenticator says");
        let (site, rest) = bytes.split_first_chunk::<32>().ok_or(CUT)?;
        let (&flags, rest) = rest.split_first().ok_or(CUT)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
        let mut made = None;
        if flags & HAS_PASSKEY != 0 {
            let (passkey, after) = Made::read(rest)?;
            (made, rest) = (Some(passkey), after);
        }
        if flags & HAS_EXTENSIONS != 0 {
            // None was asked for, and none counts.
            let (extensions, after) = cbor::read(rest).ok_or(CUT)?;
            if !matches!(extensions, Value::Map(_)) {
                return Err(CUT);
            }
            rest = after;
        }
        match rest {
            [] => Ok(Self {
                site: *site,
                flags,
                counter: u32::from_be_bytes(*counter),
                made,
            }),
            _ => Err(CUT),
        }
    }

    /// That it speaks to this site, and knows whose hand it is in.
    pub(crate) fn check(&self, site: &Site) -> Result<(), Fault> {
        let has = |flag| self.flags & flag != 0;
        if self.site != site.hash() {
            return Err(Fault::Site);
        }
        if !has(PRESENT) || !has(VERIFIED) {
            return Err(Fault::Unverified);
        }
        match has(BACKED_UP) && !has(MAY_BE_BACKED_UP) {
            true => Err(Fault::Backup),
            false => Ok(()),
        }
    }
}

impl Made {
    fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Fault> {
        const CUT: Fault = Fault::Unreadable("the passkey that was made");
        let (_, rest) = bytes.split_at_checked(MODEL_BYTES).ok_or(CUT)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(CUT)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        if id.is_empty() || id.len() > CREDENTIAL_BYTES {
            return Err(CUT);
        }
        let (value, after) = cbor::read(rest).ok_or(CUT)?;
        let cose = &rest[..rest.len() - after.len()];
        let made = Self {
            id: id.to_owned(),
            key: PublicKey::of(cose, &value)?,
        };
        Ok((made, after))
    }
}
