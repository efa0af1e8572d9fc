//! A device that is read raw: an image file with places that cannot be read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use disks::device::{Device, OpenError, RawDevice, SECTOR_BYTES};
use disks::fault::Fault;
use disks::tree::DeviceGone;
use rustix::io::Errno;

use crate::chance::Chance;
use crate::connection::Connection;

/// Pieces of an image: each is zeros or noise.
const PIECE: usize = 256 << 10;

/// What is read at once where it is bad: of a sector that fails in some attempts, a part may come.
const LOGICAL: usize = 512;

/// What a device holds, and where it is bad.
pub struct Image {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Sectors that cannot be read.
    pub bad: BTreeSet<u64>,
    /// Sectors that cannot be read in some attempts.
    pub flaky: BTreeSet<u64>,
}

impl Image {
    /// A device that is written to `path`.
    #[must_use]
    pub fn generate(chance: Chance, path: PathBuf) -> Self {
        let size = 4096 + chance.of("size").index(12 << 20) / 512 * 512;
        let mut bytes = vec![0; size];
        for (index, piece) in bytes.chunks_mut(PIECE).enumerate() {
            let chance = chance.of(("piece", index));
            if chance.one_in(3) {
                piece.copy_from_slice(&chance.noise(piece.len()));
            }
        }
        std::fs::write(&path, &bytes).expect("the folder can be written");
        let sectors = (size as u64).div_ceil(SECTOR_BYTES);
        Self {
            path,
            bytes,
            bad: places(chance.of("bad"), sectors),
            flaky: places(chance.of("flaky"), sectors),
        }
    }

    /// Whether `found` is an image of the device: nothing but what cannot be read may be zeros.
    #[must_use]
    pub fn is_image(&self, found: &[u8]) -> bool {
        let pairs = self.bytes.chunks(LOGICAL).zip(found.chunks(LOGICAL));
        let is_excused = |at: u64| self.bad.contains(&at) || self.flaky.contains(&at);
        self.bytes.len() == found.len()
            && (0..)
                .step_by(LOGICAL)
                .zip(pairs)
                .all(|(at, (ours, theirs))| {
                    let is_excused = is_excused(at / SECTOR_BYTES);
                    ours == theirs || (is_excused && theirs.iter().all(|byte| *byte == 0))
                })
    }
}

/// A few places, of few devices.
fn places(chance: Chance, sectors: u64) -> BTreeSet<u64> {
    let count = match chance.one_in(3) {
        true => 1 + chance.of("count").below(4),
        false => 0,
    };
    (0..count)
        .map(|index| chance.of(index).below(sectors))
        .collect()
}

/// The device in the dock, for one attempt.
pub struct Docked {
    device: RawDevice,
    bad: BTreeSet<u64>,
    connection: Connection,
}

impl Docked {
    /// The device at `path` as this attempt has it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(image: &Image, path: &Path, connection: Connection) -> Result<Self, OpenError> {
        connection.access().map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })?;
        let device = RawDevice::open(path)?;
        let mut bad = image.bad.clone();
        if connection.attempt.trouble.flaky {
            bad.extend(&image.flaky);
        }
        Ok(Self {
            device,
            bad,
            connection,
        })
    }
}

#[deny(clippy::missing_trait_methods)]
impl Device for Docked {
    fn bytes(&self) -> u64 {
        self.device.bytes()
    }

    fn sector(&self) -> u32 {
        self.device.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        self.connection.read()?;
        let end = (offset + buffer.len() as u64).min(self.bytes());
        let sectors = offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES);
        match self.bad.range(sectors).next() {
            Some(_) => Err(Fault::Bad(Errno::IO)),
            None => self.device.read_at(offset, buffer),
        }
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.device.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.connection.read().map_err(DeviceGone)
    }
}
