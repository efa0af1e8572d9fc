//! `longshore receipt`: what a service says happened to a device, verified without asking it.

mod beside;
mod grown;
mod trust;

pub(crate) use beside::sum;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use custody::digest::Digest;
use custody::limits::RECEIPT_BYTES;
use custody::line::Entry;
use custody::timestamp::{self, REPLY_BYTES};
use custody::verify::{Receipt, verify};

use crate::cli::{ReceiptArgs, ReceiptCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::receipt::trust::Trust;

/// Runs the command.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) fn run(command: &ReceiptCommand) -> Result<Exit, Failure> {
    match command {
        ReceiptCommand::Verify(args) => check(args),
    }
}

fn check(args: &ReceiptArgs) -> Result<Exit, Failure> {
    let trust = Trust::named(args)?;
    let receipt = read(&args.receipt)?;
    let mut told = vec![("Key", receipt.key.fingerprint())];
    let seen = witnessed(&receipt, args)?;
    told.extend(seen.into_iter().map(|saw| ("Witness", saw)));
    if let Some(timestamp) = &args.timestamp {
        told.push(("Stamped", stamped(&args.receipt, timestamp)?));
    }
    if let Some(earlier) = &args.older {
        told.push(("Older", older(&receipt, earlier)?));
    }
    if let Some(folder) = &args.files {
        told.push(("Files", beside::compared(&receipt, folder)?));
    }
    if let Some(url) = &args.log_url {
        told.push((
            "Log now",
            grown::out_of(&receipt, &trust.keys(&receipt), url)?,
        ));
    }
    output::data(&text(&receipt, told))?;
    trust.must_be_known(&receipt)?;
    Ok(Exit::Ok)
}

/// Reads a receipt and verifies it.
fn read(path: &Path) -> Result<Receipt, Failure> {
    let bytes = limited(path, RECEIPT_BYTES)?;
    verify(&bytes).map_err(|fault| {
        let error = anyhow::Error::new(fault);
        differs(error.context(format!("`{}` is no receipt that is whole", path.display())))
    })
}

/// Reads a file, and one byte more than it may have.
fn limited(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    let read = read.with_context(|| format!("could not read `{}`", path.display()));
    read.map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(bytes)
}

/// What the witnesses that are named say of the log of the receipt, if enough of them have seen it.
fn witnessed(receipt: &Receipt, args: &ReceiptArgs) -> Result<Vec<String>, Failure> {
    let named = args.witness.len();
    let enough = args.quorum.unwrap_or(named);
    if enough > named || args.quorum == Some(0) {
        let wrong =
            format!("`--quorum {enough}` must be from 1 to {named}: so many witnesses are named");
        return Err(Failure::usage(wrong));
    }
    let (mut told, mut lacking) = (Vec::new(), Vec::new());
    for witness in &args.witness {
        let name = output::printable(witness.name());
        match receipt.note.witnessed(witness) {
            Some(at) => told.push(format!("{name} saw that log at {at}")),
            None => lacking.push(format!("`{name}` has not signed its checkpoint")),
        }
    }
    if told.len() < enough {
        return Err(differs(anyhow!("{}", lacking.join("; "))));
    }
    told.extend(lacking);
    Ok(told)
}

/// When the receipt was there, as a timestamp says that is of these very bytes.
fn stamped(receipt: &Path, timestamp: &Path) -> Result<String, Failure> {
    let receipt = Digest::of(&limited(receipt, RECEIPT_BYTES)?);
    let reply = limited(timestamp, REPLY_BYTES)?;
    let at = timestamp::of_reply(&reply, &receipt).map_err(|why| {
        let context = format!("`{}` is no timestamp of it", timestamp.display());
        differs(anyhow::Error::new(why).context(context))
    })?;
    Ok(format!(
        "it was there at {at}, if `openssl ts -verify` says that an authority of yours has signed that"
    ))
}

fn older(receipt: &Receipt, path: &Path) -> Result<String, Failure> {
    let earlier = read(path)?;
    receipt.must_begin_with(&earlier).map_err(|why| {
        let context = format!("`{}` is no earlier edition of it", path.display());
        differs(anyhow::Error::new(why).context(context))
    })?;
    let events = output::count(earlier.entries.len() as u64, "event");
    Ok(format!(
        "edition {}, with whose {events} this one begins",
        earlier.edition
    ))
}

/// Something is not as the receipt says.
fn differs(error: anyhow::Error) -> Failure {
    Failure::new(Exit::Differs, error)
}

/// What the receipt tells, and what else is known.
fn text(receipt: &Receipt, told: Vec<(&str, String)>) -> String {
    let closed = match receipt.is_closed() {
        true => "closed",
        false => "not closed yet",
    };
    let job = format!(
        "{} of account {} at {}",
        receipt.job, receipt.account, receipt.installation
    );
    let events = output::count(receipt.entries.len() as u64, "event");
    let first = [
        ("Job", job),
        (
            "Edition",
            format!("{}, {events}, {closed}", receipt.edition),
        ),
        ("Log then", output::count(receipt.checkpoint.size, "event")),
    ];
    let facts = first.into_iter().chain(told);
    let facts: String = facts
        .map(|(name, fact)| format!("{name:<10}{fact}\n"))
        .collect();
    let header = ["SEQ", "TIME", "EVENT", "BY"];
    let rows: Vec<[String; 4]> = receipt.entries.iter().map(row).collect();
    format!("{facts}\n{}", output::table(header, &rows))
}

fn row(entry: &Entry) -> [String; 4] {
    let known = match entry.what {
        Some(_) => "",
        None => " (which a later release explains)",
    };
    [
        entry.seq.to_string(),
        entry.at.to_string(),
        format!("{}{known}", output::printable(&entry.event)),
        output::printable(&entry.by.name),
    ]
}
