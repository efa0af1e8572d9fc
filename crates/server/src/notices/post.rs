//! Makes deliveries: takes the next of a lane, sends it, and says what came of it.
//!
//! Lanes go side by side, so many at most, and of those that failed before half as many: what is dead holds up nothing that
//! lives. A lane is one server's while it sends; a server that dies meanwhile has its delivery made again by another, with
//! the same id.

use std::sync::Arc;
use std::time::Duration;

use awshttp::trust::Trust;
use custody::installation::InstallationName;
use model::time::{Clock, Timestamp};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::mail::{self, MailRoute, NotTaken};
use super::reach::{Reached, Request, WebhookRoute};
use super::schedule::{self, Pace};
use super::{letter, payload, signing, spread, table};
use crate::config::{Config, NoticesConfig};
use crate::jobstore::{Delivery, JobStore, JobStoreError, Lane, Message, NewDelivery, Settled};
use crate::metrics::Metrics;
use crate::outside::aside;

/// Lanes that send at a time: each waits for a receiver for twenty seconds at most, and costs a thread meanwhile.
const LANES: usize = 16;

/// Of these, lanes of what has failed before.
const FAILED_LANES: usize = 8;

/// Lanes that are looked at in one round.
const BATCH: u32 = 64;

/// Seconds for which a delivery to a webhook is one server's: it is waited for twenty.
const WEBHOOK_IN_HAND: i64 = 60;

/// The same of a mail: a mail server may be slow in each step of a conversation.
const MAIL_IN_HAND: i64 = 5 * 60;

/// How long a stop waits for what is being sent.
const FINISH: Duration = Duration::from_secs(5);

/// Deliveries of a lane one after the other, before others have their turn.
const IN_A_ROW: usize = 50;

/// Makes deliveries.
#[derive(Clone)]
pub(crate) struct Post(Arc<Inner>);

struct Inner {
    jobs: Arc<dyn JobStore>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    installation: InstallationName,
    mail: Option<MailRoute>,
    webhooks: WebhookRoute,
    lanes: Arc<Semaphore>,
    failed_lanes: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// The ways on which notices go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ways {
    /// The settings.
    pub(crate) notices: NoticesConfig,
    /// Whose certificates are trusted.
    pub(crate) trust: Trust,
}

impl Ways {
    /// Those of the settings.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            notices: config.notices.clone(),
            trust: config.network.surroundings().trust,
        }
    }
}

/// What came of a try, before it is known whether there is another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tried {
    ending: Ending,
    answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Taken,
    Not(Pace),
    Never,
    Gone,
}

impl Post {
    pub(crate) fn new(
        jobs: Arc<dyn JobStore>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        installation: InstallationName,
        ways: &Ways,
    ) -> Self {
        let mail = ways.notices.mail.as_ref();
        let mail = mail.map(|config| MailRoute::new(config, &ways.trust, &installation));
        let webhooks = WebhookRoute::new(&ways.notices.webhooks, &ways.trust);
        Self(Arc::new(Inner {
            jobs,
            clock,
            metrics,
            installation,
            mail,
            webhooks,
            lanes: Arc::new(Semaphore::new(LANES)),
            failed_lanes: Arc::new(Semaphore::new(FAILED_LANES)),
            tasks: TaskTracker::new(),
        }))
    }

    /// The way to the mail server, if there is one.
    pub(crate) fn mail(&self) -> Option<&MailRoute> {
        self.0.mail.as_ref()
    }

    /// The way to webhooks.
    pub(crate) fn webhooks(&self) -> &WebhookRoute {
        &self.0.webhooks
    }

    /// Who sends.
    pub(crate) fn installation(&self) -> &InstallationName {
        &self.0.installation
    }

