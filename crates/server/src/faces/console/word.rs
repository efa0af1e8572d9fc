//! Words for what the rest of the service says in codes: states, roles, reasons. In English they are the codes themselves,
//! as the API and the command line have them; a code of a later release stays as it is.

use model::bay::BayState;
use model::custody::Custody;
use model::disposal::told::DeviceTold;
use model::ids::{BucketName, JobType};
use model::operator::stations::FailingLine;
use model::operator::today::TodayDeed;
use model::operator::{HeldLine, JobLine};
use model::order::OrderVerb;
use model::parcel::Due;
use model::presence::StationState;
use model::progress::{AbortReason, Progress};
use model::role::Role;
use model::stopped::{StopCause, Stopped};

use super::language::{Said, Text, TextKey, key, text};
use super::say;
use crate::ops::jobs::JobStatus;

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

said!(
    Due,
    JobType,
    OrderVerb,
    Role,
    StationState,
    StopCause,
    TodayDeed
);

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
        StopCause::Dirty => key("hold-Dirty"),
        StopCause::TooLarge => key("hold-TooLarge"),
        StopCause::DiskGone => key("hold-DiskGone"),
        StopCause::DiskFailing => key("hold-DiskFailing"),
        StopCause::ByOperator => key("hold-ByOperator"),
        StopCause::ByCustomer => key("hold-ByCustomer"),
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
        (StopCause::Dirty, _) => key("hold-fact-Dirty"),
        (StopCause::TooLarge, _) => key("hold-fact-TooLarge"),
        (StopCause::DiskGone, _) => key("hold-fact-DiskGone"),
        (StopCause::DiskFailing, _) => key("hold-fact-DiskFailing"),
        (StopCause::ByOperator, _) => key("hold-fact-ByOperator"),
        (StopCause::ByCustomer, _) => key("hold-fact-ByCustomer"),
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
        StopCause::ByCustomer => key("remedy-customer"),
        StopCause::Dirty => key("remedy-dirty"),
        StopCause::TooLarge => key("remedy-limit"),
        StopCause::DiskFailing => key("remedy-failing"),
        StopCause::DiskGone
        | StopCause::Interrupted
        | StopCause::StationSilent
        | StopCause::StationTrouble
        | StopCause::Retry
        | StopCause::Other => key("remedy-dock-again"),
    }
}

