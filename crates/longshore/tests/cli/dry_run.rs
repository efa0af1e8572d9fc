//! What `longshore import` says before it does anything, and of what it leaves out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::world::{World, files};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new();
    let folder = world.device("folder");
    fs::write(folder.join("left.tmp"), "x").unwrap();
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xE9");
    fs::write(folder.join(odd), "x").unwrap();
    let manifest = world.path("m.yaml");
    fs::write(&manifest, "bucket: photos\nignore:\n    - \\.tmp$\n").unwrap();
    let import = ["import", text(&folder), "--manifest", text(&manifest)];
    let dry = [&import[..], &["--dry-run"]].concat();

    let ended = world.run(&dry).with(3);
    for words in [
        "Would load 2 files (4 B) into bucket photos. 1 error, 1 left out. Nothing was written.",
        "caf%E9: ",
        "1 file (matched by `ignore` of the manifest)\n    left.tmp\n",
        "Bucket  2 files (4 B) new; 0 files (0 B) there and would be replaced",
        " free on the disk of ",
    ] {
        assert!(
            ended.out.contains(words),
            "`{words}` is not in: {}",
            ended.out
        );
    }
    assert!(!world.data().exists(), "not even a data folder");

    world.run(import).with(3);
    fs::write(folder.join("a.txt"), "longer").unwrap();
    fs::write(folder.join("new"), "new").unwrap();
    let stored = files(&world.objects("photos"));
    let jobs = fs::read_dir(world.data().join("station/jobs"))
        .unwrap()
        .count();
    let ended = world.run(dry.iter().chain(&["--json"])).with(3);
    let plan: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let files_of = |name: &str| plan[name]["files"].as_u64().unwrap();
    assert_eq!(
        [files_of("new"), files_of("replaced"), files_of("as_long")],
        [1, 1, 1],
        "{plan}"
    );
    assert_eq!((&plan["bytes"], &plan["errors"]), (&12.into(), &1.into()));
    assert!(
        plan["needed"].as_u64() > Some(9) && plan["free"].as_u64() > Some(0),
        "{plan}"
    );
    assert_eq!(files(&world.objects("photos")), stored);
    assert_eq!(
        fs::read_dir(world.data().join("station/jobs"))
            .unwrap()
            .count(),
        jobs
    );
}

#[test]
fn a_dry_run_says_what_would_fail_because_nothing_is_to_be_replaced() {
    let world = World::new();
    let folder = world.device("folder");
    let import = ["import", text(&folder), "--bucket", "photos"];
    world.run(import).with(0);
    fs::write(folder.join("a.txt"), "longer").unwrap();
    let keeping = [&import[..], &["--no-replace"]].concat();
    let dry = [&keeping[..], &["--dry-run"]].concat();
    let ended = world.run(&dry).with(3);
    for words in [
        "Would load 1 file (",
        "1 with 409 ObjectExists",
        "1 file (6 B) there and would not be replaced, but fail as 409 ObjectExists; 1 file",
    ] {
        assert!(
            ended.out.contains(words),
            "`{words}` is not in: {}",
            ended.out
        );
    }
    let ended = world.run(dry.iter().chain(&["--json"])).with(3);
    let plan: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        [
            &plan["errors"],
            &plan["not_replaced"]["files"],
            &plan["replaced"]["files"]
        ],
        [1, 1, 0],
        "{plan}"
    );
    // As it then is.
    let ended = world.run(keeping).with(3);
    assert!(ended.out.contains("409 ObjectExists"), "{}", ended.out);
    world.run([&import[..], &["--dry-run"]].concat()).with(0);
}

#[test]
fn a_dry_run_says_what_would_fail_because_a_report_may_be_there() {
    let world = World::new();
    let folder = world.device("folder");
    let report = folder.join("import-log-ABCDE");
    fs::write(&report, "of an old job").unwrap();
    let import = ["import", text(&folder), "--bucket", "photos"];
    world.run(import).with(0);
    fs::write(&report, "longer than it was").unwrap();
    let ended = world.run([&import[..], &["--dry-run"]].concat()).with(3);
    for words in [
        "1 with 409 ReportExists",
        "1 file (18 B) there as reports of jobs and would fail as 409 ReportExists",
    ] {
        assert!(
            ended.out.contains(words),
            "`{words}` is not in: {}",
            ended.out
        );
    }
    // As it then is.
    let ended = world.run(import).with(3);
    assert!(ended.out.contains("409 ReportExists"), "{}", ended.out);
}

