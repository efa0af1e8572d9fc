//! The states of a bay, cell by cell, and the page of the documentation printed from them.

use std::collections::BTreeSet;

use super::*;

fn after(state: BayState, events: &[BayEvent]) -> BayState {
    events
        .iter()
        .fold(state, |state, event| state.apply(*event).unwrap())
}

#[test]
fn a_disk_goes_through_a_bay() {
    use BayEvent as E;
    let loaded = [
        E::Appeared,
        E::LookBegun,
        E::Named,
        E::Queued,
        E::Begun,
        E::ReadBackBegun,
        E::ReportBegun,
        E::Finished,
        E::MadeSafe,
    ];
    assert_eq!(after(BayState::Empty, &loaded), BayState::SafeToRemove);
    let gone = after(BayState::SafeToRemove, &[E::Vanished]);
    assert_eq!(gone, BayState::Empty);
    let pulled = [&loaded[..5], &[E::Vanished, E::SettlingOver]].concat();
    assert_eq!(after(BayState::Empty, &pulled), BayState::PulledOut);
    let again = [&pulled[..6], &loaded[..5]].concat();
    assert_eq!(after(BayState::Empty, &again), BayState::Loading);
}

#[test]
fn every_state_is_reached_from_an_empty_bay_and_leads_back_to_one() {
    let mut reached = BTreeSet::from([BayState::Empty]);
    let mut left = vec![BayState::Empty];
    while let Some(state) = left.pop() {
        for next in BayEvent::ALL.iter().flat_map(|event| state.apply(*event)) {
            if reached.insert(next) {
                left.push(next);
            }
        }
    }
    assert_eq!(reached, BayState::ALL.into_iter().collect());
    for state in BayState::ALL {
        let gone = after(state, &[BayEvent::Vanished]);
        let empty = match gone {
            BayState::Empty => gone,
            BayState::Reporting => after(
                gone,
                &[BayEvent::Finished, BayEvent::MadeSafe, BayEvent::Vanished],
            ),
            _ => gone.apply(BayEvent::WentOnElsewhere).unwrap(),
        };
        assert_eq!(empty, BayState::Empty, "{state}");
    }
}

#[test]
fn nothing_leads_by_time_out_of_what_waits_for_a_person() {
    for state in BayState::ALL.into_iter().filter(|it| it.waits_for_person()) {
        let refused = state.apply(BayEvent::SettlingOver);
        assert_eq!(refused, Err(NotNow::NothingExpected), "{state}");
    }
}

#[test]
fn a_device_at_work_is_never_safe_and_never_another() {
    for state in BayState::ALL.into_iter().filter(|it| it.is_at_work()) {
        assert_eq!(state.apply(BayEvent::MadeSafe), Err(NotNow::AtWork));
        assert_eq!(state.apply(BayEvent::Appeared), Err(NotNow::Occupied));
        assert_eq!(state.apply(BayEvent::LookBegun), Err(NotNow::AtWork));
        let gone = match state {
            // The report needs no device.
            BayState::Reporting => state,
            _ => BayState::Reconnecting,
        };
        assert_eq!(state.apply(BayEvent::Vanished), Ok(gone), "{state}");
    }
}

#[test]
fn a_device_is_erased_only_when_nothing_is_under_way_with_it() {
    use BayEvent as E;
    let erased = [
        E::Appeared,
        E::LookBegun,
        E::NothingIsDue,
        E::EraseBegun,
        E::Finished,
        E::MadeSafe,
    ];
    assert_eq!(after(BayState::Empty, &erased), BayState::SafeToRemove);
    let may_be: Vec<BayState> = BayState::ALL
        .into_iter()
        .filter(|state| state.apply(E::EraseBegun) == Ok(BayState::Erasing))
        .collect();
    use BayState as S;
    let idle = [S::Unknown, S::NothingToLoad, S::Held, S::Done];
    assert_eq!(may_be[..4], idle);
    assert_eq!(may_be[4..], [S::SafeToRemove, S::Stopped, S::Failed]);
    for load in [
        E::Begun,
        E::Queued,
        E::StoreBack,
        E::ReportBegun,
        E::EraseBegun,
    ] {
        assert_eq!(S::Erasing.apply(load), Err(NotNow::AtWork), "{load:?}");
    }
}

#[test]
fn codes_are_stable_and_those_of_a_newer_release_are_understood() {
    for state in BayState::ALL {
        let stored = serde_json::to_string(&state).unwrap();
        assert_eq!(stored, format!("\"{state}\""));
        assert_eq!(serde_json::from_str::<BayState>(&stored).unwrap(), state);
    }
    let newer: BayState = serde_json::from_str("\"polishing\"").unwrap();
    assert_eq!(newer, BayState::Other);
}

