//! Content that was summed up part by part, compared with what is said of an object.
//!
//! Whoever reads a file in parts has the sum of each, and MD5 and SHA-256 of the whole: what follows from those is enough
//! to know an object again, without its bytes passing through [`Sums`](super::Sums).

use model::capabilities::PartCheck;

use super::{Algorithm, Evidence, Statement};
use crate::part_sum;
use crate::upload::{PartReceipt, expected_etag};

impl Evidence {
    /// By which sum parts are to be summed up, so that something that is said can be compared with them. `None` if
    /// nothing can. The cheapest where MD5 or SHA-256 of the whole are enough.
    #[must_use]
    pub fn part_check(&self) -> Option<PartCheck> {
        let any = |is: &dyn Fn(&Statement) -> bool| self.statements.iter().any(is);
        let is_whole_sum =
            |said: &Statement| said.is_whole(Algorithm::Sha256) || said.is_whole(Algorithm::Md5);
        let of_parts =
            |said: &Statement, algorithm| said.parts.is_some() && said.algorithm == algorithm;
        if any(&|said| said.is_whole(Algorithm::Crc64Nvme)) {
            Some(PartCheck::Crc64Nvme)
        } else if any(&|said| said.is_whole(Algorithm::Crc32c)) {
            Some(PartCheck::Crc32c)
        } else if any(&is_whole_sum) {
            Some(PartCheck::Crc64Nvme)
        } else if any(&|said| of_parts(said, Algorithm::Sha256)) {
            Some(PartCheck::Sha256)
        } else if any(&|said| of_parts(said, Algorithm::Md5)) {
            Some(PartCheck::Md5)
        } else {
            None
        }
    }

    /// Whether content is proved to be the object's: its MD5 and SHA-256 are these, and its parts have these sums.
    /// Something that is said must agree, and nothing may differ, but for an entity tag beside something that says more.
    #[must_use]
    pub fn proves(&self, md5: &[u8; 16], sha256: &[u8; 32], parts: &[PartReceipt]) -> bool {
        let of_parts = of_whole(parts);
        let has_more = self.has_more_than_the_tag();
        let counts = |said: &&Statement| !(said.is_tag() && has_more);
        let agrees = |said: &Statement| {
            let found: &[u8] = match &of_parts {
                _ if said.is_whole(Algorithm::Md5) => md5,
                _ if said.is_whole(Algorithm::Sha256) => sha256,
                Some(of) if (of.algorithm, of.parts) == (said.algorithm, said.parts) => &of.value,
                Some(_) | None => return None,
            };
            Some(said.value == found)
        };
        let mut compared = self.statements.iter().filter(counts).filter_map(agrees);
        // One that agrees, and then none that does not.
        compared.next() == Some(true) && compared.all(|agrees| agrees)
    }
}

/// What follows from the sums of parts for the whole.
fn of_whole(parts: &[PartReceipt]) -> Option<Statement> {
    let by_tags = || Statement::of_entity_tag(&expected_etag(parts)?);
    part_sum::of_whole(parts).or_else(by_tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Checksums;
    use crate::evidence::Source;
    use crate::object::{Attributes, ObjectInfo};
    use crate::part_sum::PartSum;
    use crate::upload::PartNumber;

    fn receipts(check: PartCheck, parts: &[&[u8]]) -> Vec<PartReceipt> {
        let numbered = (0..).zip(parts);
        let receipt = |(index, part): (u64, &&[u8])| PartReceipt {
            number: PartNumber::from_index(index).unwrap(),
            etag: Checksums::of(part).md5_hex(),
            size: part.len() as u64,
            sum: Some(PartSum::of(check, part)).filter(|sum| !sum.check().is_md5()),
        };
        numbered.map(receipt).collect()
    }

    fn object(etag: &str, checksums: Vec<Statement>) -> ObjectInfo {
        ObjectInfo {
            size: 0,
            etag: etag.to_owned(),
            last_modified: None,
            sha256: None,
            checksums,
            is_tag_opaque: false,
            tag_count: None,
            attributes: Attributes::default(),
        }
    }

    /// Whether two parts are proved to be the object, by the sum that the evidence asks for.
    fn is_proved(info: &ObjectInfo, tags: &[(String, String)], parts: [&[u8]; 2]) -> Option<bool> {
        let evidence = Evidence::of(info, tags);
        let whole = Checksums::of(&parts.concat());
        let sums = receipts(evidence.part_check()?, &parts);
        Some(evidence.proves(&whole.md5, &whole.sha256.unwrap(), &sums))
    }

    #[test]
    fn an_object_is_known_again_by_whatever_is_said_of_it() {
        let parts: [&[u8]; 2] = [b"the first", b"second"];
        let whole = Checksums::of(&parts.concat());
        let by = |check| part_sum::of_whole(&receipts(check, &parts)).unwrap();
        let tag = expected_etag(&receipts(PartCheck::Md5, &parts)).unwrap();
        let sha256 = ("sha256".to_owned(), whole.sha256_hex().unwrap());
        let told = [
            (object(&tag, vec![]), vec![]),
            (object(&whole.md5_hex(), vec![]), vec![]),
            (object("opaque", vec![by(PartCheck::Crc64Nvme)]), vec![]),
            (object("opaque", vec![by(PartCheck::Crc32c)]), vec![]),
            (object("opaque", vec![by(PartCheck::Sha256)]), vec![]),
            (object("opaque", vec![]), vec![sha256]),
        ];
        for (info, tags) in told {
            assert_eq!(is_proved(&info, &tags, parts), Some(true), "{info:?}");
            let others: [&[u8]; 2] = [b"the first", b"secund"];
            assert_eq!(is_proved(&info, &tags, others), Some(false), "{info:?}");
        }
        assert_eq!(is_proved(&object("opaque", vec![]), &[], parts), None);
    }

    /// A tag that looks like an MD5 and is none outweighs nothing, and a sum that differs is not outweighed.
    #[test]
    fn what_differs_proves_that_it_is_another() {
        let parts: [&[u8]; 2] = [b"one", b"two"];
        let right = part_sum::of_whole(&receipts(PartCheck::Crc64Nvme, &parts)).unwrap();
        let wrong = Statement {
            source: Source::Checksum,
            value: vec![7; 8],
            ..right.clone()
        };
        let other_tag = Checksums::of(b"something else").md5_hex();
        let beside = object(&other_tag, vec![right]);
        assert_eq!(is_proved(&beside, &[], parts), Some(true));
        let md5 = Checksums::of(&parts.concat()).md5_hex();
        assert_eq!(
            is_proved(&object(&md5, vec![wrong]), &[], parts),
            Some(false)
        );
    }

    /// The same bytes in other parts are not compared: nothing follows from their tag.
    #[test]
    fn other_parts_prove_nothing() {
        let tag = expected_etag(&receipts(PartCheck::Md5, &[b"onet", b"wo"])).unwrap();
        assert_eq!(
            is_proved(&object(&tag, vec![]), &[], [b"one", b"two"]),
            Some(false)
        );
        let three = format!("{}-3", tag.split_once('-').unwrap().0);
        assert_eq!(
            is_proved(&object(&three, vec![]), &[], [b"one", b"two"]),
            Some(false)
        );
    }
}
