//! Who sends a parcel: what `GetShippingLabel` says, and for the rest the manifest.

use model::manifest::{Address, Country};
use paper::Party;
use serde::{Deserialize, Serialize};

/// Longest text of an address in characters: what fits on a line of a label.
const CHARS: usize = 100;

/// What `GetShippingLabel` says of the sender; all of it may be left out (service model,
/// `GetShippingLabelInput`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sender {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_or_province: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street3: Option<String>,
}

/// An address that cannot be printed: the parameter, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {wrong}.")]
pub struct BadAddress {
    field: &'static str,
    wrong: String,
}

impl Sender {
    /// Takes what is said under each name. An empty text counts as none.
    pub(crate) fn read<'a>(said: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        let text = |name| {
            let text = said(name).map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            name: text("name"),
            company: text("company"),
            phone_number: text("phoneNumber"),
            country: text("country"),
            state_or_province: text("stateOrProvince"),
            city: text("city"),
            postal_code: text("postalCode"),
            street1: text("street1"),
            street2: text("street2"),
            street3: text("street3"),
        }
    }

    /// The whole address: what was said, and for what was not the `home` of the manifest.
    ///
    /// What belongs together is taken together: a company goes with its name, further lines of a
    /// street with the first, and nothing of a place goes with another country.
    ///
    /// # Errors
    /// [`BadAddress`] names the first parameter that is too long, or missing in both.
    pub(crate) fn complete(&self, home: Option<&Address>) -> Result<Party, BadAddress> {
        self.check()?;
        let whole = self.over(home);
        let name = needed("name", whole.name)?;
        let street1 = needed("street1", whole.street1)?;
        let city = needed("city", whole.city)?;
        let country = needed("country", whole.country)?;
        let postal_code = needed("postalCode", whole.postal_code)?;
        let phone = needed("phoneNumber", whole.phone_number)?;
        let state = match has_states(&country) {
            true => Some(needed("stateOrProvince", whole.state_or_province)?),
            false => whole.state_or_province,
        };
        let locality = match state {
            Some(state) => format!("{city}, {state} {postal_code}"),
            None => format!("{postal_code} {city}"),
        };
        let head = [Some(name), whole.company, Some(street1)];
        let tail = [whole.street2, whole.street3, Some(locality), Some(country)];
        Ok(Party {
            lines: head.into_iter().chain(tail).flatten().collect(),
            phone: Some(phone),
        })
    }

    fn check(&self) -> Result<(), BadAddress> {
        for (field, text) in self.texts() {
            let text = text.as_deref().unwrap_or_default();
            let wrong = if text.chars().count() > CHARS {
                format!("it has more than {CHARS} characters")
            } else if text.contains(char::is_control) {
                "it has control characters".to_owned()
            } else {
                continue;
            };
            return Err(BadAddress { field, wrong });
        }
        match self.country.as_deref() {
            Some(text) if !text.trim().is_empty() && !Country::new(text).is_known() => {
                let wrong =
                    format!("`{text}` is not a country; write its English name or its code");
                Err(BadAddress {
                    field: "country",
                    wrong,
                })
            }
            _ => Ok(()),
        }
    }

    fn texts(&self) -> [(&'static str, &Option<String>); 10] {
        [
            ("name", &self.name),
            ("company", &self.company),
            ("phoneNumber", &self.phone_number),
            ("country", &self.country),
            ("stateOrProvince", &self.state_or_province),
            ("city", &self.city),
            ("postalCode", &self.postal_code),
            ("street1", &self.street1),
            ("street2", &self.street2),
            ("street3", &self.street3),
        ]
    }

    /// This sender, laid over an address.
    fn over(&self, home: Option<&Address>) -> Self {
        let Some(home) = home else {
            return self.clone();
        };
        let said = |text: &Option<String>, home: &str| text.clone().or(Some(home.to_owned()));
        let mut whole = self.clone();
        whole.phone_number = said(&self.phone_number, &home.phone_number);
        if self.name.is_none() {
            whole.name = Some(home.name.clone());
            whole.company = self.company.clone().or(home.company.clone());
        }
        if self.country.as_deref().is_some_and(|it| !is_same(it, home)) {
            return whole;
        }
        whole.country = said(&self.country, &home.country);
        whole.city = said(&self.city, &home.city);
        whole.postal_code = said(&self.postal_code, &home.postal_code);
        let state = self.state_or_province.clone();
        whole.state_or_province = state.or(home.state_or_province.clone());
        if self.street1.is_none() {
            whole.street1 = Some(home.street1.clone());
            whole.street2 = self.street2.clone().or(home.street2.clone());
            whole.street3 = self.street3.clone().or(home.street3.clone());
        }
        whole
    }
}

