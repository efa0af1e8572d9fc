//! `longshore import`: the whole journey in one command. Service, account, bucket, job, SIGNATURE,
//! loading, report; what is missing is made, and nothing is written to the folder.

pub(crate) mod ground;
mod kept;
mod manifest;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::control::RetryRequest;
use model::ids::{JobId, JobType};
use model::plan::SIGNATURE_NAME;
use model::signature::SignatureFile;
use station::control::ControlError;
use station::dock::{DockError, Docking, Station};
use station::settings::{Existing, Settings, Unchanged};

use crate::cli::ImportArgs;
use crate::docking::{self, Loaded};
use crate::exit::{Exit, Failure};
use crate::settings::{self, Listen};
use crate::{job, output, own_station};
use ground::Ground;
use manifest::{Filled, Wishes};

/// Loads a folder into a bucket.
///
/// # Errors
/// Why it was not loaded, or not to the end.
pub(crate) fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let folder = open_folder(&args.folder)?;
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = Listen {
        api: Some(any_port),
        s3: Some(any_port),
    };
    let config = settings::load(args.config.as_deref(), args.data.data.as_deref(), listen)?;
    keep_apart(&folder, &config.server.data)?;
    let task = match args.resume {
        Some(job) => Task::Resume(job),
        None => new_task(args, &folder, config.jobs.facility_country.as_str())?,
    };
    let ground = Ground::open(config)?;
    let ended = carry_out(args, &folder, &task, &ground);
    ground.close();
    ended
}

/// What is to be done.
enum Task {
    /// A new job.
    New(Box<Filled>),
    /// One that was interrupted.
    Resume(JobId),
}

fn carry_out(
    args: &ImportArgs,
    folder: &Path,
    task: &Task,
    ground: &Ground,
) -> Result<Exit, Failure> {
    let (job, signature) = match task {
        Task::New(manifest) => create_job(manifest, folder, ground)?,
        Task::Resume(job) => (*job, kept::find(ground.data(), *job, folder)?),
    };
    let docking = Docking {
        job: Some(job),
        format: None,
        partly: false,
        signature: Some(signature),
    };
    let mut station = ground.station()?;
    own_station::apply(&args.load, &mut station.settings);
    treat_existing(args, &mut station.settings);
    if matches!(task, Task::Resume(_)) {
        reopen(&station, job)?;
    }
    let loaded = docking::load(&station, folder, &docking)?
        .map_err(|error| not_loaded(error, args, ground.data(), job))?;
    if args.json {
        output::json(&loaded.json())?;
    } else {
        output::data(&loaded.summary())?;
        output::data(&where_to_look(&loaded, ground))?;
    }
    Ok(loaded.exit())
}

/// What becomes of what is in the bucket already: a person who imports again wants what is new.
fn treat_existing(args: &ImportArgs, settings: &mut Settings) {
    settings.unchanged = match args.resend {
        true => Unchanged::Send,
        false => Unchanged::Skip,
    };
    if args.no_replace {
        settings.existing = Existing::Keep;
    }
}

/// A job that is over with failures is gone on with for what failed. Of one that cannot be, docking
/// says why.
fn reopen(station: &Station, job: JobId) -> Result<(), Failure> {
    match station.control.retry(&RetryRequest { job }) {
        Ok(()) => output::note("The files that failed are tried again."),
        Err(ControlError::Refused(_)) => {}
        Err(error) => {
            let (exit, hint) = docking::control_exit(&error);
            return Err(Failure::new(exit, error).hint(hint));
        }
    }
    Ok(())
}

fn create_job(
    manifest: &Filled,
    folder: &Path,
    ground: &Ground,
) -> Result<(JobId, Vec<u8>), Failure> {
    ground.ensure_bucket(&manifest.rules.bucket)?;
    let created = ground
        .client()?
        .create(JobType::Import, &manifest.text, false)?;
    let job = JobId::new(&created.job_id).context("the service gave no job id")?;
    let contents = created
        .signature_file_contents
        .context("the service gave no SIGNATURE")?;
    kept::keep(ground.data(), job, folder, &contents)?;
    output::note(&format!("Job {job}"));
    if let Some(warning) = &created.warning_message {
        output::note(&format!("Warning  {}", output::printable(warning)));
    }
    Ok((job, contents.into_bytes()))
}

