//! How a child is started, and what holds it.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::child;

/// How a child is started.
#[derive(Clone)]
pub enum Launcher {
    /// This program once more, as a process that shuts itself in.
    Process {
        /// The argument by which it knows that it is a child.
        argument: OsString,
        /// Whether it may parse where this system cannot shut it in.
        allow_unconfined: bool,
    },
    /// The same code in a thread of this process, which is shut in by nothing: for tests and simulations.
    Thread,
    /// Something else in its place: for tests of what a parent believes.
    Impostor(Impostor),
}

impl fmt::Debug for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Process { .. } => "Process",
            Self::Thread => "Thread",
            Self::Impostor(_) => "Impostor",
        })
    }
}

/// What stands for a child in tests: it is given the child's end of the line, in a thread of its own.
pub type Impostor = Arc<dyn Fn(UnixStream) + Send + Sync>;

/// A child that runs.
#[derive(Debug)]
pub(super) enum Running {
    /// A thread, which ends when its line does.
    Thread(#[expect(dead_code, reason = "let go with the child")] JoinHandle<()>),
}

impl Launcher {
    /// Starts a child; the line to it gives up after `silence`.
    pub(super) fn start(&self, silence: Duration) -> io::Result<(UnixStream, Running)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(silence))?;
        ours.set_write_timeout(Some(silence))?;
        let running = match self {
            Self::Process { .. } => return Err(io::ErrorKind::Unsupported.into()),
            Self::Thread => Running::thread(move || child::serve(theirs, None))?,
            Self::Impostor(impostor) => {
                let impostor = impostor.clone();
                Running::thread(move || impostor(theirs))?
            }
        };
        Ok((ours, running))
    }

    /// Whether a child may parse that is shut in by nothing.
    pub(super) fn allows_unconfined(&self) -> bool {
        match self {
            Self::Process {
                allow_unconfined, ..
            } => *allow_unconfined,
            Self::Thread | Self::Impostor(_) => true,
        }
    }
}

impl Running {
    fn thread(run: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let builder = thread::Builder::new().name("sandbox".to_owned());
        builder.spawn(run).map(Self::Thread)
    }

    /// Ends it, and says how it ended, where that is known.
    pub(super) fn end(self) -> Option<String> {
        match self {
            Self::Thread(_) => None,
        }
    }
}
