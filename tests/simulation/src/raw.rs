//! A device that is read raw: an image file with places that cannot be read.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disks::device::{Device, OpenError, RawDevice, SECTOR_BYTES};
use disks::fault::Fault;
use disks::tree::DeviceGone;
use model::device::Connector;
use model::handling::DeviceHealth;
use model::ids::JobId;
use rustix::io::Errno;
use station::devices::Devices;
use transfer::destination::Target;

use crate::attempt::Attempt;
use crate::chance::Chance;
use crate::connection::Connection;
use crate::faults::{Faults, Lasting, Place};

/// Pieces of an image: each is zeros or noise.
const PIECE: usize = 256 << 10;

/// What is read at once where it is bad: of a sector that fails in some attempts, a part may come.
pub const LOGICAL: usize = 512;

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
    /// Both as places.
    pub faults: Arc<Faults>,
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
        let (bad, flaky) = (
            places(chance.of("bad"), sectors),
            places(chance.of("flaky"), sectors),
        );
        let always = bad.iter().map(|at| sector(*at, Lasting::Always));
        let at_times = flaky.iter().map(|at| sector(*at, Lasting::AtTimes));
        Self {
            path,
            bytes,
            faults: Arc::new(Faults::new(always.chain(at_times).collect())),
            bad,
            flaky,
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

fn sector(number: u64, lasting: Lasting) -> Place {
    let start = number * SECTOR_BYTES;
    Place {
        range: start..start + SECTOR_BYTES,
        errno: Errno::IO,
        lasting,
    }
}

/// The way of one attempt to a device that is read raw.
pub struct Way {
    /// Where it is bad.
    pub faults: Arc<Faults>,
    /// The attempt.
    pub attempt: Arc<Attempt>,
}

#[deny(clippy::missing_trait_methods)]
impl Devices for Way {
    fn target(&self, _: &Path, _: JobId, _: Option<&Path>) -> io::Result<Box<dyn Target>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError> {
        let connection = Connection::new(Arc::clone(&self.attempt));
        connection.access().map_err(|source| OpenError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Box::new(Docked {
            device: RawDevice::open(path)?,
            faults: Arc::clone(&self.faults),
            connection,
        }))
    }

    fn health(&self, _: &Path, _: Connector) -> Option<DeviceHealth> {
        None
    }
}

/// The device in the dock, for one attempt.
struct Docked {
    device: RawDevice,
    faults: Arc<Faults>,
    connection: Connection,
}

impl Docked {
    /// How much of a read that meets a bad place comes: what lies before it, as from a host's memory of the device, or
    /// nothing, as past that.
    fn comes(&self, offset: u64, place: &Place) -> usize {
        let chance = self.connection.attempt.chance.of(("before", offset));
        let before = place.range.start.saturating_sub(offset);
        let before = usize::try_from(before).expect("it lies within the read");
        match chance.one_in(2) {
            true => before / LOGICAL * LOGICAL,
            false => 0,
        }
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
        let is_flaky = self.connection.attempt.trouble.flaky;
        let Some(place) = self.faults.meet(&(offset..end), is_flaky) else {
            return self.device.read_at(offset, buffer);
        };
        match self.comes(offset, place) {
            0 => Err(Fault::of(place.errno)),
            before => self.device.read_at(offset, &mut buffer[..before]),
        }
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.device.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.connection.read().map_err(DeviceGone)
    }
}
