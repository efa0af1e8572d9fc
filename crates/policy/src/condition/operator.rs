//! The operators there are: which values each takes, and of which keys.

use std::cmp::Ordering;

use super::{Order, Value};
use crate::context::Key;
use crate::fault::echo;
use crate::pattern::{Template, Wildcards};
use crate::values::{Block, boolean, instant, number};

/// What values are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text(Wildcards),
    AnyCase,
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Address,
    Null,
}

/// Whether it is asked that a value is so, or that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

/// Whether the version of a policy has variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Count,
    AreText,
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    kind: Kind,
    sense: Sense,
    /// `…IfExists`
    if_exists: bool,
}

const ALL: [(&str, Kind, Sense); 26] = [
    ("StringEquals", Kind::Text(Wildcards::AreText), Sense::Is),
    (
        "StringNotEquals",
        Kind::Text(Wildcards::AreText),
        Sense::IsNot,
    ),
    ("StringEqualsIgnoreCase", Kind::AnyCase, Sense::Is),
    ("StringNotEqualsIgnoreCase", Kind::AnyCase, Sense::IsNot),
    ("StringLike", Kind::Text(Wildcards::Count), Sense::Is),
    ("StringNotLike", Kind::Text(Wildcards::Count), Sense::IsNot),
    ("NumericEquals", Kind::Number(Order::Equals), Sense::Is),
    (
        "NumericNotEquals",
        Kind::Number(Order::Equals),
        Sense::IsNot,
    ),
    ("NumericLessThan", Kind::Number(Order::LessThan), Sense::Is),
    (
        "NumericLessThanEquals",
        Kind::Number(Order::LessThanEquals),
        Sense::Is,
    ),
    (
        "NumericGreaterThan",
        Kind::Number(Order::GreaterThan),
        Sense::Is,
    ),
    (
        "NumericGreaterThanEquals",
        Kind::Number(Order::GreaterThanEquals),
        Sense::Is,
    ),
    ("DateEquals", Kind::Date(Order::Equals), Sense::Is),
    ("DateNotEquals", Kind::Date(Order::Equals), Sense::IsNot),
    ("DateLessThan", Kind::Date(Order::LessThan), Sense::Is),
    (
        "DateLessThanEquals",
        Kind::Date(Order::LessThanEquals),
        Sense::Is,
    ),
    ("DateGreaterThan", Kind::Date(Order::GreaterThan), Sense::Is),
    (
        "DateGreaterThanEquals",
        Kind::Date(Order::GreaterThanEquals),
        Sense::Is,
    ),
    ("Bool", Kind::Bool, Sense::Is),
    ("IpAddress", Kind::Address, Sense::Is),
    ("NotIpAddress", Kind::Address, Sense::IsNot),
    ("ArnEquals", Kind::Arn, Sense::Is),
    ("ArnLike", Kind::Arn, Sense::Is),
    ("ArnNotEquals", Kind::Arn, Sense::IsNot),
    ("ArnNotLike", Kind::Arn, Sense::IsNot),
    ("Null", Kind::Null, Sense::Is),
];

impl Operator {
    /// Reads the name of one.
    pub(crate) fn read(name: &str) -> Result<Self, String> {
        if name.starts_with("ForAnyValue:") || name.starts_with("ForAllValues:") {
            return Err(format!(
                "{} is for keys of several values, and every key here has one",
                echo(name)
            ));
        }
        let (base, if_exists) = match name.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let found = ALL.iter().find(|(known, ..)| *known == base);
        let found = found.filter(|(_, kind, _)| !(if_exists && *kind == Kind::Null));
        let Some((_, kind, sense)) = found else {
            return Err(format!("{} is no condition operator", echo(name)));
        };
        Ok(Self {
            kind: *kind,
            sense: *sense,
            if_exists,
        })
    }

    pub(crate) fn is_null(self) -> bool {
        self.kind == Kind::Null
    }

    pub(crate) fn negates(self) -> bool {
        self.sense == Sense::IsNot
    }

    pub(crate) fn holds_without_key(self) -> bool {
        self.if_exists || self.negates()
    }

    /// Whether it asks something of a key that no request has.
    pub(crate) fn asks_of_the_absent(self) -> bool {
        self.if_exists || self.is_null()
    }

    pub(super) fn takes(self, ordering: Ordering) -> bool {
        match self.kind {
            Kind::Number(order) | Kind::Date(order) => order.takes(ordering),
            Kind::Text(_) | Kind::AnyCase | Kind::Arn | Kind::Bool | Kind::Address | Kind::Null => {
                false
            }
        }
    }

    /// Whether it can compare what a request has for this key. What it cannot compare would never hold, and a denial
    /// that never holds must not look as if it did.
    pub(crate) fn is_for(self, key: &Key) -> bool {
        match self.kind {
            Kind::Text(_) | Kind::AnyCase | Kind::Null => true,
            Kind::Arn => matches!(key, Key::PrincipalArn | Key::Other(_)),
            Kind::Number(_) => matches!(key, Key::EpochTime | Key::Other(_)),
            Kind::Date(_) => matches!(key, Key::CurrentTime | Key::EpochTime | Key::Other(_)),
            Kind::Bool => matches!(key, Key::SecureTransport | Key::Other(_)),
            Kind::Address => matches!(key, Key::SourceIp | Key::Other(_)),
        }
    }

    /// Reads a value that it compares with.
    pub(crate) fn value(self, text: &str, variables: Variables) -> Result<Value, String> {
        let template = |wildcards| match variables {
            Variables::Count => Template::read(text, wildcards),
            Variables::AreText => Ok(Template::without_variables(text, wildcards)),
        };
        let or = |value: Option<Value>, what: &str| {
            value.ok_or_else(|| format!("{} is not {what}", echo(text)))
        };
        match self.kind {
            Kind::Text(wildcards) => template(wildcards).map(Value::Text),
            Kind::AnyCase => template(Wildcards::AreText).map(Value::AnyCase),
            Kind::Arn => {
                let parts = template(Wildcards::Count)?.split(6);
                let is_arn = parts.len() == 6 && parts.first().is_some_and(|part| part.is("arn"));
                or(is_arn.then_some(Value::Arn(parts)), "an ARN of six parts")
            }
            Kind::Number(_) => or(number(text).map(Value::Number), "a number"),
            Kind::Date(_) => or(
                instant(text).map(Value::Instant),
                "a time of RFC 3339, a date, or seconds since 1970",
            ),
            Kind::Bool => or(boolean(text).map(Value::Bool), "`true` or `false`"),
            Kind::Null => or(boolean(text).map(Value::Absent), "`true` or `false`"),
            Kind::Address => or(
                Block::read(text).map(Value::Block),
                "an address or a network such as `203.0.113.0/24`",
            ),
        }
    }
}
