//! Java's regular expression syntax in the words of the engine that runs it.
//!
//! Most of it is shared. What Java reads differently is rewritten where that is exact, and
//! refused where it is not: an expression that silently means something else would leave a
//! customer's files behind. Two differences stay, because paths hardly ever show them: `(?i)`
//! ignores the case of all letters rather than A to Z, and only a line feed, not also a carriage
//! return and its like, stops a `.`. Source: Java SE, `java.util.regex.Pattern`.

use std::iter::Peekable;
use std::str::Chars;

/// Syntax that cannot be carried over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsupported {
    /// An escape sequence.
    #[error("`\\{0}` is not supported in expressions")]
    Escape(char),
    /// A character class by name.
    #[error("`\\p{{{0}}}` is not supported in expressions")]
    Class(String),
    /// An inline flag.
    #[error("the flag `{0}` is not supported in expressions")]
    Flag(char),
    /// A backslash with nothing behind it, or an escape that is cut off.
    #[error("an escape sequence is incomplete")]
    Incomplete,
}

/// Rewrites `source`.
pub(super) fn translate(source: &str) -> Result<String, Unsupported> {
    let mut translator = Translator {
        input: source.chars().peekable(),
        out: String::new(),
        depth: 0,
    };
    translator.run()?;
    Ok(translator.out)
}

