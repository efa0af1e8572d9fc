//! `longshore verify`: compares a report with the bucket, or with the device, by reading everything
//! again.

mod report;
mod telling;

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use disks::tree::Tree;
use disks::tree::folder::Folder;
use disks::tree::raw::RawTree;
use model::readable;
use objectstore::Bucket;
use serde::Serialize;
use station::raw::RawDisk;
use station::scratch::Scratch;
use transfer::progress::Progress;
use transfer::settings::Settings;
use transfer::stop::Stop;
use transfer::verify::report_file::{ReportError, ReportFile};
use transfer::verify::{Finding, Sample, Trouble, Verdict, Verification};

use crate::cli::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::{interrupt, output, progress_bar, raw, scratch};

/// Characters of a name that are shown.
const NAME: usize = 200;

/// Compares.
///
/// # Errors
/// What kept us from looking. What differs is no error: it is the exit code.
pub(crate) fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let found = report::find(args, &stop)?;
    let report = ReportFile::open(&found.path).map_err(no_report)?;
    let device = args.device.as_deref();
    let device = device
        .map(|path| Compared::open(path, args, &stop))
        .transpose()?;
    let reached = match &args.bucket {
        Some(named) => {
            let ours = report.head.about.bucket.as_ref().ok_or_else(no_import)?;
            let name = named.as_ref().unwrap_or(ours);
            let reached = ReachableStore::open(&args.reach, &args.data)?;
            match reached.bucket(name, &stop) {
                Ok(bucket) => Some((bucket, reached)),
                Err(failure) => {
                    reached.close();
                    return Err(failure);
                }
            }
        }
        None => None,
    };
    let bucket = reached.as_ref().map(|(bucket, _)| &**bucket);
    let verified = compare(
        args,
        &report,
        bucket,
        device.as_ref().map(Compared::tree),
        &found.path,
        &stop,
    );
    if let Some((_, reached)) = reached {
        reached.close();
    }
    verified
}

fn no_import() -> Failure {
    let error =
        anyhow::anyhow!("the report is not of an import, and its objects are in no one bucket");
    Failure::new(Exit::Usage, error).hint("compare it with the device, --device")
}

fn compare(
    args: &VerifyArgs,
    report: &ReportFile,
    bucket: Option<&dyn Bucket>,
    device: Option<&dyn Tree>,
    path: &Path,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let sample = match args.sample {
        Some(sample) => sample.with_seed(args.seed.unwrap_or_else(some_number)),
        None => Sample::ALL,
    };
    let progress = Progress::default();
    let verification = Verification {
        report,
        bucket,
        device,
        sample,
        requests: args.reach.parallel.into(),
        readers: Settings::default().read_threads,
        progress: &progress,
        stop,
    };
    let begun = Instant::now();
    let mut told = Ok(());
    let verdict = progress_bar::beside_as("Verified", &progress, || {
        verification.run(&mut |finding| {
            if told.is_ok() {
                told = tell(&finding, args.json);
            }
        })
    });
    let verdict = verdict.map_err(trouble)?;
    told?;
    if args.tell {
        telling::tell(args, (path, report), &verdict)?;
    }
    let end = End {
        job: report.head.about.job.as_str(),
        agrees: verdict.agrees(),
        stored: report.totals.stored,
        sample: sample.seed().map(|_| sample.to_string()),
        seed: sample.seed(),
        seconds: begun.elapsed().as_secs_f64(),
        verdict,
    };
    if args.json {
        output::data(&line(&VerifyJson { summary: &end })?)?;
    } else {
        output::data(&end.text(bucket.is_some(), device.is_some()))?;
    }
    Ok(match verdict.agrees() {
        true => Exit::Ok,
        false => Exit::Differs,
    })
}

fn tell(finding: &Finding, json: bool) -> Result<(), Failure> {
    if json {
        return output::data(&line(finding)?);
    }
    output::data(&text(finding))
}

