//! The outbox and what is delivered of it: nothing is told that did not happen, nothing is sent by two, and nothing is lost
//! by one that dies.

use futures::future::join_all;
use model::event::{Event, WhileRunning};
use model::hold::Mended;
use model::ids::{JobId, NoticeId};
use model::notice::NoticeKind;
use model::operator::notices::{DeliveryLine, DeliveryState};
use model::stopped::StopCause;

use super::{
    JobStore, JobStoreError, arrived, at, canceled, change, customer, finished, insert, new_job,
    stored, webhooks,
};
use crate::jobstore::{Delivery, DeliveryFilter, Lane, Message, NewDelivery, Notice, Settled};
use crate::notices::table::SETTLES_WITHIN;

pub(super) async fn run(store: &dyn JobStore) {
    // What earlier tests have told is nobody's here.
    spread_all(store).await;
    events_are_told_with_what_happened(store).await;
    a_hold_that_passes_is_not_told(store).await;
    what_did_not_happen_is_not_told(store).await;
    what_is_no_event_is_told_once(store).await;
    a_notice_is_spread_once(store).await;
    jobs_that_expire_soon_are_found_until_they_are_told(store).await;
    a_lane_is_one_servers_at_a_time(store).await;
    what_a_server_took_and_died_with_is_taken_again(store).await;
    what_happened_earlier_is_sent_earlier_unless_it_fails(store).await;
    what_is_given_up_is_told_and_can_be_sent_again(store).await;
    a_receiver_that_is_gone_is_switched_off(store).await;
    what_is_over_is_forgotten(store).await;
}

/// All, once there has been time for everything.
async fn notices(store: &dyn JobStore) -> Vec<Notice> {
    notices_at(store, 1 << 30).await
}

async fn notices_at(store: &dyn JobStore, seconds: i64) -> Vec<Notice> {
    let found = store.notices(at(seconds), 1_000).await;
    found.expect("notices can be read")
}

async fn spread_all(store: &dyn JobStore) {
    for notice in notices(store).await {
        store.spread(&notice.id, &[]).await.expect("it is there");
    }
}

/// What is told of a job, and not yet spread.
async fn told(store: &dyn JobStore, job: JobId) -> Vec<(String, String)> {
    let of = notices(store).await.into_iter().filter(|it| it.job == job);
    of.map(|it| (it.id.to_string(), it.kind.to_string()))
        .collect()
}

async fn events_are_told_with_what_happened(store: &dyn JobStore) {
    let job = new_job("PVTBA", 1, at(10));
    insert(store, &job).await;
    let stopped = stop(StopCause::BucketMissing);
    change(store, job.id, &[arrived(), Event::TransferStarted], at(11)).await;
    change(store, job.id, &[stopped], at(12)).await;
    change(store, job.id, &[Event::TransferStarted], at(13)).await;
    change(store, job.id, &[finished(0)], at(14)).await;
    let expected = [
        ("PVTBA-0", "job.created"),
        ("PVTBA-device-received", "device.received"),
        ("PVTBA-2", "transfer.started"),
        ("PVTBA-3", "device.held"),
        ("PVTBA-4", "transfer.started"),
        ("PVTBA-5", "transfer.finished"),
    ];
    let expected = expected.map(|(id, kind)| (id.to_owned(), kind.to_owned()));
    assert_eq!(told(store, job.id).await, expected);
    let held = notices(store).await.into_iter().find(|it| it.about == 3);
    let held = held.expect("it is told");
    assert_eq!((held.job, held.at.unix()), (job.id, at(12).unix()));
}

fn stop(cause: StopCause) -> Event {
    Event::Stopped {
        cause,
        bucket: None,
        words: None,
        detail: String::new(),
        untouched: false,
    }
}

