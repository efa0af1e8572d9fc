//! The folder that has everything of one service: job store, secret key, objects, journals.
//!
//! One service at a time has the folder: it holds a lock on it until it ends, however it ends.
//! While it runs, `endpoints.json` tells other commands on the machine where to reach it.

pub(crate) mod credentials;
pub mod room;
pub mod users;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::StationConfig;
use room::Room;

/// Name and version of the format of `endpoints.json`.
const ENDPOINTS_FORMAT: &str = "longshore-endpoints-1";

/// Longest lock file that is read, in bytes: it holds a process number.
const LOCK_BYTES: u64 = 32;

/// A data folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The folder, or a file in it, cannot be read or written.
    #[error("could not use `{}`", path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// Others than the owner may change it.
    #[error(
        "others may write to the data folder `{}` (mode {mode:04o}): run `chmod go-w {}`",
        path.display(),
        path.display()
    )]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another service has it.
    #[error("the data folder `{}` is in use by {holder}", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who has it: `process 4711`, or `another process`.
        holder: String,
    },
    /// `endpoints.json` is not what a service writes.
    #[error("`{}` is not a list of endpoints: {reason}", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Where a service that runs can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// URL of the AWS Import/Export API.
    pub api: String,
    /// URL of the embedded S3 store, if there is one.
    pub s3: Option<String>,
    /// URL of the console, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// The service's process number.
    pub pid: u32,
    /// How the station of this host works.
    pub station: StationConfig,
    /// The service's file of settings, which names its stores, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<PathBuf>,
}

/// The file, with its format's name before the rest.
#[derive(Serialize, Deserialize)]
struct EndpointsFile {
    format: String,
    #[serde(flatten)]
    endpoints: Endpoints,
}

/// A data folder, locked for as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    // Before the lock, so that nobody else opens the folder before room is kept aside again.
    room: Room,
    // Held, never read: the lock goes with the open file.
    _lock: File,
}

impl DataDir {
    /// Makes the folder as needed, with all above it, and locks it. A new folder is for its owner
    /// alone; of one that is there, the permissions stay.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] if another service has it, [`DataDirError::Exposed`] if others may
    /// write to it.
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        make_private(root)?;
        refuse_exposed(root)?;
        let mut lock = lock(root)?;
        let room = Room::make(root);
        write_pid(&mut lock).map_err(|source| DataDirError::Io {
            path: root.join("lock"),
            source,
        })?;
        let dir = Self {
            root: root.to_owned(),
            room,
            _lock: lock,
        };
        for folder in [dir.objects(), dir.station()] {
            make_private(&folder)?;
        }
        // Here, so that it belongs to whoever has the service.
        users::open(root).map_err(|source| DataDirError::Io {
            path: root.join("users.lock"),
            source,
        })?;
        // What a service that crashed has left would lead others astray.
        dir.remove_endpoints()?;
        Ok(dir)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The room that is kept aside in it.
    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// The SQLite job store.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database_path(&self.root)
    }

    /// The first account's access key, as AWS tools read it.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        credentials_path(&self.root)
    }

    /// The installation's secret key.
    #[must_use]
    pub fn secret_key(&self) -> PathBuf {
        secret_key_path(&self.root)
    }

    /// The folder of the embedded S3 store.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// The folder of the station: its journals.
    #[must_use]
    pub fn station(&self) -> PathBuf {
        self.root.join("station")
    }

    /// Tells other commands where the service is.
    ///
    /// # Errors
    /// [`DataDirError::Io`] if the file cannot be written.
    pub fn write_endpoints(&self, endpoints: &Endpoints) -> Result<(), DataDirError> {
        let path = endpoints_path(&self.root);
        let file = EndpointsFile {
            format: ENDPOINTS_FORMAT.to_owned(),
            endpoints: endpoints.clone(),
        };
        serde_json::to_vec_pretty(&file)
            .map_err(io::Error::from)
            .and_then(|text| durable::replace(&path, &text))
            .map_err(|source| DataDirError::Io { path, source })
    }

    /// Takes back what [`DataDir::write_endpoints`] told: the service stops.
    ///
    /// # Errors
    /// [`DataDirError::Io`] if the file cannot be removed.
    pub fn remove_endpoints(&self) -> Result<(), DataDirError> {
        let path = endpoints_path(&self.root);
        durable::remove(&path).map_err(|source| DataDirError::Io { path, source })
    }
}

/// The SQLite job store of the data folder `root`.
pub(crate) fn database_path(root: &Path) -> PathBuf {
    root.join("longshore.db")
}

/// The secret key of the installation in the data folder `root`.
pub(crate) fn secret_key_path(root: &Path) -> PathBuf {
    root.join("secret.key")
}

/// Where the service of the data folder `root` can be reached; `None` if it has not started or was
/// stopped. A service that crashed leaves its answer behind.
///
/// # Errors
/// [`DataDirError::Torn`] if the file holds something else, [`DataDirError::Io`] if it cannot be
/// read.
pub fn read_endpoints(root: &Path) -> Result<Option<Endpoints>, DataDirError> {
    let path = endpoints_path(root);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(DataDirError::Io { path, source }),
    };
    match serde_json::from_slice::<EndpointsFile>(&text) {
        Ok(file) if file.format == ENDPOINTS_FORMAT => Ok(Some(file.endpoints)),
        Ok(file) => Err(DataDirError::Torn {
            path,
            reason: format!("format `{}`", file.format),
        }),
        Err(error) => Err(DataDirError::Torn {
            path,
            reason: error.to_string(),
        }),
    }
}

/// Where the key is under which the service uses its embedded store.
pub(crate) fn service_key_path(root: &Path) -> PathBuf {
    root.join("service.key")
}

/// Where the data folder `root` has the first account's access key.
#[must_use]
pub fn credentials_path(root: &Path) -> PathBuf {
    root.join("credentials")
}

fn endpoints_path(root: &Path) -> PathBuf {
    root.join("endpoints.json")
}

/// Makes a folder for its owner alone; those above it are made as usual.
fn make_private(folder: &Path) -> Result<(), DataDirError> {
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let made = above
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            made => made,
        });
    made.map_err(|source| DataDirError::Io {
        path: folder.to_owned(),
        source,
    })
}

fn refuse_exposed(root: &Path) -> Result<(), DataDirError> {
    let metadata = root.metadata().map_err(|source| DataDirError::Io {
        path: root.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(DataDirError::Exposed {
            path: root.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Takes the lock.
fn lock(root: &Path) -> Result<File, DataDirError> {
    let path = root.join("lock");
    let failed = |source| DataDirError::Io {
        path: path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(durable::OWNER_ONLY)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse {
            path: root.to_owned(),
            holder: holder(&file),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Writes our number into the lock file, for whoever comes later.
fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &File) -> String {
    let mut text = String::new();
    match file
        .take(LOCK_BYTES)
        .read_to_string(&mut text)
        .map(|_| text.trim().parse::<u32>())
    {
        Ok(Ok(pid)) => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
#[path = "data_dir_tests.rs"]
mod tests;
