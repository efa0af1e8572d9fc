//! `longshore store`: the S3 stores that jobs are loaded into.

use model::capabilities::{Capabilities, Finding};
use model::operator::stores::{ProbeFor, SignOfLife, StoreLine, StoreList, StoreProbe};

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
                false => output::data(&table(&list.stores))?,
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
            line.held.to_string(),
            answers(&line.heard),
        ]
    };
    let rows: Vec<[String; 6]> = stores.iter().map(row).collect();
    output::table(
        ["STORE", "ENDPOINT", "REGION", "BUCKETS", "HELD", "ANSWERS"],
        &rows,
    )
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
        };
        assert_eq!(
            table(&[line]),
            "STORE  ENDPOINT          REGION     BUCKETS        HELD  ANSWERS\n\
             ceph   http://ceph:8000  us-east-1  photos team-*  3     no: no answer\n"
        );
    }
}
