//! Block devices and images that a command reads as they are: opened, and what keeps them from being read in the
//! user's terms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use disks::device::OpenError;
use disks::device::apart::Leaving;
use disks::disk::{Choice, DiskError};
use disks::sandbox::{ARGUMENT, Launcher};
use disks::tree::raw::Windows;
use server::data_dir::users::Joined;
use station::devices::{Devices, HostDevices};
use station::raw::{Means, RawDisk, RawError};

use crate::cli::{DataArgs, RawArgs};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};

/// What is told where what parses disks cannot be started.
const CONFINE: &str = "what parses a disk is shut in by the kernel (seccomp and Landlock); where it cannot be, \
                       `allow_unconfined = true` in `[station]` of the settings lets it parse all the same";

/// How what parses disks is started: this program once more.
pub(crate) fn launcher(allow_unconfined: bool) -> Launcher {
    Launcher::Process {
        argument: ARGUMENT.into(),
        allow_unconfined,
    }
}

/// The same for a command that has no settings of its own: as the service that runs on the data folder says, if one does.
pub(crate) fn usual_launcher(args: &DataArgs) -> Launcher {
    let data = Environment::of_process().data_folder(args.data.as_deref());
    let joined = data.and_then(|data| Joined::join(&data).ok().flatten());
    launcher(joined.is_some_and(|it| it.endpoints.station.allow_unconfined))
}

/// Whether a path leads to a block device or a file, whose files are read without mounting it.
pub(crate) fn is_raw(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = path.metadata().map(|found| found.file_type());
    kind.is_ok_and(|kind| kind.is_file() || kind.is_block_device())
}

/// Opens a block device or image, and looks at it; `folder` keeps something meanwhile.
///
/// # Errors
/// Why it is not read.
pub(crate) fn open(path: &Path, launcher: &Launcher, folder: &Path) -> Result<RawDisk, Failure> {
    let devices: Arc<dyn Devices> = Arc::new(HostDevices);
    let means = Means {
        devices: &devices,
        launcher,
        windows: &Windows::default(),
        folder,
        reads: &Arc::default(),
        leaving: &Leaving::default(),
    };
    let mut disk = RawDisk::open(path, means).map_err(failure)?;
    disk.must_be_seen().map_err(failure)?;
    Ok(disk)
}

/// What of a device is read, and how.
pub(crate) fn choice(args: &RawArgs, may_claim: bool) -> Choice {
    station::raw::choice(&args.volumes, args.zone, may_claim)
}

/// Only a block device or image has volumes that can be chosen.
///
/// # Errors
/// If they are said of a folder.
pub(crate) fn must_suit(args: &RawArgs, path: &Path) -> Result<(), Failure> {
    let is_said = !args.volumes.is_empty() || args.zone.is_some();
    if !is_said || !path.is_dir() {
        return Ok(());
    }
    let message = format!(
        "`{}` is a folder: --volume and --zone are said of block devices and images",
        path.display()
    );
    Err(Failure::usage(message))
}

/// The options of a command that say the same.
pub(crate) fn options(args: &RawArgs) -> Vec<(&'static str, Option<PathBuf>)> {
    let volumes = args
        .volumes
        .iter()
        .map(|it| ("--volume", Some(it.to_string().into())));
    let zone = args.zone.map(|minutes| {
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        format!("{sign}{hours:02}:{minutes:02}").into()
    });
    volumes.chain([("--zone", zone)]).collect()
}

/// A device that is not read, in the user's terms.
pub(crate) fn failure(error: RawError) -> Failure {
    let (exit, hint) = how(&error);
    Failure::new(exit, error).hint(hint)
}

/// How the program ends, and what to do.
pub(crate) fn how(error: &RawError) -> (Exit, &'static str) {
    match error {
        RawError::Open(OpenError::InUse(_) | OpenError::Used { .. }) => (Exit::Refused, ""),
        RawError::Open(OpenError::NotADevice(_) | OpenError::Io { .. }) => (Exit::Error, ""),
        RawError::Disk(DiskError::NoVolume(_)) => {
            (Exit::Usage, "`longshore device look` shows the volumes")
        }
        RawError::Disk(DiskError::Stopped) => (Exit::Interrupted, ""),
        RawError::Disk(DiskError::Host(_)) => (Exit::Error, CONFINE),
        RawError::Disk(DiskError::Gone(_))
        | RawError::Facts(_)
        | RawError::Rescue(_)
        | RawError::TooManyLeft { .. }
        | RawError::Scratch { .. } => (Exit::Error, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_those_that_were_said() {
        for (zone, text) in [(60, "+01:00"), (-210, "-03:30"), (0, "+00:00")] {
            let args = RawArgs {
                volumes: vec![2, 7],
                zone: Some(zone),
            };
            let said = options(&args);
            let said: Vec<_> = said
                .iter()
                .map(|(name, value)| (*name, value.as_deref().and_then(Path::to_str)))
                .collect();
            let volumes = [("--volume", Some("2")), ("--volume", Some("7"))];
            assert_eq!(said, [volumes[0], volumes[1], ("--zone", Some(text))]);
        }
    }
}
