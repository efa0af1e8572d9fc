//! Answers byte for byte, and the way back.

use awsproto::fault::Blame;
use awsproto::limits::{MAX_XML_BYTES, MAX_XML_DEPTH, MAX_XML_ELEMENTS};
use awsproto::xml::{Element, Envelope, IMPORT_EXPORT_NAMESPACE, XmlError, parse, remote_error};

fn envelope(request_id: &str) -> Envelope<'_> {
    Envelope {
        namespace: IMPORT_EXPORT_NAMESPACE,
        request_id,
    }
}

const SIGNATURE_FILE: &str =
    "version:2.0\nsigningMethod:HmacSHA1\njobId:ABCDE\nsignature:DV+TpDfx1/TdSE9ktyK9k/bDTVI=";
const ADDRESS: &str = "Ingest Desk\nJOBID ABCDE\n1 Example Way\nSpringfield, WA 98000";

#[test]
fn an_answer_with_a_nested_list_is_golden() {
    let artifact = vec![
        Element::leaf("Description", "Shipping instructions"),
        Element::leaf("URL", "https://files.example.test/ABCDE/label.pdf?a=1&b=2"),
    ];
    let result = [
        Element::leaf("JobId", "ABCDE"),
        Element::leaf("JobType", "Import"),
        Element::leaf("AwsShippingAddress", ADDRESS),
        Element::leaf("Signature", "DV+TpDfx1/TdSE9ktyK9k/bDTVI="),
        Element::leaf("SignatureFileContents", SIGNATURE_FILE),
        Element::leaf(
            "WarningMessage",
            "Device will be erased before being returned.",
        ),
        Element::list("ArtifactList", [artifact]),
    ];
    let written = envelope("ace8cb5b-0ada-11df-a381-155bec6f7c93").response("CreateJob", &result);
    assert_eq!(written, include_str!("../responses/CreateJob.xml"));
}

#[test]
fn an_answer_with_an_empty_list_is_golden() {
    let result = [
        Element::leaf("Success", "true"),
        Element::leaf(
            "WarningMessage",
            "Device will be erased before being returned.",
        ),
        Element::node("ArtifactList", vec![]),
    ];
    let written = envelope("2d8d9d3c-0ada-11df-a381-155bec6f7c93").response("UpdateJob", &result);
    assert_eq!(written, include_str!("../responses/UpdateJob.xml"));
}

#[test]
fn an_error_is_golden() {
    let written = envelope("a1f5a4c6-0adb-11df-a381-155bec6f7c93").error(
        Blame::Sender,
        "InvalidParameterException",
        "MaxJobs must be between 0 and 1000",
    );
    assert_eq!(written, include_str!("../responses/Error.xml"));
}

/// Every recorded answer is reproduced from what the reader made of it.
#[test]
fn reading_and_writing_agree_on_every_recorded_answer() {
    for (operation, recorded) in [
        ("CancelJob", include_str!("../responses/CancelJob.xml")),
        ("CreateJob", include_str!("../responses/CreateJob.xml")),
        (
            "GetShippingLabel",
            include_str!("../responses/GetShippingLabel.xml"),
        ),
        ("GetStatus", include_str!("../responses/GetStatus.xml")),
        ("ListJobs", include_str!("../responses/ListJobs.xml")),
        ("UpdateJob", include_str!("../responses/UpdateJob.xml")),
    ] {
        let root = parse(recorded.as_bytes()).unwrap();
        assert_eq!(root.name, format!("{operation}Response"));
        let result = root.child(&format!("{operation}Result")).unwrap();
        let id = root.descend(&["ResponseMetadata", "RequestId"]).unwrap();
        assert_eq!(
            envelope(&id.text).response(operation, &result.children),
            recorded
        );
    }
}

#[test]
fn text_is_escaped_and_comes_back() {
    let text = "<a> & \"b\" ]]> \r\n\t\u{e9}\u{1f4be} ";
    let written = envelope("id").response("Op", &[Element::leaf("Text", text)]);
    assert!(
        written.contains("<Text>&lt;a&gt; &amp; \"b\" ]]&gt; &#13;\n\t\u{e9}\u{1f4be} </Text>")
    );
    let root = parse(written.as_bytes()).unwrap();
    assert_eq!(root.descend(&["OpResult", "Text"]).unwrap().text, text);
}

