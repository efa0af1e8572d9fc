//! Webhooks: where notices are sent to, and the secrets that prove who sent them.

use std::fmt;

use async_trait::async_trait;
use model::ids::{AccountId, WebhookId};
use model::notice::NoticeKind;
use model::operator::notices::WebhookForm;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::JobStoreError;
use crate::sealing::{Purpose, Sealer};

/// What requests to a webhook are signed with.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps secret bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Shows them, for signing; the caller must not print them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A webhook as the store has it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredWebhook {
    /// Which.
    pub id: WebhookId,
    /// Whose jobs it is told of; none of all.
    pub account: Option<AccountId>,
    /// Of what; of everything where this is empty.
    pub kinds: Vec<NoticeKind>,
    /// In which form.
    pub form: WebhookForm,
    /// Where it is. It may have a secret in it.
    pub url: String,
    /// What requests are signed with.
    pub secret: Secret,
    /// What they were signed with before, and until when they are as well.
    pub before: Option<(Secret, Timestamp)>,
    /// Since when it is there.
    pub added: Timestamp,
    /// Since when it is switched off.
    pub off: Option<Timestamp>,
}

impl fmt::Debug for StoredWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredWebhook")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("off", &self.off)
            .finish_non_exhaustive()
    }
}

/// Keeps webhooks. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Webhooks: Send + Sync + 'static {
    /// Adds a webhook. `Exists` if the id is taken, `Missing` if there is no such account.
    async fn put_webhook(&self, webhook: &StoredWebhook) -> Result<(), JobStoreError>;

    /// All of them, the oldest first.
    async fn webhooks(&self) -> Result<Vec<StoredWebhook>, JobStoreError>;

    /// One of them.
    async fn webhook(&self, id: &WebhookId) -> Result<Option<StoredWebhook>, JobStoreError>;

    /// Gives one other secrets. `Missing` if there is none.
    async fn reseal_webhook(&self, webhook: &StoredWebhook) -> Result<(), JobStoreError>;

    /// Forgets a webhook, and gives up what waits for it. `Missing` if there is none.
    async fn remove_webhook(&self, id: &WebhookId, now: Timestamp) -> Result<(), JobStoreError>;
}

pub(super) const INSERT_WEBHOOK: &str = "
    INSERT INTO webhooks (id, account, kinds, form, sealed, added, off_since)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const WEBHOOKS: &str = "
    SELECT id, account, kinds, form, sealed, added, off_since FROM webhooks ORDER BY added, id";

pub(super) const WEBHOOK: &str = "
    SELECT id, account, kinds, form, sealed, added, off_since FROM webhooks WHERE id = $1";

pub(super) const RESEAL: &str = "UPDATE webhooks SET sealed = $2 WHERE id = $1";

/// Switches one off, or on again.
pub(super) const SWITCH: &str = "UPDATE webhooks SET off_since = $2 WHERE id = $1";

pub(super) const REMOVE: &str = "DELETE FROM webhooks WHERE id = $1";

/// What is said of what waited for a webhook that is not there any more.
pub(super) const REMOVED: &str = "the webhook was removed";

/// `id, account, kinds, form, sealed, added, off_since`.
pub(super) type WebhookRow = (
    String,
    Option<String>,
    String,
    String,
    Vec<u8>,
    i64,
    Option<i64>,
);

/// What of a webhook is sealed.
#[derive(Serialize, Deserialize)]
struct Hidden {
    url: String,
    secret: Secret,
    before: Option<(Secret, i64)>,
}

pub(super) fn kinds(webhook: &StoredWebhook) -> String {
    let words: Vec<&str> = webhook.kinds.iter().map(|kind| kind.word()).collect();
    words.join(" ")
}

