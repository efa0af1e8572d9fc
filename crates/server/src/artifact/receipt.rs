//! The receipt of a job for people, from the receipt that counts and the report for people.

use custody::digest::Digest;
use custody::event::{Examined, File, Identified, Outcome, What};
use custody::told::Told;
use custody::verify::Receipt;
use custody::words;
use model::ids::JobType;
use model::readable;
use model::report::SUMMARY_SUFFIX;
use paper::{ReceiptLine, ReceiptSheet, Step};

/// What the QR code begins with, before the job, the SHA-256 of the receipt and the fingerprint.
const SCANNED: &str = "longshore:1";

/// Most bytes of a report for people that are printed.
pub(crate) const REPORT_BYTES: u64 = 256 * 1024;

/// The report for people that the receipt names last, if it is short enough to be printed.
pub(crate) fn report_of(receipt: &Receipt) -> Option<&File> {
    let mut reported = receipt.entries.iter().rev().filter_map(|entry| {
        let Some(What::Reported(reported)) = &entry.what else {
            return None;
        };
        let mut files = reported.files.iter();
        files.find(|file| file.key.as_str().ends_with(SUMMARY_SUFFIX))
    });
    reported.next().filter(|file| file.bytes <= REPORT_BYTES)
}

/// The receipt for people. `text` is the receipt that counts, `name` what it is called; `report` is the content of
/// [`report_of`], or why there is none.
pub(crate) fn sheet(
    receipt: &Receipt,
    job_type: JobType,
    text: String,
    name: String,
    report: Option<Result<String, String>>,
) -> ReceiptSheet {
    let signer = receipt.installation.principal();
    let fingerprint = receipt.key.fingerprint();
    ReceiptSheet {
        job: receipt.job,
        headline: headline(receipt),
        particulars: particulars(receipt, job_type),
        report: match report {
            Some(Ok(report)) => lines(&report),
            Some(Err(why)) => vec![ReceiptLine::Text {
                indent: 0,
                text: why,
            }],
            None => Vec::new(),
        },
        steps: receipt.entries.iter().map(step).collect(),
        check: check(receipt, &signer, &fingerprint, &name),
        scan_text: format!(
            "{SCANNED}:{}:{}:{fingerprint}",
            receipt.job,
            Digest::of(text.as_bytes())
        ),
        name,
        receipt: text,
    }
}

fn step(entry: &custody::line::Entry) -> Step {
    Step {
        at: entry.at.to_string(),
        what: words::happened(entry),
        who: format!("event {}, {}", entry.seq, words::who(entry)),
    }
}

/// How it stands, in one sentence: what could not be transferred comes first.
fn headline(receipt: &Receipt) -> String {
    let whats = || {
        receipt
            .entries
            .iter()
            .filter_map(|entry| entry.what.as_ref())
    };
    let outcome = whats().rev().find_map(|what| match what {
        What::Loaded(loaded) => Some(("loaded", &loaded.0)),
        What::Filled(filled) => Some(("written", &filled.0)),
        _ => None,
    });
    let done = outcome.map_or_else(
        || "Nothing has been transferred yet".to_owned(),
        |(done, outcome)| transferred(done, outcome),
    );
    let end = match receipt.is_closed() {
        true => "; the device was given back, and nothing more is to come.",
        false => "; more is to come until the device is handed over.",
    };
    format!("{done}{end}")
}

fn transferred(done: &str, outcome: &Outcome) -> String {
    let tally = outcome.tally.map(|tally| {
        let (stored, bytes) = (readable::number(tally.stored), readable::bytes(tally.bytes));
        format!(" ({stored} files, {bytes})")
    });
    let tally = tally.unwrap_or_default();
    match outcome.errors {
        0 => format!("Everything was {done}{tally}, without errors"),
        1 => format!("1 entry could not be {done} whole; all others were{tally}"),
        errors => {
            let errors = readable::number(errors);
            format!("{errors} entries could not be {done} whole; all others were{tally}")
        }
    }
}

