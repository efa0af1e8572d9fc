//! The boot sector: how large everything is, and where $MFT begins.
//!
//! Source: libyal libfsntfs, *New Technologies File System (NTFS)*, volume header.

use crate::fields::{le16, le64};
use crate::reader::Refusal;

/// The bytes of a boot sector, whatever the sector of the device is.
pub(super) const BOOT_BYTES: usize = 512;
/// The largest cluster in bytes.
const MOST_CLUSTER: u64 = 2 << 20;

/// How a volume is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NtfsGeometry {
    /// The bytes of a sector.
    pub(super) sector: u64,
    /// The sectors of the volume, the copy of the boot sector after the last one left out.
    pub(super) sectors: u64,
    /// The bytes of a cluster, a power of two.
    pub(super) cluster: u64,
    /// The clusters of the volume.
    pub(super) clusters: u64,
    /// The bytes of a record of $MFT: 1024, 2048 or 4096.
    pub(super) record: usize,
    /// The first cluster of $MFT.
    pub(super) table: u64,
    /// The first cluster of $MFTMirr.
    pub(super) mirror: u64,
    /// The serial number.
    pub(super) serial: u64,
}

impl NtfsGeometry {
    /// Reads a boot sector.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if it is none of NTFS, [`Refusal::Damaged`] or [`Refusal::Unsupported`] if it is one that
    /// cannot be.
    pub(super) fn parse(boot: &[u8]) -> Result<Self, Refusal> {
        if boot.get(3..11) != Some(b"NTFS    ") {
            return Err(Refusal::Other);
        }
        if boot.get(510..512) != Some(&[0x55, 0xAA]) {
            return Err(damaged("it does not end with 55AA"));
        }
        Self::fields(boot).ok_or_else(|| damaged("its sizes cannot be"))?
    }

    /// The fields; `None` if they cannot be.
    fn fields(boot: &[u8]) -> Option<Result<Self, Refusal>> {
        let sector = u64::from(le16(boot, 11)?);
        if !sector.is_power_of_two() || !(512..=4096).contains(&sector) {
            return None;
        }
        let cluster = cluster(sector, *boot.get(13)?)?;
        let sectors = le64(boot, 40)?;
        sectors.checked_add(1)?.checked_mul(sector)?;
        let clusters = sectors / (cluster / sector);
        let geometry = Self {
            sector,
            sectors,
            cluster,
            clusters,
            record: 0,
            table: le64(boot, 48)?,
            mirror: le64(boot, 56)?,
            serial: le64(boot, 72)?,
        };
        if geometry.table >= clusters {
            return None;
        }
        let record = record(cluster, *boot.get(64)?)?;
        Some(geometry.with_record(record))
    }

    fn with_record(self, record: u64) -> Result<Self, Refusal> {
        match usize::try_from(record) {
            Ok(record @ (1024 | 2048 | 4096)) => Ok(Self { record, ..self }),
            _ => Err(Refusal::Unsupported(format!("records of {record} bytes"))),
        }
    }

    /// The bytes of the volume, the copy of the boot sector included.
    pub(super) fn bytes(&self) -> u64 {
        (self.sectors.saturating_add(1)).saturating_mul(self.sector)
    }

    /// Where a cluster of the volume begins, in bytes; `None` if there is no such cluster.
    pub(super) fn offset(&self, cluster: u64) -> Option<u64> {
        (cluster < self.clusters)
            .then(|| cluster.checked_mul(self.cluster))
            .flatten()
    }
}

fn damaged(why: &str) -> Refusal {
    Refusal::Damaged(format!("the boot sector of NTFS: {why}"))
}

/// The bytes of a cluster: a number of sectors, or above 128 the negative exponent of one.
fn cluster(sector: u64, written: u8) -> Option<u64> {
    let sectors = match written {
        0..=128 => u64::from(written),
        exponent => 1u64.checked_shl(u32::from(exponent.wrapping_neg()))?,
    };
    let cluster = sector.checked_mul(sectors)?;
    (cluster.is_power_of_two() && cluster <= MOST_CLUSTER).then_some(cluster)
}

/// The bytes of a record: a number of clusters, or the negative exponent of a number of bytes.
fn record(cluster: u64, written: u8) -> Option<u64> {
    match written {
        0 => None,
        1..=127 => cluster.checked_mul(u64::from(written)),
        exponent => 1u64.checked_shl(u32::from(exponent.wrapping_neg())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(sector: u16, cluster: u8, record: u8) -> Vec<u8> {
        let mut boot = vec![0; BOOT_BYTES];
        boot[3..11].copy_from_slice(b"NTFS    ");
        boot[11..13].copy_from_slice(&sector.to_le_bytes());
        boot[13] = cluster;
        boot[40..48].copy_from_slice(&1_000_000u64.to_le_bytes());
        boot[48..56].copy_from_slice(&4u64.to_le_bytes());
        boot[64] = record;
        boot[510..].copy_from_slice(&[0x55, 0xAA]);
        boot
    }

    #[test]
    fn sizes_are_numbers_or_negative_exponents() {
        let read = |sector, cluster, record| {
            let geometry = NtfsGeometry::parse(&boot(sector, cluster, record));
            geometry.map(|it| (it.cluster, it.clusters, it.record))
        };
        assert_eq!(read(512, 8, 0xF6), Ok((4096, 125_000, 1024)));
        assert_eq!(read(512, 0xF4, 0xF6), Ok((2 << 20, 244, 1024)));
        assert_eq!(read(4096, 1, 1), Ok((4096, 1_000_000, 4096)));
        assert_eq!(read(512, 1, 2), Ok((512, 1_000_000, 1024)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let parse = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut boot = boot(512, 8, 0xF6);
            change(&mut boot);
            NtfsGeometry::parse(&boot)
        };
        assert_eq!(parse(&|boot| boot[3] = b'n'), Err(Refusal::Other));
        let damaged: [fn(&mut Vec<u8>); 9] = [
            |boot| boot[511] = 0,
            |boot| boot[11] = 1,
            |boot| boot[12] = 0x40,
            |boot| boot[13] = 3,
            |boot| boot[13] = 0xF3,
            |boot| boot[13] = 0,
            |boot| boot[47] = 0xFF,
            |boot| boot[55] = 1,
            |boot| boot[64] = 0,
        ];
        for change in damaged {
            assert!(matches!(parse(&change), Err(Refusal::Damaged(_))));
        }
        let unsupported = parse(&|boot| boot[64] = 4);
        assert!(matches!(unsupported, Err(Refusal::Unsupported(_))));
        for cut in 0..BOOT_BYTES {
            assert!(NtfsGeometry::parse(&boot(512, 8, 0xF6)[..cut]).is_err());
        }
    }
}
