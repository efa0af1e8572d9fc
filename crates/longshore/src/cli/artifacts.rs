//! `longshore job label` and `longshore job artifacts`.

use std::path::PathBuf;

use clap::Args;

use super::ApiArgs;

/// `longshore job label`.
#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// The jobs whose devices are in the parcel
    #[arg(value_name = "JOBID", required = true)]
    pub(crate) jobs: Vec<String>,
    /// Download the label, a PDF, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    // Last: what comes after would go under its heading.
    #[command(flatten)]
    pub(crate) sender: SenderArgs,
}

/// Who sends the parcel. What is not given is the return address in the first job's manifest.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sender, where it is not the return address of the first job")]
pub(crate) struct SenderArgs {
    /// Person or department
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Company
    #[arg(long)]
    pub(crate) company: Option<String>,
    /// Telephone number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) phone_number: Option<String>,
    /// Country
    #[arg(long)]
    pub(crate) country: Option<String>,
    /// State or province; needed in the USA and Canada
    #[arg(long, value_name = "STATE")]
    pub(crate) state_or_province: Option<String>,
    /// City
    #[arg(long)]
    pub(crate) city: Option<String>,
    /// Postal code
    #[arg(long, value_name = "CODE")]
    pub(crate) postal_code: Option<String>,
    /// Street and number
    #[arg(long, alias = "street-1", value_name = "LINE")]
    pub(crate) street1: Option<String>,
    /// Second line of the street
    #[arg(long, alias = "street-2", value_name = "LINE")]
    pub(crate) street2: Option<String>,
    /// Third line of the street
    #[arg(long, alias = "street-3", value_name = "LINE")]
    pub(crate) street3: Option<String>,
}

/// `longshore job artifacts`.
#[derive(Debug, Args)]
pub(crate) struct ArtifactsArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: String,
    /// Download the sheets, PDFs, into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

impl SenderArgs {
    /// What is given, under the names of the API (service model, `GetShippingLabelInput`).
    pub(crate) fn params(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("name", &self.name),
            ("company", &self.company),
            ("phoneNumber", &self.phone_number),
            ("country", &self.country),
            ("stateOrProvince", &self.state_or_province),
            ("city", &self.city),
            ("postalCode", &self.postal_code),
            ("street1", &self.street1),
            ("street2", &self.street2),
            ("street3", &self.street3),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}
