//! Every mail, as people read it.

use custody::event::{Aborted, Destroyed, Held, Loaded, ReturnedUnerased};
use model::ids::{AccountId, JobId};
use model::job::Job;
use model::notice::ByMail;
use model::progress::LogLocation;
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;

use super::super::template::Template;
use super::*;

/// A story of a job of which nothing more is known.
pub(crate) fn story(kind: NoticeKind) -> Story {
    let at = Timestamp::from_unix(1_800_000_000);
    let job = Job::open(
        JobId::new("ABCDE").unwrap(),
        AccountId::new("1".repeat(12)).unwrap(),
        JobType::Import,
        String::new(),
        at,
    );
    Story {
        id: "ABCDE-3".parse().unwrap(),
        kind,
        at,
        job,
        device_id: Some("D-1".to_owned()),
        addresses: vec!["jane@example.com".to_owned()],
        what: None,
        edition: None,
        log: Some(LogLocation {
            bucket: "logs".parse().unwrap(),
            key: "p/import-log-ABCDE".parse().unwrap(),
        }),
        report: HasReport::NotYet,
        expires: at.plus_seconds(86_400),
        installation: "dock.example.org".parse().unwrap(),
        checkpoint: "dock.example.org/custody\n3\nAAAA\n\n— dock.example.org/custody sig\n"
            .to_owned(),
    }
}

fn of(story: &Story) -> Letter {
    super::of(story, &Templates::default())
}

/// The head of the log and who sent it stand below whatever somebody says.
#[test]
fn a_template_takes_the_place_of_the_words() {
    let text = "Subject: {short}: {job}\n\n{happened}\n{facts}\n";
    let all = [(NoticeKind::JobCreated, Template::parse(text).unwrap())];
    let story = story(NoticeKind::JobCreated);
    let letter = super::of(&story, &Templates::new(all.into()));
    let plain = of(&story);
    assert_eq!(letter.subject, format!("made: {}", story.job.id));
    let tail = |text: &str| text[text.find("\n\nThe head of the log").unwrap()..].to_owned();
    assert_eq!(tail(&letter.text), tail(&plain.text));
    let first: Vec<&str> = plain.text.lines().take(1).collect();
    assert!(
        letter.text.starts_with(first[0]) && letter.text.contains("\nJob: "),
        "{}",
        letter.text
    );
}

#[test]
fn the_first_line_says_what_happened_and_the_second_what_to_do() {
    let mails = NoticeKind::ALL
        .iter()
        .filter(|kind| kind.goes_by_mail() == ByMail::Yes);
    for kind in mails {
        let letter = of(&story(*kind));
        let lines: Vec<&str> = letter.text.lines().collect();
        assert!(
            lines[0].contains("ABCDE") && lines[0].ends_with('.'),
            "{}",
            lines[0]
        );
        assert!(
            !lines[1].is_empty() && lines[1].ends_with('.'),
            "{}",
            lines[1]
        );
        assert_eq!(lines[2], "", "{kind}");
        assert!(
            letter.subject.starts_with("Job ABCDE (D-1): "),
            "{}",
            letter.subject
        );
        assert!(
            letter.text.contains("dock.example.org/custody\n3\nAAAA\n"),
            "{kind}"
        );
        assert!(letter.text.contains("Notice ABCDE-3"), "{kind}");
    }
}

#[test]
fn a_job_that_is_done_is_told_with_numbers_and_places() {
    let outcome = Outcome {
        errors: 1_200,
        ..Outcome::default()
    };
    let letter = of(&Story {
        what: Some(Loaded(outcome).into()),
        report: HasReport::There,
        ..story(NoticeKind::TransferFinished)
    });
    for line in [
        "Job ABCDE is done, and 1,200 of its entries failed.",
        "Failed: 1,200",
        "Report for people: s3://logs/p/import-log-ABCDE.txt",
        "Receipt: s3://logs/p/import-log-ABCDE.receipt",
    ] {
        assert!(
            letter.text.lines().any(|found| found == line),
            "{line} is not in\n{}",
            letter.text
        );
    }
}

