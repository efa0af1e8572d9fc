//! The address a device is returned to.

use super::Country;
use super::fault::{FaultKind, Warning};
use super::fields::{Fields, Findings, Kinds};
use super::node::{OptionNode, Value};

/// The option the address stands under.
const NAME: &str = "returnAddress";

/// The options of an address; none of them is an option of the manifest itself.
const PARTS: [&str; 10] = [
    "name",
    "company",
    "street1",
    "street2",
    "street3",
    "city",
    "stateOrProvince",
    "postalCode",
    "country",
    "phoneNumber",
];

const KINDS: Kinds = Kinds {
    missing: FaultKind::InvalidAddress,
    invalid: FaultKind::InvalidAddress,
};

/// A street address (developer guide, `returnAddress`). Texts are as written, trimmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Person or department.
    pub name: String,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    pub street1: String,
    /// Second line of the street.
    pub street2: Option<String>,
    /// Third line of the street.
    pub street3: Option<String>,
    /// City.
    pub city: String,
    /// State or province; always there for the USA and Canada.
    pub state_or_province: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// Country, as written. [`Country::new`](super::Country::new) makes it comparable.
    pub country: String,
    /// Telephone number with country code.
    pub phone_number: String,
}

/// Moves address lines that stand beside an empty `returnAddress` into it: an example of the
/// AWS command line's documentation is written like that.
pub(super) fn hoist(entries: &mut Vec<OptionNode>, findings: &Findings<'_>) {
    let Some(place) = entries
        .iter()
        .position(|e| e.key == NAME && e.value == Value::Empty)
    else {
        return;
    };
    let (parts, others): (Vec<_>, Vec<_>) = entries
        .drain(place + 1..)
        .partition(|e| PARTS.contains(&e.key.as_str()));
    entries.extend(others);
    if parts.is_empty() {
        return;
    }
    findings.warn(Warning {
        field: Some(NAME.to_owned()),
        line: Some(entries[place].line),
        detail: "the lines of the address should be indented below it".to_owned(),
    });
    entries[place].value = Value::Map(parts);
}

/// Reads `returnAddress`.
pub(super) fn read(fields: &Fields<'_>) -> Option<Address> {
    fields.demand(NAME);
    let address = fields.map(NAME, KINDS)?;
    let name = address.required("name");
    let company = address.string("company");
    let street1 = address.required("street1");
    let street2 = address.string("street2");
    let street3 = address.string("street3");
    let city = address.required("city");
    let country = address.required("country").filter(|_| is_country(&address));
    if country.as_deref().is_some_and(has_states) {
        address.demand("stateOrProvince");
    }
    let state_or_province = address.string("stateOrProvince");
    let postal_code = address.required("postalCode");
    let phone_number = address.required("phoneNumber");
    address.finish("a return address");
    warn_of_boxes(&address);
    Some(Address {
        name: name?,
        company,
        street1: street1?,
        street2,
        street3,
        city: city?,
        state_or_province,
        postal_code: postal_code?,
        country: country?,
        phone_number: phone_number?,
    })
}

/// Whether the country of an address is one, which is not asked of what was accepted before.
fn is_country(address: &Fields<'_>) -> bool {
    let Some(text) = address.text("country") else {
        return false;
    };
    if address.findings.rules().is_none() || Country::new(text.value).is_known() {
        return true;
    }
    let meant = Country::near(text.value);
    let hint = meant.map_or_else(
        || "; write its English name or its code, such as DE".to_owned(),
        |name| format!("; did you mean `{name}`?"),
    );
    let detail = format!("`{}` is not a country{hint}", text.value);
    address.invalid("country", text.line, detail);
    false
}

/// Whether a country's addresses need a state or province.
fn has_states(country: &str) -> bool {
    matches!(Country::new(country).as_str(), "US" | "CA")
}

/// Carriers do not deliver to post office boxes.
fn warn_of_boxes(address: &Fields<'_>) {
    for name in ["street1", "street2", "street3"] {
        let Some(text) = address.text(name) else {
            continue;
        };
        let letters: String = text
            .value
            .chars()
            .filter(|c| c.is_ascii_alphabetic())
            .collect();
        if letters.eq_ignore_ascii_case("pobox") {
            address.frown(
                name,
                text.line,
                "parcels are not delivered to a post office box",
            );
        }
    }
}
