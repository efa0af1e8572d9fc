//! What is in a bay is erased after its job: when somebody says which device it is, and one at a time.

use model::disposal::messages::Confirmation;

use super::*;
use crate::resident::told::EraseVerdict;
use crate::watch::Laid;

fn said(id: &str) -> Confirmation {
    Confirmation::of(job(id), "7Q42".to_owned())
}

impl Room {
    fn erase(&mut self, bay: &str, id: &str) -> Result<(), NotDone> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let name = BayName::new(bay).unwrap();
        self.hear(News::EraseWanted(name, said(id), reply));
        answer.try_recv().unwrap()
    }

    /// A device that was loaded in a bay, and is safe to take out.
    fn loaded(&mut self, bay: &str, id: &str) {
        self.plug(bay, "sdb", 1);
        self.identify(bay, id);
        self.docked(bay, Verdict::new(BayEvent::Finished, Told::that("loaded")));
        let visit = self.visit(bay);
        self.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
        self.hear(News::Freed(visit, Ok(false)));
        assert_eq!(self.state(bay), BayState::SafeToRemove);
    }

    fn asked(&mut self, bay: &str) -> EraseAsked {
        let visit = self.visit(bay);
        let mut found = Vec::new();
        for act in &self.acts {
            if let Act::Erase(it, _, asked) = act
                && *it == visit
            {
                found.push(asked.clone());
            }
        }
        self.acts.retain(|act| !matches!(act, Act::Erase(..)));
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    fn ended(&mut self, bay: &str, event: Option<BayEvent>) {
        let verdict = EraseVerdict {
            event,
            told: Told::that("as it ended"),
            job: None,
        };
        self.hear(News::EraseEnded(self.visit(bay), Box::new(verdict)));
    }
}

#[test]
fn a_device_that_was_loaded_is_erased_when_a_person_says_which_it_is() {
    let mut room = Room::new(RULES);
    room.loaded("A", "AAAAA");
    assert_eq!(room.erase("B", "AAAAA"), Err(NotNow::NothingThere.into()));
    assert_eq!(
        room.erase("A", "BBBBB"),
        Err(NotDone::MixedUp(job("AAAAA")))
    );
    assert_eq!(
        room.order("A", OrderVerb::Erase),
        Err(NotDone::NotSaid),
        "an order alone says of no device that it is meant"
    );
    assert!(!room.is_wanted(|act| matches!(act, Act::Erase(..))));
    room.erase("A", "AAAAA").unwrap();
    room.erase("A", "AAAAA").unwrap();
    let asked = room.asked("A");
    assert_eq!((asked.said, asked.stayed), (Some(said("AAAAA")), true));
    // Until the server allows it nothing has happened.
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    let visit = room.visit("A");
    room.hear(News::ErasingAt(visit, 0));
    room.hear(News::ErasingAt(visit, 41));
    assert_eq!(room.state("A"), BayState::Erasing);
    assert!(room.status("A").sentence.contains("41 %"));
    assert_eq!(room.order("A", OrderVerb::Look), Err(NotNow::AtWork.into()));
    room.ended("A", Some(BayEvent::Finished));
    assert_eq!(room.state("A"), BayState::Done);
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
}

#[test]
fn what_the_server_refuses_leaves_the_bay_as_it_was() {
    let mut room = Room::new(RULES);
    room.loaded("A", "AAAAA");
    room.erase("A", "AAAAA").unwrap();
    room.asked("A");
    room.ended("A", None);
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    assert!(room.status("A").hint.unwrap().contains("As it ended"));
    // It may be asked again.
    room.erase("A", "AAAAA").unwrap();
    room.asked("A");
    room.ended("A", Some(BayEvent::Failed));
    assert_eq!(room.state("A"), BayState::Failed);
}

