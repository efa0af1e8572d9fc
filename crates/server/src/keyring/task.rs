//! What the key of an attempt at a job may do: what the job needs of its buckets, and nothing else.
//!
//! It puts objects into the bucket of an import and into that of the log, and sees which are there. It reads what is proved
//! by being read back: the bucket of an import, and of that of the log what has the job's id in its key. It reads the
//! buckets of an export and puts nothing there. It tags and removes nothing but what the station's probe of the store
//! has put there itself.

use localstore::BucketRights;
use model::ids::{JobId, ObjectKey};
use model::manifest::{BucketUse, Manifest};
use objectstore::probe::is_of_experiments;

/// The buckets of a job, and what each is for.
#[derive(Debug)]
pub(super) struct RightsOfTask {
    buckets: Vec<(String, BucketUse)>,
    log: ObjectKey,
    job: JobId,
}

impl RightsOfTask {
    /// Those of the job with this manifest.
    pub(super) fn of(manifest: &Manifest, job: JobId) -> Self {
        let buckets = manifest.buckets().into_iter();
        Self {
            buckets: buckets
                .map(|(bucket, usage)| (bucket.to_string(), usage))
                .collect(),
            log: manifest.log_key(job),
            job,
        }
    }

    fn is_for(&self, bucket: &str, is_meant: impl Fn(BucketUse) -> bool) -> bool {
        let mut buckets = self.buckets.iter();
        buckets.any(|(name, usage)| name == bucket && is_meant(*usage))
    }
}

fn is_written(usage: BucketUse) -> bool {
    match usage {
        BucketUse::Import | BucketUse::Log => true,
        BucketUse::Export => false,
    }
}

impl BucketRights for RightsOfTask {
    fn may_import(&self, bucket: &str) -> bool {
        self.is_for(bucket, is_written)
    }

    fn may_export(&self, bucket: &str) -> bool {
        self.is_for(bucket, |usage| !is_written(usage))
    }

    fn may_make(&self, _bucket: &str) -> bool {
        false
    }

    fn may_list(&self, bucket: &str) -> bool {
        self.is_for(bucket, |_| true)
    }

    fn may_read(&self, bucket: &str, key: &str) -> bool {
        self.is_for(bucket, |usage| match usage {
            BucketUse::Import | BucketUse::Export => true,
            BucketUse::Log => key.contains(self.job.as_str()),
        })
    }

    fn may_manage(&self, bucket: &str, key: &str) -> bool {
        let is_of_probe =
            || ObjectKey::new(key).is_ok_and(|key| is_of_experiments(&key, &self.log));
        self.may_import(bucket) && is_of_probe()
    }
}

#[cfg(test)]
mod tests {
    use model::ids::JobType;

    use super::*;

    const ADDRESS: &str = "returnAddress:\n  name: Jane Roe\n  street1: 1 Example Way\n  city: Springfield\n  \
                           stateOrProvince: WA\n  postalCode: 98000\n  phoneNumber: 206-555-0100\n  country: USA\n";

    fn rights(manifest: &str, job_type: JobType) -> RightsOfTask {
        let manifest = Manifest::parse_accepted(&format!("{manifest}{ADDRESS}"), job_type).unwrap();
        RightsOfTask::of(&manifest, JobId::new("ABCDE").unwrap())
    }

    /// What may be done with a bucket and the object `k` of it: import, export, list, read, manage.
    fn may(rights: &RightsOfTask, bucket: &str, key: &str) -> [bool; 5] {
        [
            rights.may_import(bucket),
            rights.may_export(bucket),
            rights.may_list(bucket),
            rights.may_read(bucket, key),
            rights.may_manage(bucket, key),
        ]
    }

    const WRITES: [bool; 5] = [true, false, true, false, false];
    const WRITES_AND_READS: [bool; 5] = [true, false, true, true, false];
    const READS: [bool; 5] = [false, true, true, true, false];
    const ALL_OF_ONE: [bool; 5] = [true, false, true, true, true];
    const NOTHING: [bool; 5] = [false; 5];

    #[test]
    fn an_attempt_may_do_what_its_job_needs() {
        let import = rights(
            "manifestVersion: 2.0\ndeviceId: d\nbucket: photos\nlogBucket: logs\nlogPrefix: l/\n\
             eraseDevice: no\n",
            JobType::Import,
        );
        let probe = "l/import-log-ABCDE.probe/plain";
        for (bucket, key, expected) in [
            ("photos", "k", WRITES_AND_READS),
            ("photos", probe, ALL_OF_ONE),
            ("logs", "k", WRITES),
            ("logs", "l/import-log-ABCDE.txt", WRITES_AND_READS),
            ("logs", probe, ALL_OF_ONE),
            ("other", probe, NOTHING),
        ] {
            assert_eq!(may(&import, bucket, key), expected, "{bucket} {key}");
            assert!(!import.may_make(bucket));
        }
        let export = rights(
            "manifestVersion: 2.0\ndeviceId: d\nfileSystem: NTFS\ntrueCryptPassword: secret\nlogBucket: logs\n\
             operations:\n  - exportBucket: photos\n",
            JobType::Export,
        );
        for (bucket, key, expected) in [
            ("photos", "k", READS),
            ("photos", "export-log-ABCDE.probe/plain", READS),
            ("logs", "k", WRITES),
            ("logs", "export-log-ABCDE.probe/plain", ALL_OF_ONE),
        ] {
            assert_eq!(may(&export, bucket, key), expected, "{bucket} {key}");
        }
    }
}
