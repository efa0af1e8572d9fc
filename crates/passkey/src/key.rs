//! The public key of a passkey, as authenticators tell it: a `COSE_Key` (RFC 9052, RFC 9053, RFC 8230).

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::cbor::{self, Value};
use crate::fault::Fault;

/// The signatures that are taken, the dearest first, by their numbers among COSE's: ECDSA with P-256 and SHA-256, which all
/// have; Ed25519; RSA with SHA-256, which is all that some built-in ones have.
const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Bytes of a coordinate or of a key on the curves.
const CURVE_BYTES: usize = 32;

/// Most bytes of the modulus of an RSA key: 4,096 bits.
const RSA_BYTES: usize = 512;

/// The public key of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    cose: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The point, uncompressed.
    P256([u8; 1 + 2 * CURVE_BYTES]),
    Ed25519([u8; CURVE_BYTES]),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// The numbers of the signatures that are taken, for `pubKeyCredParams`.
    #[must_use]
    pub fn algorithms() -> &'static [i64] {
        &ALGORITHMS
    }

    /// Reads a `COSE_Key` that has nothing behind it.
    ///
    /// # Errors
    /// [`Fault::Key`] of one that is none or of another kind.
    pub fn read(cose: &[u8]) -> Result<Self, Fault> {
        match cbor::read(cose) {
            Some((value, [])) => Self::of(cose, &value),
            _ => Err(Fault::Key),
        }
    }

    /// The `COSE_Key`, as its authenticator told it: what is kept.
    #[must_use]
    pub fn cose(&self) -> &[u8] {
        &self.cose
    }

    /// The key that `value` is, of the bytes `cose`.
    pub(crate) fn of(cose: &[u8], value: &Value<'_>) -> Result<Self, Fault> {
        Ok(Self {
            cose: cose.to_owned(),
            kind: kind(value).ok_or(Fault::Key)?,
        })
    }

    /// Whether this key signed just this message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.kind {
            Kind::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Kind::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Kind::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
        };
        verified.is_ok()
    }
}

/// The numbers are those of the registry *COSE Key Common Parameters* and of each kind.
fn kind(value: &Value<'_>) -> Option<Kind> {
    let number = |label| value.at(label).and_then(Value::integer);
    let bytes = |label| value.at(label).and_then(Value::bytes);
    match (number(1)?, number(3)?) {
        (2, ES256) if number(-1)? == 1 => {
            let mut point = [4; 1 + 2 * CURVE_BYTES];
            let (x, y) = point[1..].split_at_mut(CURVE_BYTES);
            x.copy_from_slice(of_curve(bytes(-2)?)?);
            y.copy_from_slice(of_curve(bytes(-3)?)?);
            Some(Kind::P256(point))
        }
        (1, EDDSA) if number(-1)? == 6 => Some(Kind::Ed25519(*of_curve(bytes(-2)?)?)),
        (3, RS256) => {
            let (modulus, exponent) = (bytes(-1)?, bytes(-2)?);
            let is_sound = modulus.len() <= RSA_BYTES && exponent.len() <= 8;
            is_sound.then(|| Kind::Rsa {
                modulus: modulus.to_owned(),
                exponent: exponent.to_owned(),
            })
        }
        _ => None,
    }
}

fn of_curve(bytes: &[u8]) -> Option<&[u8; CURVE_BYTES]> {
    bytes.try_into().ok()
}
