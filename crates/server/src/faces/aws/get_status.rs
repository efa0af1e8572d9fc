//! `GetStatus` on the wire.

use awsproto::xml::Element;
use model::custody::Custody;
use model::signature::SignatureFile;

use super::artifact_list;
use crate::ops::jobs::JobStatus;

/// The elements of `GetStatusResult`. Those about the way back and the report are there only once
/// there is something to say.
pub(super) fn elements(status: &JobStatus) -> Vec<Element> {
    let mut elements = state(status);
    elements.extend(parcel(status));
    elements.extend(report(status));
    elements.extend(paperwork(status));
    elements
}

fn state(status: &JobStatus) -> Vec<Element> {
    let job = &status.job;
    vec![
        Element::leaf("JobId", job.id.as_str()),
        Element::leaf("JobType", job.job_type.as_str()),
        Element::leaf("AwsShippingAddress", status.address.as_str()),
        Element::leaf("LocationCode", job.custody.code()),
        Element::leaf("LocationMessage", job.custody.message()),
        Element::leaf("ProgressCode", job.progress.code()),
        Element::leaf("ProgressMessage", status.message()),
    ]
}

fn parcel(status: &JobStatus) -> Vec<Element> {
    match &status.job.custody {
        Custody::Returned {
            carrier,
            tracking_number,
            ..
        } => vec![
            Element::leaf("Carrier", carrier.as_str()),
            Element::leaf("TrackingNumber", tracking_number.as_str()),
        ],
        Custody::NotReceived | Custody::AtStation { .. } => Vec::new(),
    }
}

fn report(status: &JobStatus) -> Vec<Element> {
    status.job.progress.log().map_or_else(Vec::new, |log| {
        vec![
            Element::leaf("LogBucket", log.bucket.as_str()),
            Element::leaf("LogKey", log.key.as_str()),
        ]
    })
}

fn paperwork(status: &JobStatus) -> Vec<Element> {
    let job = &status.job;
    let contents = SignatureFile::contents(job.id.as_str(), &status.signature);
    vec![
        Element::leaf("ErrorCount", job.progress.error_count().to_string()),
        Element::leaf("Signature", status.signature.to_string()),
        Element::leaf("SignatureFileContents", contents),
        Element::leaf("CurrentManifest", status.manifest()),
        Element::leaf("CreationDate", job.created.to_string()),
        artifact_list(&status.artifacts),
    ]
}