pub(super) fn sealed(sealer: &Sealer, webhook: &StoredWebhook) -> Result<Vec<u8>, JobStoreError> {
    let before = webhook.before.as_ref();
    let hidden = Hidden {
        url: webhook.url.clone(),
        secret: webhook.secret.clone(),
        before: before.map(|(secret, until)| (secret.clone(), until.unix())),
    };
    let hidden = zeroize::Zeroizing::new(serde_json::to_vec(&hidden)?);
    Ok(sealer.seal(Purpose::Webhook(&webhook.id), &hidden))
}

pub(super) fn webhook(sealer: &Sealer, row: WebhookRow) -> Result<StoredWebhook, JobStoreError> {
    let (id, account, kinds, form, sealed, added, off) = row;
    let id = WebhookId::new(id)?;
    let hidden = sealer.open(Purpose::Webhook(&id), &sealed)?;
    let Hidden {
        url,
        secret,
        before,
    } = serde_json::from_slice(&hidden)?;
    let read = |word: &str| word.parse().map_err(JobStoreError::corrupt);
    Ok(StoredWebhook {
        id,
        account: account.map(AccountId::new).transpose()?,
        kinds: kinds
            .split_whitespace()
            .map(read)
            .collect::<Result<_, _>>()?,
        form: form.parse().map_err(JobStoreError::corrupt)?,
        url,
        secret,
        before: before.map(|(secret, until)| (secret, Timestamp::from_unix(until))),
        added: Timestamp::from_unix(added),
        off: off.map(Timestamp::from_unix),
    })
}

/// Implements [`Webhooks`] for the store of a database.
macro_rules! implement_webhooks {
    ($store:ident) => {
        const _: () = {
            use model::ids::{AccountId, WebhookId};
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::webhooks::{self, StoredWebhook, Webhooks};
            use $crate::jobstore::{JobStoreError, deliveries, error};

            #[async_trait::async_trait]
            impl Webhooks for $store {
                async fn put_webhook(&self, webhook: &StoredWebhook) -> Result<(), JobStoreError> {
                    let account = webhook.account.as_ref().map(AccountId::as_str);
                    let mut tx = self.begin().await?;
                    query(webhooks::INSERT_WEBHOOK)
                        .bind(webhook.id.as_str())
                        .bind(account)
                        .bind(webhooks::kinds(webhook))
                        .bind(webhook.form.word())
                        .bind(webhooks::sealed(&self.sealer, webhook)?)
                        .bind(webhook.added.unix())
                        .bind(webhook.off.map(Timestamp::unix))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            let account = account.unwrap_or_default();
                            error::refused(error, webhook.id.as_str(), account)
                        })?;
                    Ok(tx.commit().await?)
                }

                async fn webhooks(&self) -> Result<Vec<StoredWebhook>, JobStoreError> {
                    let rows: Vec<webhooks::WebhookRow> = query_as(webhooks::WEBHOOKS)
                        .fetch_all(self.readers())
                        .await?;
                    let webhook = |row| webhooks::webhook(&self.sealer, row);
                    rows.into_iter().map(webhook).collect()
                }

                async fn webhook(
                    &self,
                    id: &WebhookId,
                ) -> Result<Option<StoredWebhook>, JobStoreError> {
                    let row: Option<webhooks::WebhookRow> = query_as(webhooks::WEBHOOK)
                        .bind(id.as_str())
                        .fetch_optional(self.readers())
                        .await?;
                    row.map(|row| webhooks::webhook(&self.sealer, row))
                        .transpose()
                }

                async fn reseal_webhook(
                    &self,
                    webhook: &StoredWebhook,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(webhooks::RESEAL)
                        .bind(webhook.id.as_str())
                        .bind(webhooks::sealed(&self.sealer, webhook)?)
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(webhook.id.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn remove_webhook(
                    &self,
                    id: &WebhookId,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(webhooks::REMOVE)
                        .bind(id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(id.to_string()));
                    }
                    query(deliveries::GIVE_UP_LANE)
                        .bind(id.as_str())
                        .bind(now.unix())
                        .bind(webhooks::REMOVED)
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_webhooks;
