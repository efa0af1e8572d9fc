//! A device that is open to be erased, and what is known of it.

use std::path::Path;
use std::sync::Arc;

use bay::erase::{Abilities, SystemTools, Target, TargetError};
use disks::facts::Marks;
use model::device::DeviceFacts;
use model::disposal::messages::EraseTerms;
use model::erasure::ErasedDevice;

use super::error::NotErased;

/// A device that is open alone.
pub(super) struct OpenToErase {
    pub(super) target: Arc<Target>,
    pub(super) drive: SystemTools,
    pub(super) able: Abilities,
    pub(super) device: ErasedDevice,
}

impl OpenToErase {
    /// Opens a device alone. Nothing is written. `needed` are the station's own paths.
    pub(super) fn alone(path: &Path, needed: &[&Path]) -> Result<Self, TargetError> {
        let target = Target::open(path, needed)?;
        let drive = SystemTools::on(target.path());
        let able = Abilities::ask(&drive, target.seal().connector);
        let device = able.erased(target.seal());
        Ok(Self {
            target: Arc::new(target),
            drive,
            able,
            device,
        })
    }

    /// What it says of itself, as it is told with a claim.
    pub(super) fn facts(&self) -> DeviceFacts {
        let facts = self.target.seal().shipped();
        let mark = self.target.mark();
        DeviceFacts { mark, ..facts }.tidied()
    }

    /// By what it is known again.
    pub(super) fn marks(&self) -> Marks {
        let device = self.device.clone();
        Marks {
            bytes: device.bytes,
            maker: device.maker,
            model: device.model,
            serial: device.serial,
            wwn: device.wwn,
        }
    }

    /// Sees that it is the device that was loaded: whatever the server was told, this is what is open.
    pub(super) fn must_be(&self, terms: &EraseTerms) -> Result<(), NotErased> {
        let (was, is) = (&terms.device, self.facts());
        let differs = |was: &Option<String>, is: &Option<String>| was.is_some() && was != is;
        let what = if differs(&was.serial, &is.serial) {
            "its serial number is another"
        } else if differs(&was.wwn, &is.wwn) {
            "its WWN is another"
        } else if was.bytes != is.bytes {
            "its size is another"
        } else {
            return Ok(());
        };
        Err(NotErased::Other {
            what: what.to_owned(),
        })
    }

    /// Sees once more, right before the first write, that it is what was opened and nothing uses it.
    pub(super) fn must_be_free(&self, needed: &[&Path]) -> Result<(), NotErased> {
        Ok(self.target.must_be_free(needed)?)
    }
}
