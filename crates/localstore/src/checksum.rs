//! The digests of an object: MD5 always, and whichever additional checksums the client chose.
//!
//! Values are kept in the form S3 shows them: base64, with `-N` behind it for a composite of N parts.
//! See *Checking object integrity* in the Amazon S3 User Guide.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::crypto::{Checksum, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An additional checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name in `x-amz-checksum-algorithm`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries the value.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    pub(crate) fn from_header(header: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.header().eq_ignore_ascii_case(header))
    }

    /// Bytes of a digest.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// What S3 makes of the parts of an upload when the client does not say.
    pub(crate) fn default_kind(self) -> Kind {
        match self {
            Self::Crc64Nvme => Kind::FullObject,
            Self::Crc32 | Self::Crc32c | Self::Sha1 | Self::Sha256 => Kind::Composite,
        }
    }

    /// Whether S3 knows this kind of checksum over several parts.
    pub(crate) fn can_be(self, kind: Kind) -> bool {
        match kind {
            Kind::FullObject => matches!(self, Self::Crc32 | Self::Crc32c | Self::Crc64Nvme),
            Kind::Composite => self != Self::Crc64Nvme,
        }
    }

    fn crc(self) -> Option<crc_fast::CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(crc_fast::CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(crc_fast::CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(crc_fast::CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// Over what a checksum was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Kind {
    /// All bytes of the object.
    #[default]
    FullObject,
    /// The digests of the parts, one after another.
    Composite,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

/// The additional checksums of an object or part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Checksums {
    #[serde(default)]
    pub(crate) kind: Kind,
    #[serde(flatten)]
    pub(crate) values: BTreeMap<Algorithm, String>,
}

impl Checksums {
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<String> {
        self.values.get(&algorithm).cloned()
    }
}

/// MD5 and some additional checksums on their way.
pub(crate) struct Hashing {
    md5: Md5,
    others: Vec<Running>,
}

enum Running {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hashing {
    pub(crate) fn new(algorithms: &BTreeSet<Algorithm>) -> Self {
        let others = algorithms
            .iter()
            .map(|algorithm| Running::new(*algorithm))
            .collect();
        Self {
            md5: Md5::new(),
            others,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        for other in &mut self.others {
            match other {
                Running::Crc32(hash) => hash.update(bytes),
                Running::Crc32c(hash) => hash.update(bytes),
                Running::Crc64Nvme(hash) => hash.update(bytes),
                Running::Sha1(hash) => hash.update(bytes),
                Running::Sha256(hash) => hash.update(bytes),
            }
        }
    }

    pub(crate) fn finish(self) -> ([u8; 16], Checksums) {
        let values = self.others.into_iter().map(Running::finish).collect();
        (
            self.md5.finalize(),
            Checksums {
                kind: Kind::FullObject,
                values,
            },
        )
    }
}

impl Running {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn finish(self) -> (Algorithm, String) {
        match self {
            Self::Crc32(hash) => (Algorithm::Crc32, STANDARD.encode(hash.finalize())),
            Self::Crc32c(hash) => (Algorithm::Crc32c, STANDARD.encode(hash.finalize())),
            Self::Crc64Nvme(hash) => (Algorithm::Crc64Nvme, STANDARD.encode(hash.finalize())),
            Self::Sha1(hash) => (Algorithm::Sha1, STANDARD.encode(hash.finalize())),
            Self::Sha256(hash) => (Algorithm::Sha256, STANDARD.encode(hash.finalize())),
        }
    }
}

/// Decodes a value that a client sent; `None` if it is no digest of the algorithm.
pub(crate) fn decode(algorithm: Algorithm, value: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(value)
        .ok()
        .filter(|digest| digest.len() == algorithm.bytes())
}

/// The checksum of an object from those of its parts and their sizes; `None` if one is missing.
pub(crate) fn of_parts(
    algorithm: Algorithm,
    kind: Kind,
    parts: &[(u64, &Checksums)],
) -> Option<String> {
    let digests: Option<Vec<(u64, Vec<u8>)>> = parts
        .iter()
        .map(|(size, sums)| Some((*size, decode(algorithm, sums.values.get(&algorithm)?)?)))
        .collect();
    match kind {
        Kind::Composite => composite(algorithm, &digests?),
        Kind::FullObject => combined(algorithm, &digests?),
    }
}

fn composite(algorithm: Algorithm, digests: &[(u64, Vec<u8>)]) -> Option<String> {
    let mut hash = Running::new(algorithm);
    for (_, digest) in digests {
        match &mut hash {
            Running::Crc32(hash) => hash.update(digest),
            Running::Crc32c(hash) => hash.update(digest),
            Running::Crc64Nvme(hash) => hash.update(digest),
            Running::Sha1(hash) => hash.update(digest),
            Running::Sha256(hash) => hash.update(digest),
        }
    }
    Some(format!("{}-{}", hash.finish().1, digests.len()))
}

fn combined(algorithm: Algorithm, digests: &[(u64, Vec<u8>)]) -> Option<String> {
    let crc = algorithm.crc()?;
    let whole = digests
        .iter()
        .map(|(size, digest)| (*size, big_endian(digest)))
        .reduce(|(_, first), (size, second)| {
            (size, crc_fast::checksum_combine(crc, first, second, size))
        })?
        .1
        .to_be_bytes();
    Some(STANDARD.encode(&whole[whole.len() - algorithm.bytes()..]))
}

fn big_endian(digest: &[u8]) -> u64 {
    digest
        .iter()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The entity tag of a multipart object: the MD5 of the parts' MD5s, and their number.
pub(crate) fn multipart_etag(parts: &[[u8; 16]]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    format!("{}-{}", hex::encode(hash.finalize()), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(bytes: &[u8]) -> Checksums {
        let mut hashing = Hashing::new(&Algorithm::ALL.into_iter().collect());
        hashing.update(bytes);
        hashing.finish().1
    }

    /// The check values of the CRC catalogue and of FIPS 180 for `123456789`.
    #[test]
    fn published_check_values() {
        let sums = sums(b"123456789");
        let hex = |algorithm| hex::encode(decode(algorithm, &sums.values[&algorithm]).unwrap());
        assert_eq!(hex(Algorithm::Crc32), "cbf43926");
        assert_eq!(hex(Algorithm::Crc32c), "e3069283");
        assert_eq!(hex(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(
            hex(Algorithm::Sha1),
            "f7c3bc1d808e04732adf679965ccc34ca7ae3441"
        );
    }

    #[test]
    fn crcs_of_parts_combine_to_the_crc_of_the_whole() {
        let (a, b, c) = (vec![7_u8; 100_000], b"middle".to_vec(), vec![0_u8; 12_345]);
        let parts: Vec<_> = [&a, &b, &c].map(|part| (part.len(), sums(part))).to_vec();
        let parts: Vec<_> = parts
            .iter()
            .map(|(size, sums)| (u64::try_from(*size).unwrap(), sums))
            .collect();
        let whole = sums(&[a.clone(), b.clone(), c.clone()].concat());
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            assert_eq!(
                of_parts(algorithm, Kind::FullObject, &parts),
                whole.get(algorithm)
            );
        }
        assert_eq!(of_parts(Algorithm::Sha1, Kind::FullObject, &parts), None);
    }

    #[test]
    fn composites_carry_the_number_of_parts() {
        let part = sums(b"123456789");
        let value = of_parts(
            Algorithm::Sha256,
            Kind::Composite,
            &[(9, &part), (9, &part)],
        )
        .unwrap();
        assert!(value.ends_with("=-2"), "{value}");
    }

    #[test]
    fn written_form_is_stable() {
        let mut sums = Checksums {
            kind: Kind::Composite,
            values: BTreeMap::new(),
        };
        sums.values
            .insert(Algorithm::Crc64Nvme, "AAAAAAAAAAA=".to_owned());
        let text = serde_json::to_string(&sums).unwrap();
        assert_eq!(text, r#"{"kind":"COMPOSITE","CRC64NVME":"AAAAAAAAAAA="}"#);
        assert_eq!(serde_json::from_str::<Checksums>(&text).unwrap(), sums);
    }
}
