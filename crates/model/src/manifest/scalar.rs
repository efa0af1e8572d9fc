//! Reading one line's worth of text: options, quotation, escapes, comments.

use super::node::Value;

/// A text that opens a quotation and never closes it on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed;

/// The value that `rest`, what follows a colon or dash, holds.
pub(super) fn inline(rest: &str) -> Result<Value, Unclosed> {
    let text = rest.trim_start();
    if text.starts_with(['"', '\'']) {
        let (quoted, after) = quotation(text)?;
        if without_comment(after).trim().is_empty() {
            return Ok(Value::Text(quoted));
        }
    }
    let text = without_comment(rest).trim();
    Ok(if text.is_empty() {
        Value::Empty
    } else {
        Value::Text(text.to_owned())
    })
}

/// Splits `text` into an option's name and what follows its colon. The first colon splits, with
/// or without a space after it, as in the templates that AWS handed out.
pub(super) fn option(text: &str) -> Option<(String, &str)> {
    if text.starts_with(['"', '\'']) {
        let (key, after) = quotation(text).ok()?;
        let rest = after.trim_start().strip_prefix(':')?;
        return Some((key, rest));
    }
    let (key, rest) = without_comment(text)
        .split_once(':')
        .and_then(|_| text.split_once(':'))?;
    let key = key.trim_end();
    (!key.is_empty()).then(|| (key.to_owned(), rest))
}

/// `text` up to a trailing comment: only white space and `#` start one.
fn without_comment(text: &str) -> &str {
    let mut after_space = false;
    for (index, c) in text.char_indices() {
        if c == '#' && after_space {
            return &text[..index];
        }
        after_space = c == ' ' || c == '\t';
    }
    text
}

/// Reads the quotation `text` begins with and returns it with what follows it.
fn quotation(text: &str) -> Result<(String, &str), Unclosed> {
    match text.strip_prefix('"') {
        Some(body) => double_quoted(body),
        None => single_quoted(text.strip_prefix('\'').unwrap_or(text)),
    }
}

fn single_quoted(body: &str) -> Result<(String, &str), Unclosed> {
    let mut out = String::new();
    let mut rest = body;
    loop {
        let (before, after) = rest.split_once('\'').ok_or(Unclosed)?;
        out.push_str(before);
        let Some(more) = after.strip_prefix('\'') else {
            return Ok((out, after));
        };
        out.push('\'');
        rest = more;
    }
}

fn double_quoted(body: &str) -> Result<(String, &str), Unclosed> {
    let mut out = String::new();
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((out, chars.as_str())),
            '\\' => escape(&mut chars, &mut out),
            c => out.push(c),
        }
    }
    Err(Unclosed)
}

/// Reads what follows a backslash in double quotes. An escape that YAML does not have stays as
/// it is, so that `"\.psd$"` is the expression it looks like.
fn escape(chars: &mut std::str::Chars<'_>, out: &mut String) {
    let Some(c) = chars.next() else {
        out.push('\\');
        return;
    };
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let coded = if digits == 0 {
        simple_escape(c)
    } else {
        coded_escape(chars, digits)
    };
    match coded {
        Some(coded) => out.push(coded),
        None => out.extend(['\\', c]),
    }
}

/// The single-letter escapes of YAML 1.2, section 5.7.
fn simple_escape(c: char) -> Option<char> {
    Some(match c {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        ' ' | '"' | '/' | '\\' => c,
        _ => return None,
    })
}

/// A character given by its code point in `digits` hexadecimal digits; consumes them if valid.
fn coded_escape(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text = chars.as_str();
    let code = text
        .get(..digits)
        .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let decoded = u32::from_str_radix(code, 16)
        .ok()
        .and_then(char::from_u32)?;
    *chars = text[digits..].chars();
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rest: &str) -> Option<String> {
        match inline(rest) {
            Ok(Value::Text(text)) => Some(text),
            Ok(Value::Empty) => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn values_are_read_as_written() {
        for (rest, value) in [
            (" 04101", "04101"),
            ("2.0", "2.0"),
            (" a # b", "a"),
            ("a#b", "a#b"),
            ("#b", "#b"),
            (" # none", ""),
            ("", ""),
            (" a\t# b", "a"),
            (r#" "\"" "#, "\""),
            (r#" "a # b" # c"#, "a # b"),
            (
                r#" "x: colon, comma and quotes \" inside""#,
                "x: colon, comma and quotes \" inside",
            ),
            (" 'it''s' ", "it's"),
            (r#" "\x41\u00e9\U0001F4BE\n""#, "A\u{e9}\u{1f4be}\n"),
            (r#" "\.psd$""#, r"\.psd$"),
            (r#" "\xZZ\uD800""#, r"\xZZ\uD800"),
            (r#" "Bob" Smith"#, r#""Bob" Smith"#),
            (r#" "" "#, ""),
        ] {
            assert_eq!(text(rest).as_deref(), Some(value), "{rest}");
        }
        assert_eq!(inline(" \"open"), Err(Unclosed));
        assert_eq!(inline(" 'open''"), Err(Unclosed));
    }

    #[test]
    fn the_first_colon_splits() {
        for (line, key, rest) in [
            ("name:Amazon.com ATTN:Joe", "name", "Amazon.com ATTN:Joe"),
            ("name : x", "name", " x"),
            (r#""$COLON$" : ":""#, "$COLON$", r#" ":""#),
            (r#"":" : "$COLON$""#, ":", r#" "$COLON$""#),
            ("'a:b':c", "a:b", "c"),
            ("a:#b", "a", "#b"),
        ] {
            assert_eq!(option(line), Some((key.to_owned(), rest)), "{line}");
        }
        for line in ["INVALID MANIFEST", ": x", "\"open: x", "a # b: c", ""] {
            assert_eq!(option(line), None, "{line}");
        }
    }
}
