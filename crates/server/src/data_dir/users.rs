//! Who else uses the service of a data folder. Each process that joined it holds a shared lock on
//! `users.lock` for as long as it does, and a command that started the service for itself stops it
//! only under the exclusive one. A lock ends with its process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::{DataDirError, Endpoints, read_endpoints};

/// How long a recorded service may take to answer before it counts as slow, which is not dead.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How often to look whether all others are done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A service of another process, which stays until the value is dropped if it was a command that
/// started it.
#[derive(Debug)]
pub struct Joined {
    /// Where it is.
    pub endpoints: Endpoints,
    // Held, never read. None if this user may not write to the folder.
    _lock: Option<File>,
}

impl Joined {
    /// Joins the service that runs on the data folder `root`; `None` if there is none, it is
    /// stopping, or what `endpoints.json` names is dead.
    ///
    /// # Errors
    /// Those of [`read_endpoints`], and [`DataDirError::Io`] if `users.lock` cannot be opened.
    pub fn join(root: &Path) -> Result<Option<Self>, DataDirError> {
        // Nothing is made in a folder without a service.
        if read_endpoints(root)?.is_none() {
            return Ok(None);
        }
        let failed = |source| DataDirError::Io {
            path: root.join("users.lock"),
            source,
        };
        let lock = match open(root) {
            Ok(lock) => match lock.try_lock_shared() {
                Ok(()) => Some(lock),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            },
            Err(error) if is_forbidden(&error) => None,
            Err(error) => return Err(failed(error)),
        };
        // Read under the lock: a service that is named now stays.
        let endpoints = read_endpoints(root)?.filter(|endpoints| answers(&endpoints.api));
        Ok(endpoints.map(|endpoints| Self {
            endpoints,
            _lock: lock,
        }))
    }
}

/// Waits until no process has joined the service of the data folder `root`, and calls `wait` once if
/// that takes time. While the lock is held, nobody joins. `None` if the file cannot be locked: whoever
/// cannot know stops.
pub async fn until_unused(root: &Path, wait: impl FnOnce()) -> Option<File> {
    let lock = open(root).ok()?;
    let mut wait = Some(wait);
    loop {
        match lock.try_lock() {
            Ok(()) => return Some(lock),
            Err(TryLockError::Error(_)) => return None,
            Err(TryLockError::WouldBlock) => {}
        }
        if let Some(wait) = wait.take() {
            wait();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Opens `users.lock`, which is made as needed.
pub(super) fn open(root: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(durable::OWNER_ONLY)
        .open(root.join("users.lock"))
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Whether a service is at `api`. One that was killed may take connections until the kernel has
/// closed its files, so it has to say something.
fn answers(api: &str) -> bool {
    let authority = api.strip_prefix("http://").unwrap_or(api);
    let Ok(address) = authority.parse::<SocketAddr>() else {
        // Not what a service writes today; whoever speaks to it finds out.
        return true;
    };
    let asked = TcpStream::connect_timeout(&address, ANSWER_WITHIN).and_then(|mut stream| {
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let request =
            format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        stream.read(&mut [0])
    });
    match asked {
        Ok(read) => read > 0,
        Err(error) => matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ),
    }
}
