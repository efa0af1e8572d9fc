//! A statement that is put together of what is asked for.
//!
//! Only what is asked for is in it: a database that is given a condition that may hold for everything plans for
//! everything. What comes from outside is a value and never a part of the text.

/// A value for a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// A statement, and the values of `$1` and so on.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// Keeps a text, and gives its place.
    pub(super) fn value(&mut self, text: &str) -> String {
        self.place(Value::Text(text.to_owned()))
    }

    /// Keeps a number, and gives its place.
    pub(super) fn number(&mut self, number: i64) -> String {
        self.place(Value::Number(number))
    }

    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// The clause that demands all conditions.
    pub(super) fn where_all(conditions: &[String]) -> String {
        match conditions {
            [] => String::new(),
            some => format!("WHERE {}", some.join(" AND ")),
        }
    }
}
