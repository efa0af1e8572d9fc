//! `longshore store`: the S3 stores that jobs are loaded into.

use model::capabilities::{Capabilities, Finding};
use model::operator::stations::ShareLine;
use model::operator::stores::{ProbeFor, SignOfLife, StoreLine, StoreList, StoreProbe};
use model::readable;
use model::request_rate::RequestRate;

use crate::cli::StoreCommand;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore store` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &StoreCommand) -> Result<Exit, Failure> {
    match command {
        StoreCommand::List { json, store } => {
            let list: StoreList = Way::open(store)?.get("stores", &[])?;
            match json {
                true => output::json(&list)?,
                false => output::data(&tables(&list.stores))?,
            }
            Ok(Exit::Ok)
        }
        StoreCommand::Probe { of, json, store } => {
            let message = ProbeFor { of: of.clone() };
            let probe: StoreProbe = Way::open(store)?.post("stores/probe", &message)?;
            match json {
                true => output::json(&probe)?,
                false => output::data(&about(&probe))?,
            }
            Ok(verdict(&probe))
        }
    }
}

/// A store that does not answer, or a bucket that takes nothing, is what was looked for and not found.
fn verdict(probe: &StoreProbe) -> Exit {
    match (&probe.heard.answers, &probe.refuses) {
        (false, _) => Exit::Unavailable,
        (true, Some(_)) => Exit::Refused,
        (true, None) => Exit::Ok,
    }
}

fn answers(heard: &SignOfLife) -> String {
    match (heard.milliseconds, &heard.trouble) {
        (Some(milliseconds), _) => format!("in {milliseconds} ms"),
        (None, Some(trouble)) => format!("no: {trouble}"),
        (None, None) => "no".to_owned(),
    }
}

/// What may be used of a store: `100 MB/s, 500 requests/s`. None where nothing is limited.
pub(crate) fn limits(bytes: Option<u64>, requests: Option<RequestRate>) -> Option<String> {
    let bytes = bytes.map(readable::rate);
    let requests = requests.map(|requests| format!("{requests} requests/s"));
    let limits: Vec<String> = bytes.into_iter().chain(requests).collect();
    (!limits.is_empty()).then(|| limits.join(", "))
}

/// The stores; and below, where some have limits, what stations have of these.
fn tables(stores: &[StoreLine]) -> String {
    let mut text = table(stores);
    let shares: Vec<&ShareLine> = stores.iter().flat_map(|line| &line.shares).collect();
    if !shares.is_empty() {
        text.push('\n');
        text.push_str(&shares_table(&shares));
    }
    text
}

fn table(stores: &[StoreLine]) -> String {
    let row = |line: &StoreLine| {
        let buckets = match &line.buckets {
            Some(patterns) => patterns.join(" "),
            None => "all others".to_owned(),
        };
        [
            line.name.clone(),
            line.endpoint.clone(),
            line.region.clone(),
            buckets,
            limits(line.bytes_per_second, line.requests_per_second).unwrap_or_default(),
            line.held.to_string(),
            answers(&line.heard),
        ]
    };
    let rows: Vec<[String; 7]> = stores.iter().map(row).collect();
    output::table(
        [
            "STORE", "ENDPOINT", "REGION", "BUCKETS", "LIMIT", "HELD", "ANSWERS",
        ],
        &rows,
    )
}

fn shares_table(shares: &[&ShareLine]) -> String {
    let row = |share: &&ShareLine| {
        let station = share.station.as_ref();
        [
            share.store.clone(),
            station.map(ToString::to_string).unwrap_or_default(),
            share.loading.to_string(),
            limits(share.bytes_per_second, share.requests_per_second).unwrap_or_default(),
            share.until.to_string(),
        ]
    };
    let rows: Vec<[String; 5]> = shares.iter().map(row).collect();
    output::table(["STORE", "STATION", "DEVICES", "HAS", "UNTIL"], &rows)
}

fn about(probe: &StoreProbe) -> String {
    let bucket = probe.bucket.as_ref().map(ToString::to_string);
    let answers = answers(&probe.heard);
    let mut text = output::fields([
        ("Store", Some(probe.store.as_str())),
        ("Endpoint", Some(probe.endpoint.as_str())),
        ("Answers", Some(answers.as_str())),
        ("Bucket", bucket.as_deref()),
        ("Takes nothing", probe.refuses.as_deref()),
    ]);
    if let Some(capabilities) = &probe.capabilities {
        text.push('\n');
        text.push_str(&findings(capabilities));
    }
    text
}

/// What a store does, a line each.
fn findings(found: &Capabilities) -> String {
    let row = |(what, finding): (&str, Finding)| {
        let told = match finding {
            Finding::Honored => "yes",
            Finding::Refused => "refused",
            Finding::Ignored => "ignored",
            Finding::Unknown => "not known",
        };
        [what.to_owned(), told.to_owned()]
    };
    let rows: Vec<[String; 2]> = [
        ("checks Content-MD5", found.md5),
        ("checks SHA-256", found.sha256),
        ("checks CRC-64/NVME", found.crc64nvme),
        ("checks the signed body", found.signed_body),
        ("keeps SHA-256", found.keeps_sha256),
        ("entity tag is the MD5", found.etag_is_md5),
        ("takes parts", found.multipart),
        ("checks MD5 of parts", found.part_md5),
        ("checks CRC-64/NVME of parts", found.part_crc64nvme),
        ("checks CRC-32C of parts", found.part_crc32c),
        ("checks SHA-256 of parts", found.part_sha256),
        ("tag of a part is its MD5", found.part_etag_is_md5),
        ("lists parts", found.lists_parts),
        ("keeps metadata", found.metadata),
        ("keeps ACLs", found.acl),
        ("takes keys of 1024 bytes", found.long_keys),
        ("keeps tags", found.tags),
        ("unpacks archives", found.extraction),
        ("puts only where nothing is", found.put_if_absent),
        ("completes only where nothing is", found.complete_if_absent),
    ]
    .map(row)
    .to_vec();
    output::table(["WHAT", "FOUND"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::StationName;
    use model::time::Timestamp;

    fn probe(answers: bool, refuses: Option<&str>) -> StoreProbe {
        StoreProbe {
            store: "ceph".to_owned(),
            endpoint: "http://ceph:8000".to_owned(),
            bucket: None,
            heard: SignOfLife {
                answers,
                milliseconds: answers.then_some(7),
                trouble: (!answers).then(|| "no answer".to_owned()),
            },
            refuses: refuses.map(str::to_owned),
            capabilities: None,
        }
    }

    #[test]
    fn what_is_found_is_told_also_by_the_exit_code() {
        assert_eq!(verdict(&probe(true, None)), Exit::Ok);
        assert_eq!(verdict(&probe(false, None)), Exit::Unavailable);
        let full = probe(true, Some("the bucket does not exist"));
        assert_eq!(verdict(&full), Exit::Refused);
        let text = about(&full);
        assert!(text.contains("the bucket does not exist"), "{text}");
        assert!(about(&probe(true, None)).contains("in 7 ms"));
    }

    #[test]
    fn stores_are_a_table_with_whose_buckets_they_have() {
        let line = StoreLine {
            name: "ceph".to_owned(),
            endpoint: "http://ceph:8000".to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
            buckets: Some(vec!["photos".to_owned(), "team-*".to_owned()]),
            heard: probe(false, None).heard,
            held: 3,
            bytes_per_second: None,
            requests_per_second: None,
            shares: Vec::new(),
        };
        assert_eq!(
            tables(std::slice::from_ref(&line)),
            "STORE  ENDPOINT          REGION     BUCKETS        LIMIT  HELD  ANSWERS\n\
             ceph   http://ceph:8000  us-east-1  photos team-*         3     no: no answer\n"
        );
        let share = |station: &str, thousandths| ShareLine {
            store: "ceph".to_owned(),
            station: StationName::new(station).ok(),
            loading: 2,
            bytes_per_second: Some(50_000_000),
            requests_per_second: Some(RequestRate { thousandths }),
            until: Timestamp::from_unix(0),
        };
        let limited = StoreLine {
            bytes_per_second: Some(100_000_000),
            requests_per_second: Some(RequestRate {
                thousandths: 333_000,
            }),
            shares: vec![share("dock-1", 166_500), share("dock-2", 166_500)],
            ..line
        };
        assert_eq!(
            tables(&[limited]),
            "STORE  ENDPOINT          REGION     BUCKETS        LIMIT                     HELD  ANSWERS\n\
             ceph   http://ceph:8000  us-east-1  photos team-*  100 MB/s, 333 requests/s  3     no: no answer\n\
             \n\
             STORE  STATION  DEVICES  HAS                        UNTIL\n\
             ceph   dock-1   2        50 MB/s, 166.5 requests/s  1970-01-01T00:00:00Z\n\
             ceph   dock-2   2        50 MB/s, 166.5 requests/s  1970-01-01T00:00:00Z\n"
        );
    }
}
