//! `longshore import`: one command, no set-up.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::world::{World, files, signal};

fn sample_disk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/disk")
}

/// The job id that the command tells on stderr.
fn job_of(err: &str) -> String {
    let line = err.lines().find_map(|line| line.strip_prefix("Job "));
    line.expect("it tells the job").to_owned()
}

#[test]
fn the_sample_disk_arrives_byte_for_byte() {
    let world = World::new();
    let disk = sample_disk();
    let ended = world
        .run([
            "import".as_ref(),
            disk.as_os_str(),
            "--bucket=photos".as_ref(),
        ])
        .with(0);

    let sent = files(&disk);
    let mut stored = files(&world.objects("photos"));
    let job = job_of(&ended.err);
    let report = stored
        .remove(Path::new(&format!("import-log-{job}")))
        .expect("a report");
    for form in ["jsonl", "txt", "receipt", "receipt.pdf"] {
        let beside = format!("import-log-{job}.{form}");
        stored
            .remove(Path::new(&beside))
            .expect("another form of it");
    }
    assert_eq!(stored, sent);
    assert!(sent.len() >= 12);

    let report = String::from_utf8(report).unwrap();
    assert_eq!(report.lines().count(), sent.len() + 1);
    assert!(
        report.lines().skip(1).all(|line| line.contains(",200,OK,")),
        "{report}"
    );
    assert!(
        report.contains(",empty.dat,200,OK,photos/empty.dat,d41d8cd98f00b204e9800998ecf8427e,0,")
    );

    let first = format!("Loaded {} files (", sent.len());
    assert!(ended.out.starts_with(&first), "{}", ended.out);
    assert!(ended.out.contains("0 errors, 0 left out."));
    for place in [
        format!("s3://photos/import-log-{job}"),
        "aws --endpoint-url".to_owned(),
    ] {
        assert!(ended.out.contains(&place), "{}", ended.out);
    }
    assert!(
        !world.data().join("endpoints.json").exists(),
        "its service has ended"
    );
}

#[test]
fn a_manifest_is_filled_in_and_its_headers_count() {
    let world = World::new();
    let folder = world.device("folder");
    fs::write(folder.join("left.tmp"), "x").unwrap();
    let manifest = world.path("partial.yaml");
    fs::write(
        &manifest,
        "bucket: photos\nlogPrefix: logs/\nignore:\n    - \\.tmp$\n",
    )
    .unwrap();
    let arguments = [
        "import",
        path(&folder),
        "--prefix",
        "p/",
        "--manifest",
        path(&manifest),
    ];
    let ended = world.run(arguments.iter().chain(&["--json"])).with(0);
    let summary: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(summary["files"], 2);
    assert_eq!(summary["left_out"], 1);
    assert_eq!(summary["bytes"], 4);
    let job = summary["job"].as_str().unwrap();
    assert_eq!(
        summary["report"],
        format!("s3://photos/logs/import-log-{job}")
    );
    assert_eq!(
        fs::read(world.objects("photos").join("p/folder/b c.txt")).unwrap(),
        b"b c"
    );
    assert!(!world.objects("photos").join("p/left.tmp").exists());

    let ended = world
        .run(arguments.iter().chain(&["--bucket", "other"]))
        .with(2);
    ended.saying("the manifest says bucket `photos`, the command line says `other`");
}

#[test]
fn files_that_cannot_be_read_end_with_3_and_stand_in_the_report() {
    let world = World::new();
    let folder = world.device("folder");
    // A name that is no UTF-8 cannot be loaded, whoever runs the test.
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xE9");
    fs::write(folder.join(odd), "x").unwrap();
    let ended = world
        .run(["import", path(&folder), "--bucket", "photos"])
        .with(3);
    assert!(ended.out.contains("1 error, 0 left out."), "{}", ended.out);
    let report = world.report(&job_of(&ended.err));
    let failed: Vec<_> = report
        .iter()
        .filter(|line| !line.contains(",200,OK,"))
        .collect();
    assert_eq!(failed, ["caf%E9,400,InvalidFileName,,,1,"]);
}

#[test]
fn folders_that_cannot_be_loaded_are_refused_before_anything_is_made() {
    let world = World::new();
    let folder = world.device("folder");
    let file = folder.join("a.txt");
    let import = |folder: &Path| world.run(["import", path(folder), "--bucket", "photos"]);
    import(&world.path("missing"))
        .with(2)
        .saying("could not open the folder");
    import(&file)
        .with(4)
        .saying("nothing can be read on")
        .saying("holds no file system that is known")
        .saying("hint: `longshore device look`");
    import(world.data().parent().unwrap())
        .with(2)
        .saying("lie one in the other");
    world
        .run([
            "import",
            path(&folder),
            "--bucket",
            "photos",
            "--resume",
            "ABCDE",
        ])
        .with(2);
    world
        .run(["import", path(&folder), "--resume", "ABCDE"])
        .with(2)
        .saying("no import ABCDE");
    assert!(!world.objects("photos").exists());
}

