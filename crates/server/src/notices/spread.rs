//! Finds out who is told of a notice, and puts it on its way: a mail to each address of the manifest, a request to each
//! webhook of the account and of the operator that wants it. What is sent is written down here, once.

use std::collections::BTreeSet;

use model::notice::{ByMail, NoticeKind};
use model::time::Timestamp;
use sha2::{Digest as _, Sha256};

use super::letter::Letter;
use super::story::{self, Story};
use super::{letter, payload};
use crate::config::MailConfig;
use crate::jobstore::{JobStore, JobStoreError, Lane, Message, NewDelivery, Notice, StoredWebhook};

/// Notices of one round.
const BATCH: u32 = 100;

/// Bytes of the digest of an address by which its mails are sent one after the other.
const LANE_BYTES: usize = 8;

/// Whether mails are sent, and how; `None` if nobody takes them.
pub(crate) type Mails<'a> = Option<&'a MailConfig>;

/// Puts everything on its way that is not yet. A notice that is somebody else's already is passed over.
pub(crate) async fn round(
    jobs: &dyn JobStore,
    expire_after_days: u32,
    mails: Mails<'_>,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    let notices = jobs.notices(now, BATCH).await?;
    if notices.is_empty() {
        return Ok(());
    }
    let webhooks = jobs.webhooks().await?;
    for notice in notices {
        let deliveries = of(jobs, expire_after_days, mails, &webhooks, &notice, now).await?;
        jobs.spread(&notice.id, &deliveries).await?;
    }
    Ok(())
}

/// What is sent of a notice. Of one that nobody hears nothing is read.
async fn of(
    jobs: &dyn JobStore,
    expire_after_days: u32,
    mails: Mails<'_>,
    webhooks: &[StoredWebhook],
    notice: &Notice,
    now: Timestamp,
) -> Result<Vec<NewDelivery>, JobStoreError> {
    let by_mail = mails.filter(|_| notice.kind.goes_by_mail() == ByMail::Yes);
    if by_mail.is_none() && webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let story = story::of(jobs, expire_after_days, notice).await?;
    if story.kind == NoticeKind::JobOverdue && story.job.hold().is_none() {
        // It was mended in this moment.
        return Ok(Vec::new());
    }
    let mut deliveries = to_webhooks(&story, webhooks, now);
    if let Some(mails) = by_mail {
        deliveries.extend(to_addresses(&story, mails, now));
        deliveries.extend(to_operator(&story, mails, now));
    }
    Ok(deliveries)
}

/// The mail to the operator of a job that customer and operator are reminded of.
fn to_operator(story: &Story, mails: &MailConfig, now: Timestamp) -> Option<NewDelivery> {
    let operator = mails.operator.as_ref()?;
    let letter = match story.kind {
        NoticeKind::JobOverdue => letter::overdue_to_operator(story),
        _ => return None,
    };
    let to = operator.address().to_string();
    Some(mail(story, to, &letter, now))
}

fn mail(story: &Story, to: String, letter: &Letter, now: Timestamp) -> NewDelivery {
    NewDelivery {
        notice: story.id.clone(),
        kind: story.kind,
        job: Some(story.job.id),
        lane: lane_of(&to),
        message: Message::Mail {
            to,
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            dated: story.at,
        },
        at: now,
    }
}

/// A mail to each address. One that is named twice hears once.
fn to_addresses(story: &Story, mails: &MailConfig, now: Timestamp) -> Vec<NewDelivery> {
    let addresses: BTreeSet<&String> = story.addresses.iter().collect();
    let letter = letter::of(story, &mails.templates);
    let to = |address: &String| mail(story, address.clone(), &letter, now);
    addresses.into_iter().map(to).collect()
}

/// By what the mails to an address are sent one after the other.
pub(crate) fn lane_of(address: &str) -> Lane {
    let digest = Sha256::digest(address.to_lowercase().as_bytes());
    Lane::Mail(hex::encode(&digest[..LANE_BYTES]))
}

/// A request to each webhook that wants it.
fn to_webhooks(story: &Story, webhooks: &[StoredWebhook], now: Timestamp) -> Vec<NewDelivery> {
    let wants = |webhook: &&StoredWebhook| {
        let is_for = webhook.account.as_ref();
        webhook.off.is_none()
            && is_for.is_none_or(|account| *account == story.job.account)
            && (webhook.kinds.is_empty() || webhook.kinds.contains(&story.kind))
    };
    let request = |webhook: &StoredWebhook| NewDelivery {
        notice: story.id.clone(),
        kind: story.kind,
        job: Some(story.job.id),
        lane: Lane::Webhook(webhook.id.clone()),
        message: Message::Webhook {
            body: payload::of(story, webhook.form),
        },
        at: now,
    };
    webhooks.iter().filter(wants).map(request).collect()
}
