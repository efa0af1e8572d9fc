//! Sheets to draw: usual ones, one in all scripts, and hostile ones.

use std::sync::OnceLock;

use base64::Engine;
use model::ids::JobId;
use model::manifest::{Customs, DeviceType, ExportType, UsCents};
use model::signature::{Signature, SignatureFile};
use model::time::Timestamp;
use paper::{
    Custody, Declaration, PackingSlip, Party, ReceiptLine, ReceiptSheet, ShippingLabel,
    SignatureSheet, Step,
};

/// A signature as `CreateJob` returns it (API reference, *CreateJob*).
pub(crate) const SIGNATURE: &str = "/dxgK27c8++SFiZLLaIvHt4Oy4k=";

/// Addresses of the world, and names of places.
pub(crate) const WORLD: [&str; 10] = [
    "شركة الأمثلة المحدودة، شارع الملك فهد ١٢",
    "महात्मा गांधी मार्ग, क्षेत्र, नई दिल्ली ११०००१",
    "東京都千代田区千代田１－１ カタカナ ひらがな",
    "北京市朝阳区建国路88号",
    "서울특별시 종로구 세종대로 209",
    "רחוב הרצל 12, תל אביב",
    "ถนนสุขุมวิท กรุงเทพฯ",
    "ул. Ленина, д. 5, Москва",
    "Οδός Ερμού 15, Αθήνα",
    "📦 Đà Nẵng, Łódź, Größe, ᏣᎳᎩ, [🚚]",
];

pub(crate) fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The jobs `111A1`, `222B2` and so on.
pub(crate) fn jobs(count: usize) -> Vec<JobId> {
    let letters = "ABCDEFGHIJKLMNPQRSTUVWXYZ";
    let names = letters
        .chars()
        .flat_map(|l| ('1'..='9').map(move |d| format!("{d}{d}X{l}{d}")));
    names
        .take(count)
        .map(|name| JobId::new(&name).unwrap())
        .collect()
}

pub(crate) fn sender() -> Party {
    Party {
        lines: lines(&[
            "Jane Doe",
            "Example Corp., Data Center Operations",
            "123 Main Street",
            "Suite 400",
            "Anytown, WA 98101",
            "United States",
        ]),
        phone: Some("+1 206 555 0100".to_owned()),
    }
}

pub(crate) fn facility() -> Party {
    Party {
        lines: lines(&[
            "Longshore Loading Dock",
            "Harbour Data GmbH",
            "Am Sandtorkai 37",
            "20457 Hamburg",
            "Germany",
        ]),
        phone: None,
    }
}

pub(crate) fn world() -> Party {
    Party {
        lines: lines(&WORLD),
        phone: Some("+81 3 1234 5678".to_owned()),
    }
}

/// What nobody is called.
pub(crate) fn hostile() -> Party {
    let tower = format!("Z{}", "\u{301}".repeat(500));
    Party {
        lines: vec![
            "W".repeat(10_000),
            tower.repeat(20),
            "a ".repeat(5_000),
            "\u{202e}evil\u{0}\u{1b}[2J".repeat(100),
            "北".repeat(2_000),
            "\u{fdfd}".repeat(50),
            "\u{200d}\u{200b}".repeat(5_000),
        ],
        phone: Some("9".repeat(999)),
    }
}

pub(crate) fn customs() -> Customs {
    Customs {
        data_description: "This device contains medical test results of a study on the long-term \
                           effects of loading disks by night."
            .to_owned(),
        encrypted_data: true,
        encryption_classification: Some("5D992".to_owned()),
        export_certifier_name: "John Doe".to_owned(),
        requires_export_license: true,
        device_value: UsCents(25_000),
        device_country_of_origin: "China".to_owned(),
        device_type: DeviceType::ExternalStorageDevice,
        device_hts: Some("8471.70.4065".to_owned()),
        type_of_export: Some(ExportType::Return),
    }
}

pub(crate) fn label(count: usize) -> ShippingLabel {
    ShippingLabel {
        jobs: jobs(count),
        from: sender(),
        to: facility(),
        service: "standard".to_owned(),
        customs: Vec::new(),
    }
}

pub(crate) fn label_abroad() -> ShippingLabel {
    let label = label(1);
    let declaration = Declaration {
        job: label.jobs[0],
        customs: customs(),
    };
    ShippingLabel {
        customs: vec![declaration],
        ..label
    }
}

pub(crate) fn label_of_the_world() -> ShippingLabel {
    ShippingLabel {
        from: world(),
        to: world(),
        ..label(2)
    }
}

pub(crate) fn hostile_label() -> ShippingLabel {
    let mut declaration = Declaration {
        job: jobs(1)[0],
        customs: customs(),
    };
    declaration.customs.data_description = "W".repeat(10_000);
    declaration.customs.export_certifier_name = "W ".repeat(1_000);
    declaration.customs.device_country_of_origin = "北".repeat(1_000);
    declaration.customs.device_hts = Some("8".repeat(1_000));
    ShippingLabel {
        from: hostile(),
        to: hostile(),
        service: "Ω".repeat(500),
        customs: vec![declaration],
        ..label(5)
    }
}

pub(crate) fn created() -> Timestamp {
    "2026-03-14T15:09:26Z".parse().unwrap()
}

pub(crate) fn slip() -> PackingSlip {
    PackingSlip {
        job: jobs(1)[0],
        job_type: "Import to Amazon S3".to_owned(),
        device_id: "WD My Book 4 TB, serial WX11A23B4567".to_owned(),
        created: created(),
        from: sender(),
        email: lines(&["jane.doe@example.com", "operations@example.com"]),
        to: facility(),
        what_to_do: lines(&[
            "Copy the file SIGNATURE into the root directory of the device.",
            "Write the job id on the device.",
            "Add the power supply and the cables the device needs, labelled with the job id.",
            "Put nothing else into the box: no manual, no case, no second device.",
            "Stick the shipping label on the outside of the box.",
        ]),
        custody: custody(),
    }
}