/// A cable that is loose is told to nobody, and what stands is told once, in its order.
async fn a_hold_that_passes_is_not_told(store: &dyn JobStore) {
    let settles = i64::try_from(SETTLES_WITHIN.as_secs()).expect("minutes");
    let job = new_job("PVTBG", 1, at(0));
    insert(store, &job).await;
    let begun = [arrived(), Event::TransferStarted];
    change(store, job.id, &begun, at(1)).await;
    let other = new_job("PVTBH", 1, at(2));
    insert(store, &other).await;
    let told_at = async |seconds: i64| -> Vec<String> {
        let told = notices_at(store, seconds).await.into_iter();
        told.filter(|it| it.job == job.id)
            .map(|it| it.kind.to_string())
            .collect()
    };
    spread_all(store).await;
    let gone = || stop(StopCause::DiskGone);
    let resumed = Event::Resumed {
        how: Mended::Docked,
    };
    for second in [10, 20, 30] {
        change(store, job.id, &[gone()], at(second)).await;
        let back = [resumed.clone(), Event::TransferStarted];
        change(store, job.id, &back, at(second + 5)).await;
    }
    assert_eq!(told_at(100_000).await, ["transfer.started"; 3]);
    // What stands is told, and what goes on from it.
    change(store, job.id, &[gone()], at(40)).await;
    spread_all_but_held(store, job.id, 41).await;
    assert_eq!(told_at(40 + settles - 1).await, [""; 0]);
    assert_eq!(told_at(40 + settles).await, ["device.held"]);
    let late = 40 + settles + 1;
    change(store, job.id, std::slice::from_ref(&resumed), at(late)).await;
    assert_eq!(told_at(late).await, ["device.held", "device.resumed"]);
    spread_all(store).await;
    // Whatever else happens to the job tells it at once, and stands behind it.
    change(store, job.id, &[Event::TransferStarted], at(late + 1)).await;
    spread_all(store).await;
    change(store, job.id, &[gone()], at(late + 2)).await;
    assert_eq!(told_at(late + 3).await, [""; 0]);
    let end = Event::Canceled {
        running: WhileRunning::Cancel,
        because: None,
    };
    change(store, job.id, &[end], at(late + 4)).await;
    assert_eq!(told_at(late + 4).await, ["device.held", "job.canceled"]);
    spread_all(store).await;
}

/// Brings what may be brought at a time.
async fn spread_all_but_held(store: &dyn JobStore, job: JobId, seconds: i64) {
    for notice in notices_at(store, seconds).await {
        assert!(notice.job != job || notice.kind != NoticeKind::DeviceHeld);
        store.spread(&notice.id, &[]).await.expect("it is there");
    }
}

async fn what_did_not_happen_is_not_told(store: &dyn JobStore) {
    let job = new_job("PVTBB", 1, at(0));
    insert(store, &job).await;
    let twice = store.insert_job(&job, &customer(), None).await;
    assert!(matches!(twice, Err(JobStoreError::Exists(_))), "{twice:?}");
    let version = stored(store, job.id).await.version;
    change(store, job.id, &[canceled()], at(1)).await;
    let late = store
        .replace_job(&job, version, &[canceled()], &customer(), at(2))
        .await;
    assert!(matches!(late, Err(JobStoreError::Conflict)), "{late:?}");
    let ids: Vec<String> = told(store, job.id)
        .await
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(ids, ["PVTBB-0", "PVTBB-1"]);
}

async fn what_is_no_event_is_told_once(store: &dyn JobStore) {
    let job = new_job("PVTBC", 1, at(0));
    insert(store, &job).await;
    spread_all(store).await;
    let notice = Notice {
        id: "PVTBC-receipt-1".parse().expect("an id"),
        job: job.id,
        kind: NoticeKind::ReceiptIssued,
        about: 1,
        at: at(3).into(),
    };
    assert!(store.put_notice(&notice).await.expect("it is new"));
    assert!(!store.put_notice(&notice).await.expect("it is there"));
    assert_eq!(notices(store).await, std::slice::from_ref(&notice));
    spread_all(store).await;
    assert!(!store.put_notice(&notice).await.expect("it was told"));
    assert_eq!(notices(store).await, []);
}

