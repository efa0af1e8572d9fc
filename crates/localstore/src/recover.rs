//! Clears away what a crash left: done once at opening, before anything is served.
//!
//! Four kinds of leftovers: files that have yet to get the name that the index says they have, files
//! noted as doomed, files still in `.incoming` (where one with a second
//! name outside may be an object whose row was never written), and parts of uploads the index does not know.

use crate::error::{OpenError, StoreError};
use crate::index::Index;
use crate::index::writer::Struck;
use crate::tree::{self, Tree, UPLOADS};
use std::collections::{HashMap, HashSet};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Device and number: what two names of one file share.
type Inode = (u64, u64);

/// Clears up; returns the notes of what is done now.
///
/// # Errors
/// The disk's or the index's; nothing that is in use is ever removed.
pub(crate) async fn recover(index: &Index, tree: &Tree) -> Result<Struck, OpenError> {
    let fail = |source| OpenError::Root {
        path: tree.root().to_owned(),
        source,
    };
    let mut struck = Struck::default();
    let mut stuck = HashSet::new();
    let mut renamed = Vec::new();
    for (note, source, path) in index
        .moves()
        .await
        .map_err(|error| unreadable(tree, error))?
    {
        match tree.finish_move(&source, &path) {
            Ok(()) => {
                struck.moves.push(note);
                renamed.push(path);
            }
            Err(error) => {
                tracing::error!(path, %error, "contents without their name; the object cannot be read");
                tree.begin_moves(std::iter::once(path.as_str()));
                stuck.insert(tree.path(&source));
            }
        }
    }
    if let Err(error) = tree.settle_names(renamed.iter().map(String::as_str)) {
        tracing::warn!(%error, "names not known to be on the disk");
        struck.moves.clear();
    }
    for (note, path) in index
        .doomed()
        .await
        .map_err(|error| unreadable(tree, error))?
    {
        tree.remove(&path).map_err(fail)?;
        struck.doomed.push(note);
    }
    clear_incoming(index, tree, &stuck).await?;
    clear_uploads(index, tree).await?;
    Ok(struck)
}

