//! `longshore ls`, `get` and `rm`: what a person does with the objects of a store, without another
//! client.

pub(crate) mod get;
pub(crate) mod ls;
pub(crate) mod rm;

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use model::limits::KEY_BYTES;
use objectstore::object::Listed;
use objectstore::{Bucket, StoreError};
use transfer::stop::Stop;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::place::{Keys, Place};

/// Objects of a page: what S3 gives at most.
const PAGE: u16 = 1000;

/// Hands every object whose key begins with `prefix` to `visit`, until it fails or somebody asks to
/// stop.
///
/// # Errors
/// What `visit` says, and what the store says.
fn each(
    bucket: &dyn Bucket,
    prefix: &str,
    stop: &Stop,
    visit: &mut dyn FnMut(Listed) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut last = None;
    loop {
        let page = bucket.list(prefix, last.as_ref(), PAGE);
        let page = page.map_err(unlisted)?;
        last = page.objects.last().map(|object| object.key.clone());
        for object in page.objects {
            if stop.is_set() {
                return Err(interrupted());
            }
            visit(object)?;
        }
        if !page.more || last.is_none() {
            return Ok(());
        }
    }
}

/// The same with every object that a place stands for.
///
/// # Errors
/// As [`each`].
fn each_at(
    bucket: &dyn Bucket,
    place: &Place,
    stop: &Stop,
    visit: &mut dyn FnMut(Listed) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let key = match place.keys() {
        Keys::Beginning(prefix) => return each(bucket, prefix, stop, visit),
        Keys::Folder(key) => key,
    };
    // Of all keys that begin so the key itself is the first.
    let first = bucket.list(key, None, 1).map_err(unlisted)?;
    let first = first.objects.into_iter().next();
    if let Some(object) = first.filter(|object| object.key.as_str() == key) {
        visit(object)?;
    }
    // Below a key of full length there can be none, and no store lists them.
    match key.len() < KEY_BYTES {
        true => each(bucket, &format!("{key}/"), stop, visit),
        false => Ok(()),
    }
}

/// What is said of a place without objects. Whoever meant the beginning of keys learns how to say so.
fn nothing_at(place: &Place) -> String {
    let name = place.to_string();
    let nothing = format!("There is nothing at {}.", output::printable(&name));
    match place.keys() {
        Keys::Folder(_) => {
            let all = output::printable(&format!("{name}*"));
            format!("{nothing} Keys that only begin so are meant by `{all}`.")
        }
        Keys::Beginning(_) => nothing,
    }
}

fn unlisted(error: StoreError) -> Failure {
    store_failure(error, "could not list the bucket")
}

/// A store that does not do what it is asked, in the user's terms.
pub(crate) fn store_failure(error: StoreError, context: &'static str) -> Failure {
    let (exit, hint) = match &error {
        StoreError::NoSuchBucket(_) => (Exit::Refused, "`longshore ls` lists the buckets"),
        StoreError::AccessDenied(_) | StoreError::Credentials(_) => {
            (Exit::Refused, "is it the right key? see --profile")
        }
        StoreError::Canceled { .. } => (Exit::Interrupted, ""),
        error if error.may_retry() => (Exit::Unavailable, ""),
        _ => (Exit::Refused, ""),
    };
    Failure::new(exit, anyhow::Error::new(error).context(context)).hint(hint)
}

/// Somebody asked to stop.
fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted"))
}

/// The next of what is to be done, for one of several threads.
fn next<T>(queue: &Mutex<Receiver<T>>) -> Option<T> {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.recv().ok()
}

/// The first thing that ended a run of several threads.
#[derive(Default)]
struct First(Mutex<Option<Failure>>);

impl First {
    fn put(&self, failure: Failure) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
    }

    fn is_set(&self) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn into_result(self) -> Result<(), Failure> {
        match self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}
