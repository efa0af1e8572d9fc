//! What is known of an object's content beside the content: said by the store, or kept with the object by
//! whoever put it. Compared with the bytes that came, it tells a damaged object from a sound one.
//!
//! Whoever reads an object [collects](Evidence::of) what is said, lets the bytes pass through
//! [`Sums`], and asks for the [difference](Sums::compare).

mod of_parts;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use md5::{Digest as _, Md5};
use model::identity::SHA256_NAME;
use sha1::Sha1;
use sha2::Sha256;

use crate::object::{ObjectInfo, Tag};

/// How a checksum is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// CRC-32 (ISO-HDLC).
    Crc32,
    /// CRC-32C (iSCSI).
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
}

impl Algorithm {
    /// Those that have a header (API reference, *Checking object integrity*).
    pub const OF_HEADERS: [(Self, &'static str); 5] = [
        (Self::Sha256, "x-amz-checksum-sha256"),
        (Self::Sha1, "x-amz-checksum-sha1"),
        (Self::Crc64Nvme, "x-amz-checksum-crc64nvme"),
        (Self::Crc32c, "x-amz-checksum-crc32c"),
        (Self::Crc32, "x-amz-checksum-crc32"),
    ];

    fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Crc32 => "CRC-32",
            Self::Crc32c => "CRC-32C",
            Self::Crc64Nvme => "CRC-64/NVME",
        })
    }
}

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The object's entity tag.
    EntityTag,
    /// A checksum that the store keeps.
    Checksum,
    /// The object's metadata.
    Metadata,
    /// A tag of the object.
    Tag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EntityTag => "entity tag",
            Self::Checksum => "stored checksum",
            Self::Metadata => "metadata `sha256`",
            Self::Tag => "tag `sha256`",
        })
    }
}

/// One thing that is said of an object's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where.
    pub source: Source,
    /// How it was made.
    pub algorithm: Algorithm,
    /// Of so many parts, if it is the checksum of the checksums of parts; `None` if of the content as it
    /// is.
    pub parts: Option<u32>,
    /// The checksum, big end first.
    pub value: Vec<u8>,
}

impl Statement {
    /// Reads the value of a checksum's header: base64, and `-N` behind it if it is of `N` parts.
    #[must_use]
    pub fn of_header(algorithm: Algorithm, text: &str) -> Option<Self> {
        let (text, parts) = match text.rsplit_once('-') {
            Some((text, parts)) => (text, Some(parts.parse().ok()?)),
            None => (text, None),
        };
        let value = STANDARD.decode(text).ok()?;
        (value.len() == algorithm.bytes()).then_some(Self {
            source: Source::Checksum,
            algorithm,
            parts,
            value,
        })
    }

    /// Reads an entity tag that looks like the MD5 of the content, or of its parts' MD5s.
    #[must_use]
    pub fn of_entity_tag(etag: &str) -> Option<Self> {
        let (text, parts) = match etag.split_once('-') {
            Some((text, parts)) => (text, Some(parts.parse().ok()?)),
            None => (etag, None),
        };
        Self::of_hex(Source::EntityTag, Algorithm::Md5, text).map(|it| Self { parts, ..it })
    }

    fn of_hex(source: Source, algorithm: Algorithm, text: &str) -> Option<Self> {
        let value = hex::decode(text).ok()?;
        (value.len() == algorithm.bytes()).then_some(Self {
            source,
            algorithm,
            parts: None,
            value,
        })
    }

    fn is_tag(&self) -> bool {
        self.source == Source::EntityTag
    }

    fn is_whole(&self, algorithm: Algorithm) -> bool {
        self.parts.is_none() && self.algorithm == algorithm
    }
}

/// The sizes of the parts in which an object was stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Parts {
    /// Nobody says.
    #[default]
    Unknown,
    /// The first has so many bytes, and the others are taken to have as many.
    Alike(u64),
    /// Each is known.
    Each(Vec<u64>),
}

