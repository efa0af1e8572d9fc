//! `longshore image`: what is done with the image of a device once it is in objects.

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use model::ids::{BucketName, ObjectKey};
use model::image::index::Index;
use objectstore::{Bucket, StoreError};
use serde::Serialize;
use transfer::image::restore::{Output, OutputError, Overwrite, Restore, RestoreError, Restored};
use transfer::progress::Progress;
use transfer::stop::Stop;

use crate::cli::{ImageCommand, RestoreArgs};
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::{interrupt, output, progress_bar};

/// Longest index that is read, in bytes: one of 64 TiB has some 16 MB.
const INDEX_BYTES: u64 = 256 << 20;

/// Runs a `longshore image` command.
///
/// # Errors
/// If the image cannot be rebuilt.
pub(crate) fn run(command: &ImageCommand) -> Result<Exit, Failure> {
    match command {
        ImageCommand::Restore(args) => restore(args),
    }
}

/// Where an index lies.
#[derive(Debug, PartialEq, Eq)]
enum IndexPlace {
    File,
    Key(ObjectKey),
}

fn restore(args: &RestoreArgs) -> Result<Exit, Failure> {
    let (bucket, place) = find(args)?;
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let opened = reached.bucket(&bucket, &stop);
    let restored = opened.and_then(|bucket| rebuild(args, &*bucket, &place, &stop));
    let (index, restored, time) = restored?;
    match args.json {
        true => output::json(&summary(&index, &restored, time))?,
        false => output::data(&text(&index, &restored, time))?,
    }
    reached.close();
    Ok(Exit::Ok)
}

/// The bucket of the objects, and where the index lies.
fn find(args: &RestoreArgs) -> Result<(BucketName, IndexPlace), Failure> {
    let wrong = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    let key = |text: &str| {
        let key = ObjectKey::new(text).map_err(|error| wrong(error.into()))?;
        Ok::<_, Failure>(IndexPlace::Key(key))
    };
    if let Some(address) = args.index.strip_prefix("s3://") {
        let (bucket, name) = address.split_once('/').unwrap_or((address, ""));
        let bucket = BucketName::new(bucket).map_err(|error| wrong(error.into()))?;
        return Ok((args.bucket.clone().unwrap_or(bucket), key(name)?));
    }
    let Some(bucket) = args.bucket.clone() else {
        let error = anyhow::anyhow!("the bucket of the objects is not named");
        return Err(wrong(error).hint("name it with --bucket, or the index as s3://BUCKET/KEY"));
    };
    match Path::new(&args.index).is_file() {
        true => Ok((bucket, IndexPlace::File)),
        false => Ok((bucket, key(&args.index)?)),
    }
}

fn rebuild(
    args: &RestoreArgs,
    bucket: &dyn Bucket,
    place: &IndexPlace,
    stop: &Stop,
) -> Result<(Index, Restored, Duration), Failure> {
    let index = read_index(args, bucket, place)?;
    let overwrite = match args.force {
        true => Overwrite::Allowed,
        false => Overwrite::Never,
    };
    let output = Output::open(&args.output, index.bytes, overwrite).map_err(unusable)?;
    let progress = Progress::default();
    let restore = Restore {
        index: &index,
        bucket,
        parallel: args.reach.parallel.into(),
        progress: &progress,
        stop,
    };
    let begun = Instant::now();
    let restored = progress_bar::beside(&progress, || restore.run(output)).map_err(failure)?;
    Ok((index, restored, begun.elapsed()))
}

fn read_index(
    args: &RestoreArgs,
    bucket: &dyn Bucket,
    place: &IndexPlace,
) -> Result<Index, Failure> {
    let name = &args.index;
    let mut text = Vec::new();
    match place {
        IndexPlace::File => {
            let file = std::fs::File::open(name);
            let read = file.and_then(|file| file.take(INDEX_BYTES).read_to_end(&mut text));
            read.with_context(|| format!("could not read the index `{name}`"))
                .map_err(|error| Failure::new(Exit::Usage, error))?;
        }
        IndexPlace::Key(key) => {
            let unread = |error: StoreError| {
                let exit = store_exit(&error);
                let context = format!("could not read the index `{key}`");
                Failure::new(exit, anyhow::Error::new(error).context(context))
            };
            let download = bucket.get(key, None).map_err(unread)?;
            let read = download.body.take(INDEX_BYTES).read_to_end(&mut text);
            read.map_err(|error| unread(StoreError::while_reading(error)))?;
        }
    }
    Index::parse(&text).map_err(|error| {
        let context = format!("could not use the index `{name}`");
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
    })
}

