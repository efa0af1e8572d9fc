//! No docking ends a job; `job abort` does. `job retry` and `import --resume` try again what failed.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::world::World;

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn make_bucket(world: &World) {
    let folder = world.device("for the bucket");
    let import = ["import", path(&folder), "--bucket", "photos"];
    world.run(import).with(0);
}

/// A new job's id and the content of its SIGNATURE.
fn make_job(world: &World) -> (String, String) {
    let manifest = world.manifest("photos");
    let made = world.job(&["create", path(&manifest)]);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("JobId"), text("SignatureFileContents"))
}

fn state(world: &World, job: &str) -> String {
    let status = world.job(&["status", job]);
    status["ProgressCode"].as_str().unwrap().to_owned()
}

#[test]
fn a_device_that_is_taken_as_an_image_is_not_signed() {
    let world = World::new();
    let device = world.device("device");
    let manifest = world.path("ebs.yaml");
    let image = include_str!("../../../model/tests/manifests/ebs-a-up-to-1tb.yaml");
    fs::write(&manifest, image).unwrap();
    let create = ["job", "create", path(&manifest), "--sign", path(&device)];
    // No service runs: it is refused before one is asked.
    world
        .run(create)
        .with(4)
        .saying("a device that is taken as an image carries a sheet, no SIGNATURE")
        .saying("leave out `--sign`");
    assert!(!device.join("SIGNATURE").exists());
}

#[test]
fn no_docking_ends_a_job_whatever_was_forgotten() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    let (empty, plain, blank) = (
        world.path("empty"),
        world.path("plain"),
        world.path("blank"),
    );
    fs::create_dir(&empty).unwrap();
    fs::write(&plain, "root:x:0:0\n").unwrap();
    fs::write(&blank, vec![0; 2 << 20]).unwrap();
    let device = world.device("disk");
    for (what, says, hint) in [
        (&empty, "nothing is mounted on it", "mount the device there"),
        (
            &plain,
            "holds no file system that is known",
            "is it the right device?",
        ),
        (&blank, "it is blank", "is it the right device?"),
    ] {
        let alone = world.run(["dock", path(what)]).with(4);
        alone.saying(says).saying("hint: no job was changed");
        let named = world.run(["dock", path(what), "--job", &job]).with(4);
        named.saying(says).saying(hint);
        assert_eq!(state(&world, &job), "Pending", "{}", what.display());
    }
    let scan = signature
        .split_whitespace()
        .map(|line| line.split_once(':').unwrap().1);
    let scan: Vec<&str> = scan.skip(2).collect();
    let scanned = ["dock", path(&empty), "--signature", &scan.join(":")];
    world
        .run(scanned)
        .with(4)
        .saying("nothing is mounted on it");
    assert_eq!(state(&world, &job), "Pending");
    let named = world.run(["dock", path(&device), "--job", &job]).with(4);
    named
        .saying("no SIGNATURE")
        .saying("was not ended")
        .saying("longshore job abort");
    let message = &world.job(&["status", &job])["ProgressMessage"];
    assert!(
        message.as_str().unwrap().contains("On hold since"),
        "{message}"
    );

    fs::write(device.join("SIGNATURE"), signature).unwrap();
    world.run(["dock", path(&device)]).with(0);
    assert_eq!(state(&world, &job), "Complete");
}

#[test]
fn what_was_meant_as_the_signature_is_named() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    for name in [
        "SIGNATURE.txt",
        "signature",
        "Signature (1).TXT",
        "folder/SIGNATURE",
        "design.txt",
    ] {
        let device = world.device(&format!("disk with {}", name.replace('/', " ")));
        fs::write(device.join(name), &signature).unwrap();
        let ended = world.run(["dock", path(&device), "--job", &job]).with(4);
        ended
            .saying(&format!("`{name}`"))
            .saying("to `SIGNATURE`")
            .saying("no job was changed");
    }
    let device = world.device("disk with a link");
    fs::write(world.path("elsewhere"), &signature).unwrap();
    symlink(world.path("elsewhere"), device.join("SIGNATURE")).unwrap();
    let ended = world.run(["dock", path(&device), "--job", &job]).with(4);
    ended.saying("is a symbolic link");
    let device = world.device("disk with a folder");
    fs::create_dir(device.join("SIGNATURE")).unwrap();
    let ended = world.run(["dock", path(&device), "--job", &job]).with(4);
    ended.saying("is a folder");
    // Whoever opened it would wait for ever.
    let device = world.device("disk with a pipe");
    let pipe = device.join("SIGNATURE");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let ended = world.run(["dock", path(&device), "--job", &job]).with(4);
    ended.saying("is a pipe");
    assert_eq!(world.job(&["status", &job])["LocationCode"], "NotReceived");

    let device = world.device("disk of windows");
    let units = format!("\u{feff}{}", signature.replace('\n', "\r\n"));
    let bytes: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(device.join("SIGNATURE"), bytes).unwrap();
    world.run(["dock", path(&device)]).with(0);
}

