//! What the store keeps of an object's content, and whether bytes are those.

use lanes::{Md5, Sha256};
use model::identity::SHA256_NAME;
use objectstore::object::ObjectInfo;

/// MD5 and SHA-256 of bytes as they pass.
#[derive(Default)]
pub(super) struct Hashes {
    md5: Md5,
    sha256: Sha256,
}

/// What the bytes of an object must come to. Multipart tags are no MD5s, and say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    md5: Option<String>,
    /// The store's own and that of the metadata, if there are any: each must be right.
    sha256: Vec<String>,
}

impl Known {
    /// What a listing or a HEAD says: the entity tag, if it has the form of an MD5.
    pub(super) fn of_etag(etag: &str) -> Self {
        Self {
            md5: hex_of(etag, 16),
            sha256: Vec::new(),
        }
    }

    /// What the store and the metadata say. A SHA-256 decides alone: entity tags of encrypted
    /// objects look like MD5s and are none.
    pub(super) fn of(info: &ObjectInfo) -> Self {
        let in_metadata = info
            .attributes
            .metadata
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(SHA256_NAME))
            .and_then(|(_, value)| hex_of(value, 32));
        Self {
            md5: hex_of(&info.etag, 16).filter(|_| !info.is_tag_opaque),
            sha256: info
                .sha256
                .map(hex::encode)
                .into_iter()
                .chain(in_metadata)
                .collect(),
        }
    }

    /// Whether there is anything to compare with.
    pub(super) fn is_something(&self) -> bool {
        self.md5.is_some() || !self.sha256.is_empty()
    }

    /// What is wrong with bytes of these hashes, if something is.
    pub(super) fn differs(&self, hashes: Hashes) -> Option<String> {
        let (md5, sha256) = hashes.finish();
        let wrong = |name: &str, is: &str, known: &str| {
            (is != known).then(|| format!("its {name} is {is}, and {known} was stored with it"))
        };
        match (self.sha256.as_slice(), &self.md5) {
            ([], None) => None,
            ([], Some(known)) => wrong("MD5", &md5, known),
            (all, _) => all
                .iter()
                .find_map(|known| wrong("SHA-256", &sha256, known)),
        }
    }
}

impl Hashes {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha256.update(bytes);
    }

    fn finish(self) -> (String, String) {
        (
            hex::encode(self.md5.finish()),
            hex::encode(self.sha256.finish()),
        )
    }
}

/// Lower-case hexadecimal of so many bytes.
fn hex_of(text: &str, bytes: usize) -> Option<String> {
    let is_hex = text.len() == bytes * 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use objectstore::object::Attributes;

    fn hashes(bytes: &[u8]) -> Hashes {
        let mut hashes = Hashes::default();
        hashes.update(bytes);
        hashes
    }

    fn info(etag: &str, sha256: Option<&str>) -> ObjectInfo {
        let metadata = sha256.map(|value| ("SHA256".to_owned(), value.to_owned()));
        ObjectInfo {
            size: 0,
            etag: etag.to_owned(),
            last_modified: None,
            sha256: None,
            checksums: Vec::new(),
            is_tag_opaque: false,
            tag_count: None,
            attributes: Attributes {
                metadata: metadata.into_iter().collect(),
                ..Attributes::default()
            },
        }
    }

    const EMPTY_MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";
    const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_strongest_hash_that_is_known_decides() {
        assert_eq!(Known::of(&info(EMPTY_MD5, None)).differs(hashes(b"")), None);
        let wrong = Known::of(&info(EMPTY_MD5, None))
            .differs(hashes(b"x"))
            .unwrap();
        assert!(
            wrong.starts_with("its MD5 is 9dd4e461268c8034f5c8564e155c67a6"),
            "{wrong}"
        );
        // As of an object encrypted with a key of its own.
        let encrypted = Known::of(&info(&"a".repeat(32), Some(EMPTY_SHA256)));
        assert_eq!(encrypted.differs(hashes(b"")), None);
        assert!(
            encrypted
                .differs(hashes(b"x"))
                .unwrap()
                .starts_with("its SHA-256 is")
        );
    }

    #[test]
    fn what_is_no_hash_decides_nothing() {
        for etag in ["", "abc-2", &format!("{}-3", EMPTY_MD5)] {
            let known = Known::of(&info(etag, Some("not one")));
            assert!(!known.is_something(), "{etag}");
            assert_eq!(known.differs(hashes(b"x")), None);
        }
    }
}
