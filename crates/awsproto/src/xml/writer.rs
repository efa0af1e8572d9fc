//! Writes the two envelopes of the Query protocol.
//!
//! Elements are indented by two spaces; text is written exactly, so that a reader gets back what
//! was put in, save the characters XML 1.0 cannot carry, which become U+FFFD.

use super::Element;
use crate::fault::Blame;

/// The namespace of AWS Import/Export's answers, as its API model and its recorded responses have
/// it.
pub const IMPORT_EXPORT_NAMESPACE: &str = "http://importexport.amazonaws.com/doc/2010-06-01/";

/// What all answers to one request share.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The default namespace, a fixed text that needs no escaping.
    pub namespace: &'static str,
    /// The id of the request, also sent as the header `x-amzn-RequestId`.
    pub request_id: &'a str,
}

impl Envelope<'_> {
    /// Writes `<OpResponse>` with `<OpResult>` first, which some clients read by position.
    pub fn response(&self, operation: &'static str, result: &[Element]) -> String {
        let mut out = String::new();
        out.push_str(&format!(
            "<{operation}Response xmlns=\"{}\">\n",
            self.namespace
        ));
        write_children(&mut out, 1, &format!("{operation}Result"), result);
        write_element(
            &mut out,
            1,
            &Element::node("ResponseMetadata", vec![self.request_id()]),
        );
        out.push_str(&format!("</{operation}Response>\n"));
        out
    }

    /// Writes `<ErrorResponse>` with `<Error>` first, which some clients read by position.
    pub fn error(&self, blame: Blame, code: &str, message: &str) -> String {
        let error = Element::node(
            "Error",
            vec![
                Element::leaf("Type", blame.as_str()),
                Element::leaf("Code", code),
                Element::leaf("Message", message),
            ],
        );
        let mut out = format!("<ErrorResponse xmlns=\"{}\">\n", self.namespace);
        write_element(&mut out, 1, &error);
        write_element(&mut out, 1, &self.request_id());
        out.push_str("</ErrorResponse>\n");
        out
    }

    fn request_id(&self) -> Element {
        Element::leaf("RequestId", self.request_id)
    }
}

fn write_element(out: &mut String, depth: usize, element: &Element) {
    if element.text.is_empty() {
        write_children(out, depth, &element.name, &element.children);
    } else {
        indent(out, depth);
        out.push_str(&format!("<{}>", element.name));
        push_escaped(out, &element.text);
        out.push_str(&format!("</{}>\n", element.name));
    }
}

fn write_children(out: &mut String, depth: usize, name: &str, children: &[Element]) {
    indent(out, depth);
    if children.is_empty() {
        out.push_str(&format!("<{name}/>\n"));
        return;
    }
    out.push_str(&format!("<{name}>\n"));
    for child in children {
        write_element(out, depth + 1, child);
    }
    indent(out, depth);
    out.push_str(&format!("</{name}>\n"));
}

fn indent(out: &mut String, depth: usize) {
    (0..depth).for_each(|_| out.push_str("  "));
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A literal one would be read back as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
}
