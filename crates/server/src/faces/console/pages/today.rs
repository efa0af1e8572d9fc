//! A day, for whoever hands over: what came, what was done, what went, and what lies in the room. It prints on paper.

use askama::Template;
use axum::response::Response;
use model::operator::today::{InRoom, Today, TodayJob};
use model::time::Timestamp;

use crate::faces::console::form::Fields;
use crate::faces::console::language::{TextKey, key};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;
use crate::ops::today;

/// Seconds of a day.
const DAY: i64 = 86_400;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    shell: Shell,
    today: Today,
    before: Option<String>,
    after: Option<String>,
}

impl TodayPage {
    /// Words and figures, in the order of a device's way.
    fn counts(&self) -> [(TextKey, u64); 9] {
        let counts = &self.today.counts;
        [
            (key("count-parcels-in"), counts.parcels_in),
            (key("count-devices-in"), counts.devices_in),
            (key("count-loaded"), counts.loaded),
            (key("count-failed"), counts.failed),
            (key("count-stopped"), counts.stopped),
            (key("count-devices-out"), counts.devices_out),
            (key("count-parcels-out"), counts.parcels_out),
            (key("count-held"), counts.held),
            (key("count-shelved"), counts.shelved),
        ]
    }

    /// What is due, as an element.
    fn due(&self, device: &InRoom) -> String {
        let due = word::due(device.due, &device.job, &device.sentence);
        self.shell.say.element(&due)
    }

    fn happened(&self, job: &TodayJob) -> String {
        let word = |deed| self.shell.say.of_key(word::deed(deed));
        let words: Vec<String> = job.happened.iter().map(word).collect();
        words.join(", ")
    }
}

/// The page.
pub(in super::super) async fn show(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let mut wanted = query.clone();
    wanted.retain(|(_, value)| !value.trim().is_empty());
    let today: Today = visit.get("today", &wanted).await?;
    let begin = today::day(&today.day);
    let other = |days: i64| {
        let other = begin?.plus_seconds(days * DAY);
        (other <= today.at).then(|| of_day(other))
    };
    html(&TodayPage {
        shell: Shell::new(visit, key("today"), "today", "/today"),
        before: other(-1),
        after: other(1),
        today,
    })
}

fn of_day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
