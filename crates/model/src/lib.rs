//! What a job is: identifiers, manifests, states, naming rules, reports.
//!
//! This crate is pure. It cannot wait, open a file, listen on a socket or read a clock: every
//! function takes values (and `now`) and returns a value. Everything else in Longshore acts on
//! what is decided here.

pub mod actor;
pub mod attributes;
pub mod bay;
pub mod capabilities;
pub mod card;
pub mod content_type;
pub mod control;
pub mod custody;
pub mod delivered;
pub mod device;
pub mod dispatch;
pub mod disposal;
pub mod entry;
pub mod erasure;
pub mod event;
pub mod export;
pub mod file_time;
pub mod foresee;
pub mod handling;
pub mod heartbeat;
pub mod hold;
pub mod identity;
pub mod ids;
pub mod image;
pub mod job;
pub mod key_space;
pub mod limits;
pub mod live_map;
pub mod loading;
pub mod manifest;
pub mod metrics_address;
pub mod metrics_page;
pub mod missing;
pub mod naming;
pub mod notice;
pub mod operator;
pub mod order;
pub mod other_disk;
pub mod outcome;
pub mod pace;
pub mod parcel;
pub mod photograph;
pub mod plan;
pub mod presence;
pub mod progress;
pub mod proof;
pub mod readable;
pub mod report;
pub mod request_rate;
pub mod role;
pub mod scan;
pub mod scanning;
pub mod secret;
pub mod share;
pub mod signature;
pub mod stopped;
pub mod time;
pub mod timings;
pub mod unchanged;
pub mod without;
pub mod words;
pub mod written;