fn particulars(receipt: &Receipt, job_type: JobType) -> Vec<(&'static str, String)> {
    let whats = || {
        receipt
            .entries
            .iter()
            .filter_map(|entry| entry.what.as_ref())
    };
    let device = whats().rev().find_map(|what| match what {
        What::Identified(device) => Some(device),
        _ => None,
    });
    let device_id = whats().find_map(|what| match what {
        What::Announced(announced) => announced.device_id.as_ref(),
        _ => None,
    });
    let mut all = vec![("Job type", job_type.to_string())];
    all.extend(device_id.map(|id| ("Device id", id.as_str().to_owned())));
    all.extend(device.map(device_words));
    let health = whats().rev().find_map(|what| match what {
        What::Examined(health) => Some(health),
        _ => None,
    });
    all.extend(health.map(|health| ("Health", health_words(health))));
    all.extend([
        ("Account", receipt.account.to_string()),
        ("Given by", receipt.installation.to_string()),
        ("Edition", receipt.edition.to_string()),
        ("Stands at", receipt.at().to_string()),
    ]);
    all
}

fn device_words(it: &Identified) -> (&'static str, String) {
    let named = [&it.maker, &it.model].into_iter().flatten();
    let mut words: Vec<String> = vec![named.map(Told::as_str).collect::<Vec<_>>().join(" ")];
    let pairs = [
        ("serial", &it.serial),
        ("WWN", &it.wwn),
        ("firmware", &it.firmware),
    ];
    for (name, value) in pairs {
        words.extend(
            value
                .as_ref()
                .map(|value| format!("{name} {}", value.as_str())),
        );
    }
    words.extend(it.bytes.map(readable::bytes));
    words.extend(it.bus.map(|bus| bus.name().to_owned()));
    words.retain(|word| !word.is_empty());
    match words.is_empty() {
        true => ("Device", "it tells nothing of itself".to_owned()),
        false => ("Device", words.join(", ")),
    }
}

/// How the device says that it is.
fn health_words(it: &Examined) -> String {
    let sound = match it.passed {
        Some(true) => Some("sound, as it says".to_owned()),
        Some(false) => Some("failing, as it says".to_owned()),
        None => None,
    };
    let counted = [
        (it.hours, "hours of work"),
        (it.reallocated, "sectors replaced"),
        (it.pending, "sectors unreadable"),
    ];
    let counted = counted
        .into_iter()
        .filter_map(|(count, what)| Some(format!("{} {what}", readable::number(count?))));
    let words: Vec<String> = sound.into_iter().chain(counted).collect();
    match words.is_empty() {
        true => "it tells nothing of it".to_owned(),
        false => words.join(", "),
    }
}

fn check(receipt: &Receipt, signer: &str, fingerprint: &str, name: &str) -> Vec<String> {
    let size = receipt.checkpoint.size;
    vec![
        format!("What counts is the file {name}, which is attached: take it out with pdfdetach -saveall, or in a reader."),
        format!("It is signed by {signer} with the key {fingerprint}. Compare that with the packing slip, not with this page."),
        "Its signature: ssh-keygen -Y verify, as the first lines of the guide to receipts say. Its files: sha256sum -c \
         --ignore-missing. All of it: longshore receipt verify."
            .to_owned(),
        format!("Its events stand in the log of this installation, which had {size} when this receipt was given."),
    ]
}

/// The lines of a report: its parts, what stands under a caption, and all others.
fn lines(report: &str) -> Vec<ReceiptLine> {
    // The first says which job it is, and so does the sheet.
    let lines = report
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty());
    lines.map(line).collect()
}

fn line(line: &str) -> ReceiptLine {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    if indent > 0 {
        return ReceiptLine::Text {
            indent: u8::try_from(indent).unwrap_or(u8::MAX),
            text: text.to_owned(),
        };
    }
    match text.split_once("  ") {
        Some((name, value)) => ReceiptLine::Value(name.to_owned(), value.trim_start().to_owned()),
        None => ReceiptLine::Heading(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_report_are_told_apart() {
        let report = "Import ABCDE\n\nBucket      photos\n\nNot loaded\n  4 with 403\n    a: no\n";
        let text = |indent, text: &str| ReceiptLine::Text {
            indent,
            text: text.to_owned(),
        };
        let expected = [
            ReceiptLine::Value("Bucket".to_owned(), "photos".to_owned()),
            ReceiptLine::Heading("Not loaded".to_owned()),
            text(2, "4 with 403"),
            text(4, "a: no"),
        ];
        assert_eq!(lines(report), expected);
    }

    #[test]
    fn what_failed_is_said_first() {
        let outcome = |errors| Outcome {
            errors,
            ..Outcome::default()
        };
        assert_eq!(
            [0, 1, 2_000].map(|errors| transferred("loaded", &outcome(errors))),
            [
                "Everything was loaded, without errors",
                "1 entry could not be loaded whole; all others were",
                "2,000 entries could not be loaded whole; all others were",
            ]
        );
    }
}
