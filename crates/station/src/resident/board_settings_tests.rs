//! The settings change while the bays are used.

use super::*;

fn named(names: &[(&str, &str)]) -> Places {
    let bays = names.iter().map(|(name, at)| NamedBay {
        name: BayName::new(*name).unwrap(),
        ports: vec![port(at)],
    });
    Places::new(bays.collect())
}

impl Room {
    fn set(&mut self, names: &[(&str, &str)], rules: Rules) {
        self.hear(News::Settings(named(names), rules));
    }

    fn names(&self) -> Vec<String> {
        let all = self.board.statuses().into_iter();
        all.map(|(status, _)| status.name.to_string()).collect()
    }

    fn is_watched(&self, bay: &str) -> bool {
        self.board.ports().0.contains(&port(bay))
    }

    fn loads(&mut self, bay: &str, id: &str) -> VisitId {
        self.identify(bay, id);
        let visit = self.visit(bay);
        self.take(|act| *act == Act::Dock(visit));
        visit
    }
}

#[test]
fn bays_come_and_go_and_stand_as_the_settings_have_them() {
    let mut room = Room::new(RULES);
    room.set(&[("E", "E"), ("B", "B"), ("A", "A")], RULES);
    assert_eq!(room.names(), ["E", "B", "A"]);
    room.plug("E", "sdb", 1);
    room.identify("E", "AAAAA");
    assert!(!room.is_watched("C"));
    assert_eq!(room.board.ports().1, crate::watch::Others::LeaveAlone);
}

#[test]
fn what_is_loaded_in_a_bay_that_is_taken_away_is_loaded_to_its_end() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.loads("A", "AAAAA");
    room.set(&[("B", "B")], RULES);
    assert_eq!(room.state("A"), BayState::Loading);
    assert!(!room.is_wanted(|act| matches!(act, Act::Abandon(_) | Act::Close(_))));
    assert!(
        room.is_watched("A"),
        "what is there is to be seen to the end"
    );
    room.hear(News::Docked(
        visit,
        Box::new(Verdict::new(BayEvent::Finished, Told::that("loaded"))),
    ));
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
    room.hear(News::Freed(visit, Ok(false)));
    assert_eq!(
        room.state("A"),
        BayState::SafeToRemove,
        "somebody waits for it"
    );
    room.pull("sdb");
    assert_eq!(room.names(), ["B"]);
    assert!(!room.is_watched("A"));
    room.plug("A", "sdc", 2);
    assert_eq!(room.names(), ["B"], "it is no bay any more");
}

#[test]
fn a_device_that_nothing_is_done_with_leaves_with_its_bay_and_keeps_its_place_under_another_name() {
    let mut room = Room::new(Rules {
        auto_load: false,
        ..RULES
    });
    for (bay, name, diskseq, id) in [("A", "sdb", 1, "AAAAA"), ("B", "sdc", 2, "BBBBB")] {
        room.plug(bay, name, diskseq);
        room.identify(bay, id);
        assert_eq!(room.state(bay), BayState::Ready);
    }
    let visit = room.visit("B");
    room.acts.clear();
    room.set(&[("left", "B"), ("B", "D")], RULES);
    assert_eq!(room.names(), ["left", "B"]);
    assert_eq!(
        (room.state("left"), room.visit("left")),
        (BayState::Ready, visit)
    );
    assert_eq!(room.state("B"), BayState::Empty);
    room.take(|act| matches!(act, Act::Close(_)));
    assert_eq!(room.acts, [], "neither is looked at again");
}

#[test]
fn bays_whose_names_are_exchanged_keep_what_is_in_them() {
    let mut room = Room::new(Rules {
        auto_load: false,
        ..RULES
    });
    room.plug("A", "sdb", 1);
    room.plug("B", "sdc", 2);
    room.identify("A", "AAAAA");
    room.identify("B", "BBBBB");
    let (one, other) = (room.visit("A"), room.visit("B"));
    room.set(&[("A", "B"), ("B", "A")], RULES);
    assert_eq!(room.names(), ["A", "B"]);
    assert_eq!((room.visit("A"), room.visit("B")), (other, one));
}

#[test]
fn more_are_loaded_at_once_when_more_may_be_and_what_runs_goes_on_when_fewer_may() {
    let mut room = Room::new(RULES);
    let all = [("A", "A"), ("B", "B"), ("C", "C"), ("D", "D")];
    for (bay, name, diskseq, id) in [
        ("A", "sdb", 1, "AAAAA"),
        ("B", "sdc", 2, "BBBBB"),
        ("C", "sdd", 3, "CCCCC"),
    ] {
        room.plug(bay, name, diskseq);
        room.identify(bay, id);
    }
    assert_eq!(room.state("C"), BayState::Queued);
    let with = |loads_at_once| Rules {
        loads_at_once,
        ..RULES
    };
    room.set(&all, with(3));
    assert_eq!(room.state("C"), BayState::Loading);
    room.set(&all, with(1));
    for bay in ["A", "B", "C"] {
        assert_eq!(room.state(bay), BayState::Loading);
    }
    assert!(!room.is_wanted(|act| matches!(act, Act::Stop(_))));
}

#[test]
fn a_bay_whose_folder_is_missing_has_failed_until_it_is_there_and_what_arrives_is_told() {
    use crate::watch::{PortNote, UnusableFolder};

    let mut room = Room::new(RULES);
    room.set(&[("A", "A"), ("B", "B")], RULES);
    let empty = room.status("A").sentence;
    let note = |room: &mut Room, bay: &str, note: Option<PortNote>| {
        let notes = note.into_iter().map(|note| (port(bay), note));
        room.hear(News::Noted(notes.collect()));
    };
    let missing = UnusableFolder::Missing("/srv/inbox".into());
    note(&mut room, "A", Some(PortNote::Unusable(missing)));
    let told = room.status("A");
    assert_eq!(told.state, BayState::Failed);
    assert!(told.sentence.contains("`/srv/inbox`, does not exist"));
    assert!(told.hint.is_some_and(|hint| hint.contains("Make it")));
    assert_eq!(room.state("B"), BayState::Empty);
    assert!(room.order("A", OrderVerb::Load).is_err());
    let arriving = PortNote::Arriving {
        name: "disk\u{1b}.img".to_owned(),
        still_for: Duration::from_secs(10),
    };
    note(&mut room, "A", Some(arriving));
    let told = room.status("A");
    assert_eq!((told.state, told.hint), (BayState::Empty, None));
    assert!(told.sentence.contains("is arriving") && told.sentence.contains("10 seconds"));
    assert!(!told.sentence.contains('\u{1b}'));
    room.plug("A", "disk.img", 1);
    assert_eq!(room.state("A"), BayState::Looking);
    note(&mut room, "A", None);
    room.pull("disk.img");
    assert_eq!(room.status("A").sentence, empty);
    // A bay that is taken away goes, whatever was wrong with it.
    let silent = UnusableFolder::Silent("/srv/inbox".into());
    note(&mut room, "A", Some(PortNote::Unusable(silent)));
    room.set(&[("B", "B")], RULES);
    assert_eq!(room.names(), ["B"]);
}
