//! What goes on at the bays, told to pages as it happens (*server-sent events*).
//!
//! A page gets all of it when it begins to listen, and then the cards that changed, whole; so nothing rests on what it
//! missed. A line comes every few seconds even if nothing happens: a page that hears none knows that it is old.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use tokio::sync::Mutex;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Console;
use super::form::Fields;
use super::pages::bench::{Bench, Facts, Scope};
use super::trouble::Trouble;
use super::visit::Visit;
use crate::metrics::CountedStream;
use crate::ops::sign_ins;

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(1);

/// Looks from one sign of life to the next.
const ALIVE_LOOKS: u32 = 5;

/// The last look at all bays. All pages share it, however many there are, and what came of it if it failed: who waits for
/// a database that is away does so once, and not one after the other.
#[derive(Default)]
pub(super) struct Snapshot(Mutex<Option<Look>>);

/// When it ended, and what was seen.
type Look = (Instant, Option<Arc<Bench>>);

impl Snapshot {
    /// How the bays are, not older than from one look to the next.
    pub(super) async fn now(&self, visit: &Visit) -> Result<Arc<Bench>, Trouble> {
        let mut last = self.0.lock().await;
        if let Some((at, seen)) = &*last
            && at.elapsed() < LOOK
        {
            return seen.clone().ok_or_else(Trouble::not_now);
        }
        let looked = Bench::look(visit).await.map(Arc::new);
        *last = Some((Instant::now(), looked.as_ref().ok().cloned()));
        looked
    }
}

/// Streams that a session has at a time. A browser opens six connections to a host: with as many streams no page would be
/// answered any more.
const MOST_STREAMS: usize = 4;

/// The streams of each session, the oldest first.
#[derive(Default)]
pub(super) struct Streams(std::sync::Mutex<HashMap<i64, VecDeque<CancellationToken>>>);

impl Streams {
    /// Begins a stream of a session, and ends its oldest if there are too many: that page comes again in a moment, and ends
    /// another's, so that all are told, each in its turn.
    fn begin(&self, session: i64) -> CancellationToken {
        let stream = CancellationToken::new();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, streams| {
            streams.retain(|stream| !stream.is_cancelled());
            !streams.is_empty()
        });
        let own = all.entry(session).or_default();
        own.push_back(stream.clone());
        if own.len() > MOST_STREAMS
            && let Some(oldest) = own.pop_front()
        {
            oldest.cancel();
        }
        stream
    }
}

/// What a page listens to.
struct Listening {
    console: Arc<Console>,
    visit: Visit,
    /// When another page of this session takes its place; over when this is dropped.
    ended: CancellationToken,
    _over: DropGuard,
    _counted: CountedStream,
    scope: Scope,
    looks: u32,
    timer: Interval,
    /// What it was told last.
    told: Facts,
}

/// Tells a page what goes on.
pub(super) fn stream(
    console: &Arc<Console>,
    visit: Visit,
    query: &Fields,
) -> Result<Response, Trouble> {
    let mut timer = interval(LOOK);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let scope = Scope::of(query)?;
    let ended = console.streams.begin(visit.session.number);
    let listening = Listening {
        console: Arc::clone(console),
        visit,
        _over: ended.clone().drop_guard(),
        _counted: console.context.metrics.stream(),
        ended,
        scope,
        looks: 0,
        timer,
        told: Facts::new(),
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
                () = self.ended.cancelled() => return None,
                _ = self.timer.tick() => {}
            }
            let is_alive = self.looks.is_multiple_of(ALIVE_LOOKS);
            self.looks = self.looks.wrapping_add(1);
            if is_alive && !self.goes_on().await {
                return None;
            }
            // What was not looked at is not told as new: the page hears nothing, and says so.
            let Some(mut lines) = self.changed().await else {
                continue;
            };
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

    /// The parts of the page that changed since the last look; `None` if nobody could look.
    async fn changed(&mut self) -> Option<String> {
        let bench = self.console.bays.now(&self.visit).await.ok()?;
        let (told, parts) = bench.changes(&self.visit, &self.scope, &self.told).ok()?;
        self.told = told;
        Some(parts.iter().map(|(id, html)| event(id, html)).collect())
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
    fn a_session_has_a_few_streams_and_the_oldest_gives_way() {
        let streams = Streams::default();
        let begun: Vec<CancellationToken> = (0..6).map(|_| streams.begin(1)).collect();
        let other = streams.begin(2);
        let over: Vec<bool> = begun.iter().map(CancellationToken::is_cancelled).collect();
        assert_eq!(over, [true, true, false, false, false, false]);
        // One whose page was left has no place.
        begun[2].cancel();
        streams.begin(1);
        assert!(!begun[3].is_cancelled() && !other.is_cancelled());
    }

    #[test]
    fn every_line_of_a_part_is_data() {
        assert_eq!(
            event("b1", "<p>\n\n  one\r\n</p>"),
            "data: <hx-partial hx-target=\"#b1\" hx-swap=\"outerMorph\">\ndata: <p>\ndata:   one\ndata: </p>\n\
             data: </hx-partial>\n\n"
        );
    }
}
