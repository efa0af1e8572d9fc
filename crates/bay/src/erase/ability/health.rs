//! How a device is, as `smartctl --json -x` says.

use serde_json::Value;

use super::Abilities;

/// Attributes of ATA (T13, and makers' habit): reallocated, pending, uncorrectable sectors; errors of the interface.
const REALLOCATED: u64 = 5;
const PENDING: u64 = 197;
const UNCORRECTABLE: u64 = 198;
const INTERFACE: u64 = 199;

/// Reads what is said, and whether something is: what is not JSON says nothing.
pub(super) fn read(known: &mut Abilities, text: &str) -> bool {
    let Ok(told) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let attribute = |id: u64| {
        let table = told.pointer("/ata_smart_attributes/table")?.as_array()?;
        let row = table.iter().find(|row| row["id"].as_u64() == Some(id))?;
        row.pointer("/raw/value")?.as_u64()
    };
    let number = |path: &str| told.pointer(path).and_then(Value::as_u64);
    known.reallocated = attribute(REALLOCATED)
        .or_else(|| number("/scsi_grown_defect_list"))
        .or(known.reallocated);
    known.pending = attribute(PENDING)
        .or_else(|| number("/nvme_smart_health_information_log/media_errors"))
        .or_else(|| number("/scsi_pending_defects/count"))
        .or(known.pending);
    known.interface_errors = attribute(INTERFACE).or(known.interface_errors);
    known.uncorrectable = attribute(UNCORRECTABLE)
        .or_else(|| number("/nvme_smart_health_information_log/media_errors"))
        .or_else(|| number("/scsi_error_counter_log/read/total_uncorrected_errors"))
        .or(known.uncorrectable);
    let passed = told
        .pointer("/smart_status/passed")
        .and_then(Value::as_bool);
    known.passed = passed.or(known.passed);
    known.hours = number("/power_on_time/hours").or(known.hours);
    let degrees = [
        "/temperature/current",
        "/nvme_smart_health_information_log/temperature",
    ];
    let degrees = degrees.iter().find_map(|path| told.pointer(path)?.as_i64());
    known.temperature = degrees.or(known.temperature);
    known.percent_used = number("/nvme_smart_health_information_log/percentage_used")
        .or_else(|| number("/endurance_used/current_percent"))
        .or(known.percent_used);
    let name = |path: &str| {
        let value = told.pointer(path)?.as_str()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let names = &mut known.names;
    names.model = names.model.take().or_else(|| name("/model_name"));
    names.serial = names.serial.take().or_else(|| name("/serial_number"));
    names.firmware = names.firmware.take().or_else(|| name("/firmware_version"));
    names.wwn = names.wwn.take().or_else(|| wwn(&told));
    // 0 is a solid-state disk; what does not turn and says nothing of it may be anything.
    known.turns = known
        .turns
        .or_else(|| number("/rotation_rate").map(|rate| rate > 0));
    passed.is_some() || names.serial.is_some()
}

/// A name of type 5: its authority has four bits, the maker 24, and the device 36.
fn wwn(told: &Value) -> Option<String> {
    let part = |name: &str| told.pointer(&format!("/wwn/{name}"))?.as_u64();
    let (naa, oui, id) = (part("naa")?, part("oui")?, part("id")?);
    let whole = naa << 60 | (oui & 0xff_ffff) << 36 | id & 0xf_ffff_ffff;
    Some(format!("{whole:016x}"))
}
