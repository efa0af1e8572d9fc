//! The XML that goes over the wire: what we write, and what we read.

use awsproto::xml::Element;
use model::capabilities::PartCheck;
use model::ids::{BucketName, ObjectKey};
use percent_encoding::percent_decode_str;
use quick_xml::escape::escape;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::headers::bare_etag;
use crate::error::StoreError;
use crate::object::{Listed, ListedBucket, Page, Tag};
use crate::part_sum::{self, PartSum, SumNames};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The body of `CompleteMultipartUpload`.
pub(crate) fn complete(parts: &[PartReceipt]) -> String {
    let parts: String = parts
        .iter()
        .map(|part| {
            let (number, etag) = (part.number, escape(&part.etag));
            let sum = part.sum.map(sum_element).unwrap_or_default();
            format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag>{sum}</Part>")
        })
        .collect();
    format!("<CompleteMultipartUpload xmlns=\"{NAMESPACE}\">{parts}</CompleteMultipartUpload>")
}

/// The sum of a part, which S3 wants to be told again; nothing for MD5.
fn sum_element(sum: PartSum) -> String {
    match part_sum::names(sum.check()) {
        Some(SumNames { element, .. }) => format!("<{element}>{}</{element}>", sum.to_base64()),
        None => String::new(),
    }
}

/// The body of `CreateBucket`; empty for the region that has no name of its own.
pub(crate) fn create_bucket(region: &str) -> String {
    if region == "us-east-1" {
        return String::new();
    }
    let region = escape(region);
    format!(
        "<CreateBucketConfiguration xmlns=\"{NAMESPACE}\"><LocationConstraint>{region}\
         </LocationConstraint></CreateBucketConfiguration>"
    )
}

/// The body of `PutObjectTagging`.
pub(crate) fn tagging(tags: &[Tag]) -> String {
    let tags: String = tags
        .iter()
        .map(|(key, value)| {
            let (key, value) = (escape(key), escape(value));
            format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
        })
        .collect();
    format!("<Tagging xmlns=\"{NAMESPACE}\"><TagSet>{tags}</TagSet></Tagging>")
}

/// Reads `GetObjectTagging`, and sorts: S3 promises no order.
pub(crate) fn tags(root: &Element) -> Result<Vec<Tag>, StoreError> {
    expect_root(root, "Tagging")?;
    let sets = root.children_named("TagSet");
    let mut tags: Vec<Tag> = sets
        .flat_map(|set| set.children_named("Tag"))
        .map(|tag| Ok((text(tag, "Key")?.to_owned(), text(tag, "Value")?.to_owned())))
        .collect::<Result<_, StoreError>>()?;
    tags.sort_unstable();
    Ok(tags)
}

/// Reads `GetObjectAcl`: whether everybody may read (S3 User Guide, *Access control list overview*).
pub(crate) fn is_public(root: &Element) -> Result<bool, StoreError> {
    const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
    expect_root(root, "AccessControlPolicy")?;
    let lists = root.children_named("AccessControlList");
    let mut grants = lists.flat_map(|list| list.children_named("Grant"));
    Ok(grants.any(|grant| {
        let grantee = grant.descend(&["Grantee", "URI"]);
        let everybody = grantee.is_some_and(|uri| uri.text.trim() == EVERYBODY);
        everybody && matches!(grant.text_of("Permission"), Some("READ" | "FULL_CONTROL"))
    }))
}

/// Reads `GetBucketLocation`: an empty answer is us-east-1, `EU` an old name of eu-west-1.
pub(crate) fn region(root: &Element) -> Result<String, StoreError> {
    // SeaweedFS answers with what one would create the bucket with.
    let region = match &*root.name {
        "CreateBucketConfiguration" => root.text_of("LocationConstraint").unwrap_or_default(),
        _ => expect_root(root, "LocationConstraint").map(|()| &*root.text)?,
    };
    Ok(match region.trim() {
        "" => "us-east-1",
        "EU" => "eu-west-1",
        named => named,
    }
    .to_owned())
}

