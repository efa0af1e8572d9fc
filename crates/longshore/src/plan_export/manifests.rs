//! Writes the manifest of each device beside the others. They hold the customer's passwords, and
//! only their owner reads them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::export::series;
use model::manifest::S3Export;

use super::series::Device;
use crate::exit::{Exit, Failure};

/// Where the manifests of a series go.
#[derive(Debug)]
pub(super) struct Target {
    folder: PathBuf,
    stem: String,
    ending: String,
}

impl Target {
    /// Beside the manifest at `path`, or in `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// If manifests of an earlier plan are there, which must not be taken for some of this one.
    pub(super) fn new(path: &Path, folder: Option<&Path>) -> Result<Self, Failure> {
        let text = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned());
        let beside = path.parent().filter(|p| !p.as_os_str().is_empty());
        let target = Self {
            folder: folder.or(beside).unwrap_or(Path::new(".")).to_owned(),
            stem: text(path.file_stem()).unwrap_or_default(),
            ending: text(path.extension()).unwrap_or_else(|| "yaml".to_owned()),
        };
        let what = || format!("could not use the folder `{}`", target.folder.display());
        std::fs::create_dir_all(&target.folder).with_context(what)?;
        for entry in std::fs::read_dir(&target.folder).with_context(what)? {
            let name = entry.with_context(what)?.file_name();
            if target.is_one(&name.to_string_lossy()) {
                let found = target.folder.join(name);
                let error = anyhow::anyhow!("`{}` is there already", found.display());
                return Err(Failure::new(Exit::Usage, error)
                    .hint("remove the manifests of the earlier plan, or name another --output"));
            }
        }
        Ok(target)
    }

    /// Writes the manifests of `devices`, made of `text`, which means `rules`; gives where they are.
    /// Nothing is written unless all of them can be.
    ///
    /// # Errors
    /// If the manifest cannot be rewritten, or the folder not be written to.
    pub(super) fn write(
        &self,
        text: &str,
        rules: &S3Export,
        devices: &[Device],
    ) -> Result<Vec<PathBuf>, Failure> {
        let shares = devices.iter().zip(1..).map(|(device, number)| {
            let share = series::operations(rules, &device.from, device.until.as_ref());
            series::manifest(text, rules, number, share)
        });
        let texts: Result<Vec<String>, _> = shares.collect();
        let texts = texts.map_err(|error| {
            Failure::new(Exit::Usage, error)
                .hint("write `deviceId` and `operations` on lines of their own, as the guide does")
        })?;
        let written = texts.iter().zip(1..).map(|(text, number)| {
            let path = self.path(number);
            durable::replace(&path, text.as_bytes())
                .with_context(|| format!("could not write `{}`", path.display()))?;
            Ok(path)
        });
        written.collect()
    }

    fn path(&self, number: usize) -> PathBuf {
        let name = format!("{}-{number}.{}", self.stem, self.ending);
        self.folder.join(name)
    }

    /// Whether a name is one that a manifest of this series may have.
    fn is_one(&self, name: &str) -> bool {
        let number = name
            .strip_prefix(&format!("{}-", self.stem))
            .and_then(|rest| rest.strip_suffix(&format!(".{}", self.ending)));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    }
}
