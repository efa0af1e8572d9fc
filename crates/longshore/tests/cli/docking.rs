//! `serve`, `dock` and `device return`: an operator's day.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use crate::world::{World, longshore};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Makes `bucket` by importing a folder into it: `job create` wants buckets that exist.
fn make_bucket(world: &World, bucket: &str) {
    let folder = world.device("for the bucket");
    world
        .run(["import", path(&folder), "--bucket", bucket])
        .with(0);
}

#[test]
fn a_device_goes_from_its_job_to_its_owner() {
    let world = World::new();
    let service = world.serve();
    make_bucket(&world, "photos");
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    fs::write(device.join("new.txt"), "new").unwrap();
    let sign = ["job", "create", path(&manifest), "--sign", path(&device)];
    let ended = world.run(sign).with(0).saying("Wrote ");
    let signature = fs::read_to_string(device.join("SIGNATURE")).unwrap();
    let job = signature
        .lines()
        .find_map(|line| line.strip_prefix("jobId:"))
        .unwrap();
    assert!(
        ended.out.starts_with(&format!("Job        {job}\n")),
        "{}",
        ended.out
    );
    assert_eq!(world.job(&["status", job])["ProgressCode"], "Pending");

    world
        .run(sign)
        .with(4)
        .saying(&format!("is the SIGNATURE of job {job}"));
    assert_eq!(
        fs::read_to_string(device.join("SIGNATURE")).unwrap(),
        signature
    );

    let ended = world.run(["dock", path(&device)]).with(0);
    assert!(
        ended
            .out
            .starts_with("Loaded 3 files (7 B) into bucket photos"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("0 errors, 1 left out."));
    assert_eq!(
        fs::read(world.objects("photos").join("new.txt")).unwrap(),
        b"new"
    );
    let status = world.job(&["status", job]);
    assert_eq!(
        (&status["LocationCode"], &status["ProgressCode"]),
        (&"AtAWS".into(), &"Complete".into())
    );
    assert_eq!(status["LogKey"], format!("import-log-{job}"));
    world.run(["job", "status", job, "--watch"]).with(0);

    world
        .run(["dock", path(&device)])
        .with(4)
        .saying("is over")
        .saying("hint: ");
    world
        .run([
            "device",
            "return",
            job,
            "--carrier",
            "UPS",
            "--tracking",
            "1Z 9",
        ])
        .with(0);
    let status = world.job(&["status", job]);
    assert_eq!(status["LocationCode"], "Returned");
    assert_eq!(
        (&status["Carrier"], &status["TrackingNumber"]),
        (&"UPS".into(), &"1Z 9".into())
    );
    world
        .run(["device", "return", job, "--carrier", "X", "--tracking", "2"])
        .with(4);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_device_that_does_not_belong_is_not_loaded() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world, "photos");
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    let dock = || world.run(["dock", path(&device)]);
    dock().with(4).saying("no SIGNATURE");
    dock_missing(&world);

    world
        .run(["job", "create", path(&manifest), "--sign", path(&device)])
        .with(0);
    let signature = fs::read_to_string(device.join("SIGNATURE")).unwrap();
    let job = signature
        .lines()
        .find_map(|line| line.strip_prefix("jobId:"))
        .unwrap();
    let another = if job == "ZZZZZ" { "YYYYY" } else { "ZZZZZ" };
    world
        .run(["dock", path(&device), "--job", another])
        .with(4)
        .saying("belongs to job");

    let value = signature
        .lines()
        .find_map(|line| line.strip_prefix("signature:"))
        .unwrap();
    let forged = signature.replace(value, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    fs::write(device.join("SIGNATURE"), forged).unwrap();
    dock().with(4).saying("SIGNATURE");
    let status = world.job(&["status", job]);
    assert_eq!(status["ProgressCode"], "Pending");
    assert_eq!(status["LocationCode"], "NotReceived");
    fs::write(device.join("SIGNATURE"), signature).unwrap();
    dock().with(0);
}

fn dock_missing(world: &World) {
    let missing = world.path("missing");
    world
        .run(["dock", path(&missing)])
        .with(1)
        .saying("could not open the device");
}

#[test]
fn a_canceled_job_is_not_loaded() {
    let world = World::new();
    let _service = world.serve();
    make_bucket(&world, "photos");
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    let made = world.job(&["create", path(&manifest), "--sign", path(&device)]);
    let job = made["JobId"].as_str().unwrap();
    assert_eq!(world.job(&["cancel", job])["Success"], true);
    world
        .run(["dock", path(&device)])
        .with(4)
        .saying(&format!("job {job} was canceled"));
    world
        .run(["job", "cancel", job])
        .with(4)
        .saying("CanceledJobIdException");
    let jobs = world.job(&["list"]);
    let line = &jobs["Jobs"][0];
    assert_eq!(
        (&line["JobId"], &line["IsCanceled"]),
        (&job.into(), &true.into())
    );
}

#[test]
fn a_station_of_another_host_shows_its_token() {
    let world = World::new();
    let service = world.serve();
    make_bucket(&world, "photos");
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    world
        .run(["job", "create", path(&manifest), "--sign", path(&device)])
        .with(0);
    let token = world.run(["station", "token", "bench-2"]).with(0).out;
    let (file, elsewhere) = (world.path("token"), world.path("elsewhere"));
    let dock = |token: &str, name: &str| {
        fs::write(&file, token).unwrap();
        let mut command = longshore();
        command.args([
            "dock",
            path(&device),
            "--server",
            &service.places["Import/Export API"],
        ]);
        command.args([
            "--station",
            name,
            "--token-file",
            path(&file),
            "--data",
            path(&elsewhere),
        ]);
        crate::world::Ended::from(command.output().unwrap())
    };
    dock("0000", "bench-2")
        .with(4)
        .saying("token")
        .saying("hint: `longshore station token");
    dock(&token, "bench-3").with(4).saying("bench-2");
    dock(&token, "bench-2").with(0);
    assert!(elsewhere.join("station/jobs").is_dir());
}

#[test]
fn without_a_service_there_is_nothing_to_dock_at() {
    let world = World::new();
    let device = world.device("disk");
    world
        .run(["dock", path(&device)])
        .with(5)
        .saying("hint: start `longshore serve`");
    let file = world.path("token");
    fs::write(&file, "0000").unwrap();
    let server = [
        "--server",
        "http://127.0.0.1:1",
        "--token-file",
        path(&file),
    ];
    let arguments = ["dock", path(&device)];
    world
        .run(arguments.iter().chain(&server))
        .with(5)
        .saying("could not reach the server");
}

/// A proxy, or the page of somebody else.
#[test]
fn what_answers_and_is_no_service_is_told_so() {
    let world = World::new();
    let file = world.path("token");
    fs::write(&file, "0000").unwrap();
    for (status, exit, told) in [
        ("200 OK", 5, "is no service of Longshore (HTTP status 200)"),
        (
            "403 Forbidden",
            5,
            "is no service of Longshore (HTTP status 403)",
        ),
        (
            "502 Bad Gateway",
            5,
            "is in trouble: HTTP status 502 Bad Gateway",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let page = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<p>Sign in</p"
        );
        let answering = thread::spawn(move || {
            let (mut asking, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(asking.read(&mut head).unwrap() > 0);
            asking.write_all(page.as_bytes()).unwrap();
        });
        let server = ["--server", &url, "--token-file", path(&file)];
        let asked = ["job", "list", "--all"];
        world
            .run(asked.iter().chain(&server))
            .with(exit)
            .saying(told);
        answering.join().unwrap();
    }
}

#[test]
fn one_service_has_a_data_folder() {
    let world = World::new();
    let service = world.serve();
    let addresses = ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"];
    world
        .run(["serve"].iter().chain(&addresses))
        .with(1)
        .saying("in use by process");
    assert_eq!(service.stop(), Some(0));
    let service = world.serve();
    assert_eq!(service.stop(), Some(0));
}