/// Reads `ListAllMyBucketsResult`. Names that no bucket of ours can have are left out.
pub(crate) fn buckets(root: &Element) -> Result<Vec<ListedBucket>, StoreError> {
    expect_root(root, "ListAllMyBucketsResult")?;
    let buckets = root.children_named("Buckets");
    let buckets = buckets.flat_map(|buckets| buckets.children_named("Bucket"));
    Ok(buckets
        .filter_map(|bucket| {
            Some(ListedBucket {
                name: BucketName::new(bucket.text_of("Name")?).ok()?,
                created: time_of(bucket, "CreationDate"),
            })
        })
        .collect())
}

/// Reads `InitiateMultipartUploadResult`.
pub(crate) fn upload_id(root: &Element) -> Result<UploadId, StoreError> {
    expect_root(root, "InitiateMultipartUploadResult")?;
    match text(root, "UploadId")? {
        "" => Err(unreadable("`UploadId` is empty")),
        id => Ok(UploadId::new(id)),
    }
}

/// Reads the entity tag of `CompleteMultipartUploadResult`; `None` if it is empty.
pub(crate) fn completed_etag(root: &Element) -> Result<Option<String>, StoreError> {
    expect_root(root, "CompleteMultipartUploadResult")?;
    let etag = bare_etag(root.text_of("ETag").unwrap_or_default());
    Ok((!etag.is_empty()).then(|| etag.to_owned()))
}

/// A stretch of an upload's parts.
pub(crate) struct PartsPage {
    pub(crate) parts: Vec<PartReceipt>,
    pub(crate) next: Option<String>,
}

/// Reads `ListPartsResult`.
pub(crate) fn parts(root: &Element) -> Result<PartsPage, StoreError> {
    expect_root(root, "ListPartsResult")?;
    let parts: Vec<PartReceipt> = root
        .children_named("Part")
        .map(part)
        .collect::<Result<_, _>>()?;
    // An empty page that promises more would be asked for forever.
    let more = truncated(root) && !parts.is_empty();
    let told = root.text_of("NextPartNumberMarker").map(str::to_owned);
    let last = parts.last().map(|part| part.number.to_string());
    Ok(PartsPage {
        next: if more { told.or(last) } else { None },
        parts,
    })
}

fn part(element: &Element) -> Result<PartReceipt, StoreError> {
    let number = PartNumber::new(number(element, "PartNumber")?);
    Ok(PartReceipt {
        number: number.map_err(|error| unreadable(&error.to_string()))?,
        etag: bare_etag(text(element, "ETag")?).to_owned(),
        size: number_of_bytes(element)?,
        sum: sum_of(element),
    })
}

/// The sum of a part, where the store lists one.
fn sum_of(part: &Element) -> Option<PartSum> {
    let mut checks = PartCheck::BEFORE_MD5.into_iter();
    checks.find_map(|check| {
        let names = part_sum::names(check)?;
        PartSum::from_base64(check, part.text_of(names.element)?)
    })
}

/// A stretch of a bucket's open uploads.
pub(crate) struct UploadsPage {
    pub(crate) uploads: Vec<OpenUpload>,
    pub(crate) next: Option<OpenUpload>,
}

/// Reads `ListMultipartUploadsResult`.
pub(crate) fn uploads(root: &Element) -> Result<UploadsPage, StoreError> {
    expect_root(root, "ListMultipartUploadsResult")?;
    let spelling = Spelling::of(root);
    let upload = |element: &Element| {
        Ok(OpenUpload {
            key: spelling.read(text(element, "Key")?)?,
            id: UploadId::new(text(element, "UploadId")?),
            initiated: time_of(element, "Initiated"),
        })
    };
    let uploads: Vec<OpenUpload> = root
        .children_named("Upload")
        .map(upload)
        .collect::<Result<_, StoreError>>()?;
    let next = truncated(root).then(|| uploads.last().cloned()).flatten();
    Ok(UploadsPage { uploads, next })
}

