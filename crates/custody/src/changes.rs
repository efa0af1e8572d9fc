//! What a change of a job is told as.
//!
//! | change of the job | event |
//! | --- | --- |
//! | `Updated` | `updated` |
//! | `Canceled` | `canceled` |
//! | `Expired` | `expired` |
//! | `DeviceArrived` with what the station knows of the device | `identified` |
//! | `DeviceArrived` of which nobody knows more | `received` |
//! | `DeviceReturned` | `handed-over`; before it `returned-unerased`, where it should have been erased |
//! | `TransferStarted` | `attempt` |
//! | `TransferFinished` | `loaded`; of an export `filled`; then `reported`, where it is said which files those are |
//! | `TransferAborted` | `aborted` |
//! | `Stopped` for what somebody can mend | `held` |
//! | `Stopped` for anything else | `interrupted` |
//! | `Resumed`, `ToFinishWithout`, `Reopened` | `resumed` |
//! | `Released`, `Objected`, `ObjectionWithdrawn` | `released`, `objected`, `objection-withdrawn` |
//! | `EraseStarted` | `erase-started` |
//! | `EraseEnded` | `erased`, or `erase-failed` |
//! | `Destroyed` | `destroyed` |
//!
//! That a job is made is no change: it gives `announced`.

use model::delivered::{Delivered, Sums};
use model::device::DeviceFacts;
use model::disposal::Unerased;
use model::erasure::ErasureEnd;
use model::event::Event as Change;
use model::hold::Mended;
use model::ids::JobType;
use model::progress::LogLocation;
use model::stopped::StopCause;

use crate::digest::Digest;
use crate::event::{
    Aborted, Attempt, Canceled, Destroyed, EraseFailed, EraseStarted, Erased, Expired, File,
    FileName, Filled, HandedOver, Held, Identified, Interrupted, Loaded, Objected,
    ObjectionWithdrawn, Outcome, Received, Released, Reported, Resumed, ReturnedUnerased, Updated,
    What,
};
use crate::moment::Moment;
use crate::told::Told;

/// Where an erased device goes.
const DESTINATION: &str = "back to the address of the manifest";

/// What is known beside a change, and goes into its event.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// What the job does.
    pub job_type: JobType,
    /// Of the manifest after the change.
    pub manifest_sha256: Digest,
    /// How many attempts there were, with the one that begins.
    pub attempts: u32,
    /// When a hold is given up, if it is.
    pub until: Option<Moment>,
    /// Whose the device is.
    pub account: String,
    /// What the customer calls it, if its manifest can be read.
    pub device_id: Option<String>,
    /// Where the report lies, once it does.
    pub report: Option<LogLocation>,
}

impl Beside {
    /// Of a job of which nothing more is known.
    #[must_use]
    pub fn new(job_type: JobType, manifest: &str) -> Self {
        Self {
            job_type,
            manifest_sha256: Digest::of(manifest.as_bytes()),
            attempts: 1,
            until: None,
            account: String::new(),
            device_id: None,
            report: None,
        }
    }
}

/// What a change of a job is told as, in this order.
#[must_use]
pub fn told(change: &Change, beside: &Beside) -> Vec<What> {
    let mut told = vec![first(change, beside)];
    if let Change::DeviceReturned {
        unerased: Some(word),
        ..
    } = change
    {
        let Unerased { authority, reason } = word;
        let word = ReturnedUnerased {
            authority: authority.into(),
            reason: reason.into(),
        };
        told.insert(0, word.into());
    }
    if let Change::TransferFinished { log, files, .. } = change
        && !files.is_empty()
    {
        told.push(reported(log, files).into());
    }
    told
}

/// What lies in the log bucket.
fn reported(log: &LogLocation, files: &[Delivered]) -> Reported {
    let file = |file: &Delivered| File {
        bucket: log.bucket.clone(),
        key: file.key.clone(),
        name: FileName::of_key(&file.key),
        bytes: file.bytes,
        sha256: Digest::from(&file.sha256),
    };
    Reported {
        files: files.iter().map(file).collect(),
    }
}

