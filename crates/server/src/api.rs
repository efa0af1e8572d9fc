//! The AWS Import/Export API: its six operations, without their transport.
//!
//! An operation is a function of the [`Context`], the [`Identity`] of the caller and its input. It
//! gives an output or a [`Fault`]; `http.rs` turns both into XML. The order in which things are
//! checked is one for all operations: the caller, the action, missing parameters, values,
//! `APIVersion`, whether the job is there and whose it is, canceled or expired, the manifest, its
//! buckets, the state of the job, the quota.

mod cancel_job;
mod create_job;
mod fault;
mod get_shipping_label;
mod get_status;
mod input;
mod list_jobs;
mod submission;
mod update_job;

use std::sync::Arc;

use awsquery::params::Params;
use awsquery::xml::Element;
use model::ids::JobId;
use model::job::Job;
use model::signature::SigningKey;
use model::time::Clock;

pub use cancel_job::{CancelJob, cancel_job};
pub use create_job::{CreateJob, CreatedJob, create_job};
pub use fault::Fault;
pub use get_shipping_label::{GetShippingLabel, LabelLink, get_shipping_label};
pub use get_status::{GetStatus, JobStatus, get_status};
pub use list_jobs::{JobList, ListJobs, list_jobs};
pub use submission::ValidateOnly;
pub use update_job::{UpdateJob, UpdatedJob, update_job};

use crate::artifact::{Artifact, Taken};
use crate::certain::CertainTime;
use crate::change;
use crate::config::{EbsConfig, GlacierConfig, JobsConfig};
use crate::identity::Identity;
use crate::jobstore::JobStore;
use crate::sealing::Sealer;
use crate::stores::Stores;
use crate::work::Work;

/// What every operation works with.
#[derive(Clone)]
pub struct Context {
    /// The jobs, accounts and leases.
    pub jobs: Arc<dyn JobStore>,
    /// Which bucket is where.
    pub stores: Arc<Stores>,
    /// What SIGNATURE files are signed with.
    pub signing_key: SigningKey,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Of which time the service is sure: what cannot be taken back is decided by it.
    pub certain: Arc<CertainTime>,
    /// The rules of the house.
    pub rules: JobsConfig,
    /// Where snapshots are made, if anywhere.
    pub ebs: Option<EbsConfig>,
    /// Where archives go.
    pub glacier: GlacierConfig,
    /// Where manifests are checked and sheets drawn.
    pub work: Work,
    /// What links to sheets are sealed with.
    pub sealer: Sealer,
    /// The URL under which customers reach this service, without a slash at the end.
    pub public_url: String,
}

/// The six operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Registers a job.
    CreateJob,
    /// Replaces a job's manifest.
    UpdateJob,
    /// Takes a job back.
    CancelJob,
    /// Tells how a job is.
    GetStatus,
    /// Lists an account's jobs.
    ListJobs,
    /// Makes a label for a parcel.
    GetShippingLabel,
}

impl Operation {
    const ALL: [Self; 6] = [
        Self::CreateJob,
        Self::UpdateJob,
        Self::CancelJob,
        Self::GetStatus,
        Self::ListJobs,
        Self::GetShippingLabel,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateJob => "CreateJob",
            Self::UpdateJob => "UpdateJob",
            Self::CancelJob => "CancelJob",
            Self::GetStatus => "GetStatus",
            Self::ListJobs => "ListJobs",
            Self::GetShippingLabel => "GetShippingLabel",
        }
    }

    /// Reads the operation of a request, `Action` or its old alias `Operation`.
    ///
    /// # Errors
    /// `MissingAction` or `InvalidAction`.
    pub fn of(params: &Params) -> Result<Self, Fault> {
        let name = params.action()?;
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
            .ok_or_else(|| awsquery::Fault::InvalidAction(fault::echo(name)).into())
    }

    /// Does what the request asks, and gives the elements of its result.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn run(
        self,
        context: &Context,
        caller: &Identity,
        params: &Params,
    ) -> Result<Vec<Element>, Fault> {
        Ok(match self {
            Self::CreateJob => create_job(context, caller, CreateJob::read(params)?)
                .await?
                .elements(),
            Self::UpdateJob => update_job(context, caller, UpdateJob::read(params)?)
                .await?
                .elements(),
            Self::CancelJob => {
                cancel_job(context, caller, CancelJob::read(params)?).await?;
                vec![Element::leaf("Success", "true")]
            }
            Self::GetStatus => get_status(context, caller, GetStatus::read(params)?)
                .await?
                .elements(),
            Self::ListJobs => list_jobs(context, caller, ListJobs::read(params)?)
                .await?
                .elements(),
            Self::GetShippingLabel => {
                let input = GetShippingLabel::read(params)?;
                get_shipping_label(context, caller, input).await?.elements()
            }
        })
    }
}

/// The caller's job of this id, as it stands at this moment.
///
/// # Errors
/// [`Fault::NoSuchJob`] for a text that is no id, an unknown job, and another account's.
async fn own_job(context: &Context, caller: &Identity, id: &str) -> Result<Job, Fault> {
    let job = match JobId::new(id) {
        Ok(id) => change::look(context, id).await?,
        Err(_) => None,
    };
    job.filter(|job| job.account == caller.account.id)
        .ok_or_else(|| Fault::no_such_job(id))
}

/// A sheet of a job, and where it is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactLink {
    /// What it is.
    pub description: &'static str,
    /// A link that needs no other credential, and expires.
    pub url: String,
}

/// Links to the sheets of a job whose device is taken as files or as an image.
fn artifact_links(context: &Context, job: JobId, taken: Taken) -> Vec<ArtifactLink> {
    let link = |artifact: Artifact| ArtifactLink {
        description: artifact.description(),
        url: artifact.link(context),
    };
    Artifact::of_job(job, taken).into_iter().map(link).collect()
}

fn artifact_list(links: &[ArtifactLink]) -> Element {
    let member = |link: &ArtifactLink| {
        vec![
            Element::leaf("Description", link.description),
            Element::leaf("URL", link.url.as_str()),
        ]
    };
    Element::list("ArtifactList", links.iter().map(member))
}
