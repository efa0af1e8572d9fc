//! Days at the bench, without a device, a server or a second that passes.

use std::collections::BTreeSet;
use std::time::Instant;

use model::bay::{BayEvent, BayState, NotNow, PortId};
use model::handling::{DeviceHealth, Failing};
use model::stopped::StopCause;

use super::*;
use crate::resident::again::Again;
use crate::resident::places::NamedBay;
use crate::watch::LeftAlone;

const RULES: Rules = Rules {
    auto_load: true,
    loads_at_once: 2,
    settle: Duration::from_secs(20),
    hold_dirty: false,
    bad_limit: 16,
    hold_failing: false,
};

/// A board, and what somebody who does all it wants would see.
struct Room {
    board: Board,
    begun: Instant,
    seconds: u64,
    has_room: bool,
    media: Vec<Medium>,
    acts: Vec<Act>,
}

impl Room {
    fn new(rules: Rules) -> Self {
        let begun = Instant::now();
        let places = Places::new(
            ["A", "B", "C", "D"]
                .map(|name| NamedBay {
                    name: BayName::new(name).unwrap(),
                    ports: vec![port(name)],
                })
                .to_vec(),
        );
        let now = Now {
            at: model::time::Timestamp::from_unix(1_000_000),
            instant: begun,
        };
        Self {
            board: Board::new(places, rules, now),
            begun,
            seconds: 0,
            has_room: true,
            media: Vec::new(),
            acts: Vec::new(),
        }
    }

    fn hear(&mut self, news: News) {
        let now = Now {
            at: model::time::Timestamp::from_unix(1_000_000),
            instant: self.begun + Duration::from_secs(self.seconds),
        };
        let no_room = (!self.has_room).then(|| NoRoom::new("/srv/station".into(), 0));
        let acts = self.board.hear(news, no_room, now);
        self.acts.extend(acts);
    }

    fn pass(&mut self, seconds: u64) {
        self.seconds += seconds;
        self.hear(News::Tick);
    }

    fn plug(&mut self, bay: &str, name: &str, diskseq: u64) {
        self.media.push(medium(bay, name, diskseq));
        self.hear(News::Present(self.media.clone()));
    }

    fn pull(&mut self, name: &str) {
        self.media.retain(|medium| medium.name != name);
        self.hear(News::Present(self.media.clone()));
    }

    fn state(&self, bay: &str) -> BayState {
        self.status(bay).state
    }

    fn status(&self, bay: &str) -> BayStatus {
        let mut all = self.board.statuses().into_iter();
        all.find(|(status, _)| status.name.as_str() == bay)
            .unwrap()
            .0
    }

    /// The stay in a bay.
    fn visit(&self, bay: &str) -> VisitId {
        let mut all = self.board.statuses().into_iter();
        let found = all.find(|(status, _)| status.name.as_str() == bay);
        found.unwrap().1.unwrap()
    }

    fn order(&mut self, bay: &str, order: OrderVerb) -> Result<(), NotDone> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.hear(News::Ordered(BayName::new(bay).unwrap(), order, reply));
        answer.try_recv().unwrap()
    }

    /// Somebody scans the sheet of what is in a bay.
    fn present(&mut self, bay: &str, id: &str) -> Result<(), NotDone> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.hear(News::Presented(
            BayName::new(bay).unwrap(),
            sheet(id),
            reply,
        ));
        answer.try_recv().unwrap()
    }

    /// It was looked at, and says nothing of itself.
    fn says_nothing(&mut self, bay: &str) {
        let visit = self.visit(bay);
        self.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
        let unknown = Verdict::new(BayEvent::NamesNobody, Told::that("unknown"));
        self.hear(News::Looked(visit, Err(Box::new(unknown))));
    }

    /// It is looked at as the device of a sheet, and loaded.
    fn loads_as(&mut self, bay: &str, id: &str) {
        let visit = self.visit(bay);
        self.take(|act| matches!(act, Act::LookAs(it, _, of) if *it == visit && *of == sheet(id)));
        let sight = Sight {
            job: Some(job(id)),
            ..Sight::default()
        };
        self.hear(News::Looked(visit, Ok(sight)));
        self.take(|act| *act == Act::Ask(visit, job(id)));
        self.hear(News::Asked(visit, Ok(Course::Load)));
        self.take(|act| *act == Act::Dock(visit));
    }

    /// Tries again: the server is asked, and then it is as at first.
    fn identify_again(&mut self, bay: &str, id: &str) {
        let visit = self.visit(bay);
        self.take(|act| *act == Act::Ask(visit, job(id)));
        self.hear(News::Asked(visit, Ok(Course::Load)));
        self.identify(bay, id);
    }

    /// Looks, and asks, and lets nothing be loaded.
    fn identify(&mut self, bay: &str, id: &str) {
        let visit = self.visit(bay);
        self.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
        let sight = Sight {
            job: Some(job(id)),
            ..Sight::default()
        };
        self.hear(News::Looked(visit, Ok(sight)));
        self.take(|act| *act == Act::Ask(visit, job(id)));
        self.hear(News::Asked(visit, Ok(Course::Load)));
    }

    fn docked(&mut self, bay: &str, verdict: Verdict) {
        let visit = self.visit(bay);
        self.take(|act| *act == Act::Dock(visit));
        self.hear(News::Docked(visit, Box::new(verdict)));
    }

    /// That something was to be done once, and is done with it.
    fn take(&mut self, is_it: impl Fn(&Act) -> bool) {
        let count = self.acts.iter().filter(|act| is_it(act)).count();
        assert_eq!(count, 1, "{:?}", self.acts);
        self.acts.retain(|act| !is_it(act));
    }

    fn is_wanted(&self, is_it: impl Fn(&Act) -> bool) -> bool {
        self.acts.iter().any(is_it)
    }
}

