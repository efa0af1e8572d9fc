//! Who is told of jobs: webhooks, what was sent to whom, and mails that show how they are.

use model::ids::{JobId, NoticeId, WebhookId};
use model::notice::NoticeKind;
use model::operator::notices::{DeliveryLine, NewWebhook, WebhookLine};
use url::Url;
use zeroize::Zeroizing;

use super::{AccountFault, Admin, Refused, accounts};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{
    DeliveryFilter, JobStoreError, Lane, Message, NewDelivery, Notice, Secret, StoredWebhook,
};
use crate::notices::mail::{self, NotTaken};
use crate::notices::post::Post;
use crate::notices::{letter, payload, signing, story, table};
use crate::outside::aside;
use crate::sealing::random;

/// Hours for which a secret that was replaced counts as well, unless somebody says otherwise.
const OVERLAP_HOURS: u32 = 24;

/// Most hours for which it may.
const MOST_OVERLAP_HOURS: u32 = 30 * 24;

/// Most webhooks there may be. Each notice is looked at for every one of them.
const MOST_WEBHOOKS: usize = 1_000;

/// Deliveries of a page unless somebody says otherwise.
pub(crate) const DELIVERIES: u32 = 20;

/// Most deliveries of a page.
pub(crate) const MOST_DELIVERIES: u32 = 200;

const HOUR: i64 = 60 * 60;

/// A webhook and what requests to it are signed with, which is shown once.
pub(crate) struct WithSecret {
    /// The webhook.
    pub(crate) webhook: WebhookLine,
    /// `whsec_…`
    pub(crate) secret: Zeroizing<String>,
}

/// Adds a webhook.
///
/// # Errors
/// [`AccountFault::Webhook`] if its address cannot be one, [`AccountFault::NoSuchAccount`], or [`Refused`] if the caller has
/// no right to it or the job store fails.
pub(crate) async fn add(
    admin: &Admin,
    post: &Post,
    caller: &Caller,
    wanted: NewWebhook,
) -> Result<WithSecret, Refused> {
    authorize(caller, Action::ManageWebhooks, Resource::Service)?;
    let url = post.webhooks().check(&wanted.url);
    let url = url.map_err(|why| AccountFault::Webhook(why.to_owned()))?;
    if admin.jobs.webhooks().await?.len() >= MOST_WEBHOOKS {
        let why = format!("would be one more than {MOST_WEBHOOKS}");
        return Err(AccountFault::Webhook(why).into());
    }
    let account = match &wanted.account {
        Some(account) => Some(accounts::find(admin, account).await?.id),
        None => None,
    };
    let webhook = StoredWebhook {
        id: draw_id(),
        account,
        kinds: wanted.events,
        form: wanted.format,
        url: url.to_string(),
        secret: signing::draw(),
        before: None,
        added: admin.clock.now(),
        off: None,
    };
    admin.jobs.put_webhook(&webhook).await?;
    tracing::info!(actor = %caller.actor(), webhook = %webhook.id, "webhook added");
    Ok(shown(&webhook))
}

fn draw_id() -> WebhookId {
    WebhookId::new(format!("wh-{}", hex::encode(random::<8>()))).expect("sixteen digits")
}

fn shown(webhook: &StoredWebhook) -> WithSecret {
    WithSecret {
        webhook: line(webhook),
        secret: signing::text(&webhook.secret),
    }
}

fn line(webhook: &StoredWebhook) -> WebhookLine {
    WebhookLine {
        webhook_id: webhook.id.clone(),
        url: origin(&webhook.url),
        account: webhook.account.clone(),
        events: webhook.kinds.clone(),
        format: webhook.form,
        added: webhook.added,
        off: webhook.off,
        old_secret_until: webhook.before.as_ref().map(|(_, until)| *until),
    }
}

/// Scheme, host and port: what is behind them is often a secret.
fn origin(url: &str) -> String {
    let url = Url::parse(url).map(|url| url.origin().ascii_serialization());
    url.unwrap_or_default()
}

