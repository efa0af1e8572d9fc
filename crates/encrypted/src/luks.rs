//! LUKS (the on-disk formats of cryptsetup, versions 1.2.3 and 2.1).

mod area;
mod first;
mod json;
mod second;

use filesystems::blocks::{Blocks, Fault};
use filesystems::fields::be16;

use crate::Locked;
use crate::plain::Plain;
use crate::secrets::Secrets;

const MAGIC: &[u8] = b"LUKS\xBA\xBE";

/// What a LUKS volume takes.
const TAKES: &str = "a passphrase or a key file";

/// Whether a volume that begins so is one.
pub(crate) fn is_there(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// Whether there is a second header of LUKS2, where the first is lost.
pub(crate) fn has_second_header(volume: &mut dyn Blocks) -> Result<bool, Fault> {
    for at in second::SECOND_PLACES {
        let mut magic = [0; 6];
        match volume.read(at, &mut magic) {
            Ok(()) if magic == second::SECOND_MAGIC => return Ok(true),
            Ok(()) | Err(Fault::Bad) => {}
            Err(Fault::Ended) => return Err(Fault::Ended),
        }
    }
    Ok(false)
}

/// Opens one.
pub(crate) fn open(volume: &mut dyn Blocks, secrets: &Secrets) -> Result<Plain, Locked> {
    if secrets.is_empty() {
        return Err(Locked::Needed(TAKES.to_owned()));
    }
    let mut start = [0; 592];
    let opened = match volume.read(0, &mut start) {
        Ok(()) if is_there(&start) => match be16(&start, 6) {
            Some(1) => first::open(volume, &start, secrets),
            Some(2) => second::open(volume, secrets),
            version => Err(Locked::Refused(format!(
                "is encrypted with version {} of LUKS, which is not known here: send the files on another disk",
                version.unwrap_or_default()
            ))),
        },
        Ok(()) | Err(Fault::Bad) => second::open(volume, secrets),
        Err(Fault::Ended) => Err(Locked::Ended),
    };
    opened.map(|plain| Plain {
        key_id: uuid(&start),
        ..plain
    })
}

/// The UUID of a header, which stands at the same place in both versions; none of one whose first sector is lost.
fn uuid(start: &[u8]) -> Option<String> {
    let held = start.get(168..208).filter(|_| is_there(start))?;
    let text = held.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).ok().map(shown)?;
    Some(text).filter(|text| !text.is_empty())
}

/// The label and the UUID of the first header of LUKS2, from the first 512 bytes of a volume; none where there is no label.
pub(crate) fn names(start: &[u8]) -> Option<(String, String)> {
    let is_second = is_there(start) && be16(start, 6) == Some(2);
    let label = start.get(24..72).filter(|_| is_second)?;
    let label = label.split(|byte| *byte == 0).next().unwrap_or_default();
    let label = std::str::from_utf8(label).ok().map(shown)?;
    (!label.is_empty()).then_some((label, uuid(start)?))
}

/// That ciphers are not known here.
fn unknown_cipher(name: &str) -> Locked {
    Locked::Refused(format!(
        "is encrypted with the cipher `{}` of LUKS, which is not read: send the files on another disk",
        shown(name)
    ))
}

/// That a hash is not known here.
fn unknown_hash(name: &str) -> Locked {
    Locked::Refused(format!(
        "is encrypted with the hash `{}` of LUKS, which is not read: send the files on another disk",
        shown(name)
    ))
}

/// What a header calls something, so that it can be shown.
fn shown(name: &str) -> String {
    let plain = name.chars().filter(|it| it.is_ascii_graphic());
    plain.take(64).collect()
}

fn damaged(why: &str) -> Locked {
    Locked::Damaged(why.to_owned())
}
