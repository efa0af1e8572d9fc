//! Twelve devices, by what their programs answered, and what is chosen for them.

use model::device::Connector;
use model::erasure::{HiddenArea, Medium, Technique};

use super::*;
use crate::erase::choice::choose;
use crate::erase::fakes::Recorded;

/// Answers of one device: its programs' words as they stand in `recordings`.
fn recorded(text: &str) -> Recorded {
    let mut drive = Recorded::default();
    let parts = text.split("\n==== ");
    for part in parts.filter(|part| !part.trim().is_empty()) {
        let (head, said) = part.split_once('\n').unwrap();
        let head = head.trim_start_matches("==== ");
        let (status, command) = head.split_once(' ').unwrap();
        let (program, arguments) = command.split_once(' ').unwrap_or((command, ""));
        let program = match program {
            "hdparm" => Program::Hdparm,
            "nvme" => Program::Nvme,
            "smartctl" => Program::Smartctl,
            "sg_opcodes" => Program::SgOpcodes,
            other => panic!("{other}"),
        };
        drive = drive.says(program, arguments, status.parse().unwrap(), said);
    }
    drive
}

/// A recording, how the device is attached, what the kernel says it is made of; what is chosen, and what is hidden.
struct Case {
    name: &'static str,
    text: &'static str,
    connector: Connector,
    told: Medium,
    medium: Medium,
    technique: Technique,
    hidden: HiddenArea,
}

macro_rules! case {
    ($name:literal, $connector:ident, $told:ident, $medium:ident, $technique:ident, $hidden:expr) => {
        Case {
            name: $name,
            text: include_str!(concat!("recordings/", $name, ".txt")),
            connector: Connector::$connector,
            told: Medium::$told,
            medium: Medium::$medium,
            technique: Technique::$technique,
            hidden: $hidden,
        }
    };
}

fn cases() -> Vec<Case> {
    use HiddenArea::{Sectors, Unknown};
    vec![
        case!(
            "sata-hdd-old",
            Sata,
            Rotating,
            Rotating,
            OverwriteZeros,
            Sectors(0)
        ),
        case!(
            "sata-hdd-sanitize",
            Sata,
            Rotating,
            Rotating,
            AtaSanitizeOverwrite,
            Sectors(0)
        ),
        case!(
            "sata-hdd-hpa",
            Sata,
            Rotating,
            Rotating,
            OverwriteZeros,
            Sectors(2_097_152)
        ),
        case!(
            "sata-ssd-block",
            Sata,
            Flash,
            Flash,
            AtaSanitizeBlock,
            Sectors(0)
        ),
        case!(
            "sata-ssd-crypto",
            Sata,
            Flash,
            Flash,
            AtaSanitizeCrypto,
            Sectors(0)
        ),
        case!(
            "sata-ssd-frozen",
            Sata,
            Flash,
            Flash,
            OverwriteStream,
            Sectors(0)
        ),
        case!(
            "sata-ssd-locked",
            Sata,
            Flash,
            Flash,
            OverwriteStream,
            Sectors(0)
        ),
        case!(
            "usb-bridge-dumb",
            Usb,
            Unknown,
            Unknown,
            OverwriteStream,
            Unknown
        ),
        case!(
            "usb-bridge-passing",
            Usb,
            Unknown,
            Rotating,
            OverwriteZeros,
            Sectors(0)
        ),
        case!(
            "sas-hdd",
            Sas,
            Rotating,
            Rotating,
            ScsiSanitizeOverwrite,
            Unknown
        ),
        case!(
            "nvme-sanitize",
            Nvme,
            Flash,
            Flash,
            NvmeSanitizeBlock,
            Sectors(0)
        ),
        case!(
            "nvme-format-only",
            Nvme,
            Flash,
            Flash,
            NvmeFormatErase,
            Unknown
        ),
    ]
}