/// All webhooks, the oldest first.
///
/// # Errors
/// [`Refused`] if the caller has no right to see them, or the job store fails.
pub(crate) async fn list(admin: &Admin, caller: &Caller) -> Result<Vec<WebhookLine>, Refused> {
    authorize(caller, Action::LookAtNotices, Resource::Service)?;
    let webhooks = admin.jobs.webhooks().await?;
    Ok(webhooks.iter().map(line).collect())
}

async fn find(admin: &Admin, id: &WebhookId) -> Result<StoredWebhook, Refused> {
    let found = admin.jobs.webhook(id).await?;
    Ok(found.ok_or_else(|| AccountFault::NoSuchWebhook(id.clone()))?)
}

/// Takes a webhook away. What waits for it is given up.
///
/// # Errors
/// [`AccountFault::NoSuchWebhook`].
pub(crate) async fn remove(
    admin: &Admin,
    caller: &Caller,
    id: &WebhookId,
) -> Result<WebhookLine, Refused> {
    authorize(caller, Action::ManageWebhooks, Resource::Service)?;
    let webhook = find(admin, id).await?;
    match admin.jobs.remove_webhook(id, admin.clock.now()).await {
        Err(JobStoreError::Missing(_)) => {
            return Err(AccountFault::NoSuchWebhook(id.clone()).into());
        }
        removed => removed?,
    }
    tracing::info!(actor = %caller.actor(), webhook = %id, "webhook removed");
    Ok(line(&webhook))
}

/// Gives a webhook another secret. The old one signs as well for some hours.
///
/// # Errors
/// [`AccountFault::NoSuchWebhook`]; [`AccountFault::Webhook`] for more hours than may be.
pub(crate) async fn rotate(
    admin: &Admin,
    caller: &Caller,
    id: &WebhookId,
    overlap_hours: Option<u32>,
) -> Result<WithSecret, Refused> {
    authorize(caller, Action::ManageWebhooks, Resource::Service)?;
    let hours = overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > MOST_OVERLAP_HOURS {
        let why = format!("keeps an old secret for {MOST_OVERLAP_HOURS} hours at most");
        return Err(AccountFault::Webhook(why).into());
    }
    let mut webhook = find(admin, id).await?;
    let until = admin.clock.now().plus_seconds(i64::from(hours) * HOUR);
    let old: Secret = std::mem::replace(&mut webhook.secret, signing::draw());
    webhook.before = (hours > 0).then_some((old, until));
    admin.jobs.reseal_webhook(&webhook).await?;
    tracing::info!(actor = %caller.actor(), webhook = %id, %until, "secret of a webhook replaced");
    Ok(shown(&webhook))
}

/// Sends a webhook a notice that is about nothing.
///
/// # Errors
/// [`AccountFault::NoSuchWebhook`].
pub(crate) async fn test(
    admin: &Admin,
    post: &Post,
    caller: &Caller,
    id: &WebhookId,
) -> Result<NoticeId, Refused> {
    authorize(caller, Action::SendNotices, Resource::Service)?;
    let webhook = find(admin, id).await?;
    let (kind, at) = (NoticeKind::WebhookTest, admin.clock.now());
    let notice = table::id_of_its_own("test", random());
    let installation = post.installation().as_str();
    let body = payload::of_test(
        notice.as_str(),
        kind.word(),
        installation,
        &at.to_string(),
        webhook.form,
    );
    let delivery = NewDelivery {
        notice: notice.clone(),
        kind,
        job: None,
        lane: Lane::Webhook(id.clone()),
        message: Message::Webhook { body },
        at,
    };
    admin.jobs.put_delivery(&delivery).await?;
    tracing::info!(actor = %caller.actor(), webhook = %id, %notice, "webhook to be tried");
    Ok(notice)
}

/// What was sent, or is to be, the newest first.
///
/// # Errors
/// [`Refused`] if the caller has no right to see it, or the job store fails.
pub(crate) async fn deliveries(
    admin: &Admin,
    caller: &Caller,
    filter: &DeliveryFilter,
    limit: u32,
) -> Result<Vec<DeliveryLine>, Refused> {
    authorize(caller, Action::LookAtNotices, Resource::Service)?;
    Ok(admin.jobs.deliveries(filter, limit).await?)
}

