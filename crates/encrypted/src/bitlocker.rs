//! BitLocker, of Windows Vista to 11, and BitLocker To Go (the format as the libbde project describes it).

mod entries;
mod metadata;
mod protectors;

use filesystems::blocks::Blocks;
use filesystems::fields::{le16, le64};

use crate::Locked;
use crate::cipher::{Algorithm, Mode, Suite};
use crate::plain::{Origin, Piece, Plain, VolumeKey};
use crate::secrets::Secrets;
use metadata::Metadata;

const MARK: &[u8] = b"-FVE-FS-";
/// The identifier of metadata from Windows 7 on.
const GUID: [u8; 16] = [
    0x3B, 0xD6, 0x67, 0x49, 0x29, 0x2E, 0xD8, 0x4A, 0x83, 0x99, 0xF6, 0xA3, 0x39, 0xE3, 0xD0, 0x01,
];
/// The same of a volume of which only what is written is encrypted, sector by sector.
const GUID_ON_WRITE: [u8; 16] = [
    0x3B, 0x4D, 0xA8, 0x92, 0x80, 0xDD, 0x0E, 0x4D, 0x9E, 0x4E, 0xB1, 0xE3, 0x28, 0x4E, 0xAE, 0xD8,
];

/// How many bytes of metadata are kept at each of three places.
const RESERVED: u64 = 64 << 10;

/// What Windows Vista leaves as it is at the start of a volume.
const VISTA_CLEAR: u64 = 8 << 10;

/// Whether a volume that begins so is one.
pub(crate) fn is_there(start: &[u8]) -> bool {
    start.get(3..11) == Some(MARK) || start.get(424..440) == Some(&GUID)
}

/// Opens one.
pub(crate) fn open(volume: &mut dyn Blocks, secrets: &Secrets) -> Result<Plain, Locked> {
    let mut start = [0; 512];
    let read = volume.read(0, &mut start);
    read.map_err(|fault| Locked::of(fault, "its first sector"))?;
    let sector = le16(&start, 11).unwrap_or_default();
    if !matches!(sector, 512 | 1024 | 2048 | 4096) {
        return Err(damaged("sectors of a size that cannot be"));
    }
    let places = places(&start, sector)?;
    let metadata = Metadata::newest(volume, places)?;
    metadata.must_be_whole()?;
    let (suite, key_bytes) = suite(metadata.method)?;
    let (key, key_id) = metadata.volume_key(secrets, key_bytes)?;
    let key = VolumeKey {
        suite,
        sector_bytes: sector.into(),
        step: 1,
        key: key.to_vec(),
    };
    let plain = plain(volume.bytes(), &start, &metadata, key)?;
    Ok(Plain { key_id, ..plain })
}

/// Where the three copies of the metadata are.
fn places(start: &[u8], sector: u16) -> Result<[u64; 3], Locked> {
    let three = |at: usize| {
        let place = |index: usize| le64(start, at + index * 8);
        Some([place(0)?, place(1)?, place(2)?])
    };
    let is_guid = |at: usize, guid: &[u8; 16]| start.get(at..at + 16) == Some(guid);
    if is_guid(160, &GUID_ON_WRITE) || is_guid(424, &GUID_ON_WRITE) {
        return Err(Locked::Refused(
            "is encrypted with BitLocker only where something was written since, which is not read: let it \
             encrypt the whole drive and send it again"
                .to_owned(),
        ));
    }
    let places = if is_guid(160, &GUID) {
        three(176)
    } else if is_guid(424, &GUID) {
        three(440)
    } else {
        let cluster = u64::from(start[13]) * u64::from(sector);
        let first = le64(start, 56).and_then(|it| it.checked_mul(cluster));
        first.map(|first| [first, first, first])
    };
    places.ok_or_else(|| damaged("it does not say where its metadata is"))
}

