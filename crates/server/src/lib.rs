//! The control plane: the AWS Import/Export API, the operator API, the station protocol and the
//! job store behind them. It cannot read a device.

pub mod access;
pub mod app;
mod artifact;
mod background;
pub mod backup;
mod cards;
pub mod certain;
mod challenges;
mod change;
pub mod config;
mod counting;
mod custody_key;
pub mod data_dir;
mod database;
mod digests;
mod faces;
mod giving_up;
mod health;
pub mod installation;
mod job_keys;
pub mod jobstore;
mod keyring;
mod mending;
pub mod metrics;
mod notices;
pub mod ops;
mod outside;
pub mod sealing;
pub mod service;
pub mod stores;
mod timestamps;
mod witnesses;
pub mod work;
