//! Words for what the rest of the service says in codes: states, roles, reasons. In English they are the codes themselves,
//! as the API and the command line have them; a code of a later release stays as it is.

use model::ids::{BucketName, JobType};
use model::operator::today::TodayDeed;
use model::operator::{HeldLine, JobLine};
use model::parcel::Due;
use model::presence::StationState;
use model::role::Role;
use model::stopped::StopCause;

use super::language::{Said, Text, TextKey, key, text};
use super::say;

/// Values that templates pass as they are, or what leads to them.
macro_rules! said {
    ($($kind:ty),+) => {
        $(impl Said<$kind> for $kind {
            fn said(&self) -> $kind {
                *self
            }
        })+
    };
}

said!(Due, JobType, Role, StationState, StopCause, TodayDeed);

/// What somebody may do who runs the service.
pub(super) fn role(role: impl Said<Role>) -> TextKey {
    match role.said() {
        Role::Viewer => key("role-viewer"),
        Role::Operator => key("role-operator"),
        Role::Lead => key("role-lead"),
        Role::Admin => key("role-admin"),
    }
}

/// How a station is, in a list.
pub(super) fn station_state(state: impl Said<StationState>) -> TextKey {
    match state.said() {
        StationState::Revoked => key("station-revoked"),
        StationState::Twice => key("station-twice"),
        StationState::Silent => key("station-silent"),
        StationState::Late => key("station-late"),
        StationState::Draining => key("station-draining"),
        StationState::Drained => key("station-drained"),
        StationState::Unheard => key("station-unheard"),
        StationState::Here => key("station-here"),
        StationState::Other => key("station-other"),
    }
}

/// What becomes of the data of a job.
pub(super) fn job_type(job_type: impl Said<JobType>) -> TextKey {
    match job_type.said() {
        JobType::Import => key("job-type-import"),
        JobType::Export => key("job-type-export"),
    }
}

/// `ProgressCode`.
pub(super) fn progress(code: impl AsRef<str>) -> Text {
    let known = match code.as_ref() {
        "Pending" => key("progress-Pending"),
        "InProgress" => key("progress-InProgress"),
        "Complete" => key("progress-Complete"),
        "SuccessWithErrors" => key("progress-SuccessWithErrors"),
        "Canceled" => key("progress-Canceled"),
        "Expired" => key("progress-Expired"),
        "DeviceError" => key("progress-DeviceError"),
        "InvalidSignature" => key("progress-InvalidSignature"),
        "MissingSignature" => key("progress-MissingSignature"),
        "MissingDevice" => key("progress-MissingDevice"),
        "UnsupportedDeviceType" => key("progress-UnsupportedDeviceType"),
        "UnsupportedFileFormat" => key("progress-UnsupportedFileFormat"),
        "UnsupportedPowerSupply" => key("progress-UnsupportedPowerSupply"),
        other => return Text::English(other.to_owned()),
    };
    known.into()
}

/// `LocationCode`.
pub(super) fn location(code: impl AsRef<str>) -> Text {
    let known = match code.as_ref() {
        "NotReceived" => key("location-NotReceived"),
        "AtAWS" => key("location-AtAWS"),
        "Returned" => key("location-Returned"),
        other => return Text::English(other.to_owned()),
    };
    known.into()
}

/// What a job is on hold for, in a word.
pub(super) fn hold(code: impl AsRef<str>) -> Text {
    let Some(cause) = StopCause::of(code.as_ref()) else {
        return Text::English(code.as_ref().to_owned());
    };
    let known = match cause {
        StopCause::BucketMissing => key("hold-BucketMissing"),
        StopCause::BucketRights => key("hold-BucketRights"),
        StopCause::StoreRefuses => key("hold-StoreRefuses"),
        StopCause::StoreFull => key("hold-StoreFull"),
        StopCause::StoreSilent => key("hold-StoreSilent"),
        StopCause::ManifestFault => key("hold-ManifestFault"),
        StopCause::PasswordNeeded => key("hold-PasswordNeeded"),
        StopCause::PasswordWrong => key("hold-PasswordWrong"),
        StopCause::SignatureMissing => key("hold-SignatureMissing"),
        StopCause::SignatureWrong => key("hold-SignatureWrong"),
        StopCause::FileSystemUnsupported => key("hold-FileSystemUnsupported"),
        StopCause::CapacityWrong => key("hold-CapacityWrong"),
        StopCause::DeviceNotEmpty => key("hold-DeviceNotEmpty"),
        StopCause::DeviceTooSmall => key("hold-DeviceTooSmall"),
        StopCause::DiskGone => key("hold-DiskGone"),
        StopCause::DiskFailing => key("hold-DiskFailing"),
        StopCause::ByOperator => key("hold-ByOperator"),
        StopCause::Interrupted => key("hold-Interrupted"),
        StopCause::StationSilent => key("hold-StationSilent"),
        StopCause::StationTrouble => key("hold-StationTrouble"),
        StopCause::Retry => key("hold-Retry"),
        StopCause::Other => key("hold-Other"),
    };
    known.into()
}

