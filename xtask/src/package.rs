//! `cargo xtask package`: a Debian package of the program as it is shipped, with its two units, their users, rules for
//! udev, manual pages, completions and settings to begin with.
//!
//! It is laid out here and packed by `dpkg-deb`: what goes where is a table, and nothing has to be installed for it.

mod binary;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use md5::{Digest as _, Md5};

use crate::shell::{command, exists, root, run, target};
use crate::suites;

/// The release, which is that of the whole workspace.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files of the repository: where they lie there, and where they go.
const FILES: &[(&str, &str)] = &[
    (
        "packaging/systemd/longshore.service",
        "usr/lib/systemd/system/longshore.service",
    ),
    (
        "packaging/systemd/longshore-station.service",
        "usr/lib/systemd/system/longshore-station.service",
    ),
    (
        "packaging/systemd/erase.conf",
        "usr/share/doc/longshore/examples/erase.conf",
    ),
    (
        "packaging/sysusers.conf",
        "usr/lib/sysusers.d/longshore.conf",
    ),
    (
        "packaging/tmpfiles.conf",
        "usr/lib/tmpfiles.d/longshore.conf",
    ),
    ("packaging/longshore.toml", "etc/longshore/longshore.toml"),
    ("packaging/station.toml", "etc/longshore/station.toml"),
    (
        "docs/longshore.toml",
        "usr/share/doc/longshore/examples/longshore.toml",
    ),
    (
        "packaging/debian/copyright",
        "usr/share/doc/longshore/copyright",
    ),
    (
        "crates/paper/fonts/README.md",
        "usr/share/doc/longshore/fonts/README.md",
    ),
    (
        "crates/paper/fonts/Apache-2.0.txt",
        "usr/share/doc/longshore/fonts/Apache-2.0.txt",
    ),
    (
        "crates/paper/fonts/DejaVu.txt",
        "usr/share/doc/longshore/fonts/DejaVu.txt",
    ),
    (
        "crates/paper/fonts/OFL-1.1.txt",
        "usr/share/doc/longshore/fonts/OFL-1.1.txt",
    ),
];

/// Settings, which an upgrade leaves as their owner has changed them.
const SETTINGS: &str = "/etc/longshore/longshore.toml\n/etc/longshore/station.toml\n";

/// What is done when the package comes and goes.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Completions: the shell, and where it looks for them.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/longshore"),
    ("zsh", "usr/share/zsh/vendor-completions/_longshore"),
    ("fish", "usr/share/fish/vendor_completions.d/longshore.fish"),
];

/// Where the program is installed, as units and rules name it.
const PROGRAM: &str = "usr/bin/longshore";

