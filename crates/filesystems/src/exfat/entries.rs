//! Entries of folders (exFAT specification, 6): sets of them that describe one file each, and in the root a few that
//! describe the volume.

use std::ops::ControlFlow;

use crate::clusters::item::{ENTRY, Entries, Found, Layout, Lying};
use crate::exfat::set;
use crate::fields::{le16, le32, le64};
use crate::reader::Refusal;
use crate::wtf8;

/// Bits of a kind: the entry is in use; it belongs to the one before it.
const IN_USE: u8 = 0x80;
const SECONDARY: u8 = 0x40;

/// Kinds of primary entries that are in use.
const BITMAP: u8 = 0x81;
const UP_CASE: u8 = 0x82;
const LABEL: u8 = 0x83;
const FILE: u8 = 0x85;

/// The fewest entries that a file has after its first: one for its stream, one for its name.
const FEWEST: u8 = 2;

/// The longest label in units of UTF-16.
const LABEL_UNITS: u8 = 11;

/// How entries of exFAT are understood.
#[derive(Debug)]
pub(crate) struct ExfatEntries {
    zone_minutes: i16,
    is_second_active: bool,
    is_root: bool,
    set: Option<PendingSet>,
    /// Whether secondary entries that come now are known to mean nothing: those of what was passed over, or was told
    /// as broken.
    passes: bool,
    label: Option<Vec<u8>>,
    bitmap: Option<Lying>,
}

/// A set of which not all entries have come yet.
#[derive(Debug)]
struct PendingSet {
    id: u64,
    raw: Vec<u8>,
    missing: u8,
}

impl ExfatEntries {
    /// `is_second_active`: the second bitmap counts.
    pub(crate) fn new(zone_minutes: i16, is_second_active: bool) -> Self {
        Self {
            zone_minutes,
            is_second_active,
            is_root: false,
            set: None,
            passes: false,
            label: None,
            bitmap: None,
        }
    }

    /// The label that was found in the root.
    pub(crate) fn take_label(&mut self) -> Option<Vec<u8>> {
        self.label.take()
    }

    /// Where the bitmap of clusters in use is that counts, as the root says.
    pub(crate) fn bitmap(&self) -> Option<Lying> {
        self.bitmap
    }

    fn secondary(&mut self, id: u64, raw: &[u8; ENTRY], found: &mut Vec<Found>) {
        let Some(mut set) = self.set.take() else {
            if !self.passes {
                self.passes = true;
                let why = "it is the rest of a file whose first entry is missing";
                found.push(set::broken(id, None, false, why));
            }
            return;
        };
        set.raw.extend_from_slice(raw);
        set.missing = set.missing.saturating_sub(1);
        if set.missing > 0 {
            self.set = Some(set);
        } else {
            found.push(set::understand(&set.raw, set.id, self.zone_minutes));
        }
    }

    fn primary(
        &mut self,
        id: u64,
        raw: &[u8; ENTRY],
        found: &mut Vec<Found>,
    ) -> Result<ControlFlow<()>, Refusal> {
        match raw[0] {
            FILE if raw[1] < FEWEST => {
                self.passes = true;
                found.push(set::broken(id, None, false, "it has too few entries"));
            }
            FILE => {
                self.set = Some(PendingSet {
                    id,
                    raw: raw.to_vec(),
                    missing: raw[1],
                });
            }
            BITMAP if self.is_root => found.push(Found::Own(self.bitmap_at(raw))),
            UP_CASE if self.is_root => found.push(Found::Own(chain(raw))),
            LABEL if self.is_root => self.label = label(raw),
            kind if kind & set::BENIGN != 0 => self.passes = true,
            kind => return self.unknown(kind, found),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What must be understood and is not makes the folder invalid that holds it, and in the root the volume
    /// (specification, 8.2).
    fn unknown(&self, kind: u8, found: &mut Vec<Found>) -> Result<ControlFlow<()>, Refusal> {
        let what = format!("an entry of the kind {kind:02X}");
        if self.is_root {
            return Err(Refusal::Unsupported(what));
        }
        found.push(Found::Gap(format!(
            "it holds {what}, which is not known here"
        )));
        Ok(ControlFlow::Break(()))
    }

    fn bitmap_at(&mut self, raw: &[u8; ENTRY]) -> Lying {
        let place = chain(raw);
        let is_second = raw[1] & 1 != 0;
        if is_second == self.is_second_active {
            self.bitmap = Some(place);
        }
        place
    }
}

/// Where something of the volume's own lies. It always has a chain.
fn chain(raw: &[u8; ENTRY]) -> Lying {
    let bytes = le64(raw, 24).unwrap_or(0);
    Lying {
        first: le32(raw, 20).unwrap_or(0),
        layout: Layout::Chained,
        bytes: Some(bytes),
        valid: bytes,
    }
}

fn label(raw: &[u8; ENTRY]) -> Option<Vec<u8>> {
    let units = raw[1].min(LABEL_UNITS);
    let units = (0..usize::from(units)).filter_map(|index| le16(raw, 2 + index * 2));
    Some(wtf8::from_utf16(units)).filter(|label| !label.is_empty())
}

impl Entries for ExfatEntries {
    fn begin(&mut self, is_root: bool) {
        self.is_root = is_root;
        self.set = None;
        self.passes = false;
    }

    fn take(
        &mut self,
        at: u64,
        raw: &[u8; ENTRY],
        found: &mut Vec<Found>,
    ) -> Result<ControlFlow<()>, Refusal> {
        let id = at / ENTRY as u64;
        if raw[0] & IN_USE != 0 && raw[0] & SECONDARY != 0 {
            self.secondary(id, raw, found);
            return Ok(ControlFlow::Continue(()));
        }
        self.interrupt(found);
        match raw[0] {
            0 => Ok(ControlFlow::Break(())),
            kind if kind & IN_USE == 0 => Ok(ControlFlow::Continue(())),
            _ => self.primary(id, raw, found),
        }
    }

    fn interrupt(&mut self, found: &mut Vec<Found>) {
        self.passes = false;
        if let Some(set) = self.set.take() {
            let why = "entries of it are missing";
            found.push(set::broken(set.id, None, false, why));
        }
    }
}
