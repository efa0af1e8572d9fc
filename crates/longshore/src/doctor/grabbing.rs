//! Who else on this host could take a disk that is plugged into a bay: parse it, mount it, make a volume of it. All of these
//! may write to it.

use std::fs;
use std::path::{Path, PathBuf};

use model::ids::PortId;
use station::port::Place;
use station::port::rules::FILE;

use super::finding::{Code, Finding};

/// Folders of rules, in the order in which udev lets one file hide another of the same name (udev(7)).
const RULES: [&str; 4] = [
    "etc/udev/rules.d",
    "run/udev/rules.d",
    "usr/lib/udev/rules.d",
    "lib/udev/rules.d",
];

/// The socket of udev, which is there while it runs.
const UDEV: &str = "run/udev/control";

/// How to get rules.
const RULES_REMEDY: &str =
    "`longshore bay rules --config FILE` makes them; docs/operating.md, *Bays*, says where they go";

/// Programs that heed our rules: what they are called in `/proc`, which has fifteen letters for it, and by people.
const HEEDING: [(&str, &str); 3] = [
    ("udisksd", "udisks2, which mounts what is plugged in"),
    (
        "gvfs-udisks2-vo",
        "gvfs, which mounts what is plugged in for whoever is logged in",
    ),
    ("mdadm", "mdadm, which puts arrays together"),
];

/// Programs that look at devices by themselves, and heed no rules.
const HEEDLESS: [(&str, &str); 2] = [
    ("mdev", "mdev, which has rules of its own"),
    ("automount", "autofs, which mounts what its maps name"),
];

/// Rules of others that take a disk: a word of their file's name, and what they do.
const OTHERS_RULES: [(&str, &str, bool); 3] = [
    ("lvm", "LVM, which activates volumes that it finds", true),
    ("md-raid", "mdadm, which puts arrays together", true),
    (
        "usbmount",
        "usbmount, which mounts what is plugged in",
        false,
    ),
];

/// Which ports of a host are bays.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bays<'a> {
    /// These.
    Named(&'a [PortId]),
    /// Any to which a disk comes that can be taken out.
    Automatic,
}

/// A host, as its files tell it.
pub(crate) struct Host {
    root: PathBuf,
}

impl Host {
    /// The host whose files are below `root`.
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// What could happen to disks in these bays; `settings` is the file that names them.
    pub(crate) fn grabs(&self, bays: Bays<'_>, settings: &Path) -> Vec<Finding> {
        let mut found = Vec::new();
        let (protected, make) = match bays {
            Bays::Named(ports) if !ports.iter().any(is_socket) => return found,
            Bays::Named(ports) => {
                found.extend(self.rules_fault(ports, settings));
                (found.is_empty(), "make the rules")
            }
            // Rules are of ports that have names: a disk that somebody mounts first is none of ours then.
            Bays::Automatic => (false, "name the ports as bays and make the rules"),
        };
        if matches!(bays, Bays::Named(_)) && !self.root.join(UDEV).exists() {
            let what = "udev does not run, and nobody else reads its rules";
            found.push(Finding::warning(
                Code::NoUdev,
                what,
                "start systemd-udevd, or see to it that nothing mounts disks here",
            ));
        }
        let running = self.running();
        let runs = |name: &str| running.iter().any(|it| it == name);
        for (name, who) in HEEDING.into_iter().filter(|(name, _)| runs(name)) {
            if !protected {
                found.push(taken(who, &format!("{make}, or end `{name}`")));
            }
        }
        for (name, who) in HEEDLESS.into_iter().filter(|(name, _)| runs(name)) {
            found.push(taken(
                who,
                &format!("end `{name}`, or keep it from the ports of the bays"),
            ));
        }
        for (word, who, heeds) in OTHERS_RULES {
            if let Some(file) = self.rule_called(word)
                && !(heeds && protected)
            {
                let remedy = format!("{make}, or remove `{}`", file.display());
                found.push(taken(who, &remedy));
            }
        }
        found
    }

    /// What is wrong with the rules for these bays.
    fn rules_fault(&self, bays: &[PortId], settings: &Path) -> Option<Finding> {
        let files = RULES.map(|folder| self.root.join(folder).join(FILE));
        let Some(text) = files.iter().find_map(|file| fs::read_to_string(file).ok()) else {
            let what = format!(
                "there is no `{FILE}`: others may mount, or write to, what is plugged into bays"
            );
            return Some(Finding::fault(Code::RulesMissing, what, RULES_REMEDY));
        };
        let asks = format!("--config {} ", settings.display());
        if text.contains(&asks) {
            return None;
        }
        let listed = |port: &PortId| {
            let mut words = text.split(['"', '|']);
            words.any(|word| word == port.as_str())
        };
        let sockets = bays.iter().filter(|port| is_socket(port));
        let missing: Vec<&str> = sockets
            .filter(|port| !listed(port))
            .map(PortId::as_str)
            .collect();
        if missing.is_empty() {
            return None;
        }
        let what = format!("the rules of bays do not know {}", missing.join(", "));
        Some(Finding::fault(Code::RulesStale, what, RULES_REMEDY))
    }