impl Parts {
    /// Takes the parts of an object of `bytes` to be alike, if that comes to as many as it has.
    #[must_use]
    pub fn alike(first: u64, count: u32, bytes: u64) -> Self {
        let comes_to = bytes
            .max(1)
            .checked_div(first)
            .map(|whole| whole + u64::from(!bytes.max(1).is_multiple_of(first)));
        match comes_to {
            Some(parts) if parts == u64::from(count) => Self::Alike(first),
            _ => Self::Unknown,
        }
    }

    fn size(&self, index: usize) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Alike(bytes) => Some(*bytes),
            Self::Each(sizes) => sizes.get(index).copied(),
        }
    }
}

/// All that is said of an object's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    statements: Vec<Statement>,
}

impl Evidence {
    /// What the store's answer and the object's tags say.
    #[must_use]
    pub fn of(info: &ObjectInfo, tags: &[Tag]) -> Self {
        let mut statements = info.checksums.clone();
        let named = |source, pairs: &[(String, String)]| {
            let pair = pairs.iter().find(|(name, _)| name == SHA256_NAME)?;
            Statement::of_hex(source, Algorithm::Sha256, &pair.1)
        };
        statements.extend(named(Source::Metadata, &info.attributes.metadata));
        statements.extend(named(Source::Tag, tags));
        if !info.is_tag_opaque {
            statements.extend(Statement::of_entity_tag(&info.etag));
        }
        Self { statements }
    }

    /// Whether anything is said of the content as it is, other than by the entity tag.
    #[must_use]
    pub fn has_more_than_the_tag(&self) -> bool {
        let mut all = self.statements.iter();
        all.any(|said| !said.is_tag() && said.parts.is_none())
    }

    /// Of how many parts something is said that only their sizes make comparable, where nothing else is
    /// said of the content.
    #[must_use]
    pub fn parts(&self) -> Option<u32> {
        let mut all = self.statements.iter();
        match self.has_more_than_the_tag() {
            true => None,
            false => all.find_map(|said| said.parts),
        }
    }

    /// Begins to sum up content, in which parts have the sizes `parts`.
    #[must_use]
    pub fn sums(&self, parts: &Parts) -> Sums {
        let needs_parts = self.parts().is_some() && *parts != Parts::Unknown;
        let streams = self.statements.iter().filter_map(|said| {
            let is_made_elsewhere =
                said.is_whole(Algorithm::Md5) || said.is_whole(Algorithm::Sha256);
            match said.parts {
                None if !is_made_elsewhere => Some(Stream::new(said.clone(), None)),
                Some(_) if needs_parts => Some(Stream::new(said.clone(), Some(parts.clone()))),
                _ => None,
            }
        });
        Sums {
            streams: streams.collect(),
            evidence: self.clone(),
        }
    }
}

/// The content does not add up to what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What is said.
    pub said: Statement,
    /// What the content adds up to.
    pub found: Vec<u8>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statement {
            source,
            algorithm,
            value,
            parts,
        } = &self.said;
        let of = match parts {
            Some(parts) => format!(" of its {parts} parts"),
            None => String::new(),
        };
        write!(
            f,
            "its {algorithm}{of} is {}, and its {source} says {}",
            hex::encode(&self.found),
            hex::encode(value)
        )
    }
}

impl Difference {
    /// Whether it is the entity tag alone that differs.
    #[must_use]
    pub fn is_of_tag(&self) -> bool {
        self.said.is_tag()
    }
}

/// How content compares with all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What differs of what has to agree.
    pub difference: Option<Difference>,
    /// Whether the entity tag is the MD5 of the content; `None` if it does not look like one.
    pub tag_agrees: Option<bool>,
}

/// Sums up content that passes from its beginning to its end.
#[derive(Clone)]
pub struct Sums {
    evidence: Evidence,
    streams: Vec<Stream>,
}

impl fmt::Debug for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sums")
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}

impl Sums {
    /// Whether bytes have to pass through at all: MD5 and SHA-256 of all the content come from whoever
    /// reads.
    #[must_use]
    pub fn are_needed(&self) -> bool {
        !self.streams.is_empty()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.streams
            .iter_mut()
            .for_each(|stream| stream.update(bytes));
    }

