//! Every barcode says exactly what it should.

use std::collections::HashSet;

use model::card::{CardVerb, CommandCard};
use model::ids::JobId;
use model::scan::{BayTag, Code};
use model::signature::SignatureFile;
use paper::{CardSheet, ShelfTag};
use rxing::BarcodeFormat;

use crate::render::{self, Dots};
use crate::samples;

type Found = HashSet<(BarcodeFormat, String)>;

/// What a scanner finds on a page.
fn scan(page: Dots) -> Found {
    let Dots {
        luma,
        width,
        height,
    } = page;
    let found = rxing::helpers::detect_multiple_in_luma(luma, width, height).unwrap();
    let found = found
        .iter()
        .map(|code| (*code.getBarcodeFormat(), code.getText().to_owned()));
    found.collect()
}

fn code128(text: impl ToString) -> (BarcodeFormat, String) {
    (BarcodeFormat::CODE_128, text.to_string())
}

#[test]
fn a_label_has_the_code_of_each_job() {
    for count in [1, 2, 3, 6, 7, 12] {
        let label = samples::label(count);
        let pages = render::dots(&paper::shipping_label(&label).unwrap());
        assert_eq!(pages.len(), count.div_ceil(6));
        for (page, jobs) in pages.into_iter().zip(label.jobs.chunks(6)) {
            let expected: Found = jobs.iter().map(code128).collect();
            assert_eq!(scan(page), expected, "{count} jobs");
        }
    }
}

#[test]
fn a_hostile_address_leaves_the_codes_alone() {
    let label = samples::hostile_label();
    let pages = render::dots(&paper::shipping_label(&label).unwrap());
    let first = pages.into_iter().next().unwrap();
    let expected: Found = label.jobs.iter().map(code128).collect();
    assert_eq!(scan(first), expected);
}

#[test]
fn a_declaration_and_a_slip_have_the_code_of_their_job() {
    let label = samples::label_abroad();
    let pages = render::dots(&paper::shipping_label(&label).unwrap());
    assert_eq!(pages.len(), 2);
    for page in pages {
        assert_eq!(scan(page), Found::from([code128(label.jobs[0])]));
    }
    for slip in [samples::slip(), samples::hostile_slip()] {
        let mut pages = render::dots(&paper::packing_slip(&slip).unwrap());
        assert_eq!(pages.len(), 1);
        let custody = (BarcodeFormat::QR_CODE, slip.custody.scan_text());
        let expected = Found::from([code128(slip.job), custody]);
        assert_eq!(scan(pages.remove(0)), expected);
    }
}

#[test]
fn a_signature_sheet_proves_its_device_in_two_ways() {
    let file = samples::signature_file();
    for sheet in [samples::sheet(), samples::hostile_sheet()] {
        let mut pages = render::dots(&paper::signature_sheet(&sheet).unwrap());
        let found = scan(pages.remove(0));
        let contents = SignatureFile::contents(&file.job.to_string(), &file.signature);
        let expected = Found::from([
            code128(file.job),
            code128(file.scan_text()),
            (BarcodeFormat::QR_CODE, contents),
        ]);
        assert_eq!(found, expected);
        for (_, text) in found.iter().filter(|(_, text)| text.len() > 5) {
            assert_eq!(SignatureFile::parse_scan(text).unwrap(), file);
        }
    }
}

/// Signatures of all sorts: every character of base64 at every place.
#[test]
fn any_signature_can_be_scanned() {
    for seed in 0_u8..6 {
        let bytes: Vec<u8> = (0..20_u8)
            .map(|i| (i ^ seed).wrapping_mul(53 + 16 * seed))
            .collect();
        let mut sheet = samples::sheet();
        sheet.signature = samples::signed(&bytes);
        let mut pages = render::dots(&paper::signature_sheet(&sheet).unwrap());
        let found = scan(pages.remove(0));
        assert!(
            found.contains(&code128(sheet.signature.scan_text())),
            "{found:?}"
        );
    }
}

#[test]
fn the_tag_of_a_bay_is_scanned_as_that_bay() {
    let tag = |bay: &str| BayTag {
        station: "dock-1".parse().unwrap(),
        bay: bay.parse().unwrap(),
    };
    let names = [
        "B1",
        "B2",
        "left 3",
        "pci-0000:00:14.0/usb3-2.4",
        "B5",
        "oben links, Nr. 7 ä",
    ];
    let tags: Vec<BayTag> = names.into_iter().map(tag).collect();
    let pages = render::dots(&paper::bay_tags(&tags).unwrap());
    assert_eq!(pages.len(), 2);
    let found: HashSet<String> = pages
        .into_iter()
        .flat_map(scan)
        .map(|(_, text)| text)
        .collect();
    let expected = tags.iter().map(BayTag::scan_text).collect();
    assert_eq!(found, expected);
    for (text, tag) in tags.iter().map(|tag| (tag.scan_text(), tag)) {
        assert_eq!(Code::read(&text), Code::Bay(tag.clone()));
    }
}

/// Cards and shelf tags say to a scanner what they say to people, and no proof stands on a card in letters.
#[test]
fn cards_and_shelf_tags_are_read_as_what_they_are() {
    let card = |verb: CardVerb| CommandCard::new(verb, [0xa5, 1, 2, 3, 4, 5, 6, 7]);
    let sheet = |verb: CardVerb| CardSheet {
        verb: verb.code().to_owned(),
        what: verb.words().to_owned(),
        code: card(verb).scan_text(),
    };
    let sheets: Vec<CardSheet> = CardVerb::ALL.into_iter().map(sheet).collect();
    let pdf = paper::command_cards(&sheets).unwrap();
    let texts = |pdf: &[u8]| -> HashSet<String> {
        let pages = render::dots(pdf).into_iter();
        pages.flat_map(scan).map(|(_, text)| text).collect()
    };
    let found: Vec<Code> = texts(&pdf).iter().map(|text| Code::read(text)).collect();
    assert_eq!(found.len(), CardVerb::ALL.len());
    for verb in CardVerb::ALL {
        assert!(found.contains(&Code::Command(card(verb))), "{verb:?}");
    }
    let job = JobId::new("EX1ID").unwrap();
    let tag = ShelfTag {
        job,
        about: vec!["=<b>Customer</b>\u{202e}".repeat(40), "7 ä 東京".to_owned()],
    };
    let pdf = paper::shelf_tags(&[tag]).unwrap();
    assert_eq!(texts(&pdf), HashSet::from([job.to_string()]));
}