fn lane(name: &str) -> Lane {
    Lane::Webhook(format!("wh-{name}").parse().expect("a webhook"))
}

fn delivery(notice: &str, job: Option<&str>, to: &str, seconds: i64) -> NewDelivery {
    NewDelivery {
        notice: notice.parse().expect("an id"),
        kind: NoticeKind::DeviceHeld,
        job: job.map(|job| JobId::new(job).expect("a job")),
        lane: lane(to),
        message: Message::Webhook {
            body: format!("{{\"for\":\"{notice}\"}}"),
        },
        at: at(seconds),
    }
}

async fn put(store: &dyn JobStore, delivery: &NewDelivery) {
    let done = store.put_delivery(delivery).await;
    done.expect("nothing is in the way");
}

async fn take(store: &dyn JobStore, to: &str, now: i64) -> Option<Delivery> {
    let taken = store.take_delivery(&lane(to), at(now), at(now + 60)).await;
    taken.expect("deliveries can be taken")
}

async fn settle(store: &dyn JobStore, taken: &Delivery, settled: Settled, now: i64) -> bool {
    let done = store
        .settle_delivery(taken, settled, "answered 500", at(now), None)
        .await;
    done.expect("it can be settled")
}

async fn lines(store: &dyn JobStore, to: &str) -> Vec<DeliveryLine> {
    let filter = DeliveryFilter {
        webhook: lane(to).webhook().cloned(),
        ..DeliveryFilter::default()
    };
    let found = store.deliveries(&filter, 100).await;
    found.expect("deliveries can be read")
}

async fn is_ready(store: &dyn JobStore, to: &str, now: i64) -> bool {
    let ready = store.ready_lanes(at(now), 100).await;
    let ready = ready.expect("lanes can be read");
    ready.iter().any(|(found, _)| *found == lane(to))
}

async fn a_notice_is_spread_once(store: &dyn JobStore) {
    let job = new_job("PVTBD", 1, at(0));
    insert(store, &job).await;
    let id: NoticeId = "PVTBD-0".parse().expect("an id");
    let both = [1, 2].map(|seconds| delivery("PVTBD-0", Some("PVTBD"), "spread", seconds));
    let at_once = join_all((0..5).map(|_| store.spread(&id, &both))).await;
    let first = at_once.into_iter().filter(|done| matches!(done, Ok(true)));
    assert_eq!(first.count(), 1);
    assert_eq!(lines(store, "spread").await.len(), 2);
    assert_eq!(told(store, job.id).await, []);
}

async fn jobs_that_expire_soon_are_found_until_they_are_told(store: &dyn JobStore) {
    let (waits, here) = (new_job("PVTBE", 1, at(700)), new_job("PVTBF", 1, at(700)));
    insert(store, &waits).await;
    insert(store, &here).await;
    change(store, here.id, &[arrived()], at(701)).await;
    let found = async |after: i64, until: i64| {
        let jobs = store.expiring_jobs(at(after), at(until), 100).await;
        jobs.expect("jobs can be read")
    };
    assert_eq!(found(699, 700).await, [waits.id]);
    assert_eq!(found(700, 800).await, []);
    assert_eq!(found(600, 699).await, []);
    let kind = NoticeKind::JobExpiring;
    let notice = Notice {
        id: crate::notices::table::id_of_kind(waits.id, kind),
        job: waits.id,
        kind,
        about: 0,
        at: at(800).into(),
    };
    assert!(store.put_notice(&notice).await.expect("it is new"));
    assert_eq!(found(699, 700).await, []);
    spread_all(store).await;
}

