//! What is kept of an import so that it can be resumed: its SIGNATURE, and of which folder it
//! is. Both lie beside the job's journal.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::ids::JobId;
use model::limits;
use model::plan::SIGNATURE_NAME;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// Name and version of the format of `import.json`.
const FORMAT: &str = "longshore-import-1";

/// `import.json`: of which folder the import is.
#[derive(Debug, Serialize, Deserialize)]
struct ImportFile {
    format: String,
    /// Without links in it; bytes that are not UTF-8 replaced.
    folder: String,
}

/// Where a job's journal is, and what is kept of its import.
pub(crate) fn job_folder(data: &Path, job: JobId) -> PathBuf {
    data.join("station").join("jobs").join(job.as_str())
}

/// Keeps what a later command needs to go on.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn keep(data: &Path, job: JobId, folder: &Path, signature: &str) -> Result<(), Failure> {
    let place = job_folder(data, job);
    let import = ImportFile {
        format: FORMAT.to_owned(),
        folder: text(folder),
    };
    std::fs::create_dir_all(&place)
        .and_then(|()| Ok(serde_json::to_vec_pretty(&import)?))
        .and_then(|import| durable::replace(&place.join("import.json"), &import))
        .and_then(|()| durable::replace(&place.join(SIGNATURE_NAME), signature.as_bytes()))
        .with_context(|| format!("could not write to `{}`", place.display()))?;
    Ok(())
}

/// Finds the SIGNATURE of an import of `folder`.
///
/// # Errors
/// If there is no such import, or it is of another folder: its journal says nothing about this one.
pub(crate) fn find(data: &Path, job: JobId, folder: &Path) -> Result<Vec<u8>, Failure> {
    let place = job_folder(data, job);
    let none = |error: std::io::Error| {
        let context = format!(
            "there is no import {job} to go on with in `{}`",
            data.display()
        );
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
    };
    let import = read_limited(&place.join("import.json")).map_err(none)?;
    let import: ImportFile = serde_json::from_slice(&import).map_err(|e| none(e.into()))?;
    if import.folder != text(folder) {
        let message = format!(
            "import {job} is of `{}`, not of `{}`",
            import.folder,
            text(folder)
        );
        return Err(Failure::refused(message));
    }
    read_limited(&place.join(SIGNATURE_NAME)).map_err(none)
}

/// Every import that was begun on a data folder, and of which folder it is; in the order of the jobs.
///
/// # Errors
/// The system's. What is no import, or cannot be read, is passed over.
pub(crate) fn all(data: &Path) -> std::io::Result<Vec<(JobId, String)>> {
    let jobs = match std::fs::read_dir(data.join("station").join("jobs")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        jobs => jobs?,
    };
    let mut found = Vec::new();
    for job in jobs {
        let place = job?.path();
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let import = read_limited(&place.join("import.json"))
            .ok()
            .and_then(|text| serde_json::from_slice::<ImportFile>(&text).ok());
        found.extend(
            JobId::new(&name)
                .ok()
                .zip(import.map(|import| import.folder)),
        );
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether a folder as it was kept is this one.
pub(crate) fn is_of(kept: &str, folder: &Path) -> bool {
    kept == text(folder)
}

/// Reads a file that ought to be short.
///
/// # Errors
/// As the system gives them.
pub(crate) fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Paths have at most 4096 bytes, which JSON may write six times as long.
    let limit = limits::SIGNATURE_FILE_BYTES * 8;
    std::fs::File::open(path)?
        .take(limit)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_found_again_for_the_same_folder_only() {
        let data = tempfile::tempdir().unwrap();
        let (job, other) = (JobId::new("ABCDE").unwrap(), JobId::new("ZZZZZ").unwrap());
        keep(data.path(), job, Path::new("/disk 1"), "contents").unwrap();
        assert_eq!(
            find(data.path(), job, Path::new("/disk 1")).unwrap(),
            b"contents"
        );
        let wrong_folder = find(data.path(), job, Path::new("/disk 2")).unwrap_err();
        assert_eq!(wrong_folder.exit, Exit::Refused);
        let wrong_job = find(data.path(), other, Path::new("/disk 1")).unwrap_err();
        assert_eq!(wrong_job.exit, Exit::Usage);
        std::fs::create_dir(data.path().join("station/jobs/odd")).unwrap();
        assert_eq!(all(data.path()).unwrap(), [(job, "/disk 1".to_owned())]);
        assert!(is_of("/disk 1", Path::new("/disk 1")));
        assert_eq!(all(&data.path().join("none")).unwrap(), []);
    }
}
