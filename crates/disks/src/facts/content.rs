//! What a device says it holds: asked of `blkid`, which looks at the device itself and at no cache.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::tool::{STDIN, Tool, ToolError};

/// The program that tells what is on a device.
pub const BLKID: Tool = Tool {
    name: "blkid",
    package: "util-linux",
};

/// `blkid` ends so where it found nothing, or more than one thing.
const NOTHING: i32 = 2;
const AMBIVALENT: i32 = 8;

/// Characters of a label that are shown.
const SHOWN: usize = 64;

/// The file system, or whatever else, a device begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// What it is, as `blkid` and `mount` call it: `ext4`, `ntfs`, `vfat`, `crypto_LUKS`.
    pub kind: Option<String>,
    /// The file system's label, as its maker wrote it: not fit for a terminal as it is.
    pub label: Option<String>,
    /// What tells it from others of its kind.
    pub uuid: Option<String>,
    /// The kind of its partition table: `gpt`, `dos`.
    pub partition_table: Option<String>,
}

/// A device could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// `blkid` did not do its work.
    #[error("could not find out what `{path}` holds")]
    Tool {
        /// The device.
        path: PathBuf,
        /// What it said.
        source: ToolError,
    },
}

impl Contents {
    /// Looks at a device or image. Nothing recognisable, or several things at once, are an empty
    /// answer.
    ///
    /// # Errors
    /// [`ProbeError`] if `blkid` is missing or cannot read it.
    pub fn probe(path: &Path) -> Result<Self, ProbeError> {
        Self::probe_as(path, path, Stdio::null())
    }

    /// The same of the file that `blkid` gets as its standard input, whatever name it has by now.
    pub fn probe_held(path: &Path, held: Stdio) -> Result<Self, ProbeError> {
        Self::probe_as(path, Path::new(STDIN), held)
    }

    fn probe_as(path: &Path, name: &Path, stdin: Stdio) -> Result<Self, ProbeError> {
        let failed = |source| ProbeError::Tool {
            path: path.to_owned(),
            source,
        };
        let arguments = ["-p", "-o", "export", "--"].map(AsRef::as_ref);
        let arguments = arguments.into_iter().chain([name.as_os_str()]);
        let output = BLKID.output(arguments, stdin).map_err(failed)?;
        match output.status.code() {
            Some(0) => Ok(Self::read(&String::from_utf8_lossy(&output.stdout))),
            Some(NOTHING | AMBIVALENT) if is_silent(&output) => Ok(Self::default()),
            _ => Err(failed(BLKID.failed(&output))),
        }
    }

    /// Reads lines of `NAME=value`.
    fn read(lines: &str) -> Self {
        let mut content = Self::default();
        for (name, value) in lines.lines().filter_map(|line| line.split_once('=')) {
            let value = Some(unescaped(value)).filter(|value| !value.is_empty());
            match name {
                "TYPE" => content.kind = value,
                "LABEL" => content.label = value,
                "UUID" => content.uuid = value,
                "PTTYPE" => content.partition_table = value,
                _ => {}
            }
        }
        content
    }

    /// Whether nothing was recognised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// For the operator, in one line that plays no tricks on a terminal.
impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(kind) = &self.kind else {
            return match &self.partition_table {
                Some(table) => write!(f, "a partition table ({table})"),
                None => f.write_str("unknown content"),
            };
        };
        f.write_str(kind)?;
        if let Some(label) = &self.label {
            write!(f, " labelled `{}`", model::readable::name(label, SHOWN))?;
        }
        Ok(())
    }
}

/// A read error ends `blkid` as an empty device does, but not without words.
fn is_silent(output: &Output) -> bool {
    output.status.code() == Some(AMBIVALENT) || output.stderr.trim_ascii().is_empty()
}

/// `blkid` puts a backslash before what a shell would take for its own.
fn unescaped(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.extend(characters.next()),
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blkid_says_is_read_and_shown() {
        let table = [
            ("", Contents::default(), "unknown content"),
            (
                "DEVNAME=x.img\nLABEL=my\\ \\\"disk\\$\nUUID=d4d9-12\nVERSION=1.0\nTYPE=ext4\nUSAGE=filesystem\n",
                Contents {
                    kind: Some("ext4".into()),
                    label: Some("my \"disk$".into()),
                    uuid: Some("d4d9-12".into()),
                    partition_table: None,
                },
                "ext4 labelled `my \"disk$`",
            ),
            (
                "DEVNAME=/dev/sdb\nPTUUID=00ab\nPTTYPE=gpt\n",
                Contents {
                    partition_table: Some("gpt".into()),
                    ..Contents::default()
                },
                "a partition table (gpt)",
            ),
            (
                "TYPE=vfat\nLABEL=\n",
                Contents {
                    kind: Some("vfat".into()),
                    ..Contents::default()
                },
                "vfat",
            ),
        ];
        for (lines, content, shown) in table {
            assert_eq!(Contents::read(lines), content);
            assert_eq!(content.to_string(), shown);
        }
    }

    #[test]
    fn a_label_cannot_play_with_the_terminal() {
        let content = Contents::read("TYPE=ext4\nLABEL=\u{1b}[2Jgone\u{202e}\n");
        let shown = content.to_string();
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{shown:?}"
        );
    }
}
