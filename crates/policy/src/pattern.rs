//! Texts with wildcards and variables, and whether another text is like them.

use crate::context::{Context, Key};
use crate::fault::echo;

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This character.
    Is(char),
    /// `?`: any character.
    One,
    /// `*`: any characters, or none.
    Any,
}

impl Piece {
    /// Reads a text in which only wildcards mean something.
    pub(crate) fn wild(text: &str) -> Vec<Self> {
        text.chars().map(Self::of).collect()
    }

    fn of(character: char) -> Self {
        match character {
            '*' => Self::Any,
            '?' => Self::One,
            other => Self::Is(other),
        }
    }
}

/// Whether a text is like a pattern. It goes back to the last `*` alone, so that its time is at most the product of both
/// lengths, whatever a stranger writes.
pub(crate) fn is_like(pattern: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    // Where the pattern goes on after the last `*`, and up to where that has taken the text.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = text.get(place) {
        match pattern.get(at) {
            Some(Piece::Any) => {
                star = Some((at + 1, place));
                at += 1;
            }
            Some(Piece::One) => (at, place) = (at + 1, place + 1),
            Some(Piece::Is(wanted)) if *wanted == character => (at, place) = (at + 1, place + 1),
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (at, place) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|piece| *piece == Piece::Any))
}

/// What wildcards are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    /// They stand for others.
    Count,
    /// They stand for themselves.
    AreText,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Piece(Piece),
    /// What the request has for this.
    Variable(Key),
}

/// A value of a condition: a pattern that may have variables in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

impl Template {
    /// Reads a value of a policy that has variables.
    pub(crate) fn read(text: &str, wildcards: Wildcards) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some(named) = rest.strip_prefix("${") {
                let Some((name, after)) = named.split_once('}') else {
                    return Err(format!("{} has a variable without its end", echo(text)));
                };
                parts.push(variable(name)?);
                rest = after;
                continue;
            }
            parts.push(Part::Piece(plain(character, wildcards)));
            rest = &rest[character.len_utf8()..];
        }
        Ok(Self(parts))
    }

    /// Reads a value of a policy of a version that has no variables.
    pub(crate) fn without_variables(text: &str, wildcards: Wildcards) -> Self {
        let part = |character| Part::Piece(plain(character, wildcards));
        Self(text.chars().map(part).collect())
    }

    /// The pattern of a request; `None` if that lacks a variable, so that nothing is like it.
    pub(crate) fn filled(&self, context: &Context) -> Option<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            match part {
                Part::Piece(piece) => pieces.push(piece.clone()),
                Part::Variable(key) => pieces.extend(context.get(key)?.chars().map(Piece::Is)),
            }
        }
        Some(pieces)
    }

    /// Splits at the first colons that are written out, into `count` templates.
    pub(crate) fn split(self, count: usize) -> Vec<Self> {
        let mut all = vec![Self(Vec::new())];
        for part in self.0 {
            let is_colon = part == Part::Piece(Piece::Is(':'));
            if is_colon && all.len() < count {
                all.push(Self(Vec::new()));
            } else if let Some(last) = all.last_mut() {
                last.0.push(part);
            }
        }
        all
    }

    /// Whether it is this text and nothing else.
    pub(crate) fn is(&self, text: &str) -> bool {
        let parts = text
            .chars()
            .map(|character| Part::Piece(Piece::Is(character)));
        self.0.iter().cloned().eq(parts)
    }
}

fn plain(character: char, wildcards: Wildcards) -> Piece {
    match wildcards {
        Wildcards::Count => Piece::of(character),
        Wildcards::AreText => Piece::Is(character),
    }
}

fn variable(name: &str) -> Result<Part, String> {
    if let "*" | "?" | "$" = name {
        let character = name.chars().next().unwrap_or_default();
        return Ok(Part::Piece(Piece::Is(character)));
    }
    let key = Key::named(name).filter(|key| matches!(key, Key::UserName | Key::UserId));
    key.map(Part::Variable).ok_or_else(|| {
        format!(
            "{} is no variable of this service: `${{aws:username}}`, `${{aws:userid}}`, `${{*}}`, `${{?}}`, `${{$}}`",
            echo(&format!("${{{name}}}"))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a pattern means, as slowly as it can be said.
    fn means(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|taken| means(rest, &text[taken..])),
            ['?', rest @ ..] => !text.is_empty() && means(rest, &text[1..]),
            [wanted, rest @ ..] => text.first() == Some(wanted) && means(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_it_means(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = means(&chars(&pattern), &chars(&text));
            prop_assert_eq!(is_like(&Piece::wild(&pattern), &text), expected);
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Piece::wild(&"*a".repeat(1_000));
        assert!(!is_like(&pattern, &"b".repeat(10_000)));
        assert!(is_like(&pattern, &"ba".repeat(1_000)));
    }
}
