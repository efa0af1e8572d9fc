//! Every refusal of the API, and the one table that makes it a code, a status and a message.
//!
//! Codes, statuses and sentences are those of the developer guide's *Errors* page and of the few
//! answers of the live service that were recorded. After the documented sentence come our details:
//! the option, its line, the bucket. A fault of status 5xx is answered only when nothing was
//! stored, because clients send such a request again, and `CreateJob` has no idempotency token.

use std::fmt::Display;

use awsproto::fault::Blame;
use model::ids::BucketName;
use model::job::Refusal;
use model::manifest::{FaultKind, ManifestFaults};

use super::Operation;
use crate::access::{AccessDenied, Unidentified};
use crate::jobstore::JobStoreError;
use crate::ops::{DockingFault, Refused, SubmissionFault};
use crate::stores::BucketFault;
use crate::work::NotDone;

/// Longest details in one message, in bytes: a screen or two. A hostile manifest has a fault in
/// every line.
const DETAIL_BYTES: usize = 4096;

/// Longest piece of a parameter that a message repeats, in characters.
const ECHO_CHARS: usize = 64;

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A refusal before any operation: authentication, the form, the action.
    FrontEnd(awsproto::Fault),
    /// The policies of a user do not allow it.
    AccessDenied(AccessDenied),
    /// Neither GET nor POST.
    MethodNotAllowed,
    /// More bytes than a request may have.
    RequestTooLarge(String),
    /// The request did not arrive in time, or broke off.
    RequestIncomplete,
    /// A required parameter is absent or empty.
    MissingParameter(&'static str),
    /// A parameter has a value it cannot have; the text is the whole message.
    InvalidParameter(String),
    /// `APIVersion` is no version.
    InvalidVersion,
    /// The account has no such job; the text is the id as sent.
    NoSuchJob(String),
    /// A required job id is absent or empty.
    MissingJobId,
    /// The job was canceled.
    CanceledJob,
    /// The job expired.
    ExpiredJob,
    /// The job is past canceling.
    UnableToCancel(Refusal),
    /// The job is past updating.
    UnableToUpdate(Refusal),
    /// The manifest cannot be read. `None` if there is no structure at all to point into.
    MalformedManifest(Option<String>),
    /// A required option is absent.
    MissingManifestField(String),
    /// An option has a value it cannot have.
    InvalidManifestField(String),
    /// The return address is not one.
    InvalidAddress(String),
    /// Customs papers are needed.
    MissingCustoms(String),
    /// A customs option has a value it cannot have.
    InvalidCustoms(String),
    /// The file system of an export is unknown.
    InvalidFileSystem(String),
    /// `accessKeyId` is not the key that signed.
    InvalidAccessKeyId(String),
    /// Buckets that do not exist.
    NoSuchBucket(Vec<BucketName>),
    /// Buckets that exist in another region than that of their store here, each with its region.
    BucketElsewhere(Vec<String>),
    /// Buckets the account or this service may not use, each with what it may not do.
    BucketPermission(Vec<String>),
    /// Buckets in several regions, each with its region.
    MultipleRegions(Vec<String>),
    /// The account has made as many jobs in a day as it may.
    QuotaExceeded(u32),
    /// More secrets came for a job than are tried.
    TooManySecrets,
    /// The store of a bucket cannot be asked at the moment, and nothing was stored.
    StoreUnavailable(BucketName),
    /// The store of a bucket will not answer before this service's operator mends something, and nothing
    /// was stored.
    StoreUnusable(BucketName),
    /// We cannot at the moment, and nothing was stored.
    Unavailable,
    /// The store of jobs failed in the middle of a write, and cannot be asked what came of it.
    OutcomeUnknown,
    /// Our mistake, and nothing was stored.
    Internal,
}

impl From<NotDone> for Fault {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Busy => Self::Unavailable,
            NotDone::BrokeOff => Self::Internal,
        }
    }
}

/// What a fault is on the wire, but for its details.
struct Wire {
    status: u16,
    code: &'static str,
    sentence: &'static str,
}

const fn wire(code: &'static str, sentence: &'static str) -> Wire {
    Wire {
        status: 400,
        code,
        sentence,
    }
}

