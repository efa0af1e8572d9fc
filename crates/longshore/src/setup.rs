//! `longshore setup`: puts what a service or a station needs where systemd and udev look for it, where no package has done so.
//!
//! What is there already and is the same stays untouched, so that a second run changes nothing; settings that somebody has
//! written are never replaced, and of whatever else is replaced the last version stays beside it. Nothing is started.

mod files;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::ids::StationName;
use station::port::rules::{self, Bays};

use crate::cli::{DataArgs, DoctorArgs, SetupCommand, SetupServerArgs, SetupStationArgs};
use crate::doctor;
use crate::doctor::erasing::ERASE_CONF;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::own_station::read_token;
use files::{Done, IfThere, Placed, place};

/// Where the program is, as the units of the package name it.
const PACKAGED: &str = "/usr/bin/longshore";

const SERVICE: &str = include_str!("../../../packaging/systemd/longshore.service");
const STATION: &str = include_str!("../../../packaging/systemd/longshore-station.service");
const ERASE: &str = include_str!("../../../packaging/systemd/erase.conf");
const USERS: &str = include_str!("../../../packaging/sysusers.conf");
const FOLDERS: &str = include_str!("../../../packaging/tmpfiles.conf");
const SERVICE_SETTINGS: &str = include_str!("../../../packaging/longshore.toml");
const STATION_SETTINGS: &str = include_str!("../../../packaging/station.toml");

/// Where the settings of a station are.
const STATION_TOML: &str = "etc/longshore/station.toml";

/// Where the station's unit keeps what it has.
const STATION_DATA: &str = "/var/lib/longshore-station";

/// The line in them that stands for a name.
const NAMELESS: &str = "#name = \"station-1\"";

/// The user of the station's unit.
const STATION_USER: &str = "longshore-station";

/// Runs a `longshore setup` command.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn run(command: &SetupCommand) -> Result<Exit, Failure> {
    match command {
        SetupCommand::Server(args) => server(args),
        SetupCommand::Station(args) => station(args),
    }
}

fn server(args: &SetupServerArgs) -> Result<Exit, Failure> {
    let program = program(args.program.as_deref())?;
    let mut wanted = system(&args.root, &program, "longshore.service", SERVICE);
    wanted.push(Placed::new(
        "etc/longshore/longshore.toml",
        SERVICE_SETTINGS,
        0o640,
        IfThere::Stays,
    ));
    finish(
        &args.root,
        &wanted,
        "chgrp longshore /etc/longshore/longshore.toml; systemctl enable --now longshore",
    )
}

fn station(args: &SetupStationArgs) -> Result<Exit, Failure> {
    let program = program(args.program.as_deref())?;
    let token = read_token(&args.token_file)?;
    let server = args.server.trim_end_matches('/');
    let mut wanted = system(&args.root, &program, "longshore-station.service", STATION);
    if !is_packaged(&args.root) {
        let settings = Path::new("/etc/longshore/station.toml");
        let rules = rules::udev(Bays::Settings(settings), &program, Some(STATION_USER));
        wanted.push(Placed::new(
            &format!("etc/udev/rules.d/{}", rules::FILE),
            &rules,
            0o644,
            IfThere::Replaced,
        ));
    }
    if args.erase {
        wanted.push(Placed::new(ERASE_CONF, ERASE, 0o644, IfThere::Replaced));
    }
    wanted.push(settings(&args.root, args.station.as_ref())?);
    let environment = format!("LONGSHORE_SERVER={server}\n");
    wanted.push(Placed::new(
        "etc/longshore/station.env",
        &environment,
        0o644,
        IfThere::Replaced,
    ));
    let token = format!("{token}\n");
    wanted.push(Placed::new(
        "etc/longshore/station.token",
        &token,
        0o600,
        IfThere::Replaced,
    ));
    let done = finish(
        &args.root,
        &wanted,
        "udevadm control --reload; systemctl enable --now longshore-station",
    )?;
    if args.root == Path::new("/") {
        look(server)?;
    }
    Ok(done)
}

/// Says what is wrong with this host as a station of a server. It is set up all the same.
fn look(server: &str) -> Result<(), Failure> {
    let args = DoctorArgs {
        config: Some(Path::new("/").join(STATION_TOML)),
        data: DataArgs {
            data: Some(STATION_DATA.into()),
        },
        server: Some(server.to_owned()),
        json: false,
    };
    doctor::run(&args).map(drop)
}

