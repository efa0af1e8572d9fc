//! `longshore rm`: removes objects, and asks before it removes several.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, anyhow};
use model::ids::ObjectKey;
use objects::Bucket;
use serde::Serialize;
use station::stop::Stop;

use super::{First, each, interrupted, next, store_failure};
use crate::cli::RmArgs;
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::reach::Reached;
use crate::{interrupt, output};

/// Removes.
///
/// # Errors
/// Why not all was removed.
pub(crate) fn run(args: &RmArgs) -> Result<Exit, Failure> {
    check(args)?;
    let stop = Stop::default();
    let reached = Reached::open(&args.reach, &args.data)?;
    let removed = remove(args, &reached, &stop);
    reached.close();
    let summary = removed?;
    if args.json {
        output::json(&summary)?;
    } else {
        output::note(&summary.text());
    }
    Ok(match summary.missing {
        0 => Exit::Ok,
        _ => Exit::SomeFailed,
    })
}

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Summary {
    removed: u64,
    bytes: u64,
    /// Keys that were named and are not there.
    missing: u64,
}

impl Summary {
    fn text(&self) -> String {
        let removed = output::count(self.removed, "object");
        format!("Removed {removed} ({}).", output::bytes(self.bytes))
    }
}

/// A bucket named without --recursive is a slip that must not cost anything.
fn check(args: &RmArgs) -> Result<(), Failure> {
    let whole = args.places.iter().find(|place| place.key.is_empty());
    match whole {
        Some(place) if !args.recursive => {
            let message = format!("`{}` names a bucket and no object", place.bucket);
            Err(Failure::usage(message).hint("--recursive removes everything in it"))
        }
        _ => Ok(()),
    }
}

/// What is to be removed, as it was found.
struct Doomed<'a> {
    place: &'a Place,
    bucket: Box<dyn Bucket>,
    objects: u64,
    bytes: u64,
}

fn remove(args: &RmArgs, reached: &Reached, stop: &Stop) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let mut doomed = Vec::new();
    for place in &args.places {
        let bucket = reached.bucket(&place.bucket, stop)?;
        let (objects, bytes) = match args.recursive {
            true => count(&*bucket, place, stop)?,
            false => look_at(&*bucket, place)?,
        };
        if objects == 0 {
            summary.missing += u64::from(!args.recursive);
            output::note(&format!(
                "There is nothing at {}.",
                output::printable(&place.to_string())
            ));
            continue;
        }
        doomed.push(Doomed {
            place,
            bucket,
            objects,
            bytes,
        });
    }
    let objects = doomed.iter().map(|found| found.objects).sum();
    let bytes = doomed.iter().map(|found| found.bytes).sum();
    if objects > 1 && !args.yes {
        agree(objects, bytes)?;
    }
    // Only now: a question is answered with Ctrl-C too.
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    for found in &doomed {
        match args.recursive {
            true => {
                let most = usize::from(args.reach.parallel);
                summary.removed += remove_all(&*found.bucket, &found.place.key, most, stop)?;
            }
            false => {
                let key = key(found.place)?;
                found.bucket.delete(&key).map_err(undeleted)?;
                summary.removed += 1;
            }
        }
        summary.bytes += found.bytes;
    }
    Ok(summary)
}

fn key(place: &Place) -> Result<ObjectKey, Failure> {
    ObjectKey::new(place.key.as_str()).map_err(|error| Failure::new(Exit::Usage, error))
}

fn undeleted(error: objects::StoreError) -> Failure {
    store_failure(error, "could not remove the object")
}

fn count(bucket: &dyn Bucket, place: &Place, stop: &Stop) -> Result<(u64, u64), Failure> {
    let (mut objects, mut bytes) = (0, 0_u64);
    each(bucket, &place.key, stop, &mut |object| {
        (objects, bytes) = (objects + 1, bytes.saturating_add(object.size));
        Ok(())
    })?;
    Ok((objects, bytes))
}

fn look_at(bucket: &dyn Bucket, place: &Place) -> Result<(u64, u64), Failure> {
    let found = bucket.head(&key(place)?);
    let found = found.map_err(|error| store_failure(error, "could not look at the object"))?;
    Ok(found.map_or((0, 0), |info| (1, info.size)))
}

fn agree(objects: u64, bytes: u64) -> Result<(), Failure> {
    let what = format!(
        "{} ({})",
        output::count(objects, "object"),
        output::bytes(bytes)
    );
    if !io::stdin().is_terminal() {
        let message = format!("nobody was asked whether {what} may be removed");
        return Err(Failure::refused(message).hint("--yes says that they may"));
    }
    output::note(&format!("{what} will be removed for good. Type `yes`:"));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was removed")),
    }
}

/// Removes every object whose key begins with `prefix`; says how many.
fn remove_all(bucket: &dyn Bucket, prefix: &str, most: usize, stop: &Stop) -> Result<u64, Failure> {
    let (send, queue) = sync_channel::<ObjectKey>(most);
    let queue = Mutex::new(queue);
    let (removed, failed) = (AtomicU64::new(0), First::default());
    let listed = std::thread::scope(|scope| {
        for _ in 0..most {
            scope.spawn(|| {
                while let Some(key) = next(&queue) {
                    if failed.is_set() {
                        continue;
                    }
                    match bucket.delete(&key) {
                        Ok(()) => drop(removed.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => failed.put(undeleted(error)),
                    }
                }
            });
        }
        let listed = each(bucket, prefix, stop, &mut |object| {
            if failed.is_set() {
                return Err(interrupted());
            }
            send.send(object.key)
                .map_err(|_| Failure::from(anyhow!("a thread is gone")))
        });
        drop(send);
        listed
    });
    failed.into_result()?;
    listed?;
    Ok(removed.into_inner())
}