    /// Compares the content, whose MD5 and SHA-256 are these, with what is said of it.
    ///
    /// An entity tag counts only where nothing else is said of the content: stores give tags that look
    /// like an MD5 and are none.
    #[must_use]
    pub fn compare(self, md5: &[u8; 16], sha256: &[u8; 32]) -> Compared {
        let has_more = self.evidence.has_more_than_the_tag();
        let whole = self.evidence.statements.iter().filter_map(|said| {
            let found: &[u8] = match said.algorithm {
                Algorithm::Md5 if said.parts.is_none() => md5,
                Algorithm::Sha256 if said.parts.is_none() => sha256,
                _ => return None,
            };
            Some((said.clone(), found.to_vec()))
        });
        let streams = self.streams.into_iter().map(Stream::finish);
        let mut compared = Compared {
            difference: None,
            tag_agrees: None,
        };
        for (said, found) in whole.chain(streams) {
            let agrees = said.value == found;
            if said.is_tag() {
                compared.tag_agrees = Some(agrees);
            }
            let is_outweighed = said.is_tag() && has_more;
            if !(agrees || is_outweighed) {
                let difference = Difference { said, found };
                compared.difference.get_or_insert(difference);
            }
        }
        compared
    }
}

/// One checksum while it is made.
#[derive(Clone)]
struct Stream {
    said: Statement,
    digest: Digest,
    parts: Option<PartSums>,
}

/// The checksums of the parts so far.
#[derive(Clone)]
struct PartSums {
    sizes: Parts,
    /// Parts that are over.
    count: usize,
    /// Bytes of the part that is not.
    into: u64,
    values: Vec<u8>,
}

impl Stream {
    fn new(said: Statement, sizes: Option<Parts>) -> Self {
        Self {
            digest: Digest::new(said.algorithm),
            parts: sizes.map(|sizes| PartSums {
                sizes,
                count: 0,
                into: 0,
                values: Vec::new(),
            }),
            said,
        }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        let Some(parts) = &mut self.parts else {
            return self.digest.update(bytes);
        };
        while !bytes.is_empty() {
            let size = parts.sizes.size(parts.count).unwrap_or(u64::MAX);
            let left = usize::try_from(size - parts.into.min(size)).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(left.min(bytes.len()));
            self.digest.update(now);
            parts.into += now.len() as u64;
            if parts.into >= size {
                parts.end(&mut self.digest, self.said.algorithm);
            }
            bytes = later;
        }
    }

    fn finish(mut self) -> (Statement, Vec<u8>) {
        let Some(mut parts) = self.parts else {
            return (self.said, self.digest.finish());
        };
        // An object without content has one part without any.
        if parts.into > 0 || parts.count == 0 {
            parts.end(&mut self.digest, self.said.algorithm);
        }
        let mut whole = Digest::new(self.said.algorithm);
        whole.update(&parts.values);
        (self.said, whole.finish())
    }
}

impl PartSums {
    fn end(&mut self, digest: &mut Digest, algorithm: Algorithm) {
        let over = std::mem::replace(digest, Digest::new(algorithm));
        self.values.extend(over.finish());
        self.count += 1;
        self.into = 0;
    }
}

#[derive(Clone)]
enum Digest {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Crc32(Crc),
    Crc64(Crc),
}

impl Digest {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Crc32 => Self::Crc32(Crc::new(CrcAlgorithm::Crc32IsoHdlc)),
            Algorithm::Crc32c => Self::Crc32(Crc::new(CrcAlgorithm::Crc32Iscsi)),
            Algorithm::Crc64Nvme => Self::Crc64(Crc::new(CrcAlgorithm::Crc64Nvme)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(md5) => md5.update(bytes),
            Self::Sha1(sha1) => sha1.update(bytes),
            Self::Sha256(sha256) => sha256.update(bytes),
            Self::Crc32(crc) | Self::Crc64(crc) => crc.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(md5) => md5.finalize().to_vec(),
            Self::Sha1(sha1) => sha1.finalize().to_vec(),
            Self::Sha256(sha256) => sha256.finalize().to_vec(),
            Self::Crc32(crc) => crc.finalize().to_be_bytes()[4..].to_vec(),
            Self::Crc64(crc) => crc.finalize().to_be_bytes().to_vec(),
        }
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
