//! A policy as it is written, and read strictly: all faults at once, each with its place.

mod reading;

#[cfg(test)]
mod tests;

use crate::action::{ActionName, ActionPattern};
use crate::condition::Condition;
use crate::context::Key;
use crate::decide::Request;
use crate::fault::{Faults, PolicyFaults, echo};
use crate::json::Node;
use crate::limits::{GROUP_CHARACTERS, POLICY_CHARACTERS, TEXT_BYTES, USER_CHARACTERS};
use crate::pattern::{Piece, is_like};

/// A policy that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) statements: Vec<Statement>,
}

/// How much text policies may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// All inline policies of a user together.
    User,
    /// All inline policies of a group together.
    Group,
    /// One policy by itself.
    Policy,
}

impl Size {
    /// The most characters, without white space.
    #[must_use]
    pub fn characters(self) -> usize {
        match self {
            Self::User => USER_CHARACTERS,
            Self::Group => GROUP_CHARACTERS,
            Self::Policy => POLICY_CHARACTERS,
        }
    }

    /// Characters of a text as they count: without white space.
    #[must_use]
    pub fn of(text: &str) -> usize {
        text.chars().filter(|c| !c.is_ascii_whitespace()).count()
    }
}

/// What a statement does with requests that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// What a statement is about: these, or all but these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope<P> {
    Only(Vec<P>),
    AllBut(Vec<P>),
}

impl<P> Scope<P> {
    fn has(&self, matches: impl FnMut(&P) -> bool) -> bool {
        match self {
            Self::Only(patterns) => patterns.iter().any(matches),
            Self::AllBut(patterns) => !patterns.iter().any(matches),
        }
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    actions: Scope<ActionPattern>,
    resources: Scope<Vec<Piece>>,
    conditions: Vec<Condition>,
}

impl Statement {
    pub(crate) fn is_about(&self, request: &Request<'_>) -> bool {
        self.has_action(request.action)
            && self
                .resources
                .has(|pieces| is_like(pieces, request.resource))
            && self.conditions.iter().all(|it| it.holds(request.context))
    }

    fn has_action(&self, action: ActionName) -> bool {
        self.actions.has(|pattern| pattern.matches(action))
    }
}

impl Policy {
    /// Whether a condition asks for this.
    #[must_use]
    pub fn asks_for(&self, key: &Key) -> bool {
        let mut conditions = self.statements.iter().flat_map(|it| &it.conditions);
        conditions.any(|condition| condition.key == *key)
    }

    /// Reads a policy of at most this size.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str, size: Size) -> Result<Self, PolicyFaults> {
        let mut faults = Faults::default();
        let (counted, most) = (Size::of(text), size.characters());
        if counted > most || text.len() > TEXT_BYTES {
            let what =
                format!("{counted} characters without white space; at most {most} are taken");
            faults.add("the policy", what);
            return faults.none_in(None);
        }
        let node = Node::read(text)?;
        let read = reading::policy(&node, &mut faults);
        faults.none_in(read)
    }
}

/// A name that stands for itself in a message.
fn unknown(name: &str, known: &str) -> String {
    format!("{} is no element here; there are {known}", echo(name))
}
