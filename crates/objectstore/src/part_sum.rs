//! The sum of a part that goes with it, and what the sums of all parts say of their object.
//!
//! MD5 goes as `Content-MD5`. Every other sum is that of an upload which was begun for it: S3 refuses it on others. A
//! CRC of the whole follows from those of the parts; of SHA-256 there is only that of the parts' SHA-256s (S3 User
//! Guide, *Checking object integrity*, full object and composite checksums).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, checksum, checksum_combine};
use md5::{Digest as _, Md5};
use model::capabilities::PartCheck;
use sha2::Sha256;

use crate::evidence::{Algorithm, Difference, Source, Statement};
use crate::upload::PartReceipt;

/// What the bytes of a part add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSum {
    /// MD5.
    Md5([u8; 16]),
    /// CRC-64/NVME.
    Crc64Nvme(u64),
    /// CRC-32C.
    Crc32c(u32),
    /// SHA-256.
    Sha256([u8; 32]),
}

impl PartSum {
    /// Sums up a part.
    #[must_use]
    pub fn of(check: PartCheck, part: &[u8]) -> Self {
        match check {
            PartCheck::Md5 => Self::Md5(Md5::digest(part).into()),
            PartCheck::Crc64Nvme => Self::Crc64Nvme(checksum(CrcAlgorithm::Crc64Nvme, part)),
            PartCheck::Crc32c => Self::Crc32c(low(checksum(CrcAlgorithm::Crc32Iscsi, part))),
            PartCheck::Sha256 => Self::Sha256(Sha256::digest(part).into()),
        }
    }

    /// Reads a sum, big end first; `None` if it has not as many bytes.
    #[must_use]
    pub fn from_bytes(check: PartCheck, bytes: &[u8]) -> Option<Self> {
        Some(match check {
            PartCheck::Md5 => Self::Md5(bytes.try_into().ok()?),
            PartCheck::Crc64Nvme => Self::Crc64Nvme(u64::from_be_bytes(bytes.try_into().ok()?)),
            PartCheck::Crc32c => Self::Crc32c(u32::from_be_bytes(bytes.try_into().ok()?)),
            PartCheck::Sha256 => Self::Sha256(bytes.try_into().ok()?),
        })
    }

    /// Reads a sum in base64, as headers and documents have it.
    pub(crate) fn from_base64(check: PartCheck, text: &str) -> Option<Self> {
        Self::from_bytes(check, &STANDARD.decode(text.trim()).ok()?)
    }

    /// How it was made.
    #[must_use]
    pub fn check(&self) -> PartCheck {
        match self {
            Self::Md5(_) => PartCheck::Md5,
            Self::Crc64Nvme(_) => PartCheck::Crc64Nvme,
            Self::Crc32c(_) => PartCheck::Crc32c,
            Self::Sha256(_) => PartCheck::Sha256,
        }
    }

    /// The sum, big end first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Md5(md5) => md5.to_vec(),
            Self::Crc64Nvme(crc) => crc.to_be_bytes().to_vec(),
            Self::Crc32c(crc) => crc.to_be_bytes().to_vec(),
            Self::Sha256(sha256) => sha256.to_vec(),
        }
    }

    /// The sum, if it is SHA-256.
    pub(crate) fn sha256(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Sha256(sha256) => Some(sha256),
            Self::Md5(_) | Self::Crc64Nvme(_) | Self::Crc32c(_) => None,
        }
    }

    /// The sum in base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }
}

/// How S3 spells a sum that is not MD5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SumNames {
    /// What `x-amz-checksum-algorithm` says.
    pub(crate) algorithm: &'static str,
    /// What `x-amz-checksum-type` says, where S3 takes another for granted.
    pub(crate) kind: Option<&'static str>,
    /// The header of a sum.
    pub(crate) header: &'static str,
    /// The element of a sum.
    pub(crate) element: &'static str,
}

