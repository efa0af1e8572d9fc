//! `longshore get`: objects become files again, with their names and times, and no file has its name
//! before all of it is there and has the hash that the store keeps.

mod destination;
mod fetch;
mod hashes;
mod names;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::Context as _;
use model::readable;
use objectstore::Bucket;
use objectstore::object::Listed;
use serde::Serialize;
use transfer::progress::Progress;
use transfer::stop::Stop;

use super::{First, each_at, interrupted, next, nothing_at};
use crate::cli::GetArgs;
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::{interrupt, output, progress_bar, settings};
use destination::Destination;
use fetch::{Fetched, Fetcher, Unfetched};
use names::Spot;

/// Objects that may wait for a thread.
const WORK_AHEAD: usize = 256;

/// Characters of a key that are shown.
const NAME: usize = 400;

/// Fetches.
///
/// # Errors
/// What kept us from going on. An object that cannot be a file is no error: it is a line, and the
/// exit code.
pub(crate) fn run(args: &GetArgs) -> Result<Exit, Failure> {
    let destination = Destination::open(&args.destination).map_err(|error| {
        let context = format!("could not open the folder `{}`", args.destination.display());
        Failure::new(Exit::Usage, anyhow::Error::new(error).context(context))
    })?;
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let bucket = reached.bucket(&args.place.bucket, &stop)?;
    let download = Download {
        args,
        bucket: &*bucket,
        destination: &destination,
        stop: &stop,
        progress: Progress::default(),
        tally: Tally::default(),
        first: First::default(),
    };
    let fetched = download.run();
    drop(bucket);
    let tally = fetched.map_err(|failure| on_again(failure, args))?;
    if args.json {
        output::data(&line(&serde_json::json!({ "summary": tally.json() }))?)?;
    } else {
        output::note(&tally.text(args));
    }
    reached.close();
    Ok(tally.exit())
}

/// Everything there is to know while objects are fetched.
struct Download<'a> {
    args: &'a GetArgs,
    bucket: &'a dyn Bucket,
    destination: &'a Destination,
    stop: &'a Stop,
    progress: Progress,
    tally: Tally,
    first: First,
}

/// What came of the objects.
#[derive(Debug, Default)]
struct Tally {
    files: AtomicU64,
    bytes: AtomicU64,
    same: AtomicU64,
    folders: AtomicU64,
    failed: AtomicU64,
}

/// What is said of an object that is not fetched.
#[derive(Serialize)]
struct NotFetched<'a> {
    key: &'a str,
    reason: &'a str,
}

