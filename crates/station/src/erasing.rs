//! A device that was loaded is erased: the server is asked, then asked again whenever it is gone on with.
//!
//! What is erased is opened alone first, and stays open to the end: whose it is, is read through the very descriptor that is
//! written to, so that no name can lead elsewhere in between. The server's gate decides; what must hold of the device
//! itself is seen here and in [`bay::erase`] whatever it says. No byte is written before the journal has the grant and the
//! server has heard that it is begun.

mod error;
mod lease;
mod opened;
mod signed;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bay::erase::{
    Beginning, Chosen, Erasing, ErasingProgress, Journal, Key, Means, choose, commands,
};
use model::control::PROTOCOL_VERSION;
use model::disposal::messages::{
    Confirmation, EraseAnswer, EraseBegin, EraseConclusion, EraseEnding, EraseGrant, EraseRefusal,
    EraseRequest, EraseTerms,
};
use model::erasure::{ErasedDevice, ErasureEnd, ErasureMethod, ErasureTool, Technique};
use model::ids::{BayName, JobId};
use transfer::stop::{Halt, Stop};

pub use error::NotErased;

use crate::dock::{self, Station};
use opened::OpenToErase;

/// The folder, in a station's, that has the journals of devices that are being erased.
const FOLDER: &str = "erasing";

/// How long a station tries to tell the server how an erasing ended.
const TELL_WITHIN: Duration = Duration::from_secs(300);

/// What is to be erased.
#[derive(Debug, Clone)]
pub struct EraseWanted {
    /// Where the device is.
    pub device: PathBuf,
    /// Whose it is.
    pub job: JobId,
    /// In which bay, if in one.
    pub bay: Option<BayName>,
    /// What a person gave.
    pub confirmation: Option<Confirmation>,
    /// How; the best that the device offers where nobody says.
    pub technique: Option<Technique>,
    /// Whether the device has not left its bay since it was loaded.
    pub stayed: bool,
}

/// What would be done with a device.
#[derive(Debug, Clone)]
pub struct Prospect {
    /// What it is.
    pub device: ErasedDevice,
    /// How it would be erased.
    pub technique: Technique,
    /// The commands that would be given to it.
    pub commands: Vec<String>,
    /// Why by nothing better.
    pub remarks: Vec<String>,
    /// Whether it would be gone on with.
    pub goes_on: bool,
    /// Under which terms the server would let it; else all that stands against it.
    pub answer: Result<EraseTerms, Vec<EraseRefusal>>,
}

impl Station {
    /// Says what would be done with a device, and what stands against it. Nothing is changed, here or at the server.
    ///
    /// # Errors
    /// [`NotErased`], if that cannot be said.
    pub fn erase_prospect(&self, wanted: &EraseWanted, stop: &Stop) -> Result<Prospect, NotErased> {
        let path = self.erasing_journal(wanted.job)?;
        let journal = Journal::open(&path)?;
        let opened = OpenToErase::alone(&wanted.device, &[&self.folder])?;
        let signature = match &journal {
            Some(_) => None,
            None => opened.signature(self, stop),
        };
        let mut request = self.erase_request(wanted, &opened, signature, journal.as_ref());
        request.dry_run = true;
        let answer = match self.control.erase_ask(&request)? {
            EraseAnswer::WouldGrant { terms } => Ok(*terms),
            EraseAnswer::Refused { refusals } => Err(refusals),
            EraseAnswer::Granted(grant) => {
                // Nobody asked for it: what it holds is given back.
                self.give_grant_back(wanted.job, &grant, "it was only asked");
                Ok(grant.terms)
            }
        };
        let chosen = chosen(&opened, journal.as_ref(), wanted.technique)?;
        Ok(Prospect {
            device: opened.device.clone(),
            technique: chosen.technique,
            commands: commands(chosen.technique),
            remarks: chosen.remarks,
            goes_on: journal.is_some(),
            answer,
        })
    }

    /// Erases a device, or goes on with it, if the server lets it; tells the server how it ends.
    ///
    /// # Errors
    /// [`NotErased`]. What was begun can be gone on with. What the device does wrong is no error: it is how it ends.
    pub fn erase(
        &self,
        wanted: &EraseWanted,
        progress: &ErasingProgress,
        stop: &Stop,
    ) -> Result<ErasureEnd, NotErased> {
        self.give_back();
        // While a job is worked on here, its device is not erased, in whichever process.
        let _only_one = self.alone_with(wanted.job)?;
        let path = self.erasing_journal(wanted.job)?;
        let journal = Journal::open(&path)?;
        let opened = OpenToErase::alone(&wanted.device, &[&self.folder])?;
        let signature = match &journal {
            Some(_) => None,
            None => opened.signature(self, stop),
        };
        let request = self.erase_request(wanted, &opened, signature, journal.as_ref());
        let grant = match self.control.erase_ask(&request)? {
            EraseAnswer::Granted(grant) => grant,
            EraseAnswer::Refused { refusals } => {
                let job = wanted.job;
                return Err(NotErased::Refused { job, refusals });
            }
            EraseAnswer::WouldGrant { .. } => return Err(NotErased::Unclear),
        };
        let ended = self.erase_granted(wanted, &opened, &grant, (&path, journal), progress, stop);
        if let Err(error) = &ended {
            self.give_grant_back(wanted.job, &grant, &dock::chain(error));
        }
        ended
    }

    /// Whether an erasing was begun of the device of a job here that has not ended.
    #[must_use]
    pub fn has_begun_erasing(&self, job: JobId) -> bool {
        self.folder.join(FOLDER).join(journal_name(job)).is_file()
    }

