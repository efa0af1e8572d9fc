//! `[station]`.

use std::num::{NonZeroU32, NonZeroU64};
use std::ops::RangeInclusive;

use model::ids::StationName;
use model::metrics_address::NotAnAddress;
use model::proof::ReadBack;
use objectstore::paced::{QuietHours, RateSchedule, parse_rate};

use super::super::raw::{Given, RawStation};
use super::super::{StationConfig, StationMetrics, metrics};
use super::Check;

/// A PUT of one piece ends at 5 GiB, so does a part (S3 User Guide, *Multipart upload limits*).
const PUT_MIB: RangeInclusive<u32> = 5..=5120;

/// More than any store answers to one installation: who writes more means no limit, and gives none.
const REQUESTS: RangeInclusive<u32> = 1..=1_000_000;

impl Check<'_> {
    pub(super) fn station(&mut self, raw: &RawStation) -> StationConfig {
        let default = StationConfig::default();
        let mut number = |name: &str, given, range, default| {
            self.number(&format!("station.{name}"), given, range, default)
        };
        let parallel = number("parallel", &raw.parallel, 1..=1024, default.parallel);
        let read_threads = number(
            "read_threads",
            &raw.read_threads,
            1..=64,
            default.read_threads,
        );
        let memory_mib = number(
            "memory_mib",
            &raw.memory_mib,
            16..=1_048_576,
            default.memory_mib,
        );
        let multipart_threshold_mib = number(
            "multipart_threshold_mib",
            &raw.multipart_threshold_mib,
            PUT_MIB,
            default.multipart_threshold_mib,
        );
        let part_mib = number("part_mib", &raw.part_mib, PUT_MIB, default.part_mib);
        let name = self.parsed("station.name", &raw.name, |text| {
            StationName::new(text).map_err(|error| error.to_string())
        });
        let read_back = self.parsed("station.read_back", &raw.read_back, |text| {
            text.parse::<ReadBack>().map_err(|error| error.to_string())
        });
        StationConfig {
            is_named: name.is_some(),
            name: name.unwrap_or(default.name),
            parallel,
            read_threads,
            memory_mib,
            multipart_threshold_mib,
            part_mib,
            pace: self.pace(
                "station",
                [&raw.rate, &raw.quiet_hours, &raw.quiet_rate],
                &raw.requests_per_second,
            ),
            read_back: read_back.unwrap_or(default.read_back),
            sha256_metadata: raw.sha256_metadata.unwrap_or(default.sha256_metadata),
            mtime_metadata: raw.mtime_metadata.unwrap_or(default.mtime_metadata),
            skip_unchanged: raw.skip_unchanged.unwrap_or(default.skip_unchanged),
            replace_objects: raw.replace_objects.unwrap_or(default.replace_objects),
            allow_unconfined: raw.allow_unconfined.unwrap_or(default.allow_unconfined),
            bench: self.bench(raw),
            metrics: self.station_metrics(raw),
        }
    }

    fn station_metrics(&mut self, raw: &RawStation) -> StationMetrics {
        let setting = "station.metrics_listen";
        let listen = self.parsed(setting, &raw.metrics_listen, metrics::listen);
        let setting = "station.metrics_address";
        let address = self.parsed(setting, &raw.metrics_address, |text| {
            text.parse()
                .map_err(|error: NotAnAddress| error.to_string())
        });
        StationMetrics {
            listen: listen.unwrap_or(StationMetrics::default().listen),
            address,
        }
    }

    /// `rate`, `quiet_hours`, `quiet_rate` and `requests_per_second` of a table.
    pub(super) fn pace(
        &mut self,
        table: &str,
        [rate, quiet_hours, quiet_rate]: [&Given<String>; 3],
        requests: &Given<i64>,
    ) -> RateSchedule {
        let setting = |name: &str| format!("{table}.{name}");
        let bytes_per_second = self.parsed(&setting("rate"), rate, |text| {
            let rate = parse_rate(text).map_err(|error| error.to_string())?;
            NonZeroU64::new(rate).ok_or_else(|| format!("`{text}` would let nothing through"))
        });
        let quietly = self.parsed(&setting("quiet_rate"), quiet_rate, |text| {
            parse_rate(text).map_err(|error| error.to_string())
        });
        let quiet = self.parsed(&setting("quiet_hours"), quiet_hours, |text| {
            // A rate that is missing or wrong is told below.
            QuietHours::parse(text, quietly.unwrap_or(0)).map_err(|error| error.to_string())
        });
        match (quiet_hours, quiet_rate) {
            (Some(hours), None) => {
                let message = "is missing beside quiet_hours".to_owned();
                self.fault(Some(hours.span()), &setting("quiet_rate"), message);
            }
            (None, Some(rate)) => {
                let message = "is missing beside quiet_rate".to_owned();
                self.fault(Some(rate.span()), &setting("quiet_hours"), message);
            }
            _ => {}
        }
        let requests = self.number(&setting("requests_per_second"), requests, REQUESTS, 0);
        RateSchedule {
            bytes_per_second,
            quiet,
            requests_per_second: NonZeroU32::new(requests),
        }
    }
}
