//! What lies on a disk, told from its bytes: tables, volumes and file systems.
//!
//! Bytes in, facts out. A reader asks [`blocks::Blocks`] for bytes and tells what it finds as
//! [`told::Told`]: folders, and files with their extents. It does no I/O, starts no thread, keeps no content of a
//! file and trusts nothing that it reads: whoever made the disk may mean harm. One rule stands above all: what is
//! told of a file is exactly the file, or an error for that file. Unknown features are refused, never guessed;
//! bytes past the valid length are zeros, never what lies on the disk there.

pub mod allocation;
pub mod blocks;
pub mod checksum;
mod clusters;
pub mod content;
pub mod exfat;
pub mod ext;
pub mod fat;
pub mod fields;
pub mod limits;
pub mod ntfs;
pub mod reader;
pub mod recognise;
pub mod tables;
pub mod told;
pub mod unpack;
pub mod volumes;
pub mod wtf8;
