//! Installs what the tests need and is not there: Debian packages, Python packages into a virtual
//! environment, JavaScript packages. Nothing outside `target` but the Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::shell::{self, command, exists, root, run, target};

/// Where the virtual environment is.
pub(crate) fn venv() -> PathBuf {
    target().join("e2e/venv")
}

/// Where the JavaScript packages are.
pub(crate) fn node_modules() -> PathBuf {
    target().join("e2e/js/node_modules")
}

/// Installs everything that `cargo xtask test` needs.
///
/// # Errors
/// If a package cannot be installed.
pub(crate) fn tools() -> Result<()> {
    debian_packages(&missing_packages())?;
    python_packages(&venv(), "tests/e2e/requirements.txt")?;
    promtool()?;
    javascript_packages()?;
    udev()
}

/// Unpacks the program of Prometheus that checks rules and figures. Installing its package would start a service.
fn promtool() -> Result<()> {
    let folder = target().join("e2e/prometheus");
    let program = "usr/bin/promtool";
    if exists("promtool") || folder.join(program).is_file() {
        return Ok(());
    }
    println!("unpacking into {}", folder.display());
    fs::create_dir_all(&folder)?;
    let fetch = || run(command("apt-get", ["-q", "download", "prometheus"]).current_dir(&folder));
    if fetch().is_err() {
        run(&mut apt_get(&["-q", "update"]))?;
        fetch()?;
    }
    let names = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    let package = names.iter().map(fs::DirEntry::path);
    let mut package = package.filter(|path| path.extension().is_some_and(|it| it == "deb"));
    let package = package.next().context("apt-get has left no package")?;
    run(command("dpkg-deb", ["-x"]).arg(&package).arg(&folder))?;
    fs::remove_file(&package)?;
    // The server itself is as large and is not needed.
    Ok(fs::remove_file(folder.join("usr/bin/prometheus"))?)
}

/// Installs Ceph.
///
/// # Errors
/// If it cannot be installed.
pub(crate) fn ceph() -> Result<()> {
    if ["ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "ceph"]
        .into_iter()
        .all(exists)
    {
        return Ok(());
    }
    debian_packages(&["radosgw", "ceph-mon", "ceph-mgr", "ceph-osd", "ceph-common"])
}

/// Installs what `cargo xtask kernel` needs: the emulator, and what formats volumes and unpacks.
///
/// # Errors
/// If a package cannot be installed.
pub(crate) fn kernel() -> Result<()> {
    let tools = [
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("mkfs.ext4", "e2fsprogs"),
        ("mkfs.ntfs", "ntfs-3g"),
        ("mkfs.vfat", "dosfstools"),
        ("mkfs.exfat", "exfatprogs"),
        ("xz", "xz-utils"),
        ("strip", "binutils"),
    ];
    debian_packages(&missing(&tools))
}

/// Installs what `cargo xtask bench` races with into a virtual environment, and gives that.
///
/// # Errors
/// If a package cannot be installed.
pub(crate) fn peers() -> Result<PathBuf> {
    let mut packages = Vec::new();
    if !has_venv() {
        packages.extend(["python3", "python3-venv"]);
    }
    if !exists("time") {
        packages.push("time");
    }
    debian_packages(&packages)?;
    let venv = target().join("bench/venv");
    python_packages(&venv, "xtask/bench-requirements.txt")?;
    Ok(venv)
}

/// Installs what ceph's s3-tests need into a virtual environment, and gives that.
///
/// # Errors
/// If a package cannot be installed.
pub(crate) fn s3tests() -> Result<PathBuf> {
    if !has_venv() {
        debian_packages(&["python3", "python3-venv"])?;
    }
    let venv = target().join("s3tests/venv");
    python_packages(&venv, "xtask/s3tests-requirements.txt")?;
    Ok(venv)
}

/// The Debian packages of what is missing; on a machine that has all of it nothing is installed,
/// and root is not needed.
fn missing_packages() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !has_postgres() {
        packages.push("postgresql");
    }
    if !has_venv() {
        packages.extend(["python3", "python3-venv"]);
    }
    if !exists("node") || !exists("npm") {
        packages.extend(["nodejs", "npm"]);
    }
    if !exists("openssl") {
        packages.push("openssl");
    }
    // The fuzzing engine is C++.
    if !exists("c++") {
        packages.push("g++");
    }
    // What strangers check receipts with.
    packages.extend(missing(&[
        ("ssh-keygen", "openssh-client"),
        ("openssl", "openssl"),
        ("pdfdetach", "poppler-utils"),
    ]));
    packages.extend(missing_disk_tools());
    packages.extend(missing(&[
        ("ip", "iproute2"),
        ("nwipe", "nwipe"),
        ("chromium", "chromium"),
    ]));
    if !has_faketime() {
        packages.push("libfaketime");
    }
    packages
}

