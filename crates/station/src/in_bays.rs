//! Which bay has which device, for the other programs of a station: who docks by hand what its bench has open is told which
//! bay has it.
//!
//! The bench alone writes it (`STATION/bays`). It counts as long as the process that has written it lives: that a device is in
//! use the kernel says, and this only says by whom.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use disks::facts::{Facts, Kind};
use model::ids::BayName;

/// The first line of the file.
const FORMAT: &str = "longshore-bays 1";

/// The file, in the folder of a station.
const FILE: &str = "bays";

/// The same while it is written.
const NEW: &str = "bays.new";

/// What bays have open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InBays(Vec<(BayName, PathBuf)>);

impl InBays {
    /// Bays, each with the device or image that it has.
    pub(crate) fn of(devices: impl Iterator<Item = (BayName, PathBuf)>) -> Self {
        Self(devices.collect())
    }

    /// Keeps it in the folder of a station; not beyond the process, and so without waiting for the disk.
    ///
    /// # Errors
    /// The system's error.
    pub(crate) fn keep(&self, station: &Path) -> io::Result<()> {
        let new = station.join(NEW);
        fs::write(&new, self.render(std::process::id()))?;
        fs::rename(new, station.join(FILE))
    }

    fn render(&self, process: u32) -> String {
        // What has a line end in its path is told by nobody.
        let told = self.0.iter().filter_map(|(bay, path)| {
            let path = path.to_str()?;
            let is_plain = !path.contains(|c: char| c.is_control());
            is_plain.then(|| format!("{path}\t{bay}\n"))
        });
        format!("{FORMAT}\n{process}\n{}", told.collect::<String>())
    }

    /// What is kept, and by which process.
    fn parse(text: &str) -> Option<(u32, Self)> {
        let mut lines = text.lines();
        if lines.next()? != FORMAT {
            return None;
        }
        let process = lines.next()?.parse().ok()?;
        let devices = lines.map(|line| {
            let (path, bay) = line.split_once('\t')?;
            Some((BayName::new(bay).ok()?, path.into()))
        });
        let devices: Option<Vec<_>> = devices.collect();
        Some((process, Self(devices?)))
    }

    fn bay_of(&self, device: &Path) -> Option<BayName> {
        let mut all = self.0.iter();
        let found = all.find(|(_, path)| path == device);
        found.map(|(bay, _)| bay.clone())
    }
}

/// The bay of another process of the station with this folder that has a device, or the disk that a partition is of.
pub(crate) fn bay_with(station: &Path, device: &Path) -> Option<BayName> {
    let text = fs::read_to_string(station.join(FILE)).ok()?;
    let (process, in_bays) = InBays::parse(&text)?;
    if process == std::process::id() || !Path::new(&format!("/proc/{process}")).exists() {
        return None;
    }
    let facts = Facts::without_content(device, &[]).ok()?;
    let disk = match &facts.kind {
        Kind::Partition { of } => of,
        Kind::Disk | Kind::Image => &facts.path,
    };
    in_bays.bay_of(&facts.path).or_else(|| in_bays.bay_of(disk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_counts_while_its_process_lives() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().canonicalize().unwrap().join("disk.img");
        fs::write(&image, "x").unwrap();
        let bay = BayName::new("B 3").unwrap();
        let in_bays = InBays::of(
            [
                (bay.clone(), image.clone()),
                (bay.clone(), "/srv/\n/x".into()),
            ]
            .into_iter(),
        );
        let keep = |text: &str| fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(bay_with(folder.path(), &image), None, "nothing is kept");
        in_bays.keep(folder.path()).unwrap();
        assert_eq!(
            bay_with(folder.path(), &image),
            None,
            "we have it ourselves"
        );
        keep(&in_bays.render(1));
        assert_eq!(bay_with(folder.path(), &image), Some(bay));
        assert_eq!(bay_with(folder.path(), folder.path()), None);
        // More than any kernel counts processes.
        keep(&in_bays.render(u32::MAX));
        assert_eq!(
            bay_with(folder.path(), &image),
            None,
            "its process has gone"
        );
        for other in ["", "longshore-bays 2\n1\n", "longshore-bays 1\n1\nx"] {
            keep(other);
            assert_eq!(bay_with(folder.path(), &image), None, "{other:?}");
        }
    }
}
