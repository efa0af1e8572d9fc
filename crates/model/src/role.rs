//! What a person who runs a service may do there, from least to most: each role has the rights of those before it.
//!
//! Which right needs which role, the server says. The names are in its job store and in what people type, so they
//! are a format.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How much a person is trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works at the bench: everything that can be undone.
    Operator,
    /// Ends what cannot be gone on with: jobs, stations.
    Lead,
    /// Accounts, keys, stations and people.
    Admin,
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: `viewer`, `operator`, `lead` or `admin`")]
pub struct NoSuchRole(String);

impl Role {
    /// Every role, from least to most.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Lead, Self::Admin];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = NoSuchRole;

    fn from_str(text: &str) -> Result<Self, NoSuchRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_written_and_each_is_more_than_the_one_before() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{role}\""));
        }
        assert!(Role::ALL.is_sorted());
        assert_eq!("Admin".parse::<Role>(), Err(NoSuchRole("Admin".into())));
    }
}
