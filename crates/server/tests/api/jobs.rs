//! Whose jobs one sees, and how they are listed.

use crate::world::{Answer, World, create, import};

async fn list(world: &World, params: &[(&str, &str)]) -> (Vec<String>, String) {
    let mut all = vec![("Action", "ListJobs")];
    all.extend_from_slice(params);
    let answer = world.call(&all).await;
    (
        ids(&answer),
        answer
            .text("IsTruncated")
            .unwrap_or_else(|| panic!("{}", answer.body)),
    )
}

fn ids(answer: &Answer) -> Vec<String> {
    let jobs = answer.xml();
    let jobs = jobs.descend(&["ListJobsResult", "Jobs"]).unwrap();
    jobs.children
        .iter()
        .map(|job| job.text_of("JobId").unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, world.create(&import("photos")).await.0.to_string());
        world.clock.advance(1);
    }
    assert_eq!(list(&world, &[]).await, (made.clone(), "false".to_owned()));
    let mut pages = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut params = vec![("MaxJobs", "2")];
        params.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let (page, truncated) = list(&world, &params).await;
        assert!(!page.is_empty());
        marker = page.last().cloned();
        pages.push(page);
        if truncated == "false" {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(pages.concat(), made);
    assert_eq!(list(&world, &[("MaxJobs", "5")]).await.1, "false");
    assert_eq!(
        list(&world, &[("Marker", &made[4])]).await,
        (vec![], "false".to_owned())
    );
    assert_eq!(
        list(&world, &[("MaxJobs", "0")]).await,
        (vec![], "false".to_owned())
    );
}

#[tokio::test]
async fn impossible_pages_are_refused() {
    let world = World::start().await;
    let (_, other) = world.another("other", &["*"]).await;
    let theirs = world
        .call_as(&other, &create(&import("photos")))
        .await
        .text("JobId")
        .unwrap();
    for (name, value) in [
        ("MaxJobs", "1001"),
        ("MaxJobs", "-1"),
        ("MaxJobs", "many"),
        ("Marker", "HELLO"),
        ("Marker", "ZZZZZ"),
        ("Marker", &theirs),
    ] {
        let answer = world.call(&[("Action", "ListJobs"), (name, value)]).await;
        assert_eq!(
            answer.fault(),
            (400, "InvalidParameterException".to_owned()),
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_canceled_job_of_ones_own_is_a_marker_and_stays_listed() {
    let world = World::start().await;
    let (first, _) = world.create(&import("photos")).await;
    world.clock.advance(1);
    let (second, _) = world.create(&import("photos")).await;
    world
        .call(&[("Action", "CancelJob"), ("JobId", second.as_str())])
        .await;
    let answer = world.call(&[("Action", "ListJobs")]).await;
    assert_eq!(ids(&answer), [second.as_str(), first.as_str()]);
    assert_eq!(
        answer.body.matches("<IsCanceled>true</IsCanceled>").count(),
        1
    );
    let (rest, _) = list(&world, &[("Marker", second.as_str())]).await;
    assert_eq!(rest, [first.as_str()]);
}

#[tokio::test]
async fn no_account_sees_or_touches_anothers_jobs() {
    let world = World::start().await;
    let (_, other) = world.another("other", &["*"]).await;
    let (id, _) = world.create(&import("photos")).await;
    let id = id.as_str();
    let manifest = import("photos");
    let requests: [&[(&str, &str)]; 4] = [
        &[("Action", "GetStatus"), ("JobId", id)],
        &[("Action", "CancelJob"), ("JobId", id)],
        &[
            ("Action", "UpdateJob"),
            ("JobId", id),
            ("JobType", "Import"),
            ("Manifest", &manifest),
        ],
        &[("Action", "GetShippingLabel"), ("jobIds.member.1", id)],
    ];
    for request in requests {
        let answer = world.call_as(&other, request).await;
        assert_eq!(
            answer.fault(),
            (400, "InvalidJobIdException".to_owned()),
            "{request:?}"
        );
        assert_eq!(
            answer.message(),
            format!("No such job {id} for your account")
        );
    }
    let seen = world.call_as(&other, &[("Action", "ListJobs")]).await;
    assert!(ids(&seen).is_empty());
    let status = world.call(&[("Action", "GetStatus"), ("JobId", id)]).await;
    assert_eq!(status.text("ProgressCode").unwrap(), "Pending");
}

#[tokio::test]
async fn a_label_needs_a_job() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let label = |id| [("Action", "GetShippingLabel"), ("jobIds.member.1", id)];
    assert_eq!(world.call(&label(id.as_str())).await.code(), "OK");
    let unknown = world.call(&label("ZZZZZ")).await;
    assert_eq!(unknown.fault(), (400, "InvalidJobIdException".to_owned()));
    let none = world
        .call(&[("Action", "GetShippingLabel"), ("jobIds", "")])
        .await;
    assert_eq!(none.fault(), (400, "InvalidParameterException".to_owned()));
}
