//! What people say of a bay counts, whatever its device does; and which disk is which is shown to them.

use super::*;

/// A device that dies while it is being stopped is stopped, and what was to be made safe is.
#[test]
fn a_device_that_gives_no_answer_is_stopped_and_let_go_all_the_same() {
    let gone = || Verdict::gone("the device does not answer");
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    room.order("A", OrderVerb::Remove).unwrap();
    room.docked("A", gone());
    assert_eq!(room.state("A"), BayState::Stopped);
    room.take(|act| matches!(act, Act::Free(it, _) if *it == visit));
    room.hear(News::Freed(visit, Ok(true)));
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    room.pass(600);
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    // The same where it is stopped a moment after it gave no answer.
    for (order, state) in [
        (OrderVerb::Stop, BayState::Stopped),
        (OrderVerb::Remove, BayState::SafeToRemove),
    ] {
        let mut room = Room::new(RULES);
        room.plug("A", "sdb", 1);
        room.identify("A", "AAAAA");
        room.docked("A", gone());
        room.pass(2);
        assert_eq!(
            room.state("A"),
            BayState::Loading,
            "it may have been pulled out"
        );
        room.order("A", order).unwrap();
        if order == OrderVerb::Remove {
            room.hear(News::Freed(room.visit("A"), Ok(false)));
        }
        assert_eq!(room.state("A"), state);
        room.pass(60);
        assert_eq!(room.state("A"), state, "and stays so");
    }
}

/// What is wanted of a device that somebody is about to take out is not said to be done.
#[test]
fn what_is_being_made_safe_is_not_begun_anew() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    room.order("A", OrderVerb::Remove).unwrap();
    assert_eq!(room.state("A"), BayState::Stopped);
    let over = || Err(NotNow::Over.into());
    assert_eq!(room.order("A", OrderVerb::Load), over());
    assert_eq!(room.order("A", OrderVerb::Look), over());
    assert_eq!(room.present("A", "AAAAA"), over());
    room.hear(News::Looked(visit, Ok(Sight::default())));
    room.hear(News::Freed(visit, Ok(true)));
    assert_eq!(room.state("A"), BayState::SafeToRemove);
    assert_eq!(room.order("A", OrderVerb::Load), over());
}

#[test]
fn of_two_devices_of_a_job_which_is_which_is_told_and_a_person_may_choose() {
    let sees = |room: &mut Room, bay: &str, id: &str| {
        let visit = room.visit(bay);
        room.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
        let sight = Sight {
            job: Some(job("AAAAA")),
            file_systems: vec![id.to_owned()],
            ..Sight::default()
        };
        room.hear(News::Looked(visit, Ok(sight)));
        room.take(|act| *act == Act::Ask(visit, job("AAAAA")));
        room.hear(News::Asked(visit, Ok(Course::Load)));
    };
    let by_hand = Rules {
        auto_load: false,
        ..RULES
    };
    let mut room = Room::new(by_hand);
    room.plug("A", "sdb", 1);
    sees(&mut room, "A", "1234-ABCD");
    room.plug("B", "sdc", 2);
    sees(&mut room, "B", "5678-ABCD");
    let told = room.status("B");
    assert_eq!(
        (room.state("A"), told.state),
        (BayState::Ready, BayState::Held)
    );
    assert!(
        told.sentence
            .contains("`sdb` (1.0 MB, file system 1234-ABCD) in bay A"),
        "{told:?}"
    );
    assert!(
        told.sentence
            .contains("`sdc` (1.0 MB, file system 5678-ABCD)"),
        "{told:?}"
    );
    assert!(!told.hint.unwrap().contains("copy"));
    // A copy says so.
    room.plug("C", "sdd", 3);
    sees(&mut room, "C", "1234-ABCD");
    assert!(room.status("C").hint.unwrap().contains("copy of the other"));
    room.pull("sdd");
    // The second is the one.
    room.order("B", OrderVerb::Load).unwrap();
    assert_eq!(room.state("A"), BayState::Held);
    sees(&mut room, "B", "5678-ABCD");
    assert_eq!(room.state("B"), BayState::Loading);
    let first = room.visit("A");
    assert!(!room.is_wanted(|act| matches!(act, Act::Look(it, _) if *it == first)));
    // One that is at work is not interrupted by that.
    room.order("A", OrderVerb::Load).unwrap();
    sees(&mut room, "A", "1234-ABCD");
    assert_eq!(
        (room.state("A"), room.state("B")),
        (BayState::Held, BayState::Loading)
    );
    room.docked("B", finished());
    room.take(|act| matches!(act, Act::Look(it, _) if *it == first));
}

