//! What an object carries of the file it was made from: the SHA-256 of its content and the time of
//! the file's last change. By both a file that is in a bucket already is known again.

use crate::attributes::Attributes;
use crate::file_time::FileTime;
use crate::limits;
use crate::missing::Missing;

/// The name under which an object's SHA-256 is kept with it, in lower-case hexadecimal: user
/// metadata, or a tag of objects that are sent in parts.
pub const SHA256_NAME: &str = "sha256";

/// The name under which the time of the file's last change is kept with its object, as rclone does.
pub const MTIME_NAME: &str = "mtime";

/// The name under which it is kept with an object how many of its bytes are zeros because its device could not be read.
pub const MISSING_BYTES_NAME: &str = "missing-bytes";

/// The name under which it is kept which bytes these are, as HTTP writes ranges.
pub const MISSING_RANGES_NAME: &str = "missing-ranges";

/// What stands there if they are too many.
const SEE_REPORT: &str = "see report";

/// Most bytes of user metadata an object can have, names and values together (S3 User Guide,
/// *Working with object metadata*).
pub const METADATA_BYTES: usize = 2048;

/// What some stores (MinIO) count for each name beside the name itself.
const PREFIX: &str = "x-amz-meta-";

/// Adds the SHA-256 of an object's content to what it carries; see [`add`].
pub fn add_sha256(attributes: &mut Attributes, sha256: Option<String>) {
    add(attributes, SHA256_NAME, sha256);
}

/// Adds the time of its file's last change to what an object carries; see [`add`].
pub fn add_mtime(attributes: &mut Attributes, modified: Option<FileTime>) {
    add(
        attributes,
        MTIME_NAME,
        modified.map(|time| time.to_string()),
    );
}

/// Adds what an object lacks of its file; see [`add`]. Says whether it does: an object that cannot say so must not be.
#[must_use]
pub fn add_missing(attributes: &mut Attributes, missing: &Missing) -> bool {
    if missing.is_empty() {
        return true;
    }
    let bytes = missing.bytes().to_string();
    if !add(attributes, MISSING_BYTES_NAME, Some(bytes)) {
        return false;
    }
    let list = Some(missing.list()).filter(|list| list.len() <= limits::MISSING_LIST_BYTES);
    if !add(attributes, MISSING_RANGES_NAME, list) {
        add(attributes, MISSING_RANGES_NAME, Some(SEE_REPORT.to_owned()));
    }
    true
}

/// Whether an object says that it lacks some of its file.
#[must_use]
pub fn is_partial(attributes: &Attributes) -> bool {
    value(attributes, MISSING_BYTES_NAME).is_some()
}

/// Adds metadata of ours, unless the customer uses the name, or has taken so much of the room that
/// the store would refuse the object: what is ours is left out then, never the file. Says whether it was added.
fn add(attributes: &mut Attributes, name: &str, value: Option<String>) -> bool {
    let Some(value) = value else { return false };
    let metadata = &mut attributes.metadata;
    let is_free = |(taken, _): &(String, String)| !taken.eq_ignore_ascii_case(name);
    let size = |name: &str, value: &str| PREFIX.len() + name.len() + value.len();
    let taken: usize = metadata.iter().map(|(name, value)| size(name, value)).sum();
    let fits = metadata.iter().all(is_free) && taken + size(name, &value) <= METADATA_BYTES;
    if fits {
        metadata.push((name.to_owned(), value));
    }
    fits
}

/// The time of its file's last change, if an object carries one.
#[must_use]
pub fn mtime(attributes: &Attributes) -> Option<FileTime> {
    value(attributes, MTIME_NAME)?.parse().ok()
}

/// The SHA-256 of its content, if an object carries one: 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256(attributes: &Attributes) -> Option<&str> {
    value(attributes, SHA256_NAME).filter(|text| is_sha256(text))
}

