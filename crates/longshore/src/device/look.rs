//! `longshore device look`: what lies on a block device or image, what of it would be loaded, and whose it is. Nothing is
//! mounted and nothing changed.

mod volumes;

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context as _;
use disks::facts::{Facts, Kind};
use disks::tree::raw::RawTree;
use disks::tree::{DeviceGone, Tree as _, fill};
use model::control::{JobFacts, JobRequest};
use model::entry::{EntryKind, EntryPath};
use model::ids::JobId;
use model::limits;
use model::readable;
use model::signature::SignatureFile;
use serde::Serialize;
use server::data_dir::users::Joined;
use station::raw::Looked;
use transfer::stop::Stop;

use crate::cli::{DataArgs, LookArgs};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::job::abort;
use crate::{interrupt, output, own_station, raw, scratch, unlock};
use volumes::Seen;

/// Characters of a name that are shown.
const NAME_CHARS: usize = 200;

/// Looks at a device.
///
/// # Errors
/// What keeps us from looking. What cannot be read on it is no error: it is the exit code.
pub(super) fn run(args: &LookArgs) -> Result<Exit, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let scratch = scratch::new("look")?;
    let launcher = raw::usual_launcher(&args.data);
    let secrets = unlock::secrets(&args.unlock)?;
    let mut disk = raw::open(&args.device, &launcher, scratch.path())?;
    disk.unlock(&secrets).map_err(raw::failure)?;
    let facts = Facts::without_content(&args.device, &[]).map_err(anyhow::Error::from)?;
    let choice = raw::choice(&args.raw, false);
    let tree = disk.look(&choice, &|| stop.is_set());
    let tree = tree.map_err(raw::failure)?;
    let looked = disk.looked().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut seen = volumes::seen(looked, &tree);
    count(args, &tree, &mut seen, &stop)?;
    let mut look = Look {
        path: &args.device,
        kind: kind(&facts),
        bytes: facts.bytes,
        maker: name(facts.vendor.as_deref()),
        model: name(facts.model.as_deref()),
        serial: name(facts.serial.as_deref()),
        table: looked.table,
        remarks: &looked.remarks,
        jobs: jobs(&tree)
            .into_iter()
            .map(|job| Whose { job, facts: None })
            .collect(),
        volumes: seen,
    };
    ask(&mut look.jobs, &args.data);
    match args.json {
        true if args.files => output::data(&line(&SummaryLine { summary: &look })?)?,
        true => output::json(&look)?,
        false => output::data(&look.text())?,
    }
    Ok(look.exit(looked))
}

/// What is printed.
#[derive(Serialize)]
struct Look<'a> {
    path: &'a Path,
    kind: &'static str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    maker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    /// The kind of its partition table.
    table: Option<&'static str>,
    remarks: &'a [String],
    volumes: Vec<Seen>,
    jobs: Vec<Whose>,
}

/// A job that a SIGNATURE on the device names.
#[derive(Serialize)]
struct Whose {
    job: JobId,
    /// What the service says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<JobFacts>,
}

/// The last line where each file has one.
#[derive(Serialize)]
struct SummaryLine<'a> {
    summary: &'a Look<'a>,
}

/// A file, as JSON has it.
#[derive(Serialize)]
struct FileLine {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unloadable: Option<String>,
}

