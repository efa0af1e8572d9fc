//! Boxes, and the jobs whose devices are in them.

use model::actor::Actor;
use model::ids::JobId;
use model::parcel::{Direction, ParcelCondition, ParcelNumber};
use model::words::Word;

use super::{JobStore, JobStoreError, at, customer, insert, job_id, new_job, station};
use crate::jobstore::{LedgerLine, Parcel, ParcelFilter};

pub(super) async fn run(store: &dyn JobStore) {
    for id in ["PAR1A", "PAR1B"] {
        insert(store, &new_job(id, 1, at(0))).await;
    }
    a_box_holds_devices_of_several_jobs(store).await;
    boxes_are_found_by_each_filter_and_page_by_page(store).await;
    a_box_that_nobody_expects_is_told_of_once(store).await;
}

async fn a_box_that_nobody_expects_is_told_of_once(store: &dyn JobStore) {
    let odd = Parcel {
        condition: Some(ParcelCondition::Wet),
        seal: Some("S-7".to_owned()),
        ..parcel("1ZODD", Direction::In)
    };
    let told = async || {
        let told = store.told_of(None).await.expect("it can be read");
        let of_it = |line: &&LedgerLine| {
            line.line.contains(r#""event":"parcel-unknown""#) && line.line.contains("1ZODD")
        };
        told.iter().filter(of_it).count()
    };
    put(store, &odd, 5).await;
    assert_eq!(told().await, 0, "somebody expects it");
    let odd = Parcel {
        number: number("1ZODD2"),
        ..odd
    };
    for seconds in [6, 7] {
        store
            .put_parcel(&odd, false, &customer(), at(seconds))
            .await
            .expect("a box can be kept");
    }
    assert_eq!(told().await, 1);
    let filter = ParcelFilter {
        beginning: Some(number("1ZODD2")),
        ..ParcelFilter::default()
    };
    let found = store.parcels(&filter, 2).await.expect("it can be read");
    let [(_, line)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (line.condition, line.seal.as_deref()),
        (Some(ParcelCondition::Wet), Some("S-7"))
    );
}

fn number(text: &str) -> ParcelNumber {
    ParcelNumber::new(text).expect("the tests' numbers are valid")
}

fn parcel(text: &str, direction: Direction) -> Parcel {
    Parcel {
        number: number(text),
        direction,
        carrier: None,
        note: None,
        condition: None,
        seal: None,
        station: None,
    }
}

async fn put(store: &dyn JobStore, parcel: &Parcel, seconds: i64) {
    store
        .put_parcel(parcel, true, &customer(), at(seconds))
        .await
        .expect("a box can be kept");
}

async fn a_box_holds_devices_of_several_jobs(store: &dyn JobStore) {
    let first = Parcel {
        carrier: Some("UPS".to_owned()),
        station: Some(station("dock-1")),
        ..parcel("1Z1", Direction::In)
    };
    put(store, &first, 1).await;
    let again = Parcel {
        note: Some("wet".to_owned()),
        ..parcel("1Z1", Direction::In)
    };
    put(store, &again, 2).await;
    let into = async |text: &str, job: &str| {
        let number = number(text);
        let parcel = (&number, Direction::In);
        store
            .put_into_parcel(parcel, job_id(job), &Actor::Service, at(3))
            .await
    };
    for job in ["PAR1B", "PAR1A", "PAR1B"] {
        into("1Z1", job)
            .await
            .expect("the box and the job are there");
    }
    for (text, job) in [("1Z1", "PAR1Z"), ("1Z9", "PAR1A")] {
        let missing = into(text, job).await;
        assert!(
            matches!(missing, Err(JobStoreError::Missing(_))),
            "{missing:?}"
        );
    }
    let filter = ParcelFilter {
        beginning: Some(number("1Z1")),
        ..ParcelFilter::default()
    };
    let found = store.parcels(&filter, 10).await.expect("boxes can be read");
    let [(_, line)] = &found[..] else {
        panic!("there is one: {found:?}");
    };
    assert_eq!(
        (
            line.carrier.as_deref(),
            line.note.as_deref(),
            line.at,
            &line.actor
        ),
        (Some("UPS"), Some("wet"), at(1), &customer())
    );
    assert_eq!(line.station, Some(station("dock-1")));
    let jobs: Vec<JobId> = line.jobs.iter().map(|job| job.job_id).collect();
    assert_eq!(jobs, [job_id("PAR1A"), job_id("PAR1B")]);
    let word = Word::new("1z1").expect("a word");
    let named = store
        .jobs_with_word(&word)
        .await
        .expect("words can be read");
    assert_eq!(named, jobs);
    let told = store.told_of(Some(job_id("PAR1B"))).await;
    let told = told.expect("the ledger can be read");
    assert_eq!(told.len(), 2, "it came once: {told:?}");
    let received = &told[1].line;
    assert!(received.contains(r#""station":"dock-1""#), "{received}");
    let own = r#""event":"received""#;
    let box_of_it = r#""carrier":"UPS","tracking":"1Z1","packages":null"#;
    assert!(
        received.contains(own) && received.contains(box_of_it),
        "{received}"
    );
    let beginning = Word::new("1z").expect("a word");
    let named = store
        .jobs_with_word(&beginning)
        .await
        .expect("words can be read");
    assert!(named.is_empty(), "{named:?}");
}

async fn boxes_are_found_by_each_filter_and_page_by_page(store: &dyn JobStore) {
    put(store, &parcel("1Z1", Direction::Out), 5).await;
    put(store, &parcel("1Z2", Direction::In), 4).await;
    let any = ParcelFilter::default();
    let all = store.parcels(&any, 10).await.expect("boxes can be read");
    let [newest, middle, oldest] = [0, 1, 2].map(|place| all[place].0);
    let with = |change: &dyn Fn(&mut ParcelFilter)| {
        let mut filter = any.clone();
        change(&mut filter);
        filter
    };
    for (filter, limit, expected) in [
        (any.clone(), 9, vec![newest, middle, oldest]),
        (any.clone(), 1, vec![newest]),
        (with(&|it| it.before = Some(newest)), 1, vec![middle]),
        (
            with(&|it| it.direction = Some(Direction::Out)),
            9,
            vec![middle],
        ),
        (
            with(&|it| it.beginning = Some(number("1Z1"))),
            9,
            vec![middle, oldest],
        ),
        (with(&|it| it.job = Some(job_id("PAR1A"))), 9, vec![oldest]),
    ] {
        let found = store
            .parcels(&filter, limit)
            .await
            .expect("boxes can be read");
        let found: Vec<i64> = found.iter().map(|(place, _)| *place).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}