fn job(id: &str) -> JobId {
    JobId::new(id).unwrap()
}

fn port(bay: &str) -> PortId {
    PortId::new(format!("usb3-{bay}")).unwrap()
}

fn medium(bay: &str, name: &str, diskseq: u64) -> Medium {
    Medium {
        name: name.to_owned(),
        path: format!("/dev/{name}").into(),
        port: port(bay),
        diskseq: Some(diskseq),
        laid: None,
        bytes: 1_000_000,
        is_removable: true,
        left_alone: None,
    }
}

/// Its job is on hold.
fn waits() -> Course {
    Course::Wait(Told::that("job AAAAA waits").cause(StopCause::BucketMissing))
}

fn finished() -> Verdict {
    Verdict::new(BayEvent::Finished, Told::that("done"))
}

fn held(cause: StopCause, again: Option<Again>) -> Verdict {
    Verdict {
        again,
        ..Verdict::held(cause, "something stands in the way")
    }
}

fn store_away() -> Verdict {
    Verdict {
        again: Some(Again::Store),
        ..Verdict::new(BayEvent::StoreAway, Told::that("the store does not answer"))
    }
}

#[test]
fn a_disk_is_loaded_and_made_safe_with_no_word_said() {
    let mut room = Room::new(RULES);
    assert_eq!(room.state("A"), BayState::Empty);
    room.plug("A", "sdb", 1);
    assert_eq!(room.state("A"), BayState::Looking);
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Loading);
    let visit = room.visit("A");
    room.hear(News::Moved(visit, Motion::Loading));
    room.hear(News::Moved(visit, Motion::Reporting));
    assert_eq!(room.state("A"), BayState::Reporting);
    room.docked("A", finished());
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
    assert_eq!(room.state("A"), BayState::Done);
    room.hear(News::Freed(visit, Ok(false)));
    let status = room.status("A");
    assert_eq!(status.state, BayState::SafeToRemove);
    assert_eq!(status.sentence, "Done. It may be taken out.");
    assert_eq!(status.job, Some(job("AAAAA")));
    room.pull("sdb");
    assert_eq!(room.state("A"), BayState::Empty);
    assert_eq!(room.acts, [Act::Close(visit)]);
}

#[test]
fn what_was_taken_from_the_kernel_stays_safe_until_something_else_is_there() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", finished());
    room.hear(News::Freed(room.visit("A"), Ok(true)));
    room.pull("sdb");
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    room.plug("A", "sdb", 2);
    assert_eq!(room.state("A"), BayState::Looking);
}

#[test]
fn more_than_are_let_wait_in_the_order_in_which_they_came() {
    let mut room = Room::new(RULES);
    for (bay, name, id) in [
        ("A", "sda", "AAAAA"),
        ("B", "sdb", "BBBBB"),
        ("C", "sdc", "CCCCC"),
        ("D", "sdd", "DDDDD"),
    ] {
        room.plug(bay, name, 1);
        room.identify(bay, id);
    }
    let states = ["A", "B", "C", "D"].map(|bay| room.state(bay));
    let (loading, queued) = (BayState::Loading, BayState::Queued);
    assert_eq!(states, [loading, loading, queued, queued]);
    // Somebody wants the last one next.
    room.order("D", OrderVerb::Load).unwrap();
    room.docked("A", finished());
    assert_eq!((room.state("D"), room.state("C")), (loading, queued));
    room.docked("B", finished());
    assert_eq!(room.state("C"), loading);
}

#[test]
fn nothing_is_begun_while_the_station_has_no_room() {
    let mut room = Room::new(RULES);
    room.has_room = false;
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Queued);
    assert!(room.status("A").sentence.contains("own disk is full"));
    room.has_room = true;
    room.pass(1);
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn without_auto_load_a_disk_waits_until_somebody_says_so() {
    let mut room = Room::new(Rules {
        auto_load: false,
        ..RULES
    });
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Ready);
    let visit = room.visit("A");
    room.take(|act| *act == Act::Close(visit));
    room.order("A", OrderVerb::Load).unwrap();
    room.order("A", OrderVerb::Load).unwrap();
    assert_eq!(room.order("Z", OrderVerb::Load), Err(NotDone::NoSuchBay));
    room.acts.retain(|act| *act != Act::Close(visit));
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn an_export_is_not_begun_and_its_disk_is_let_go() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    room.acts.clear();
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(Course::Export)));
    assert_eq!(room.state("A"), BayState::Ready);
    assert_eq!(room.acts, [Act::Close(visit)]);
    room.pass(10_000);
    assert_eq!(room.acts.len(), 1);
}

