//! Where on a device the bytes of a file lie.

use filesystems::told::Codec;
use model::device::DeviceOffset;

/// The content of a file as pieces of its device.
///
/// The pieces are in the order of the file and cover its bytes from 0 on without a gap; none is empty. Offsets are
/// those of the device itself, whatever tables, volumes and ciphers lie between it and the file system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    bytes: u64,
    pieces: Vec<Piece>,
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its length in bytes, never 0.
    pub bytes: u64,
    /// Where its bytes are.
    pub origin: Origin,
}

/// Where the bytes of a piece are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the device, one after the other from here on.
    Device(DeviceOffset),
    /// Nowhere: they are zeros. A hole, or past what was ever written.
    Zeros,
    /// Here: the file system keeps them with the name.
    Inline(Box<[u8]>),
    /// On the device, packed.
    Packed(Packed),
}

/// A unit of a file that is packed on the device: the bytes of the runs, one after the other, unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// How.
    pub codec: Codec,
    /// Where.
    pub runs: Vec<Run>,
}

/// A stretch of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Where it begins.
    pub at: DeviceOffset,
    /// Its length in bytes, never 0.
    pub bytes: u64,
}

impl Run {
    /// Where it ends, in bytes of the device; `None` beyond 2^64.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        self.at.get().checked_add(self.bytes)
    }
}

/// A piece that cannot be: what told of it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("piece {index} of the file is empty, or reaches beyond what can be addressed")]
pub struct BadPiece {
    /// Which, from 0.
    pub index: usize,
}

impl Layout {
    /// Puts pieces together, in the order of the file.
    ///
    /// # Errors
    /// [`BadPiece`] for one without bytes, with other bytes than it holds, or beyond 2^64.
    pub fn new(pieces: Vec<Piece>) -> Result<Self, BadPiece> {
        let mut bytes = 0_u64;
        for (index, piece) in pieces.iter().enumerate() {
            let end = bytes.checked_add(piece.bytes).filter(|_| piece.is_sound());
            bytes = end.ok_or(BadPiece { index })?;
        }
        Ok(Self { bytes, pieces })
    }

    /// The length of the file in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The pieces, in the order of the file.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Where on the device its first byte is that lies there.
    #[must_use]
    pub fn place(&self) -> Option<DeviceOffset> {
        self.runs().next().map(|run| run.at)
    }

    /// The stretches of the device that it is made of, in the order of the file.
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        self.pieces.iter().flat_map(Piece::runs)
    }
}

impl Piece {
    /// The stretches of the device that it is made of.
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        let (plain, packed) = match &self.origin {
            Origin::Device(at) => (
                Some(Run {
                    at: *at,
                    bytes: self.bytes,
                }),
                &[][..],
            ),
            Origin::Packed(packed) => (None, &packed.runs[..]),
            Origin::Zeros | Origin::Inline(_) => (None, &[][..]),
        };
        plain.into_iter().chain(packed.iter().copied())
    }

    fn is_sound(&self) -> bool {
        let fits = match &self.origin {
            Origin::Device(offset) => offset.get().checked_add(self.bytes).is_some(),
            Origin::Zeros => true,
            Origin::Inline(bytes) => bytes.len() as u64 == self.bytes,
            Origin::Packed(packed) => {
                let is_sound = |run: &Run| run.bytes > 0 && run.end().is_some();
                !packed.runs.is_empty() && packed.runs.iter().all(is_sound)
            }
        };
        self.bytes > 0 && fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(bytes: u64, origin: Origin) -> Piece {
        Piece { bytes, origin }
    }

    fn on_device(at: u64) -> Origin {
        Origin::Device(DeviceOffset::new(at))
    }

    #[test]
    fn pieces_follow_each_other_and_the_first_on_the_device_is_the_place() {
        let pieces = vec![
            piece(2, Origin::Inline([1, 2].into())),
            piece(5, Origin::Zeros),
            piece(7, on_device(900)),
            piece(1, on_device(100)),
        ];
        let layout = Layout::new(pieces.clone()).unwrap();
        assert_eq!((layout.bytes(), layout.pieces()), (15, &*pieces));
        assert_eq!(layout.place(), Some(DeviceOffset::new(900)));
        let empty = Layout::new(Vec::new()).unwrap();
        assert_eq!((empty.bytes(), empty.place()), (0, None));
    }

    #[test]
    fn a_piece_that_cannot_be_is_refused() {
        for bad in [
            piece(0, Origin::Zeros),
            piece(3, Origin::Inline([1, 2].into())),
            piece(2, on_device(u64::MAX - 1)),
            piece(u64::MAX, Origin::Zeros),
        ] {
            let pieces = vec![piece(1, Origin::Zeros), bad];
            assert_eq!(Layout::new(pieces), Err(BadPiece { index: 1 }));
        }
    }
}