/// `cargo xtask package`
pub(crate) fn packaged() -> Result<ExitCode> {
    suites::build()?;
    println!("{}", make()?.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes the package of the binary that is built, and gives its file.
///
/// # Errors
/// If this is no Debian, or something cannot be written.
pub(crate) fn make() -> Result<PathBuf> {
    if !exists("dpkg-deb") {
        bail!(
            "`dpkg-deb` is not there, which makes the package; it takes a Debian or one of its kind"
        );
    }
    let folder = target().join("package");
    let tree = folder.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    lay_out(&tree)?;
    describe(&tree)?;
    let file = folder.join(format!("longshore_{VERSION}_{}.deb", architecture()?));
    // zstd packs the program in two seconds and not in twenty; dpkg has it since Debian 12.
    let pack = ["--root-owner-group", "-Zzstd", "--build"];
    run(command("dpkg-deb", pack).arg(&tree).arg(&file))?;
    Ok(file)
}

/// Puts everything where it will be.
fn lay_out(tree: &Path) -> Result<()> {
    for (from, to) in FILES {
        let content = fs::read(root().join(from)).with_context(|| format!("no `{from}`"))?;
        put(&tree.join(to), &content, 0o644)?;
    }
    let program = suites::binary();
    put(&tree.join(PROGRAM), &fs::read(&program)?, 0o755)?;
    let rules = [
        "bay",
        "rules",
        "--ask",
        "--config",
        "/etc/longshore/station.toml",
        "--program",
        "/usr/bin/longshore",
        "--user",
        "longshore-station",
    ];
    let rules = told(&program, &rules)?;
    let path = "usr/lib/udev/rules.d/60-longshore-bays.rules";
    put(&tree.join(path), &rules, 0o644)?;
    for (shell, to) in COMPLETIONS {
        put(
            &tree.join(to),
            &told(&program, &["completions", shell])?,
            0o644,
        )?;
    }
    manual(&program, &tree.join("usr/share/man/man1"))
}

/// The manual pages, packed as the policy of Debian wants them.
fn manual(program: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    run(command(program, ["man", "--out"]).arg(folder))?;
    let pages: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|page| Ok(page?.path()))
        .collect::<Result<_>>()?;
    for page in &pages {
        fs::set_permissions(page, fs::Permissions::from_mode(0o644))?;
    }
    run(command("gzip", ["-9", "-n"]).args(pages))
}

/// What the package says of itself.
fn describe(tree: &Path) -> Result<()> {
    let control = tree.join("DEBIAN");
    for script in SCRIPTS {
        let content = fs::read(root().join("packaging/debian").join(script))?;
        put(&control.join(script), &content, 0o755)?;
    }
    put(&control.join("conffiles"), SETTINGS.as_bytes(), 0o644)?;
    let files = files(tree, tree)?;
    let mut bytes = 0;
    let mut sums = String::new();
    for (name, content) in &files {
        bytes += content.len();
        let sum = hex::encode(Md5::digest(content));
        sums.push_str(&format!("{sum}  {name}\n"));
    }
    put(&control.join("md5sums"), sums.as_bytes(), 0o644)?;
    let text = control_file(&architecture()?, bytes.div_ceil(1024))?;
    put(&control.join("control"), text.as_bytes(), 0o644)
}

fn control_file(architecture: &str, kibibytes: usize) -> Result<String> {
    let libc = binary::newest_glibc(&fs::read(suites::binary())?);
    let libc = libc.context("the program says nothing of the C library that it needs")?;
    Ok(format!(
        "Package: longshore
Version: {VERSION}
Architecture: {architecture}
Maintainer: the authors of Longshore <longshore@localhost>
Installed-Size: {kibibytes}
Depends: libc6 (>= {libc}), libgcc-s1, systemd
Recommends: ca-certificates, udev, util-linux, mount, e2fsprogs
Suggests: postgresql-client, ntfs-3g, dosfstools, exfatprogs, cryptsetup-bin
Section: admin
Priority: optional
Description: receiving dock for shipped disks
 Customers put their data on a disk and post it; Longshore loads the disk into
 any S3-compatible store and accounts for every file. It speaks the API of AWS
 Import/Export (Disk).
 .
 There are two units: longshore.service is the service, longshore-station.service
 loads what is plugged into a host. Neither is started by the installation.
"
    ))
}

/// All files of a tree but what describes it, by their names, in order.
fn files(tree: &Path, folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        let name = path.strip_prefix(tree)?.display().to_string();
        match path.is_dir() {
            true if name == "DEBIAN" => {}
            true => found.extend(files(tree, &path)?),
            false => found.push((name, fs::read(&path)?)),
        }
    }
    Ok(found)
}

fn put(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let folder = path.parent().context("it is below the tree")?;
    fs::create_dir_all(folder)?;
    fs::write(path, content).with_context(|| format!("could not write `{}`", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// What a program prints.
fn told(program: &Path, words: &[&str]) -> Result<Vec<u8>> {
    let mut command = command(program, words);
    let output = command
        .output()
        .with_context(|| format!("could not run `{}`", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` ended with {}: {said}",
            crate::shell::described(&command),
            output.status
        );
    }
    Ok(output.stdout)
}

/// What Debian calls this machine's processor.
fn architecture() -> Result<String> {
    let told = told(Path::new("dpkg"), &["--print-architecture"])?;
    Ok(String::from_utf8(told)?.trim().to_owned())
}
