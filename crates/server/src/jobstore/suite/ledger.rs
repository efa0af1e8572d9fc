//! What happened to devices: nothing is told without having happened, and nothing happens without being told.

use custody::by::By;
use custody::chain::Chain;
use custody::digest::Digest;
use custody::event::{Event as Told, StationAdmitted, What};
use custody::line::Entry;
use custody::tree::{self, Node};
use futures::future::join_all;
use model::actor::Actor;
use model::event::Event;
use model::ids::{JobId, JobType};
use model::stopped::StopCause;

use super::{
    JobStore, JobStoreError, arrived, at, canceled, change, customer, finished, insert, job_id,
    new_job, station, stored,
};
use crate::jobstore::LedgerLine;

/// Jobs that are changed at once.
const JOBS: usize = 20;

/// Changes of each: with its beginning, so many lines of each.
const CHANGES: usize = 9;

pub(super) async fn run(store: &dyn JobStore) {
    every_change_is_told_in_the_chain_of_its_job(store).await;
    what_did_not_happen_is_not_told(store).await;
    a_device_that_was_handed_over_closes_its_chain(store).await;
    attempts_are_counted(store).await;
    the_installation_has_a_chain_of_its_own(store).await;
    many_at_once_leave_no_gap_and_no_fork(store).await;
    every_line_is_in_the_tree(store).await;
    a_node_that_is_not_there_is_no_hash(store).await;
}

async fn told(store: &dyn JobStore, job: Option<JobId>) -> Vec<LedgerLine> {
    store.told_of(job).await.expect("the ledger can be read")
}

/// The events of a chain, which must be whole.
async fn chain(store: &dyn JobStore, job: Option<JobId>) -> Vec<Entry> {
    let mut chain = Chain::new(job);
    let lines = told(store, job).await;
    let mut follow = |line: &LedgerLine| chain.follow(line.line.as_bytes());
    let entries = lines.iter().map(|line| follow(line).expect("it follows"));
    entries.collect()
}

async fn names(store: &dyn JobStore, id: JobId) -> Vec<String> {
    let entries = chain(store, Some(id)).await;
    entries.into_iter().map(|entry| entry.event).collect()
}

