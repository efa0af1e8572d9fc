//! What this station asks of the rates of stores that several stations share, and what it is given.
//!
//! The heartbeats of a station carry it. A docking of a station that sends none asks by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use model::ids::StationName;
use model::presence::EVERY_SECONDS;
use model::share::{Share, ShareRequest, StoreWants};
use objectstore::client::StoreLimits;
use transfer::resources::Resources;

use crate::control::Control;
use crate::heartbeat::draw_boot;

/// How soon a docking asks again that has no share yet.
const WHILE_OTHERS_MAKE_ROOM: Duration = Duration::from_secs(1);

/// How often a docking looks whether something should be asked for at once.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What was asked for, and when.
#[derive(Debug, Default)]
pub(crate) struct Asked(Vec<(Arc<StoreLimits>, Duration)>);

/// What is wanted of the stores that are spoken to and shared.
pub(crate) fn ask(resources: &Resources) -> (Vec<StoreWants>, Asked) {
    let limits = resources.limits().into_iter();
    let asked = limits.filter_map(|limits| {
        let (wants, at) = limits.ask()?;
        Some((wants, (limits, at)))
    });
    let (wants, asked) = asked.unzip();
    (wants, Asked(asked))
}

/// Whether something should be asked for at once.
pub(crate) fn have_news(resources: &Resources) -> bool {
    resources.limits().iter().any(|limits| limits.have_news())
}

impl Asked {
    /// Goes by what was given.
    pub(crate) fn hear(&self, shares: &[Share]) {
        for share in shares {
            for (limits, asked) in &self.0 {
                limits.give(share, *asked);
            }
        }
    }
}

/// Asks for shares until `done` is closed, and then gives them back. A server that does not answer stops nothing: what was
/// given ends by itself, and then less goes.
pub(crate) fn keep(
    control: &Control,
    resources: &Resources,
    station: &StationName,
    done: &Receiver<()>,
) {
    let boot = match draw_boot() {
        Ok(boot) => boot,
        Err(error) => return tracing::warn!(%error, "no share of a store's rate"),
    };
    let request = |stores| ShareRequest {
        station: station.clone(),
        boot: boot.clone(),
        stores,
    };
    let regular = Duration::from_secs(EVERY_SECONDS.into());
    let (mut every, mut last) = (regular, None::<Instant>);
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(LOOK_EVERY) {
        let is_due = last.is_none_or(|last| last.elapsed() >= every);
        if !is_due && !have_news(resources) {
            continue;
        }
        let (stores, asked) = ask(resources);
        if stores.is_empty() {
            continue;
        }
        last = Some(Instant::now());
        match control.shares(&request(stores)) {
            Ok(answer) => {
                asked.hear(&answer.shares);
                every = match answer.shares.iter().any(Share::waits) {
                    true => WHILE_OTHERS_MAKE_ROOM,
                    false => regular,
                };
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no share of a store's rate"
            ),
        }
    }
    // All is sent. Others need not wait until the share ends.
    if last.is_some()
        && let Err(error) = control.shares(&request(Vec::new()))
    {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(error, "share of a store's rate not given back");
    }
}
