//! A language that nobody reads, made of English: every letter has an accent, every text has brackets and is two fifths
//! longer. The browser's test opens each page in it.

use std::borrow::Cow;

/// What stands between elements of HTML, and is not `code` or a key, in the letters of that language.
pub(super) fn transformed(text: &str) -> Cow<'_, str> {
    let mut said = String::with_capacity(text.len() * 3);
    let mut letters = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        letters += accented(before, &mut said);
        let end = end_of(from);
        said.push_str(&from[..end]);
        rest = &from[end..];
    }
    letters += accented(rest, &mut said);
    if letters == 0 {
        return text.into();
    }
    // Words of padding, so that lines break as they would.
    let mut padding = String::new();
    for at in 0..letters * 2 / 5 {
        padding.push(if at % 7 == 0 { ' ' } else { 'ẋ' });
    }
    format!("⟦{said}{padding}⟧").into()
}

/// Where an element or an entity ends; `code` and keys with all that is in them.
fn end_of(from: &str) -> usize {
    for name in ["code", "kbd"] {
        let close = format!("</{name}>");
        if from.starts_with(&format!("<{name}>"))
            && let Some(at) = from.find(&close)
        {
            return at + close.len();
        }
    }
    let close = if from.starts_with('<') { '>' } else { ';' };
    from.find(close).map_or(from.len(), |at| at + 1)
}

/// Writes a text with accents, and says how many letters it has.
fn accented(text: &str, said: &mut String) -> usize {
    const PLAIN: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const ACCENTED: &str = "àƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÀƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ";
    let mut letters = 0;
    for c in text.chars() {
        let place = PLAIN.chars().position(|plain| plain == c);
        letters += usize::from(place.is_some());
        said.push(place.and_then(|at| ACCENTED.chars().nth(at)).unwrap_or(c));
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_accents_and_elements_stay() {
        assert_eq!(transformed("Job"), "⟦Ĵöƀ ⟧");
        assert_eq!(
            transformed("by <a href=\"/x\">job</a> &amp; <code>find .</code>"),
            "⟦ƀý <a href=\"/x\">ĵöƀ</a> &amp; <code>find .</code> ẋ⟧"
        );
        assert_eq!(transformed(": 3 %, "), ": 3 %, ");
        assert_eq!(transformed("a & b < c"), "⟦à & b < c⟧");
    }
}