async fn every_change_is_told_in_the_chain_of_its_job(store: &dyn JobStore) {
    let job = new_job("LEDGA", 1, at(10));
    insert(store, &job).await;
    let stopped = Event::Stopped {
        cause: StopCause::StoreFull,
        bucket: None,
        words: None,
        detail: "at host 10.1.2.3".to_owned(),
        untouched: false,
    };
    change(store, job.id, &[arrived(), Event::TransferStarted], at(11)).await;
    // A clock that was set back does not turn the chain around.
    change(store, job.id, &[stopped], at(5)).await;
    change(store, job.id, &[Event::TransferStarted], at(12)).await;
    change(store, job.id, &[finished(0)], at(13)).await;
    let entries = chain(store, Some(job.id)).await;
    let of = |entry: &Entry| (entry.event.clone(), entry.at.unix(), entry.by.name.clone());
    let found: Vec<_> = entries.iter().map(of).collect();
    let expected = [
        ("announced", 10, "111111111111"),
        ("identified", 11, "service"),
        ("attempt", 11, "service"),
        ("held", 11, "service"),
        ("attempt", 12, "service"),
        ("loaded", 13, "service"),
    ];
    let expected = expected.map(|(event, seconds, by)| {
        let at = at(seconds).unix();
        (event.to_owned(), at, by.to_owned())
    });
    assert_eq!(found, expected);
    let dock = Some(station("dock-1"));
    assert!(entries[1..].iter().all(|entry| entry.station == dock));
    let lines = told(store, Some(job.id)).await;
    let all: String = lines.iter().map(|line| line.line.as_str()).collect();
    assert!(all.contains(r#""serial":"S5TXNF0R""#), "{all}");
    // Neither what the manifest holds nor what stations say of the operator's hosts.
    assert!(
        !all.contains("hünter2") && !all.contains("10.1.2.3"),
        "{all}"
    );
    let manifest = Digest::of(job.manifest.as_bytes()).to_string();
    assert!(lines[0].line.contains(&manifest), "{all}");
}

async fn what_did_not_happen_is_not_told(store: &dyn JobStore) {
    let job = new_job("LEDGB", 1, at(0));
    insert(store, &job).await;
    let before = store.edge().await.expect("there is a tree");
    let again = store.insert_job(&job, &customer(), None).await;
    assert!(matches!(again, Err(JobStoreError::Exists(_))), "{again:?}");
    let found = stored(store, job.id).await;
    let next = found.job.apply(&canceled(), at(1)).expect("it is pending");
    let stale = store
        .replace_job(&next, found.version + 1, &[canceled()], &customer(), at(1))
        .await;
    assert!(matches!(stale, Err(JobStoreError::Conflict)), "{stale:?}");
    assert_eq!(names(store, job.id).await, ["announced"]);
    assert_eq!(store.edge().await.expect("there is a tree"), before);
}

async fn a_device_that_was_handed_over_closes_its_chain(store: &dyn JobStore) {
    let job = new_job("LEDGC", 1, at(0));
    insert(store, &job).await;
    let returned = Event::DeviceReturned {
        carrier: "Post".to_owned(),
        tracking_number: "1".to_owned(),
        unerased: None,
    };
    change(store, job.id, &[arrived()], at(1)).await;
    change(store, job.id, &[canceled(), returned], at(2)).await;
    let entries = chain(store, Some(job.id)).await;
    let last = entries.last().expect("there are some");
    assert_eq!(last.seq, 4);
    match &last.what {
        Some(What::Closed(closed)) => assert_eq!(closed.events, 4),
        other => panic!("the last is {other:?}"),
    }
}

async fn attempts_are_counted(store: &dyn JobStore) {
    let job = new_job("LEDGD", 1, at(0));
    insert(store, &job).await;
    change(store, job.id, &[arrived(), Event::TransferStarted], at(1)).await;
    change(
        store,
        job.id,
        &[Event::TransferStarted, Event::TransferStarted],
        at(2),
    )
    .await;
    let entries = chain(store, Some(job.id)).await;
    let numbers = entries.iter().filter_map(|entry| match &entry.what {
        Some(What::Attempt(attempt)) => Some(attempt.number),
        _ => None,
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
}

fn admitted(name: &str) -> Told {
    Told {
        at: at(0).into(),
        what: StationAdmitted {
            name: station(name),
        }
        .into(),
        by: By::usual(&Actor::operator()),
        station: None,
        bay: None,
    }
}

async fn the_installation_has_a_chain_of_its_own(store: &dyn JobStore) {
    let before = chain(store, None).await.len();
    let both = [admitted("led-1"), admitted("led-2")];
    store.tell(None, &both).await.expect("it can be told");
    let entries = chain(store, None).await;
    let names = entries[before..].iter().map(|entry| entry.event.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["station-admitted"; 2]);
}

async fn many_at_once_leave_no_gap_and_no_fork(store: &dyn JobStore) {
    let before = store.edge().await.expect("there is a tree").size();
    let id = |number: usize| job_id(&format!("1ED{}{}", 1 + number / 9, 1 + number % 9));
    join_all((0..JOBS).map(|number| async move {
        let id = id(number);
        insert(store, &new_job(id.as_str(), 1, at(0))).await;
        for n in 0..CHANGES {
            let updated = Event::Updated {
                job_type: JobType::Import,
                manifest: format!("{n}"),
            };
            change(store, id, &[updated], at(1)).await;
        }
    }))
    .await;
    let mut leaves = Vec::new();
    for number in 0..JOBS {
        let job = Some(id(number));
        assert_eq!(chain(store, job).await.len(), 1 + CHANGES);
        leaves.extend(told(store, job).await.into_iter().map(|line| line.leaf));
    }
    leaves.sort_unstable();
    let after = store.edge().await.expect("there is a tree").size();
    assert_eq!(leaves, (before..after).collect::<Vec<_>>());
    assert_eq!(leaves.len(), JOBS * (1 + CHANGES));
}

async fn every_line_is_in_the_tree(store: &dyn JobStore) {
    let lines = told(store, Some(job_id("LEDGA"))).await;
    let edge = store.edge().await.expect("there is a tree");
    let (size, root) = (edge.size(), edge.root());
    let whole = tree::needed(|hash_of| tree::root(size, hash_of));
    let nodes = store.nodes(&whole).await.expect("all are there");
    assert_eq!(
        tree::root(size, |node| nodes.get(&node).copied().ok_or(())),
        Ok(root)
    );
    for line in lines {
        let asked = tree::needed(|hash_of| tree::inclusion(line.leaf, size, hash_of));
        let nodes = store.nodes(&asked).await.expect("all are there");
        let path = tree::inclusion(line.leaf, size, |node| nodes.get(&node).copied().ok_or(()));
        let leaf = tree::leaf(line.line.as_bytes());
        tree::verify_inclusion(leaf, line.leaf, (size, root), &path.expect("all are there"))
            .expect("it is in the tree");
    }
}

async fn a_node_that_is_not_there_is_no_hash(store: &dyn JobStore) {
    let size = store.edge().await.expect("there is a tree").size();
    let beyond = Node {
        level: 0,
        index: size + 1_000_000,
    };
    let found = store.nodes(&[beyond].into()).await;
    assert!(matches!(found, Err(JobStoreError::Corrupt(_))), "{found:?}");
}