/// Has one delivery made again.
///
/// # Errors
/// [`AccountFault::NoSuchDelivery`] if there is none, or it is still tried.
pub(crate) async fn replay(admin: &Admin, caller: &Caller, delivery: i64) -> Result<u64, Refused> {
    authorize(caller, Action::SendNotices, Resource::Service)?;
    let now = admin.clock.now();
    if !admin.jobs.replay_delivery(delivery, now).await? {
        return Err(AccountFault::NoSuchDelivery(delivery).into());
    }
    tracing::info!(actor = %caller.actor(), delivery, "delivery to be made again");
    Ok(1)
}

/// Has everything made again that failed at a webhook, which is switched on again.
///
/// # Errors
/// [`AccountFault::NoSuchWebhook`].
pub(crate) async fn replay_all(
    admin: &Admin,
    caller: &Caller,
    id: &WebhookId,
) -> Result<u64, Refused> {
    authorize(caller, Action::SendNotices, Resource::Service)?;
    find(admin, id).await?;
    let deliveries = admin.jobs.replay_webhook(id, admin.clock.now()).await?;
    tracing::info!(actor = %caller.actor(), webhook = %id, deliveries, "deliveries to be made again");
    Ok(deliveries)
}

/// A mail as it would be sent now, and to whom.
///
/// # Errors
/// [`AccountFault::NoMail`] if no mail is sent here; [`Refused::NoSuchJob`].
pub(crate) async fn show_mail(
    admin: &Admin,
    post: &Post,
    caller: &Caller,
    expire_after_days: u32,
    (job, kind): (JobId, NoticeKind),
) -> Result<(Vec<String>, String), Refused> {
    authorize(caller, Action::LookAtNotices, Resource::Service)?;
    let route = post.mail().ok_or(AccountFault::NoMail)?;
    if admin.jobs.job(job).await?.is_none() {
        return Err(Refused::no_such_job(job));
    }
    let notice: Notice = story::last(&*admin.jobs, job, kind, admin.clock.now()).await?;
    let story = story::of(&*admin.jobs, expire_after_days, &notice).await?;
    let letter::Letter { subject, text } = letter::of(&story, &route.config().templates);
    let nobody = route.config().from.address().to_string();
    let to = story.addresses.first().unwrap_or(&nobody);
    let mail = mail::written(
        route.config(),
        post.installation(),
        &mail::Addressed {
            id: &story.id,
            job: Some(job),
            at: story.at,
            to,
            subject: &subject,
            text: &text,
        },
    );
    let mail = mail.map_err(not_taken)?.formatted();
    Ok((story.addresses, String::from_utf8_lossy(&mail).into_owned()))
}

/// Sends a mail that is about nothing, at once, and what the server said.
///
/// # Errors
/// [`AccountFault::NoMail`] if no mail is sent here; [`AccountFault::MailNotTaken`] with what stood in the way.
pub(crate) async fn test_mail(
    admin: &Admin,
    post: &Post,
    caller: &Caller,
    to: &str,
) -> Result<String, Refused> {
    authorize(caller, Action::SendNotices, Resource::Service)?;
    let route = post.mail().ok_or(AccountFault::NoMail)?;
    let installation = post.installation();
    let id = table::id_of_its_own("test", random());
    let text = format!(
        "This is a test: the Longshore service {installation} can send mail.\nYou need do nothing.\n"
    );
    let letter = mail::Addressed {
        id: &id,
        job: None,
        at: admin.clock.now(),
        to,
        subject: "Test of Longshore's mail",
        text: &text,
    };
    let mail = mail::written(route.config(), installation, &letter).map_err(not_taken)?;
    let post = post.clone();
    let sent = aside(move || post.mail().map(|route| route.send(&mail))).await;
    let sent = sent.flatten().ok_or(Refused::Internal)?;
    let answer = sent.map_err(not_taken)?;
    tracing::info!(actor = %caller.actor(), "test mail sent");
    Ok(answer)
}

fn not_taken(why: NotTaken) -> Refused {
    let (NotTaken::Never(why) | NotTaken::Later(why)) = why;
    AccountFault::MailNotTaken(why).into()
}
