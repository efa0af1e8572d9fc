//! Devices, and what is on them, read and never written to.
//!
//! [`facts`] tells what a device is and what uses it; [`device`] reads one raw, bytes at offsets,
//! [`fault`] says what its errors mean, and [`rescue`] reads one that fails; [`tree`] shows what it holds as entries, and
//! [`layout`] where their bytes lie. Nothing here changes a device, mounts one or knows what a job
//! is. Plain threads throughout: disks block.
//!
//! A device that is read without being mounted is parsed in a [`sandbox`], by a child that can reach nothing, and listed
//! in a [`catalogue`].

pub mod aligned;
mod aside;
pub mod asked;
pub mod catalogue;
pub mod device;
pub mod disk;
pub mod facts;
pub mod fault;
pub mod layout;
pub mod rescue;
pub mod sandbox;
mod sweep;
pub mod tool;
pub mod tree;
pub mod turns;
