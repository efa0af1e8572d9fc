//! What an installation cannot be without, in one sealed file: the job store, the secret key and the settings; and an
//! installation made from such a file again.
//!
//! Objects of the embedded store are not in it, nor journals of stations: the former are their owners' and copied as
//! files, the latter are made anew. A backup is made beside a service that runs.

mod contents;
mod dump;
mod restoring;
mod sealed;

pub use contents::{List, Listed, Part, ReadError};
pub use dump::DumpError;
pub use restoring::{NotRestored, Restored, restore};
pub use sealed::{Passphrase, SealedError};

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use model::time::Timestamp;

use crate::config::{Config, DatabaseConfig};
use crate::data_dir;
use crate::jobstore::{JobStoreError, SqliteJobStore};
use crate::sealing::{MasterKey, MasterKeyError};

/// How much of an installation a backup has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupScope {
    /// All that it cannot be without.
    Whole,
    /// That without the job store: its PostgreSQL has backups of its own.
    WithoutJobs,
}

/// A backup that was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotBackedUp {
    /// Nobody has started a service on this data folder.
    #[error("there is no installation in the data folder `{}`", .0.display())]
    NoInstallation(PathBuf),
    /// Something is there already.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The secret key cannot be had.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The job store cannot be read, or its secrets do not open with the key.
    #[error("could not copy the job store")]
    JobStore(#[from] JobStoreError),
    /// The job store cannot be read by PostgreSQL's own program.
    #[error("could not copy the job store")]
    Dump(#[from] DumpError),
    /// A SQLite job store is always in it.
    #[error("the job store of this installation is a file of its data folder: a backup has it")]
    JobsAreHere,
    /// A file cannot be read or written.
    #[error("could not use `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A folder for the owner alone, which goes with the value.
struct Workplace(PathBuf);

impl Workplace {
    fn make(path: PathBuf) -> io::Result<Self> {
        // What a process that was killed has left.
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What stays is removed by the next one.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Seals job store, secret key and settings of an installation into a new file. The job store is as it was at one moment,
/// while a service may go on.
///
/// # Errors
/// [`NotBackedUp`]; there is no file then.
pub async fn back_up(
    config: &Config,
    scope: BackupScope,
    passphrase: &Passphrase,
    now: Timestamp,
    to: &Path,
) -> Result<List, NotBackedUp> {
    let data = &config.server.data;
    let key_file = config.server.secret_key_file.clone();
    let key_file = key_file.unwrap_or_else(|| data_dir::secret_key_path(data));
    if !key_file.is_file() {
        return Err(NotBackedUp::NoInstallation(data.clone()));
    }
    let key = MasterKey::load(&key_file)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| NotBackedUp::Io { path, source }
    };
    let place = Workplace::make(data.join(".backup")).map_err(failed(data))?;
    let mut files = vec![(Part::SecretKey, key_file)];
    files.extend(config.file.clone().map(|file| (Part::Settings, file)));
    match (&config.database, scope) {
        (DatabaseConfig::Sqlite, BackupScope::Whole) => {
            let copy = place.at("longshore.db");
            copied(&data_dir::database_path(data), &copy, &key).await?;
            files.push((Part::Sqlite, copy));
        }
        (DatabaseConfig::Sqlite, BackupScope::WithoutJobs) => return Err(NotBackedUp::JobsAreHere),
        (DatabaseConfig::Postgres(url), BackupScope::Whole) => {
            let copy = place.at("longshore.pgdump");
            dump::dump(url, &copy)?;
            files.push((Part::PgDump, copy));
        }
        (DatabaseConfig::Postgres(_), BackupScope::WithoutJobs) => {}
    }
    written(to, passphrase, now, &files)
}

/// Copies a SQLite job store as it is at one moment, and sees that the copy opens with the key.
async fn copied(from: &Path, to: &Path, key: &MasterKey) -> Result<(), NotBackedUp> {
    if !from.is_file() {
        let folder = from.parent().unwrap_or(from);
        return Err(NotBackedUp::NoInstallation(folder.to_owned()));
    }
    SqliteJobStore::copy(from, to)?;
    let store = SqliteJobStore::open(to, key.sealer()).await?;
    store.close().await;
    Ok(())
}

/// Writes the file beside its place and moves it there when it is whole.
fn written(
    to: &Path,
    passphrase: &Passphrase,
    now: Timestamp,
    files: &[(Part, PathBuf)],
) -> Result<List, NotBackedUp> {
    let failed = |source| NotBackedUp::Io {
        path: to.to_owned(),
        source,
    };
    if to.try_exists().map_err(failed)? {
        return Err(NotBackedUp::Exists(to.to_owned()));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = to.with_file_name(name);
    let mut options = File::options();
    options
        .write(true)
        .create_new(true)
        .mode(durable::OWNER_ONLY);
    let written = options.open(&part).and_then(|file| {
        let (list, file) = contents::write(file, passphrase, now, files)?;
        durable::commit(&file, &part, to)?;
        Ok(list)
    });
    written.map_err(|source| {
        // Half a backup is none.
        let _ = std::fs::remove_file(&part);
        failed(source)
    })
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