/// Why a device is told as failing, as a sentence.
pub(super) fn failing(line: &FailingLine) -> Text {
    match (line.says_so, line.bad_ranges) {
        (true, Some(ranges)) => text("failing-both").count("ranges", ranges),
        (false, Some(ranges)) => text("failing-ranges").count("ranges", ranges),
        (_, None) => text("failing-says-so"),
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

/// The same of one that is known in full: what is wrong, and what mends it.
pub(super) fn stopped(stopped: &Stopped) -> [Text; 2] {
    let [what, remedy] = stopped.sentences();
    let words = stopped.words.as_deref();
    [
        hold_sentence(stopped.cause, stopped.bucket.as_ref(), words).retells(&what),
        Text::from(hold_remedy(stopped.cause)).retells(&remedy),
    ]
}

/// How a job stands, in the sentences that its customer reads.
pub(super) fn standing(status: &JobStatus) -> Text {
    let mut told = progress_told(&status.job.progress);
    told.extend(status.stopped.as_ref().map(stopped_since));
    told.extend(status.disposal.as_ref().map(device_told));
    text("sentences")
        .sentences("all", told)
        .retells(&status.message())
}

fn progress_told(progress: &Progress) -> Vec<Text> {
    let words = |because: &Option<String>| {
        let words = because.as_deref().map(say::name);
        words.map(|words| text("plain").with("words", words))
    };
    let (told, more) = match progress {
        Progress::Pending => (text("told-pending"), None),
        Progress::InProgress { .. } => (text("told-in-progress"), None),
        Progress::Finished {
            errors: 0,
            log,
            remark,
            ..
        } => {
            let told = text("told-complete")
                .with("key", say::name(log.key.as_str()))
                .with("bucket", &log.bucket);
            (told, words(remark))
        }
        Progress::Finished {
            errors,
            log,
            remark,
            ..
        } => {
            let told = text("told-with-errors")
                .count("errors", errors)
                .with("key", say::name(log.key.as_str()))
                .with("bucket", &log.bucket);
            (told, words(remark))
        }
        Progress::Aborted {
            reason, because, ..
        } => (aborted(*reason).into(), words(because)),
        Progress::Canceled { because, .. } => (text("told-canceled"), words(because)),
        Progress::Expired { .. } => (text("told-expired"), None),
    };
    std::iter::once(told).chain(more).collect()
}

fn aborted(reason: AbortReason) -> TextKey {
    match reason {
        AbortReason::DeviceError => key("aborted-DeviceError"),
        AbortReason::InvalidSignature => key("aborted-InvalidSignature"),
        AbortReason::MissingSignature => key("aborted-MissingSignature"),
        AbortReason::MissingDevice => key("aborted-MissingDevice"),
        AbortReason::UnsupportedDeviceType => key("aborted-UnsupportedDeviceType"),
        AbortReason::UnsupportedFileFormat => key("aborted-UnsupportedFileFormat"),
        AbortReason::UnsupportedPowerSupply => key("aborted-UnsupportedPowerSupply"),
    }
}

fn stopped_since(stopped: &Stopped) -> Text {
    if let Some(mended) = stopped.mended {
        return text("mended").time("since", mended);
    }
    let words = stopped.words.as_deref();
    let what = hold_sentence(stopped.cause, stopped.bucket.as_ref(), words);
    match stopped.is_held() {
        true => text("held")
            .time("since", stopped.at)
            .text("what", what)
            .text("remedy", hold_remedy(stopped.cause)),
        false => text("stopped")
            .time("at", stopped.at)
            .text("what", what)
            .text("remedy", hold_remedy(stopped.cause)),
    }
}

/// What a customer is told of the device.
fn device_told(told: &DeviceTold) -> Text {
    match told {
        DeviceTold::Released { at, gives_up } => text("device-released")
            .time("at", at)
            .count("lines", gives_up),
        DeviceTold::Erasing { since } => text("device-erasing").time("since", since),
        DeviceTold::Erased { method, at } => {
            text("device-erased").with("method", method).time("at", at)
        }
        DeviceTold::EraseFailed { at } => text("device-erase-failed").time("at", at),
        DeviceTold::Destroyed { at, reason } => text("device-destroyed")
            .time("at", at)
            .with("reason", say::name(reason)),
        DeviceTold::Objected { at } => text("device-objected").time("at", at),
        DeviceTold::WaitsForLines => text("device-waits-for-lines"),
        DeviceTold::WaitsForRelease => text("device-waits-for-release"),
        DeviceTold::ErasedFrom { from } => text("device-erased-from").time("from", from),
        DeviceTold::ToBeErased => text("device-to-be-erased"),
    }
}

/// Where a device is, as its customer reads it.
pub(super) fn custody(custody: &Custody) -> Text {
    let told = match custody {
        Custody::NotReceived => text("custody-not-received"),
        Custody::AtStation { .. } => text("custody-here"),
        Custody::Returned { .. } => match custody.parcel() {
            Some((carrier, number)) => text("custody-returned")
                .with("carrier", say::name(carrier))
                .with("number", say::name(number)),
            None => text("custody-not-received"),
        },
    };
    told.retells(&custody.message())
}

/// What a station was asked to do.
pub(super) fn verb(verb: impl Said<OrderVerb>) -> TextKey {
    match verb.said() {
        OrderVerb::Look => key("verb-look"),
        OrderVerb::Load => key("verb-load"),
        OrderVerb::Stop => key("verb-stop"),
        OrderVerb::Remove => key("verb-remove"),
        OrderVerb::Blink => key("verb-blink"),
        OrderVerb::Erase => key("verb-erase"),
        OrderVerb::Unlock => key("verb-unlock"),
        OrderVerb::Other => key("verb-other"),
    }
}

/// What became of a device.
pub(super) fn disposal(code: impl AsRef<str>) -> Text {
    let known = match code.as_ref() {
        "Kept" => key("disposal-Kept"),
        "Released" => key("disposal-Released"),
        "Erasing" => key("disposal-Erasing"),
        "Erased" => key("disposal-Erased"),
        "EraseFailed" => key("disposal-EraseFailed"),
        "Destroyed" => key("disposal-Destroyed"),
        other => return Text::English(other.to_owned()),
    };
    known.into()
}

/// What a stretch of a device is that was not read.
pub(super) fn stretch(word: impl AsRef<str>) -> Text {
    let known = match word.as_ref() {
        "read" => key("stretch-read"),
        "not tried" => key("stretch-untried"),
        "failed, not tried to the end" => key("stretch-failed"),
        "bad" => key("stretch-bad"),
        other => return Text::English(other.to_owned()),
    };
    known.into()
}

/// What goes on in a bay, as a sentence; what its station says of it beside that is English.
pub(super) fn bay(state: BayState) -> TextKey {
    match state {
        BayState::Empty => key("bay-told-empty"),
        BayState::Seen => key("bay-told-seen"),
        BayState::Looking => key("bay-told-looking"),
        BayState::Unknown => key("bay-told-unknown"),
        BayState::NotOurs => key("bay-told-not-ours"),
        BayState::NothingToLoad => key("bay-told-nothing-to-load"),
        BayState::Held => key("bay-told-held"),
        BayState::Ready => key("bay-told-ready"),
        BayState::Queued => key("bay-told-queued"),
        BayState::Loading => key("bay-told-loading"),
        BayState::ReadingBack => key("bay-told-reading-back"),
        BayState::Reporting => key("bay-told-reporting"),
        BayState::Erasing => key("bay-told-erasing"),
        BayState::Done => key("bay-told-done"),
        BayState::SafeToRemove => key("bay-told-safe-to-remove"),
        BayState::Reconnecting => key("bay-told-reconnecting"),
        BayState::PulledOut => key("bay-told-pulled-out"),
        BayState::WaitingForStore => key("bay-told-waiting-for-store"),
        BayState::Stopped => key("bay-told-stopped"),
        BayState::Failed => key("bay-told-failed"),
        BayState::Other => key("bay-told-other"),
    }
}
