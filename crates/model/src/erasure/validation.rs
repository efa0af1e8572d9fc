//! Whether what was done to a device fits its medium: a decision on what is known of both.

use serde::{Deserialize, Serialize};

use super::account::{Certificate, HiddenArea, Medium};
use super::technique::ErasureMethod;

/// Whether an erasure was effective, as far as that can be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// What a person should do.
    pub verdict: Verdict,
    /// Why, the gravest first; nothing if it is approved.
    pub causes: Vec<Doubt>,
}

/// What becomes of an erasure by what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it.
    Approved,
    /// It did what it can; somebody who knows what was on the device decides whether that is enough.
    Escalate,
    /// It is none.
    Rejected,
}

impl Verdict {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Escalate => "escalate",
            Self::Rejected => "rejected",
        }
    }
}

/// A reason not to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Doubt {
    /// Some of it could not be written.
    NotWritten {
        /// How many bytes.
        bytes: u64,
    },
    /// It was not read afterwards.
    NotVerified,
    /// A byte was not what it should be, or could not be read.
    NotAsWritten,
    /// The interface had errors: what was written may not be what arrived.
    InterfaceErrors {
        /// How many.
        count: u64,
    },
    /// Cells that were only written over: those beyond its size keep what they had.
    FlashOverwritten,
    /// The same may be so: nobody knows what it is made of.
    MediumUnknown,
    /// It keeps sectors from its host, which were not reached.
    HiddenArea {
        /// How many.
        sectors: u64,
    },
    /// Nobody could ask whether it keeps any.
    HiddenAreaUnknown,
    /// Sectors that it could not read before, and may replace.
    PendingSectors {
        /// How many.
        count: u64,
    },
    /// Sectors that it has replaced: the old ones were not reached.
    ReallocatedSectors {
        /// How many.
        count: u64,
    },
}

impl Doubt {
    /// What it makes of an erasure.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::NotWritten { .. }
            | Self::NotVerified
            | Self::NotAsWritten
            | Self::InterfaceErrors { .. } => Verdict::Rejected,
            Self::FlashOverwritten
            | Self::MediumUnknown
            | Self::HiddenArea { .. }
            | Self::HiddenAreaUnknown
            | Self::PendingSectors { .. }
            | Self::ReallocatedSectors { .. } => Verdict::Escalate,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::NotWritten { bytes } => format!("{bytes} bytes could not be written"),
            Self::NotVerified => "it was not read afterwards".to_owned(),
            Self::NotAsWritten => "it did not read as it was written".to_owned(),
            Self::InterfaceErrors { count } => {
                format!("its interface had {count} errors meanwhile")
            }
            Self::FlashOverwritten => {
                "it is flash that was only written over: cells beyond its size were not reached"
                    .to_owned()
            }
            Self::MediumUnknown => {
                "nobody knows whether it is flash, of which cells beyond its size would not have been reached"
                    .to_owned()
            }
            Self::HiddenArea { sectors } => {
                format!("{sectors} sectors that it keeps from its host were not reached")
            }
            Self::HiddenAreaUnknown => {
                "nobody could ask whether it keeps sectors from its host".to_owned()
            }
            Self::PendingSectors { count } => {
                format!("it had {count} sectors that it could not read")
            }
            Self::ReallocatedSectors { count } => {
                format!("it has replaced {count} sectors, which were not reached")
            }
        }
    }
}

/// What a device says of its health; `None` where nobody could ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Sectors that it could not read.
    pub pending: Option<u64>,
    /// Sectors that it has replaced.
    pub reallocated: Option<u64>,
    /// Errors of its interface between the first write and the last.
    pub interface_errors: Option<u64>,
}

impl Validation {
    /// Nothing speaks against it.
    #[must_use]
    pub fn approved() -> Self {
        Self {
            verdict: Verdict::Approved,
            causes: Vec::new(),
        }
    }

    /// Decides on an account, whose own validation does not count.
    #[must_use]
    pub fn of(account: &Certificate, known: Known) -> Self {
        let mut causes = done(account);
        causes.extend(count(known.interface_errors, |count| {
            Doubt::InterfaceErrors { count }
        }));
        causes.extend(medium(account));
        // What purges reaches what is hidden and what was replaced; its own interface never shows whether it did.
        if account.method == ErasureMethod::Clear {
            causes.extend(hidden(account.device.hidden));
            causes.extend(count(known.pending, |count| Doubt::PendingSectors {
                count,
            }));
            causes.extend(count(known.reallocated, |count| {
                Doubt::ReallocatedSectors { count }
            }));
        }
        let verdicts = causes.iter().map(|cause| cause.verdict());
        Self {
            verdict: verdicts.max().unwrap_or(Verdict::Approved),
            causes,
        }
    }
}

/// What of the work itself was not done.
fn done(account: &Certificate) -> Vec<Doubt> {
    let mut causes = Vec::new();
    if !account.not_written.is_none() {
        let bytes = account.not_written.bytes;
        causes.push(Doubt::NotWritten { bytes });
    }
    match &account.verification {
        None => causes.push(Doubt::NotVerified),
        Some(read) if !read.is_clean() => causes.push(Doubt::NotAsWritten),
        Some(_) => {}
    }
    causes
}

fn medium(account: &Certificate) -> Option<Doubt> {
    match (account.technique.is_overwrite(), account.device.medium) {
        (true, Medium::Flash) => Some(Doubt::FlashOverwritten),
        (true, Medium::Unknown) => Some(Doubt::MediumUnknown),
        (true, Medium::Rotating | Medium::Image) | (false, _) => None,
    }
}

fn hidden(area: HiddenArea) -> Option<Doubt> {
    match area {
        HiddenArea::Sectors(0) => None,
        HiddenArea::Sectors(sectors) => Some(Doubt::HiddenArea { sectors }),
        HiddenArea::Unknown => Some(Doubt::HiddenAreaUnknown),
    }
}

fn count(told: Option<u64>, cause: impl Fn(u64) -> Doubt) -> Option<Doubt> {
    told.filter(|count| *count > 0).map(cause)
}