/// How S3 spells a sum; `None` for MD5, which needs no upload of its own.
pub(crate) fn names(check: PartCheck) -> Option<SumNames> {
    match check {
        PartCheck::Md5 => None,
        PartCheck::Crc64Nvme => Some(SumNames {
            algorithm: "CRC64NVME",
            kind: Some("FULL_OBJECT"),
            header: "x-amz-checksum-crc64nvme",
            element: "ChecksumCRC64NVME",
        }),
        PartCheck::Crc32c => Some(SumNames {
            algorithm: "CRC32C",
            kind: Some("FULL_OBJECT"),
            header: "x-amz-checksum-crc32c",
            element: "ChecksumCRC32C",
        }),
        PartCheck::Sha256 => Some(SumNames {
            algorithm: "SHA256",
            kind: None,
            header: "x-amz-checksum-sha256",
            element: "ChecksumSHA256",
        }),
    }
}

/// What the store has to say of the object that is made of `parts`, if it says anything by the sum they were checked
/// by. `None` if they went by MD5, or the sum of one is not known.
#[must_use]
pub fn of_whole(parts: &[PartReceipt]) -> Option<Statement> {
    let sums: Vec<(PartSum, u64)> = parts
        .iter()
        .map(|part| Some((part.sum?, part.size)))
        .collect::<Option<_>>()?;
    let (first, _) = sums.first()?;
    let (algorithm, count, value) = match first.check() {
        PartCheck::Md5 => return None,
        PartCheck::Crc64Nvme => {
            let whole = combined(CrcAlgorithm::Crc64Nvme, &sums)?;
            (Algorithm::Crc64Nvme, None, whole.to_be_bytes().to_vec())
        }
        PartCheck::Crc32c => {
            let whole = low(combined(CrcAlgorithm::Crc32Iscsi, &sums)?);
            (Algorithm::Crc32c, None, whole.to_be_bytes().to_vec())
        }
        PartCheck::Sha256 => {
            let of_parts: Vec<u8> = sums.iter().flat_map(|(sum, _)| sum.to_bytes()).collect();
            let count = u32::try_from(sums.len()).ok()?;
            let whole = Sha256::digest(&of_parts);
            (Algorithm::Sha256, Some(count), whole.to_vec())
        }
    };
    Some(Statement {
        source: Source::Checksum,
        algorithm,
        parts: count,
        value,
    })
}

/// Whether what a store says of an object agrees with the sums of its parts; what differs as the error. `None` if it
/// says nothing by their sum.
#[must_use]
pub fn agree(said: &[Statement], parts: &[PartReceipt]) -> Option<Result<(), Difference>> {
    let whole = of_whole(parts)?;
    let is_alike =
        |said: &&Statement| (said.algorithm, said.parts) == (whole.algorithm, whole.parts);
    let said = said.iter().find(is_alike)?.clone();
    Some(match said.value == whole.value {
        true => Ok(()),
        false => Err(Difference {
            said,
            found: whole.value,
        }),
    })
}

/// The CRC of all parts in their order; `None` if one went by another sum.
fn combined(algorithm: CrcAlgorithm, sums: &[(PartSum, u64)]) -> Option<u64> {
    let crcs = sums.iter().map(|(sum, size)| match sum {
        PartSum::Crc64Nvme(crc) if algorithm == CrcAlgorithm::Crc64Nvme => Some((*crc, *size)),
        PartSum::Crc32c(crc) if algorithm == CrcAlgorithm::Crc32Iscsi => {
            Some((u64::from(*crc), *size))
        }
        PartSum::Md5(_) | PartSum::Sha256(_) | PartSum::Crc64Nvme(_) | PartSum::Crc32c(_) => None,
    });
    let crcs: Vec<(u64, u64)> = crcs.collect::<Option<_>>()?;
    let combine = |(whole, _): (u64, u64), (crc, size): (u64, u64)| {
        (checksum_combine(algorithm, whole, crc, size), size)
    };
    crcs.into_iter().reduce(combine).map(|(whole, _)| whole)
}