#[test]
fn nothing_is_erased_while_anything_is_done_with_the_device() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let busy = Err(NotDone::NotNow(NotNow::AtWork));
    assert_eq!(room.erase("A", "AAAAA"), busy, "looking");
    room.identify("A", "AAAAA");
    assert_eq!(room.erase("A", "AAAAA"), busy, "loading");
    let visit = room.visit("A");
    room.hear(News::Moved(visit, Motion::Loading));
    assert_eq!(room.erase("A", "AAAAA"), busy);
    room.docked("A", Verdict::new(BayEvent::Finished, Told::that("loaded")));
    assert_eq!(room.erase("A", "AAAAA"), busy, "being made safe");
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
    room.hear(News::Freed(visit, Ok(true)));
    assert_eq!(room.erase("A", "AAAAA"), Err(NotDone::LetGo));
    assert!(!room.is_wanted(|act| matches!(act, Act::Erase(..))));
}

#[test]
fn an_erasing_is_stopped_and_gone_on_with_by_a_person_alone() {
    let mut room = Room::new(RULES);
    room.loaded("A", "AAAAA");
    room.erase("A", "AAAAA").unwrap();
    room.asked("A");
    let visit = room.visit("A");
    room.hear(News::ErasingAt(visit, 10));
    room.order("A", OrderVerb::Stop).unwrap();
    room.take(|act| *act == Act::Stop(visit));
    room.ended("A", Some(BayEvent::Stopped));
    assert_eq!(room.state("A"), BayState::Stopped);
    room.pass(100_000);
    assert!(!room.is_wanted(|act| matches!(act, Act::Erase(..))));
    room.erase("A", "AAAAA").unwrap();
    room.asked("A");
    room.hear(News::ErasingAt(visit, 10));
    // It is pulled out: what is done with it ends.
    room.pull("sdb");
    room.take(|act| *act == Act::Abandon(visit));
    assert_eq!(room.state("A"), BayState::Reconnecting);
    room.pass(60);
    assert_eq!(room.state("A"), BayState::PulledOut);
}

#[test]
fn a_device_that_stayed_since_its_load_is_asked_for_by_itself_and_no_other() {
    let mut room = Room::new(RULES);
    room.loaded("A", "AAAAA");
    let erasable = || News::Erasable(vec![job("AAAAA"), job("BBBBB")]);
    room.hear(erasable());
    let asked = room.asked("A");
    assert_eq!((asked.said, asked.stayed), (None, true));
    room.ended("A", None);
    // Not with every heartbeat.
    room.hear(erasable());
    assert!(!room.is_wanted(|act| matches!(act, Act::Erase(..))));
    room.pass(700);
    room.hear(erasable());
    room.asked("A");
    // One that was taken out and put in again needs a person.
    let mut room = Room::new(RULES);
    room.loaded("A", "AAAAA");
    room.pull("sdb");
    room.plug("A", "sdb", 2);
    room.identify("A", "AAAAA");
    room.docked(
        "A",
        Verdict::new(BayEvent::NothingIsDue, Told::that("nothing is due")),
    );
    room.pass(10_000);
    room.hear(erasable());
    assert!(!room.is_wanted(|act| matches!(act, Act::Erase(..))));
}

#[test]
fn an_image_that_is_written_to_stays_the_device_that_it_was() {
    let laid = |modified| Medium {
        laid: Some(Laid {
            device: 1,
            inode: 2,
            modified: (modified, 0),
        }),
        ..medium("A", "disk.img", 1)
    };
    let mut room = Room::new(RULES);
    room.hear(News::Present(vec![laid(1)]));
    room.identify("A", "AAAAA");
    room.docked("A", Verdict::new(BayEvent::Finished, Told::that("loaded")));
    let visit = room.visit("A");
    room.take(|act| matches!(act, Act::Free(..)));
    room.hear(News::Freed(visit, Ok(false)));
    room.erase("A", "AAAAA").unwrap();
    room.asked("A");
    room.hear(News::ErasingAt(visit, 1));
    // It is another by its date, and may not be listed while it is written to.
    room.hear(News::Present(vec![laid(2)]));
    room.hear(News::Present(Vec::new()));
    assert_eq!(
        (room.visit("A"), room.state("A")),
        (visit, BayState::Erasing)
    );
    room.ended("A", Some(BayEvent::Finished));
    room.hear(News::Present(vec![laid(3)]));
    assert_eq!(room.visit("A"), visit);
    // Once it was seen as it is, who writes to it makes it another.
    room.hear(News::Present(vec![laid(4)]));
    assert_ne!(room.visit("A"), visit);
}
