//! A record of a catalogue: a path, where it lies, and what is told of it.

use std::io::{self, Read};

use model::device::DeviceOffset;
use model::entry::{Damage, EntryPath, Unloadable};
use spool::Spooled;

use super::facts;
use super::fields::{Fields, damaged, put_bytes, put_number};
use super::log::Held;
use crate::tree::{BadEntry, Walked};

/// Bytes of a record before what follows: its length, and which of its path it is.
pub(super) const HEAD_BYTES: usize = 8;

/// Where in a record it says which of its path it is.
pub(super) const COPY_AT: u64 = 4;

/// A record to be sorted: place and path, and behind them what is told.
pub(super) struct Unsorted {
    bytes: Vec<u8>,
    key_bytes: usize,
}

impl Unsorted {
    /// Those without a place come first, those that cannot be loaded last.
    pub(super) fn new(
        path: &[u8],
        place: Option<u64>,
        is_sound: bool,
        facts: &Held,
        layout: &Held,
    ) -> Self {
        let place = match (is_sound, place) {
            (false, _) => u64::MAX,
            (true, None) => 0,
            // No file begins at the last byte that can be addressed.
            (true, Some(place)) => place.saturating_add(1).min(u64::MAX - 1),
        };
        let mut bytes = Vec::with_capacity(path.len() + 64);
        bytes.extend(place.to_be_bytes());
        bytes.extend_from_slice(path);
        let key_bytes = bytes.len();
        put_held(facts, &mut bytes);
        put_held(layout, &mut bytes);
        Self { bytes, key_bytes }
    }

    /// The path.
    pub(super) fn path(&self) -> &[u8] {
        &self.key()[8..]
    }

    /// The record as it stands in a catalogue.
    pub(super) fn record(&self, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        into.extend([0; HEAD_BYTES]);
        let (place, path) = self.key().split_at(8);
        into.extend_from_slice(place);
        put_bytes(path, into);
        into.extend_from_slice(&self.bytes[self.key_bytes..]);
        let length = u32::try_from(into.len() - HEAD_BYTES).map_err(io::Error::other)?;
        into[..4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

impl Spooled for Unsorted {
    fn key(&self) -> &[u8] {
        &self.bytes[..self.key_bytes]
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.key_bytes as u64).to_le_bytes());
        spool::put_bytes(&self.bytes, bytes);
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let key_bytes = usize::try_from(spool::number(from)?).map_err(io::Error::other)?;
        let bytes = spool::bytes_of(from)?;
        Ok(Self { bytes, key_bytes })
    }
}

/// A record as it is read.
#[derive(Debug)]
pub(super) struct Record {
    /// Which it is of those with its path, from 0.
    copy: u32,
    place: Option<DeviceOffset>,
    pub(super) path: Vec<u8>,
    pub(super) facts: Held,
    pub(super) layout: Held,
}

impl Record {
    /// Reads head and bytes.
    ///
    /// # Errors
    /// If they are no record.
    pub(super) fn parse(head: [u8; HEAD_BYTES], bytes: &[u8]) -> io::Result<Self> {
        let [_, _, _, _, copy @ ..] = head;
        let (place, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let fields = &mut Fields(rest);
        let place = match u64::from_be_bytes(*place) {
            0 | u64::MAX => None,
            behind => Some(DeviceOffset::new(behind - 1)),
        };
        Ok(Self {
            copy: u32::from_le_bytes(copy),
            place,
            path: fields.bytes()?.to_vec(),
            facts: held(fields)?,
            layout: held(fields)?,
        })
    }

    /// Whether another has its path.
    pub(super) fn is_copy(&self) -> bool {
        self.copy > 0
    }

    /// What a walk says of it. `facts` are its.
    ///
    /// # Errors
    /// If they are none.
    pub(super) fn walked(self, facts: &[u8]) -> io::Result<Walked> {
        let path = EntryPath::new(self.path);
        if self.copy == 0 {
            return facts::read(facts, path, self.place);
        }
        // Each line of a report has a path of its own.
        let number = u64::from(self.copy) + 1;
        let words = format!(" (number {number} of this name)");
        let path = EntryPath::new([path.as_bytes(), words.as_bytes()].concat());
        Ok(match facts::read(facts, path, self.place)? {
            Ok(entry) => {
                let why = Unloadable::Damaged(Damage::NamedTwice);
                let bytes = entry.bytes();
                Err(BadEntry::unloadable(entry.path, bytes, why))
            }
            bad => bad,
        })
    }
}

fn put_held(held: &Held, into: &mut Vec<u8>) {
    match held {
        Held::Here(bytes) => {
            into.push(0);
            put_bytes(bytes, into);
        }
        Held::There { at, bytes } => {
            into.push(1);
            put_number(*at, into);
            put_number(*bytes, into);
        }
    }
}

fn held(fields: &mut Fields<'_>) -> io::Result<Held> {
    Ok(match fields.byte()? {
        0 => Held::Here(fields.bytes()?.to_vec()),
        1 => Held::There {
            at: fields.number()?,
            bytes: fields.number()?,
        },
        _ => return Err(damaged()),
    })
}
