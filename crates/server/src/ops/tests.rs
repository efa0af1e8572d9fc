//! What the tests of operations work with: an installation of their own.

use std::sync::Arc;

use model::time::{ManualClock, Timestamp};

use super::Admin;
use crate::jobstore::SqliteJobStore;
use crate::sealing::MasterKey;

/// What time it is in the tests, in seconds since 1970.
const NOW: i64 = 1_700_000_000;

/// A job store in a folder that goes when it is dropped.
pub(super) struct World {
    pub(super) admin: Admin,
    /// What its clock says.
    pub(super) clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sealer = MasterKey::new([3; 32]).sealer();
        let store = SqliteJobStore::open(&folder.path().join("db"), sealer).await;
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(NOW)));
        Self {
            admin: Admin {
                jobs: Arc::new(store.unwrap()),
                clock: Arc::clone(&clock) as _,
                hold_days: 14,
            },
            clock,
            _folder: folder,
        }
    }
}
