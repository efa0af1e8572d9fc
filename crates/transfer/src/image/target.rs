//! Where an image goes: what a snapshot, an archive and a series of objects have in common.

use imagestore::ServiceError;
use model::ids::ObjectKey;
use objectstore::StoreError;

use super::Halted;
use super::work::{ImageRun, Stretch};
use crate::journal::records::image::Sent;
use crate::journal::records::image::WholeSums;
use crate::stop::{Halt, Stop};

/// Where an image goes.
///
/// # Contract
/// Nothing can be seen of the image before [`ImageSink::complete`]. Stretches may be put in any order and at
/// the same time, and again: the last one stays. A method that fails has told the [`Stop`] why.
pub(crate) trait ImageSink: Sync {
    /// The word for it in the journal.
    fn kind(&self) -> &'static str;

    /// Begins the image, or looks what the service has of it and notes what is lost. `false` if all is
    /// lost, and it must be begun anew.
    fn open(&self, work: &ImageRun<'_>) -> Result<bool, Halted>;

    /// Makes room for a stretch. Called by one thread, in order.
    fn prepare(&self, work: &ImageRun<'_>, stretch: u64, is_zero: bool) -> Result<(), Halted>;

    /// The sum of a stretch by which it is known again.
    fn sum(&self, bytes: &[u8]) -> String;

    /// Sends a stretch.
    fn put(&self, work: &ImageRun<'_>, stretch: &Stretch) -> Result<Sent, Halted>;

    /// Makes it visible, after all was sent. Again is harmless.
    fn complete(&self, work: &ImageRun<'_>, sums: Option<&WholeSums>) -> Result<Completed, Halted>;

    /// Reads back what is wanted of it and compares. Tells what differs.
    fn read_back(&self, work: &ImageRun<'_>) -> Result<ReadBack, Halted>;

    /// Gives up what was begun, as far as that can be done.
    fn abandon(&self, work: &ImageRun<'_>);
}

/// An image that can be seen.
#[derive(Debug)]
pub(crate) struct Completed {
    /// What the report calls it.
    pub(crate) key: ObjectKey,
    /// What the store calls its content.
    pub(crate) etag: String,
    /// In how many parts or blocks it was sent.
    pub(crate) parts: u64,
    /// The id of the archive, if it is one.
    pub(crate) archive: Option<String>,
    /// Bucket and key of the object that takes the place of an archive.
    pub(crate) object: Option<String>,
    /// What the customer should know, in a whole sentence.
    pub(crate) remark: String,
}

/// What comes of reading back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadBack {
    /// Nothing was read, or not all of it.
    Partly,
    /// All of it is what was sent.
    Same,
    /// This is not.
    Differs(String),
}

/// Ends the run for the service's sins.
pub(crate) fn service<T>(stop: &Stop, result: Result<T, ServiceError>) -> Result<T, Halted> {
    result.map_err(|error| {
        stop.halt(Halt::Service(error));
        Halted
    })
}

/// Ends the run for the store's sins.
pub(crate) fn store<T>(stop: &Stop, result: Result<T, StoreError>) -> Result<T, Halted> {
    result.map_err(|error| {
        stop.halt(Halt::Store(error));
        Halted
    })
}

/// A key for what is no object, such as the id of a snapshot.
pub(crate) fn key_of(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap_or_else(|_| ObjectKey::new("?").expect("one character is a key"))
}
