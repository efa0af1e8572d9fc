//! Countries, made comparable however they are written.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use super::spelling;

/// A country: its ISO 3166 two-letter code where the name is recognised, otherwise the name's
/// letters in upper case, which then equal only themselves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Country(String);

/// One line per country: two-letter code, three-letter code, names.
const TABLE: &str = include_str!("countries.txt");

/// Every code and name of the table, as [`letters`] compares them, with its two-letter code. Made
/// once: manifests are read with every job and for many an answer.
static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let code = line.split('|').next().unwrap_or_default();
        for name in line.split('|') {
            // Of two countries with one name the first has it.
            codes.entry(letters(name)).or_insert(code);
        }
    }
    codes
});

/// Members of the European Union, within which parcels pass no customs.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Country {
    /// Recognises a country by two- or three-letter code or by English name. Case, points and a leading *the* do not
    /// matter.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let wanted = letters(text);
        let code = CODES.get(&wanted).map(|code| (*code).to_owned());
        Self(code.unwrap_or(wanted))
    }

    /// The two-letter code, or the letters of the unrecognised name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the country is one.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.len() == 2
    }

    /// The name of a country that is spelled almost like `text`.
    pub(super) fn near(text: &str) -> Option<&'static str> {
        let names = TABLE
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split('|').skip(2));
        let mut names = names.filter(|name| name.len() > 3);
        names.find(|name| spelling::is_like(text, name))
    }

    /// Whether the country is a member of the European Union.
    #[must_use]
    pub fn is_in_eu(&self) -> bool {
        EU.contains(&self.as_str())
    }
}

/// What is compared of a name: its letters in upper case.
fn letters(name: &str) -> String {
    let upper: String = name
        .chars()
        .flat_map(char::to_uppercase)
        .filter(|c| c.is_alphabetic())
        .collect();
    match upper.strip_prefix("THE") {
        Some(rest) if rest.len() > 3 => rest.to_owned(),
        _ => upper,
    }
}

impl Default for Country {
    /// The United States, where the service began.
    fn default() -> Self {
        Self("US".to_owned())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_recognised_however_they_are_written() {
        for (text, code) in [
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("us", "US"),
            ("United States", "US"),
            ("The United States of America", "US"),
            ("Canada", "CA"),
            ("UK", "GB"),
            ("The Netherlands", "NL"),
            ("côte d'ivoire", "CI"),
            ("IRELAND", "IE"),
            ("Deutschland", "DE"),
            ("Atlantis 7", "ATLANTIS"),
        ] {
            assert_eq!(Country::new(text).as_str(), code, "{text}");
            assert_eq!(Country::new(text).is_known(), code.len() == 2, "{text}");
        }
        assert_eq!(Country::near("Untied States"), Some("United States"));
        assert_eq!(Country::near("Narnia"), None);
        assert_ne!(Country::new("Atlantis"), Country::new("Lemuria"));
        assert_eq!(Country::new("USA"), Country::default());
    }

    #[test]
    fn the_table_is_sound() {
        let mut codes = Vec::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let parts: Vec<&str> = line.split('|').collect();
            assert!(
                parts.len() >= 3 && parts[0].len() == 2 && parts[1].len() == 3,
                "{line}"
            );
            for part in &parts {
                assert_eq!(Country::new(part).as_str(), parts[0], "{part}");
            }
            codes.push(parts[0]);
        }
        assert_eq!(codes.len(), 249);
        assert!(EU.iter().all(|code| codes.contains(code)));
    }
}
