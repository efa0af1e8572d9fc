//! The table of holds, printed into the documentation, and what customers are told of each.

use super::*;
use crate::ids::BucketName;
use crate::stopped::Stopped;

fn stopped(cause: StopCause) -> Stopped {
    Stopped {
        bucket: BucketName::new("photos").ok(),
        ..Stopped::new("2026-01-02T03:04:05Z".parse().unwrap(), cause)
    }
}

fn held() -> impl Iterator<Item = (StopCause, Hold)> {
    let of = |cause: StopCause| cause.hold().map(|hold| (cause, hold));
    StopCause::ALL.into_iter().filter_map(of)
}

#[test]
fn what_nobody_can_mend_is_no_hold() {
    let others = StopCause::ALL
        .into_iter()
        .filter(|cause| cause.hold().is_none());
    let others: Vec<&str> = others.map(StopCause::code).collect();
    assert_eq!(
        others,
        [
            "StoreSilent",
            "Interrupted",
            "StationSilent",
            "StationTrouble",
            "Retry",
            "Other"
        ]
    );
}

#[test]
fn a_hold_is_told_as_one_and_says_what_mends_it() {
    for (cause, hold) in held() {
        let text = stopped(cause).to_string();
        assert!(
            text.starts_with("On hold since 2026-01-02T03:04:05Z: "),
            "{text}"
        );
        let goes_on_alone = text.ends_with("goes on by itself.");
        assert_eq!(goes_on_alone, hold.check.is_by_the_service(), "{text}");
        let mended = Stopped {
            mended: Some("2026-01-03T00:00:00Z".parse().unwrap()),
            ..stopped(cause)
        };
        assert_eq!(
            mended.to_string(),
            "No longer on hold since 2026-01-03T00:00:00Z. Loading goes on as soon as a station takes \
             the device up again."
        );
        assert!(!mended.is_held() && stopped(cause).is_held());
    }
    for cause in StopCause::ALL
        .into_iter()
        .filter(|cause| cause.hold().is_none())
    {
        let text = stopped(cause).to_string();
        assert!(
            text.starts_with("Stopped at 2026-01-02T03:04:05Z: "),
            "{text}"
        );
        assert!(!stopped(cause).is_held());
    }
}

/// Prints `docs/holds.md`. With `UPDATE_DOCS=1` it is written, otherwise compared.
#[test]
fn the_documented_table_of_holds_is_the_true_one() {
    let page = include_str!("../../../docs/holds.md");
    let printed = table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/holds.md");
        std::fs::write(path, &printed).unwrap();
    } else {
        assert_eq!(page, printed, "run the tests once with UPDATE_DOCS=1");
    }
}

fn table() -> String {
    let mut page = String::from(
        "# Holds\n\nPrinted from `model::hold` by its tests; do not edit by hand.\n\n\
         A job that somebody can mend is *on hold*: it keeps its states, and what is loaded, and goes on\n\
         when it is mended. What is promised of it stands in [semantics.md](semantics.md#holds), what an\n\
         operator does about it in [operating.md](operating.md#jobs-on-hold).\n\n\
         | Code | Mended by | Seen when | Given up as | What the customer reads |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for (cause, hold) in held() {
        let Hold {
            mender,
            check,
            given_up,
        } = hold;
        let told = stopped(cause).to_string();
        let code = cause.code();
        page.push_str(&format!(
            "| `{code}` | {mender} | {check} | {given_up} | {told} |\n"
        ));
    }
    page
}
