//! `longshore rm`: removes objects, and asks before it removes several.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use anyhow::{Context as _, anyhow};
use model::ids::ObjectKey;
use model::readable;
use objectstore::Bucket;
use serde::Serialize;
use transfer::stop::Stop;

use super::{First, each_at, interrupted, next, nothing_at, store_failure};
use crate::cli::RmArgs;
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::reach::ReachableStore;
use crate::{interrupt, output};

/// Keys that the question names of each place.
const SHOWN: u64 = 3;

/// Characters of a key that it shows.
const NAME: usize = 80;

/// Removes.
///
/// # Errors
/// Why not all was removed.
pub(crate) fn run(args: &RmArgs) -> Result<Exit, Failure> {
    check(args)?;
    let stop = Stop::default();
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let removed = remove(args, &reached, &stop);
    let summary = removed?;
    if args.json {
        output::json(&summary)?;
    } else {
        output::note(&summary.text());
    }
    reached.close();
    Ok(match summary.missing {
        0 => Exit::Ok,
        _ => Exit::SomeFailed,
    })
}

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct RemovedJson {
    removed: u64,
    bytes: u64,
    /// Places that were named and where nothing is.
    missing: u64,
}

impl RemovedJson {
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
    found: Removable,
}

/// What lies at a place.
#[derive(Debug, Default)]
struct Removable {
    objects: u64,
    bytes: u64,
    /// The first keys, for the question.
    first: Vec<String>,
}

impl Removable {
    fn add(&mut self, key: &str, bytes: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.objects <= SHOWN {
            self.first.push(readable::name(key, NAME));
        }
    }
}

fn remove(args: &RmArgs, reached: &ReachableStore, stop: &Stop) -> Result<RemovedJson, Failure> {
    let mut summary = RemovedJson::default();
    let mut doomed = Vec::new();
    for place in &args.places {
        let bucket = reached.bucket(&place.bucket, stop)?;
        let found = match args.recursive {
            true => look_below(&*bucket, place, stop)?,
            false => look_at(&*bucket, place)?,
        };
        if found.objects == 0 {
            summary.missing += 1;
            output::note(&match args.recursive {
                true => nothing_at(place),
                false => format!(
                    "There is nothing at {}.",
                    output::printable(&place.to_string())
                ),
            });
            continue;
        }
        doomed.push(Doomed {
            place,
            bucket,
            found,
        });
    }
    let objects: u64 = doomed.iter().map(|doomed| doomed.found.objects).sum();
    if objects > 1 && !args.yes {
        agree(&doomed)?;
    }
    // Only now: a question is answered with Ctrl-C too.
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    for Doomed {
        place,
        bucket,
        found,
    } in &doomed
    {
        match args.recursive {
            true => {
                let most = usize::from(args.reach.parallel);
                summary.removed += remove_all(&**bucket, place, most, stop)?;
            }
            false => {
                let key = key(place)?;
                bucket.delete(&key).map_err(undeleted)?;
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

fn undeleted(error: objectstore::StoreError) -> Failure {
    store_failure(error, "could not remove the object")
}

fn look_below(bucket: &dyn Bucket, place: &Place, stop: &Stop) -> Result<Removable, Failure> {
    let mut found = Removable::default();
    each_at(bucket, place, stop, &mut |object| {
        found.add(object.key.as_str(), object.size);
        Ok(())
    })?;
    Ok(found)
}

fn look_at(bucket: &dyn Bucket, place: &Place) -> Result<Removable, Failure> {
    let mut found = Removable::default();
    let told = bucket.head(&key(place)?);
    let told = told.map_err(|error| store_failure(error, "could not look at the object"))?;
    if let Some(info) = told {
        found.add(&place.key, info.size);
    }
    Ok(found)
}

/// `3 objects (3.0 MB) at s3://photos/p/: p/a, p/b, p/c`, for each place.
fn described(place: &Place, found: &Removable) -> String {
    let more = match found.objects > SHOWN {
        true => ", \u{2026}",
        false => "",
    };
    format!(
        "{} ({}) at {}: {}{more}",
        output::count(found.objects, "object"),
        output::bytes(found.bytes),
        output::printable(&place.to_string()),
        found.first.join(", ")
    )
}

fn agree(doomed: &[Doomed<'_>]) -> Result<(), Failure> {
    let what: Vec<String> = doomed
        .iter()
        .map(|doomed| described(doomed.place, &doomed.found))
        .collect();
    let what = what.join("; ");
    if !io::stdin().is_terminal() {
        let message = format!("nobody was asked whether {what} may be removed");
        return Err(Failure::refused(message).hint("--yes says that they may"));
    }
    output::note(&format!("To be removed for good: {what}\nType `yes`:"));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was removed")),
    }
}

/// Removes every object of a place; says how many.
fn remove_all(
    bucket: &dyn Bucket,
    place: &Place,
    most: usize,
    stop: &Stop,
) -> Result<u64, Failure> {
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
        let listed = each_at(bucket, place, stop, &mut |object| {
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
