//! How a device says that it is: SMART, by the programs that know each kind of device. Nothing is changed.

use model::device::Connector;
use model::erasure::HiddenArea;
use model::handling::DeviceHealth;

use crate::erase::{Abilities, Drive};

/// Asks a device that is attached so. `None` if it says nothing: an image, a virtual disk, what is behind a bridge that
/// passes nothing, or a host without the programs. It takes as long as the device takes to answer.
#[must_use]
pub fn ask(drive: &dyn Drive, connector: Connector) -> Option<DeviceHealth> {
    if connector == Connector::Image {
        return None;
    }
    let known = Abilities::ask(drive, connector);
    let health = DeviceHealth {
        model: known.names.model,
        serial: known.names.serial,
        firmware: known.names.firmware,
        passed: known.passed,
        hours: known.hours,
        temperature: known.temperature,
        reallocated: known.reallocated,
        pending: known.pending,
        uncorrectable: known.uncorrectable,
        interface_errors: known.interface_errors,
        percent_used: known.percent_used,
        hidden_sectors: match known.hidden.0 {
            HiddenArea::Sectors(sectors) => Some(sectors),
            HiddenArea::Unknown => None,
        },
    };
    (!health.is_silent()).then_some(health)
}
