//! Where something is plugged in: a port has one name, whatever is plugged in and whatever the kernel calls that.
//!
//! | What | Its port |
//! | --- | --- |
//! | a disk at USB 3 or USB 2 | `pci-0000:00:14.0/usb3-2.4`, `pci-0000:00:14.0/usb2-5.4` |
//! | a SATA disk; behind a port multiplier | `pci-0000:00:17.0/ata-3`, `pci-0000:00:17.0/ata-3.1` |
//! | an NVMe disk | `pci-0000:01:00.0/nvme-1` |
//! | an image that is attached from a folder | `loop:/srv/bays/T1` |
//! | an image or a folder that is laid down in a folder | `folder:/srv/inbox` |

pub use model::ids::PortId;
