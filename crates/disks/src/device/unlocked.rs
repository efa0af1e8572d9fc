//! A device with volumes that were unlocked: the same bytes, deciphered where those volumes lie.
//!
//! Every place stays where it is, so that whoever reads in the order of the disk still does, and what is known of bad
//! places holds. What is read is deciphered by whoever reads it.

use std::fmt;
use std::sync::Arc;

use encrypted::cipher::SectorCipher;
use encrypted::plain::{Origin, Plain};

use super::Device;
use crate::aligned::Buffers;
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// A volume that was unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVolume {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// Where it begins in the device, in bytes.
    pub offset: u64,
    /// What it is plain. The key in it is wiped with it.
    pub plain: Plain,
}

/// A device, deciphered where its volumes were unlocked.
pub struct Unlocked {
    inner: Arc<dyn Device>,
    /// In order, and none over another.
    regions: Vec<Region>,
    buffers: Arc<Buffers>,
}

/// A stretch of a device that does not read as it lies.
struct Region {
    at: u64,
    end: u64,
    holds: Holds,
}

enum Holds {
    /// What lies from `at` on, of which the first sector has the number `sector`.
    Cipher {
        at: u64,
        sector: u64,
        cipher: Arc<SectorCipher>,
    },
    Zeros,
    These(Box<[u8]>),
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unlocked").finish_non_exhaustive()
    }
}

impl Unlocked {
    /// A device, with volumes that were unlocked on it.
    #[must_use]
    pub fn new(inner: Arc<dyn Device>, volumes: &[OpenVolume]) -> Self {
        let mut regions: Vec<Region> = volumes.iter().flat_map(regions).collect();
        regions.sort_by_key(|region| region.at);
        Self {
            inner,
            regions,
            buffers: Arc::default(),
        }
    }

    /// The region at a place, or the next one behind it.
    fn region(&self, offset: u64) -> Option<&Region> {
        let index = self.regions.partition_point(|it| it.end <= offset);
        self.regions.get(index)
    }

    fn decipher(
        &self,
        (at, sector, cipher): (u64, u64, &SectorCipher),
        (from, most): (u64, u64),
        buffer: &mut [u8],
    ) -> Result<usize, Fault> {
        let bytes = cipher.sector_bytes() as u64;
        let skipped = from % bytes;
        let begin = from - skipped;
        let number = sector.wrapping_add((begin / bytes).wrapping_mul(cipher.step()));
        let wanted = buffer.len() as u64;
        if skipped == 0 && wanted.is_multiple_of(bytes) {
            return self.sectors(at + begin, (number, cipher), buffer);
        }
        let length = (skipped + wanted).next_multiple_of(bytes).min(most - begin);
        let mut whole = self.buffers.take(length);
        let came = self.sectors(at + begin, (number, cipher), &mut whole)?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        let came = came.saturating_sub(skipped).min(buffer.len());
        buffer[..came].copy_from_slice(&whole[skipped..skipped + came]);
        Ok(came)
    }

    /// Reads whole sectors, and gives how many bytes of them came.
    fn sectors(
        &self,
        at: u64,
        (number, cipher): (u64, &SectorCipher),
        into: &mut [u8],
    ) -> Result<usize, Fault> {
        let mut came = 0;
        while came < into.len() {
            match self.inner.read_at(at + came as u64, &mut into[came..]) {
                Ok(0) => break,
                Ok(read) => came += read,
                Err(fault) if came < cipher.sector_bytes() => return Err(fault),
                // What came is given; whoever goes on there meets the fault.
                Err(_) => break,
            }
        }
        let whole = came / cipher.sector_bytes() * cipher.sector_bytes();
        cipher.decipher(number, &mut into[..whole]);
        Ok(whole)
    }
}

/// The stretches of a volume that do not read as they lie.
fn regions(volume: &OpenVolume) -> Vec<Region> {
    // Whoever opened it has looked at the key.
    let Ok(cipher) = volume.plain.key.cipher().map(Arc::new) else {
        return Vec::new();
    };
    let pieces = volume.plain.pieces.iter().filter_map(|piece| {
        let at = volume.offset + piece.at;
        let holds = match &piece.origin {
            Origin::Cipher { at, sector } => Holds::Cipher {
                at: volume.offset + at,
                sector: *sector,
                cipher: Arc::clone(&cipher),
            },
            Origin::Zeros => Holds::Zeros,
            Origin::These(bytes) => Holds::These(bytes.clone()),
            Origin::Clear => return None,
        };
        let end = at + piece.bytes;
        Some(Region { at, end, holds })
    });
    pieces.collect()
}

