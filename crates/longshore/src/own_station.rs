//! Sets up the station that a command speaks for: beside a running service, or of another host's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use awshttp::Surroundings;
use imagestore::services::AwsServices;
use listen::tls::certificate::CertificateFiles;
use model::time::SystemClock;
use server::config::{Config, StationConfig};
use server::data_dir::users::Joined;
use server::data_dir::{self, Endpoints};
use station::control::Control;
use station::control::wire::Wire;
use station::devices::HostDevices;
use station::dock::Station;
use station::stores::S3Stores;
use transfer::journal::file::Disk;
use transfer::resources::Resources;
use transfer::settings::{Existing, Settings, Unchanged};

use crate::cli::{DataArgs, LoadArgs, ServerArgs};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::job::connection::no_service;
use crate::output;
use crate::raw;
use crate::settings::{self, Listen};

/// The station that the arguments name.
///
/// # Errors
/// If there is no service, or no token.
pub(crate) fn station(args: &ServerArgs) -> Result<Station, Failure> {
    with_settings(args).map(|(station, ..)| station)
}

/// The same with its settings, all of them where they are its own, and the certificate that its own port shows.
///
/// # Errors
/// As [`station`].
pub(crate) fn with_settings(
    args: &ServerArgs,
) -> Result<(Station, OwnSettings, Option<CertificateFiles>), Failure> {
    let data = settings::data_folder(&Environment::of_process(), args.data.data.as_deref())?;
    match (&args.server, &args.token_file) {
        (Some(url), Some(file)) => {
            let config = of_another_host(args, &data)?;
            let surroundings = config.network.surroundings();
            let token = read_token(file)?;
            let station = at(url, &token, &data, &config.station, &surroundings);
            let certificate = config.tls.certificate.clone();
            Ok((station, (config.station.clone(), Some(config)), certificate))
        }
        _ => {
            let (station, config) = beside_service(&data)?;
            Ok((station, (config, None), None))
        }
    }
}

/// The settings of a station, and all of its file where that is not the service's.
pub(crate) type OwnSettings = (StationConfig, Option<Config>);

/// The settings of the station that the arguments name, as they stand by now.
///
/// # Errors
/// If the file is wrong, or the service is gone that it is of.
pub(crate) fn settings_again(args: &ServerArgs) -> Result<OwnSettings, Failure> {
    let data = settings::data_folder(&Environment::of_process(), args.data.data.as_deref())?;
    if args.server.is_some() && args.token_file.is_some() {
        let config = of_another_host(args, &data)?;
        return Ok((config.station.clone(), Some(config)));
    }
    let endpoints = data_dir::read_endpoints(&data).context("could not find the service")?;
    let file = endpoints.and_then(|endpoints| endpoints.config);
    let config = settings::load(file.as_deref(), Some(&data), Listen::default())?;
    Ok((config.station, None))
}

/// The token of the station that the arguments name, as it stands by now.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn token_again(args: &ServerArgs) -> Result<String, Failure> {
    if let Some(file) = &args.token_file {
        return read_token(file);
    }
    let data = settings::data_folder(&Environment::of_process(), args.data.data.as_deref())?;
    read_token(&token_path(&data))
}

fn of_another_host(args: &ServerArgs, data: &Path) -> Result<Config, Failure> {
    let mut config = settings::load(args.config.as_deref(), Some(data), Listen::default())?;
    if let Some(name) = &args.station {
        config.station.name = name.clone();
    }
    Ok(config)
}

/// The way to the service that the arguments name.
///
/// # Errors
/// As [`station`].
pub(crate) fn wire(args: &ServerArgs) -> Result<Wire, Failure> {
    let data = settings::data_folder(&Environment::of_process(), args.data.data.as_deref())?;
    if let (Some(url), Some(file)) = (&args.server, &args.token_file) {
        let config = settings::load(args.config.as_deref(), Some(&data), Listen::default())?;
        let surroundings = config.network.surroundings();
        return Ok(Wire::through(url, &read_token(file)?, &surroundings));
    }
    wire_beside(&data)
}