/// Goes over all names, counts them for their volumes, and tells them if that is wanted.
fn count(args: &LookArgs, tree: &RawTree, seen: &mut [Seen], stop: &Stop) -> Result<(), Failure> {
    let mut told = Ok(());
    let walked = tree.walk(&mut |walked| {
        let (path, bytes, why) = match &walked {
            Ok(entry) => match entry.kind {
                EntryKind::File { bytes } => (&entry.path, Some(bytes), None),
                // They are told with their volumes.
                EntryKind::Volume(_) => return ControlFlow::Continue(()),
                EntryKind::SymbolicLink { .. } | EntryKind::Special | EntryKind::EmptyFolder => {
                    (&entry.path, None, None)
                }
            },
            Err(bad)
                if tree
                    .lines()
                    .iter()
                    .any(|line| line.name.as_bytes() == bad.path.as_bytes()) =>
            {
                return ControlFlow::Continue(());
            }
            Err(bad) => (&bad.path, None, Some(bad.why.to_string())),
        };
        if let Some(volume) = seen.iter_mut().find(|it| it.has(path)) {
            volume.count(bytes, why.is_some());
        }
        if args.files {
            told = tell(args, path, bytes, why);
        }
        match told.is_ok() && !stop.is_set() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    walked.map_err(|DeviceGone(error)| Failure::new(Exit::Error, error))?;
    told?;
    match stop.is_set() {
        true => Err(Failure::new(
            Exit::Interrupted,
            anyhow::anyhow!("interrupted"),
        )),
        false => Ok(()),
    }
}

fn tell(
    args: &LookArgs,
    path: &EntryPath,
    bytes: Option<u64>,
    unloadable: Option<String>,
) -> Result<(), Failure> {
    let path = path.to_string();
    if args.json {
        let file = FileLine {
            path,
            bytes,
            unloadable,
        };
        return output::data(&line(&file)?);
    }
    let size = match (bytes, &unloadable) {
        (Some(bytes), _) => bytes.to_string(),
        (None, Some(_)) => "!".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let why = unloadable.map_or_else(String::new, |why| format!(": {}", output::printable(&why)));
    let name = readable::name(&path, NAME_CHARS);
    output::data(&format!("{size:>15}  {name}{why}\n"))
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    Ok(text.context("could not write JSON")? + "\n")
}

/// The jobs that are named by SIGNATUREs in the roots of volumes, each once.
fn jobs(tree: &RawTree) -> Vec<JobId> {
    let named = |place: EntryPath| {
        let entry = tree.find(&place).ok()??;
        let file = tree.open(&entry).ok()?;
        let mut bytes = vec![0; usize::try_from(limits::SIGNATURE_FILE_BYTES).ok()?];
        let filled = fill(&*file, 0, &mut bytes).ok()?;
        let file = SignatureFile::parse(&bytes[..filled]).ok()?;
        Some(file.job)
    };
    let mut jobs: Vec<JobId> = tree.signatures().into_iter().filter_map(named).collect();
    jobs.sort_unstable();
    jobs.dedup();
    jobs
}

/// Asks the service that runs on the data folder, if one does and we may.
fn ask(jobs: &mut [Whose], data: &DataArgs) {
    let data = Environment::of_process().data_folder(data.data.as_deref());
    let joined = data.and_then(|data| Some((Joined::join(&data).ok()??, data)));
    let Some((joined, data)) = joined else {
        return;
    };
    let Ok(station) = own_station::at_service(&joined.endpoints, &data) else {
        return;
    };
    for whose in jobs {
        match station.control.job(&JobRequest { job: whose.job }) {
            Ok(facts) => whose.facts = Some(facts),
            Err(error) => tracing::debug!(%error, job = %whose.job, "job not shown"),
        }
    }
}

fn kind(facts: &Facts) -> &'static str {
    match facts.kind {
        Kind::Image => "image file",
        Kind::Disk if facts.removable => "removable disk",
        Kind::Disk => "disk",
        Kind::Partition { .. } => "partition",
    }
}

fn name(told: Option<&str>) -> Option<String> {
    told.map(|told| readable::name(told, NAME_CHARS))
}

impl Look<'_> {
    fn text(&self) -> String {
        let names = [&self.maker, &self.model, &self.serial];
        let names: String = names
            .into_iter()
            .flatten()
            .map(|name| format!(", {name}"))
            .collect();
        let table = match self.table {
            Some(table) => format!("partition table {table}"),
            None => "no partition table".to_owned(),
        };
        let mut text = format!(
            "`{}`: {}{names}, {} bytes ({}), {table}\n",
            self.path.display(),
            self.kind,
            self.bytes,
            readable::bytes(self.bytes)
        );
        for remark in self.remarks {
            text.push_str(&format!("{}\n", output::printable(remark)));
        }
        text.push_str(&volumes::table(&self.volumes));
        match &self.jobs[..] {
            [] => {
                text.push_str("No SIGNATURE was found: nothing on it says which job it is for.\n")
            }
            jobs => jobs.iter().for_each(|whose| text.push_str(&whose.text())),
        }
        text
    }

    fn exit(&self, looked: &Looked) -> Exit {
        let is_bad = self.volumes.iter().any(Seen::is_bad);
        match (
            looked.has_files() && self.volumes.iter().any(Seen::is_loaded),
            is_bad,
        ) {
            (false, _) => Exit::Refused,
            (true, true) => Exit::SomeFailed,
            (true, false) => Exit::Ok,
        }
    }
}

impl Whose {
    fn text(&self) -> String {
        match &self.facts {
            Some(facts) => abort::about(facts),
            None => format!("Its SIGNATURE is of job {}.\n", self.job),
        }
    }
}
