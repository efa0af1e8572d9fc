//! One pass over the device: every stretch read in order, sent if the service does not have it, and taken
//! into the sums.

use crossbeam_channel::{Receiver, Sender, bounded};
use model::image::BadRange;

use super::sums::Chains;
use super::target::ImageSink;
use super::work::{ImageRun, Stretch, Taken};
use super::{Halted, reading};

/// Stretches that may wait between two steps: most are bounded by the byte budget, zeros by this.
const AHEAD: usize = 64;

/// Passes over the device from the stretch `from` on, where `chains` are. Gives the chains at its end.
pub(crate) fn run(
    work: &ImageRun<'_>,
    target: &dyn ImageSink,
    from: u64,
    chains: Chains,
) -> Result<Chains, Halted> {
    let (hash, to_hash) = bounded(AHEAD);
    let (put, to_put) = bounded(AHEAD);
    let (read, chains) = std::thread::scope(|scope| {
        let hashing = scope.spawn(move || hash_all(work, chains, &to_hash));
        for _ in 0..work.import.settings.parallel {
            let queue: Receiver<Stretch> = to_put.clone();
            scope.spawn(move || put_all(work, target, &queue));
        }
        drop(to_put);
        let read = read_all(work, target, from, &hash, &put);
        drop((hash, put));
        let chains = hashing.join();
        (
            read,
            chains.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    read?;
    match work.import.stop.is_set() {
        true => Err(Halted),
        false => Ok(chains),
    }
}

fn read_all(
    work: &ImageRun<'_>,
    target: &dyn ImageSink,
    from: u64,
    hash: &Sender<Option<Stretch>>,
    put: &Sender<Stretch>,
) -> Result<(), Halted> {
    for index in from..work.begun.stretches() {
        let taken = work.take(target, index)?;
        // Those who listen go only after this.
        match taken {
            Taken::Send(stretch) => {
                target.prepare(work, index, stretch.is_zero)?;
                let _listening = hash.send(Some(stretch.clone()));
                let _listening = put.send(stretch);
            }
            Taken::Keep(stretch) => {
                work.count(index);
                let _listening = hash.send(Some(stretch));
            }
            Taken::Lost => {
                work.count(index);
                let _listening = hash.send(None);
            }
        }
    }
    Ok(())
}

fn hash_all(work: &ImageRun<'_>, mut chains: Chains, queue: &Receiver<Option<Stretch>>) -> Chains {
    for stretch in queue {
        // A run that stops needs no sums.
        if !work.import.stop.is_set() {
            let bytes = stretch.as_ref().map(|stretch| &stretch.bytes);
            let cores = work.import.resources.hashing();
            let _stopped = chains.push(&work.begun, &work.ledger, bytes, cores);
        }
    }
    chains
}

fn put_all(work: &ImageRun<'_>, target: &dyn ImageSink, queue: &Receiver<Stretch>) {
    for stretch in queue {
        let _stopped = work.send(target, &stretch);
    }
}

/// Asks the device once more for what it would not give, after everything else. Tells whether any of it
/// came: the sums are to be made again then, from where that is.
pub(crate) fn retry_bad(work: &ImageRun<'_>, target: &dyn ImageSink) -> Result<bool, Halted> {
    let (bad, ranges): (Vec<u64>, Vec<BadRange>) = {
        let state = work.ledger.state();
        (state.bad.keys().copied().collect(), state.bad_ranges())
    };
    reading::retry(work.rescue, &ranges, work.import.stop)?;
    let mut came = false;
    for index in bad {
        if let Taken::Send(stretch) = work.take(target, index)? {
            target.prepare(work, index, stretch.is_zero)?;
            work.send(target, &stretch)?;
            came = true;
        }
    }
    Ok(came)
}

/// Does `act` with each of `items`, many at once. The first that fails ends it.
pub(crate) fn each<T: Send + Sync>(
    work: &ImageRun<'_>,
    items: &[T],
    act: impl Fn(&T) -> Result<(), Halted> + Sync,
) -> Result<(), Halted> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let one = || -> Result<(), Halted> {
        loop {
            let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            match items.get(index) {
                Some(_) if work.import.stop.is_set() => return Err(Halted),
                Some(item) => act(item)?,
                None => return Ok(()),
            }
        }
    };
    std::thread::scope(|scope| {
        let count = work.import.settings.parallel.min(items.len());
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .fold(Ok(()), Result::and)
    })
}
