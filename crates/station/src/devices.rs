//! The way to devices that are filled, or read without their file systems.
//!
//! A device with files on it is a [`Tree`](disks::tree::Tree), which comes to the station open.

use std::io;
use std::path::Path;

use bay::erase::SystemTools;
use disks::device::{Device, OpenError, RawDevice};
use model::device::Connector;
use model::handling::DeviceHealth;
use model::ids::JobId;
use transfer::destination::Target;
use transfer::destination::folder::Folder;

/// The way to devices.
///
/// # Contract
/// What is opened is the device itself: what it confirms is on it, and what it reads comes from it.
pub trait Devices: Send + Sync {
    /// Opens the file system that is mounted at `root` to write files of `job` to it. `backing` is the
    /// block device or image it is on, where that is known.
    ///
    /// # Errors
    /// The system's error.
    fn target(
        &self,
        root: &Path,
        job: JobId,
        backing: Option<&Path>,
    ) -> io::Result<Box<dyn Target>>;

    /// Opens the block device or image at `path`, for reading only.
    ///
    /// # Errors
    /// [`OpenError`].
    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError>;

    /// How the block device at `path`, which is attached so, says that it is; nothing if it does not say. This takes as
    /// long as the device does.
    fn health(&self, path: &Path, connector: Connector) -> Option<DeviceHealth>;
}

/// The devices of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostDevices;

#[deny(clippy::missing_trait_methods)]
impl Devices for HostDevices {
    fn target(
        &self,
        root: &Path,
        job: JobId,
        backing: Option<&Path>,
    ) -> io::Result<Box<dyn Target>> {
        Ok(Box::new(Folder::open(root, job, backing)?))
    }

    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError> {
        Ok(Box::new(RawDevice::open(path)?))
    }

    fn health(&self, path: &Path, connector: Connector) -> Option<DeviceHealth> {
        bay::health::ask(&SystemTools::on(path), connector)
    }
}
