//! From the file as it stands to settings that can be used; every fault is collected on the way.

mod bench;
mod connections;
mod custody;
mod erase;
mod images;
mod keys;
mod notices;
mod station;
mod tls;

use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use ::custody::installation::InstallationName;
use awsproto::secret::SecretKey;
use model::amount;
use model::event::WhileRunning;
use model::manifest::Country;
use toml::Spanned;
use zeroize::Zeroizing;

use super::fault::{ConfigFault, Source};
use super::raw::{
    Given, RawConfig, RawConsole, RawDatabase, RawEmbeddedStore, RawJobs, RawLog, RawServer,
    RawStore,
};
use super::values::{self, BucketGlob, DatabaseUrl, ShippingAddress};
use super::{
    Config, ConsoleConfig, ConsoleListen, DatabaseConfig, EmbeddedStoreConfig, JobsConfig,
    LogConfig, NetworkConfig, Overrides, Proxy, ServerConfig, StoreConfig, Way, network,
};

/// Longest file with a secret or an URL in it that is read, in bytes.
const SECRET_FILE_BYTES: u64 = 4096;

/// Checks everything; the settings count only if there is no fault.
pub(super) fn config(
    raw: RawConfig,
    source: &Source<'_>,
    overrides: &Overrides,
) -> Result<Config, Vec<ConfigFault>> {
    let mut check = Check {
        source,
        faults: Vec::new(),
    };
    let places = Places::of(&raw);
    let mut config = Config {
        server: check.server(raw.server),
        console: check.console(&raw.console),
        connections: check.connections(&raw.connections),
        database: check.database(&raw.database),
        embedded_store: check.embedded_store(raw.embedded_store, places.has_stores),
        stores: check.stores(&raw.stores),
        network: NetworkConfig {
            way: check.way("network", [&raw.network.proxy, &raw.network.ca_file]),
            variables: overrides.network_variables.clone(),
        },
        tls: check.tls(&raw.tls),
        jobs: check.jobs(raw.jobs),
        erase: check.erase(&raw.erase),
        custody: check.custody(&raw.custody),
        ebs: check.ebs(raw.ebs),
        glacier: check.glacier(raw.glacier),
        notices: check.notices(raw.mail, &raw.webhooks),
        station: check.station(&raw.station),
        log: check.log(raw.log),
        file: None,
    };
    apply(&mut config, overrides);
    check.together(&config, &places);
    if check.faults.is_empty() {
        return Ok(config);
    }
    check.faults.sort_by_key(|fault| fault.line);
    Err(check.faults)
}

fn apply(config: &mut Config, overrides: &Overrides) {
    fn set<T: Clone>(setting: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            setting.clone_from(value);
        }
    }
    set(&mut config.server.data, overrides.data.as_ref());
    set(&mut config.server.listen, overrides.listen.as_ref());
    set(
        &mut config.embedded_store.listen,
        overrides.embedded_listen.as_ref(),
    );
    if let Some(ConsoleListen(address)) = overrides.console_listen {
        config.console.listen = address;
    }
    set(&mut config.log.format, overrides.log_format.as_ref());
    set(&mut config.log.level, overrides.log_level.as_ref());
}

/// What there is and where, for settings that are checked against others.
struct Places {
    has_stores: bool,
    embedded_enabled: Option<Range<usize>>,
    embedded_listen: Option<Range<usize>>,
    threshold: Option<Range<usize>>,
    part: Option<Range<usize>>,
}

impl Places {
    fn of(raw: &RawConfig) -> Self {
        Self {
            has_stores: !raw.stores.is_empty(),
            embedded_enabled: span(&raw.embedded_store.enabled),
            embedded_listen: span(&raw.embedded_store.listen),
            threshold: span(&raw.station.multipart_threshold_mib),
            part: span(&raw.station.part_mib),
        }
    }
}

fn span<T>(given: &Given<T>) -> Option<Range<usize>> {
    given.as_ref().map(Spanned::span)
}

struct Check<'a> {
    source: &'a Source<'a>,
    faults: Vec<ConfigFault>,
}