pub(crate) fn custody() -> Custody {
    Custody {
        signer: "custody@dock.example".to_owned(),
        fingerprint: "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8".to_owned(),
        checkpoint: "dock.example/custody\n1000\nPbZ2Ze6owm3jQWaMHTGZ9h3ktHgKglaYmMSM4ijZMfM=\n\n— dock.example/custody \
                     Xn7kZ2Ze6owm3jQWaMHTGZ9h3ktHgKglaYmMSM4ijZMfMPbZ2Ze6owm3jQWaMHTGZ9h3ktHgKglaYmMSM4ijZMfM8KgAbCdE\n"
            .to_owned(),
        recipient: "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj".to_owned(),
    }
}

pub(crate) fn receipt() -> ReceiptSheet {
    let step = |at: &str, what: &str| Step {
        at: at.to_owned(),
        what: what.to_owned(),
        who: "station dock-1".to_owned(),
    };
    let text = |text: &str| ReceiptLine::Text {
        indent: 2,
        text: text.to_owned(),
    };
    ReceiptSheet {
        job: jobs(1)[0],
        headline: "4 files are stored, and 1 could not be.".to_owned(),
        particulars: vec![
            (
                "Device",
                "WD My Book, serial WX11A23B4567, 4.00 TB".to_owned(),
            ),
            ("Account", "123456789012".to_owned()),
        ],
        report: vec![
            ReceiptLine::Heading("Not loaded".to_owned()),
            text("1 with 403 AccessDenied"),
            ReceiptLine::Value("Time".to_owned(), "10 minutes".to_owned()),
        ],
        steps: vec![
            step("2026-03-14T15:09:26.000Z", "The job was made."),
            step("2026-03-20T09:00:00.000Z", "The device is loaded."),
        ],
        check: lines(&["Detach the receipt, and check its signature with ssh-keygen -Y verify."]),
        scan_text: format!(
            "longshore:1:11XA1:{}:SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
            "0".repeat(64)
        ),
        name: "import-log-11XA1.receipt".to_owned(),
        receipt: "{\"format\":\"longshore-receipt\"}\n".to_owned(),
    }
}

pub(crate) fn hostile_receipt() -> ReceiptSheet {
    let usual = receipt();
    let odd_step = Step {
        at: "at ".repeat(99),
        what: "\u{202e}W\n".repeat(9_000),
        who: "北".repeat(900),
    };
    let mut steps = vec![usual.steps[0].clone(); 999];
    steps[1] = odd_step;
    let mut report = vec![usual.report[1].clone(); 999];
    report[1] = ReceiptLine::Value("a ".repeat(99), "b".repeat(9_000));
    ReceiptSheet {
        headline: "W".repeat(10_000),
        particulars: vec![("Device", "W ".repeat(9_000)); 5],
        report,
        steps,
        check: vec![String::new(), "c".repeat(999)],
        ..usual
    }
}

pub(crate) fn hostile_slip() -> PackingSlip {
    PackingSlip {
        job_type: "long ".repeat(2_000),
        device_id: "W".repeat(10_000),
        from: hostile(),
        email: vec!["x@y.z".repeat(99); 999],
        to: hostile(),
        what_to_do: vec!["Do this and that. ".repeat(99); 999],
        ..slip()
    }
}

pub(crate) fn signature_file() -> SignatureFile {
    SignatureFile {
        job: jobs(1)[0],
        signature: Signature::parse(SIGNATURE).unwrap(),
    }
}

/// A signature of these 20 bytes.
pub(crate) fn signed(bytes: &[u8]) -> SignatureFile {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    SignatureFile {
        signature: Signature::parse(&text).unwrap(),
        ..signature_file()
    }
}

pub(crate) fn sheet() -> SignatureSheet {
    SignatureSheet {
        signature: signature_file(),
        job_type: "Import to an Amazon EBS snapshot".to_owned(),
        device_id: "Seagate ST4000VN008, serial ZDH12345".to_owned(),
        created: created(),
        to: facility(),
    }
}

pub(crate) fn hostile_sheet() -> SignatureSheet {
    SignatureSheet {
        job_type: "long ".repeat(2_000),
        device_id: "W".repeat(10_000),
        to: hostile(),
        ..sheet()
    }
}

/// One of each as it is drawn, with the name of its file; drawn once.
pub(crate) fn drawn() -> &'static [(&'static str, Vec<u8>)] {
    static DRAWN: OnceLock<Vec<(&str, Vec<u8>)>> = OnceLock::new();
    DRAWN.get_or_init(all)
}

/// One of each, with the name of its file.
pub(crate) fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("label-1", paper::shipping_label(&label(1)).unwrap()),
        ("label-2", paper::shipping_label(&label(2)).unwrap()),
        ("label-9", paper::shipping_label(&label(9)).unwrap()),
        (
            "label-abroad",
            paper::shipping_label(&label_abroad()).unwrap(),
        ),
        (
            "label-world",
            paper::shipping_label(&label_of_the_world()).unwrap(),
        ),
        (
            "label-hostile",
            paper::shipping_label(&hostile_label()).unwrap(),
        ),
        ("slip", paper::packing_slip(&slip()).unwrap()),
        (
            "slip-hostile",
            paper::packing_slip(&hostile_slip()).unwrap(),
        ),
        ("sheet", paper::signature_sheet(&sheet()).unwrap()),
        (
            "sheet-hostile",
            paper::signature_sheet(&hostile_sheet()).unwrap(),
        ),
    ]
}
