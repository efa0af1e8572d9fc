//! Why a run stopped, as the customer may know it: no store, no host, no other account.

use model::ids::BucketName;
use model::manifest::Manifest;
use model::stopped::StopCause;
use objectstore::StoreError;

use super::DockError;
use crate::raw::RawError;
use bay::luks::LuksError;
use bay::{FormatError, Refused};
use disks::disk::DiskError;
use disks::rescue::RescueError;
use transfer::export::planner::PlanFailure;
use transfer::report::DeliveryError;
use transfer::stop::Halt;

/// The cause, and the bucket it is about where that is sure.
pub(super) fn of(
    error: &DockError,
    manifest: Option<&Manifest>,
) -> (StopCause, Option<BucketName>) {
    let import_bucket = || match manifest {
        Some(Manifest::S3Import(rules)) => Some(rules.bucket.clone()),
        _ => None,
    };
    let log_bucket = || manifest.map(|manifest| manifest.log_bucket().clone());
    match error {
        DockError::Stopped { why, .. } => (of_halt(why), import_bucket()),
        DockError::Undelivered { why, .. } => match why {
            DeliveryError::Store(error) => (of_store(error), log_bucket()),
            DeliveryError::Read(_) => (StopCause::StationTrouble, None),
        },
        DockError::Planning(PlanFailure::Store { bucket, source }) => {
            (of_store(source), Some(bucket.clone()))
        }
        DockError::Manifest { .. } => (StopCause::ManifestFault, None),
        DockError::WrongCapacity { .. } => (StopCause::CapacityWrong, None),
        DockError::Device { .. } | DockError::OntoDevice { .. } | DockError::Mount(_) => {
            (StopCause::DiskFailing, None)
        }
        DockError::NothingReadable { cause, .. } => (*cause, None),
        DockError::Raw(error) => (of_raw(error), None),
        DockError::OtherSignature { .. } => (StopCause::SignatureWrong, None),
        DockError::TooSmall { .. } | DockError::NoRoom { .. } => (StopCause::DeviceTooSmall, None),
        DockError::NotEmpty { .. } => (StopCause::DeviceNotEmpty, None),
        DockError::Format(error) => (of_format(error), None),
        DockError::Luks(LuksError::Wrong { .. }) => (StopCause::PasswordWrong, None),
        DockError::Luks(_) => (StopCause::StationTrouble, None),
        DockError::Folder { .. }
        | DockError::Journal(_)
        | DockError::Control(_)
        | DockError::Store(_) => (StopCause::StationTrouble, None),
        // What the operator sees to, with the device in front of her.
        DockError::WrongView { .. }
        | DockError::NotEncrypted { .. }
        | DockError::Changed(_)
        | DockError::Facts(_)
        | DockError::Probe(_)
        | DockError::Planning(_)
        | DockError::Export(_)
        | DockError::Image(_)
        | DockError::SignatureNoFile { .. }
        | DockError::SignatureMisnamed { .. }
        | DockError::TwoSignatures { .. }
        | DockError::NothingMounted(_)
        | DockError::NotMounted(_)
        | DockError::OtherDevice { .. }
        | DockError::NotAsItIs { .. }
        | DockError::Denied { .. }
        | DockError::NoJournal(_)
        | DockError::Busy(_) => (StopCause::Other, None),
    }
}

/// What more the customer may know of it.
pub(super) fn words(error: &DockError) -> Option<String> {
    match error {
        DockError::Stopped {
            why: Halt::Failing(failing),
            ..
        } => Some(failing.to_string()),
        _ => None,
    }
}

fn of_format(error: &FormatError) -> StopCause {
    match error {
        FormatError::Refused(Refused::TooSmall { .. }) => StopCause::DeviceTooSmall,
        FormatError::Refused(Refused::InUse { .. } | Refused::ReadOnly { .. }) => StopCause::Other,
        FormatError::NoMapper { .. } => StopCause::StationTrouble,
        _ => StopCause::DiskFailing,
    }
}