/// The way to the service that runs on a data folder.
///
/// # Errors
/// As [`station`].
pub(crate) fn wire_on(data: &DataArgs) -> Result<Wire, Failure> {
    let data = settings::data_folder(&Environment::of_process(), data.data.as_deref())?;
    wire_beside(&data)
}

fn wire_beside(data: &Path) -> Result<Wire, Failure> {
    let endpoints = service_on(data)?;
    let token = read_token(&token_path(data))?;
    let surroundings = Environment::of_process().surroundings();
    Ok(Wire::through(&endpoints.api, &token, &surroundings))
}

/// The service that runs on the data folder, which stays until this process ends.
fn service_on(data: &Path) -> Result<Endpoints, Failure> {
    let joined = Joined::join(data).context("could not find the service")?;
    let joined = joined.ok_or_else(|| no_service(Some(data)))?;
    let endpoints = joined.endpoints.clone();
    // It may be asked to the end, and its lock is let go then.
    std::mem::forget(joined);
    Ok(endpoints)
}

/// The station of the service that runs on the data folder, which stays until this process ends.
fn beside_service(data: &Path) -> Result<(Station, StationConfig), Failure> {
    let endpoints = service_on(data)?;
    let station = at_service(&endpoints, data)?;
    Ok((station, endpoints.station))
}

/// The station that goes with the service at `endpoints`, which has the data folder.
///
/// # Errors
/// If its token cannot be read.
pub(crate) fn at_service(endpoints: &Endpoints, data: &Path) -> Result<Station, Failure> {
    let token = read_token(&token_path(data))?;
    let surroundings = Environment::of_process().surroundings();
    Ok(at(
        &endpoints.api,
        &token,
        data,
        &endpoints.station,
        &surroundings,
    ))
}

fn at(
    url: &str,
    token: &str,
    data: &Path,
    config: &StationConfig,
    surroundings: &Surroundings,
) -> Station {
    let settings = settings_of(config);
    Station {
        name: config.name.clone(),
        control: Control::through(url, token, surroundings),
        folder: data.join("station"),
        settings,
        resources: Arc::new(Resources::new(&settings)),
        clock: Arc::new(SystemClock),
        stores: Arc::new(S3Stores::new(surroundings.clone())),
        services: Arc::new(AwsServices {
            surroundings: surroundings.clone(),
        }),
        devices: Arc::new(HostDevices),
        logs: Arc::new(Disk),
        launcher: raw::launcher(config.allow_unconfined),
    }
}

/// The token of the service's own station.
fn token_path(data: &Path) -> PathBuf {
    data.join("station").join("token")
}

/// The token in a file.
///
/// # Errors
/// If it cannot be read, or there is none in it.
pub(crate) fn read_token(path: &Path) -> Result<String, Failure> {
    let read = std::fs::read_to_string(path);
    let text = read.with_context(|| format!("could not read the token `{}`", path.display()))?;
    match text.trim() {
        "" => Err(Failure::usage(format!(
            "there is no token in `{}`",
            path.display()
        ))),
        token => Ok(token.to_owned()),
    }
}

/// What the settings of a station come to.
pub(crate) fn settings_of(config: &StationConfig) -> Settings {
    Settings {
        parallel: count(config.parallel),
        read_threads: count(config.read_threads),
        memory_bytes: mebibytes(config.memory_mib),
        multipart_threshold: mebibytes(config.multipart_threshold_mib),
        part_bytes: mebibytes(config.part_mib),
        read_back: config.read_back,
        sha256_metadata: config.sha256_metadata,
        mtime_metadata: config.mtime_metadata,
        unchanged: if config.skip_unchanged {
            Unchanged::Skip
        } else {
            Unchanged::Send
        },
        existing: if config.replace_objects {
            Existing::Replace
        } else {
            Existing::Keep
        },
        pace: config.pace,
        sparse: false,
    }
}

