//! What a person, or a program, is told of an erasing.

use model::disposal::messages::EraseRefusal;
use model::erasure::{
    Certificate, Doubt, ErasedDevice, ErasureEnd, ErasureMethod, Extent, HiddenArea, Technique,
    Unclaimed, Verification,
};
use model::ids::JobId;
use model::readable;
use serde::Serialize;
use station::erasing::Prospect;

use crate::output;

/// What would be done, as JSON has it.
#[derive(Serialize)]
pub(super) struct Would<'a> {
    job: JobId,
    may_be_erased: bool,
    goes_on: bool,
    device: &'a ErasedDevice,
    technique: Technique,
    method: ErasureMethod,
    commands: &'a [String],
    remarks: &'a [String],
    refusals: &'a [EraseRefusal],
    not_claimed: [Unclaimed; 4],
}

impl<'a> Would<'a> {
    pub(super) fn of(job: JobId, seen: &'a Prospect) -> Self {
        Self {
            job,
            may_be_erased: seen.answer.is_ok(),
            goes_on: seen.goes_on,
            device: &seen.device,
            technique: seen.technique,
            method: seen.technique.method(),
            commands: &seen.commands,
            remarks: &seen.remarks,
            refusals: seen.answer.as_ref().err().map_or(&[], Vec::as_slice),
            not_claimed: Unclaimed::ALL,
        }
    }
}

/// How it ended, as JSON has it.
#[derive(Serialize)]
pub(super) struct Ended<'a> {
    job: JobId,
    #[serde(flatten)]
    end: &'a ErasureEnd,
}

impl<'a> Ended<'a> {
    pub(super) fn of(job: JobId, end: &'a ErasureEnd) -> Self {
        Self { job, end }
    }
}

/// What would be done, for a person.
pub(super) fn prospect(seen: &Prospect) -> String {
    let technique = seen.technique;
    let how = format!("{} ({})", technique.sentence(), technique.method());
    let device = device(&seen.device);
    let commands = seen.commands.join("; ");
    let mut text = output::fields([
        ("Device", Some(device.as_str())),
        ("Technique", Some(&*how)),
        ("Commands", (!commands.is_empty()).then_some(&*commands)),
        (
            "Goes on",
            seen.goes_on.then_some("where it was interrupted"),
        ),
        ("Not claimed", Some(&*not_claimed())),
    ]);
    for remark in &seen.remarks {
        text.push_str(&format!("{}.\n", output::printable(remark)));
    }
    match &seen.answer {
        Ok(_) => text.push_str("It may be erased.\n"),
        Err(refusals) => {
            text.push_str("It may not be erased:\n");
            for refusal in refusals {
                let said = output::printable(&refusal.message);
                text.push_str(&format!("  {}. {said}\n", refusal.condition));
            }
        }
    }
    text
}

/// How it ended, for a person.
pub(super) fn end(job: JobId, end: &ErasureEnd) -> String {
    let (headline, account) = match end {
        ErasureEnd::Erased(account) => (
            format!("The device of job {job} is erased ({}).\n", account.method),
            &**account,
        ),
        ErasureEnd::Failed(failure) => (
            format!(
                "The device of job {job} is NOT erased: {}.\n",
                output::printable(&failure.why)
            ),
            &failure.account,
        ),
    };
    headline + &fields(account)
}

fn fields(account: &Certificate) -> String {
    let unwritten = &account.not_written;
    let not_written = match unwritten.is_none() {
        true => "nothing".to_owned(),
        false => format!("{} bytes in {} ranges", unwritten.bytes, unwritten.ranges),
    };
    let read = account.verification.as_ref().map(verification);
    let causes: Vec<String> = account
        .validation
        .causes
        .iter()
        .map(|it| Doubt::sentence(*it))
        .collect();
    let verdict = match causes.is_empty() {
        true => account.validation.verdict.name().to_owned(),
        false => format!(
            "{}: {}",
            account.validation.verdict.name(),
            causes.join("; ")
        ),
    };
    let written = format!("{} bytes, {} errors", account.bytes_written, account.errors);
    let went_on = format!("{} times after an interruption", account.resumed);
    output::fields([
        ("Device", Some(&*device(&account.device))),
        ("Technique", Some(account.technique.sentence())),
        ("Written", Some(&*written)),
        ("Not written", Some(&*not_written)),
        ("Went on", (account.resumed > 0).then_some(&*went_on)),
        ("Read", Some(read.as_deref().unwrap_or("nothing"))),
        ("Validation", Some(&*verdict)),
        ("Not claimed", Some(&*not_claimed())),
    ])
}

/// `a sample: 2000 places of 1 MB …`
fn verification(read: &Verification) -> String {
    let percent = format!("{:.4}", read.share * 100.0);
    match &read.extent {
        Extent::Full => format!("all of it, {} bytes", read.bytes_read),
        Extent::Sampled {
            places,
            place_bytes,
            ..
        } => {
            let misses: Vec<String> = read
                .misses
                .iter()
                .map(|it| format!("{} % with {:.1e}", it.scattered_over * 100.0, it.chance))
                .collect();
            format!(
                "a sample, {percent} % of it: {places} places of {place_bytes} bytes, beginning and end; left-overs \
                 scattered over a share are missed with a chance: {}",
                misses.join(", ")
            )
        }
    }
}

fn device(device: &ErasedDevice) -> String {
    let names = [&device.maker, &device.model, &device.serial];
    let names: String = names
        .into_iter()
        .flatten()
        .map(|name| format!("{}, ", output::printable(name)))
        .collect();
    let hidden = match device.hidden {
        HiddenArea::Sectors(0) => String::new(),
        HiddenArea::Sectors(sectors) => format!(", {sectors} sectors hidden"),
        HiddenArea::Unknown => ", hidden sectors unknown".to_owned(),
    };
    format!(
        "{names}{}, {} bytes ({}){hidden}",
        device.medium,
        device.bytes,
        readable::bytes(device.bytes)
    )
}

fn not_claimed() -> String {
    let all: Vec<&str> = Unclaimed::ALL
        .into_iter()
        .map(Unclaimed::sentence)
        .collect();
    all.join("; ")
}
