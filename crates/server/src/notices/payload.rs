//! The bodies of requests to webhooks: what happened, thin, in the form that the receiver wants.
//!
//! Pure: a [`Story`] in, bytes out. They are made once, signed and sent as they are.

use custody::event::What;
use model::notice::NoticeKind;
use model::operator::notices::WebhookForm;
use model::report;
use serde_json::{Map, Value, json};

use super::story::{HasReport, Story};

/// Longest text of somebody else in a body, in characters. Of the longest body a hundred kilobytes are far.
const TEXT_CHARS: usize = 1_000;

/// Writes the body of a story.
#[must_use]
pub(crate) fn of(story: &Story, form: WebhookForm) -> String {
    let data = data(story);
    match form {
        WebhookForm::Standard => json!({
            "type": story.kind.word(),
            "timestamp": story.at.to_string(),
            "data": data,
        }),
        WebhookForm::Cloudevents => json!({
            "specversion": "1.0",
            "id": story.id.as_str(),
            "source": format!("urn:longshore:{}", story.installation),
            "type": story.kind.word(),
            "subject": story.job.id.as_str(),
            "time": story.at.to_string(),
            "datacontenttype": "application/json",
            "data": data,
        }),
    }
    .to_string()
}

/// The body of a notice that is about no job.
#[must_use]
pub(crate) fn of_test(id: &str, kind: &str, source: &str, at: &str, form: WebhookForm) -> String {
    let data = json!({"installation": source});
    match form {
        WebhookForm::Standard => json!({"type": kind, "timestamp": at, "data": data}),
        WebhookForm::Cloudevents => json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("urn:longshore:{source}"),
            "type": kind,
            "time": at,
            "datacontenttype": "application/json",
            "data": data,
        }),
    }
    .to_string()
}

/// The `Content-Type` of a body.
#[must_use]
pub(crate) fn content_type(form: WebhookForm) -> &'static str {
    match form {
        WebhookForm::Standard => "application/json",
        WebhookForm::Cloudevents => "application/cloudevents+json; charset=utf-8",
    }
}

fn data(story: &Story) -> Value {
    let job = &story.job;
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| {
        data.insert(name.to_owned(), value);
    };
    put("notice", story.id.as_str().into());
    put("installation", story.installation.as_str().into());
    put("account", job.account.as_str().into());
    put("job", job.id.as_str().into());
    put("jobType", job.job_type.as_str().into());
    put("deviceId", story.device_id.as_deref().map(cut).into());
    put("progress", job.progress.code().into());
    if let (Some(log), HasReport::There) = (&story.log, story.report) {
        let keys = report::keys(log);
        put(
            "report",
            json!({"bucket": log.bucket, "key": keys.csv, "lines": keys.lines, "text": keys.summary}),
        );
        put(
            "receipt",
            json!({"bucket": log.bucket, "key": keys.receipt}),
        );
    }
    if let Some(edition) = story.edition {
        put("edition", edition.into());
    }
    if let Some(what) = &story.what {
        put("event", what.name().into());
        for (name, value) in of_event(what) {
            put(name, value);
        }
    }
    if let (NoticeKind::JobOverdue, Some(hold)) = (story.kind, job.hold()) {
        put("cause", hold.cause.code().into());
        put("since", hold.at.to_string().into());
    }
    put("checkpoint", story.checkpoint.as_str().into());
    data.into()
}

/// What an event says besides, as far as a receiver may have to decide by it; the receipt has all of it.
fn of_event(what: &What) -> Vec<(&'static str, Value)> {
    match what {
        What::Held(held) => vec![
            ("cause", held.cause.as_str().into()),
            ("until", held.until.map(|until| until.to_string()).into()),
        ],
        What::Resumed(resumed) => vec![("cause", resumed.cause.as_str().into())],
        What::Aborted(aborted) => vec![("cause", aborted.cause.as_str().into())],
        What::Attempt(attempt) => vec![("attempt", attempt.number.into())],
        What::Loaded(loaded) => outcome(&loaded.0),
        What::Filled(filled) => outcome(&filled.0),
        What::HandedOver(over) => vec![
            ("carrier", cut(over.carrier.as_str()).into()),
            ("tracking", cut(over.tracking.as_str()).into()),
        ],
        What::Received(received) => {
            let condition = received.condition;
            vec![(
                "condition",
                serde_json::to_value(condition).unwrap_or_default(),
            )]
        }
        _ => Vec::new(),
    }
}

fn outcome(outcome: &custody::event::Outcome) -> Vec<(&'static str, Value)> {
    let mut all = vec![("errors", outcome.errors.into())];
    if let Some(tally) = &outcome.tally {
        all.push(("entries", tally.entries.into()));
        all.push(("stored", tally.stored.into()));
        all.push(("bytes", tally.bytes.into()));
    }
    all
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use custody::event::{Held, Loaded, Outcome};

    use super::super::letter::tests::story;
    use super::*;

    fn finished() -> Story {
        let outcome = Outcome {
            errors: 2,
            ..Outcome::default()
        };
        Story {
            what: Some(Loaded(outcome).into()),
            report: HasReport::There,
            ..story(NoticeKind::TransferFinished)
        }
    }

    #[test]
    fn a_body_is_that_of_standard_webhooks() {
        let body: Value = serde_json::from_str(&of(&finished(), WebhookForm::Standard)).unwrap();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 3);
        assert_eq!(body["type"], "transfer.finished");
        assert_eq!(body["timestamp"], "2027-01-15T08:00:00Z");
        let data = &body["data"];
        assert_eq!(
            (&data["job"], &data["errors"]),
            (&json!("ABCDE"), &json!(2))
        );
        assert_eq!(data["receipt"]["key"], "p/import-log-ABCDE.receipt");
        assert!(
            data["checkpoint"]
                .as_str()
                .unwrap()
                .starts_with("dock.example.org/custody\n")
        );
    }

    #[test]
    fn an_event_of_cloudevents_has_what_it_needs() {
        let body: Value = serde_json::from_str(&of(&finished(), WebhookForm::Cloudevents)).unwrap();
        for (name, expected) in [
            ("specversion", "1.0"),
            ("id", "ABCDE-3"),
            ("source", "urn:longshore:dock.example.org"),
            ("type", "transfer.finished"),
            ("subject", "ABCDE"),
        ] {
            assert_eq!(body[name], expected, "{name}");
        }
        assert_eq!(body["data"]["event"], "loaded");
    }

    #[test]
    fn what_is_not_there_yet_is_not_named() {
        let held = Held {
            cause: "StoreFull".to_owned(),
            until: None,
        };
        let told = Story {
            what: Some(held.into()),
            device_id: Some("x".repeat(500_000)),
            ..story(NoticeKind::DeviceHeld)
        };
        let text = of(&told, WebhookForm::Standard);
        assert!(text.len() < 20_000, "{}", text.len());
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["data"]["cause"], "StoreFull");
        assert_eq!(body["data"].get("receipt"), None);
    }
}
