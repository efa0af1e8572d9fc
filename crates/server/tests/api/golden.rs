//! Whole answers, compared with frozen ones and with the shapes that real clients have parsed.

use std::path::{Path, PathBuf};

use awsproto::xml::{self, Element};
use model::loading::Figures;
use model::progress::Progress;

use crate::world::{Answer, World, create, finished, import, returned, tally};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares an answer with a frozen one, after giving what differs each time a fixed name. With
/// `UPDATE_GOLDEN` set it freezes the answer instead.
fn compare(name: &str, answer: &Answer, job: &str) {
    let request_id = answer.header("x-amzn-requestid").unwrap();
    let mut text = answer
        .body
        .replace(request_id, "REQUEST-ID")
        .replace(job, "JOBID");
    if let Some(signature) = answer.text("Signature") {
        text = text.replace(&signature, "SIGNATURE");
    }
    text = without_links(&text);
    let path = folder().join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "{name}");
}

/// Links without what differs each time: where the service listens, and the seal.
fn without_links(text: &str) -> String {
    let mut pieces = text.split("http://127.0.0.1:");
    let mut plain = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (_port, rest) = piece.split_once('/').unwrap();
        let (path, rest) = rest.split_once("?token=").unwrap();
        let (_, rest) = rest.split_once('<').unwrap();
        plain.push_str(&format!("http://HOST/{path}?token=TOKEN<{rest}"));
    }
    plain
}

/// The names of all elements in order, each with those of its children.
fn shape(element: &Element) -> String {
    let children: Vec<String> = element.children.iter().map(shape).collect();
    format!("{}({})", element.name, children.join(" "))
}

/// A shape that a client has parsed. Some were recorded without any artifact, of which each of our
/// jobs has one.
fn recorded(name: &str) -> String {
    let text = std::fs::read(folder().join("recorded").join(name)).unwrap();
    shape(&xml::parse(&text).unwrap()).replace(
        "ArtifactList()",
        "ArtifactList(member(Description() URL()))",
    )
}

#[tokio::test]
async fn answers_are_those_that_were_frozen_and_have_the_recorded_shapes() {
    let world = World::start().await;
    let manifest = import("photos").replace("eraseDevice: no", "eraseDevice: yes");
    let created = world.call(&create(&manifest)).await;
    let id = created.text("JobId").unwrap();
    compare("CreateJob.xml", &created, &id);
    assert_eq!(shape(&created.xml()), recorded("CreateJob.xml"));

    let update = [
        ("Action", "UpdateJob"),
        ("JobId", id.as_str()),
        ("JobType", "import"),
        ("Manifest", manifest.as_str()),
    ];
    let updated = world.call(&update).await;
    compare("UpdateJob.xml", &updated, &id);
    assert_eq!(shape(&updated.xml()), recorded("UpdateJob.xml"));

    let status = world.call(&[("Action", "GetStatus"), ("JobId", &id)]).await;
    compare("GetStatus.pending.xml", &status, &id);

    let label = [("Action", "GetShippingLabel"), ("jobIds.member.1", &id)];
    let label = world.call(&label).await;
    compare("GetShippingLabel.xml", &label, &id);

    let canceled = world.call(&[("Action", "CancelJob"), ("JobId", &id)]).await;
    compare("CancelJob.xml", &canceled, &id);
    assert_eq!(shape(&canceled.xml()), recorded("CancelJob.xml"));

    let again = world.call(&[("Action", "CancelJob"), ("JobId", &id)]).await;
    compare("error.xml", &again, &id);
    assert_eq!(shape(&again.xml()), recorded("err.xml"));

    let list = world.call(&[("Action", "ListJobs")]).await;
    compare("ListJobs.xml", &list, &id);
    world.create(&import("photos")).await;
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert_eq!(shape(&list.xml()), recorded("ListJobs.xml"));
}

#[tokio::test]
async fn a_returned_job_tells_everything() {
    let world = World::start().await;
    let job = world
        .plant(returned(world.now()), finished(3, world.now()))
        .await;
    let id = job.id.as_str();
    let status = world.call(&[("Action", "GetStatus"), ("JobId", id)]).await;
    compare("GetStatus.returned.xml", &status, id);
    assert_eq!(shape(&status.xml()), recorded("GetStatus.xml"));

    let label = [("Action", "GetShippingLabel"), ("jobIds.member.1", id)];
    let label = world.call(&label).await;
    assert_eq!(shape(&label.xml()), recorded("GetShippingLabel.xml"));
}

#[tokio::test]
async fn a_running_job_tells_how_far_it_is() {
    let world = World::start().await;
    let here = crate::world::at_station(world.now());
    let job = world
        .plant(here, Progress::InProgress { since: world.now() })
        .await;
    let jobs = world.jobs();
    let token = model::control::LeaseToken("0".repeat(32));
    let (now, until) = (world.now(), world.now().plus_seconds(60));
    jobs.claim_lease(job.id, &crate::world::station(), &token, now, until)
        .await
        .unwrap();
    let figures = Figures {
        tally: tally(1234, 5_600_000_000, 0),
        ..Figures::default()
    };
    jobs.renew_lease(
        job.id,
        &crate::world::station(),
        &token,
        until,
        &figures,
        now,
    )
    .await
    .unwrap();
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", job.id.as_str())])
        .await;
    assert_eq!(
        status.text("ProgressMessage").unwrap(),
        "The data on your device is currently being loaded. Loaded 1,234 files (5.6 GB)"
    );
}