/// What a job stands still for, as a sentence without its full stop.
fn hold_fact(cause: StopCause, bucket: Option<&BucketName>) -> Text {
    let known = match (cause, bucket) {
        (StopCause::BucketMissing, Some(bucket)) => {
            return text("hold-fact-BucketMissing-named").with("bucket", bucket);
        }
        (StopCause::BucketRights, Some(bucket)) => {
            return text("hold-fact-BucketRights-named").with("bucket", bucket);
        }
        (StopCause::BucketMissing, None) => key("hold-fact-BucketMissing"),
        (StopCause::BucketRights, None) => key("hold-fact-BucketRights"),
        (StopCause::StoreRefuses, _) => key("hold-fact-StoreRefuses"),
        (StopCause::StoreFull, _) => key("hold-fact-StoreFull"),
        (StopCause::StoreSilent, _) => key("hold-fact-StoreSilent"),
        (StopCause::ManifestFault, _) => key("hold-fact-ManifestFault"),
        (StopCause::PasswordNeeded, _) => key("hold-fact-PasswordNeeded"),
        (StopCause::PasswordWrong, _) => key("hold-fact-PasswordWrong"),
        (StopCause::SignatureMissing, _) => key("hold-fact-SignatureMissing"),
        (StopCause::SignatureWrong, _) => key("hold-fact-SignatureWrong"),
        (StopCause::FileSystemUnsupported, _) => key("hold-fact-FileSystemUnsupported"),
        (StopCause::CapacityWrong, _) => key("hold-fact-CapacityWrong"),
        (StopCause::DeviceNotEmpty, _) => key("hold-fact-DeviceNotEmpty"),
        (StopCause::DeviceTooSmall, _) => key("hold-fact-DeviceTooSmall"),
        (StopCause::DiskGone, _) => key("hold-fact-DiskGone"),
        (StopCause::DiskFailing, _) => key("hold-fact-DiskFailing"),
        (StopCause::ByOperator, _) => key("hold-fact-ByOperator"),
        (StopCause::Interrupted, _) => key("hold-fact-Interrupted"),
        (StopCause::StationSilent, _) => key("hold-fact-StationSilent"),
        (StopCause::StationTrouble, _) => key("hold-fact-StationTrouble"),
        (StopCause::Retry, _) => key("hold-fact-Retry"),
        (StopCause::Other, _) => key("hold-fact-Other"),
    };
    known.into()
}

/// What mends it, and what then happens.
fn hold_remedy(cause: StopCause) -> TextKey {
    match cause {
        StopCause::BucketMissing => key("remedy-create-bucket"),
        StopCause::BucketRights => key("remedy-bucket-rights"),
        StopCause::StoreRefuses | StopCause::StoreFull => key("remedy-store"),
        StopCause::StoreSilent => key("remedy-store-silent"),
        StopCause::ManifestFault => key("remedy-manifest"),
        StopCause::PasswordNeeded => key("remedy-password"),
        StopCause::PasswordWrong => key("remedy-right-password"),
        StopCause::FileSystemUnsupported
        | StopCause::DeviceNotEmpty
        | StopCause::DeviceTooSmall => key("remedy-ask"),
        StopCause::SignatureMissing | StopCause::SignatureWrong => key("remedy-signature"),
        StopCause::CapacityWrong => key("remedy-capacity"),
        StopCause::ByOperator => key("remedy-operator"),
        StopCause::DiskGone
        | StopCause::DiskFailing
        | StopCause::Interrupted
        | StopCause::StationSilent
        | StopCause::StationTrouble
        | StopCause::Retry
        | StopCause::Other => key("remedy-dock-again"),
    }
}

/// What is wrong, with a person's own words behind it, as a sentence.
pub(super) fn hold_sentence(
    cause: StopCause,
    bucket: Option<&BucketName>,
    words: Option<&str>,
) -> Text {
    let fact = hold_fact(cause, bucket);
    match words {
        Some(words) => text("hold-sentence-words")
            .text("what", fact)
            .with("words", say::name(words.trim_end_matches('.'))),
        None => text("hold-sentence").text("what", fact),
    }
}

/// Since when a job is on hold, for what, and what mends it.
pub(super) fn held(held: &HeldLine) -> Text {
    let Some(cause) = StopCause::of(&held.code) else {
        return Text::English(held.message.clone());
    };
    let sentence = hold_sentence(cause, held.bucket.as_ref(), held.words.as_deref());
    text("held")
        .time("since", held.since)
        .text("what", sentence)
        .text("remedy", hold_remedy(cause))
        .retells(&held.message)
}

/// What is due for a device that somebody has in hand.
pub(super) fn due(due: impl Said<Due>, line: &JobLine, sentence: &str) -> Text {
    let due = match (due.said(), &line.held) {
        (Due::Load, _) => text("due-load"),
        (Due::Fill, _) => text("due-fill"),
        (Due::Wait, Some(hold)) => text("due-wait-for").text("hold", held(hold)),
        (Due::Wait, None) => text("due-wait"),
        (Due::Erase, _) => text("due-erase"),
        (Due::SendBack, _) => text("due-send-back").text("progress", progress(&line.progress_code)),
        (Due::Gone, _) => text("due-gone"),
    };
    due.retells(sentence)
}

/// What happened to a job on a day, in a word.
pub(super) fn deed(deed: impl Said<TodayDeed>) -> TextKey {
    match deed.said() {
        TodayDeed::In => key("deed-in"),
        TodayDeed::Loaded => key("deed-loaded"),
        TodayDeed::Failed => key("deed-failed"),
        TodayDeed::Held => key("deed-held"),
        TodayDeed::Erased => key("deed-erased"),
        TodayDeed::Out => key("deed-out"),
    }
}
