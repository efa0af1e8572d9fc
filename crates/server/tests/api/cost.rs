//! What a request costs: a stored manifest is not compiled to be shown, and what is submitted has bounds.
//!
//! Cost is counted, not timed. Other tests of this program compile hardly any expression.

use model::actor::Actor;
use model::ids::{JobId, JobType};
use model::job::Job;
use model::manifest::expressions_compiled;

use crate::world::{World, create, import};

/// Expressions that other tests of this program may compile meanwhile, and no more than a small part of
/// those in one manifest.
const OTHERS: u64 = 200;

/// A manifest of 22 KB whose expressions are each just below what one may be.
fn hostile() -> String {
    let lines: String = (0..1000)
        .map(|n| format!("  - \\p{{L}}{{3}}x{n}\n"))
        .collect();
    format!("{}ignore:\n{lines}", import("photos"))
}

/// Puts a job into the store that an older release accepted.
async fn plant(world: &World, id: &str) -> JobId {
    let id = JobId::new(id).unwrap();
    let account = world.account.id.clone();
    let job = Job::open(id, account, JobType::Import, hostile(), world.now());
    world
        .jobs()
        .insert_job(&job, &Actor::Service, None)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_manifest_is_not_compiled_to_be_shown() {
    let world = World::start().await;
    let ids = [plant(&world, "AAAAA").await, plant(&world, "AAAAB").await];
    let before = expressions_compiled();
    let [first, second] = ids.map(|id| id.to_string());
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", &first)])
        .await;
    assert_eq!(status.code(), "OK");
    assert!(status.body.contains("packing-slip"), "{}", status.body);
    let label = [
        ("Action", "GetShippingLabel"),
        ("jobIds.member.1", first.as_str()),
        ("jobIds.member.2", second.as_str()),
    ];
    let label = world.call(&label).await;
    let url = label.text("ShippingLabelURL").unwrap();
    let target = url
        .split_once("/artifacts")
        .map(|(_, rest)| format!("/artifacts{rest}"));
    for _ in 0..3 {
        let pdf = world.http("GET", &target.clone().unwrap(), &[], "").await;
        assert_eq!(pdf.status, 200);
    }
    let compiled = expressions_compiled() - before;
    assert!(compiled < OTHERS, "{compiled}");
}

#[tokio::test]
async fn a_manifest_that_costs_too_much_is_refused_before_it_has() {
    let world = World::start().await;
    let before = expressions_compiled();
    let hostile = hostile();
    let refused = world.call(&create(&hostile)).await;
    assert_eq!(refused.code(), "InvalidManifestFieldException");
    assert!(
        refused.message().contains("too costly together"),
        "{}",
        refused.message()
    );
    let compiled = expressions_compiled() - before;
    assert!(compiled < OTHERS, "{compiled}");
}
