//! Clears away what a crash left: done once at opening, before anything is served.
//!
//! Three kinds of leftovers: files noted as doomed, files still in `.incoming` (where one with a second
//! name outside may be an object whose row was never written), and parts of uploads the index does not know.

use crate::error::{OpenError, StoreError};
use crate::index::Index;
use crate::tree::{self, Tree, UPLOADS};
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Device and number: what two names of one file share.
type Inode = (u64, u64);

/// Clears up; returns the notes of doomed files that are gone now.
///
/// # Errors
/// The disk's or the index's; nothing that is in use is ever removed.
pub(crate) async fn recover(index: &Index, tree: &Tree) -> Result<Vec<i64>, OpenError> {
    let fail = |source| OpenError::Root {
        path: tree.root().to_owned(),
        source,
    };
    let mut struck = Vec::new();
    for (note, path) in index
        .doomed()
        .await
        .map_err(|error| unreadable(tree, error))?
    {
        tree.remove(&path).map_err(fail)?;
        struck.push(note);
    }
    clear_incoming(index, tree).await?;
    clear_uploads(index, tree).await?;
    Ok(struck)
}

async fn clear_incoming(index: &Index, tree: &Tree) -> Result<(), OpenError> {
    let fail = |source| OpenError::Root {
        path: tree.root().to_owned(),
        source,
    };
    let mut named: HashMap<Inode, PathBuf> = HashMap::new();
    for path in tree.leftovers().map_err(fail)? {
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
