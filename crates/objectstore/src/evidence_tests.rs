//! What an answer says of an object, compared with what was read.

use super::*;
use crate::checksum::{Checksums, composite_etag};
use crate::object::Attributes;

fn info(etag: &str) -> ObjectInfo {
    ObjectInfo {
        size: 9,
        etag: etag.to_owned(),
        last_modified: None,
        sha256: None,
        checksums: Vec::new(),
        is_tag_opaque: false,
        tag_count: None,
        attributes: Attributes::default(),
    }
}

fn compare(evidence: &Evidence, parts: &Parts, content: &[u8]) -> Compared {
    let mut sums = evidence.sums(parts);
    for piece in content.chunks(2) {
        sums.update(piece);
    }
    let whole = Checksums::of(content);
    sums.compare(&whole.md5, &whole.sha256.unwrap())
}

fn differs(evidence: &Evidence, content: &[u8]) -> bool {
    compare(evidence, &Parts::Unknown, content)
        .difference
        .is_some()
}

#[test]
fn every_kind_of_checksum_tells_other_bytes() {
    // CRC RevEng catalogue; FIPS 180.
    let said = [
        (Algorithm::Crc32, "y/Q5Jg=="),
        (Algorithm::Crc32c, "4waSgw=="),
        (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
        (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (
            Algorithm::Sha256,
            "FeKw09P9i/SSAO+KrDC9qygwrya7fEbXfFvDwzNkDiU=",
        ),
    ];
    for (algorithm, text) in said {
        let statement = Statement::of_header(algorithm, text);
        let Some(statement) = statement else {
            panic!("{algorithm}")
        };
        let evidence = Evidence {
            statements: vec![statement],
        };
        if algorithm != Algorithm::Sha256 {
            assert!(!differs(&evidence, b"123456789"), "{algorithm}");
        }
        assert!(differs(&evidence, b"123456780"), "{algorithm}");
    }
    let sound = Checksums::of(b"123456789");
    let mut told = info("");
    told.attributes.metadata = vec![(SHA256_NAME.into(), sound.sha256_hex().unwrap())];
    assert!(!differs(&Evidence::of(&told, &[]), b"123456789"));
    assert!(differs(&Evidence::of(&told, &[]), b"123456780"));
    let tags = [(SHA256_NAME.to_owned(), sound.sha256_hex().unwrap())];
    assert!(differs(&Evidence::of(&info(""), &tags), b"123456780"));
    let tagged = Evidence::of(&info(&sound.md5_hex()), &[]);
    assert!(!differs(&tagged, b"123456789") && differs(&tagged, b"123456780"));
}

#[test]
fn a_tag_counts_only_where_nothing_else_is_said() {
    let sound = Checksums::of(b"123456789");
    let mut told = info(&"0".repeat(32));
    assert!(differs(&Evidence::of(&told, &[]), b"123456789"));
    let tags = [(SHA256_NAME.to_owned(), sound.sha256_hex().unwrap())];
    let compared = compare(&Evidence::of(&told, &tags), &Parts::Unknown, b"123456789");
    assert_eq!(
        (compared.difference, compared.tag_agrees),
        (None, Some(false))
    );
    told.is_tag_opaque = true;
    assert!(!differs(&Evidence::of(&told, &[]), b"123456789"));
    // What is no MD5 by its looks says nothing.
    let odd = Evidence::of(&info("0x8DB-opaque"), &[]);
    assert!(!differs(&odd, b"123456789"));
}

#[test]
fn checksums_of_parts_are_compared_where_the_sizes_are_known() {
    let md5s = ["1234", "5678", "9"].map(|part| Checksums::of(part.as_bytes()).md5);
    let evidence = Evidence::of(&info(&composite_etag(&md5s)), &[]);
    assert_eq!(evidence.parts(), Some(3));
    let compare = |parts: &Parts, content: &[u8]| compare(&evidence, parts, content);
    let alike = Parts::alike(4, 3, 9);
    assert_eq!(alike, Parts::Alike(4));
    assert_eq!(compare(&alike, b"123456789").tag_agrees, Some(true));
    let each = Parts::Each(vec![4, 4, 1]);
    assert_eq!(compare(&each, b"123456789").difference, None);
    let difference = compare(&alike, b"123456780").difference.unwrap();
    assert!(difference.is_of_tag(), "{difference}");
    assert_eq!(compare(&Parts::Unknown, b"123456780").difference, None);
    assert_eq!(Parts::alike(5, 3, 9), Parts::Unknown);
    assert_eq!(Parts::alike(9, 1, 9), Parts::Alike(9));
    assert_eq!(Parts::alike(0, 1, 0), Parts::Unknown);
    let one = Evidence::of(&info(&composite_etag(&[Checksums::of(b"").md5])), &[]);
    let empty = self::compare(&one, &Parts::Each(vec![0]), b"");
    assert_eq!(empty.tag_agrees, Some(true));
}

#[test]
fn what_is_no_checksum_is_not_taken_for_one() {
    for text in ["", "AAAA", "y/Q5Jg==-x", "y/Q5Jg==-3-"] {
        assert_eq!(Statement::of_header(Algorithm::Crc32, text), None, "{text}");
    }
    let parts = Statement::of_header(Algorithm::Crc32, "y/Q5Jg==-3").unwrap();
    assert_eq!(parts.parts, Some(3));
}
