//! What every transfer is made of: threads, the memory between them, hashes, and the doubt whether a
//! device still answers.

pub(crate) mod budget;
pub(crate) mod doubt;
pub(crate) mod hash_state;
pub(crate) mod hashing;
pub(crate) mod turns;
