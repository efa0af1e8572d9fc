//! A manifest that is being written: single options of its text, read and changed where they stand.
//!
//! For forms. What is read is what [`Manifest::parse`](super::Manifest::parse) would read; what is changed are the lines of
//! that option alone, so that comments, order and what a form does not know stay as they are. Whether the manifest is
//! good is not asked here.
//!
//! An option is named by its path: `bucket`, `returnAddress.city`, `operations[1].prefix`. The list `ignore` is a text
//! with an item a line.

use super::node::{Node, OptionNode, Value};
use super::reader;

/// Columns by which options of an option are indented.
const INDENT: usize = 4;

/// What stands in each of these options, in their order; an option that is not there is empty. `None` if the text cannot be
/// read.
#[must_use]
pub fn values(text: &str, paths: &[&str]) -> Option<Vec<String>> {
    let entries = match text.trim().is_empty() {
        true => Vec::new(),
        false => reader::read(text).ok()?,
    };
    let value = |path: &&str| value_in(&entries, path);
    Some(paths.iter().map(value).collect())
}

/// The text with another value of an option, which is taken out if that is empty. A value that cannot be written so that it
/// is read as it is, because of a control character, is written all the same: the parser says what is wrong.
#[must_use]
pub fn with(text: &str, path: &str, value: &str) -> String {
    let ways = [Quotes::None, Quotes::Single, Quotes::Double];
    let written = ways.map(|quotes| Lines::of(text).with(path, value, quotes));
    let is_read = |text: &&String| values(text, &[path]).is_some_and(|read| read == [value]);
    let good = written.iter().find(is_read).cloned();
    let [plain, ..] = written;
    good.unwrap_or(plain)
}

fn value_in(entries: &[OptionNode], path: &str) -> String {
    let (parent, name) = split(path);
    let inner = match parent {
        None => Some(entries),
        Some(parent) => of_name(entries, name_of(parent)).and_then(|value| match value {
            Value::Map(entries) => Some(entries.as_slice()),
            Value::List(items) => items.first().and_then(|item| match &item.value {
                Value::Map(entries) => Some(entries.as_slice()),
                Value::Empty | Value::Text(_) | Value::List(_) => None,
            }),
            Value::Empty | Value::Text(_) => None,
        }),
    };
    match inner.and_then(|entries| of_name(entries, name)) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::List(items)) => {
            let items: Vec<&str> = items.iter().filter_map(text_of).collect();
            items.join("\n")
        }
        Some(Value::Empty | Value::Map(_)) | None => String::new(),
    }
}

fn of_name<'a>(entries: &'a [OptionNode], name: &str) -> Option<&'a Value> {
    let found = entries.iter().find(|entry| entry.key == name);
    found.map(|entry| &entry.value)
}

fn text_of(item: &Node) -> Option<&str> {
    match &item.value {
        Value::Text(text) => Some(text),
        Value::Empty | Value::Map(_) | Value::List(_) => None,
    }
}

/// The option in which another stands, and that one's own name.
fn split(path: &str) -> (Option<&str>, &str) {
    match path.split_once('.') {
        Some((parent, name)) => (Some(parent), name),
        None => (None, path),
    }
}

/// `operations` of `operations[1]`.
fn name_of(parent: &str) -> &str {
    parent.strip_suffix("[1]").unwrap_or(parent)
}

/// How a value is written.
#[derive(Debug, Clone, Copy)]
enum Quotes {
    None,
    Single,
    Double,
}

impl Quotes {
    fn around(self, value: &str) -> String {
        match self {
            Self::None => value.to_owned(),
            Self::Single => format!("'{}'", value.replace('\'', "''")),
            Self::Double => {
                let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{escaped}\"")
            }
        }
    }
}

/// Where an option stands: its first line, what is before its name there, and the line behind its last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OptionLines {
    first: usize,
    before: String,
    end: usize,
}

/// Lines in which options are looked for: those from `first` to `end`, with the names at column `column`.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: usize,
    end: usize,
    column: usize,
}

