//! `longshore import --dry-run`: what an import would do. No job is made and nothing is written.

use std::path::Path;
use std::time::Duration;

use disks::tree::Tree;
use model::ids::BucketName;
use model::manifest::S3Import;
use model::readable;
use serde::Serialize;
use server::config::Config;
use transfer::settings::Existing;

use super::present::Present;
use super::room::{self, Room};
use super::survey::{Survey, Takes, survey};
use crate::cli::ImportArgs;
use crate::exit::{Exit, Failure};
use crate::local_service::LocalService;
use crate::{output, own_station};

/// How fast files are taken for read and sent where no `--rate` says it, in bytes a second: a disk
/// that spins.
const BYTES_PER_SECOND: u64 = 100_000_000;

/// How many small files a second: what one store nearby takes.
const FILES_PER_SECOND: u64 = 1000;

/// What would be done.
#[derive(Debug, Serialize)]
struct DryRun<'a> {
    bucket: &'a BucketName,
    files: u64,
    bytes: u64,
    /// Of these, files whose key the bucket does not have.
    new: Count,
    /// Files whose key is there with another size.
    replaced: Count,
    /// Files whose key is there with another size, where nothing is to be replaced, or that of a report:
    /// they would fail, and are among `errors`.
    not_replaced: Count,
    #[serde(skip)]
    existing: Existing,
    /// Files whose key is there and as long: compared when they are loaded.
    as_long: Count,
    /// Whether the bucket was looked at.
    looked_at: bool,
    left_out: u64,
    empty_folders: u64,
    errors: u64,
    /// In bytes; only for the embedded store.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<u64>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<u64>,
    /// About how long it takes.
    seconds: u64,
}

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Count {
    files: u64,
    bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Says what an import of `tree` would do.
///
/// # Errors
/// If the folder or the bucket cannot be looked at.
pub(super) fn run(
    args: &ImportArgs,
    tree: &dyn Tree,
    rules: &S3Import,
    config: Config,
) -> Result<Exit, Failure> {
    let stop = room::stoppable()?;
    let data = config.server.data.clone();
    let mut settings = own_station::settings_of(&config.station);
    super::treat_existing(args, &mut settings);
    let is_embedded = crate::local_service::is_embedded(&config, &rules.bucket);
    let present = look_at_bucket(config, rules, is_embedded, &stop)?;
    let [mut new, mut replaced, mut not_replaced, mut as_long] = [Count::default(); 4];
    let nothing = Present::default();
    let there = present.as_ref().unwrap_or(&nothing);
    let found = survey(tree, rules, &stop, &mut |key, bytes| {
        let takes = there.takes(key, bytes, settings.existing);
        let count = match takes {
            Takes::Nothing => &mut as_long,
            Takes::Refused => &mut not_replaced,
            Takes::Room if there.size(key).is_some() => &mut replaced,
            Takes::Room => &mut new,
        };
        count.add(bytes);
        takes
    });
    let found = found.map_err(anyhow::Error::from)?;
    if stop.is_set() {
        return Err(Failure::new(
            Exit::Interrupted,
            anyhow::anyhow!("interrupted"),
        ));
    }
    let room = match is_embedded {
        true => Some(Room::of(&found, &settings, &data)?),
        false => None,
    };
    let plan = DryRun {
        bucket: &rules.bucket,
        files: found.files,
        bytes: found.bytes,
        new,
        replaced,
        not_replaced,
        existing: settings.existing,
        as_long,
        looked_at: present.is_some(),
        left_out: found.findings.totals.ignored,
        empty_folders: found.findings.totals.empty_folders,
        errors: found.findings.totals.failed,
        needed: room.map(|room| room.needed),
        free: room.map(|room| room.free),
        seconds: seconds(args, [new, replaced]).as_secs().max(1),
    };
    if args.json {
        output::json(&plan)?;
    } else {
        output::data(&plan.text(&found, &data))?;
    }
    Ok(plan.exit(room))
}

/// What is in the bucket; `None` if it cannot be known without making something. A data folder that
/// is not there yet has no objects, and is not made for this.
fn look_at_bucket(
    config: Config,
    rules: &S3Import,
    is_embedded: bool,
    stop: &transfer::stop::Stop,
) -> Result<Option<Present>, Failure> {
    if !is_embedded {
        return Ok(None);
    }
    if !server::data_dir::credentials_path(&config.server.data).is_file() {
        return Ok(Some(Present::default()));
    }
    let local = LocalService::open(config)?;
    let present = Present::find(&local, rules, stop);
    local.close();
    present.map(Some)
}

fn seconds(args: &ImportArgs, sent: [Count; 2]) -> Duration {
    let rate = args
        .load
        .rate
        .map_or(BYTES_PER_SECOND, |rate| rate.get().min(BYTES_PER_SECOND));
    let bytes = sent.iter().map(|count| count.bytes).sum::<u64>();
    let files = sent.iter().map(|count| count.files).sum::<u64>();
    Duration::from_secs(bytes / rate + files / FILES_PER_SECOND)
}

impl DryRun<'_> {
    fn exit(&self, room: Option<Room>) -> Exit {
        match room {
            Some(room) if !room.is_enough() => Exit::Refused,
            _ if self.errors > 0 => Exit::SomeFailed,
            _ => Exit::Ok,
        }
    }

    fn text(&self, found: &Survey, data: &Path) -> String {
        let counted = |count: Count| {
            format!(
                "{} ({})",
                output::count(count.files, "file"),
                output::bytes(count.bytes)
            )
        };
        let whole = Count {
            files: self.files,
            bytes: self.bytes,
        };
        let mut text = format!(
            "Would load {} into bucket {}. {}, {} left out. Nothing was written.\n",
            counted(whole),
            self.bucket,
            output::count(self.errors, "error"),
            readable::number(self.left_out)
        );
        let failures = found.findings.failures();
        if !failures.is_empty() {
            text.push_str(&format!("Cannot be loaded:\n{failures}"));
        }
        let left_out = found.findings.left_out();
        if !left_out.is_empty() {
            text.push_str(&format!("Left out:\n{left_out}"));
        }
        let there = match self.looked_at {
            true => format!(
                "{} new; {}; {} there and as long, compared when loaded",
                counted(self.new),
                match (self.not_replaced.files, self.existing) {
                    (0, _) => format!("{} there and would be replaced", counted(self.replaced)),
                    (_, Existing::Keep) => format!(
                        "{} there and would not be replaced, but fail as 409 ObjectExists",
                        counted(self.not_replaced)
                    ),
                    (_, Existing::Replace) => format!(
                        "{} there and would be replaced; {} there as reports of jobs and would fail as \
                         409 ReportExists",
                        counted(self.replaced),
                        counted(self.not_replaced)
                    ),
                },
                counted(self.as_long)
            ),
            false => "the bucket is in another store and was not looked at".to_owned(),
        };
        let room = self.needed.zip(self.free).map(|(needed, free)| {
            let enough = if needed <= free {
                ""
            } else {
                ", which is too little"
            };
            format!(
                "{} needed, {} free on the disk of {}{enough}",
                output::bytes(needed),
                output::bytes(free),
                data.display()
            )
        });
        let time = format!("about {}, by a guess", readable::about(self.seconds));
        text.push_str(&output::fields([
            ("Bucket", Some(there.as_str())),
            ("Room", room.as_deref()),
            ("Time", Some(time.as_str())),
        ]));
        text
    }
}
