//! Everything that can be done to a receipt, by whoever has it and by whoever has the key.

use custody::digest::Digest;
use custody::event::Reported;
use custody::installation::InstallationName;
use custody::line::Line;
use custody::moment::Moment;
use custody::receipt::Contents;
use custody::sshsig::SshSignature;
use custody::verify::{NotEarlier, verify};
use proptest::prelude::*;

use crate::world::{World, event, file, handed_over, job, key, receipt, story, world};

/// The same receipt with its text changed, signed again with the right key.
fn signed_again(receipt: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let (text, _) = receipt.split_once("-----BEGIN").unwrap();
    let changed = change(text);
    assert_ne!(changed, text);
    let armour = SshSignature::of(&key(1), changed.as_bytes()).armour();
    (changed + &armour).into_bytes()
}

fn fault(receipt: &[u8]) -> String {
    verify(receipt).unwrap_err().to_string()
}

/// Strangers have these files.
#[test]
fn a_receipt_is_the_published_one() {
    assert_eq!(receipt(), include_str!("../golden/receipt.txt"));
}

#[test]
fn a_receipt_tells_what_happened() {
    let verified = verify(receipt().as_bytes()).unwrap();
    assert_eq!(verified.key, key(1).public());
    assert_eq!((verified.edition, verified.entries.len()), (1, 5));
    assert!(verified.is_closed());
    assert_eq!(verified.leaves, [3, 7, 11, 15, 19]);
    let files: Vec<(&str, Digest)> = verified
        .files()
        .into_iter()
        .map(|(name, sum)| (name.as_str(), sum))
        .collect();
    let expected = [
        ("log.csv", Digest::of(b"csv")),
        ("log.jsonl", Digest::of(b"jsonl")),
        ("parcel.jpg", Digest::of(b"picture")),
    ];
    assert_eq!(files, expected);
    assert!(
        !verify(world().receipt(1, 4, &key(1)).unwrap().as_bytes())
            .unwrap()
            .is_closed()
    );
}

/// Every byte that is changed, and every cut, is found, whatever it is changed to.
#[test]
fn every_change_of_a_byte_and_every_cut_is_refused() {
    let receipt = receipt().into_bytes();
    for place in 0..receipt.len() {
        let mut changed = receipt.clone();
        let byte = receipt[place];
        for other in [byte ^ 1, byte ^ 0x80, b'\n', b'"'] {
            changed[place] = other;
            assert!(
                other == byte || verify(&changed).is_err(),
                "{other} at {place}"
            );
        }
        assert!(verify(&receipt[..place]).is_err(), "cut at {place}");
        let without = [&receipt[..place], &receipt[place + 1..]].concat();
        assert!(verify(&without).is_err(), "without {place}");
    }
    for more in [&b"\n"[..], b" ", b"x", b"\0", b"{\"seq\":5}\n", &receipt] {
        assert!(verify(&[&receipt, more].concat()).is_err());
        assert!(verify(&[more, &receipt].concat()).is_err());
    }
}

/// The same to the end: each byte, and each of the 255 other values. `cargo test -p custody -- --ignored` takes minutes.
#[test]
#[ignore = "takes minutes"]
fn every_other_value_of_every_byte_is_refused() {
    let receipt = receipt().into_bytes();
    for place in 0..receipt.len() {
        let mut changed = receipt.clone();
        for other in (0..=u8::MAX).filter(|other| *other != receipt[place]) {
            changed[place] = other;
            assert!(verify(&changed).is_err(), "{other} at {place}");
        }
    }
}

