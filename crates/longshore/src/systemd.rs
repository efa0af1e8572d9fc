//! What systemd is told, where it has started us: that we serve, that we are alive, that we stop, and how long that takes.
//!
//! The protocol is that of sd_notify(3): one datagram of `NAME=value` lines to the socket that the environment names. Who
//! was started otherwise has no such socket, and nothing is told. Nothing depends on a message that is lost.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::environment::Environment;

/// What stopping may take beyond what it is given: closing databases, and telling the server of it.
const MORE: Duration = Duration::from_secs(15);

/// How long systemd may take to read what lies there already, before a message is given up.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// The way to systemd, if it has started us.
#[derive(Debug, Default)]
pub(crate) struct Systemd {
    socket: Option<UnixDatagram>,
    /// How long we may be silent before we are ended and started again.
    watchdog: Option<Duration>,
}

impl Systemd {
    /// The way that the environment of this process names.
    pub(crate) fn of_process() -> Self {
        Self::of(&Environment::of_process(), std::process::id())
    }

    fn of(environment: &Environment, process: u32) -> Self {
        let socket = environment.text("NOTIFY_SOCKET").and_then(connected);
        // Of a variable that was meant for the process that started us, we are not the one that is watched.
        let is_ours = environment
            .text("WATCHDOG_PID")
            .is_none_or(|pid| pid.parse() == Ok(process));
        let micros = environment.text("WATCHDOG_USEC").filter(|_| is_ours);
        let micros = micros.and_then(|text| text.parse().ok());
        Self {
            socket,
            watchdog: micros.filter(|it| *it > 0).map(Duration::from_micros),
        }
    }

    /// All works that was asked for.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// It is being stopped, which takes so long at most: who waits for less would cut off what ends in order.
    pub(crate) fn stopping(&self, within: Duration) {
        let micros = within.saturating_add(MORE).as_micros();
        self.tell(&format!(
            "STOPPING=1\nEXTEND_TIMEOUT_USEC={micros}\nSTATUS=Stopping in order"
        ));
    }

    /// Tells it again and again that we are alive, as long as `is_alive` says so within the time that is asked for, until
    /// what is returned is dropped. Nothing is told where nobody watches, and where the system gives no thread for it, we
    /// will be started again in vain; the log says why.
    pub(crate) fn watch(
        self,
        is_alive: impl Fn(Duration) -> bool + Send + 'static,
    ) -> Option<SignsOfLife> {
        let every = self.watchdog? / 2;
        let (stop, stopped) = mpsc::channel::<()>();
        let builder = std::thread::Builder::new().name("watchdog".into());
        let begun = builder.spawn(move || {
            loop {
                if is_alive(every) {
                    self.tell("WATCHDOG=1");
                } else {
                    tracing::error!("nothing goes on any more; systemd will start it again");
                }
                match stopped.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        let told = |error: &std::io::Error| tracing::error!(%error, "no sign of life is given");
        let thread = begun.inspect_err(told).ok()?;
        Some(SignsOfLife {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    fn tell(&self, message: &str) {
        if let Err(error) = self.told(message) {
            tracing::debug!(%error, "systemd is not told");
        }
    }

    fn told(&self, message: &str) -> std::io::Result<()> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        socket.send(message.as_bytes()).map(|_| ())
    }
}

/// The thread that says that we are alive, until this is dropped.
#[derive(Debug)]
pub(crate) struct SignsOfLife {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for SignsOfLife {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // What it panicked with has been printed.
            let _ = thread.join();
        }
    }
}

/// A socket to where the variable says: a path, or a name that begins with `@` and is no path (sd_notify(3)).
fn connected(place: &str) -> Option<UnixDatagram> {
    let address = match place.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(place),
    };
    let connected = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        // Who does not read holds nobody up.
        socket.set_write_timeout(Some(READ_WITHIN))?;
        socket.connect_addr(&address)?;
        Ok(socket)
    });
    let told = |error: &std::io::Error| tracing::warn!(%error, "systemd cannot be told anything");
    connected.inspect_err(told).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A socket as systemd has one, and the way to it.
    fn systemd(watchdog: &[(&str, &str)]) -> (tempfile::TempDir, UnixDatagram, Systemd) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let path = path.to_str().unwrap();
        let variables = [&[("NOTIFY_SOCKET", path)], watchdog].concat();
        let way = Systemd::of(&Environment::of(&variables), 7);
        (folder, socket, way)
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut message = [0; 4096];
        let bytes = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..bytes].to_vec()).unwrap()
    }

    #[test]
    fn it_is_told_what_it_asks_for() {
        let (_folder, socket, systemd) = systemd(&[]);
        systemd.ready("Serving");
        systemd.stopping(Duration::from_secs(30));
        assert_eq!(heard(&socket), "READY=1\nSTATUS=Serving");
        let stopping = "STOPPING=1\nEXTEND_TIMEOUT_USEC=45000000\nSTATUS=Stopping in order";
        assert_eq!(heard(&socket), stopping);
    }

    #[test]
    fn a_name_that_is_no_path_is_found() {
        let name = format!("longshore-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let place = format!("@{name}");
        let way = Systemd::of(&Environment::of(&[("NOTIFY_SOCKET", &place)]), 7);
        way.ready("Serving");
        assert_eq!(heard(&socket), "READY=1\nSTATUS=Serving");
    }

    #[test]
    fn who_is_stuck_says_nothing() {
        let (_folder, socket, systemd) = systemd(&[("WATCHDOG_USEC", "2000")]);
        let alive = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&alive);
        let watched = systemd.watch(move |within| {
            assert_eq!(within, Duration::from_millis(1));
            asked.load(Ordering::SeqCst)
        });
        let watched = watched.expect("it is watched");
        assert_eq!(heard(&socket), "WATCHDOG=1");
        assert_eq!(heard(&socket), "WATCHDOG=1");
        alive.store(false, Ordering::SeqCst);
        drop(watched);
        socket.set_nonblocking(true).unwrap();
        while let Ok(bytes) = socket.recv(&mut [0; 64]) {
            assert_eq!(bytes, "WATCHDOG=1".len());
        }
        let stuck = systemd_again(&socket)
            .watch(|_| false)
            .expect("it is watched");
        drop(stuck);
        assert!(socket.recv(&mut [0; 64]).is_err(), "nothing was said");
    }

    fn systemd_again(socket: &UnixDatagram) -> Systemd {
        let path = socket.local_addr().unwrap();
        let path = path.as_pathname().unwrap().to_str().unwrap();
        let variables = [("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "2000")];
        Systemd::of(&Environment::of(&variables), 7)
    }

    #[test]
    fn who_does_not_read_holds_nobody_up() {
        let (_folder, socket, systemd) = systemd(&[]);
        // More than any queue of datagrams takes; the last of them is given up.
        while systemd.told("STATUS=again").is_ok() {}
        systemd.ready("Serving");
        assert_eq!(heard(&socket), "STATUS=again");
    }

    #[test]
    fn a_watchdog_of_another_process_is_not_ours() {
        let variables = |pid| [("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", pid)];
        let watchdog = |pid| Systemd::of(&Environment::of(&variables(pid)), 7).watchdog;
        assert_eq!(watchdog("7"), Some(Duration::from_secs(30)));
        assert_eq!(watchdog("8"), None);
    }

    #[test]
    fn without_systemd_nothing_is_told() {
        let systemd = Systemd::of(&Environment::of(&[]), 7);
        systemd.ready("Serving");
        assert!(systemd.watch(|_| true).is_none());
    }
}
