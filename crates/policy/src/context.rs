//! What is known of a request beside its action, under the names that conditions have for it.

use std::collections::BTreeMap;
use std::str::FromStr;

/// What a condition can ask for (IAM user guide, *AWS global condition context keys*).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `aws:SourceIp`: where the request comes from.
    SourceIp,
    /// `aws:SecureTransport`: whether it came by TLS.
    SecureTransport,
    /// `aws:CurrentTime`: the time, in RFC 3339.
    CurrentTime,
    /// `aws:EpochTime`: the time, in seconds since 1970.
    EpochTime,
    /// `aws:username`: what the user is called.
    UserName,
    /// `aws:userid`: what no other user ever is.
    UserId,
    /// `aws:PrincipalArn`: account and user in one.
    PrincipalArn,
    /// `aws:PrincipalAccount`: the number of the account.
    PrincipalAccount,
    /// `aws:PrincipalType`: `User`.
    PrincipalType,
    /// `aws:UserAgent`: what the client says it is.
    UserAgent,
    /// `aws:RequestedRegion`: the region that was asked.
    RequestedRegion,
    /// Another, in lower case, which no request has here.
    Other(String),
}

/// A name that no request has anything for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no condition key of this service")]
pub struct UnknownKey(String);

impl Key {
    /// Those that requests have.
    pub const KNOWN: [Self; 11] = [
        Self::SourceIp,
        Self::SecureTransport,
        Self::CurrentTime,
        Self::EpochTime,
        Self::UserName,
        Self::UserId,
        Self::PrincipalArn,
        Self::PrincipalAccount,
        Self::PrincipalType,
        Self::UserAgent,
        Self::RequestedRegion,
    ];

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::SourceIp => "aws:SourceIp",
            Self::SecureTransport => "aws:SecureTransport",
            Self::CurrentTime => "aws:CurrentTime",
            Self::EpochTime => "aws:EpochTime",
            Self::UserName => "aws:username",
            Self::UserId => "aws:userid",
            Self::PrincipalArn => "aws:PrincipalArn",
            Self::PrincipalAccount => "aws:PrincipalAccount",
            Self::PrincipalType => "aws:PrincipalType",
            Self::UserAgent => "aws:UserAgent",
            Self::RequestedRegion => "aws:RequestedRegion",
            Self::Other(name) => name,
        }
    }

    /// One of those that requests have, by its name in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is_it = |key: &Self| key.name().eq_ignore_ascii_case(name);
        Self::KNOWN.into_iter().find(is_it)
    }
}

impl FromStr for Key {
    type Err = UnknownKey;

    /// Reads one of those that requests have.
    fn from_str(name: &str) -> Result<Self, UnknownKey> {
        Self::named(name).ok_or_else(|| UnknownKey(name.to_owned()))
    }
}

/// What is known of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<Key, String>);

impl Context {
    /// What the request has for a key, if anything.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

impl FromIterator<(Key, String)> for Context {
    fn from_iter<I: IntoIterator<Item = (Key, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
