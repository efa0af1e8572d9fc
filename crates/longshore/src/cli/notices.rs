//! What is said of webhooks and mails.

use clap::{Args, Subcommand};
use model::ids::{JobId, WebhookId};
use model::notice::NoticeKind;
use model::operator::notices::{DeliveryState, WebhookForm};

use super::StoreArgs;

/// `longshore webhook`.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Have notices sent to a program as well, and print the secret that they are signed with
    Add(AddWebhookArgs),
    /// List the webhooks
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Send a webhook nothing more
    Remove {
        /// Which
        #[arg(value_name = "ID")]
        id: WebhookId,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Give a webhook another secret, and print it
    #[command(
        after_long_help = "Until the old secret ends, requests have two signatures: a receiver that knows either takes them."
    )]
    Rotate {
        /// Which
        #[arg(value_name = "ID")]
        id: WebhookId,
        /// Hours for which the old secret counts as well, up to 720. Default: 24
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=720))]
        overlap_hours: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Send a webhook a notice that is about nothing, and see what comes of it
    Test {
        /// Which
        #[arg(value_name = "ID")]
        id: WebhookId,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Have sent again what failed
    Replay(ReplayArgs),
    /// See what was sent, by mail too, and what came of it
    Deliveries(DeliveriesArgs),
}

/// `longshore webhook add`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Requests are those of Standard Webhooks: the receiver verifies `webhook-signature` with the secret, \
    and knows by `webhook-id` what it has already. The secret is not shown again."
)]
pub(crate) struct AddWebhookArgs {
    /// Where to: an https:// address, which may have a secret in its path
    pub(crate) url: String,
    /// Of the jobs of this account, by name or number. Default: of all jobs
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Only these, with commas between, such as transfer.finished,device.held. Default: everything
    #[arg(long, value_name = "EVENT", value_delimiter = ',')]
    pub(crate) events: Vec<NoticeKind>,
    /// The form of the body: standard or cloudevents. Default: standard
    #[arg(long, value_name = "FORM")]
    pub(crate) format: Option<WebhookForm>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore webhook replay`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A webhook that answered 410 is switched on again by it. Receivers see the same `webhook-id` as before."
)]
pub(crate) struct ReplayArgs {
    /// Everything that failed at this webhook
    #[arg(long, value_name = "ID", required_unless_present = "delivery")]
    pub(crate) webhook: Option<WebhookId>,
    /// This delivery, by its number, also if it was sent
    #[arg(long, value_name = "N", conflicts_with = "webhook")]
    pub(crate) delivery: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore webhook deliveries`.
#[derive(Debug, Args)]
pub(crate) struct DeliveriesArgs {
    /// Only those to this webhook
    #[arg(value_name = "ID")]
    pub(crate) webhook: Option<WebhookId>,
    /// Only those of this job
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: Option<JobId>,
    /// Only those that are waiting, sent or failed
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<DeliveryState>,
    /// Only those before this one in the list
    #[arg(long, value_name = "N")]
    pub(crate) before: Option<i64>,
    /// At most so many, up to 200. Default: 20
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore mail`.
#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Print a mail to the byte as it would be sent now; nothing is sent
    Show {
        /// The job
        #[arg(value_name = "JOBID")]
        job: JobId,
        /// Of what it tells, such as transfer.finished
        #[arg(long, value_name = "EVENT")]
        event: NoticeKind,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Send a mail that is about nothing, at once, and print what the mail server says
    Test {
        /// To whom
        address: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}
