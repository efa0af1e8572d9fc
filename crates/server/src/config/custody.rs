//! `[custody]`: who else vouches for the log of custody and for receipts.

use ::custody::note::VerifierKey;

/// `[custody]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustodyConfig {
    /// `witnesses`: who is asked to sign the head of the log, so that it cannot be told differently to others.
    pub witnesses: Vec<WitnessConfig>,
    /// `timestamp_url`: the authority that says when receipts were given (RFC 3161), if one is asked.
    pub timestamp_url: Option<String>,
}

/// A witness (C2SP `tlog-witness`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessConfig {
    /// `key`: what its signatures verify with.
    pub key: VerifierKey,
    /// `url`: where it is asked, without a slash at the end.
    pub url: String,
}
