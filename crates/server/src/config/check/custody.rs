//! `[custody]`.

use ::custody::note::{NoteKey, VerifierKey};
use toml::Spanned;

use super::super::custody::{CustodyConfig, WitnessConfig};
use super::super::raw::{RawCustody, RawWitness};
use super::super::values;
use super::Check;

/// Most witnesses: what they sign stands in every receipt.
const WITNESSES: usize = 16;

impl Check<'_> {
    pub(super) fn custody(&mut self, raw: &RawCustody) -> CustodyConfig {
        if let Some(first_too_many) = raw.witnesses.get(WITNESSES) {
            let number = raw.witnesses.len();
            let message =
                format!("there are {number} witnesses, and at most {WITNESSES} are asked");
            self.fault(Some(first_too_many.span()), "custody.witnesses", message);
        }
        let mut witnesses: Vec<WitnessConfig> = Vec::new();
        for (index, raw) in raw.witnesses.iter().enumerate() {
            if let Some(witness) = self.witness(index, raw, &witnesses) {
                witnesses.push(witness);
            }
        }
        CustodyConfig {
            witnesses,
            timestamp_url: self.parsed(
                "custody.timestamp_url",
                &raw.timestamp_url,
                values::service_url,
            ),
        }
    }

    /// `None` if something is missing or wrong; the faults are noted.
    fn witness(
        &mut self,
        index: usize,
        raw: &Spanned<RawWitness>,
        others: &[WitnessConfig],
    ) -> Option<WitnessConfig> {
        let (at, raw) = (raw.span(), raw.get_ref());
        let setting = |name: &str| format!("custody.witnesses[{index}].{name}");
        let key = self.needed(&setting("key"), &at, &raw.key, |text| {
            let key: VerifierKey = text.parse().map_err(|error| format!("{error}"))?;
            if key.kind() != NoteKey::Cosigner {
                return Err(format!(
                    "`{}` is the key of a log, not of a witness",
                    key.name()
                ));
            }
            match others.iter().any(|other| other.key.name() == key.name()) {
                true => Err(format!("another witness is called `{}`", key.name())),
                false => Ok(key),
            }
        });
        let url = self.needed(&setting("url"), &at, &raw.url, values::service_url);
        Some(WitnessConfig {
            key: key?,
            url: url?.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{faults, parse};

    const KEY: &str = "w.example+e3ed7f22+BAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    #[test]
    fn witnesses_have_a_key_of_their_own_and_an_address() {
        let text = format!(
            "[custody]\ntimestamp_url = \"http://tsa.example/tsr?x=1\"\n\
             witnesses = [{{ key = \"{KEY}\", url = \"https://w.example/log/\" }}]\n"
        );
        let custody = parse(&text).unwrap().custody;
        assert_eq!(custody.witnesses[0].key.name(), "w.example");
        assert_eq!(custody.witnesses[0].url, "https://w.example/log");
        let url = custody.timestamp_url.as_deref();
        assert_eq!(url, Some("http://tsa.example/tsr?x=1"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let one = format!("{{ key = \"{KEY}\", url = \"https://w.example\" }}");
        for (lines, expected) in [
            (
                "witnesses = [{ url = \"https://w\" }]".to_owned(),
                "2: custody.witnesses[0].key: ",
            ),
            (
                format!("witnesses = [{{ key = \"{KEY}\" }}]"),
                "2: custody.witnesses[0].url: ",
            ),
            (
                "witnesses = [{ key = \"w+1+AA\", url = \"https://w\" }]".to_owned(),
                "2: custody.witnesses[0].key: `w+1+AA` is not a key",
            ),
            (
                format!("witnesses = [{one}, {one}]"),
                "2: custody.witnesses[1].key: another witness is called `w.example`",
            ),
            (
                "timestamp_url = \"ftp://a\"".to_owned(),
                "2: custody.timestamp_url: ",
            ),
            (
                "timestamp_url = \"https://me:x@a\"".to_owned(),
                "2: custody.timestamp_url: ",
            ),
        ] {
            let found = faults(&format!("[custody]\n{lines}\n"));
            let expected = format!("longshore.toml:{expected}");
            assert!(found.starts_with(&expected), "{found}");
        }
    }
}
