//! The changes the index knows, each as SQL inside the writer's transaction.
//!
//! A refusal is found before anything is written, so that one refused change leaves the rest of its
//! batch untouched.

use super::rows::{Attributes, Bucket, Object, Part, Upload};
use crate::error::{Refusal, StoreError};
use crate::tree::{Place, Tree};
use futures::TryStreamExt as _;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Row, Sqlite, query::Query, sqlite::SqliteArguments};

/// Something that is to become true.
#[derive(Debug)]
pub(crate) enum Change {
    CreateBucket(Bucket),
    DeleteBucket {
        bucket: String,
    },
    PutObject {
        object: Object,
        condition: Condition,
    },
    /// As `PutObject`, and the upload is gone.
    Complete {
        upload: String,
        object: Object,
        condition: Condition,
    },
    DeleteObject {
        bucket: String,
        key: String,
        condition: Condition,
    },
    SetAcl {
        bucket: String,
        key: String,
        acl: String,
    },
    /// Only if the object is still the one with its contents at this path.
    SetAttributes {
        bucket: String,
        key: String,
        path: String,
        attributes: Attributes,
    },
    CreateUpload(Upload),
    PutPart {
        bucket: String,
        key: String,
        part: Part,
    },
    AbortUpload {
        bucket: String,
        key: String,
        upload: String,
    },
}

/// What must hold of the object now under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    Absent,
    Present,
    ETag(String),
}

/// The files, relative to the root, that a change left without use.
pub(crate) type Doomed = Vec<String>;

impl Change {
    /// The object whose name on disk the change is about.
    pub(crate) fn object(&self) -> Option<(&str, &str)> {
        match self {
            Self::PutObject { object, .. } | Self::Complete { object, .. } => {
                Some((&object.label.bucket, &object.label.key))
            }
            Self::DeleteObject { bucket, key, .. } => Some((bucket, key)),
            Self::CreateBucket(_)
            | Self::DeleteBucket { .. }
            | Self::SetAcl { .. }
            | Self::SetAttributes { .. }
            | Self::CreateUpload(_)
            | Self::PutPart { .. }
            | Self::AbortUpload { .. } => None,
        }
    }

    /// Whether the change makes room on the disk and needs none but the index's own.
    pub(crate) fn makes_room(&self) -> bool {
        matches!(
            self,
            Self::DeleteObject { .. } | Self::AbortUpload { .. } | Self::DeleteBucket { .. }
        )
    }
}

/// Carries a change out; `place` is where its contents are, or will be.
pub(crate) async fn apply(
    db: &mut SqliteConnection,
    tree: &Tree,
    change: &Change,
    place: Option<&Place>,
) -> Result<Doomed, StoreError> {
    let path = place.map(Place::path).unwrap_or_default();
    match change {
        Change::CreateBucket(bucket) => create_bucket(db, bucket).await,
        Change::DeleteBucket { bucket } => delete_bucket(db, tree, bucket).await,
        Change::PutObject { object, condition } => put_object(db, object, condition, path).await,
        Change::Complete {
            upload,
            object,
            condition,
        } => {
            let label = &object.label;
            require_upload(db, &label.bucket, &label.key, upload).await?;
            let mut doomed = put_object(db, object, condition, path).await?;
            doomed.extend(forget_upload(db, upload).await?);
            Ok(doomed)
        }
        Change::DeleteObject {
            bucket,
            key,
            condition,
        } => delete_object(db, bucket, key, condition).await,
        Change::SetAcl { bucket, key, acl } => {
            let query = sqlx::query("UPDATE object SET acl = ? WHERE bucket = ? AND key = ?");
            amend(
                db,
                query
                    .bind(acl.clone())
                    .bind(bucket.clone())
                    .bind(key.clone().into_bytes()),
            )
            .await
        }
        Change::SetAttributes {
            bucket,
            key,
            path,
            attributes,
        } => {
            let query = sqlx::query(
                "UPDATE object SET attributes = ? WHERE bucket = ? AND key = ? AND path = ?",
            );
            let query = query.bind(json(attributes)?).bind(bucket.clone());
            amend(db, query.bind(key.clone().into_bytes()).bind(path.clone())).await
        }
        Change::CreateUpload(upload) => create_upload(db, upload).await,
        Change::PutPart { bucket, key, part } => {
            require_upload(db, bucket, key, &part.upload).await?;
            put_part(db, part, path).await
        }
        Change::AbortUpload {
            bucket,
            key,
            upload,
        } => {
            require_upload(db, bucket, key, upload).await?;
            forget_upload(db, upload).await
        }
    }
}

