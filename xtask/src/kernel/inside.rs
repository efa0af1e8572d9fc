//! What runs inside the machine, as its first and only process: it loads the drivers, does its errands, and switches
//! the machine off.

mod doing;
mod listing;
pub(super) mod whole;

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::system::{RebootCommand, finit_module, reboot};

use super::acts::Act;
use super::errand::{Ending, Errand, Said, Work};
use super::machine::{ERRANDS, MODULES, PORT};

/// Where a disk is mounted.
const DISK: &str = "/disk";

/// Acts after which it says that it is still there.
const ACTS: usize = 100;

/// Runs to the end of the machine.
///
/// # Errors
/// If it is no machine. The first process must not end, or the kernel panics, which ends the machine as well.
pub(crate) fn run() -> Result<Infallible> {
    mount_kernels_own(Path::new("/"))?;
    load_modules()?;
    let mut port = open_port()?;
    let errands: Vec<Errand> = serde_json::from_slice(&fs::read(format!("/{ERRANDS}"))?)?;
    for errand in errands {
        let disk = errand.disk.clone();
        say(&mut port, &Said::Begun { disk: disk.clone() })?;
        let done = go(&errand, &mut port);
        let fault = done.err().map(|error| format!("{error:#}"));
        say(&mut port, &Said::Ended { disk, fault })?;
    }
    reboot(RebootCommand::PowerOff)?;
    anyhow::bail!("the machine is still on")
}

/// Mounts what the kernel shows of itself.
fn mount_kernels_own(root: &Path) -> Result<()> {
    for (kind, place) in [("proc", "proc"), ("sysfs", "sys"), ("devtmpfs", "dev")] {
        mount(kind, root.join(place), kind, MountFlags::empty(), None)
            .with_context(|| format!("could not mount `/{place}`"))?;
    }
    Ok(())
}

fn say(port: &mut File, said: &Said) -> Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    Ok(port.write_all(&line)?)
}

/// Loads the modules, whose names begin with their places in the order.
fn load_modules() -> Result<()> {
    for path in children(Path::new("/").join(MODULES).as_path())? {
        let module = File::open(&path)?;
        finit_module(module, c"", 0).with_context(|| format!("could not load {path:?}"))?;
    }
    Ok(())
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not read {folder:?}"))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

/// The port whose name is ours.
fn open_port() -> Result<File> {
    let ports = children(Path::new("/sys/class/virtio-ports"))?;
    let is_ours = |port: &&PathBuf| {
        let name = fs::read_to_string(port.join("name"));
        name.is_ok_and(|name| name.trim() == PORT)
    };
    let port = ports.iter().find(is_ours).context("no port for answers")?;
    let device = Path::new("/dev").join(port.file_name().context("it has a name")?);
    Ok(OpenOptions::new().write(true).open(device)?)
}

/// The device with a serial number.
fn device(serial: &str) -> Result<PathBuf> {
    let devices = children(Path::new("/sys/block"))?;
    let is_meant = |device: &&PathBuf| {
        let found = fs::read_to_string(device.join("serial"));
        found.is_ok_and(|found| found.trim() == serial)
    };
    let found = devices.iter().find(is_meant).context("no such disk")?;
    Ok(Path::new("/dev").join(found.file_name().context("it has a name")?))
}

fn go(errand: &Errand, port: &mut File) -> Result<()> {
    // What is not unmounted stays below what is mounted next.
    let mut flags = MountFlags::NOATIME;
    flags.set(MountFlags::RDONLY, !errand.work.writes());
    let options = CString::new(errand.driver.options())?;
    let device = device(&errand.disk)?;
    mount(
        &device,
        DISK,
        errand.driver.name(),
        flags,
        Some(options.as_c_str()),
    )
    .context("not mounted")?;
    let done = work(errand, port);
    if is_unmounted(&errand.work) || done.is_err() {
        unmount(DISK, UnmountFlags::empty()).context("not unmounted")?;
    }
    done
}

fn is_unmounted(work: &Work) -> bool {
    match work {
        Work::List => true,
        Work::Fill { acts: _, ending } => match ending {
            Ending::Unmounted => true,
            Ending::Synced | Ending::Pulled(_) => false,
        },
    }
}

fn work(errand: &Errand, port: &mut File) -> Result<()> {
    let disk = || errand.disk.clone();
    match &errand.work {
        Work::List => listing::list(Path::new(DISK), &mut |entry| {
            let disk = disk();
            say(port, &Said::Entry { disk, entry })
        }),
        Work::Fill { acts, ending } => {
            let mut tell = |acts| say(port, &Said::Done { disk: disk(), acts });
            do_all(acts, &mut tell)?;
            match ending {
                Ending::Unmounted => Ok(()),
                Ending::Synced => {
                    rustix::fs::sync();
                    Ok(())
                }
                Ending::Pulled(after) => {
                    rustix::fs::sync();
                    do_all(after, &mut tell)
                }
            }
        }
    }
}

/// Does acts on what is mounted, and tells now and then how many.
fn do_all(acts: &[Act], tell: &mut dyn FnMut(usize) -> Result<()>) -> Result<()> {
    for (number, act) in acts.iter().enumerate() {
        doing::act(Path::new(DISK), act).with_context(|| format!("{act:?}"))?;
        if number % ACTS == 0 {
            tell(number)?;
        }
    }
    Ok(())
}
