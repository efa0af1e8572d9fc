//! Finds the report that is meant: by its file, by any of its forms, by its job, or in its bucket.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use awshttp::retry::RealTime;
use model::ids::{BucketName, JobId, ObjectKey};
use model::report::LINES_SUFFIX;
use objectstore::reading::{ReadError, Reading};
use station::scratch::Scratch;
use transfer::stop::Stop;

use crate::cli::VerifyArgs;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::scratch;

/// The name of the form for programs in a station's folder of a job.
const NAME: &str = "report.jsonl";

/// What is to be given, in words.
const GIVE: &str = "give the report that ends in .jsonl, the job's ID with --data, or \
                    s3://BUCKET/KEY.jsonl from the log bucket";

/// A report on this host.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// What it was fetched into.
    _scratch: Option<Scratch>,
}

/// Finds the report.
///
/// # Errors
/// If there is none, with what is to be given in its place.
pub(super) fn find(args: &VerifyArgs, stop: &Stop) -> Result<Found, Failure> {
    let named = args.report.to_string_lossy();
    if let Some(address) = named.strip_prefix("s3://") {
        return fetch(args, address, stop);
    }
    let data = Environment::of_process().data_folder(args.data.data.as_deref());
    let path = on_this_host(&args.report, data.as_deref())?;
    Ok(Found {
        path,
        _scratch: None,
    })
}

fn on_this_host(given: &Path, data: Option<&Path>) -> Result<PathBuf, Failure> {
    if given.is_dir() {
        let report = given.join(NAME);
        return match report.is_file() {
            true => Ok(report),
            false => Err(none(&format!("`{}` has no {NAME}", given.display()))),
        };
    }
    if given.is_file() {
        return Ok(for_programs(given));
    }
    let job = given.to_str().and_then(|text| JobId::new(text).ok());
    let (Some(job), Some(data)) = (job, data) else {
        return Err(none(&format!("there is no file `{}`", given.display())));
    };
    let folder = data.join("station").join("jobs").join(job.as_str());
    let report = folder.join(NAME);
    match report.is_file() {
        true => Ok(report),
        false => Err(none(&format!(
            "there is neither a file `{job}` nor a report of the job {job} in `{}`",
            folder.display()
        ))),
    }
}

/// The form for programs that lies beside another: `report.jsonl` beside `report.csv`,
/// `import-log-ID.jsonl` beside `import-log-ID`. The file itself if there is none.
fn for_programs(given: &Path) -> PathBuf {
    if given
        .extension()
        .is_some_and(|extension| extension == "jsonl")
    {
        return given.to_owned();
    }
    let beside = [
        given.with_extension("jsonl"),
        given.with_added_extension("jsonl"),
    ];
    let mut beside = beside.into_iter().filter(|path| path.is_file());
    beside.next().unwrap_or_else(|| given.to_owned())
}

fn none(what: &str) -> Failure {
    Failure::new(Exit::Usage, anyhow::anyhow!("{what}")).hint(GIVE)
}

/// Fetches the report from its bucket; the key may be that of any of its forms.
fn fetch(args: &VerifyArgs, address: &str, stop: &Stop) -> Result<Found, Failure> {
    let wrong = |error: anyhow::Error| Failure::new(Exit::Usage, error).hint(GIVE);
    let (bucket, key) = address
        .split_once('/')
        .ok_or_else(|| none(&format!("`s3://{address}` names no object")))?;
    let bucket = BucketName::new(bucket).map_err(|error| wrong(error.into()))?;
    let key = key.strip_suffix(".txt").unwrap_or(key);
    let key = match key.ends_with(LINES_SUFFIX) {
        true => key.to_owned(),
        false => format!("{key}{LINES_SUFFIX}"),
    };
    let key = ObjectKey::new(key).map_err(|error| wrong(error.into()))?;
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let fetched = fetch_into(&reached, &bucket, &key, stop);
    reached.close();
    fetched
}

fn fetch_into(
    reached: &ReachableStore,
    bucket: &BucketName,
    key: &ObjectKey,
    stop: &Stop,
) -> Result<Found, Failure> {
    let scratch = scratch::new("verify")?;
    let path = scratch.path().join(NAME);
    let unwritten = || format!("could not keep the report in `{}`", path.display());
    let mut file = File::create(&path).with_context(unwritten)?;
    let mut written = Ok(());
    let (store, patience) = (reached.bucket(bucket, stop)?, RealTime::new(stop.flag()));
    let read = Reading::new(&*store, key, &patience).stream(0, &mut |bytes| {
        if written.is_ok() {
            written = file.write_all(bytes);
        }
    });
    written.with_context(unwritten)?;
    match read {
        Ok(_) => Ok(Found {
            path,
            _scratch: Some(scratch),
        }),
        Err(ReadError::Stopped) => Err(Failure::new(
            Exit::Interrupted,
            anyhow::anyhow!("interrupted"),
        )),
        Err(why) => {
            let error = why.into_store_error();
            let exit = crate::image::store_exit(&error);
            let context = format!("could not read the report `{key}` of the bucket `{bucket}`");
            Err(Failure::new(exit, anyhow::Error::new(error).context(context)).hint(GIVE))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_form_of_a_report_and_its_job_lead_to_the_one_for_programs() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("station/jobs/ABCDE");
        std::fs::create_dir_all(&folder).unwrap();
        let report = folder.join(NAME);
        let find = |given: &Path| on_this_host(given, Some(data.path()));
        let failure = find(Path::new("ABCDE")).unwrap_err();
        assert!(failure.error.to_string().contains("jobs/ABCDE"));
        assert!(find(&folder).is_err());
        for name in [
            NAME,
            "report.csv",
            "report.txt",
            "import-log-ABCDE",
            "import-log-ABCDE.jsonl",
        ] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let named = |name: &str| find(&folder.join(name)).unwrap();
        for name in [NAME, "report.csv", "report.txt"] {
            assert_eq!(named(name), report);
        }
        let delivered = folder.join("import-log-ABCDE.jsonl");
        assert_eq!(named("import-log-ABCDE"), delivered);
        assert_eq!(find(Path::new("ABCDE")).unwrap(), report);
        assert_eq!(find(&folder).unwrap(), report);
        let failure = find(&folder.join("nothing.csv")).unwrap_err();
        assert!(failure.hint.unwrap().contains("s3://BUCKET/KEY.jsonl"));
        // One that stands alone is read, and says itself what is wrong with it.
        std::fs::write(data.path().join("alone.csv"), "").unwrap();
        let alone = data.path().join("alone.csv");
        assert_eq!(find(&alone).unwrap(), alone);
    }
}
