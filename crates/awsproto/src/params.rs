//! Parameters of a Query request: decoding a form body or query string, looking up, and encoding
//! canonically.
//!
//! Decoding is strict where leniency would let two readers see two requests: a broken percent
//! escape, bytes that are not UTF-8, a nameless value and a repeated name are all refused. Encoding
//! is the one RFC 3986 form both signature versions sign over; the client's own spelling (`+`,
//! `%7E`) is never used again.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fault::Fault;
use crate::limits::{MAX_FORM_BYTES, MAX_NAME_BYTES, MAX_PARAMS, MAX_VALUE_BYTES};

/// What the AWS signatures encode: all but the RFC 3986 unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same for a path, whose slashes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Percent-encodes a name or value: unreserved characters literally, the rest as upper-case `%XY`
/// of their UTF-8 bytes.
pub fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Percent-encodes a path like [`encode_component`], leaving the slashes.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// Why a form body or query string cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A `%` that two hexadecimal digits do not follow.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    BadEscape,
    /// Decoded bytes that are not UTF-8.
    #[error("a name or value is not valid UTF-8")]
    NotUtf8,
    /// A value without a name, as in `=x`.
    #[error("a value has no name")]
    NoName,
    /// The same name twice.
    #[error("the parameter `{0}` is given more than once")]
    Duplicate(String),
    /// More bytes than [`MAX_FORM_BYTES`].
    #[error("the parameters have more than {MAX_FORM_BYTES} bytes")]
    FormTooLong,
    /// More parameters than [`MAX_PARAMS`].
    #[error("there are more than {MAX_PARAMS} parameters")]
    TooMany,
    /// A name longer than [`MAX_NAME_BYTES`].
    #[error("a parameter name has more than {MAX_NAME_BYTES} bytes")]
    NameTooLong,
    /// A value longer than [`MAX_VALUE_BYTES`].
    #[error("the value of `{0}` has more than {MAX_VALUE_BYTES} bytes")]
    ValueTooLong(String),
}

/// The decoded parameters of a request, ordered by name in byte order.
///
/// `Debug` shows names only: values hold customers' addresses and session tokens.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Makes an empty set.
    pub fn new() -> Self {
        Params::default()
    }

    /// Decodes a form body or a query string (without its `?`).
    ///
    /// Both `+` and `%20` are a space, and empty pieces between `&` are skipped.
    pub fn parse(encoded: &[u8]) -> Result<Self, ParamError> {
        let mut params = Params::new();
        params.absorb(encoded)?;
        Ok(params)
    }

    /// Decodes more parameters into the set; a name already there is a duplicate.
    pub fn absorb(&mut self, encoded: &[u8]) -> Result<(), ParamError> {
        if encoded.len() > MAX_FORM_BYTES {
            return Err(ParamError::FormTooLong);
        }
        for piece in encoded
            .split(|&b| b == b'&')
            .filter(|piece| !piece.is_empty())
        {
            let (name, value) = decode_pair(piece)?;
            if self.0.contains_key(&name) {
                return Err(ParamError::Duplicate(name));
            }
            if self.0.len() == MAX_PARAMS {
                return Err(ParamError::TooMany);
            }
            self.0.insert(name, value);
        }
        Ok(())
    }

    /// Adds a parameter, for building a request; an earlier value of that name is replaced.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Looks a parameter up by its exact name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Collects the list `name` from `name.member.1`, `name.member.2`, … in the order of their
    /// numbers.
    ///
    /// Numbers may have gaps; a member whose number is not a plain decimal is, like any unknown
    /// parameter, ignored.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}.member.");
        let mut members: Vec<(u32, &str)> = self
            .0
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter_map(|(name, value)| Some((member_number(&name[prefix.len()..])?, &**value)))
            .collect();
        members.sort_unstable_by_key(|&(number, _)| number);
        members.into_iter().map(|(_, value)| value).collect()
    }

    /// Names the operation asked for: `Action`, or its old alias `Operation`.
    pub fn action(&self) -> Result<&str, Fault> {
        self.get("Action")
            .or_else(|| self.get("Operation"))
            .filter(|action| !action.is_empty())
            .ok_or(Fault::MissingAction)
    }

    /// Goes over names and values in byte order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Counts the parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encodes all parameters, ordered by their decoded names: the form Signature Version 2 signs,
    /// and a valid body.
    pub fn encode(&self) -> String {
        self.encode_without(None)
    }

    /// Encodes like [`Params::encode`], leaving out the parameter `omitted`.
    pub(crate) fn encode_without(&self, omitted: Option<&str>) -> String {
        let pairs = self.iter().filter(|&(name, _)| Some(name) != omitted);
        let mut encoded = String::new();
        for (name, value) in pairs {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            encoded.extend(utf8_percent_encode(name, RESERVED));
            encoded.push('=');
            encoded.extend(utf8_percent_encode(value, RESERVED));
        }
        encoded
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Params(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

fn decode_pair(piece: &[u8]) -> Result<(String, String), ParamError> {
    let equals = piece.iter().position(|&b| b == b'=');
    let (name, value) = match equals {
        Some(at) => (&piece[..at], &piece[at + 1..]),
        None => (piece, &[][..]),
    };
    let name = decode_component(name)?;
    if name.is_empty() {
        return Err(ParamError::NoName);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(ParamError::NameTooLong);
    }
    let value = decode_component(value)?;
    if value.len() > MAX_VALUE_BYTES {
        return Err(ParamError::ValueTooLong(name));
    }
    Ok((name, value))
}

fn decode_component(encoded: &[u8]) -> Result<String, ParamError> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, tail @ ..] => {
                decoded.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                tail
            }
            [b'%', ..] => return Err(ParamError::BadEscape),
            [b'+', tail @ ..] => {
                decoded.push(b' ');
                tail
            }
            [plain, tail @ ..] => {
                decoded.push(*plain);
                tail
            }
        };
    }
    String::from_utf8(decoded).map_err(|_| ParamError::NotUtf8)
}

