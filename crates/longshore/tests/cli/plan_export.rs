//! `longshore plan-export`: devices, names, manifests, and what it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::world::{Ended, World};

const MANIFEST: &str = "# An export\nmanifestVersion: 2.0\ndeviceId: RACK-7\nfileSystem: NTFS\n\
    targetDirectory: /\nlogBucket: logs\npinCode: 0048121\nnotificationEmail: a@b.example\n\
    operations:\n    - exportBucket: photos\n      prefix: p/\nreturnAddress:\n    name: N\n    \
    street1: S\n    city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    \
    phoneNumber: 1\n";

/// A world whose embedded store has these files in the bucket `photos`, and a manifest.
fn world(files: &[(&str, usize)]) -> (World, PathBuf) {
    let world = World::new();
    let disk = world.path("disk");
    for (name, bytes) in files {
        let path = disk.join("p").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![7; *bytes]).unwrap();
    }
    let disk = disk.to_str().unwrap();
    world.run(["import", disk, "--bucket=photos"]).with(0);
    let manifest = world.path("job.yaml");
    fs::write(&manifest, MANIFEST).unwrap();
    (world, manifest)
}

fn plan(world: &World, manifest: &Path, options: &[&str]) -> Ended {
    let start = ["plan-export", manifest.to_str().unwrap()];
    world.run(start.iter().chain(options))
}

#[test]
fn an_export_is_split_in_order_and_each_device_has_its_manifest() {
    let files = [
        ("A.txt", 10),
        ("a.txt", 20),
        ("b:c.txt", 30),
        ("d.txt", 40),
        ("e.txt", 50),
    ];
    let (world, manifest) = world(&files);
    let elsewhere = world.path("again");
    let options = [
        "--capacity=1GB",
        "--files-per-device=2",
        "--rate=1MB",
        "--output",
    ];
    let out = world.path("out");
    let all = [&options[..], &[out.to_str().unwrap()]].concat();
    let ended = plan(&world, &manifest, &all).with(0);
    let text = &ended.out;
    assert!(
        text.starts_with("3 devices of 1.0 GB (NTFS) for 5 objects, 150 B\n"),
        "{text}"
    );
    assert!(text.contains("photos/p/b:c.txt -> p/bc.txt"), "{text}");
    for (number, begin, end) in [
        (1, None, Some("p/a.txt")),
        (2, Some("p/a.txt"), Some("p/d.txt")),
        (3, Some("p/d.txt"), None),
    ] {
        let path = out.join(format!("job-{number}.yaml"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let written = fs::read_to_string(&path).unwrap();
        let marker = |name, key: Option<&str>| match key {
            Some(key) => format!("      {name}: \"{key}\"\n"),
            None => String::new(),
        };
        let operation = format!(
            "    - exportBucket: photos\n      prefix: \"p/\"\n{}{}",
            marker("beginMarker", begin),
            marker("endMarker", end)
        );
        let expected = MANIFEST
            .replace("RACK-7", &format!("\"RACK-7-{number}\""))
            .replace("    - exportBucket: photos\n      prefix: p/\n", &operation);
        assert_eq!(written, expected);
        // A device of the series holds its share, and nothing is left for another.
        let again = ["--capacity=1GB", "--rate=1MB", "--json", "--output"];
        let again = [&again[..], &[elsewhere.to_str().unwrap()]].concat();
        let ended = plan(&world, &path, &again).with(0);
        let found: Value = serde_json::from_str(&ended.out).unwrap();
        let devices = found["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0]["objects"], if number == 3 { 1 } else { 2 });
    }
}

#[test]
fn a_program_reads_the_same_and_the_store_is_measured() {
    let (world, manifest) = world(&[("a", 100_000), ("B", 10), ("b", 10), ("c./x", 1)]);
    let ended = plan(&world, &manifest, &["--capacity=64MiB", "--json"]).with(0);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(found["capacity"], 64 << 20);
    assert_eq!(found["file_system"], "NTFS");
    assert!(found["bytes_per_second"].as_u64().unwrap() > 0);
    let device = &found["devices"][0];
    assert_eq!(device["objects"], 4);
    assert_eq!(device["bytes"], 100_021);
    assert_eq!(device["first"], json!({"bucket": "photos", "key": "p/B"}));
    assert_eq!(device["last"], json!({"bucket": "photos", "key": "p/c./x"}));
    assert!(device["seconds"].as_u64().is_some());
    let beside = world.path("job-1.yaml");
    assert_eq!(device["manifest"], beside.to_str().unwrap());
    assert!(beside.is_file());
    assert_eq!(found["changed"]["examples"][0]["path"], "p/c/x");
    assert_eq!(found["recovered"]["count"], 1);
    let recovered = &found["recovered"]["examples"][0];
    assert_eq!(recovered["key"], "p/b");
    assert_eq!(recovered["why"], "an earlier object has the name `p/b`");
    assert_eq!(found["failed"]["count"], 0);
}

#[test]
fn what_fits_no_device_is_named_and_the_rest_is_planned() {
    let (world, manifest) = world(&[("a", 10), ("large", 20 << 20), ("z", 10)]);
    let options = ["--capacity=16MiB", "--rate=1MB"];
    let ended = plan(&world, &manifest, &options).with(3);
    assert!(ended.out.starts_with("2 devices"), "{}", ended.out);
    let named = "photos/p/large: it does not fit an empty device";
    assert!(ended.out.contains(named), "{}", ended.out);
    let last = fs::read_to_string(world.path("job-2.yaml")).unwrap();
    assert!(last.contains("beginMarker: \"p/large\""), "{last}");
    // An earlier plan's manifests are not mixed with those of another.
    let ended = plan(&world, &manifest, &options).with(2);
    ended.saying("is there already").saying("earlier plan");
}

#[test]
fn what_cannot_be_planned_is_refused_before_the_store_is_asked() {
    let world = World::new();
    let manifest = world.path("job.yaml");
    let planned = |text: &str, capacity: &str| {
        fs::write(&manifest, text).unwrap();
        plan(&world, &manifest, &["--capacity", capacity])
    };
    planned(MANIFEST, "2")
        .with(2)
        .saying("2 bytes are too few for a file system NTFS");
    planned(MANIFEST, "2T")
        .with(2)
        .saying("expected a size such as 2TB");
    let fault = MANIFEST.replace("NTFS", "XFS");
    planned(&fault, "2TB").with(2).saying("`XFS` is not one of");
    planned("what", "2TB")
        .with(2)
        .saying("the manifest is wrong");
    assert!(!world.data().exists(), "no data folder is made for this");
}

#[test]
fn a_bucket_that_is_not_there_ends_it() {
    let (world, manifest) = world(&[("a", 1)]);
    fs::write(
        &manifest,
        MANIFEST.replace("exportBucket: photos", "exportBucket: other"),
    )
    .unwrap();
    let ended = plan(&world, &manifest, &["--capacity=1GB"]).with(4);
    ended.saying("could not list the bucket `other`");
    assert!(!world.path("job-1.yaml").exists());
}
