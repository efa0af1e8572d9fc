//! Timestamps (RFC 3161): that a file was there at a time which another clock than the service's tells.
//!
//! An authority is sent the digest of a receipt and a number by chance, and signs both with the time. Whether the signature
//! is that of an authority somebody trusts is not seen here: `openssl ts -verify` says so, with the certificates of whoever
//! asks.

use der::asn1::{Int, OctetString};
use der::oid::ObjectIdentifier;
use der::{
    Any, Decode, Encode as _, Reader as _, Sequence, SliceReader, Tag, TagNumber, Tagged as _,
};
use spki::AlgorithmIdentifierOwned;

use crate::digest::Digest;
use crate::moment::Moment;

/// `Content-Type` of a request (RFC 3161, 3.4).
pub const QUERY: &str = "application/timestamp-query";

/// `Content-Type` of an answer.
pub const REPLY: &str = "application/timestamp-reply";

/// Longest answer that is read, in bytes: a token with the certificates of its authority has some thousands.
pub const REPLY_BYTES: usize = 64 << 10;

/// Bytes of the number by chance.
pub const NONCE_BYTES: usize = 8;

/// `granted` and `grantedWithMods` (RFC 3161, 2.4.2): there is a token.
const GRANTED: [u8; 2] = [0, 1];

/// `id-sha256` (RFC 5754).
const ID_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// `id-signedData` (RFC 5652, 5.1): what a token is.
const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// `id-ct-TSTInfo` (RFC 3161, 2.4.2): what the content of a token is.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// The digest of what is stamped, and of which kind it is.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

/// A request (RFC 3161, 2.4.1) without what is optional and not needed.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TimeStampReq {
    version: u8,
    message_imprint: MessageImprint,
    nonce: Int,
    cert_req: bool,
}

/// What an authority signs (RFC 3161, 2.4.2), as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TstInfo {
    imprint: MessageImprint,
    time: Moment,
    nonce: Option<Int>,
}

/// A question to an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    digest: Digest,
    nonce: [u8; NONCE_BYTES],
}

/// Why an answer is no timestamp of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTimestamp {
    /// It is something else.
    #[error("it is not an answer of a timestamp authority (RFC 3161): {0}")]
    Malformed(#[from] der::Error),
    /// The authority refused.
    #[error("the authority refused it: status {status}{}", said(.words))]
    Refused {
        /// `PKIStatus` (RFC 3161, 2.4.2).
        status: u8,
        /// What it says.
        words: Vec<String>,
    },
    /// The token is of another kind.
    #[error("its token is no timestamp")]
    AnotherKind,
    /// It is of another file.
    #[error("it is a timestamp of something else")]
    AnotherFile,
    /// It is the answer to another question.
    #[error("it answers another question")]
    AnotherQuestion,
}

fn said(words: &[String]) -> String {
    let words = words.iter().map(|word| model::readable::name(word, 200));
    words.map(|word| format!(": {word}")).collect()
}

impl Query {
    /// A question of which the answer is told from all others by a number by chance.
    #[must_use]
    pub fn new(digest: Digest, mut nonce: [u8; NONCE_BYTES]) -> Self {
        // A number that is not negative, and of which no byte can be left out.
        nonce[0] = (nonce[0] & 0x3f) | 0x40;
        Self { digest, nonce }
    }

    /// As it is sent. The token is to have the certificates with it.
    ///
    /// # Panics
    /// Never: all its parts are of fixed length.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let request = || {
            TimeStampReq {
                version: 1,
                message_imprint: MessageImprint {
                    hash_algorithm: AlgorithmIdentifierOwned {
                        oid: ID_SHA_256,
                        parameters: Some(Any::null()),
                    },
                    hashed_message: OctetString::new(self.digest.bytes().as_slice())?,
                },
                nonce: Int::new(&self.nonce)?,
                cert_req: true,
            }
            .to_der()
        };
        request().expect("parts of fixed length")
    }

    /// When the file was there, as the answer to this question says.
    ///
    /// # Errors
    /// [`NoTimestamp`] if it is the answer to something else.
    pub fn answered_by(&self, reply: &[u8]) -> Result<Moment, NoTimestamp> {
        let info = read(reply, &self.digest)?;
        let nonce = info.nonce.as_ref().map(Int::as_bytes);
        match nonce == Some(self.nonce.as_slice()) {
            true => Ok(info.time),
            false => Err(NoTimestamp::AnotherQuestion),
        }
    }
}