/// Reads `ListBucketResult`, of version 2.
pub(crate) fn page(root: &Element) -> Result<Page, StoreError> {
    expect_root(root, "ListBucketResult")?;
    let keys = root.children_named("Contents");
    let spelling = Spelling::of(root).unless_raw(keys.filter_map(|it| it.text_of("Key")));
    let objects: Vec<Listed> = root
        .children_named("Contents")
        .map(|element| listed(element, spelling))
        .collect::<Result<_, _>>()?;
    let more = truncated(root);
    let next = root.text_of("NextContinuationToken");
    let next = next.filter(|next| more && !next.is_empty());
    if more && objects.is_empty() && next.is_none() {
        return Err(unreadable(
            "a page without objects promises more of them, and nothing to go on with",
        ));
    }
    Ok(Page {
        objects,
        more,
        next: next.map(str::to_owned),
    })
}

fn listed(element: &Element, spelling: Spelling) -> Result<Listed, StoreError> {
    let key = spelling.read(text(element, "Key")?)?;
    Ok(Listed {
        key: ObjectKey::new(key).map_err(|error| unreadable(&error.to_string()))?,
        size: number_of_bytes(element)?,
        etag: bare_etag(element.text_of("ETag").unwrap_or_default()).to_owned(),
        last_modified: time_of(element, "LastModified"),
    })
}

/// An instant, where the store says a readable one.
fn time_of(element: &Element, name: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(element.text_of(name)?.trim(), &Rfc3339).ok()
}

/// How a listing spells its keys. Stores may ignore the wish for `encoding-type=url`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Plain,
    Url,
}

impl Spelling {
    fn of(root: &Element) -> Self {
        match root.text_of("EncodingType") {
            Some("url") => Self::Url,
            _ => Self::Plain,
        }
    }

    /// Some stores say that they encode and do not: a text has what no encoding leaves.
    fn unless_raw<'t>(self, mut texts: impl Iterator<Item = &'t str>) -> Self {
        match texts.any(is_raw) {
            true => Self::Plain,
            false => self,
        }
    }

    fn read(self, text: &str) -> Result<String, StoreError> {
        match self {
            Self::Plain => Ok(text.to_owned()),
            Self::Url => {
                // S3 spells a space as in a form; a plus of the key's own comes as `%2B`.
                let spaced = text.replace('+', " ");
                let decoded = percent_decode_str(&spaced).decode_utf8();
                decoded
                    .map(std::borrow::Cow::into_owned)
                    .map_err(|_| unreadable("a key is not UTF-8"))
            }
        }
    }
}

