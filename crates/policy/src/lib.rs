//! What users may do: policies in the language that AWS has for them, read strictly and decided by one function.
//!
//! The language is that of identity policies as the IAM user guide documents it, over the actions of Import/Export and
//! our own. What is not understood is refused when a policy is read, with its place, and never ignored later; [`decide`]
//! is held to an independent simulator by the end-to-end tests. Pure: it has neither clock nor network, and knows nothing
//! of users, which are the server's.

mod action;
mod condition;
mod context;
mod decide;
mod document;
mod fault;
mod json;
mod limits;
mod managed;
mod pattern;
mod values;

pub use action::{ActionName, UnknownAction};
pub use context::{Context, Key, UnknownKey};
pub use decide::{DecidedBy, Decision, Request, decide, explain};
pub use document::{Policy, Size};
pub use fault::{PolicyFault, PolicyFaults};
pub use managed::{Managed, UnknownManaged};
