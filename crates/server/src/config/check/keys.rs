//! `credentials` of `[[stores]]`: which key stations have of a store.

use super::super::raw::RawStore;
use super::super::{StoreKeys, StsConfig, keys, values};
use super::{Check, span};

/// Most characters of the name of a role (IAM API reference, `arnType`).
const ROLE_CHARS: usize = 2048;

impl Check<'_> {
    pub(super) fn store_keys(&mut self, table: &str, raw: &RawStore) -> StoreKeys {
        let setting = |name: &str| format!("{table}.{name}");
        let is_sts = self.parsed(
            &setting("credentials"),
            &raw.credentials,
            |word| match word {
                "static" => Ok(false),
                "sts" => Ok(true),
                _ => Err(format!("`{word}` is not static or sts")),
            },
        );
        if is_sts != Some(true) {
            let places = [
                ("sts_endpoint", span(&raw.sts_endpoint)),
                ("role_arn", span(&raw.role_arn)),
                ("sts_seconds", span(&raw.sts_seconds)),
            ];
            for (name, place) in places.into_iter().filter(|(_, place)| place.is_some()) {
                let message = "goes with `credentials = \"sts\"`".to_owned();
                self.fault(place, &setting(name), message);
            }
            return StoreKeys::Static;
        }
        StoreKeys::Sts(StsConfig {
            endpoint: self.parsed(
                &setting("sts_endpoint"),
                &raw.sts_endpoint,
                values::base_url,
            ),
            role_arn: self.parsed(&setting("role_arn"), &raw.role_arn, role_arn),
            seconds: self.number(
                &setting("sts_seconds"),
                &raw.sts_seconds,
                900..=43_200,
                keys::DEFAULT_SECONDS,
            ),
        })
    }
}

fn role_arn(text: &str) -> Result<String, String> {
    if text.bytes().all(|b| b.is_ascii_graphic()) && (1..=ROLE_CHARS).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "is not the ARN of a role, of 1 to {ROLE_CHARS} printable characters"
    ))
}