/// The settings of a station. Of those that are there nothing is changed but the line that stands for a name: the package
/// brings it, and bays may have been written below it before.
fn settings(root: &Path, name: Option<&StationName>) -> Result<Placed, Failure> {
    let path = root.join(STATION_TOML);
    let wrong = || format!("could not read `{}`", path.display());
    let there = match std::fs::read_to_string(&path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(anyhow::Error::new(error).context(wrong()).into()),
    };
    let before = there.as_deref().unwrap_or(STATION_SETTINGS);
    let Some(name) = name else {
        return Ok(Placed::new(STATION_TOML, before, 0o644, IfThere::Stays));
    };
    let line = format!("name = \"{name}\"");
    let named = before.replacen(NAMELESS, &line, 1);
    if !of_station(&named).any(|found| found == line) {
        output::note(&format!(
            "`{}` is somebody's and does not call this station {name}: write `{line}` below `[station]` there.",
            path.display()
        ));
    }
    let if_there = match there.is_some_and(|there| there == named) {
        true => IfThere::Stays,
        false => IfThere::Replaced,
    };
    let mode = path
        .metadata()
        .map_or(0o644, |there| there.permissions().mode() & 0o777);
    Ok(Placed::new(STATION_TOML, &named, mode, if_there))
}

/// The lines of settings that are about the station itself, and not about one of its bays.
fn of_station(settings: &str) -> impl Iterator<Item = &str> {
    let of_all = settings.split("\n[[").next().unwrap_or_default();
    of_all.lines().map(str::trim)
}

/// What a package would have installed: the unit, its users and their folders.
fn system(root: &Path, program: &Path, name: &str, unit: &str) -> Vec<Placed> {
    if is_packaged(root) {
        return Vec::new();
    }
    let unit = unit.replace(PACKAGED, &program.display().to_string());
    let file = |path: &str, text: &str| Placed::new(path, text, 0o644, IfThere::Replaced);
    vec![
        file(&format!("etc/systemd/system/{name}"), &unit),
        file("etc/sysusers.d/longshore.conf", USERS),
        file("etc/tmpfiles.d/longshore.conf", FOLDERS),
    ]
}

fn is_packaged(root: &Path) -> bool {
    root.join("usr/lib/systemd/system/longshore.service")
        .exists()
}

/// Where this program is, as units and rules can name it.
fn program(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe().context("could not find out where this program is")?,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    let fits = path.is_absolute() && path.to_str().is_some_and(|it| it.chars().all(is_plain));
    match fits {
        true => Ok(path),
        false => Err(
            Failure::usage(format!("a unit cannot name `{}`", path.display()))
                .hint("put the program into /usr/bin"),
        ),
    }
}

