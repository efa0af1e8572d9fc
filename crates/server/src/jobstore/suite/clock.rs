//! The latest time that was noted, and the write that changes nothing.

use super::{JobStore, at};

pub(super) async fn run(store: &dyn JobStore) {
    the_latest_time_is_kept(store).await;
    a_check_changes_nothing(store).await;
}

async fn the_latest_time_is_kept(store: &dyn JobStore) {
    let latest = async || store.latest_time().await.expect("times can be read");
    assert_eq!(latest().await, None);
    for (noted, expected) in [(5, 5), (9, 9), (2, 9)] {
        store.note_time(at(noted)).await.expect("times are noted");
        assert_eq!(latest().await, Some(at(expected)));
    }
}

async fn a_check_changes_nothing(store: &dyn JobStore) {
    let before = store.latest_time().await.expect("times can be read");
    for _ in 0..3 {
        store.check().await.expect("the store takes writes");
    }
    assert_eq!(
        store.latest_time().await.expect("times can be read"),
        before
    );
}