impl Fault {
    /// The text of the `Code` element.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::FrontEnd(fault) => fault.code(),
            other => other.wire().code,
        }
    }

    /// The HTTP status.
    pub(super) fn http_status(&self) -> u16 {
        match self {
            Self::FrontEnd(fault) => fault.http_status(),
            other => other.wire().status,
        }
    }

    /// The `Type` element: whose mistake it is.
    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Unavailable
            | Self::StoreUnavailable(_)
            | Self::StoreUnusable(_)
            | Self::OutcomeUnknown
            | Self::Internal => Blame::Receiver,
            Self::FrontEnd(fault) => fault.blame(),
            _ => Blame::Sender,
        }
    }

    /// The text of the `Message` element: the documented sentence, then details.
    pub(super) fn message(&self) -> String {
        let sentence = self.wire().sentence;
        match self {
            Self::FrontEnd(fault) => fault.message(),
            Self::AccessDenied(denied) => denied.to_string(),
            Self::MissingParameter(name) => format!("{name} must be specified"),
            Self::InvalidParameter(text) => text.clone(),
            Self::NoSuchJob(id) => format!("No such job {id} for your account"),
            Self::RequestTooLarge(detail)
            | Self::MissingManifestField(detail)
            | Self::InvalidManifestField(detail)
            | Self::InvalidAddress(detail)
            | Self::MissingCustoms(detail)
            | Self::InvalidCustoms(detail)
            | Self::InvalidFileSystem(detail)
            | Self::InvalidAccessKeyId(detail) => format!("{sentence} {}", cut(detail)),
            Self::MalformedManifest(Some(detail)) => format!("{sentence}: {}", cut(detail)),
            Self::UnableToCancel(why) | Self::UnableToUpdate(why) => format!("{sentence}: {why}."),
            Self::NoSuchBucket(buckets) => format!("{sentence} {}", list(buckets)),
            Self::StoreUnavailable(bucket) => {
                format!("{sentence} The store of the bucket `{bucket}` cannot be reached.")
            }
            Self::StoreUnusable(bucket) => format!(
                "{sentence} The store of the bucket `{bucket}` cannot be used as this service is set up; \
                 its operator finds the cause in its log."
            ),
            Self::BucketElsewhere(details)
            | Self::BucketPermission(details)
            | Self::MultipleRegions(details) => {
                format!("{sentence} {}", list(details))
            }
            Self::QuotaExceeded(limit) => {
                format!("{sentence} The limit is {limit} jobs in 24 hours.")
            }
            _ => sentence.to_owned(),
        }
    }

    /// The table: code, status and documented sentence of every fault.
    fn wire(&self) -> Wire {
        match self {
            // Has a table of its own, and is asked for it above.
            Self::FrontEnd(_) => wire("", ""),
            Self::AccessDenied(_) => Wire {
                status: 403,
                code: "AccessDenied",
                sentence: "",
            },
            Self::MethodNotAllowed => Wire {
                status: 405,
                code: "InvalidParameterException",
                sentence: "Requests are sent by POST, or by GET.",
            },
            Self::RequestTooLarge(_) => Wire {
                status: 413,
                code: "InvalidParameterException",
                sentence: "The request is too large:",
            },
            Self::RequestIncomplete => Wire {
                status: 408,
                code: "RequestTimeout",
                sentence: "The body of the request did not arrive in time.",
            },
            Self::MissingParameter(_) => wire("MissingParameterException", ""),
            Self::InvalidParameter(_) => wire("InvalidParameterException", ""),
            Self::InvalidVersion => wire(
                "InvalidVersionException",
                "The client tool version is invalid.",
            ),
            Self::NoSuchJob(_) => wire("InvalidJobIdException", ""),
            Self::MissingJobId => wire("InvalidJobIdException", "JobId must be specified"),
            Self::CanceledJob => wire(
                "CanceledJobIdException",
                "The specified job ID has been canceled and is no longer valid.",
            ),
            Self::ExpiredJob => wire("ExpiredJobIdException", "The specified job ID has expired."),
            Self::UnableToCancel(_) => wire(
                "UnableToCancelJobIdException",
                "AWS Import/Export cannot cancel the job",
            ),
            Self::UnableToUpdate(_) => wire(
                "UnableToUpdateJobIdException",
                "AWS Import/Export cannot update the job",
            ),
            Self::QuotaExceeded(_) => wire(
                "CreateJobQuotaExceededException",
                "Your account has created too many jobs.",
            ),
            Self::TooManySecrets => wire(
                "Throttling",
                "Five secrets came for this job within a minute. Wait for a minute.",
            ),
            Self::NoSuchBucket(_) | Self::BucketElsewhere(_) => wire(
                "NoSuchBucketException",
                "The specified bucket does not exist. Create the specified bucket or change the \
                 manifest's bucket, exportBucket, or logBucket field to a bucket that the account, \
                 as specified by the manifest's Access Key ID, has write permissions to.",
            ),
            Self::BucketPermission(_) => wire(
                "BucketPermissionException",
                "The account specified does not have the appropriate bucket permissions.",
            ),
            Self::MultipleRegions(_) => wire(
                "MultipleRegionsException",
                "Your manifest file contained buckets from multiple regions. A job is restricted \
                 to buckets from one region. Please correct and resubmit.",
            ),
            Self::Unavailable | Self::StoreUnavailable(_) => Wire {
                status: 503,
                code: "ServiceUnavailable",
                sentence: "The request has failed due to a temporary failure of the server.",
            },
            // Not a 5xx: it must not be sent again unseen.
            Self::OutcomeUnknown => wire(
                "InternalFailure",
                "The server failed while it stored the request, which may have been done all the \
                 same. Look at the jobs of your account before you send it again.",
            ),
            Self::StoreUnusable(_) => Wire {
                status: 500,
                code: "InternalFailure",
                sentence: "The request processing has failed.",
            },
            Self::Internal => Wire {
                status: 500,
                code: "InternalFailure",
                sentence: "The request processing has failed because of an unknown error.",
            },
            other => other.manifest_wire(),
        }
    }

    /// The part of the table that is about manifests.
    fn manifest_wire(&self) -> Wire {
        match self {
            Self::MissingManifestField(_) => wire(
                "MissingManifestFieldException",
                "One or more required fields were missing from the manifest file. Please correct \
                 and resubmit.",
            ),
            Self::InvalidManifestField(_) => wire(
                "InvalidManifestFieldException",
                "One or more manifest fields was invalid. Please correct and resubmit.",
            ),
            Self::InvalidAddress(_) => wire(
                "InvalidAddressException",
                "The address specified in the manifest is invalid.",
            ),
            Self::MissingCustoms(_) => wire(
                "MissingCustomsException",
                "One or more required customs parameters was missing from the manifest.",
            ),
            Self::InvalidCustoms(_) => wire(
                "InvalidCustomsException",
                "One or more customs parameters was invalid. Please correct and resubmit.",
            ),
            Self::InvalidFileSystem(_) => wire(
                "InvalidFileSystemException",
                "File system specified in export manifest is invalid.",
            ),
            Self::InvalidAccessKeyId(_) => wire(
                "InvalidAccessKeyIdException",
                "The AWS Access Key ID specified in the request did not match the manifest's \
                 accessKeyId value. The manifest and the request authentication must use the same \
                 AWS Access Key ID.",
            ),
            // Without a full stop, as the live service wrote it.
            _ => wire(
                "MalformedManifestException",
                "Your manifest is not well-formed",
            ),
        }
    }

    /// What an operation's refusal is on the wire.
    pub(super) fn of(operation: Operation, refused: Refused) -> Self {
        match refused {
            Refused::NoSuchJob(id) => Self::no_such_job(&id),
            Refused::State { why, .. } => Self::of_state(operation, why),
            Refused::Submission(fault) => Self::of_submission(fault),
            Refused::Busy(why) => why.into(),
            Refused::Store(error) => error.into(),
            Refused::Internal => Self::Internal,
            Refused::Docking(fault @ DockingFault::Field { .. }) => {
                Self::InvalidParameter(fault.to_string())
            }
            Refused::Docking(DockingFault::TooManySecrets(_)) => Self::TooManySecrets,
            // Who signs is a customer, and asks for nothing that these are about.
            Refused::Denied(_) | Refused::Docking(_) | Refused::Account(_) => {
                tracing::error!(why = %refused, "an operation refused what no customer can ask");
                Self::Internal
            }
        }
    }

    fn of_state(operation: Operation, why: Refusal) -> Self {
        match (why, operation) {
            (Refusal::Canceled, _) => Self::CanceledJob,
            (Refusal::Expired, _) => Self::ExpiredJob,
            (why, Operation::CancelJob) => Self::UnableToCancel(why),
            (why, _) => Self::UnableToUpdate(why),
        }
    }

    fn of_submission(fault: SubmissionFault) -> Self {
        match fault {
            SubmissionFault::Manifest { faults, is_bare } => Self::of_manifest(&faults, is_bare),
            SubmissionFault::Buckets(fault) => Self::of_buckets(fault),
            SubmissionFault::Address(bad) => Self::InvalidAddress(bad.to_string()),
            SubmissionFault::Marker(marker) => Self::InvalidParameter(format!(
                "Marker `{}` is not a job of your account",
                echo(&marker)
            )),
            SubmissionFault::Quota(jobs) => Self::QuotaExceeded(jobs),
            SubmissionFault::OutcomeUnknown => Self::OutcomeUnknown,
        }
    }

    /// The faults of a manifest, under the code of the most severe.
    fn of_manifest(faults: &ManifestFaults, is_bare: bool) -> Self {
        let detail = faults.to_string();
        match faults.first_kind() {
            // The recorded answer to a word alone is the bare sentence.
            FaultKind::Malformed if is_bare => Self::MalformedManifest(None),
            FaultKind::Malformed => Self::MalformedManifest(Some(detail)),
            FaultKind::MissingField => Self::MissingManifestField(detail),
            FaultKind::InvalidField => Self::InvalidManifestField(detail),
            FaultKind::InvalidAddress => Self::InvalidAddress(detail),
            FaultKind::MissingCustoms => Self::MissingCustoms(detail),
            FaultKind::InvalidCustoms => Self::InvalidCustoms(detail),
            FaultKind::InvalidFileSystem => Self::InvalidFileSystem(detail),
            FaultKind::AccessKeyMismatch => Self::InvalidAccessKeyId(detail),
        }
    }

    fn of_buckets(fault: BucketFault) -> Self {
        let details = fault.details();
        match fault {
            BucketFault::Name(_) => Self::InvalidManifestField(fault.to_string()),
            BucketFault::Missing(buckets) => Self::NoSuchBucket(buckets),
            BucketFault::Elsewhere { .. } => Self::BucketElsewhere(details),
            BucketFault::Denied(_) => Self::BucketPermission(details),
            BucketFault::SeveralRegions(_) => Self::MultipleRegions(details),
            BucketFault::StoreSilent(bucket) => Self::StoreUnavailable(bucket),
            BucketFault::StoreUnusable(bucket) => Self::StoreUnusable(bucket),
            BucketFault::NotDone(why) => why.into(),
        }
    }

    /// A job the account does not have, under the id as sent.
    pub(super) fn no_such_job(id: &str) -> Self {
        Self::NoSuchJob(echo(id))
    }
}