impl Check<'_> {
    fn server(&mut self, raw: RawServer) -> ServerConfig {
        let default = ServerConfig::default();
        ServerConfig {
            listen: self
                .parsed("server.listen", &raw.listen, address)
                .unwrap_or(default.listen),
            public_url: self.parsed("server.public_url", &raw.public_url, values::base_url),
            data: self.path("server.data", &raw.data).unwrap_or(default.data),
            secret_key_file: self.path("server.secret_key_file", &raw.secret_key_file),
            installation: self.parsed("server.installation", &raw.installation, |text| {
                InstallationName::new(text).map_err(|wrong| wrong.to_string())
            }),
            shutdown_seconds: self.number(
                "server.shutdown_seconds",
                &raw.shutdown_seconds,
                0..=3600,
                default.shutdown_seconds,
            ),
            metrics: self
                .parsed("server.metrics", &raw.metrics, word)
                .unwrap_or(default.metrics),
        }
    }

    fn console(&mut self, raw: &RawConsole) -> ConsoleConfig {
        let default = ConsoleConfig::default();
        ConsoleConfig {
            listen: match self.parsed("console.listen", &raw.listen, str::parse) {
                Some(ConsoleListen(address)) => address,
                None => default.listen,
            },
            public_url: self.parsed("console.public_url", &raw.public_url, values::base_url),
        }
    }

    fn database(&mut self, raw: &RawDatabase) -> DatabaseConfig {
        let text = self.secret_text(
            ["database.url", "database.url_file"],
            &raw.url,
            &raw.url_file,
        );
        let Some(Placed { setting, at, value }) = text else {
            return DatabaseConfig::Sqlite;
        };
        match DatabaseUrl::parse(&value) {
            Ok(url) => DatabaseConfig::Postgres(url),
            Err(message) => {
                self.fault(Some(at), setting, message);
                DatabaseConfig::Sqlite
            }
        }
    }

    fn embedded_store(&mut self, raw: RawEmbeddedStore, has_stores: bool) -> EmbeddedStoreConfig {
        let default = EmbeddedStoreConfig::default();
        EmbeddedStoreConfig {
            enabled: raw.enabled.map_or(!has_stores, Spanned::into_inner),
            listen: self
                .parsed("embedded_store.listen", &raw.listen, address)
                .unwrap_or(default.listen),
            public_url: self.parsed(
                "embedded_store.public_url",
                &raw.public_url,
                values::base_url,
            ),
            region: self
                .parsed("embedded_store.region", &raw.region, values::region)
                .unwrap_or(default.region),
        }
    }

    fn stores(&mut self, raw: &[Spanned<RawStore>]) -> Vec<StoreConfig> {
        let mut names: Vec<&str> = Vec::new();
        for (index, store) in raw.iter().enumerate() {
            let Some(name) = &store.get_ref().name else {
                continue;
            };
            if names.contains(&name.get_ref().as_str()) {
                let message = format!("another store is called `{}`", name.get_ref());
                self.fault(Some(name.span()), &format!("stores[{index}].name"), message);
            }
            names.push(name.get_ref());
        }
        raw.iter()
            .enumerate()
            .filter_map(|(index, store)| self.store(index, store))
            .collect()
    }

    /// `None` if something is missing or wrong; the faults are noted.
    fn store(&mut self, index: usize, raw: &Spanned<RawStore>) -> Option<StoreConfig> {
        let (at, raw) = (raw.span(), raw.get_ref());
        let setting = |name: &str| format!("stores[{index}].{name}");
        let name = self.needed(&setting("name"), &at, &raw.name, values::store_name);
        let endpoint = self.needed(&setting("endpoint"), &at, &raw.endpoint, values::base_url);
        let region = self.parsed(&setting("region"), &raw.region, values::region);
        let id = self.needed(
            &setting("access_key_id"),
            &at,
            &raw.access_key_id,
            values::access_key_id,
        );
        let secret = self.secret_key(
            &format!("stores[{index}]"),
            at,
            [&raw.secret_access_key, &raw.secret_access_key_file],
        );
        let buckets = self.globs(&setting("buckets"), &raw.buckets);
        let table = format!("stores[{index}]");
        let rates = [&raw.rate, &raw.quiet_hours, &raw.quiet_rate];
        let pace = self.pace(&table, rates, &raw.requests_per_second);
        let way = self.way(&table, [&raw.proxy, &raw.ca_file]);
        let keys = self.store_keys(&table, raw);
        Some(StoreConfig {
            name: name?,
            endpoint: endpoint?,
            region: region.unwrap_or_else(|| values::DEFAULT_REGION.to_owned()),
            access_key_id: id?,
            secret_access_key: secret?,
            keys,
            path_style: raw.path_style.unwrap_or(true),
            buckets: buckets?,
            pace,
            way,
        })
    }

    fn way(&mut self, table: &str, [proxy, ca_file]: [&Given<String>; 2]) -> Way {
        let setting = format!("{table}.ca_file");
        let path = self.path(&setting, ca_file);
        Way {
            proxy: self.parsed(&format!("{table}.proxy"), proxy, Proxy::parse),
            certificates: path
                .and_then(|path| self.parsed(&setting, ca_file, |_| network::certificates(&path))),
        }
    }

    /// The secret of an access key, in the file or in one of its own; `at` is where `table` begins.
    fn secret_key(
        &mut self,
        table: &str,
        at: Range<usize>,
        [inline, file]: [&Given<String>; 2],
    ) -> Option<SecretKey> {
        let setting = format!("{table}.secret_access_key");
        if inline.is_none() && file.is_none() {
            let message = "is missing, and so is its `_file`".to_owned();
            self.fault(Some(at), &setting, message);
            return None;
        }
        let in_file = format!("{setting}_file");
        let secret = self.secret_text([&setting, &in_file], inline, file)?;
        if secret.value.is_empty() {
            self.fault(Some(secret.at), secret.setting, "is empty".to_owned());
            return None;
        }
        Some(SecretKey::new(secret.value.as_str()))
    }

    fn globs(
        &mut self,
        setting: &str,
        given: &Given<Vec<Spanned<String>>>,
    ) -> Option<Vec<BucketGlob>> {
        let Some(given) = given else {
            return Some(BucketGlob::parse("*").into_iter().collect());
        };
        if given.get_ref().is_empty() {
            self.fault(Some(given.span()), setting, "names no bucket".to_owned());
        }
        let mut globs = Vec::new();
        for (index, text) in given.get_ref().iter().enumerate() {
            match BucketGlob::parse(text.get_ref()) {
                Ok(glob) => globs.push(glob),
                Err(why) => self.fault(Some(text.span()), &format!("{setting}[{index}]"), why),
            }
        }
        (globs.len() == given.get_ref().len()).then_some(globs)
    }

    fn jobs(&mut self, raw: RawJobs) -> JobsConfig {
        let default = JobsConfig::default();
        let days = default.expire_after_days;
        JobsConfig {
            expire_after_days: self.number(
                "jobs.expire_after_days",
                &raw.expire_after_days,
                1..=3650,
                days,
            ),
            per_day_quota: self.number(
                "jobs.per_day_quota",
                &raw.per_day_quota,
                0..=1_000_000,
                default.per_day_quota,
            ),
            cancel_in_progress: match raw.cancel_in_progress {
                Some(true) => WhileRunning::Cancel,
                Some(false) => WhileRunning::Refuse,
                None => default.cancel_in_progress,
            },
            strict_manifests: raw.strict_manifests.unwrap_or(default.strict_manifests),
            facility_country: self
                .parsed("jobs.facility_country", &raw.facility_country, country)
                .unwrap_or(default.facility_country),
            shipping_address: self
                .checked("jobs.shipping_address", &raw.shipping_address, |lines| {
                    ShippingAddress::parse(lines)
                })
                .unwrap_or(default.shipping_address),
            lease_seconds: self.number(
                "jobs.lease_seconds",
                &raw.lease_seconds,
                10..=3600,
                default.lease_seconds,
            ),
            artifact_days: self.number(
                "jobs.artifact_days",
                &raw.artifact_days,
                1..=3650,
                default.artifact_days,
            ),
            hold_days: self.number(
                "jobs.hold_days",
                &raw.hold_days,
                1..=3650,
                default.hold_days,
            ),
            most_bytes: self
                .parsed("jobs.most_bytes", &raw.most_bytes, |text| {
                    amount::limit(text).map_err(|error| error.to_string())
                })
                .flatten(),
            give_up_held: raw.give_up_held.unwrap_or(default.give_up_held),
            secret_days: self.number(
                "jobs.secret_days",
                &raw.secret_days,
                0..=3650,
                default.secret_days,
            ),
            mask_secrets: raw.mask_secrets.unwrap_or(default.mask_secrets),
        }
    }

    fn log(&mut self, raw: RawLog) -> LogConfig {
        let default = LogConfig::default();
        let format = self.parsed("log.format", &raw.format, word);
        let level = self.parsed("log.level", &raw.level, word);
        LogConfig {
            format: format.unwrap_or(default.format),
            level: level.unwrap_or(default.level),
        }
    }

    /// What each setting allows and another forbids.
    fn together(&mut self, config: &Config, places: &Places) {
        let (api, embedded) = (config.server.listen, &config.embedded_store);
        if embedded.enabled && embedded.listen == api && api.port() != 0 {
            let message = format!("`{api}` is where the API is served");
            self.fault(
                places.embedded_listen.clone(),
                "embedded_store.listen",
                message,
            );
        }
        if !embedded.enabled && !places.has_stores {
            let message = "there is no other store: add one under `[[stores]]`".to_owned();
            self.fault(
                places.embedded_enabled.clone(),
                "embedded_store.enabled",
                message,
            );
        }
        let station = &config.station;
        for (setting, mib, at) in [
            (
                "station.multipart_threshold_mib",
                station.multipart_threshold_mib,
                &places.threshold,
            ),
            ("station.part_mib", station.part_mib, &places.part),
        ] {
            if mib > station.memory_mib {
                let message = format!("`{mib}` is more than memory_mib, {}", station.memory_mib);
                self.fault(at.clone(), setting, message);
            }
        }
    }

    fn fault(&mut self, at: Option<Range<usize>>, setting: &str, message: String) {
        self.faults.push(self.source.fault(at, setting, message));
    }

    /// The value that `read` makes of the setting; `None` if it is not there or wrong.
    fn checked<T, U>(
        &mut self,
        setting: &str,
        given: &Given<T>,
        read: impl FnOnce(&T) -> Result<U, String>,
    ) -> Option<U> {
        let given = given.as_ref()?;
        match read(given.get_ref()) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(Some(given.span()), setting, message);
                None
            }
        }
    }

    fn parsed<T>(
        &mut self,
        setting: &str,
        given: &Given<String>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.checked(setting, given, |text| read(text))
    }

    /// A setting that has no default; `at` is where its table begins.
    fn needed<T>(
        &mut self,
        setting: &str,
        at: &Range<usize>,
        given: &Given<String>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if given.is_none() {
            self.fault(Some(at.clone()), setting, "is missing".to_owned());
        }
        self.parsed(setting, given, read)
    }

    fn number(
        &mut self,
        setting: &str,
        given: &Given<i64>,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        let read = |number: &i64| match u32::try_from(*number) {
            Ok(fitting) if range.contains(&fitting) => Ok(fitting),
            _ => Err(format!(
                "`{number}` is not within {} to {}",
                range.start(),
                range.end()
            )),
        };
        self.checked(setting, given, read).unwrap_or(default)
    }

    fn path(&mut self, setting: &str, given: &Given<String>) -> Option<PathBuf> {
        let source = self.source;
        self.parsed(setting, given, |text| match text {
            "" => Err("is empty".to_owned()),
            _ if text.contains('\0') => Err("is not a path".to_owned()),
            _ => Ok(source.resolve(text)),
        })
    }

    /// A secret, which stands in the file or in a file of its own; `settings` names both ways.
    fn secret_text<'s>(
        &mut self,
        settings: [&'s str; 2],
        inline: &Given<String>,
        file: &Given<String>,
    ) -> Option<Placed<'s>> {
        match (inline, file) {
            (None, None) => None,
            (Some(text), None) => {
                let value = Zeroizing::new(text.get_ref().clone());
                Some(Placed {
                    setting: settings[0],
                    at: text.span(),
                    value,
                })
            }
            (None, Some(name)) => {
                let path = self.path(settings[1], file)?;
                match read_secret(&path) {
                    Ok(value) => Some(Placed {
                        setting: settings[1],
                        at: name.span(),
                        value,
                    }),
                    Err(error) => {
                        let message = format!("could not read `{}`: {error}", path.display());
                        self.fault(Some(name.span()), settings[1], message);
                        None
                    }
                }
            }
            (Some(_), Some(name)) => {
                let message = format!("`{}` is given as well", settings[0]);
                self.fault(Some(name.span()), settings[1], message);
                None
            }
        }
    }
}

/// A text with the setting it comes from.
struct Placed<'s> {
    setting: &'s str,
    at: Range<usize>,
    value: Zeroizing<String>,
}

/// The file's text without the line end that editors leave.
fn read_secret(path: &std::path::Path) -> std::io::Result<Zeroizing<String>> {
    use std::io::Read;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)?
        .take(SECRET_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not an address like `127.0.0.1:4780`"))
}

fn word<T: std::str::FromStr<Err = values::UnknownWord>>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|error: values::UnknownWord| error.to_string())
}

/// Names that are not recognised stay as they are, longer than a code.
fn country(text: &str) -> Result<Country, String> {
    let country = Country::new(text);
    if country.is_known() {
        return Ok(country);
    }
    Err(format!("`{text}` is not a country"))
}
