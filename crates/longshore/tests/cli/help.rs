//! The help is written for people and changes only on purpose: `UPDATE_GOLDEN=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use crate::world::{Ended, World, longshore};

/// Every command that has a help of its own.
pub(crate) const COMMANDS: [&str; 143] = [
    "",
    "import",
    "ls",
    "get",
    "rm",
    "serve",
    "dock",
    "verify",
    "receipt",
    "receipt verify",
    "plan-export",
    "device",
    "device erase",
    "device look",
    "device secret",
    "device return",
    "device release",
    "device object",
    "device destroyed",
    "job",
    "job create",
    "job update",
    "job cancel",
    "job list",
    "job status",
    "job sign",
    "job secret",
    "job release",
    "job object",
    "job abort",
    "job history",
    "job watch",
    "job manifest",
    "job failed",
    "job rates",
    "job tag",
    "job receipt",
    "job photograph",
    "job unpack",
    "job seal",
    "job correct",
    "job retry",
    "job hold",
    "job resume",
    "job give-up",
    "job finish-without",
    "job label",
    "job artifacts",
    "key",
    "key create",
    "key list",
    "key revoke",
    "account",
    "account create",
    "account list",
    "account allow",
    "account deny",
    "account limit",
    "user",
    "user create",
    "user list",
    "user show",
    "user delete",
    "user policy",
    "group",
    "group create",
    "group list",
    "group show",
    "group delete",
    "group policy",
    "group add",
    "group remove",
    "policy",
    "policy check",
    "policy simulate",
    "station",
    "station run",
    "station token",
    "station list",
    "station show",
    "station revoke",
    "station drain",
    "station undrain",
    "bay",
    "bay list",
    "bay look",
    "bay load",
    "bay stop",
    "bay release",
    "bay blink",
    "bay unlock",
    "bay erase",
    "bay teach",
    "bay rules",
    "bay tags",
    "bay cards",
    "store",
    "store list",
    "store probe",
    "custody",
    "custody show",
    "custody rotate",
    "webhook",
    "webhook add",
    "webhook list",
    "webhook remove",
    "webhook rotate",
    "webhook test",
    "webhook replay",
    "webhook deliveries",
    "mail",
    "mail show",
    "mail test",
    "parcel",
    "parcel receive",
    "parcel list",
    "parcel show",
    "parcel return",
    "scan",
    "operator",
    "console",
    "console open",
    "console sign-in",
    "console sessions",
    "console end",
    "console passkeys",
    "console forget",
    "operator add",
    "operator list",
    "operator revoke",
    "operator passkeys",
    "today",
    "audit",
    "audit list",
    "backup",
    "restore",
    "setup",
    "setup server",
    "setup station",
    "doctor",
    "completions",
    "man",
    "exit-codes",
];

#[test]
fn the_help_is_the_published_one() {
    let mut all = String::new();
    for command in COMMANDS {
        let arguments = ["help"].into_iter().chain(command.split_whitespace());
        let ended: Ended = longshore().args(arguments).output().unwrap().into();
        let help = ended.with(0).out;
        writeln!(all, "### longshore help {command}\n\n{help}").unwrap();
    }
    is_published("help.txt", &all);
}

/// Whether a text is the one of this name, line for line; with `UPDATE_GOLDEN` it is from now on.
pub(crate) fn is_published(name: &str, all: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, all).unwrap();
    }
    let published = std::fs::read_to_string(golden).unwrap();
    for (now, before) in all.lines().zip(published.lines()) {
        assert_eq!(now, before, "UPDATE_GOLDEN=1 accepts the change");
    }
    assert_eq!(all.lines().count(), published.lines().count());
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_so_on_stderr() {
    for arguments in [
        &["imprt"][..],
        &["import"],
        &["job", "status"],
        &["--nonsense"],
    ] {
        let ended: Ended = longshore().args(arguments).output().unwrap().into();
        let ended = ended.with(2);
        assert!(
            ended.out.is_empty() && ended.err.contains("Usage"),
            "{ended:?}"
        );
    }
    let ended: Ended = longshore()
        .args(["--log", "a=b=c", "man"])
        .output()
        .unwrap()
        .into();
    ended.with(2).saying("`a=b=c` is not a log level");
}

#[test]
fn every_shell_has_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended: Ended = longshore()
            .args(["completions", shell])
            .output()
            .unwrap()
            .into();
        let script = ended.with(0).out;
        assert!(script.contains("validate-only"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new();
    let folder = world.path("man");
    world
        .run(["man".as_ref(), "--out".as_ref(), folder.as_os_str()])
        .with(0);
    for command in COMMANDS {
        let name = format!("longshore {command}").trim().replace(' ', "-");
        let page = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH"), "{name}");
    }
    let page = world.run(["man"]).with(0).out;
    assert!(page.contains("longshore\\-import") || page.contains("longshore-import"));
}

/// The table of `docs/semantics.md` is what the command prints.
#[test]
fn the_exit_codes_are_the_documented_ones() {
    let printed: Ended = longshore().arg("exit-codes").output().unwrap().into();
    let printed = printed.with(0).out;
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/semantics.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let documented: Vec<[&str; 2]> = docs
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let (code, name) = (cells.next()?, cells.next()?);
            code.parse::<u8>().is_ok().then_some([code, name])
        })
        .collect();
    let listed: Vec<[&str; 2]> = printed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (code, name) = (words.next()?, words.next()?);
            code.parse::<u8>().is_ok().then_some([code, name])
        })
        .collect();
    assert_eq!(listed, documented);
    assert_eq!(listed.len(), 8, "{printed}");
}
