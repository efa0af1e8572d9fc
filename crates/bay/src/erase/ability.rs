//! What a device says that it can do, and how it is: told from the answers of the system's programs.
//!
//! All of it is the device's own word, or a bridge's. What is not said is not believed: a technique that nobody offers is
//! not tried, and what is hidden is unknown.

mod ata;
mod health;
mod nvme;
mod scsi;

use model::device::Connector;
use model::erasure::{HiddenArea, Medium, Technique};

use super::drive::{Drive, Program, Said};

pub(super) use ata::{SanitizeState, sanitize_state};
pub(super) use nvme::sanitize_log;

/// What a device can do, and how it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Abilities {
    /// The ways to erase it that it offers itself.
    pub offers: Vec<Technique>,
    /// Whether it lets nobody change its security until it was without power: usual after a start of the host.
    pub is_frozen: bool,
    /// Whether it wants a password before anything.
    pub is_locked: bool,
    /// Sectors that it keeps from its host.
    pub hidden: Hidden,
    /// Whether it says that it turns.
    pub turns: Option<bool>,
    /// Sectors that it could not read.
    pub pending: Option<u64>,
    /// Sectors that it has replaced.
    pub reallocated: Option<u64>,
    /// Errors that its interface has counted.
    pub interface_errors: Option<u64>,
    /// Errors that it could not correct.
    pub uncorrectable: Option<u64>,
    /// Whether it holds itself for sound.
    pub passed: Option<bool>,
    /// Hours that it has run.
    pub hours: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<i64>,
    /// How much of its life is used up, in percent.
    pub percent_used: Option<u64>,
    /// Its names, where it tells them to these programs alone.
    pub names: Names,
    /// What kept us from knowing more.
    pub remarks: Vec<String>,
}

/// What of a device is hidden; unknown until somebody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden(pub HiddenArea);

impl Default for Hidden {
    fn default() -> Self {
        Self(HiddenArea::Unknown)
    }
}

/// What a device calls itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    /// The maker's name of it.
    pub model: Option<String>,
    /// The maker's number of it.
    pub serial: Option<String>,
    /// The release of what runs in it.
    pub firmware: Option<String>,
    /// Its World Wide Name.
    pub wwn: Option<String>,
}

impl Abilities {
    /// Asks a device that is attached so. Nothing is changed.
    #[must_use]
    pub fn ask(drive: &dyn Drive, connector: Connector) -> Self {
        let mut known = Self::default();
        match connector {
            Connector::Image => {
                known.hidden = Hidden(HiddenArea::Sectors(0));
                return known;
            }
            Connector::Sata | Connector::Usb => known.ask_ata(drive),
            Connector::Nvme => known.ask_nvme(drive),
            Connector::Sas => known.ask_scsi(drive),
            Connector::MemoryCard | Connector::Other => {}
        }
        let health = drive.run(Program::Smartctl, &["--json", "-x"]);
        if known.heard(Program::Smartctl, &health)
            && !health::read(&mut known, &health.out)
            && connector == Connector::Usb
        {
            // A bridge that `smartctl` does not know: most of them pass ATA commands like this.
            let health = drive.run(Program::Smartctl, &["--json", "-x", "-d", "sat"]);
            health::read(&mut known, &health.out);
        }
        known
    }

    fn ask_ata(&mut self, drive: &dyn Drive) {
        let identity = drive.run(Program::Hdparm, &["-I"]);
        if self.heard(Program::Hdparm, &identity) && !ata::read(self, &identity.out) {
            self.remarks
                .push("no ATA commands reach it: a bridge passes none".to_owned());
            return;
        }
        let sectors = drive.run(Program::Hdparm, &["-N"]);
        if !sectors.is_missing {
            self.hidden = Hidden(ata::hidden(&sectors.out));
        }
    }

    fn ask_nvme(&mut self, drive: &dyn Drive) {
        let controller = drive.run(Program::Nvme, &["id-ctrl", "--output-format=json"]);
        if self.heard(Program::Nvme, &controller) && !nvme::read(self, &controller.out) {
            self.remarks
                .push("its controller does not say what it can do".to_owned());
        }
    }

    fn ask_scsi(&mut self, drive: &dyn Drive) {
        let commands = drive.run(Program::SgOpcodes, &[]);
        if self.heard(Program::SgOpcodes, &commands) {
            scsi::read(self, &commands.out);
        }
    }

    /// Whether a program is there; what it says of a device may be nothing.
    fn heard(&mut self, program: Program, said: &Said) -> bool {
        if said.is_missing {
            let name = program.name();
            self.remarks
                .push(format!("`{name}` is not installed, and was not asked"));
        }
        !said.is_missing
    }

    /// What it is made of: it knows better than a bridge.
    #[must_use]
    pub fn medium(&self, told: Medium) -> Medium {
        match (told, self.turns) {
            (Medium::Image, _) | (_, None) => told,
            (Medium::Rotating | Medium::Flash | Medium::Unknown, Some(true)) => Medium::Rotating,
            (Medium::Rotating | Medium::Flash | Medium::Unknown, Some(false)) => Medium::Flash,
        }
    }
}

/// Errors that the interface of a device has counted by now.
pub(super) fn interface_errors(drive: &dyn Drive, connector: Connector) -> Option<u64> {
    if connector == Connector::Image {
        return None;
    }
    let mut known = Abilities::default();
    let said = drive.run(Program::Smartctl, &["--json", "-x"]);
    health::read(&mut known, &said.out);
    known.interface_errors
}

#[cfg(test)]
mod tests;
