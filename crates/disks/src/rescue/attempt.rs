//! One read of a device, and what its error means.

use std::io;

use rustix::io::Errno;

use super::limits::HOST_TRIES;
use super::timing::Timing;
use crate::device::Device;
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// Reads until `into` is full or something fails; gives how many bytes came before that.
///
/// # Errors
/// [`DeviceGone`] if the device is gone: it says so, or gives no bytes and no error before its end, which a disk
/// does that was pulled. And if this host cannot read, though it was tried again: nothing is said of the device then.
pub(crate) fn attempt(
    device: &dyn Device,
    timing: &Timing,
    at: u64,
    into: &mut [u8],
) -> Result<usize, DeviceGone> {
    let (mut filled, mut tries) = (0, 0);
    while filled < into.len() {
        match device.read_at(at + filled as u64, &mut into[filled..]) {
            Ok(0) => return Err(DeviceGone(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => (filled, tries) = (filled + read, 0),
            Err(Fault::Host(Errno::INTR)) => {}
            Err(fault @ Fault::Host(_)) => {
                tries += 1;
                if tries >= HOST_TRIES {
                    return Err(DeviceGone(io::Error::other(fault)));
                }
                timing.pause();
            }
            Err(fault @ Fault::Gone(_)) => return Err(DeviceGone(fault.into())),
            Err(fault @ Fault::Slow(_)) => {
                tracing::debug!(at, %fault, "the device did not answer in time");
                timing.pause();
                break;
            }
            Err(fault @ Fault::Bad(_)) => {
                tracing::debug!(at, length = into.len(), %fault, "could not be read");
                break;
            }
        }
    }
    Ok(filled)
}