#[test]
fn a_second_disk_of_a_job_waits_until_the_first_is_gone() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.plug("B", "sdc", 2);
    room.identify("B", "AAAAA");
    let told = room.status("B");
    assert_eq!(
        (room.state("A"), told.state),
        (BayState::Loading, BayState::Held)
    );
    assert!(
        told.sentence.contains("`sdb`") && told.sentence.contains("in bay A"),
        "{told:?}"
    );
    let second = room.visit("B");
    assert!(!room.is_wanted(|act| *act == Act::Dock(second)));
    // A reset of the first one's bus is no reason to take the second.
    room.pull("sdb");
    room.pass(5);
    assert_eq!(room.state("A"), BayState::Reconnecting);
    assert!(!room.is_wanted(|act| matches!(act, Act::Look(it, _) if *it == second)));
    let first = VisitId(1);
    room.hear(News::Docked(
        first,
        Box::new(Verdict::gone("it was taken out")),
    ));
    room.pass(30);
    room.identify("B", "AAAAA");
    assert_eq!(room.state("B"), BayState::Loading);
    assert_eq!(
        room.state("A"),
        BayState::Empty,
        "it goes on in the other bay"
    );
}

#[test]
fn a_second_disk_has_nothing_to_load_when_the_first_is_done() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.plug("B", "sdc", 2);
    room.identify("B", "AAAAA");
    room.docked("A", finished());
    room.hear(News::Freed(room.visit("A"), Ok(false)));
    let second = room.visit("B");
    room.take(|act| matches!(act, Act::Look(it, _) if *it == second));
}

#[test]
fn a_disk_that_comes_back_under_another_name_goes_on_and_the_third_time_is_told() {
    let mut room = Room::new(RULES);
    for (time, (bay, name)) in [("A", "sdb"), ("B", "sdc"), ("A", "sdd"), ("A", "sde")]
        .into_iter()
        .enumerate()
    {
        let seq = u64::try_from(time).unwrap();
        room.plug(bay, name, seq);
        room.identify(bay, "AAAAA");
        assert_eq!(room.state(bay), BayState::Loading, "{time}");
        let told = room.status(bay).hint.unwrap_or_default();
        assert_eq!(told.contains("3 times"), time == 3, "{told}");
        let visit = room.visit(bay);
        room.pull(name);
        assert_eq!(room.state(bay), BayState::Reconnecting);
        room.take(|act| *act == Act::Abandon(visit));
        room.take(|act| *act == Act::Dock(visit));
        room.hear(News::Docked(
            visit,
            Box::new(Verdict::gone("it was taken out")),
        ));
        room.pass(4);
    }
    room.pass(20);
    assert_eq!(room.state("A"), BayState::PulledOut);
    room.pass(100_000);
    assert_eq!(
        room.state("A"),
        BayState::PulledOut,
        "only a person or the disk ends it"
    );
    room.plug("C", "sdf", 9);
    room.identify("C", "AAAAA");
    assert_eq!(
        (room.state("A"), room.state("C")),
        (BayState::Empty, BayState::Loading)
    );
}

#[test]
fn a_disk_that_is_back_waits_until_what_was_done_with_it_has_ended() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let first = room.visit("A");
    room.pull("sdb");
    room.plug("A", "sdb", 2);
    room.identify("A", "AAAAA");
    let again = room.visit("A");
    assert_eq!(room.state("A"), BayState::Queued);
    assert!(!room.is_wanted(|act| *act == Act::Dock(again)));
    room.hear(News::Docked(
        first,
        Box::new(Verdict::gone("it was taken out")),
    ));
    assert_eq!(room.state("A"), BayState::Loading);
    room.take(|act| *act == Act::Dock(again));
}

#[test]
fn an_error_a_moment_before_the_disk_is_seen_to_be_gone_is_that_it_was_pulled_out() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", Verdict::gone("the device does not answer"));
    assert_eq!(room.state("A"), BayState::Loading);
    room.pull("sdb");
    assert_eq!(room.state("A"), BayState::Reconnecting);
    // And one that is still there is not.
    room.plug("B", "sdc", 2);
    room.identify("B", "BBBBB");
    room.docked("B", Verdict::gone("the device does not answer"));
    room.pass(6);
    let told = room.status("B");
    assert_eq!(
        (told.state, told.cause),
        (BayState::Held, Some(StopCause::DiskGone))
    );
    assert!(told.hint.unwrap().contains("another cable"));
}

#[test]
fn a_disk_that_is_pulled_while_its_report_is_delivered_is_done() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    room.hear(News::Moved(visit, Motion::Reporting));
    room.pull("sdb");
    assert_eq!(room.state("A"), BayState::Reporting);
    assert!(!room.is_wanted(|act| *act == Act::Abandon(visit)));
    room.docked("A", finished());
    assert_eq!(room.state("A"), BayState::Empty);
}

#[test]
fn what_somebody_mends_is_tried_twice_a_minute_and_told_once() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let bucket = || held(StopCause::BucketMissing, Some(Again::Mended));
    room.docked("A", bucket());
    assert_eq!(room.state("A"), BayState::Held);
    for _ in 0..5 {
        room.acts.clear();
        room.pass(29);
        assert_eq!(room.acts, []);
        room.pass(1);
        room.identify_again("A", "AAAAA");
        assert_eq!(
            room.state("A"),
            BayState::Held,
            "until it is seen that it can be loaded"
        );
        room.docked("A", bucket());
    }
    room.pass(30);
    room.identify_again("A", "AAAAA");
    room.hear(News::Moved(room.visit("A"), Motion::Loading));
    assert_eq!(room.state("A"), BayState::Loading);
    room.docked("A", finished());
    assert_eq!(room.state("A"), BayState::Done);
}

