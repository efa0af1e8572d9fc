//! A child parses what it is given, and reaches nothing else.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use disks::sandbox::{Heard, Launcher, Misbehaviour, ParseError, Sandbox};
use filesystems::blocks::{Blocks, Fault, MemoryBlocks};
use filesystems::reader::Options;
use filesystems::told::{Codec, Told};

use crate::Test;
use crate::tricks::{CONFINED, FREE};
use crate::volume;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_child_tells_what_a_thread_tells",
        a_child_tells_what_a_thread_tells,
    ),
    (
        "a_child_has_one_socket_and_no_right",
        a_child_has_one_socket_and_no_right,
    ),
    (
        "what_a_child_may_not_do_kills_it",
        what_a_child_may_not_do_kills_it,
    ),
    (
        "a_child_that_is_silent_is_killed",
        a_child_that_is_silent_is_killed,
    ),
    ("a_child_may_fail_and_end", a_child_may_fail_and_end),
    (
        "a_child_outlives_the_thread_that_asked_first",
        a_child_outlives_the_thread_that_asked_first,
    ),
    (
        "a_child_goes_with_its_sandbox",
        a_child_goes_with_its_sandbox,
    ),
    (
        "what_is_no_child_is_this_hosts_matter",
        what_is_no_child_is_this_hosts_matter,
    ),
];

pub(crate) fn child() -> Launcher {
    Launcher::process(false)
}

pub(crate) fn trick(before: &str, name: &str) -> Launcher {
    Launcher::Process {
        argument: format!("{before}{name}").into(),
        allow_unconfined: false,
    }
}

fn everything(launcher: Launcher, device: &mut dyn Blocks) -> (String, Vec<Told>) {
    let mut sandbox = Sandbox::new(launcher);
    let survey = sandbox.survey(device).unwrap();
    let mut heard = Vec::new();
    let volume = &survey.volumes[0];
    let done = sandbox.catalogue(device, volume, &Options::default(), &mut |said| {
        match said {
            Heard::Told(told) => heard.push(told),
            Heard::Anew => panic!("the child was replaced"),
        }
        ControlFlow::Continue(())
    });
    (format!("{survey:?} {:?}", done.unwrap()), heard)
}

fn a_child_tells_what_a_thread_tells() {
    for files in [0, 7, 400] {
        let mut device = volume::partitioned(volume::fat(files));
        let told = everything(child(), &mut device);
        assert_eq!(told.1.len(), files + 1);
        assert_eq!(told, everything(Launcher::Thread, &mut device));
        let root = (1 << 20) + volume::ROOT;
        device.break_range(root..root + 512);
        assert_eq!(
            everything(child(), &mut device),
            everything(Launcher::Thread, &mut device)
        );
    }
    let plain = Sandbox::new(child()).unpack(Codec::Lznt1, b"\x04\xB0\0abcd", 4);
    assert_eq!(plain.unwrap(), b"abcd");
}

/// A device that looks at the child that asks for its bytes.
struct Looking<'a>(MemoryBlocks, &'a mut dyn FnMut());

impl Blocks for Looking<'_> {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        (self.1)();
        self.0.read(offset, into)
    }
}

/// The processes that this one has made and that are still there.
fn children() -> Vec<PathBuf> {
    let own = format!("PPid:\t{}\n", std::process::id());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let status = |path: &PathBuf| fs::read_to_string(path.join("status"));
    processes
        .map(|entry| entry.path())
        .filter(|path| status(path).is_ok_and(|status| status.contains(&own)))
        .collect()
}

fn a_child_has_one_socket_and_no_right() {
    let mut looked = 0;
    let mut look = || {
        let children = children();
        assert_eq!(children.len(), 1);
        let child = &children[0];
        let is_root = rustix::process::geteuid().is_root();
        let status = fs::read_to_string(child.join("status")).unwrap();
        for line in [
            "Seccomp:\t2\n",
            "NoNewPrivs:\t1\n",
            "Threads:\t1\n",
            "CapEff:\t0000000000000000\n",
        ] {
            assert!(status.contains(line), "{line} {status}");
        }
        if is_root {
            let nobody = "65534\t65534\t65534\t65534\n";
            for line in [
                format!("Uid:\t{nobody}"),
                format!("Gid:\t{nobody}"),
                "Groups:\t \n".to_owned(),
            ] {
                assert!(status.contains(&line), "{line} {status}");
            }
            assert_eq!(fs::read(child.join("environ")).unwrap(), b"");
            assert_eq!(
                fs::read_link(child.join("cwd")).unwrap(),
                PathBuf::from("/")
            );
            assert_descriptors(child);
        }
        let limits = fs::read_to_string(child.join("limits")).unwrap();
        for (name, most) in [
            ("Max address space", "1342177280"),
            ("Max cpu time", "600"),
            ("Max core file size", "0"),
            ("Max processes", "0"),
            ("Max open files", "0"),
        ] {
            let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
            let words: Vec<&str> = line[name.len()..].split_whitespace().collect();
            assert_eq!(words[..2], [most, most], "{line}");
        }
        looked += 1;
    };
    let mut device = Looking(volume::fat(3), &mut look);
    Sandbox::new(child()).survey(&mut device).unwrap();
    assert!(looked > 0);
}

