//! Witnesses of the log of custody (C2SP `tlog-witness`): others who sign its head, each only if it has grown out of the one that
//! they signed before. Whoever is shown a head that they have signed is shown the log that everybody is shown.
//!
//! Nothing is kept of it but in memory: a witness tells itself which head it has seen last, and is told what has come since. Each
//! of several servers asks for itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use awshttp::Surroundings;
use custody::digest::Digest;
use custody::moment::Moment;
use custody::note::Note;
use custody::note::cosigning::Request;
use custody::tree::{consistency, needed};
use futures::future::join_all;

use crate::config::WitnessConfig;
use crate::custody_key;
use crate::jobstore::{JobStore, JobStoreError};
use crate::metrics::Metrics;
use crate::outside::{self, OutsideRequest};

/// How long witnesses are waited for before a receipt is given without them.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of an answer: some lines of signatures.
const ANSWER_BYTES: usize = 16 << 10;

/// Times that a witness is asked for one head: it may tell first which one it has seen.
const TRIES: usize = 3;

/// Heads that are tried: another server may have shown a later one meanwhile.
const HEADS: usize = 3;

/// Who is asked, and what came of it.
#[derive(Clone)]
pub(crate) struct Witnesses(Arc<Circle>);

struct Circle {
    surroundings: Surroundings,
    metrics: Arc<Metrics>,
    each: Vec<Witness>,
}

#[derive(Debug)]
struct Witness {
    config: WitnessConfig,
    state: Mutex<State>,
}

/// What is known of a witness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Leaves of the head that it has seen last.
    pub(crate) size: u64,
    /// That head, with its signature.
    signed: Option<Note>,
    /// When it signed, as it says.
    pub(crate) at: Option<Moment>,
    /// Why it did not sign the last head that it was shown.
    pub(crate) trouble: Option<WitnessTrouble>,
}

/// Why a witness did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WitnessTrouble {
    /// It cannot be asked, or says no.
    #[error("{0}")]
    Silent(String),
    /// It was shown another log of the same name.
    #[error(
        "it says that this log has not grown out of the one it has seen ({0}): the log was restored from an older copy, \
         or there are two of one name"
    )]
    Disputed(String),
}

/// What came of showing a head.
enum Showing {
    Signed(Note, Moment),
    /// It has seen so many leaves, more than there are in this head.
    Ahead(u64),
    Not(WitnessTrouble),
}

impl Witnesses {
    pub(crate) fn new(
        configs: &[WitnessConfig],
        surroundings: Surroundings,
        metrics: Arc<Metrics>,
    ) -> Self {
        let witness = |config: &WitnessConfig| Witness {
            config: config.clone(),
            state: Mutex::default(),
        };
        let each: Vec<Witness> = configs.iter().map(witness).collect();
        for witness in &each {
            metrics.witness(witness.config.key.name(), None, false);
        }
        Self(Arc::new(Circle {
            surroundings,
            metrics,
            each,
        }))
    }

    /// The head of the log with all that witnesses have signed under the same one. Nobody is asked.
    pub(crate) async fn known(&self, jobs: &dyn JobStore) -> Result<(u64, Note), JobStoreError> {
        let key = custody_key::in_force(jobs).await?;
        let (size, mut head) = key.head(jobs).await?;
        for witness in &self.0.each {
            if let Some(signed) = &witness.state().signed {
                head.merge(signed);
            }
        }
        Ok((size, head))
    }

    /// The head of the log, shown first to every witness that has answered when it was asked last. Who does not answer in
    /// ten seconds is not waited for.
    pub(crate) async fn asked(&self, jobs: &dyn JobStore) -> Result<(u64, Note), JobStoreError> {
        let answer = |witness: &&Witness| witness.state().trouble.is_none();
        let whom: Vec<&Witness> = self.0.each.iter().filter(answer).collect();
        let shown = self.show_to(&whom, jobs);
        // What is lacking then is told with the state of each.
        let _late = tokio::time::timeout(PATIENCE, shown).await;
        self.known(jobs).await
    }

    /// Shows the head to every witness that has not signed it.
    pub(crate) async fn round(&self, jobs: &dyn JobStore) {
        let whom: Vec<&Witness> = self.0.each.iter().collect();
        self.show_to(&whom, jobs).await;
    }

    async fn show_to(&self, whom: &[&Witness], jobs: &dyn JobStore) {
        join_all(whom.iter().map(|witness| async {
            let before = witness.state();
            let shown = self.show(witness, jobs).await;
            let after = match shown {
                Ok(None) => return,
                Ok(Some(after)) => after,
                Err(error) => State {
                    trouble: Some(WitnessTrouble::Silent(error.to_string())),
                    ..before.clone()
                },
            };
            let name = witness.config.key.name();
            match &after.trouble {
                Some(trouble) if before.trouble.as_ref() != Some(trouble) => match trouble {
                    WitnessTrouble::Silent(_) => {
                        tracing::warn!(witness = name, why = %trouble, "head of the log not witnessed");
                    }
                    WitnessTrouble::Disputed(_) => {
                        tracing::error!(witness = name, why = %trouble, "head of the log disputed");
                    }
                },
                None if before.trouble.is_some() => {
                    tracing::info!(witness = name, "head of the log witnessed again");
                }
                _ => {}
            }
            let is_disputed = matches!(after.trouble, Some(WitnessTrouble::Disputed(_)));
            self.0.metrics.witness(name, after.at, is_disputed);
            *witness.lock() = after;
        }))
        .await;
    }