struct Translator<'a> {
    input: Peekable<Chars<'a>>,
    out: String,
    /// How many brackets are open.
    depth: usize,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), Unsupported> {
        while let Some(c) = self.input.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.open_class(),
                ']' if self.depth > 0 => {
                    self.depth -= 1;
                    self.out.push(c);
                }
                '-' | '~' if self.depth > 0 => self.class_operator(c),
                '(' if self.depth == 0 => self.group()?,
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    /// A class begins. A bracket or caret right behind it belongs to it; `[:` means nothing.
    fn open_class(&mut self) {
        self.depth += 1;
        self.out.push('[');
        if self.input.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.input.next_if_eq(&']').is_some() {
            self.literal(']');
        }
        if self.input.next_if_eq(&':').is_some() {
            // A range of one, because the engine would undo an escape and find a POSIX class.
            self.out.push_str(":-:");
        }
    }

    /// `--` and `~~` are operators to the engine but not to Java.
    fn class_operator(&mut self, c: char) {
        self.out.push(c);
        if self.input.next_if_eq(&c).is_some() {
            self.literal(c);
        }
    }

    /// Looks at the flags of a group such as `(?i)`; those that mean something else are refused.
    fn group(&mut self) -> Result<(), Unsupported> {
        self.out.push('(');
        if self.input.next_if_eq(&'?').is_none() {
            return Ok(());
        }
        self.out.push('?');
        match self.input.peek() {
            Some(&flag @ ('(' | '&' | 'P' | 'R' | '#' | '~' | '|')) => {
                return Err(Unsupported::Flag(flag));
            }
            Some('<' | '=' | '!' | '>' | ':') | None => return Ok(()),
            Some(_) => {}
        }
        while let Some(&flag) = self.input.peek() {
            match flag {
                // `u` widens Java's `i` to all letters; the engine's `i` is that wide always.
                'i' | 'm' | 's' | '-' | 'u' => {}
                ')' | ':' => return Ok(()),
                _ => return Err(Unsupported::Flag(flag)),
            }
            if flag != 'u' {
                self.out.push(flag);
            }
            self.input.next();
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Unsupported> {
        let c = self.input.next().ok_or(Unsupported::Incomplete)?;
        match c {
            'Q' => self.quotation(),
            'd' | 'D' => self.class("0-9", c == 'D'),
            'w' | 'W' => self.class("A-Za-z0-9_", c == 'W'),
            's' | 'S' => self.class(r" \t\n\x0B\x0C\r", c == 'S'),
            'h' | 'H' => {
                self.class(
                    r" \t\u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}",
                    c == 'H',
                );
            }
            'v' | 'V' => self.class(r"\n\x0B\x0C\r\u{85}\u{2028}\u{2029}", c == 'V'),
            'R' if self.depth == 0 => self
                .out
                .push_str(r"(?:\r\n|[\n\x0B\x0C\r\u{85}\u{2028}\u{2029}])"),
            'p' | 'P' => self.property(c == 'P')?,
            't' => self.literal('\t'),
            'n' => self.literal('\n'),
            'r' => self.literal('\r'),
            'f' => self.literal('\u{c}'),
            'a' => self.literal('\u{7}'),
            'e' => self.literal('\u{1b}'),
            'c' => {
                let control = self
                    .input
                    .next()
                    .filter(char::is_ascii)
                    .ok_or(Unsupported::Incomplete)?;
                self.code(u32::from(control) ^ 64)?;
            }
            '0' => self.octal()?,
            'x' => self.hexadecimal()?,
            'u' => {
                let code = self.digits(4)?;
                self.code(code)?;
            }
            'b' | 'B' | 'A' | 'z' | 'Z' | 'k' | '1'..='9' if self.depth == 0 => {
                self.out.extend(['\\', c]);
                if matches!(c, 'b' | 'B') && self.input.peek() == Some(&'{') {
                    return Err(Unsupported::Escape(c));
                }
            }
            c if c.is_alphanumeric() => return Err(Unsupported::Escape(c)),
            c => self.literal(c),
        }
        Ok(())
    }

    /// `\Q` to `\E`, or to the end.
    fn quotation(&mut self) {
        while let Some(c) = self.input.next() {
            if c == '\\' && self.input.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(c);
        }
    }

    /// A set of characters, in or out of brackets.
    fn class(&mut self, set: &str, negated: bool) {
        let caret = if negated { "^" } else { "" };
        if self.depth > 0 && !negated {
            self.out.push_str(set);
        } else {
            self.out.extend(["[", caret, set, "]"]);
        }
    }

    /// A character that stands for itself.
    fn literal(&mut self, c: char) {
        if c.is_alphanumeric() {
            self.out.push(c);
        } else {
            // Not a backslash: the engine takes some of those away inside brackets.
            self.out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        }
    }

    fn code(&mut self, code: u32) -> Result<(), Unsupported> {
        self.literal(char::from_u32(code).ok_or(Unsupported::Incomplete)?);
        Ok(())
    }

    /// `\0n`, `\0nn` or `\0mnn` with m at most 3.
    fn octal(&mut self) -> Result<(), Unsupported> {
        let mut code = 0;
        let mut digits = 0;
        while let Some(digit) = self.input.peek().and_then(|c| c.to_digit(8)) {
            if digits == 3 || code * 8 + digit > 0o377 {
                break;
            }
            code = code * 8 + digit;
            digits += 1;
            self.input.next();
        }
        if digits == 0 {
            Err(Unsupported::Incomplete)
        } else {
            self.code(code)
        }
    }

    /// `\xhh` or `\x{h...h}`.
    fn hexadecimal(&mut self) -> Result<(), Unsupported> {
        if self.input.next_if_eq(&'{').is_none() {
            let code = self.digits(2)?;
            return self.code(code);
        }
        let text = self.until_brace()?;
        self.code(u32::from_str_radix(&text, 16).map_err(|_| Unsupported::Incomplete)?)
    }

    fn digits(&mut self, count: usize) -> Result<u32, Unsupported> {
        let mut code = 0;
        for _ in 0..count {
            let digit = self.input.next().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or(Unsupported::Incomplete)?;
        }
        Ok(code)
    }

    fn until_brace(&mut self) -> Result<String, Unsupported> {
        let mut text = String::new();
        for c in self.input.by_ref() {
            if c == '}' {
                return Ok(text);
            }
            text.push(c);
        }
        Err(Unsupported::Incomplete)
    }

    /// `\p{...}` or `\pX`. The POSIX names are ASCII only in Java.
    fn property(&mut self, negated: bool) -> Result<(), Unsupported> {
        let name = match self.input.next() {
            Some('{') => self.until_brace()?,
            Some(c) => c.to_string(),
            None => return Err(Unsupported::Incomplete),
        };
        if let Some(set) = posix(&name) {
            self.class(set, negated);
            return Ok(());
        }
        let plain = name.strip_prefix("Is").unwrap_or(&name);
        let refused = name.starts_with("java") || name.starts_with("In") || name.contains('=');
        if refused
            || plain.is_empty()
            || !plain.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        {
            return Err(Unsupported::Class(name));
        }
        self.out.push_str(if negated { r"\P{" } else { r"\p{" });
        self.out.push_str(plain);
        self.out.push('}');
        Ok(())
    }
}

/// The POSIX classes as sets.
fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "A-Za-z",
        "Digit" => "0-9",
        "Alnum" => "A-Za-z0-9",
        "Punct" => r"!-/:-@\[-`{-\x7E",
        "Graph" => "!-\\x7E",
        "Print" => " -\\x7E",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9A-Fa-f",
        "Space" => r" \t\n\x0B\x0C\r",
        _ => return None,
    })
}
