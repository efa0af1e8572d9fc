//! A store on a disk without room answers so, deletes all the same, and works again when there is room.
//!
//! The test runs itself a second time, with a small file system of its own mounted where nobody else sees it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::Door;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = "LOCALSTORE_FULL_TEST_ROOT";

/// Ends the script when no file system can be mounted here.
const NO_MOUNT: i32 = 77;

#[test]
fn a_full_disk_is_told_and_outlived() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=24m tmpfs '{folder}' || exit {NO_MOUNT}
         exec '{test}' --exact on_a_small_disk --ignored --nocapture",
        folder = folder.path().display(),
        test = std::env::current_exe().unwrap().display(),
    );
    let run = |options: &[&str]| {
        Command::new("unshare")
            .args(options)
            .args(["--mount", "sh", "-c", &script])
            .env(ROOT, folder.path())
            .status()
            .ok()
            .and_then(|status| status.code())
    };
    let as_root = run(&[]);
    let code = match as_root {
        Some(0) => as_root,
        _ if rustix::process::geteuid().is_root() => as_root,
        _ => run(&["--user", "--map-root-user"]),
    };
    match code {
        Some(0) => {}
        None | Some(NO_MOUNT | 1) if !rustix::process::geteuid().is_root() => {
            eprintln!("not run: nothing can be mounted here");
        }
        other => panic!("on a small disk: {other:?}"),
    }
}

/// Writes until nothing more fits.
fn fill(root: &Path) -> PathBuf {
    let path = root.join("filler");
    let mut filler = File::create(&path).unwrap();
    for size in [1 << 20, 4096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

/// Not a test of its own: what is done on the small disk.
#[test]
#[ignore = "started by the test above"]
fn on_a_small_disk() {
    let root = PathBuf::from(std::env::var_os(ROOT).unwrap());
    let mut door = Door::open_in(&root);
    door.ok("PUT", "/bucket", &[], &[], b"");
    for number in 0..20 {
        door.ok("PUT", &format!("/bucket/{number}"), &[], &[], &[b'x'; 3000]);
    }
    for round in 0..2 {
        let filler = fill(&root);
        for _ in 0..3 {
            let full = door.ask("PUT", "/bucket/new", &[], &[], &[b'y'; 3000]);
            assert_eq!((full.status, full.code()), (507, "InsufficientStorage"));
            let status = door.ask("PUT", "/another", &[], &[], b"").status;
            assert!(status == 507 || status == 200 || status == 409, "{status}");
        }
        if round == 0 {
            // Opening needs no room either.
            door.reopen();
        }
        assert_eq!(door.ok("GET", "/bucket/19", &[], &[], b"").body.len(), 3000);
        let first = round * 5;
        for number in first..first + 5 {
            door.ok("DELETE", &format!("/bucket/{number}"), &[], &[], b"");
        }
        let keys = door.ok("GET", "/bucket", &[("list-type", "2")], &[], b"");
        let left = keys.text().matches("<Key>").count();
        assert_eq!(left, usize::try_from(15 - first + round).unwrap());
        std::fs::remove_file(filler).unwrap();
        // There is room: at once, and without a restart.
        for _ in 0..3 {
            door.ok("PUT", "/bucket/again", &[], &[], &[b'z'; 3000]);
        }
        assert_eq!(
            door.ok("GET", "/bucket/again", &[], &[], b"").body.len(),
            3000
        );
    }
}

/// Whatever fails below the index, the connection that saw it is not used again.
#[test]
fn a_failed_write_is_not_carried_on() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // A process of its own, since the limit is the process's.
    const CHILD: &str = "LOCALSTORE_FULL_TEST_LIMITED";
    if std::env::var_os(CHILD).is_none() {
        let status = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "a_failed_write_is_not_carried_on", "--nocapture"])
            .env(CHILD, "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    for _ in 0..2 {
        let before = getrlimit(Resource::Fsize);
        let tiny = Rlimit {
            current: Some(512),
            ..before
        };
        setrlimit(Resource::Fsize, tiny).unwrap();
        let refused: Vec<u16> = (0..3)
            .map(|number| {
                door.ask("PUT", &format!("/other-{number}"), &[], &[], b"")
                    .status
            })
            .collect();
        setrlimit(Resource::Fsize, before).unwrap();
        assert!(refused.iter().all(|status| *status >= 500), "{refused:?}");
        door.ok("PUT", "/bucket/key", &[], &[], b"contents");
        assert_eq!(
            door.ok("GET", "/bucket/key", &[], &[], b"").body,
            b"contents"
        );
        door.ok("DELETE", "/bucket/key", &[], &[], b"");
    }
}
