//! A device's PIN and password: kept, given back to their owner in the manifest, told nowhere else.

use std::path::Path;
use std::sync::{Arc, Mutex};

use model::ids::{JobId, JobType};
use server::ops::jobs::{Submission, ValidateOnly};

use crate::world::{Answer, World, create, export, import};

const PIN: &str = "90417263";
const PASSWORD: &str = "Zq7 walrus 4711";

/// An export with both secrets.
fn manifest() -> String {
    let password = format!("trueCryptPassword: {PASSWORD}\npinCode: {PIN}\n");
    export(&["photos"], "logs").replace("trueCryptPassword: correct horse\n", &password)
}

fn assert_silent(what: &str, text: &str) {
    for secret in [PIN, PASSWORD] {
        assert!(!text.contains(secret), "{what} tells `{secret}`: {text}");
    }
}

/// Manifests that are wrong in or beside the secrets.
fn wrong() -> Vec<String> {
    let good = manifest();
    let long = format!("{PASSWORD}{}", "x".repeat(64));
    vec![
        good.replace("NTFS", "ZFS"),
        good.replace("logBucket: logs", "logBucket: nowhere-at-all"),
        good.replace(PASSWORD, &long),
        good.replace(PASSWORD, &format!("[{PASSWORD}")),
        good.replace(PASSWORD, &format!("\"{PASSWORD}")),
        good.replace(PASSWORD, &format!("{{a: {PASSWORD}}}")),
        good.replace(PIN, &format!("\n  - {PIN}\n  - {PIN}")),
        good.replace("pinCode: ", "trueCryptPassword: "),
        good.replace("pinCode: ", "pinCode "),
        good.replace("pinCode: ", "pin: "),
    ]
}

async fn submit(world: &World, manifest: &str) -> Answer {
    let mut params = create(manifest);
    params[1].1 = "Export";
    world.call(&params).await
}

#[tokio::test]
async fn pin_and_password_are_told_to_nobody() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(Arc::new(Kept(Arc::clone(&log))))
        .finish();
    // For the whole process: one for this thread alone may be missed by call sites that another
    // test meets first.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let world = World::start().await;
    for manifest in wrong() {
        assert_silent("an answer", &submit(&world, &manifest).await.body);
    }
    let created = submit(&world, &manifest()).await;
    assert_eq!(created.code(), "OK", "{}", created.body);
    assert_silent("CreateJob", &created.body);
    let id = created.text("JobId").unwrap();
    let manifest = manifest();
    let update = [
        ("Action", "UpdateJob"),
        ("JobId", id.as_str()),
        ("JobType", "Export"),
        ("Manifest", &manifest),
    ];
    let updated = world.call(&update).await;
    assert_eq!(updated.code(), "OK");
    assert_silent("UpdateJob", &updated.body);

    let status = world.call(&[("Action", "GetStatus"), ("JobId", &id)]).await;
    let own = status.text("CurrentManifest").unwrap();
    assert!(own.contains(PIN) && own.contains(PASSWORD));
    assert_silent("GetStatus", &status.body.replace(&own, ""));
    let id = JobId::new(&id).unwrap();
    let jobs = world.jobs();
    assert_silent("a job", &format!("{:?}", jobs.job(id).await.unwrap()));
    assert_silent(
        "the history",
        &format!("{:?}", jobs.history(id).await.unwrap()),
    );
    let metrics = world.http("GET", "/metrics", &[], "").await.body;
    assert_silent("/metrics", &metrics);
    let log = String::from_utf8_lossy(&log.lock().unwrap()).into_owned();
    assert!(log.contains("job created"), "the log is kept");
    assert_silent("the log", &log);
    assert_kept_sealed(&world.folder.path().join("data"));
}

#[test]
fn requests_are_not_printed_with_their_manifest() {
    let submission = Submission {
        job_type: JobType::Export,
        manifest: manifest(),
        validate_only: ValidateOnly::No,
    };
    assert_silent("a request", &format!("{submission:?}"));
}

fn assert_kept_sealed(data: &Path) {
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert_silent(
                &path.display().to_string(),
                &String::from_utf8_lossy(&bytes),
            );
        }
    }
}

#[tokio::test]
async fn a_customer_learns_what_becomes_of_her_container() {
    let world = World::start().await;
    let exported = submit(&world, &manifest()).await;
    let warning = exported.text("WarningMessage").unwrap();
    let encrypted = "trueCryptPassword: the device is encrypted with LUKS2, which Linux opens, in the place of \
                     TrueCrypt.";
    assert!(warning.lines().any(|line| line == encrypted), "{warning}");
    let imported = format!("{}trueCryptPassword: {PASSWORD}\n", import("photos"));
    let imported = world.call(&create(&imported)).await;
    let warning = imported.text("WarningMessage").unwrap();
    let unopened = "trueCryptPassword: it is tried on what is encrypted of the device as a whole or as \
                    a partition; a container that lies on it as a file is loaded as the file it is.";
    assert!(warning.lines().any(|line| line == unopened), "{warning}");
    let by_pin = export(&["photos"], "logs").replace("trueCryptPassword", "pinCode");
    let warning = submit(&world, &by_pin)
        .await
        .text("WarningMessage")
        .unwrap();
    let by_itself = "pinCode: the device is not encrypted but by itself, so send one with a keypad; with a \
                     trueCryptPassword it is encrypted with LUKS2.";
    assert!(warning.lines().any(|line| line == by_itself), "{warning}");
}

/// A log that is kept.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for &Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