fn first(change: &Change, beside: &Beside) -> What {
    let manifest_sha256 = beside.manifest_sha256;
    match change {
        Change::Updated { .. } => Updated { manifest_sha256 }.into(),
        Change::Canceled { because, .. } => Canceled {
            manifest_sha256,
            reason: because.as_ref().map(Told::from),
        }
        .into(),
        Change::Expired => Expired { manifest_sha256 }.into(),
        Change::DeviceArrived {
            device: Some(device),
            signature,
            ..
        } => Identified {
            signature: signature.map(Into::into),
            matches_device_id: is_named(device, beside.device_id.as_deref()),
            ..Identified::of(device)
        }
        .into(),
        Change::DeviceArrived { device: None, .. } => Received::default().into(),
        Change::DeviceReturned {
            carrier,
            tracking_number,
            unerased: _,
        } => HandedOver {
            carrier: carrier.into(),
            tracking: tracking_number.into(),
        }
        .into(),
        Change::TransferStarted => Attempt {
            number: beside.attempts,
        }
        .into(),
        Change::TransferFinished { errors, sums, .. } => finished(*errors, sums.as_deref(), beside),
        Change::TransferAborted { reason, because } => Aborted {
            cause: reason.code().to_owned(),
            reason: because.as_ref().map(Told::from),
        }
        .into(),
        Change::Stopped { cause, .. } => stopped(*cause, beside.until),
        Change::Resumed { how } => resumed(match how {
            Mended::Checked => "checked",
            Mended::Updated => "updated",
            Mended::Docked => "docked",
            Mended::Told => "told",
            Mended::Secret => "secret",
        }),
        Change::ToFinishWithout { .. } => resumed("finish-without"),
        Change::Reopened => resumed("retry"),
        Change::Released(release) => Released {
            rule: release.rule.code().to_owned(),
            gives_up: release.gives_up,
            statement: release.statement.as_ref().map(Told::from),
        }
        .into(),
        Change::Objected { because } => Objected {
            statement: because.into(),
        }
        .into(),
        Change::ObjectionWithdrawn => ObjectionWithdrawn { statement: None }.into(),
        Change::EraseStarted {
            grant,
            technique,
            confirmed_by,
        } => EraseStarted {
            grant: grant.to_string(),
            technique: *technique,
            confirmed_by: confirmed_by.iter().map(Told::from).collect(),
        }
        .into(),
        Change::EraseEnded { end, confirmed_by } => ended(end, confirmed_by, beside),
        Change::Destroyed(Unerased { authority, reason }) => Destroyed {
            authority: authority.into(),
            reason: reason.into(),
        }
        .into(),
    }
}

/// Whether a device is the one that a customer names by its serial number. One that is called otherwise may be any.
fn is_named(device: &DeviceFacts, device_id: Option<&str>) -> Option<bool> {
    let (serial, device_id) = (device.serial.as_deref()?, device_id?);
    let is_it = serial.trim().eq_ignore_ascii_case(device_id.trim());
    is_it.then_some(true)
}

/// What an erase came to, with what a certificate says beside it.
fn ended(end: &ErasureEnd, confirmed_by: &[String], beside: &Beside) -> What {
    let report =
        |log: &LogLocation| Told::from(&format!("s3://{}/{}", log.bucket, log.key.as_str()));
    match end {
        ErasureEnd::Erased(certificate) => Erased {
            account: (&beside.account).into(),
            device_id: beside.device_id.as_ref().map(Told::from),
            backed_up: beside.report.as_ref().map(report),
            destination: (&DESTINATION.to_owned()).into(),
            confirmed_by: confirmed_by.iter().map(Told::from).collect(),
            certificate: certificate.clone(),
        }
        .into(),
        ErasureEnd::Failed(failure) => EraseFailed {
            failure: failure.clone(),
        }
        .into(),
    }
}

fn finished(errors: u64, sums: Option<&Sums>, beside: &Beside) -> What {
    let outcome = Outcome {
        errors,
        tally: sums.map(|sums| sums.totals),
        bad_ranges: sums.and_then(|sums| sums.bad_ranges),
        seconds: sums.and_then(|sums| sums.seconds),
    };
    match beside.job_type {
        JobType::Import => Loaded(outcome).into(),
        JobType::Export => Filled(outcome).into(),
    }
}

fn stopped(cause: StopCause, until: Option<Moment>) -> What {
    let word = cause.code().to_owned();
    match cause.hold() {
        Some(_) => Held { cause: word, until }.into(),
        None => Interrupted { cause: word }.into(),
    }
}

fn resumed(cause: &str) -> What {
    let (cause, until) = (cause.to_owned(), None);
    Resumed { cause, until }.into()
}