async fn a_lane_is_one_servers_at_a_time(store: &dyn JobStore) {
    let first = delivery("once-1", None, "once", 10);
    put(store, &first).await;
    put(store, &delivery("once-2", None, "once", 11)).await;
    assert!(!is_ready(store, "once", 9).await);
    assert!(is_ready(store, "once", 10).await);
    let at_once = join_all((0..5).map(|_| take(store, "once", 20))).await;
    let mut taken: Vec<Delivery> = at_once.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    let taken = taken.remove(0);
    // It is as it was put there, to the byte.
    assert_eq!((&taken.what, taken.tries), (&first, 1));
    assert!(!is_ready(store, "once", 20).await);
    assert_eq!(take(store, "once", 21).await, None);
    assert!(settle(store, &taken, Settled::Sent, 22).await);
    let next = take(store, "once", 22).await.expect("the next is due");
    assert_eq!(next.what.notice.as_str(), "once-2");
    assert!(settle(store, &next, Settled::Again(at(90)), 23).await);
    assert_eq!(take(store, "once", 89).await, None);
    let again = take(store, "once", 90).await.expect("it is due again");
    assert_eq!((again.seq, again.tries), (next.seq, 2));
    assert!(settle(store, &again, Settled::Sent, 91).await);
    let all = lines(store, "once").await;
    let states: Vec<(DeliveryState, u32)> = all.iter().map(|it| (it.state, it.tries)).collect();
    assert_eq!(states, [(DeliveryState::Sent, 2), (DeliveryState::Sent, 1)]);
}

async fn what_a_server_took_and_died_with_is_taken_again(store: &dyn JobStore) {
    put(store, &delivery("dies-1", None, "dies", 10)).await;
    let dead = take(store, "dies", 10).await.expect("it is due");
    assert_eq!(take(store, "dies", 69).await, None);
    let again = take(store, "dies", 70).await.expect("its time is over");
    assert_eq!((&again.what, again.tries), (&dead.what, 2));
    // It lives after all, and has nothing to say any more.
    assert!(!settle(store, &dead, Settled::Failed, 71).await);
    assert!(settle(store, &again, Settled::Sent, 72).await);
    put(store, &delivery("dies-0", None, "dies", 80)).await;
    let dead = take(store, "dies", 80).await.expect("it is due");
    store.release_deliveries().await.expect("it can be");
    let again = take(store, "dies", 81).await.expect("nobody has it");
    assert_eq!((again.seq, again.tries), (dead.seq, 2));
    assert!(settle(store, &again, Settled::Sent, 82).await);
    // A clock that was wrong by a year takes nothing out of the world.
    put(store, &delivery("dies-2", None, "dies", 100)).await;
    let year = 365 * 24 * 60 * 60;
    let ahead = take(store, "dies", year).await.expect("it is due");
    assert!(settle(store, &ahead, Settled::Again(at(2 * year)), year).await);
    let right = take(store, "dies", 101).await.expect("no wait is so long");
    assert!(settle(store, &right, Settled::Sent, 102).await);
}

async fn what_happened_earlier_is_sent_earlier_unless_it_fails(store: &dyn JobStore) {
    put(store, &delivery("order-1", Some("PVTBD"), "order", 10)).await;
    put(store, &delivery("order-2", Some("PVTBD"), "order", 11)).await;
    put(store, &delivery("other-1", Some("PVTBC"), "order", 12)).await;
    let mut seen = Vec::new();
    // The first fails each time, and is tried again a while later.
    for now in [20, 21, 1_000, 2_000, 2_001] {
        let Some(taken) = take(store, "order", now).await else {
            seen.push("none".to_owned());
            continue;
        };
        let notice = taken.what.notice.to_string();
        let settled = match notice.as_str() {
            "order-1" => Settled::Again(at(now + 500)),
            _ => Settled::Sent,
        };
        assert!(settle(store, &taken, settled, now).await);
        seen.push(notice);
    }
    let expected = ["order-1", "other-1", "order-1", "order-1", "order-2"];
    assert_eq!(seen, expected);
    let last = take(store, "order", 9_000).await.expect("it waits alone");
    assert!(settle(store, &last, Settled::Sent, 9_000).await);
}

