//! The words of mails. The first line says what happened, the second what to do; then numbers, where things lie, and the
//! head of the log.
//!
//! Pure: a [`Story`] in, a [`Letter`] out. Whoever runs the service may have other [`Templates`]. English stands in [`english`], one arm for each kind; another language is another
//! such function.

use custody::event::{Outcome, ParcelCondition, What};
use custody::installation::InstallationName;
use model::ids::JobType;
use model::notice::NoticeKind;
use model::progress::AbortReason;
use model::readable;
use model::report;
use model::stopped::{StopCause, Stopped};

use super::story::{HasReport, Story};
use super::template::{Place, Templates};
use crate::jobstore::{Delivery, Lane};

/// Longest text of a mail in bytes (a page has some three thousand).
const TEXT_BYTES: usize = 20_000;

/// Most characters of a device's name, or of what somebody said, in one place.
const WORD_CHARS: usize = 200;

/// A mail without its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// What it is about, on one line.
    pub(crate) subject: String,
    /// What it says.
    pub(crate) text: String,
}

/// What is said of a notice.
struct Words {
    /// For the subject.
    short: String,
    /// What happened, as a sentence.
    happened: String,
    /// What to do, as a sentence.
    to_do: String,
    /// Numbers and facts by name.
    facts: Vec<(&'static str, String)>,
}

/// Writes the mail of a story, by its template if there is one.
#[must_use]
pub(crate) fn of(story: &Story, templates: &Templates) -> Letter {
    let words = english(story);
    let job = story.job.id;
    let device = device(story);
    let named = device.as_ref().map(|name| format!(" ({name})"));
    let named = named.unwrap_or_default();
    let mut facts = vec![
        ("Job", format!("{job}, {}", kind_of_job(story.job.job_type))),
        (
            "Device",
            device.clone().unwrap_or_else(|| "not known".to_owned()),
        ),
        ("When", story.at.to_string()),
    ];
    facts.extend(words.facts);
    facts.extend(places(story));
    let facts: Vec<String> = facts
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    let (happened, to_do) = (words.happened, words.to_do);
    let (subject, mut text) = match templates.of(story.kind) {
        None => (
            format!("Job {job}{named}: {}", words.short),
            format!("{happened}\n{to_do}\n\n{}", facts.join("\n")),
        ),
        Some(template) => template.filled(|place| match place {
            Place::Job => job.to_string(),
            Place::Device => device.clone().unwrap_or_else(|| "not known".to_owned()),
            Place::Account => story.job.account.to_string(),
            Place::When => story.at.to_string(),
            Place::Short => words.short.clone(),
            Place::Happened => happened.clone(),
            Place::ToDo => to_do.clone(),
            Place::Facts => facts.join("\n"),
            Place::Installation => story.installation.to_string(),
        }),
    };
    text.push_str(
        "\n\nThe head of the log of custody when this was sent. Who keeps it can show later that nothing in it was rewritten:\n\n",
    );
    text.push_str(&story.checkpoint);
    text.push_str(&format!(
        "\n-- \nSent by the Longshore service {} because the manifest of job {job} names this address. Notice {}, {}.\n",
        story.installation, story.id, story.kind
    ));
    Letter {
        subject,
        text: cut(text),
    }
}

/// Writes the mail to the operator that a delivery was given up.
#[must_use]
pub(crate) fn undelivered(
    installation: &InstallationName,
    delivery: &Delivery,
    answer: &str,
) -> Letter {
    let (seq, what) = (delivery.seq, &delivery.what);
    let (to, replay) = match &what.lane {
        Lane::Webhook(id) => (format!("the webhook {id}"), format!("--webhook {id}")),
        Lane::Mail(_) => (
            "an address of its manifest".to_owned(),
            format!("--delivery {seq}"),
        ),
    };
    let job = what.job.map(|job| format!(" of job {job}"));
    let job = job.unwrap_or_default();
    let text = format!(
        "The notice {}{job} could not be delivered to {to}, and is given up.\n\
         When that is mended, `longshore webhook replay {replay}` has it sent again.\n\n\
         Event: {}\nTries: {}\nLast answer: {}\nDelivery: {seq}\n\n-- \n\
         Sent by the Longshore service {installation} to the operator.\n",
        what.notice,
        what.kind,
        delivery.tries,
        one_line(answer),
    );
    Letter {
        subject: format!("Not delivered: {}{job}", what.kind),
        text: cut(text),
    }
}

/// What the customer calls the device, on one line.
fn device(story: &Story) -> Option<String> {
    story.device_id.as_deref().map(one_line)
}

/// A text of somebody else as it stands in a mail: nothing in it ends the line, or is taken for an encoded word of a header.
pub(super) fn one_line(text: &str) -> String {
    let kept = text.chars().map(|c| {
        if readable::plays_with_terminals(c) {
            ' '
        } else {
            c
        }
    });
    let kept = kept.collect::<String>().replace("=?", "= ?");
    readable::name(kept.trim(), WORD_CHARS)
}

/// No more than is wanted, and no character torn.
fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES {
        let mut end = TEXT_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

fn kind_of_job(job_type: JobType) -> &'static str {
    match job_type {
        JobType::Import => "import",
        JobType::Export => "export",
    }
}

/// Where report and receipt lie.
fn places(story: &Story) -> Vec<(&'static str, String)> {
    let (Some(log), HasReport::There) = (&story.log, story.report) else {
        return Vec::new();
    };
    let keys = report::keys(log);
    let at = |key: &model::ids::ObjectKey| {
        let key = readable::name(key.as_str(), model::limits::KEY_BYTES);
        format!("s3://{}/{key}", log.bucket)
    };
    vec![
        ("Report for people", at(&keys.summary)),
        ("Report for programs", at(&keys.lines)),
        ("Receipt", at(&keys.receipt)),
    ]
}

const NOTHING_TO_DO: &str = "You need do nothing.";

/// What is said in English.
fn english(story: &Story) -> Words {
    let job = story.job.id;
    let (short, happened, to_do) = match story.kind {
        NoticeKind::JobCreated => (
            "made".to_owned(),
            format!("Job {job} was made, and waits for its device."),
            format!(
                "Put the SIGNATURE file that you were given on the device, and send it so that it is here before {}.",
                story.expires
            ),
        ),
        NoticeKind::JobUpdated => (
            "changed".to_owned(),
            format!("The manifest of job {job} was replaced."),
            NOTHING_TO_DO.to_owned(),
        ),
        NoticeKind::JobCanceled => (
            "canceled".to_owned(),
            format!("Job {job} was canceled."),
            "If you still want it done, make a new job.".to_owned(),
        ),
        NoticeKind::JobExpiring => (
            format!("expires on {}", story.expires),
            format!(
                "The device of job {job} has not come, and the job expires on {}.",
                story.expires
            ),
            "Send the device so that it is here before that, or make a new job when you send it."
                .to_owned(),
        ),
        NoticeKind::JobExpired => (
            "expired".to_owned(),
            format!("Job {job} has expired: its device did not come in time."),
            "If you still want it done, make a new job, and put its SIGNATURE file on the device."
                .to_owned(),
        ),
        NoticeKind::DeviceReceived => (
            "device received".to_owned(),
            format!("The device of job {job} is here."),
            "You need do nothing: you are told when it is done, or if something stands in the way."
                .to_owned(),
        ),
        NoticeKind::DeviceProblem => problem(story),
        NoticeKind::DeviceHeld => held(story),
        NoticeKind::JobOverdue => overdue(story),
        NoticeKind::DeviceResumed => (
            "goes on".to_owned(),
            format!("Job {job} goes on: what it was on hold for is mended."),
            NOTHING_TO_DO.to_owned(),
        ),
        NoticeKind::TransferStarted => (
            "begun".to_owned(),
            format!("The transfer of job {job} has begun."),
            NOTHING_TO_DO.to_owned(),
        ),
        NoticeKind::TransferFinished => finished(story),
        NoticeKind::TransferAborted => (
            "given up".to_owned(),
            aborted(story),
            "The device comes back to you; make a new job when what stood in the way is mended."
                .to_owned(),
        ),
        NoticeKind::DeviceReleased => (
            "device may be erased".to_owned(),
            format!("The device of job {job} may be erased from now on."),
            "If you need what is on it, tell the people who run the service at once.".to_owned(),
        ),
        NoticeKind::DeviceErased => (
            "device erased".to_owned(),
            format!("The device of job {job} was erased."),
            "You need do nothing: the receipt has the certificate.".to_owned(),
        ),
        NoticeKind::DeviceEraseFailed => (
            "device not erased".to_owned(),
            format!("The device of job {job} could not be erased."),
            "You need do nothing now: you are told what becomes of it.".to_owned(),
        ),
        NoticeKind::DeviceReturned => (
            "device on its way back".to_owned(),
            format!("The device of job {job} is on its way back to you."),
            "Compare what comes with the receipt; nothing more is told of this job.".to_owned(),
        ),
        NoticeKind::ReceiptIssued => (
            "receipt".to_owned(),
            format!("There is a new edition of the receipt of job {job}."),
            "Check it with `longshore receipt verify`, or with `ssh-keygen -Y verify`.".to_owned(),
        ),
        NoticeKind::WebhookTest => (
            "test".to_owned(),
            "This is a test.".to_owned(),
            NOTHING_TO_DO.to_owned(),
        ),
    };
    Words {
        short,
        happened,
        to_do,
        facts: facts(story),
    }
}

type Sentences = (String, String, String);

fn problem(story: &Story) -> Sentences {
    let job = story.job.id;
    let happened = match &story.what {
        Some(What::Received(received)) => {
            let how = match received.condition {
                Some(ParcelCondition::Damaged) => "damaged",
                Some(ParcelCondition::Opened) => "opened",
                Some(ParcelCondition::Wet) => "wet",
                Some(ParcelCondition::Intact) | None => "not as it should be",
            };
            format!("The parcel with the device of job {job} came {how}.")
        }
        Some(What::Identified(_)) => {
            format!("The device that came for job {job} is not the one that its manifest names.")
        }
        Some(What::Destroyed(_)) => format!("The device of job {job} was destroyed."),
        Some(What::ReturnedUnerased(_)) => {
            format!("The device of job {job} goes back as it is: it was not erased.")
        }
        _ => format!("Something is wrong with the device of job {job}."),
    };
    let to_do = match &story.what {
        Some(What::Destroyed(_)) => "You need do nothing: the receipt says who answers for it.",
        Some(What::ReturnedUnerased(_)) => {
            "Take care of it when it comes: what you sent is still on it."
        }
        _ => {
            "You need do nothing now: the people who have it decide what becomes of it, and you are told."
        }
    };
    ("a problem".to_owned(), happened, to_do.to_owned())
}

fn held(story: &Story) -> Sentences {
    let job = story.job.id;
    let cause = match &story.what {
        Some(What::Held(held)) => StopCause::ALL
            .into_iter()
            .find(|cause| cause.code() == held.cause),
        _ => None,
    };
    let stands = story.job.stopped.as_ref();
    let stands = stands.filter(|stopped| cause.is_none_or(|cause| cause == stopped.cause));
    // What the job was on hold for may be mended by now: the cause is told all the same.
    let stopped = match (stands, cause) {
        (Some(stopped), _) => stopped.clone(),
        (None, Some(cause)) => Stopped::new(story.at, cause),
        (None, None) => Stopped::new(story.at, StopCause::Other),
    };
    let [wrong, mends] = stopped.sentences().map(|text| one_line(&text));
    let happened = format!("Job {job} is on hold. {wrong}");
    ("on hold".to_owned(), happened, mends)
}

/// What is told of a hold that nobody mends.
fn overdue(story: &Story) -> Sentences {
    let job = story.job.id;
    let (_, _, mends) = held(story);
    let wrong = story.job.hold().map(|hold| {
        let [wrong, _] = hold.sentences().map(|text| one_line(&text));
        format!(" since {}, and nobody has mended it. {wrong}", hold.at)
    });
    let happened = format!(
        "Job {job} is on hold{}",
        wrong.unwrap_or_else(|| ", and nobody has mended it.".to_owned())
    );
    ("on hold for too long".to_owned(), happened, mends)
}

/// Writes the mail that reminds the operator of a hold.
#[must_use]
pub(crate) fn overdue_to_operator(story: &Story) -> Letter {
    let job = story.job.id;
    let (_, happened, _) = overdue(story);
    let code = story.job.hold().map_or("", |hold| hold.cause.code());
    let text = format!(
        "{happened}\nMend it, or end the job: `longshore job give-up {job}`, or `longshore job finish-without {job}`.\n\n\
         Job: {job}, {}\nAccount: {}\nCode: {code}\n\n-- \n\
         Sent by the Longshore service {} to the operator. Notice {}, {}.\n",
        kind_of_job(story.job.job_type),
        story.job.account,
        story.installation,
        story.id,
        story.kind,
    );
    Letter {
        subject: format!("Overdue: job {job} is on hold"),
        text: cut(text),
    }
}

fn outcome(story: &Story) -> Option<&Outcome> {
    match &story.what {
        Some(What::Loaded(loaded)) => Some(&loaded.0),
        Some(What::Filled(filled)) => Some(&filled.0),
        _ => None,
    }
}

fn finished(story: &Story) -> Sentences {
    let job = story.job.id;
    let errors = outcome(story).map_or(0, |outcome| outcome.errors);
    match errors {
        0 => (
            "done".to_owned(),
            format!("Job {job} is done, and nothing failed."),
            "Compare the report with what you sent before you give up any other copy.".to_owned(),
        ),
        errors => (
            format!("done, {} failed", readable::number(errors)),
            format!(
                "Job {job} is done, and {} of its entries failed.",
                readable::number(errors)
            ),
            "Read the report: it names each of them, and says why.".to_owned(),
        ),
    }
}

fn aborted(story: &Story) -> String {
    let job = story.job.id;
    let Some(What::Aborted(aborted)) = &story.what else {
        return format!("Job {job} was given up.");
    };
    let mut reasons = AbortReason::ALL.into_iter();
    let reason = reasons.find(|reason| reason.code() == aborted.cause);
    let message = reason.map_or("The job was aborted.", AbortReason::message);
    format!("Job {job} was given up. {message}")
}

/// What an event says besides, by name.
fn facts(story: &Story) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    match &story.what {
        Some(What::Received(received)) => {
            let told = |told: &Option<custody::told::Told>| Some(one_line(told.as_ref()?.as_str()));
            facts.extend(told(&received.carrier).map(|text| ("Carrier", text)));
            facts.extend(told(&received.tracking).map(|text| ("Tracking number", text)));
        }
        Some(What::HandedOver(over)) => {
            facts.push(("Carrier", one_line(over.carrier.as_str())));
            facts.push(("Tracking number", one_line(over.tracking.as_str())));
        }
        Some(What::Identified(device)) => {
            if let Some(serial) = &device.serial {
                facts.push(("Serial number", one_line(serial.as_str())));
            }
            facts.extend(device.bytes.map(|bytes| ("Size", readable::bytes(bytes))));
        }
        Some(What::Aborted(aborted)) => {
            facts.push(("Code", one_line(&aborted.cause)));
            let reason = aborted.reason.as_ref();
            facts.extend(reason.map(|reason| ("Reason", one_line(reason.as_str()))));
        }
        Some(What::Destroyed(destroyed)) => {
            facts.push(("Reason", one_line(destroyed.reason.as_str())));
        }
        Some(What::ReturnedUnerased(unerased)) => {
            facts.push(("Reason", one_line(unerased.reason.as_str())));
        }
        Some(What::Canceled(canceled)) => {
            let reason = canceled.reason.as_ref();
            facts.extend(reason.map(|reason| ("Reason", one_line(reason.as_str()))));
        }
        Some(What::Held(held)) => {
            facts.push(("Code", one_line(&held.cause)));
            facts.extend(held.until.map(|until| ("Until", until.to_string())));
        }
        _ => {}
    }
    if let Some(outcome) = outcome(story) {
        facts.extend(numbers(outcome));
    }
    facts
}

fn numbers(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(tally) = &outcome.tally {
        facts.push(("Entries", readable::number(tally.entries)));
        let stored = format!(
            "{}, {}",
            readable::number(tally.stored),
            readable::bytes(tally.bytes)
        );
        facts.push(("Stored", stored));
        facts.push(("Left out by rules", readable::number(tally.ignored)));
    }
    facts.push(("Failed", readable::number(outcome.errors)));
    let ranges = outcome.bad_ranges;
    facts.extend(ranges.map(|number| ("Unreadable ranges", readable::number(number))));
    facts
}

#[cfg(test)]
pub(crate) mod tests;
