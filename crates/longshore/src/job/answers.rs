//! What the operations answer, read from XML and shown as JSON with the API's member names.
//!
//! Lenient: a member that is missing is `None`, one that is unknown is passed over. Which members
//! an endpoint sends is its own affair.

use awsproto::xml::Element;
use serde::Serialize;

/// A document that belongs to a job (service model, `Artifact`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Artifact {
    pub(crate) description: Option<String>,
    #[serde(rename = "URL")]
    pub(crate) url: Option<String>,
}

/// The answer to CreateJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Created {
    pub(crate) job_id: String,
    pub(crate) job_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aws_shipping_address: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) signature_file_contents: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warning_message: Option<String>,
    pub(crate) artifact_list: Vec<Artifact>,
}

/// The answer to UpdateJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Updated {
    pub(crate) success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warning_message: Option<String>,
    pub(crate) artifact_list: Vec<Artifact>,
}

/// The answer to CancelJob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Canceled {
    pub(crate) success: bool,
}

/// The answer to ReleaseDevice and HoldDevice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeviceSaid {
    pub(crate) success: bool,
    pub(crate) disposal: Option<String>,
    pub(crate) objection: bool,
}

/// The answer to GiveSecret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SecretKept {
    pub(crate) success: bool,
    pub(crate) on_hold: bool,
}

/// The answer to OpenConsole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConsoleLink {
    pub(crate) url: String,
    pub(crate) actor: String,
    pub(crate) until: String,
}

/// The answer to GetStatus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Status {
    pub(crate) job_id: String,
    pub(crate) job_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aws_shipping_address: Option<String>,
    pub(crate) location_code: Option<String>,
    pub(crate) location_message: Option<String>,
    pub(crate) progress_code: Option<String>,
    pub(crate) progress_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_key: Option<String>,
    pub(crate) error_count: Option<u64>,
    pub(crate) signature: Option<String>,
    pub(crate) signature_file_contents: Option<String>,
    pub(crate) current_manifest: Option<String>,
    pub(crate) creation_date: Option<String>,
    pub(crate) artifact_list: Vec<Artifact>,
}

/// The answer to GetShippingLabel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Label {
    #[serde(rename = "ShippingLabelURL")]
    pub(crate) shipping_label_url: String,
    #[serde(rename = "Warning", skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<String>,
}

/// One job of ListJobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct JobLine {
    pub(crate) job_id: String,
    pub(crate) creation_date: Option<String>,
    pub(crate) is_canceled: bool,
    pub(crate) job_type: Option<String>,
}

/// One page of ListJobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobPage {
    pub(crate) jobs: Vec<JobLine>,
    pub(crate) is_truncated: bool,
}

impl Created {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            job_id: text(result, "JobId").unwrap_or_default(),
            job_type: text(result, "JobType"),
            aws_shipping_address: text(result, "AwsShippingAddress"),
            signature: text(result, "Signature"),
            signature_file_contents: text(result, "SignatureFileContents"),
            warning_message: text(result, "WarningMessage"),
            artifact_list: artifacts(result),
        }
    }
}

impl Updated {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            success: is_true(result, "Success"),
            warning_message: text(result, "WarningMessage"),
            artifact_list: artifacts(result),
        }
    }
}

impl Canceled {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            success: is_true(result, "Success"),
        }
    }
}

impl DeviceSaid {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            success: is_true(result, "Success"),
            disposal: text(result, "Disposal"),
            objection: is_true(result, "Objection"),
        }
    }
}

impl SecretKept {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            success: is_true(result, "Success"),
            on_hold: is_true(result, "OnHold"),
        }
    }
}

impl Status {
    pub(crate) fn read(result: &Element) -> Self {
        let text = |name| text(result, name);
        Self {
            job_id: text("JobId").unwrap_or_default(),
            job_type: text("JobType"),
            aws_shipping_address: text("AwsShippingAddress"),
            location_code: text("LocationCode"),
            location_message: text("LocationMessage"),
            progress_code: text("ProgressCode"),
            progress_message: text("ProgressMessage"),
            carrier: text("Carrier"),
            tracking_number: text("TrackingNumber"),
            log_bucket: text("LogBucket"),
            log_key: text("LogKey"),
            error_count: text("ErrorCount").and_then(|count| count.trim().parse().ok()),
            signature: text("Signature"),
            signature_file_contents: text("SignatureFileContents"),
            current_manifest: text("CurrentManifest"),
            creation_date: text("CreationDate"),
            artifact_list: artifacts(result),
        }
    }

    /// Whether nothing more happens to the data: every progress but the first two is an outcome
    /// (developer guide, *Job Status Codes*).
    pub(crate) fn is_over(&self) -> bool {
        !matches!(
            self.progress_code.as_deref(),
            Some("Pending" | "InProgress") | None
        )
    }
}