/// How a volume is encrypted, and how long its key is in bytes.
fn suite(method: u16) -> Result<(Suite, usize), Locked> {
    let (mode, bytes) = match method {
        // With the diffuser, each of two keys has 32 bytes of room, whatever its length.
        0x8000 | 0x8001 => (Mode::Elephant, 64),
        0x8002 => (Mode::CbcPlace, 16),
        0x8003 => (Mode::CbcPlace, 32),
        0x8004 => (Mode::Xts, 32),
        0x8005 => (Mode::Xts, 64),
        other => {
            return Err(Locked::Refused(format!(
                "is encrypted with the method {other:#06x} of BitLocker, which is not read: send the files on \
                 another disk"
            )));
        }
    };
    Ok((Suite::one(mode, Algorithm::Aes), bytes))
}

/// What the plain volume is made of.
fn plain(volume: u64, start: &[u8], metadata: &Metadata, key: VolumeKey) -> Result<Plain, Locked> {
    let sector = u64::from(key.sector_bytes);
    let bytes = match metadata.volume_bytes {
        0 => volume,
        bytes => bytes.min(volume),
    } / sector
        * sector;
    let mut pieces = Vec::new();
    let mut reserved: Vec<(u64, u64)> = metadata.places.map(|at| (at, RESERVED)).to_vec();
    if metadata.version == 1 {
        pieces.extend(vista_start(start, metadata.mirror));
    } else {
        let (at, header) = metadata.header;
        if header == 0 || header % sector != 0 || at % sector != 0 {
            return Err(damaged("it does not say where its first sectors are"));
        }
        reserved.push((at, header));
        pieces.push(Piece {
            at: 0,
            bytes: header,
            origin: Origin::Cipher {
                at,
                sector: at / sector,
            },
        });
    }
    reserved.sort_unstable();
    let mut next = pieces.iter().map(|piece| piece.bytes).sum::<u64>();
    for (at, length) in reserved {
        let end = at.saturating_add(length).min(bytes);
        if at > next {
            pieces.push(ciphered(next, at.min(bytes), sector));
        }
        if end > next.max(at) {
            let from = next.max(at);
            pieces.push(Piece {
                at: from,
                bytes: end - from,
                origin: Origin::Zeros,
            });
        }
        next = next.max(end);
    }
    pieces.push(ciphered(next, bytes.max(next), sector));
    pieces.retain(|piece| piece.bytes > 0);
    Ok(Plain {
        kind: format!("BitLocker, {}", name(metadata.method)),
        key_id: None,
        at: 0,
        bytes,
        pieces,
        key,
    })
}

fn ciphered(from: u64, until: u64, sector: u64) -> Piece {
    Piece {
        at: from,
        bytes: until.saturating_sub(from),
        origin: Origin::Cipher {
            at: from,
            sector: from / sector,
        },
    }
}

/// The start of a volume of Windows Vista: it is not encrypted, and its first sector is one of NTFS but for two places.
fn vista_start(start: &[u8], mirror: u64) -> [Piece; 2] {
    let mut first = start.to_vec();
    first[3..11].copy_from_slice(b"NTFS    ");
    first[56..64].copy_from_slice(&mirror.to_le_bytes());
    let bytes = first.len() as u64;
    [
        Piece {
            at: 0,
            bytes,
            origin: Origin::These(first.into()),
        },
        Piece {
            at: bytes,
            bytes: VISTA_CLEAR - bytes,
            origin: Origin::Clear,
        },
    ]
}

fn name(method: u16) -> &'static str {
    match method {
        0x8000 => "AES-CBC 128 with diffuser",
        0x8001 => "AES-CBC 256 with diffuser",
        0x8002 => "AES-CBC 128",
        0x8003 => "AES-CBC 256",
        0x8004 => "AES-XTS 128",
        _ => "AES-XTS 256",
    }
}

fn damaged(why: &str) -> Locked {
    Locked::Damaged(why.to_owned())
}