/// What is not there was named wrongly; anything else is the store's trouble.
pub(crate) fn store_exit(error: &StoreError) -> Exit {
    match error {
        StoreError::NoSuchKey(_) | StoreError::NoSuchBucket(_) => Exit::Usage,
        _ => Exit::Unavailable,
    }
}

fn unusable(error: OutputError) -> Failure {
    let (exit, hint) = match &error {
        OutputError::Exists(_) => (Exit::Refused, "--force overwrites it"),
        OutputError::InUse(_) | OutputError::Used { .. } => (Exit::Refused, "unmount it first"),
        OutputError::TooSmall { .. } | OutputError::Unsuited(_) => (Exit::Refused, ""),
        OutputError::Io { .. } => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}

fn failure(error: RestoreError) -> Failure {
    let is_archived = |error: &StoreError| {
        let answer = error.answer();
        answer.is_some_and(|answer| answer.code == "InvalidObjectState")
    };
    let (exit, hint) = match error {
        RestoreError::Output(error) => return unusable(error),
        RestoreError::Store { ref source, .. } if is_archived(source) => (
            Exit::Unavailable,
            "it lies in an archive class: restore it there first, with the store's own tools",
        ),
        RestoreError::Store { .. } => (Exit::Unavailable, ""),
        RestoreError::Differs { .. } => (Exit::Differs, ""),
        RestoreError::Interrupted => (Exit::Interrupted, ""),
    };
    Failure::new(exit, error).hint(hint)
}

/// What `--json` prints.
#[derive(Serialize)]
struct ImageJson<'a> {
    job: &'a str,
    device_id: &'a str,
    bytes: u64,
    fetched_bytes: u64,
    objects_proved: u64,
    objects_without_sum: u64,
    whole_proved: bool,
    sha256: Option<&'a str>,
    bad_ranges: &'a [model::image::BadRange],
    seconds: f64,
}

fn summary<'a>(index: &'a Index, restored: &Restored, time: Duration) -> ImageJson<'a> {
    ImageJson {
        job: index.job.as_str(),
        device_id: &index.device_id,
        bytes: restored.bytes,
        fetched_bytes: restored.fetched,
        objects_proved: restored.proved,
        objects_without_sum: restored.unproved,
        whole_proved: restored.whole,
        sha256: index.sha256.as_deref(),
        bad_ranges: &index.bad_ranges,
        seconds: time.as_secs_f64(),
    }
}

fn text(index: &Index, restored: &Restored, time: Duration) -> String {
    let mut text = format!(
        "Rebuilt the image of {} ({}) from job {} in {}, {}.\n",
        output::printable(&index.device_id),
        output::bytes(restored.bytes),
        index.job,
        output::span(time),
        output::rate(restored.bytes, time)
    );
    text.push_str(match restored.whole {
        true => "Its SHA-256 is that of the index.\n",
        false => "The index has no SHA-256 of the whole image.\n",
    });
    if restored.unproved > 0 {
        let objects = output::count(restored.unproved, "object");
        text.push_str(&format!("The index has no SHA-256 of {objects}.\n"));
    }
    if !index.bad_ranges.is_empty() {
        let bytes = index.bad_ranges.iter().map(|range| range.bytes).sum();
        text.push_str(&format!(
            "{} of the device could not be read and are zeros in it.\n",
            output::bytes(bytes)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn args(line: &[&str]) -> RestoreArgs {
        let start = ["longshore", "image", "restore", "-o", "out"];
        let cli = crate::cli::Cli::try_parse_from(start.iter().chain(line)).unwrap();
        match cli.command {
            crate::cli::Command::Image(ImageCommand::Restore(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_index_is_named_as_address_key_or_file() {
        let key = |text: &str| IndexPlace::Key(ObjectKey::new(text).unwrap());
        let bucket = |text: &str| BucketName::new(text).unwrap();
        for (line, found) in [
            (
                &["s3://logs/p/image.index"][..],
                (bucket("logs"), key("p/image.index")),
            ),
            (
                &["s3://logs/i", "-b", "copy"][..],
                (bucket("copy"), key("i")),
            ),
            (
                &["p/image.index", "-b", "logs"][..],
                (bucket("logs"), key("p/image.index")),
            ),
            (
                &["Cargo.toml", "-b", "logs"][..],
                (bucket("logs"), IndexPlace::File),
            ),
        ] {
            assert_eq!(find(&args(line)).ok(), Some(found));
        }
        for line in [
            &["p/image.index"][..],
            &["s3://logs"][..],
            &["s3://L!/k"][..],
        ] {
            assert_eq!(find(&args(line)).unwrap_err().exit, Exit::Usage);
        }
    }
}
