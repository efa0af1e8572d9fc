//! Ports of USB.

use std::path::Path;

use super::above::{Above, attribute};
use super::is_numbered;

/// The controller, the revision of the hub at its root, the ports from there on, and what tells disks behind one bridge
/// from each other.
pub(super) fn port(above: &Above<'_>) -> Option<String> {
    let (_, name) = above.find(is_interface)?;
    let (device, number) = name.split_once(':')?;
    let (_, ports) = device.split_once('-')?;
    let (root, _) = above.find(|name| is_numbered(name, "usb"))?;
    // Nearly all have one interface.
    let number = match number {
        "1.0" => String::new(),
        other => format!(":{other}"),
    };
    let unit = above.scsi().map(|it| it.suffix()).unwrap_or_default();
    Some(format!(
        "{}/usb{}-{ports}{number}{unit}",
        above.bus(root),
        revision(root)
    ))
}

/// The revision of USB that a root hub speaks, from ` 3.10`; 2 where it is not told, as before there were others.
fn revision(root: &Path) -> String {
    let told = attribute(&root.join("version"));
    let revision = told.and_then(|it| Some(it.split_once('.')?.0.to_owned()));
    revision.unwrap_or_else(|| "2".to_owned())
}

/// Whether it is an interface of a device: `3-2.4:1.0`.
fn is_interface(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let are_numbers = |text: &str| text.split('.').all(is_number);
    let parts = name.split_once(':').and_then(|(device, interface)| {
        let (bus, ports) = device.split_once('-')?;
        Some(is_number(bus) && are_numbers(ports) && are_numbers(interface))
    });
    parts == Some(true)
}
