//! What a key slot keeps: the key of the volume, split into stripes and encrypted with what a passphrase gives.

use filesystems::blocks::Blocks;
use zeroize::Zeroize as _;

use super::damaged;
use crate::Locked;
use crate::cipher::Suite;
use crate::key::merge;
use crate::limits::{KEY_BYTES, STRIPES};
use crate::plain::VolumeKey;
use crate::secrets::Wiped;
use crate::stretch::Hash;

/// Where a slot keeps its key.
#[derive(Debug)]
pub(super) struct Area {
    /// In bytes of the volume.
    pub(super) at: u64,
    pub(super) suite: Suite,
    /// The length of the key that is kept, in bytes.
    pub(super) key_bytes: usize,
    pub(super) stripes: u32,
    pub(super) hash: Hash,
}

impl Area {
    /// The key, if `slot_key` is right; else some bytes.
    pub(super) fn key(&self, volume: &mut dyn Blocks, slot_key: Wiped) -> Result<Wiped, Locked> {
        if !(1..=STRIPES).contains(&self.stripes) || !(1..=KEY_BYTES).contains(&self.key_bytes) {
            return Err(damaged("a key slot that cannot be"));
        }
        let stripes = usize::try_from(self.stripes).map_err(|_| damaged("too many stripes"))?;
        let bytes = self.key_bytes.saturating_mul(stripes);
        let mut kept = Wiped::new(vec![0; bytes.next_multiple_of(512)]);
        let read = volume.read(self.at, &mut kept);
        read.map_err(|fault| Locked::of(fault, "a key slot"))?;
        let mut key = VolumeKey {
            suite: self.suite.clone(),
            sector_bytes: 512,
            step: 1,
            key: slot_key.to_vec(),
        };
        let cipher = key.cipher();
        key.zeroize();
        cipher
            .map_err(|_| damaged("a key slot of another length than its cipher takes"))?
            .decipher(0, &mut kept);
        Ok(merge(&kept[..bytes], self.key_bytes, self.hash))
    }
}