#[cfg(test)]
mod tests {
    use model::disposal::rules::ReleaseRule;
    use model::disposal::{GrantId, Release};
    use model::erasure::{Certificate, Technique};
    use model::event::WhileRunning;
    use model::ids::StationName;
    use model::progress::{AbortReason, LogLocation};
    use model::report::lines::Totals;
    use model::signature::SignatureSeen;
    use model::time::Timestamp;

    use super::*;

    fn stopped_for(cause: StopCause) -> Change {
        Change::Stopped {
            cause,
            bucket: None,
            words: None,
            detail: "of the operator's hosts".to_owned(),
            untouched: false,
        }
    }

    /// Each change is told as the event of the table above, with the words that the customer may read.
    #[test]
    fn every_change_of_a_job_is_told() {
        let log = LogLocation {
            bucket: "logs".parse().unwrap(),
            key: "log".parse().unwrap(),
        };
        let because = Some("as asked by phone".to_owned());
        let changes = [
            (
                Change::Updated {
                    job_type: JobType::Import,
                    manifest: String::new(),
                },
                "updated",
                "",
            ),
            (
                Change::Canceled {
                    running: WhileRunning::Refuse,
                    because: because.clone(),
                },
                "canceled",
                "as asked by phone",
            ),
            (Change::Expired, "expired", ""),
            (
                Change::DeviceArrived {
                    station: StationName::new("dock-1").unwrap(),
                    device: None,
                    signature: None,
                },
                "received",
                r#""carrier":null"#,
            ),
            (
                Change::DeviceArrived {
                    station: StationName::new("dock-1").unwrap(),
                    device: Some(DeviceFacts {
                        serial: Some("S5TX".to_owned()),
                        rotational: Some(true),
                        ..DeviceFacts::default()
                    }),
                    signature: Some(SignatureSeen::Valid),
                },
                "identified",
                r#""rotational":true,"signature":"valid","matches_device_id":true"#,
            ),
            (
                Change::DeviceReturned {
                    carrier: "UPS".into(),
                    tracking_number: "1Z".into(),
                    unerased: None,
                },
                "handed-over",
                r#"{"carrier":"UPS","tracking":"1Z"}"#,
            ),
            (Change::TransferStarted, "attempt", r#""number":1"#),
            (
                Change::TransferFinished {
                    errors: 7,
                    log,
                    remark: None,
                    files: Vec::new(),
                    sums: None,
                },
                "loaded",
                r#""errors":7"#,
            ),
            (
                Change::TransferAborted {
                    reason: AbortReason::DeviceError,
                    because,
                },
                "aborted",
                "as asked by phone",
            ),
            (stopped_for(StopCause::StoreFull), "held", "StoreFull"),
            (
                stopped_for(StopCause::Interrupted),
                "interrupted",
                "Interrupted",
            ),
            (
                Change::Resumed { how: Mended::Told },
                "resumed",
                r#""cause":"told""#,
            ),
            (
                Change::ToFinishWithout { because: None },
                "resumed",
                "finish-without",
            ),
            (Change::Reopened, "resumed", "retry"),
            (
                Change::Released(Release {
                    rule: ReleaseRule::Customer,
                    at: Timestamp::from_unix(0),
                    gives_up: 3,
                    statement: Some("as asked by phone".to_owned()),
                    by_the_account: true,
                }),
                "released",
                r#"{"rule":"customer","gives_up":3,"statement":"as asked by phone"}"#,
            ),
            (
                Change::Objected {
                    because: "We miss a folder.".to_owned(),
                },
                "objected",
                r#"{"statement":"We miss a folder."}"#,
            ),
            (
                Change::ObjectionWithdrawn,
                "objection-withdrawn",
                r#"{"statement":null}"#,
            ),
            (
                Change::EraseStarted {
                    grant: GrantId::new("0".repeat(32)).unwrap(),
                    technique: Technique::OverwriteZeros,
                    confirmed_by: Vec::new(),
                },
                "erase-started",
                r#""technique":"overwrite-zeros""#,
            ),
            (
                Change::Destroyed(word()),
                "destroyed",
                r#"{"authority":"Jane","reason":"It would not erase."}"#,
            ),
        ];
        let beside = Beside {
            device_id: Some("s5tx ".to_owned()),
            ..Beside::new(JobType::Import, "manifest")
        };
        for (change, name, words) in changes {
            let told = told(&change, &beside);
            let json = serde_json::to_string(&told).unwrap();
            assert_eq!(told.len(), 1);
            assert_eq!(told[0].name(), name);
            assert!(json.contains(words), "{json}");
            assert!(!json.contains("operator's hosts"), "{json}");
        }
    }

    fn word() -> Unerased {
        Unerased {
            authority: "Jane".to_owned(),
            reason: "It would not erase.".to_owned(),
        }
    }

    #[test]
    fn a_return_as_it_is_is_told_before_the_handing_over() {
        let back = Change::DeviceReturned {
            carrier: "UPS".to_owned(),
            tracking_number: "1Z".to_owned(),
            unerased: Some(word()),
        };
        let told = told(&back, &Beside::new(JobType::Import, ""));
        let names: Vec<_> = told.iter().map(What::name).collect();
        assert_eq!(names, ["returned-unerased", "handed-over"]);
    }

    /// A certificate stands in the line to its last field, with where the content is that was on the device.
    #[test]
    fn a_certificate_is_told_whole() {
        let certificate = serde_json::json!({
            "device": {"maker": null, "model": "T7", "serial": "S5TXNF0R", "wwn": null, "firmware": null,
                "medium": "flash", "bytes": 1024, "hidden": {"known": "unknown"}},
            "method": "clear", "technique": "overwrite-zeros", "commands": [],
            "passes": [{"fill": "zeros", "bytes": 1024, "read_back": true}],
            "tool": {"name": "longshore", "version": "1"},
            "started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:14:05Z", "resumed": 0,
            "bytes_written": 1024, "errors": 0,
            "not_written": {"bytes": 0, "ranges": 0, "listed": []},
            "verification": null,
            "validation": {"verdict": "approved", "causes": []},
            "not_claimed": [],
        });
        let account: Certificate = serde_json::from_value(certificate).unwrap();
        let beside = Beside {
            account: "123456789012".to_owned(),
            device_id: Some("backup-7".to_owned()),
            report: Some(LogLocation {
                bucket: "logs".parse().unwrap(),
                key: "a/log".parse().unwrap(),
            }),
            ..Beside::new(JobType::Import, "")
        };
        let ended = |end: ErasureEnd| {
            let change = Change::EraseEnded {
                end: Box::new(end),
                confirmed_by: vec!["jane".to_owned(), "joe".to_owned()],
            };
            let told = told(&change, &beside);
            (told[0].name(), serde_json::to_value(&told[0]).unwrap())
        };
        let (name, line) = ended(ErasureEnd::Erased(Box::new(account.clone())));
        assert_eq!(name, "erased");
        assert_eq!(line["backed_up"], "s3://logs/a/log");
        assert_eq!(line["account"], "123456789012");
        assert_eq!(line["confirmed_by"], serde_json::json!(["jane", "joe"]));
        assert_eq!(line["device_id"], "backup-7");
        assert_eq!(line["certificate"], serde_json::to_value(&account).unwrap());
        let (name, line) = ended(ErasureEnd::of(account));
        assert_eq!(name, "erase-failed");
        assert_eq!(line["failure"]["cause"], "not-verified");
    }

    #[test]
    fn a_report_is_told_with_the_files_that_it_is_made_of() {
        let sum = "ab".repeat(32);
        let change = Change::TransferFinished {
            errors: 0,
            log: LogLocation {
                bucket: "logs".parse().unwrap(),
                key: "a/log".parse().unwrap(),
            },
            remark: None,
            files: vec![Delivered {
                key: "a/log.jsonl".parse().unwrap(),
                bytes: 9,
                sha256: sum.parse().unwrap(),
            }],
            sums: Some(Box::new(Sums {
                totals: Totals {
                    stored: 7,
                    ..Totals::default()
                },
                bad_ranges: Some(2),
                seconds: None,
            })),
        };
        let told = told(&change, &Beside::new(JobType::Import, ""));
        let names: Vec<_> = told.iter().map(What::name).collect();
        assert_eq!(names, ["loaded", "reported"]);
        let json = serde_json::to_string(&told[0]).unwrap();
        assert!(json.contains(r#""stored":7"#), "{json}");
        assert!(
            json.ends_with(r#""bad_ranges":2,"seconds":null}"#),
            "{json}"
        );
        let json = serde_json::to_string(&told[1]).unwrap();
        let file = r#"{"bucket":"logs","key":"a/log.jsonl","name":"log.jsonl","bytes":9,"sha256":"#;
        assert_eq!(json, format!("{{\"files\":[{file}\"{sum}\"}}]}}"));
    }

    #[test]
    fn an_export_fills_and_an_import_loads() {
        let beside = Beside::new(JobType::Export, "");
        assert_eq!(finished(0, None, &beside).name(), "filled");
    }
}
