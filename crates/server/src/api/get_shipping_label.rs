//! `GetShippingLabel`: a label for a parcel with the devices of some jobs.
//!
//! The answer is a link; the label is drawn when it is followed, from the jobs as they stand then.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::custody::Custody;
use model::ids::JobId;
use model::job::Job;
use model::manifest::ServiceLevel;
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
    let mut devices: Vec<Device> = Vec::new();
    let mut home = None;
    for id in &job_ids {
        let job = own_job(context, caller, id).await?;
        check(&job)?;
        if devices.iter().any(|device| device.job == job.id) {
            continue;
        }
        let subject = Subject::of(context, job).await?.ok_or(Fault::Internal)?;
        devices.push(Device::of(&subject));
        home.get_or_insert(subject.common.return_address);
    }
    sender
        .complete(home.as_ref())
        .map_err(|bad| Fault::InvalidAddress(bad.to_string()))?;
    let jobs = devices.iter().map(|device| device.job).collect();
    Ok(LabelLink {
        url: Artifact::ShippingLabel { jobs, sender }.link(context),
        warning: warning(&devices),
    })
}

/// What a label asks of the job of one device in the parcel.
struct Device {
    job: JobId,
    service_level: ServiceLevel,
    is_received: bool,
}

impl Device {
    fn of(subject: &Subject) -> Self {
        Self {
            job: subject.job.id,
            service_level: subject.common.service_level,
            is_received: subject.job.custody != Custody::NotReceived,
        }
    }
}

fn check(job: &Job) -> Result<(), Fault> {
    match job.progress {
        Progress::Canceled { .. } => Err(Fault::CanceledJob),
        Progress::Expired { .. } => Err(Fault::ExpiredJob),
        _ => Ok(()),
    }
}

fn warning(devices: &[Device]) -> Option<String> {
    let mut warnings = Vec::new();
    let mut pairs = devices.windows(2);
    if pairs.any(|two| two[0].service_level != two[1].service_level) {
        warnings
            .push("The jobs ask for different service levels; the label says Standard.".to_owned());
    }
    let received = devices.iter().filter(|device| device.is_received);
    let received: Vec<String> = received.map(|device| device.job.to_string()).collect();
    if !received.is_empty() {
        let text = "The devices of these jobs have been received already:";
        warnings.push(format!("{text} {}.", received.join(", ")));
    }
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}
