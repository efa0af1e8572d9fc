//! What the operator has set about erasing: who releases a device, what must be proved, and who confirms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that is none of a setting's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct NotARule {
    /// The word.
    pub value: String,
    /// What would have been one.
    pub expected: &'static str,
}

/// Makes an enum of words out of each word and variant.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $expected:literal, { $($(#[$about:meta])* $word:literal $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every word with what it means.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word, which is stable.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = NotARule;

            fn from_str(text: &str) -> Result<Self, NotARule> {
                let found = Self::ALL.iter().find(|one| one.code() == text);
                found.copied().ok_or_else(|| NotARule {
                    value: text.to_owned(),
                    expected: $expected,
                })
            }
        }
    };
}

words!(
    /// What releases a device to be erased.
    ReleaseRule,
    "`manifest`, `customer` or `aws`",
    {
        /// The manifest's `eraseDevice: yes`, some hours after the report was delivered.
        #[default]
        "manifest" Manifest,
        /// The account, in so many words.
        "customer" Customer,
        /// Nothing but the end of the import, whatever its manifest says: as AWS did it.
        "aws" Aws,
    }
);

words!(
    /// On what every stored line of the report must rest.
    Proof,
    "`stored`, `read-back` or `verify-full`",
    {
        /// The store's word for sums that it was shown to check, or what was read back of it.
        #[default]
        "stored" Stored,
        /// What was read back of the store.
        "read-back" ReadBack,
        /// A comparison of the whole bucket with the report, after it.
        "verify-full" VerifyFull,
    }
);

words!(
    /// Who says at the bay that this device is meant.
    Confirm,
    "`person`, `two-persons` or `station`",
    {
        /// A person, who gives the job and the end of the device's serial.
        #[default]
        "person" Person,
        /// Two persons, each of whom gives both with an order.
        "two-persons" TwoPersons,
        /// Nobody, for a device that has stayed docked since it was loaded.
        "station" Station,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for rule in ReleaseRule::ALL {
            assert_eq!(rule.code().parse(), Ok(*rule));
            let json = serde_json::to_string(rule).unwrap();
            assert_eq!(json, format!("\"{rule}\""));
        }
        let error = "yes".parse::<Proof>().unwrap_err().to_string();
        assert_eq!(error, "`yes` is not `stored`, `read-back` or `verify-full`");
        assert_eq!("station".parse(), Ok(Confirm::Station));
        assert_eq!(ReleaseRule::default(), ReleaseRule::Manifest);
    }
}
