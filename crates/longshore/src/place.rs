//! How a bucket and what is in it are named on the command line: `photos`, `photos/2019/`, and the
//! same behind `s3://`, as AWS tools write it.

use model::ids::BucketName;

/// A bucket, and what keys in it are or begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The bucket.
    pub(crate) bucket: BucketName,
    /// A key, or the beginning of keys; empty for the whole bucket.
    pub(crate) key: String,
}

impl Place {
    /// Reads `BUCKET`, `BUCKET/KEY` or `s3://BUCKET/KEY`. What follows the first slash is the key, to
    /// the letter: it may begin with a slash of its own.
    ///
    /// # Errors
    /// If the bucket is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let bare = without_scheme(text);
        let (bucket, key) = bare.split_once('/').unwrap_or((bare, ""));
        Ok(Self {
            bucket: BucketName::new(bucket).map_err(|error| error.to_string())?,
            key: key.to_owned(),
        })
    }

    /// Which keys are meant: what is named is an object or a folder, so that `2019` is not `2019-best`.
    /// Only a star at the end means every key that begins so.
    pub(crate) fn keys(&self) -> Keys<'_> {
        match self.key.strip_suffix('*') {
            Some(start) => Keys::Beginning(start),
            None if self.key.is_empty() || self.key.ends_with('/') => Keys::Beginning(&self.key),
            None => Keys::Folder(&self.key),
        }
    }

    /// What keys begin with in a listing, where a slip costs nothing: all that S3 would show.
    pub(crate) fn prefix(&self) -> &str {
        self.key.strip_suffix('*').unwrap_or(&self.key)
    }

    /// How many bytes of a key are the folder that the named things lie in: the rest is their name.
    pub(crate) fn base(&self) -> usize {
        self.key.rfind('/').map_or(0, |slash| slash + 1)
    }
}

/// Which keys of a bucket a place stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys<'a> {
    /// Every key that begins so.
    Beginning(&'a str),
    /// The key itself, and those below it as if it were a folder.
    Folder(&'a str),
}

/// `s3://photos/a`
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "s3://{}", self.bucket),
            key => write!(f, "s3://{}/{key}", self.bucket),
        }
    }
}

/// Reads the name of a bucket where nothing but a bucket can be meant: `photos`, `s3://photos`,
/// `s3://photos/`.
///
/// # Errors
/// If it is none, or more than one.
pub(crate) fn bucket(text: &str) -> Result<BucketName, String> {
    let bare = without_scheme(text);
    let name = match text.len() == bare.len() {
        true => bare,
        false => bare.strip_suffix('/').unwrap_or(bare),
    };
    BucketName::new(name).map_err(|error| error.to_string())
}

/// Reads the name of the bucket to import into. Whoever names a place in it learns where that goes.
///
/// # Errors
/// As [`bucket`].
pub(crate) fn bucket_of_import(text: &str) -> Result<BucketName, String> {
    bucket(text).map_err(|error| match Place::parse(text) {
        Ok(Place { bucket, key }) if !key.is_empty() => format!(
            "a bucket has no slash in its name: what keys are to begin with is said by `--prefix`, as in \
             `--bucket {bucket} --prefix {key}`"
        ),
        _ => format!("{error}; {NAMING}"),
    })
}

/// What the name of a bucket may be in the embedded store.
pub(crate) const NAMING: &str = "the embedded store has buckets of 3 to 63 lower-case letters, digits, dots and \
     hyphens that begin and end with a letter or a digit";

/// Whether a name is as [`NAMING`] says. What is reserved besides, the store says.
pub(crate) fn may_be_embedded(bucket: &BucketName) -> bool {
    let name = bucket.as_str();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| plain(c) || ".-".contains(c))
        && name.starts_with(plain)
        && name.ends_with(plain)
}

fn without_scheme(text: &str) -> &str {
    let scheme = text
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("s3://"));
    scheme.map_or(text, |_| &text[5..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_with_and_without_their_scheme() {
        for (text, bucket, key, base) in [
            ("photos", "photos", "", 0),
            ("photos/", "photos", "", 0),
            ("s3://photos", "photos", "", 0),
            ("S3://photos/2019/", "photos", "2019/", 5),
            ("s3://photos/2019/a.jpg", "photos", "2019/a.jpg", 5),
            ("photos//odd", "photos", "/odd", 1),
            ("photos/s3://x", "photos", "s3://x", 5),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!(
                (place.bucket.as_str(), place.key.as_str()),
                (bucket, key),
                "{text}"
            );
            assert_eq!(place.base(), base, "{text}");
        }
        for text in ["", "s3://", "/a", "s3:///a", "a b"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_an_object_or_a_folder_and_a_star_is_a_beginning() {
        for (text, keys, prefix) in [
            ("photos", Keys::Beginning(""), ""),
            ("photos/*", Keys::Beginning(""), ""),
            ("photos/2019/", Keys::Beginning("2019/"), "2019/"),
            ("photos/2019", Keys::Folder("2019"), "2019"),
            ("photos/2019*", Keys::Beginning("2019"), "2019"),
            ("photos/2019**", Keys::Beginning("2019*"), "2019*"),
            ("photos/20*9", Keys::Folder("20*9"), "20*9"),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.keys(), place.prefix()), (keys, prefix), "{text}");
        }
    }

    #[test]
    fn a_bucket_alone_takes_no_key() {
        for text in ["photos", "s3://photos", "s3://photos/"] {
            assert_eq!(bucket(text).unwrap().as_str(), "photos", "{text}");
        }
        for text in ["photos/", "s3://photos/a", "s3://", ""] {
            assert!(bucket(text).is_err(), "{text}");
        }
        for (name, may_be) in [
            ("my.photos-2", true),
            ("Photos", false),
            ("my_photos", false),
            ("photos-", false),
            (&"p".repeat(64), false),
        ] {
            let name = BucketName::new(name).unwrap();
            assert_eq!(may_be_embedded(&name), may_be, "{name}");
        }
        let words = bucket_of_import("s3://photos/a b/").unwrap_err();
        assert!(
            words.ends_with("`--bucket photos --prefix a b/`"),
            "{words}"
        );
        let words = bucket_of_import("my photos").unwrap_err();
        assert!(words.contains("3 to 63 lower-case letters"), "{words}");
    }
}
