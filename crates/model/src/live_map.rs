//! What was read of a device so far, as a picture in a few cells: what a bay shows while its device is read. The map that
//! lies beside a report is exact ([`crate::report::device_map`]); this one is told with every heartbeat.

use serde::{Deserialize, Serialize};

use crate::report::device_map::Stretched;

/// Cells of the picture.
pub const CELLS: usize = 120;

/// A device from its first byte to its last in at most [`CELLS`] equal parts: a letter for the worst of each, as in the map
/// of a device, and `~` for what came only when it was tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LiveMap {
    /// How long the device is, in bytes.
    pub bytes: u64,
    /// The letters.
    pub cells: String,
}

impl LiveMap {
    /// The same with no more than a picture has, whoever told it.
    #[must_use]
    pub fn tidied(self) -> Self {
        let known = |letter: char| Stretched::of(letter).unwrap_or(Stretched::Untried);
        let cells = self.cells.chars().take(CELLS);
        Self {
            bytes: self.bytes,
            cells: cells.map(|letter| known(letter).letter()).collect(),
        }
    }
}

/// In which of so many equal parts of a whole a place lies; the last if it lies behind the end.
#[must_use]
pub fn cell_of(at: u64, bytes: u64, cells: usize) -> usize {
    let cell = u128::from(at) * (cells as u128) / u128::from(bytes.max(1));
    let last = cells.saturating_sub(1);
    usize::try_from(cell).map_or(last, |cell| cell.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_cell_at_every_edge() {
        assert_eq!(
            [0, 9, 10, 99, 100, u64::MAX].map(|at| cell_of(at, 100, 10)),
            [0, 0, 1, 9, 9, 9]
        );
        assert_eq!(cell_of(u64::MAX - 1, u64::MAX, CELLS), CELLS - 1);
        assert_eq!((cell_of(5, 0, 10), cell_of(5, 100, 0)), (9, 0));
    }

    #[test]
    fn a_map_has_no_more_than_its_cells_and_letters() {
        let told = LiveMap {
            bytes: 1,
            cells: format!("+~-/?*<\u{202e}é{}", "+".repeat(500)),
        };
        let tidied = told.tidied();
        assert_eq!(tidied.cells.chars().count(), CELLS);
        assert!(tidied.cells.starts_with("+~-/?/???+"), "{}", tidied.cells);
    }
}