/// When a file was there, as a reply says that was kept beside it.
///
/// # Errors
/// [`NoTimestamp`] if it is of something else.
pub fn of_reply(reply: &[u8], digest: &Digest) -> Result<Moment, NoTimestamp> {
    read(reply, digest).map(|info| info.time)
}

/// What an authority has signed of a digest.
fn read(reply: &[u8], digest: &Digest) -> Result<TstInfo, NoTimestamp> {
    let told = content(&token(reply)?)?;
    let info = TstInfo::read(told.as_bytes())?;
    let imprint = &info.imprint;
    let is_of_it = imprint.hash_algorithm.oid == ID_SHA_256
        && imprint.hashed_message.as_bytes() == digest.bytes();
    match is_of_it {
        true => Ok(info),
        false => Err(NoTimestamp::AnotherFile),
    }
}

/// The token of an answer, if the authority gave one.
fn token(reply: &[u8]) -> Result<Any, NoTimestamp> {
    let response = Any::from_der(reply)?;
    let mut response = inside(&response)?;
    let status_info = Any::decode(&mut response)?;
    let mut status_info = inside(&status_info)?;
    let status = u8::decode(&mut status_info)?;
    if !GRANTED.contains(&status) {
        let mut words = Vec::new();
        while !status_info.is_finished() {
            let more = Any::decode(&mut status_info)?;
            if more.tag() == Tag::Sequence {
                words = more.decode_as()?;
            }
        }
        return Err(NoTimestamp::Refused { status, words });
    }
    if response.is_finished() {
        return Err(NoTimestamp::AnotherKind);
    }
    Ok(Any::decode(&mut response)?)
}

/// What is signed in a token (RFC 5652: `ContentInfo` of `SignedData`). It is read by hand as far as that: libraries want
/// certificates each once, and authorities put one in twice.
fn content(token: &Any) -> Result<OctetString, NoTimestamp> {
    let mut token = inside(token)?;
    if ObjectIdentifier::decode(&mut token)? != ID_SIGNED_DATA {
        return Err(NoTimestamp::AnotherKind);
    }
    let signed = explicit(&mut token)?;
    let mut signed = inside(&signed)?;
    let _version = u8::decode(&mut signed)?;
    let _digest_algorithms = Any::decode(&mut signed)?;
    let content = Any::decode(&mut signed)?;
    let mut content = inside(&content)?;
    if ObjectIdentifier::decode(&mut content)? != TST_INFO {
        return Err(NoTimestamp::AnotherKind);
    }
    Ok(explicit(&mut content)?.decode_as()?)
}

/// What stands under the tag `[0]`.
fn explicit(reader: &mut SliceReader<'_>) -> Result<Any, der::Error> {
    let tagged = Any::decode(reader)?;
    let expected = Tag::ContextSpecific {
        number: TagNumber::N0,
        constructed: true,
    };
    tagged.tag().assert_eq(expected)?;
    Any::from_der(tagged.value())
}

impl TstInfo {
    /// Reads it by hand: the times of libraries have no fractions of a second, which an authority may tell.
    fn read(der: &[u8]) -> Result<Self, der::Error> {
        let whole = Any::from_der(der)?;
        let mut fields = inside(&whole)?;
        let _version = u8::decode(&mut fields)?;
        let _policy = ObjectIdentifier::decode(&mut fields)?;
        let imprint = MessageImprint::decode(&mut fields)?;
        let _serial_number = Int::decode(&mut fields)?;
        let time = Any::decode(&mut fields)?;
        let time = match time.tag() {
            Tag::GeneralizedTime => moment(time.value()),
            _ => None,
        };
        let mut nonce = None;
        while !fields.is_finished() {
            let more = Any::decode(&mut fields)?;
            if more.tag() == Tag::Integer {
                nonce = Some(more.decode_as()?);
            }
        }
        Ok(Self {
            imprint,
            time: time.ok_or(der::ErrorKind::DateTime)?,
            nonce,
        })
    }
}

/// What is in a sequence.
fn inside(any: &Any) -> Result<SliceReader<'_>, der::Error> {
    any.tag().assert_eq(Tag::Sequence)?;
    SliceReader::new(any.value())
}

/// A `GeneralizedTime` as RFC 3161 has it: `20261130091500Z` or `20261130091500.25Z`.
fn moment(text: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || fraction.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (date, time) = whole.split_at(8);
    let thousandths = format!("{fraction:0<3}");
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..],
        &thousandths[..3]
    );
    text.parse().ok()
}

#[cfg(test)]
mod tests;
