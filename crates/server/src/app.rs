//! What every operation works with. It knows no way in: faces are above it.

use std::sync::{Arc, OnceLock};

use agefile::Identity;
use listen::Network;
use model::operator::Patience;
use model::signature::SigningKey;
use model::time::Clock;

use crate::cards::CardKey;
use crate::certain::CertainTime;
use crate::challenges::ChallengeKey;
use crate::config::{EbsConfig, EraseConfig, GlacierConfig, JobsConfig};
use crate::database::DatabaseClock;
use crate::digests::Digests;
use crate::jobstore::JobStore;
use crate::metrics::Metrics;
use crate::notices::post::Post;
use crate::sealing::Sealer;
use crate::stores::Stores;
use crate::timestamps::Timestamps;
use crate::witnesses::Witnesses;
use crate::work::Work;

/// Says whether something is well.
pub(crate) type IsWell = Box<dyn Fn() -> bool + Send + Sync>;

/// What every operation works with.
#[derive(Clone)]
pub struct Context {
    /// The jobs, accounts and leases.
    pub jobs: Arc<dyn JobStore>,
    /// Which bucket is where.
    pub stores: Arc<Stores>,
    /// What SIGNATURE files are signed with.
    pub signing_key: SigningKey,
    /// What time it is: the database's time where several servers share one.
    pub clock: Arc<dyn Clock>,
    /// What reads it there.
    pub(crate) database_clock: Option<Arc<DatabaseClock>>,
    /// Whether the bench of this process is well, if there is one.
    pub(crate) bench: Arc<OnceLock<IsWell>>,
    /// Of which time the service is sure: what cannot be taken back is decided by it.
    pub certain: Arc<CertainTime>,
    /// The rules of the house.
    pub rules: JobsConfig,
    /// Who may have a device erased, and what must be so before.
    pub erase: EraseConfig,
    /// Where snapshots are made, if anywhere.
    pub ebs: Option<EbsConfig>,
    /// Where archives go.
    pub glacier: GlacierConfig,
    /// Where manifests are checked and sheets drawn.
    pub work: Work,
    /// What links to sheets are sealed with.
    pub sealer: Sealer,
    /// What opens secrets that customers have sealed.
    pub(crate) identity: Identity,
    /// The URL under which customers reach this service, without a slash at the end.
    pub public_url: String,
    /// Proxies that are believed what they say of where requests come from.
    pub trusted_proxies: Vec<Network>,
    /// The URL of the console, without a slash at the end, where there is one.
    pub console: Option<String>,
    /// What command cards are proved by.
    pub(crate) cards: CardKey,
    /// What the challenges of passkeys are proved by.
    pub(crate) challenges: ChallengeKey,
    /// What reports were found to say.
    pub(crate) digests: Digests,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What brings notices to those who are told.
    pub(crate) post: Post,
    /// Who signs the head of the log of custody besides.
    pub(crate) witnesses: Witnesses,
    /// Who says when receipts were given, if anybody is asked.
    pub(crate) timestamps: Option<Timestamps>,
}

impl Context {
    /// The part of it that accounts, keys and stations need.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin {
            jobs: Arc::clone(&self.jobs),
            clock: Arc::clone(&self.clock),
            hold_days: self.rules.hold_days,
        }
    }

    /// Of what age a hold is overdue now.
    pub(crate) fn patience(&self) -> Patience {
        self.admin().patience()
    }
}

/// What operations on accounts, keys and stations work with: a part of [`Context`] that can be had
/// without a running service.
#[derive(Clone)]
pub struct Admin {
    /// The accounts, keys and stations.
    pub jobs: Arc<dyn JobStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Days after which a job that is on hold is overdue.
    pub hold_days: u32,
}

impl Admin {
    /// Of what age a hold is overdue now.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            now: self.clock.now(),
            days: self.hold_days,
        }
    }
}
