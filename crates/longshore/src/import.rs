//! `longshore import`: the whole journey in one command. Service, account, bucket, job, SIGNATURE,
//! loading, report; what is missing is made, and nothing is written to the folder.

mod dry_run;
mod kept;
mod manifest;
mod origin;
mod present;
mod room;
mod survey;
mod unfinished;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::control::RetryRequest;
use model::ids::{BucketName, JobId, JobType};
use model::manifest::{Country, S3Import};
use objectstore::StoreError;
use server::config::Config;
use station::control::ControlError;
use station::dock::{DockError, Docking, Station};
use transfer::journal::JournalError;
use transfer::progress::Progress;
use transfer::settings::{Existing, Settings, Unchanged};
use transfer::stop::Halt;

use crate::cli::ImportArgs;
use crate::docking::{self, Loaded};
use crate::exit::{Exit, Failure};
use crate::local_service::LocalService;
use crate::settings::{self, Listen};
use crate::{job, output, own_station, place, raw};
use manifest::{Filled, Options};
use origin::Origin;

/// Loads a folder into a bucket.
///
/// # Errors
/// Why it was not loaded, or not to the end.
pub(crate) fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    if args.list {
        return unfinished::list(args);
    }
    let folder = open_folder(args.folder())?;
    let config = settings::load(
        args.config.as_deref(),
        args.data.data.as_deref(),
        Listen::any_port(),
    )?;
    keep_apart(&folder, &config.server.data)?;
    let launcher = raw::launcher(config.station.allow_unconfined);
    let origin = Origin::open(args, folder, &launcher)?;
    let country = &config.jobs.facility_country;
    let task = match args.resume {
        Some(job) => Task::Resume(job),
        None => new_task(args, &origin, country)?,
    };
    if let Task::New(manifest) = &task {
        check_name(&manifest.rules.bucket, &config)?;
    }
    if let (Task::New(manifest), true) = (&task, args.dry_run) {
        return dry_run::run(args, origin.tree(), &manifest.rules, config);
    }
    let local = LocalService::open(config)?;
    let ended = carry_out(args, origin, &task, &local);
    local.close();
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
    origin: Origin,
    task: &Task,
    local: &LocalService,
) -> Result<Exit, Failure> {
    let folder = origin.path();
    let mut station = local.station()?;
    own_station::direct(&args.load, &mut station);
    treat_existing(args, &mut station.settings);
    let settings = station.settings;
    let (job, signature, rules) = match task {
        Task::New(manifest) => {
            let rules = &manifest.rules;
            room::check(origin.tree(), rules, &settings, local)?;
            mention_unfinished(args, folder, local)?;
            let (job, signature) = create_job(manifest, folder, local)?;
            (job, signature, Some(rules.clone()))
        }
        Task::Resume(job) => {
            let signature = kept::find(local.data(), *job, folder)?;
            let rules = may_go_on(args, &origin, *job, &settings, local)?;
            (*job, signature, rules)
        }
    };
    let docking = Docking {
        job: Some(job),
        format: None,
        partly: false,
        other_device: args.load.other_device,
        retry_bad: args.load.retry_bad,
        folder: true,
        only_read: true,
        signature: Some(signature),
        volumes: args.raw.volumes.clone(),
        zone_minutes: args.raw.zone,
        ..Docking::default()
    };
    if matches!(task, Task::Resume(_)) {
        reopen(&station, job)?;
    }
    let progress = Progress::default();
    let (loaded, folder) = origin.load(&station, &docking, &progress)?;
    let loaded = loaded.map_err(|error| match is_disk_full(&error) {
        true => {
            let looked_at =
                rules.and_then(|rules| room::of_rest(&folder?, &rules, &settings, local).ok());
            let guess = || room::guessed(not_sent(&progress), local.data());
            let rest = looked_at.unwrap_or_else(guess);
            room::is_full(local.data(), rest, &again(args, job))
        }
        false => not_loaded(error, args, local.data(), job),
    })?;
    if args.json {
        output::json(&loaded.json())?;
    } else {
        output::data(&loaded.summary())?;
        output::data(&where_to_look(&loaded, local))?;
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

/// A job that is over with failures is resumed for what failed. Of one that cannot be, docking
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

/// A job that is resumed is what the command line says, if it says something of it. Gives what
/// its manifest says, unless it is over.
fn may_go_on(
    args: &ImportArgs,
    origin: &Origin,
    job: JobId,
    settings: &Settings,
    local: &LocalService,
) -> Result<Option<S3Import>, Failure> {
    let status = local.client()?.status(job.as_str())?;
    // Of a job that is over the station says so.
    let text = status
        .current_manifest
        .as_deref()
        .filter(|_| !status.is_over());
    let Some(text) = text else {
        return Ok(None);
    };
    let wrong = |error| Failure::new(Exit::Usage, error);
    let rules = manifest::read(text).map_err(wrong)?;
    let other = |option: &str, is: &str, said: &str| {
        let message =
            format!("import {job} has the {option} `{is}`, the command line says `{said}`");
        Err(Failure::usage(message).hint("leave it out, or begin a new import without --resume"))
    };
    match (&args.bucket, &args.prefix) {
        (Some(said), _) if *said != rules.bucket => {
            return other("bucket", rules.bucket.as_str(), said.as_str());
        }
        (_, Some(said)) if *said != rules.prefix => return other("prefix", &rules.prefix, said),
        _ => {}
    }
    if let Some(path) = &args.manifest {
        let name = origin.name();
        let options = options(args, &name, local.country());
        let filled = manifest::fill(&job::manifest_file(path)?, options).map_err(wrong)?;
        if filled.rules != rules {
            return other("manifest", "it was made with", &path.display().to_string());
        }
    }
    room::check(origin.tree(), &rules, settings, local)?;
    Ok(Some(rules))
}

/// Whoever begins anew may have forgotten what is half done.
fn mention_unfinished(
    args: &ImportArgs,
    folder: &Path,
    local: &LocalService,
) -> Result<(), Failure> {
    for job in unfinished::of_folder(local, folder)? {
        output::note(&format!(
            "Import {job} of this folder was not finished; `{}` goes on with it.",
            again(args, job)
        ));
    }
    Ok(())
}

fn create_job(
    manifest: &Filled,
    folder: &Path,
    local: &LocalService,
) -> Result<(JobId, Vec<u8>), Failure> {
    local.ensure_bucket(&manifest.rules.bucket)?;
    let created = local
        .client()?
        .create(JobType::Import, &manifest.text, false)?;
    let job = JobId::new(&created.job_id).context("the service gave no job id")?;
    let contents = created
        .signature_file_contents
        .context("the service gave no SIGNATURE")?;
    kept::keep(local.data(), job, folder, &contents)?;
    output::note(&format!("Job {job}"));
    if let Some(warning) = &created.warning_message {
        output::note(&format!("Warning  {}", output::printable(warning)));
    }
    Ok((job, contents.into_bytes()))
}

fn new_task(args: &ImportArgs, origin: &Origin, country: &Country) -> Result<Task, Failure> {
    origin.must_be_unsigned()?;
    let text = match &args.manifest {
        Some(path) => job::manifest_file(path)?,
        None => String::new(),
    };
    let name = origin.name();
    let filled = manifest::fill(&text, options(args, &name, country));
    let filled = filled.map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(Task::New(Box::new(filled)))
}

fn options<'a>(args: &'a ImportArgs, name: &'a str, country: &'a Country) -> Options<'a> {
    Options {
        bucket: args.bucket.as_ref(),
        prefix: args.prefix.as_deref(),
        device: name,
        country,
    }
}