/// The lines of a text.
#[derive(Debug)]
struct Lines(Vec<String>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    fn with(mut self, path: &str, value: &str, quotes: Quotes) -> String {
        let (parent, name) = split(path);
        match parent {
            None => self.set(self.whole(), name, value, quotes),
            Some(parent) => self.set_within(parent, name, value, quotes),
        }
        let mut text = self.0.join("\n");
        text.push('\n');
        text
    }

    /// The options that stand in no other.
    fn whole(&self) -> Block {
        let first = (0..self.0.len()).find(|line| self.is_significant(*line));
        Block {
            first: 0,
            end: self.0.len(),
            column: first.map_or(0, |line| indent(&self.0[line])),
        }
    }

    fn set_within(&mut self, parent: &str, name: &str, value: &str, quotes: Quotes) {
        let place = self.find(self.whole(), name_of(parent));
        let inner = place.as_ref().and_then(|place| self.inside(place));
        if let Some(block) = inner {
            self.set(block, name, value, quotes);
            let place = self.find(self.whole(), name_of(parent));
            if let Some(place) = place
                && self.inside(&place).is_none()
            {
                self.0.drain(place.first..place.end);
            }
            return;
        }
        if value.is_empty() {
            return;
        }
        if let Some(place) = place {
            self.0.drain(place.first..place.end);
        }
        let dash = if parent.ends_with("[1]") { "- " } else { "" };
        let before = format!("{}{dash}", " ".repeat(INDENT));
        let at = self.behind(self.whole());
        let mut lines = vec![format!("{}:", name_of(parent))];
        lines.extend(written(&before, name, value, quotes));
        self.0.splice(at..at, lines);
    }

    fn set(&mut self, block: Block, name: &str, value: &str, quotes: Quotes) {
        match self.find(block, name) {
            // What else is in an item of a list would lose its dash.
            Some(place) if value.is_empty() && place.before.contains('-') => {
                let line = format!("{}{name}:", place.before);
                self.0.splice(place.first..place.end, [line]);
            }
            Some(place) if value.is_empty() => {
                self.0.drain(place.first..place.end);
            }
            Some(place) => {
                let lines = written(&place.before, name, value, quotes);
                self.0.splice(place.first..place.end, lines);
            }
            None if value.is_empty() => {}
            None => {
                let lines = written(&" ".repeat(block.column), name, value, quotes);
                let at = self.behind(block);
                self.0.splice(at..at, lines);
            }
        }
    }

    /// The option of this name within a block.
    fn find(&self, block: Block, name: &str) -> Option<OptionLines> {
        let is_it = |line: &usize| {
            self.is_significant(*line) && column(&self.0[*line], block) == Some(block.column) && {
                let text = &self.0[*line][block.column..];
                let rest = text.strip_prefix(name).map(str::trim_start);
                rest.is_some_and(|rest| rest.starts_with(':'))
            }
        };
        let first = (block.first..block.end).find(is_it)?;
        let is_next = |line: &usize| {
            let text = &self.0[*line];
            let is_item = text.trim_start().starts_with('-') && indent(text) == block.column;
            self.is_significant(*line) && indent(text) <= block.column && !is_item
        };
        let next = (first + 1..block.end).find(is_next).unwrap_or(block.end);
        // Comments and blank lines before the next option belong to that.
        let last = (first..next).rfind(|line| self.is_significant(*line));
        Some(OptionLines {
            first,
            before: self.0[first][..block.column].to_owned(),
            end: last.unwrap_or(first) + 1,
        })
    }

    /// The options of an option, or those of the first item of its list.
    fn inside(&self, place: &OptionLines) -> Option<Block> {
        let mut lines = place.first + 1..place.end;
        let first = lines.find(|line| self.is_significant(*line))?;
        let text = &self.0[first];
        let dash = indent(text);
        let Some(item) = text.trim_start().strip_prefix('-') else {
            return Some(Block {
                first,
                end: place.end,
                column: dash,
            });
        };
        let blanks = item.len() - item.trim_start().len();
        let is_next = |line: &usize| self.is_significant(*line) && indent(&self.0[*line]) <= dash;
        Some(Block {
            first,
            end: (first + 1..place.end).find(is_next).unwrap_or(place.end),
            column: dash + 1 + blanks,
        })
    }

    /// The line behind the last option of a block.
    fn behind(&self, block: Block) -> usize {
        let last = (block.first..block.end).rfind(|line| self.is_significant(*line));
        last.map_or(block.end, |line| line + 1)
    }

    /// Whether something stands on a line that is no comment and no mark of a document.
    fn is_significant(&self, line: usize) -> bool {
        let text = self.0[line].trim();
        !(text.is_empty() || text.starts_with('#') || text == "---" || text == "...")
    }
}

