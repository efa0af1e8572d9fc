//! Whether a receipt is whole: everything that can be seen of it without asking anybody.
//!
//! It is read once, from its first byte to its last, and whatever a stranger sends costs no more than its size. Whose
//! key signed it is another question, which the reader answers: the fingerprint comes from elsewhere, never from the
//! file.

use std::collections::BTreeMap;

use model::ids::{AccountId, JobId};

use crate::chain::{Broken, Chain};
use crate::digest::Digest;
use crate::event::{FileName, What};
use crate::installation::InstallationName;
use crate::key::PublicKey;
use crate::limits::RECEIPT_BYTES;
use crate::line::Entry;
use crate::moment::Moment;
use crate::note::checkpoint::{Checkpoint, NotACheckpoint};
use crate::note::{NotANote, Note, VerifierKey};
use crate::receipt::{self, FORMAT, Heading, Leaf, TreeLine, VERSION};
use crate::sshsig::{SshSignature, Unsigned};
use crate::tree::{self, Disproved};

/// A receipt that is whole.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Who gave it.
    pub installation: InstallationName,
    /// Of which job.
    pub job: JobId,
    /// Whose job it is.
    pub account: AccountId,
    /// Which edition it is.
    pub edition: u32,
    /// The key that signed it, whoever has it.
    pub key: PublicKey,
    /// What happened.
    pub entries: Vec<Entry>,
    /// The head of the log that has its events.
    pub checkpoint: Checkpoint,
    /// The same with all who signed it.
    pub note: Note,
    /// Where each event stands in the log.
    pub leaves: Vec<u64>,
    /// Of the lines of the events, by which editions are compared.
    digests: Vec<Digest>,
}

/// A receipt that is not whole, and where.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is longer than any that is written.
    #[error("it has {0} bytes, and a receipt has {RECEIPT_BYTES} at most")]
    TooLong(usize),
    /// A line of it is wrong.
    #[error("line {line}: {wrong}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        wrong: Wrong,
    },
}

