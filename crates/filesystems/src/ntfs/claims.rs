//! Which clusters something accounts for, held against $Bitmap.

use super::boot::NtfsGeometry;
use super::node::Node;
use super::source::{Metered, Stop};
use super::stream::DataStream;
use crate::allocation::Allocation;
use crate::reader::Refusal;

/// Bytes of $Bitmap that are read at a time.
const PIECE: usize = 256 << 10;

/// The clusters that were claimed.
#[derive(Debug)]
pub(super) struct Claims {
    /// `None` if the volume has too many to count.
    allocation: Option<Allocation>,
    /// Where $Bitmap lies, once that is known.
    bitmap: Option<DataStream>,
    geometry: NtfsGeometry,
}

impl Claims {
    /// None yet.
    pub(super) fn new(geometry: NtfsGeometry) -> Self {
        Self {
            allocation: Allocation::new(geometry.clusters),
            bitmap: None,
            geometry,
        }
    }

    /// Claims all clusters of something. `false` if some of them were claimed before.
    pub(super) fn claim(&mut self, node: &Node) -> bool {
        let Some(allocation) = &mut self.allocation else {
            return true;
        };
        let mut is_free = true;
        for run in node.streams().flat_map(DataStream::runs) {
            if let Some(lcn) = run.lcn {
                is_free &= allocation.claim(lcn, run.clusters);
            }
        }
        is_free
    }

    /// Keeps where $Bitmap lies.
    pub(super) fn keep_bitmap(&mut self, bitmap: Option<&DataStream>) {
        self.bitmap = bitmap.cloned();
    }

    /// The bytes that are used and not claimed; `None` if $Bitmap cannot be read.
    ///
    /// # Errors
    ///
    /// What concerns the volume.
    pub(super) fn unaccounted(&self, source: &mut Metered<'_>) -> Result<Option<u64>, Refusal> {
        let (Some(allocation), Some(bitmap)) = (&self.allocation, &self.bitmap) else {
            return Ok(None);
        };
        let bytes = self.geometry.clusters.div_ceil(8);
        if bitmap.sizes.data < bytes {
            return Ok(None);
        }
        let mut missed: u64 = 0;
        let mut at = 0;
        let mut room = vec![0; PIECE];
        while at < bytes {
            let left = usize::try_from(bytes - at).unwrap_or(PIECE).min(PIECE);
            let (piece, _) = room.split_at_mut(left);
            match bitmap.read(source, &self.geometry, at, piece) {
                Ok(()) => {}
                Err(Stop::File(_)) => return Ok(None),
                Err(Stop::Volume(refusal)) => return Err(refusal),
            }
            missed = missed.saturating_add(allocation.unclaimed(at * 8, piece));
            at += left as u64;
        }
        Ok(Some(missed.saturating_mul(self.geometry.cluster)))
    }
}
