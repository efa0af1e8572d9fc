//! Rebuilds an image from its objects, bit for bit.
//!
//! Pieces are fetched many at once and taken in order: each goes into the sums of its object and of the
//! whole, and onto the output. What the index calls zeros is not fetched.

mod output;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use awshttp::retry::RealTime;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use lanes::{Sha256, sha256_update};
use model::ids::ObjectKey;
use model::image::index::Index;
use objectstore::reading::{ReadError, Reading};
use objectstore::{Bucket, StoreError};

use crate::progress::Progress;
use crate::stop::Stop;

pub use output::{Output, OutputError, Overwrite};

/// Bytes of a piece.
const PIECE_BYTES: u64 = 8 << 20;

/// What it takes to rebuild an image.
pub struct Restore<'a> {
    /// What leads to its objects.
    pub index: &'a Index,
    /// The bucket that has them.
    pub bucket: &'a dyn Bucket,
    /// How many pieces to fetch at once.
    pub parallel: usize,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

/// An image that is rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Its size.
    pub bytes: u64,
    /// How much of it was fetched.
    pub fetched: u64,
    /// Objects whose bytes had the SHA-256 of the index.
    pub proved: u64,
    /// Objects for which the index has none.
    pub unproved: u64,
    /// Whether the index has a SHA-256 of the whole image, which then was the same.
    pub whole: bool,
}

/// An image that cannot be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store does not give an object.
    #[error("could not read the object `{key}`")]
    Store {
        /// Which.
        key: ObjectKey,
        /// Why.
        source: Box<StoreError>,
    },
    /// An object, or the whole, is not what the index says.
    #[error("{what} has {found}, and the index says {expected}")]
    Differs {
        /// Object or image.
        what: String,
        /// The sum or size it has.
        found: String,
        /// The sum or size it should have.
        expected: String,
    },
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// A stretch of the image that lies in one object, or in none.
#[derive(Debug, Clone)]
struct Piece {
    object: usize,
    key: Option<ObjectKey>,
    /// Within the object.
    range: Range<u64>,
    /// Within the image.
    offset: u64,
}

/// A piece that was fetched, or why not.
type Fetched = Result<Bytes, RestoreError>;

/// A piece in its turn, and the way by which its bytes come; zeros have none.
type PieceInTurn = (Piece, Option<Receiver<Fetched>>);

impl Restore<'_> {
    /// Rebuilds the image on `output`, which is put in its place only if everything agrees.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn run(&self, mut output: Output) -> Result<Restored, RestoreError> {
        self.progress.found(self.index.bytes);
        self.progress.found_all();
        let over = AtomicBool::new(false);
        let (work, to_fetch) = bounded::<(Piece, Sender<Fetched>)>(self.parallel);
        let (turn, turns) = bounded::<PieceInTurn>(self.parallel);
        let restored = std::thread::scope(|scope| {
            for _ in 0..self.parallel {
                let queue = to_fetch.clone();
                scope.spawn(|| self.fetch_all(queue, &over));
            }
            drop(to_fetch);
            scope.spawn(|| self.lay_out(work, turn, &over));
            let restored = self.take_all(&turns, &mut output);
            // Those who wait to hand on what nobody wants any more see the other end go.
            over.store(true, Ordering::Relaxed);
            drop(turns);
            restored
        })?;
        output.finish()?;
        Ok(restored)
    }

    /// Hands out the pieces in order.
    fn lay_out(
        &self,
        work: Sender<(Piece, Sender<Fetched>)>,
        turn: Sender<PieceInTurn>,
        over: &AtomicBool,
    ) {
        for piece in pieces(self.index) {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let handed_out = match piece.key {
                None => turn.send((piece, None)).is_ok(),
                Some(_) => {
                    let (fetched, coming) = bounded(1);
                    turn.send((piece.clone(), Some(coming))).is_ok()
                        && work.send((piece, fetched)).is_ok()
                }
            };
            if !handed_out {
                return;
            }
        }
    }

    fn fetch_all(&self, queue: Receiver<(Piece, Sender<Fetched>)>, over: &AtomicBool) {
        for (piece, fetched) in queue {
            if !over.load(Ordering::Relaxed) {
                // Nobody listens once it is over.
                let _over = fetched.send(self.fetch(&piece));
            }
        }
    }

    fn fetch(&self, piece: &Piece) -> Fetched {
        let Some(key) = &piece.key else {
            return Ok(Bytes::new());
        };
        let patience = RealTime::new(self.stop.flag());
        let length = piece.range.end - piece.range.start;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = Reading::new(self.bucket, key, &patience).fill(piece.range.start, &mut bytes);
        match read {
            Ok(_) => Ok(Bytes::from(bytes)),
            Err(ReadError::OtherSize(found)) => Err(RestoreError::Differs {
                what: format!("the object `{key}`"),
                found: format!("{found} bytes"),
                expected: format!("at least {}", piece.range.end),
            }),
            Err(ReadError::Stopped) => Err(RestoreError::Interrupted),
            Err(why) => Err(RestoreError::Store {
                key: key.clone(),
                source: Box::new(why.into_store_error()),
            }),
        }
    }

    /// Takes the pieces in order.
    fn take_all(
        &self,
        turns: &Receiver<PieceInTurn>,
        output: &mut Output,
    ) -> Result<Restored, RestoreError> {
        let mut sums = TakenSums::new(self.index);
        let zeros = Bytes::from(vec![0; usize::try_from(PIECE_BYTES).unwrap_or_default()]);
        for (piece, coming) in turns {
            if self.stop.is_set() {
                return Err(RestoreError::Interrupted);
            }
            let length = piece.range.end - piece.range.start;
            let bytes = match &coming {
                Some(coming) => coming.recv().map_err(|_| RestoreError::Interrupted)??,
                None => zeros.slice(..usize::try_from(length).unwrap_or_default()),
            };
            sums.push(self.index, &piece, &bytes)?;
            match coming {
                Some(_) => output.write(piece.offset, &bytes)?,
                None => output.write_zeros(piece.offset, &bytes)?,
            }
            self.progress.sent(length);
        }
        sums.finish(self.index)
    }
}