#[test]
fn a_job_is_ended_by_a_person_who_sees_whose_it_is_and_says_so() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, _) = make_job(&world);
    let abort = [
        "job",
        "abort",
        &job,
        "--as",
        "DeviceError",
        "--because",
        "It clicks.",
    ];
    let asked = world.run(abort).with(4);
    asked.saying("D-1").saying("default").saying("hint: --yes");
    assert_eq!(state(&world, &job), "Pending");
    world
        .run([&abort[..], &["--yes"]].concat())
        .with(0)
        .saying("device return");
    let status = world.job(&["status", &job]);
    assert_eq!(status["ProgressCode"], "DeviceError");
    let message = status["ProgressMessage"].as_str().unwrap();
    assert!(message.ends_with(" It clicks."), "{message}");
    let shown = world.run(["job", "status", &job]).with(0).out;
    assert!(
        !shown.contains("signingMethod") && !shown.contains("AWS"),
        "{shown}"
    );

    let device = world.device("disk");
    let signed = world.run(["job", "sign", &job, path(&device)]).with(4);
    signed.saying("is over (DeviceError)");
    assert!(!device.join("SIGNATURE").exists());
    let other = [
        "job",
        "abort",
        "ZZZZZ",
        "--as",
        "DeviceError",
        "--because",
        "x",
        "--yes",
    ];
    world.run(other).with(4).saying("there is no job ZZZZZ");
}

#[test]
fn what_failed_is_tried_again_alone() {
    let world = World::new();
    let folder = world.device("photos");
    let bad = folder.join(OsStr::from_bytes(b"bad\xff.txt"));
    fs::write(&bad, "bad").unwrap();
    let import = ["import", path(&folder), "--bucket", "photos", "--json"];
    let first = world.run(import).with(3);
    let first: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    let job = first["job"].as_str().unwrap().to_owned();
    assert_eq!((&first["files"], &first["errors"]), (&2.into(), &1.into()));

    fs::rename(&bad, folder.join("good.txt")).unwrap();
    let again = ["import", path(&folder), "--resume", &job, "--json"];
    let second = world.run(again).with(0);
    let second: serde_json::Value = serde_json::from_str(&second.out).unwrap();
    assert_eq!(
        (&second["files"], &second["errors"]),
        (&3.into(), &0.into())
    );
    assert_eq!(
        (&second["resumed"], &second["attempt"]),
        (&2.into(), &2.into())
    );
    assert_eq!(
        second["report"], first["report"],
        "one report, written anew"
    );
    world.run(again).with(4).saying("is over");

    let _service = world.serve();
    world
        .run(["job", "retry", &job])
        .with(4)
        .saying("nothing failed");
    assert_eq!(state(&world, &job), "Complete");
}

