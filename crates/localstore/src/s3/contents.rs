//! What of the index has its contents: a list shows what GET gives.
//!
//! Index and folder are looked at one after the other, and objects are replaced and removed meanwhile. So what
//! does not fit is read again: only a row that is the same the second time, and fits as little, is of a file
//! that somebody removed or cut.

use crate::error::StoreError;
use crate::index::read::From;
use crate::index::rows::{Listed, Part};
use crate::store::LocalStore;
use crate::tree::Tree;
use std::sync::Arc;

/// Which rows of the index are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range<'a> {
    pub(super) bucket: &'a str,
    pub(super) from: &'a From,
    pub(super) below: &'a [u8],
    pub(super) limit: usize,
}

/// Rows that were read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Those that have their contents; one whose file was cut has that file's size.
    pub(super) present: Vec<Listed>,
    /// How many there were in all.
    pub(super) count: usize,
    /// The key of the last of all.
    pub(super) last: Option<String>,
}

/// A row, and what is in its place.
type Seen = (Listed, Contents);

/// What is in the place of an object's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contents {
    /// What the index says, as far as can be told.
    Whole,
    /// A file of so many other bytes.
    Other(u64),
    /// No file.
    Gone,
}

/// Reads a range of the index, without objects whose file is gone.
pub(super) async fn objects(store: &LocalStore, range: Range<'_>) -> Result<Rows, StoreError> {
    let seen = look(store, range).await?;
    let is_odd = |(_, contents): &&Seen| *contents != Contents::Whole;
    let odd: Vec<Seen> = seen.iter().filter(is_odd).cloned().collect();
    if odd.is_empty() {
        return Ok(settled(range, seen, &[]));
    }
    Ok(settled(range, look(store, range).await?, &odd))
}

/// Leaves out parts of uploads whose file is gone or cut: they have to be sent again.
pub(super) async fn parts(store: &LocalStore, mut parts: Vec<Part>) -> Vec<Part> {
    let tree = Arc::clone(&store.tree);
    blocking(move || {
        parts.retain(|part| contents(&tree, &part.path, part.size) == Contents::Whole);
        parts
    })
    .await
}

async fn look(store: &LocalStore, range: Range<'_>) -> Result<Vec<Seen>, StoreError> {
    let Range { bucket, from, .. } = range;
    let rows = store.index.objects(bucket, from, range.below, range.limit);
    let (rows, tree) = (rows.await?, Arc::clone(&store.tree));
    Ok(blocking(move || {
        let seen = rows.into_iter().map(|row| {
            let contents = contents(&tree, &row.path, row.size);
            (row, contents)
        });
        seen.collect()
    })
    .await)
}

/// What comes of rows of which some were odd before.
fn settled(range: Range<'_>, seen: Vec<Seen>, odd: &[Seen]) -> Rows {
    let (count, last) = (seen.len(), seen.last().map(|(row, _)| row.key.clone()));
    let mut before = odd.iter().peekable();
    let mut present = Vec::with_capacity(count);
    for (mut row, contents) in seen {
        // Both are in the order of their keys.
        while before.next_if(|(odd, _)| odd.key < row.key).is_some() {}
        let is_same = before.peek().is_some_and(|(odd, _)| *odd == row);
        match contents {
            Contents::Gone if is_same => {
                tracing::debug!(
                    bucket = range.bucket,
                    key = row.key,
                    path = row.path,
                    "file is gone"
                );
                continue;
            }
            Contents::Other(size) if is_same => row.size = size,
            // What was written in between is as the index says.
            Contents::Whole | Contents::Gone | Contents::Other(_) => {}
        }
        present.push(row);
    }
    if present.len() < count {
        let (bucket, left_out) = (range.bucket, count - present.len());
        tracing::warn!(
            bucket,
            left_out,
            "objects whose files are gone are not listed"
        );
    }
    Rows {
        present,
        count,
        last,
    }
}

fn contents(tree: &Tree, path: &str, size: u64) -> Contents {
    match tree.found(path) {
        Ok(Some(found)) if found == size => Contents::Whole,
        // The index says what the file is going to be.
        _ if tree.is_moving(path) => Contents::Whole,
        Ok(Some(found)) => Contents::Other(found),
        Ok(None) => Contents::Gone,
        // A disk that fails, or does not let us look, says nothing of the file.
        Err(_) => Contents::Whole,
    }
}

/// Looks at many files, each of which may take a disk a moment.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
