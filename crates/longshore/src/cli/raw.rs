//! What is said of block devices and images that are read as they are.

use std::path::PathBuf;

use clap::Args;

use super::DataArgs;

/// How a block device or image is read, of which nothing is mounted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RawArgs {
    /// Load only the volume of this number, as `longshore device look` shows it; may be said again. Default: all that
    /// hold data
    #[arg(
        long = "volume",
        value_name = "N",
        help_heading = "Block devices and images"
    )]
    pub(crate) volumes: Vec<u32>,
    /// What the clock by which a FAT file system was written showed, in hours and minutes east of UTC: +01:00. FAT keeps
    /// local time. Default: UTC
    #[arg(long, value_name = "HH:MM", value_parser = zone, allow_hyphen_values = true)]
    #[arg(help_heading = "Block devices and images")]
    pub(crate) zone: Option<i16>,
}

/// What opens the volumes of a device that are encrypted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct UnlockArgs {
    /// Ask for the password of an encrypted device, or for its BitLocker recovery password; from standard input where that is no
    /// terminal. A secret is never an argument: say `-`
    #[arg(long, value_name = "-", value_parser = dash, help_heading = "Encrypted devices")]
    pub(crate) unlock: Option<()>,
    /// A file that opens it: the key file of LUKS, those of VeraCrypt (may be said again), the startup key of BitLocker
    #[arg(
        long = "key-file",
        value_name = "FILE",
        help_heading = "Encrypted devices"
    )]
    pub(crate) key_files: Vec<PathBuf>,
    /// The PIM of a VeraCrypt volume that has one
    #[arg(long, value_name = "N", help_heading = "Encrypted devices")]
    pub(crate) pim: Option<u32>,
}

/// Whoever writes a password here has it in the list of processes by now, and is told so.
fn dash(text: &str) -> Result<(), String> {
    match text {
        "-" => Ok(()),
        _ => Err("a secret is never an argument: `--unlock -` asks for it".to_owned()),
    }
}

/// `longshore device look`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Nothing is mounted and nothing changed, and it needs no service; a block device needs the right \
    to read it, an image file no more than that. A device that is mounted or otherwise in use is refused.\n\nEnds with \
    exit code 3 if a volume or a name on it cannot be read, and with 4 if no file of it can be."
)]
pub(crate) struct LookArgs {
    /// The block device or image file
    #[arg(value_name = "DEVICE_PATH")]
    pub(crate) device: PathBuf,
    /// List the files too, with their sizes
    #[arg(long)]
    pub(crate) files: bool,
    /// Print JSON; with --files one object a line, the last of which is the summary
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) raw: RawArgs,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `+01:00`, in minutes.
fn zone(text: &str) -> Result<i16, String> {
    let minutes = objectstore::paced::parse_offset(text);
    minutes.ok_or_else(|| "expected hours and minutes east of UTC, as in +01:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_hours_and_minutes_east() {
        for (text, minutes) in [("+01:00", 60), ("-03:30", -210), ("+00:00", 0), ("Z", 0)] {
            assert_eq!(zone(text), Ok(minutes), "{text}");
        }
        for text in ["1", "01:00", "+1", "CET", "+15:00", "+00:60"] {
            assert!(zone(text).is_err(), "{text}");
        }
    }
}