#[test]
fn a_bucket_that_cannot_be_is_refused_before_anything_is_made() {
    let world = World::new();
    let folder = world.device("folder");
    let import = ["import", text(&folder), "--bucket"];
    for more in [&["Photos_X"][..], &["Photos_X", "--dry-run"]] {
        world
            .run(import.iter().chain(more))
            .with(2)
            .saying("`Photos_X` cannot be the name of a bucket")
            .saying("3 to 63 lower-case letters, digits, dots and hyphens")
            .saying("--prefix");
    }
    world
        .run(import.iter().chain(&["s3://photos/pre/"]))
        .with(2)
        .saying("`--bucket photos --prefix pre/`");
    assert!(!world.data().exists());
}

#[test]
fn a_wrong_manifest_is_named_before_anything_is_made() {
    let world = World::new();
    let folder = world.device("folder");
    let manifest = world.path("m.yaml");
    fs::write(&manifest, "bucket: photos\ncontentDisposition: é\n").unwrap();
    let import = ["import", text(&folder), "--manifest", text(&manifest)];
    for more in [&[][..], &["--dry-run"]] {
        world
            .run(import.iter().chain(more))
            .with(2)
            .saying("the manifest is wrong: ")
            .saying("contentDisposition");
    }
    assert!(!world.data().exists());
}

/// Holes cost nothing here and are written full there.
#[test]
fn what_does_not_fit_is_refused_before_the_first_byte() {
    let world = World::new();
    let folder = world.device("folder");
    // A file may claim no more than its file system holds.
    let disk = rustix::fs::statvfs(&folder).unwrap();
    let capacity = disk.f_blocks * disk.f_frsize;
    let each = (capacity / 10 * 9).min(4 << 40);
    for number in 0..=capacity * 2 / each {
        let large = fs::File::create(folder.join(format!("{number}.img"))).unwrap();
        large.set_len(each).unwrap();
    }
    let import = ["import", text(&folder), "--bucket", "photos"];
    let ended = world
        .run(import)
        .with(4)
        .saying("there is too little room: the files need ");
    let ended = ended
        .saying(" free\n")
        .saying("hint: the embedded store needs as much space");
    assert!(!ended.err.contains("Job "), "{}", ended.err);
    assert!(!world.objects("photos").exists());
    let ended = world.run(import.iter().chain(&["--dry-run"])).with(4);
    assert!(ended.out.contains(", which is too little"), "{}", ended.out);
}

#[test]
fn what_is_left_out_is_named_by_kind() {
    let world = World::new();
    let folder = world.device("folder");
    fs::create_dir_all(folder.join("empty/deeper")).unwrap();
    symlink("/other/disk/photos", folder.join("more-photos")).unwrap();
    fs::write(folder.join("SIGNATURE"), "with love").unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe"))
        .status();
    assert!(made.unwrap().success());
    let ended = world
        .run(["import", text(&folder), "--bucket", "photos"])
        .with(0);
    let left_out = "Left out:\n  1 symbolic link (never followed)\n    more-photos -> /other/disk/photos\n  \
         1 special file (a device node, socket or pipe)\n    pipe\n  \
         1 empty folder (no object stands for one)\n    empty/deeper\n";
    assert!(ended.out.contains(left_out), "{}", ended.out);
    assert!(
        ended.out.starts_with("Loaded 3 files (13 B)"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("0 errors, 2 left out."), "{}", ended.out);
    assert_eq!(
        fs::read(world.objects("photos").join("SIGNATURE")).unwrap(),
        b"with love"
    );
    let stored = files(&world.objects("photos"));
    let of = |end: &str| {
        let found = stored
            .iter()
            .find(|(name, _)| text(name).starts_with("import-log") && text(name).ends_with(end));
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    };
    assert!(of(".txt").contains("  1 symbolic link (never followed)\n    more-photos -> /other"));
    assert!(of(".jsonl").contains(r#""rule":"empty-folder""#));
    assert!(of(".jsonl").contains(r#""target":"/other/disk/photos""#));
    let job = ended
        .err
        .lines()
        .find_map(|line| line.strip_prefix("Job "))
        .unwrap();
    assert!(
        !world.report(job).iter().any(|line| line.contains("deeper")),
        "AWS wrote of files alone"
    );
}
