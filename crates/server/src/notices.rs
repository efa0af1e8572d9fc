//! Notices: who is told what of a job, by mail and by webhook, and that it arrives.
//!
//! ```text
//! event ─► table ─► outbox ─► spread ─► deliveries ─► post ─┬─► mail
//!          (same transaction)  who, and    one after the    └─► webhook
//!                              what words  other in a lane
//! ```
//!
//! What is told, to whom and in which words is decided by pure functions ([`table`], [`letter`], [`payload`], [`schedule`],
//! [`addresses`]); [`spread`] and [`post`] act. Nothing here changes a job.

pub(crate) mod addresses;
pub(crate) mod letter;
pub(crate) mod mail;
pub(crate) mod payload;
pub(crate) mod post;
pub(crate) mod reach;
pub(crate) mod schedule;
pub(crate) mod signing;
pub(crate) mod spread;
pub(crate) mod story;
pub(crate) mod table;
pub(crate) mod template;
