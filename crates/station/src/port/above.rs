//! What stands above a disk in `/sys`: buses, controllers, hosts.

use std::fmt;
use std::path::Path;

/// The folder of a disk, and those above it.
pub(super) struct Above<'a> {
    folder: &'a Path,
}

/// Where a disk is at its host: SCSI counts channels, targets and units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub channel: u32,
    pub target: u32,
    pub unit: u64,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            channel,
            target,
            unit,
        } = self;
        write!(f, "{channel}.{target}.{unit}")
    }
}

impl Address {
    /// From `host:channel:target:unit`.
    fn parse(name: &str) -> Option<Self> {
        let mut numbers = name.split(':');
        let _host: u32 = numbers.next()?.parse().ok()?;
        let address = Self {
            channel: numbers.next()?.parse().ok()?,
            target: numbers.next()?.parse().ok()?,
            unit: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(address)
    }

    /// As a further part of a port's name, unless it is the only one there.
    pub(super) fn suffix(self) -> String {
        match self {
            Self {
                channel: 0,
                target: 0,
                unit: 0,
            } => String::new(),
            address => format!("/scsi-{address}"),
        }
    }
}

impl<'a> Above<'a> {
    pub(super) fn of(folder: &'a Path) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }

    /// What the kernel calls it.
    pub(super) fn name(&self) -> &'a str {
        name_of(self.folder)
    }

    /// The nearest folder above whose name is such, and its name.
    pub(super) fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<(&'a Path, &'a str)> {
        let above = self.folder.ancestors().skip(1);
        above
            .map(|folder| (folder, name_of(folder)))
            .find(|(_, name)| is_it(name))
    }

    pub(super) fn scsi(&self) -> Option<Address> {
        let (_, name) = self.find(|name| Address::parse(name).is_some())?;
        Address::parse(name)
    }

    /// What `at` is plugged into: the nearest device of PCI above it, or else the device of the platform.
    pub(super) fn bus(&self, at: &Path) -> String {
        let mut above = at.ancestors().skip(1).map(name_of);
        match above.find(|name| is_pci(name)) {
            Some(address) => format!("pci-{address}"),
            None => format!("platform-{}", name_of(at.parent().unwrap_or(at))),
        }
    }

    /// The same of what `at` is, with what stands between the two.
    pub(super) fn bus_and_rest(&self, at: &Path) -> String {
        let mut between: Vec<&str> = Vec::new();
        for name in at.ancestors().map(name_of) {
            if is_pci(name) {
                between.push(name);
                between.reverse();
                return format!("pci-{}", between.join("/"));
            }
            between.push(name);
        }
        format!("platform-{}", name_of(at))
    }

    /// Its path below the devices, without its own name: the kernel gives that in the order in which it finds things.
    pub(super) fn rest(&self) -> String {
        let parent = self.folder.parent().unwrap_or(self.folder);
        let path = parent.to_string_lossy();
        let below = path.rsplit_once("/sys/devices/").map(|(_, it)| it);
        let below = below.unwrap_or(&path).trim_matches('/');
        below.strip_suffix("/block").unwrap_or(below).to_owned()
    }
}

/// Which of its kind `own` is among those in a folder, from 0 on.
pub(super) fn rank(parent: &Path, own: &Path, word: &str) -> usize {
    let number = |name: &str| name.strip_prefix(word)?.parse::<u64>().ok();
    let Some(own) = number(name_of(own)) else {
        return 0;
    };
    let beside = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let numbers = beside.filter_map(|entry| number(&entry.file_name().to_string_lossy()));
    numbers.filter(|it| *it < own).count()
}

/// An attribute, trimmed; `None` if there is none or it is empty.
pub(super) fn attribute(path: &Path) -> Option<String> {
    let value = std::fs::read_to_string(path).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

pub(super) fn name_of(folder: &Path) -> &str {
    folder.file_name().and_then(|it| it.to_str()).unwrap_or("")
}

/// Whether it is an address of PCI: `0000:00:14.0`.
fn is_pci(name: &str) -> bool {
    let is_hex = |text: &str, digits| {
        text.len() >= digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let parts: Vec<&str> = name.split([':', '.']).collect();
    let [domain, bus, device, function] = parts[..] else {
        return false;
    };
    is_hex(domain, 4)
        && is_hex(bus, 2)
        && is_hex(device, 2)
        && is_hex(function, 1)
        && name.matches('.').count() == 1
}