#[test]
fn a_job_on_hold_is_asked_about_and_its_disk_is_not_listed_again_until_it_is_mended() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", held(StopCause::BucketMissing, Some(Again::Mended)));
    let visit = room.visit("A");
    for _ in 0..5 {
        room.acts.clear();
        room.pass(30);
        room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
        room.hear(News::Asked(visit, Ok(waits())));
        assert_eq!((room.acts.len(), room.state("A")), (0, BayState::Held));
    }
    room.pass(30);
    room.identify_again("A", "AAAAA");
    room.take(|act| *act == Act::Dock(visit));
}

#[test]
fn a_disk_of_a_job_on_hold_is_booked_as_here() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    room.hear(News::Asked(visit, Ok(waits())));
    room.docked("A", held(StopCause::BucketMissing, Some(Again::Mended)));
    assert_eq!(room.state("A"), BayState::Held);
}

/// A claim finds out whether what is in the way is mended, and begins to load then: it has its turn like any other.
#[test]
fn a_disk_of_a_job_on_hold_waits_for_its_turn_and_for_a_person_too() {
    let on_hold = |room: &mut Room, bay: &str| {
        let visit = room.visit(bay);
        let sight = Sight {
            job: Some(job("CCCCC")),
            ..Sight::default()
        };
        room.hear(News::Looked(visit, Ok(sight)));
        room.hear(News::Asked(visit, Ok(waits())));
    };
    let mut room = Room::new(RULES);
    for (bay, name, id) in [("A", "sda", "AAAAA"), ("B", "sdb", "BBBBB")] {
        room.plug(bay, name, 1);
        room.identify(bay, id);
    }
    room.plug("C", "sdc", 1);
    on_hold(&mut room, "C");
    let third = room.visit("C");
    assert_eq!(room.state("C"), BayState::Queued);
    assert!(!room.is_wanted(|act| *act == Act::Dock(third)));
    room.docked("A", finished());
    room.take(|act| *act == Act::Dock(third));

    let mut room = Room::new(Rules {
        auto_load: false,
        ..RULES
    });
    room.plug("C", "sdc", 1);
    on_hold(&mut room, "C");
    let visit = room.visit("C");
    let status = room.status("C");
    assert_eq!(
        (status.state, status.cause),
        (BayState::Held, Some(StopCause::BucketMissing))
    );
    assert!(!room.is_wanted(|act| *act == Act::Dock(visit)));
    // Mended, it waits for a person.
    room.acts.clear();
    room.pass(30);
    room.identify_again("C", "CCCCC");
    assert_eq!(room.state("C"), BayState::Ready);
    assert!(!room.is_wanted(|act| *act == Act::Dock(visit)));
    room.acts.clear();
    room.pass(600);
    assert_eq!(room.acts, [], "it is asked about no more");
}

#[test]
fn what_is_heard_to_be_mended_is_tried_at_once_and_once_for_each_time() {
    let mended = |id: &str, second| {
        let since = model::time::Timestamp::from_unix(second);
        News::Mended(vec![MendedJob {
            job: job(id),
            since,
        }])
    };
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", held(StopCause::BucketMissing, Some(Again::Mended)));
    let visit = room.visit("A");
    room.acts.clear();
    room.hear(mended("BBBBB", 7));
    assert_eq!(room.acts, [], "that is another job");
    room.hear(mended("AAAAA", 7));
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(waits())));
    for _ in 0..3 {
        room.hear(mended("AAAAA", 7));
        assert_eq!(room.acts, [], "it was tried for that");
    }
    room.hear(mended("AAAAA", 8));
    room.identify_again("A", "AAAAA");
    room.hear(mended("AAAAA", 9));
    room.docked("A", finished());
    room.acts.clear();
    room.hear(mended("AAAAA", 10));
    assert_eq!(room.acts, [], "nothing is held any more");
}

/// A hold that no time mends: a person has said that it may go on.
#[test]
fn what_was_held_for_good_is_looked_at_when_a_person_lets_its_job_go_on() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", held(StopCause::DiskGone, None));
    room.pass(3600);
    room.acts.clear();
    let since = model::time::Timestamp::from_unix(7);
    room.hear(News::Mended(vec![MendedJob {
        job: job("AAAAA"),
        since,
    }]));
    room.identify_again("A", "AAAAA");
    room.docked("A", finished());
    assert_eq!(room.state("A"), BayState::Done);
}

/// Its job is on hold since it was pulled out, and only a docking mends that.
#[test]
fn a_disk_that_was_pulled_out_and_is_docked_elsewhere_leaves_its_bay_empty() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let first = room.visit("A");
    room.pull("sdb");
    let gone = Verdict::gone("it was taken out");
    room.hear(News::Docked(first, Box::new(gone)));
    room.plug("B", "sdc", 2);
    let visit = room.visit("B");
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    room.hear(News::Asked(visit, Ok(waits())));
    room.take(|act| *act == Act::Dock(visit));
    assert_eq!(room.state("A"), BayState::Empty);
}

