//! What of a text can be printed.
//!
//! Invariant: a cleaned text is one line, holds nothing that is invisible, that steers the
//! direction of what follows or that stands on its neighbours, and every character of it has a
//! glyph.

use unicode_bidi::{BidiClass, bidi_class};

use crate::fonts;
use crate::limits::{MARKS_PER_LETTER, TEXT_CHARS};

/// Stands where a text was cut.
pub(crate) const ELLIPSIS: char = '…';

/// Makes `text` fit to print: white space becomes single spaces, what is invisible is left out,
/// and a character that no font has becomes its code, `[U+20BB7]`, so that it is not lost.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = Cleaned::default();
    let mut chars = text.chars();
    for c in chars.by_ref().take(TEXT_CHARS) {
        cleaned.take(c);
    }
    cleaned.text.truncate(cleaned.text.trim_end().len());
    if chars.next().is_some() && !cleaned.text.is_empty() {
        cleaned.text.push(ELLIPSIS);
    }
    cleaned.text
}

/// A text under way.
#[derive(Default)]
struct Cleaned {
    text: String,
    marks: usize,
}

impl Cleaned {
    fn take(&mut self, c: char) {
        if c.is_whitespace() {
            self.space();
        } else if is_joiner(c) {
            self.joiner(c);
        } else if !c.is_control() && !is_ignorable(c) {
            self.visible(c);
        }
    }

    fn space(&mut self) {
        self.marks = 0;
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Joiners matter between two letters of Arabic and Indian scripts, and nowhere else.
    fn joiner(&mut self, c: char) {
        let after_letter = self
            .text
            .chars()
            .next_back()
            .is_some_and(|last| last != ' ' && !is_joiner(last));
        if after_letter {
            self.text.push(c);
        }
    }

    fn visible(&mut self, c: char) {
        self.marks = match bidi_class(c) {
            BidiClass::NSM => self.marks + 1,
            _ => 0,
        };
        if self.marks > MARKS_PER_LETTER {
            return;
        }
        if fonts::any_has(c) {
            self.text.push(c);
        } else {
            self.text.push_str(&format!("[U+{:04X}]", u32::from(c)));
        }
    }
}

/// The two joiners, invisible but of use.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether Unicode calls `c` ignorable by default (`DerivedCoreProperties.txt`,
/// `Default_Ignorable_Code_Point`), the joiners apart. The marks of direction are among them.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_of_a_text() {
        let table = [
            ("", ""),
            ("  12 \t High\r\nStreet  ", "12 High Street"),
            ("a\u{0}b\u{1b}[31mc\u{7f}", "ab[31mc"),
            ("\u{202e}evil\u{202c} \u{2066}x\u{2069}", "evil x"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("\u{200d}\u{200d}", ""),
            ("می\u{200c}\u{200c}خواهم", "می\u{200c}خواهم"),
            ("e\u{301}", "e\u{301}"),
            (
                "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}a",
                "Z\u{301}\u{302}\u{303}\u{304}a",
            ),
            ("\u{20bb7}田", "[U+20BB7]田"),
            ("\u{e123}", "[U+E123]"),
            ("❤\u{fe0f}", "❤"),
        ];
        for (given, printed) in table {
            assert_eq!(clean(given), printed, "{given:?}");
        }
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let printed = clean(&"x".repeat(10_000));
        assert_eq!(printed.chars().count(), TEXT_CHARS + 1);
        assert!(printed.ends_with(ELLIPSIS));
        assert_eq!(clean(&"\u{200b}".repeat(10_000)), "");
    }
}
