//! The second reader: real YAML, with flow lists, block texts, anchors and merge keys.
//!
//! It works on the parser's events, not through serde, because an event still has a scalar's text
//! as written and its line: `2.0` and `04101` must not become numbers.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, options};

use super::fault::ManifestFault;
use super::node::{Node, OptionNode, Value};
use crate::limits::{MANIFEST_BYTES, MANIFEST_DEPTH};

/// Most nodes and bytes of text that aliases may copy: as many as the longest manifest could
/// hold by itself. Nested aliases would otherwise double with every line.
const COPIED: usize = MANIFEST_BYTES;

/// Reads one YAML document whose root is a map.
pub(super) fn read(text: &str) -> Result<Vec<OptionNode>, ManifestFault> {
    let mut builder = Builder {
        events: Parser::new_from_str_with_options(text, parser_options()),
        anchors: HashMap::new(),
        copied: 0,
    };
    builder.document()
}

fn parser_options() -> Options {
    let mut options = options! {
        flow_nesting_limit: MANIFEST_DEPTH,
        block_nesting_limit: MANIFEST_DEPTH,
    };
    options.set_emit_comments(false);
    options
}

/// Turns events into a tree.
struct Builder<E> {
    events: E,
    anchors: HashMap<usize, Node>,
    copied: usize,
}

impl<'a, E: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> Builder<E> {
    fn next(&mut self) -> Result<(Event<'a>, Span), ManifestFault> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(ManifestFault::malformed(
                Some(error.marker().line()),
                error.info(),
            )),
            None => Err(ManifestFault::malformed(None, "it ends too early")),
        }
    }

    fn document(&mut self) -> Result<Vec<OptionNode>, ManifestFault> {
        let root = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => {
                    return Err(ManifestFault::malformed(None, "it is empty"));
                }
                (event, span) => break self.node(event, span, 0)?,
            }
        };
        let Value::Map(entries) = root.value else {
            return Err(ManifestFault::malformed(
                Some(root.line),
                "not a list of options",
            ));
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(entries),
                (Event::DocumentEnd, _) => {}
                (_, span) => {
                    let detail = "a second document; a manifest is one";
                    return Err(ManifestFault::malformed(Some(span.start.line()), detail));
                }
            }
        }
    }

    /// The node that begins with `event`.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, ManifestFault> {
        let line = span.start.line();
        if depth > MANIFEST_DEPTH {
            return Err(ManifestFault::malformed(Some(line), "nested too deep"));
        }
        if matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..)) && line != span.end.line() {
            // YAML would join the lines; far more often an item or option is indented wrongly.
            let detail = "a text goes on in the next line without quotation";
            return Err(ManifestFault::malformed(Some(line), detail));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style, &span), anchor),
            Event::SequenceStart(_, anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => return self.alias(anchor, line),
            _ => return Err(ManifestFault::malformed(Some(line), "a value is missing")),
        };
        let node = Node { line, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, ManifestFault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, ManifestFault> {
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                merge(&mut entries, merged);
                return Ok(Value::Map(entries));
            }
            let merges =
                matches!(&event, Event::Scalar(key, ScalarStyle::Plain, ..) if key == "<<");
            let name = self.node(event, span, depth + 1)?;
            let Value::Text(key) = name.value else {
                return Err(ManifestFault::malformed(
                    Some(name.line),
                    "a name is not a text",
                ));
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?.value;
            match value {
                Value::Map(map) if merges => merged.extend(map),
                value => entries.push(OptionNode {
                    key,
                    line: name.line,
                    value,
                }),
            }
        }
    }

    /// A copy of what an anchor names.
    fn alias(&mut self, anchor: usize, line: usize) -> Result<Node, ManifestFault> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(ManifestFault::malformed(
                Some(line),
                "an alias within its own anchor",
            ));
        };
        self.copied = self.copied.saturating_add(weight(&node.value));
        if self.copied > COPIED {
            return Err(ManifestFault::malformed(
                Some(line),
                "aliases copy too much",
            ));
        }
        Ok(node.clone())
    }
}

/// A scalar as text. The parser shows an absent value as `~`, without any extent.
fn scalar(text: &str, style: ScalarStyle, span: &Span) -> Value {
    let absent = span.start.index() == span.end.index();
    if style == ScalarStyle::Plain && (absent || text.is_empty()) {
        Value::Empty
    } else {
        Value::Text(text.to_owned())
    }
}

/// Adds the options of merge keys that the map does not have itself.
fn merge(entries: &mut Vec<OptionNode>, merged: Vec<OptionNode>) {
    let own: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    entries.extend(merged.into_iter().filter(|entry| !own.contains(&entry.key)));
}

/// What copying `value` costs, in nodes and bytes.
fn weight(value: &Value) -> usize {
    match value {
        Value::Empty => 1,
        Value::Text(text) => 1 + text.len(),
        Value::Map(entries) => entries
            .iter()
            .fold(1, |sum, entry| sum + entry.key.len() + weight(&entry.value)),
        Value::List(items) => items.iter().fold(1, |sum, item| sum + weight(&item.value)),
    }
}
