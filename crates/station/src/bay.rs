//! A bay: where a block device, or an image of one, is looked at, formatted and mounted.
//!
//! What the kernel tells of a device is read from its own files; formatting and mounting are left
//! to the system's programs, which are run without a shell. Nothing here decides for the operator:
//! [`Facts`] say what a device is and what it is used for, [`Facts::may_be_formatted`] refuses what
//! would destroy something in use, and the caller asks the rest.
//!
//! A device is formatted as a whole, without a partition table, as card readers and cameras do it.
//! Linux, macOS and Windows read such a device.

mod content;
mod driver;
mod facts;
mod format;
mod identity;
mod kernel;
mod lock;
mod mkfs;
mod mount;
mod mountinfo;
mod openers;
mod refused;
mod tool;
mod uses;

pub use content::{Content, ProbeError};
pub use driver::Access;
pub use facts::{Facts, FactsError, Kind};
pub use format::{FormatError, format};
pub use identity::Identity;
pub(crate) use kernel::mounted_from;
pub use mount::{MountError, Mounted};
pub use refused::Refused;
pub use tool::ToolError;
pub use uses::{Use, in_use, in_use_to_read};
