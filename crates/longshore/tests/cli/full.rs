//! A data folder on a disk without a free byte: the service starts, and what lies there can be listed,
//! fetched and removed.
//!
//! The test runs itself a second time, with a small file system of its own mounted where nobody else sees
//! it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::objects::put;
use crate::world::World;

/// Set where the small file system is mounted.
const ROOT: &str = "LONGSHORE_FULL_TEST_ROOT";

/// Ends the script when no file system can be mounted here.
const NO_MOUNT: i32 = 77;

#[test]
fn a_full_disk_hinders_no_start_and_no_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=48m tmpfs '{folder}' || exit {NO_MOUNT}
         exec '{test}' --exact full::on_a_small_disk --ignored --nocapture",
        folder = folder.path().display(),
        test = std::env::current_exe().unwrap().display(),
    );
    let is_root = rustix::process::geteuid().is_root();
    let user: &[&str] = if is_root {
        &[]
    } else {
        &["--user", "--map-root-user"]
    };
    let run = Command::new("unshare")
        .args(user)
        .args(["--mount", "sh", "-c", &script])
        .env(ROOT, folder.path())
        .status();
    match run.ok().and_then(|status| status.code()) {
        Some(0) => {}
        None | Some(NO_MOUNT | 1) if !is_root => {
            eprintln!("not run: nothing can be mounted here");
        }
        other => panic!("on a small disk: {other:?}"),
    }
}

/// Writes until not one byte more fits.
fn fill(root: &Path) -> PathBuf {
    let path = root.join("filler");
    let mut filler = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap();
    for size in [1 << 20, 4096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

/// What `/ready` answers.
fn ready(world: &World) -> String {
    let endpoints = fs::read_to_string(world.data().join("endpoints.json")).unwrap();
    let endpoints: serde_json::Value = serde_json::from_str(&endpoints).unwrap();
    let host = endpoints["api"].as_str().unwrap();
    let host = host.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let asked = format!("GET /ready HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Not a test of its own: what is done on the small disk.
#[test]
#[ignore = "started by the test above"]
fn on_a_small_disk() {
    let root = PathBuf::from(std::env::var_os(ROOT).unwrap());
    let world = World::on(&root);
    let service = world.serve();
    for number in 0..4 {
        let key = format!("film-{number}");
        put(&world, &service, &key, &[7; 5_000_000], &[]);
    }
    service.stop();
    let reserve = world.data().join("reserve");
    assert_eq!(reserve.metadata().unwrap().len(), 4 << 20);

    // Started by hand, killed and started again.
    fill(&root);
    let service = world.serve();
    fill(&root);
    drop(service);
    fill(&root);
    let service = world.serve();
    fill(&root);
    let told = ready(&world);
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    assert!(told.contains("\"room\":\"unavailable\""), "{told}");
    let ended = world.run(["ls", "s3://photos/"]).with(0);
    assert_eq!(ended.out.lines().count(), 4, "{}", ended.out);
    let there = tempfile::tempdir_in("/dev/shm").unwrap();
    let to = there.path().to_str().unwrap();
    world.run(["get", "s3://photos/film-1", to]).with(0);
    assert_eq!(
        fs::read(there.path().join("film-1")).unwrap().len(),
        5_000_000
    );
    world.run(["rm", "s3://photos/film-0"]).with(0);
    // There is room: at once, and without a restart.
    put(&world, &service, "small", b"small", &[]);
    service.stop();

    // Without a service, each command starts its own.
    for number in 1..3 {
        fill(&root);
        let film = format!("s3://photos/film-{number}");
        world.run(["ls", &film]).with(0).saying("1 object");
        fill(&root);
        world.run(["rm", &film]).with(0);
    }
    world.run(["key", "list"]).with(0);
    fill(&root);
    world.run(["key", "list"]).with(0);

    // Nothing was kept aside: what is wrong is said, and where.
    fs::remove_file(&reserve).unwrap();
    let _ = fs::remove_file(world.data().join("objects/.reserve"));
    let filler = fill(&root);
    let told = format!(
        "the disk of the data folder `{}` is full",
        world.data().display()
    );
    world.run(["ls"]).with(5).saying(&told).saying("make room");
    world.run(["key", "list"]).with(5).saying(&told);
    fs::remove_file(filler).unwrap();
    world.run(["ls", "s3://photos/film-3"]).with(0);
}
