//! A kernel of Debian with its drivers, taken out of its package and not installed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{command, run, target};

/// Packages that name the kernel to take, the first that is there: ntfs3 has many faults before 6.12.
const NAMES: [&str; 2] = ["linux-image-6.12-amd64", "linux-image-amd64"];

/// A kernel.
pub(crate) struct Kernel {
    /// As it calls itself.
    pub(crate) version: String,
    /// What is booted.
    pub(crate) image: PathBuf,
    /// The names and contents of modules, in the order in which they are loaded.
    pub(crate) modules: Vec<(String, Vec<u8>)>,
}

/// The kernel, fetched if it is not there, with the modules `wanted` and what these need. What is part of the kernel itself is
/// not loaded.
///
/// # Errors
/// If there is no such package, or something is missing in it.
pub(crate) fn kernel(wanted: &[&str]) -> Result<Kernel> {
    let folder = target().join("kernel/debian");
    if !folder.is_dir() {
        fetch(&folder)?;
    }
    let versions = folder.join("lib/modules");
    let version = children(&versions)?
        .pop()
        .context("no modules in the package")?;
    let place = versions.join(&version);
    Ok(Kernel {
        image: folder.join(format!("boot/vmlinuz-{version}")),
        modules: modules(&place, wanted)?,
        version,
    })
}

/// Unpacks the package below `folder`, which is there only if all of it is.
fn fetch(folder: &Path) -> Result<()> {
    let name = NAMES.iter().find_map(|name| needed_by(name));
    let name = name.with_context(|| format!("no package {}", NAMES.join(" or ")))?;
    let room = folder.with_extension("new");
    let _ = fs::remove_dir_all(&room);
    fs::create_dir_all(&room)?;
    println!("fetching {name}");
    run(command("apt-get", ["-q", "download", &name]).current_dir(&room))?;
    let package = children(&room)?.pop().context("nothing was fetched")?;
    let package = room.join(package);
    run(command("dpkg-deb", ["-x"]).arg(&package).arg(&room))?;
    fs::remove_file(package)?;
    fs::rename(&room, folder).with_context(|| folder.display().to_string())
}

/// The package with a kernel that a package needs which only names it.
fn needed_by(name: &str) -> Option<String> {
    let told = command("apt-cache", ["depends", name]).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let mut needed = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = needed.find(|package| package.starts_with("linux-image-"));
    found.map(str::to_owned)
}

/// The names in a folder, in order.
fn children(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Modules of a version, each after those that it needs.
fn modules(place: &Path, wanted: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    find(&place.join("kernel"), &mut files)?;
    let builtin = fs::read_to_string(place.join("modules.builtin"))?;
    let builtin = builtin
        .lines()
        .map(|line| name_of(Path::new(line)))
        .collect();
    let mut order = Order {
        files,
        builtin,
        modules: Vec::new(),
    };
    for name in wanted {
        order.add(&plain(name))?;
    }
    Ok(order.modules)
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for name in children(folder)? {
        let path = folder.join(name);
        if path.is_dir() {
            find(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Modules in the order in which they are loaded.
struct Order {
    files: Vec<PathBuf>,
    builtin: BTreeSet<String>,
    modules: Vec<(String, Vec<u8>)>,
}

impl Order {
    fn add(&mut self, name: &str) -> Result<()> {
        let is_there = self.modules.iter().any(|(other, _)| other == name);
        if is_there || self.builtin.contains(name) {
            return Ok(());
        }
        let file = self.files.iter().find(|file| name_of(file) == name);
        let content = unpacked(file.with_context(|| format!("no module `{name}`"))?)?;
        for needed in needs(&content) {
            self.add(&needed)?;
        }
        self.modules.push((name.to_owned(), content));
        Ok(())
    }
}

/// The name of a module, which may be written with either stroke.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

fn name_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    plain(name.split('.').next().unwrap_or_default())
}

fn unpacked(file: &Path) -> Result<Vec<u8>> {
    if file.extension().is_none_or(|end| end != "xz") {
        return Ok(fs::read(file)?);
    }
    let done = command("xz", ["-dc"]).arg(file).output()?;
    if !done.status.success() {
        bail!("`{}` cannot be unpacked", file.display());
    }
    Ok(done.stdout)
}

/// What a module says it needs: `depends=fat,nls_base` among its words, each of which ends in NUL.
fn needs(module: &[u8]) -> Vec<String> {
    let words = module.split(|&byte| byte == 0);
    let depends = words
        .filter_map(|word| word.strip_prefix(b"depends="))
        .next();
    let names = depends.unwrap_or_default().split(|&byte| byte == b',');
    let names = names.filter(|name| !name.is_empty());
    names
        .map(|name| plain(&String::from_utf8_lossy(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_says_what_it_needs() {
        assert_eq!(
            needs(b"\0license=GPL\0depends=fat,nls-base\0x"),
            ["fat", "nls_base"]
        );
        assert_eq!(needs(b"\0depends=\0"), [""; 0]);
    }
}
