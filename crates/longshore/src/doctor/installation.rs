//! What may be wrong with a service on this host, looked at without changing anything in it.

use std::path::Path;
use std::sync::Arc;

use model::limits::STATION_ROOM_BYTES;
use model::presence::worth_a_word;
use model::readable;
use model::time::{Clock as _, SystemClock, Timestamp};
use server::config::{Config, DatabaseConfig, StoreConfig, StoreKeys};
use server::jobstore::{JobStoreError, Schema, Standing, look};
use server::sealing::{MasterKey, MasterKeyError};
use server::stores::Stores;

use super::finding::{Code, Finding};

/// Room below which a data folder is as good as full, in bytes, as `/health` has it.
const FULL_BYTES: u64 = 32 << 20;

/// Looks at the installation that settings describe.
pub(crate) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let data = &config.server.data;
    found.extend(room(data));
    let own = data.join("secret.key");
    let key = config.server.secret_key_file.as_deref().unwrap_or(&own);
    if !key.is_file() {
        let what = format!(
            "there is no secret key `{}`: nobody has started a service here",
            key.display()
        );
        found.push(Finding::warning(
            Code::NoInstallation,
            what,
            "start the service once, restore a backup, or name another --config or --data",
        ));
        return found;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.expect("a runtime of one thread needs nothing of the system but that thread");
    match MasterKey::load(key) {
        Ok(key) => found.extend(runtime.block_on(job_store(config, &key))),
        Err(error) => found.push(unusable(&error)),
    }
    found.extend(runtime.block_on(stores(config)));
    found
}

fn unusable(error: &MasterKeyError) -> Finding {
    Finding::fault(
        Code::KeyUnusable,
        error.to_string(),
        "put back the key that the installation was made with, for its owner alone",
    )
}

/// What is wrong with the room in a folder.
pub(crate) fn room(data: &Path) -> Option<Finding> {
    let free = durable::reserve::free(data)?;
    let what = format!(
        "the disk of `{}` has {} free, and a bench begins nothing with less than {}",
        data.display(),
        readable::bytes(free),
        readable::bytes(STATION_ROOM_BYTES)
    );
    let remedy = "make room there: journals, reports and the job store grow with every disk";
    match free {
        ..FULL_BYTES => Some(Finding::fault(Code::DiskFull, what, remedy)),
        FULL_BYTES..STATION_ROOM_BYTES => Some(Finding::warning(Code::DiskFull, what, remedy)),
        STATION_ROOM_BYTES.. => None,
    }
}

async fn job_store(config: &Config, key: &MasterKey) -> Vec<Finding> {
    let sealer = key.sealer();
    let looked = match &config.database {
        DatabaseConfig::Sqlite => look::sqlite(&config.server.data.join("longshore.db"), &sealer),
        DatabaseConfig::Postgres(url) => look::postgres(url.expose(), &sealer).await,
    };
    match looked {
        Ok(standing) => standings(standing, &config.stores, SystemClock.now()),
        Err(error) => vec![silent(error)],
    }
}

fn silent(error: JobStoreError) -> Finding {
    let what = crate::output::chain(&error.into());
    Finding::fault(
        Code::JobStoreSilent,
        what,
        "start its database, or mend what it says; a backup is restored with `longshore restore`",
    )
}

/// Stores whose key several stations have: none of them can be revoked without another key for all.
fn static_keys(standing: Standing, stores: &[StoreConfig]) -> Option<Finding> {
    let stations = standing.stations.filter(|stations| *stations > 1)?;
    let is_static = |store: &&StoreConfig| store.keys == StoreKeys::Static;
    let names: Vec<String> = stores
        .iter()
        .filter(is_static)
        .map(|store| format!("`{}`", store.name))
        .collect();
    let what = format!(
        "{stations} stations have the key of the store {}, which is theirs also when they are revoked",
        names.join(", ")
    );
    (!names.is_empty()).then(|| {
        Finding::warning(
            Code::StaticKeys,
            what,
            "where the store knows AssumeRole, say `credentials = \"sts\"`; else give it another key after a revocation",
        )
    })
}

/// A clock of this host that is not the database's, by which the service goes.
fn clock(standing: Standing, now: Timestamp) -> Option<Finding> {
    let ahead = worth_a_word(now.unix() - standing.time?.unix())?;
    let what = format!(
        "the clock of this host is {} s {} the database's, by which the service goes",
        ahead.unsigned_abs(),
        if ahead > 0 { "ahead of" } else { "behind" }
    );
    let remedy = "set it, and keep the clocks of both hosts by NTP";
    Some(Finding::warning(Code::ClockWrong, what, remedy))
}

fn standings(standing: Standing, stores: &[StoreConfig], now: Timestamp) -> Vec<Finding> {
    let of_all = [static_keys(standing, stores), clock(standing, now)];
    let mut found: Vec<Finding> = of_all.into_iter().flatten().collect();
    match standing.schema {
        Schema::Current => {}
        Schema::Older => found.push(Finding::warning(
            Code::SchemaOlder,
            "the job store is of an earlier release",
            "start the service: it brings the job store up to date",
        )),
        Schema::Newer => found.push(Finding::fault(
            Code::SchemaNewer,
            "the job store is of a later release, and this one does not start on it",
            "install that release, or restore a backup of this one's",
        )),
    }
    if !standing.key_fits {
        found.push(Finding::fault(
            Code::KeyWrong,
            "the secret key is not the one that the job store was made with: no disk on its way would be recognised",
            "put back the key that the installation was made with",
        ));
    }
    found
}

