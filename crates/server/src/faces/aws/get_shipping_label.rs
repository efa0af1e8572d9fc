//! `GetShippingLabel` on the wire.

use awsproto::params::Params;
use awsproto::xml::Element;

use super::{Fault, input};
use crate::artifact::Sender;
use crate::ops::artifacts::{LabelLink, PrintLabel};

/// Most devices in one parcel: what a label has room for.
const MAX_JOBS: usize = paper::limits::LABEL_JOBS;

/// Reads the parameters. The operation knows no `MissingParameterException`.
///
/// # Errors
/// `InvalidParameter`, `InvalidVersion`.
pub(super) fn read(params: &Params) -> Result<PrintLabel, Fault> {
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
    let sender = Box::new(Sender::read(|name| params.get(name)));
    Ok(PrintLabel { job_ids, sender })
}

/// The elements of `GetShippingLabelResult`.
pub(super) fn elements(label: &LabelLink) -> Vec<Element> {
    let url = Element::leaf("ShippingLabelURL", label.url.as_str());
    let warning = label.warning.as_deref();
    let warning = warning.map(|text| Element::leaf("Warning", text));
    std::iter::once(url).chain(warning).collect()
}
