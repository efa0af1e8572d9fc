//! `longshore job photograph`, `unpack`, `seal` and `correct`: what people tell of a device that changes nothing of its job.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use lanes::Sha256;
use model::operator::custody::{Belonging, Correct, Photograph, Remarked, Seal, Unpack};

use crate::cli::{CorrectArgs, FoundInside, PhotographArgs, SealArgs, SealState, UnpackArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Bytes of a picture that are read at once.
const PIECE: usize = 64 * 1024;

/// Tells what a picture is known by.
///
/// # Errors
/// If it cannot be read, the operation is refused, or the service cannot be asked.
pub(super) fn photograph(args: &PhotographArgs) -> Result<Exit, Failure> {
    let file = &args.file;
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| anyhow!("`{}` has no name that is text", file.display()))?;
    let (bytes, sha256) =
        summed(file).with_context(|| format!("could not read `{}`", file.display()))?;
    let message = Photograph {
        of: args.of,
        name: name.to_owned(),
        bytes,
        sha256: sha256.parse().context("a SHA-256 has 64 digits")?,
        media_type: media_type(name).to_owned(),
    };
    let path = format!("jobs/{}/photograph", args.job);
    let told: Remarked = Way::open(&args.store)?.post(&path, &message)?;
    match args.json {
        true => output::json(&told)?,
        false => output::note(&format!(
            "The receipt of job {} names the picture. Keep the file: only its SHA-256 is in the receipt.",
            args.job
        )),
    }
    Ok(Exit::Ok)
}

/// Tells what was in the parcel of a device.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn unpack(args: &UnpackArgs) -> Result<Exit, Failure> {
    let is_nothing = args.found.contains(&FoundInside::Nothing);
    if is_nothing && args.found.len() > 1 {
        return Err(Failure::usage(
            "`--found nothing` stands alone: something was in the parcel, or nothing was",
        ));
    }
    let found = args.found.iter().filter_map(|found| match found {
        FoundInside::Device => Some(Belonging::Device),
        FoundInside::PowerSupply => Some(Belonging::PowerSupply),
        FoundInside::Cable => Some(Belonging::Cable),
        FoundInside::Slip => Some(Belonging::Slip),
        FoundInside::Nothing => None,
    });
    let message = Unpack {
        found: found.collect(),
        seal_intact: args.seal.map(|seal| seal == SealState::Whole),
    };
    let path = format!("jobs/{}/unpack", args.job);
    let told: Remarked = Way::open(&args.store)?.post(&path, &message)?;
    let job = args.job;
    match (args.json, args.found.contains(&FoundInside::Device)) {
        (true, _) => output::json(&told)?,
        (false, true) => output::note(&format!("The receipt of job {job} says it.")),
        (false, false) => output::note(&format!(
            "The receipt of job {job} says that its device was not there. Nothing else was changed: if it does not come, \
             `longshore job abort {job} --as MissingDevice --because TEXT` ends the job."
        )),
    }
    Ok(Exit::Ok)
}

/// Tells under which seal a device goes back.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn seal(args: &SealArgs) -> Result<Exit, Failure> {
    let message = Seal {
        seal: args.seal.clone(),
        r#box: args.r#box.clone(),
    };
    let path = format!("jobs/{}/seal", args.job);
    let told: Remarked = Way::open(&args.store)?.post(&path, &message)?;
    match args.json {
        true => output::json(&told)?,
        false => output::note(&format!("The receipt of job {} names the seal.", args.job)),
    }
    Ok(Exit::Ok)
}

/// Tells that something was told wrongly.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn correct(args: &CorrectArgs) -> Result<Exit, Failure> {
    let message = Correct {
        of: args.event,
        says: args.says.clone(),
        because: args.because.clone(),
    };
    let path = format!("jobs/{}/correct", args.job);
    let told: Remarked = Way::open(&args.store)?.post(&path, &message)?;
    match args.json {
        true => output::json(&told)?,
        false => output::note(&format!(
            "What event {} of job {} says is corrected. It stays in the receipt, and so does this.",
            args.event, args.job
        )),
    }
    Ok(Exit::Ok)
}

/// Size and SHA-256 of a file.
fn summed(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut sha256, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((bytes, hex::encode(sha256.finish())));
        }
        sha256.update(&piece[..read]);
        bytes += read as u64;
    }
}

/// What a picture is, by its name.
fn media_type(name: &str) -> &'static str {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("heic" | "heif") => "image/heic",
        Some("webp") => "image/webp",
        Some("tif" | "tiff") => "image/tiff",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_size_and_sum() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("box.JPG");
        std::fs::write(&file, "abc").unwrap();
        let (bytes, sum) = summed(&file).unwrap();
        assert_eq!(bytes, 3);
        assert!(sum.starts_with("ba7816bf8f01cfea"), "{sum}");
        assert_eq!(media_type("box.JPG"), "image/jpeg");
        assert_eq!(media_type("box"), "application/octet-stream");
    }
}