/// Descriptors 0 to 2 are the socket and nothing; there are no others but those that whoever ran this test left open,
/// which no call of a child reaches: the trick `descriptor`.
fn assert_descriptors(child: &std::path::Path) {
    let link = |number: u32| fs::read_link(child.join("fd").join(number.to_string()));
    let socket = link(0).unwrap();
    assert!(
        socket.to_string_lossy().starts_with("socket:"),
        "{socket:?}"
    );
    for number in [1, 2] {
        assert_eq!(link(number).unwrap(), PathBuf::from("/dev/null"));
    }
    let own = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let own: Vec<PathBuf> = own.filter_map(|it| fs::read_link(it.path()).ok()).collect();
    for number in fs::read_dir(child.join("fd")).unwrap().flatten() {
        let held = fs::read_link(number.path()).unwrap();
        let is_first = ["0", "1", "2"].iter().any(|it| number.file_name() == *it);
        assert!(
            is_first || own.contains(&held) && held != socket,
            "{held:?}"
        );
    }
}

fn misbehaviour(launcher: Launcher, silence: Duration) -> Misbehaviour {
    let mut sandbox = Sandbox::new(launcher).with_silence(silence);
    match sandbox.survey(&mut MemoryBlocks::new(vec![0; 4096])) {
        Err(ParseError::Misbehaved(what)) => what,
        other => panic!("{other:?}"),
    }
}

const LONG: Duration = Duration::from_secs(60);

fn what_a_child_may_not_do_kills_it() {
    for name in [
        "open",
        "socket",
        "fork",
        "exec",
        "thread",
        "signal",
        "descriptor",
    ] {
        let killed = misbehaviour(trick(CONFINED, name), LONG);
        let by_filter = Misbehaviour::Ended("signal: 31 (SIGSYS)".to_owned());
        assert_eq!(killed, by_filter, "{name}");
    }
    let Misbehaviour::Ended(how) = misbehaviour(trick(CONFINED, "memory"), LONG) else {
        panic!("it has 2 GiB");
    };
    assert!(how.starts_with("signal: "), "{how}");
    // What is not shut in can do all of it, so that it is the walls that stop it.
    for name in ["open", "socket", "fork", "thread", "memory"] {
        let free = misbehaviour(trick(FREE, name), LONG);
        assert_eq!(free, Misbehaviour::Failed("survived".to_owned()), "{name}");
    }
}

fn a_child_that_is_silent_is_killed() {
    for name in ["spin", "wait"] {
        let short = Duration::from_millis(700);
        let silent = misbehaviour(trick(CONFINED, name), short);
        assert_eq!(silent, Misbehaviour::Silent(short), "{name}");
        assert_eq!(children(), [""; 0].map(PathBuf::from));
    }
}

fn a_child_may_fail_and_end() {
    for (name, how) in [("panic", "exit status: 101"), ("end", "exit status: 0")] {
        let ended = misbehaviour(trick(CONFINED, name), LONG);
        assert_eq!(ended, Misbehaviour::Ended(how.to_owned()));
    }
}

fn a_child_outlives_the_thread_that_asked_first() {
    let mut sandbox = Sandbox::new(child());
    let mut device = volume::fat(3);
    let mut first = Vec::new();
    std::thread::scope(|scope| {
        let ask = || {
            sandbox.survey(&mut device).unwrap();
            first = children();
        };
        scope.spawn(ask);
    });
    sandbox.survey(&mut device).unwrap();
    assert_eq!(children(), first);
    assert_eq!(first.len(), 1);
}

fn a_child_goes_with_its_sandbox() {
    let mut sandbox = Sandbox::new(child());
    sandbox.survey(&mut volume::fat(3)).unwrap();
    assert_eq!(children().len(), 1);
    drop(sandbox);
    for _ in 0..500 {
        if children().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it is still there");
}

fn what_is_no_child_is_this_hosts_matter() {
    let mut sandbox = Sandbox::new(trick(CONFINED, "nothing")).with_silence(LONG);
    let misbehaved = sandbox.survey(&mut volume::fat(1));
    assert!(
        matches!(misbehaved, Err(ParseError::Misbehaved(_))),
        "{misbehaved:?}"
    );
    // The harness itself, as a test that there is not: it ends without having said that it is ready.
    let mut sandbox = Sandbox::new(trick("", "no_such_test"));
    let host = sandbox.survey(&mut volume::fat(1));
    assert!(matches!(host, Err(ParseError::Host(_))), "{host:?}");
}