async fn what_is_given_up_is_told_and_can_be_sent_again(store: &dyn JobStore) {
    put(store, &delivery("fails-1", None, "fails", 10)).await;
    let taken = take(store, "fails", 10).await.expect("it is due");
    let tell = delivery("undelivered-1", None, "told", 11);
    let done = store
        .settle_delivery(&taken, Settled::Failed, "answered 500", at(11), Some(&tell))
        .await;
    assert!(done.expect("it can be settled"));
    let failed = lines(store, "fails").await.remove(0);
    assert_eq!(failed.state, DeliveryState::Failed);
    assert_eq!(failed.answer.as_deref(), Some("answered 500"));
    assert_eq!((failed.ended, failed.due), (Some(at(11)), None));
    assert_eq!(lines(store, "told").await.len(), 1);
    assert_eq!(take(store, "fails", 999).await, None);
    let again = store.replay_delivery(taken.seq, at(1_000)).await;
    assert!(again.expect("it can be asked"));
    let again = store.replay_delivery(taken.seq, at(1_000)).await;
    assert!(!again.expect("it can be asked"), "it waits already");
    let taken = take(store, "fails", 1_000).await.expect("it is due again");
    assert_eq!((taken.what.notice.as_str(), taken.tries), ("fails-1", 1));
    assert!(settle(store, &taken, Settled::Sent, 1_001).await);
    let told = take(store, "told", 1_001).await.expect("it is due");
    assert!(settle(store, &told, Settled::Sent, 1_001).await);
}

async fn a_receiver_that_is_gone_is_switched_off(store: &dyn JobStore) {
    let gone = webhooks::webhook("wh-gone");
    store.put_webhook(&gone).await.expect("a new webhook");
    for (number, seconds) in [("gone-1", 10), ("gone-2", 11)] {
        put(store, &delivery(number, None, "gone", seconds)).await;
    }
    let taken = take(store, "gone", 20).await.expect("it is due");
    assert!(settle(store, &taken, Settled::Gone, 20).await);
    let off = store.webhook(&gone.id).await.expect("it can be read");
    assert_eq!(off.and_then(|it| it.off), Some(at(20)));
    let states: Vec<DeliveryState> = lines(store, "gone")
        .await
        .iter()
        .map(|it| it.state)
        .collect();
    assert_eq!(states, [DeliveryState::Failed; 2]);
    let again = store.replay_webhook(&gone.id, at(30)).await;
    assert_eq!(again.expect("it is there"), 2);
    let on = store.webhook(&gone.id).await.expect("it can be read");
    assert_eq!(on.and_then(|it| it.off), None);
    assert!(is_ready(store, "gone", 30).await);
    store
        .remove_webhook(&gone.id, at(31))
        .await
        .expect("it is there");
    assert!(!is_ready(store, "gone", 40).await);
}

async fn what_is_over_is_forgotten(store: &dyn JobStore) {
    put(store, &delivery("late-1", None, "late", 10)).await;
    put(store, &delivery("late-2", None, "late", 11)).await;
    let counts = async || {
        let counts = store.waiting_deliveries().await;
        counts.expect("they can be counted")
    };
    let [mails, before] = counts().await;
    let taken = take(store, "late", 20).await.expect("it is due");
    assert!(settle(store, &taken, Settled::Sent, 20).await);
    assert_eq!(counts().await, [mails, before - 1]);
    store.forget_deliveries(at(20)).await.expect("it can be");
    assert_eq!(lines(store, "late").await.len(), 2);
    store.forget_deliveries(at(21)).await.expect("it can be");
    // What waits is never forgotten.
    let left = lines(store, "late").await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].notice_id.as_str(), "late-2");
    let taken = take(store, "late", 30).await.expect("it is due");
    assert!(settle(store, &taken, Settled::Sent, 30).await);
    store.forget_notices(at(100_000)).await.expect("it can be");
    assert_eq!(notices(store).await, []);
}