#[test]
fn a_store_that_is_away_holds_no_job_and_is_asked_ever_less_often() {
    let mut room = Room::new(RULES);
    for (bay, name, id) in [("A", "sda", "AAAAA"), ("B", "sdb", "BBBBB")] {
        room.plug(bay, name, 1);
        room.identify(bay, id);
        room.docked(bay, store_away());
        assert_eq!(room.state(bay), BayState::WaitingForStore);
    }
    for pause in [30, 60, 120, 240, 300, 300] {
        room.acts.clear();
        room.pass(pause - 1);
        assert_eq!(room.acts, []);
        room.pass(1);
        for (bay, id) in [("A", "AAAAA"), ("B", "BBBBB")] {
            room.identify_again(bay, id);
            assert_eq!(room.state(bay), BayState::WaitingForStore);
            room.docked(bay, store_away());
        }
    }
    room.pass(300);
    room.identify_again("A", "AAAAA");
    room.hear(News::Moved(room.visit("A"), Motion::Loading));
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn a_store_that_is_silent_under_a_load_is_told_while_it_is_tried_again() {
    let mut room = Room::new(RULES);
    room.plug("A", "sda", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    let silent = || News::StoreSilent(visit, "http://10.0.0.7:9000".to_owned());
    for (before, at_work) in [
        (Motion::Loading, BayState::Loading),
        (Motion::ReadingBack, BayState::ReadingBack),
        (Motion::Reporting, BayState::Reporting),
    ] {
        room.hear(News::Moved(visit, Motion::Loading));
        room.hear(News::Moved(visit, before));
        assert_eq!(room.state("A"), at_work);
        let acts = room.acts.clone();
        for _ in 0..2 {
            room.hear(silent());
            assert_eq!(room.state("A"), BayState::WaitingForStore);
            assert_eq!(room.status("A").sentence, "The store does not answer.");
        }
        assert_eq!(room.acts, acts, "the docking itself goes on");
        room.hear(News::Moved(visit, Motion::Loading));
        assert_eq!(room.state("A"), BayState::Loading);
        // While nothing is found yet, as long as an export is planned, an answer is all that is known.
        room.hear(silent());
        room.hear(News::StoreAnswers(visit));
        assert_eq!(room.state("A"), BayState::Loading);
    }
    room.hear(silent());
    room.docked("A", store_away());
    assert_eq!(room.state("A"), BayState::WaitingForStore);
    room.hear(silent());
    room.hear(News::StoreAnswers(visit));
    assert_eq!(room.state("A"), BayState::WaitingForStore);
    room.acts.clear();
    room.pass(29);
    assert_eq!(room.acts, []);
    room.pass(1);
    assert_ne!(room.acts, [], "it is tried again as ever");
}

#[test]
fn a_server_that_is_away_is_asked_until_it_answers() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    let away = || {
        let verdict = Verdict {
            again: Some(Again::Server),
            ..Verdict::new(BayEvent::Held, Told::that("the server does not answer"))
        };
        News::Asked(visit, Err(Box::new(verdict)))
    };
    for pause in [5, 10, 20, 40, 60, 60] {
        room.acts.clear();
        room.hear(away());
        room.pass(pause - 1);
        assert_eq!(room.acts, [], "it is not listed again");
        room.pass(1);
        assert_eq!(room.acts, [Act::Ask(visit, job("AAAAA"))]);
    }
    room.hear(News::Asked(visit, Ok(Course::Load)));
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn a_job_that_is_opened_again_while_its_disk_is_there_is_loaded() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let over = Verdict {
        again: Some(Again::Reopened),
        ..Verdict::new(
            BayEvent::NothingIsDue,
            Told::that("it is over with 3 errors"),
        )
    };
    room.docked("A", over);
    assert_eq!(room.state("A"), BayState::NothingToLoad);
    let visit = room.visit("A");
    room.acts.clear();
    room.pass(60);
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(Course::Nothing)));
    assert_eq!(room.acts, []);
    room.pass(60);
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(Course::Load)));
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Loading);
}

/// What the books of its job say of an earlier time keeps no disk in its bay.
#[test]
fn a_disk_that_was_pulled_out_before_is_loaded_when_its_station_is_drained_no_more() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.docked("A", held(StopCause::Other, Some(Again::Mended)));
    assert_eq!(room.state("A"), BayState::Held);
    let visit = room.visit("A");
    room.acts.clear();
    room.pass(30);
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    let gone = Told::that("job AAAAA waits").cause(StopCause::DiskGone);
    room.hear(News::Asked(visit, Ok(Course::Wait(gone.clone()))));
    room.take(|act| matches!(act, Act::Look(..)));
    // As long as it is the same that is waited for, nobody looks.
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    room.hear(News::Asked(visit, Ok(Course::Wait(gone.clone()))));
    room.docked("A", held(StopCause::DiskGone, Some(Again::Mended)));
    room.acts.clear();
    room.pass(30);
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(Course::Wait(gone))));
    assert_eq!(room.acts, []);
}

