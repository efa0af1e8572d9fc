//! Lets a device erase itself, and waits until it has.
//!
//! Not run on hardware by us: what is sent and understood is as the programs' manuals and recorded answers have it. What
//! a device refuses or ends is a failure, never a lower technique without a word.

use std::time::Duration;

use model::erasure::{Answer, Technique};

use super::EraseError;
use super::ability::{SanitizeState, sanitize_log, sanitize_state};
use super::course::Means;
use super::drive::{Drive, Program, Said};
use super::journal::{Did, Journal, JournalError};
use super::limits::{ASK_EVERY_SECONDS, SELF_SECONDS};

/// The password under which SECURITY ERASE UNIT is run: published, so that a drive that was left locked can be opened.
const PASSWORD: &str = "longshore";

/// Why a device has not erased itself.
#[derive(Debug, thiserror::Error)]
pub enum HardwareError {
    /// It refused, ended or failed.
    #[error("the device has not erased itself: `{command}` ended with `{said}`")]
    Refused {
        /// The command.
        command: String,
        /// What came of it.
        said: String,
    },
    /// It takes longer than any device does.
    #[error("the device has been erasing itself for longer than any does")]
    TooLong,
    /// It can be gone on with.
    #[error(transparent)]
    Stopped(#[from] EraseError),
}

impl From<JournalError> for HardwareError {
    fn from(error: JournalError) -> Self {
        Self::Stopped(error.into())
    }
}

/// One command.
type Words = (Program, &'static [&'static str]);

/// How a technique is run: what is sent, one after the other, and how it is asked whether it is done. Without a way to ask,
/// the last command returns when it is.
struct Way {
    send: &'static [Words],
    ask: Option<Asking>,
}

#[derive(Clone, Copy)]
enum Asking {
    Ata,
    Nvme,
}

/// What `hdparm` wants to hear before anything that destroys.
const SURE: &str = "--yes-i-know-what-i-am-doing";

fn way(technique: Technique) -> Option<Way> {
    use Program::{Hdparm, Nvme, SgSanitize};
    let (send, ask): (&'static [Words], _) = match technique {
        Technique::OverwriteZeros | Technique::OverwriteStream => return None,
        Technique::AtaSanitizeOverwrite => (
            &[(Hdparm, &[SURE, "--sanitize-overwrite", "hex:00000000"])],
            Some(Asking::Ata),
        ),
        Technique::AtaSanitizeBlock => (
            &[(Hdparm, &[SURE, "--sanitize-block-erase"])],
            Some(Asking::Ata),
        ),
        Technique::AtaSanitizeCrypto => (
            &[(Hdparm, &[SURE, "--sanitize-crypto-scramble"])],
            Some(Asking::Ata),
        ),
        Technique::AtaSecurityErase => (
            &[
                (
                    Hdparm,
                    &["--user-master", "u", "--security-set-pass", PASSWORD],
                ),
                (
                    Hdparm,
                    &["--user-master", "u", "--security-erase", PASSWORD],
                ),
            ],
            None,
        ),
        Technique::ScsiSanitizeOverwrite => (
            &[(SgSanitize, &["--overwrite", "--zero", "--quick", "--wait"])],
            None,
        ),
        Technique::ScsiSanitizeBlock => (&[(SgSanitize, &["--block", "--quick", "--wait"])], None),
        Technique::ScsiSanitizeCrypto => {
            (&[(SgSanitize, &["--crypto", "--quick", "--wait"])], None)
        }
        Technique::NvmeFormatErase => (&[(Nvme, &["format", "--ses=1", "--force"])], None),
        Technique::NvmeFormatCrypto => (&[(Nvme, &["format", "--ses=2", "--force"])], None),
        Technique::NvmeSanitizeOverwrite => (
            &[(Nvme, &["sanitize", "--sanact=3", "--ovrpat=0"])],
            Some(Asking::Nvme),
        ),
        Technique::NvmeSanitizeBlock => {
            (&[(Nvme, &["sanitize", "--sanact=2"])], Some(Asking::Nvme))
        }
        Technique::NvmeSanitizeCrypto => {
            (&[(Nvme, &["sanitize", "--sanact=4"])], Some(Asking::Nvme))
        }
    };
    Some(Way { send, ask })
}

