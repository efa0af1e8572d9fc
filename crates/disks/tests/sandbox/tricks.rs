//! What a child that was taken over might try.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::UdpSocket;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rustix::stdio::{stdin, stdout};

/// Before the name of a trick: the child shuts itself in and tries it.
pub(crate) const CONFINED: &str = "confined-";
/// Before the name of a trick: the child only tries it.
pub(crate) const FREE: &str = "free-";

/// Kinds of frames, as parent and child send them.
const READY: u8 = 32;
const READ: u8 = 33;
const FAILED: u8 = 42;

/// A child that is asked for something tries a trick, and says so if it still can.
pub(crate) fn play(trick: &str, is_confined: bool) -> ExitCode {
    if is_confined {
        disks::sandbox::confine().unwrap();
    }
    send(READY, &[0]);
    let mut asked = [0; 5];
    Line.read_exact(&mut asked).unwrap();
    let words = match tried(trick) {
        Ok(()) => "survived".to_owned(),
        Err(error) => format!("survived: {error}"),
    };
    let length = u32::try_from(words.len()).unwrap().to_le_bytes();
    send(FAILED, &[&length, words.as_bytes()].concat());
    wait();
}

fn tried(trick: &str) -> io::Result<()> {
    match trick {
        "open" => drop(File::open("/etc/passwd")?),
        "socket" => drop(UdpSocket::bind("127.0.0.1:0")?),
        "fork" => drop(Command::new("/bin/true").status()?),
        "exec" => return Err(Command::new("/bin/true").exec()),
        "thread" => drop(std::thread::Builder::new().spawn(|| ())?),
        "signal" => {
            let parent = rustix::process::getppid().unwrap();
            rustix::process::test_kill_process(parent)?;
        }
        "descriptor" => drop(rustix::io::read(stdout(), &mut [0; 1])?),
        "memory" => drop(std::hint::black_box(vec![1_u8; 2 << 30])),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "wait" => wait(),
        "panic" => panic!("a mistake"),
        "end" => std::process::exit(0),
        "read" => speedy_reads(256 << 10),
        "ask" => speedy_reads(1 << 10),
        other => panic!("no trick is called {other}"),
    }
    Ok(())
}

/// Reads of so many bytes from the start of a device of 64 MiB on, over and over.
fn speedy_reads(bytes: u32) {
    let mut into = vec![0; 5 + usize::try_from(bytes).unwrap()];
    for turn in 0..16_384_u64 {
        let offset = turn * u64::from(bytes) % (64 << 20);
        let asked = [&offset.to_le_bytes()[..], &bytes.to_le_bytes()].concat();
        send(READ, &asked);
        Line.read_exact(&mut into).unwrap();
    }
}

/// Says nothing more until the parent hangs up.
fn wait() -> ! {
    let _whatever = Line.read_to_end(&mut Vec::new());
    std::process::exit(0);
}

fn send(kind: u8, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let frame = [&length, &[kind][..], body].concat();
    Line.write_all(&frame).unwrap();
}

/// The socket.
struct Line;

impl Read for Line {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(stdin(), into)?)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(stdin(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
