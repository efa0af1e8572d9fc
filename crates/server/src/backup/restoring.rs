//! An installation that is made from a backup, where none is yet.
//!
//! Everything is written beside its place first and looked at: the whole file, the key, the job store under that key. What
//! is then moved into the data folder is whole; of a job store without its key, which is what a crash in between leaves, no
//! service starts.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use super::contents::{self, List, Part, ReadError};
use super::dump::{self, DumpError};
use super::{Passphrase, Workplace};
use crate::config::{Config, DatabaseConfig, DatabaseUrl};
use crate::data_dir;
use crate::jobstore::{JobStoreError, PostgresJobStore, SqliteJobStore};
use crate::sealing::{MasterKey, MasterKeyError};

/// Where the settings of a backup are put, in the data folder.
const SETTINGS: &str = "longshore.toml";

/// Where all is written first, in the data folder.
const WORKPLACE: &str = ".restore";

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    /// What the backup held.
    pub list: List,
    /// The settings of that time, which nobody reads by themselves.
    pub settings: Option<PathBuf>,
}

/// A backup that was not restored. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// The backup cannot be read as one.
    #[error("could not read the backup `{}`", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// Something is in the data folder.
    #[error("the data folder `{}` is not empty: it has `{found}`", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// Something is in the database.
    #[error("the database has a job store already")]
    DatabaseNotEmpty,
    /// The settings name a secret key, which is another one than the backup's.
    #[error("`{}` is another secret key than the backup's", .0.display())]
    OtherKey(PathBuf),
    /// A backup of a SQLite job store goes into one, and of PostgreSQL into PostgreSQL.
    #[error("the backup's job store is of {theirs}, and the settings name {ours}")]
    OtherDatabase {
        /// What the backup has.
        theirs: &'static str,
        /// What the settings say.
        ours: &'static str,
    },
    /// The secret key of the backup is none.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The job store does not open, or not with the backup's key.
    #[error("could not open the job store of the backup")]
    JobStore(#[from] JobStoreError),
    /// PostgreSQL does not take it.
    #[error("could not fill the database")]
    Dump(#[from] DumpError),
    /// Something cannot be written.
    #[error("could not use `{}`", path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Makes an installation from a backup, where the settings say. Its data folder is empty, or not there.
///
/// # Errors
/// [`NotRestored`]; nothing was changed then.
pub async fn restore(
    file: &Path,
    passphrase: &Passphrase,
    config: &Config,
) -> Result<Restored, NotRestored> {
    let data = &config.server.data;
    let failed = |source| NotRestored::Io {
        path: data.clone(),
        source,
    };
    let from = File::open(file).map_err(|source| NotRestored::Backup {
        path: file.to_owned(),
        source: ReadError::Sealed(source.into()),
    })?;
    let folder = Folder::take(data).map_err(failed)?;
    if let Some(found) = folder.first_in_it().map_err(failed)? {
        let path = data.clone();
        return Err(NotRestored::NotEmpty { path, found });
    }
    let place = Workplace::make(data.join(WORKPLACE)).map_err(failed)?;
    let read = contents::read(from, passphrase, |part| place.at(name_of(part)));
    let list = read.map_err(|source| NotRestored::Backup {
        path: file.to_owned(),
        source,
    })?;
    let key = MasterKey::load(&place.at(name_of(Part::SecretKey)))?;
    refuse_other_key(config, &place)?;
    see_that_jobs_open(config, &list, &place, key).await?;
    let settings = folder.fill(config, &list, &place).map_err(failed)?;
    folder.keep();
    Ok(Restored { list, settings })
}

/// What a part is called where an installation has it.
fn name_of(part: Part) -> &'static str {
    match part {
        Part::SecretKey => "secret.key",
        Part::Settings => SETTINGS,
        Part::Sqlite => "longshore.db",
        Part::PgDump => "longshore.pgdump",
    }
}

/// A key that the settings name is the operator's to put there; it has to be the one.
fn refuse_other_key(config: &Config, place: &Workplace) -> Result<(), NotRestored> {
    let Some(named) = &config.server.secret_key_file else {
        return Ok(());
    };
    let theirs = std::fs::read(place.at(name_of(Part::SecretKey)));
    match std::fs::read(named) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(ours) if theirs.is_ok_and(|theirs| theirs == ours) => Ok(()),
        Ok(_) | Err(_) => Err(NotRestored::OtherKey(named.clone())),
    }
}

