//! Tests of the configuration: values, and faults with their places.

use std::num::{NonZeroU32, NonZeroU64};

use model::ids::{BayName, PortId};
use model::manifest::Region;
use objectstore::paced::QuietHours;

use super::*;

const STORE: &str = "[[stores]]\nname = \"ceph\"\nendpoint = \"https://s3.example.org\"\n\
                     access_key_id = \"AK\"\nsecret_access_key = \"hunter2\"\n";

pub(super) fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("longshore.toml"), text, &Overrides::default())
}

/// The faults of a text, as the operator sees them.
pub(super) fn faults(text: &str) -> String {
    match parse(text) {
        Ok(config) => panic!("no fault in {text:?}: {config:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn nothing_given_is_all_defaults() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(
        Config::load(None, &Overrides::default()).unwrap(),
        Config::default()
    );
}

#[test]
fn everything_given_is_taken() {
    let text = r#"
        [server]
        listen = "0.0.0.0:80"
        public_url = "https://import.example.org/"
        data = "/srv/longshore"
        secret_key_file = "/etc/longshore/secret.key"
        installation = "import.example.org"
        shutdown_seconds = 5
        metrics = "everyone"
        [connections]
        limit = 100
        per_address = 10
        exempt = ["10.0.0.0/8", "::1"]
        trusted_proxies = ["10.0.0.9"]
        [database]
        url = "postgres://me:pw@db/longshore"
        [embedded_store]
        enabled = true
        listen = "[::1]:9000"
        public_url = "http://s3.dock.example.org"
        region = "eu-west-1"
        [[stores]]
        name = "ceph"
        endpoint = "http://ceph:8000"
        region = "default"
        access_key_id = "AK"
        secret_access_key = "SK"
        path_style = false
        buckets = ["photos", "team-*"]
        rate = "200MB"
        quiet_hours = "06:00-08:00"
        quiet_rate = "0"
        requests_per_second = 500
        [jobs]
        expire_after_days = 7
        per_day_quota = 50
        cancel_in_progress = true
        strict_manifests = true
        facility_country = "Germany"
        shipping_address = ["Dock", "Pier 1", "Hamburg"]
        lease_seconds = 120
        artifact_days = 3
        hold_days = 5
        most_bytes = "5TB"
        give_up_held = true
        secret_days = 0
        mask_secrets = true
        [ebs]
        endpoint = "https://ebs.{region}.example.org/"
        access_key_id = "EBS"
        secret_access_key = "ES"
        [glacier]
        endpoint = "http://glacier:8000"
        account = "123456789012"
        access_key_id = "GL"
        secret_access_key = "GS"
        [station]
        name = "dock-7"
        parallel = 8
        read_threads = 2
        memory_mib = 1024
        multipart_threshold_mib = 100
        part_mib = 16
        rate = "50MB"
        quiet_hours = "08:00-18:00+01:00"
        quiet_rate = "5MiB"
        requests_per_second = 1
        read_back = "sampled"
        sha256_metadata = false
        mtime_metadata = false
        skip_unchanged = true
        replace_objects = false
        allow_unconfined = true
        bench = true
        auto_load = false
        loads_at_once = 3
        settle_seconds = 5
        on_dirty = "hold"
        on_failing = "hold"
        bad_limit = 7
        metrics_listen = "10.0.0.7:9100"
        metrics_address = "dock-7.example.org:9100"
        [[station.bays]]
        name = "left, upper"
        match = ["pci-0000:00:14.0/usb3-2.4", "folder:/srv/inbox"]
        [log]
        format = "json"
        level = "debug"
    "#;
    let config = parse(text).unwrap();
    let DatabaseConfig::Postgres(url) = &config.database else {
        panic!("no PostgreSQL")
    };
    assert_eq!(url.expose(), "postgres://me:pw@db/longshore");
    let server = ServerConfig {
        listen: "0.0.0.0:80".parse().unwrap(),
        public_url: Some("https://import.example.org".to_owned()),
        data: PathBuf::from("/srv/longshore"),
        secret_key_file: Some(PathBuf::from("/etc/longshore/secret.key")),
        installation: Some("import.example.org".parse().unwrap()),
        shutdown_seconds: 5,
        metrics: MetricsFor::Everyone,
    };
    assert_eq!(config.server, server);
    let connections = ConnectionsConfig {
        limit: 100,
        per_address: 10,
        exempt: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
        trusted_proxies: vec!["10.0.0.9".parse().unwrap()],
    };
    assert_eq!(config.connections, connections);
    let embedded = EmbeddedStoreConfig {
        enabled: true,
        listen: "[::1]:9000".parse().unwrap(),
        public_url: Some("http://s3.dock.example.org".to_owned()),
        region: "eu-west-1".to_owned(),
    };
    assert_eq!(config.embedded_store, embedded);
    let store = &config.stores[0];
    assert_eq!(
        (&*store.endpoint, &*store.region),
        ("http://ceph:8000", "default")
    );
    assert_eq!(store.secret_access_key.expose(), "SK");
    assert_eq!(
        (&*store.name, &*store.access_key_id, store.path_style),
        ("ceph", "AK", false)
    );
    assert_eq!(store.buckets.len(), 2);
    let pace = RateSchedule {
        bytes_per_second: NonZeroU64::new(200_000_000),
        quiet: Some(QuietHours::parse("06:00-08:00", 0).unwrap()),
        requests_per_second: NonZeroU32::new(500),
    };
    assert_eq!(store.pace, pace);
    let address = config.jobs.shipping_address.clone();
    assert_eq!(address.lines(), ["Dock", "Pier 1", "Hamburg"]);
    let jobs = JobsConfig {
        expire_after_days: 7,
        per_day_quota: 50,
        cancel_in_progress: WhileRunning::Cancel,
        strict_manifests: true,
        facility_country: Country::new("DE"),
        shipping_address: address,
        lease_seconds: 120,
        artifact_days: 3,
        hold_days: 5,
        most_bytes: Some(5_000_000_000_000),
        give_up_held: true,
        secret_days: 0,
        mask_secrets: true,
    };
    assert_eq!(config.jobs, jobs);
    assert_images(&config);
    let station = StationConfig {
        is_named: true,
        name: StationName::new("dock-7").unwrap(),
        parallel: 8,
        read_threads: 2,
        memory_mib: 1024,
        multipart_threshold_mib: 100,
        part_mib: 16,
        pace: RateSchedule {
            bytes_per_second: NonZeroU64::new(50_000_000),
            quiet: Some(QuietHours::parse("08:00-18:00+01:00", 5 << 20).unwrap()),
            requests_per_second: NonZeroU32::new(1),
        },
        read_back: ReadBack::Sampled,
        sha256_metadata: false,
        mtime_metadata: false,
        skip_unchanged: true,
        replace_objects: false,
        allow_unconfined: true,
        bench: BenchConfig {
            enabled: true,
            auto_load: false,
            loads_at_once: 3,
            settle_seconds: 5,
            on_dirty: OnDirty::Hold,
            on_failing: OnFailing::Hold,
            bad_limit: 7,
            bays: vec![BayConfig {
                name: BayName::new("left, upper").unwrap(),
                ports: vec![
                    PortId::new("pci-0000:00:14.0/usb3-2.4").unwrap(),
                    PortId::new("folder:/srv/inbox").unwrap(),
                ],
            }],
        },
        metrics: StationMetrics {
            listen: "10.0.0.7:9100".parse().ok(),
            address: "dock-7.example.org:9100".parse().ok(),
        },
    };
    assert_eq!(config.station, station);
    assert_eq!(
        config.log,
        LogConfig {
            format: LogFormat::Json,
            level: LogLevel::Debug
        }
    );
}

fn assert_images(config: &Config) {
    let ebs = &config.ebs.as_ref().unwrap().access;
    assert_eq!(
        ebs.endpoint.of(Region::EuWest1),
        "https://ebs.eu-west-1.example.org"
    );
    let key = (&*ebs.access_key_id, ebs.secret_access_key.expose());
    assert_eq!(key, ("EBS", "ES"));
    let GlacierConfig::Vaults { account, access } = &config.glacier else {
        panic!("{:?}", config.glacier);
    };
    assert_eq!(account, "123456789012");
    let anywhere = access.endpoint.of(Region::UsWest2);
    assert_eq!(anywhere, "http://glacier:8000");
    let key = (&*access.access_key_id, access.secret_access_key.expose());
    assert_eq!(key, ("GL", "GS"));
}

#[test]
fn the_command_line_outranks_the_file() {
    let overrides = Overrides {
        console_listen: Some(ConsoleListen(None)),
        data: Some(PathBuf::from("elsewhere")),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        embedded_listen: Some("127.0.0.1:1".parse().unwrap()),
        log_format: Some(LogFormat::Json),
        log_level: Some(LogLevel::Error),
        network_variables: None,
    };
    let text = "[server]\ndata = \"/a\"\nlisten = \"1.2.3.4:5\"\n[log]\nlevel = \"trace\"\n";
    let config = Config::parse(Path::new("x.toml"), text, &overrides).unwrap();
    assert_eq!(config.server.data, PathBuf::from("elsewhere"));
    assert_eq!(config.server.listen.port(), 0);
    assert_eq!(config.embedded_store.listen.port(), 1);
    assert_eq!(config.console.listen, None);
    assert_eq!(
        config.log,
        LogConfig {
            format: LogFormat::Json,
            level: LogLevel::Error
        }
    );
}

#[test]
fn paths_are_relative_to_the_file() {
    let path = Path::new("/etc/longshore/longshore.toml");
    let text = "[server]\ndata = \"data\"\nsecret_key_file = \"/run/key\"\n";
    let config = Config::parse(path, text, &Overrides::default()).unwrap();
    assert_eq!(config.server.data, PathBuf::from("/etc/longshore/data"));
    assert_eq!(
        config.server.secret_key_file,
        Some(PathBuf::from("/run/key"))
    );
}

#[test]
fn the_embedded_store_is_on_unless_there_are_others() {
    assert!(parse("").unwrap().embedded_store.enabled);
    assert!(!parse(STORE).unwrap().embedded_store.enabled);
    let both = parse(&format!("[embedded_store]\nenabled = true\n{STORE}")).unwrap();
    assert!(both.embedded_store.enabled && both.stores.len() == 1);
}

#[test]
fn the_first_store_that_has_a_bucket_gets_it() {
    let other = STORE.replace("ceph", "minio");
    let text = format!("{STORE}buckets = [\"team-*\"]\n{other}buckets = [\"team-a\", \"logs\"]\n");
    let home = |config: &Config, bucket: &str| {
        let bucket = BucketName::new(bucket).unwrap();
        config.home_of(&bucket).map(|home| match home {
            BucketHome::Store(store) => store.name.clone(),
            BucketHome::Embedded => "embedded".to_owned(),
        })
    };
    let config = parse(&text).unwrap();
    assert_eq!(home(&config, "team-a").as_deref(), Some("ceph"));
    assert_eq!(home(&config, "logs").as_deref(), Some("minio"));
    assert_eq!(home(&config, "other"), None);
    let config = parse(&format!("[embedded_store]\nenabled = true\n{text}")).unwrap();
    assert_eq!(home(&config, "other").as_deref(), Some("embedded"));
    assert_eq!(home(&config, "logs").as_deref(), Some("minio"));
}

#[test]
fn every_bad_value_is_named_with_its_line_and_setting() {
    for (table, line, expected) in [
        (
            "server",
            "listen = \"here\"",
            "listen: `here` is not an address",
        ),
        (
            "server",
            "public_url = \"ftp://x\"",
            "public_url: `ftp://x` is not an http or https URL",
        ),
        (
            "server",
            "public_url = \"http://x/y\"",
            "public_url: `http://x/y` has more than",
        ),
        (
            "server",
            "public_url = \"http://a:b@x\"",
            "public_url: `http://a:b@x` has more than",
        ),
        ("server", "data = \"\"", "data: is empty"),
        (
            "server",
            "secret_key_file = \"a\\u0000b\"",
            "secret_key_file: is not a path",
        ),
        (
            "server",
            "shutdown_seconds = -1",
            "shutdown_seconds: `-1` is not within 0 to 3600",
        ),
        (
            "database",
            "url = \"mysql://x\"",
            "url: is not a postgres:// URL",
        ),
        (
            "database",
            "url_file = \"/no/such\"",
            "url_file: could not read `/no/such`: No such file",
        ),
        (
            "embedded_store",
            "listen = \"4781\"",
            "listen: `4781` is not an address",
        ),
        (
            "embedded_store",
            "listen = \"127.0.0.1:4780\"",
            "listen: `127.0.0.1:4780` is where the",
        ),
        (
            "embedded_store",
            "region = \"a b\"",
            "region: `a b` is not a region",
        ),
        (
            "embedded_store",
            "enabled = false",
            "enabled: there is no other store",
        ),
        (
            "jobs",
            "expire_after_days = 0",
            "expire_after_days: `0` is not within 1 to 3650",
        ),
        (
            "jobs",
            "per_day_quota = 1000001",
            "per_day_quota: `1000001` is not within 0 to 1000000",
        ),
        (
            "jobs",
            "facility_country = \"Atlantis\"",
            "facility_country: `Atlantis` is not a country",
        ),
        (
            "jobs",
            "shipping_address = []",
            "shipping_address: 0 lines are not 1 to 10",
        ),
        (
            "jobs",
            "shipping_address = [\"a\\nb\"]",
            "shipping_address: `a\\nb` is not a line of 1",
        ),
        (
            "jobs",
            "lease_seconds = 9",
            "lease_seconds: `9` is not within 10 to 3600",
        ),
        (
            "station",
            "name = \"a b\"",
            "name: `a b` is not a station name",
        ),
        (
            "station",
            "parallel = 0",
            "parallel: `0` is not within 1 to 1024",
        ),
        (
            "station",
            "read_threads = 65",
            "read_threads: `65` is not within 1 to 64",
        ),
        (
            "station",
            "rate = \"50\"",
            "rate: `50` is not a rate such as `50MB`",
        ),
        (
            "station",
            "rate = \"0\"",
            "rate: `0` would let nothing through",
        ),
        (
            "station",
            "quiet_hours = \"8-18\"",
            "quiet_hours: `8-18` is not a span of hours such as",
        ),
        (
            "station",
            "quiet_hours = \"08:00-18:00\"",
            "quiet_rate: is missing beside quiet_hours",
        ),
        (
            "station",
            "quiet_rate = \"0\"",
            "quiet_hours: is missing beside quiet_rate",
        ),
        (
            "station",
            "read_back = \"some\"",
            "read_back: `some` is not `off`, `sampled` or `full`",
        ),
        (
            "station",
            "loads_at_once = 65",
            "loads_at_once: `65` is not within 1 to 64",
        ),
        (
            "station",
            "on_dirty = \"burn\"",
            "on_dirty: `burn` is not load or hold",
        ),
        (
            "jobs",
            "most_bytes = \"much\"",
            "most_bytes: `much` is not an amount such as `5TB` or `500GiB`",
        ),
        (
            "station",
            "on_failing = \"pray\"",
            "on_failing: `pray` is not go-on or hold",
        ),
        (
            "station",
            "bad_limit = -1",
            "bad_limit: `-1` is not within 0 to 1000000",
        ),
        (
            "station",
            "metrics_listen = \"4783\"",
            "metrics_listen: `4783` is neither none nor an address like `127.0.0.1:4783`",
        ),
        (
            "station",
            "metrics_address = \"127.0.0.1:4783\"",
            "metrics_address: `127.0.0.1:4783` is not the host and port of another machine, like `dock-1.example.org:4783`",
        ),
        (
            "station",
            "bays = [{ match = [\"pci-0/usb3-2\"] }]",
            "bays[0].name: is missing",
        ),
        (
            "station",
            "bays = [{ name = \"B3\" }]",
            "bays[0].match: names no port",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"folder:inbox\"] }]",
            "bays[0].match[0]: `inbox` is not an absolute path",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"pci-0/usb3-2\"] }, { name = \"B4\", match = [\"pci-0/usb3-2\"] }]",
            "bays[1].match[0]: `pci-0/usb3-2` is bay `B3`",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"pci-0/usb3-2\"] }, { name = \"B3\", match = [\"pci-0/usb3-3\"] }]",
            "bays[1].name: another bay is called `B3`",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"foldr:/srv/inbox\"] }]",
            "bays[0].match[0]: `foldr:/srv/inbox` is no port that is known: a port is `folder:/PATH`, `loop:/PATH` or a socket \
             of this machine, which begins with `pci-`, `platform-`, `sas-`, `other-`",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"/dev/sdb\"] }]",
            "bays[0].match[0]: `/dev/sdb` is no port that is known",
        ),
        (
            "station",
            "bays = [{ name = \"-B3\", match = [\"pci-0/usb3-2\"] }]",
            "bays[0].name: `-B3` begins with a hyphen",
        ),
        (
            "station",
            "bays = [{ name = \"B3\", match = [\"folder:/a\"] }, { name = \"B3.2\", match = [\"folder:/b\"] }]",
            "bays[1].name: `B3.2` is what a second disk in the bay `B3` is called",
        ),
        (
            "station",
            "memory_mib = 15",
            "memory_mib: `15` is not within 16 to 1048576",
        ),
        (
            "station",
            "part_mib = 4",
            "part_mib: `4` is not within 5 to 5120",
        ),
        (
            "station",
            "part_mib = 5121",
            "part_mib: `5121` is not within 5 to 5120",
        ),
        (
            "station",
            "part_mib = 300",
            "part_mib: `300` is more than memory_mib, 128",
        ),
        (
            "station",
            "multipart_threshold_mib = 4294967296",
            "multipart_threshold_mib: `4294967296` is",
        ),
        (
            "log",
            "format = \"xml\"",
            "format: `xml` is not text or json",
        ),
        (
            "log",
            "level = \"loud\"",
            "level: `loud` is not error, warn, info, debug or trace",
        ),
    ] {
        let found = faults(&format!("# A comment.\n\n[{table}]\n{line}\n"));
        let first = format!("longshore.toml:4: {table}.{expected}");
        assert!(
            found.lines().any(|line| line.starts_with(&first)),
            "{first}\n{found}"
        );
    }
}

#[test]
fn a_store_is_checked_like_everything_else() {
    for (from, to, expected) in [
        (
            "ceph",
            "a b",
            "5: stores[1].name: `a b` is not a store name",
        ),
        (
            "https://s3",
            "ftp://s3",
            "6: stores[1].endpoint: `ftp://s3.example.org` is not an http",
        ),
        (
            "\"AK\"",
            "\"\"",
            "7: stores[1].access_key_id: is not an access key id",
        ),
        ("hunter2", "", "8: stores[1].secret_access_key: is empty"),
        ("name = \"ceph\"", "", "4: stores[1].name: is missing"),
        ("endpoint = ", "# ", "4: stores[1].endpoint: is missing"),
        (
            "secret_access_key = ",
            "# ",
            "4: stores[1].secret_access_key: is missing, and so",
        ),
        (
            "secret_access_key = \"hunter2\"",
            "secret_access_key_file = \"/no/such\"",
            "8: stores[1].secret_access_key_file: could not read `/no/such`",
        ),
        (
            "name = \"ceph\"",
            "name = \"first\"",
            "5: stores[1].name: another store is called `first`",
        ),
        (
            "access_key_id",
            "buckets = []\naccess_key_id",
            "7: stores[1].buckets: names no bucket",
        ),
        (
            "access_key_id",
            "buckets = [\"a\",\n\"b/c\"]\naccess_key_id",
            "8: stores[1].buckets[1]: `b/c` is not a pattern",
        ),
        (
            "access_key_id",
            "quiet_rate = \"1MB\"\naccess_key_id",
            "7: stores[1].quiet_hours: is missing beside quiet_rate",
        ),
        (
            "access_key_id",
            "requests_per_second = 0\naccess_key_id",
            "7: stores[1].requests_per_second: `0` is not within 1 to 1000000",
        ),
        (
            "access_key_id",
            "region = \"\"\naccess_key_id",
            "7: stores[1].region: `` is not a region",
        ),
    ] {
        let before = "[[stores]]\nname = \"first\"\n# endpoint, key and secret are missing\n";
        let found = faults(&format!("{before}{}", STORE.replacen(from, to, 1)));
        let expected = format!("longshore.toml:{expected}");
        assert!(
            found.lines().any(|line| line.starts_with(&expected)),
            "{expected}\n{found}"
        );
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = "[log]\nlevel = \"x\"\n[server]\nlisten = \"x\"\nshutdown_seconds = 9999\n\
                [station]\nmemory_mib = 16\nname = \"\"\n";
    let found = faults(text);
    let places: Vec<Vec<&str>> = found
        .lines()
        .map(|line| line.splitn(3, ": ").take(2).collect())
        .collect();
    let expected: Vec<Vec<&str>> = vec![
        vec!["longshore.toml", "station.multipart_threshold_mib"],
        vec!["longshore.toml:2", "log.level"],
        vec!["longshore.toml:4", "server.listen"],
        vec!["longshore.toml:5", "server.shutdown_seconds"],
        vec!["longshore.toml:8", "station.name"],
    ];
    assert_eq!(places, expected, "{found}");
}

#[test]
fn what_is_no_toml_or_no_setting_is_told_with_its_line() {
    for (text, expected) in [
        ("[server\n", "longshore.toml:1: "),
        ("\n\nlisten = = 3\n", "longshore.toml:3: "),
        (
            "[server]\nlisten = \"a\"\nlisten = \"b\"\n",
            "longshore.toml:3: ",
        ),
        (
            "[server]\n\nlisen = \"a\"\n",
            "longshore.toml:3: server.lisen: unknown field `lisen`",
        ),
        (
            "[sever]\nlisten = \"a\"\n",
            "longshore.toml:1: sever: unknown field `sever`",
        ),
        (
            "[server]\nlisten = 4780\n",
            "longshore.toml:2: server.listen: invalid type: integer",
        ),
        (
            "[log]\n[jobs]\nlease_seconds = \"60\"\n",
            "longshore.toml:3: jobs.lease_seconds: invalid",
        ),
        (
            "[[stores]]\n[[stores]]\nbuckets = [\n\"a\",\n7]\n",
            "longshore.toml:5: stores[1].buckets[1]: ",
        ),
        (
            "[[stores]]\npath_style = \"yes\"\n",
            "longshore.toml:2: stores[0].path_style: invalid type",
        ),
        (
            "[jobs]\nper_day_quota = 99999999999999999999\n",
            "longshore.toml:2: jobs.per_day_quota: ",
        ),
    ] {
        let found = faults(text);
        assert!(found.starts_with(expected), "{expected}\n{found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn a_secret_is_given_once() {
    let text = format!("{STORE}secret_access_key_file = \"/run/secret\"\n");
    let expected = "longshore.toml:6: stores[0].secret_access_key_file: \
                    `stores[0].secret_access_key` is given as well";
    assert_eq!(faults(&text), expected);
    let text = "[database]\nurl = \"postgres://h/d\"\nurl_file = \"/run/url\"\n";
    assert_eq!(
        faults(text),
        "longshore.toml:3: database.url_file: `database.url` is given as well"
    );
}

#[test]
fn secrets_are_read_from_files_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("longshore.toml");
    std::fs::write(folder.path().join("url"), "postgres://me:pw@h/d\n").unwrap();
    std::fs::write(folder.path().join("secret"), "hunter2\r\n").unwrap();
    let store = STORE.replace(
        "secret_access_key = \"hunter2\"",
        "secret_access_key_file = \"secret\"",
    );
    std::fs::write(&path, format!("[database]\nurl_file = \"url\"\n{store}")).unwrap();
    let config = Config::load(Some(&path), &Overrides::default()).unwrap();
    assert_eq!(config.stores[0].secret_access_key.expose(), "hunter2");
    let DatabaseConfig::Postgres(url) = &config.database else {
        panic!("no PostgreSQL")
    };
    assert_eq!(url.expose(), "postgres://me:pw@h/d");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = Config::load(Some(Path::new("/no/such.toml")), &Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not read the configuration `/no/such.toml`"
    );
}

#[test]
fn no_secret_shows_in_debug_or_faults() {
    let text = format!("[database]\nurl = \"postgres://me:hunter2@h/d\"\n{STORE}");
    assert!(!format!("{:?}", parse(&text).unwrap()).contains("hunter2"));
    let text = text.replace("postgres://", "postgre://").replace("AK", "");
    let found = faults(&text);
    assert!(
        found.lines().count() == 2 && !found.contains("hunter2"),
        "{found}"
    );
}
