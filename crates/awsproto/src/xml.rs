//! The XML of answers: one small tree, written by the server and read by clients.
//!
//! Attributes and namespaces are not kept: nothing in these protocols is said by them. The default
//! namespace of a response is written once, on its root.

mod reader;
mod writer;

use std::borrow::Cow;

pub use reader::{RemoteError, XmlError, parse, remote_error};
pub use writer::{Envelope, IMPORT_EXPORT_NAMESPACE};

/// An element with its text, or with its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: Cow<'static, str>,
    /// The text directly inside; empty where there are only children and white space between them.
    pub text: String,
    /// The elements directly inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// Makes an element that holds text.
    pub fn leaf(name: &'static str, text: impl Into<String>) -> Self {
        Element {
            name: Cow::Borrowed(name),
            text: text.into(),
            children: Vec::new(),
        }
    }

    /// Makes an element that holds elements.
    pub fn node(name: &'static str, children: Vec<Element>) -> Self {
        Element {
            name: Cow::Borrowed(name),
            text: String::new(),
            children,
        }
    }

    /// Makes a list in the manner of the Query protocol, each item a `member`.
    pub fn list(name: &'static str, items: impl IntoIterator<Item = Vec<Element>>) -> Self {
        let members = items
            .into_iter()
            .map(|children| Element::node("member", children));
        Element::node(name, members.collect())
    }

    /// Finds the first child of a name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children_named(name).next()
    }

    /// Goes over the children of a name.
    pub fn children_named(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Gives the text of the first child of a name.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// Follows a path of names from this element down.
    pub fn descend(&self, path: &[&str]) -> Option<&Element> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }
}
