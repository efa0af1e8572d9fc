//! Receipts: one text file that a stranger checks with `ssh-keygen -Y verify`, `sha256sum -c` and a few lines of Python.
//!
//! A head, the events of a job, a line for each file that they name, one line with the places of the events in the log
//! of the installation, and a signature over all of it. Nothing is left out that the signature is over, and nothing
//! stands behind it. Later editions begin with the same events, byte for byte.
//!
//! How it is checked stands in [`crate::verify`]. What is written is checked before it is given out.

use std::collections::BTreeMap;

use model::ids::{AccountId, JobId};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::event::{FileName, What};
use crate::installation::InstallationName;
use crate::key::PrivateKey;
use crate::line::Entry;
use crate::note::Note;
use crate::sshsig::SshSignature;
use crate::verify::{Fault, Receipt, verify};

/// `Content-Type` of the object.
pub const CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// The name of the format, in its first line.
pub(crate) const FORMAT: &str = "longshore-receipt";

/// The version that is written, and the only one there is.
pub(crate) const VERSION: u32 = 1;

/// How the line of a file begins, as `sha256sum --tag` writes it.
pub(crate) const SUM: &str = "SHA256 (";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heading {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) installation: InstallationName,
    pub(crate) job: JobId,
    pub(crate) account: AccountId,
    pub(crate) edition: u32,
    pub(crate) events: u64,
}

/// The line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TreeLine {
    pub(crate) tree: InTree,
}

/// Where the events stand in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InTree {
    pub(crate) checkpoint: String,
    pub(crate) events: Vec<Leaf>,
}

/// Where an event stands in the log, and the way from there to the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Which leaf it is.
    pub index: u64,
    /// The hashes beside the way, from [`crate::tree::inclusion`].
    pub path: Vec<Digest>,
}

/// What goes into a receipt.
#[derive(Debug, Clone)]
pub struct Contents<'a> {
    /// Who gives it.
    pub installation: &'a InstallationName,
    /// Of which job.
    pub job: JobId,
    /// Whose job it is.
    pub account: &'a AccountId,
    /// From 1, and more with each receipt of a job.
    pub edition: u32,
    /// The lines of all events of the job, as they were told, without their line ends.
    pub lines: &'a [&'a str],
    /// Where they stand in the log of the checkpoint, one for each.
    pub leaves: Vec<Leaf>,
    /// A head of the log that has all of them, signed by the key that signs the receipt.
    pub checkpoint: &'a Note,
}

impl Contents<'_> {
    /// The text of the receipt, signed and verified.
    ///
    /// # Errors
    /// [`Fault`] if it would not verify: what was passed in does not go together.
    pub fn sign(self, key: &PrivateKey) -> Result<(String, Receipt), Fault> {
        let mut text = self.text();
        let signature = SshSignature::of(key, text.as_bytes());
        text.push_str(&signature.armour());
        let verified = verify(text.as_bytes())?;
        Ok((text, verified))
    }

    /// What is signed.
    fn text(self) -> String {
        let head = Heading {
            format: FORMAT.to_owned(),
            version: VERSION,
            installation: self.installation.clone(),
            job: self.job,
            account: self.account.clone(),
            edition: self.edition,
            events: self.lines.len() as u64,
        };
        let mut text = json(&head);
        for line in self.lines {
            text.push_str(line);
            text.push('\n');
        }
        let entries = self
            .lines
            .iter()
            .filter_map(|line| Entry::parse(line.as_bytes()).ok());
        let entries: Vec<Entry> = entries.collect();
        text.extend(sums(&entries));
        text.push_str(&json(&TreeLine {
            tree: InTree {
                checkpoint: self.checkpoint.to_string(),
                events: self.leaves,
            },
        }));
        text
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers have a JSON form") + "\n"
}

/// The files that events name, by name. What replaced a file of the same name counts.
pub(crate) fn files(entries: &[Entry]) -> BTreeMap<&FileName, Digest> {
    let mut files = BTreeMap::new();
    for entry in entries {
        match &entry.what {
            Some(What::Reported(reported)) => {
                files.extend(reported.files.iter().map(|file| (&file.name, file.sha256)));
            }
            Some(What::Photographed(photo)) => {
                files.insert(&photo.name, photo.sha256);
            }
            _ => {}
        }
    }
    files
}

/// A line for each file that events name, in the order of names.
pub(crate) fn sums(entries: &[Entry]) -> impl Iterator<Item = String> {
    let files = files(entries).into_iter();
    files.map(|(name, sum)| format!("{SUM}{name}) = {sum}\n"))
}