impl From<AccessDenied> for Fault {
    fn from(denied: AccessDenied) -> Self {
        Self::AccessDenied(denied)
    }
}

impl From<awsproto::Fault> for Fault {
    fn from(fault: awsproto::Fault) -> Self {
        match fault {
            awsproto::Fault::RequestEntityTooLarge(detail) => {
                Self::RequestTooLarge(format!("{detail}."))
            }
            other => Self::FrontEnd(other),
        }
    }
}

impl From<Unidentified> for Fault {
    fn from(why: Unidentified) -> Self {
        match why {
            Unidentified::Signature(fault) => fault.into(),
            Unidentified::Token => Self::Internal,
            Unidentified::Store(error) => error.into(),
        }
    }
}

impl From<JobStoreError> for Fault {
    /// For reads, and for writes that are known not to have happened.
    fn from(error: JobStoreError) -> Self {
        let fault = match &error {
            JobStoreError::Conflict | JobStoreError::Unavailable(_) => Self::Unavailable,
            JobStoreError::Exists(_)
            | JobStoreError::Missing(_)
            | JobStoreError::QuotaExceeded
            | JobStoreError::WrongKey
            | JobStoreError::Corrupt(_)
            | JobStoreError::Migration(_) => Self::Internal,
        };
        tracing::error!(error = &error as &dyn std::error::Error, "job store failed");
        fault
    }
}

/// The beginning of a piece of a request, short enough for a message.
pub(super) fn echo(text: &str) -> String {
    text.chars().take(ECHO_CHARS).collect()
}

fn cut(detail: &str) -> String {
    let end = detail.floor_char_boundary(DETAIL_BYTES);
    let ellipsis = if end < detail.len() { " …" } else { "" };
    format!("{}{ellipsis}", &detail[..end])
}

fn list<T: Display>(items: &[T]) -> String {
    items
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
