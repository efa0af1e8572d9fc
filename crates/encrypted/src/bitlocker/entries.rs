//! The entries of which metadata of BitLocker is made: each with a length, a type, and what kind of value it has; some hold
//! further entries.

use aes::Aes256;
use ccm::Ccm;
use ccm::aead::AeadInOut as _;
use ccm::aead::KeyInit as _;
use ccm::consts::{U12, U16};
use filesystems::fields::{bytes, le16};

use crate::secrets::Wiped;

/// Bytes of an entry before its data.
const HEAD: usize = 8;

/// An entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: u16,
    pub(super) value: u16,
    pub(super) data: &'a [u8],
}

pub(super) mod value {
    pub(crate) const KEY: u16 = 1;
    pub(crate) const STRETCHED: u16 = 3;
    pub(crate) const ENCRYPTED: u16 = 5;
    pub(crate) const VOLUME_MASTER_KEY: u16 = 8;
    pub(crate) const EXTERNAL_KEY: u16 = 9;
    pub(crate) const PLACE: u16 = 15;
}

/// The entries in some bytes; what is damaged ends them.
pub(super) fn entries(mut bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    while let (Some(length), Some(kind), Some(value)) =
        (le16(bytes, 0), le16(bytes, 2), le16(bytes, 4))
    {
        let length = usize::from(length);
        let Some((entry, rest)) = bytes.split_at_checked(length) else {
            break;
        };
        let Some(data) = entry.get(HEAD..) else {
            break;
        };
        entries.push(Entry { kind, value, data });
        bytes = rest;
    }
    entries
}

/// The first entry with a kind of value.
pub(super) fn first<'a>(entries: &[Entry<'a>], value: u16) -> Option<Entry<'a>> {
    entries.iter().find(|entry| entry.value == value).copied()
}

/// What a key entry holds: a number for how it is used, and the key.
pub(super) fn key(entry: Entry<'_>) -> Option<Wiped> {
    Some(Wiped::new(entry.data.get(4..)?.to_vec()))
}

/// The key that another encrypts, if that is the right one: AES-CCM of an entry with the key.
pub(super) fn decrypt(entry: Entry<'_>, with: &[u8]) -> Option<Wiped> {
    let nonce: [u8; 12] = bytes(entry.data, 0)?;
    let tag: [u8; 16] = bytes(entry.data, 12)?;
    let mut data = Wiped::new(entry.data.get(28..)?.to_vec());
    let cipher = Ccm::<Aes256, U16, U12>::new_from_slice(with).ok()?;
    if !crate::UNCHECKED {
        let opened =
            cipher.decrypt_inout_detached(&nonce.into(), b"", (&mut data[..]).into(), &tag.into());
        opened.ok()?;
    }
    let inner = entries(&data);
    key(first(&inner, value::KEY)?)
}
