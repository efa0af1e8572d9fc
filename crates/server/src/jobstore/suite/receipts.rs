//! Receipts: their editions, and when they are to be put into buckets.

use model::delivered::Delivered;
use model::event::Event;
use model::ids::JobId;

use super::{
    JobStore, JobStoreError, arrived, at, canceled, change, finished, insert, job_id, new_job,
};
use crate::jobstore::DueReceipt;

pub(super) async fn run(store: &dyn JobStore) {
    editions_only_ever_grow(store).await;
    a_receipt_is_due_when_its_report_is_there_and_when_nothing_more_comes(store).await;
    what_fails_is_tried_again(store).await;
}

async fn editions_only_ever_grow(store: &dyn JobStore) {
    let job = new_job("RCPTA", 1, at(0));
    insert(store, &job).await;
    let edition = async |events| {
        let edition = store.edition(job.id, events).await.expect("there is a job");
        (edition.edition, edition.events)
    };
    assert_eq!(edition(1).await, (1, 1));
    assert_eq!(edition(1).await, (1, 1));
    assert_eq!(edition(7).await, (2, 7));
    // Whoever has read fewer events is told that there are more.
    assert_eq!(edition(3).await, (2, 7));
    let missing = store.edition(job_id("RCPTZ"), 1).await;
    assert!(
        matches!(missing, Err(JobStoreError::Missing(_))),
        "{missing:?}"
    );
}

fn reported() -> Event {
    let Event::TransferFinished {
        errors,
        log,
        remark,
        ..
    } = finished(0)
    else {
        panic!("it is another event");
    };
    let files = vec![Delivered {
        key: log.key.clone(),
        bytes: 1,
        sha256: "ab".repeat(32).parse().expect("a sum"),
    }];
    Event::TransferFinished {
        errors,
        log,
        remark,
        files,
        sums: None,
    }
}

async fn settled(store: &dyn JobStore, receipt: &DueReceipt, again: Option<i64>) -> bool {
    let done = store.settle_receipt(receipt, again.map(at)).await;
    done.expect("it is there")
}

async fn due(store: &dyn JobStore, job: JobId, seconds: i64) -> Option<DueReceipt> {
    let all = store.due_receipts(at(seconds), 100).await;
    let all = all.expect("receipts can be read");
    all.into_iter().find(|due| due.job == job)
}

async fn a_receipt_is_due_when_its_report_is_there_and_when_nothing_more_comes(
    store: &dyn JobStore,
) {
    let job = new_job("RCPTB", 1, at(0));
    insert(store, &job).await;
    change(store, job.id, &[arrived(), Event::TransferStarted], at(1)).await;
    assert_eq!(due(store, job.id, 9).await, None);
    change(store, job.id, &[reported()], at(5)).await;
    assert_eq!(due(store, job.id, 4).await, None);
    let first = due(store, job.id, 5).await.expect("the report is there");
    let returned = Event::DeviceReturned {
        carrier: "Post".to_owned(),
        tracking_number: "1".to_owned(),
        unerased: None,
    };
    change(store, job.id, &[returned], at(6)).await;
    // It has become due again while the first was put into its bucket.
    assert!(!settled(store, &first, None).await);
    let second = due(store, job.id, 6)
        .await
        .expect("nothing more is to come");
    assert!(settled(store, &second, None).await);
    assert_eq!(due(store, job.id, 100).await, None);
}

async fn what_fails_is_tried_again(store: &dyn JobStore) {
    let job = new_job("RCPTC", 1, at(0));
    insert(store, &job).await;
    let returned = Event::DeviceReturned {
        carrier: "Post".to_owned(),
        tracking_number: "1".to_owned(),
        unerased: None,
    };
    change(store, job.id, &[arrived(), canceled(), returned], at(1)).await;
    let first = due(store, job.id, 1)
        .await
        .expect("nothing more is to come");
    assert!(settled(store, &first, Some(30)).await);
    // Of two servers that try at once one counts.
    assert!(!settled(store, &first, Some(90)).await);
    assert_eq!(due(store, job.id, 29).await, None);
    let again = due(store, job.id, 30).await.expect("it is tried again");
    assert_eq!((again.due, again.tries), (at(30), 1));
    assert!(settled(store, &again, None).await);
    store
        .make_receipt_due(job.id, at(40))
        .await
        .expect("it is there");
    let once_more = due(store, job.id, 40).await.expect("somebody said so");
    assert_eq!((once_more.due, once_more.tries), (at(40), 0));
    // It is said while somebody has it in hand: nobody waits until that is over.
    assert!(settled(store, &once_more, Some(100)).await);
    let said = store.make_receipt_due(job.id, at(41)).await;
    said.expect("it is there");
    let once_more = due(store, job.id, 41).await.expect("it is due at once");
    assert_eq!((once_more.due, once_more.tries), (at(41), 0));
    let year = 365 * 24 * 60 * 60;
    assert!(settled(store, &once_more, Some(year)).await);
    let astray = due(store, job.id, 50).await.expect("a clock was wrong");
    assert!(settled(store, &astray, None).await);
}
