//! The file as TOML has it: names and types are right, values are not checked.

use serde::Deserialize;
use toml::Spanned;

use super::fault::{ConfigError, Source};

/// A setting with its place in the file, if it is there.
pub(super) type Given<T> = Option<Spanned<T>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) server: RawServer,
    pub(super) console: RawConsole,
    pub(super) connections: RawConnections,
    pub(super) database: RawDatabase,
    pub(super) embedded_store: RawEmbeddedStore,
    pub(super) stores: Vec<Spanned<RawStore>>,
    pub(super) network: RawNetwork,
    pub(super) tls: RawTls,
    pub(super) jobs: RawJobs,
    pub(super) erase: RawErase,
    pub(super) custody: RawCustody,
    pub(super) ebs: Given<RawEbs>,
    pub(super) glacier: Given<RawGlacier>,
    pub(super) mail: Given<RawMail>,
    pub(super) webhooks: RawWebhooks,
    pub(super) station: RawStation,
    pub(super) log: RawLog,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawServer {
    pub(super) listen: Given<String>,
    pub(super) public_url: Given<String>,
    pub(super) data: Given<String>,
    pub(super) secret_key_file: Given<String>,
    pub(super) installation: Given<String>,
    pub(super) shutdown_seconds: Given<i64>,
    pub(super) metrics: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConsole {
    pub(super) listen: Given<String>,
    pub(super) public_url: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConnections {
    pub(super) limit: Given<i64>,
    pub(super) per_address: Given<i64>,
    pub(super) exempt: Given<Vec<Spanned<String>>>,
    pub(super) trusted_proxies: Given<Vec<Spanned<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDatabase {
    pub(super) url: Given<String>,
    pub(super) url_file: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawEmbeddedStore {
    pub(super) enabled: Given<bool>,
    pub(super) listen: Given<String>,
    pub(super) public_url: Given<String>,
    pub(super) region: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawStore {
    pub(super) name: Given<String>,
    pub(super) endpoint: Given<String>,
    pub(super) region: Given<String>,
    pub(super) access_key_id: Given<String>,
    pub(super) secret_access_key: Given<String>,
    pub(super) secret_access_key_file: Given<String>,
    pub(super) credentials: Given<String>,
    pub(super) sts_endpoint: Given<String>,
    pub(super) role_arn: Given<String>,
    pub(super) sts_seconds: Given<i64>,
    pub(super) path_style: Option<bool>,
    pub(super) buckets: Given<Vec<Spanned<String>>>,
    pub(super) rate: Given<String>,
    pub(super) quiet_hours: Given<String>,
    pub(super) quiet_rate: Given<String>,
    pub(super) requests_per_second: Given<i64>,
    pub(super) proxy: Given<String>,
    pub(super) ca_file: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawNetwork {
    pub(super) proxy: Given<String>,
    pub(super) ca_file: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTls {
    pub(super) certificate: Given<String>,
    pub(super) key: Given<String>,
    pub(super) store_certificate: Given<String>,
    pub(super) store_key: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawJobs {
    pub(super) expire_after_days: Given<i64>,
    pub(super) per_day_quota: Given<i64>,
    pub(super) cancel_in_progress: Option<bool>,
    pub(super) strict_manifests: Option<bool>,
    pub(super) facility_country: Given<String>,
    pub(super) shipping_address: Given<Vec<String>>,
    pub(super) lease_seconds: Given<i64>,
    pub(super) artifact_days: Given<i64>,
    pub(super) hold_days: Given<i64>,
    pub(super) most_bytes: Given<String>,
    pub(super) give_up_held: Option<bool>,
    pub(super) secret_days: Given<i64>,
    pub(super) mask_secrets: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCustody {
    pub(super) witnesses: Vec<Spanned<RawWitness>>,
    pub(super) timestamp_url: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWitness {
    pub(super) key: Given<String>,
    pub(super) url: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawErase {
    pub(super) release: Given<String>,
    pub(super) hold_hours: Given<i64>,
    pub(super) requires: Given<String>,
    pub(super) method: Given<String>,
    pub(super) verify: Given<String>,
    pub(super) confirm: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawEbs {
    pub(super) endpoint: Given<String>,
    pub(super) access_key_id: Given<String>,
    pub(super) secret_access_key: Given<String>,
    pub(super) secret_access_key_file: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGlacier {
    pub(super) endpoint: Given<String>,
    pub(super) account: Given<String>,
    pub(super) access_key_id: Given<String>,
    pub(super) secret_access_key: Given<String>,
    pub(super) secret_access_key_file: Given<String>,
    pub(super) storage_class: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMail {
    pub(super) url: Given<String>,
    pub(super) password_file: Given<String>,
    pub(super) from: Given<String>,
    pub(super) operator: Given<String>,
    pub(super) ca_file: Given<String>,
    pub(super) templates: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawWebhooks {
    pub(super) allow: Given<Vec<Spanned<String>>>,
    pub(super) ports: Given<Vec<Spanned<i64>>>,
    pub(super) allow_http: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawStation {
    pub(super) name: Given<String>,
    pub(super) parallel: Given<i64>,
    pub(super) read_threads: Given<i64>,
    pub(super) memory_mib: Given<i64>,
    pub(super) multipart_threshold_mib: Given<i64>,
    pub(super) part_mib: Given<i64>,
    pub(super) rate: Given<String>,
    pub(super) quiet_hours: Given<String>,
    pub(super) quiet_rate: Given<String>,
    pub(super) requests_per_second: Given<i64>,
    pub(super) read_back: Given<String>,
    pub(super) sha256_metadata: Option<bool>,
    pub(super) mtime_metadata: Option<bool>,
    pub(super) skip_unchanged: Option<bool>,
    pub(super) replace_objects: Option<bool>,
    pub(super) allow_unconfined: Option<bool>,
    pub(super) bench: Option<bool>,
    pub(super) auto_load: Option<bool>,
    pub(super) loads_at_once: Given<i64>,
    pub(super) settle_seconds: Given<i64>,
    pub(super) on_dirty: Given<String>,
    pub(super) on_failing: Given<String>,
    pub(super) bad_limit: Given<i64>,
    pub(super) bays: Vec<Spanned<RawBay>>,
    pub(super) metrics_listen: Given<String>,
    pub(super) metrics_address: Given<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawBay {
    pub(super) name: Given<String>,
    #[serde(rename = "match")]
    pub(super) ports: Given<Vec<Spanned<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLog {
    pub(super) format: Given<String>,
    pub(super) level: Given<String>,
}

pub(super) fn parse(source: &Source<'_>) -> Result<RawConfig, ConfigError> {
    toml::from_str(source.text())
        .map_err(|error| ConfigError::Invalid(vec![source.toml_fault(&error)]))
}
