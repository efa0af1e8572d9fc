//! The pages: a file each.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod bench;
pub(super) mod help;
pub(super) mod identities;
pub(super) mod job;
mod job_parts;
pub(super) mod jobs;
pub(super) mod list_file;
pub(super) mod me;
pub(super) mod new_job;
pub(super) mod own_job;
pub(super) mod own_jobs;
pub(super) mod papers;
pub(super) mod parcels;
pub(super) mod people;
mod plot;
pub(super) mod questions;
pub(super) mod scan;
pub(super) mod sign_in;
pub(super) mod stations;
pub(super) mod stores;
pub(super) mod today;