#[test]
fn a_disk_without_a_signature_is_asked_about_and_moves_no_job() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    room.acts.clear();
    room.hear(News::Looked(visit, Ok(Sight::default())));
    let unknown = Verdict::new(BayEvent::NamesNobody, Told::that("it has no SIGNATURE"));
    room.docked("A", unknown);
    assert_eq!(room.state("A"), BayState::Unknown);
    room.acts.clear();
    room.pass(100_000);
    assert_eq!(room.acts, []);
    room.pull("sdb");
    assert_eq!(room.state("A"), BayState::Empty);
}

/// What a docking has seen of a device stays with it, and a person's word is what it goes on by.
#[test]
fn a_failing_disk_says_so_while_it_is_there_and_goes_on_by_a_persons_word() {
    let mut room = Room::new(Rules {
        hold_failing: true,
        ..RULES
    });
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    let limit = |room: &Room| room.board.scruples_of(visit).failing;
    assert_eq!(limit(&room), Some(16));
    let failing = |bad_ranges| Condition {
        health: Some(DeviceHealth {
            temperature: Some(41),
            ..DeviceHealth::default()
        }),
        failing: Failing::of(None, bad_ranges, 16),
    };
    room.hear(News::Examined(visit, failing(16)));
    assert_eq!(room.status("A").failing, None);
    room.hear(News::Examined(visit, failing(17)));
    room.docked("A", held(StopCause::DiskFailing, Some(Again::Mended)));
    let told = room.status("A");
    assert_eq!(told.state, BayState::Held);
    assert_eq!(told.failing.and_then(|it| it.bad_ranges), Some(17));
    let known = room.board.conditions();
    let health = known[&BayName::new("A").unwrap()].health.clone();
    assert_eq!(health.and_then(|it| it.temperature), Some(41));
    // Nothing is begun by time while the job is on hold.
    room.acts.clear();
    room.pass(31);
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(waits())));
    assert_eq!(room.acts, []);
    room.order("A", OrderVerb::Load).unwrap();
    assert_eq!(limit(&room), None, "as it is");
    room.acts.retain(|act| *act != Act::Close(visit));
    room.identify("A", "AAAAA");
    room.take(|act| *act == Act::Dock(visit));
    room.hear(News::Examined(visit, Condition::default()));
    assert!(room.status("A").failing.is_some(), "it is no better");
    room.pull("sdb");
    room.plug("A", "sdc", 2);
    assert_eq!(room.status("A").failing, None);
}

#[test]
fn a_dirty_disk_waits_for_a_person_where_that_is_wanted() {
    let rules = Rules {
        hold_dirty: true,
        ..RULES
    };
    let mut room = Room::new(rules);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    let dirty = |room: &mut Room, course: Course| {
        let sight = Sight {
            job: Some(job("AAAAA")),
            is_dirty: true,
            ..Sight::default()
        };
        room.hear(News::Looked(visit, Ok(sight)));
        room.hear(News::Asked(visit, Ok(course)));
    };
    let refused = || Verdict {
        again: Some(Again::Mended),
        ..Verdict::held(StopCause::Dirty, "it was not unmounted cleanly")
    };
    // Others are loaded meanwhile: it waits for no place among them to be told as held.
    dirty(&mut room, Course::Load);
    assert_eq!(room.state("A"), BayState::Looking, "it is claimed");
    assert!(room.board.scruples_of(visit).dirty);
    room.docked("A", refused());
    let told = room.status("A");
    assert_eq!(
        (told.state, told.cause),
        (BayState::Held, Some(StopCause::Dirty))
    );
    // A person has said so to the server.
    room.acts.clear();
    room.hear(News::Mended(vec![MendedJob {
        job: job("AAAAA"),
        since: model::time::Timestamp::from_unix(1_000_001),
    }]));
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    room.hear(News::Asked(visit, Ok(Course::LoadDirty)));
    room.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
    dirty(&mut room, Course::LoadDirty);
    room.docked("A", refused());
    // Or here.
    room.order("A", OrderVerb::Load).unwrap();
    assert!(!room.board.scruples_of(visit).dirty);
    dirty(&mut room, Course::Load);
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn what_is_left_alone_or_at_no_bay_is_not_shown() {
    let mut room = Room::new(RULES);
    let mut used = medium("A", "sda", 1);
    used.left_alone = Some(LeftAlone::Hidden);
    room.hear(News::Present(vec![used, medium("Z", "sdb", 2)]));
    assert!(room.acts.is_empty());
    let shown: Vec<_> = room.board.statuses();
    assert!(
        shown
            .iter()
            .all(|(status, _)| status.state == BayState::Empty)
            && shown.len() == 4
    );
}

#[test]
fn stopping_is_in_order_and_loading_again_goes_on() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    room.order("A", OrderVerb::Stop).unwrap();
    room.take(|act| *act == Act::Stop(visit));
    assert_eq!(room.state("A"), BayState::Loading, "until it has stopped");
    room.docked("A", crate::resident::told::stopped());
    assert_eq!(room.state("A"), BayState::Stopped);
    room.pass(100_000);
    assert_eq!(room.state("A"), BayState::Stopped);
    room.order("A", OrderVerb::Load).unwrap();
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Loading);
    room.order("A", OrderVerb::Remove).unwrap();
    room.docked("A", crate::resident::told::stopped());
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
    room.hear(News::Freed(visit, Ok(false)));
    assert_eq!(room.state("A"), BayState::SafeToRemove);
}