/// Has a station work as the command line says, in the place of what its settings say. Before anything is docked: what
/// runs share is made by it.
pub(crate) fn direct(args: &LoadArgs, station: &mut Station) {
    apply(args, &mut station.settings);
    station.resources = Arc::new(Resources::new(&station.settings));
}

/// Puts what the command line says in the place of what the settings say.
fn apply(args: &LoadArgs, settings: &mut Settings) {
    settings.sparse |= args.sparse;
    if let Some(rate) = args.rate {
        settings.pace.bytes_per_second = Some(rate);
    }
    if let Some(parallel) = args.parallel {
        settings.parallel = count(parallel);
    }
    if let Some(read_back) = args.read_back {
        settings.read_back = read_back;
    }
}

/// The options of a command that say the same.
pub(crate) fn options(args: &LoadArgs) -> [(&'static str, Option<PathBuf>); 3] {
    let rate = args.rate.map(|rate| output::exact_rate(rate.get()));
    let parallel = args.parallel.map(|parallel| parallel.to_string());
    let read_back = args.read_back.map(|read_back| read_back.to_string());
    [
        ("--rate", rate.map(PathBuf::from)),
        ("--parallel", parallel.map(PathBuf::from)),
        ("--read-back", read_back.map(PathBuf::from)),
    ]
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn mebibytes(count: u32) -> u64 {
    u64::from(count) << 20
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::StationName;
    use model::proof::ReadBack;
    use objectstore::paced::QuietHours;
    use std::num::NonZeroU64;

    #[test]
    fn settings_are_those_of_the_configuration() {
        let mut config = Config::default().station;
        config.name = StationName::new("bench-1").unwrap();
        config.memory_mib = 64;
        config.parallel = 7;
        config.read_threads = 3;
        config.read_back = ReadBack::Sampled;
        config.sha256_metadata = false;
        config.mtime_metadata = false;
        config.skip_unchanged = true;
        config.replace_objects = false;
        let url = "http://127.0.0.1:1";
        let station = at(
            url,
            "t",
            Path::new("/data"),
            &config,
            &Surroundings::default(),
        );
        assert_eq!(station.name.as_str(), "bench-1");
        assert_eq!(station.settings.memory_bytes, 64 << 20);
        let settings = station.settings;
        assert_eq!((settings.parallel, settings.read_threads), (7, 3));
        assert_eq!(settings.read_back, ReadBack::Sampled);
        assert!(!settings.sha256_metadata && settings.pace.is_unlimited());
        assert!(!settings.mtime_metadata);
        assert_eq!(settings.unchanged, Unchanged::Skip);
        assert_eq!(settings.existing, Existing::Keep);
        assert_eq!(station.folder, Path::new("/data/station"));
    }

    #[test]
    fn the_command_line_outranks_the_settings() {
        let mut config = Config::default().station;
        let quiet = QuietHours::parse("08:00-18:00", 0).unwrap();
        config.pace.quiet = Some(quiet);
        let mut settings = settings_of(&config);
        apply(&LoadArgs::default(), &mut settings);
        assert_eq!(settings, settings_of(&config));
        let args = LoadArgs {
            sparse: true,
            other_device: false,
            retry_bad: false,
            rate: NonZeroU64::new(5000),
            parallel: Some(3),
            read_back: Some(ReadBack::Full),
        };
        apply(&args, &mut settings);
        assert_eq!(settings.pace.bytes_per_second, NonZeroU64::new(5000));
        assert_eq!(settings.pace.quiet, Some(quiet));
        assert_eq!((settings.parallel, settings.read_back), (3, ReadBack::Full));
        assert!(settings.sparse);
    }

    #[test]
    fn without_a_service_there_is_no_station() {
        let empty = tempfile::tempdir().unwrap();
        let failure = beside_service(empty.path()).err().unwrap();
        assert_eq!(failure.exit, crate::exit::Exit::Unavailable);
    }
}
