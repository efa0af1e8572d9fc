//! The control plane: the AWS Import/Export API, the operator API, the station protocol and the
//! job store behind them. It cannot read a device.

pub mod api;
mod artifact;
pub mod certain;
mod change;
pub mod config;
pub mod data_dir;
mod health;
mod http;
pub mod identity;
pub mod jobstore;
mod keyring;
pub mod keys;
pub mod metrics;
pub mod sealing;
pub mod service;
mod station_api;
pub mod stores;
mod sweeper;
pub mod work;
