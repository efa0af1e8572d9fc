//! What goes on at the bays, told to pages as it happens (*server-sent events*).
//!
//! A page gets all of it when it begins to listen, and then the cards that changed, whole; so nothing rests on what it
//! missed. A line comes every few seconds even if nothing happens: a page that hears none knows that it is old.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use tokio::sync::Mutex;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::Console;
use super::form::Fields;
use super::pages::bench::{Bench, Scope};
use super::trouble::Trouble;
use super::visit::Visit;
use crate::ops::sign_ins;

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(1);

/// Looks from one sign of life to the next.
const ALIVE_LOOKS: u32 = 5;

/// The last look at all bays. All pages share it, however many there are.
#[derive(Default)]
pub(super) struct Snapshot(Mutex<Option<(Instant, Arc<Bench>)>>);

impl Snapshot {
    /// How the bays are, not older than from one look to the next.
    pub(super) async fn now(&self, visit: &Visit) -> Result<Arc<Bench>, Trouble> {
        let mut last = self.0.lock().await;
        if let Some((at, bench)) = &*last
            && at.elapsed() < LOOK
        {
            return Ok(Arc::clone(bench));
        }
        let bench = Arc::new(Bench::look(visit).await?);
        *last = Some((Instant::now(), Arc::clone(&bench)));
        Ok(bench)
    }
}

/// What a page listens to.
struct Listening {
    console: Arc<Console>,
    visit: Visit,
    scope: Scope,
    looks: u32,
    timer: Interval,
    /// What it was told last: parts of the page, by their ids, without the keys of their forms.
    told: BTreeMap<String, String>,
}

/// Tells a page what goes on.
pub(super) fn stream(
    console: &Arc<Console>,
    visit: Visit,
    query: &Fields,
) -> Result<Response, Trouble> {
    let mut timer = interval(LOOK);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listening = Listening {
        console: Arc::clone(console),
        visit,
        scope: Scope::of(query)?,
        looks: 0,
        timer,
        told: BTreeMap::new(),
    };
    let lines = stream::unfold(Some(listening), |listening| async move {
        let mut listening = listening?;
        let lines = listening.next().await?;
        Some((Ok::<Bytes, Infallible>(lines), Some(listening)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

impl Listening {
    /// What is told next; nothing more when the service stops or the session ends.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                () = self.console.stop.cancelled() => return None,
                _ = self.timer.tick() => {}
            }
            let is_alive = self.looks.is_multiple_of(ALIVE_LOOKS);
            self.looks = self.looks.wrapping_add(1);
            if is_alive && !self.goes_on().await {
                return None;
            }
            let mut lines = self.changed().await;
            if is_alive {
                lines.push_str("event: alive\ndata: -\n\n");
            }
            if !lines.is_empty() {
                return Some(lines.into());
            }
        }
    }

    async fn goes_on(&self) -> bool {
        let admin = self.console.context.admin();
        // A database that is away for a moment signs nobody out.
        let goes_on = sign_ins::goes_on(&admin, &self.visit.token).await;
        goes_on.unwrap_or(true)
    }

    /// The parts of the page that changed since the last look.
    async fn changed(&mut self) -> String {
        let Ok(bench) = self.console.bays.now(&self.visit).await else {
            return String::new();
        };
        let Ok(parts) = bench.parts(&self.visit, &self.scope) else {
            return String::new();
        };
        let mut lines = String::new();
        for part in &parts {
            if self.told.get(&part.id) != Some(&part.facts) {
                lines.push_str(&event(&part.id, &part.html));
            }
        }
        self.told = parts
            .into_iter()
            .map(|part| (part.id, part.facts))
            .collect();
        lines
    }
}

/// A part of the page, to be put in the place of what it was.
fn event(id: &str, html: &str) -> String {
    let mut lines = format!("data: <hx-partial hx-target=\"#{id}\" hx-swap=\"outerMorph\">\n");
    for line in html.lines().filter(|line| !line.trim().is_empty()) {
        lines.push_str("data: ");
        lines.push_str(line);
        lines.push('\n');
    }
    lines.push_str("data: </hx-partial>\n\n");
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_part_is_data() {
        assert_eq!(
            event("b1", "<p>\n\n  one\r\n</p>"),
            "data: <hx-partial hx-target=\"#b1\" hx-swap=\"outerMorph\">\ndata: <p>\ndata:   one\ndata: </p>\n\
             data: </hx-partial>\n\n"
        );
    }
}