/// The commands that a technique gives to a device; none where we write ourselves.
#[must_use]
pub fn commands(technique: Technique) -> Vec<String> {
    let sent = way(technique).map_or(&[][..], |way| way.send);
    sent.iter().map(|words| text(*words)).collect()
}

fn text((program, arguments): Words) -> String {
    format!("{} {} DEVICE", program.name(), arguments.join(" "))
}

/// Lets the device erase itself, or waits for one that was let.
pub(super) fn run(
    technique: Technique,
    drive: &dyn Drive,
    journal: &mut Journal,
    means: &Means<'_>,
) -> Result<(), HardwareError> {
    let Some(way) = way(technique) else {
        return Ok(());
    };
    // A device that was without power meanwhile goes on by itself, or has finished: sending again would begin anew.
    let is_sent = journal.state().was_sent
        && way
            .ask
            .is_some_and(|ask| state(drive, ask).1 != SanitizeState::Failed);
    if !is_sent {
        for words in way.send {
            send(*words, drive, journal)?;
        }
    }
    if let Some(ask) = way.ask {
        wait(ask, drive, journal, means)?;
    }
    Ok(journal.note(Did::ByItself)?)
}

fn send(words: Words, drive: &dyn Drive, journal: &mut Journal) -> Result<(), HardwareError> {
    let command = text(words);
    journal.note(Did::Sent {
        command: command.clone(),
    })?;
    let said = drive.run(words.0, words.1);
    let answer = answer(&command, &said);
    let is_good = answer.status == Some(0);
    let told = answer.said.clone();
    journal.note(Did::Heard { answer })?;
    match is_good {
        true => Ok(()),
        false => Err(HardwareError::Refused {
            command,
            said: told,
        }),
    }
}

fn answer(command: &str, said: &Said) -> Answer {
    let words = match said.out.trim() {
        "" => &said.err,
        _ => &said.out,
    };
    Answer::new(command, said.status, words)
}

fn state(drive: &dyn Drive, ask: Asking) -> (String, SanitizeState, Said) {
    let words: Words = match ask {
        Asking::Ata => (Program::Hdparm, &["--sanitize-status"]),
        Asking::Nvme => (Program::Nvme, &["sanitize-log", "--output-format=json"]),
    };
    let said = drive.run(words.0, words.1);
    let state = match (said.status, ask) {
        (Some(0), Asking::Ata) => sanitize_state(&said.out),
        (Some(0), Asking::Nvme) => sanitize_log(&said.out),
        (Some(_) | None, _) => SanitizeState::Failed,
    };
    (text(words), state, said)
}

fn wait(
    ask: Asking,
    drive: &dyn Drive,
    journal: &mut Journal,
    means: &Means<'_>,
) -> Result<(), HardwareError> {
    let begun = means.clock.steady();
    while means.clock.steady().saturating_sub(begun) < Duration::from_secs(SELF_SECONDS) {
        let (command, state, said) = state(drive, ask);
        match state {
            SanitizeState::Working(percent) => {
                means.progress.begin(super::Doing::ByItself, percent, 100);
            }
            SanitizeState::Finished => {
                let answer = answer(&command, &said);
                return Ok(journal.note(Did::Heard { answer })?);
            }
            SanitizeState::Failed => {
                let heard = answer(&command, &said);
                let said = heard.said.clone();
                return Err(HardwareError::Refused { command, said });
            }
        }
        for _ in 0..ASK_EVERY_SECONDS * 10 {
            if (means.is_stopped)() {
                return Err(EraseError::Interrupted.into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Err(HardwareError::TooLong)
}