async fn clear_incoming(
    index: &Index,
    tree: &Tree,
    needed: &HashSet<PathBuf>,
) -> Result<(), OpenError> {
    let fail = |source| OpenError::Root {
        path: tree.root().to_owned(),
        source,
    };
    let mut named: HashMap<Inode, PathBuf> = HashMap::new();
    for path in tree.leftovers().map_err(fail)? {
        if needed.contains(&path) {
            continue;
        }
        let found = path.symlink_metadata().map_err(fail)?;
        if found.nlink() > 1 {
            named.insert((found.dev(), found.ino()), path);
        } else {
            std::fs::remove_file(&path).map_err(fail)?;
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    for path in second_names(tree, &named).map_err(fail)? {
        if !index
            .uses(&path)
            .await
            .map_err(|error| unreadable(tree, error))?
        {
            tracing::info!(path, "file of an unfinished upload removed");
            tree.remove(&path).map_err(fail)?;
        }
    }
    for path in named.values() {
        std::fs::remove_file(path).map_err(fail)?;
    }
    Ok(())
}

/// The names, relative to the root, that the files have outside `.incoming`.
fn second_names(tree: &Tree, named: &HashMap<Inode, PathBuf>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders: Vec<PathBuf> = tree::entries(tree.root())?
        .into_iter()
        .filter(|path| !path.ends_with(".incoming") && is_folder(path))
        .collect();
    while let Some(folder) = folders.pop() {
        for path in tree::entries(&folder)? {
            let found = path.symlink_metadata()?;
            if found.is_dir() {
                folders.push(path);
            } else if found.nlink() > 1
                && named.contains_key(&(found.dev(), found.ino()))
                && let Ok(relative) = path.strip_prefix(tree.root())
                && let Some(relative) = relative.to_str()
            {
                names.push(relative.to_owned());
            }
        }
    }
    Ok(names)
}

async fn clear_uploads(index: &Index, tree: &Tree) -> Result<(), OpenError> {
    let fail = |source| OpenError::Root {
        path: tree.root().to_owned(),
        source,
    };
    for folder in tree::entries(&tree.path(UPLOADS)).map_err(fail)? {
        let Some(id) = folder.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let known = index
            .upload(id)
            .await
            .map_err(|error| unreadable(tree, error))?;
        if known.is_none() {
            tree.remove(&format!("{UPLOADS}/{id}")).map_err(fail)?;
        }
    }
    Ok(())
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn unreadable(tree: &Tree, error: StoreError) -> OpenError {
    OpenError::Root {
        path: tree.path("index.db"),
        source: io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use crate::index::apply::{Change, Condition};
    use crate::index::rows::{Label, Moment, Object};
    use crate::{Durability, LocalStore};
    use sqlx::Connection as _;
    use std::io::Write as _;
    use std::path::Path;

    async fn open(root: &Path) -> LocalStore {
        LocalStore::open_with(root, Durability::Relaxed)
            .await
            .unwrap()
    }

    fn object(contents: &str) -> Object {
        Object {
            label: Label {
                bucket: "bucket".to_owned(),
                key: "key".to_owned(),
                owner: "me".to_owned(),
                acl: "private".to_owned(),
                storage_class: "STANDARD".to_owned(),
                attributes: crate::index::rows::Attributes::default(),
            },
            path: String::new(),
            size: contents.len() as u64,
            modified: Moment::now(),
            etag: contents.to_owned(),
            checksums: crate::checksum::Checksums::default(),
            parts: Vec::new(),
        }
    }

    async fn put(store: &LocalStore, contents: &str) {
        let mut incoming = store.tree.incoming().unwrap();
        incoming.file.write_all(contents.as_bytes()).unwrap();
        let change = Change::PutObject {
            object: object(contents),
            condition: Condition::None,
        };
        store.change_with(change, incoming).await.unwrap();
    }

    /// Says something to the index that only a crash leaves there.
    async fn alter(root: &Path, statements: &'static str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(root.join("index.db"));
        let mut db = sqlx::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        sqlx::raw_sql(statements).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }

    async fn count(root: &Path, table: &str) -> i64 {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(root.join("index.db"));
        let mut db = sqlx::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        let query = match table {
            "move" => "SELECT count(*) FROM move",
            _ => "SELECT count(*) FROM doomed",
        };
        let count = sqlx::query_scalar(query).fetch_one(&mut db).await.unwrap();
        db.close().await.unwrap();
        count
    }

    fn read(root: &Path) -> String {
        std::fs::read_to_string(root.join("bucket/key")).unwrap()
    }

    /// Stopped at each step of a replacement, the store comes back with the old object or the new one.
    #[tokio::test]
    async fn a_replacement_is_whole_wherever_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let store = open(root).await;
        store.create_bucket("bucket", "me").await.unwrap();
        put(&store, "old").await;
        store.close().await;
        drop(store);
        // Before the commit: the new contents wait under a name that nobody knows.
        std::fs::write(root.join(".incoming/new"), "new").unwrap();
        let store = open(root).await;
        assert_eq!(
            store
                .index
                .object("bucket", "key")
                .await
                .unwrap()
                .unwrap()
                .etag,
            "old"
        );
        assert_eq!(read(root), "old");
        store.close().await;
        drop(store);
        // Behind the commit, before the rename.
        std::fs::write(root.join(".incoming/new"), "new").unwrap();
        alter(
            root,
            "UPDATE object SET etag = 'new';
             INSERT INTO move (source, path) VALUES ('.incoming/new', 'bucket/key');",
        )
        .await;
        let store = open(root).await;
        assert_eq!(read(root), "new");
        // Behind the rename, before the note is struck out; and a removal noted for the name, as a
        // release with the first version may have left it.
        store.close().await;
        drop(store);
        alter(
            root,
            "INSERT INTO move (source, path) VALUES ('.incoming/new', 'bucket/key');
             INSERT INTO doomed (path) VALUES ('bucket/key');",
        )
        .await;
        for _ in 0..2 {
            let store = open(root).await;
            assert_eq!(read(root), "new");
            store.close().await;
        }
        let store = open(root).await;
        put(&store, "newer").await;
        store.close().await;
        drop(store);
        assert_eq!(read(root), "newer");
        assert_eq!(
            (count(root, "move").await, count(root, "doomed").await),
            (0, 0)
        );
        drop(open(root).await);
        assert_eq!(read(root), "newer");
        assert!(
            std::fs::read_dir(root.join(".incoming"))
                .unwrap()
                .next()
                .is_none()
        );
    }
}