#[test]
fn characters_xml_cannot_carry_are_replaced() {
    let written = envelope("id").error(Blame::Receiver, "X", "\0\u{1b}\u{fffe}\u{ffff}\u{7f}");
    assert!(written.contains("<Message>\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{7f}</Message>"));
    assert!(parse(written.as_bytes()).is_ok());
}

#[test]
fn errors_of_services_and_stores_are_found() {
    let query = parse(include_bytes!("../responses/Error.xml")).unwrap();
    let error = remote_error(&query).unwrap();
    assert_eq!(error.code, "InvalidParameterException");
    assert_eq!(error.message, "MaxJobs must be between 0 and 1000");
    assert_eq!(
        error.request_id.as_deref(),
        Some("a1f5a4c6-0adb-11df-a381-155bec6f7c93")
    );

    let s3 = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><Error><Code>NoSuchKey</Code>\
              <Message><![CDATA[a<b]]> &amp; &#x63;</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>\n";
    let error = remote_error(&parse(s3.as_bytes()).unwrap()).unwrap();
    assert_eq!(error.code, "NoSuchKey");
    assert_eq!(error.message, "a<b & c");
    assert_eq!(error.request_id.as_deref(), Some("4442587FB7D0A2F9"));

    let ec2 = b"<Response><Errors><Error><Code>X</Code></Error></Errors><RequestID>7</RequestID></Response>";
    let error = remote_error(&parse(ec2).unwrap()).unwrap();
    assert_eq!(
        (error.message.as_str(), error.request_id.as_deref()),
        ("", Some("7"))
    );

    assert_eq!(remote_error(&parse(b"<ListBucketResult/>").unwrap()), None);
}

#[test]
fn prefixes_and_attributes_are_passed_over() {
    let root = parse(b"<s:A xmlns:s='u'><s:B k='v'>1</s:B>\r\n<B>2</B></s:A>").unwrap();
    let texts: Vec<&str> = root.children_named("B").map(|b| b.text.as_str()).collect();
    assert_eq!(texts, ["1", "2"]);
    assert_eq!(root.text, "");
}

#[test]
fn what_is_not_one_element_is_refused() {
    for document in ["", "  ", "text", "<a/><b/>", "<a/>text", "<!-- -->"] {
        assert!(
            matches!(parse(document.as_bytes()), Err(XmlError::NotOneElement)),
            "{document}"
        );
    }
    assert!(matches!(parse(b"<a><b>"), Err(XmlError::Unfinished(name)) if name == "b"));
    for document in ["<a></b>", "</a>", "<a", "<a>&</a>", "<a"] {
        assert!(
            matches!(parse(document.as_bytes()), Err(XmlError::Malformed(_))),
            "{document}"
        );
    }
    assert!(matches!(parse(b"<a>\xff</a>"), Err(XmlError::NotUtf8(_))));
}

#[test]
fn entities_cannot_be_declared() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>";
    assert!(matches!(
        parse(bomb.as_bytes()),
        Err(XmlError::DocumentType)
    ));
    for reference in ["b", "#0", "#xD800", "#x110000", "#"] {
        let document = format!("<a>&{reference};</a>");
        assert!(
            matches!(parse(document.as_bytes()), Err(XmlError::BadReference(_))),
            "{reference}"
        );
    }
}

#[test]
fn limits_are_exact() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(parse(nested(MAX_XML_DEPTH).as_bytes()).is_ok());
    assert!(matches!(
        parse(nested(MAX_XML_DEPTH + 1).as_bytes()),
        Err(XmlError::TooDeep)
    ));

    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert!(parse(wide(MAX_XML_ELEMENTS).as_bytes()).is_ok());
    assert!(matches!(
        parse(wide(MAX_XML_ELEMENTS + 1).as_bytes()),
        Err(XmlError::TooMany)
    ));

    let long = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
    assert!(parse(long(MAX_XML_BYTES).as_bytes()).is_ok());
    assert!(matches!(
        parse(long(MAX_XML_BYTES + 1).as_bytes()),
        Err(XmlError::TooLong)
    ));
}
