//! What must be true of a job that is over, whatever it did.

use model::ids::{BucketName, ObjectKey};
use model::report::lines::Head;
use objectstore::Bucket as _;

use crate::consignment::Consignment;
use crate::oracle::contents;
use crate::stock::Stock;
use crate::store::PROBE;
use crate::yard::Yard;

/// The report of a job in the form that AWS wrote, if there is one.
#[must_use]
pub fn report(stock: &Stock, consignment: &Consignment) -> Option<String> {
    let body = stock.object(&consignment.log.bucket, &consignment.log.key)?;
    Some(String::from_utf8_lossy(&body).into_owned())
}

/// What is wrong with a job that is finished with so many errors.
#[must_use]
pub fn check_finished(yard: &Yard, consignment: &Consignment, errors: u64) -> Vec<String> {
    let Some(text) = report(&yard.stock, consignment) else {
        return vec!["the job is finished and has no report".to_owned()];
    };
    let shipment = &consignment.shipment;
    let mut wrong = shipment.check_finished(&yard.stock, &text, errors);
    wrong.extend(check_forms(&yard.stock, consignment));
    wrong.extend(check_status(yard, consignment, errors));
    wrong
}

/// Whether the report is there in all its forms, and tells of attempts in their order.
fn check_forms(stock: &Stock, consignment: &Consignment) -> Option<String> {
    let reports = contents(stock.bucket(&consignment.log.bucket));
    let form = |form: &str| {
        let name = format!("{}{form}", consignment.log.key);
        let mut found = reports.iter().filter(|(key, _)| key.as_str() == name);
        found.next().map(|(_, object)| &object.body)
    };
    let (Some(lines), Some(_)) = (form(".jsonl"), form(".txt")) else {
        return Some("the job is finished and lacks a form of its report".to_owned());
    };
    let first = lines.split_inclusive(|byte| *byte == b'\n').next();
    match Head::parse(first.unwrap_or_default()) {
        Err(error) => Some(format!("the report for programs: {error}")),
        Ok(head) if head.attempts.is_sorted_by(|a, b| a.number < b.number) => None,
        Ok(head) => Some(format!("attempts do not grow: {:?}", head.attempts)),
    }
}

fn check_status(yard: &Yard, consignment: &Consignment, errors: u64) -> Option<String> {
    let status = yard.server.status(consignment.job);
    let code = match errors {
        0 => "Complete",
        _ => "SuccessWithErrors",
    };
    let (bucket, key) = (&consignment.log.bucket, &consignment.log.key);
    let is_told = status.progress == code
        && status.errors == errors.to_string()
        && status.location == "AtAWS"
        && (&*status.log_bucket, &*status.log_key) == (bucket.as_str(), key.as_str());
    (!is_told).then(|| format!("GetStatus says {status:?}, the job has {errors} errors"))
}

/// What a job's experiments on the stores have left.
#[must_use]
pub fn check_experiments(stock: &Stock, consignment: &Consignment) -> Vec<String> {
    let log = consignment.log.key.as_str();
    let mut wrong = Vec::new();
    for (name, bucket) in &stock.buckets {
        let left = contents(bucket).into_keys();
        let is_ours = |key: &str| key.starts_with(log) && key.contains(PROBE);
        let left: Vec<_> = left.filter(|key| is_ours(key.as_str())).collect();
        if !left.is_empty() {
            wrong.push(format!("left of experiments in {name}: {left:?}"));
        }
    }
    wrong
}

/// What is wrong with what is no job's: it is as it was before.
#[must_use]
pub fn check_strangers(stock: &Stock, consignments: &[Consignment]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, now) in stock.contents() {
        let before = &stock.before[&name];
        let is_owned = |key: &ObjectKey| {
            let mut all = consignments.iter();
            all.any(|consignment| consignment.shipment.owns(&name, key))
        };
        for (key, object) in &now {
            if before.get(key) != Some(object) && !is_owned(key) {
                wrong.push(format!("`{key}` is in {name} and must not be"));
            }
        }
        for key in before.keys().filter(|key| !now.contains_key(key)) {
            wrong.push(format!("`{key}` was in {name} before and is gone"));
        }
    }
    wrong
}

/// What is wrong with the uploads that are open: one in each bucket is of somebody else, of `foreign`, and others
/// only `may_stay`.
#[must_use]
pub fn check_uploads(
    stock: &Stock,
    foreign: &str,
    may_stay: impl Fn(&BucketName, &str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, bucket) in &stock.buckets {
        let open = bucket.list_uploads("").expect("memory lists");
        let (theirs, ours): (Vec<_>, Vec<_>) = open.iter().partition(|u| u.key == foreign);
        let left = ours.iter().filter(|upload| !may_stay(name, &upload.key));
        wrong.extend(left.map(|upload| format!("left open in {name}: {upload:?}")));
        if theirs.len() != 1 {
            wrong.push(format!("an upload of somebody else in {name} is gone"));
        }
    }
    wrong
}
