//! `longshore job`: what a customer does with jobs, through the public API of any endpoint.

pub(crate) mod abort;
mod all;
mod answers;
mod artifacts;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod credentials;
mod device;
mod failed;
mod follow;
mod hold;
mod list;
mod receipt;
mod remarks;
mod sealing;
pub(crate) mod secret;
mod show;
pub(crate) mod signature_file;
mod watch;
mod without;

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use model::ids::{JobId, JobType};
use model::manifest::{Manifest, mistaken};
use model::{limits, written};

use crate::cli::{ApiArgs, CreateArgs, JobCommand, ManifestArgs, UpdateArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use answers::Created;
use connection::{connect, connect_or_start};
use signature_file::{Overwrite, SignError};

/// Runs a `longshore job` command.
///
/// # Errors
/// What the API refuses, and what keeps us from asking it.
pub(crate) fn run(command: &JobCommand) -> Result<Exit, Failure> {
    match command {
        JobCommand::Create(args) => create(args),
        JobCommand::Update(args) => update(args),
        JobCommand::Cancel { job, api } => cancel(job, api),
        JobCommand::List(args) if args.all => all::list(args),
        JobCommand::List(args) => list(args.max, &args.api),
        JobCommand::History(args) => all::history(args),
        JobCommand::Watch(args) => follow::follow(args),
        JobCommand::Manifest(args) => failed::manifest(args),
        JobCommand::Failed(args) => failed::failed(args),
        JobCommand::Rates(args) => all::rates(args),
        JobCommand::Tag {
            job,
            output,
            server,
        } => all::tag(*job, output, server),
        JobCommand::Receipt(args) => receipt::receipt(args),
        JobCommand::Photograph(args) => remarks::photograph(args),
        JobCommand::Unpack(args) => remarks::unpack(args),
        JobCommand::Seal(args) => remarks::seal(args),
        JobCommand::Correct(args) => remarks::correct(args),
        JobCommand::Status {
            job,
            watch: false,
            api,
        } => status(job, api),
        JobCommand::Status {
            job,
            watch: true,
            api,
        } => watch::watch(job, api),
        JobCommand::Sign {
            job,
            device,
            force,
            api,
        } => sign(job, device, Overwrite::from_flag(*force), api),
        JobCommand::Secret(args) => secret::of_customer(args),
        JobCommand::Release(args) => device::release(args),
        JobCommand::Object(args) => device::object(args),
        JobCommand::Abort(args) => abort::abort(args),
        JobCommand::Retry { job, server } => abort::retry(*job, server),
        JobCommand::Hold(args) => hold::hold(args),
        JobCommand::Resume { job, server } => hold::resume(*job, server),
        JobCommand::GiveUp(args) => hold::give_up(args),
        JobCommand::FinishWithout(args) => without::finish_without(args),
        JobCommand::Label(args) => artifacts::label(args),
        JobCommand::Artifacts(args) => artifacts::artifacts(args),
    }
}

fn create(args: &CreateArgs) -> Result<Exit, Failure> {
    let manifest = read_manifest(&args.manifest)?;
    let overwrite = Overwrite::from_flag(args.force);
    if let Some(device) = &args.sign {
        signature_file::check(device, None, overwrite).map_err(cannot_sign)?;
    }
    let kind = job_type(&args.manifest, &manifest);
    if args.sign.is_some() && is_image(&manifest, kind) {
        return Err(no_signature().hint(
            "leave out `--sign`; `longshore job artifacts JOBID --output DIR` gets the sheet",
        ));
    }
    let client = connect(&args.api)?;
    let manifest = match sealing::recipient(&args.seal, &client)? {
        Some(recipient) => sealing::manifest(&manifest, kind, &recipient)?,
        None => manifest,
    };
    let created = client.create(kind, &manifest, args.manifest.validate_only)?;
    let signed = match &args.sign {
        Some(device) => write_signature(device, &created, overwrite),
        None => Ok(()),
    };
    if args.api.json {
        output::json(&created)?;
    } else {
        tell_created(&created, args, &manifest)?;
    }
    signed.map(|()| Exit::Ok)
}

/// What a job does: as its maker says, else as its manifest does.
fn job_type(args: &ManifestArgs, manifest: &str) -> JobType {
    args.job_type
        .or_else(|| Manifest::likely_type(manifest))
        .unwrap_or(JobType::Import)
}

fn tell_created(created: &Created, args: &CreateArgs, manifest: &str) -> Result<(), Failure> {
    output::data(&show::created(created))?;
    if args.manifest.validate_only {
        output::note("The manifest is good. No job was made.");
    } else if is_image(manifest, job_type(&args.manifest, manifest)) {
        let job = &created.job_id;
        output::note(&format!(
            "\nThe image of the device is taken, so it carries no file: print its sheet and put it \
             with the device. `longshore job artifacts {job} --output DIR` gets it. What a scanner \
             reads from it:\n"
        ));
        let signature = created.signature.as_deref().unwrap_or_default();
        output::data(&format!("{job}:{signature}\n"))?;
    } else if args.sign.is_none() {
        output::note("\nPut this into a file named SIGNATURE in the root of the device:\n");
        output::data(
            created
                .signature_file_contents
                .as_deref()
                .unwrap_or_default(),
        )?;
    }
    Ok(())
}

/// Whether the job takes the image of a device, so that no file on it is looked at.
fn is_image(manifest: &str, job_type: JobType) -> bool {
    matches!(
        Manifest::parse_accepted(manifest, job_type),
        Ok(Manifest::EbsImport(_) | Manifest::GlacierImport(_))
    )
}

fn write_signature(device: &Path, created: &Created, overwrite: Overwrite) -> Result<(), Failure> {
    let job = &created.job_id;
    let contents = created
        .signature_file_contents
        .as_deref()
        .unwrap_or_default();
    // Asked before the job was made; what has come since is not ours to replace.
    let written = signature_file::write(device, JobId::new(job).ok(), contents, overwrite);
    let path = written.map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("job {job} is made, but not signed"));
        Failure::new(Exit::Error, error).hint(format!(
            "`longshore job sign {job} DEVICE_PATH` writes the SIGNATURE again"
        ))
    })?;
    output::note(&format!("Wrote {}", path.display()));
    Ok(())
}