async fn create_bucket(db: &mut SqliteConnection, bucket: &Bucket) -> Result<Doomed, StoreError> {
    let row = sqlx::query("SELECT owner FROM bucket WHERE name = ?")
        .bind(&bucket.name)
        .fetch_optional(&mut *db)
        .await?;
    if let Some(row) = row {
        return Err(Refusal::BucketExists {
            owner: row.try_get("owner")?,
        }
        .into());
    }
    sqlx::query("INSERT INTO bucket (name, owner, region, created) VALUES (?, ?, ?, ?)")
        .bind(&bucket.name)
        .bind(&bucket.owner)
        .bind(&bucket.region)
        .bind(bucket.created.0)
        .execute(db)
        .await?;
    Ok(Doomed::new())
}

async fn delete_bucket(
    db: &mut SqliteConnection,
    tree: &Tree,
    bucket: &str,
) -> Result<Doomed, StoreError> {
    require_bucket(db, bucket).await?;
    if has_contents(db, tree, bucket).await? {
        return Err(Refusal::BucketNotEmpty.into());
    }
    // Rows of files that somebody removed: no list shows them, so nobody could delete them first.
    sqlx::query("DELETE FROM object WHERE bucket = ?")
        .bind(bucket)
        .execute(&mut *db)
        .await?;
    let uploads = sqlx::query("SELECT id FROM upload WHERE bucket = ?")
        .bind(bucket)
        .fetch_all(&mut *db)
        .await?;
    let mut doomed = Doomed::new();
    for upload in uploads {
        doomed.extend(forget_upload(db, upload.try_get("id")?).await?);
    }
    sqlx::query("DELETE FROM bucket WHERE name = ?")
        .bind(bucket)
        .execute(db)
        .await?;
    Ok(doomed)
}

