//! What an object carries of the file it was made from: the SHA-256 of its content and the time of
//! the file's last change. By both a file that is in a bucket already is known again.

use crate::attributes::Attributes;
use crate::file_time::FileTime;

/// The name under which an object's SHA-256 is kept with it, in lower-case hexadecimal: user
/// metadata, or a tag of objects that are sent in parts.
pub const SHA256_NAME: &str = "sha256";

/// The name under which the time of the file's last change is kept with its object, as rclone does.
pub const MTIME_NAME: &str = "mtime";

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

/// Adds metadata of ours, unless the customer uses the name, or has taken so much of the room that
/// the store would refuse the object: what is ours is left out then, never the file.
fn add(attributes: &mut Attributes, name: &str, value: Option<String>) {
    let Some(value) = value else { return };
    let metadata = &mut attributes.metadata;
    let is_free = |(taken, _): &(String, String)| !taken.eq_ignore_ascii_case(name);
    let size = |name: &str, value: &str| PREFIX.len() + name.len() + value.len();
    let taken: usize = metadata.iter().map(|(name, value)| size(name, value)).sum();
    if metadata.iter().all(is_free) && taken + size(name, &value) <= METADATA_BYTES {
        metadata.push((name.to_owned(), value));
    }
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