/// The library by which the clock of a program is another: it lies in a folder of the machine's kind.
fn has_faketime() -> bool {
    let kinds = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    kinds
        .into_iter()
        .any(|kind| kind.path().join("faketime/libfaketime.so.1").is_file())
}

/// The Debian packages of missing programs that format, fill and mount devices, and let them fail.
fn missing_disk_tools() -> Vec<&'static str> {
    let tools = [
        ("blkid", "util-linux"),
        ("mount", "mount"),
        ("mkfs.ext4", "e2fsprogs"),
        ("mkfs.ntfs", "ntfs-3g"),
        ("mkfs.vfat", "dosfstools"),
        ("cryptsetup", "cryptsetup-bin"),
        ("mcopy", "mtools"),
        ("mkfs.exfat", "exfatprogs"),
        ("ddrescue", "gddrescue"),
        ("nbdkit", "nbdkit"),
        ("nbdfuse", "libnbd-bin"),
        ("mount.exfat-fuse", "exfat-fuse"),
    ];
    missing(&tools)
}

/// The packages of those tools that are not there.
fn missing(tools: &[(&str, &'static str)]) -> Vec<&'static str> {
    let missing = tools.iter().filter(|(tool, _)| !has_disk_tool(tool));
    missing.map(|(_, package)| *package).collect()
}

/// The search path of an ordinary login leaves out where these are.
fn has_disk_tool(name: &str) -> bool {
    let places = ["/usr/sbin", "/sbin"].map(Path::new);
    exists(name) || places.iter().any(|place| place.join(name).is_file())
}

fn has_postgres() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .into_iter()
        .any(|version| version.path().join("bin/initdb").is_file())
}

fn has_venv() -> bool {
    let check = command("python3", ["-c", "import ensurepip, venv"])
        .stderr(Stdio::null())
        .status();
    check.is_ok_and(|status| status.success())
}

fn debian_packages(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if !exists("apt-get") {
        bail!(
            "please install these, or what your system calls them: {}",
            packages.join(" ")
        );
    }
    println!("installing {}", packages.join(" "));
    run(&mut apt_get(&["-q", "update"]))?;
    let install = ["-q", "-y", "--no-install-recommends", "install"];
    run(&mut apt_get(&[&install, packages].concat()))
}

/// `apt-get`, as root and without questions.
fn apt_get(arguments: &[&str]) -> Command {
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if !is_root() {
        words.insert(0, "sudo");
    }
    words.extend(arguments);
    command(words[0], &words[1..])
}

fn is_root() -> bool {
    let id = command("id", ["-u"]).output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// Makes `venv` with the packages that a file of requirements in the repository names.
fn python_packages(venv: &Path, requirements: &str) -> Result<()> {
    let requirements = root().join(requirements);
    once(venv, &[&requirements], || {
        run(command("python3", ["-m", "venv", "--clear"]).arg(venv))?;
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "-r",
        ];
        run(command(venv.join("bin/python"), pip).arg(&requirements))
    })
}

/// Fetches the package of udev, whose programs are run in a root of their own: one that is installed would look at every
/// device of this machine. A host that has none to give does without those tests.
fn udev() -> Result<()> {
    let folder = target().join("e2e/udev");
    if folder.exists() || !exists("apt-get") {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    let fetched = run(command("apt-get", ["-q", "download", "udev"]).current_dir(&folder));
    if let Err(error) = fetched {
        println!("without udev: {error:#}");
        // The next set-up tries again.
        fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn javascript_packages() -> Result<()> {
    let source = root().join("tests/e2e/js");
    let files = ["package.json", "package-lock.json"].map(|name| source.join(name));
    let folder = target().join("e2e/js");
    once(&folder, &[&files[0], &files[1]], || {
        fs::create_dir_all(&folder)?;
        for file in &files {
            fs::copy(
                file,
                folder.join(file.file_name().context("it has a name")?),
            )?;
        }
        let npm = [
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
        ];
        run(shell::command("npm", npm).current_dir(&folder))
    })
}

/// Fills `folder` by `work`, unless that was done from the same `sources` before.
fn once(folder: &Path, sources: &[&Path], work: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = folder.join("installed-from");
    let mut wanted = Vec::new();
    for source in sources {
        let text =
            fs::read(source).with_context(|| format!("could not read `{}`", source.display()))?;
        wanted.extend(text);
    }
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    println!("installing into {}", folder.display());
    work()?;
    fs::write(&stamp, wanted).with_context(|| format!("could not write `{}`", stamp.display()))
}
