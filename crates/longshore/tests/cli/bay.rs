//! Which ports are bays, as an operator finds out.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::world::{Ended, World, longshore};

fn run(arguments: &[&str]) -> Ended {
    longshore().args(arguments).output().unwrap().into()
}

/// An image that is attached while the bay is taught; root can.
#[test]
fn a_bay_is_taught_by_plugging_something_in() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: loop devices need root");
        return;
    }
    let world = World::new();
    let image = world.path("disk.img");
    fs::write(&image, vec![0; 1 << 20]).unwrap();
    let mut taught = longshore()
        .args(["bay", "teach", "T1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(taught.stderr.take().unwrap()).lines();
    assert_eq!(
        told.next().unwrap().unwrap(),
        "Plug something into bay T1 now."
    );
    let losetup = |words: &[&str]| Command::new("losetup").args(words).output().unwrap();
    let attached = losetup(&["--find", "--show", image.to_str().unwrap()]);
    let device = String::from_utf8(attached.stdout).unwrap();
    let mut table = String::new();
    let mut out = taught.stdout.take().unwrap();
    out.read_to_string(&mut table).unwrap();
    losetup(&["--detach", device.trim()]);
    assert!(taught.wait().unwrap().success());
    let folder = image.parent().unwrap().canonicalize().unwrap();
    // Others attach images of their own meanwhile, and the first is the one.
    let head = "[[station.bays]]\nname = \"T1\"\nmatch = [\"loop:";
    assert!(table.starts_with(head), "{table}");
    if !table.contains(folder.to_str().unwrap()) {
        eprintln!("somebody else was faster: {table}");
    }
}

#[test]
fn rules_are_made_of_the_bays_in_the_settings() {
    let world = World::new();
    let settings = world.path("settings.toml");
    let bays = "[[station.bays]]\nname = \"B3\"\nmatch = [\"pci-0000:00:14.0/usb3-2.4\"]\n\
        [[station.bays]]\nname = \"T1\"\nmatch = [\"folder:/srv/inbox\"]\n";
    let data = world.path("data");
    fs::write(&settings, bays).unwrap();
    let words = [
        "bay",
        "rules",
        "--program",
        "/usr/bin/longshore",
        "--data",
        data.to_str().unwrap(),
        "--config",
        settings.to_str().unwrap(),
    ];
    let rules = run(&words).with(0).out;
    assert!(rules.contains(r#"PROGRAM!="/usr/bin/longshore bay port /sys%p""#));
    assert!(rules.contains(r#"RESULT!="pci-0000:00:14.0/usb3-2.4", GOTO"#));
    assert!(!rules.contains("/srv/inbox"));
    assert!(!data.exists(), "nothing is made");
}

/// What udev asks for a device that is there; there may be none that is at a port.
#[test]
fn a_port_is_told_of_a_folder_of_the_kernel() {
    for disk in fs::read_dir("/sys/block").unwrap().flatten() {
        let folder = disk.path();
        let asked = run(&["bay", "port", folder.to_str().unwrap()]);
        // Others attach and remove devices meanwhile.
        if folder.exists() {
            assert_eq!(asked.with(0).out.lines().count(), 1);
        }
    }
    run(&["bay", "port", "/sys/none"])
        .with(1)
        .saying("is at no port");
}