fn update(args: &UpdateArgs) -> Result<Exit, Failure> {
    let manifest = read_manifest(&args.manifest)?;
    let kind = job_type(&args.manifest, &manifest);
    let validate_only = args.manifest.validate_only;
    let client = connect(&args.api)?;
    let manifest = match sealing::recipient(&args.seal, &client)? {
        Some(recipient) => sealing::manifest(&manifest, kind, &recipient)?,
        None => manifest,
    };
    let updated = client.update(&args.job, kind, &manifest, validate_only)?;
    if args.api.json {
        output::json(&updated)?;
    } else {
        output::data(&show::updated(&updated))?;
        output::note(&match validate_only {
            true => "The manifest is good. The job was not changed.".to_owned(),
            false => format!("Job {} has the new manifest.", args.job),
        });
    }
    Ok(success(updated.success))
}

fn cancel(job: &str, api: &ApiArgs) -> Result<Exit, Failure> {
    let canceled = connect(api)?.cancel(job)?;
    if api.json {
        output::json(&canceled)?;
    } else {
        output::note(&format!("Job {job} is canceled."));
    }
    Ok(success(canceled.success))
}

fn success(success: bool) -> Exit {
    if success { Exit::Ok } else { Exit::Refused }
}

fn list(max: Option<usize>, api: &ApiArgs) -> Result<Exit, Failure> {
    let client = connect_or_start(api)?;
    let jobs = list::ask(&client, client.list(max)?)?;
    if api.json {
        output::json(&serde_json::json!({ "Jobs": jobs }))?;
    } else {
        output::data(&list::table(&jobs))?;
        if let Some(note) = list::unasked(&jobs) {
            output::note(&note);
        }
    }
    Ok(Exit::Ok)
}

