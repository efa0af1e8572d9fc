//! `longshore ls`: the buckets of a store, or the objects of one.

use anyhow::Context as _;
use model::readable;
use model::time::Timestamp;
use objectstore::object::{Listed, ListedBucket};
use serde::Serialize;
use time::OffsetDateTime;
use transfer::stop::Stop;

use super::{each, store_failure};
use crate::cli::LsArgs;
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::{interrupt, output};

/// Characters of a time in a listing.
const TIME: usize = 20;

/// Lists.
///
/// # Errors
/// If the store or the bucket cannot be asked.
pub(crate) fn run(args: &LsArgs) -> Result<Exit, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let listed = match &args.place {
        Some(place) => {
            let bucket = reached.bucket(&place.bucket, &stop)?;
            let (mut objects, mut bytes) = (0, 0);
            let told = each(&*bucket, place.prefix(), &stop, &mut |object| {
                (objects, bytes) = (objects + 1, bytes + object.size);
                output::data(&object_line(&object, args.json)?)
            });
            told.map(|()| args.json.then(String::new).unwrap_or(total(objects, bytes)))
        }
        None => buckets(&reached, args.json).map(|()| String::new()),
    };
    let total = listed?;
    if !total.is_empty() {
        output::note(&total);
    }
    reached.close();
    Ok(Exit::Ok)
}

fn total(objects: u64, bytes: u64) -> String {
    format!(
        "{}, {}",
        output::count(objects, "object"),
        output::bytes(bytes)
    )
}

fn buckets(reached: &ReachableStore, json: bool) -> Result<(), Failure> {
    let buckets = reached.buckets();
    let buckets = buckets.map_err(|error| store_failure(error, "could not list the buckets"))?;
    for bucket in &buckets {
        output::data(&bucket_line(bucket, json)?)?;
    }
    if buckets.is_empty() && !json {
        output::note("There are no buckets.");
    }
    Ok(())
}

/// What `--json` says of an object.
#[derive(Serialize)]
struct ObjectLine<'a> {
    key: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<Timestamp>,
    etag: &'a str,
}

/// What `--json` says of a bucket.
#[derive(Serialize)]
struct BucketLine<'a> {
    bucket: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
}

fn object_line(object: &Listed, json: bool) -> Result<String, Failure> {
    let at = object.last_modified.map(timestamp);
    if json {
        return line(&ObjectLine {
            key: object.key.as_str(),
            size: object.size,
            last_modified: at,
            etag: &object.etag,
        });
    }
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    // Names are whole here: they are what the next command is given.
    let name = readable::name(object.key.as_str(), usize::MAX);
    Ok(format!(
        "{at:TIME$}  {:>8}  {name}\n",
        output::bytes(object.size)
    ))
}

fn bucket_line(bucket: &ListedBucket, json: bool) -> Result<String, Failure> {
    let created = bucket.created.map(timestamp);
    if json {
        return line(&BucketLine {
            bucket: bucket.name.as_str(),
            created,
        });
    }
    let created = created.map(|at| at.to_string()).unwrap_or_default();
    Ok(format!("{created:TIME$}  {}\n", bucket.name))
}

fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_unix(at.unix_timestamp())
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    Ok(text.context("could not write JSON")? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::ObjectKey;

    #[test]
    fn an_object_is_one_line_whatever_its_key() {
        let object = Listed {
            key: ObjectKey::new("a\x1b[2J\nb").unwrap(),
            size: 1_400_000,
            etag: "e".into(),
            last_modified: Some(OffsetDateTime::from_unix_timestamp(1_300_000_000).unwrap()),
        };
        let text = object_line(&object, false).unwrap();
        assert_eq!(text, "2011-03-13T07:06:40Z    1.4 MB  a\\u{1b}[2J\\nb\n");
        let json: serde_json::Value =
            serde_json::from_str(&object_line(&object, true).unwrap()).unwrap();
        assert_eq!(
            (&json["key"], &json["size"]),
            (&"a\x1b[2J\nb".into(), &1_400_000.into())
        );
        assert_eq!(json["last_modified"], "2011-03-13T07:06:40Z");
        let unknown = Listed {
            last_modified: None,
            ..object
        };
        assert!(
            object_line(&unknown, false)
                .unwrap()
                .starts_with("                      ")
        );
    }
}
