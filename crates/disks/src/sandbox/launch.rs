//! How a child is started, and what holds it.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{ARGUMENT, child};

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

/// The user and group of a child whose parent is root: nobody.
const NOBODY: u32 = 65534;

/// A child that runs.
#[derive(Debug)]
pub(super) enum Running {
    /// A process, held by a thread that lives as long: the kernel kills a process with the thread that made it.
    Process {
        /// Let go, it ends the process.
        hold: Sender<()>,
        /// Gives how it ended.
        keeper: JoinHandle<io::Result<ExitStatus>>,
    },
    /// A thread, which ends when its line does.
    Thread,
}

impl Launcher {
    /// This program once more, as [`ARGUMENT`] has it begin as a child.
    #[must_use]
    pub fn process(allow_unconfined: bool) -> Self {
        Self::Process {
            argument: ARGUMENT.into(),
            allow_unconfined,
        }
    }

    /// Starts a child; the line to it gives up after `silence`.
    pub(super) fn start(&self, silence: Duration) -> io::Result<(UnixStream, Running)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(silence))?;
        ours.set_write_timeout(Some(silence))?;
        let running = match self {
            Self::Process { argument, .. } => Running::process(argument.clone(), theirs)?,
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
        thread_named("sandbox", run)?;
        Ok(Self::Thread)
    }

    fn process(argument: OsString, line: UnixStream) -> io::Result<Self> {
        let (hold, held) = channel();
        let (started, start) = channel();
        let keeper = thread_named("sandbox", move || {
            let process = spawn(argument, line);
            let process = match process {
                Ok(process) => {
                    started.send(Ok(())).map_err(io::Error::other)?;
                    process
                }
                Err(error) => {
                    // Whoever waited for it has it; nobody asks how it ended.
                    let _unless_nobody_waits = started.send(Err(error));
                    return Err(io::ErrorKind::NotFound.into());
                }
            };
            keep(process, &held)
        })?;
        start.recv().map_err(io::Error::other)??;
        Ok(Self::Process { hold, keeper })
    }

    /// Ends it, and says how it ended, where that is known.
    pub(super) fn end(self) -> Option<String> {
        match self {
            Self::Process { hold, keeper } => {
                drop(hold);
                let status = keeper.join().ok()?.ok()?;
                Some(status.to_string())
            }
            Self::Thread => None,
        }
    }
}

fn thread_named<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Starts this program once more with nothing of its surroundings but the line.
fn spawn(argument: OsString, line: UnixStream) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg(argument)
        .env_clear()
        .current_dir("/")
        .stdin(OwnedFd::from(line))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.spawn()
}

/// Waits until a process is let go, and ends it. One that ended by itself waits here for being asked about.
fn keep(mut process: Child, held: &Receiver<()>) -> io::Result<ExitStatus> {
    // Nothing is ever sent: this returns when the other end is gone.
    let _let_go = held.recv();
    process.kill()?;
    process.wait()
}
