//! Independent work side by side, one piece on each core.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, bail};

/// Does `work` with each of `pieces`, in their order, as many at once as there are cores; the result is whether
/// each was right. A piece that is wrong keeps no other from being done.
///
/// # Errors
/// The first of those that could not be done at all.
pub(crate) fn each<T: Sync>(
    pieces: &[T],
    work: impl Fn(&T) -> Result<bool> + Sync,
) -> Result<bool> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<bool> {
        let mut right = true;
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = work(piece)?;
            right &= done;
        }
        Ok(right)
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let results: Vec<Result<bool>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(pieces.len()))
            .map(|_| scope.spawn(worker))
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| bail!("what was done side by side has panicked"))
            })
            .collect()
    });
    results
        .into_iter()
        .try_fold(true, |right, result| Ok(right & result?))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_piece_is_done_once_and_one_wrong_is_wrong() {
        let pieces: Vec<u32> = (0..100).collect();
        let done = Mutex::new(Vec::new());
        let all = |wrong: u32| {
            each(&pieces, |&piece| {
                done.lock().unwrap().push(piece);
                Ok(piece != wrong)
            })
        };
        assert!(!all(31).unwrap());
        assert!(all(100).unwrap());
        let mut done = done.into_inner().unwrap();
        done.sort_unstable();
        let twice: Vec<u32> = pieces.iter().flat_map(|&piece| [piece, piece]).collect();
        assert_eq!(done, twice);
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let result = each(&[1, 2, 3], |piece| match piece {
            2 => bail!("two"),
            _ => Ok(true),
        });
        assert_eq!(result.unwrap_err().to_string(), "two");
        assert!(each(&[(); 0], |()| Ok(false)).unwrap(), "nothing is right");
    }
}