#[test]
fn an_interrupted_import_is_gone_on_with() {
    let world = World::new();
    let folder = world.path("many");
    fs::create_dir(&folder).unwrap();
    for number in 0..3000 {
        fs::write(folder.join(format!("{number}.txt")), number.to_string()).unwrap();
    }
    let mut child = world
        .command(["import", path(&folder), "--bucket", "photos"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap)
    {
        if line.starts_with("Job ") {
            // Long enough for the first files, far from long enough for all.
            std::thread::sleep(std::time::Duration::from_millis(150));
            signal(&child, "INT");
        }
        said.push_str(&line);
        said.push('\n');
    }
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    let job = job_of(&said);
    assert!(said.contains(&format!(" --resume {job} --data ")), "{said}");

    let other = world.device("other");
    world
        .run(["import", path(&other), "--resume", &job])
        .with(4)
        .saying("is of `");
    let ended = world
        .run(["import", path(&folder), "--resume", &job])
        .with(0);
    assert!(ended.out.starts_with("Loaded 3,000 files"), "{}", ended.out);
    assert_eq!(world.report(&job).len(), 3000);
    assert_eq!(files(&world.objects("photos")).len(), 3005);
    world
        .run(["import", path(&folder), "--resume", &job])
        .with(4)
        .saying("is over: Complete");
}

#[test]
fn a_second_import_sends_what_is_new_unless_all_is_to_be_sent_again() {
    let world = World::new();
    let folder = world.device("folder");
    let import = ["import", path(&folder), "--bucket", "photos", "--json"];
    world.run(import).with(0);
    for (more, unchanged) in [(&[][..], 2), (&["--resend"], 0)] {
        let ended = world.run(import.iter().chain(more)).with(0);
        let summary: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(
            [&summary["files"], &summary["unchanged"]],
            [2, unchanged],
            "{summary}"
        );
    }
}

#[test]
fn a_folder_with_the_signature_of_a_job_is_no_folder_to_import() {
    let world = World::new();
    let service = world.serve();
    let (folder, manifest) = (world.device("folder"), world.manifest("photos"));
    let import = ["import", path(&folder), "--bucket", "photos"];
    world.run(import).with(0);
    let create = ["job", "create", path(&manifest), "--sign", path(&folder)];
    world.run(create).with(0);
    world
        .run(import)
        .with(4)
        .saying("has the SIGNATURE of job")
        .saying("longshore dock");
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn beside_a_running_service_an_import_uses_it() {
    let world = World::new();
    let service = world.serve();
    let folder = world.device("folder");
    let ended = world
        .run(["import", path(&folder), "--bucket", "photos"])
        .with(0);
    assert!(
        ended
            .out
            .contains(&format!("--endpoint-url {}", service.places["S3 store"]))
    );
    assert!(
        world.data().join("endpoints.json").exists(),
        "the service goes on"
    );
    assert_eq!(service.stop(), Some(0));
    assert!(!world.data().join("endpoints.json").exists());
}

#[test]
fn secrets_are_for_their_owner_alone() {
    let world = World::new();
    let folder = world.device("folder");
    world
        .run(["import", path(&folder), "--bucket", "photos"])
        .with(0);
    for name in ["credentials", "secret.key", "station/token"] {
        let mode = fs::metadata(world.data().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A host that runs out of descriptors is not the disk's fault: the run ends, nothing is marked
/// failed, and with enough of them it goes on.
#[test]
fn a_host_without_descriptors_marks_no_file_failed() {
    let world = World::new();
    let folder = world.path("deep");
    let mut deepest = folder.clone();
    (0..300).for_each(|_| deepest.push("d"));
    std::fs::create_dir_all(&deepest).unwrap();
    std::fs::write(deepest.join("file"), b"down here").unwrap();
    let few = format!(
        "ulimit -n 200; exec {} import {} --bucket deep --data {} --json",
        env!("CARGO_BIN_EXE_longshore"),
        folder.display(),
        world.data().display(),
    );
    let starved = std::process::Command::new("sh")
        .args(["-c", &few])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&starved.stderr);
    assert!(!matches!(starved.status.code(), Some(0 | 3)), "{said}");
    assert!(said.contains("Too many open files"), "{said}");
    let path = folder.display().to_string();
    world.run(["import", &path, "--bucket", "deep"]).with(0);
    assert!(
        files(&world.objects("deep"))
            .values()
            .any(|content| content == b"down here")
    );
}
