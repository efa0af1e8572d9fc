//! Proof beyond the service's word: what it has is read back and compared, if that is wanted.

use std::sync::{Mutex, PoisonError};

use model::proof;

use super::Halted;
use super::pass::each;
use super::target::ReadBack;
use super::work::ImageRun;

/// Of so many stretches or objects one is read back when sampled.
const SAMPLE: u64 = 100;

/// How many of them there are for each that is read back; `None` if none is.
pub(crate) fn one_in(work: &ImageRun<'_>) -> Option<u64> {
    match work.import.attempt.read_back {
        proof::ReadBack::Off => None,
        proof::ReadBack::Sampled => Some(SAMPLE),
        proof::ReadBack::Full => Some(1),
    }
}

/// Compares `items`, many at once; `differs` tells in words what is wrong with one. `are_all` says
/// whether there is nothing of the image beside them.
pub(crate) fn compare<T: Send + Sync>(
    work: &ImageRun<'_>,
    items: &[T],
    are_all: bool,
    differs: impl Fn(&T) -> Result<Option<String>, Halted> + Sync,
) -> Result<ReadBack, Halted> {
    let difference = Mutex::new(None);
    each(work, items, |item| {
        if let Some(what) = differs(item)? {
            *difference.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
        }
        Ok(())
    })?;
    let difference = difference.into_inner();
    Ok(match difference.unwrap_or_else(PoisonError::into_inner) {
        Some(what) => ReadBack::Differs(what),
        None if are_all => ReadBack::Same,
        None => ReadBack::Partly,
    })
}
