//! `longshore ls`, `get` and `rm`: what a single person does with the objects afterwards.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use awshttp::endpoint::ServiceConfig;
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::ids::{BucketName, ObjectKey};
use objectstore::connect::Store;
use objectstore::object::Attributes;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket as _, Checksums};

use crate::world::{Service, World, files};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Puts an object as another client would.
pub(crate) fn put(
    world: &World,
    service: &Service,
    key: &str,
    body: &[u8],
    metadata: &[(&str, &str)],
) {
    let file = fs::read_to_string(world.data().join("credentials")).unwrap();
    let setting = |name: &str| {
        let line = file.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim_start_matches([' ', '=']).to_owned()
    };
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse(&setting("aws_access_key_id")).unwrap(),
        secret: SecretKey::new(setting("aws_secret_access_key")),
        session_token: None,
    };
    let config = ServiceConfig::new(&*service.places["S3 store"], "us-east-1", credentials);
    let store = Store::connect(&config, Addressing::Path).unwrap();
    let name = BucketName::new("photos").unwrap();
    store.create_bucket(&name).unwrap();
    let attributes = Attributes {
        metadata: metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Attributes::default()
    };
    let (key, sums) = (ObjectKey::new(key).unwrap(), Checksums::of(body));
    let body = body.to_vec().into();
    store
        .bucket(&name)
        .put(&key, body, &attributes, &sums)
        .unwrap();
}

#[test]
fn what_was_imported_is_listed_fetched_and_removed_without_another_client() {
    let world = World::new();
    let folder = world.device("folder");
    fs::create_dir(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/film.mov"), vec![7; 3_000_000]).unwrap();
    world
        .run([
            "import",
            text(&folder),
            "--bucket",
            "s3://photos",
            "--prefix",
            "p/",
        ])
        .with(0);
    let ended = world.run(["ls"]).with(0);
    assert!(ended.out.ends_with("  photos\n"), "{}", ended.out);
    let ended = world
        .run(["ls", "s3://photos/p/"])
        .with(0)
        .saying("3 objects, 3.0 MB");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ended.out);
    assert!(
        lines[1].ends_with("  3.0 MB  p/deep/film.mov"),
        "{}",
        lines[1]
    );
    let ended = world.run(["ls", "photos/p/deep", "--json"]).with(0);
    let line: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&line["key"], &line["size"]),
        (&"p/deep/film.mov".into(), &3_000_000.into())
    );

    let back = world.path("back");
    world
        .run(["get", "photos/p/", text(&back)])
        .with(0)
        .saying("Fetched 3 files (3.0 MB) from s3://photos/p/");
    assert_eq!(files(&back), files(&folder));
    // Again: nothing is fetched, nothing is touched.
    fs::write(back.join("a.txt"), "b").unwrap();
    let ended = world.run(["get", "photos/p/", text(&back)]).with(3);
    assert!(
        ended
            .out
            .starts_with("not fetched  p/a.txt: a file is there and differs"),
        "{ended:?}"
    );
    let ended = ended.saying("2 files were already there and equal.");
    ended.saying("1 object was not fetched");
    assert_eq!(fs::read(back.join("a.txt")).unwrap(), b"b");
    world
        .run(["get", "photos/p/", text(&back), "--overwrite"])
        .with(0)
        .saying("Fetched 1 file (1 B)");
    assert_eq!(files(&back), files(&folder));

    world.run(["rm", "photos"]).with(2).saying("--recursive");
    world
        .run(["rm", "photos/p/none"])
        .with(3)
        .saying("There is nothing at s3://photos/p/none");
    world
        .run(["rm", "photos/p/", "-r"])
        .with(4)
        .saying("3 objects (3.0 MB) at s3://photos/p/: p/a.txt, p/deep/film.mov, ");
    assert_eq!(
        world.run(["ls", "photos/p/"]).with(0).out.lines().count(),
        3
    );
    world
        .run(["rm", "photos/p/a.txt"])
        .with(0)
        .saying("Removed 1 object (1 B).");
    world
        .run(["rm", "photos/p/", "-r", "--yes"])
        .with(0)
        .saying("Removed 2 objects (3.0 MB).");
    assert_eq!(world.run(["ls", "photos/p/"]).with(0).out, "");
    assert_eq!(
        world.run(["ls", "photos"]).with(0).out.lines().count(),
        5,
        "the report and the receipt stay"
    );
    world
        .run(["ls", "missing"])
        .with(4)
        .saying("`longshore ls` lists the buckets");
    world
        .run(["get", "photos/p/", text(&back)])
        .with(3)
        .saying("There is nothing at s3://photos/p/.");
}