impl Download<'_> {
    fn run(self) -> Result<Tally, Failure> {
        let (send, queue) = sync_channel::<Listed>(WORK_AHEAD);
        let queue = Mutex::new(queue);
        let listed = progress_bar::beside_as("Fetched", &self.progress, || {
            std::thread::scope(|scope| {
                for _ in 0..self.args.reach.parallel {
                    scope.spawn(|| self.work(&queue));
                }
                let listed = self.list(|object| send.send(object).is_ok());
                drop(send);
                listed
            })
        });
        let Self {
            tally,
            first,
            destination,
            ..
        } = self;
        first.into_result()?;
        listed?;
        // One for all: what was renamed into place is then on the disk, not just in memory.
        destination
            .sync()
            .context("could not write the files to the disk")?;
        Ok(tally)
    }

    fn list(&self, mut send: impl FnMut(Listed) -> bool) -> Result<(), Failure> {
        each_at(self.bucket, &self.args.place, self.stop, &mut |object| {
            self.progress.found(object.size);
            match self.first.is_set() || !send(object) {
                true => Err(interrupted()),
                false => Ok(()),
            }
        })?;
        self.progress.found_all();
        Ok(())
    }

    fn work(&self, queue: &Mutex<Receiver<Listed>>) {
        let mut fetcher = Fetcher::new(self.bucket, self.destination, &self.progress, self.stop);
        while let Some(object) = next(queue) {
            // The queue is emptied, so that whoever fills it does not wait.
            if self.first.is_set() {
                continue;
            }
            if self.stop.is_set() {
                self.first.put(interrupted());
                continue;
            }
            if let Err(failure) = self.object(&mut fetcher, &object) {
                self.first.put(failure);
            }
        }
    }

    fn object(&self, fetcher: &mut Fetcher<'_>, object: &Listed) -> Result<(), Failure> {
        let spot = match names::spot(object.key.as_str(), self.args.place.base()) {
            Ok(spot) => spot,
            Err(reason) => return self.leave(object, reason),
        };
        self.progress.reading(object.key.as_str());
        let fetched = match &spot {
            Spot::Folder(names) => fetcher.folder(names, object),
            Spot::File { folder, name } => fetcher.file(folder, name, object, self.args.overwrite),
        };
        match fetched {
            Ok(Fetched::File { bytes }) => {
                self.tally.files.fetch_add(1, Ordering::Relaxed);
                self.tally.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.progress.done(bytes);
            }
            Ok(Fetched::Same) => {
                self.tally.same.fetch_add(1, Ordering::Relaxed);
                self.progress.resumed(object.size);
            }
            Ok(Fetched::Folder) => {
                self.tally.folders.fetch_add(1, Ordering::Relaxed);
                self.progress.done(0);
            }
            Err(Unfetched::Object(reason)) => return self.leave(object, &reason),
            Err(Unfetched::Run(failure)) => return Err(failure),
        }
        Ok(())
    }

    /// Says that an object is not fetched.
    fn leave(&self, object: &Listed, reason: &str) -> Result<(), Failure> {
        self.tally.failed.fetch_add(1, Ordering::Relaxed);
        self.progress.failed(object.size);
        let key = object.key.as_str();
        output::data(&match self.args.json {
            true => line(&NotFetched { key, reason })?,
            false => format!(
                "not fetched  {}: {}\n",
                readable::name(key, NAME),
                output::printable(reason)
            ),
        })
    }
}

impl Tally {
    fn counts(&self) -> [u64; 5] {
        [
            &self.files,
            &self.bytes,
            &self.same,
            &self.folders,
            &self.failed,
        ]
        .map(|count| count.load(Ordering::Relaxed))
    }

    fn exit(&self) -> Exit {
        match self.is_nothing() || self.failed.load(Ordering::Relaxed) > 0 {
            true => Exit::SomeFailed,
            false => Exit::Ok,
        }
    }

    /// Whether the place had no object at all.
    fn is_nothing(&self) -> bool {
        let [files, _, same, folders, failed] = self.counts();
        files + same + folders + failed == 0
    }

    fn json(&self) -> serde_json::Value {
        let [files, bytes, same, folders, failed] = self.counts();
        serde_json::json!({
            "files": files, "bytes": bytes, "same": same, "folders": folders, "failed": failed,
        })
    }

    fn text(&self, args: &GetArgs) -> String {
        if self.is_nothing() {
            return nothing_at(&args.place);
        }
        let [files, bytes, same, folders, failed] = self.counts();
        let mut text = format!(
            "Fetched {} ({}) from {} into {}.",
            output::count(files, "file"),
            output::bytes(bytes),
            output::printable(&args.place.to_string()),
            args.destination.display()
        );
        for (count, noun, words) in [
            (same, "file", "already there and equal"),
            (folders, "empty folder", "made"),
            (failed, "object", "not fetched, as listed"),
        ] {
            if count > 0 {
                let verb = if count == 1 { "was" } else { "were" };
                text.push_str(&format!(" {} {verb} {words}.", output::count(count, noun)));
            }
        }
        text
    }
}

/// What was interrupted is resumed by the same command.
fn on_again(failure: Failure, args: &GetArgs) -> Failure {
    if failure.hint.is_some() || failure.exit == Exit::Refused {
        return failure;
    }
    let start = format!(
        "longshore get {} {}",
        output::word(std::path::Path::new(&args.place.to_string())),
        output::word(&args.destination)
    );
    let data = settings::named_data_folder(args.data.data.as_deref());
    let endpoint = args.reach.endpoint_url.as_deref().map(std::path::Path::new);
    let options = [("--data", data.as_deref()), ("--endpoint-url", endpoint)];
    let again = output::command(start, &options);
    failure.hint(format!("`{again}` goes on where it stopped"))
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    Ok(text.context("could not write JSON")? + "\n")
}