    fn erase_granted(
        &self,
        wanted: &EraseWanted,
        opened: &OpenToErase,
        grant: &EraseGrant,
        (path, journal): (&Path, Option<Journal>),
        progress: &ErasingProgress,
        stop: &Stop,
    ) -> Result<ErasureEnd, NotErased> {
        let terms = &grant.terms;
        opened.must_be(terms)?;
        let technique = chosen(opened, journal.as_ref(), wanted.technique)?.technique;
        must_do(technique, terms.at_least)?;
        let job = wanted.job;
        let mut journal = match journal {
            Some(journal) => journal,
            None => Journal::begin(path, self.beginning(opened, grant, technique)?)?,
        };
        let lease = grant.lease.clone();
        self.control.erase_begin(&EraseBegin {
            job,
            lease,
            grant: grant.grant.clone(),
            technique,
        })?;
        opened.must_be_free(&[&self.folder])?;
        let erasing = Erasing {
            surface: &*opened.target,
            drive: &opened.drive,
            connector: opened.target.seal().connector,
            device: opened.device.clone(),
            able: &opened.able,
        };
        let means = Means {
            clock: &*self.clock,
            progress,
            is_stopped: &|| stop.is_set(),
            tool: tool(),
        };
        let end = lease::while_kept(&self.control, job, grant, progress, stop, || {
            bay::erase::erase(&erasing, &mut journal, &means)
        });
        let end = match (end, stop.is_set().then(|| stop.take_reason()).flatten()) {
            (Ok(end), _) => end,
            (Err(_), Some(why @ (Halt::LeaseLost | Halt::Canceled | Halt::OnHold))) => {
                return Err(NotErased::Stopped { job, why });
            }
            (Err(error), _) => return Err(error.into()),
        };
        self.tell_end(&EraseConclusion {
            job,
            lease: grant.lease.clone(),
            ending: EraseEnding::Over {
                account: end.clone(),
            },
        })?;
        tracing::info!(%job, technique = %technique, erased = matches!(end, ErasureEnd::Erased(_)), "erasing ended");
        journal.destroy()?;
        Ok(end)
    }

    fn beginning(
        &self,
        opened: &OpenToErase,
        grant: &EraseGrant,
        technique: Technique,
    ) -> Result<Beginning, NotErased> {
        let (mut key, mut seed) = ([0; 32], [0; 32]);
        let drawn = getrandom::fill(&mut key).and_then(|()| getrandom::fill(&mut seed));
        drawn.map_err(|error| NotErased::Chance(std::io::Error::other(error)))?;
        Ok(Beginning {
            job: grant.terms.job,
            grant: grant.grant.clone(),
            marks: opened.marks(),
            technique,
            verify: grant.terms.verify,
            started: self.clock.now(),
            key: Key::new(key),
            seed,
            interface_errors: opened.able.interface_errors,
        })
    }

    fn erase_request(
        &self,
        wanted: &EraseWanted,
        opened: &OpenToErase,
        signature_file: Option<String>,
        journal: Option<&Journal>,
    ) -> EraseRequest {
        EraseRequest {
            version: PROTOCOL_VERSION,
            station: self.name.clone(),
            bay: wanted.bay.clone(),
            job: wanted.job,
            device: opened.facts(),
            signature_file,
            in_use: Vec::new(),
            confirmation: wanted.confirmation.clone(),
            stayed: wanted.stayed,
            resumes: journal.map(|it| it.beginning().grant.clone()),
            dry_run: false,
        }
    }

    fn erasing_journal(&self, job: JobId) -> Result<PathBuf, NotErased> {
        use std::os::unix::fs::DirBuilderExt as _;
        let folder = self.folder.join(FOLDER);
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&folder);
        match made {
            Ok(()) => Ok(folder.join(journal_name(job))),
            Err(source) => Err(NotErased::Folder {
                path: folder,
                source,
            }),
        }
    }

    /// Tells how it ended, again and again while the server does not answer: the message is idempotent, and the journal
    /// has the end should this process go first.
    fn tell_end(&self, conclusion: &EraseConclusion) -> Result<(), NotErased> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(200);
        loop {
            match self.control.erase_end(conclusion) {
                Err(error) if error.may_retry() && begun.elapsed() < TELL_WITHIN => {
                    tracing::warn!(job = %conclusion.job, %error, "server not told yet how the erasing ended");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                told => return Ok(told?),
            }
        }
    }

    /// Gives a grant back that is not used, or not used to the end. If that fails it lapses by itself.
    fn give_grant_back(&self, job: JobId, grant: &EraseGrant, reason: &str) {
        let given = self.control.erase_end(&EraseConclusion {
            job,
            lease: grant.lease.clone(),
            ending: EraseEnding::Interrupted {
                reason: reason.to_owned(),
            },
        });
        if let Err(error) = given {
            tracing::warn!(%job, %error, "right to erase not given back");
        }
    }
}

fn journal_name(job: JobId) -> String {
    format!("{job}.journal")
}

/// How a device is erased: as it was begun, or as is chosen now.
fn chosen(
    opened: &OpenToErase,
    journal: Option<&Journal>,
    wanted: Option<Technique>,
) -> Result<Chosen, NotErased> {
    match journal {
        Some(journal) => Ok(Chosen {
            technique: journal.beginning().technique,
            remarks: Vec::new(),
        }),
        None => Ok(choose(&opened.able, opened.device.medium, wanted)?),
    }
}

/// Nothing is written under a right that is not in force.
fn must_do(technique: Technique, at_least: ErasureMethod) -> Result<(), NotErased> {
    match technique.method() >= at_least {
        true => Ok(()),
        false => Err(NotErased::TooLittle {
            technique,
            at_least,
        }),
    }
}

fn tool() -> ErasureTool {
    ErasureTool {
        name: "longshore".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