/// Whether anything is, or may be, in a bucket: usually its first object says so.
async fn has_contents(
    db: &mut SqliteConnection,
    tree: &Tree,
    bucket: &str,
) -> Result<bool, StoreError> {
    let mut rows = sqlx::query("SELECT path FROM object WHERE bucket = ?")
        .bind(bucket)
        .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let path: &str = row.try_get("path")?;
        if tree.is_moving(path) || !matches!(tree.found(path), Ok(None)) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn put_object(
    db: &mut SqliteConnection,
    object: &Object,
    condition: &Condition,
    path: &str,
) -> Result<Doomed, StoreError> {
    let label = &object.label;
    require_bucket(db, &label.bucket).await?;
    let present = present(db, &label.bucket, &label.key).await?;
    check(condition, present.as_ref())?;
    claim(db, &label.bucket, &label.key, path).await?;
    sqlx::query("INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(&label.bucket)
        .bind(label.key.as_bytes())
        .bind(path)
        .bind(signed(object.size))
        .bind(object.modified.0)
        .bind(&object.etag)
        .bind(&label.owner)
        .bind(&label.acl)
        .bind(&label.storage_class)
        .bind(json(&label.attributes)?)
        .bind(json(&object.checksums)?)
        .bind(json(&object.parts)?)
        .execute(&mut *db)
        .await?;
    match present {
        Some(present) if present.path != path => doom(db, present.path).await,
        _ => Ok(Doomed::new()),
    }
}

/// A file that a row let go of, unless another row has it: two rows of an older release may.
async fn doom(db: &mut SqliteConnection, path: String) -> Result<Doomed, StoreError> {
    sqlx::query("DELETE FROM move WHERE path = ?")
        .bind(&path)
        .execute(&mut *db)
        .await?;
    let other = sqlx::query("SELECT 1 FROM object WHERE path = ? LIMIT 1")
        .bind(&path)
        .fetch_optional(db)
        .await?;
    Ok(match other {
        Some(_) => Doomed::new(),
        None => vec![path],
    })
}

/// Makes sure that the path is no other object's, and strikes out what was noted about it before.
async fn claim(
    db: &mut SqliteConnection,
    bucket: &str,
    key: &str,
    path: &str,
) -> Result<(), StoreError> {
    let other =
        sqlx::query("SELECT 1 FROM object WHERE path = ? AND NOT (bucket = ? AND key = ?) LIMIT 1")
            .bind(path)
            .bind(bucket)
            .bind(key.as_bytes())
            .fetch_optional(&mut *db)
            .await?;
    if other.is_some() {
        return Err(Refusal::PathTaken.into());
    }
    for statement in [
        "DELETE FROM doomed WHERE path = ?",
        "DELETE FROM move WHERE path = ?",
    ] {
        sqlx::query(statement).bind(path).execute(&mut *db).await?;
    }
    Ok(())
}

async fn delete_object(
    db: &mut SqliteConnection,
    bucket: &str,
    key: &str,
    condition: &Condition,
) -> Result<Doomed, StoreError> {
    require_bucket(db, bucket).await?;
    let present = present(db, bucket, key).await?;
    check(condition, present.as_ref())?;
    sqlx::query("DELETE FROM object WHERE bucket = ? AND key = ?")
        .bind(bucket)
        .bind(key.as_bytes())
        .execute(&mut *db)
        .await?;
    match present {
        Some(present) => doom(db, present.path).await,
        None => Ok(Doomed::new()),
    }
}

async fn amend(
    db: &mut SqliteConnection,
    query: Query<'_, Sqlite, SqliteArguments>,
) -> Result<Doomed, StoreError> {
    match query.execute(db).await?.rows_affected() {
        0 => Err(Refusal::NoSuchKey.into()),
        _ => Ok(Doomed::new()),
    }
}

async fn create_upload(db: &mut SqliteConnection, upload: &Upload) -> Result<Doomed, StoreError> {
    let label = &upload.label;
    require_bucket(db, &label.bucket).await?;
    sqlx::query("INSERT INTO upload VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(&upload.id)
        .bind(&label.bucket)
        .bind(label.key.as_bytes())
        .bind(upload.initiated.0)
        .bind(&label.owner)
        .bind(&label.acl)
        .bind(&label.storage_class)
        .bind(json(&label.attributes)?)
        .bind(upload.checksum.map(|(algorithm, _)| algorithm.name()))
        .bind(upload.checksum.map(|(_, kind)| kind.name()))
        .execute(db)
        .await?;
    Ok(Doomed::new())
}

async fn put_part(
    db: &mut SqliteConnection,
    part: &Part,
    path: &str,
) -> Result<Doomed, StoreError> {
    let row = sqlx::query("SELECT path FROM part WHERE upload = ? AND number = ?")
        .bind(&part.upload)
        .bind(part.number)
        .fetch_optional(&mut *db)
        .await?;
    sqlx::query("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(&part.upload)
        .bind(part.number)
        .bind(path)
        .bind(signed(part.size))
        .bind(part.modified.0)
        .bind(part.md5.as_slice())
        .bind(json(&part.checksums)?)
        .execute(db)
        .await?;
    let replaced: Option<String> = row.map(|row| row.try_get("path")).transpose()?;
    Ok(replaced
        .into_iter()
        .filter(|replaced| replaced != path)
        .collect())
}

async fn forget_upload(db: &mut SqliteConnection, upload: &str) -> Result<Doomed, StoreError> {
    for statement in [
        "DELETE FROM part WHERE upload = ?",
        "DELETE FROM upload WHERE id = ?",
    ] {
        sqlx::query(statement)
            .bind(upload)
            .execute(&mut *db)
            .await?;
    }
    Ok(vec![format!("{}/{upload}", crate::tree::UPLOADS)])
}

async fn require_bucket(db: &mut SqliteConnection, bucket: &str) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT 1 FROM bucket WHERE name = ?")
        .bind(bucket)
        .fetch_optional(db)
        .await?;
    row.map(drop).ok_or(Refusal::NoSuchBucket.into())
}

async fn require_upload(
    db: &mut SqliteConnection,
    bucket: &str,
    key: &str,
    upload: &str,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT 1 FROM upload WHERE id = ? AND bucket = ? AND key = ?")
        .bind(upload)
        .bind(bucket)
        .bind(key.as_bytes())
        .fetch_optional(db)
        .await?;
    row.map(drop).ok_or(Refusal::NoSuchUpload.into())
}

struct Present {
    path: String,
    etag: String,
}

async fn present(
    db: &mut SqliteConnection,
    bucket: &str,
    key: &str,
) -> Result<Option<Present>, StoreError> {
    let row = sqlx::query("SELECT path, etag FROM object WHERE bucket = ? AND key = ?")
        .bind(bucket)
        .bind(key.as_bytes())
        .fetch_optional(db)
        .await?;
    match row {
        Some(row) => Ok(Some(Present {
            path: row.try_get("path")?,
            etag: row.try_get("etag")?,
        })),
        None => Ok(None),
    }
}

fn check(condition: &Condition, present: Option<&Present>) -> Result<(), Refusal> {
    match (condition, present) {
        (Condition::None, _) | (Condition::Absent, None) | (Condition::Present, Some(_)) => Ok(()),
        (Condition::ETag(wanted), Some(present)) if *wanted == present.etag => Ok(()),
        // S3 tells a missing object from a changed one.
        (Condition::Present | Condition::ETag(_), None) => Err(Refusal::NoSuchKey),
        (Condition::Absent | Condition::ETag(_), Some(_)) => Err(Refusal::PreconditionFailed),
    }
}

/// Sizes are below 5 TiB, so they always fit.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::from(sqlx::Error::Encode(Box::new(error))))
}
