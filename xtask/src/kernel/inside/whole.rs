//! The first process of a machine that has the files of its host: it mounts them under a layer of memory, and runs a program
//! in them.

use std::fs::{self, DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};

use super::{load_modules, mount_kernels_own, open_port};
use crate::kernel::whole::{ENDED, HOST, WORDS};

/// Where the files of the host are, where what changes is kept, and both together.
const LOWER: &str = "/lower";
const LAYER: &str = "/layer";
const ROOT: &str = "/whole";

/// Runs to the end of the machine.
///
/// # Errors
/// If it is no machine. The first process must not end, or the kernel panics, which ends the machine as well.
pub(crate) fn run() -> Result<std::convert::Infallible> {
    mount_kernels_own(Path::new("/"))?;
    load_modules()?;
    let mut port = open_port()?;
    let code = match in_whole(&port) {
        Ok(code) => code,
        Err(error) => {
            writeln!(port, "{error:#}")?;
            1
        }
    };
    writeln!(port, "{ENDED}{code}")?;
    reboot(RebootCommand::PowerOff)?;
    anyhow::bail!("the machine is still on")
}

/// Runs what is to be run; the code with which it ends.
fn in_whole(port: &File) -> Result<i32> {
    let words = fs::read_to_string(Path::new("/").join(WORDS))?;
    let none = MountFlags::empty();
    for folder in [LOWER, LAYER, ROOT] {
        fs::create_dir(folder)?;
    }
    let options = c"trans=virtio,version=9p2000.L,msize=524288,cache=loose";
    mount(HOST, LOWER, "9p", MountFlags::RDONLY, Some(options)).context("the host's files")?;
    mount("layer", LAYER, "tmpfs", none, None).context("a layer of memory")?;
    for folder in ["upper", "work"] {
        fs::create_dir(Path::new(LAYER).join(folder))?;
    }
    let options = c"lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work";
    mount("whole", ROOT, "overlay", none, Some(options)).context("both together")?;
    mount_kernels_own(Path::new(ROOT))?;
    for (place, mode) in [("run", 0o755), ("tmp", 0o1777), ("dev/shm", 0o1777)] {
        let at = Path::new(ROOT).join(place);
        let mut made = DirBuilder::new();
        made.mode(mode).recursive(true).create(&at)?;
        mount("memory", &at, "tmpfs", none, None).with_context(|| place.to_owned())?;
    }
    rustix::process::chroot(ROOT)?;
    std::env::set_current_dir("/")?;
    let mut words = words.lines();
    run_with(port, "ip", &["link", "set", "lo", "up"])?;
    let program = words.next().context("nothing is to be run")?;
    let rest: Vec<&str> = words.collect();
    run_with(port, program, &rest)
}

fn run_with(port: &File, program: &str, words: &[&str]) -> Result<i32> {
    let status = Command::new(program)
        .args(words)
        .current_dir(crate::shell::root())
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("HOME", "/root")
        .env("LC_ALL", "C.UTF-8")
        .stdin(std::process::Stdio::null())
        .stdout(port.try_clone()?)
        .stderr(port.try_clone()?)
        .status();
    let status = status.with_context(|| format!("could not run `{program}`"))?;
    Ok(status.code().unwrap_or(1))
}
