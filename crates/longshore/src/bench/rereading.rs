//! What SIGHUP has read again: the settings of a bench, by which it goes from then on without stopping anything.
//!
//! A station that runs by itself takes its token again too: one that was admitted anew goes on.
//!
//! A file that is wrong changes nothing, and what is wrong with it stands in the log as it would at a start. Other settings
//! than those of the bench and of its rate count from the next start on; which of them differ is told.

use std::sync::Arc;

use serde_json::Value;
use server::config::{Config, StationConfig};
use station::resident::Bench;

use super::{named_bays, rules};
use crate::exit::Failure;
use crate::output;
use crate::own_station::OwnSettings;

/// A bench, and how its settings are read again.
pub(crate) struct Rereading {
    bench: Arc<Bench>,
    began_with: OwnSettings,
    read: Box<dyn Fn() -> Result<OwnSettings, Failure> + Send>,
}

impl Rereading {
    /// The settings that a bench has begun with, and how they are read.
    pub(crate) fn new(
        bench: Arc<Bench>,
        began_with: OwnSettings,
        read: impl Fn() -> Result<OwnSettings, Failure> + Send + 'static,
    ) -> Self {
        Self {
            bench,
            began_with,
            read: Box::new(read),
        }
    }

    /// Reads them, and has the bench go by them.
    pub(crate) fn read(&self) {
        let now = match (self.read)() {
            Ok(now) => now,
            Err(failure) => {
                let error = output::chain(&failure.error);
                return tracing::error!(error, "settings are not read again: nothing changes");
            }
        };
        let of_bench = &now.0.bench;
        self.bench.go_by(named_bays(of_bench), rules(of_bench));
        self.bench.station().resources.go_by(now.0.pace);
        tracing::info!(
            bays = of_bench.bays.len(),
            auto_load = of_bench.auto_load,
            loads_at_once = of_bench.loads_at_once,
            settle_seconds = of_bench.settle_seconds,
            "settings are read again"
        );
        let late = for_next_start(&self.began_with, &now);
        if !late.is_empty() {
            let settings = late.join(", ");
            tracing::warn!(settings, "these settings count from the next start on");
        }
    }
}

/// The settings that differ and are not gone by without a start.
fn for_next_start(before: &OwnSettings, now: &OwnSettings) -> Vec<String> {
    let mut late = of_station(&before.0, &now.0);
    if let (Some(before), Some(now)) = (&before.1, &now.1) {
        late.extend(tables(before, now).into_iter().map(str::to_owned));
    }
    late
}

/// Settings of `[station]`, by their names.
fn of_station(before: &StationConfig, now: &StationConfig) -> Vec<String> {
    let (Ok(Value::Object(before)), Ok(Value::Object(now))) =
        (serde_json::to_value(before), serde_json::to_value(now))
    else {
        return Vec::new();
    };
    let mut late = Vec::new();
    for (name, value) in &now {
        let was = before.get(name);
        match name.as_str() {
            // How fast bytes go may change while they do; how much is asked is settled with the first request.
            "pace" => {
                let requests = |of: Option<&Value>| {
                    let of = of.and_then(|it| it.get("requests_per_second"));
                    of.filter(|it| !it.is_null()).cloned()
                };
                if requests(was) != requests(Some(value)) {
                    late.push("station.requests_per_second".to_owned());
                }
            }
            "bench" => {
                let enabled = |of: Option<&Value>| of.and_then(|it| it.get("enabled")).cloned();
                if enabled(was) != enabled(Some(value)) {
                    late.push("station.bench".to_owned());
                }
            }
            "metrics" => {
                for part in ["listen", "address"] {
                    if was.and_then(|it| it.get(part)) != value.get(part) {
                        late.push(format!("station.metrics_{part}"));
                    }
                }
            }
            _ if was != Some(value) => late.push(format!("station.{name}")),
            _ => {}
        }
    }
    late
}

/// Tables of which something differs.
fn tables(before: &Config, now: &Config) -> Vec<&'static str> {
    let tables = [
        ("[server]", before.server != now.server),
        ("[console]", before.console != now.console),
        ("[connections]", before.connections != now.connections),
        ("[database]", before.database != now.database),
        (
            "[embedded_store]",
            before.embedded_store != now.embedded_store,
        ),
        ("[[stores]]", before.stores != now.stores),
        ("[network]", before.network != now.network),
        ("[tls]", before.tls != now.tls),
        ("[jobs]", before.jobs != now.jobs),
        ("[erase]", before.erase != now.erase),
        ("[ebs]", before.ebs != now.ebs),
        ("[glacier]", before.glacier != now.glacier),
        ("[custody]", before.custody != now.custody),
        ("[mail] or [webhooks]", before.notices != now.notices),
        ("[log]", before.log != now.log),
    ];
    let differ = tables.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(table, _)| table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use server::config::Overrides;

    fn read(text: &str) -> OwnSettings {
        let config = Config::parse("settings".as_ref(), text, &Overrides::default()).unwrap();
        (config.station.clone(), Some(config))
    }

    #[test]
    fn what_is_gone_by_at_once_is_not_told_and_everything_else_is() {
        let before = read("");
        let late = |text: &str| for_next_start(&before, &read(text));
        let none: [&str; 0] = [];
        assert_eq!(
            late(
                "[station]\nauto_load = false\nloads_at_once = 3\nsettle_seconds = 60\non_dirty = \"hold\"\non_failing = \"hold\"\n\
                 rate = \"5MB\"\n[[station.bays]]\nname = \"B1\"\nmatch = [\"pci-0000:00:14.0/usb3-1\"]\n"
            ),
            none
        );
        assert_eq!(
            late(
                "[station]\nbench = true\nmemory_mib = 64\nrequests_per_second = 9\nmetrics_listen = \"none\"\n[jobs]\nhold_days = 3\n\
                 [log]\nlevel = \"debug\"\n"
            ),
            [
                "station.bench",
                "station.memory_mib",
                "station.metrics_listen",
                "station.requests_per_second",
                "[jobs]",
                "[log]"
            ]
        );
    }
}
