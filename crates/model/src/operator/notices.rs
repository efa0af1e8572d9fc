//! Who is told of jobs, and what became of it: the documents of `/operator/v1/webhooks`, `deliveries` and `mail`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, JobId, NoticeId, WebhookId};
use crate::notice::NoticeKind;
use crate::time::Timestamp;

/// In which form a webhook gets its notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookForm {
    /// `{"type","timestamp","data"}`, as Standard Webhooks has it.
    #[default]
    Standard,
    /// An event of `CloudEvents` 1.0, structured, with the same headers.
    Cloudevents,
}

/// A word that is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not standard or cloudevents")]
pub struct NoSuchForm(String);

impl WebhookForm {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Cloudevents => "cloudevents",
        }
    }
}

impl fmt::Display for WebhookForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for WebhookForm {
    type Err = NoSuchForm;

    fn from_str(word: &str) -> Result<Self, NoSuchForm> {
        let all = [Self::Standard, Self::Cloudevents];
        let found = all.into_iter().find(|form| form.word() == word);
        found.ok_or_else(|| NoSuchForm(crate::readable::name(word, 40)))
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It is tried, or tried again.
    Waiting,
    /// The receiver has it.
    Sent,
    /// It is tried no more, unless somebody says so.
    Failed,
}

/// A word that is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not waiting, sent or failed")]
pub struct NoSuchState(String);

impl DeliveryState {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for DeliveryState {
    type Err = NoSuchState;

    fn from_str(word: &str) -> Result<Self, NoSuchState> {
        let all = [Self::Waiting, Self::Sent, Self::Failed];
        let found = all.into_iter().find(|state| state.word() == word);
        found.ok_or_else(|| NoSuchState(crate::readable::name(word, 40)))
    }
}

/// `POST /operator/v1/webhooks`: notices are to go there as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewWebhook {
    /// Where to: an `https` address.
    pub url: String,
    /// Of the jobs of this account, by name or number; of all jobs where this is not said.
    #[serde(default)]
    pub account: Option<String>,
    /// Of these kinds alone; of all where none is said.
    #[serde(default)]
    pub events: Vec<NoticeKind>,
    /// In which form.
    #[serde(default)]
    pub format: WebhookForm,
}

/// A webhook with its new secret, which is not shown again. So do `POST webhooks` and `POST webhooks/ID/rotate` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WebhookWithSecret {
    /// The webhook.
    pub webhook: WebhookLine,
    /// `whsec_…`
    pub secret: String,
}

/// `GET /operator/v1/webhooks`: all of them, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WebhookList {
    /// The webhooks.
    pub webhooks: Vec<WebhookLine>,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WebhookLine {
    /// Which.
    pub webhook_id: WebhookId,
    /// Scheme and host of its address; the rest may be a secret.
    pub url: String,
    /// Whose jobs it is told of; none of all.
    pub account: Option<AccountId>,
    /// Of what; of everything where this is empty.
    pub events: Vec<NoticeKind>,
    /// In which form.
    pub format: WebhookForm,
    /// Since when.
    pub added: Timestamp,
    /// Since when it is switched off, because it answered `410 Gone`.
    pub off: Option<Timestamp>,
    /// Until when the secret before the last counts as well.
    pub old_secret_until: Option<Timestamp>,
}

/// `POST /operator/v1/webhooks/ID/rotate`: it is to have another secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RotateWebhook {
    /// Hours for which the old one counts as well; 24 where this is not said.
    #[serde(default)]
    pub overlap_hours: Option<u32>,
}

/// `POST /operator/v1/webhooks/ID/test`: which delivery shows whether it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TestSent {
    /// The notice, by which its delivery is found.
    pub notice_id: NoticeId,
}

/// `POST /operator/v1/deliveries/replay`: what failed is to be tried again from the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Replay {
    /// This delivery, whether it failed or not.
    #[serde(default)]
    pub delivery: Option<i64>,
    /// Everything that failed at this webhook, which is switched on again.
    #[serde(default)]
    pub webhook: Option<WebhookId>,
}

/// How many deliveries are tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Replayed {
    /// So many.
    pub deliveries: u64,
}

/// `GET /operator/v1/deliveries`: a page of what was sent or is to be, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeliveriesPage {
    /// The deliveries.
    pub deliveries: Vec<DeliveryLine>,
    /// The `before` of the next page, where there are more.
    pub next: Option<i64>,
}

/// One notice on its way to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeliveryLine {
    /// Which: a number that no other has.
    pub delivery: i64,
    /// The notice; the receiver knows it by this.
    pub notice_id: NoticeId,
    /// What it tells of.
    pub event: NoticeKind,
    /// The job, if it is about one.
    pub job_id: Option<JobId>,
    /// The webhook; none of a mail.
    pub webhook_id: Option<WebhookId>,
    /// Since when it is to be sent.
    pub at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, if it is.
    pub due: Option<Timestamp>,
    /// Since when it is over, if it is.
    pub ended: Option<Timestamp>,
    /// What came of the last try, in words without an address.
    pub answer: Option<String>,
}

/// `GET /operator/v1/mail/show?job=JOBID&event=KIND`: a mail as it would be sent now, and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MailShown {
    /// To whom.
    pub to: Vec<String>,
    /// The mail to the first of them, to the byte.
    pub mail: String,
}

/// `POST /operator/v1/mail/test`: a mail without a job is to be sent, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TestMail {
    /// To this address.
    pub to: String,
}

/// What the mail server said to a mail that it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TestMailSent {
    /// Its words.
    pub answer: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for form in [WebhookForm::Standard, WebhookForm::Cloudevents] {
            assert_eq!(form.word().parse(), Ok(form));
            let json = serde_json::to_value(form).unwrap();
            assert_eq!(json, form.word());
        }
        for state in [
            DeliveryState::Waiting,
            DeliveryState::Sent,
            DeliveryState::Failed,
        ] {
            assert_eq!(state.word().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        assert!("xml".parse::<WebhookForm>().is_err());
        assert!("gone".parse::<DeliveryState>().is_err());
    }
}
