//! The network between stations and server: a relay that loses requests and answers, and delivers
//! some requests late, after their sender has given up on them.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::service::{Down, Server};

/// How long the relay waits for the server's answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A relay to a server.
pub struct Network {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    server: Arc<Server>,
    attempt: Arc<Attempt>,
    /// Messages so far.
    messages: AtomicU64,
    /// Messages to each path.
    counts: Mutex<HashMap<String, u64>>,
    late: Mutex<Vec<Vec<u8>>>,
    is_over: AtomicBool,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    RequestLost,
    AnswerLost,
    Late,
    /// A proxy on the way answers in the server's place.
    BadGateway,
}

impl Network {
    /// A network to `server` that has the trouble of this attempt.
    #[must_use]
    pub fn new(server: Arc<Server>, attempt: Arc<Attempt>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let shared = Arc::new(Shared {
            server,
            attempt,
            messages: AtomicU64::new(0),
            counts: Mutex::default(),
            late: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let relay = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if relay.is_over.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    let relay = Arc::clone(&relay);
                    // A broken connection is what networks do.
                    thread::spawn(move || drop(relay.serve(&stream)));
                }
            }
        });
        Self { shared, address }
    }

    /// Where stations find the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Delivers what was held up.
    pub fn deliver_late(&self) {
        self.shared.deliver_late();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes up the one who listens.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    /// Serves one connection until it ends.
    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_message(&mut reader)? {
            let Some(answer) = self.relay(&request)? else {
                return Ok(());
            };
            let mut writer = stream;
            writer.write_all(&answer)?;
        }
        Ok(())
    }

    /// Relays one message; `None` if the sender hears nothing.
    fn relay(&self, request: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let attempt = &*self.attempt;
        let path = path_of(request);
        if attempt.step(&format!("telling {path}")).is_err() {
            return Ok(Some(refusal("410 Gone")));
        }
        let is_restart =
            attempt.trouble.restart == Some(self.messages.fetch_add(1, Ordering::SeqCst));
        let chance = attempt.chance.of(("restart", &path));
        if is_restart && chance.one_in(2) {
            self.restart(attempt, &path, "before");
        }
        let answer = self.deliver(attempt, &path, request);
        if is_restart && !chance.one_in(2) {
            self.restart(attempt, &path, "after");
        }
        match attempt.step(&format!("the answer to {path}")) {
            Ok(()) => answer,
            Err(_) => Ok(Some(refusal("410 Gone"))),
        }
    }

    fn deliver(
        &self,
        attempt: &Attempt,
        path: &str,
        request: &[u8],
    ) -> io::Result<Option<Vec<u8>>> {
        let fate = self.fate(attempt, path);
        if fate != Fate::Delivered {
            attempt.note(format_args!("{path}: {fate:?}"));
        }
        match fate {
            Fate::Delivered => {
                let answer = self.forward(request)?;
                self.deliver_late();
                Ok(Some(answer))
            }
            Fate::RequestLost => Ok(None),
            Fate::AnswerLost => self.forward(request).map(|_| None),
            Fate::Late => {
                lock(&self.late).push(request.to_vec());
                Ok(None)
            }
            Fate::BadGateway => Ok(Some(refusal("502 Bad Gateway"))),
        }
    }

    fn fate(&self, attempt: &Attempt, path: &str) -> Fate {
        const FATES: [Fate; 4] = [
            Fate::RequestLost,
            Fate::AnswerLost,
            Fate::Late,
            Fate::BadGateway,
        ];
        let mut counts = lock(&self.counts);
        let count = counts.entry(path.to_owned()).or_default();
        let chance = attempt.chance.of(("message", path, *count));
        *count += 1;
        if chance.percent(attempt.trouble.network_faults) {
            chance.of("how").pick(&FATES)
        } else {
            Fate::Delivered
        }
    }

    fn restart(&self, attempt: &Attempt, path: &str, when: &str) {
        let down = attempt
            .chance
            .of("down")
            .pick(&[Down::Stopped, Down::Killed]);
        attempt.note(format_args!("the server is {down:?} {when} {path}"));
        self.server.restart(down);
    }

    fn deliver_late(&self) {
        let late = std::mem::take(&mut *lock(&self.late));
        for request in late {
            // Nobody waits for the answer.
            drop(self.forward(&request));
        }
    }

    fn forward(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.server.address())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let answer = read_message(&mut BufReader::new(&stream))?;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(match path_of(request).ends_with("/heartbeat") {
            true => hurried(answer),
            false => answer,
        })
    }
}

/// Reads a request or an answer that tells its length; `None` at the end of the connection.
fn read_message(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut length = 0;
    loop {
        let begin = message.len();
        if reader.read_until(b'\n', &mut message)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&message[begin..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let head = message.len();
    message.resize(head + length, 0);
    reader.read_exact(&mut message[head..])?;
    Ok(Some(message))
}

/// The answer to a heartbeat with the next wanted as soon as a station believes: a day is a second here. It stays as long as
/// it is.
fn hurried(mut answer: Vec<u8>) -> Vec<u8> {
    for seconds in [b"1000", b"5000"] {
        let wanted = [&b"\"next_ms\":"[..], seconds].concat();
        let found = answer.windows(wanted.len()).position(|it| it == wanted);
        if let Some(at) = found {
            answer[at..at + wanted.len()].copy_from_slice(b"\"next_ms\":200 ");
        }
    }
    answer
}

fn path_of(request: &[u8]) -> String {
    let line = request.split(|byte| *byte == b'\r').next();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    line.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn refusal(status: &str) -> Vec<u8> {
    let body = r#"{"code":"Simulated","message":"simulated"}"#;
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
