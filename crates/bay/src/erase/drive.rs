//! By which programs of the system a device is asked what it can do, and let erase itself.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use disks::tool::{Tool, ToolError};

/// Bytes of an answer that are read: the longest of `smartctl -x` has 100 KB.
const ANSWER_BYTES: usize = 1 << 20;

/// A program that speaks to devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Program {
    /// ATA.
    Hdparm,
    /// NVMe.
    Nvme,
    /// Health, of all of them.
    Smartctl,
    /// Which commands a SCSI device knows.
    SgOpcodes,
    /// SCSI SANITIZE.
    SgSanitize,
}

impl Program {
    fn tool(self) -> Tool {
        let (name, package) = match self {
            Self::Hdparm => ("hdparm", "hdparm"),
            Self::Nvme => ("nvme", "nvme-cli"),
            Self::Smartctl => ("smartctl", "smartmontools"),
            Self::SgOpcodes => ("sg_opcodes", "sg3-utils"),
            Self::SgSanitize => ("sg_sanitize", "sg3-utils"),
        };
        Tool { name, package }
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.tool().name
    }
}

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// How it ended; nothing if it was ended by a signal, or never began.
    pub status: Option<i32>,
    /// Its answer.
    pub out: String,
    /// What it complained of.
    pub err: String,
    /// Whether it is not installed.
    pub is_missing: bool,
}

/// The way to a device's own commands.
///
/// # Contract
/// Programs are run one at a time, without a shell, with the device as their last argument. One that is missing, or
/// cannot be run, has said so; nothing here fails.
pub trait Drive: Send + Sync {
    /// Runs a program on the device.
    fn run(&self, program: Program, arguments: &[&str]) -> Said;
}

/// The programs of this host.
#[derive(Debug, Clone)]
pub struct SystemTools {
    device: PathBuf,
}

impl SystemTools {
    /// The programs of this host, on a device.
    #[must_use]
    pub fn on(device: &Path) -> Self {
        Self {
            device: device.to_owned(),
        }
    }
}

impl Drive for SystemTools {
    fn run(&self, program: Program, arguments: &[&str]) -> Said {
        let words = arguments.iter().map(std::ffi::OsStr::new);
        let words = words.chain([self.device.as_os_str()]);
        match program.tool().output(words, Stdio::null()) {
            Ok(output) => Said {
                status: output.status.code(),
                out: text(&output.stdout),
                err: text(&output.stderr),
                is_missing: false,
            },
            Err(error) => Said {
                status: None,
                out: String::new(),
                is_missing: matches!(error, ToolError::Missing { .. }),
                err: io::Error::other(error).to_string(),
            },
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(ANSWER_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_or_fails_says_so() {
        let drive = SystemTools::on(Path::new("/dev/null"));
        for program in [Program::Hdparm, Program::Smartctl, Program::SgOpcodes] {
            let said = drive.run(program, &[]);
            assert!(
                said.is_missing || said.status.is_some(),
                "{program:?} {said:?}"
            );
            assert_eq!(said.is_missing, !program.tool().is_there());
        }
    }
}
