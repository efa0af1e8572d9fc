//! The policies that AWS had ready for Import/Export, under their names.

use std::fmt;
use std::str::FromStr;

use crate::document::{Policy, Size};

/// A policy that is there without having been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Managed {
    /// `ListJobs` and `GetStatus`.
    ReadOnlyAccess,
    /// Everything that AWS had.
    FullAccess,
}

/// A text that names no such policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `AWSImportExportReadOnlyAccess` nor `AWSImportExportFullAccess`")]
pub struct UnknownManaged(String);

impl Managed {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ReadOnlyAccess, Self::FullAccess];

    /// What AWS calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnlyAccess => "AWSImportExportReadOnlyAccess",
            Self::FullAccess => "AWSImportExportFullAccess",
        }
    }

    /// What it says.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ReadOnlyAccess => {
                r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["importexport:ListJobs", "importexport:GetStatus"],
      "Resource": "*"
    }
  ]
}
"#
            }
            Self::FullAccess => {
                r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["importexport:*"],
      "Resource": "*"
    }
  ]
}
"#
            }
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(self) -> Policy {
        Policy::parse(self.text(), Size::Policy).expect("a test reads both")
    }
}

impl fmt::Display for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Managed {
    type Err = UnknownManaged;

    fn from_str(name: &str) -> Result<Self, UnknownManaged> {
        let found = Self::ALL.into_iter().find(|managed| managed.name() == name);
        found.ok_or_else(|| UnknownManaged(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_can_be_read_and_named() {
        for managed in Managed::ALL {
            let _ = managed.policy();
            assert_eq!(managed.name().parse(), Ok(managed));
        }
        assert!("awsimportexportfullaccess".parse::<Managed>().is_err());
    }
}