/// Whether a text is a SHA-256 as we write it.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn value<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    let mut metadata = attributes.metadata.iter();
    let found = metadata.find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrying(metadata: &[(&str, &str)]) -> Attributes {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Attributes {
            metadata: metadata.iter().map(owned).collect(),
            ..Attributes::default()
        }
    }

    #[test]
    fn an_object_carries_sum_and_time_of_its_file() {
        let mut attributes = carrying(&[]);
        let time = FileTime::from_ns(1_298_426_159_123_456_789);
        add_sha256(&mut attributes, Some("ab".repeat(32)));
        add_mtime(&mut attributes, Some(time));
        let expected = [("sha256", "ab".repeat(32)), ("mtime", time.to_string())];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(attributes.metadata, expected);
        assert_eq!(mtime(&attributes), Some(time));
        assert_eq!(sha256(&attributes), Some(&*"ab".repeat(32)));
        add_mtime(&mut attributes, Some(FileTime::from_ns(1)));
        assert_eq!(attributes.metadata.len(), 2);
    }

    /// What the manifest says under the name is neither replaced nor taken for ours.
    #[test]
    fn the_names_are_the_customers_first() {
        let mut attributes = carrying(&[("MTime", "2011-02-23T01:55:59Z"), ("Sha256", "mine")]);
        let before = attributes.clone();
        add_sha256(&mut attributes, Some("ab".repeat(32)));
        add_mtime(&mut attributes, Some(FileTime::from_ns(1)));
        assert_eq!(attributes, before);
        assert_eq!((mtime(&attributes), sha256(&attributes)), (None, None));
    }

    /// What an object lacks it says, in little room, or it is none.
    #[test]
    fn an_object_says_what_it_lacks_or_cannot_be() {
        let few = Missing::of([0..512, 4096..8192]).unwrap();
        let many = Missing::of((0..200).map(|at| at << 20..(at << 20) + 1)).unwrap();
        for (taken, missing, expected) in [
            (0, &few, Some(["4608", "0-511,4096-8191"])),
            (0, &many, Some(["200", "see report"])),
            (2048 - 12 - 28 - 35, &few, Some(["4608", "see report"])),
            (2048 - 12 - 27, &few, None),
        ] {
            let mut attributes = carrying(&[("a", &"x".repeat(taken))]);
            assert_eq!(add_missing(&mut attributes, missing), expected.is_some());
            assert_eq!(is_partial(&attributes), expected.is_some(), "{taken}");
            let own = attributes.metadata[1..].iter();
            let own: Vec<_> = own.map(|(_, value)| value.as_str()).collect();
            assert_eq!(own, expected.map(Vec::from).unwrap_or_default(), "{taken}");
        }
        let mut whole = carrying(&[]);
        assert!(add_missing(&mut whole, &Missing::default()) && !is_partial(&whole));
        let mut taken = carrying(&[("Missing-Bytes", "0")]);
        assert!(!add_missing(&mut taken, &few));
    }

    /// However much the customer's metadata takes, ours never makes it more than a store takes.
    #[test]
    fn what_does_not_fit_is_left_out() {
        for taken in 0..METADATA_BYTES {
            let mut attributes = carrying(&[("a", &"x".repeat(taken))]);
            add_sha256(&mut attributes, Some("ab".repeat(32)));
            add_mtime(
                &mut attributes,
                Some(FileTime::from_ns(1_500_000_000_000_000_001)),
            );
            let all = attributes.metadata.iter();
            let bytes: usize = all.map(|(name, value)| 11 + name.len() + value.len()).sum();
            let own = attributes.metadata.len() - 1;
            assert!(own == 0 || bytes <= METADATA_BYTES, "{taken}");
            assert_eq!(own == 2, taken <= 2048 - 12 - 81 - 36, "{taken}");
            let has_sha256 = sha256(&attributes).is_some();
            assert_eq!(
                has_sha256,
                taken <= 2048 - 12 - 81,
                "the sum first: {taken}"
            );
        }
    }
}
