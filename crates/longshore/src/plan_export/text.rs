//! The plan as a person reads it, and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use model::export;
use model::readable;
use serde_json::{Value, json};

use super::Plan;
use super::series::{Device, Group, Object};
use super::speed::Speed;
use crate::output;

/// Characters of a key that are shown in the table, and of a name elsewhere.
const KEY: usize = 40;
/// See [`KEY`].
const NAME: usize = 120;

impl Plan<'_> {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let devices = &self.series.devices;
        let objects = devices.iter().map(|device| device.objects).sum();
        let bytes = devices.iter().map(|device| device.bytes).sum();
        let number = u64::try_from(devices.len()).unwrap_or(u64::MAX);
        let mut text = format!(
            "{} of {} ({}) for {}, {}\n",
            output::count(number, "device"),
            output::bytes(self.capacity),
            self.rules.file_system.as_str(),
            output::count(objects, "object"),
            output::bytes(bytes),
        );
        if !devices.is_empty() {
            text.push('\n');
            text.push_str(&self.table());
        }
        text.push_str(&self.pace());
        self.names(&mut text);
        if !self.manifests.is_empty() {
            text.push_str("\nManifests, which hold what is secret in yours:\n");
        }
        for path in &self.manifests {
            // A text takes all that is written to it.
            let _ = writeln!(text, "  {}", path.display());
        }
        text
    }

    fn table(&self) -> String {
        let key = |object: &Option<Object>| match object {
            Some(Object { bucket, key }) => readable::name(&format!("{bucket}/{key}"), KEY),
            None => String::new(),
        };
        let rows: Vec<[String; 6]> = self
            .series
            .devices
            .iter()
            .zip(1..)
            .map(|(device, number): (&Device, usize)| {
                let time = self
                    .time(device)
                    .map(|time| readable::about(time.as_secs()));
                [
                    number.to_string(),
                    readable::number(device.objects),
                    output::bytes(device.bytes),
                    time.unwrap_or_else(|| "?".to_owned()),
                    key(&device.first),
                    key(&device.last),
                ]
            })
            .collect();
        let header = ["DEVICE", "OBJECTS", "BYTES", "TIME", "FIRST", "LAST"];
        output::table(header, &rows)
    }

    fn time(&self, device: &Device) -> Option<Duration> {
        let speed = self.speed.as_ref()?;
        Some(speed.time(device.requests, device.bytes))
    }

    /// What the times rest on.
    fn pace(&self) -> String {
        match &self.speed {
            None => String::new(),
            Some(speed @ Speed::Given(_)) => {
                format!("\nTimes at {}.\n", readable::rate(speed.rate()))
            }
            Some(speed @ Speed::Measured { .. }) => format!(
                "\nTimes at {}, as the store was read from here just now; a device that is slower \
                 takes longer.\n",
                readable::rate(speed.rate())
            ),
        }
    }

    fn names(&self, text: &mut String) {
        let recovery = match export::recovery_directory(self.rules) {
            root if root.is_empty() => "numbered folders of the root".to_owned(),
            folder => format!("the folder `{folder}`"),
        };
        let series = &self.series;
        group(
            text,
            &series.changed,
            "get another name than their key",
            "gets another name than its key",
        );
        group(
            text,
            &series.recovered,
            &format!("go to {recovery}"),
            &format!("goes to {recovery}"),
        );
        group(
            text,
            &series.failed,
            "cannot be written",
            "cannot be written",
        );
    }

    /// For a program.
    pub(super) fn json(&self) -> Value {
        let manifests = self
            .manifests
            .iter()
            .map(Some)
            .chain(std::iter::repeat(None));
        let devices: Vec<Value> = self
            .series
            .devices
            .iter()
            .zip(manifests)
            .map(|(device, manifest)| {
                json!({
                    "objects": device.objects,
                    "bytes": device.bytes,
                    "first": device.first,
                    "last": device.last,
                    "seconds": self.time(device).map(|time| time.as_secs()),
                    "manifest": manifest,
                })
            })
            .collect();
        json!({
            "capacity": self.capacity,
            "file_system": self.rules.file_system.as_str(),
            "devices": devices,
            "changed": self.series.changed,
            "recovered": self.series.recovered,
            "failed": self.series.failed,
            "bytes_per_second": self.speed.as_ref().map(Speed::rate),
        })
    }
}

/// A group with its examples.
fn group(text: &mut String, group: &Group, many: &str, one: &str) {
    if group.count == 0 {
        return;
    }
    let what = if group.count == 1 { one } else { many };
    // A text takes all that is written to it.
    let _ = writeln!(text, "\n{} {what}:", output::count(group.count, "object"));
    for example in &group.examples {
        let Object { bucket, key } = &example.object;
        let mut line = readable::name(&format!("{bucket}/{key}"), NAME);
        if let Some(path) = &example.path {
            let _ = write!(line, " -> {}", readable::name(path, NAME));
        }
        if let Some(why) = &example.why {
            let _ = write!(line, ": {}", readable::name(why, NAME));
        }
        let _ = writeln!(text, "  {line}");
    }
    let shown = u64::try_from(group.examples.len()).unwrap_or(u64::MAX);
    if group.count > shown {
        let _ = writeln!(text, "  and {} more", readable::number(group.count - shown));
    }
}