#[test]
fn a_status_is_read_with_what_a_newer_release_adds() {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    let [name, port] = ["B3", "pci-0000:00:14.0/usb3-2.4"];
    let empty = BayStatus::empty(BayName::new(name).unwrap(), PortId::new(port).unwrap(), at);
    let told = r#"{"name":"B3","port":"pci-0000:00:14.0/usb3-2.4","state":"empty","since":"2026-01-02T03:04:05Z","sentence":"Nothing is plugged in."}"#;
    assert_eq!(serde_json::to_string(&empty).unwrap(), told);
    let newer = told.replace('}', r#","temperature":41}"#);
    assert_eq!(serde_json::from_str::<BayStatus>(&newer).unwrap(), empty);
    assert_eq!(empty.clone().tidied(), empty);
}

/// What hostile disks are called neither fills a heartbeat nor plays with a terminal.
#[test]
fn a_status_is_short_whatever_disks_are_called() {
    let long = "x\u{1b}[2J\u{202e}".repeat(2000);
    let status = BayStatus {
        sentence: long.clone(),
        hint: Some(long.clone()),
        medium: Some(long.clone()),
        device: Some(DeviceFacts {
            maker: Some(long.clone()),
            model: Some(long.clone()),
            serial: Some(long.clone()),
            wwn: Some(long.clone()),
            bytes: Some(u64::MAX),
            connector: None,
            firmware: Some(long.clone()),
            bridge: Some(long.clone()),
            ..DeviceFacts::default()
        }),
        figures: Some(Figures {
            current: Some(long),
            ..Figures::default()
        }),
        map: Some(LiveMap {
            bytes: u64::MAX,
            cells: "+".repeat(5_000),
        }),
        job: Some(JobId::new("ABCDE").unwrap()),
        attempt: Some(u32::MAX),
        cause: Some(StopCause::SignatureMissing),
        ..BayStatus::empty(
            BayName::new("B3").unwrap(),
            PortId::new("pci-0000:00:14.0/usb3-2.4").unwrap(),
            Timestamp::from_unix(0),
        )
    };
    let told = serde_json::to_string(&status.tidied()).unwrap();
    assert!(!told.contains(readable::plays_with_terminals));
    assert!(!told.contains("u001b"));
    assert!(told.len() <= 1720, "{}", told.len());
}

/// Prints `docs/bay-states.md`. With `UPDATE_DOCS=1` it is written, otherwise compared.
#[test]
fn the_documented_table_of_bays_is_the_true_one() {
    let page = include_str!("../../../docs/bay-states.md");
    let printed = state_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bay-states.md");
        std::fs::write(path, &printed).unwrap();
    } else {
        assert_eq!(page, printed, "run the tests once with UPDATE_DOCS=1");
    }
}

fn state_table() -> String {
    let mut page = String::from(
        "# Bay states\n\nPrinted from `model::bay::BayState::apply` by its tests; do not edit by hand.\n\n\
         A bay is the place where a disk is plugged in. Its state follows the device, and ends no job. A\n\
         cell shows the state after the event, `=` where the event is taken and changes nothing, or why\n\
         it is refused. States in *italics* wait for a person, and nothing leads out of them by time;\n\
         `SettlingOver` is the only event that time makes.\n\n\
         `Vanished` is a device that is gone from the kernel; one that was taken from it to make it safe\n\
         is not. `Appeared` where something was before is another device, or the same once more: it is\n\
         looked at as if nothing were known of it.\n\n",
    );
    let names: Vec<String> = BayState::ALL.iter().map(|it| heading(*it)).collect();
    page.push_str(&format!("| Event | {} |\n", names.join(" | ")));
    page.push_str(&format!("| --- |{}\n", " --- |".repeat(names.len())));
    for event in BayEvent::ALL {
        let cells: Vec<String> = BayState::ALL.iter().map(|it| cell(*it, event)).collect();
        page.push_str(&format!("| **{event:?}** | {} |\n", cells.join(" | ")));
    }
    page
}

fn heading(state: BayState) -> String {
    match state.waits_for_person() {
        true => format!("*{state}*"),
        false => state.to_string(),
    }
}

fn cell(state: BayState, event: BayEvent) -> String {
    match state.apply(event) {
        Err(refusal) => format!("*{refusal}*"),
        Ok(next) if next == state => "=".to_owned(),
        Ok(next) => next.to_string(),
    }
}
