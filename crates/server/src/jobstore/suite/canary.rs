//! A store that was just opened is the one that was opened.

use super::JobStore;

pub(super) async fn run(store: &dyn JobStore) {
    assert!(store.is_current().await.expect("its schema can be read"));
    assert!(store.is_ours().await.expect("its canary can be read"));
}