/// A device that does not answer keeps whoever looks at it.
#[test]
fn a_look_is_stopped_at_once_and_may_be_wanted_again() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    room.order("A", OrderVerb::Stop).unwrap();
    assert_eq!(room.state("A"), BayState::Stopped);
    room.take(|act| *act == Act::Stop(visit));
    room.take(|act| matches!(act, Act::Look(..)));
    room.hear(News::Looked(visit, Ok(Sight::default())));
    room.take(|act| *act == Act::Close(visit));
    assert_eq!(room.state("A"), BayState::Stopped);
    assert!(room.acts.is_empty(), "no job is claimed: {:?}", room.acts);

    room.order("A", OrderVerb::Look).unwrap();
    room.order("A", OrderVerb::Stop).unwrap();
    room.order("A", OrderVerb::Load).unwrap();
    room.take(|act| *act == Act::Stop(visit));
    room.take(|act| matches!(act, Act::Look(..)));
    assert!(!room.is_wanted(|act| matches!(act, Act::Look(..))));
    room.acts.clear();
    let ended = crate::resident::told::stopped();
    room.hear(News::Looked(visit, Err(Box::new(ended))));
    assert_eq!(room.state("A"), BayState::Looking);
    room.identify("A", "AAAAA");
    assert_eq!(room.state("A"), BayState::Loading);
}

#[test]
fn a_disk_that_is_pulled_before_it_is_loaded_leaves_an_empty_bay_and_an_open_turn() {
    let mut room = Room::new(Rules {
        loads_at_once: 1,
        ..RULES
    });
    room.plug("A", "sda", 1);
    room.identify("A", "AAAAA");
    for (bay, name) in [("B", "sdb"), ("C", "sdc"), ("D", "sdd")] {
        room.plug(bay, name, 2);
    }
    let (looking, asking) = (room.visit("B"), room.visit("C"));
    room.identify("D", "DDDDD");
    let queued = room.visit("D");
    assert_eq!(room.state("D"), BayState::Queued);
    room.hear(News::Looked(
        asking,
        Ok(Sight {
            job: Some(job("CCCCC")),
            ..Sight::default()
        }),
    ));
    for name in ["sdb", "sdc", "sdd"] {
        room.pull(name);
    }
    for bay in ["B", "C", "D"] {
        assert_eq!(room.state(bay), BayState::Empty);
    }
    room.take(|act| *act == Act::Abandon(looking));
    room.take(|act| *act == Act::Abandon(asking));
    room.take(|act| *act == Act::Close(queued));
    // What was on its way comes all the same.
    room.hear(News::Looked(looking, Ok(Sight::default())));
    room.take(|act| *act == Act::Close(looking));
    room.hear(News::Asked(asking, Ok(Course::Load)));
    room.take(|act| *act == Act::Close(asking));
    room.docked("A", finished());
    room.plug("B", "sdb", 3);
    room.identify("B", "DDDDD");
    assert_eq!(room.state("B"), BayState::Loading);
}

#[test]
fn a_cable_that_is_loose_does_not_begin_a_look_with_every_touch() {
    let mut room = Room::new(RULES);
    for touch in 0..200 {
        room.plug("A", "sdb", touch);
        room.pull("sdb");
    }
    let looks: Vec<VisitId> = room.acts.iter().filter_map(of_look).collect();
    assert!(looks.len() < 40, "{}", looks.len());
    room.acts.clear();
    room.plug("A", "sdb", 1000);
    assert_eq!(room.state("A"), BayState::Seen);
    for visit in looks {
        room.hear(News::Looked(visit, Ok(Sight::default())));
    }
    assert_eq!(room.state("A"), BayState::Looking);
}

fn of_look(act: &Act) -> Option<VisitId> {
    match act {
        Act::Look(visit, _) => Some(*visit),
        _ => None,
    }
}

/// Whatever comes in whatever order, no bay is stuck: when all disks are pulled and time has passed, bays are empty, say
/// that a disk was pulled out or that one we took from the kernel may be, and nothing is busy.
#[test]
fn no_order_of_events_leaves_a_bay_stuck() {
    for seed in 0..300_u64 {
        let mut room = Room::new(RULES);
        let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % below
        };
        let bays = ["A", "B", "C", "D"];
        for step in 0..80_u64 {
            let bay = bays[usize::try_from(next(4)).unwrap()];
            match next(7) {
                0 => {
                    let is_free = !room.media.iter().any(|it| it.port == port(bay));
                    if is_free {
                        room.plug(bay, &format!("sd{bay}"), step);
                    }
                }
                1 => room.pull(&format!("sd{bay}")),
                2 => room.pass(next(90)),
                3 => {
                    let orders = [
                        OrderVerb::Look,
                        OrderVerb::Load,
                        OrderVerb::Stop,
                        OrderVerb::Remove,
                        OrderVerb::Blink,
                    ];
                    let order = orders[usize::try_from(next(5)).unwrap()];
                    let _done_or_not = room.order(bay, order);
                }
                4 => {
                    let said = Confirmation::of(
                        job(["AAAAA", "BBBBB"][usize::try_from(next(2)).unwrap()]),
                        "7Q42".to_owned(),
                    );
                    let (reply, _) = crossbeam_channel::bounded(1);
                    let name = BayName::new(bay).unwrap();
                    room.hear(News::EraseWanted(name, said, reply));
                }
                _ => do_one(&mut room, &mut next),
            }
        }
        for medium in room.media.clone() {
            room.pull(&medium.name);
        }
        for _ in 0..200 {
            do_one(&mut room, &mut next);
        }
        room.pass(1000);
        let at_rest: BTreeSet<BayState> =
            [BayState::Empty, BayState::PulledOut, BayState::SafeToRemove].into();
        for (status, visit) in room.board.statuses() {
            assert!(at_rest.contains(&status.state), "seed {seed}: {status:?}");
            assert_eq!(visit, None, "seed {seed}");
        }
        assert!(room.board.leaving.is_empty(), "seed {seed}");
        assert!(room.board.abandoned.is_empty(), "seed {seed}");
    }
}

