//! Imports that were interrupted are found again, and so are jobs when no service is running.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::world::{World, signal};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The files that the store has so far.
fn stored(world: &World) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.objects("photos").join("p"));
    let entries = entries.into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// An import that is stopped on its way; its job.
fn interrupted(world: &World, folder: &Path) -> String {
    fs::create_dir(folder).unwrap();
    for number in 0..40 {
        fs::write(folder.join(format!("{number}.jpg")), vec![1; 200_000]).unwrap();
    }
    let mut child = world
        .command([
            "import",
            text(folder),
            "--bucket",
            "photos",
            "--prefix",
            "p/",
            "--rate",
            "1MB",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut job = None;
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
    {
        if let Some(id) = line.strip_prefix("Job ") {
            job = Some(id.to_owned());
            // By then it listens for signals, and is far from having stored all.
            while stored(world).len() < 3 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            signal(&child, "INT");
        }
        said.push_str(&line);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("--rate 1MB"), "as it was typed: {said}");
    job.unwrap()
}

/// The number that follows a word at the beginning of a line; none is zero.
fn files_after(summary: &str, word: &str) -> u64 {
    let rest = summary.lines().find_map(|line| line.strip_prefix(word));
    rest.map_or(0, |rest| {
        let (number, rest) = rest.split_once(' ').unwrap();
        assert!(rest.starts_with("file"), "{rest}");
        number.parse().unwrap()
    })
}

#[test]
fn an_interrupted_import_is_listed_mentioned_and_gone_on_with_by_the_old_line() {
    let world = World::new();
    let folder = world.path("folder");
    world
        .run(["import", "--list"])
        .with(0)
        .saying("No import was interrupted.");
    assert!(!world.data().exists(), "nothing is made for a question");
    let job = interrupted(&world, &folder);
    let ended = world.run(["import", "--list"]).with(0);
    let row = ended.out.lines().nth(1).unwrap();
    assert!(
        row.starts_with(&job) && row.contains("photos") && row.ends_with("/folder"),
        "{row}"
    );

    let old = [
        "import",
        text(&folder),
        "--bucket",
        "photos",
        "--prefix",
        "p/",
    ];
    let other = [
        "import",
        text(&folder),
        "--bucket",
        "other",
        "--resume",
        &job,
    ];
    world
        .run(other)
        .with(2)
        .saying("has the bucket `photos`, the command line says `other`");
    let other = ["import", text(&folder), "--prefix", "q/", "--resume", &job];
    world
        .run(other)
        .with(2)
        .saying("has the prefix `p/`, the command line says `q/`");
    let ended = world.run(old).with(0);
    let ended = ended.saying(&format!("Import {job} of this folder was not finished"));
    ended.saying(&format!("--resume {job}"));
    let ended = world.run(old.iter().chain(&["--resume", &job])).with(0);
    // All of them came with the new import; how many the old one had stored before it was
    // interrupted is a matter of time.
    assert_eq!(
        files_after(&ended.out, "Loaded ") + files_after(&ended.out, "Unchanged "),
        40,
        "{}",
        ended.out
    );
    assert!(ended.out.contains("0 errors"), "{}", ended.out);
    world
        .run(["import", "--list"])
        .with(0)
        .saying("No import was interrupted.");
    let again = world.run(old).with(0);
    assert!(!again.err.contains("was not finished"), "{}", again.err);
}

#[test]
fn jobs_are_listed_with_what_became_of_them_and_without_a_service() {
    let world = World::new();
    world
        .run(["job", "list"])
        .with(5)
        .saying("no service is running");
    assert!(!world.data().exists());
    let folder = world.device("camera 1");
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xE9");
    fs::write(folder.join(odd), "x").unwrap();
    world
        .run(["import", text(&folder), "--bucket", "photos"])
        .with(3);
    let ended = world.run(["job", "list"]).with(0);
    let (header, row) = ended.out.split_once('\n').unwrap();
    let words: Vec<&str> = header.split_whitespace().collect();
    let all = [
        "JOB", "TYPE", "CREATED", "WHERE", "PROGRESS", "ERRORS", "DEVICE", "BUCKET",
    ];
    assert_eq!(words, all);
    assert!(
        row.contains("  SuccessWithErrors  1       camera 1  photos"),
        "{row}"
    );
    let job = row.split_whitespace().next().unwrap();
    let ended = world.run(["job", "status", job]).with(0);
    assert!(ended.out.contains("SuccessWithErrors"), "{}", ended.out);
    let listed = world.job(&["list", "--max", "1"]);
    assert_eq!(listed["Jobs"][0]["Bucket"], "photos");
    assert!(
        !world.data().join("endpoints.json").exists(),
        "its service has ended"
    );
    world
        .run(["job", "list", "--max", "0"])
        .with(2)
        .saying("from 1 on");
}

#[test]
fn a_service_without_an_address_or_with_an_open_file_of_secrets_says_so() {
    let world = World::new();
    let config = world.path("longshore.toml");
    let settings = "[server]\nlisten = \"127.0.0.1:0\"\n[embedded_store]\nenabled = true\n\
        listen = \"127.0.0.1:0\"\n[[stores]]\nname = \"s\"\nendpoint = \"http://127.0.0.1:1\"\n\
        region = \"us-east-1\"\naccess_key_id = \"AKIAIOSFODNN7EXAMPLE\"\n\
        secret_access_key = \"s\"\nbuckets = [\"other-*\"]\n";
    fs::write(&config, settings).unwrap();
    let mut child = world
        .command([
            "serve",
            "--config",
            text(&config),
            "--data",
            text(&world.data()),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
    {
        let is_last = line.contains("shipping_address");
        said.push(line);
        if is_last {
            signal(&child, "TERM");
        }
    }
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said:?}");
    assert!(
        said[0].contains("has secrets in it and others may read it"),
        "{said:?}"
    );
    assert!(
        said.iter().any(|line| line.contains("is not set")),
        "{said:?}"
    );
}

/// What the store has lost meanwhile, whole or in part, is not taken as loaded.
#[test]
fn an_import_that_goes_on_sends_again_what_the_store_has_lost() {
    let world = World::new();
    let folder = world.path("folder");
    let job = interrupted(&world, &folder);
    let stored = stored(&world);
    let [gone, cut, ..] = &stored[..] else {
        panic!("too few were stored: {stored:?}")
    };
    fs::remove_file(gone).unwrap();
    fs::write(cut, "cut").unwrap();
    let name = gone.file_name().unwrap().to_str().unwrap();
    let ended = world.run(["ls", "photos/p/"]).with(0);
    assert!(
        !ended.out.contains(&format!("  p/{name}\n")),
        "{}",
        ended.out
    );
    let again = [
        "import",
        text(&folder),
        "--bucket",
        "photos",
        "--prefix",
        "p/",
        "--resume",
        &job,
    ];
    world.run(again).with(0);
    for number in 0..40 {
        let object = format!("p/{number}.jpg");
        let content = fs::read(world.objects("photos").join(object)).unwrap();
        assert!(content == vec![1; 200_000], "{number}");
    }
}