    /// Begins to send what is due, as far as there is a place, and waits for none of it.
    pub(crate) async fn round(&self, stop: &CancellationToken) -> Result<(), JobStoreError> {
        let lanes = self.0.jobs.ready_lanes(self.0.clock.now(), BATCH).await?;
        for (lane, tries) in lanes {
            if stop.is_cancelled() {
                break;
            }
            let places = match tries {
                0 => None,
                _ => match Arc::clone(&self.0.failed_lanes).try_acquire_owned() {
                    Ok(place) => Some(place),
                    Err(_) => continue,
                },
            };
            let Ok(place) = Arc::clone(&self.0.lanes).try_acquire_owned() else {
                break;
            };
            let (post, stop) = (self.clone(), stop.clone());
            self.0.tasks.spawn(async move {
                let _places = (place, places);
                if let Err(error) = post.lane(&lane, &stop).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(%lane, error, "deliveries not settled");
                }
            });
        }
        Ok(())
    }

    /// Waits for what is being sent, for a while: what takes longer is tried again later, by whoever comes first.
    pub(crate) async fn finish(&self) {
        self.0.tasks.close();
        let _ = tokio::time::timeout(FINISH, self.0.tasks.wait()).await;
        self.0.tasks.reopen();
    }

    /// Sends what is due in a lane, one after the other.
    async fn lane(&self, lane: &Lane, stop: &CancellationToken) -> Result<(), JobStoreError> {
        for _ in 0..IN_A_ROW {
            let now = self.0.clock.now();
            let until = now.plus_seconds(match lane {
                Lane::Webhook(_) => WEBHOOK_IN_HAND,
                Lane::Mail(_) => MAIL_IN_HAND,
            });
            let Some(delivery) = self.0.jobs.take_delivery(lane, now, until).await? else {
                break;
            };
            self.deliver(delivery).await?;
            if stop.is_cancelled() {
                break;
            }
        }
        Ok(())
    }

    async fn deliver(&self, delivery: Delivery) -> Result<(), JobStoreError> {
        let tried = match &delivery.what.message {
            Message::Mail {
                to,
                subject,
                text,
                dated,
            } => {
                let letter = mail::Addressed {
                    id: &delivery.what.notice,
                    job: delivery.what.job,
                    at: *dated,
                    to,
                    subject,
                    text,
                };
                self.mailed(&letter).await
            }
            Message::Webhook { body } => self.requested(&delivery, body).await?,
        };
        self.settle(&delivery, tried).await
    }

    async fn mailed(&self, letter: &mail::Addressed<'_>) -> Tried {
        let Some(route) = &self.0.mail else {
            // It was due when there was a server.
            return Tried {
                ending: Ending::Not(Pace::Usual),
                answer: "there is no mail server in the settings".to_owned(),
            };
        };
        let written = mail::written(route.config(), &self.0.installation, letter);
        let sent = match written {
            Ok(mail) => {
                let post = self.clone();
                let send = move || post.0.mail.as_ref().map(|route| route.send(&mail));
                aside(send).await.flatten()
            }
            Err(never) => Some(Err(never)),
        };
        match sent {
            Some(Ok(_)) => Tried {
                ending: Ending::Taken,
                answer: "the mail server has it".to_owned(),
            },
            Some(Err(NotTaken::Never(answer))) => Tried {
                ending: Ending::Never,
                answer,
            },
            Some(Err(NotTaken::Later(answer))) => Tried {
                ending: Ending::Not(Pace::Usual),
                answer,
            },
            None => failed(),
        }
    }

    async fn requested(&self, delivery: &Delivery, body: &str) -> Result<Tried, JobStoreError> {
        let what = &delivery.what;
        let found = match what.lane.webhook() {
            Some(id) => self.0.jobs.webhook(id).await?,
            None => None,
        };
        let Some(webhook) = found else {
            return Ok(Tried {
                ending: Ending::Never,
                answer: "the webhook was removed".to_owned(),
            });
        };
        let now = self.0.clock.now();
        let headers = vec![
            (
                "content-type",
                payload::content_type(webhook.form).to_owned(),
            ),
            ("webhook-id", what.notice.to_string()),
            ("webhook-timestamp", now.unix().to_string()),
            (
                "webhook-signature",
                signing::signatures(&webhook, &what.notice, now, body.as_bytes()),
            ),
        ];
        let (post, body) = (self.clone(), body.to_owned());
        let send = move || {
            post.0.webhooks.send(&Request {
                url: &webhook.url,
                headers,
                body: &body,
            })
        };
        Ok(match aside(send).await {
            Some(Reached::Taken(status)) => Tried {
                ending: Ending::Taken,
                answer: format!("answered {status}"),
            },
            Some(Reached::Not(answer, pace)) => Tried {
                ending: Ending::Not(pace),
                answer,
            },
            Some(Reached::Gone) => Tried {
                ending: Ending::Gone,
                answer: "answered 410: it wants nothing more, and is switched off".to_owned(),
            },
            None => failed(),
        })
    }

    async fn settle(&self, delivery: &Delivery, tried: Tried) -> Result<(), JobStoreError> {
        let (now, tries) = (self.0.clock.now(), delivery.tries);
        let settled = match tried.ending {
            Ending::Taken => Settled::Sent,
            Ending::Never => Settled::Failed,
            Ending::Gone => Settled::Gone,
            Ending::Not(pace) => match schedule::wait(tries, pace, chance()) {
                Some(seconds) => Settled::Again(now.plus_seconds(seconds)),
                None => Settled::Failed,
            },
        };
        let tell = match settled {
            Settled::Failed | Settled::Gone => self.told_of_failure(delivery, &tried.answer, now),
            Settled::Sent | Settled::Again(_) => None,
        };
        let answer = tried.answer.as_str();
        let (notice, lane) = (&delivery.what.notice, &delivery.what.lane);
        let jobs = &self.0.jobs;
        let is_ours = jobs
            .settle_delivery(delivery, settled, answer, now, tell.as_ref())
            .await?;
        if !is_ours {
            tracing::warn!(%notice, %lane, tries, "somebody else has the delivery in hand");
            return Ok(());
        }
        self.0.metrics.delivered(lane, settled);
        match settled {
            Settled::Sent => tracing::info!(%notice, %lane, tries, "notice delivered"),
            Settled::Again(due) => {
                tracing::info!(%notice, %lane, tries, %due, answer, "notice not delivered yet");
            }
            Settled::Failed | Settled::Gone => {
                tracing::warn!(%notice, %lane, tries, answer, "notice given up");
            }
        }
        Ok(())
    }

    /// The mail to the operator that something was given up. Nobody is told that such a mail was.
    fn told_of_failure(
        &self,
        delivery: &Delivery,
        answer: &str,
        now: Timestamp,
    ) -> Option<NewDelivery> {
        let operator = self.0.mail.as_ref()?.config().operator.as_ref()?;
        let id = table::id_of_failure(delivery.seq);
        let what = &delivery.what;
        if what.notice.as_str().starts_with(table::UNDELIVERED) {
            return None;
        }
        let to = operator.address().to_string();
        let letter::Letter { subject, text } =
            letter::undelivered(&self.0.installation, delivery, answer);
        Some(NewDelivery {
            notice: id,
            kind: what.kind,
            job: what.job,
            lane: spread::lane_of(&to),
            message: Message::Mail {
                to,
                subject,
                text,
                dated: now,
            },
            at: now,
        })
    }
}

fn failed() -> Tried {
    Tried {
        ending: Ending::Not(Pace::Usual),
        answer: "the service failed; its log says why".to_owned(),
    }
}

/// Without chance from the system tries stay together, which harms nobody.
fn chance() -> u64 {
    getrandom::u64().unwrap_or_default()
}

#[cfg(test)]
mod tests;
