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
pub use get_shipping_label::{GetShippingLabel, get_shipping_label};
pub use get_status::{GetStatus, JobStatus, get_status};
pub use list_jobs::{JobList, ListJobs, list_jobs};
pub use submission::ValidateOnly;
pub use update_job::{UpdateJob, UpdatedJob, update_job};

use crate::change;
use crate::config::JobsConfig;
use crate::identity::Identity;
use crate::jobstore::JobStore;
use crate::stores::Stores;

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
    /// The rules of the house.
    pub rules: JobsConfig,
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
                match get_shipping_label(context, caller, input).await? {}
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

/// The list that labels and instructions will be in.
fn no_artifacts() -> Element {
    Element::node("ArtifactList", Vec::new())
}