fn status(job: &str, api: &ApiArgs) -> Result<Exit, Failure> {
    let status = connect_or_start(api)?.status(job)?;
    if api.json {
        output::json(&status)?;
    } else {
        output::data(&show::status(&status))?;
    }
    Ok(Exit::Ok)
}

fn sign(job: &str, device: &Path, overwrite: Overwrite, api: &ApiArgs) -> Result<Exit, Failure> {
    let id = JobId::new(job).ok();
    signature_file::check(device, id, overwrite).map_err(cannot_sign)?;
    let status = connect(api)?.status(job)?;
    if status.is_over() {
        let code = status.progress_code.as_deref().unwrap_or("over");
        return Err(Failure::refused(format!(
            "job {job} is over ({code}): its device would not be loaded"
        ))
        .hint("make a new job with `longshore job create`"));
    }
    let kind = status.job_type.as_deref().and_then(JobType::parse);
    let manifest = status.current_manifest.as_deref().unwrap_or_default();
    if is_image(manifest, kind.unwrap_or(JobType::Import)) {
        return Err(no_signature().hint(format!(
            "`longshore job artifacts {job} --output DIR` gets the sheet"
        )));
    }
    let contents = status.signature_file_contents.as_deref();
    let contents = contents.with_context(|| format!("the service gives no SIGNATURE for {job}"))?;
    let path = signature_file::write(device, id, contents, overwrite).map_err(cannot_sign)?;
    if api.json {
        output::json(&status)?;
    }
    output::note(&format!("Wrote {}", path.display()));
    Ok(Exit::Ok)
}

/// Nobody mounts a device whose image is taken, so no file on it is looked at.
fn no_signature() -> Failure {
    Failure::refused("a device that is taken as an image carries a sheet, no SIGNATURE")
}

fn cannot_sign(error: SignError) -> Failure {
    let (exit, hint) = match &error {
        SignError::NoFolder(_) => (Exit::Usage, "mount the device and name the mount point"),
        SignError::Foreign { .. } | SignError::Unknown(_) => (
            Exit::Refused,
            "is it the right device? `--force` replaces the file",
        ),
        SignError::NoFile(_) => (Exit::Refused, ""),
        SignError::Io { .. } => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}

fn read_manifest(args: &ManifestArgs) -> Result<String, Failure> {
    let path = &args.manifest;
    let read = if path.as_os_str() == "-" {
        read_text(std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(read_text)
    };
    read.map_err(|error| cannot_read(path, error))
}

/// Reads a manifest from a file.
///
/// # Errors
/// If it cannot be read, or is longer than any manifest may be.
pub(crate) fn manifest_file(path: &Path) -> Result<String, Failure> {
    std::fs::File::open(path)
        .and_then(read_text)
        .map_err(|error| cannot_read(path, error))
}

fn cannot_read(path: &Path, error: std::io::Error) -> Failure {
    let context = format!("could not read the manifest `{}`", path.display());
    Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
}

fn read_text(from: impl std::io::Read) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    // Twice: what editors of Windows write takes two bytes a letter.
    let limit = u64::try_from(2 * limits::MANIFEST_BYTES).unwrap_or(u64::MAX);
    from.take(limit + 1).read_to_end(&mut bytes)?;
    let text =
        written::decode(&bytes).map_err(|error| match mistaken::recognise_bytes(&bytes) {
            Some(told) => std::io::Error::other(told),
            None => std::io::Error::other(error),
        })?;
    if text.len() > limits::MANIFEST_BYTES {
        let message = format!("it has more than {} bytes", limits::MANIFEST_BYTES);
        return Err(std::io::Error::other(message));
    }
    Ok(text)
}
