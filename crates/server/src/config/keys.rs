//! `credentials` of `[[stores]]`: which key stations have of a store.

/// `credentials`: which key stations have of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StoreKeys {
    /// `"static"`: that of the settings, which does not end.
    #[default]
    Static,
    /// `"sts"`: for each attempt at a job one that the store gives for that, and which ends by itself.
    Sts(StsConfig),
}

/// How a store is asked for keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsConfig {
    /// `sts_endpoint`: where, if that is not the store's own endpoint.
    pub endpoint: Option<String>,
    /// `role_arn`: the role that is assumed, where the store has roles.
    pub role_arn: Option<String>,
    /// `sts_seconds`: for how long a key is good.
    pub seconds: u32,
}

/// Seconds for which a key is good unless the settings say otherwise: the longest that AWS gives without further ado.
pub(super) const DEFAULT_SECONDS: u32 = 3600;

#[cfg(test)]
mod tests {
    use super::super::tests::{faults, parse};
    use super::*;

    const STORE: &str = "[[stores]]\nname = \"s\"\nendpoint = \"https://s3.example\"\n\
                         access_key_id = \"AK\"\nsecret_access_key = \"SK\"\n";

    fn keys(more: &str) -> StoreKeys {
        parse(&format!("{STORE}{more}")).unwrap().stores[0]
            .keys
            .clone()
    }

    #[test]
    fn stations_have_the_key_of_the_settings_unless_the_store_gives_others() {
        assert_eq!(keys(""), StoreKeys::Static);
        assert_eq!(keys("credentials = \"static\"\n"), StoreKeys::Static);
        let plain = StsConfig {
            endpoint: None,
            role_arn: None,
            seconds: DEFAULT_SECONDS,
        };
        assert_eq!(keys("credentials = \"sts\"\n"), StoreKeys::Sts(plain));
        let all = "credentials = \"sts\"\nsts_endpoint = \"https://sts.example/\"\n\
                   role_arn = \"arn:aws:iam::123456789012:role/longshore\"\nsts_seconds = 900\n";
        let expected = StsConfig {
            endpoint: Some("https://sts.example".to_owned()),
            role_arn: Some("arn:aws:iam::123456789012:role/longshore".to_owned()),
            seconds: 900,
        };
        assert_eq!(keys(all), StoreKeys::Sts(expected));
    }

    #[test]
    fn what_cannot_be_is_a_fault_of_its_line() {
        for (lines, expected) in [
            (
                "credentials = \"none\"",
                "longshore.toml:6: stores[0].credentials: `none` is not static or sts",
            ),
            (
                "role_arn = \"arn:aws:iam::1:role/x\"",
                "longshore.toml:6: stores[0].role_arn: goes with `credentials = \"sts\"`",
            ),
            (
                "credentials = \"sts\"\nsts_seconds = 60",
                "longshore.toml:7: stores[0].sts_seconds: `60` is not within 900 to 43200",
            ),
            (
                "credentials = \"sts\"\nrole_arn = \"x y\"",
                "longshore.toml:7: stores[0].role_arn: ",
            ),
        ] {
            let found = faults(&format!("{STORE}{lines}\n"));
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