impl Label {
    pub(crate) fn read(result: &Element) -> Self {
        Self {
            shipping_label_url: text(result, "ShippingLabelURL").unwrap_or_default(),
            warning: text(result, "Warning"),
        }
    }
}

impl ConsoleLink {
    pub(crate) fn read(result: &Element) -> Self {
        let of = |name| text(result, name).unwrap_or_default();
        Self {
            url: of("Url"),
            actor: of("Actor"),
            until: of("Until"),
        }
    }
}

impl JobPage {
    pub(crate) fn read(result: &Element) -> Self {
        let line = |member: &Element| JobLine {
            job_id: text(member, "JobId").unwrap_or_default(),
            creation_date: text(member, "CreationDate"),
            is_canceled: is_true(member, "IsCanceled"),
            job_type: text(member, "JobType"),
        };
        Self {
            jobs: members(result, "Jobs").map(line).collect(),
            is_truncated: is_true(result, "IsTruncated"),
        }
    }
}

fn text(element: &Element, name: &str) -> Option<String> {
    element.text_of(name).map(str::to_owned)
}

fn is_true(element: &Element, name: &str) -> bool {
    element
        .text_of(name)
        .is_some_and(|text| text.trim() == "true")
}

fn members<'a>(element: &'a Element, list: &str) -> impl Iterator<Item = &'a Element> {
    element
        .child(list)
        .into_iter()
        .flat_map(|list| list.children_named("member"))
}

fn artifacts(result: &Element) -> Vec<Artifact> {
    members(result, "ArtifactList")
        .map(|member| Artifact {
            description: text(member, "Description"),
            url: text(member, "URL"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(xml: &str) -> Element {
        awsproto::xml::parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn a_created_job_keeps_its_signature_file_to_the_byte() {
        let created = Created::read(&result(
            "<CreateJobResult><JobId>ABCDE</JobId><JobType>Import</JobType>\
             <Signature>DV+TpDfx1/TdSE9ktyK9k/bDTVI=</Signature>\
             <SignatureFileContents>version:2.0\nsigningMethod:HmacSHA1\njobId:ABCDE\n\
             signature:DV+TpDfx1/TdSE9ktyK9k/bDTVI=\n</SignatureFileContents>\
             <ArtifactList><member><Description>Label</Description><URL>https://x/?a=1&amp;b=2</URL>\
             </member></ArtifactList></CreateJobResult>",
        ));
        assert_eq!(created.job_id, "ABCDE");
        let contents = created.signature_file_contents.unwrap();
        assert!(contents.starts_with("version:2.0\n") && contents.ends_with("TVI=\n"));
        assert_eq!(
            created.artifact_list[0].url.as_deref(),
            Some("https://x/?a=1&b=2")
        );
        assert_eq!(created.warning_message, None);
    }

    #[test]
    fn json_has_the_member_names_of_the_api() {
        let status = Status::read(&result(
            "<GetStatusResult><JobId>ABCDE</JobId><ProgressCode>Pending</ProgressCode>\
             <ErrorCount>0</ErrorCount></GetStatusResult>",
        ));
        let json = serde_json::to_value(&status).unwrap();
        assert_eq!(json["JobId"], "ABCDE");
        assert_eq!(json["ErrorCount"], 0);
        assert!(
            json.get("Carrier").is_none() && json["ArtifactList"].as_array().unwrap().is_empty()
        );
        let artifact = Artifact {
            description: None,
            url: Some("u".into()),
        };
        assert_eq!(serde_json::to_value(artifact).unwrap()["URL"], "u");
    }

    #[test]
    fn pages_know_whether_there_are_more() {
        let page = JobPage::read(&result(
            "<ListJobsResult><Jobs><member><JobId>A1111</JobId><IsCanceled>true</IsCanceled></member>\
             <member><JobId>B1111</JobId><IsCanceled>false</IsCanceled></member></Jobs>\
             <IsTruncated>true</IsTruncated></ListJobsResult>",
        ));
        let canceled: Vec<bool> = page.jobs.iter().map(|job| job.is_canceled).collect();
        assert_eq!((canceled, page.is_truncated), (vec![true, false], true));
        assert!(
            JobPage::read(&result("<ListJobsResult><Jobs/></ListJobsResult>"))
                .jobs
                .is_empty()
        );
    }

    #[test]
    fn a_job_is_over_with_any_outcome() {
        let over = |code: &str| {
            Status::read(&result(&format!(
                "<R><ProgressCode>{code}</ProgressCode></R>"
            )))
            .is_over()
        };
        assert!(!over("Pending") && !over("InProgress"));
        assert!(over("Complete") && over("Canceled") && over("MissingSignature"));
    }
}