#[test]
fn a_hold_is_told_with_what_mends_it() {
    let held = Held {
        cause: "BucketMissing".to_owned(),
        until: None,
    };
    let letter = of(&Story {
        what: Some(held.into()),
        ..story(NoticeKind::DeviceHeld)
    });
    let mut lines = letter.text.lines();
    assert_eq!(
        lines.next(),
        Some("Job ABCDE is on hold. A bucket of the job does not exist.")
    );
    assert_eq!(
        lines.next(),
        Some("Create it, and loading goes on by itself.")
    );
}

/// Customer and operator are reminded of the same, each of what they can do about it.
#[test]
fn a_hold_that_nobody_mends_is_told_to_both() {
    let since = "2026-01-02T03:04:05Z".parse().unwrap();
    let overdue = story(NoticeKind::JobOverdue);
    let overdue = Story {
        job: Job {
            stopped: Some(Stopped::new(since, StopCause::BucketMissing)),
            ..overdue.job.clone()
        },
        ..overdue
    };
    let happened = "Job ABCDE is on hold since 2026-01-02T03:04:05Z, and nobody has mended it. A bucket of the job does \
                    not exist.";
    let letter = of(&overdue);
    let lines: Vec<&str> = letter.text.lines().collect();
    assert_eq!(
        lines[..2],
        [happened, "Create it, and loading goes on by itself."]
    );
    assert_eq!(letter.subject, "Job ABCDE (D-1): on hold for too long");
    let letter = overdue_to_operator(&overdue);
    let lines: Vec<&str> = letter.text.lines().collect();
    assert_eq!(letter.subject, "Overdue: job ABCDE is on hold");
    assert!(
        lines[0] == happened && lines[1].contains("`longshore job give-up ABCDE`"),
        "{lines:?}"
    );
    assert!(lines.contains(&"Code: BucketMissing"), "{lines:?}");
}

#[test]
fn a_device_that_does_not_come_back_erased_is_told_with_the_reason() {
    let (authority, reason) = (|| "Jane Roe".into(), || "as asked by phone".into());
    let (destroyed, unerased) = (
        Destroyed {
            authority: authority(),
            reason: reason(),
        },
        ReturnedUnerased {
            authority: authority(),
            reason: reason(),
        },
    );
    for (what, happened) in [
        (
            What::from(destroyed),
            "The device of job ABCDE was destroyed.",
        ),
        (
            What::from(unerased),
            "The device of job ABCDE goes back as it is: it was not erased.",
        ),
    ] {
        let letter = of(&Story {
            what: Some(what),
            ..story(NoticeKind::DeviceProblem)
        });
        assert_eq!(letter.text.lines().next(), Some(happened));
        assert!(
            letter.text.contains("\nReason: as asked by phone\n"),
            "{}",
            letter.text
        );
    }
}

#[test]
fn what_somebody_else_said_ends_no_line() {
    let aborted = Aborted {
        cause: "DeviceError".to_owned(),
        reason: Some("x\r\nBcc: evil@example.com\u{2028}y".into()),
    };
    let letter = of(&Story {
        device_id: Some("D\r\nBcc: evil@example.com".to_owned()),
        what: Some(aborted.into()),
        ..story(NoticeKind::TransferAborted)
    });
    assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
    assert!(!letter.text.contains('\r'));
    let encoded = of(&Story {
        device_id: Some("=?utf-8?q?=0D=0ABcc:_x?=".to_owned()),
        ..story(NoticeKind::JobCreated)
    });
    assert!(!encoded.subject.contains("=?"), "{}", encoded.subject);
    let begins = |line: &str| line.starts_with("Bcc:");
    assert!(!letter.text.lines().any(begins), "{}", letter.text);
}

#[test]
fn no_mail_is_without_end() {
    let letter = of(&Story {
        checkpoint: "ä".repeat(20_000),
        ..story(NoticeKind::JobCreated)
    });
    assert!(letter.text.len() <= TEXT_BYTES);
}
