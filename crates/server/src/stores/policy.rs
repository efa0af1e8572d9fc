//! What a key may do that a store gives for one attempt at a job, as the store reads it: the policy of a session.
//!
//! It is what the key of an attempt may do at the embedded store ([`crate::keyring`]): put objects into the buckets of an
//! import and of the log and see which are there, read what is proved by being read back, read the buckets of an
//! export, and remove what the station's own probe has put there; and tag, which the embedded store does not.

use model::ids::{BucketName, JobId};
use model::manifest::{BucketUse, Manifest};
use serde_json::{Value, json};

/// What is done with a bucket that objects are put into or read from.
const OF_BUCKETS: [&str; 4] = [
    "s3:ListBucket",
    "s3:GetBucketLocation",
    "s3:ListBucketMultipartUploads",
    "s3:GetBucketVersioning",
];

/// What it takes to put an object, in one piece or in parts.
const TO_PUT: [&str; 5] = [
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

/// What it takes to read one.
const TO_READ: [&str; 2] = ["s3:GetObject", "s3:GetObjectTagging"];

/// What it takes to try a store out, beside that.
const TO_TRY: [&str; 2] = ["s3:DeleteObject", "s3:DeleteObjectVersion"];

/// The policy for an attempt at a job with this manifest at the buckets that `is_there` says are this store's.
pub(super) fn of(
    manifest: &Manifest,
    job: JobId,
    is_there: impl Fn(&BucketName) -> bool,
) -> String {
    let (mut all, mut written, mut read, mut tried) = (vec![], vec![], vec![], vec![]);
    let log = literal(manifest.log_key(job).as_str());
    for (bucket, usage) in manifest.buckets() {
        if !is_there(&bucket) {
            continue;
        }
        let objects = |keys: &str| format!("arn:aws:s3:::{bucket}/{keys}");
        all.push(format!("arn:aws:s3:::{bucket}"));
        match usage {
            BucketUse::Import => {
                written.push(objects("*"));
                read.push(objects("*"));
            }
            BucketUse::Export => read.push(objects("*")),
            BucketUse::Log => {
                written.push(objects("*"));
                read.push(objects(&format!("*{job}*")));
            }
        }
        match usage {
            BucketUse::Import | BucketUse::Log => tried.push(objects(&format!("{log}.probe/*"))),
            BucketUse::Export => {}
        }
    }
    let statements = [
        (&OF_BUCKETS[..], all),
        (&TO_PUT[..], written),
        (&TO_READ[..], read),
        (&TO_TRY[..], tried),
    ];
    let statements: Vec<Value> = statements
        .into_iter()
        .filter(|(_, resources)| !resources.is_empty())
        .map(|(actions, mut resources)| {
            resources.sort();
            resources.dedup();
            json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// A text as it stands where a policy has patterns and variables (IAM User Guide, *Policy variables*, special characters).
fn literal(text: &str) -> String {
    let mut literal = String::new();
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => literal.extend(['$', '{', c, '}']),
            c => literal.push(c),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use model::ids::{BucketName, JobType};

    use super::*;

    const ADDRESS: &str = "returnAddress:\n  name: Jane Roe\n  street1: 1 Example Way\n  city: Springfield\n  \
                           stateOrProvince: WA\n  postalCode: 98000\n  phoneNumber: 206-555-0100\n  country: USA\n";

    fn policy(manifest: &str, job_type: JobType, is_there: impl Fn(&BucketName) -> bool) -> Value {
        let manifest = Manifest::parse_accepted(&format!("{manifest}{ADDRESS}"), job_type).unwrap();
        serde_json::from_str(&of(&manifest, JobId::new("ABCDE").unwrap(), is_there)).unwrap()
    }

    /// What may be done with what, each with each.
    fn grants(policy: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let each = statements.flat_map(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            let actions = statement["Action"].as_array().unwrap().iter();
            actions.flat_map(move |action| {
                let resources = statement["Resource"].as_array().unwrap().iter();
                resources.map(move |resource| (text(action), text(resource)))
            })
        });
        each.collect()
    }

    fn may(grants: &[(String, String)], action: &str, resource: &str) -> bool {
        let resource = format!("arn:aws:s3:::{resource}");
        grants.contains(&(format!("s3:{action}"), resource))
    }

    const IMPORT: &str = "manifestVersion: 2.0\ndeviceId: d\nbucket: photos\nlogBucket: logs\nlogPrefix: l*/\n\
                          eraseDevice: no\n";

    #[test]
    fn a_key_may_do_what_the_job_needs_of_each_bucket() {
        let import = grants(&policy(IMPORT, JobType::Import, |_| true));
        for (action, resource) in [
            ("ListBucket", "photos"),
            ("PutObject", "photos/*"),
            ("GetObject", "photos/*"),
            ("PutObject", "logs/*"),
            ("GetObject", "logs/*ABCDE*"),
            ("DeleteObject", "logs/l${*}/import-log-ABCDE.probe/*"),
            ("DeleteObject", "photos/l${*}/import-log-ABCDE.probe/*"),
        ] {
            assert!(
                may(&import, action, resource),
                "{action} {resource}: {import:?}"
            );
        }
        for (action, resource) in [
            ("GetObject", "logs/*"),
            ("DeleteObject", "photos/*"),
            ("DeleteObject", "logs/*"),
        ] {
            assert!(!may(&import, action, resource), "{action} {resource}");
        }
        let export = "manifestVersion: 2.0\ndeviceId: d\nfileSystem: NTFS\ntrueCryptPassword: secret\nlogBucket: logs\n\
                      operations:\n  - exportBucket: photos\n";
        let export = grants(&policy(export, JobType::Export, |_| true));
        assert!(may(&export, "GetObject", "photos/*") && may(&export, "PutObject", "logs/*"));
        assert!(!may(&export, "PutObject", "photos/*"));
    }

    #[test]
    fn buckets_of_other_stores_are_not_named() {
        let import = policy(IMPORT, JobType::Import, |bucket| {
            bucket.as_str() == "photos"
        });
        assert!(!import.to_string().contains("logs"), "{import}");
        let wide = grants(&import)
            .iter()
            .any(|(_, resource)| resource == "*" || resource.ends_with(":::*"));
        assert!(!wide);
    }
}
