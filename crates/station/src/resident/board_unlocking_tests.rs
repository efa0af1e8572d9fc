//! What is encrypted in a bay is opened with what somebody types, once.

use super::*;

impl Room {
    /// Somebody types a password for what is in a bay.
    fn unlock(&mut self, bay: &str, secret: &str) -> Result<(), NotDone> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let secret = DeviceSecret::new(secret.to_owned()).unwrap();
        let bay = BayName::new(bay).unwrap();
        self.hear(News::UnlockWanted(bay, secret, reply));
        answer.try_recv().unwrap()
    }
}

/// A password that a person typed is tried once: what has to be looked at later is looked at without it.
#[test]
fn a_typed_password_is_tried_once_on_what_is_in_a_bay() {
    let mut room = Room::new(RULES);
    assert_eq!(room.unlock("A", "x"), Err(NotNow::NothingThere.into()));
    assert_eq!(room.unlock("Z", "x"), Err(NotDone::NoSuchBay));
    room.plug("A", "sdb", 1);
    assert_eq!(room.unlock("A", "x"), Err(NotNow::AtWork.into()));
    room.says_nothing("A");
    assert_eq!(
        room.order("A", OrderVerb::Unlock),
        Err(NotDone::NoSecret),
        "an order alone opens nothing"
    );
    room.unlock("A", "open").unwrap();
    let visit = room.visit("A");
    let with = |act: &Act, word: &str, sheet: Option<&str>| match act {
        Act::LookUnlocked(it, _, of, secret) => {
            *it == visit && secret.expose() == word && *of == sheet.map(self::sheet)
        }
        _ => false,
    };
    room.take(|act| with(act, "open", None));
    // Its SIGNATURE lay within: it is loaded, whatever is loaded by itself.
    let sight = Sight {
        job: Some(job("AAAAA")),
        ..Sight::default()
    };
    room.hear(News::Looked(visit, Ok(sight)));
    room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
    let waits = Course::Wait(Told::that("it waits for its password"));
    room.hear(News::Asked(visit, Ok(waits)));
    room.take(|act| *act == Act::Dock(visit));
    let held = Verdict::held(StopCause::StoreRefuses, "the store refuses");
    room.hear(News::Docked(visit, Box::new(held)));
    room.order("A", OrderVerb::Look).unwrap();
    room.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
    // With its sheet the job is known before.
    room.hear(News::Looked(
        visit,
        Err(Box::new(Verdict::new(
            BayEvent::NamesNobody,
            Told::that("unknown"),
        ))),
    ));
    let mut other = Room::new(RULES);
    other.plug("A", "sdb", 1);
    other.says_nothing("A");
    other.present("A", "BBBBB").unwrap();
    other.loads_as("A", "BBBBB");
    let visit = other.visit("A");
    let held = Verdict::held(StopCause::PasswordNeeded, "it is encrypted");
    other.hear(News::Docked(visit, Box::new(held)));
    other.unlock("A", "open").unwrap();
    other.take(|act| match act {
        Act::LookUnlocked(it, _, of, _) => *it == visit && *of == Some(sheet("BBBBB")),
        _ => false,
    });
}