/// Whoever has the key cannot tell another story without being found out.
#[test]
fn what_is_signed_again_does_not_go_together() {
    let receipt = receipt();
    let lines: Vec<String> = receipt.lines().map(|line| format!("{line}\n")).collect();
    for (change, words) in [
        (
            ("\"carrier\":\"UPS\"", "\"carrier\":\"DHL\""),
            "line 6: its `prev` is",
        ),
        (
            ("\"events\":4", "\"events\":3"),
            "line 6: it says that 3 events",
        ),
        (
            ("\"events\":5}", "\"events\":6}"),
            "line 7: it does not begin with `{\"seq\":`",
        ),
        (
            ("\"events\":5}", "\"events\":4}"),
            "line 6: `SHA256 (log.csv) = ",
        ),
        (
            ("\"events\":5}", "\"events\":0}"),
            "line 1: it says that there are no events",
        ),
        (
            (
                "\"job\":\"45HFS\",\"account\"",
                "\"job\":\"45HFT\",\"account\"",
            ),
            "line 2: it is of job `45HFS`, and not of",
        ),
        (
            ("dock.example\"", "dick.example\""),
            "line 10: its checkpoint is of `dock.example/custody`",
        ),
        (
            ("SHA256 (log.csv)", "SHA256 (lag.csv)"),
            "line 7: `SHA256 (log.csv) = ",
        ),
        (
            ("\"version\":1", "\"version\":2"),
            "line 1: it is a receipt of version 2",
        ),
        (
            ("longshore-receipt", "longshore-report"),
            "line 1: it does not begin as",
        ),
        (
            ("\"edition\":1", "\"extra\":1,\"edition\":1"),
            "line 1: it is not the head",
        ),
        (
            ("\"index\":3,", "\"index\":4,"),
            "line 10: the event 0 is not in the log",
        ),
        (
            ("\"index\":7,", "\"index\":2,"),
            "line 10: the event 1 stands in the log before",
        ),
        (
            ("\\n20\\n", "\\n21\\n"),
            "line 10: its checkpoint is not signed by",
        ),
        ((lines[7].as_str(), ""), "line 8: `SHA256 (log.jsonl) = "),
        (
            (lines[2].as_str(), ""),
            "line 3: its `seq` is 2, and 1 is due",
        ),
        ((lines[9].as_str(), ""), "line 10: it is another line"),
        (
            (lines[9].as_str(), "{\"twig\":0}\n"),
            "line 10: it is another line",
        ),
    ] {
        let told = fault(&signed_again(&receipt, |text| {
            text.replacen(change.0, change.1, 1)
        }));
        assert!(told.starts_with(words), "{words}: {told}");
    }
    let swapped = signed_again(&receipt, |text| {
        text.replace(
            &[&lines[2][..], &lines[3]].concat(),
            &[&lines[3][..], &lines[2]].concat(),
        )
    });
    assert!(fault(&swapped).starts_with("line 3: its `seq` is 2"));
    let doubled = signed_again(&receipt, |text| {
        text.replace(&lines[6], &lines[6].repeat(2))
    });
    assert!(fault(&doubled).starts_with("line 8: `SHA256 (log.jsonl) ="));
}

/// The last event is held by no other event: the log holds it.
#[test]
fn a_last_event_that_was_rewritten_is_not_in_the_log() {
    let world = world();
    let honest = world.receipt(1, 4, &key(1)).unwrap();
    let told = fault(&signed_again(&honest, |text| text.replace("UPS", "DHL")));
    assert!(
        told.starts_with("line 9: the event 3 is not in the log: the path leads to"),
        "{told}"
    );
}

#[test]
fn a_log_of_another_key_is_none() {
    let world = world();
    let lines: Vec<&str> = world.lines.iter().map(Line::as_str).collect();
    let contents = Contents {
        installation: &InstallationName::new("dock.example").unwrap(),
        job: job(),
        account: &"123456789012".parse().unwrap(),
        edition: 1,
        lines: &lines,
        leaves: world.leaves(5),
        checkpoint: &world.checkpoint().signed(&key(2)),
    };
    let told = contents.sign(&key(1)).unwrap_err().to_string();
    assert!(
        told.starts_with("line 10: its checkpoint is not signed by the key"),
        "{told}"
    );
}