/// Whether a text cannot be one that was encoded for a URL.
fn is_raw(text: &str) -> bool {
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`');
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut percents = text.match_indices('%');
    text.contains(odd)
        || percents.any(|(at, _)| !is_digit(bytes.get(at + 1)) || !is_digit(bytes.get(at + 2)))
}

fn truncated(root: &Element) -> bool {
    root.text_of("IsTruncated") == Some("true")
}

fn number_of_bytes(element: &Element) -> Result<u64, StoreError> {
    number(element, "Size")
}

fn number(element: &Element, name: &str) -> Result<u64, StoreError> {
    let text = text(element, name)?;
    text.trim()
        .parse()
        .map_err(|_| unreadable(&format!("`{name}` is no number: `{text}`")))
}

fn text<'e>(element: &'e Element, name: &str) -> Result<&'e str, StoreError> {
    let text = element.text_of(name);
    text.ok_or_else(|| unreadable(&format!("`{}` has no `{name}`", element.name)))
}

fn expect_root(root: &Element, name: &str) -> Result<(), StoreError> {
    if root.name == name {
        return Ok(());
    }
    Err(unreadable(&format!(
        "`{}` came instead of `{name}`",
        root.name
    )))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::protocol(200, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(xml: &str) -> Element {
        awsproto::xml::parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn keys_are_decoded_only_if_the_store_says_they_are_encoded() {
        let contents = "<Contents><Key>a+b%2Bc%20%C3%A9</Key><Size>3</Size></Contents>";
        let plain = read(&format!("<ListBucketResult>{contents}</ListBucketResult>"));
        assert_eq!(
            page(&plain).unwrap().objects[0].key.as_str(),
            "a+b%2Bc%20%C3%A9"
        );
        let url = read(&format!(
            "<ListBucketResult><EncodingType>url</EncodingType>{contents}</ListBucketResult>"
        ));
        assert_eq!(page(&url).unwrap().objects[0].key.as_str(), "a b+c é");
        // It says so and does not do it: the space tells.
        let raw = "<Contents><Key>a b</Key><Size>1</Size></Contents>\
                   <Contents><Key>a+b%20</Key><Size>1</Size></Contents>";
        let page = page(&read(&format!(
            "<ListBucketResult><EncodingType>url</EncodingType>{raw}</ListBucketResult>"
        )));
        let keys: Vec<String> = page
            .unwrap()
            .objects
            .iter()
            .map(|it| it.key.to_string())
            .collect();
        assert_eq!(keys, ["a b", "a+b%20"]);
    }

    #[test]
    fn a_page_that_would_be_asked_for_forever_is_unreadable() {
        let root = read("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>");
        assert!(matches!(page(&root), Err(StoreError::Transport(_))));
        // What a store found on the way may have been removed.
        let root = read(
            "<ListBucketResult><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>on</NextContinuationToken></ListBucketResult>",
        );
        let empty = page(&root).unwrap();
        assert_eq!((empty.more, empty.next.as_deref()), (true, Some("on")));
    }

    #[test]
    fn buckets_are_listed_with_the_time_they_were_made() {
        let xml = "<ListAllMyBucketsResult><Owner/><Buckets><Bucket><Name>photos</Name>\
            <CreationDate>2026-01-02T03:04:05.000Z</CreationDate></Bucket><Bucket><Name>b2c</Name>\
            </Bucket><Bucket><Name></Name></Bucket></Buckets></ListAllMyBucketsResult>";
        let buckets = buckets(&read(xml)).unwrap();
        let named: Vec<_> = buckets
            .iter()
            .map(|bucket| (bucket.name.as_str(), bucket.created.is_some()))
            .collect();
        assert_eq!(named, [("photos", true), ("b2c", false)]);
    }

    #[test]
    fn regions_have_old_names() {
        for (xml, name) in [
            ("<LocationConstraint/>", "us-east-1"),
            ("<LocationConstraint>EU</LocationConstraint>", "eu-west-1"),
            ("<LocationConstraint>garage</LocationConstraint>", "garage"),
        ] {
            assert_eq!(region(&read(xml)).unwrap(), name);
        }
    }

    #[test]
    fn the_tag_of_a_completed_object_may_be_empty() {
        let result = |etag| {
            let xml = format!(
                "<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>"
            );
            completed_etag(&read(&xml)).unwrap()
        };
        assert_eq!(result(""), None);
        assert_eq!(result("&quot;&quot;"), None);
        assert_eq!(result("&#34;abc-2&#34;").as_deref(), Some("abc-2"));
    }

    #[test]
    fn documents_we_write_can_be_read() {
        let parts = [PartReceipt {
            number: PartNumber::FIRST,
            etag: "a<&\"b".to_owned(),
            size: 1,
            sum: Some(PartSum::Crc32c(0xe306_9283)),
        }];
        let root = read(&complete(&parts));
        let etag = root.descend(&["Part", "ETag"]).unwrap();
        assert_eq!(etag.text, "\"a<&\"b\"");
        let sum = root.descend(&["Part", "ChecksumCRC32C"]).unwrap();
        assert_eq!(sum.text, "4waSgw==");
        assert_eq!(create_bucket("us-east-1"), "");
        assert_eq!(
            read(&create_bucket("x<y")).text_of("LocationConstraint"),
            Some("x<y")
        );
    }
}
