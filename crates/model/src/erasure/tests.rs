//! What makes a certificate, and what it says.

use serde_json::{Value, json};

use super::*;
use crate::limits::UNWRITTEN_SPANS;

fn verified() -> Verification {
    let extent = Extent::Full;
    Verification {
        misses: Verification::misses_of(&extent),
        extent,
        bytes_read: 1 << 20,
        share: 1.0,
        expected: PassFill::Zeros,
        unreadable: 0,
        first_difference: None,
    }
}

/// A certificate of a small disk.
pub(crate) fn account() -> Certificate {
    Certificate {
        device: ErasedDevice {
            maker: Some("Maker".into()),
            model: Some("Disk".into()),
            serial: Some("S1234".into()),
            wwn: None,
            firmware: None,
            medium: Medium::Rotating,
            bytes: 1 << 20,
            hidden: HiddenArea::Sectors(0),
        },
        method: ErasureMethod::Clear,
        technique: Technique::OverwriteZeros,
        commands: Vec::new(),
        passes: vec![Pass {
            fill: PassFill::Zeros,
            bytes: 1 << 20,
            read_back: true,
        }],
        tool: ErasureTool {
            name: "longshore".into(),
            version: "1".into(),
        },
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        ended: "2026-01-02T03:14:05Z".parse().unwrap(),
        resumed: 0,
        bytes_written: 1 << 20,
        errors: 0,
        not_written: Unwritten::default(),
        verification: Some(verified()),
        validation: Validation::approved(),
        not_claimed: Unclaimed::ALL.to_vec(),
    }
}

#[test]
fn only_a_whole_account_is_a_certificate() {
    let cause = |change: &dyn Fn(&mut Certificate)| {
        let mut changed = account();
        change(&mut changed);
        let end = ErasureEnd::of(changed.clone());
        let claimed = ErasureEnd::Erased(Box::new(changed));
        assert_eq!(
            claimed.is_sound(),
            matches!(end, ErasureEnd::Erased(_)),
            "{end:?}"
        );
        match end {
            ErasureEnd::Erased(_) => None,
            ErasureEnd::Failed(failure) => Some((failure.cause, failure.why)),
        }
    };
    assert_eq!(cause(&|_| {}), None);
    let bad = Unwritten::of(&[Span {
        offset: 4096,
        bytes: 512,
    }]);
    let bad = cause(&|it| it.not_written = bad.clone());
    let words = "512 bytes in 1 ranges could not be written".to_owned();
    assert_eq!(bad, Some((FailureCause::BadBlocks, words)));
    let unread = cause(&|it| it.verification = None);
    assert_eq!(unread.unwrap().0, FailureCause::NotVerified);
    let found = Difference {
        offset: 77,
        found: 1,
        expected: 0,
    };
    let other = cause(&|it| {
        let mut read = verified();
        read.first_difference = Some(found);
        it.verification = Some(read);
    });
    let words = "byte 77 reads as 1 and should be 0".to_owned();
    assert_eq!(other, Some((FailureCause::NotAsWritten, words)));
    let refused = cause(&|it| {
        it.commands
            .push(Answer::new("nvme sanitize", Some(1), "invalid field\n"));
    });
    let words = "`nvme sanitize` did not succeed".to_owned();
    assert_eq!(refused, Some((FailureCause::CommandFailed, words)));
}