fn of_raw(error: &RawError) -> StopCause {
    match error {
        RawError::Disk(DiskError::Gone(_)) | RawError::Rescue(RescueError::Gone(_)) => {
            StopCause::DiskGone
        }
        RawError::Disk(DiskError::Stopped) => StopCause::Interrupted,
        RawError::Open(_) | RawError::Facts(_) | RawError::Disk(DiskError::NoVolume(_)) => {
            StopCause::Other
        }
        RawError::Disk(DiskError::Host(_))
        | RawError::Rescue(_)
        | RawError::TooManyLeft { .. }
        | RawError::Scratch { .. } => StopCause::StationTrouble,
    }
}

fn of_halt(why: &Halt) -> StopCause {
    match why {
        // What the operator said of a job on hold stands in it, with her own words.
        Halt::Interrupted | Halt::Canceled | Halt::OnHold => StopCause::Interrupted,
        Halt::LeaseLost | Halt::Journal(_) | Halt::Rescue(_) => StopCause::StationTrouble,
        Halt::Device(_) => StopCause::DiskGone,
        Halt::Failing(_) => StopCause::DiskFailing,
        Halt::Store(error) => of_store(error),
        Halt::Service(error) if error.may_retry() => StopCause::StoreSilent,
        Halt::Service(_) => StopCause::StoreRefuses,
    }
}

fn of_store(error: &StoreError) -> StopCause {
    if let StoreError::NoSuchBucket(_) = error {
        return StopCause::BucketMissing;
    }
    let answer = error.answer();
    let is_full = answer.is_some_and(|answer| {
        answer.status == 507
            || matches!(
                answer.code.as_str(),
                "QuotaExceeded"
                    | "InsufficientStorage"
                    | "XMinioStorageFull"
                    | "EntityTooLargeForBucket"
            )
    });
    if is_full {
        StopCause::StoreFull
    } else if error.may_retry() {
        StopCause::StoreSilent
    } else if answer.is_some() {
        StopCause::StoreRefuses
    } else {
        match error {
            StoreError::Unsure { last, .. } => of_store(last),
            StoreError::Canceled { last: Some(last) } => of_store(last),
            StoreError::Canceled { last: None } => StopCause::Interrupted,
            _ => StopCause::StoreSilent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use awshttp::Answer;

    #[test]
    fn a_device_that_has_no_room_is_too_small_however_that_was_found() {
        let path = || std::path::PathBuf::from("/dev/sdb");
        let refused = Refused::TooSmall {
            path: path(),
            bytes: 1_000,
            file_system: model::manifest::FileSystem::Ext4,
            least: 1 << 20,
        };
        let first = model::ids::ObjectKey::new("large").unwrap();
        for error in [
            DockError::Format(Box::new(FormatError::Refused(refused))),
            DockError::NoRoom {
                path: path(),
                first,
            },
        ] {
            assert_eq!(of(&error, None).0, StopCause::DeviceTooSmall, "{error}");
        }
    }

    #[test]
    fn what_a_store_says_becomes_a_cause() {
        let answer = |status, code: &str| Answer::new(status, code, "http://10.0.0.7:9000 says no");
        for (error, cause) in [
            (
                StoreError::NoSuchBucket(answer(404, "NoSuchBucket")),
                StopCause::BucketMissing,
            ),
            (
                StoreError::AccessDenied(answer(403, "AccessDenied")),
                StopCause::StoreRefuses,
            ),
            (
                StoreError::Credentials(answer(403, "InvalidAccessKeyId")),
                StopCause::StoreRefuses,
            ),
            (
                StoreError::Unavailable(answer(507, "InsufficientStorage")),
                StopCause::StoreFull,
            ),
            (
                StoreError::Refused(answer(403, "QuotaExceeded")),
                StopCause::StoreFull,
            ),
            (
                StoreError::Unavailable(answer(503, "ServiceUnavailable")),
                StopCause::StoreSilent,
            ),
        ] {
            assert_eq!(of_store(&error), cause, "{error}");
            let job = model::ids::JobId::new("ABCDE").unwrap();
            let why = Halt::Store(error);
            assert_eq!(
                of(
                    &DockError::Stopped {
                        job,
                        why,
                        store: None
                    },
                    None
                )
                .0,
                cause
            );
        }
    }
}
