//! `longshore plan-export`, and how it and `longshore verify` reach a store.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;

use super::{DataArgs, rate};

/// How to reach the store that has the buckets.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReachArgs {
    /// Most objects to read at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) parallel: u16,
    /// The service's file of settings, whose stores have the buckets. Default: that of the service which
    /// runs on the data folder
    #[arg(long, value_name = "FILE", conflicts_with = "endpoint_url")]
    pub(crate) config: Option<PathBuf>,
    /// URL of the S3 store. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or the service's stores
    #[arg(long, visible_alias = "endpoint", value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// A profile of the AWS credentials file. Default: the keys in the environment, AWS_PROFILE,
    /// or the data folder's key
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The region to sign for. Default: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1
    #[arg(long)]
    pub(crate) region: Option<String>,
}

/// `longshore plan-export`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Lists the buckets as they are now and splits the export in the order of its \
    operations and keys. Make a job of each manifest, and fill the devices one after another or at \
    once: together they export every object exactly once.\n\nWithout --endpoint-url the buckets are \
    looked for in the stores of the service: those of its settings and its own, which is started for \
    as long as it takes if it is not running."
)]
pub(crate) struct PlanExportArgs {
    /// The manifest of the export as if one device held it all
    pub(crate) manifest: PathBuf,
    /// The size of each device, such as 2TB, 1.8TiB or a number of bytes; the smallest, if they
    /// differ
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) capacity: u64,
    /// Most files on one device
    #[arg(long, value_name = "N")]
    pub(crate) files_per_device: Option<NonZeroU64>,
    /// Where to write the manifests. Default: the folder of MANIFEST
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// How fast devices are filled, such as 120MB each second, in the place of measuring how fast the
    /// store is read
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Option<NonZeroU64>,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Most decimals of a size: more than any unit has sense for.
const DECIMALS: usize = 9;

/// Reads a size in bytes: a number, with decimals if a unit follows.
fn size(text: &str) -> Result<u64, String> {
    let invalid = || "expected a size such as 2TB, 1.8TiB, 500GB, or a number of bytes".to_owned();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit_bytes(unit.trim_start()).ok_or_else(invalid)?;
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if decimals.len() > DECIMALS || (number.contains('.') && (decimals.is_empty() || unit == 1)) {
        return Err(invalid());
    }
    let digits: u128 = format!("{whole}{decimals}")
        .parse()
        .map_err(|_| invalid())?;
    let scale = (0..decimals.len()).fold(1_u128, |scale, _| scale * 10);
    let bytes = digits.checked_mul(unit).ok_or_else(invalid)? / scale;
    u64::try_from(bytes).map_err(|_| invalid())
}

fn unit_bytes(unit: &str) -> Option<u128> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "pb" => 1_000_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "pib" => 1 << 50,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_makers_of_disks_write_them() {
        for (text, bytes) in [
            ("2TB", 2_000_000_000_000),
            ("1.8TiB", 1_979_120_929_996),
            ("500GB", 500_000_000_000),
            ("0.5 kB", 500),
            ("64mib", 64 << 20),
            ("1000204886016", 1_000_204_886_016),
            ("7B", 7),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "TB",
            "2T",
            "-1TB",
            "1.5",
            "1.B",
            "1.TB",
            "1.2.3TB",
            "2TBs",
            "20000000000PB",
            "1.0000000001TB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
