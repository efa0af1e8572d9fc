//! The files that a receipt names, where they lie beside it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use custody::digest::Digest;
use custody::verify::Receipt;
use lanes::Sha256;

use super::differs;
use crate::exit::{Exit, Failure};
use crate::output;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// Compares what lies in a folder with what the receipt names, and says how much that was.
///
/// # Errors
/// If a file is another one, or none is there.
pub(super) fn compared(receipt: &Receipt, folder: &Path) -> Result<String, Failure> {
    let named = receipt.files();
    let mut same = 0;
    for (name, expected) in &named {
        let path = folder.join(name.as_str());
        let Some(found) = digest(&path)? else {
            continue;
        };
        if found != *expected {
            return Err(differs(anyhow!(
                "`{}` has the SHA-256 {found}, and the receipt says {expected}",
                path.display()
            )));
        }
        same += 1;
    }
    if same == 0 && !named.is_empty() {
        return Err(differs(anyhow!(
            "none of the {} that the receipt names is in `{}`",
            output::count(named.len() as u64, "file"),
            folder.display()
        )));
    }
    Ok(format!(
        "{same} of {} that it names are in `{}`, each as it says",
        named.len(),
        folder.display()
    ))
}

/// The SHA-256 of a file. `None` if there is none.
fn digest(path: &Path) -> Result<Option<Digest>, Failure> {
    match sum(path) {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let read = Err(error).with_context(|| format!("could not read `{}`", path.display()));
            read.map_err(|error| Failure::new(Exit::Usage, error))
        }
    }
}

/// The SHA-256 of a file.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn sum(path: &Path) -> io::Result<Digest> {
    // A pipe would be waited for.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut file = File::open(path)?;
    let (mut block, mut sha256) = (vec![0; BLOCK], Sha256::new());
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Digest::new(sha256.finish())),
            count => sha256.update(&block[..count]),
        }
    }
}