    /// Shows the head to a witness. `None` if it has signed that one.
    async fn show(
        &self,
        witness: &Witness,
        jobs: &dyn JobStore,
    ) -> Result<Option<State>, JobStoreError> {
        let before = witness.state();
        let mut ahead = 0;
        for _ in 0..HEADS {
            let key = custody_key::in_force(jobs).await?;
            let (size, head) = key.head(jobs).await?;
            if size < ahead {
                // It was read after the witness had told of more.
                let words = format!("{ahead} events, and here are {size}");
                return Ok(Some(State {
                    trouble: Some(WitnessTrouble::Disputed(words)),
                    ..before
                }));
            }
            let is_signed = |signed: &Note| signed.text() == head.text();
            if before.trouble.is_none() && before.signed.as_ref().is_some_and(is_signed) {
                return Ok(None);
            }
            match self.show_head(witness, jobs, (size, head)).await? {
                Showing::Signed(signed, at) => {
                    return Ok(Some(State {
                        size,
                        signed: Some(signed),
                        at: Some(at),
                        trouble: None,
                    }));
                }
                Showing::Ahead(seen) => ahead = seen,
                Showing::Not(trouble) => {
                    return Ok(Some(State {
                        trouble: Some(trouble),
                        ..before
                    }));
                }
            }
        }
        let trouble = WitnessTrouble::Silent("it is shown later heads all the time".to_owned());
        Ok(Some(State {
            trouble: Some(trouble),
            ..before
        }))
    }

    async fn show_head(
        &self,
        witness: &Witness,
        jobs: &dyn JobStore,
        (size, mut head): (u64, Note),
    ) -> Result<Showing, JobStoreError> {
        let mut old = witness.state().size.min(size);
        for _ in 0..TRIES {
            let proof = grown(jobs, old, size).await?;
            let request = Request {
                old,
                proof: &proof,
                head: &head,
            };
            let message = OutsideRequest {
                url: format!("{}/add-checkpoint", witness.config.url),
                content_type: "text/plain; charset=utf-8",
                body: request.to_string().into_bytes(),
                most: ANSWER_BYTES,
            };
            let reply = match outside::post(&self.0.surroundings, message).await {
                Ok(reply) => reply,
                Err(error) => return Ok(Showing::Not(WitnessTrouble::Silent(error.to_string()))),
            };
            let text = String::from_utf8_lossy(&reply.body);
            match reply.status {
                200 => {
                    return Ok(match head.cosign(&text, &witness.config.key) {
                        Ok(at) => Showing::Signed(head, at),
                        Err(error) => Showing::Not(WitnessTrouble::Silent(error.to_string())),
                    });
                }
                // It has seen another head than we thought, and says which.
                409 => match text.trim_end().parse::<u64>() {
                    Ok(seen) if seen > size => return Ok(Showing::Ahead(seen)),
                    Ok(seen) if seen != old => old = seen,
                    _ => return Ok(Showing::Not(disputed(409, old))),
                },
                422 => return Ok(Showing::Not(disputed(422, old))),
                404 => {
                    return Ok(Showing::Not(WitnessTrouble::Silent(
                        "it does not know this log".into(),
                    )));
                }
                403 => {
                    let words = "it does not know the key that signs this log now";
                    return Ok(Showing::Not(WitnessTrouble::Silent(words.into())));
                }
                status => {
                    let words = format!("it answered {status}");
                    return Ok(Showing::Not(WitnessTrouble::Silent(words)));
                }
            }
        }
        let trouble = WitnessTrouble::Silent("it tells of another head each time".to_owned());
        Ok(Showing::Not(trouble))
    }

    /// What is known of each, in the order of the settings.
    pub(crate) fn states(&self) -> Vec<(String, State)> {
        let each = self.0.each.iter();
        each.map(|witness| (witness.config.key.to_string(), witness.state()))
            .collect()
    }
}

impl Witness {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> State {
        self.lock().clone()
    }
}

/// That the log of `size` leaves has grown out of that of `old`.
async fn grown(jobs: &dyn JobStore, old: u64, size: u64) -> Result<Vec<Digest>, JobStoreError> {
    let nodes = needed(|hash_of| consistency(old, size, hash_of));
    let hashes = jobs.nodes(&nodes).await?;
    consistency(old, size, |node| {
        let gone = || JobStoreError::Corrupt(format!("the ledger has no node {node:?}"));
        hashes.get(&node).copied().ok_or_else(gone)
    })
}

fn disputed(status: u16, old: u64) -> WitnessTrouble {
    WitnessTrouble::Disputed(format!("{old} events; it answered {status}"))
}