#[test]
fn a_disk_blinks_until_it_is_told_not_to_or_something_is_done_with_it() {
    let mut room = Room::new(RULES);
    assert_eq!(
        room.order("A", OrderVerb::Blink),
        Err(NotNow::NothingThere.into())
    );
    room.plug("A", "sdb", 1);
    let visit = room.visit("A");
    assert_eq!(
        room.order("A", OrderVerb::Blink),
        Err(NotDone::BlinksByItself)
    );
    room.says_nothing("A");
    let is_blink = |act: &Act| matches!(act, Act::Blink(it, _) if *it == visit);
    room.order("A", OrderVerb::Blink).unwrap();
    room.take(is_blink);
    // A second time ends it.
    room.order("A", OrderVerb::Blink).unwrap();
    room.take(|act| *act == Act::Dim(visit));
    room.hear(News::Blinked(visit, Ok(())));
    // So does the time, and then it blinks again.
    room.order("A", OrderVerb::Blink).unwrap();
    room.take(is_blink);
    room.hear(News::Blinked(visit, Ok(())));
    room.order("A", OrderVerb::Blink).unwrap();
    room.take(is_blink);
    room.hear(News::Blinked(visit, Err("it cannot be read".to_owned())));
    let told = room.status("A");
    assert_eq!(told.state, BayState::Unknown);
    assert_eq!(told.hint.unwrap(), "It cannot blink: it cannot be read.");
    // While it is loaded there is no need.
    room.present("A", "AAAAA").unwrap();
    room.loads_as("A", "AAAAA");
    assert_eq!(
        room.order("A", OrderVerb::Blink),
        Err(NotDone::BlinksByItself)
    );
    room.hear(News::Docked(visit, Box::new(finished())));
    assert_eq!(
        room.order("A", OrderVerb::Blink),
        Err(NotNow::AtWork.into())
    );
    room.hear(News::Freed(visit, Ok(true)));
    assert_eq!(room.order("A", OrderVerb::Blink), Err(NotDone::LetGo));
}

#[test]
fn what_lies_in_an_inbox_has_no_light() {
    let mut room = Room::new(RULES);
    room.media.push(Medium {
        laid: Some(crate::watch::Laid {
            device: 1,
            inode: 2,
            modified: (0, 0),
        }),
        ..medium("A", "disk.img", 1)
    });
    room.hear(News::Present(room.media.clone()));
    room.says_nothing("A");
    assert_eq!(room.order("A", OrderVerb::Blink), Err(NotDone::NoLight));
}

#[test]
fn what_is_read_back_when_all_is_sent_is_told_apart_from_loading() {
    let mut room = Room::new(RULES);
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    let visit = room.visit("A");
    for (motion, state) in [
        (Motion::Loading, BayState::Loading),
        (Motion::ReadingBack, BayState::ReadingBack),
        // Between two files nothing is read back for a moment.
        (Motion::Loading, BayState::ReadingBack),
        (Motion::Reporting, BayState::Reporting),
        (Motion::ReadingBack, BayState::Reporting),
    ] {
        room.hear(News::Moved(visit, motion));
        assert_eq!(room.state("A"), state);
    }
}

