//! CreateMultipartUpload, CompleteMultipartUpload, AbortMultipartUpload.

use super::attributes::{
    algorithm, etag, given_checksums, in_xml, label_of, show_checksums_and_kind,
};
use super::fault::fault;
use super::put::{condition, healing};
use super::snowball::Extraction;
use super::{caller, parts};
use crate::checksum::{self, Algorithm, Checksums, Kind};
use crate::error::StoreError;
use crate::index::apply::{Change, Condition};
use crate::index::rows::{self, Moment, Upload};
use crate::limits;
use crate::store::LocalStore;
use crate::tree::{Incoming, Tree};
use s3s::dto::*;
use s3s::{S3Error, S3Request, S3Result, s3_error};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

pub(super) async fn create(
    store: &LocalStore,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let label = label_of!(request.input, caller(&request));
    if Extraction::take(&mut label.attributes.metadata.clone()).is_some() {
        return Err(s3_error!(
            NotImplemented,
            "An archive that is to be extracted must be put in one piece."
        ));
    }
    let input = request.input;
    let checksum = checksum_of(
        input.checksum_algorithm.as_ref(),
        input.checksum_type.as_ref(),
    )?;
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload {
        id: id.clone(),
        label,
        initiated: Moment::now(),
        checksum,
    };
    store
        .change(Change::CreateUpload(upload))
        .await
        .map_err(fault)?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.map(|(_, kind)| ChecksumType::from_static(kind.name())),
        key: in_xml(input.key),
        upload_id: Some(id),
        ..Default::default()
    })
}

pub(super) async fn abort(
    store: &LocalStore,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let caller = caller(&request);
    let AbortMultipartUploadInput {
        bucket,
        key,
        upload_id,
        ..
    } = request.input;
    parts::find(store, &caller, (&bucket, &key), &upload_id).await?;
    store
        .change(Change::AbortUpload {
            bucket,
            key,
            upload: upload_id,
        })
        .await
        .map_err(fault)?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn complete(
    store: &LocalStore,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let caller = caller(&request);
    let input = request.input;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let named = named_parts(input.multipart_upload.as_ref())?;
    let target = (input.bucket.as_str(), input.key.as_str());
    let upload = match parts::find(store, &caller, target, &input.upload_id).await {
        Ok(upload) => upload,
        Err(error) => return completed_before(store, &input, &named).await.ok_or(error),
    };
    match put_together(store, upload, &input, &named, condition).await {
        // Somebody else may have completed it meanwhile, and its parts are gone.
        Err(error)
            if parts::find(store, &caller, target, &input.upload_id)
                .await
                .is_err() =>
        {
            completed_before(store, &input, &named).await.ok_or(error)
        }
        outcome => outcome,
    }
}

/// Makes the named parts the object, if they are those that are stored.
async fn put_together(
    store: &LocalStore,
    upload: Upload,
    input: &CompleteMultipartUploadInput,
    named: &[Named],
    condition: Condition,
) -> S3Result<CompleteMultipartUploadOutput> {
    let stored = store
        .index
        .parts(&upload.id, 0, usize::MAX)
        .await
        .map_err(fault)?;
    let chosen = choose(named, stored)?;
    let sizes: Vec<u64> = chosen.iter().map(|part| part.size).collect();
    let size = sizes.iter().sum();
    check_sizes(&sizes, size, input.mpu_object_size)?;
    let checksums = whole_checksums(&upload, &chosen, &given_checksums!(input))?;
    let md5s: Vec<[u8; 16]> = chosen.iter().map(|part| part.md5).collect();
    let object = rows::Object {
        path: String::new(),
        size,
        modified: Moment::now(),
        etag: checksum::multipart_etag(&md5s),
        checksums,
        parts: sizes,
        label: upload.label,
    };
    let condition = healing(store, &object.label, condition).await?;
    let finished = finish(store.clone(), upload.id, chosen, object, condition);
    if size <= limits::SLOW_COMPLETE_BYTES {
        return finished.await;
    }
    // Spawned, so that a client that stops waiting does not undo what it asked for.
    let finished = tokio::spawn(finished);
    let future = Box::pin(async move { finished.await.map_err(S3Error::internal_error)? });
    Ok(CompleteMultipartUploadOutput {
        future: Some(future),
        ..Default::default()
    })
}

/// Puts the parts together and makes them the object.
async fn finish(
    store: LocalStore,
    upload: String,
    parts: Vec<rows::Part>,
    object: rows::Object,
    condition: Condition,
) -> S3Result<CompleteMultipartUploadOutput> {
    let tree = Arc::clone(&store.tree);
    let contents = tokio::task::spawn_blocking(move || assemble(&tree, &parts))
        .await
        .map_err(S3Error::internal_error)?
        .map_err(not_assembled)?;
    let output = shown(&object);
    let change = Change::Complete {
        upload,
        object,
        condition,
    };
    store.change_with(change, contents).await.map_err(fault)?;
    Ok(output)
}

/// A part whose file somebody removed or cut has to be sent again; trying again is of no use.
fn not_assembled(error: StoreError) -> S3Error {
    match &error {
        StoreError::Disk { source, .. }
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
            ) =>
        {
            tracing::error!(%error, cause = %source, "the file of a part is gone; send the part again");
            s3_error!(
                InvalidPart,
                "The file of a part is gone from the store's folder. Send the part again."
            )
        }
        _ => fault(error),
    }
}

