//! Rules by which udev leaves alone what is plugged into bays: nothing parses it, nobody mounts it, and what calls itself a
//! disk is no keyboard. What is plugged in elsewhere on the host is none of their business.
//!
//! udev asks this program for the name of a port, so that there is one way in which ports are named.

use std::fmt::Write as _;
use std::path::Path;

use super::{Place, PortId};

/// How the file is called: it has to come before `60-persistent-storage.rules`, which would have every file system parsed.
pub const FILE: &str = "60-longshore-bays.rules";

/// What a port may not hold to be told apart in a rule: `|` stands between ports, the others are patterns, quotes end it.
const NOT_IN_RULES: [char; 7] = ['|', '*', '?', '[', ']', '"', '\\'];

/// Which ports are bays.
#[derive(Debug, Clone, Copy)]
pub enum Bays<'a> {
    /// These: the rules have to be made again when bays change. Those that are no ports of the machine need no rules, and
    /// those whose names a rule cannot hold are left out: none that is read from `/sys` is such.
    Ports(&'a [PortId]),
    /// Those that a file of settings names at the time when something is plugged in.
    Settings(&'a Path),
}

/// The rules for bays; `program` is where this program is installed, and `user` gets what is plugged in, if the station is
/// not root. No name may have a blank in it.
#[must_use]
pub fn udev(bays: Bays<'_>, program: &Path, user: Option<&str>) -> String {
    let Some(is_bay) = is_bay(bays, program) else {
        return format!("{HEAD}# No bay is a port of this machine.\n");
    };
    let mut rules = String::from(HEAD);
    let hand_over = user.map(hand_over).unwrap_or_default();
    write!(
        rules,
        r#"ACTION=="remove", GOTO="longshore_bays_end"
SUBSYSTEM=="block", GOTO="longshore_bays_disk"
SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_interface", GOTO="longshore_bays_usb"
GOTO="longshore_bays_end"

# Nobody parses it, mounts it, or makes volumes and arrays of it.
LABEL="longshore_bays_disk"
KERNEL=="loop*|dm-*|md*|ram*|zram*", GOTO="longshore_bays_end"
{is_bay}ENV{{UDEV_DISABLE_PERSISTENT_STORAGE_BLKID_FLAG}}="1", ENV{{ID_FS_TYPE}}=""
ENV{{UDISKS_IGNORE}}="1", ENV{{UDISKS_AUTO}}="0", ENV{{SYSTEMD_READY}}="0"
MODE="0600", OPTIONS+="nowatch"
{hand_over}GOTO="longshore_bays_end"

# Mass storage only.
LABEL="longshore_bays_usb"
ATTR{{bInterfaceClass}}=="08", GOTO="longshore_bays_end"
{is_bay}ATTR{{authorized}}="0"

LABEL="longshore_bays_end"
"#
    )
    .expect("memory takes what is written");
    rules
}

/// The lines that let only bays through.
fn is_bay(bays: Bays<'_>, program: &Path) -> Option<String> {
    let (program, end) = (program.display(), "GOTO=\"longshore_bays_end\"");
    match bays {
        Bays::Ports(ports) => {
            let sockets: Vec<&str> = ports
                .iter()
                .filter(|port| Place::of(port) == Place::Socket)
                .map(PortId::as_str)
                .filter(|port| !port.contains(NOT_IN_RULES))
                .collect();
            let ports = sockets.join("|");
            (!sockets.is_empty()).then(|| {
                format!(
                    "PROGRAM!=\"{program} bay port /sys%p\", {end}\nRESULT!=\"{ports}\", {end}\n"
                )
            })
        }
        Bays::Settings(file) => {
            let file = file.display();
            let asked = format!("{program} bay port --config {file} /sys%p");
            Some(format!("PROGRAM!=\"{asked}\", {end}\n"))
        }
    }
}

/// The line that gives a device to `user`, and the right to have the kernel let go of the disk.
fn hand_over(user: &str) -> String {
    format!(
        "OWNER=\"{user}\"\nENV{{DEVTYPE}}==\"disk\", RUN+=\"/bin/chown {user} /sys%p/device/delete\"\n"
    )
}

const HEAD: &str = "\
# What is plugged into the bays of this station is left alone by everybody else.
# Made by `longshore bay rules`; where it names ports, make it again when bays change.

";

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(ports: &[&str]) -> String {
        let ports: Vec<PortId> = ports.iter().map(|it| PortId::new(*it).unwrap()).collect();
        udev(Bays::Ports(&ports), Path::new("/usr/bin/longshore"), None)
    }

    fn asking() -> String {
        let settings = Bays::Settings(Path::new("/etc/longshore/station.toml"));
        udev(settings, Path::new("/usr/bin/longshore"), Some("station"))
    }

    #[test]
    fn only_ports_of_the_machine_have_rules() {
        let rules = rules(&[
            "pci-0000:00:14.0/usb3-2.4",
            "loop:/srv/bays/T1",
            "pci-0000:00:17.0/ata-3",
            "folder:/srv/inbox",
            "pci-0000:00:14.0/usb3-2\"*",
        ]);
        let wanted = "RESULT!=\"pci-0000:00:14.0/usb3-2.4|pci-0000:00:17.0/ata-3\", GOTO=";
        assert_eq!(rules.matches(wanted).count(), 2);
        assert!(!rules.contains("/srv/"));
    }

    #[test]
    fn without_such_ports_there_is_no_rule() {
        for ports in [&[][..], &["loop:/srv/bays/T1"]] {
            let rules = rules(ports);
            assert!(
                rules
                    .lines()
                    .all(|line| line.is_empty() || line.starts_with('#'))
            );
        }
    }

    /// Every place that is gone to exists, and no line is cut by what it holds.
    #[test]
    fn the_rules_hold_together() {
        for rules in [rules(&["pci-0000:00:14.0/usb3-2.4"]), asking()] {
            hold_together(&rules);
        }
    }

    fn hold_together(rules: &str) {
        let words = |key: &str| -> Vec<String> {
            let lines = rules.lines().filter(|line| !line.starts_with('#'));
            lines
                .flat_map(|line| line.split(", "))
                .filter_map(|word| Some(word.strip_prefix(key)?.trim_matches('"').to_owned()))
                .collect()
        };
        let labels = words("LABEL=");
        assert!(words("GOTO=").iter().all(|to| labels.contains(to)));
        assert!(rules.lines().all(|line| line.matches('"').count() % 2 == 0));
    }

    #[test]
    fn settings_are_asked_whenever_something_is_plugged_in() {
        let rules = asking();
        let asked = "PROGRAM!=\"/usr/bin/longshore bay port --config /etc/longshore/station.toml /sys%p\", GOTO=";
        assert_eq!(rules.matches(asked).count(), 2);
        assert!(
            !rules.contains("RESULT"),
            "the program says which port is a bay"
        );
    }

    #[test]
    fn a_station_that_is_not_root_gets_what_is_plugged_in() {
        let rules = asking();
        assert!(rules.contains("OWNER=\"station\"\n"));
        assert!(rules.contains("RUN+=\"/bin/chown station /sys%p/device/delete\""));
        assert!(!self::rules(&["pci-0000:00:14.0/usb3-2.4"]).contains("OWNER"));
    }
}