#[test]
fn an_operator_reopens_a_job_for_its_device() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    let device = world.device("disk");
    let bad = device.join(OsStr::from_bytes(b"bad\xff.txt"));
    fs::write(&bad, "bad").unwrap();
    fs::write(device.join("SIGNATURE"), signature).unwrap();
    world
        .run(["job", "retry", &job])
        .with(4)
        .saying("has not been received");
    world.run(["dock", path(&device)]).with(3);
    let over = world.run(["dock", path(&device)]).with(4);
    over.saying("over with 1 errors")
        .saying(&format!("longshore job retry {job}"));
    world
        .run(["job", "retry", &job])
        .with(0)
        .saying("dock its device again");
    let status = world.job(&["status", &job]);
    assert_eq!(status["ProgressCode"], "InProgress");
    let message = status["ProgressMessage"].as_str().unwrap();
    assert!(message.contains("tried again"), "{message}");
    // Another disk with the same SIGNATURE, also in the place of the first one.
    let (other, aside) = (world.device("other"), world.path("aside"));
    fs::copy(device.join("SIGNATURE"), other.join("SIGNATURE")).unwrap();
    fs::rename(&device, &aside).unwrap();
    fs::rename(&other, &device).unwrap();
    let refused = world.run(["dock", path(&device)]).with(4);
    refused
        .saying("was begun on another device")
        .saying("--other-device");
    assert_eq!(state(&world, &job), "InProgress");
    fs::rename(&device, &other).unwrap();
    fs::rename(&aside, &device).unwrap();

    fs::rename(&bad, device.join("good.txt")).unwrap();
    world.run(["dock", path(&device)]).with(0);
    assert_eq!(state(&world, &job), "Complete");
}

#[test]
fn a_job_goes_on_with_another_device_only_if_that_is_meant() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    let (device, other) = (world.device("disk"), world.device("other"));
    fs::write(device.join(OsStr::from_bytes(b"bad\xff.txt")), "bad").unwrap();
    fs::write(other.join("more.txt"), "more").unwrap();
    for disk in [&device, &other] {
        fs::write(disk.join("SIGNATURE"), &signature).unwrap();
    }
    world.run(["dock", path(&device)]).with(3);
    world.run(["job", "retry", &job]).with(0);
    let dock = ["dock", path(&other)];
    world
        .run(dock)
        .with(4)
        .saying("was begun on another device");
    assert!(!world.objects("photos").join("more.txt").exists());
    // The name that could not be loaded is gone with the first device.
    world.run(dock.iter().chain(&["--other-device"])).with(0);
    let loaded = fs::read(world.objects("photos").join("more.txt")).unwrap();
    assert_eq!(loaded, b"more");
}

#[test]
fn an_empty_device_is_called_one() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    let device = world.path("disk");
    fs::create_dir(&device).unwrap();
    fs::write(device.join("SIGNATURE"), signature).unwrap();
    let ended = world.run(["dock", path(&device)]).with(0);
    assert!(
        ended
            .out
            .contains("0 files: the device had no files. Is it the right one"),
        "{}",
        ended.out
    );
    let status = world.job(&["status", &job]);
    let message = status["ProgressMessage"].as_str().unwrap();
    assert!(message.contains("had no files"), "{message}");
}

#[test]
fn an_operator_holds_resumes_and_gives_up_a_job() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world);
    let (job, signature) = make_job(&world);
    let device = world.device("disk");
    fs::write(device.join("SIGNATURE"), signature).unwrap();
    world
        .run(["job", "resume", &job])
        .with(4)
        .saying("is not on hold");
    let because = "The cable is on its way.";
    world
        .run(["job", "hold", &job, "--because", because])
        .with(0)
        .saying("job resume");
    let refused = world.run(["dock", path(&device)]).with(4);
    refused.saying(because).saying("job resume");
    assert_eq!(state(&world, &job), "Pending");
    let message = &world.job(&["status", &job])["ProgressMessage"];
    assert!(message.as_str().unwrap().contains(because), "{message}");
    world.run(["job", "resume", &job]).with(0);
    world.run(["dock", path(&device)]).with(0);
    assert_eq!(state(&world, &job), "Complete");

    let (job, _) = make_job(&world);
    world
        .run(["dock", path(&world.device("bare")), "--job", &job])
        .with(4);
    let give_up = ["job", "give-up", &job, "--because", "Nobody came."];
    let asked = world.run(give_up).with(4);
    asked
        .saying("the SIGNATURE file is missing")
        .saying("--yes");
    assert_eq!(state(&world, &job), "Pending");
    world.run([&give_up[..], &["--yes"]].concat()).with(0);
    let status = world.job(&["status", &job]);
    assert_eq!(status["ProgressCode"], "MissingSignature");
    let message = status["ProgressMessage"].as_str().unwrap();
    assert!(message.ends_with(" Nobody came."), "{message}");
}
