//! What the next heartbeat says, what its answer means, and when the one after is due. Sends nothing by itself but in
//! [`Keeper::beat`] and [`Keeper::beat_last`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use awshttp::retry::{Jitter, RetryPolicy};
use model::bay::{BayName, BayState, BayStatus};
use model::control::{PROTOCOL_VERSION, Renewal};
use model::heartbeat::{BAYS, Heartbeat, HeartbeatAnswer};
use model::ids::{Boot, JobId, StationName};
use model::metrics_address::MetricsAddress;
use model::presence::{EVERY_SECONDS, NoClaims};
use model::time::Clock;

use super::orders::Orders;
use transfer::resources::Resources;

use super::{Heart, Origin, Pulse, draw_boot, host};
use crate::control::{Control, ControlError};
use crate::lease::{Carried, Carrying};
use crate::shares::{self, Asked};

/// Waits after heartbeats that had no answer: short at first, for a server that starts again, and less than the quarter
/// of a lease's term at most.
const BACKOFF: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_secs(1),
    longest_wait: Duration::from_secs(15),
    budget: Duration::MAX,
};

/// The wait after one that was refused: a server of an earlier release knows none, and who was revoked is not heard.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// The shortest and the longest wait that a server is believed to want, in milliseconds.
const WAITS_MS: std::ops::RangeInclusive<u32> = 200..=60_000;

/// What makes a bay another one for whoever looks at it. What is told of how far it is goes with the next heartbeat.
type Look = (BayName, BayState, Option<JobId>, Option<String>);

/// How the last heartbeat fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fared {
    /// It was answered; the next is wanted after this time.
    Answered(Duration),
    /// So many had no answer in a row.
    Unanswered(u32),
    /// The server refuses them.
    Refused,
}

/// What is known between two heartbeats.
pub(super) struct Keeper {
    station: StationName,
    release: String,
    folder: PathBuf,
    control: Control,
    clock: Arc<dyn Clock>,
    metrics: Option<MetricsAddress>,
    pulse: Arc<Pulse>,
    resources: Arc<Resources>,
    heart: Arc<dyn Heart>,
    boot: Boot,
    seq: u64,
    orders: Orders,
    shown: Vec<Look>,
    leases: Vec<Renewal>,
    asked: Asked,
    spoke_as: Arc<str>,
    fared: Fared,
    no_claims: Option<NoClaims>,
    clock_is_wrong: bool,
    jitter: Jitter,
}

impl Keeper {
    /// The keeper of a new run.
    ///
    /// # Errors
    /// If the system gives no chance.
    pub(super) fn new(origin: Origin, heart: Arc<dyn Heart>) -> std::io::Result<Self> {
        let seed = getrandom::u64().map_err(std::io::Error::other)?;
        let Origin {
            station,
            release,
            folder,
            control,
            clock,
            metrics,
            pulse,
            resources,
        } = origin;
        Ok(Self {
            boot: draw_boot()?,
            seq: 0,
            orders: Orders::default(),
            shown: Vec::new(),
            leases: Vec::new(),
            asked: Asked::default(),
            spoke_as: control.authorization(),
            fared: Fared::Answered(Duration::from_secs(EVERY_SECONDS.into())),
            no_claims: None,
            clock_is_wrong: false,
            jitter: Jitter::new(seed),
            station,
            release,
            folder,
            control,
            clock,
            metrics,
            pulse,
            resources,
            heart,
        })
    }

    /// Lets heartbeats carry the leases of this station, until what is returned is dropped.
    pub(super) fn carry_leases(&self) -> Carrying {
        self.carried().begin()
    }

    /// Sends a heartbeat and does what its answer says, which is returned.
    pub(super) fn beat(&mut self) -> Option<HeartbeatAnswer> {
        let heartbeat = self.next();
        let begun = Instant::now();
        let sent = self.control.heartbeat(heartbeat);
        match &sent {
            Ok(answer) => {
                let ahead = self.clock.now().unix() - answer.clock.unix();
                self.pulse.answered(begun.elapsed(), ahead);
            }
            Err(_) => self.pulse.failed(),
        }
        self.hear(sent)
    }