fn hex_digit(digit: u8) -> Result<u8, ParamError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParamError::BadEscape),
    }
}

/// Reads `N` of `.member.N`. Leading zeros are refused, or two names could mean one place.
fn member_number(digits: &str) -> Option<u32> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Params, ParamError> {
        Params::parse(text.as_bytes())
    }

    #[test]
    fn plus_and_percent_20_are_spaces() {
        let params = parse("a=x+y&b=x%20y&c=x%2By&d=%7e~").unwrap();
        assert_eq!(params.get("a"), Some("x y"));
        assert_eq!(params.get("b"), Some("x y"));
        assert_eq!(params.get("c"), Some("x+y"));
        assert_eq!(params.get("d"), Some("~~"));
        assert_eq!(params.encode(), "a=x%20y&b=x%20y&c=x%2By&d=~~");
    }

    #[test]
    fn values_may_be_empty_and_hold_equals_signs() {
        let params = parse("&a=&&b&c=1=2&").unwrap();
        assert_eq!(params.get("a"), Some(""));
        assert_eq!(params.get("b"), Some(""));
        assert_eq!(params.get("c"), Some("1=2"));
        assert_eq!(params.len(), 3);
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        assert_eq!(parse("a=%"), Err(ParamError::BadEscape));
        assert_eq!(parse("a=%4"), Err(ParamError::BadEscape));
        assert_eq!(parse("a=%g0"), Err(ParamError::BadEscape));
        assert_eq!(parse("a=%+1"), Err(ParamError::BadEscape));
        assert_eq!(parse("a=%ff"), Err(ParamError::NotUtf8));
        assert_eq!(Params::parse(b"a=\xc3"), Err(ParamError::NotUtf8));
        assert_eq!(parse("=x"), Err(ParamError::NoName));
        assert_eq!(parse("a=1&%61=2"), Err(ParamError::Duplicate("a".into())));
    }

    #[test]
    fn a_name_in_both_query_and_body_is_a_duplicate() {
        let mut params = parse("Action=GetStatus").unwrap();
        assert_eq!(
            params.absorb(b"Action=x"),
            Err(ParamError::Duplicate("Action".into()))
        );
    }

    #[test]
    fn limits_are_exact() {
        let name = "n".repeat(MAX_NAME_BYTES);
        assert!(parse(&name).is_ok());
        assert_eq!(parse(&format!("{name}n")), Err(ParamError::NameTooLong));

        let value = "v".repeat(MAX_VALUE_BYTES);
        assert!(parse(&format!("a={value}")).is_ok());
        assert_eq!(
            parse(&format!("a={value}v")),
            Err(ParamError::ValueTooLong("a".into()))
        );

        let pieces: Vec<String> = (0..=MAX_PARAMS).map(|n| n.to_string()).collect();
        assert!(parse(&pieces[..MAX_PARAMS].join("&")).is_ok());
        assert_eq!(parse(&pieces.join("&")), Err(ParamError::TooMany));

        assert!(Params::parse(&vec![b'&'; MAX_FORM_BYTES]).is_ok());
        assert_eq!(
            Params::parse(&vec![b'&'; MAX_FORM_BYTES + 1]),
            Err(ParamError::FormTooLong)
        );
    }

    #[test]
    fn lists_are_ordered_by_number() {
        let params = parse(
            "jobIds.member.10=c&jobIds.member.2=b&jobIds.member.1=a&jobIds.member.x=?\
             &jobIds.member.=?\
             &jobIds.member.01=?&jobIds.member.99999999999=?&jobIds.memberz=?&jobIds=",
        )
        .unwrap();
        assert_eq!(params.list("jobIds"), ["a", "b", "c"]);
        assert!(params.list("job").is_empty());
    }

    #[test]
    fn the_action_has_an_alias() {
        assert_eq!(parse("Action=A&Operation=B").unwrap().action(), Ok("A"));
        assert_eq!(parse("Operation=B").unwrap().action(), Ok("B"));
        assert_eq!(
            parse("Action=").unwrap().action(),
            Err(Fault::MissingAction)
        );
        assert_eq!(
            parse("JobId=A").unwrap().action(),
            Err(Fault::MissingAction)
        );
    }

    #[test]
    fn debug_keeps_values_to_itself() {
        let shown = format!("{:?}", parse("SecurityToken=sesame").unwrap());
        assert_eq!(shown, r#"{"SecurityToken"}"#);
    }
}