/// What is wrong with a line of a receipt.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// Its bytes are no text.
    #[error("it is not UTF-8")]
    NotText,
    /// The receipt ends in it, or before it.
    #[error("the receipt ends here, where {0} is due")]
    Cut(&'static str),
    /// It is something else.
    #[error("it does not begin as a receipt does")]
    NotAReceipt,
    /// It is of a later version of this program.
    #[error("it is a receipt of version {0}, and this program reads version {VERSION}")]
    Version(u32),
    /// It is the line of something else.
    #[error("it is another line, where {0} is due")]
    Another(&'static str),
    /// It does not have the fields it should have.
    #[error("it is not {0}: {1}")]
    Malformed(&'static str, serde_json::Error),
    /// It does not follow on the line before.
    #[error(transparent)]
    Chain(#[from] Broken),
    /// A receipt of nothing.
    #[error("it says that there are no events")]
    Empty,
    /// There is no line, or another, for a file that an event names.
    #[error("`{due}` is due, for a file that an event names")]
    Sum {
        /// The line that should stand here.
        due: String,
    },
    /// There are more or fewer places than events.
    #[error("it has the places of {found} events, and there are {expected}")]
    Places {
        /// Places.
        found: usize,
        /// Events.
        expected: usize,
    },
    /// Events stand in the log in another order.
    #[error("the event {0} stands in the log before the one before it")]
    Order(u64),
    /// The log does not have it.
    #[error("the event {seq} is not in the log: {why}")]
    NotInLog {
        /// Which.
        seq: u64,
        /// Why not.
        why: Disproved,
    },
    /// The head of the log is none.
    #[error("its checkpoint cannot be read: {0}")]
    Note(#[from] NotANote),
    /// The head of the log is none.
    #[error("its checkpoint cannot be read: {0}")]
    Checkpoint(#[from] NotACheckpoint),
    /// The head is of another log.
    #[error("its checkpoint is of `{}`, and not of `{expected}`", model::readable::name(.found, 80))]
    Origin {
        /// Which it is of.
        found: String,
        /// Which it should be of.
        expected: String,
    },
    /// Another key signed the head.
    #[error("its checkpoint is not signed by the key that signed the receipt")]
    NotSignedBy,
    /// The receipt is not signed, or was changed.
    #[error(transparent)]
    Signature(#[from] Unsigned),
}

/// Verifies a receipt.
///
/// # Errors
/// [`Fault`] for the first line that is not as it should be.
pub fn verify(receipt: &[u8]) -> Result<Receipt, Fault> {
    if receipt.len() > RECEIPT_BYTES {
        return Err(Fault::TooLong(receipt.len()));
    }
    let mut lines = Lines {
        text: receipt,
        begin: 0,
        number: 0,
    };
    lines.verify().map_err(|wrong| Fault::Line {
        line: lines.number.max(1),
        wrong,
    })
}

/// A receipt that is being read.
struct Lines<'a> {
    text: &'a [u8],
    /// Where the next line begins.
    begin: usize,
    /// The line that is looked at, from 1.
    number: usize,
}

/// An event of a receipt: what it says, and what its bytes come to.
struct Read {
    entry: Entry,
    digest: Digest,
    leaf: Digest,
}

impl<'a> Lines<'a> {
    fn verify(&mut self) -> Result<Receipt, Wrong> {
        let head = self.heading()?;
        let events = self.events(&head)?;
        let digests = events.iter().map(|event| event.digest).collect();
        let hashes: Vec<Digest> = events.iter().map(|event| event.leaf).collect();
        let entries: Vec<Entry> = events.into_iter().map(|event| event.entry).collect();
        self.sums(&entries)?;
        let tree: TreeLine = self.json("{\"tree\":", "the places of the events in the log")?;
        let (of_tree, signed) = (self.number, &self.text[..self.begin]);
        self.number += 1;
        let signature = self.signature()?;
        let of_signature = std::mem::replace(&mut self.number, of_tree);
        let note = Note::parse(&tree.tree.checkpoint)?;
        let checkpoint = checkpoint_of(&head, &note, signature.key())?;
        must_be_in_log(&tree.tree.events, &hashes, &checkpoint)?;
        self.number = of_signature;
        signature.verify(signed)?;
        Ok(Receipt {
            installation: head.installation,
            job: head.job,
            account: head.account,
            edition: head.edition,
            key: signature.key(),
            entries,
            checkpoint,
            note,
            leaves: tree.tree.events.iter().map(|leaf| leaf.index).collect(),
            digests,
        })
    }

    fn heading(&mut self) -> Result<Heading, Wrong> {
        /// What every version has in its first line.
        #[derive(serde::Deserialize)]
        struct Marker {
            format: String,
            version: u32,
        }
        let line = self.next("a receipt").map_err(|_| Wrong::NotAReceipt)?;
        let marker: Marker = serde_json::from_slice(line).map_err(|_| Wrong::NotAReceipt)?;
        match (marker.format.as_str(), marker.version) {
            (FORMAT, VERSION) => {}
            (FORMAT, other) => return Err(Wrong::Version(other)),
            _ => return Err(Wrong::NotAReceipt),
        }
        let malformed = |error| Wrong::Malformed("the head of a receipt", error);
        let head: Heading = serde_json::from_slice(line).map_err(malformed)?;
        (head.events > 0).then_some(head).ok_or(Wrong::Empty)
    }

    fn events(&mut self, head: &Heading) -> Result<Vec<Read>, Wrong> {
        let mut chain = Chain::new(Some(head.job));
        let mut events = Vec::new();
        for _ in 0..head.events {
            let line = self.next("an event")?;
            events.push(Read {
                entry: chain.follow(line)?,
                digest: Digest::of(line),
                leaf: tree::leaf(line),
            });
        }
        Ok(events)
    }

    /// The lines of files are just those that the events demand.
    fn sums(&mut self, entries: &[Entry]) -> Result<(), Wrong> {
        for due in receipt::sums(entries) {
            let due = due.trim_end();
            if self.next("the line of a file")? != due.as_bytes() {
                let due = due.to_owned();
                return Err(Wrong::Sum { due });
            }
        }
        Ok(())
    }

    fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        beginning: &str,
        what: &'static str,
    ) -> Result<T, Wrong> {
        let line = self.next(what)?;
        if !line.starts_with(beginning.as_bytes()) {
            return Err(Wrong::Another(what));
        }
        serde_json::from_slice(line).map_err(|error| Wrong::Malformed(what, error))
    }

    /// All that is left.
    fn signature(&self) -> Result<SshSignature, Wrong> {
        let armour = std::str::from_utf8(&self.text[self.begin..]).map_err(|_| Wrong::NotText)?;
        if armour.is_empty() {
            return Err(Wrong::Cut("a signature"));
        }
        Ok(SshSignature::parse(armour)?)
    }

    /// The next line, without its line end.
    fn next(&mut self, due: &'static str) -> Result<&'a [u8], Wrong> {
        self.number += 1;
        let rest = &self.text[self.begin..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let line = &rest[..end.ok_or(Wrong::Cut(due))?];
        self.begin += line.len() + 1;
        match std::str::from_utf8(line) {
            Ok(_) => Ok(line),
            Err(_) => Err(Wrong::NotText),
        }
    }
}

/// The head of the log, which must be that of this installation and signed by its key.
fn checkpoint_of(head: &Heading, note: &Note, key: PublicKey) -> Result<Checkpoint, Wrong> {
    let checkpoint: Checkpoint = note.text().parse()?;
    let expected = head.installation.origin();
    if checkpoint.origin != expected {
        let found = checkpoint.origin;
        return Err(Wrong::Origin { found, expected });
    }
    match note.is_by(&VerifierKey::ed25519(&expected, key)) {
        true => Ok(checkpoint),
        false => Err(Wrong::NotSignedBy),
    }
}

/// Every event is in the log, in the order in which it was told.
fn must_be_in_log(leaves: &[Leaf], hashes: &[Digest], head: &Checkpoint) -> Result<(), Wrong> {
    if leaves.len() != hashes.len() {
        let (found, expected) = (leaves.len(), hashes.len());
        return Err(Wrong::Places { found, expected });
    }
    let mut before = None;
    for (seq, (leaf, hash)) in (0..).zip(leaves.iter().zip(hashes)) {
        if before.is_some_and(|before| leaf.index <= before) {
            return Err(Wrong::Order(seq));
        }
        before = Some(leaf.index);
        let proved = tree::verify_inclusion(*hash, leaf.index, head.tree(), &leaf.path);
        proved.map_err(|why| Wrong::NotInLog { seq, why })?;
    }
    Ok(())
}

/// Why a receipt is not an earlier edition of another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEarlier {
    /// It is of something else.
    #[error("it is of job `{job}` of `{installation}`")]
    OfAnother {
        /// The job it is of.
        job: JobId,
        /// The installation it is of.
        installation: InstallationName,
    },
    /// It is the later one.
    #[error("it is edition {0}, which is no earlier one")]
    Later(u32),
    /// It tells more.
    #[error("it has {old} events, and the later edition {new}")]
    More {
        /// Events of the earlier edition.
        old: usize,
        /// Events of the later one.
        new: usize,
    },
    /// It tells something else.
    #[error("its event {0} is not that of the later edition: one of the two was rewritten")]
    Rewritten(u64),
    /// The same event has two places.
    #[error("its event {0} has another place in the log than in the later edition")]
    Moved(u64),
    /// Its log is larger, or another one of the same size.
    #[error(
        "its log has {old} leaves, and the log of the later edition {new} and no root that goes with it"
    )]
    OtherLog {
        /// Leaves in the earlier edition.
        old: u64,
        /// Leaves in the later one.
        new: u64,
    },
}

impl Receipt {
    /// Whether nothing more is to come: the last event says so, or one behind which only is told what was told wrongly, and
    /// by what pictures are known.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let whats = self.entries.iter().rev().map(|entry| entry.what.as_ref());
        let is_remark =
            |what: &Option<&What>| matches!(what, Some(What::Corrected(_) | What::Photographed(_)));
        let mut rest = whats.skip_while(is_remark);
        matches!(rest.next(), Some(Some(What::Closed(_))))
    }

    /// When the last event happened: the receipt was not signed before.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.entries.last().map_or(Moment::FIRST, |entry| entry.at)
    }

    /// The files that its events name, with their sums.
    #[must_use]
    pub fn files(&self) -> BTreeMap<&FileName, Digest> {
        receipt::files(&self.entries)
    }

    /// Verifies that `old` is an earlier edition of it: it begins with the same events, byte for byte.
    ///
    /// # Errors
    /// [`NotEarlier`].
    pub fn must_begin_with(&self, old: &Self) -> Result<(), NotEarlier> {
        if (old.job, &old.installation) != (self.job, &self.installation) {
            let (job, installation) = (old.job, old.installation.clone());
            return Err(NotEarlier::OfAnother { job, installation });
        }
        if old.edition > self.edition {
            return Err(NotEarlier::Later(old.edition));
        }
        if old.entries.len() > self.entries.len() {
            let (old, new) = (old.entries.len(), self.entries.len());
            return Err(NotEarlier::More { old, new });
        }
        for (seq, (before, now)) in (0..).zip(old.digests.iter().zip(&self.digests)) {
            if before != now {
                return Err(NotEarlier::Rewritten(seq));
            }
        }
        for (seq, (before, now)) in (0..).zip(old.leaves.iter().zip(&self.leaves)) {
            if before != now {
                return Err(NotEarlier::Moved(seq));
            }
        }
        let (before, now) = (&old.checkpoint, &self.checkpoint);
        if before.size > now.size || (before.size == now.size && before.root != now.root) {
            let (old, new) = (before.size, now.size);
            return Err(NotEarlier::OtherLog { old, new });
        }
        Ok(())
    }
}