/// The half of a register in which a CRC of 32 bits lies.
fn low(crc: u64) -> u32 {
    let [.., a, b, c, d] = crc.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::PartNumber;

    fn receipts(check: PartCheck, parts: &[&[u8]]) -> Vec<PartReceipt> {
        let numbered = (0..).zip(parts);
        numbered
            .map(|(index, part)| PartReceipt {
                number: PartNumber::from_index(index).unwrap(),
                etag: "opaque".to_owned(),
                size: part.len() as u64,
                sum: Some(PartSum::of(check, part)),
            })
            .collect()
    }

    /// The check values of the CRC RevEng catalogue, and of RFC 1321 and FIPS 180-2.
    #[test]
    fn sums_of_parts_are_the_published_ones_in_base64() {
        for (check, part, published) in [
            (PartCheck::Md5, "abc", "kAFQmDzST7DWlj99KOF/cg=="),
            (PartCheck::Crc64Nvme, "123456789", "rosUhgp5mIg="),
            (PartCheck::Crc32c, "123456789", "4waSgw=="),
            (
                PartCheck::Sha256,
                "abc",
                "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            ),
        ] {
            let sum = PartSum::of(check, part.as_bytes());
            assert_eq!(sum.to_base64(), published);
            assert_eq!(sum.check(), check);
            assert_eq!(PartSum::from_base64(check, published), Some(sum));
            assert_eq!(PartSum::from_base64(check, "AAA="), None);
        }
    }

    #[test]
    fn the_sum_of_the_whole_follows_from_those_of_its_parts() {
        let parts: [&[u8]; 4] = [b"first", b"", b"the second, longer", b"3"];
        let whole = parts.concat();
        for (check, algorithm) in [
            (PartCheck::Crc64Nvme, Algorithm::Crc64Nvme),
            (PartCheck::Crc32c, Algorithm::Crc32c),
        ] {
            let said = of_whole(&receipts(check, &parts)).unwrap();
            assert_eq!((said.algorithm, said.parts), (algorithm, None));
            assert_eq!(said.value, PartSum::of(check, &whole).to_bytes());
            let swapped = of_whole(&receipts(check, &[parts[2], parts[0], parts[3]])).unwrap();
            assert_ne!(swapped.value, said.value, "the order counts");
        }
    }

    #[test]
    fn the_sha256_of_parts_is_one_of_their_sums() {
        let said = of_whole(&receipts(PartCheck::Sha256, &[b"one", b"two"])).unwrap();
        // (printf one | sha256sum | xxd -r -p; printf two | sha256sum | xxd -r -p) | sha256sum
        assert_eq!(hex::encode(&said.value), COMPOSITE_OF_ONE_AND_TWO);
        assert_eq!(said.parts, Some(2));
    }

    const COMPOSITE_OF_ONE_AND_TWO: &str =
        "11914c19a28a98c57d12f3cce6c32b7944784f4b4781a706c24eb1dc284e2856";

    #[test]
    fn what_a_store_says_of_the_whole_is_compared_with_its_parts() {
        let parts = receipts(PartCheck::Crc64Nvme, &[b"one", b"two"]);
        let right = of_whole(&parts).unwrap();
        let wrong = Statement {
            value: vec![7; 8],
            ..right.clone()
        };
        // Of another algorithm, of other parts: nothing to be compared.
        let other = of_whole(&receipts(PartCheck::Sha256, &[b"one"])).unwrap();
        let composite = Statement {
            parts: Some(2),
            ..wrong.clone()
        };
        assert_eq!(agree(&[], &parts), None);
        assert_eq!(agree(&[other.clone(), composite], &parts), None);
        assert_eq!(agree(&[other, right.clone()], &parts), Some(Ok(())));
        let difference = agree(std::slice::from_ref(&wrong), &parts)
            .unwrap()
            .unwrap_err();
        assert_eq!((difference.said, difference.found), (wrong, right.value));
    }

    #[test]
    fn of_parts_of_which_one_is_not_known_nothing_follows() {
        assert_eq!(of_whole(&[]), None);
        assert_eq!(of_whole(&receipts(PartCheck::Md5, &[b"one"])), None);
        let mut parts = receipts(PartCheck::Crc64Nvme, &[b"one", b"two"]);
        parts[1].sum = Some(PartSum::of(PartCheck::Crc32c, b"two"));
        assert_eq!(of_whole(&parts), None);
        parts[1].sum = None;
        assert_eq!(of_whole(&parts), None);
    }
}