/// The pieces of an image in their order.
fn pieces(index: &Index) -> impl Iterator<Item = Piece> {
    let objects = index.objects.iter().enumerate();
    objects.flat_map(|(object, entry)| {
        let start = index.object_bytes.saturating_mul(object as u64);
        let step = usize::try_from(PIECE_BYTES).unwrap_or(usize::MAX);
        (0..entry.bytes).step_by(step).map(move |at| Piece {
            object,
            key: entry.key.clone(),
            range: at..at.saturating_add(PIECE_BYTES).min(entry.bytes),
            offset: start.saturating_add(at),
        })
    })
}

/// What was taken adds up to this.
struct TakenSums {
    whole: Sha256,
    object: Sha256,
    restored: Restored,
}

impl TakenSums {
    fn new(index: &Index) -> Self {
        Self {
            whole: Sha256::new(),
            object: Sha256::new(),
            restored: Restored {
                bytes: index.bytes,
                fetched: 0,
                proved: 0,
                unproved: 0,
                whole: false,
            },
        }
    }

    fn push(&mut self, index: &Index, piece: &Piece, bytes: &[u8]) -> Result<(), RestoreError> {
        let (Some(key), Some(object)) = (&piece.key, index.objects.get(piece.object)) else {
            self.whole.update(bytes);
            return Ok(());
        };
        sha256_update(&mut [(&mut self.whole, bytes), (&mut self.object, bytes)]);
        self.restored.fetched += bytes.len() as u64;
        if piece.range.end < object.bytes {
            return Ok(());
        }
        let found = std::mem::replace(&mut self.object, Sha256::new());
        match &object.sha256 {
            Some(expected) => {
                self.restored.proved += 1;
                must_be(|| format!("the object `{key}`"), found, expected)
            }
            None => {
                self.restored.unproved += 1;
                Ok(())
            }
        }
    }

    fn finish(mut self, index: &Index) -> Result<Restored, RestoreError> {
        if self.whole.length() != index.bytes {
            return Err(RestoreError::Interrupted);
        }
        if let Some(expected) = &index.sha256 {
            must_be(|| "the whole image".to_owned(), self.whole, expected)?;
            self.restored.whole = true;
        }
        Ok(self.restored)
    }
}

fn must_be(
    what: impl FnOnce() -> String,
    found: Sha256,
    expected: &str,
) -> Result<(), RestoreError> {
    let found = hex::encode(found.finish());
    if found == *expected {
        return Ok(());
    }
    Err(RestoreError::Differs {
        what: what(),
        found: format!("the SHA-256 {found}"),
        expected: expected.to_owned(),
    })
}
