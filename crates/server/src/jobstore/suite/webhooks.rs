//! Webhooks: their secrets come back as they went in, and what is removed is sent nothing.

use model::notice::NoticeKind;
use model::operator::notices::WebhookForm;

use super::{JobStore, JobStoreError, account_id, at};
use crate::jobstore::{Account, Secret, StoredWebhook};

pub(super) async fn run(store: &dyn JobStore) {
    a_webhook_is_kept_with_its_secrets(store).await;
    one_that_is_not_there_is_missing(store).await;
}

/// A webhook of the operator's, that is told of everything.
pub(super) fn webhook(id: &str) -> StoredWebhook {
    StoredWebhook {
        id: id.parse().expect("a webhook"),
        account: None,
        kinds: Vec::new(),
        form: WebhookForm::Standard,
        url: "https://hooks.example.org/hünter2".to_owned(),
        secret: Secret::new(vec![7; 32]),
        before: None,
        added: at(5),
        off: None,
    }
}

async fn a_webhook_is_kept_with_its_secrets(store: &dyn JobStore) {
    let account = Account {
        id: account_id(9),
        name: "hooked".to_owned(),
        import: Vec::new(),
        export: Vec::new(),
    };
    store.insert_account(&account).await.expect("a new account");
    let mut first = StoredWebhook {
        account: Some(account.id),
        kinds: vec![NoticeKind::DeviceHeld, NoticeKind::TransferFinished],
        form: WebhookForm::Cloudevents,
        before: Some((Secret::new(vec![6; 24]), at(99))),
        ..webhook("wh-a")
    };
    store.put_webhook(&first).await.expect("a new webhook");
    let again = store.put_webhook(&first).await;
    assert!(matches!(again, Err(JobStoreError::Exists(_))), "{again:?}");
    let stranger = StoredWebhook {
        account: Some(account_id(0)),
        ..webhook("wh-b")
    };
    let missing = store.put_webhook(&stranger).await;
    assert!(
        matches!(missing, Err(JobStoreError::Missing(_))),
        "{missing:?}"
    );
    let second = StoredWebhook {
        added: at(6),
        ..webhook("wh-0")
    };
    store.put_webhook(&second).await.expect("a new webhook");
    let all = store.webhooks().await.expect("webhooks can be read");
    assert_eq!(all, [first.clone(), second.clone()]);
    (first.secret, first.before) = (Secret::new(vec![8; 32]), None);
    store.reseal_webhook(&first).await.expect("it is there");
    let found = store.webhook(&first.id).await.expect("it can be read");
    assert_eq!(found, Some(first.clone()));
    for gone in [&first, &second] {
        store
            .remove_webhook(&gone.id, at(7))
            .await
            .expect("it is there");
    }
    let none = store.webhooks().await.expect("webhooks can be read");
    assert_eq!(none, []);
}

async fn one_that_is_not_there_is_missing(store: &dyn JobStore) {
    let nobody = webhook("wh-nobody");
    let found = store.webhook(&nobody.id).await.expect("it can be asked");
    assert_eq!(found, None);
    let resealed = store.reseal_webhook(&nobody).await;
    assert!(
        matches!(resealed, Err(JobStoreError::Missing(_))),
        "{resealed:?}"
    );
    let removed = store.remove_webhook(&nobody.id, at(0)).await;
    assert!(
        matches!(removed, Err(JobStoreError::Missing(_))),
        "{removed:?}"
    );
}
