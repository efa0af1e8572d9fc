//! `GetShippingLabel`: a label for a parcel with the devices of some jobs.
//!
//! This release makes no labels. Parameters and jobs are checked as documented all the same, so
//! that a client learns of its own mistakes first; then it is told so by a fault that no SDK tries
//! again.

use std::convert::Infallible;

use awsquery::params::Params;
use model::progress::Progress;

use super::{Context, Fault, input, own_job};
use crate::identity::Identity;

/// Most devices in one parcel. Each is looked up.
const MAX_JOBS: usize = 100;

/// A request for a label. The address is not read: nothing is printed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetShippingLabel {
    job_ids: Vec<String>,
}

impl GetShippingLabel {
    /// Reads the parameters. The operation knows no `MissingParameterException`.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidVersion`.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let job_ids: Vec<String> = params
            .list("jobIds")
            .into_iter()
            .map(|id| id.trim().to_owned())
            .collect();
        if job_ids.is_empty() {
            return Err(Fault::InvalidParameter(
                "jobIds must be specified".to_owned(),
            ));
        }
        if job_ids.len() > MAX_JOBS {
            let text = format!("jobIds must have at most {MAX_JOBS} members");
            return Err(Fault::InvalidParameter(text));
        }
        input::check_api_version(params)?;
        Ok(Self { job_ids })
    }
}

/// Checks the jobs, and says that there are no labels.
///
/// # Errors
/// Always a [`Fault`], of the jobs' or [`Fault::NotInThisRelease`].
pub async fn get_shipping_label(
    context: &Context,
    caller: &Identity,
    GetShippingLabel { job_ids }: GetShippingLabel,
) -> Result<Infallible, Fault> {
    for id in &job_ids {
        match own_job(context, caller, id).await?.progress {
            Progress::Canceled { .. } => return Err(Fault::CanceledJob),
            Progress::Expired { .. } => return Err(Fault::ExpiredJob),
            _ => {}
        }
    }
    Err(Fault::NotInThisRelease("GetShippingLabel"))
}
