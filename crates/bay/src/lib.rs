//! A bay: where a block device, or an image of one, is formatted and mounted. The only code that
//! changes a device, or that needs root.
//!
//! A device is erased here as well ([`mod@erase`]): that a device may be is decided elsewhere, and that it is the one, here.
//!
//! Formatting and mounting are left to the system's programs, which are run without a shell. Nothing
//! here decides for the operator: [`Facts`](disks::facts::Facts) say what a device is and what it is used
//! for, [`may_be_formatted`] refuses what would destroy something in use, and the caller asks the rest.
//!
//! A device that is only read is kept from being written to by others ([`Shield`]), and one that is done with is made safe
//! to take out ([`eject()`]).
//!
//! Which disk is in a bay is shown by its light ([`blink()`]).
//!
//! A device that is to be encrypted is made a volume of LUKS2 ([`luks`]), and the file system is made in it.
//!
//! A device is formatted as a whole, without a partition table, as card readers and cameras do it.
//! Linux, macOS and Windows read such a device.

mod blink;
mod driver;
mod eject;
pub mod erase;
mod format;
pub mod health;
mod lock;
pub mod luks;
mod mkfs;
mod mount;
mod refused;
mod shield;

pub use blink::{BLINKS_FOR, BlinkError, Light, blink};
pub use driver::Access;
pub use eject::{EjectError, LetGo, eject};
pub use format::{FormatError, format};
pub use mount::{MountError, Mounted};
pub use refused::{Refused, may_be_formatted};
pub use shield::{Layer, Shield, give_back};