fn needed(field: &'static str, text: Option<String>) -> Result<String, BadAddress> {
    let wrong = "it is neither given nor in the manifest of the first job".to_owned();
    text.ok_or(BadAddress { field, wrong })
}

fn is_same(country: &str, home: &Address) -> bool {
    Country::new(country) == Country::new(&home.country)
}

/// Whether a country's addresses need a state or province.
fn has_states(country: &str) -> bool {
    matches!(Country::new(country).as_str(), "US" | "CA")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Address {
        let text = |text: &str| text.to_owned();
        Address {
            name: text("Jane Roe"),
            company: Some(text("Example Corp")),
            street1: text("1 Example Way"),
            street2: Some(text("Suite 2")),
            street3: None,
            city: text("Springfield"),
            state_or_province: Some(text("WA")),
            postal_code: text("98000"),
            country: text("USA"),
            phone_number: text("206-555-0100"),
        }
    }

    fn sender(params: &[(&str, &str)]) -> Sender {
        let said = |name| params.iter().find(|(known, _)| *known == name);
        Sender::read(|name| said(name).map(|(_, value)| *value))
    }

    fn lines(params: &[(&str, &str)]) -> Vec<String> {
        sender(params).complete(Some(&home())).unwrap().lines
    }

    #[test]
    fn what_is_not_said_is_the_manifests() {
        let party = sender(&[]).complete(Some(&home())).unwrap();
        let all = [
            "Jane Roe",
            "Example Corp",
            "1 Example Way",
            "Suite 2",
            "Springfield, WA 98000",
            "USA",
        ];
        assert_eq!(party.lines, all);
        assert_eq!(party.phone.as_deref(), Some("206-555-0100"));
        assert_eq!(lines(&[("city", " "), ("company", "")]), all);
        assert_eq!(lines(&[("city", "Anytown")])[4], "Anytown, WA 98000");
        assert_eq!(lines(&[("country", "us")])[5], "us");
    }

    #[test]
    fn what_belongs_together_is_taken_together() {
        let other = lines(&[("name", "John Doe"), ("street1", "2 Other Way")]);
        let expected = ["John Doe", "2 Other Way", "Springfield, WA 98000", "USA"];
        assert_eq!(other, expected);
        let abroad = [
            ("country", "Germany"),
            ("street1", "Kai 1"),
            ("city", "Hamburg"),
            ("postalCode", "20457"),
        ];
        let expected = [
            "Jane Roe",
            "Example Corp",
            "Kai 1",
            "20457 Hamburg",
            "Germany",
        ];
        assert_eq!(lines(&abroad), expected);
        let torn = sender(&abroad[..2]).complete(Some(&home())).unwrap_err();
        assert_eq!(
            torn.to_string(),
            "city: it is neither given nor in the manifest of the first job."
        );
    }

    #[test]
    fn what_is_missing_or_too_long_is_named() {
        let long = "é".repeat(CHARS + 1);
        for (params, expected) in [
            (vec![("country", "Canada")], "street1: it is neither"),
            (
                vec![("street3", long.as_str())],
                "street3: it has more than 100",
            ),
            (vec![("name", "a\nb")], "name: it has control"),
            (
                vec![("country", "Narnia")],
                "country: `Narnia` is not a country",
            ),
        ] {
            let fault = sender(&params).complete(Some(&home())).unwrap_err();
            assert!(fault.to_string().starts_with(expected), "{fault}");
        }
        let fits = "é".repeat(CHARS);
        assert_eq!(lines(&[("name", &fits)])[0], fits);
        let canada = [
            ("country", "Canada"),
            ("street1", "a"),
            ("city", "b"),
            ("postalCode", "c"),
        ];
        let fault = sender(&canada).complete(Some(&home())).unwrap_err();
        assert!(
            fault.to_string().starts_with("stateOrProvince: "),
            "{fault}"
        );
        let nothing = sender(&[]).complete(None).unwrap_err().to_string();
        assert!(nothing.starts_with("name: "), "{nothing}");
    }

    #[test]
    fn a_sender_comes_through_a_link_unchanged() {
        let sender = sender(&[("name", "Jürgen"), ("street2", "東京")]);
        let text = serde_json::to_string(&sender).unwrap();
        assert_eq!(text, r#"{"name":"Jürgen","street2":"東京"}"#);
        assert_eq!(serde_json::from_str::<Sender>(&text).unwrap(), sender);
    }
}
