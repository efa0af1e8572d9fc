//! Whose a device is that is open to be erased: its SIGNATURE, read through the descriptor that is written to.
//!
//! What parses it can reach nothing, as ever ([`disks::sandbox`]).

use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bay::erase::{Surface as _, Target};
use disks::aligned::Buffers;
use disks::device::Device;
use disks::disk::Disk;
use disks::fault::Fault;
use disks::rescue::Rescue;
use disks::sandbox::Sandbox;
use disks::tree::DeviceGone;
use disks::tree::raw::Reading;
use transfer::stop::Stop;

use super::opened::OpenToErase;
use crate::dock::{Station, read_raw_signature};
use crate::raw;
use crate::scratch::Scratch;

/// What reads past the page cache are a multiple of.
const PAGE: u64 = 4096;

/// The device as its readers see it.
struct TargetDevice {
    target: Arc<Target>,
    stock: Arc<Buffers>,
}

impl Device for TargetDevice {
    fn bytes(&self) -> u64 {
        self.target.seal().marks.bytes
    }

    fn sector(&self) -> u32 {
        self.target.seal().sector
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let left = self.bytes().saturating_sub(offset);
        let wanted = u64::try_from(buffer.len()).unwrap_or(u64::MAX).min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let from = offset / PAGE * PAGE;
        let to = ((offset + wanted).div_ceil(PAGE) * PAGE).min(self.bytes());
        let mut pages = self.stock.take(to - from);
        self.target.read_at(from, &mut pages)?;
        let begin = usize::try_from(offset - from).unwrap_or(usize::MAX);
        let length = usize::try_from(wanted).unwrap_or(usize::MAX);
        buffer[..length].copy_from_slice(&pages[begin..begin + length]);
        Ok(length)
    }

    fn next_data(&self, offset: u64) -> u64 {
        offset
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.target.check().map_err(DeviceGone)
    }
}

impl OpenToErase {
    /// The SIGNATURE of the device in base64, if it has one that can be read.
    pub(super) fn signature(&self, station: &Station, stop: &Stop) -> Option<String> {
        match self.read_signature(station, stop) {
            Ok(bytes) => bytes.map(|bytes| STANDARD.encode(bytes)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::info!(error, "no SIGNATURE is read of what is to be erased");
                None
            }
        }
    }

    fn read_signature(&self, station: &Station, stop: &Stop) -> io::Result<Option<Vec<u8>>> {
        let path: &Path = self.target.path();
        let scratch = Scratch::new(&station.folder, raw::LOOK)?;
        let device: Arc<dyn Device> = Arc::new(TargetDevice {
            target: Arc::clone(&self.target),
            stock: Arc::default(),
        });
        let rescue = Rescue::open(device, scratch.path()).map_err(io::Error::other)?;
        let sandbox = Sandbox::new(station.launcher.clone());
        let disk = Disk::open(Arc::new(rescue), sandbox).map_err(io::Error::other)?;
        let choice = raw::choice(&[], None, false);
        let reading = Reading {
            windows: station.resources.windows().clone(),
            ..Reading::usual(false)
        };
        let tree = disk
            .read(&choice, reading, scratch.path(), &|| stop.is_set())
            .map_err(io::Error::other)?;
        read_raw_signature(&tree, path).map_err(io::Error::other)
    }
}
