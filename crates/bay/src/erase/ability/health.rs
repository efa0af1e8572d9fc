//! How a device is, as `smartctl --json -x` says.

use serde_json::Value;

use super::Abilities;

/// Attributes of ATA (T13, and makers' habit): reallocated, pending, uncorrectable sectors; errors of the interface.
const REALLOCATED: u64 = 5;
const PENDING: u64 = 197;
const INTERFACE: u64 = 199;

/// Reads what is said; what is not JSON says nothing.
pub(super) fn read(known: &mut Abilities, text: &str) {
    let Ok(told) = serde_json::from_str::<Value>(text) else {
        return;
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
}

/// A name of type 5: its authority has four bits, the maker 24, and the device 36.
fn wwn(told: &Value) -> Option<String> {
    let part = |name: &str| told.pointer(&format!("/wwn/{name}"))?.as_u64();
    let (naa, oui, id) = (part("naa")?, part("oui")?, part("id")?);
    let whole = naa << 60 | (oui & 0xff_ffff) << 36 | id & 0xf_ffff_ffff;
    Some(format!("{whole:016x}"))
}
