//! `longshore job` as a customer uses it, with keys and endpoints from where AWS tools have them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::world::{Ended, World, longshore};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn with_bucket(world: &World) {
    let folder = world.device("for the bucket");
    world
        .run(["import", path(&folder), "--bucket", "photos"])
        .with(0);
}

#[test]
fn a_manifest_can_be_checked_changed_and_signed_for() {
    let world = World::new();
    let _service = world.serve();
    with_bucket(&world);
    let manifest = world.manifest("photos");
    let before = world.job(&["list"])["Jobs"].as_array().unwrap().len();
    let checked = world.job(&["create", path(&manifest), "--validate-only"]);
    assert!(
        checked["JobId"]
            .as_str()
            .unwrap()
            .ends_with("-VALIDATE-ONLY")
    );
    assert_eq!(
        world.job(&["list"])["Jobs"].as_array().unwrap().len(),
        before
    );

    let ended = world.run(["job", "create", path(&manifest)]).with(0);
    let contents = ended
        .out
        .split_once("version:2.0\n")
        .expect("it shows the SIGNATURE")
        .1;
    let job = contents
        .lines()
        .find_map(|line| line.strip_prefix("jobId:"))
        .unwrap();

    let text = fs::read_to_string(&manifest).unwrap().replace("D-1", "D-2");
    let mut command = world.command(["job", "update", job, "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    Ended::from(child.wait_with_output().unwrap())
        .with(0)
        .saying("has the new manifest");
    assert_eq!(world.job(&["status", job])["CurrentManifest"], text);

    let device = world.device("disk");
    world.run(["job", "sign", job, path(&device)]).with(0);
    let signature = fs::read_to_string(device.join("SIGNATURE")).unwrap();
    assert_eq!(signature, format!("version:2.0\n{contents}"));
    assert_eq!(
        world.job(&["list", "--max", "1"])["Jobs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn refusals_have_the_code_of_the_api_and_leave_the_device_alone() {
    let world = World::new();
    let _service = world.serve();
    with_bucket(&world);
    let device = world.device("disk");
    let create =
        |manifest: &Path| world.run(["job", "create", path(manifest), "--sign", path(&device)]);
    create(&world.manifest("nowhere"))
        .with(4)
        .saying("NoSuchBucketException: ");
    let broken = world.path("broken.yaml");
    fs::write(&broken, "just words").unwrap();
    create(&broken)
        .with(4)
        .saying("MalformedManifestException: ");
    create(&world.path("missing.yaml"))
        .with(2)
        .saying("could not read the manifest");
    assert!(!device.join("SIGNATURE").exists());
    world
        .run(["job", "status", "ABCDE"])
        .with(4)
        .saying("InvalidJobIdException: No such job ABCDE");
    let missing = world.path("missing");
    let manifest = world.manifest("photos");
    world
        .run(["job", "create", path(&manifest), "--sign", path(&missing)])
        .with(2);
}

#[test]
fn keys_and_endpoints_come_from_where_aws_tools_have_them() {
    let world = World::new();
    let service = world.serve();
    let endpoint = &service.places["Import/Export API"];
    let credentials = fs::read_to_string(&service.places["Credentials"]).unwrap();
    let value = |name: &str| {
        let line = credentials
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap();
        line.split_once('=').unwrap().1.trim().to_owned()
    };
    let (id, secret) = (value("aws_access_key_id"), value("aws_secret_access_key"));
    let list = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = longshore();
        command
            .args(["job", "list"])
            .args(more)
            .envs(variables.iter().copied());
        Ended::from(command.output().unwrap())
    };

    let keys = [
        ("AWS_ACCESS_KEY_ID", &*id),
        ("AWS_SECRET_ACCESS_KEY", &secret),
    ];
    let at = ("AWS_ENDPOINT_URL_IMPORTEXPORT", endpoint.as_str());
    list(&[keys[0], keys[1], at], &[]).with(0);
    list(
        &keys,
        &["--endpoint-url", endpoint, "--region", "eu-west-1"],
    )
    .with(0);

    let file = world.path("aws");
    fs::write(&file, credentials.replace("[default]", "[dock]")).unwrap();
    let shared = ("AWS_SHARED_CREDENTIALS_FILE", path(&file));
    list(&[shared, at, ("AWS_PROFILE", "dock")], &[]).with(0);
    list(&[shared, at], &["--profile", "dock"]).with(0);
    list(&[shared, at], &["--profile", "none"])
        .with(1)
        .saying("no complete profile `none`");

    list(&[at], &[]).with(1).saying("there is no access key");
    let wrong = [keys[0], ("AWS_SECRET_ACCESS_KEY", "wrong"), at];
    list(&wrong, &[])
        .with(4)
        .saying("SignatureDoesNotMatch")
        .saying("hint: ");
    let unknown = [("AWS_ACCESS_KEY_ID", "LSIAAAAAAAAAAAAAAAAA"), keys[1], at];
    list(&unknown, &[]).with(4).saying("InvalidClientTokenId");
    list(&keys, &["--endpoint-url", "http://127.0.0.1:1"])
        .with(5)
        .saying("could not reach");
    list(&keys, &["--endpoint-url", "nonsense"])
        .with(2)
        .saying("is not an http");
    let s3 = &service.places["S3 store"];
    let ended = list(&keys, &["--endpoint-url", s3]);
    assert!(matches!(ended.code, Some(4 | 5)), "{ended:?}");
}
