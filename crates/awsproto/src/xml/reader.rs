//! Reads answers of services and stores into a tree.
//!
//! Tolerant where servers differ (prologs, comments, prefixes, attributes, CDATA), strict where
//! tolerance would be a hole: document types are refused, so no entity beyond the five of XML
//! exists, and size, depth and count are limited.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::Element;
use crate::limits::{MAX_XML_BYTES, MAX_XML_DEPTH, MAX_XML_ELEMENTS};

/// Why a document cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8.
    #[error("the document is not valid UTF-8")]
    NotUtf8(#[source] std::str::Utf8Error),
    /// Not well-formed.
    #[error("the document is not well-formed")]
    Malformed(#[source] quick_xml::Error),
    /// A reference to an entity or character that does not exist.
    #[error("the reference `&{0};` stands for nothing")]
    BadReference(String),
    /// A `<!DOCTYPE`.
    #[error("the document declares a document type")]
    DocumentType,
    /// No root element, a second one, or text outside it.
    #[error("the document is not one element")]
    NotOneElement,
    /// An element without its end.
    #[error("the element `{0}` does not end")]
    Unfinished(String),
    /// More bytes than [`MAX_XML_BYTES`].
    #[error("the document has more than {MAX_XML_BYTES} bytes")]
    TooLong,
    /// Deeper than [`MAX_XML_DEPTH`].
    #[error("the document is nested more than {MAX_XML_DEPTH} deep")]
    TooDeep,
    /// More elements than [`MAX_XML_ELEMENTS`].
    #[error("the document has more than {MAX_XML_ELEMENTS} elements")]
    TooMany,
}

/// Reads a document and gives its root element.
pub fn parse(document: &[u8]) -> Result<Element, XmlError> {
    if document.len() > MAX_XML_BYTES {
        return Err(XmlError::TooLong);
    }
    let text = str::from_utf8(document).map_err(XmlError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(XmlError::Malformed)? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&unify_line_ends(&utf8(&text)?))?,
            Event::CData(text) => tree.text(&unify_line_ends(&utf8(&text)?))?,
            Event::GeneralRef(reference) => tree.text(&resolve(&reference)?)?,
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return tree.finish(),
        }
    }
}

/// An error as a service or store reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteError {
    /// The code, e.g. `NoSuchBucket`.
    pub code: String,
    /// The message, empty if there is none.
    pub message: String,
    /// The id of the request, if told.
    pub request_id: Option<String>,
}

/// Finds the error in a Query `<ErrorResponse>`, an EC2-style `<Response>` or an S3 `<Error>`
/// document.
pub fn remote_error(root: &Element) -> Option<RemoteError> {
    let error = match &*root.name {
        "Error" => root,
        "ErrorResponse" => root.child("Error")?,
        "Response" => root.descend(&["Errors", "Error"])?,
        _ => return None,
    };
    let request_id = ["RequestId", "RequestID"]
        .into_iter()
        .find_map(|name| error.text_of(name).or_else(|| root.text_of(name)));
    Some(RemoteError {
        code: error.text_of("Code")?.to_owned(),
        message: error.text_of("Message").unwrap_or_default().to_owned(),
        request_id: request_id.map(str::to_owned),
    })
}

/// The elements still open, outermost first, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(XmlError::NotOneElement);
        }
        if self.open.len() == MAX_XML_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.count == MAX_XML_ELEMENTS {
            return Err(XmlError::TooMany);
        }
        self.count += 1;
        let name = utf8(start.local_name().as_ref())?.into_owned();
        self.open.push(Element {
            name: Cow::Owned(name),
            text: String::new(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let mut element = self.open.pop().ok_or(XmlError::NotOneElement)?;
        if !element.children.is_empty() && is_space(&element.text) {
            element.text.clear();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if is_space(text) => {}
            None => return Err(XmlError::NotOneElement),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        match self.open.last() {
            Some(element) => Err(XmlError::Unfinished(element.name.to_string())),
            None => self.root.ok_or(XmlError::NotOneElement),
        }
    }
}

/// Resolves a character reference or one of the five entities of XML.
fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    let name = utf8(reference)?;
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Ok(c.to_string());
    }
    quick_xml::escape::resolve_xml_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| XmlError::BadReference(name.into_owned()))
}

/// Does what XML asks of every processor: a carriage return, alone or before a line feed, is a line
/// feed.
fn unify_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_space(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The reader was given UTF-8, so its slices are too; a slice inside a character would be an error,
/// not a panic.
fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(XmlError::NotUtf8)
}
