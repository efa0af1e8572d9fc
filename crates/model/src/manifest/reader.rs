//! The reader of manifest text, more tolerant than YAML.
//!
//! The service took what its own templates wrote: `key:value` without a space, which to YAML is
//! no option at all. So lines are read here by indentation, and a real YAML parser is asked only
//! when the text has something that this reader does not know.
//!
//! Messages never quote a line: it may hold a password.

use std::collections::HashSet;

use super::fault::ManifestFault;
use super::node::{Node, OptionNode, Value};
use super::{scalar, yaml};
use crate::limits::{MANIFEST_BYTES, MANIFEST_DEPTH};

/// Columns a tab advances to a multiple of.
const TAB: usize = 4;

/// Reads a text into its options.
pub(super) fn read(text: &str) -> Result<Vec<OptionNode>, ManifestFault> {
    if text.len() > MANIFEST_BYTES {
        let detail = format!("longer than {MANIFEST_BYTES} bytes");
        return Err(ManifestFault::malformed(None, detail));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::new(text);
    let tolerant = reader.document();
    if tolerant.is_ok() && !reader.marks {
        return tolerant;
    }
    match (yaml::read(text), tolerant) {
        (Ok(entries), _) => Ok(entries),
        (Err(_), Ok(entries)) => Ok(entries),
        (Err(fault), Err(_)) if reader.marks => Err(fault),
        (Err(_), Err(fault)) => Err(fault),
    }
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, Copy)]
struct SourceLine<'a> {
    number: usize,
    /// Columns before the text.
    indent: usize,
    /// Without surrounding white space.
    text: &'a str,
}

impl SourceLine<'_> {
    /// Whether a list item begins here.
    fn is_item(&self) -> bool {
        self.text.starts_with('-')
    }

    fn fault(&self, detail: &str) -> ManifestFault {
        ManifestFault::malformed(Some(self.number), detail)
    }
}

/// A position in the lines of a text.
#[derive(Debug)]
struct Reader<'a> {
    text: &'a str,
    lines: Vec<SourceLine<'a>>,
    next: usize,
    /// Whether something was met that only YAML gives a meaning.
    marks: bool,
    /// What an alias could refer to.
    anchors: HashSet<&'a str>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            lines: Vec::new(),
            next: 0,
            marks: false,
            anchors: anchors(text),
        }
    }

    fn document(&mut self) -> Result<Vec<OptionNode>, ManifestFault> {
        self.lines = significant_lines(self.text)?;
        let Some(first) = self.peek() else {
            return Err(ManifestFault::malformed(None, "it is empty"));
        };
        let entries = self.map(first.indent, 0)?;
        match self.peek() {
            Some(line) => Err(line.fault("indented less than the first option")),
            None => Ok(entries),
        }
    }

    fn peek(&self) -> Option<SourceLine<'a>> {
        self.lines.get(self.next).copied()
    }

    /// The next line if it is indented deeper than `indent`.
    fn peek_deeper(&self, indent: usize) -> Option<SourceLine<'a>> {
        self.peek().filter(|line| line.indent > indent)
    }

    /// Options at column `base`; ends before the first line that is indented less.
    fn map(&mut self, base: usize, depth: usize) -> Result<Vec<OptionNode>, ManifestFault> {
        let mut entries = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= base) {
            if line.indent > base {
                return Err(line.fault("indented deeper than the option before it allows"));
            }
            let Some((key, rest)) = self.option(line) else {
                return Err(line.fault("not an option, which is a name and a colon"));
            };
            self.next += 1;
            let raw = depth == 0 && key == "ignore";
            let value = self.value(line, rest, depth, raw)?;
            entries.push(OptionNode {
                key,
                line: line.number,
                value,
            });
        }
        Ok(entries)
    }

    /// The name and the rest of an option's line.
    fn option(&mut self, line: SourceLine<'a>) -> Option<(String, &'a str)> {
        if line.text == "-" || line.text.starts_with("- ") {
            return None;
        }
        if line.text.starts_with(['{', '[', '?', '%', '&', '*', '!']) || line.text.starts_with("<<")
        {
            self.marks = true;
        }
        scalar::option(line.text)
    }

    /// What follows the colon of an option: on its line, or indented below it, or a list below it
    /// that is not even indented.
    fn value(
        &mut self,
        line: SourceLine<'a>,
        rest: &'a str,
        depth: usize,
        raw: bool,
    ) -> Result<Value, ManifestFault> {
        let value = self.inline(line, rest)?;
        if value != Value::Empty {
            return Ok(value);
        }
        match self.peek() {
            Some(next) if next.indent > line.indent => self.block(next, depth + 1, raw),
            Some(next) if next.indent == line.indent && next.is_item() => {
                self.block(next, depth + 1, raw)
            }
            _ => Ok(Value::Empty),
        }
    }

    fn inline(&mut self, line: SourceLine<'a>, rest: &'a str) -> Result<Value, ManifestFault> {
        self.marks |= self.means_something_in_yaml(rest.trim_start());
        scalar::inline(rest).map_err(|_| line.fault("a quotation is not closed"))
    }

    /// Whether a value begins as only YAML values do: a flow list or map, a tag, an alias whose
    /// anchor exists. A text such as `*x` or `&x` by itself means nothing, and may be a password.
    fn means_something_in_yaml(&self, value: &str) -> bool {
        let is_alias = value.strip_prefix('*').is_some_and(|name| {
            let name = leading_name(name);
            !name.is_empty() && self.anchors.contains(name)
        });
        value.starts_with(['[', '{']) || value.starts_with("!!") || is_alias
    }

    /// The list or options that begin at `first`. `raw` items are texts even with a colon.
    fn block(
        &mut self,
        first: SourceLine<'a>,
        depth: usize,
        raw: bool,
    ) -> Result<Value, ManifestFault> {
        if depth > MANIFEST_DEPTH {
            return Err(first.fault("nested too deep"));
        }
        if first.is_item() {
            self.list(first.indent, depth, raw).map(Value::List)
        } else {
            self.map(first.indent, depth).map(Value::Map)
        }
    }

    /// Items whose dash is at column `base`.
    fn list(&mut self, base: usize, depth: usize, raw: bool) -> Result<Vec<Node>, ManifestFault> {
        let mut items = Vec::new();
        while let Some(line) = self
            .peek()
            .filter(|line| line.indent == base && line.is_item())
        {
            let rest = line.text.strip_prefix('-').unwrap_or(line.text);
            let value = if raw {
                self.next += 1;
                scalar::inline(rest).map_err(|_| line.fault("a quotation is not closed"))?
            } else {
                self.item(line, rest, depth)?
            };
            items.push(Node {
                line: line.number,
                value,
            });
        }
        Ok(items)
    }

    fn item(
        &mut self,
        line: SourceLine<'a>,
        rest: &'a str,
        depth: usize,
    ) -> Result<Value, ManifestFault> {
        let text = rest.trim_start();
        let Some((_, after)) = scalar::option(text).filter(|_| !text.starts_with("- ")) else {
            self.next += 1;
            let value = self.inline(line, rest)?;
            return match self.peek_deeper(line.indent) {
                Some(next) if value == Value::Empty => self.block(next, depth + 1, false),
                _ => Ok(value),
            };
        };
        // The first option of an item shares its line; put it where its brothers below stand.
        let mut column = line.indent + 1 + columns(&rest[..rest.len() - text.len()]);
        let has_value = scalar::inline(after).is_ok_and(|value| value != Value::Empty);
        if let Some(below) = self
            .lines
            .get(self.next + 1)
            .filter(|next| next.indent > line.indent)
            && (has_value || below.indent < column)
        {
            column = below.indent;
        }
        self.lines[self.next] = SourceLine {
            indent: column,
            text,
            ..line
        };
        self.map(column, depth).map(Value::Map)
    }
}

