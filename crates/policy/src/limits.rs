//! Limits of policies. Sizes are counted as IAM counts them, without white space.

/// Characters of all inline policies of a user (IAM user guide, *IAM and AWS STS quotas*).
pub(crate) const USER_CHARACTERS: usize = 2_048;

/// Characters of all inline policies of a group.
pub(crate) const GROUP_CHARACTERS: usize = 5_120;

/// Characters of a policy by itself, as of one that IAM manages.
pub(crate) const POLICY_CHARACTERS: usize = 6_144;

/// Bytes of a text that is read as a policy at all: the longest one, of characters of four bytes, and as much white space.
pub(crate) const TEXT_BYTES: usize = 48 << 10;

/// Faults that are told of one policy. More would not fit on a screen, and the next try tells the others.
pub(crate) const FAULTS: usize = 50;
