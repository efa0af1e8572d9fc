//! Chains as they are written and as strangers follow them.

use model::ids::{BayName, StationName};

use super::*;
use crate::by::{By, How};
use crate::event::{
    Closed, Corrected, File, FileName, HandedOver, Identified, Received, Reported, Updated,
};
use crate::limits::{LINE_BYTES, TOLD_CHARS};
use crate::told::Told;

fn job() -> Option<JobId> {
    Some(JobId::new("45HFS").unwrap())
}

fn event(second: i64, what: impl Into<What>) -> Event {
    Event {
        at: Moment::from_unix_millis(1_790_000_000_000 + second * 1000),
        what: what.into(),
        by: By::new(&"person:jane".parse().unwrap(), How::Session),
        station: None,
        bay: None,
    }
}

fn salt(byte: u8) -> Salt {
    Salt::new([byte; Salt::BYTES])
}

fn told(text: &str) -> Told {
    Told::new(text)
}

fn received(seal: &str) -> Received {
    Received {
        carrier: Some(told("DHL")),
        tracking: None,
        packages: Some(1),
        condition: None,
        seal: Some(told(seal)),
    }
}

/// Three events of one job.
fn lines() -> Vec<Line> {
    let mut chain = Chain::new(job());
    let manifest_sha256 = Digest::of(b"manifest");
    let mut looked_at = event(2, Identified::default());
    looked_at.station = StationName::new("dock-1").ok();
    looked_at.bay = BayName::new("bay 1").ok();
    let events = [
        event(0, Updated { manifest_sha256 }),
        event(1, received("S-1")),
        looked_at,
    ];
    let mut line = |(number, event)| chain.append(event, salt(number)).unwrap();
    (0..).zip(&events).map(&mut line).collect()
}

/// What follows of these lines.
fn follow<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Entry>, Broken> {
    let mut chain = Chain::new(job());
    lines.into_iter().map(|line| chain.follow(line)).collect()
}

/// Receipts in drawers hold these bytes.
#[test]
fn lines_are_the_published_ones() {
    let written: Vec<String> = lines()
        .iter()
        .map(|line| line.as_str().to_owned())
        .collect();
    assert_eq!(
        written.join("\n") + "\n",
        include_str!("../tests/golden/lines.jsonl")
    );
}

/// Those of earlier releases, which had more fields that nobody filled.
#[test]
fn lines_of_earlier_releases_are_read() {
    let earlier = include_str!("../tests/golden/lines-earlier.jsonl");
    let entries = follow(earlier.lines().map(str::as_bytes)).unwrap();
    assert_eq!(entries[2].what, Some(Identified::default().into()));
}

#[test]
fn lines_are_read_as_they_were_told() {
    let lines = lines();
    let entries = follow(lines.iter().map(Line::bytes)).unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(names, ["updated", "received", "identified"]);
    assert_eq!(entries[1].what, Some(received("S-1").into()));
    assert_eq!(entries[2].what, Some(Identified::default().into()));
    assert_eq!(entries[2].bay, BayName::new("bay 1").ok());
    assert_eq!(entries[2].prev, lines[1].digest());
    assert_eq!(entries[0].prev, Digest::ZERO);
}

#[test]
fn what_was_dropped_moved_or_edited_is_found() {
    let lines = lines();
    let [a, b, c] = [0, 1, 2].map(|place| lines[place].bytes());
    for order in [vec![b, c], vec![a, c], vec![a, c, b], vec![a, a]] {
        let broken = follow(order).unwrap_err();
        assert!(matches!(broken, Broken::Seq { .. }), "{broken}");
    }
    let edited = lines[1].as_str().replace("S-1", "S-2");
    let broken = follow([a, edited.as_bytes(), c]).unwrap_err();
    assert!(matches!(broken, Broken::Prev { .. }), "{broken}");
}

#[test]
fn a_chain_is_gone_on_with_where_it_stood() {
    let lines = lines();
    let mut whole = Chain::new(job());
    for line in &lines {
        whole.follow(line.bytes()).unwrap();
    }
    let mut kept = Chain::after(job(), whole.events(), whole.last(), whole.at());
    assert_eq!(kept, whole);
    let next = event(9, received("S-3"));
    let line = kept.append(&next, salt(9)).unwrap();
    assert_eq!(whole.follow(line.bytes()).unwrap().seq, 3);
}

#[test]
fn a_clock_that_was_set_back_tells_no_earlier_time() {
    let mut chain = Chain::new(job());
    chain.append(&event(10, received("a")), salt(0)).unwrap();
    let line = chain.append(&event(4, received("b")), salt(1)).unwrap();
    let at = Entry::parse(line.bytes()).unwrap().at;
    assert_eq!(at, event(10, received("a")).at);

    let mut earlier = Chain::after(job(), 1, chain.last(), Moment::FIRST);
    let line = earlier.append(&event(3, received("c")), salt(2)).unwrap();
    let mut strict = Chain::after(job(), 1, chain.last(), at);
    let broken = strict.follow(line.bytes()).unwrap_err();
    assert!(matches!(broken, Broken::Time { .. }), "{broken}");
}

