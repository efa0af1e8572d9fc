//! `longshore webhook`: programs that are told of jobs, and what became of what they and others were sent.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use model::ids::{NoticeId, WebhookId};
use model::operator::notices::{
    DeliveriesPage, DeliveryLine, DeliveryState, NewWebhook, Replay, Replayed, RotateWebhook,
    TestSent, WebhookLine, WebhookList, WebhookWithSecret,
};

use crate::cli::{AddWebhookArgs, DeliveriesArgs, ReplayArgs, StoreArgs, WebhookCommand};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// How long a receiver of a test is waited for: what it is given, and a look or two of the service.
const TEST: Duration = Duration::from_secs(30);

/// Between two looks whether a test has come to its end.
const LOOK: Duration = Duration::from_millis(300);

/// Runs a `longshore webhook` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &WebhookCommand) -> Result<Exit, Failure> {
    match command {
        WebhookCommand::Add(args) => add(args),
        WebhookCommand::List { json, store } => list(*json, store),
        WebhookCommand::Remove { id, json, store } => {
            let path = format!("webhooks/{id}/remove");
            let gone: WebhookLine = Way::open(store)?.post(&path, &())?;
            match json {
                true => output::json(&gone)?,
                false => output::note(&format!("Webhook {id} is sent nothing more.")),
            }
            Ok(Exit::Ok)
        }
        WebhookCommand::Rotate {
            id,
            overlap_hours,
            json,
            store,
        } => {
            let message = RotateWebhook {
                overlap_hours: *overlap_hours,
            };
            let path = format!("webhooks/{id}/rotate");
            told(&Way::open(store)?.post(&path, &message)?, *json)
        }
        WebhookCommand::Test { id, json, store } => test(id, *json, store),
        WebhookCommand::Replay(args) => replay(args),
        WebhookCommand::Deliveries(args) => deliveries(args),
    }
}

fn add(args: &AddWebhookArgs) -> Result<Exit, Failure> {
    let message = NewWebhook {
        url: args.url.clone(),
        account: args.account.clone(),
        events: args.events.clone(),
        format: args.format.unwrap_or_default(),
    };
    told(
        &Way::open(&args.store)?.post("webhooks", &message)?,
        args.json,
    )
}

/// The only time that a secret is shown: alone on the standard output.
fn told(with: &WebhookWithSecret, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(with)?;
        return Ok(Exit::Ok);
    }
    output::data(&format!("{}\n", with.secret))?;
    let webhook = &with.webhook;
    let until = webhook.old_secret_until;
    let until = until.map(|until| format!(" The old one counts until {until}."));
    output::note(&format!(
        "Webhook {} signs with this secret, which is not shown again.{}",
        webhook.webhook_id,
        until.unwrap_or_default()
    ));
    Ok(Exit::Ok)
}

fn list(json: bool, store: &StoreArgs) -> Result<Exit, Failure> {
    let list: WebhookList = Way::open(store)?.get("webhooks", &[])?;
    if json {
        output::json(&list)?;
        return Ok(Exit::Ok);
    }
    let row = |webhook: &WebhookLine| {
        let events: Vec<&str> = webhook.events.iter().map(|kind| kind.word()).collect();
        let stands = webhook.off.map(|off| format!("off since {off}"));
        [
            webhook.webhook_id.to_string(),
            webhook.url.clone(),
            webhook
                .account
                .as_ref()
                .map_or_else(|| "all".to_owned(), ToString::to_string),
            match events.is_empty() {
                true => "all".to_owned(),
                false => events.join(","),
            },
            webhook.format.to_string(),
            webhook.added.to_string(),
            stands.unwrap_or_else(|| "on".to_owned()),
        ]
    };
    let rows: Vec<[String; 7]> = list.webhooks.iter().map(row).collect();
    let header = [
        "WEBHOOK", "HOST", "ACCOUNT", "EVENTS", "FORMAT", "SINCE", "",
    ];
    output::data(&output::table(header, &rows))?;
    Ok(Exit::Ok)
}

fn test(id: &WebhookId, json: bool, store: &StoreArgs) -> Result<Exit, Failure> {
    let way = Way::open(store)?;
    let sent: TestSent = way.post(&format!("webhooks/{id}/test"), &())?;
    let tried = wait_for(&way, &sent.notice_id)?;
    if json {
        output::json(&tried)?;
    }
    let answer = tried.answer.as_deref().unwrap_or_default();
    match tried.state {
        DeliveryState::Sent => {
            output::note(&format!("Webhook {id} has it: {answer}."));
            Ok(Exit::Ok)
        }
        DeliveryState::Waiting | DeliveryState::Failed => {
            let error = anyhow!(
                "webhook {id} does not have it: {}",
                output::printable(answer)
            );
            Err(Failure::new(Exit::Refused, error))
        }
    }
}

/// The delivery of a notice once it was tried.
fn wait_for(way: &Way, notice: &NoticeId) -> Result<DeliveryLine, Failure> {
    let query = [("notice".to_owned(), notice.to_string())];
    let begun = Instant::now();
    while begun.elapsed() < TEST {
        let page: DeliveriesPage = way.get("deliveries", &query)?;
        let tried = page.deliveries.into_iter().find(|it| it.answer.is_some());
        if let Some(tried) = tried {
            return Ok(tried);
        }
        thread::sleep(LOOK);
    }
    let error = anyhow!("nobody has sent it within {} seconds", TEST.as_secs());
    Err(Failure::new(Exit::Unavailable, error).hint("is `longshore serve` running?"))
}

fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let message = Replay {
        delivery: args.delivery,
        webhook: args.webhook.clone(),
    };
    let replayed: Replayed = Way::open(&args.store)?.post("deliveries/replay", &message)?;
    match args.json {
        true => output::json(&replayed)?,
        false => {
            let many = output::count(replayed.deliveries, "notice");
            output::note(&format!("To be sent again: {many}."));
        }
    }
    Ok(Exit::Ok)
}

fn deliveries(args: &DeliveriesArgs) -> Result<Exit, Failure> {
    let page: DeliveriesPage = Way::open(&args.store)?.get("deliveries", &query(args))?;
    if args.json {
        output::json(&page)?;
        return Ok(Exit::Ok);
    }
    let row = |line: &DeliveryLine| {
        [
            line.delivery.to_string(),
            line.notice_id.to_string(),
            line.event.to_string(),
            line.webhook_id
                .as_ref()
                .map_or_else(|| "mail".to_owned(), ToString::to_string),
            line.at.to_string(),
            line.state.word().to_owned(),
            line.tries.to_string(),
            line.answer.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 8]> = page.deliveries.iter().map(row).collect();
    let header = [
        "DELIVERY", "NOTICE", "EVENT", "TO", "SINCE", "STATE", "TRIES", "ANSWER",
    ];
    output::data(&output::table(header, &rows))?;
    if let Some(next) = page.next {
        output::note(&format!(
            "There are more: --before {next} goes on, --limit N shows more at once."
        ));
    }
    Ok(Exit::Ok)
}

fn query(args: &DeliveriesArgs) -> Vec<(String, String)> {
    let pairs = [
        ("webhook", args.webhook.as_ref().map(ToString::to_string)),
        ("job", args.job.map(|job| job.to_string())),
        ("state", args.state.map(|state| state.word().to_owned())),
        ("before", args.before.map(|place| place.to_string())),
        ("limit", args.limit.map(|limit| limit.to_string())),
    ];
    let named = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    named.collect()
}