/// A bucket that the embedded store cannot make is refused before anything else is done.
fn check_name(bucket: &BucketName, config: &Config) -> Result<(), Failure> {
    if !crate::local_service::is_embedded(config, bucket) || place::may_be_embedded(bucket) {
        return Ok(());
    }
    let message = format!(
        "`{bucket}` cannot be the name of a bucket: {}",
        place::NAMING
    );
    Err(Failure::usage(message).hint("what keys are to begin with is free: see `--prefix`"))
}

/// The folder, image or device without links in its path, so that it can be compared.
fn open_folder(path: &Path) -> Result<PathBuf, Failure> {
    let wrong = |error: std::io::Error| {
        let context = format!("could not open the folder `{}`", path.display());
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
    };
    let folder = path.canonicalize().map_err(wrong)?;
    if !raw::is_raw(&folder) {
        std::fs::read_dir(&folder).map_err(wrong)?;
    }
    Ok(folder)
}

/// The data folder grows while the folder is read: one within the other would load itself.
fn keep_apart(folder: &Path, data: &Path) -> Result<(), Failure> {
    if raw::is_raw(folder) {
        return Ok(());
    }
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

/// What was found and not sent, in bytes.
fn not_sent(progress: &Progress) -> u64 {
    let snapshot = progress.snapshot();
    snapshot.found_bytes.saturating_sub(
        snapshot.resumed_bytes
            + snapshot.unchanged_bytes
            + snapshot.sent_bytes
            + snapshot.ignored_bytes,
    )
}

/// Whether a run ended because the disk of the data folder has no room: for the store's objects, or
/// for the journal.
fn is_disk_full(error: &DockError) -> bool {
    let DockError::Stopped { why, .. } = error else {
        return false;
    };
    match why {
        Halt::Store(StoreError::Full(_)) => true,
        Halt::Journal(JournalError::Io { source, .. }) => {
            source.kind() == std::io::ErrorKind::StorageFull
        }
        _ => false,
    }
}

/// The command that goes on with a job.
fn again(args: &ImportArgs, job: JobId) -> String {
    let start = format!(
        "longshore import {} --resume {job}",
        output::word(args.folder())
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
    let raw = raw::options(&args.raw);
    let more = load.iter().chain(&raw);
    options.extend(more.map(|(name, value)| (*name, value.as_deref())));
    output::command(start, &options)
}

fn where_to_look(loaded: &Loaded, local: &LocalService) -> String {
    let report = loaded.report();
    let bucket = loaded.done.bucket.as_ref();
    let objects = bucket
        .and_then(|bucket| local.objects_of(bucket))
        .map(|folder| folder.display().to_string());
    let url = bucket
        .filter(|_| objects.is_some())
        .map(|bucket| format!("s3://{bucket}"));
    let data = format!("--data {}", output::word(local.data()));
    let look = url.as_ref().map(|url| format!("longshore ls {url} {data}"));
    let fetch = url
        .as_ref()
        .map(|url| format!("longshore get {url} FOLDER {data}"));
    let s3 = url.as_ref().and_then(|url| by_s3(local, url));
    output::fields([
        ("Report", Some(report.as_str())),
        ("Objects", objects.as_deref()),
        ("Look", look.as_deref()),
        ("Fetch", fetch.as_deref()),
        ("By S3", s3.as_deref()),
    ])
}

/// How to look at the objects with a stock client.
fn by_s3(local: &LocalService, url: &str) -> Option<String> {
    let key = server::data_dir::credentials_path(local.data());
    let list = |s3: &str| {
        let key = output::word(&key);
        format!("AWS_SHARED_CREDENTIALS_FILE={key} aws --endpoint-url {s3} s3 ls --recursive {url}")
    };
    // Another import ends, and its port is gone then.
    if local.is_served() {
        return local.s3().map(list);
    }
    let serve = format!(
        "longshore serve --data {}   then",
        output::word(local.data())
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

    #[test]
    fn a_full_disk_is_told_from_a_store_in_trouble() {
        let job = JobId::new("ABCDE").unwrap();
        let stopped = |why| DockError::Stopped {
            job,
            why,
            store: None,
        };
        let answer = |status| awshttp::Answer::new(status, "", "");
        let of_store = |status| Halt::Store(StoreError::from_answer(answer(status), None));
        assert!(is_disk_full(&stopped(of_store(507))));
        assert!(!is_disk_full(&stopped(of_store(500))));
        assert!(!is_disk_full(&stopped(Halt::Interrupted)));
        let of_journal = |kind: std::io::ErrorKind| {
            Halt::Journal(JournalError::Io {
                path: "journal".into(),
                source: kind.into(),
            })
        };
        assert!(is_disk_full(&stopped(of_journal(
            std::io::ErrorKind::StorageFull
        ))));
        assert!(!is_disk_full(&stopped(of_journal(
            std::io::ErrorKind::PermissionDenied
        ))));
    }
}
