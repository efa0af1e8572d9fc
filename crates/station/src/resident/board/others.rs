//! Disks that are left alone: who stands before one that is no bay is told why, and what mends it.

use disks::facts::Use;
use model::other_disk::{OTHER_DISKS, OtherDisk};

use super::Board;
use crate::resident::told::sentence;
use crate::watch::{LeftAlone, Medium, MediumId};

impl Board {
    /// Takes in what is left alone of what is present.
    pub(super) fn leave_alone(&mut self, media: &[Medium]) {
        let others = media.iter().filter_map(|medium| {
            let why = medium.left_alone.as_ref().filter(|why| is_shown(why))?;
            Some((medium.id(), other(medium, why), why))
        });
        let others: Vec<(MediumId, OtherDisk, &LeftAlone)> = others.collect();
        for (id, other, why) in &others {
            // One line for each, and another if the reason is another.
            if self.others.get(id) != Some(other) {
                log(other, why);
            }
        }
        self.others = others
            .into_iter()
            .map(|(id, other, _)| (id, other))
            .collect();
    }

    /// Disks that are left alone, by their names.
    pub(in crate::resident) fn others(&self) -> Vec<OtherDisk> {
        self.others.values().take(OTHER_DISKS).cloned().collect()
    }
}

/// Whether a person may take it for a disk that should be in a bay. What is made of other devices, and an image of somebody
/// else, nobody plugs in.
fn is_shown(why: &LeftAlone) -> bool {
    match why {
        LeftAlone::Used(_) | LeftAlone::ThereBefore | LeftAlone::NoBay | LeftAlone::NotKnown(_) => {
            true
        }
        LeftAlone::Hidden | LeftAlone::Made | LeftAlone::OtherImage => false,
    }
}

fn other(medium: &Medium, why: &LeftAlone) -> OtherDisk {
    OtherDisk {
        medium: medium.name.clone(),
        port: medium.port.clone(),
        bytes: medium.bytes,
        why: sentence(&why.to_string()),
        remedy: remedy(why).map(|text| sentence(&text)),
    }
    .tidied()
}

fn log(other: &OtherDisk, why: &LeftAlone) {
    let OtherDisk {
        medium: disk,
        port,
        why: text,
        remedy,
        ..
    } = other;
    match why {
        // Most hosts have such, and nobody waits for them.
        LeftAlone::ThereBefore | LeftAlone::NoBay => {
            tracing::info!(%disk, %port, remedy, "left alone: {text}");
        }
        _ => tracing::warn!(%disk, %port, remedy, "left alone: {text}"),
    }
}

/// What a person can do so that it is loaded.
fn remedy(why: &LeftAlone) -> Option<String> {
    let named = "name its port in `[[station.bays]]`; `longshore bay teach` finds it out";
    match why {
        LeftAlone::Used(used) => of_use(used),
        LeftAlone::ThereBefore => Some(format!("plug it in again, or {named}")),
        LeftAlone::NoBay => Some(named.to_owned()),
        LeftAlone::NotKnown(_) | LeftAlone::Hidden | LeftAlone::Made | LeftAlone::OtherImage => {
            None
        }
    }
}

fn of_use(used: &Use) -> Option<String> {
    match used {
        // The system is on it, or what the station keeps.
        Use::Needed { .. } | Use::Attached { .. } => None,
        Use::Mounted { at, .. } => Some(format!(
            "`umount {}` frees it; `longshore doctor` names who mounts what is plugged in",
            at.display()
        )),
        Use::MountedElsewhere { pid, .. } => Some(format!("unmount it where process {pid} has it")),
        Use::Swap { device } => Some(format!("`swapoff {}` frees it", device.display())),
        Use::Held { by, .. } => Some(format!("end `{}`, which is made of it", by.display())),
        Use::Written { pid, .. } => Some(format!("end process {pid}")),
    }
}
