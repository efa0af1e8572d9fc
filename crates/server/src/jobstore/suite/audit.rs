//! What people did, and how it is found again.

use model::actor::Actor;
use model::operator::audit::AuditLine;
use model::role::Role;
use serde_json::json;

use super::{JobStore, at, job_id};
use crate::jobstore::{Act, ActFilter};

pub(super) async fn run(store: &dyn JobStore) {
    an_act_has_its_outcome_once(store).await;
    acts_are_found_by_each_filter_and_page_by_page(store).await;
}

fn act(name: &str, seconds: i64) -> Act {
    Act {
        at: at(seconds),
        actor: format!("person:{name}").parse().expect("an actor"),
        role: Some(Role::Lead),
        action: "AbortJob".to_owned(),
        resource: "job AUD17".to_owned(),
        job: Some(job_id("AUD17")),
        said: json!({"Because": "It \"clicks\"."}),
        address: Some("192.0.2.7".to_owned()),
    }
}

async fn an_act_has_its_outcome_once(store: &dyn JobStore) {
    let act = act("one", 0);
    let number = store.begin_act(&act).await.expect("an act is begun");
    let filter = ActFilter {
        actor: Some(act.actor.clone()),
        ..ActFilter::default()
    };
    let begun = AuditLine {
        number,
        at: act.at,
        actor: act.actor.clone(),
        role: act.role,
        action: act.action,
        resource: act.resource,
        job_id: act.job,
        said: act.said,
        address: act.address,
        outcome: None,
    };
    let found = store.acts(&filter, 10).await.expect("acts can be read");
    assert_eq!(found, std::slice::from_ref(&begun));
    for (outcome, resource) in [
        ("Denied", Some("job 1")),
        ("Done", None),
        ("Done", Some("x")),
    ] {
        let ended = store.end_act(number, outcome, resource).await;
        ended.expect("an outcome is written, or was");
    }
    let found = store.acts(&filter, 10).await.expect("acts can be read");
    let ended = AuditLine {
        outcome: Some("Denied".to_owned()),
        resource: "job 1".to_owned(),
        ..begun
    };
    assert_eq!(found, [ended]);
}

async fn acts_are_found_by_each_filter_and_page_by_page(store: &dyn JobStore) {
    let other = Act {
        action: "ManageKeys".to_owned(),
        job: None,
        role: None,
        address: None,
        actor: Actor::Station("audited-1".parse().expect("a name")),
        ..act("two", 90_000_003)
    };
    let mut numbers = Vec::new();
    for act in [
        act("two", 90_000_001),
        act("two", 90_000_002),
        act("two", 90_000_002),
        other.clone(),
    ] {
        numbers.push(store.begin_act(&act).await.expect("an act is begun"));
    }
    let [first, second, third, last] = numbers[..] else {
        unreachable!("four acts were begun");
    };
    let any = ActFilter {
        since: Some(at(90_000_001)),
        ..ActFilter::default()
    };
    let two: Actor = "person:two".parse().expect("an actor");
    let with = |change: &dyn Fn(&mut ActFilter)| {
        let mut filter = any.clone();
        change(&mut filter);
        filter
    };
    for (filter, limit, expected) in [
        (any.clone(), 10, vec![last, third, second, first]),
        (any.clone(), 2, vec![last, third]),
        (with(&|it| it.before = Some(third)), 1, vec![second]),
        (with(&|it| it.before = Some(second)), 9, vec![first]),
        (with(&|it| it.before = Some(i64::MAX)), 9, vec![]),
        (
            with(&|it| it.since = Some(at(90_000_002))),
            9,
            vec![last, third, second],
        ),
        (
            with(&|it| it.actor = Some(two.clone())),
            9,
            vec![third, second, first],
        ),
        (
            with(&|it| it.job = Some(job_id("AUD17"))),
            9,
            vec![third, second, first],
        ),
        (with(&|it| it.job = Some(job_id("AUD18"))), 9, vec![]),
        (
            with(&|it| it.action = Some("ManageKeys".to_owned())),
            9,
            vec![last],
        ),
    ] {
        let found = store.acts(&filter, limit).await.expect("acts can be read");
        let found: Vec<i64> = found.iter().map(|line| line.number).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}