    /// Sends a heartbeat of a bench that carries out nothing any more. An order in its answer has no word of what became
    /// of it, and comes again.
    pub(super) fn beat_last(&mut self) {
        let heartbeat = self.next();
        if let Err(error) = self.control.heartbeat(heartbeat) {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "last heartbeat not answered");
        }
    }

    /// The next heartbeat.
    pub(super) fn next(&mut self) -> Heartbeat {
        let bays = self.heart.statuses();
        self.shown = bays.iter().map(look).collect();
        self.leases = self.carried().renewals();
        self.leases.truncate(BAYS);
        let (stores, asked) = shares::ask(&self.resources);
        self.asked = asked;
        self.spoke_as = self.control.authorization();
        self.seq += 1;
        Heartbeat {
            version: PROTOCOL_VERSION,
            station: self.station.clone(),
            boot: self.boot.clone(),
            seq: self.seq,
            release: self.release.clone(),
            clock: self.clock.now(),
            bays,
            others: self.heart.others(),
            leases: self.leases.clone(),
            done: self.orders.say(),
            stores,
            host: host::facts(&self.folder),
            metrics: self.metrics.clone(),
        }
    }

    /// What became of the last heartbeat.
    pub(super) fn hear(
        &mut self,
        sent: Result<HeartbeatAnswer, ControlError>,
    ) -> Option<HeartbeatAnswer> {
        match sent {
            Ok(answer) => {
                if !self.is_answered() {
                    tracing::info!("heartbeats are answered again");
                }
                self.tell(&answer);
                let wanted = answer.next_ms.clamp(*WAITS_MS.start(), *WAITS_MS.end());
                self.fared = Fared::Answered(Duration::from_millis(wanted.into()));
                self.carried().answered(&self.leases, &answer.leases);
                self.asked.hear(&answer.shares);
                self.orders.hear(&answer.orders, &*self.heart);
                if !answer.mended.is_empty() {
                    self.heart.mended(answer.mended.clone());
                }
                if !answer.erasable.is_empty() {
                    self.heart.erasable(answer.erasable.clone());
                }
                Some(answer)
            }
            Err(error) => {
                self.miss(&error);
                None
            }
        }
    }

    /// Nothing stops because of it: whether a lease is lost, its own renewal asks where heartbeats are refused.
    fn miss(&mut self, error: &ControlError) {
        let before = self.fared;
        self.fared = match error {
            ControlError::Refused(_) => Fared::Refused,
            ControlError::Unreachable { .. }
            | ControlError::Trouble { .. }
            | ControlError::Stranger { .. } => match before {
                Fared::Unanswered(times) => Fared::Unanswered(times.saturating_add(1)),
                Fared::Answered(_) | Fared::Refused => Fared::Unanswered(1),
            },
        };
        match self.fared {
            Fared::Refused if before != Fared::Refused => {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "heartbeats are refused"
                );
                self.carried().refused();
            }
            Fared::Unanswered(1) => {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "heartbeat not answered"
                );
            }
            Fared::Refused | Fared::Unanswered(_) | Fared::Answered(_) => {
                tracing::debug!(
                    error = error as &dyn std::error::Error,
                    "heartbeat not answered"
                );
            }
        }
    }

    /// Says once what the person in front of this station should know.
    fn tell(&mut self, answer: &HeartbeatAnswer) {
        if answer.no_claims != self.no_claims {
            match answer.no_claims {
                Some(why) => tracing::warn!(?why, "this station gets no new job"),
                None => tracing::info!("this station gets new jobs"),
            }
            self.no_claims = answer.no_claims;
        }
        let is_wrong = answer.clock_ahead_seconds.is_some();
        if is_wrong && !self.clock_is_wrong {
            let ahead = answer.clock_ahead_seconds;
            tracing::warn!(
                clock_ahead_seconds = ahead,
                "the clock of this host is wrong"
            );
        }
        self.clock_is_wrong = is_wrong;
    }

    /// When the next heartbeat is due after this one. A tenth of it is left to chance, so that stations that were started
    /// together do not stay together.
    pub(super) fn wait(&self) -> Duration {
        match self.fared {
            Fared::Answered(wanted) => {
                let tenth = u64::try_from(wanted.as_millis() / 10).unwrap_or_default();
                wanted - Duration::from_millis(self.jitter.below(tenth))
            }
            Fared::Unanswered(times) => BACKOFF.wait(times, &self.jitter),
            Fared::Refused => AFTER_REFUSAL,
        }
    }

    /// Whether the last heartbeat was answered.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.fared, Fared::Answered(_))
    }

    /// Whether there is something that should not wait. While nobody answers everything waits but another token.
    pub(super) fn has_news(&self) -> bool {
        if !Arc::ptr_eq(&self.spoke_as, &self.control.authorization()) {
            return true;
        }
        if !self.is_answered() {
            return false;
        }
        self.orders.have_news()
            || shares::have_news(&self.resources)
            || !self
                .heart
                .statuses()
                .iter()
                .map(look)
                .eq(self.shown.iter().cloned())
    }

    fn carried(&self) -> &Carried {
        self.control.carried()
    }
}

fn look(bay: &BayStatus) -> Look {
    (bay.name.clone(), bay.state, bay.job, bay.medium.clone())
}
