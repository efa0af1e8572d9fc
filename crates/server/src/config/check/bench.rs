//! The bench in `[station]`.

use std::path::Path;

use model::ids::{BayName, PortId};
use model::readable;
use toml::Spanned;

use super::super::raw::{RawBay, RawStation};
use super::super::{BayConfig, BenchConfig, OnDirty, OnFailing};
use super::Check;

/// Bays of a station: what all of them tell stays within one heartbeat.
const BAYS: usize = 64;

/// Characters that are shown of what is no port.
const SHOWN: usize = 80;

/// Folders that are ports: what is attached from one, and what is laid down in one.
const FOLDERS: [&str; 2] = ["loop:", "folder:"];

/// How the names of ports of a machine begin, as the kernel's path of a disk gives them.
const SOCKETS: [&str; 4] = ["pci-", "platform-", "sas-", "other-"];

impl Check<'_> {
    pub(super) fn bench(&mut self, raw: &RawStation) -> BenchConfig {
        let default = BenchConfig::default();
        BenchConfig {
            enabled: raw.bench.unwrap_or(default.enabled),
            auto_load: raw.auto_load.unwrap_or(default.auto_load),
            loads_at_once: self.number(
                "station.loads_at_once",
                &raw.loads_at_once,
                1..=64,
                default.loads_at_once,
            ),
            settle_seconds: self.number(
                "station.settle_seconds",
                &raw.settle_seconds,
                0..=3600,
                default.settle_seconds,
            ),
            on_dirty: self
                .parsed("station.on_dirty", &raw.on_dirty, on_dirty)
                .unwrap_or(default.on_dirty),
            on_failing: self
                .parsed("station.on_failing", &raw.on_failing, on_failing)
                .unwrap_or(default.on_failing),
            bad_limit: self.number(
                "station.bad_limit",
                &raw.bad_limit,
                0..=1_000_000,
                default.bad_limit,
            ),
            bays: self.bays(&raw.bays),
        }
    }

    fn bays(&mut self, raw: &[Spanned<RawBay>]) -> Vec<BayConfig> {
        if let Some(first_too_many) = raw.get(BAYS) {
            let message = format!("there are {} bays; a station has at most {BAYS}", raw.len());
            self.fault(Some(first_too_many.span()), "station.bays", message);
        }
        let mut bays: Vec<BayConfig> = Vec::new();
        for (index, bay) in raw.iter().enumerate() {
            let setting = |name: &str| format!("station.bays[{index}].{name}");
            let given = bay.get_ref();
            let name = self.needed(&setting("name"), &bay.span(), &given.name, |text| {
                let name = bay_name(text)?;
                if bays.iter().any(|bay| bay.name == name) {
                    return Err(format!("another bay is called `{name}`"));
                }
                match bays
                    .iter()
                    .find_map(|bay| may_be_numbered(&bay.name, &name))
                {
                    Some(why) => Err(why),
                    None => Ok(name),
                }
            });
            let ports = self.ports(&setting("match"), bay, &bays);
            if let Some(name) = name {
                bays.push(BayConfig { name, ports });
            }
        }
        bays
    }

    fn ports(&mut self, setting: &str, bay: &Spanned<RawBay>, others: &[BayConfig]) -> Vec<PortId> {
        let given = bay.get_ref().ports.as_ref();
        let texts = given.map_or(&[][..], |given| given.get_ref());
        if texts.is_empty() {
            let at = given.map_or(bay.span(), Spanned::span);
            self.fault(Some(at), setting, "names no port".to_owned());
        }
        let mut ports = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let of_another = |port: &PortId| {
                let mut others = others.iter().filter(|bay| bay.ports.contains(port));
                others
                    .next()
                    .map(|bay| format!("`{port}` is bay `{}`", bay.name))
            };
            let port =
                port(text.get_ref()).and_then(|port| of_another(&port).map_or(Ok(port), Err));
            match port {
                Ok(port) => ports.push(port),
                Err(why) => self.fault(Some(text.span()), &format!("{setting}[{index}]"), why),
            }
        }
        ports
    }
}

fn port(text: &str) -> Result<PortId, String> {
    let folder = FOLDERS.iter().find_map(|kind| text.strip_prefix(kind));
    if let Some(folder) = folder
        && (!Path::new(folder).is_absolute() || (folder.len() > 1 && folder.ends_with('/')))
    {
        return Err(format!(
            "`{folder}` is not an absolute path without a slash at its end"
        ));
    }
    if folder.is_none() && !SOCKETS.iter().any(|kind| text.starts_with(kind)) {
        return Err(format!(
            "`{}` is no port that is known: a port is `folder:/PATH`, `loop:/PATH` or a socket of this machine, which begins \
             with {} (`longshore bay teach` finds it out)",
            readable::name(text, SHOWN),
            SOCKETS.map(|kind| format!("`{kind}`")).join(", ")
        ));
    }
    PortId::new(text).map_err(|error| error.to_string())
}

/// What stands on a sticker, is typed behind a command and is scanned.
fn bay_name(text: &str) -> Result<BayName, String> {
    let name = BayName::new(text).map_err(|error| error.to_string())?;
    match text.starts_with('-') {
        true => Err(format!(
            "`{name}` begins with a hyphen, which a command takes for an option"
        )),
        false => Ok(name),
    }
}

/// Why a bay cannot be called so beside another: what lies beside another in a folder is in a bay of that name with a number.
fn may_be_numbered(one: &BayName, other: &BayName) -> Option<String> {
    let numbered = |name: &BayName, of: &BayName| {
        let number = name.as_str().strip_prefix(of.as_str())?.strip_prefix('.')?;
        let is_number = number.bytes().all(|it| it.is_ascii_digit()) && !number.is_empty();
        is_number.then(|| {
            format!("`{name}` is what a second disk in the bay `{of}` is called: give one of them another name")
        })
    };
    numbered(other, one).or_else(|| numbered(one, other))
}

fn on_failing(text: &str) -> Result<OnFailing, String> {
    match text {
        "go-on" => Ok(OnFailing::GoOn),
        "hold" => Ok(OnFailing::Hold),
        _ => Err(format!("`{text}` is not go-on or hold")),
    }
}

fn on_dirty(text: &str) -> Result<OnDirty, String> {
    match text {
        "load" => Ok(OnDirty::Load),
        "hold" => Ok(OnDirty::Hold),
        _ => Err(format!("`{text}` is not load or hold")),
    }
}