fn new_task(args: &ImportArgs, folder: &Path, country: &str) -> Result<Task, Failure> {
    refuse_device(folder)?;
    let text = match &args.manifest {
        Some(path) => job::manifest_file(path)?,
        None => String::new(),
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let wishes = Wishes {
        bucket: args.bucket.as_ref(),
        prefix: args.prefix.as_deref(),
        device: &name,
        country,
    };
    let filled = manifest::fill(&text, wishes);
    let filled = filled.map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(Task::New(Box::new(filled)))
}

/// The folder without links in its path, so that it can be compared.
fn open_folder(path: &Path) -> Result<PathBuf, Failure> {
    let wrong = |error: std::io::Error| {
        let context = format!("could not open the folder `{}`", path.display());
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
    };
    let folder = path.canonicalize().map_err(wrong)?;
    std::fs::read_dir(&folder).map_err(wrong)?;
    Ok(folder)
}

/// The data folder grows while the folder is read: one within the other would load itself.
fn keep_apart(folder: &Path, data: &Path) -> Result<(), Failure> {
    let data = real(data).with_context(|| format!("could not use `{}`", data.display()))?;
    if data.starts_with(folder) || folder.starts_with(&data) {
        let message = format!(
            "the folder `{}` and the data folder `{}` lie one in the other",
            folder.display(),
            data.display()
        );
        return Err(Failure::usage(message).hint("name another data folder: --data"));
    }
    Ok(())
}

/// A path without links, of which the last parts need not exist yet.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(above), Some(name)) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(real(above)?.join(name))
        }
        (found, _, _) => found,
    }
}

/// A folder with the SIGNATURE of a job is a customer's device: where it goes is said by that job.
fn refuse_device(folder: &Path) -> Result<(), Failure> {
    let Ok(bytes) = kept::read_limited(&folder.join(SIGNATURE_NAME)) else {
        return Ok(());
    };
    match SignatureFile::parse(&bytes) {
        Ok(file) => {
            let job = file.job;
            let message = format!("the folder has the SIGNATURE of job {job}: it is a device");
            let hint = format!("`longshore dock {}` loads it", output::word(folder));
            Err(Failure::refused(message).hint(hint))
        }
        Err(_) => Ok(()),
    }
}

/// What the station says, in the terms of somebody who has a folder and no device.
fn not_loaded(error: DockError, args: &ImportArgs, data: &Path, job: JobId) -> Failure {
    let is_over = matches!(&error, DockError::Denied { code, .. } if code == "Over");
    let failure = docking::failure(error, &again(args, job));
    if is_over {
        let report = kept::job_folder(data, job).join("report.csv");
        return failure.hint(format!("its report is {}", output::word(&report)));
    }
    failure
}

/// The command that goes on with a job.
fn again(args: &ImportArgs, job: JobId) -> String {
    let start = format!(
        "longshore import {} --resume {job}",
        output::word(&args.folder)
    );
    let data = settings::named_data_folder(args.data.data.as_deref());
    let load = own_station::options(&args.load);
    let mut options = vec![
        ("--data", data.as_deref()),
        ("--config", args.config.as_deref()),
    ];
    let start = [
        (args.resend, " --resend"),
        (args.no_replace, " --no-replace"),
    ]
    .iter()
    .filter(|(is_given, _)| *is_given)
    .fold(start, |start, (_, option)| start + option);
    options.extend(load.iter().map(|(name, value)| (*name, value.as_deref())));
    output::command(start, &options)
}

fn where_to_look(loaded: &Loaded, ground: &Ground) -> String {
    let report = loaded.report();
    let bucket = loaded.done.bucket.as_ref();
    let objects = bucket
        .and_then(|bucket| ground.objects_of(bucket))
        .map(|folder| folder.display().to_string());
    let look = objects
        .as_ref()
        .and(bucket)
        .and_then(|bucket| look(ground, &format!("s3://{bucket}")));
    output::fields([
        ("Report", Some(report.as_str())),
        ("Objects", objects.as_deref()),
        ("Look", look.as_deref()),
    ])
}

/// How to look at the objects with a stock client.
fn look(ground: &Ground, url: &str) -> Option<String> {
    let key = server::data_dir::credentials_path(ground.data());
    let list = |s3: &str| {
        let key = output::word(&key);
        format!("AWS_SHARED_CREDENTIALS_FILE={key} aws --endpoint-url {s3} s3 ls --recursive {url}")
    };
    if ground.is_shared() {
        return ground.s3().map(list);
    }
    let serve = format!(
        "longshore serve --data {}   then",
        output::word(ground.data())
    );
    Some(format!("{serve}\n{}", list("http://127.0.0.1:4781")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_and_data_folder_lie_apart() {
        let world = tempfile::tempdir().unwrap();
        let folder = world.path().canonicalize().unwrap().join("disk");
        std::fs::create_dir(&folder).unwrap();
        let link = folder.with_file_name("link");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        for inside in [
            folder.join("data"),
            folder.clone(),
            link.join("a/b"),
            world.path().into(),
        ] {
            let failure = keep_apart(&folder, &inside).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{}", inside.display());
        }
        for beside in ["disk2", "data/new"] {
            keep_apart(&folder, &folder.with_file_name(beside)).unwrap();
        }
    }
}
