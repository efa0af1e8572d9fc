//! `GetShippingLabel`: a label for a parcel with the devices of some jobs.
//!
//! The answer is a link; the label is drawn when it is followed, from the jobs as they stand then.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::custody::Custody;
use model::ids::JobId;
use model::job::Job;
use model::progress::Progress;

use super::{Context, Fault, input, own_job};
use crate::artifact::{Artifact, Sender, Subject};
use crate::identity::Identity;

/// Most devices in one parcel: what a label has room for.
const MAX_JOBS: usize = paper::limits::LABEL_JOBS;

/// A request for a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetShippingLabel {
    job_ids: Vec<String>,
    sender: Box<Sender>,
}

/// A label, and where it is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelLink {
    /// A link that needs no other credential, and expires.
    pub url: String,
    /// What is odd about the jobs.
    pub warning: Option<String>,
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
        let sender = Box::new(Sender::read(params));
        Ok(Self { job_ids, sender })
    }
}

impl LabelLink {
    /// The elements of `GetShippingLabelResult`.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let url = Element::leaf("ShippingLabelURL", self.url.as_str());
        let warning = self.warning.as_deref();
        let warning = warning.map(|text| Element::leaf("Warning", text));
        std::iter::once(url).chain(warning).collect()
    }
}

/// Makes a link to a label with the address of the sender, or where that has gaps the return
/// address of the first job.
///
/// # Errors
/// [`Fault`] of the first job that cannot have a label, or of the address.
pub async fn get_shipping_label(
    context: &Context,
    caller: &Identity,
    GetShippingLabel { job_ids, sender }: GetShippingLabel,
) -> Result<LabelLink, Fault> {
    let mut subjects: Vec<Subject> = Vec::new();
    for id in &job_ids {
        let job = own_job(context, caller, id).await?;
        check(&job)?;
        if subjects.iter().all(|subject| subject.job.id != job.id) {
            subjects.push(Subject::of(job).ok_or(Fault::Internal)?);
        }
    }
    let home = subjects.first();
    let home = home.map(|first| &first.common().return_address);
    sender
        .complete(home)
        .map_err(|bad| Fault::InvalidAddress(bad.to_string()))?;
    let jobs = subjects.iter().map(|subject| subject.job.id).collect();
    Ok(LabelLink {
        url: Artifact::ShippingLabel { jobs, sender }.link(context),
        warning: warning(&subjects),
    })
}

fn check(job: &Job) -> Result<(), Fault> {
    match job.progress {
        Progress::Canceled { .. } => Err(Fault::CanceledJob),
        Progress::Expired { .. } => Err(Fault::ExpiredJob),
        _ => Ok(()),
    }
}

fn warning(subjects: &[Subject]) -> Option<String> {
    let mut warnings = Vec::new();
    let levels = subjects
        .iter()
        .map(|subject| subject.common().service_level);
    if levels
        .clone()
        .any(|level| Some(level) != levels.clone().next())
    {
        warnings
            .push("The jobs ask for different service levels; the label says Standard.".to_owned());
    }
    let is_received = |subject: &&Subject| subject.job.custody != Custody::NotReceived;
    let received: Vec<JobId> = subjects
        .iter()
        .filter(is_received)
        .map(|subject| subject.job.id)
        .collect();
    if !received.is_empty() {
        let ids: Vec<String> = received.iter().map(ToString::to_string).collect();
        let text = "The devices of these jobs have been received already:";
        warnings.push(format!("{text} {}.", ids.join(", ")));
    }
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}
