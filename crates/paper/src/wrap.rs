//! Lines of a width: broken where Unicode allows (UAX 14), within a word only where nothing else
//! helps, and cut with an ellipsis where the room ends.
//!
//! Invariant: a line is at most as wide as asked, unless a single letter already is wider.

use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation;

use crate::clean::ELLIPSIS;
use crate::fonts::Weight;
use crate::shape::{self, Line};

/// Breaks a cleaned text into at most `most` lines of at most `width` em.
pub(crate) fn wrap(text: &str, weight: Weight, width: f32, most: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && lines.len() < most {
        let end = fitting(rest, weight, width);
        if end < rest.len() && lines.len() + 1 == most {
            lines.push(cut(rest, weight, width));
        } else {
            lines.push(shape::line(rest[..end].trim_end(), weight));
        }
        rest = rest[end..].trim_start();
    }
    lines
}

/// Where the first line of `text` ends. Never at its beginning.
fn fitting(text: &str, weight: Weight, width: f32) -> usize {
    let fits = |end: usize| shape::line(text[..end].trim_end(), weight).width <= width;
    let breaks = linebreaks(text).map(|(end, _)| end);
    if let Some(end) = breaks.take_while(|end| fits(*end)).last() {
        return end;
    }
    let first = text.graphemes(true).next().map_or(text.len(), str::len);
    letter_ends(text)
        .take_while(|end| fits(*end))
        .last()
        .unwrap_or(first)
}

/// As much of `text` as goes on one line with an ellipsis.
fn cut(text: &str, weight: Weight, width: f32) -> Line {
    let with_ellipsis =
        |end: usize| shape::line(&format!("{}{ELLIPSIS}", text[..end].trim_end()), weight);
    letter_ends(text)
        .map(with_ellipsis)
        .take_while(|line| line.width <= width)
        .last()
        .unwrap_or_else(|| with_ellipsis(0))
}

/// The ends of the letters of `text`, marks included.
fn letter_ends(text: &str) -> impl Iterator<Item = usize> {
    text.grapheme_indices(true)
        .map(|(start, letter)| start + letter.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: f32, most: usize) -> Vec<String> {
        let lines = wrap(text, Weight::Regular, width, most);
        assert!(lines.iter().all(|line| line.width <= width), "{text}");
        let text = |line: &Line| line.runs.iter().map(|run| run.text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn where_lines_end() {
        let table: [(&str, f32, usize, &[&str]); 8] = [
            ("", 10.0, 3, &[]),
            ("one two three", 20.0, 3, &["one two three"]),
            ("one two three", 5.0, 3, &["one two", "three"]),
            ("one two three", 5.0, 1, &["one tw…"]),
            ("Donaudampfschiff", 5.0, 9, &["Donauda", "mpfschiff"]),
            ("a Donaudampfschiff", 5.5, 2, &["a", "Donaud…"]),
            ("東京都千代田区", 4.0, 9, &["東京都千", "代田区"]),
            ("กรุงเทพมหานคร", 4.0, 9, &["กรุงเทพม", "หานคร"]),
        ];
        for (text, width, most, lines) in table {
            assert_eq!(wrapped(text, width, most), lines, "{text}");
        }
    }

    #[test]
    fn a_letter_wider_than_the_line_stands_alone() {
        assert_eq!(wrap("WW", Weight::Bold, 0.1, 5).len(), 2);
    }
}
