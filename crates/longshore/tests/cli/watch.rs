//! `job status --watch`: what a customer sees of her job while a station is at it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{
    ClaimAnswer, ClaimRequest, Conclusion, Ending, LeaseState, LeaseToken, Renewal, Tally,
};
use model::ids::{BucketName, JobId, ObjectKey, StationName};
use model::loading::Figures;
use model::progress::LogLocation;
use station::control::Control;

use crate::world::{Service, World};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A service with a job that waits for its device, whose SIGNATURE is on `disk`.
fn with_job(world: &World) -> (Service, JobId) {
    let service = world.serve();
    let folder = world.device("for the bucket");
    world
        .run(["import", path(&folder), "--bucket", "photos"])
        .with(0);
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    let made = world.job(&["create", path(&manifest), "--sign", path(&device)]);
    (
        service,
        JobId::new(made["JobId"].as_str().unwrap()).unwrap(),
    )
}

/// The right of a station that does nothing but talk.
fn claim(control: &Control, job: JobId, device: &Path) -> LeaseToken {
    let signature = fs::read(device.join("SIGNATURE")).unwrap();
    let request = ClaimRequest {
        signature_file: Some(STANDARD.encode(signature)),
        job: Some(job),
        ..ClaimRequest::new(StationName::new("talker").unwrap(), "disk".to_owned())
    };
    match control.claim(&request).unwrap() {
        ClaimAnswer::Granted(claim) => claim.lease,
        denied @ ClaimAnswer::Denied { .. } => panic!("{denied:?}"),
    }
}

#[test]
fn a_job_is_watched_to_its_end() {
    let world = World::new();
    let (service, job) = with_job(&world);
    let token = world.run(["station", "token", "talker"]).with(0).out;
    let control = Control::new(&service.places["Import/Export API"], token.trim());
    let lease = claim(&control, job, &world.path("disk"));
    let figures = Figures {
        tally: Tally {
            stored: 12,
            bytes: 1_000_000,
            ignored: 1,
            failed: 2,
        },
        current: Some("photos/\x1b[2J\nComplete.jpg".to_owned()),
        found: 20,
        found_bytes: 2_000_000,
        found_all: true,
        sent_bytes: 1_400_000,
        rate: Some(35_000_000),
        seconds_left: Some(40),
    };
    let renewal = Renewal {
        version: model::control::PROTOCOL_VERSION,
        job,
        lease: lease.clone(),
        figures,
    };
    assert_eq!(control.renew(&renewal).unwrap(), LeaseState::Held);

    let mut watch = world
        .command(["job", "status", job.as_str(), "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let sentence = "Loaded 12 of 20 files (1.4 of 2.0 MB), 35 MB/s, about 40 s left; 2 files could \
                    not be loaded; now photos/\\u{1b}[2J\\nComplete.jpg";
    assert!(
        line.contains("InProgress: ") && line.ends_with(sentence),
        "{line}"
    );

    let log = LogLocation {
        bucket: BucketName::new("photos").unwrap(),
        key: ObjectKey::new(format!("import-log-{job}")).unwrap(),
    };
    let ending = Ending::Finished {
        errors: 2,
        log,
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let conclusion = Conclusion { job, lease, ending };
    control.conclude(&conclusion).unwrap();
    let line = lines.next().unwrap().unwrap();
    assert!(
        line.contains("SuccessWithErrors: ") && line.ends_with("  2 errors"),
        "{line}"
    );
    assert!(lines.next().is_none());
    assert_eq!(watch.wait().unwrap().code(), Some(3));
}

#[test]
fn a_job_that_is_canceled_meanwhile_ends_the_watch() {
    let world = World::new();
    let (_service, job) = with_job(&world);
    let mut watch = world
        .command(["job", "status", job.as_str(), "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(
        line.contains("has not arrived yet") && line.contains("Pending: "),
        "{line}"
    );
    world.job(&["cancel", job.as_str()]);
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("Canceled: "), "{line}");
    assert_eq!(watch.wait().unwrap().code(), Some(4));
}