/// The lines that matter, document markers taken off.
fn significant_lines(text: &str) -> Result<Vec<SourceLine<'_>>, ManifestFault> {
    let mut lines: Vec<SourceLine<'_>> = Vec::new();
    let mut ended = false;
    for (index, line) in physical_lines(text).enumerate() {
        let text = line.trim();
        let indent = columns(&line[..line.len() - line.trim_start().len()]);
        let line = SourceLine {
            number: index + 1,
            indent,
            text,
        };
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if text.contains(|c: char| c.is_control() && c != '\t') {
            return Err(line.fault("a control character"));
        }
        let (marker, comment) = text.split_at_checked(3).unwrap_or((text, ""));
        let alone = comment.is_empty() || comment.trim_start().starts_with('#');
        match marker {
            "---" if alone && lines.is_empty() && !ended => {}
            "---" if alone => return Err(line.fault("a second document; a manifest is one")),
            "..." if alone => ended = true,
            _ if ended => return Err(line.fault("text after the end of the document")),
            _ => lines.push(line),
        }
    }
    Ok(lines)
}

/// Splits at LF, CR LF or CR.
fn physical_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Columns that white space takes up.
fn columns(blank: &str) -> usize {
    blank.chars().fold(0, |column, c| {
        if c == '\t' {
            column / TAB * TAB + TAB
        } else {
            column + 1
        }
    })
}

/// The names of everything that could be an anchor.
fn anchors(text: &str) -> HashSet<&str> {
    text.split('&').skip(1).map(leading_name).collect()
}

/// The letters, digits, underscores and hyphens a text begins with.
fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where YAML can read a manifest at all, both readers find the same, line for line.
    #[test]
    fn both_readers_agree() {
        for text in [
            include_str!("../../tests/manifests/ebs-a-up-to-1tb.yaml"),
            include_str!("../../tests/manifests/ebs-c-singapore.yaml"),
            include_str!("../../tests/manifests/export-a-one-bucket.yaml"),
            include_str!("../../tests/manifests/export-b-several-sets.yaml"),
            include_str!("../../tests/manifests/export-c-continuation.yaml"),
            include_str!("../../tests/manifests/export-d-renames.yaml"),
            include_str!("../../tests/manifests/glacier-a.yaml"),
            include_str!("../../tests/manifests/glacier-c-quoted-comment.yaml"),
            include_str!("../../tests/manifests/import-a-smallest.yaml"),
            include_str!("../../tests/manifests/import-c-every-header.yaml"),
            include_str!("../../tests/manifests/import-d-pin-drive.yaml"),
            include_str!("../../tests/manifests/import-e-customs.yaml"),
            include_str!("../../tests/manifests/import-f-version-1.yaml"),
            include_str!("../../tests/manifests/import-g-cli-example.yaml"),
        ] {
            let mut reader = Reader::new(text);
            let tolerant = reader.document();
            assert!(tolerant.is_ok() && !reader.marks, "{text}");
            assert_eq!(tolerant, yaml::read(text), "{text}");
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for (text, line) in [
            ("a: b\nc", 2),
            ("a: b\r\n\r\nc", 3),
            ("a: b\rc", 2),
            ("\n\nc", 3),
        ] {
            assert_eq!(
                read(text).map_err(|fault| fault.line),
                Err(Some(line)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn indentation_that_means_nothing_is_refused() {
        for text in [
            "a: b\n  c: d",
            "a:\n    b: c\n  d: e",
            "  a: b\nc: d",
            "a:\n- b\n - c",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