#[test]
fn each_cause_of_doubt_has_its_verdict() {
    let doubts = |known: Known, change: &dyn Fn(&mut Certificate)| {
        let mut changed = account();
        change(&mut changed);
        Validation::of(&changed, known)
    };
    assert_eq!(
        doubts(Known::default(), &|_| {}),
        Validation::approved(),
        "a disk that was written over and read"
    );
    let one = |verdict, cause| Validation {
        verdict,
        causes: vec![cause],
    };
    let flash = doubts(Known::default(), &|it| it.device.medium = Medium::Flash);
    assert_eq!(flash, one(Verdict::Escalate, Doubt::FlashOverwritten));
    let hidden = doubts(Known::default(), &|it| {
        it.device.hidden = HiddenArea::Unknown;
    });
    assert_eq!(hidden, one(Verdict::Escalate, Doubt::HiddenAreaUnknown));
    let sick = Known {
        pending: Some(8),
        reallocated: Some(0),
        interface_errors: Some(3),
    };
    let sick = doubts(sick, &|_| {});
    let causes = vec![
        Doubt::InterfaceErrors { count: 3 },
        Doubt::PendingSectors { count: 8 },
    ];
    let verdict = Verdict::Rejected;
    assert_eq!(sick, Validation { verdict, causes });
    // What the device did to all of itself reaches what it hides.
    let purged = doubts(Known::default(), &|it| {
        it.method = ErasureMethod::Purge;
        it.technique = Technique::AtaSanitizeBlock;
        it.device.medium = Medium::Flash;
        it.device.hidden = HiddenArea::Unknown;
    });
    assert_eq!(purged, Validation::approved());
}

#[test]
fn a_sample_says_with_which_chance_it_misses_something() {
    let of_2000 = |share| chance_of_a_miss(share, 2000);
    assert!((of_2000(0.001) - 0.135_2).abs() < 0.001, "0.1 %");
    assert!(of_2000(0.01) < 2.0e-9 && of_2000(0.01) > 1.0e-9, "1 %");
    assert!((of_2000(0.0) - 1.0).abs() < f64::EPSILON);
    assert!(of_2000(1.0) == 0.0 && of_2000(7.0) == 0.0);
    let full = Verification::misses_of(&Extent::Full);
    assert!(full.iter().all(|miss| miss.chance == 0.0));
}

/// The names are in receipts, which are kept for good.
#[test]
fn the_names_of_a_certificate_stay() {
    let end = ErasureEnd::of(account());
    let json = serde_json::to_value(&end).unwrap();
    assert_eq!(json["end"], "erased");
    let expected = json!({
        "maker": "Maker", "model": "Disk", "serial": "S1234", "wwn": null, "firmware": null,
        "medium": "rotating", "bytes": 1_048_576, "hidden": {"known": "sectors", "sectors": 0},
    });
    assert_eq!(json["device"], expected);
    assert_eq!(json["technique"], "overwrite-zeros");
    assert_eq!(json["method"], "clear");
    assert_eq!(json["verification"]["extent"], json!({"how": "full"}));
    let always = [
        "remapped-sectors",
        "over-provisioned-cells",
        "hidden-areas",
        "ieee2883",
    ];
    assert_eq!(json["not_claimed"], Value::from(always.to_vec()));
    assert_eq!(serde_json::from_value::<ErasureEnd>(json).unwrap(), end);
    for technique in Technique::ALL {
        let json = serde_json::to_value(technique).unwrap();
        assert_eq!(json, technique.code());
        assert_eq!(technique.code().parse(), Ok(technique));
        // Nothing that only writes over claims more.
        assert!(!technique.is_overwrite() || technique.method() == ErasureMethod::Clear);
    }
    assert!("discard".parse::<Technique>().is_err());
}

#[test]
fn a_certificate_fits_into_a_line_whatever_the_device_says() {
    let many: Vec<Span> = (0..100_000)
        .map(|number| Span {
            offset: number * 1_000_000_000,
            bytes: 999_999_999,
        })
        .collect();
    let unwritten = Unwritten::of(&many);
    assert_eq!(unwritten.ranges, 100_000);
    assert_eq!(unwritten.listed.len(), UNWRITTEN_SPANS);
    let loud = "\u{1b}\u{10ffff}\"".repeat(100_000);
    let answer = Answer::new(&loud, None, &loud);
    let mut told = account();
    told.not_written = unwritten;
    told.commands = vec![answer; 4];
    let json = serde_json::to_string(&ErasureEnd::of(told)).unwrap();
    assert!(json.len() < 48 << 10, "{}", json.len());
}