/// Puts all in its place, says what was done, and what is left to do.
fn finish(root: &Path, wanted: &[Placed], start: &str) -> Result<Exit, Failure> {
    let mut changed = false;
    for file in wanted {
        let done = place(root, file);
        let done =
            done.with_context(|| format!("could not write `{}`", file.path(root).display()))?;
        changed |= done != Done::AsItWas;
        output::data(&format!(
            "{:<10} {}\n",
            done.word(),
            file.path(root).display()
        ))?;
    }
    if changed {
        output::note(&format!(
            "Then: systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload; {start}"
        ));
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(root: &Path, token: &str) -> SetupStationArgs {
        let file = root.join("token-of-the-server");
        std::fs::write(&file, token).unwrap();
        SetupStationArgs {
            server: "https://dock.example/".to_owned(),
            token_file: file,
            station: Some("bench-1".parse().unwrap()),
            erase: false,
            program: Some("/opt/longshore".into()),
            root: root.to_owned(),
        }
    }

    fn all(root: &Path) -> Vec<(PathBuf, std::time::SystemTime, String)> {
        let mut found = Vec::new();
        let mut open = vec![root.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let changed = path.metadata().unwrap().modified().unwrap();
                    found.push((
                        path.clone(),
                        changed,
                        std::fs::read_to_string(path).unwrap(),
                    ));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_station_is_set_up_and_a_second_run_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let args = args(root.path(), "a-token\n");
        station(&args).unwrap();
        let read = |path: &str| std::fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(
            read("etc/longshore/station.env"),
            "LONGSHORE_SERVER=https://dock.example\n"
        );
        assert_eq!(read("etc/longshore/station.token"), "a-token\n");
        assert!(read("etc/longshore/station.toml").contains("\nname = \"bench-1\"\n"));
        assert!(
            read("etc/systemd/system/longshore-station.service")
                .contains("ExecStart=/opt/longshore station run")
        );
        assert!(
            read("etc/udev/rules.d/60-longshore-bays.rules")
                .contains("/opt/longshore bay port --config")
        );
        let before = all(root.path());
        station(&args).unwrap();
        assert_eq!(all(root.path()), before);
    }

    #[test]
    fn only_who_says_so_lets_a_station_write_to_devices_and_it_stays_said() {
        let root = tempfile::tempdir().unwrap();
        let args = args(root.path(), "t");
        let rights = |path: &str| {
            let text = std::fs::read_to_string(root.path().join(path)).unwrap();
            let lines = text
                .lines()
                .filter(|line| line.starts_with("DeviceAllow=block"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        station(&args).unwrap();
        let unit = "etc/systemd/system/longshore-station.service";
        assert_eq!(rights(unit), ["DeviceAllow=block-* r"]);
        assert!(!root.path().join(ERASE_CONF).exists());
        let erasing = SetupStationArgs {
            erase: true,
            ..args
        };
        station(&erasing).unwrap();
        assert_eq!(rights(ERASE_CONF), ["DeviceAllow=block-* rw"]);
        station(&SetupStationArgs {
            erase: false,
            ..erasing
        })
        .unwrap();
        assert!(root.path().join(ERASE_CONF).exists());
    }

    #[test]
    fn settings_that_somebody_wrote_stay_and_a_new_token_is_taken() {
        let root = tempfile::tempdir().unwrap();
        station(&args(root.path(), "first")).unwrap();
        let settings = root.path().join("etc/longshore/station.toml");
        std::fs::write(&settings, "[station]\nloads_at_once = 2\n").unwrap();
        station(&args(root.path(), "second")).unwrap();
        assert_eq!(
            std::fs::read_to_string(settings).unwrap(),
            "[station]\nloads_at_once = 2\n"
        );
        let token = root.path().join("etc/longshore/station.token");
        assert_eq!(std::fs::read_to_string(&token).unwrap(), "second\n");
        assert_eq!(
            token.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    /// As somebody does who follows the manual: the package, then the bays, then the setup.
    #[test]
    fn a_station_has_its_name_though_its_bays_were_written_first() {
        let root = tempfile::tempdir().unwrap();
        let settings = root.path().join(STATION_TOML);
        std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
        let bays = "[[station.bays]]\nname = \"B3\"\nmatch = [\"folder:/srv/inbox\"]\n";
        let before = format!("{STATION_SETTINGS}{bays}");
        std::fs::write(&settings, &before).unwrap();
        std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o640)).unwrap();
        station(&args(root.path(), "t")).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(
            read(&settings),
            before.replace(NAMELESS, "name = \"bench-1\"")
        );
        assert_eq!(
            settings.metadata().unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(
            read(&root.path().join(format!("{STATION_TOML}.old"))),
            before
        );
        let named = read(&settings);
        assert!(of_station(&named).any(|line| line == "name = \"bench-1\""));
        assert!(!of_station(&named).any(|line| line == "name = \"B3\""));
    }

    #[test]
    fn what_is_replaced_stays_beside_it_and_a_mode_is_put_right() {
        let root = tempfile::tempdir().unwrap();
        station(&args(root.path(), "first")).unwrap();
        let unit = root
            .path()
            .join("etc/systemd/system/longshore-station.service");
        std::fs::write(&unit, "[Service]\nNice=5\n").unwrap();
        let token = root.path().join("etc/longshore/station.token");
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
        station(&args(root.path(), "first")).unwrap();
        let old = unit.with_extension("service.old");
        assert_eq!(std::fs::read_to_string(old).unwrap(), "[Service]\nNice=5\n");
        assert!(
            std::fs::read_to_string(unit)
                .unwrap()
                .contains("ExecStart=")
        );
        assert_eq!(
            token.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn beside_the_package_only_settings_are_written() {
        let root = tempfile::tempdir().unwrap();
        let unit = root.path().join("usr/lib/systemd/system/longshore.service");
        std::fs::create_dir_all(unit.parent().unwrap()).unwrap();
        std::fs::write(unit, "").unwrap();
        station(&args(root.path(), "t")).unwrap();
        server(&SetupServerArgs {
            program: Some("/opt/longshore".into()),
            root: root.path().to_owned(),
        })
        .unwrap();
        assert!(!root.path().join("etc/systemd").exists());
        assert!(root.path().join("etc/longshore/longshore.toml").exists());
    }
}