/// Does the first thing that is wanted, with some end or other.
fn do_one(room: &mut Room, next: &mut impl FnMut(u64) -> u64) {
    if room.acts.is_empty() {
        return;
    }
    let news = match room.acts.remove(0) {
        Act::Look(visit, _) | Act::LookAs(visit, ..) | Act::LookUnlocked(visit, ..)
            if next(5) == 0 =>
        {
            let unknown = Verdict::new(BayEvent::NamesNobody, Told::that("unknown"));
            News::Looked(visit, Err(Box::new(unknown)))
        }
        Act::Look(visit, _) | Act::LookAs(visit, ..) | Act::LookUnlocked(visit, ..) => {
            News::Looked(
                visit,
                Ok(Sight {
                    job: [Some(job("AAAAA")), Some(job("BBBBB")), None]
                        [usize::try_from(next(3)).unwrap()],
                    ..Sight::default()
                }),
            )
        }
        Act::Ask(visit, _) => {
            let courses = [Course::Load, Course::Load, Course::Export, Course::Nothing];
            News::Asked(
                visit,
                Ok(courses[usize::try_from(next(4)).unwrap()].clone()),
            )
        }
        Act::Erase(visit, ..) => {
            let ends = [
                None,
                Some(BayEvent::Finished),
                Some(BayEvent::Failed),
                Some(BayEvent::Stopped),
            ];
            let event = ends[usize::try_from(next(4)).unwrap()];
            let verdict = EraseVerdict {
                event,
                told: Told::that("as it ended"),
                job: None,
            };
            News::EraseEnded(visit, Box::new(verdict))
        }
        Act::Dock(visit) => {
            let verdict = match next(6) {
                0 => finished(),
                1 => store_away(),
                2 => held(StopCause::BucketMissing, Some(Again::Mended)),
                3 => Verdict::gone("gone"),
                4 => crate::resident::told::stopped(),
                _ => Verdict::new(BayEvent::NothingIsDue, Told::that("over")),
            };
            News::Docked(visit, Box::new(verdict))
        }
        Act::Free(visit, _) => News::Freed(visit, Ok(next(2) == 0)),
        Act::Blink(visit, _) => News::Blinked(visit, Ok(())),
        Act::Abandon(_) | Act::Stop(_) | Act::Close(_) | Act::Dim(_) => News::Tick,
    };
    room.hear(news);
}

/// A sheet as it might have been issued.
fn sheet(id: &str) -> SignatureFile {
    SignatureFile::parse_scan(&format!("{id}:{}=", "A".repeat(27))).unwrap()
}

#[test]
fn a_disk_that_says_nothing_is_loaded_as_that_of_the_sheet_that_is_scanned() {
    let mut room = Room::new(Rules {
        auto_load: false,
        ..RULES
    });
    room.plug("A", "sdb", 1);
    room.says_nothing("A");
    assert_eq!(room.state("A"), BayState::Unknown);
    room.acts.clear();
    room.present("A", "AAAAA").unwrap();
    room.acts.retain(|act| matches!(act, Act::LookAs(..)));
    room.loads_as("A", "AAAAA");
    assert_eq!(room.present("A", "AAAAA"), Err(NotNow::AtWork.into()));
    assert_eq!(room.present("Z", "AAAAA"), Err(NotDone::NoSuchBay));
    assert_eq!(room.present("B", "AAAAA"), Err(NotNow::NothingThere.into()));
}

#[test]
fn a_sheet_waits_while_a_disk_is_looked_at_and_what_the_disk_says_outranks_it() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.present("A", "AAAAA").unwrap();
    room.says_nothing("A");
    room.acts.retain(|act| matches!(act, Act::LookAs(..)));
    room.loads_as("A", "AAAAA");

    room.plug("B", "sdc", 2);
    room.present("B", "BBBBB").unwrap();
    room.identify("B", "CCCCC");
    assert!(!room.is_wanted(|act| matches!(act, Act::LookAs(..))));
    assert_eq!(
        room.present("B", "BBBBB"),
        Err(NotDone::MixedUp(job("CCCCC")))
    );
}

#[path = "board_settings_tests.rs"]
mod settings;

#[path = "board_unlocking_tests.rs"]
mod unlocking;

#[path = "board_erasing_tests.rs"]
mod erasing_tests;

#[path = "board_people_tests.rs"]
mod people_tests;