#[test]
fn the_technique_of_twelve_recorded_devices_is_that_of_the_table() {
    let cases = cases();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let able = Abilities::ask(&recorded(case.text), case.connector);
        let name = case.name;
        let medium = able.medium(case.told);
        assert_eq!(medium, case.medium, "{name}");
        let chosen = choose(&able, medium, None).unwrap();
        assert_eq!(chosen.technique, case.technique, "{name} {able:?}");
        assert_eq!(able.hidden.0, case.hidden, "{name}");
        assert!(
            able.names.model.is_some() || name == "usb-bridge-dumb",
            "{name}"
        );
        assert!(
            able.names.serial.is_some() || name == "usb-bridge-dumb",
            "{name}"
        );
        // A lower one may be had, and one that is not offered not.
        let zeros = choose(&able, medium, Some(Technique::OverwriteZeros));
        assert_eq!(zeros.unwrap().technique, Technique::OverwriteZeros);
        for technique in Technique::ALL {
            let is_had = choose(&able, medium, Some(technique)).is_ok();
            let may_be = technique.is_overwrite() || able.offers.contains(&technique);
            assert!(!is_had || may_be, "{name} {technique}");
        }
    }
}

#[test]
fn what_is_frozen_locked_or_behind_a_bridge_says_why_it_is_only_written_over() {
    let remarks = |name: &str| {
        let cases = cases();
        let case = cases.iter().find(|it| it.name == name).unwrap();
        let able = Abilities::ask(&recorded(case.text), case.connector);
        choose(&able, case.medium, None).unwrap().remarks.join("; ")
    };
    assert!(remarks("sata-ssd-frozen").contains("frozen"));
    assert!(remarks("sata-ssd-locked").contains("locked with a password"));
    assert!(remarks("usb-bridge-dumb").contains("bridge passes none"));
    assert_eq!(remarks("sata-ssd-block"), "");
    let missing = Abilities::ask(&Recorded::default(), Connector::Sata);
    let chosen = choose(&missing, Medium::Flash, None).unwrap();
    assert_eq!(chosen.technique, Technique::OverwriteStream);
    assert!(
        chosen
            .remarks
            .join("; ")
            .contains("`hdparm` is not installed")
    );
}

#[test]
fn security_erase_is_done_only_when_somebody_asks_for_it() {
    let cases = cases();
    for case in &cases {
        let able = Abilities::ask(&recorded(case.text), case.connector);
        let chosen = choose(&able, case.medium, None).unwrap();
        assert_ne!(
            chosen.technique,
            Technique::AtaSecurityErase,
            "{}",
            case.name
        );
    }
    let old = &cases[0];
    let able = Abilities::ask(&recorded(old.text), old.connector);
    let wanted = Some(Technique::AtaSecurityErase);
    assert_eq!(
        choose(&able, old.medium, wanted).unwrap().technique,
        Technique::AtaSecurityErase
    );
    let frozen = cases
        .iter()
        .find(|it| it.name == "sata-ssd-frozen")
        .unwrap();
    let able = Abilities::ask(&recorded(frozen.text), frozen.connector);
    let refused = choose(&able, frozen.medium, wanted).unwrap_err();
    let words = "the device does not offer `ata-security-erase`; it can be erased by `overwrite-stream`, `overwrite-zeros`";
    assert_eq!(refused.to_string(), words);
}

#[test]
fn the_health_of_a_device_is_read() {
    let cases = cases();
    let of = |name: &str| {
        let case = cases.iter().find(|it| it.name == name).unwrap();
        Abilities::ask(&recorded(case.text), case.connector)
    };
    let old = of("sata-hdd-old");
    assert_eq!((old.reallocated, old.pending), (Some(8), Some(2)));
    assert_eq!(old.interface_errors, Some(14));
    assert_eq!(old.names.wwn.as_deref(), Some("50014ee2b1234567"));
    assert_eq!(of("sas-hdd").reallocated, Some(3));
    assert_eq!(of("nvme-sanitize").pending, Some(0));
}