#[test]
fn a_place_is_an_object_or_a_folder_and_only_a_star_makes_it_a_beginning() {
    let world = World::new();
    let service = world.serve();
    for key in [
        "2019",
        "2019-best/a",
        "2019.zip",
        "2019/a",
        "2019/b/c",
        "20190",
    ] {
        put(&world, &service, key, b"x", &[]);
    }
    let keys = |place: &str| {
        let ended = world.run(["ls", place, "--json"]).with(0);
        let key = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["key"].as_str().unwrap().to_owned()
        };
        ended.out.lines().map(key).collect::<Vec<_>>()
    };
    assert_eq!(
        keys("photos/2019").len(),
        6,
        "a listing shows what S3 shows"
    );
    assert_eq!(keys("photos/2019*").len(), 6);
    assert_eq!(keys("photos/2019/"), ["2019/a", "2019/b/c"]);

    let back = world.path("back");
    world
        .run(["get", "photos/2019-best", text(&back)])
        .with(0)
        .saying("Fetched 1 file (1 B)");
    assert_eq!(files(&back).len(), 1);
    world
        .run(["get", "photos/201", text(&back)])
        .with(3)
        .saying("are meant by `s3://photos/201*`");
    world
        .run(["get", "photos/2019-*", text(&back)])
        .with(0)
        .saying("1 file was already there and equal");

    world
        .run(["rm", "-r", "photos/201", "--yes"])
        .with(3)
        .saying("There is nothing at s3://photos/201.");
    world
        .run(["rm", "-r", "photos/2019", "photos/2019.*"])
        .with(4)
        .saying("3 objects (3 B) at s3://photos/2019: 2019, 2019/a, 2019/b/c; 1 object (1 B) at");
    world
        .run(["rm", "-r", "photos/2019", "--yes"])
        .with(0)
        .saying("Removed 3 objects (3 B).");
    assert_eq!(keys("photos"), ["2019-best/a", "2019.zip", "20190"]);
    world
        .run(["rm", "-r", "photos/2019*"])
        .with(4)
        .saying("3 objects (3 B) at s3://photos/2019*: 2019-best/a, 2019.zip, 20190 may be");
    world
        .run(["rm", "-r", "photos/2019*", "--yes"])
        .with(0)
        .saying("Removed 3 objects (3 B).");
    assert!(keys("photos").is_empty());
}

#[test]
fn times_come_back_and_no_key_leads_out_of_the_folder() {
    let world = World::new();
    let service = world.serve();
    let mtime = [("mtime", "1300000000.250000000")];
    put(&world, &service, "in/a", b"a", &mtime);
    put(&world, &service, "in/stored", b"s", &[]);
    put(&world, &service, "in/empty/", b"", &[]);
    put(&world, &service, "in/zeros", &vec![0; 2 << 20], &mtime);
    let odd = [
        "in/../../out",
        "in//b",
        "in/x/./y",
        "in/taken/below",
        "in/full/",
    ];
    for key in odd {
        put(&world, &service, key, b"x", &[]);
    }
    put(
        &world,
        &service,
        &format!("in/{}", "n".repeat(256)),
        b"x",
        &[],
    );
    put(
        &world,
        &service,
        "in/lied",
        b"x",
        &[("sha256", &"0".repeat(64))],
    );

    let (back, outside) = (world.path("back"), world.path("outside"));
    fs::create_dir_all(&back).unwrap();
    fs::create_dir_all(&outside).unwrap();
    symlink(&outside, back.join("taken")).unwrap();
    let ended = world
        .run(["get", "photos/in/", text(&back), "--json"])
        .with(3);
    let lines: Vec<serde_json::Value> = ended
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = &lines.last().unwrap()["summary"];
    assert_eq!(
        (&summary["files"], &summary["failed"]),
        (&3.into(), &7.into()),
        "{}",
        ended.out
    );
    assert_eq!(summary["folders"], 1);
    let lied = lines.iter().find(|line| line["key"] == "in/lied").unwrap();
    assert!(
        lied["reason"]
            .as_str()
            .unwrap()
            .starts_with("its SHA-256 is"),
        "{lied}"
    );

    let meta = fs::metadata(back.join("a")).unwrap();
    assert_eq!(
        (meta.mtime(), meta.mtime_nsec()),
        (1_300_000_000, 250_000_000)
    );
    assert!(fs::metadata(back.join("stored")).unwrap().mtime() > 1_700_000_000);
    assert!(back.join("empty").is_dir());
    let zeros = fs::metadata(back.join("zeros")).unwrap();
    assert_eq!(zeros.len(), 2 << 20);
    assert!(zeros.blocks() * 512 < 1 << 20, "holes stay holes");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!world.path("out").exists());
    let mut left: Vec<String> = fs::read_dir(&back)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["a", "empty", "stored", "taken", "zeros"]);
    assert_eq!(service.stop(), Some(0));
}

/// Removes `s3://photos/` from a terminal, at which this is typed.
fn remove_typing(world: &World, typed: &str) -> (bool, String) {
    let command = format!("{} rm -r s3://photos", env!("CARGO_BIN_EXE_longshore"));
    let mut asked = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("LONGSHORE_DATA", world.data())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let keyboard = asked.stdin.as_mut().unwrap();
    std::io::Write::write_all(keyboard, typed.as_bytes()).unwrap();
    let ended = asked.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    (ended.status.success(), said)
}

#[test]
fn many_objects_are_removed_after_a_typed_yes_and_no_other_word() {
    let world = World::new();
    let service = world.serve();
    for key in ["a", "b"] {
        put(&world, &service, key, b"x", &[]);
    }
    let left = || files(&world.objects("photos")).len();
    let (is_done, said) = remove_typing(&world, "y\n");
    assert!(!is_done && left() == 2, "{said}");
    assert!(said.contains("2 objects (2 B) at s3://photos"), "{said}");
    let (is_done, said) = remove_typing(&world, "yes\n");
    assert!(is_done && left() == 0, "{said}");
    assert_eq!(service.stop(), Some(0));
}
