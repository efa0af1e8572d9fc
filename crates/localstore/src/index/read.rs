//! Questions to the index. Lists go by ranges of the primary key, so a page never reads more of a
//! bucket than it shows.

use super::Index;
use super::rows::{Bucket, Listed, Object, Part, Upload};
use crate::error::StoreError;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Above every key: no UTF-8 text has this byte.
const BEYOND: &[u8] = &[0xFF];

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// At this key.
    At(Vec<u8>),
    /// Behind this key.
    Behind(Vec<u8>),
}

impl From {
    fn bound(&self) -> (&[u8], bool) {
        match self {
            Self::At(key) => (key, true),
            Self::Behind(key) => (key, false),
        }
    }
}

/// The first bytes above every text that begins with the prefix.
pub(crate) fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut bound = prefix.to_vec();
    match bound.last_mut() {
        // The last byte of UTF-8 text is at most 0xF4, so this never wraps.
        Some(last) => *last = last.saturating_add(1),
        None => bound.extend_from_slice(BEYOND),
    }
    bound
}

impl Index {
    pub(crate) async fn bucket(&self, name: &str) -> Result<Option<Bucket>, StoreError> {
        let row = sqlx::query("SELECT * FROM bucket WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Bucket::from_row).transpose()?)
    }

    pub(crate) async fn buckets(&self) -> Result<Vec<Bucket>, StoreError> {
        let rows = sqlx::query("SELECT * FROM bucket ORDER BY name")
            .fetch_all(&self.readers)
            .await?;
        collect(&rows, Bucket::from_row)
    }

    pub(crate) async fn object(
        &self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Object>, StoreError> {
        let row = sqlx::query("SELECT * FROM object WHERE bucket = ? AND key = ?")
            .bind(bucket)
            .bind(key.as_bytes())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Object::from_row).transpose()?)
    }

    /// Objects in the order of their keys' bytes, from one bound to below the other.
    pub(crate) async fn objects(
        &self,
        bucket: &str,
        from: &From,
        below: &[u8],
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let (bound, inclusive) = from.bound();
        let query = if inclusive {
            "SELECT key, path, size, modified, etag, owner, storage_class FROM object
             WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
        } else {
            "SELECT key, path, size, modified, etag, owner, storage_class FROM object
             WHERE bucket = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"
        };
        let rows = sqlx::query(query)
            .bind(bucket)
            .bind(bound)
            .bind(below)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
        collect(&rows, Listed::from_row)
    }

    pub(crate) async fn upload(&self, id: &str) -> Result<Option<Upload>, StoreError> {
        let row = sqlx::query("SELECT * FROM upload WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(Upload::from_row).transpose()?)
    }

    /// Uploads in the order of their keys and then their ids, from behind the pair to below the bound.
    pub(crate) async fn uploads(
        &self,
        bucket: &str,
        (key, id): (&[u8], &str),
        below: &[u8],
        limit: usize,
    ) -> Result<Vec<Upload>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM upload WHERE bucket = ? AND (key, id) > (?, ?) AND key < ?
             ORDER BY key, id LIMIT ?",
        )
        .bind(bucket)
        .bind(key)
        .bind(id)
        .bind(below)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await?;
        collect(&rows, Upload::from_row)
    }

    /// Parts in the order of their numbers.
    pub(crate) async fn parts(
        &self,
        upload: &str,
        behind: i32,
        limit: usize,
    ) -> Result<Vec<Part>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
        )
        .bind(upload)
        .bind(behind)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await?;
        collect(&rows, Part::from_row)
    }

    /// Files that were to be removed, and that nothing in the index uses.
    pub(crate) async fn doomed(&self) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, path FROM doomed WHERE path NOT IN (SELECT path FROM object)
             AND path NOT IN (SELECT path FROM part)",
        )
        .fetch_all(&self.readers)
        .await?;
        collect(&rows, |row| Ok((row.try_get("id")?, row.try_get("path")?)))
    }

    /// Renames that may not be done yet, oldest first: note, where the file is, what it is to be called.
    pub(crate) async fn moves(&self) -> Result<Vec<(i64, String, String)>, StoreError> {
        let rows = sqlx::query("SELECT id, source, path FROM move ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        collect(&rows, |row| {
            Ok((
                row.try_get("id")?,
                row.try_get("source")?,
                row.try_get("path")?,
            ))
        })
    }

    /// Whether an object or part has its contents at this path.
    pub(crate) async fn uses(&self, path: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM object WHERE path = ?1)
                 OR EXISTS (SELECT 1 FROM part WHERE path = ?1)",
        )
        .bind(path)
        .fetch_one(&self.readers)
        .await?;
        Ok(row.try_get(0)?)
    }
}

fn collect<T>(
    rows: &[SqliteRow],
    decode: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, StoreError> {
    Ok(rows.iter().map(decode).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successors_bound_a_prefix_and_nothing_more() {
        assert_eq!(successor(b"a/"), b"a0");
        assert!(successor("é".as_bytes()) > "é\u{10FFFF}".as_bytes().to_vec());
        assert!(successor(b"") > "\u{10FFFF}".as_bytes().to_vec());
    }
}