#[test]
fn the_states_of_sanitizing_are_told_apart() {
    use SanitizeState::{Failed, Finished, Working};
    let ata = |state: &str, more: &str| {
        sanitize_state(&format!(
            "\n/dev/sdb:\nIssuing SANITIZE_STATUS command\nSanitize status:\n    State:    {state}\n    {more}\n"
        ))
    };
    let done = "Last Sanitize Operation Completed Without Error";
    assert_eq!(ata("SD0 Sanitize Idle", done), Finished);
    assert_eq!(
        ata(
            "SD2 Sanitize operation In Process",
            "Progress: 0x8000 (50%)"
        ),
        Working(50)
    );
    assert_eq!(ata("SD3 Sanitize Operation Failed", ""), Failed);
    assert_eq!(
        ata(
            "SD0 Sanitize Idle",
            "Last Sanitize Operation Completed With Error"
        ),
        Failed
    );
    assert_eq!(ata("SD1 Sanitize Frozen", ""), Failed);
    assert_eq!(
        sanitize_state("SANITIZE feature set is not supported"),
        Failed
    );
    let nvme = |text: &str| sanitize_log(text);
    assert_eq!(nvme(r#"{"sprog":65535,"sstat":257}"#), Finished);
    assert_eq!(nvme(r#"{"nvme0":{"sprog":32768,"sstat":2}}"#), Working(50));
    assert_eq!(nvme(r#"{"sprog":65535,"sstat":3}"#), Failed);
    let words = r#"{"nvme0":{"sprog":65535,"sstat":{"global_erased":1,"status":"(1) Most recent sanitize command completed successfully."}}}"#;
    assert_eq!(nvme(words), Finished);
    assert_eq!(nvme("{}"), Failed);
    assert_eq!(nvme("not JSON"), Failed);
}

/// What goes into the receipt: of an old disk, of an NVMe one, and what a bridge hides.
#[test]
fn what_a_device_says_of_its_health_is_told() {
    let ask = |text: &str, connector| crate::health::ask(&recorded(text), connector);
    let disk = include_str!("recordings/sata-hdd-old.txt");
    let disk = ask(disk, Connector::Sata).unwrap();
    assert_eq!((disk.passed, disk.hours), (Some(true), Some(21_034)));
    let counted = [disk.reallocated, disk.pending, disk.uncorrectable];
    assert_eq!(counted, [Some(8), Some(2), Some(0)]);
    assert_eq!(disk.interface_errors, Some(14));
    assert_eq!(disk.serial.as_deref(), Some("WD-WCC6Y0000001"));
    let flash = include_str!("recordings/nvme-sanitize.txt");
    let flash = ask(flash, Connector::Nvme).unwrap();
    assert_eq!((flash.percent_used, flash.temperature), (Some(3), Some(38)));
    let dumb = include_str!("recordings/usb-bridge-dumb.txt");
    assert_eq!(ask(dumb, Connector::Usb), None);
    assert_eq!(ask("", Connector::Image), None);
}

/// A device says what it likes.
#[test]
fn hostile_answers_offer_nothing() {
    let long = "*".repeat(1 << 20);
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "\u{0}",
        &long,
        &deep,
        "Security:\n\tsupported",
        "{\"sanicap\":-1}",
    ] {
        let drive = Recorded::default()
            .says(Program::Hdparm, "-I", 0, text)
            .says(Program::Hdparm, "-N", 0, text)
            .says(Program::Nvme, "id-ctrl --output-format=json", 0, text)
            .says(Program::SgOpcodes, "", 0, text)
            .says(Program::Smartctl, "--json -x", 0, text);
        for connector in [
            Connector::Sata,
            Connector::Usb,
            Connector::Nvme,
            Connector::Sas,
        ] {
            let able = Abilities::ask(&drive, connector);
            assert_eq!(able.offers, []);
        }
    }
}
