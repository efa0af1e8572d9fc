//! What is said of a whole file system, and how it is to be read, as it is sent.

use filesystems::limits::{Limits, NAME_BYTES};
use filesystems::reader::{CodePage, Options, Refusal};
use filesystems::told::{Facts, Summary};

use crate::sandbox::wire::{Malformed, Taken, Wire, kinds, put_bytes, put_word};
use crate::sandbox::words::KINDS;

kinds!(CodePage { 0 => Cp437, 1 => Cp850, 2 => Cp852, 3 => Cp866, 4 => Cp932 });

impl Wire for Facts {
    fn put(&self, into: &mut Vec<u8>) {
        put_word(into, KINDS, self.kind);
        self.label.is_some().put(into);
        if let Some(label) = &self.label {
            put_bytes(into, label);
        }
        self.uuid.put(into);
        self.bytes.put(into);
        self.cluster.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            kind: from.word(KINDS)?,
            label: match bool::take(from)? {
                true => Some(from.bytes(NAME_BYTES)?.to_vec()),
                false => None,
            },
            uuid: Wire::take(from)?,
            bytes: Wire::take(from)?,
            cluster: Wire::take(from)?,
        })
    }
}

impl Wire for Summary {
    fn put(&self, into: &mut Vec<u8>) {
        self.remarks.put(into);
        self.is_dirty.put(into);
        self.unaccounted.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            remarks: Wire::take(from)?,
            is_dirty: Wire::take(from)?,
            unaccounted: Wire::take(from)?,
        })
    }
}

impl Wire for Refusal {
    fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::Other => 0_u8.put(into),
            Self::Ended => 1_u8.put(into),
            Self::Damaged(why) => put_why(into, 2, why),
            Self::Unsupported(why) => put_why(into, 3, why),
            Self::Limit(why) => put_why(into, 4, why),
            Self::Foreign(why) => put_why(into, 5, why),
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(match u8::take(from)? {
            0 => Self::Other,
            1 => Self::Ended,
            2 => Self::Damaged(Wire::take(from)?),
            3 => Self::Unsupported(Wire::take(from)?),
            4 => Self::Limit(Wire::take(from)?),
            5 => Self::Foreign(Wire::take(from)?),
            _ => return Err(Malformed("no refusal has this kind")),
        })
    }
}

/// Appends a kind and its words.
pub(super) fn put_why(into: &mut Vec<u8>, kind: u8, why: &String) {
    kind.put(into);
    why.put(into);
}

impl Wire for Options {
    fn put(&self, into: &mut Vec<u8>) {
        self.zone_minutes.put(into);
        self.code_page.put(into);
        self.limits.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            zone_minutes: Wire::take(from)?,
            code_page: Wire::take(from)?,
            limits: Wire::take(from)?,
        })
    }
}

impl Wire for Limits {
    fn put(&self, into: &mut Vec<u8>) {
        self.folders.put(into);
        self.files.put(into);
        put_size(into, self.extents);
        self.metadata_bytes.put(into);
        put_size(into, self.depth);
        self.journal_bytes.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            folders: Wire::take(from)?,
            files: Wire::take(from)?,
            extents: take_size(from)?,
            metadata_bytes: Wire::take(from)?,
            depth: take_size(from)?,
            journal_bytes: Wire::take(from)?,
        })
    }
}

fn put_size(into: &mut Vec<u8>, size: usize) {
    u64::try_from(size).unwrap_or(u64::MAX).put(into);
}

fn take_size(from: &mut Taken<'_>) -> Result<usize, Malformed> {
    let size = u64::take(from)?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}
