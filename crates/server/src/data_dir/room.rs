//! Room to work in, on a disk that is full: what was kept aside for it is given up for as long as
//! somebody opens what lies there.

use std::path::Path;

use durable::reserve::Reserve;

/// Bytes kept aside in a data folder. A start writes less than 1 MiB (indexes in shared memory of
/// 32 KiB each, some pages of 4 KiB of the write-ahead logs, small files); four times that, because
/// of what a start leaves, others may take some.
const RESERVE_BYTES: u64 = 4 << 20;

/// The right to what is kept aside. When it is dropped, what is left is kept aside again.
#[derive(Debug)]
pub struct Room {
    reserve: Reserve,
    /// Whether the disk was full.
    was_full: bool,
}

impl Room {
    /// Makes room in the data folder `root` if its disk is full: gives up what is kept aside there,
    /// or else what its embedded store keeps aside.
    #[must_use]
    pub fn make(root: &Path) -> Self {
        let reserve = of(root);
        let was_full = reserve.is_wanted();
        if was_full {
            let released = reserve.release() && !reserve.is_wanted();
            let released = released || localstore::reserve(&root.join("objects")).release();
            let path = root.display();
            tracing::warn!(%path, released, "the disk is full; room kept aside is given up");
        }
        Self { reserve, was_full }
    }

    /// Keeps room aside, or of a full disk what is left, now that everything is open.
    pub(crate) fn settle(&self) {
        if self.was_full {
            self.reserve.keep_rest();
        } else {
            self.reserve.keep();
        }
    }

    /// What is kept aside, for whoever looks after it while the service runs.
    pub(crate) fn reserve(&self) -> &Reserve {
        &self.reserve
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.was_full {
            self.reserve.keep_rest();
        }
    }
}

/// Whether the disk of the data folder `root` has no room to work in.
pub(crate) fn is_full(root: &Path) -> bool {
    of(root).is_wanted()
}

fn of(root: &Path) -> Reserve {
    Reserve::new(root.join("reserve"), RESERVE_BYTES)
}