/// Sees that the job store opens with the key. That of PostgreSQL is filled for that, in one transaction: what comes later
/// has nothing to decide any more.
async fn see_that_jobs_open(
    config: &Config,
    list: &List,
    place: &Workplace,
    key: MasterKey,
) -> Result<(), NotRestored> {
    let has = |part| list.files.iter().any(|file| file.part == part);
    match &config.database {
        DatabaseConfig::Sqlite if !has(Part::Sqlite) => Err(NotRestored::OtherDatabase {
            theirs: "PostgreSQL",
            ours: "none",
        }),
        DatabaseConfig::Sqlite => {
            let path = place.at(name_of(Part::Sqlite));
            let store = SqliteJobStore::open(&path, key.sealer()).await?;
            store.close().await;
            Ok(())
        }
        DatabaseConfig::Postgres(_) if has(Part::Sqlite) => Err(NotRestored::OtherDatabase {
            theirs: "SQLite",
            ours: "a PostgreSQL",
        }),
        DatabaseConfig::Postgres(url) => match has(Part::PgDump) {
            true => fill(url, &place.at(name_of(Part::PgDump)), key).await,
            false => Ok(()),
        },
    }
}

async fn fill(url: &DatabaseUrl, from: &Path, key: MasterKey) -> Result<(), NotRestored> {
    if PostgresJobStore::is_there(url.expose()).await? {
        return Err(NotRestored::DatabaseNotEmpty);
    }
    dump::load(url, from)?;
    let store = PostgresJobStore::connect(url.expose(), key.sealer()).await?;
    store.close().await;
    Ok(())
}

/// The data folder. If nothing comes of it, one that was made for this goes again.
struct Folder {
    path: PathBuf,
    was_made: bool,
}

impl Folder {
    fn take(path: &Path) -> io::Result<Self> {
        let was_made = !path.try_exists()?;
        if was_made {
            let above = path.parent().filter(|above| !above.as_os_str().is_empty());
            above.map_or(Ok(()), std::fs::create_dir_all)?;
            Workplace::make(path.to_owned()).map(std::mem::forget)?;
        }
        Ok(Self {
            path: path.to_owned(),
            was_made,
        })
    }

    /// The name of something in it, if anything is.
    fn first_in_it(&self) -> io::Result<Option<String>> {
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if name != WORKPLACE && name != "lost+found" {
                return Ok(Some(name.to_string_lossy().into_owned()));
            }
        }
        Ok(None)
    }

    /// Moves everything to its place, the key last, for whoever the folder belongs to. Gives where the settings are.
    fn fill(&self, config: &Config, list: &List, place: &Workplace) -> io::Result<Option<PathBuf>> {
        let owner = std::fs::metadata(&self.path)?;
        let mut parts: Vec<Part> = list.files.iter().map(|file| file.part).collect();
        parts.sort_unstable();
        let mut settings = None;
        for part in parts.into_iter().rev() {
            let from = place.at(name_of(part));
            let to = match part {
                Part::PgDump => continue,
                Part::Sqlite => data_dir::database_path(&self.path),
                Part::Settings => settings.insert(self.path.join(SETTINGS)).clone(),
                Part::SecretKey => match &config.server.secret_key_file {
                    // It is that key, or there is none yet.
                    Some(named) => {
                        durable::create(named, &std::fs::read(&from)?)?;
                        continue;
                    }
                    None => data_dir::secret_key_path(&self.path),
                },
            };
            chown(&from, Some(owner.uid()), Some(owner.gid()))?;
            std::fs::rename(&from, &to)?;
        }
        durable::sync_folder(&self.path.join(SETTINGS))?;
        Ok(settings)
    }

    fn keep(mut self) {
        self.was_made = false;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.was_made {
            // Only if it is empty.
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}
