//! Why a passkey is not taken.

/// Why a passkey is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not what browsers send; the text says which part of it.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// It answers to another challenge.
    #[error("it answers to another question than was asked")]
    Challenge,
    /// It was made for something else: a registration where a signature is asked for, or the other way round.
    #[error("it was made for something else")]
    Purpose,
    /// The page that asked for it was not one of this site, or stood within one of another.
    #[error("it was asked for by a page of another site")]
    Origin,
    /// It belongs to another site.
    #[error("it belongs to another site")]
    Site,
    /// Nobody touched it, or it does not know who did.
    #[error("it has not made sure whose hand it is in, by a PIN, a finger or a face")]
    Unverified,
    /// It says of its backup what cannot be.
    #[error("it says of its backup what cannot be")]
    Backup,
    /// Its key is of a kind that was not asked for, or is none.
    #[error("its key is of a kind that is not taken")]
    Key,
    /// It names another user.
    #[error("it belongs to somebody else")]
    User,
    /// The signature is not by its key.
    #[error("its signature is wrong")]
    Signature,
    /// Its counter did not go on: there is a copy of it.
    #[error("its counter did not go on, so that there may be a copy of it")]
    Copied,
}
