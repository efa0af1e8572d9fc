//! `/operator/v1/webhooks` and `deliveries`: where notices are sent to, and what became of them.

use axum::http::Method;
use model::ids::{JobId, NoticeId, WebhookId};
use model::operator::notices::{
    DeliveriesPage, Replay, Replayed, RotateWebhook, TestSent, WebhookList, WebhookWithSecret,
};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::DeliveryFilter;
use crate::ops::notices::{self, DELIVERIES, MOST_DELIVERIES, WithSecret};

/// Answers what is asked for below `webhooks`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    let (admin, caller) = (desk.admin, desk.caller);
    match path {
        [] if asked.is(&Method::GET) => document(&WebhookList {
            webhooks: notices::list(admin, caller).await?,
        }),
        [] if is_post => {
            let wanted = asked.message()?;
            shown(notices::add(admin, desk.post()?, caller, wanted).await?)
        }
        [id, "remove"] if is_post => document(&notices::remove(admin, caller, &read(id)?).await?),
        [id, "rotate"] if is_post => {
            let RotateWebhook { overlap_hours } = asked.message()?;
            shown(notices::rotate(admin, caller, &read(id)?, overlap_hours).await?)
        }
        [id, "test"] if is_post => document(&TestSent {
            notice_id: notices::test(admin, desk.post()?, caller, &read(id)?).await?,
        }),
        _ => Err(OperatorFault::NoSuchPath),
    }
}

fn read(id: &str) -> Result<WebhookId, OperatorFault> {
    WebhookId::new(id).map_err(|_| OperatorFault::NoSuchPath)
}

fn shown(with: WithSecret) -> Document {
    document(&WebhookWithSecret {
        webhook: with.webhook,
        secret: with.secret.to_string(),
    })
}

/// Answers what is asked for below `deliveries`.
pub(super) async fn answer_deliveries(
    desk: &Desk<'_>,
    asked: &Inquiry<'_>,
    path: &[&str],
) -> Document {
    match path {
        [] if asked.is(&Method::GET) => list(desk, asked).await,
        ["replay"] if asked.is(&Method::POST) => {
            let (admin, caller) = (desk.admin, desk.caller);
            let deliveries = match asked.message()? {
                Replay {
                    delivery: Some(delivery),
                    webhook: None,
                } => notices::replay(admin, caller, delivery).await?,
                Replay {
                    delivery: None,
                    webhook: Some(id),
                } => notices::replay_all(admin, caller, &id).await?,
                Replay { .. } => {
                    let why = "either `Delivery` or `Webhook` is to be said".to_owned();
                    return Err(OperatorFault::Unreadable(why));
                }
            };
            document(&Replayed { deliveries })
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let (filter, limit) = wanted(asked.query)?;
    // One more than asked for tells whether there are more.
    let found = notices::deliveries(desk.admin, desk.caller, &filter, limit + 1).await;
    let mut deliveries = found?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = deliveries.len() > limit;
    deliveries.truncate(limit);
    let last = deliveries.last().map(|line| line.delivery);
    document(&DeliveriesPage {
        next: last.filter(|_| more),
        deliveries,
    })
}

/// Reads what is wanted. A name that is not known is refused: a filter that does nothing shows too much.
fn wanted(query: &[(String, String)]) -> Result<(DeliveryFilter, u32), OperatorFault> {
    let (mut filter, mut limit) = (DeliveryFilter::default(), DELIVERIES);
    for (name, value) in query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "webhook" => filter.webhook = Some(WebhookId::new(value).map_err(|_| wrong())?),
            "job" => filter.job = Some(JobId::new(value).map_err(|_| wrong())?),
            "notice" => filter.notice = Some(NoticeId::new(value).map_err(|_| wrong())?),
            "state" => filter.state = Some(value.parse().map_err(|_| wrong())?),
            "before" => filter.before = Some(value.parse().map_err(|_| wrong())?),
            "limit" => {
                let number = value.parse().ok();
                let number = number.filter(|number| (1..=MOST_DELIVERIES).contains(number));
                limit = number.ok_or_else(wrong)?;
            }
            _ => return Err(wrong()),
        }
    }
    Ok((filter, limit))
}
