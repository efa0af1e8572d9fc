//! Conditions: an operator, a key and values (IAM user guide, *IAM JSON policy elements: Condition operators*).
//!
//! A key that a request does not have makes a condition false, and one that negates true: `NotIpAddress` in a denial then
//! denies. `…IfExists` makes it true, `Null` asks for it.

mod operator;

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::context::{Context, Key};
use crate::pattern::{Piece, Template, is_like};
use crate::values::{Block, boolean, instant, number};
pub(crate) use operator::{Operator, Variables};

/// One condition; all of a statement must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    pub(crate) key: Key,
    pub(crate) values: Vec<Value>,
}

/// What the value of a request is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A text, perhaps with wildcards.
    Text(Template),
    /// The same, without regard to case.
    AnyCase(Template),
    /// The six parts of an ARN.
    Arn(Vec<Template>),
    Number(f64),
    /// In nanoseconds since 1970.
    Instant(i128),
    Bool(bool),
    Block(Block),
    /// Whether the request has nothing for the key.
    Absent(bool),
}

impl Condition {
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let found = context.get(&self.key);
        if self.operator.is_null() {
            let absent = Value::Absent(found.is_none());
            return self.values.contains(&absent);
        }
        let Some(found) = found else {
            return self.operator.holds_without_key();
        };
        let meets = |value: &Value| value.meets(found, self.operator, context);
        match self.operator.negates() {
            false => self.values.iter().any(|value| meets(value) == Some(true)),
            true => self.values.iter().all(|value| meets(value) == Some(false)),
        }
    }
}

impl Value {
    /// Whether what a request has is so; `None` if the two cannot be compared, so that neither a condition nor its
    /// negation holds.
    fn meets(&self, found: &str, operator: Operator, context: &Context) -> Option<bool> {
        match self {
            Self::Text(template) => Some(is_like(&template.filled(context)?, found)),
            Self::AnyCase(template) => {
                let pieces = lower_case(template.filled(context)?);
                Some(is_like(&pieces, &found.to_lowercase()))
            }
            Self::Arn(parts) => {
                let mut alike = true;
                let mut of_request = found.splitn(parts.len(), ':');
                for part in parts {
                    let pieces = part.filled(context)?;
                    alike &= is_like(&pieces, of_request.next()?);
                }
                Some(alike)
            }
            Self::Number(wanted) => {
                let ordering = number(found)?.partial_cmp(wanted)?;
                Some(operator.takes(ordering))
            }
            Self::Instant(wanted) => Some(operator.takes(instant(found)?.cmp(wanted))),
            Self::Bool(wanted) => Some(boolean(found)? == *wanted),
            Self::Block(block) => Some(block.has(found.parse::<IpAddr>().ok()?)),
            Self::Absent(_) => None,
        }
    }
}

fn lower_case(pieces: Vec<Piece>) -> Vec<Piece> {
    let lower = |piece| match piece {
        Piece::Is(character) => character.to_lowercase().map(Piece::Is).collect(),
        Piece::One | Piece::Any => vec![piece],
    };
    pieces.into_iter().flat_map(lower).collect()
}

/// How two values must stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl Order {
    fn takes(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThan => ordering.is_gt(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}