#[test]
fn a_disk_that_somebody_has_mounted_is_told_of_and_becomes_a_bay_when_it_is_free() {
    let mut room = Room::new(RULES);
    let alone = |name: &str, why: LeftAlone| Medium {
        left_alone: Some(why),
        ..medium("A", name, 1)
    };
    let mounted = disks::facts::Use::Mounted {
        device: "/dev/sdb1".into(),
        at: "/media/anna/WD".into(),
    };
    room.hear(News::Present(vec![
        alone("sda", LeftAlone::ThereBefore),
        alone("sdb", LeftAlone::Used(mounted)),
        alone("dm-0", LeftAlone::Made),
        alone("loop7", LeftAlone::OtherImage),
    ]));
    let others = room.board.others();
    let names: Vec<&str> = others.iter().map(|it| it.medium.as_str()).collect();
    assert_eq!(names, ["sda", "sdb"], "what nobody plugs in is not told");
    assert_eq!(others[1].why, "`/dev/sdb1` is mounted at `/media/anna/WD`.");
    let remedy = others[1].remedy.clone().unwrap();
    assert!(remedy.contains("`umount /media/anna/WD`"), "{remedy}");
    assert_eq!(room.state("A"), BayState::Empty);
    room.media.push(medium("A", "sdb", 1));
    room.hear(News::Present(room.media.clone()));
    assert!(room.board.others().is_empty());
    assert_eq!(room.state("A"), BayState::Looking);
}

#[test]
fn a_serial_number_that_two_have_or_none_is_told_and_nothing_is_refused() {
    let mut room = Room::new(RULES);
    let mut says = |bay: &str, id: &str, serial: Option<&str>, diskseq| {
        room.plug(bay, &format!("sd{bay}"), diskseq);
        let visit = room.visit(bay);
        room.take(|act| matches!(act, Act::Look(it, _) if *it == visit));
        let sight = Sight {
            job: Some(job(id)),
            device: Some(model::device::DeviceFacts {
                serial: serial.map(str::to_owned),
                ..model::device::DeviceFacts::default()
            }),
            ..Sight::default()
        };
        room.hear(News::Looked(visit, Ok(sight)));
        room.take(|act| *act == Act::Ask(visit, job(id)));
        room.hear(News::Asked(visit, Ok(Course::Load)));
    };
    says("A", "AAAAA", Some("000000000001"), 1);
    says("B", "BBBBB", Some("000000000001"), 2);
    says("C", "CCCCC", None, 3);
    says("D", "DDDDD", Some("7Q42"), 4);
    let doubt = |room: &Room, bay: &str| room.status(bay).serial;
    assert_eq!(doubt(&room, "A"), Some(SerialDoubt::NotUnique));
    assert_eq!(doubt(&room, "B"), Some(SerialDoubt::NotUnique));
    assert_eq!(doubt(&room, "C"), Some(SerialDoubt::None));
    assert_eq!(doubt(&room, "D"), None);
    assert_eq!(
        (room.state("A"), room.state("B")),
        (BayState::Loading, BayState::Loading)
    );
    room.pull("sdB");
    assert_eq!(doubt(&room, "A"), None, "the other is gone");
}

#[test]
fn each_store_that_goes_away_is_told_of_by_its_own_name() {
    let mut room = Room::new(RULES);
    let away = |store: &str| Verdict {
        store: Some(store.to_owned()),
        ..store_away()
    };
    room.plug("A", "sdb", 1);
    room.identify("A", "AAAAA");
    room.plug("B", "sdc", 2);
    room.identify("B", "BBBBB");
    let names = |room: &Room| -> Vec<String> { room.board.stores_away.iter().cloned().collect() };
    room.docked("A", away("http://main:9000"));
    assert_eq!(names(&room), ["http://main:9000"]);
    room.docked("B", away("http://cold:9000"));
    assert_eq!(names(&room), ["http://cold:9000", "http://main:9000"]);
    room.pull("sdb");
    assert_eq!(names(&room), ["http://cold:9000"]);
}