/// Copies inside the kernel, which on some file systems copies nothing at all.
fn assemble(tree: &Tree, parts: &[rows::Part]) -> Result<Incoming, StoreError> {
    let mut whole = tree.incoming()?;
    for part in parts {
        let copied = File::open(tree.path(&part.path))
            .and_then(|mut file| io::copy(&mut file, &mut whole.file))
            .map_err(StoreError::disk("put parts together"))?;
        if copied != part.size {
            let source = io::ErrorKind::UnexpectedEof.into();
            return Err(StoreError::disk("put parts together")(source));
        }
    }
    tree.sync(&whole)?;
    Ok(whole)
}

/// A part as the client names it.
struct Named {
    number: i32,
    etag: String,
    checksums: BTreeMap<Algorithm, String>,
}

fn named_parts(upload: Option<&CompletedMultipartUpload>) -> S3Result<Vec<Named>> {
    let parts = upload
        .and_then(|upload| upload.parts.as_deref())
        .unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "You must specify at least one part"
        ));
    }
    let named: Option<Vec<Named>> = parts
        .iter()
        .map(|part| {
            Some(Named {
                number: part.part_number?,
                etag: part.e_tag.as_ref()?.value().to_owned(),
                checksums: given_checksums!(part),
            })
        })
        .collect();
    let named = named.ok_or_else(|| s3_error!(MalformedXML, "A part has no number or ETag"))?;
    if !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number."
        ));
    }
    Ok(named)
}

/// The stored parts that the client names, in order.
fn choose(named: &[Named], stored: Vec<rows::Part>) -> S3Result<Vec<rows::Part>> {
    let mut stored: BTreeMap<i32, rows::Part> =
        stored.into_iter().map(|part| (part.number, part)).collect();
    named
        .iter()
        .map(|named| stored.remove(&named.number).filter(|part| is_same(named, part)))
        .collect::<Option<_>>()
        .ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
            )
        })
}

fn is_same(named: &Named, part: &rows::Part) -> bool {
    let known = &part.checksums.values;
    named.etag == hex::encode(part.md5)
        && named
            .checksums
            .iter()
            .all(|(algorithm, value)| known.get(algorithm).is_none_or(|known| known == value))
}

fn check_sizes(sizes: &[u64], total: u64, promised: Option<i64>) -> S3Result<()> {
    let (_, full) = sizes.split_last().ok_or_else(|| s3_error!(MalformedXML))?;
    if full.iter().any(|size| *size < limits::PART_MIN_BYTES) {
        return Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size"
        ));
    }
    if total > limits::OBJECT_BYTES {
        return Err(s3_error!(EntityTooLarge));
    }
    if promised.is_some_and(|promised| u64::try_from(promised) != Ok(total)) {
        return Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header does not match the parts."
        ));
    }
    Ok(())
}

fn checksum_of(
    name: Option<&ChecksumAlgorithm>,
    kind: Option<&ChecksumType>,
) -> S3Result<Option<(Algorithm, Kind)>> {
    let Some(algorithm) = algorithm(name)? else {
        return Ok(None);
    };
    let kind = match kind.map(ChecksumType::as_str) {
        Some("FULL_OBJECT") => Kind::FullObject,
        Some("COMPOSITE") => Kind::Composite,
        _ => algorithm.default_kind(),
    };
    if !algorithm.can_be(kind) {
        return Err(s3_error!(
            InvalidRequest,
            "The {} checksum type cannot be used with the {} checksum algorithm.",
            kind.name(),
            algorithm.name()
        ));
    }
    Ok(Some((algorithm, kind)))
}

/// The checksums of the finished object, compared with those the client gives for it.
fn whole_checksums(
    upload: &Upload,
    parts: &[rows::Part],
    given: &BTreeMap<Algorithm, String>,
) -> S3Result<Checksums> {
    let sums: Vec<(u64, &Checksums)> = parts
        .iter()
        .map(|part| (part.size, &part.checksums))
        .collect();
    let (chosen, kind) = match upload.checksum {
        Some((algorithm, kind)) => (Some(algorithm), kind),
        None => (None, Kind::FullObject),
    };
    let mut whole = Checksums {
        kind,
        values: BTreeMap::new(),
    };
    for algorithm in chosen.into_iter().chain(given.keys().copied()) {
        if let Some(value) = checksum::of_parts(algorithm, kind, &sums) {
            whole.values.insert(algorithm, value);
        }
    }
    for (algorithm, given) in given {
        let known = whole.values.get(algorithm).ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "The parts were not uploaded with {} checksums.",
                algorithm.name()
            )
        })?;
        // Some clients leave out the number of parts.
        if known != given && known.split('-').next() != Some(given) {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
    }
    Ok(whole)
}

/// Completing again what was completed is harmless: the object is there and has the parts' tag.
async fn completed_before(
    store: &LocalStore,
    input: &CompleteMultipartUploadInput,
    named: &[Named],
) -> Option<CompleteMultipartUploadOutput> {
    let md5s: Option<Vec<[u8; 16]>> = named
        .iter()
        .map(|part| hex::decode(&part.etag).ok()?.try_into().ok())
        .collect();
    let object = store.index.object(&input.bucket, &input.key).await.ok()??;
    let is_it = object.etag == checksum::multipart_etag(&md5s?);
    (is_it && store.tree.length(&object.path) == Some(object.size)).then(|| shown(&object))
}

fn shown(object: &rows::Object) -> CompleteMultipartUploadOutput {
    let label = &object.label;
    let mut output = CompleteMultipartUploadOutput {
        bucket: Some(label.bucket.clone()),
        e_tag: Some(etag(&object.etag)),
        key: in_xml(label.key.clone()),
        location: in_xml(format!("/{}/{}", label.bucket, label.key)),
        ..Default::default()
    };
    show_checksums_and_kind!(output, &object.checksums);
    output
}
