//! A manifest's text as a tree: both readers produce it, everything else is read off it.

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Line, counted from 1.
    pub(super) line: usize,
    /// What stands there.
    pub(super) value: Value,
}

/// What an option can hold. Scalars stay text: `2.0`, `04101` and `yes` are what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing after the colon.
    Empty,
    /// A text, unquoted.
    Text(String),
    /// Options of their own, in order, repetitions included.
    Map(Vec<OptionNode>),
    /// Items.
    List(Vec<Node>),
}

/// An option and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OptionNode {
    /// Name of the option, unquoted.
    pub(super) key: String,
    /// Line of the name, counted from 1.
    pub(super) line: usize,
    /// Its value.
    pub(super) value: Value,
}