/// Stores of the settings that do not answer.
async fn stores(config: &Config) -> Vec<Finding> {
    let stores = match Stores::of_settings(&config.stores, &config.network) {
        Ok(stores) => Arc::new(stores),
        Err(error) => {
            let what = crate::output::chain(&error.into());
            return vec![Finding::fault(
                Code::StoreSilent,
                what,
                "mend the table of that store in the settings",
            )];
        }
    };
    let mut found = Vec::new();
    for name in stores.names() {
        if !stores.answers(&name).await {
            let what = format!("the store `{name}` does not answer");
            found.push(Finding::fault(
                Code::StoreSilent,
                what,
                "look at its endpoint, proxy and certificates; `--log warn` says what it answered",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use server::config::Overrides;
    use server::jobstore::SqliteJobStore;

    fn codes(config: &Config) -> Vec<Code> {
        let found = findings(config);
        // How much room there is here is not the tests' business.
        let codes = found.iter().map(|finding| finding.code);
        codes.filter(|code| *code != Code::DiskFull).collect()
    }

    fn config(data: &Path, more: &str) -> Config {
        let file = data.with_extension("toml");
        std::fs::write(&file, format!("[server]\ndata = {data:?}\n{more}")).unwrap();
        Config::load(Some(&file), &Overrides::default()).unwrap()
    }

    /// A data folder with its key and job store.
    fn installation(data: &Path) {
        std::fs::create_dir(data).unwrap();
        let key = MasterKey::load_or_create(&data.join("secret.key")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let path = data.join("longshore.db");
            let store = SqliteJobStore::open(&path, key.sealer()).await.unwrap();
            store.close().await;
        });
    }

    #[test]
    fn a_sound_installation_has_nothing_to_be_found() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert_eq!(codes(&config(&data, "")), [Code::NoInstallation]);
        installation(&data);
        assert_eq!(codes(&config(&data, "")), []);
    }

    #[test]
    fn another_key_and_one_that_is_none_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        installation(&data);
        let key = data.join("secret.key");
        std::fs::remove_file(&key).unwrap();
        MasterKey::load_or_create(&key).unwrap();
        assert_eq!(codes(&config(&data, "")), [Code::KeyWrong]);
        std::fs::write(&key, "no key").unwrap();
        assert_eq!(codes(&config(&data, "")), [Code::KeyUnusable]);
    }

    #[test]
    fn a_job_store_that_cannot_be_read_and_a_store_that_is_not_there_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        installation(&data);
        std::fs::write(
            data.join("longshore.db"),
            "no database, but long enough to be looked at",
        )
        .unwrap();
        let store = "[[stores]]\nname = \"gone\"\nendpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"K\"\n\
                     secret_access_key = \"s\"\n";
        assert_eq!(
            codes(&config(&data, store)),
            [Code::JobStoreSilent, Code::StoreSilent]
        );
    }

    #[test]
    fn a_job_store_of_another_release_is_told_and_left_as_it_is() {
        let schema = |schema| {
            let standing = Standing {
                schema,
                key_fits: true,
                stations: None,
                time: None,
            };
            standings(standing, &[], Timestamp::from_unix(0))
        };
        let codes = |found: Vec<Finding>| found.iter().map(|it| it.code).collect::<Vec<_>>();
        assert_eq!(codes(schema(Schema::Current)), []);
        assert_eq!(codes(schema(Schema::Older)), [Code::SchemaOlder]);
        assert_eq!(codes(schema(Schema::Newer)), [Code::SchemaNewer]);
    }

    #[test]
    fn a_key_that_several_stations_have_is_told_and_one_that_ends_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let found = |stations, more: &str| {
            let store = "[[stores]]\nname = \"ceph\"\nendpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"K\"\n\
                         secret_access_key = \"s\"\n";
            let config = config(&data, &format!("{store}{more}"));
            let standing = Standing {
                schema: Schema::Current,
                key_fits: true,
                stations,
                time: None,
            };
            let found = standings(standing, &config.stores, Timestamp::from_unix(0));
            found.iter().map(|it| it.code).collect::<Vec<_>>()
        };
        assert_eq!(found(Some(2), ""), [Code::StaticKeys]);
        assert_eq!(found(Some(1), ""), []);
        assert_eq!(found(None, ""), []);
        assert_eq!(found(Some(2), "credentials = \"sts\"\n"), []);
    }

    #[test]
    fn a_clock_that_is_not_the_databases_is_told() {
        let now = Timestamp::from_unix(1_795_867_200);
        let found = |ahead: i64| {
            let standing = Standing {
                schema: Schema::Current,
                key_fits: true,
                stations: None,
                time: Some(now.plus_seconds(-ahead)),
            };
            let found = standings(standing, &[], now);
            found
                .into_iter()
                .map(|it| (it.code, it.what))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(5), []);
        let (code, what) = found(-16).remove(0);
        assert_eq!(code, Code::ClockWrong);
        assert!(what.contains("16 s behind the database's"), "{what}");
    }
}