#[test]
fn events_of_another_job_and_wrong_counts_are_found() {
    let line = Chain::new(None)
        .append(&event(0, received("a")), salt(0))
        .unwrap();
    let broken = follow([line.bytes()]).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "it is of no job, and not of job `45HFS`"
    );
    let wrong: [(What, &str); 2] = [
        (Closed { events: 3 }.into(), "says that 3 events"),
        (
            Corrected {
                of: 0,
                says: told("x"),
                reason: told("y"),
            }
            .into(),
            "corrects the event 0",
        ),
    ];
    for (what, words) in wrong {
        let line = Chain::new(job()).append(&event(0, what), salt(0)).unwrap();
        let broken = follow([line.bytes()]).unwrap_err();
        assert!(broken.to_string().contains(words), "{broken}");
    }
}

#[test]
fn whatever_a_person_types_stays_in_its_line() {
    for hostile in [
        "\"}\n{\"seq\":0,",
        "\n-----BEGIN SSH SIGNATURE-----\n",
        "\u{202e}drawkcab\u{2028}\u{1b}[2J\u{0}\\",
        "SHA256 (x) = ",
        &"\u{10ffff}".repeat(64 << 10),
        &"\u{1}".repeat(64 << 10),
    ] {
        let line = Chain::new(job())
            .append(&event(0, received(hostile)), salt(0))
            .unwrap();
        assert!(
            !line
                .as_str()
                .contains(model::readable::plays_with_terminals)
        );
        let entry = Entry::parse(line.bytes()).unwrap();
        assert_eq!(entry.what, Some(received(hostile).into()));
    }
}

/// Five texts of the longest form there is.
#[test]
fn the_longest_event_of_people_fits_into_a_line() {
    let long = told(&"\u{1}".repeat(TOLD_CHARS));
    let own = Received {
        carrier: Some(long.clone()),
        tracking: Some(long.clone()),
        packages: Some(u32::MAX),
        condition: None,
        seal: Some(long),
    };
    Chain::new(job()).append(&event(0, own), salt(0)).unwrap();
}

#[test]
fn what_does_not_fit_is_no_event_and_leaves_the_chain() {
    let file = File {
        bucket: "logs".parse().unwrap(),
        key: "k".repeat(1024).parse().unwrap(),
        name: FileName::new("report.jsonl").unwrap(),
        bytes: 1,
        sha256: Digest::ZERO,
    };
    let files = vec![file; 100];
    let mut chain = Chain::new(job());
    let long = chain
        .append(&event(0, Reported { files }), salt(0))
        .unwrap_err();
    assert!(long.bytes > LINE_BYTES && long.event == "reported");
    assert_eq!(chain, Chain::new(job()));
}

#[test]
fn what_a_later_release_tells_is_read_as_far_as_it_is_known() {
    let line = lines()[0].as_str().replace("\"updated\"", "\"teleported\"");
    let entry = Entry::parse(line.as_bytes()).unwrap();
    assert_eq!((entry.event.as_str(), entry.what), ("teleported", None));
}

#[test]
fn lines_that_are_no_events_are_refused() {
    let handed = HandedOver {
        carrier: told("UPS"),
        tracking: told("1Z"),
    };
    let whole = Chain::new(job())
        .append(&event(0, handed), salt(7))
        .unwrap();
    let whole = whole.as_str();
    for end in 0..whole.len() {
        assert!(Entry::parse(&whole.as_bytes()[..end]).is_err(), "{end}");
    }
    for (from, to) in [
        ("{\"seq\":", "{ \"seq\":"),
        ("\"seq\":0", "\"seq\":-1"),
        ("\"seq\":0", "\"seq\":0.0"),
        (".000Z", "Z"),
        ("\"tracking\":\"1Z\"", "\"tracking\":1"),
        (",\"tracking\":\"1Z\"", ""),
        ("\"carrier\":", "\"carrier\":\"a\",\"carrier\":"),
        ("\"prev\":\"0", "\"prev\":\"g"),
        ("\"how\":\"session\"", "\"how\":\"guess\""),
        ("\"salt\":\"BwcH", "\"salt\":\"Bwc="),
        ("==\"}", "==\"} "),
        ("==\"}", "==\" }"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from}");
        assert!(Entry::parse(changed.as_bytes()).is_err(), "{to}");
    }
    // The number has one form, which `grep` finds.
    let other = whole.replacen("\"seq\":0,", "\"seq\":0 ,", 1);
    let broken = Chain::new(job()).follow(other.as_bytes()).unwrap_err();
    assert!(matches!(broken, Broken::Seq { .. }), "{broken}");
    let long = format!("{whole}{}", " ".repeat(LINE_BYTES));
    assert!(matches!(
        Entry::parse(long.as_bytes()),
        Err(LineError::TooLong(_))
    ));
}
