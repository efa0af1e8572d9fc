//! How the layout of a file stands in a catalogue: each piece behind the one before, so that a file in one piece
//! takes some ten bytes.

use std::io;

use filesystems::told::Codec;
use model::device::DeviceOffset;

use super::fields::{Fields, damaged, put_bytes, put_number, put_signed};
use crate::layout::{Layout, Origin, Packed, Piece, Run};

const DEVICE: u8 = 0;
const ZEROS: u8 = 1;
const INLINE: u8 = 2;
const LZNT1: u8 = 3;
const XPRESS: u8 = 4;
const LZX: u8 = 5;

/// Writes a layout.
pub(super) fn put(layout: &Layout, into: &mut Vec<u8>) {
    let mut last = 0;
    for piece in layout.pieces() {
        match &piece.origin {
            Origin::Device(_) => into.push(DEVICE),
            Origin::Zeros => into.push(ZEROS),
            Origin::Inline(bytes) => {
                into.push(INLINE);
                put_bytes(bytes, into);
                continue;
            }
            Origin::Packed(packed) => {
                into.push(tag(packed.codec));
                put_number(packed.runs.len() as u64, into);
            }
        }
        put_number(piece.bytes, into);
        let is_packed = matches!(piece.origin, Origin::Packed(_));
        for run in piece.runs() {
            put_signed(run.at.get().wrapping_sub(last).cast_signed(), into);
            if is_packed {
                put_number(run.bytes, into);
            }
            last = run.at.get().wrapping_add(run.bytes);
        }
    }
}

/// Reads what [`put`] wrote.
///
/// # Errors
/// If it was not written so.
pub(super) fn read(bytes: &[u8]) -> io::Result<Layout> {
    let (fields, mut last) = (&mut Fields(bytes), 0);
    let mut pieces = Vec::new();
    while !fields.0.is_empty() {
        pieces.push(piece(fields, &mut last)?);
    }
    Layout::new(pieces).map_err(|_| damaged())
}

fn piece(fields: &mut Fields<'_>, last: &mut u64) -> io::Result<Piece> {
    let tag = fields.byte()?;
    if tag == INLINE {
        let held = fields.bytes()?;
        return Ok(Piece {
            bytes: held.len() as u64,
            origin: Origin::Inline(held.into()),
        });
    }
    let runs = match tag {
        DEVICE | ZEROS => 0,
        _ => fields.number()?,
    };
    let bytes = fields.number()?;
    let origin = match tag {
        DEVICE => Origin::Device(place(fields, last, bytes)?),
        ZEROS => Origin::Zeros,
        _ => Origin::Packed(packed(fields, last, codec(tag)?, runs)?),
    };
    Ok(Piece { bytes, origin })
}

fn packed(fields: &mut Fields<'_>, last: &mut u64, codec: Codec, runs: u64) -> io::Result<Packed> {
    let mut packed = Packed {
        codec,
        runs: Vec::new(),
    };
    for _ in 0..runs {
        let moved = fields.signed()?;
        let bytes = fields.number()?;
        let at = last.wrapping_add(moved.cast_unsigned());
        *last = at.wrapping_add(bytes);
        let at = DeviceOffset::new(at);
        packed.runs.push(Run { at, bytes });
    }
    Ok(packed)
}

/// Where a stretch of so many bytes begins.
fn place(fields: &mut Fields<'_>, last: &mut u64, bytes: u64) -> io::Result<DeviceOffset> {
    let at = last.wrapping_add(fields.signed()?.cast_unsigned());
    *last = at.wrapping_add(bytes);
    Ok(DeviceOffset::new(at))
}

fn tag(codec: Codec) -> u8 {
    match codec {
        Codec::Lznt1 => LZNT1,
        Codec::Xpress => XPRESS,
        Codec::Lzx => LZX,
    }
}

fn codec(tag: u8) -> io::Result<Codec> {
    Ok(match tag {
        LZNT1 => Codec::Lznt1,
        XPRESS => Codec::Xpress,
        LZX => Codec::Lzx,
        _ => return Err(damaged()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_device(at: u64, bytes: u64) -> Piece {
        let origin = Origin::Device(DeviceOffset::new(at));
        Piece { bytes, origin }
    }

    #[test]
    fn a_layout_is_read_as_it_was_written_and_one_piece_is_short() {
        let run = |at, bytes| Run {
            at: DeviceOffset::new(at),
            bytes,
        };
        let packed = |codec| Piece {
            bytes: 65_536,
            origin: Origin::Packed(Packed {
                codec,
                runs: vec![run(1 << 50, 4096), run(8192, 1)],
            }),
        };
        let pieces = vec![
            on_device(u64::MAX - 10, 10),
            on_device(0, 1 << 40),
            Piece {
                bytes: 1 << 40,
                origin: Origin::Zeros,
            },
            packed(Codec::Lznt1),
            packed(Codec::Xpress),
            packed(Codec::Lzx),
            Piece {
                bytes: 3,
                origin: Origin::Inline([1, 2, 3].into()),
            },
        ];
        for pieces in [pieces, Vec::new()] {
            let layout = Layout::new(pieces).unwrap();
            let mut bytes = Vec::new();
            put(&layout, &mut bytes);
            assert_eq!(read(&bytes).unwrap(), layout);
        }
        let mut short = Vec::new();
        put(
            &Layout::new(vec![on_device(1 << 40, 5000)]).unwrap(),
            &mut short,
        );
        assert!(short.len() < 12, "{}", short.len());
    }
}