impl Device for Unlocked {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn sector(&self) -> u32 {
        self.inner.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let Some(region) = self.region(offset) else {
            return self.inner.read_at(offset, buffer);
        };
        let within = |until: u64| usize::try_from(until - offset).unwrap_or(usize::MAX);
        if offset < region.at {
            let most = buffer.len().min(within(region.at));
            return self.inner.read_at(offset, &mut buffer[..most]);
        }
        let most = buffer.len().min(within(region.end));
        let buffer = &mut buffer[..most];
        let from = offset - region.at;
        match &region.holds {
            Holds::Cipher { at, sector, cipher } => {
                let place = (*at, *sector, &**cipher);
                self.decipher(place, (from, region.end - region.at), buffer)
            }
            Holds::Zeros => {
                buffer.fill(0);
                Ok(most)
            }
            Holds::These(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                buffer.copy_from_slice(&bytes[from..from + most]);
                Ok(most)
            }
        }
    }

    fn next_data(&self, offset: u64) -> u64 {
        match self.region(offset) {
            // Zeros that lie there are not zeros that are read.
            Some(region) if region.at <= offset => offset,
            Some(region) => self.inner.next_data(offset).min(region.at),
            None => self.inner.next_data(offset),
        }
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.inner.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::memory::MemoryDevice;
    use encrypted::cipher::{Algorithm, Mode, Suite};
    use encrypted::plain::{Piece, VolumeKey};

    const AT: u64 = 8192;

    fn piece(at: u64, bytes: u64, origin: Origin) -> Piece {
        Piece { at, bytes, origin }
    }

    fn volume(sector_bytes: u32) -> OpenVolume {
        let pieces = vec![
            piece(0, 512, Origin::These([9; 512].into())),
            piece(512, 3584, Origin::Clear),
            piece(4096, 4096, Origin::Zeros),
            piece(
                8192,
                32768,
                Origin::Cipher {
                    at: 8192,
                    sector: 5,
                },
            ),
        ];
        OpenVolume {
            number: 1,
            offset: AT,
            plain: Plain {
                kind: "test".to_owned(),
                key_id: None,
                at: 0,
                bytes: 40960,
                pieces,
                key: VolumeKey {
                    suite: Suite::one(Mode::Xts, Algorithm::Aes),
                    sector_bytes,
                    step: 1,
                    key: vec![7; 32],
                },
            },
        }
    }

    fn all(device: &dyn Device, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut buffer = vec![0; step];
            match device.read_at(all.len() as u64, &mut buffer).unwrap() {
                0 => return all,
                came => all.extend(&buffer[..came]),
            }
        }
    }

    #[test]
    fn a_device_reads_the_same_in_whatever_steps() {
        let content: Vec<u8> = (0..65536_u32)
            .map(|it| it.to_le_bytes()[0] ^ it.to_le_bytes()[1])
            .collect();
        for sector in [512, 4096] {
            let inner: Arc<dyn Device> = Arc::new(MemoryDevice::new(content.clone()));
            let volume = volume(sector);
            let mut plain = content.clone();
            plain[8192..8704].fill(9);
            plain[12288..16384].fill(0);
            let cipher = volume.plain.key.cipher().unwrap();
            cipher.decipher(5, &mut plain[16384..49152]);
            let device = Unlocked::new(inner, &[volume]);
            for step in [512, 1536, 4096, 8192, 65536] {
                assert!(all(&device, step) == plain, "{sector} {step}");
            }
            assert_eq!(device.next_data(20000), 20000);
        }
    }

    #[test]
    fn a_sector_that_cannot_be_read_is_none_and_those_before_it_come() {
        let inner = MemoryDevice::new(vec![3; 65536]);
        inner.break_range(20480..20992, rustix::io::Errno::IO, u32::MAX);
        let device = Unlocked::new(Arc::new(inner), &[volume(512)]);
        let mut buffer = vec![0; 8192];
        assert!(matches!(
            device.read_at(20480, &mut buffer[..512]),
            Err(Fault::Bad(_))
        ));
        assert_eq!(device.read_at(16384, &mut buffer[..4096]).unwrap(), 4096);
    }
}