/// The column at which the name on a line begins: behind the dash on the first line of an item.
fn column(line: &str, block: Block) -> Option<usize> {
    let is_there = line.is_char_boundary(block.column) && line.len() > block.column;
    let before = is_there.then(|| &line[..block.column])?;
    let is_free = before.chars().all(|c| c.is_whitespace() || c == '-');
    let begins = !line[block.column..].starts_with(char::is_whitespace);
    (is_free && begins).then_some(block.column)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// An option with its value: on its line, or for several lines as a list.
fn written(before: &str, name: &str, value: &str, quotes: Quotes) -> Vec<String> {
    if name != "ignore" {
        return vec![format!("{before}{name}: {}", quotes.around(value))];
    }
    let items = value.lines().filter(|item| !item.is_empty());
    let item = |item| format!("{before}{}- {}", " ".repeat(INDENT), quotes.around(item));
    let head = format!("{before}{name}:");
    std::iter::once(head).chain(items.map(item)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Of the studio.
manifestVersion: 2.0
bucket: photos   # all of them
returnAddress:
    name: Jane Roe
    city: Sacramento

# What is not sent.
ignore:
    - \\.tmp$
    - ^cache/
deviceId: X-1
";

    fn value(text: &str, path: &str) -> String {
        values(text, &[path]).unwrap().remove(0)
    }

    #[test]
    fn what_is_read_is_what_stands_there() {
        let paths = ["bucket", "returnAddress.city", "ignore", "prefix"];
        let read = values(TEXT, &paths).unwrap();
        assert_eq!(read, ["photos", "Sacramento", "\\.tmp$\n^cache/", ""]);
        assert_eq!(values("", &["bucket"]), Some(vec![String::new()]));
        assert_eq!(values("a\nb: c", &["bucket"]), None);
    }

    #[test]
    fn one_option_changes_and_nothing_else() {
        let changed = with(TEXT, "bucket", "films");
        assert_eq!(
            changed,
            TEXT.replace("bucket: photos   # all of them", "bucket: films")
        );
        let changed = with(TEXT, "returnAddress.city", "Reno");
        assert_eq!(changed, TEXT.replace("Sacramento", "Reno"));
        let changed = with(TEXT, "returnAddress.country", "USA");
        let expected = TEXT.replace("Sacramento\n", "Sacramento\n    country: USA\n");
        assert_eq!(changed, expected);
        let changed = with(TEXT, "ignore", "^cache/");
        assert_eq!(changed, TEXT.replace("    - \\.tmp$\n", ""));
        let changed = with(TEXT, "prefix", "2026/");
        assert_eq!(changed, format!("{TEXT}prefix: 2026/\n"));
        let without = with(&with(TEXT, "prefix", "a"), "prefix", "");
        assert_eq!(without, TEXT);
        let changed = with(
            &with(TEXT, "returnAddress.name", ""),
            "returnAddress.city",
            "",
        );
        assert!(!changed.contains("returnAddress"), "{changed}");
    }

    #[test]
    fn sets_of_an_export_are_items_of_a_list() {
        let text = with("", "operations[1].exportBucket", "photos");
        assert_eq!(text, "operations:\n    - exportBucket: photos\n");
        let text = with(&text, "operations[1].prefix", "2026/");
        let expected = "operations:\n    - exportBucket: photos\n      prefix: 2026/\n";
        assert_eq!(text, expected);
        let more = format!("{text}    - exportBucket: films\n");
        let changed = with(&more, "operations[1].prefix", "");
        let expected = "operations:\n    - exportBucket: photos\n    - exportBucket: films\n";
        assert_eq!(changed, expected);
        let changed = with(&more, "operations[1].exportBucket", "");
        assert!(
            changed.contains("    - exportBucket:\n      prefix"),
            "{changed}"
        );
        let same = "operations:\n- exportBucket: a\n  prefix: b\ndeviceId: c\n";
        let changed = with(same, "operations[1].prefix", "d");
        assert_eq!(changed, same.replace("prefix: b", "prefix: d"));
    }

    #[test]
    fn whatever_somebody_types_is_read_as_it_was_typed() {
        for typed in [
            "a: b",
            "#1",
            "a #b",
            "'",
            "\"",
            "it's",
            "\"a\" 'b'",
            "- a",
            "[a]",
            "{a: b}",
            "*a",
            "&a",
            "!x",
            "yes",
            "Ünï",
            "a\\b",
            "<img src=x>",
            "---",
            "? a",
            "%a",
            "'a'",
            "|",
            ">",
        ] {
            for path in [
                "prefix",
                "returnAddress.city",
                "ignore",
                "operations[1].prefix",
            ] {
                let text = with(TEXT, path, typed);
                assert_eq!(value(&text, path), typed, "{text}");
                assert_eq!(value(&text, "deviceId"), "X-1", "{text}");
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "-",
            "- -",
            "é: ü",
            "\u{feff}bucket: a",
            "a:\n\t- b",
            "operations:\n  -\n",
            "operations: x",
        ] {
            for path in ["bucket", "returnAddress.city", "operations[1].prefix"] {
                for value in ["", "x", "a\nb", "\u{0}"] {
                    let _ = with(text, path, value);
                }
            }
        }
    }
}