/// `bucket  content     photos/a.jpg: its SHA-256 is …`
fn text(finding: &Finding) -> String {
    let name = readable::name(&finding.path, NAME);
    let key = match &finding.key {
        Some(key) if key.as_str() != finding.path => {
            format!(" (key {})", readable::name(key.as_str(), NAME))
        }
        _ => String::new(),
    };
    format!(
        "{:<6}  {:<10}  {name}{key}: {}\n",
        finding.side.word(),
        finding.kind.word(),
        output::printable(&finding.detail.replace('\n', " "))
    )
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    Ok(text.context("could not write JSON")? + "\n")
}

/// What `--json` prints last.
#[derive(Serialize)]
struct VerifyJson<'a> {
    summary: &'a End<'a>,
}

/// How it went.
#[derive(Serialize)]
struct End<'a> {
    job: &'a str,
    agrees: bool,
    /// Entries that the report says are stored.
    stored: u64,
    /// In percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    seconds: f64,
    #[serde(flatten)]
    verdict: Verdict,
}

impl End<'_> {
    fn text(&self, with_bucket: bool, with_device: bool) -> String {
        let mut text = String::new();
        if let (Some(percent), Some(seed)) = (&self.sample, self.seed) {
            text.push_str(&format!(
                "A sample of {percent} % of {}, chosen by --seed {seed}.\n",
                output::count(self.stored, "stored file")
            ));
        }
        let Verdict {
            bucket,
            device,
            extra,
        } = &self.verdict;
        for (is_looked_at, name, compared) in [
            (with_bucket, "Bucket", bucket),
            (with_device, "Device", device),
        ] {
            if is_looked_at {
                let partial = match compared.partial {
                    0 => String::new(),
                    partial => format!(", {partial} of them without what could not be read"),
                };
                text.push_str(&format!(
                    "{name}  {} the same ({}){partial}, {} different.\n",
                    output::count(compared.same, "file"),
                    output::bytes(compared.bytes),
                    compared.different
                ));
            }
        }
        if *extra > 0 {
            let names = output::count(*extra, "name");
            text.push_str(&format!(
                "{names} on the device only, which is no difference.\n"
            ));
        }
        text
    }
}

/// A device as it is compared.
enum Compared {
    Folder(Folder),
    /// With what is kept meanwhile.
    Raw(
        RawTree,
        #[expect(dead_code, reason = "held as long as the tree")] Box<(RawDisk, Scratch)>,
    ),
}

impl Compared {
    fn open(path: &Path, args: &VerifyArgs, stop: &Stop) -> Result<Self, Failure> {
        raw::must_suit(&args.raw, path)?;
        if raw::is_raw(path) {
            let scratch = scratch::new("verify")?;
            let launcher = raw::usual_launcher(&args.data);
            let disk = raw::open(path, &launcher, scratch.path())?;
            let choice = raw::choice(&args.raw, true);
            let tree = disk.look(&choice, &|| stop.is_set());
            let tree = tree.map_err(raw::failure)?;
            return Ok(Self::Raw(tree, Box::new((disk, scratch))));
        }
        let opened = Folder::open(path).map(|tree| tree.with_claims(true));
        opened.map(Self::Folder).map_err(|error| {
            let context = format!("could not open the device `{}`", path.display());
            Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
        })
    }

    fn tree(&self) -> &dyn Tree {
        match self {
            Self::Folder(folder) => folder,
            Self::Raw(tree, _) => tree,
        }
    }
}

/// A seed nobody can foretell who prepares a bucket.
fn some_number() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| {
        u64::from(now.subsec_nanos()) ^ now.as_secs().rotate_left(17)
    })
}

fn no_report(error: ReportError) -> Failure {
    let hint = match &error {
        ReportError::Cut { .. } | ReportError::OtherSum { .. } | ReportError::TooLong { .. } => {
            "fetch it again: the log bucket and the station each have one"
        }
        ReportError::Damaged { .. } | ReportError::Io { .. } => {
            "name the report that ends in .jsonl, from the log bucket or the station's jobs/JOBID"
        }
    };
    Failure::new(Exit::Usage, error).hint(hint)
}

fn trouble(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Report(error) => no_report(error),
        Trouble::Store(_) => Failure::new(Exit::Unavailable, trouble),
        Trouble::Device(_) => Failure::new(Exit::Error, trouble),
        Trouble::Interrupted => Failure::new(Exit::Interrupted, trouble),
    }
}
