//! Pages, texts and bytes.

use proptest::prelude::*;

use crate::render;
use crate::samples;
use paper::{PackingSlip, PaperError, Party, ShippingLabel, SignatureSheet};

#[test]
fn sheets_have_their_sizes_and_nothing_adds_a_page() {
    let (label, office) = ("101.6 × 152.4", "210.0 × 297.0");
    let table = [
        ("label-1", vec![label]),
        ("label-9", vec![label; 2]),
        ("label-abroad", vec![label; 2]),
        ("label-hostile", vec![label; 2]),
        ("slip", vec![office]),
        ("slip-hostile", vec![office]),
        ("sheet", vec![office]),
        ("sheet-hostile", vec![office]),
    ];
    let sheets = samples::drawn();
    for (name, sizes) in table {
        let (_, bytes) = sheets.iter().find(|(n, _)| *n == name).unwrap();
        assert_eq!(render::sizes(bytes), sizes, "{name}");
    }
}

/// A fixed edge stays white, whatever the text: printers cannot print there.
#[test]
fn nothing_reaches_the_edge() {
    for (name, bytes) in samples::drawn() {
        for page in render::dots(bytes) {
            assert!(page.edge(4.0).all(|luma| luma == 255), "{name}");
        }
    }
}

#[test]
fn the_same_sheet_is_the_same_bytes() {
    assert_eq!(samples::all(), samples::drawn());
}

#[test]
fn a_sheet_says_what_it_was_given() {
    let label = render::text(&paper::shipping_label(&samples::label_abroad()).unwrap());
    let said = [
        "STANDARD",
        "Jane Doe",
        "Anytown, WA 98101",
        "20457 Hamburg",
        "+1 206 555 0100",
    ];
    let declared = [
        "250.00 USD",
        "8471.70.4065",
        "external storage device",
        "5D992",
        "John Doe",
    ];
    for text in said.iter().chain(&declared) {
        assert!(label.contains(text), "{text} in {label}");
    }
    let slip = render::text(&paper::packing_slip(&samples::slip()).unwrap());
    for text in [
        "WX11A23B4567",
        "Import to Amazon S3",
        "jane.doe@example.com",
        "2026-03-14T15:09:26Z",
    ] {
        assert!(slip.contains(text), "{text} in {slip}");
    }
}

#[test]
fn a_receipt_says_what_it_was_given_and_goes_on_from_page_to_page() {
    let bytes = paper::receipt(&samples::receipt()).unwrap();
    assert_eq!(render::sizes(&bytes).len(), 1);
    let text = render::text(&bytes);
    for said in [
        "4 files are stored, and 1 could not be.",
        "WX11A23B4567",
        "1 with 403 AccessDenied",
        "2026-03-20T09:00:00.000Z",
        "The device is loaded.",
        "station dock-1",
        "page 1 of 1",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    let bytes = paper::receipt(&samples::hostile_receipt()).unwrap();
    let pages = render::sizes(&bytes).len();
    assert!((10..40).contains(&pages), "{pages}");
    let text = render::text(&bytes);
    assert!(text.contains("and 749 more lines, which the report has"));
    assert!(text.contains("and 699 more steps, which the attached receipt has"));
}

#[test]
fn every_script_can_be_read_back() {
    let text = render::text(&paper::shipping_label(&samples::label_of_the_world()).unwrap());
    for line in samples::WORLD {
        let missing: Vec<char> = line.chars().filter(|c| !text.contains(*c)).collect();
        assert!(missing.is_empty(), "{missing:?} of {line}");
    }
    // The order of reading within a run is the order of the glyphs.
    for word in ["東京都千代田区", "서울특별시", "Москва", "Αθήνα", "Đà Nẵng"]
    {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn a_label_is_for_one_to_48_jobs() {
    let drawn = |jobs| paper::shipping_label(&samples::label(jobs));
    assert_eq!(drawn(0), Err(PaperError::NoJobs));
    assert_eq!(render::sizes(&drawn(48).unwrap()).len(), 8);
    assert_eq!(
        drawn(49),
        Err(PaperError::TooManyJobs {
            given: 49,
            most: 48
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_text_prints_on_one_page(
        from in prop::collection::vec(any::<String>(), 0..15),
        to in prop::collection::vec("\\PC{0,60}", 0..15),
        phone in prop::option::of(any::<String>()),
        service in any::<String>(),
    ) {
        let from = Party { lines: from, phone };
        let to = Party { lines: to, phone: None };
        let label = ShippingLabel { from, to, service, ..samples::label(1) };
        let bytes = paper::shipping_label(&label).unwrap();
        prop_assert_eq!(render::sizes(&bytes).len(), 1);
    }

    #[test]
    fn any_task_and_device_print_on_one_page(
        device_id in any::<String>(),
        job_type in any::<String>(),
        what_to_do in prop::collection::vec("\\PC{0,200}", 0..15),
    ) {
        let sheet = SignatureSheet {
            device_id: device_id.clone(),
            job_type: job_type.clone(),
            ..samples::sheet()
        };
        let slip = PackingSlip { device_id, job_type, what_to_do, ..samples::slip() };
        let slip = paper::packing_slip(&slip).unwrap();
        let sheet = paper::signature_sheet(&sheet).unwrap();
        prop_assert_eq!(render::sizes(&slip).len() + render::sizes(&sheet).len(), 2);
    }
}
