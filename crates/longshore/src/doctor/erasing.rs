//! Whether the station of this host may erase: what its unit says, and the files beside that.

use std::fs;
use std::path::{Path, PathBuf};

use super::finding::{Code, Finding};

/// The unit.
const UNIT: &str = "longshore-station.service";

/// What lets the unit write to devices, where somebody said so.
pub(crate) const ERASE_CONF: &str = "etc/systemd/system/longshore-station.service.d/erase.conf";

/// Folders of units, in the order in which systemd lets one file hide another of the same name (systemd.unit(5)).
const UNITS: [&str; 4] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

/// What is said of the station of the host whose files are below `root`; nothing where no unit is its station.
pub(super) fn finding(root: &Path) -> Option<Finding> {
    let units = UNITS.map(|folder| root.join(folder).join(UNIT));
    let unit = units.iter().find(|unit| unit.is_file())?;
    let beside = units.iter().flat_map(|unit| beside(unit));
    let all = std::iter::once(unit.clone()).chain(beside);
    Some(match all.into_iter().find(|file| lets_write(file)) {
        Some(file) => Finding::note(
            Code::StationErases,
            format!(
                "the station of this host may write to devices, and so erase: `{}` says so",
                file.display()
            ),
            "remove that file, and restart the station, where nothing is to be erased here",
        ),
        None => Finding::note(
            Code::StationErases,
            "the station of this host reads devices and writes to none: it cannot erase",
            format!(
                "`longshore setup station --erase` lets it, by `/{ERASE_CONF}`; by hand root erases as before"
            ),
        ),
    })
}

/// The files that add to a unit.
fn beside(unit: &Path) -> Vec<PathBuf> {
    let mut folder = unit.as_os_str().to_owned();
    folder.push(".d");
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = listed.map(|entry| entry.path());
    files
        .filter(|file| file.extension().is_some_and(|end| end == "conf"))
        .collect()
}

/// Whether a file lets a unit write to block devices.
fn lets_write(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut allowed = text.lines().filter_map(|line| {
        let words = line.trim().strip_prefix("DeviceAllow=")?;
        words.split_once(char::is_whitespace)
    });
    allowed.any(|(what, rights)| what.starts_with("block-") && rights.contains('w'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_station_says_whether_it_may_erase_and_another_host_says_nothing() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(finding(root), None);
        let shipped = include_str!("../../../../packaging/systemd/longshore-station.service");
        put(
            root,
            "usr/lib/systemd/system/longshore-station.service",
            shipped,
        );
        let found = finding(root).unwrap();
        assert!(found.what.ends_with("it cannot erase"), "{}", found.what);
        assert!(found.remedy.contains("setup station --erase"));
        let erase = include_str!("../../../../packaging/systemd/erase.conf");
        put(root, &format!("{ERASE_CONF}.old"), erase);
        assert!(finding(root).unwrap().what.ends_with("it cannot erase"));
        put(root, ERASE_CONF, erase);
        let found = finding(root).unwrap();
        assert!(
            found.what.contains("may write to devices"),
            "{}",
            found.what
        );
        assert!(found.what.contains("erase.conf"));
    }
}