#[test]
fn a_later_edition_begins_with_the_same_events() {
    let later = world();
    let verified = |world: &World, edition, count| {
        let receipt = world.receipt(edition, count, &key(1)).unwrap();
        verify(receipt.as_bytes()).unwrap()
    };
    let earlier = World::of(&story("UPS")[..3], 3);
    let (first, third) = (verified(&earlier, 1, 3), verified(&later, 3, 5));
    assert_eq!(third.must_begin_with(&first), Ok(()));
    assert_eq!(third.must_begin_with(&third), Ok(()));
    assert_eq!(first.must_begin_with(&third), Err(NotEarlier::Later(3)));
    let more = verified(&later, 1, 5);
    assert_eq!(
        first.must_begin_with(&more),
        Err(NotEarlier::More { old: 5, new: 3 })
    );

    let mut rewritten = story("UPS");
    rewritten[1].at = Moment::from_unix_millis(1_790_000_011_000);
    let rewritten = verified(&World::of(&rewritten, 3), 3, 5);
    assert_eq!(
        rewritten.must_begin_with(&first),
        Err(NotEarlier::Rewritten(1))
    );
    let moved = verified(&World::of(&story("UPS"), 4), 3, 5);
    assert_eq!(moved.must_begin_with(&first), Err(NotEarlier::Moved(0)));
    let mut forked = World::of(&story("UPS"), 3);
    forked.put(b"of somebody else");
    let mut other = World::of(&story("UPS"), 3);
    other.put(b"of nobody");
    let (forked, other) = (verified(&forked, 3, 5), verified(&other, 4, 5));
    let of_both = NotEarlier::OtherLog { old: 21, new: 21 };
    assert_eq!(other.must_begin_with(&forked), Err(of_both));
}

#[test]
fn a_report_that_was_replaced_counts_as_it_is_now() {
    let files = |content| Reported {
        files: vec![file("log.csv", content)],
    };
    let events = [event(0, files(b"first")), event(1, files(b"second"))];
    let receipt = World::of(&events, 0).receipt(1, 2, &key(1)).unwrap();
    let sums: Vec<&str> = receipt
        .lines()
        .filter(|line| line.starts_with("SHA256 ("))
        .collect();
    assert_eq!(
        sums,
        [format!("SHA256 (log.csv) = {}", Digest::of(b"second"))]
    );
}

#[test]
fn a_receipt_is_read_up_to_its_limit() {
    let long = vec![b'x'; custody::limits::RECEIPT_BYTES + 1];
    assert!(fault(&long).starts_with("it has 4194305 bytes"));
    let line = [
        b"{\"format\":\"longshore-receipt\",\"version\":1,\"x\":\"",
        &long[1..100_000],
    ]
    .concat();
    assert!(fault(&line).starts_with("line 1: it does not begin"));
    assert!(fault(b"").starts_with("line 1: it does not begin"));
    // It says that it has more events than there is room for.
    let many = signed_again(&receipt(), |text| {
        text.replacen("\"events\":5}", "\"events\":18446744073709551615}", 1)
    });
    assert!(fault(&many).starts_with("line 7: it does not begin with"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_a_carrier_is_called_the_receipt_verifies(carrier in "\\PC{0,40}|.{0,1200}|[\"\\\\\n\u{202e}]{0,9}") {
        let hostile = format!("{carrier}\n-----BEGIN SSH SIGNATURE-----\n{carrier}");
        for carrier in [carrier, hostile] {
            let receipt = World::of(&story(&carrier), 1).receipt(1, 5, &key(1)).unwrap();
            let verified = verify(receipt.as_bytes()).unwrap();
            prop_assert_eq!(&verified.entries[3].what, &Some(handed_over(&carrier).into()));
            prop_assert_eq!(receipt.matches("\n-----BEGIN").count(), 1);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_receipt(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify(&bytes).is_err());
        let receipt = receipt();
        let begun = [&receipt.as_bytes()[..bytes.len().min(receipt.len())], &bytes[..]].concat();
        prop_assert!(verify(&begun).is_err());
    }
}
