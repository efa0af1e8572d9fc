//! What earlier attempts have stored is looked for in the bucket: what the journal says of it was true once.
//!
//! The listing tells of nearly all objects; those that it does not have, or has otherwise, are asked for by
//! themselves. What is not there any more is sent again. A store that lets nobody look is believed.

use std::path::Path;
use std::sync::Mutex;

use model::entry::EntryPath;
use model::outcome::{EntryRecord, Outcome, Stored};
use objectstore::object::ObjectInfo;
use objectstore::{Bucket, StoreError};

use crate::import::holdings::{Held, Holdings};
use crate::journal::index::Index;
use crate::journal::{EntriesAt, JournalError};
use crate::stop::{Halt, Stop};

/// Objects that are asked for together: enough to keep all connections busy, and little to hold.
const TOGETHER: usize = 1024;

/// What a store answers that has lost a part of an object (RFC 9110, section 15.5.10).
const CONFLICT: u16 = 409;

/// Looks for the objects of all files that `journal` says are stored, and notes in `index` the files whose
/// objects are not what was stored.
///
/// # Errors
/// [`Halt`]: the store or this station's disk does not do its work.
pub(crate) fn recount(
    index: &Index,
    journal: &Path,
    holdings: &Holdings,
    bucket: &dyn Bucket,
    parallel: usize,
    stop: &Stop,
) -> Result<(), Halt> {
    let io = |source| JournalError::Io {
        path: journal.to_owned(),
        source,
    };
    let mut entries = EntriesAt::open(journal).map_err(io)?;
    let (mut doubtful, mut halted) = (Vec::new(), None);
    index.for_each_stored(&mut |offset| {
        let record = entries.at(offset).map_err(io)?;
        if stop.is_set() || halted.is_some() || is_listed(&record, holdings)? {
            return Ok(());
        }
        doubtful.push(record);
        if doubtful.len() == TOGETHER {
            let asked = ask(&std::mem::take(&mut doubtful), bucket, parallel, stop);
            match asked {
                Ok(lost) => index.lose(&lost)?,
                Err(halt) => halted = Some(halt),
            }
        }
        Ok(())
    })?;
    if let Some(halt) = halted {
        return Err(halt);
    }
    index.lose(&ask(&doubtful, bucket, parallel, stop)?)?;
    Ok(())
}

fn is_listed(record: &EntryRecord, holdings: &Holdings) -> Result<bool, JournalError> {
    let Outcome::Stored(stored) = &record.outcome else {
        return Ok(true);
    };
    Ok(match holdings.now(&stored.key)? {
        Held::Object { size, etag } => is_it(size, &etag, record.bytes, stored),
        Held::Nothing | Held::Unknown => false,
    })
}

/// Whether what a store tells is what was stored, as far as that is known.
fn is_it(size: u64, etag: &str, bytes: u64, stored: &Stored) -> bool {
    size == bytes && (stored.etag.is_empty() || etag == stored.etag)
}

/// Asks for objects one by one, many at once; gives the files whose objects are not there.
fn ask(
    doubtful: &[EntryRecord],
    bucket: &dyn Bucket,
    parallel: usize,
    stop: &Stop,
) -> Result<Vec<EntryPath>, Halt> {
    let (next, lost) = (Mutex::new(doubtful.iter()), Mutex::new(Vec::new()));
    let poisoned = "nothing panics while it holds this";
    let work = || -> Result<(), StoreError> {
        loop {
            let record = next.lock().expect(poisoned).next();
            let Some(record) = record.filter(|_| !stop.is_set()) else {
                return Ok(());
            };
            if !is_there(record, bucket)? {
                lost.lock().expect(poisoned).push(record.path());
            }
        }
    };
    let done: Vec<Result<(), StoreError>> = std::thread::scope(|scope| {
        let threads = parallel.min(doubtful.len());
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().expect("a panic of its own goes through")
        };
        working.into_iter().map(join).collect()
    });
    for asked in done {
        asked.map_err(Halt::Store)?;
    }
    Ok(lost.into_inner().expect(poisoned))
}

fn is_there(record: &EntryRecord, bucket: &dyn Bucket) -> Result<bool, StoreError> {
    let Outcome::Stored(stored) = &record.outcome else {
        return Ok(true);
    };
    match look(bucket, stored)? {
        Some(Some(found)) => Ok(is_it(found.size, &found.etag, record.bytes, stored)),
        Some(None) => Ok(false),
        None => {
            tracing::warn!(key = %stored.key, "the store does not let us look for an object");
            Ok(true)
        }
    }
}

/// What a store tells of an object; `None` if it does not let us ask.
fn look(bucket: &dyn Bucket, stored: &Stored) -> Result<Option<Option<ObjectInfo>>, StoreError> {
    match bucket.head(&stored.key) {
        Ok(found) => Ok(Some(found)),
        // What it has under the key is not the object, as it knows itself.
        Err(StoreError::Refused(answer)) if answer.status == CONFLICT => Ok(Some(None)),
        // Where a bucket that is not there stops the import, listing it has done so.
        Err(StoreError::NoSuchBucket(_)) => Ok(Some(None)),
        Err(StoreError::AccessDenied(_) | StoreError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