    /// The names of what runs.
    fn running(&self) -> Vec<String> {
        let processes = fs::read_dir(self.root.join("proc"))
            .into_iter()
            .flatten()
            .flatten();
        let names = processes.filter_map(|it| fs::read_to_string(it.path().join("comm")).ok());
        names.map(|name| name.trim().to_owned()).collect()
    }

    /// A file of rules with this word in its name.
    fn rule_called(&self, word: &str) -> Option<PathBuf> {
        let folders = RULES.map(|folder| self.root.join(folder));
        let files = folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let mut named = files.filter(|file| file.file_name().to_string_lossy().contains(word));
        named.next().map(|file| file.path())
    }
}

fn is_socket(port: &PortId) -> bool {
    Place::of(port) == Place::Socket
}

fn taken(who: &str, remedy: &str) -> Finding {
    Finding::fault(Code::DiskTaken, format!("this host has {who}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = "/etc/longshore/station.toml";
    const ASKING: &str = "PROGRAM!=\"/usr/bin/longshore bay port --config /etc/longshore/station.toml /sys%p\", GOTO=\"x\"\n";

    /// A host with these files.
    fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let host = Host::below(root.path());
        (root, host)
    }

    fn codes(files: &[(&str, &str)], bays: &[&str]) -> Vec<Code> {
        let bays: Vec<PortId> = bays.iter().map(|it| PortId::new(*it).unwrap()).collect();
        let (_root, host) = host(files);
        let found = host.grabs(Bays::Named(&bays), Path::new(SETTINGS));
        found.iter().map(|finding| finding.code).collect()
    }

    const BAY: &[&str] = &["pci-0000:00:14.0/usb3-2.4"];
    const RUNS: (&str, &str) = ("run/udev/control", "");

    #[test]
    fn a_host_whose_bays_are_folders_has_nothing_to_fear() {
        let files = [("proc/7/comm", "udisksd\n")];
        assert_eq!(codes(&files, &["folder:/srv/inbox"]), []);
    }

    #[test]
    fn where_any_port_is_a_bay_whoever_mounts_first_is_named() {
        let (_root, host) = host(&[
            RUNS,
            ("proc/7/comm", "udisksd\n"),
            ("usr/lib/udev/rules.d/60-longshore-bays.rules", ASKING),
        ]);
        let found = host.grabs(Bays::Automatic, Path::new(SETTINGS));
        let [only] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(only.code, Code::DiskTaken);
        assert!(only.what.contains("udisks2"), "{}", only.what);
        assert!(
            only.remedy.contains("name the ports as bays"),
            "{}",
            only.remedy
        );
        let (_root, quiet) = self::host(&[("proc/7/comm", "sshd\n")]);
        assert!(quiet.grabs(Bays::Automatic, Path::new(SETTINGS)).is_empty());
    }

    #[test]
    fn without_rules_whoever_would_heed_them_takes_disks() {
        let files = [
            RUNS,
            ("proc/7/comm", "udisksd\n"),
            ("proc/8/comm", "gvfs-udisks2-vo\n"),
            ("usr/lib/udev/rules.d/69-lvm.rules", ""),
        ];
        let taken = [Code::DiskTaken; 3];
        assert_eq!(
            codes(&files, BAY),
            [&[Code::RulesMissing][..], &taken].concat()
        );
        let rules = ("usr/lib/udev/rules.d/60-longshore-bays.rules", ASKING);
        assert_eq!(codes(&[&files[..], &[rules]].concat(), BAY), []);
    }

    #[test]
    fn who_heeds_no_rules_takes_disks_all_the_same() {
        let files = [
            RUNS,
            ("etc/udev/rules.d/60-longshore-bays.rules", ASKING),
            ("proc/7/comm", "mdev\n"),
            ("lib/udev/rules.d/90-usbmount.rules", ""),
        ];
        assert_eq!(codes(&files, BAY), [Code::DiskTaken; 2]);
    }

    #[test]
    fn rules_of_other_bays_are_stale_and_no_udev_reads_none() {
        let listed = "RESULT!=\"pci-0000:00:14.0/usb3-2.4|pci-0000:00:14.0/usb3-2.5\", GOTO=\"x\"";
        let file = "etc/udev/rules.d/60-longshore-bays.rules";
        assert_eq!(codes(&[RUNS, (file, listed)], BAY), []);
        assert_eq!(codes(&[(file, listed)], BAY), [Code::NoUdev]);
        // The name of one is the beginning of the other's.
        let other = ["pci-0000:00:14.0/usb3-2"];
        assert_eq!(codes(&[RUNS, (file, listed)], &other), [Code::RulesStale]);
    }
}
