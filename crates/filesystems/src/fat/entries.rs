//! Entries of folders (fatgen103, "FAT Directory Structure").

use std::ops::ControlFlow;

use crate::clusters::dos_time;
use crate::clusters::item::{ENTRY, Entries, Found, Item, Layout, Lying};
use crate::clusters::name;
use crate::fat::code_page;
use crate::fat::long_name::LongName;
use crate::fat::short_name;
use crate::fields;
use crate::reader::{CodePage, Refusal};
use crate::told::{Times, Unloadable};

/// Attributes.
const LABEL: u8 = 0x08;
const FOLDER: u8 = 0x10;
/// Of an entry of a long name: read-only, hidden, system and label at once, of the six that are defined.
const LONG_NAME: u8 = 0x0F;
const DEFINED: u8 = 0x3F;

/// How a folder names itself, and the one above it.
const SELF: &[u8; 11] = b".          ";
const ABOVE: &[u8; 11] = b"..         ";

/// Files in which OS/2 and Windows NT keep extended attributes, in the root.
const EXTENDED_ATTRIBUTES: [&[u8; 11]; 2] = [b"EA DATA  SF", b"WP ROOT  SF"];

/// How entries of FAT are understood.
#[derive(Debug)]
pub(crate) struct FatEntries {
    page: CodePage,
    zone_minutes: i16,
    has_high_clusters: bool,
    long_name: LongName,
    is_root: bool,
    is_first: bool,
    label: Option<Vec<u8>>,
}

impl FatEntries {
    /// `has_high_clusters`: the numbers of clusters have 32 bits, as in FAT32. Before that the upper half belonged to
    /// extended attributes.
    pub(crate) fn new(page: CodePage, zone_minutes: i16, has_high_clusters: bool) -> Self {
        Self {
            page,
            zone_minutes,
            has_high_clusters,
            long_name: LongName::default(),
            is_root: false,
            is_first: false,
            label: None,
        }
    }

    /// The label that was found in the root.
    pub(crate) fn take_label(&mut self) -> Option<Vec<u8>> {
        self.label.take()
    }

    /// How many long names belonged to no entry, since this was asked.
    pub(crate) fn take_orphans(&mut self) -> u64 {
        self.long_name.take_orphans()
    }

    /// An entry that is no long name.
    fn short(&mut self, at: u64, raw: &[u8; ENTRY]) -> Option<Found> {
        let short: [u8; 11] = fields::bytes(raw, 0)?;
        let long = self.long_name.finish(short_name::checksum(&short));
        let is_folder = raw[11] & FOLDER != 0;
        let id = at / ENTRY as u64;
        if raw[11] & LABEL != 0 {
            return self.labelled(id, &short, is_folder);
        }
        if is_folder && (&short == SELF || &short == ABOVE) {
            return None;
        }
        if self.is_root && long.is_none() && !is_folder && EXTENDED_ATTRIBUTES.contains(&&short) {
            return Some(Found::Own(self.lying(raw, false)));
        }
        let name = match long {
            Some(long) => Ok(long),
            None => short_name::decode(&short, raw[12], self.page),
        };
        Some(match name {
            Ok(name) => self.named(id, name, raw, is_folder),
            Err(why) => broken(id, None, is_folder, why),
        })
    }

    /// A label is no file. It stands in the root; elsewhere it means nothing.
    fn labelled(&mut self, id: u64, short: &[u8; 11], is_folder: bool) -> Option<Found> {
        if is_folder {
            let why = "it says that it is a folder and the label of the volume";
            return Some(broken(id, None, true, why));
        }
        if self.is_root && self.label.is_none() {
            self.label = label(short, self.page);
        }
        None
    }

    fn named(&self, id: u64, name: Vec<u8>, raw: &[u8; ENTRY], is_folder: bool) -> Found {
        if let Some(why) = name::fault(&name) {
            return broken(id, Some(name), is_folder, why);
        }
        let is_encrypted = !is_folder && name::is_of_efs(&name);
        let item = Item {
            id,
            name,
            times: self.times(raw),
            lying: self.lying(raw, is_folder),
            unloadable: is_encrypted.then_some(Unloadable::Encrypted("EFS")),
        };
        if is_folder {
            Found::Folder(item)
        } else {
            Found::File(item)
        }
    }

    fn lying(&self, raw: &[u8; ENTRY], is_folder: bool) -> Lying {
        let low = fields::le16(raw, 26).map_or(0, u32::from);
        let high = fields::le16(raw, 20).filter(|_| self.has_high_clusters);
        let bytes = fields::le32(raw, 28).map_or(0, u64::from);
        Lying {
            first: high.map_or(0, u32::from) << 16 | low,
            layout: Layout::Chained,
            bytes: (!is_folder).then_some(bytes),
            valid: bytes,
        }
    }

    fn times(&self, raw: &[u8; ENTRY]) -> Times {
        let half = |at| fields::le16(raw, at).unwrap_or(0);
        let moment = |date, time, hundredths| {
            dos_time::moment(half(date), time, hundredths, self.zone_minutes)
        };
        Times {
            modified: moment(24, half(22), 0),
            changed: None,
            accessed: moment(18, 0, 0),
            created: moment(16, half(14), raw[13]),
        }
    }
}

fn broken(id: u64, name: Option<Vec<u8>>, is_folder: bool, why: &str) -> Found {
    Found::Broken {
        id,
        name,
        is_folder,
        why: why.to_owned(),
    }
}

/// A label: eleven bytes in one piece, as WTF-8; `None` if they are blank.
pub(crate) fn label(raw: &[u8; 11], page: CodePage) -> Option<Vec<u8>> {
    let mut raw = *raw;
    if raw[0] == 0x05 {
        raw[0] = 0xE5;
    }
    let end = raw.iter().rposition(|&byte| byte != b' ' && byte != 0)?;
    Some(code_page::decode(page, raw.get(..=end)?))
}

impl Entries for FatEntries {
    fn begin(&mut self, is_root: bool) {
        self.is_root = is_root;
        self.is_first = true;
        self.long_name.abandon();
    }

    fn take(
        &mut self,
        at: u64,
        raw: &[u8; ENTRY],
        found: &mut Vec<Found>,
    ) -> Result<ControlFlow<()>, Refusal> {
        let is_first = std::mem::take(&mut self.is_first);
        if is_first && !self.is_root && !(raw.starts_with(SELF) && raw[11] & FOLDER != 0) {
            // Every folder begins so. What does not was overwritten, or is something else's: what its bytes happen
            // to say would be files that are none, and claim clusters of others.
            let why = "it does not begin with the entry of a folder for itself";
            found.push(Found::Gap(why.to_owned()));
            return Ok(ControlFlow::Break(()));
        }
        match raw[0] {
            0 => return Ok(ControlFlow::Break(())),
            0xE5 => self.long_name.abandon(),
            _ if raw[11] & DEFINED == LONG_NAME => self.long_name.take(raw),
            _ => found.extend(self.short(at, raw)),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn interrupt(&mut self, _: &mut Vec<Found>) {
        self.is_first = false;
        self.long_name.abandon();
    }
}
